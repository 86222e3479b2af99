"""BCE205: the log of a sigmoid, a softmax or ``1 + exp(z)``, written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Replace
from bcelint.inference.facts import Fact, Numeric
from bcelint.places import Place
from bcelint.rules import loss_code

_WRITTEN = {
    "log_sigmoid": "the log of a sigmoid",
    "log_sigmoid of the negative": "the log of 1 - sigmoid",
    "log_softmax": "the log of a softmax",
    "softplus": "log(1 + exp(z))",
}


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for fact in loss_code.numerics(facts, "BCE205"):
        state = (
            "exp can overflow" if fact.twin == "softplus" else f"{loss_code.operand(fact)} {loss_code.reached(fact)}"
        )
        stable = "log_sigmoid(-z)" if fact.twin.endswith("negative") else f"{fact.twin}(z)"
        squashed = fact.twin.split()[0].removeprefix("log_")
        yield loss_code.report(
            "BCE205",
            fact,
            f"{_WRITTEN[fact.twin]} is written out, and {state}",
            label=f"{loss_code.reached(fact)}{loss_code.when(fact)}",
            notes=(
                "exp overflows in float32 from 88.73 on, and the gradient is NaN; softplus(100) is 100"
                if fact.twin == "softplus"
                else f"in float32 a {squashed} is exactly 0 or 1 for large inputs, where the log is -inf or has no "
                f"gradient; {stable} is exact",
            ),
            plans=(_twin(fact),),
            help=f"use {stable}",
        )


def _twin(fact: Numeric) -> FixPlan | None:
    if fact.operand is None or not fact.place.contains(fact.operand.place):
        return None
    before = loss_code.stable_call(fact)
    if not before:
        return None
    whole, inner = fact.place, fact.operand.place
    opening, closing = before
    changes = (
        Replace(Place(whole.row, whole.column, inner.row, inner.column, whole.path), opening),
        Replace(Place(inner.end_row, inner.end_column, whole.end_row, whole.end_column, whole.path), closing),
    )
    return FixPlan("use the stable function", Applicability.SAFE, changes)
