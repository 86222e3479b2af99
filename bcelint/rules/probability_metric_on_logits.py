"""BCE401: a model that is trained on logits is measured by a metric that expects probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Change, Finding, FixPlan, Related, Replace, ReplaceByApi, SetArgument
from bcelint.inference.facts import Fact, MetricUse
from bcelint.knowledge import metrics
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.rules import BY_CODE
from bcelint.rules.common import head_place

# Metrics that take the argmax unless they are given a threshold, and the position of that.
_BY_ARGMAX = {"F1Score": 2, "FBetaScore": 3}


def is_blind(use: MetricUse) -> bool:
    """Whether a metric cuts or bins logits between 0 and 1."""
    loss, head = use.loss, use.head
    if loss is None or loss.family is not Family.BINARY or loss.expects is not Expectation.LOGITS:
        return False
    if head is not None and head.domain is not Domain.REAL:
        return False
    if use.name == metrics.ACCURACY.name:
        return head is None or head.units is None or head.units == 1
    spec = metrics.by_name(use.name)
    if spec is None or spec.reading is not metrics.Reading.PROBABILITY:
        return False
    if use.name in _BY_ARGMAX and "threshold" not in use.keywords and use.positional < _BY_ARGMAX[use.name]:
        return head is not None and head.units == 1
    if use.cut is None:
        return "top_k" not in use.keywords
    if isinstance(use.cut, bool):
        return not use.cut
    # Any other cut may have been chosen for logits.
    return use.cut == 0.5


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    rule = BY_CODE["BCE401"]
    for use in facts:
        if not isinstance(use, MetricUse) or not is_blind(use) or use.loss is None:
            continue
        related = []
        end = head_place(use.head) if use.head is not None else None
        if end is not None:
            related.append(Related(end, "the output is logits: it has no activation"))
        source = use.loss.flag_keyword or use.loss.flag or use.loss.definition
        if source is not None:
            related.append(Related(source, "the loss takes the output for logits"))
        name = use.string or use.name
        yield Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            message=f"`{name}` takes the output for a probability, but the loss is told that it is logits",
            place=use.place,
            label=_label(use),
            related=tuple(related),
            notes=(_symptom(use),),
            plans=_plans(use),
            help=_HELP.get(use.name, "apply a sigmoid before this metric: it takes no threshold outside (0, 1]"),
            fact=use,
        )


_HELP = {"accuracy": "cut at 0", "BinaryAccuracy": "cut at 0"}
_BINS = frozenset(
    {"AUC", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"}
)


def _is_configured(use: MetricUse) -> bool:
    spec = metrics.by_name(use.name)
    return spec is not None and spec.configured


def _label(use: MetricUse) -> str:
    if _is_configured(use):
        return "this expects a probability"
    if use.name in _BINS:
        return "its thresholds lie between 0 and 1"
    if use.name == "BinaryCrossentropy":
        return "this clips the logits to [0, 1]"
    if use.name in _BY_ARGMAX:
        cuts = "threshold" in use.keywords or use.positional >= _BY_ARGMAX[use.name]
        return "this cuts between 0 and 1" if cuts else "without a threshold this takes the argmax of one unit"
    return "this cuts at 0.5"


def _symptom(use: MetricUse) -> str:
    """Measured with Keras 3 and tf_keras: tests/rules/test_numbers.py."""
    if _is_configured(use):
        return "logits are read as if they were probabilities"
    if use.name == "AUC":
        return "logits that are all above 1 or all below 0 give an AUC of 0.5, however well they rank the examples"
    if use.name in _BINS:
        return "logits outside [0, 1] all fall into the end bins"
    if use.name == "BinaryCrossentropy":
        return "it differs from the loss, and reads 15.4 to 16.1 for a positive example with a negative logit"
    if use.name in _BY_ARGMAX and "cuts" not in _label(use):
        return "the largest of one unit is that unit: every example is counted as positive"
    return "a logit of 0.5 is a probability of 0.62: examples between 0.50 and 0.62 are counted as negative"


def _plans(use: MetricUse) -> tuple[FixPlan, ...]:
    applicability = Applicability.SAFE if use.head is not None else Applicability.UNSAFE
    changes: tuple[Change, ...]
    if use.name == metrics.ACCURACY.name:
        change = ReplaceByApi(use.place, "keras.metrics.BinaryAccuracy", f'name="{use.string}", threshold=0.0')
        return (FixPlan("cut at 0, where the probability is 0.5", applicability, (change,)),)
    spec = metrics.by_name(use.name)
    if spec is None or spec.cut is None or spec.cut_value is None:
        return ()
    message = (
        "tell it that the output is logits" if spec.cut_value == "True" else "cut at 0, where the probability is 0.5"
    )
    if use.cut_place is not None:
        changes = (Replace(use.cut_place, spec.cut_value),)
    elif use.call is not None:
        changes = (SetArgument(use.call, spec.cut, spec.cut_value),)
    elif spec.configured:
        return ()
    else:
        name = use.string or "binary_accuracy" if use.name == "BinaryAccuracy" else use.string or use.name
        api = f"keras.metrics.{use.name}"
        changes = (ReplaceByApi(use.place, api, f'name="{name}", {spec.cut}={spec.cut_value}'),)
    return (FixPlan(message, applicability, changes),)
