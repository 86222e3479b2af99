"""BCE111: dropout or noise between the output activation and a cross-entropy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, Swap
from bcelint.inference.facts import Fact, Pairing, Step
from bcelint.knowledge.domains import Domain
from bcelint.places import Place
from bcelint.rules import BY_CODE
from bcelint.rules.common import head_place

_ENDS = (Domain.PROBABILITY, Domain.SIMPLEX)


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    seen: set[Place] = set()
    for fact in facts:
        if not isinstance(fact, Pairing) or fact.head.domain not in _ENDS or not fact.head.activation:
            continue
        for step in fact.head.steps:
            if step.kind in ("dropout", "noise") and step.place is not None and step.place not in seen:
                seen.add(step.place)
                yield _finding(fact, step, step.place)


_SYMPTOMS = {
    "dropout": (
        "a zeroed output of a positive example costs 15.4 to 16.1 and gets no gradient: the training loss stays "
        "above the validation loss"
    ),
    "noise": "outputs that the noise moves out of [0, 1] are clipped in the loss and get no gradient",
}


def _finding(pairing: Pairing, step: Step, place: Place) -> Finding:
    rule = BY_CODE["BCE111"]
    head = pairing.head
    what = "zeroes some probabilities and scales the others past 1" if step.kind == "dropout" else "adds noise to them"
    related = [Related(pairing.site, "this loss gets what is left")]
    end = head_place(head)
    if end is not None:
        related.insert(0, Related(end, f"the `{head.activation}` of the output is here"))
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.severity,
        message=f"`{step.name}` stands between the output activation and the loss",
        place=place,
        label=f"in training this {what}",
        related=tuple(related),
        notes=(_SYMPTOMS[step.kind],),
        plans=_plans(pairing, step, place),
        help="move it before the output layer",
        fact=pairing,
    )


def _plans(pairing: Pairing, step: Step, place: Place) -> tuple[FixPlan, ...]:
    """Change places with the output layer, where the two are neighbours."""
    head = pairing.head
    inside = (
        head.layer is not None
        and head.activation_argument is not None
        and head.layer.contains(head.activation_argument)
    )
    if head.steps[:1] != (step,) or not inside or head.layer is None:
        return ()
    return (FixPlan("move it before the output layer", Applicability.UNSAFE, (Swap(head.layer, place),)),)
