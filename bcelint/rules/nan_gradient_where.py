"""BCE204: a ``where`` keeps the value finite, and lets the gradient through the branch that is not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, Wrap
from bcelint.inference.facts import Fact, Numeric
from bcelint.rules import loss_code

_WHAT = {"log": "log", "divide": "division", "sqrt": "square root", "rsqrt": "square root", "power": "power"}


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for fact in loss_code.numerics(facts, "BCE204"):
        what = _WHAT.get(fact.inner_kind, fact.inner_kind)
        related = [Related(fact.inner, f"this {what} has an infinite slope there")] if fact.inner is not None else []
        yield loss_code.report(
            "BCE204",
            fact,
            f"`where` keeps the value from the {what}, not the gradient: {loss_code.operand(fact)} "
            f"{loss_code.reached(fact)}",
            label=f"{loss_code.reached(fact)}{loss_code.when(fact)}",
            related=related,
            notes=(
                "the gradient of the branch that is not taken is multiplied by 0, and 0 * inf is NaN: the loss looks "
                "right and the weights become NaN",
            ),
            plans=(_safe_input(fact),),
            help="give the function an input that is safe: a second `where` inside",
        )


def _safe_input(fact: Numeric) -> FixPlan | None:
    if fact.argument is None or fact.twin or not fact.test or not fact.function.endswith("where") or "\n" in fact.test:
        return None
    before, after = (f"{fact.test}, ", ", 1.0)") if fact.branch else (f"{fact.test}, 1.0, ", ")")
    change = Wrap(fact.argument.place, f"{fact.function}({before}", after)
    return FixPlan("make the input safe where the branch is not taken", Applicability.UNSAFE, (change,))
