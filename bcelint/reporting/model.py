"""What reporters see of a file: findings, and its text with the positions that users count by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bcelint.findings import Applicability, Finding, Fix, Severity
from bcelint.places import Place
from bcelint.source import Position, Source


@dataclass(frozen=True)
class Listing:
    """The rows of a file, without the syntax tree: small enough to be passed between processes.

    ``cells`` is ``None`` for a script; for a notebook it holds, for each row of the joined text, the number of its
    cell and its row in there.
    """

    rows: tuple[str, ...] = ()
    cells: tuple[tuple[int, int], ...] | None = None

    @classmethod
    def of(cls, source: Source) -> Listing:
        rows = tuple(source.rows)
        positions = [source.position(row, 1) for row in range(1, len(rows) + 1)]
        cells = tuple((where.cell, where.row) for where in positions if where.cell is not None)
        return cls(rows, cells if len(cells) == len(rows) else None)

    def line(self, row: int) -> str:
        return self.rows[row - 1] if 0 < row <= len(self.rows) else ""

    def position(self, row: int, column: int = 1) -> Position:
        """Where a row and column of the joined text are for the user."""
        if self.cells and 0 < row <= len(self.cells):
            cell, cell_row = self.cells[row - 1]
            return Position(cell, cell_row, column)
        return Position(None, row, column)


class Listed(NamedTuple):
    """A file as it is shown: its name, and its text."""

    shown: str
    listing: Listing


@dataclass(frozen=True)
class Undecided:
    """A pair that could not be decided: where in which file (as it is shown), and the reasons."""

    place: Place
    shown: str
    position: Position
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class FixedRule:
    """How often a rule's findings were fixed in a file."""

    code: str
    name: str
    severity: Severity
    count: int


@dataclass(frozen=True)
class FileReport:
    """What came of one file.

    Attributes:
        shown: its name in the output.
        findings: what is left to report, sorted; ``noqa_rows`` holds for each the row that takes a comment for it.
        others: the other files of the project that findings are about, by their paths.
        elsewhere: findings whose place is in one of these: they are reported there.
        imports: the paths of the other files of the project that were read.
        analysed: whether it passed the gate.
        decided, undecided: where head/loss pairs were decided, and where they could not be; ``unresolved`` gives the
            reasons for the latter, also for what turned out to be decided by another file.
        exhausted: the file takes too many steps to follow, and was not analysed to its end.
        fixed: what was fixed, or with ``--diff`` would be.
        taken_back: fixes that were tried and given up, in words.
        diff: what the fixes change, as a unified diff.
        fixed_bytes: the fixed file, for standard input.
        failure: why the file could not be dealt with, through a fault of ours or of the disk.
    """

    shown: str
    findings: tuple[Finding, ...] = ()
    listing: Listing = field(default_factory=Listing)
    noqa_rows: tuple[int, ...] = ()
    others: Mapping[str, Listed] = field(default_factory=dict, hash=False)
    elsewhere: tuple[Finding, ...] = ()
    imports: frozenset[str] = frozenset()
    analysed: bool = True
    decided: frozenset[Place] = frozenset()
    undecided: frozenset[Place] = frozenset()
    unresolved: tuple[Undecided, ...] = ()
    exhausted: bool = False
    fixed: tuple[FixedRule, ...] = ()
    taken_back: tuple[str, ...] = ()
    diff: str = ""
    fixed_bytes: bytes | None = None
    failure: str = ""

    @property
    def undecided_pairs(self) -> list[Undecided]:
        """The pairs that no file decides."""
        return [pair for pair in self.unresolved if pair.place in self.undecided]

    def file_of(self, place: Place) -> Listed:
        """The file that a place is in."""
        return self.others[place.path] if place.path else Listed(self.shown, self.listing)


def is_applicable(fix: Fix | None, unsafe_fixes: bool) -> bool:
    """Whether ``--fix`` would apply ``fix``."""
    return fix is not None and (unsafe_fixes or fix.applicability is Applicability.SAFE)
