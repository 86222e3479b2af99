"""Jupyter notebooks: the code cells as one module, and edits back into the JSON."""

from __future__ import annotations

import ast
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bcelint.findings import Edit
from bcelint.reading import jsontext
from bcelint.reading.logical import logical_lines
from bcelint.reading.magics import blank_cell_magics, is_automagic
from bcelint.reading.parsing import Unparsable, parse, shift_columns
from bcelint.reading.recovery import recover
from bcelint.reading.text import row_spans, with_unix_newlines
from bcelint.source import BOM, Position, Problem, Source, offsets, unreadable


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes:
        number: from 1, Markdown cells counted.
        path: the keys that lead to the cell's source in the JSON.
        text: its source; ``first_row`` is where that begins in the joined module, and it has ``row_count`` rows there.
    """

    number: int
    path: tuple[str | int, ...]
    text: str
    first_row: int
    row_count: int


@dataclass(eq=False)
class Notebook(Source):
    """A notebook; ``cells`` are those with code."""

    cells: tuple[Cell, ...] = field(default=(), repr=False)

    def cell_at(self, row: int) -> Cell:
        """The cell that a row of the joined text belongs to."""
        return self.cells[max(bisect_right(self.cells, row, key=lambda cell: cell.first_row) - 1, 0)]

    def position(self, row: int, column: int) -> Position:
        if not self.cells:
            return Position(None, row, column)
        cell = self.cell_at(row)
        return Position(cell.number, row - cell.first_row + 1, column)

    def parts(self) -> list[tuple[str, str]]:
        return [(f"{self.path}:cell {cell.number}", _ended(cell.text)) for cell in self.cells]

    def apply(self, edits: Sequence[Edit]) -> bytes:
        bom = BOM if self.data.startswith(BOM) else b""
        document = self.data.removeprefix(BOM).decode("utf-8")
        by_cell: dict[Cell, list[Edit]] = {}
        for edit in edits:
            by_cell.setdefault(self.cell_at(edit.place.row), []).append(edit)
        values = sorted(((jsontext.find(document, cell.path), cell) for cell in by_cell), key=lambda value: value[0])
        for (start, end), cell in reversed(values):
            replacements = _replacements(cell, by_cell[cell])
            document = document[:start] + jsontext.edit_strings(document, start, end, replacements) + document[end:]
        return bom + document.encode("utf-8")


def _replacements(cell: Cell, edits: Sequence[Edit]) -> list[jsontext.Replacement]:
    """Edits as they are to be made in the cell's source, which need not end in a newline."""
    spans = row_spans(cell.text)
    shift = cell.first_row - 1
    replacements = []
    for edit in edits:
        place = edit.place
        in_cell = replace(place, row=place.row - shift, end_row=place.end_row - shift)
        start, end = offsets(spans, in_cell)
        content = edit.content
        if in_cell.end_row > len(spans):  # it reaches the newline that the joined text has and the cell has not
            content = content.removesuffix("\n")
            if not content:
                start -= cell.text[:start].endswith("\n")
        replacements.append(jsontext.Replacement(start, end, content))
    return replacements


def read_notebook(path: str, data: bytes) -> Source:
    """The code cells of a notebook, joined in their order; cells that do not parse are left out and reported."""
    try:
        document = json.loads(data.removeprefix(BOM).decode("utf-8"))
    except UnicodeDecodeError as error:
        return unreadable(path, data, f"not valid utf-8: byte 0x{data[error.start]:02x}")
    except json.JSONDecodeError as error:
        return unreadable(path, data, f"not a notebook: no valid JSON ({error.msg}, line {error.lineno})")
    except (RecursionError, ValueError) as error:
        return unreadable(path, data, f"not a notebook: {error}")
    raw_cells = _raw_cells(document)
    if raw_cells is None:
        return unreadable(path, data, "not a notebook: it has no cells")
    cells = tuple(_code_cells(raw_cells)) if _is_python(document) else ()
    source = Notebook(path, "".join(_ended(cell.text) for cell in cells), None, data=data, cells=cells)
    _parse_cells(source)
    return source


def _raw_cells(document: Any) -> list[tuple[tuple[str | int, ...], Any]] | None:
    """All cells of the notebook with their paths, or ``None`` for JSON that is something else."""
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("cells"), list):
        return [(("cells", i), cell) for i, cell in enumerate(document["cells"])]
    sheets = document.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [
        (("worksheets", s, "cells", i), cell)
        for s, sheet in enumerate(sheets)
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for i, cell in enumerate(sheet["cells"])
    ]


def _code_cells(raw_cells: Sequence[tuple[tuple[str | int, ...], Any]]) -> Iterator[Cell]:
    row = 1
    for number, (path, cell) in enumerate(raw_cells, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        key = "source" if "source" in cell else "input"  # nbformat 3 says "input"
        text = _joined(cell.get(key))
        if text is not None:
            row_count = with_unix_newlines(_ended(text)).count("\n")
            yield Cell(number, (*path, key), text, row, row_count)
            row += row_count


def _joined(source: Any) -> str | None:
    if isinstance(source, list) and all(isinstance(item, str) for item in source):
        return "".join(source)
    return source if isinstance(source, str) else None


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _is_python(document: dict[str, Any]) -> bool:
    """Whether the kernel runs Python; a notebook that does not say so does."""
    metadata = document.get("metadata")
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        entry = metadata.get(key) if isinstance(metadata, dict) else None
        language = entry.get(name) if isinstance(entry, dict) else None
        if isinstance(language, str) and language:
            return "python" in language.lower()
    return True


def _parse_cells(source: Notebook) -> None:
    """Parse the cells together, which is fast, and one by one only where that fails."""
    texts = [_runnable(cell) for cell in source.cells]
    shifts: dict[int, int] = {}
    try:
        source.tree, source.parsed = _parse_joined(texts)
    except Unparsable:
        texts = [_mended(source, cell, text, shifts) for cell, text in zip(source.cells, texts, strict=True)]
        try:
            source.tree, source.parsed = _parse_joined(texts)
            if shifts:
                shift_columns(source.tree, shifts)
        except Unparsable as error:  # cells that parse, but not one after the other
            source.problems.append(Problem("BCE900", error.message, error.place))


def _runnable(cell: Cell) -> str:
    text = with_unix_newlines(_ended(cell.text))
    # A lone surrogate can be escaped in JSON but not be parsed; another character of its width keeps the columns.
    return blank_cell_magics(text.encode("utf-8", "replace").decode("utf-8"))


def _parse_joined(texts: Sequence[str]) -> tuple[ast.Module, str]:
    joined = "".join(texts)
    return parse(joined), joined


def _mended(source: Notebook, cell: Cell, text: str, shifts: dict[int, int]) -> str:
    """What parses of a cell; the rest is reported, unless IPython would have taken it as a magic."""
    text, indent = _dedented(text)
    if indent:
        shifts |= dict.fromkeys(range(cell.first_row, cell.first_row + cell.row_count), indent)
    try:
        parse(text)
    except Unparsable as error:
        recovered = recover(text)
        above = cell.first_row - 1
        if not recovered.intact and not _are_automagics(text, recovered.broken):
            place = replace(error.place, row=error.place.row + above, end_row=error.place.end_row + above)
            source.problems.append(Problem("BCE900", error.message, place))
        if recovered.tree is None:
            return "\n" * cell.row_count
        for row, shift in recovered.shifts.items():
            shifts[row + above] = shifts.get(row + above, 0) + shift
        return recovered.text
    return text


def _are_automagics(text: str, broken: Sequence[int]) -> bool:
    rows = text.split("\n")
    return bool(broken) and all(is_automagic(rows[row]) for row in broken)


def _dedented(text: str) -> tuple[str, int]:
    """The cell as IPython runs it, without the indentation of its first line, and the width of that."""
    first = next(iter(logical_lines(text)), None)
    if first is None or not first.indent:
        return text, 0
    return re.sub(rf"^{first.indent}", "", text, flags=re.MULTILINE), len(first.indent)
