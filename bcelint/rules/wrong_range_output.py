"""BCE103: an output in a known range other than [0, 1] meets a binary loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding, FixPlan
from bcelint.inference.facts import Fact, Head, Pairing
from bcelint.knowledge.domains import Expectation
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE103"):
        head = pairing.head
        yield common.report(
            "BCE103",
            pairing,
            f"{_what(head)} meets a binary loss, which wants {_wanted(pairing)}",
            label=f"this expects {_wanted(pairing)}",
            head_label=common.made_by(head),
            notes=(_symptom(pairing),),
            plans=(_sigmoid(pairing),),
            help=_help(head),
        )


def _what(head: Head) -> str:
    if head.activation:
        return f"an output of `{head.activation}` ({common.range_words(head)})"
    return f"an output with values {common.range_words(head)}"


def _wanted(pairing: Pairing) -> str:
    return "logits" if pairing.loss.expects is Expectation.LOGITS else "a probability"


def _symptom(pairing: Pairing) -> str:
    head = pairing.head
    if pairing.loss.expects is Expectation.LOGITS:
        if head.low >= 0:
            return "a sigmoid of these values is never below 0.5: no example can be called negative with confidence"
        return f"a sigmoid of values {common.range_words(head)} cannot reach one end of [0, 1]: the loss has a floor"
    if pairing.loss.name == "log_loss" and head.low < 0:
        return common.NAN_OF_LOG
    if pairing.loss.configured:
        return f"values {common.range_words(head)} are no probabilities, and the loss is another one than was meant"
    below = head.low < 0
    above = head.high > 1
    where = "below 0 and above 1" if below and above else "below 0" if below else "above 1"
    extra = "; an output stuck at 0 gives a constant loss" if head.activation == "relu" else ""
    return f"values {where} are clipped and get no gradient; some seeds train all the same{extra}"


def _sigmoid(pairing: Pairing) -> FixPlan | None:
    if pairing.loss.expects is Expectation.LOGITS:
        return common.drop_activation(pairing.head, pairing.head.activation)
    return common.set_activation(pairing.head, "sigmoid", "end the model in a sigmoid")


def _help(head: Head) -> str:
    if head.layer_name in ("LSTM", "GRU", "SimpleRNN", "Bidirectional") and not head.explicit:
        return f'end the model in Dense(1, activation="sigmoid") behind the {head.layer_name}'
    return "end the model in a sigmoid, or use a loss for this range"
