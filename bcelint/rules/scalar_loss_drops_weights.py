"""BCE210: a loss that reduces over the batch, in training with weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, SetArgument
from bcelint.inference.facts import CustomLoss, Fact
from bcelint.rules import BY_CODE


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE210"]
    for fact in facts:
        if not isinstance(fact, CustomLoss) or fact.reduction is None or fact.weights is None:
            continue
        inside = fact.place.contains(fact.reduction)
        related = [] if inside else [Related(fact.reduction, "this makes one number of the batch")]
        related.append(Related(fact.weights, f"`{fact.weights_name}` has no effect"))
        plan = FixPlan("reduce over the last axis", Applicability.UNSAFE, (SetArgument(fact.reduction, "axis", "-1"),))
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message=f"`{fact.name}` returns one number for the batch, so `{fact.weights_name}` cannot weigh its parts",
            place=fact.place,
            focus=fact.reduction if inside else None,
            label="this makes one number of the batch" if inside else "the loss of the whole batch",
            related=tuple(related),
            notes=("Keras multiplies that one number by the mean of the weights: all examples count the same",),
            plans=(plan,) if fact.reduction_is_alone else (),
            help="return one value for each example",
            fact=fact,
        )
