"""Source files: bytes in, text and syntax tree out, edits back to bytes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bcelint.findings import Edit
from bcelint.places import Place
from bcelint.reading.magics import blank_magics
from bcelint.reading.parsing import Unparsable, parse
from bcelint.reading.recovery import recover
from bcelint.reading.text import row_spans, split_rows, with_unix_newlines

BOM = b"\xef\xbb\xbf"
_BEGINNING = Place(1, 1, 1, 1)


@dataclass(frozen=True)
class Position:
    """A position as users count: ``cell`` is the notebook cell's number (from 1, Markdown counted), else ``None``."""

    cell: int | None
    row: int
    column: int

    def __str__(self) -> str:
        cell = f"cell {self.cell}:" if self.cell is not None else ""
        return f"{cell}{self.row}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """Something that kept (a part of) a file from being read: BCE900 or BCE902."""

    code: str
    message: str
    place: Place


@dataclass(eq=False)
class Source:
    """One file, decoded and parsed.

    Attributes:
        path: as it is shown to the user.
        text: the module text as it stands in the file (a notebook: its code cells joined, each ending in a newline).
        tree: the syntax tree of what could be parsed. Lines that are no Python (magics, a broken cell, a broken
            statement) are blanked before parsing, so rows and columns are those of ``text``. ``None``: nothing parsed.
        problems: what could not be read or parsed; such parts are simply missing from ``tree``.
        fixable: whether edits may be written back (false for a script that does not parse).
        parsed: the text that ``tree`` was made of: the rows of ``text`` after blanking, each ending in ``\\n``.
        data: the bytes of the file.
        encoding: how ``text`` was decoded.
    """

    path: str
    text: str
    tree: ast.Module | None
    problems: list[Problem] = field(default_factory=list)
    fixable: bool = True
    parsed: str = field(default="", repr=False)
    data: bytes = field(default=b"", repr=False)
    encoding: str = "utf-8"

    @cached_property
    def rows(self) -> list[str]:
        """The rows of ``text`` without their newlines."""
        return split_rows(self.text)

    @cached_property
    def statement_rows(self) -> list[int]:
        """The first rows of the top-level statements, decorators included."""
        body = self.tree.body if self.tree is not None else []
        return [min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) for node in body]

    @cached_property
    def _parsed_rows(self) -> list[str] | None:
        """What ``col_offset`` counts in, or ``None`` where bytes and characters are the same."""
        parsed = self.parsed or self.text
        return None if parsed.isascii() else split_rows(parsed)

    def position(self, row: int, column: int) -> Position:
        """Where a row and column of ``text`` are for the user."""
        return Position(None, row, column)

    def place(self, node: ast.AST) -> Place:
        """The place of a node that has a position (``col_offset`` counts UTF-8 bytes; places count characters)."""
        row: int = node.lineno  # type: ignore[attr-defined]  # only some of the classes below ast.AST have positions
        column: int = node.col_offset  # type: ignore[attr-defined]
        end_row: int = node.end_lineno  # type: ignore[attr-defined]
        end_column: int = node.end_col_offset  # type: ignore[attr-defined]
        rows = self._parsed_rows
        if rows is not None:
            column, end_column = _characters(rows[row - 1], column), _characters(rows[end_row - 1], end_column)
        return Place(row, column + 1, end_row, end_column + 1)

    def line(self, row: int) -> str:
        """The text of a row, without its newline; empty for rows that do not exist."""
        return self.rows[row - 1] if 0 < row <= len(self.rows) else ""

    def segment(self, place: Place) -> str:
        """The text at ``place``."""
        start, end = offsets(row_spans(self.text), place)
        return self.text[start:end]

    def parts(self) -> list[tuple[str, str]]:
        """The texts that a user sees as one each, with their headings: the file, or each of a notebook's cells."""
        return [(self.path, self.text)]

    def apply(self, edits: Sequence[Edit]) -> bytes:
        """The bytes of the file after non-overlapping edits: same encoding, BOM and newlines; in a notebook only the
        edited source lines differ."""
        if not edits:
            return self.data
        bom = BOM if self.data.startswith(BOM) else b""
        return bom + apply_to_text(self.text, edits).encode(self.encoding)


def read(path: str, data: bytes) -> Source:
    """Decode and parse a file; never raises for bad content."""
    if path.endswith(".ipynb"):
        from bcelint.reading.notebooks import read_notebook  # most runs meet none, and it needs a JSON reader

        return read_notebook(path, data)
    return _read_script(path, data)


def unreadable(path: str, data: bytes, message: str, place: Place = _BEGINNING) -> Source:
    """A file of which there is no text: one BCE902."""
    return Source(path, "", None, [Problem("BCE902", message, place)], fixable=False, data=data)


def offsets(spans: Sequence[tuple[int, int, int]], place: Place) -> tuple[int, int]:
    """The offsets of ``place`` in the text of which ``spans`` are the ``row_spans``."""
    return _offset(spans, place.row, place.column), _offset(spans, place.end_row, place.end_column)


def apply_to_text(text: str, edits: Iterable[Edit]) -> str:
    """``text`` after edits. A newline in their content becomes the newline that the edited row has."""
    spans = row_spans(text)
    usual = text[spans[0][1] : spans[0][2]] or "\n"
    parts = []
    position = 0
    for edit in sorted(edits, key=lambda edit: edit.place):
        start, end = offsets(spans, edit.place)
        _, newline, next_row = spans[min(edit.place.row, len(spans)) - 1]
        parts += [text[position:start], with_unix_newlines(edit.content).replace("\n", text[newline:next_row] or usual)]
        position = end
    return "".join([*parts, text[position:]])


def _offset(spans: Sequence[tuple[int, int, int]], row: int, column: int) -> int:
    """Rows behind the last one are its end, and columns behind a row's end are its newline."""
    if row > len(spans):
        return spans[-1][2]
    start, newline, _ = spans[row - 1]
    return min(start + column - 1, newline)


def _characters(row: str, byte_offset: int) -> int:
    if row.isascii():
        return byte_offset
    return len(row.encode("utf-8", "surrogatepass")[:byte_offset].decode("utf-8", "ignore"))


def _read_script(path: str, data: bytes) -> Source:
    try:
        encoding = _encoding(data)
        text = data.removeprefix(BOM).decode(encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        message = f"not valid {error.encoding}: byte 0x{data[error.start]:02x}"
        return unreadable(path, data, message, Place(row, 1, row, 1))
    except (SyntaxError, LookupError, ValueError) as error:
        return unreadable(path, data, str(error))
    source = Source(path, text, None, data=data, encoding=encoding)
    _parse_script(source)
    return source


def _encoding(data: bytes) -> str:
    """What PEP 263 says the encoding is; a byte order mark is not part of the text either way."""
    if b"coding" not in b"\n".join(data.split(b"\n", 2)[:2]):
        return "utf-8"
    import io
    import tokenize  # rarely needed, and not free

    return tokenize.detect_encoding(io.BytesIO(data).readline)[0].removesuffix("-sig")


def _parse_script(source: Source) -> None:
    text = with_unix_newlines(source.text)
    try:
        source.tree, source.parsed = parse(text), text
    except Unparsable as error:
        python = blank_magics(text)
        recovered = recover(python)
        source.tree, source.parsed = recovered.tree, recovered.text
        if not recovered.intact or python != text:
            source.problems.append(Problem("BCE900", error.message, error.place))
            source.fixable = False
