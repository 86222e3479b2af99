"""BCE211: what makes a loss is given to ``compile`` instead of the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, Wrap
from bcelint.inference.facts import Fact, UncalledLoss
from bcelint.rules import BY_CODE


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE211"]
    for fact in facts:
        if not isinstance(fact, UncalledLoss):
            continue
        is_class = fact.kind == "class"
        plan = FixPlan("call it", Applicability.SAFE, (Wrap(fact.place, "", "()"),))
        # What a factory needs that the configuration describes is not known.
        fixable = not fact.needs and (is_class or fact.definition is not None)
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message=f"`{fact.name}` is a {'class' if is_class else 'function that makes a loss'}, and is not called",
            place=fact.place,
            label="the loss is what it returns" if not is_class else "the loss is an object of it",
            related=(Related(fact.definition, "defined here"),) if fact.definition is not None else (),
            plans=(plan,) if fixable else (),
            help=f"call it with {', '.join(f'`{name}`' for name in fact.needs)}" if fact.needs else "call it",
            fact=fact,
        )
