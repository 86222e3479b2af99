"""BCE201: the argument of a log can be 0 or negative."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding
from bcelint.inference.facts import Fact
from bcelint.rules import loss_code


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    found = list(loss_code.numerics(facts, "BCE201"))
    for fact in found:
        is_share = fact.low >= 0 and fact.high <= 1
        negative = fact.reached < 0
        yield loss_code.report(
            "BCE201",
            fact,
            f"the log of {loss_code.operand(fact)}, which {loss_code.reached(fact)}",
            label=f"{loss_code.reached(fact)}{loss_code.when(fact)}",
            notes=(
                "the log of a negative number is NaN, and so are the loss and its gradient"
                if negative
                else "log(0) is -inf: the loss becomes inf, or NaN where it is multiplied by 0, and the weights become "
                "NaN with it" + ("; a float32 sigmoid is exactly 1 from a logit of 16.75 on" if is_share else ""),
            ),
            plans=(loss_code.clip_plan(fact, found),),
            help="clip the probability to [1e-7, 1 - 1e-7], or compute the loss from the logits",
        )
