"""Fixing in passes, each of which has to make things better.

A pass applies all fixes that do not touch each other, reads the result and lints it again. What does not take its
finding away, brings another one or breaks the syntax is taken back, and the others stay.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bcelint.findings import Edit, Finding, Fix
from bcelint.fixing.overlap import overlap
from bcelint.places import Place
from bcelint.source import Source, read

_MOST_PASSES = 10

Lint = Callable[[Source], Sequence[Finding]]
SelectFix = Callable[[Finding], Fix | None]
# A finding's code and the row of its statement: what stays of it when text moves.
_Key = tuple[str, int]


@dataclass(frozen=True)
class FixOutcome:
    """What fixing led to.

    Attributes:
        source: the file after all fixes, and ``data`` its bytes.
        applied: the findings that were fixed, with the places that they had when they were.
        remaining: what the linter finds in the result.
        taken_back: findings whose fix was tried and undone, and why.
    """

    source: Source
    applied: tuple[Finding, ...]
    remaining: tuple[Finding, ...]
    taken_back: tuple[tuple[Finding, str], ...]

    @property
    def data(self) -> bytes:
        return self.source.data


@dataclass(frozen=True)
class _Candidate:
    finding: Finding
    key: _Key
    edits: frozenset[Edit]


@dataclass(frozen=True)
class _Trial:
    """The file after some fixes; ``fault`` says why it is not to be kept."""

    source: Source
    findings: Sequence[Finding]
    fault: str = ""


@dataclass(frozen=True)
class _Pass:
    """The file after a pass, the fixes that were made, and those that were refused, with reasons."""

    source: Source
    findings: Sequence[Finding]
    made: Sequence[_Candidate]
    culprits: dict[_Candidate, str]


def fix(source: Source, lint: Lint, select_fix: SelectFix) -> FixOutcome:
    """Apply the fixes that ``select_fix`` gives for the findings of ``lint``, until none is left that helps."""
    findings = lint(source)
    applied: list[Finding] = []
    taken_back: list[tuple[Finding, str]] = []
    refused: set[_Key] = set()
    for _ in range(_MOST_PASSES if source.fixable else 0):
        batch = _compatible(_candidates(source, findings, select_fix, refused))
        if not batch:
            break
        outcome = _make_what_helps(source, findings, batch, lint)
        taken_back += [(candidate.finding, fault) for candidate, fault in outcome.culprits.items()]
        applied += [candidate.finding for candidate in outcome.made]
        refused |= {candidate.key for candidate in outcome.culprits}
        refused = {(code, moved(source, row, _edits(outcome.made))) for code, row in refused}
        source, findings = outcome.source, outcome.findings
    return FixOutcome(source, tuple(applied), tuple(findings), tuple(taken_back))


def _candidates(
    source: Source, findings: Iterable[Finding], select_fix: SelectFix, refused: set[_Key]
) -> list[_Candidate]:
    candidates = []
    statements = _Statements(source)
    for finding in findings:
        selected = select_fix(finding)
        key = (finding.code, statements.row(finding.place))
        if selected is not None and key not in refused:
            candidates.append(_Candidate(finding, key, frozenset(selected.edits)))
    return candidates


def _compatible(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Fixes that can be made at once; an edit that two of them share, such as an import, is made once."""
    chosen: list[_Candidate] = []
    edits: set[Edit] = set()
    for candidate in candidates:
        if not any(overlap(new, old) for new in candidate.edits - edits for old in edits):
            chosen.append(candidate)
            edits |= candidate.edits
    return chosen


def _edits(batch: Iterable[_Candidate]) -> list[Edit]:
    return sorted({edit for candidate in batch for edit in candidate.edits}, key=lambda e: (e.place, e.content))


def _make_what_helps(source: Source, findings: Sequence[Finding], batch: Sequence[_Candidate], lint: Lint) -> _Pass:
    """Make all fixes of the batch but those that do harm."""
    culprits: dict[_Candidate, str] = {}
    while batch:
        trial = _try(source, findings, batch, lint)
        if not trial.fault:
            return _Pass(trial.source, trial.findings, batch, culprits)
        found = _culprits(source, findings, batch, trial.fault, lint)
        culprits |= found
        # Where each fix is good by itself but not all are together, they are made one by one.
        batch = [candidate for candidate in batch if candidate not in found] if found else batch[:1]
    return _Pass(source, findings, (), culprits)


def _culprits(
    source: Source, findings: Sequence[Finding], batch: Sequence[_Candidate], fault: str, lint: Lint
) -> dict[_Candidate, str]:
    """Those of a batch with a ``fault`` that have one by themselves, found by halving."""
    if len(batch) == 1:
        return {batch[0]: fault}
    culprits: dict[_Candidate, str] = {}
    for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
        if fault := _try(source, findings, half, lint).fault:
            culprits |= _culprits(source, findings, half, fault, lint)
    return culprits


def _try(source: Source, findings: Sequence[Finding], batch: Sequence[_Candidate], lint: Lint) -> _Trial:
    edits = _edits(batch)
    try:
        changed = read(source.path, source.apply(edits))
    except UnicodeEncodeError:
        return _Trial(source, findings, f"the fix cannot be written in {source.encoding}")
    if len(changed.problems) > len(source.problems):
        return _Trial(source, findings, "the fix would break the syntax")
    remaining = lint(changed)
    before = Counter((code, moved(source, row, edits)) for code, row in _keys(source, findings))
    after = Counter(_keys(changed, remaining))
    if new := sorted({code for code, _ in after - before}):
        return _Trial(source, findings, f"the fix would bring {', '.join(new)}")
    gone = Counter((candidate.key[0], moved(source, candidate.key[1], edits)) for candidate in batch)
    if any(after[key] > before[key] - count for key, count in gone.items()):
        return _Trial(source, findings, "the fix does not remove the finding")
    return _Trial(changed, remaining)


def _keys(source: Source, findings: Iterable[Finding]) -> list[_Key]:
    statements = _Statements(source)
    return [(finding.code, statements.row(finding.place)) for finding in findings]


class _Statements:
    """The statements of a file, by the rows that they take."""

    def __init__(self, source: Source) -> None:
        self._first_rows: dict[int, int] = {}
        # Outer statements come first, so that each row ends up with the innermost one that holds it.
        for node in ast.walk(source.tree) if source.tree else ():
            if isinstance(node, ast.stmt):
                self._first_rows |= dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), node.lineno)

    def row(self, place: Place) -> int:
        """The row in which the statement at ``place`` begins."""
        return self._first_rows.get(place.row, place.row)


def moved(source: Source, row: int, edits: Iterable[Edit]) -> int:
    """Where the statement that begins in a row begins after edits (in order of their places)."""
    line = source.line(row)
    start = (row, len(line) - len(line.lstrip()) + 1)
    shift = 0
    for edit in edits:
        place = edit.place
        if (place.end_row, place.end_column) <= start:
            shift += edit.content.count("\n") - (place.end_row - place.row)
        elif place.start < start:
            return place.row + shift
    return row + shift
