"""What files prove about each other: every finding goes to the report of the file that it is in, and is made once.

A file that imports another one may decide what that file alone leaves open: with which arguments a function is called
that compiles a model, for example.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bcelint.findings import Edit, Finding, Fix
from bcelint.linting import Job, content, may_be_needed
from bcelint.places import Place
from bcelint.reporting.model import FileReport, Listed
from bcelint.selection import KNOWN
from bcelint.source import Source, read
from bcelint.suppression import UNUSED, comment_rows, suppress

Checked = tuple[Job, FileReport]
# Gives the job for a file that nobody asked to check; ``None`` where nothing is to be said about it.
JobFor = Callable[[str], "Job | None"]


def merged(checked: Sequence[Checked], job_for: JobFor) -> list[Checked]:
    """The reports with what other files prove about theirs, in the order of the files' names."""
    made: dict[str, Checked] = {job.path: (job, report) for job, report in checked}
    arriving: dict[str, list[tuple[Finding, Checked]]] = {}
    decided: dict[str, set[Place]] = {}
    for job, report in checked:
        for finding in report.elsewhere:
            arriving.setdefault(finding.place.path, []).append((finding, (job, report)))
        for place in report.decided:
            if place.path:
                decided.setdefault(place.path, set()).add(replace(place, path=""))
    for path in arriving.keys() - made.keys():
        other = job_for(path)
        if other is not None:
            made[path] = other, FileReport(other.shown)
    result = []
    for path, (job, report) in made.items():
        own = {place for place in report.decided if not place.path} | decided.get(path, set())
        unknown = frozenset(place for place in report.undecided if not place.path and place not in own)
        report = replace(report, decided=frozenset(own), undecided=unknown)
        result.append((job, _without_needless(job, _with(job, report, arriving.get(path, ())))))
    result.sort(key=lambda each: each[1].shown.split("/"))
    return result


def _with(job: Job, report: FileReport, arriving: Sequence[tuple[Finding, Checked]]) -> FileReport:
    """A report with findings that other files have made in its file."""
    known = {(finding.code, finding.place) for finding in report.findings}
    found: list[Finding] = []
    others = dict(report.others)
    listing = report.listing
    for finding, (prover, proof) in arriving:
        moved = _moved(finding, job.path, prover.path)
        if finding.code not in job.rules.active or (moved.code, moved.place) in known:
            continue
        known.add((moved.code, moved.place))
        found.append(moved)
        listing = proof.others[job.path].listing
        others |= {path: listed for path, listed in proof.others.items() if path != job.path}
        others[prover.path] = Listed(proof.shown, proof.listing)
    if not found:
        return report
    source = _opened(job)
    if source is None:
        return report
    findings = list(report.findings)
    if not job.ignore_noqa:
        findings, found = _suppressed(source, job, findings, found)
    findings = sorted([*findings, *found], key=lambda finding: finding.sort_key)
    rows = comment_rows(source.text, [finding.place.row for finding in findings])
    return replace(report, findings=tuple(findings), noqa_rows=rows, others=others, listing=listing)


def _without_needless(job: Job, report: FileReport) -> FileReport:
    """A report that calls no suppression unused that some other file may need: what is around it is not decided."""
    source = _opened(job) if any(finding.code == UNUSED for finding in report.findings) else None
    needed = may_be_needed(source, report.findings, report.undecided) if source is not None else []
    pairs = list(zip(report.findings, report.noqa_rows, strict=True))
    left = [(finding, row) for finding, row in pairs if finding not in needed]
    return replace(report, findings=tuple(f for f, _ in left), noqa_rows=tuple(row for _, row in left))


def _opened(job: Job) -> Source | None:
    try:
        return read(job.shown, content(job))
    except OSError:
        return None


def _suppressed(
    source: Source, job: Job, findings: list[Finding], arriving: list[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """The findings that suppression comments leave; a comment that is of use for one from outside is of use."""
    outcome = suppress(source, arriving, known=KNOWN, active=job.rules.active)
    idle = {finding.place for finding in outcome.findings if finding.code == UNUSED}
    left = [finding for finding in findings if finding.code != UNUSED or finding.place in idle]
    return left, [finding for finding in outcome.findings if finding.code != UNUSED]


def _moved(finding: Finding, path: str, prover: str) -> Finding:
    """A finding of the file ``prover``, as one of the file ``path``."""

    def place(old: Place) -> Place:
        return replace(old, path="" if old.path == path else old.path or prover)

    def fix(old: Fix) -> Fix:
        return replace(old, edits=tuple(Edit(place(edit.place), edit.content) for edit in old.edits))

    return replace(
        finding,
        place=place(finding.place),
        focus=place(finding.focus) if finding.focus else None,
        related=tuple(replace(related, place=place(related.place)) for related in finding.related),
        fix=fix(finding.fix) if finding.fix else None,
        alternatives=tuple(map(fix, finding.alternatives)),
    )
