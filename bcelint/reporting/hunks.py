"""The rows that a fix changes, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from bcelint.findings import Edit
from bcelint.places import Place
from bcelint.reporting.model import FileReport, Listing


class Hunk(NamedTuple):
    """Neighbouring rows that change, and the numbers of the first old and the first new one.

    ``place`` is where the first of their edits is.
    """

    place: Place
    old_number: int
    new_number: int
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def highest_number(self) -> int:
        return max(self.old_number + len(self.old), self.new_number + len(self.new)) - 1

    @property
    def changed(self) -> tuple[int, int]:
        """The characters (from 0) of the first row in which old and new differ, to be kept in sight."""
        if not self.old or not self.new:
            return 0, 0
        old, new = self.old[0], self.new[0]
        same = 0
        while same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        return same, same + 1


def hunks(report: FileReport, edits: Iterable[Edit]) -> Iterator[Hunk]:
    """What ``edits`` do to the rows of files. In a notebook rows are numbered within their cell."""
    given = list(edits)
    for path in dict.fromkeys(edit.place.path for edit in given):
        here = [edit for edit in given if edit.place.path == path]
        yield from _hunks_in_file(report.file_of(here[0].place).listing, here)


def _hunks_in_file(listing: Listing, edits: Iterable[Edit]) -> Iterator[Hunk]:
    shifts: dict[int | None, int] = {}
    for group in _groups(sorted(edits, key=lambda edit: edit.place)):
        first, last = group[0].place.row, max(edit.place.end_row for edit in group)
        old = [listing.line(row) for row in range(first, last + 1)]
        new = _apply(old, first, group)
        for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, False).get_opcodes():
            if kind == "equal":
                continue
            where = listing.position(first + old_start)
            shift = shifts.get(where.cell, 0)
            shifts[where.cell] = shift + (new_end - new_start) - (old_end - old_start)
            rows = tuple(old[old_start:old_end]), tuple(new[new_start:new_end])
            yield Hunk(group[0].place, where.row, where.row + shift, *rows)


def _groups(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Edits that touch the same or neighbouring rows belong together."""
    group: list[Edit] = []
    for edit in edits:
        if group and edit.place.row > max(other.place.end_row for other in group) + 1:
            yield group
            group = []
        group.append(edit)
    if group:
        yield group


def _apply(rows: Sequence[str], first: int, edits: Iterable[Edit]) -> list[str]:
    text = "\n".join(rows)
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row) + 1)
    parts = []
    position = 0
    for edit in edits:
        start = starts[edit.place.row - first] + edit.place.column - 1
        parts += [text[position:start], edit.content]
        position = starts[edit.place.end_row - first] + edit.place.end_column - 1
    return "".join([*parts, text[position:]]).split("\n")
