"""A finding with the code that it is about: both ends underlined, what the user will have seen, and the fix."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from bcelint.findings import Applicability, Finding, Fix
from bcelint.places import Place
from bcelint.reporting.columns import Row, Shown
from bcelint.reporting.concise import where
from bcelint.reporting.frames import CodeRow, Elsewhere, Gap, Mark, frame, marks
from bcelint.reporting.hunks import hunks
from bcelint.reporting.model import FileReport, is_applicable
from bcelint.reporting.style import Style

_WIDTH = 120


def render(report: FileReport, style: Style, *, unsafe_fixes: bool = False) -> Iterator[str]:
    """The text for each finding of one file, an empty line after each."""
    for finding in report.findings:
        yield "\n".join(_Block(report, finding, style, unsafe_fixes).lines()) + "\n"


class _Block:
    def __init__(self, report: FileReport, finding: Finding, style: Style, unsafe_fixes: bool) -> None:
        self._report = report
        self._finding = finding
        self._style = style
        self._unsafe_fixes = unsafe_fixes
        self._hunks = tuple(hunks(report, finding.fix.edits)) if finding.fix else ()
        numbers = [report.file_of(mark.place).listing.position(mark.place.row).row for mark in marks(finding)]
        numbers += [hunk.highest_number for hunk in self._hunks]
        self._gutter = len(str(max(numbers)))

    def lines(self) -> Iterator[str]:
        finding, style = self._finding, self._style
        kind = finding.severity.value
        yield f"{style(kind, finding.code)} {style('bold', finding.name)}: {finding.message}"
        arrow = style("gutter", f"{'-->':>{self._gutter + 3}}")
        yield f"{arrow} {where(self._report, finding.place, Style())}"
        if self._report.listing.rows:
            yield self._bar()
            yield from self._snippet()
            yield self._bar()
        for note in finding.notes:
            yield from self._note(note)
        yield from self._help()

    def _snippet(self) -> Iterator[str]:
        for part in frame(self._report, self._finding):
            if isinstance(part, Gap):
                yield self._style("gutter", "...")
            elif isinstance(part, Elsewhere):
                yield self._elsewhere(part.place)
            else:
                yield self._code(part)
                for mark, shown in part.marked:
                    yield f"{self._bar()} {' ' * shown.start}{self._underline(mark, shown)}"

    def _elsewhere(self, place: Place) -> str:
        colons = self._style("gutter", f"{':::':>{self._gutter + 3}}")
        return f"{colons} {where(self._report, place, Style())}"

    def _underline(self, mark: Mark, shown: Shown) -> str:
        kind, character = (self._finding.severity.value, "^") if mark.is_own else ("gutter", "-")
        return self._style(kind, character * (shown.end - shown.start) + f" {mark.words}".rstrip())

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
            previous = self._hunks[index - 1].place.path if index else self._finding.place.path
            if hunk.place.path != previous:
                yield self._elsewhere(hunk.place)
            elif index:
                yield self._style("gutter", "...")
            start, end = hunk.changed
            yield from self._changed(hunk.old_number, hunk.old, "-", "removed", start, end)
            yield from self._changed(hunk.new_number, hunk.new, "+", "added", start, end)

    def _changed(self, number: int, rows: Iterable[str], sign: str, kind: str, start: int, end: int) -> Iterator[str]:
        for offset, text in enumerate(rows):
            gutter = self._style("gutter", f"{number + offset:>{self._gutter}}")
            yield f"{gutter} " + self._style(kind, f"{sign} {Row(text).show(start, end).text}".rstrip())

    def _code(self, row: CodeRow) -> str:
        gutter = self._style("gutter", f"{row.number:>{self._gutter}} |")
        return f"{gutter} {row.text}".rstrip()

    def _bar(self) -> str:
        return self._style("gutter", f"{'|':>{self._gutter + 2}}")
