"""BCE208: the prediction stands where the loss takes the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, Swap
from bcelint.inference.facts import Fact, SwappedArguments
from bcelint.rules import BY_CODE


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE208"]
    for fact in facts:
        if not isinstance(fact, SwappedArguments):
            continue
        related = [Related(fact.compiled, "Keras calls it with the labels first")] if fact.compiled is not None else []
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message=(
                f"`{fact.loss}` takes the prediction first, and Keras gives it the labels first"
                if fact.compiled is not None
                else f"`{fact.loss}` takes the labels first, and gets the prediction"
            ),
            place=fact.place,
            focus=fact.first if fact.place.contains(fact.first) else None,
            label="the labels belong here",
            related=tuple(related),
            # A loss of the file's own may clip otherwise.
            notes=(
                "the log is taken of the labels, clipped to 1e-7 and 1 - 1e-7: in Keras 3 the gradient is 16.12 or "
                "-15.94 whatever the prediction is, and the loss stays high",
            )
            if fact.api
            else (),
            plans=(FixPlan("swap them", Applicability.UNSAFE, (Swap(fact.first, fact.second),)),),
            fact=fact,
        )
