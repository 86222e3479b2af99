"""BCE212: a power with an exponent between 0 and 1 of what can be 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding
from bcelint.inference.facts import Fact
from bcelint.rules import loss_code


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for fact in loss_code.numerics(facts, "BCE212"):
        yield loss_code.report(
            "BCE212",
            fact,
            f"the power {fact.exponent:g} of {loss_code.operand(fact)}, which {loss_code.reached(fact)}",
            label=f"{loss_code.reached(fact)}{loss_code.when(fact)}",
            notes=(
                f"x ** {fact.exponent:g} is infinitely steep at 0: where the base is 0, or so close that it rounds to "
                "0, the gradient is inf or NaN, and the weights become NaN with it",
            ),
            plans=(loss_code.keep_positive(fact, "keep the base off 0", Applicability.SAFE),),
            help="clip the base to at least 1e-7, or use an exponent of 1 or more",
        )
