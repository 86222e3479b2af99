"""The lines that follow the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bcelint.reporting.model import FileReport


class Totals:
    """What all files came to; ``severities`` counts what was found by its severity, be it fixed or not."""

    def __init__(self) -> None:
        self.severities: Counter[str] = Counter()
        self.fixable = 0
        self.hidden = 0
        self.fixed = 0
        self.pairs = 0
        self.undecided = 0

    @property
    def remaining(self) -> int:
        return sum(self.severities.values()) - self.fixed

    def add(self, report: FileReport, unsafe_fixes: bool) -> None:
        from bcelint.reporting.model import is_applicable

        self.pairs += len(report.decided)
        self.undecided += len(report.undecided)
        for rule in report.fixed:
            self.fixed += rule.count
            self.severities[rule.severity.value] += rule.count
        for finding in report.findings:
            self.severities[finding.severity.value] += 1
            if is_applicable(finding.fix, unsafe_fixes):
                self.fixable += 1
            elif finding.fix is not None:
                self.hidden += 1


def found(totals: Totals, *, fixes: bool) -> Iterator[str]:
    """How much was found, and how much of it can be fixed."""
    if not totals.severities:
        yield "All checks passed!"
        return
    words = " and ".join(
        counted(totals.severities[severity], severity)
        for severity in ("error", "warning")
        if totals.severities[severity]
    )
    yield f"Found {words}" + (f" ({totals.fixed} fixed, {totals.remaining} remaining)." if fixes else ".")
    hidden = (
        f"{counted(totals.hidden, 'hidden fix', 'hidden fixes')} can be enabled with the --unsafe-fixes option"
        if totals.hidden
        else ""
    )
    if totals.fixable:
        yield f"[*] {totals.fixable} fixable with the --fix option" + (f" ({hidden})." if hidden else ".")
    elif hidden:
        yield f"No fixes available ({hidden})."


def accounting(totals: Totals, files: int, analysed: int) -> str:
    """What was looked at: unknown is silent, but counted."""
    if not analysed:
        return f"Checked {counted(files, 'file')}: no Keras losses in {'it' if files == 1 else 'them'}."
    undecided = f"{totals.undecided} could not be decided" if totals.undecided else "all decided"
    if not totals.pairs and not totals.undecided:
        pairs = "no head/loss pairs"
    else:
        pairs = f"{counted(totals.pairs + totals.undecided, 'head/loss pair')}, {undecided}"
    part = f", {analysed} of them analysed" if analysed < files else ""
    return f"Checked {counted(files, 'file')}{part}: {pairs}."


def fixes_by_file(reports: Iterable[FileReport], *, would: bool) -> Iterator[str]:
    """What ``--show-fixes`` lists."""
    fixed = [report for report in reports if report.fixed]
    total = sum(rule.count for report in fixed for rule in report.fixed)
    if not fixed:
        return
    yield f"{'Would fix' if would else 'Fixed'} {counted(total, 'finding')}:"
    for report in fixed:
        yield f"- {report.shown}:"
        for rule in report.fixed:
            yield f"    {rule.count} x {rule.code} ({rule.name})"


def statistics(reports: Iterable[FileReport], unsafe_fixes: bool) -> list[tuple[str, str, int, bool]]:
    """Code, name, count, and whether ``--fix`` would do something, the most frequent rule first."""
    from bcelint.reporting.model import is_applicable

    counts: Counter[tuple[str, str]] = Counter()
    fixable: set[str] = set()
    for report in reports:
        for finding in report.findings:
            counts[finding.code, finding.name] += 1
            if is_applicable(finding.fix, unsafe_fixes):
                fixable.add(finding.code)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(code, name, count, code in fixable) for (code, name), count in ordered]


def statistics_lines(rows: Sequence[tuple[str, str, int, bool]]) -> Iterator[str]:
    """The same as a table."""
    width = max((len(str(count)) for _, _, count, _ in rows), default=0)
    for code, name, count, fix in rows:
        yield f"{count:>{width}}  {code}  {'[*]' if fix else '[ ]'} {name}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
