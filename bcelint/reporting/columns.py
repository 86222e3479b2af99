"""How text looks in a terminal: tabs, wide and combining characters, and rows too long to show."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

_TAB = 4
_ELLIPSIS = "…"
LONGEST = 200
_WINDOW = 160
_LEAD = 40


class Shown(NamedTuple):
    """A row as it is printed, and where an underlined range of it begins and ends there.

    ``start`` and ``end`` count columns; ``text[first:last]`` is what stands there, and may be empty.
    """

    text: str
    start: int
    end: int
    first: int
    last: int


class Row:
    """A row laid out in terminal columns."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._cells: list[str] = []
        """What is printed for each character."""
        self._columns = [0]
        """The terminal column at which each character starts, and the one behind the last."""
        for character in text:
            printed, width = _printed(character, self._columns[-1])
            self._cells.append(printed)
            self._columns.append(self._columns[-1] + width)

    @property
    def is_long(self) -> bool:
        return self._columns[-1] > LONGEST

    def show(self, start: int, end: int) -> Shown:
        """The row, or the part of a long row around the characters ``start`` to ``end`` (from 0), without the blanks
        at its end."""
        start = max(0, min(start, len(self._text)))
        end = max(start, min(end, len(self._text)))
        first, last = (0, len(self._text)) if not self.is_long else self._window(start, end)
        end = min(end, last)
        before, within, behind = ("".join(self._cells[a:b]) for a, b in ((first, start), (start, end), (end, last)))
        offset = -self._columns[first]
        if first:
            before, offset = _ELLIPSIS + before, offset + len(_ELLIPSIS)
        if last < len(self._text):
            behind += _ELLIPSIS
        left, right = self._columns[start] + offset, self._columns[end] + offset
        text = (before + within + behind).rstrip()
        return Shown(text, left, max(right, left + 1), len(before), len(before) + len(within))

    def _window(self, start: int, end: int) -> tuple[int, int]:
        """The characters to show of a long row."""
        room = max(_WINDOW - (self._columns[end] - self._columns[start]), 0)
        left = self._columns[start] - min(_LEAD, room)
        first = next(index for index, column in enumerate(self._columns) if column >= left)
        limit = self._columns[first] + _WINDOW
        last = max(index for index, column in enumerate(self._columns) if column <= limit)
        return first, last


def _printed(character: str, column: int) -> tuple[str, int]:
    """What stands for a character at a terminal column, and how wide it is."""
    if character == "\t":
        width = _TAB - column % _TAB
        return " " * width, width
    if character.isascii() and character.isprintable():
        return character, 1
    category = unicodedata.category(character)
    if category in ("Mn", "Me"):
        return character, 0
    if category.startswith("C"):
        # Control and formatting characters could rearrange the terminal.
        return "\N{REPLACEMENT CHARACTER}", 1
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1
