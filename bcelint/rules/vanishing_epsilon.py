"""BCE202: there is a guard before the log, and it rounds away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, Replace
from bcelint.inference.facts import Fact, Numeric
from bcelint.rules import loss_code


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for fact in loss_code.numerics(facts, "BCE202"):
        assert fact.epsilon is not None
        size = abs(fact.epsilon) if abs(fact.epsilon) < 0.5 else abs(1 - fact.epsilon)
        written = f"{size:.2g}".replace("e-0", "e-")
        yield loss_code.report(
            "BCE202",
            fact,
            f"the epsilon {written} is lost when a compiler rewrites {loss_code.operand(fact)}"
            if fact.compiled
            else f"the epsilon {written} vanishes in {fact.dtype}: {loss_code.operand(fact)} {loss_code.reached(fact)}",
            label=f"{'compiled, this' if fact.compiled else 'this'} {loss_code.reached(fact)}{loss_code.when(fact)}",
            related=[Related(place, "this is too small") for place, _ in fact.epsilon_places],
            notes=(_compiled_note(fact, written) if fact.compiled else _rounding_note(fact, written),),
            plans=(_larger(fact),),
            help=f"use an epsilon that survives: {loss_code.surviving(fact)}",
        )


def _compiled_note(fact: Numeric, written: str) -> str:
    if fact.shared:
        return (
            "XLA (`jit_compile`, which Keras 3 uses on a GPU) and `jax.jit` gather the constants to "
            f"`(1 + {written}) - p`, that sum rounds to 1, and log(0) is -inf; a plain `tf.function` only keeps it "
            "because `1 - p` is used twice"
        )
    return (
        f"run eagerly this is finite; in `fit`, `tf.function`, XLA and `jax.jit` the constants are gathered to "
        f"`(1 + {written}) - p`, that sum rounds to 1, and log(0) is -inf: the loss is inf or NaN once p is 1"
    )


# How far apart the numbers around 1 are, below and above it, and the smallest number of each dtype.
SPACING = {
    "float32": ("5.96e-8", "1.19e-7", "1.4e-45"),
    "float16": ("4.88e-4", "9.77e-4", "5.96e-8"),
    "bfloat16": ("3.91e-3", "7.81e-3", "9.2e-41"),
}


def _rounding_note(fact: Numeric, written: str) -> str:
    below, above, smallest = SPACING.get(fact.dtype, SPACING["float32"])
    return (
        f"the numbers of {fact.dtype} are {below} apart just below 1 and {above} just above, and the smallest is "
        f"{smallest}: {written} is rounded away, log(0) is -inf, and 0 * inf is NaN"
    )


def _larger(fact: Numeric) -> FixPlan | None:
    if not fact.epsilon_places:
        return None
    epsilon = loss_code.surviving(fact)
    changes = tuple(
        Replace(place, epsilon if value < 0.5 else repr(1 - float(epsilon)))
        for place, value in dict.fromkeys(fact.epsilon_places)
    )
    return FixPlan(f"use {epsilon}, which survives", Applicability.SAFE, changes)
