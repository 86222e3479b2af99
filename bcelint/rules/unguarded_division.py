"""BCE206: a ratio of sums whose denominator can be 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan
from bcelint.inference.facts import Fact, Numeric
from bcelint.rules import loss_code


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for fact in loss_code.numerics(facts, "BCE206"):
        yield loss_code.report(
            "BCE206",
            fact,
            f"the sum {loss_code.operand(fact)} can be 0, and nothing guards the division",
            label=f"{loss_code.reached(fact)}{loss_code.when(fact)}",
            notes=(
                "a batch in which nothing counts gives 0 / 0: the loss is NaN, and so are the weights after it"
                if fact.labels_only
                else "an empty mask that is predicted as empty gives 0 / 0: the loss is NaN, and so are the weights "
                "after it; long before, an empty mask has no gradient",
            ),
            plans=(_smooth(fact),),
            help="add a smoothing constant to both sides, or use `tf.math.divide_no_nan`",
        )


def _smooth(fact: Numeric) -> FixPlan | None:
    change = loss_code.add_inside(fact, loss_code.surviving(fact), is_call=not fact.operator)
    return FixPlan("keep the denominator off 0", Applicability.UNSAFE, (change,)) if change is not None else None
