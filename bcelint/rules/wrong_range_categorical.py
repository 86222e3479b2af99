"""BCE110: relu, tanh or another bounded output meets a categorical loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding
from bcelint.inference.facts import Fact, Pairing
from bcelint.knowledge.domains import Expectation, Family
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE110"):
        head = pairing.head
        wants_logits = pairing.loss.expects is Expectation.LOGITS
        yield common.report(
            "BCE110",
            pairing,
            f"an output of `{head.activation}` ({common.range_words(head)}) meets a categorical loss, "
            f"which wants {'logits' if wants_logits else 'a softmax'}",
            label="this expects logits, any number" if wants_logits else "this expects probabilities that sum to 1",
            head_label=common.made_by(head),
            notes=(_symptom(pairing),),
            plans=(
                common.drop_activation(head, head.activation)
                if wants_logits
                else common.set_activation(head, "softmax", "end the model in a softmax"),
            ),
            help="end the model in a softmax",
        )


def _symptom(pairing: Pairing) -> str:
    head = pairing.head
    relu = head.activation.startswith("relu")
    if pairing.loss.expects is Expectation.LOGITS:
        if relu:
            return "a unit at 0 gets no gradient; with all of them at 0 every class has the same probability"
        return f"logits {common.range_words(head)} cannot tell the classes far apart: the loss has a floor"
    if pairing.loss.configured:
        return f"values {common.range_words(head)} do not sum to 1, and the loss is another one than was meant"
    if relu and pairing.loss.family is Family.CATEGORICAL:
        return "a unit at 0 gets no gradient, and a row of zeros is divided by its sum, 0: the loss is NaN"
    if relu:
        return "a unit at 0 gets no gradient: nothing lifts a class that an example has switched off"
    return "the outputs are divided by their sum and clipped to [0, 1]; negative ones get no gradient"
