"""BCE405: "accuracy" on several independent outputs is the accuracy of the argmax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, ReplaceByApi
from bcelint.inference.facts import Fact, Head, MetricUse
from bcelint.knowledge import metrics
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.rules import BY_CODE
from bcelint.rules.common import head_place, is_squashed


def is_argmax(use: MetricUse) -> bool:
    """Whether ``"accuracy"`` compares the argmax of outputs that are trained as separate questions."""
    head, loss = use.head, use.loss
    if use.name != metrics.ACCURACY.name or head is None or loss is None or loss.family is not Family.BINARY:
        return False
    # Of two units one is as often as not the complement of the other, with one-hot labels.
    least = 2 if use.labels == "multi-hot" else 3
    if head.units is None or head.units < least or use.labels == "one-hot":
        return False
    if loss.expects is Expectation.LOGITS:
        return head.domain is Domain.REAL
    return head.domain is Domain.PROBABILITY and is_squashed(head)


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE405"]
    for use in facts:
        if not isinstance(use, MetricUse) or not is_argmax(use) or use.head is None:
            continue
        related = []
        end = head_place(use.head)
        if end is not None:
            related.append(Related(end, f"{use.head.units} outputs, each a question of its own"))
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message=f'"{use.string}" on {use.head.units} separate outputs compares only which of them is largest',
            place=use.place,
            label="CategoricalAccuracy in TF 2.2 and newer and in Keras 3, whatever the loss",
            related=tuple(related),
            notes=(
                "a row counts as right when its largest output is the first of its labels; the others do not count",
            ),
            plans=_plans(use, use.head),
            help="use BinaryAccuracy()",
            fact=use,
        )


def _plans(use: MetricUse, head: Head) -> tuple[FixPlan, ...]:
    threshold = ", threshold=0.0" if head.domain is Domain.REAL else ""
    change = ReplaceByApi(use.place, "keras.metrics.BinaryAccuracy", f'name="{use.string}"{threshold}')
    return (FixPlan("count each output", Applicability.UNSAFE, (change,)),)
