"""Source files: bytes in, text and syntax tree out, edits back to bytes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from bcelint.findings import Edit
from bcelint.places import Place


@dataclass(frozen=True)
class Position:
    """A position as users count: ``cell`` is the number of the notebook cell (from 1, Markdown counted), else ``None``."""

    cell: int | None
    row: int
    column: int


@dataclass(frozen=True)
class Problem:
    """Something that kept (a part of) a file from being read: BCE900 or BCE902."""

    code: str
    message: str
    place: Place


@dataclass
class Source:
    """One file, decoded and parsed.

    Attributes:
        path: as it is shown to the user.
        text: the module text as it stands in the file (a notebook: its code cells joined, each ending in a newline).
        tree: the syntax tree of what could be parsed. Lines that are no Python (magics, a broken cell, a broken
            statement) are blanked before parsing, so rows and columns are those of ``text``. ``None``: nothing parsed.
        problems: what could not be read or parsed; such parts are simply missing from ``tree``.
        fixable: whether edits may be written back (false for a script that does not parse).
    """

    path: str
    text: str
    tree: ast.Module | None
    problems: list[Problem] = field(default_factory=list)
    fixable: bool = True

    def position(self, row: int, column: int) -> Position:
        raise NotImplementedError

    def place(self, node: ast.AST) -> Place:
        """The place of a node that has a position (``col_offset`` counts UTF-8 bytes; places count characters)."""
        raise NotImplementedError

    def line(self, row: int) -> str:
        """The text of a row, without its newline."""
        raise NotImplementedError

    def apply(self, edits: Sequence[Edit]) -> bytes:
        """The bytes of the file after non-overlapping edits: same encoding, BOM and newlines; in a notebook only the
        edited source lines differ."""
        raise NotImplementedError


def read(path: str, data: bytes) -> Source:
    """Decode and parse a file; never raises for bad content."""
    raise NotImplementedError
