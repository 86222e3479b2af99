"""A finding with the code that it is about: both ends underlined, what the user will have seen, and the fix."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bcelint.findings import Applicability, Finding, Fix
from bcelint.places import Place
from bcelint.reporting.columns import Row
from bcelint.reporting.concise import where
from bcelint.reporting.hunks import hunks
from bcelint.reporting.model import FileReport, Listing, is_applicable
from bcelint.reporting.style import Style

_WIDTH = 120


class _Mark(NamedTuple):
    """An underline: where, with which character, and the words beside it."""

    place: Place
    character: str
    kind: str
    words: str

    def ends(self, text: str) -> tuple[int, int]:
        """The characters (from 0) of the first row, which holds ``text``; later rows of a place are not underlined."""
        start = self.place.column - 1
        end = self.place.end_column - 1 if self.place.end_row == self.place.row else len(text.rstrip())
        return start, max(end, start + 1)


def render(report: FileReport, style: Style, *, unsafe_fixes: bool = False) -> Iterator[str]:
    """The text for each finding of one file, an empty line after each."""
    for finding in report.findings:
        yield "\n".join(_Block(report, finding, style, unsafe_fixes).lines()) + "\n"


class _Block:
    def __init__(self, report: FileReport, finding: Finding, style: Style, unsafe_fixes: bool) -> None:
        self._shown = report.shown
        self._listing: Listing = report.listing
        self._finding = finding
        self._style = style
        self._unsafe_fixes = unsafe_fixes
        self._marks = _marks(finding)
        self._hunks = tuple(hunks(report.listing, finding.fix.edits)) if finding.fix else ()
        numbers = [self._number(mark.place.row) for mark in self._marks]
        numbers += [hunk.highest_number for hunk in self._hunks]
        self._gutter = len(str(max(numbers)))

    def lines(self) -> Iterator[str]:
        finding, style = self._finding, self._style
        kind = finding.severity.value
        yield f"{style(kind, finding.code)} {style('bold', finding.name)}: {finding.message}"
        arrow = style("gutter", f"{'-->':>{self._gutter + 3}}")
        yield f"{arrow} {where(self._shown, self._listing, finding.place, Style())}"
        if self._listing.rows:
            yield self._bar()
            yield from self._snippet()
            yield self._bar()
        for note in finding.notes:
            yield from self._note(note)
        yield from self._help()

    def _snippet(self) -> Iterator[str]:
        previous: int | None = None
        for row in sorted({mark.place.row for mark in self._marks}):
            if previous is not None:
                yield from self._between(previous, row)
            yield from self._row([mark for mark in self._marks if mark.place.row == row])
            previous = row

    def _between(self, previous: int, row: int) -> Iterator[str]:
        """What stands between two underlined rows: nothing, the one row, or a sign that rows are left out."""
        cell = self._listing.position(row).cell
        if self._listing.position(previous).cell != cell:
            place = next(mark.place for mark in self._marks if mark.place.row == row)
            colons = self._style("gutter", f"{':::':>{self._gutter + 3}}")
            yield f"{colons} {where(self._shown, self._listing, place, Style())}"
        elif row - previous == 2:
            yield self._code(previous + 1, Row(self._listing.line(previous + 1)).show(0, 0).text)
        elif row - previous > 2:
            yield self._style("gutter", "...")

    def _row(self, marks: Sequence[_Mark]) -> Iterator[str]:
        text = self._listing.line(marks[0].place.row)
        row = Row(text)
        previous = None
        for mark in sorted(marks, key=lambda mark: mark.place.start):
            shown = row.show(*mark.ends(text))
            if shown.text != previous:  # of a long row, each mark may need another part
                yield self._code(mark.place.row, shown.text)
                previous = shown.text
            underline = self._style(mark.kind, mark.character * (shown.end - shown.start) + f" {mark.words}".rstrip())
            yield f"{self._bar()} {' ' * shown.start}{underline}"

    def _note(self, note: str) -> Iterator[str]:
        indent = " " * (self._gutter + 3)
        wrapped = textwrap.wrap(note, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
        for index, line in enumerate(wrapped):
            yield f"{' ' * (self._gutter + 1)}{self._style('gutter', '=')} {line}" if not index else indent + line

    def _help(self) -> Iterator[str]:
        label = self._style("help", "help")
        fix = self._finding.fix
        if fix is None and self._finding.help:
            yield f"{label}: {self._finding.help}"
        if fix is not None:
            yield f"{label}: {fix.message} {self._sign(fix)}"
            yield from self._diff()
        for other in self._finding.alternatives:
            yield f"{label}: or {other.message} {self._sign(other)}"

    def _sign(self, fix: Fix) -> str:
        applies = is_applicable(fix, self._unsafe_fixes)
        return self._style("help", "[*]") if applies else self._style("warning", f"[{Applicability.UNSAFE.value}]")

    def _diff(self) -> Iterator[str]:
        if not self._hunks:
            return
        yield self._bar()
        for index, hunk in enumerate(self._hunks):
            if index:
                yield self._style("gutter", "...")
            start, end = hunk.changed
            yield from self._changed(hunk.old_number, hunk.old, "-", "removed", start, end)
            yield from self._changed(hunk.new_number, hunk.new, "+", "added", start, end)

    def _changed(self, number: int, rows: Iterable[str], sign: str, kind: str, start: int, end: int) -> Iterator[str]:
        for offset, text in enumerate(rows):
            gutter = self._style("gutter", f"{number + offset:>{self._gutter}}")
            yield f"{gutter} " + self._style(kind, f"{sign} {Row(text).show(start, end).text}".rstrip())

    def _code(self, row: int, text: str) -> str:
        gutter = self._style("gutter", f"{self._number(row):>{self._gutter}} |")
        return f"{gutter} {text}".rstrip()

    def _bar(self) -> str:
        return self._style("gutter", f"{'|':>{self._gutter + 2}}")

    def _number(self, row: int) -> int:
        return self._listing.position(row).row


def _marks(finding: Finding) -> tuple[_Mark, ...]:
    own = _Mark(finding.focus or finding.place, "^", finding.severity.value, finding.label)
    return (own, *(_Mark(related.place, "-", "gutter", related.message) for related in finding.related))
