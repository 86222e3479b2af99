"""BCE402: the class ``Accuracy()`` compares predictions and labels for equality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Related, ReplaceByApi
from bcelint.inference.facts import Fact, MetricUse
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.rules import BY_CODE
from bcelint.rules.common import head_place

_FITS = {
    Family.BINARY: "BinaryAccuracy",
    Family.CATEGORICAL: "CategoricalAccuracy",
    Family.SPARSE: "SparseCategoricalAccuracy",
}


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE402"]
    for use in facts:
        if not isinstance(use, MetricUse) or use.name != "Accuracy" or use.string is not None:
            continue
        cross_entropy = use.loss is not None and use.loss.family is not Family.OTHER
        if not cross_entropy and (use.head is None or use.head.domain is Domain.UNKNOWN):
            continue
        related = []
        end = head_place(use.head) if use.head is not None else None
        if end is not None:
            related.append(Related(end, "the output is a float"))
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message="`Accuracy()` counts predictions that equal the label exactly, which floats never do",
            place=use.place,
            label="0.97 is not 1",
            related=tuple(related),
            notes=('it reads 0.0, except where an output saturates; the string "accuracy" is another metric',),
            plans=_plans(use),
            help='use "accuracy", or the accuracy class that fits the loss',
            fact=use,
        )


def _plans(use: MetricUse) -> tuple[FixPlan, ...]:
    name = _FITS.get(use.loss.family) if use.loss is not None else None
    if name is None or use.loss is None or use.call is None:
        return ()
    arguments = use.argument_text
    if not use.positional and "name" not in use.keywords:
        # Callbacks and the history go by the name that the metric had.
        arguments = ", ".join(filter(None, ['name="accuracy"', arguments]))
    if name == "BinaryAccuracy" and use.loss.expects is Expectation.LOGITS:
        arguments = ", ".join(filter(None, [arguments, "threshold=0.0"]))
    change = ReplaceByApi(use.place, f"keras.metrics.{name}", arguments)
    return (FixPlan(f"use {name}", Applicability.SAFE, (change,)),)
