"""BCE109: an output that can be any number meets a categorical loss that expects a softmax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding
from bcelint.inference.facts import Fact, LossUse
from bcelint.knowledge.domains import Family
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE109"):
        head, loss = pairing.head, pairing.loss
        sparse = loss.family is Family.SPARSE
        if "Focal" in loss.name:
            loss_class = "CategoricalFocalCrossentropy"
        else:
            loss_class = "SparseCategoricalCrossentropy" if sparse else "CategoricalCrossentropy"
        plans = [
            common.set_activation(head, "softmax", "end the model in a softmax"),
            common.set_flag(pairing, loss_class),
        ]
        if pairing.intent == "logits" or head.literal:
            plans.reverse()
        yield common.report(
            "BCE109",
            pairing,
            "the predictions are no probabilities, and the loss takes them for such"
            if head.literal
            else "the output has no softmax, and the loss takes it for one",
            label="this expects probabilities that sum to 1",
            head_label=common.made_by(head),
            notes=(_symptom(loss),),
            plans=plans,
            help="apply a softmax before the loss, or use a loss that takes logits",
        )


def _symptom(loss: LossUse) -> str:
    if loss.configured:
        return "what does not sum to 1 is no distribution over the classes, and the loss is another one than was meant"
    return (
        "the outputs are clipped and divided by their sum as if they were probabilities: negative ones get no "
        "gradient, and the loss can stay near 16.1 or jump about; some seeds train all the same"
    )
