"""BCE207: a cross-entropy with the wrong sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, Wrap
from bcelint.inference.facts import CustomLoss, Fact
from bcelint.rules import BY_CODE


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE207"]
    for fact in facts:
        if not isinstance(fact, CustomLoss) or not fact.rises:
            continue
        both = len(fact.rises) == 2
        which = "" if both else f" for label {fact.rises[0]}"
        good, bad = fact.values
        worst = 0.05 if fact.rises[0] else 0.95
        plan = FixPlan("give it the minus sign", Applicability.UNSAFE, (Wrap(fact.place, "-(", ")"),))
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message=f"`{fact.name}` falls as the predictions get worse{which}: a sign is wrong",
            place=fact.place,
            label=f"label {fact.rises[0]}: {good:.4f} where it is predicted as {1 - worst:g}, {bad:.4f} as {worst:g}",
            related=(Related(fact.compiled, "the loss is used here"),) if fact.compiled is not None else (),
            notes=("training makes the loss ever more negative, and the model learns the opposite",),
            help="each term of a cross-entropy is -y * log(p)",
            plans=(plan,) if both else (),
            fact=fact,
        )
