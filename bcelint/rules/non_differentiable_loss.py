"""BCE209: no gradient leads from the loss to the prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding, Related
from bcelint.inference.facts import CustomLoss, Fact
from bcelint.rules import BY_CODE


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE209"]
    for fact in facts:
        if not isinstance(fact, CustomLoss) or fact.cut is None:
            continue
        inside = fact.place.contains(fact.cut)
        related = [] if inside else [Related(fact.cut, "no gradient passes this")]
        if fact.compiled is not None:
            related.append(Related(fact.compiled, "the loss is used here"))
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message=f"`{fact.name}` has no gradient: the prediction only reaches it through `{fact.cut_name}`",
            place=fact.place,
            focus=fact.cut if inside else None,
            label="no gradient passes this" if inside else "and nothing else leads to the prediction",
            related=tuple(related),
            notes=("the model does not learn: the gradient is missing or 0, whatever the prediction",),
            help="use a smooth form for training, and keep this one as a metric",
            fact=fact,
        )
