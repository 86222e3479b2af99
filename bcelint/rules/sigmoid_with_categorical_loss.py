"""BCE107: two or more sigmoid units meet a categorical loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding
from bcelint.inference.facts import Fact, Pairing
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE107"):
        yield common.report(
            "BCE107",
            pairing,
            "sigmoid outputs meet a categorical loss, which expects a softmax",
            label="this expects outputs that sum to 1",
            head_label="each output is a probability of its own here",
            notes=(_symptom(pairing),),
            plans=(common.set_activation(pairing.head, "softmax", "end the model in a softmax"),),
            help="use a softmax if each example has one class, a binary loss if it can have several",
        )


def _symptom(pairing: Pairing) -> str:
    drift = "only the ratios of the outputs are trained, so all of them can drift to 0 or 1"
    if pairing.loss.from_logits:
        drift = "the probabilities are taken for logits: a certain class counts as an uncertain one"
    elif pairing.loss.configured:
        drift = "the outputs of an example need not sum to 1, and the loss is another one than was meant"
    if common.rescued(pairing):
        return (
            "Keras on TensorFlow trains a softmax on the logits behind the sigmoids, while predict() returns the "
            f"sigmoids; on JAX and PyTorch {drift}"
        )
    return drift
