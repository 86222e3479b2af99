"""What the code of a finding becomes when it is fixed, and the experiment for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bcelint.findings import Edit, Finding, Fix
from bcelint.fixing.converge import fix as converge
from bcelint.fixing.converge import moved
from bcelint.inference.facts import CustomLoss, Fact, LossFunction, MetricUse, Numeric, Pairing, SwappedArguments
from bcelint.inference.numeric.expressions import Expression
from bcelint.linting import Job, Linted, lint
from bcelint.places import Place
from bcelint.source import Source, read


class NotFixed(Exception):
    """The fix cannot be tried, or does not help; the message says why."""


@dataclass(frozen=True)
class Fixed:
    """A file after the fix of a finding.

    Attributes:
        source, linted: the file, and what is found in it.
        row: gives for a row of the old text where its statement is now.
    """

    source: Source
    linted: Linted
    row: Callable[[int], int]

    @property
    def facts(self) -> tuple[Fact, ...]:
        analysis = self.linted.analysis
        return analysis.facts if analysis is not None else ()

    def pairing(self, before: Pairing) -> Pairing:
        """The same head and loss after the fix; raises ``NotFixed`` where they are not understood any more."""
        row = self.row(before.site.row)
        same = [
            fact
            for fact in self.facts
            if isinstance(fact, Pairing) and abs(fact.site.row - row) <= 1 and fact.output == before.output
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
        row = self.row(before.row)
        for fact in self.facts:
            if isinstance(fact, Pairing) and fact.head.place is not None and abs(fact.head.place.row - row) <= 2:
                return fact
        return None

    def metric(self, before: MetricUse) -> MetricUse:
        """The same metric after the fix."""
        row = self.row(before.place.row)
        same = [fact for fact in self.facts if isinstance(fact, MetricUse) and abs(fact.place.row - row) <= 1]
        same.sort(key=lambda fact: (abs(fact.place.row - row), abs(fact.place.column - before.place.column)))
        if not same:
            raise NotFixed("after the fix, the metric is not understood any more")
        return same[0]

    def function(self, before: LossFunction) -> LossFunction:
        """The same loss function after the fix: fixes leave its first row where it is, or move it down."""
        place = before.definition
        down = self.row(place.row) - place.row
        moved_to = Place(place.row + down, place.column, place.end_row + down, place.end_column)
        return LossFunction(before.name, moved_to, before.roles)

    def formula(self, before: Expression) -> Expression:
        """The same loss after the fix."""
        analysis = self.linted.analysis
        row = self.row(getattr(before.node, "lineno", 0))
        for root in analysis.losses if analysis is not None else ():
            if getattr(root.node, "lineno", -1) == row:
                return root
        raise NotFixed("after the fix, the loss is not understood any more")


def fixed(source: Source, finding: Finding, job: Job) -> Fixed:
    """The file after the first fix of ``finding``; raises ``NotFixed``.

    A hand-written loss with several faults is sound only after the fixes of all of them, so all of them are made.
    """
    if finding.fix is None:
        raise NotFixed("there is no fix")
    if finding.place.path or any(edit.place.path for edit in finding.fix.edits):
        raise NotFixed("fixes across files are not evaluated")
    function = _function_of(finding.fact)
    own = _identity(finding)

    def wanted(other: Finding) -> Fix | None:
        same = _identity(other) == own if function is None else _function_of(other.fact) == function
        return other.fix if same else None

    outcome = converge(source, lambda version: lint(version, job).findings, wanted)
    if not outcome.applied:
        why = next((why for other, why in outcome.taken_back if _identity(other) == own), "it cannot be applied")
        raise NotFixed(why)
    after = read(source.path, outcome.data)
    linted = lint(after, job)
    edits = [edit for applied in outcome.applied if applied.fix is not None for edit in applied.fix.edits]
    return Fixed(after, linted, lambda row: _row_after(source, row, edits))


def _row_after(source: Source, row: int, edits: Sequence[Edit]) -> int:
    return moved(source, row, sorted(set(edits), key=lambda edit: (edit.place, edit.content)))


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
