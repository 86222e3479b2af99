"""One file from bytes to report: read, analyse, select, suppress, fix.

Everything that can go wrong with a file ends up in its report; nothing is raised.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from bcelint.analysis import Analysis, analyse
from bcelint.findings import Applicability, Finding, Fix, Severity
from bcelint.inference.facts import Fact, Unresolved
from bcelint.places import Place
from bcelint.project import Project
from bcelint.reading.text import with_unix_newlines
from bcelint.reporting.model import FileReport, FixedRule, Listed, Listing, Undecided, is_applicable
from bcelint.rules import RULES
from bcelint.selection import KNOWN, RuleSet
from bcelint.settings import Entry, shown_path
from bcelint.source import Position, Problem, Source, read
from bcelint.suppression import UNUSED, Statements, comment_rows, suppress

if TYPE_CHECKING:
    from bcelint.fixing.across import Across

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
    knowledge: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Linted:
    """What is to be reported about one version of a file, and the analysis that it comes from.

    ``elsewhere`` holds the findings whose place is in another file of the project, ``others`` the files that findings
    are about besides this one, by their paths, and ``sources`` all that were read.
    """

    findings: tuple[Finding, ...]
    decided: frozenset[Place] = frozenset()
    undecided: frozenset[Place] = frozenset()
    exhausted: bool = False
    analysis: Analysis | None = None
    elsewhere: tuple[Finding, ...] = ()
    others: Mapping[str, Source] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)


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


def lint(
    source: Source, job: Job, changed: Mapping[str, Source] = MappingProxyType({}), *, models: bool = False
) -> Linted:
    """What is to be reported about ``source``, with fixes as text edits.

    ``changed`` are other files of the project, by their paths, that are not to be read from the disk. With ``models``,
    these are among the facts.
    """
    project = Project(job.path, changed)
    analysis = analyse(source, backend=job.backend, project=project, knowledge=job.knowledge, models=models)
    problems = [_of_problem(problem) for problem in source.problems]
    own = [finding for finding in (*problems, *analysis.findings) if not finding.place.path]
    findings = [finding for finding in own if finding.code in job.rules.active]
    findings.sort(key=lambda finding: finding.sort_key)
    if not job.ignore_noqa:
        left = suppress(source, findings, known=KNOWN, active=job.rules.active).findings
        needed = may_be_needed(source, left, analysis.undecided)
        findings = [replace(finding, fix=None) if finding in needed else finding for finding in left]
    offered = tuple(_offer(source, finding, job, project.sources) for finding in findings)
    elsewhere = tuple(
        _offer(source, finding, job, project.sources) for finding in analysis.findings if finding.place.path
    )
    paths = {place.path for finding in (*offered, *elsewhere) for place in finding.places}
    return Linted(
        offered,
        analysis.decided,
        analysis.undecided,
        analysis.exhausted,
        analysis,
        elsewhere,
        {path: project.sources[path] for path in sorted(paths - {""})},
        project.sources,
    )


def may_be_needed(source: Source, findings: Iterable[Finding], undecided: Collection[Place]) -> list[Finding]:
    """The unused suppressions in statements of which another file may decide what this one cannot."""
    unused = [finding for finding in findings if finding.code == UNUSED]
    rows = [place.row for place in undecided if not place.path]
    if not unused or not rows:
        return []
    statements = Statements(with_unix_newlines(source.text))
    spans = [statements.rows(row) for row in rows]
    return [finding for finding in unused if any(first <= finding.place.row <= last for first, last in spans)]


def _check(job: Job, data: bytes, objection: Object | None) -> FileReport:
    source = read(job.shown, data)
    linted = lint(source, job)
    if job.mode is not FixMode.OFFER and any(_fix_to_apply(finding, job) for finding in linted.findings):
        return _fix(job, source, objection)
    return report_on(job, source, linted)


def report_on(job: Job, source: Source, linted: Linted) -> FileReport:
    """The report for one version of a file."""
    findings = tuple(finding for finding in linted.findings if _is_severe(finding, job.min_severity))
    elsewhere = tuple(finding for finding in linted.elsewhere if _is_severe(finding, job.min_severity))
    working = os.getcwd()
    return FileReport(
        job.shown,
        findings,
        Listing.of(source) if findings or elsewhere else Listing(),
        comment_rows(source.text, [finding.place.row for finding in findings]) if findings else (),
        others={path: Listed(shown_path(path, working), Listing.of(other)) for path, other in linted.others.items()},
        elsewhere=elsewhere,
        imports=frozenset(linted.sources),
        decided=linted.decided,
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
    return tuple(Undecided(place, *whereabouts(source, place), tuple(reasons[place])) for place in sorted(reasons))


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


Checked = tuple[Job, FileReport]


def fix_across_files(checked: Sequence[Checked], may_change: Callable[[str], bool]) -> list[Checked]:
    """Make the fixes that change other files than the one that proves the finding; all files have been checked."""
    from bcelint.fixing.across import write_all
    from bcelint.fixing.write import diff

    reports = {job.path: (job, report) for job, report in checked}
    for job, report in checked:
        if job.data is not None or job.mode is FixMode.OFFER or not _has_fix_across(job, report):
            continue
        outcome = _made_across(job, checked, may_change)
        lost = tuple(_left_of(job, finding, f"taken back: {why}") for finding, why in outcome.taken_back)
        if outcome.applied and job.mode is FixMode.WRITE:
            failure = write_all(outcome.before, outcome.after)
            if failure:
                reports[job.path] = job, FileReport(job.shown, failure=failure)
                continue
            for path, (other, known) in reports.items():
                if path in outcome.after or outcome.after.keys() & known.imports:
                    fresh = check_file(replace(other, mode=FixMode.OFFER))
                    reports[path] = other, replace(fresh, fixed=known.fixed, taken_back=known.taken_back)
        else:
            for path, after in outcome.after.items():
                before = outcome.before[path]
                before.path = after.path = shown_path(path, os.getcwd())
                other, known = reports.get(path, (replace(job, path=path), FileReport(after.path)))
                reports[path] = other, replace(known, diff=known.diff + diff(before, after))
        fixed = Counter((f.code, f.name, f.severity) for f in outcome.applied)
        rules = tuple(FixedRule(*rule, count) for rule, count in sorted(fixed.items()))
        report = reports[job.path][1]
        report = replace(report, fixed=(*report.fixed, *rules), taken_back=(*report.taken_back, *lost))
        reports[job.path] = job, report
    return list(reports.values())


def _has_fix_across(job: Job, report: FileReport) -> bool:
    return any(fix_wanted(f, job) is not None for f in report.elsewhere if f.code in job.rules.active) or any(
        fix_wanted(f, job) is not None and _fix_to_apply(f, job) is None for f in report.findings
    )


def _made_across(job: Job, checked: Sequence[Checked], may_change: Callable[[str], bool]) -> Across:
    from bcelint.fixing.across import fix_across

    def opened(path: str) -> Source:
        with open(path, "rb") as file:
            return read(path, file.read())

    def findings(of: Job, changed: Mapping[str, Source]) -> list[Finding]:
        linted = lint(changed.get(of.path) or opened(of.path), of, changed)
        return [*linted.findings, *(finding for finding in linted.elsewhere if finding.code in of.rules.active)]

    def around(paths: Collection[str], changed: Mapping[str, Source]) -> Counter[str]:
        """The codes that are found in files of ``paths``, and by those that import them."""
        concerned = [of for of, report in checked if of.path in paths or report.imports & set(paths)]
        return Counter(f.code for of in concerned if of.data is None for f in findings(of, changed))

    def select(finding: Finding) -> Fix | None:
        fix = fix_wanted(finding, job)
        return fix if fix and all(may_change(edit.place.path or job.path) for edit in fix.edits) else None

    return fix_across(job.path, lambda changed: findings(job, changed), around, select, opened)


def _left_of(job: Job, finding: Finding, why: str) -> str:
    where = shown_path(finding.place.path, os.getcwd()) if finding.place.path else job.shown
    return f"the fix of {finding.code} at {where}:{finding.place.row} was {why}"


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
    """The fix to make for a finding; those that change other files are made when all files have been checked."""
    fix = fix_wanted(finding, job)
    return None if fix is None or any(edit.place.path for edit in fix.edits) else fix


def fix_wanted(finding: Finding, job: Job) -> Fix | None:
    """The fix of a finding, if it is to be made."""
    wanted = _is_severe(finding, job.min_severity) and is_applicable(finding.fix, job.unsafe_fixes)
    return finding.fix if wanted else None


def _offer(source: Source, finding: Finding, job: Job, others: Mapping[str, Source]) -> Finding:
    """The finding with its plans turned into text edits, as far as that can be done and is wanted."""
    rules, prefer = job.rules, job.prefer
    if finding.fix is not None:
        fixes = [finding.fix]
    elif finding.plans and (source.fixable or finding.place.path):
        from bcelint.fixing.edits import to_edits  # imports libcst, which only files with something to fix need

        plans = sorted(finding.plans, key=lambda plan: bool(prefer) and plan.ends_in not in ("", prefer))
        fixes = [fix for plan in plans if (fix := to_edits(source, plan, others)) is not None]
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
    if any(edit.place.path for edit in fix.edits):
        return Applicability.UNSAFE  # whatever is configured: others may use that file
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
