"""BCE102: an output that can be any number meets a binary loss that expects probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding
from bcelint.inference.facts import Fact, Pairing
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE102"):
        head, loss = pairing.head, pairing.loss
        if head.literal:
            message = "the predictions leave [0, 1], and the loss takes them for probabilities"
        else:
            message = "the output has no sigmoid, and the loss takes it for a probability"
        plans = [
            common.set_activation(head, "sigmoid", "end the model in a sigmoid"),
            common.set_flag(pairing, "BinaryFocalCrossentropy" if "Focal" in loss.name else "BinaryCrossentropy"),
        ]
        if pairing.intent == "logits" or head.literal:
            plans.reverse()
        yield common.report(
            "BCE102",
            pairing,
            message,
            label="this expects a probability",
            head_label=common.made_by(head),
            notes=(_symptom(pairing),),
            plans=plans,
            help="apply a sigmoid before the loss, or use a loss that takes logits",
        )


def _symptom(pairing: Pairing) -> str:
    """Measured with Keras 3 and tf_keras: tests/rules/test_numbers.py."""
    if pairing.loss.name == "log_loss":
        return common.NAN_OF_LOG
    if pairing.loss.configured:
        return "what is not between 0 and 1 is no probability, and the loss is another one than was meant"
    return (
        "values outside [0, 1] are clipped and get no gradient: a wrong one costs 15.9 to 16.1 (15.2 to 15.4 in "
        "tf_keras) and teaches nothing; some seeds train all the same, others stay near 7.6 to 8.1"
    )
