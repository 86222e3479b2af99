"""BCE203: the number that should keep an operand off 0 is added behind the operation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Change, Finding, FixPlan, Related, Replace
from bcelint.inference.facts import Fact, Numeric
from bcelint.rules import loss_code


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for fact in loss_code.numerics(facts, "BCE203"):
        assert fact.outside is not None
        state = loss_code.reached(fact)
        what = "log" if fact.kind == "log" else "division"
        yield loss_code.report(
            "BCE203",
            fact,
            f"`{fact.outside.text}` is added behind the {what}, and {loss_code.operand(fact)} {state}",
            label=f"{state}{loss_code.when(fact)}",
            related=[Related(fact.outside.place, "this belongs inside")],
            notes=(
                "-inf + eps is still -inf: the loss becomes inf or NaN"
                if fact.kind == "log"
                else "0 / 0 is NaN, and NaN + eps is still NaN",
            ),
            plans=(_inside(fact),),
            help=f"add it to what the {what} is taken of",
        )


def _inside(fact: Numeric) -> FixPlan | None:
    outside = loss_code.without_outside(fact)
    if outside is None or fact.outside is None:
        return None
    keeps = fact.outside_value >= float(loss_code.surviving(fact)) * 0.99
    epsilon = fact.outside.text if keeps else loss_code.surviving(fact)
    inner: Change | None = loss_code.add_inside(fact, epsilon, is_call=fact.kind == "log")
    if inner is None:
        return None
    return FixPlan("move it inside", Applicability.SAFE, (inner, Replace(outside, "")))
