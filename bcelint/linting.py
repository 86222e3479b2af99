"""One file from bytes to report: read, analyse, select, suppress, fix.

Everything that can go wrong with a file ends up in its report; nothing is raised.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from bcelint.analysis import Analysis, analyse, describe
from bcelint.findings import Applicability, Finding, Fix, Severity
from bcelint.inference.facts import Fact, Unresolved
from bcelint.places import Place
from bcelint.reporting.model import FileReport, FixedRule, Listing, Undecided, is_applicable
from bcelint.rules import RULES
from bcelint.selection import KNOWN, RuleSet
from bcelint.settings import shown_path
from bcelint.source import Position, Problem, Source, read
from bcelint.suppression import comment_rows, suppress

_BEGINNING = Place(1, 1, 1, 1)


class FixMode(str, Enum):
    """Whether fixes are only offered, written, or shown as a diff."""

    OFFER = "offer"
    WRITE = "write"
    DIFF = "diff"


@dataclass(frozen=True)
class Job:
    """A file to deal with, and how.

    ``data`` is given for standard input; everything else is read from ``path``.
    """

    path: str
    shown: str
    rules: RuleSet
    data: bytes | None = None
    mode: FixMode = FixMode.OFFER
    unsafe_fixes: bool = False
    ignore_noqa: bool = False
    min_severity: Severity = Severity.WARNING
    prefer: str = ""
    backend: str = ""


@dataclass(frozen=True)
class Linted:
    """What is to be reported about one version of a file, and the analysis that it comes from."""

    findings: tuple[Finding, ...]
    pairs: int
    undecided: int
    exhausted: bool = False
    analysis: Analysis | None = None


# Says why the fix of a finding of a version of a file must not be made; empty where it may.
Object = Callable[[Source, Linted, Finding], str]


def check_file(job: Job, objection: Object | None = None) -> FileReport:
    """The report for one file; ``objection`` is asked about each fix before it is made."""
    try:
        data = content(job)
    except OSError as error:
        return unreadable(job.shown, error.strerror or str(error), job.rules)
    try:
        return _check(job, data, objection)
    except Exception as error:
        return FileReport(job.shown, failure=fault_of_ours(error))


def content(job: Job) -> bytes:
    """The bytes of the file."""
    if job.data is not None:
        return job.data
    with open(job.path, "rb") as file:
        return file.read()


def lost(job: Job) -> FileReport:
    """The report for a file whose worker process died."""
    return FileReport(job.shown, failure="the process that checked it died (out of memory?)")


def unreadable(shown: str, reason: str, rules: RuleSet) -> FileReport:
    """The report for something that could not even be opened."""
    finding = _of_problem(Problem("BCE902", f"could not be read: {reason}", _BEGINNING))
    return FileReport(shown, (finding,) if finding.code in rules.active else (), noqa_rows=(1,))


def lint(source: Source, job: Job, *, models: bool = False) -> Linted:
    """What is to be reported about ``source``, with fixes as text edits; ``models``: they are among the facts."""
    analysis = describe(source, backend=job.backend) if models else analyse(source, backend=job.backend)
    problems = [_of_problem(problem) for problem in source.problems]
    findings = [finding for finding in (*problems, *analysis.findings) if finding.code in job.rules.active]
    findings.sort(key=lambda finding: finding.sort_key)
    if not job.ignore_noqa:
        findings = list(suppress(source, findings, known=KNOWN, active=job.rules.active).findings)
    offered = tuple(_offer(source, finding, job.rules, job.prefer) for finding in findings)
    return Linted(offered, analysis.pairs, analysis.undecided, analysis.exhausted, analysis)


def _check(job: Job, data: bytes, objection: Object | None) -> FileReport:
    source = read(job.shown, data)
    linted = lint(source, job)
    if job.mode is not FixMode.OFFER and any(_fix_to_apply(finding, job) for finding in linted.findings):
        return _fix(job, source, objection)
    return report_on(job, source, linted)


def report_on(job: Job, source: Source, linted: Linted) -> FileReport:
    """The report for one version of a file."""
    findings = tuple(finding for finding in linted.findings if _is_severe(finding, job.min_severity))
    return FileReport(
        job.shown,
        findings,
        Listing.of(source) if findings else Listing(),
        comment_rows(source.text, [finding.place.row for finding in findings]) if findings else (),
        pairs=linted.pairs,
        undecided=linted.undecided,
        unresolved=unresolved(source, linted.analysis.facts) if linted.analysis is not None else (),
        exhausted=linted.exhausted,
    )


def unresolved(source: Source, facts: Iterable[Fact]) -> tuple[Undecided, ...]:
    """The pairs that could not be decided, in the order of the file; reasons for the same pair are put together."""
    reasons: dict[Place, dict[str, None]] = {}
    for fact in facts:
        if isinstance(fact, Unresolved):
            reasons.setdefault(fact.place, {})[fact.why] = None
    return tuple(Undecided(*whereabouts(source, place), tuple(reasons[place])) for place in sorted(reasons))


def whereabouts(source: Source, place: Place) -> tuple[str, Position]:
    """The file that a place is in, as it is shown, and the start of the place there."""
    if place.path:
        return shown_path(place.path, os.getcwd()), Position(None, *place.start)
    return source.path, source.position(*place.start)


def _fix(job: Job, source: Source, objection: Object | None) -> FileReport:
    """Carry out what may be fixed, then report what is left."""
    from bcelint.fixing.converge import fix
    from bcelint.fixing.write import diff

    selection = _Selection(job, objection)
    outcome = fix(source, selection.lint, selection.fix_of)
    counts = Counter((finding.code, finding.name, finding.severity) for finding in outcome.applied)
    report = replace(
        report_on(job, outcome.source, lint(outcome.source, job)),
        fixed=tuple(FixedRule(*rule, count) for rule, count in sorted(counts.items())),
        taken_back=(
            *(_left(source, finding, f"taken back: {why}") for finding, why in outcome.taken_back),
            *(_left(version, finding, f"not made: {why}") for version, finding, why in selection.refused),
        ),
    )
    if not outcome.applied:
        return report
    if job.mode is FixMode.DIFF:
        return replace(report, diff=diff(source, outcome.source))
    if job.data is not None:
        return replace(report, fixed_bytes=outcome.data)
    failure = _write(job.path, source.data, outcome.data)
    return FileReport(job.shown, failure=failure) if failure else report


def _write(path: str, expected: bytes, data: bytes) -> str:
    """Write the fixed file; returns why that was not done."""
    from bcelint.fixing.write import write

    try:
        with open(path, "rb") as file:
            if file.read() != expected:
                return "not fixed: the file changed while it was being checked"
        write(path, data)
    except OSError as error:
        return f"not fixed: {error.strerror or error}"
    return ""


class _Selection:
    """Which fixes are made; remembers those that are objected to."""

    def __init__(self, job: Job, objection: Object | None) -> None:
        self._job = job
        self._objection = objection
        self._versions: list[tuple[Source, Linted]] = []
        self._refused: dict[tuple[str, str], tuple[Source, Finding, str]] = {}

    def lint(self, version: Source) -> tuple[Finding, ...]:
        linted = lint(version, self._job)
        self._versions.append((version, linted))
        return linted.findings

    def fix_of(self, finding: Finding) -> Fix | None:
        """The fix to make for a finding of one of the versions."""
        fix = _fix_to_apply(finding, self._job)
        if fix is None or self._objection is None:
            return fix
        version, linted = next(v for v in reversed(self._versions) if any(f is finding for f in v[1].findings))
        why = self._objection(version, linted, finding)
        if why:
            self._refused[finding.code, version.line(finding.place.row)] = version, finding, why
        return None if why else fix

    @property
    def refused(self) -> list[tuple[Source, Finding, str]]:
        return list(self._refused.values())


def _left(source: Source, finding: Finding, why: str) -> str:
    position = source.position(*finding.place.start)
    cell = f"cell {position.cell}, " if position.cell is not None else ""
    return f"the fix of {finding.code} at {cell}row {position.row} was {why}"


def _fix_to_apply(finding: Finding, job: Job) -> Fix | None:
    wanted = _is_severe(finding, job.min_severity) and is_applicable(finding.fix, job.unsafe_fixes)
    return finding.fix if wanted else None


def _offer(source: Source, finding: Finding, rules: RuleSet, prefer: str) -> Finding:
    """The finding with its plans turned into text edits, as far as that can be done and is wanted."""
    if finding.fix is not None:
        fixes = [finding.fix]
    elif finding.plans and source.fixable:
        from bcelint.fixing.edits import to_edits  # imports libcst, which only files with something to fix need

        plans = sorted(finding.plans, key=lambda plan: bool(prefer) and plan.ends_in not in ("", prefer))
        fixes = [fix for plan in plans if (fix := to_edits(source, plan)) is not None]
    else:
        fixes = []
    if finding.code not in rules.fixable:
        fixes = []
    fixes = [replace(fix, applicability=_applicability(fix, finding.code, rules)) for fix in fixes]
    words = finding.help
    if finding.plans and not fixes and not words:
        words = finding.plans[0].message
    return replace(finding, help=words, plans=(), fix=fixes[0] if fixes else None, alternatives=tuple(fixes[1:]))


def _applicability(fix: Fix, code: str, rules: RuleSet) -> Applicability:
    if code in rules.promoted:
        return Applicability.SAFE
    return Applicability.UNSAFE if code in rules.demoted else fix.applicability


def _of_problem(problem: Problem) -> Finding:
    rule = next(rule for rule in RULES if rule.code == problem.code)
    return Finding(rule.code, rule.name, rule.severity, problem.message, problem.place)


def _is_severe(finding: Finding, minimum: Severity) -> bool:
    return minimum is Severity.WARNING or finding.severity is Severity.ERROR


def fault_of_ours(error: Exception) -> str:
    """An exception of ours in one line that helps to find it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    spot = ""
    if trace is not None:
        spot = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
    words = " ".join(str(error).split())
    return f"internal error: {type(error).__name__}{spot}{': ' if words else ''}{words[:200]}; please report it"
