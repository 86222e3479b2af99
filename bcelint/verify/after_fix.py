"""What the code of a finding becomes when it is fixed, and the experiment for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bcelint.findings import Edit, Finding, Fix
from bcelint.fixing.across import fault_of, syntax_fault
from bcelint.fixing.converge import fix as converge
from bcelint.fixing.converge import moved
from bcelint.inference.facts import CustomLoss, Fact, LossFunction, MetricUse, Numeric, Pairing, SwappedArguments
from bcelint.inference.numeric.expressions import Expression
from bcelint.linting import Job, Linted, lint
from bcelint.places import Place
from bcelint.project import ORIGIN
from bcelint.source import Source, read


class NotFixed(Exception):
    """The fix cannot be tried, or does not help; the message says why."""


@dataclass(frozen=True)
class Fixed:
    """A file after the fix of a finding.

    Attributes:
        source, linted: the file, and what is found in it.
        row: gives for a place in the old text the row where its statement is now.
    """

    source: Source
    linted: Linted
    row: Callable[[Place], int]

    def file(self, path: str) -> Source:
        """The file that places with ``path`` are in."""
        return self.linted.sources[path] if path else self.source

    @property
    def facts(self) -> tuple[Fact, ...]:
        analysis = self.linted.analysis
        return analysis.facts if analysis is not None else ()

    def pairing(self, before: Pairing) -> Pairing:
        """The same head and loss after the fix; raises ``NotFixed`` where they are not understood any more."""
        row = self.row(before.site)
        same = [
            fact
            for fact in self.facts
            if isinstance(fact, Pairing)
            and fact.site.path == before.site.path
            and abs(fact.site.row - row) <= 1
            and fact.output == before.output
        ]
        # In the branches of one call, several pairs meet in one place.
        same.sort(
            key=lambda fact: (
                fact.branch != before.branch,
                abs(fact.site.row - row),
                abs(fact.site.column - before.site.column),
            )
        )
        if not same:
            raise NotFixed("after the fix, the output and the loss are not understood any more")
        return same[0]

    def pairing_of_head(self, before: Place) -> Pairing | None:
        """The pair whose output is made where ``before`` was."""
        row = self.row(before)
        for fact in self.facts:
            place = fact.head.place if isinstance(fact, Pairing) else None
            if isinstance(fact, Pairing) and place and place.path == before.path and abs(place.row - row) <= 2:
                return fact
        return None

    def metric(self, before: MetricUse) -> MetricUse:
        """The same metric after the fix."""
        row = self.row(before.place)
        metrics = [fact for fact in self.facts if isinstance(fact, MetricUse) and fact.place.path == before.place.path]
        same = [fact for fact in metrics if abs(fact.place.row - row) <= 1]
        same.sort(key=lambda fact: (abs(fact.place.row - row), abs(fact.place.column - before.place.column)))
        if not same:
            raise NotFixed("after the fix, the metric is not understood any more")
        return same[0]

    def function(self, before: LossFunction) -> LossFunction:
        """The same loss function after the fix: fixes leave its first row where it is, or move it down."""
        place = before.definition
        down = self.row(place) - place.row
        moved_to = replace(place, row=place.row + down, end_row=place.end_row + down)
        return LossFunction(before.name, moved_to, before.roles)

    def formula(self, before: Expression) -> Expression:
        """The same loss after the fix."""
        analysis = self.linted.analysis
        path = _path_of(before)
        row = self.row(Place(getattr(before.node, "lineno", 0), 1, 0, 0, path))
        for root in analysis.losses if analysis is not None else ():
            if getattr(root.node, "lineno", -1) == row and _path_of(root) == path:
                return root
        raise NotFixed("after the fix, the loss is not understood any more")


def _path_of(expression: Expression) -> str:
    """The file that an expression is in, if that is another one."""
    origin: Source | None = getattr(expression.node, ORIGIN, None)
    return origin.path if origin is not None else ""


def fixed(source: Source, linted: Linted, finding: Finding, job: Job) -> Fixed:
    """The file after the first fix of ``finding``; raises ``NotFixed``.

    A hand-written loss with several faults is sound only after the fixes of all of them, so all of them are made.
    """
    if finding.fix is None:
        raise NotFixed("there is no fix")
    function = _function_of(finding.fact)
    own = _identity(finding)

    def wanted(other: Finding) -> Fix | None:
        same = _identity(other) == own if function is None else _function_of(other.fact) == function
        return other.fix if same else None

    if finding.place.path or any(edit.place.path for edit in finding.fix.edits):
        return _fixed_across(source, linted, finding, [f for f in linted.findings if wanted(f) is not None], job)
    outcome = converge(source, lambda version: lint(version, job).findings, wanted)
    if not outcome.applied:
        why = next((why for other, why in outcome.taken_back if _identity(other) == own), "it cannot be applied")
        raise NotFixed(why)
    after = read(source.path, outcome.data)
    edits = [edit for applied in outcome.applied if applied.fix is not None for edit in applied.fix.edits]
    return Fixed(after, lint(after, job), lambda place: _row_after(source, place, edits))


def _fixed_across(source: Source, linted: Linted, finding: Finding, batch: Sequence[Finding], job: Job) -> Fixed:
    """The file after fixes that change others as well."""
    edits: dict[str, set[Edit]] = {}
    for fix in (other.fix for other in batch if other.fix is not None):
        for edit in fix.edits:
            edits.setdefault(edit.place.path, set()).add(edit)
    before = {path: linted.sources[path] if path else source for path in edits}
    after = {
        path: read(before[path].path, before[path].apply(sorted(each, key=_order))) for path, each in edits.items()
    }
    if fault := syntax_fault(before, after):
        raise NotFixed(fault)
    main = after.pop("", source)
    found = lint(main, job, after)
    own = (other for other in linted.findings if not other.place.path)
    if fault := fault_of(finding, (*own, *linted.elsewhere), (*found.findings, *found.elsewhere)):
        raise NotFixed(fault)

    def row(place: Place) -> int:
        here = before.get(place.path)
        return _row_after(here, place, list(edits[place.path])) if here is not None else place.row

    return Fixed(main, found, row)


def _row_after(source: Source, place: Place, edits: Sequence[Edit]) -> int:
    return moved(source, place.row, sorted(set(edits), key=_order))


def _order(edit: Edit) -> tuple[Place, str]:
    return edit.place, edit.content


def _identity(finding: Finding) -> tuple[str, Place]:
    return finding.code, finding.place


def _function_of(fact: Fact | None) -> tuple[str, int] | None:
    """The hand-written loss that a fact is about, so that it is known again after edits.

    Operations outside of functions are parts of one computation, as far as it matters here.
    """
    if isinstance(fact, Numeric) and fact.loss is None:
        return "", 0
    function = fact.function if isinstance(fact, SwappedArguments) else None
    if isinstance(fact, (Numeric, CustomLoss)):
        function = fact.loss
    return (function.name, function.definition.column) if function is not None else None
