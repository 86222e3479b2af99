"""BCE104: a softmax over an axis of length 1 is the constant 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, Replace, Severity
from bcelint.inference.facts import Fact, SingleUnitSoftmax
from bcelint.rules import BY_CODE


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE104"]
    for fact in facts:
        if isinstance(fact, SingleUnitSoftmax):
            head = fact.role == "head"
            where = f" (where {' and '.join(fact.branch)})" if fact.branch else ""
            yield Finding(
                code=rule.code,
                name=rule.name,
                severity=rule.severity if head else Severity.WARNING,
                message=(_HEAD if head else _INNER) + where,
                place=fact.place,
                focus=fact.activation_keyword,
                label="exp(z) / exp(z) is 1, whatever the input",
                related=_related(fact),
                notes=(_HEAD_NOTE if head else _INNER_NOTE,),
                plans=_plans(fact) if head else (),
                help="use a sigmoid" if head else "take the softmax over the axis that the weights should sum to 1 on",
                fact=fact,
            )


_HEAD = "the output is a softmax over one unit: the constant 1"
_INNER = "a softmax over an axis of length 1 makes every weight 1"
_HEAD_NOTE = (
    "predict() says 1.0 for everything and accuracy stays at the share of positives; Keras on TensorFlow trains the "
    "logits behind it all the same, so the loss may fall"
)
_INNER_NOTE = "what it multiplies passes unchanged, and the layers before it get no gradient"


def _related(fact: SingleUnitSoftmax) -> tuple[Related, ...]:
    related = []
    if fact.layer is not None and not fact.layer.contains(fact.place) and fact.layer != fact.place:
        related.append(Related(fact.layer, "one unit"))
    if fact.loss is not None:
        related.append(Related(fact.loss, "this loss gets the constant 1"))
    return tuple(related)


def _plans(fact: SingleUnitSoftmax) -> tuple[FixPlan, ...]:
    if fact.activation_argument is None:
        return ()
    change = Replace(fact.activation_argument, '"sigmoid"')
    return (FixPlan("end the model in a sigmoid", Applicability.UNSAFE, (change,)),)
