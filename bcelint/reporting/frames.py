"""The rows of code that a finding is about and what is marked in them, for reporters to draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bcelint.findings import Finding
from bcelint.places import Place
from bcelint.reporting.columns import Row, Shown
from bcelint.reporting.model import FileReport, Listing


class Mark(NamedTuple):
    """What is underlined: the finding's own place or one that is related to it, and the words beside it."""

    place: Place
    words: str
    is_own: bool

    def ends(self, text: str) -> tuple[int, int]:
        """The characters (from 0) of the first row, which holds ``text``; later rows of a place are not underlined."""
        start = self.place.column - 1
        end = self.place.end_column - 1 if self.place.end_row == self.place.row else len(text.rstrip())
        return start, max(end, start + 1)


class Marked(NamedTuple):
    mark: Mark
    shown: Shown


class CodeRow(NamedTuple):
    """A row as it is shown, its number as users count, and what is marked in it from left to right."""

    number: int
    text: str
    marked: tuple[Marked, ...] = ()


class Elsewhere(NamedTuple):
    """What follows is in another cell of the notebook or in another file; ``place`` is the first marked place there."""

    place: Place


class Gap(NamedTuple):
    """Rows are left out."""


def marks(finding: Finding) -> tuple[Mark, ...]:
    """What is underlined for a finding, its own place first."""
    own = Mark(finding.focus or finding.place, finding.label, is_own=True)
    return (own, *(Mark(related.place, related.message, is_own=False) for related in finding.related))


def frame(report: FileReport, finding: Finding) -> Iterator[CodeRow | Elsewhere | Gap]:
    """The marked rows in the order of each file, with the row between two of them or a sign for those left out."""
    found = marks(finding)
    for path in dict.fromkeys(mark.place.path for mark in found):
        here = [mark for mark in found if mark.place.path == path]
        if path != finding.place.path:
            yield Elsewhere(min(mark.place for mark in here))
        yield from _frame_in_file(report.file_of(here[0].place).listing, here)


def _frame_in_file(listing: Listing, found: Sequence[Mark]) -> Iterator[CodeRow | Elsewhere | Gap]:
    previous: int | None = None
    for row in sorted({mark.place.row for mark in found}):
        here = sorted((mark for mark in found if mark.place.row == row), key=lambda mark: mark.place.start)
        if previous is not None:
            yield from _between(listing, previous, here[0].place)
        yield from _rows(listing, row, here)
        previous = row


def _between(listing: Listing, previous: int, place: Place) -> Iterator[CodeRow | Elsewhere | Gap]:
    row = place.row
    if listing.position(previous).cell != listing.position(row).cell:
        yield Elsewhere(place)
    elif row - previous == 2:
        yield CodeRow(listing.position(row - 1).row, Row(listing.line(row - 1)).show(0, 0).text)
    elif row - previous > 2:
        yield Gap()


def _rows(listing: Listing, row: int, here: Sequence[Mark]) -> Iterator[CodeRow]:
    """One row, or several parts of it: of a long row, each mark may need another part."""
    text, number = listing.line(row), listing.position(row).row
    laid_out = Row(text)
    marked: list[Marked] = []
    for mark in here:
        shown = laid_out.show(*mark.ends(text))
        if marked and marked[-1].shown.text != shown.text:
            yield CodeRow(number, marked[-1].shown.text, tuple(marked))
            marked = []
        marked.append(Marked(mark, shown))
    yield CodeRow(number, marked[-1].shown.text, tuple(marked))
