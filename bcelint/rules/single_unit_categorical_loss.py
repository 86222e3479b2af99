"""BCE106: one unit meets a categorical loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Replace, ReplaceByApi
from bcelint.inference.facts import Fact, Pairing, Spelling
from bcelint.knowledge.domains import Domain, Family
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE106"):
        sparse = pairing.loss.family is Family.SPARSE
        symptom = "the loss is 0.0 (or about 1e-7) whatever the prediction: with one class there is nothing to choose"
        if pairing.loss.configured:
            symptom = "with one class there is nothing to choose"
        elif sparse:
            symptom += "; a label of 1 is out of range, which TensorFlow raises on a CPU and JAX passes over in silence"
        yield common.report(
            "BCE106",
            pairing,
            "one output unit meets a categorical loss, which needs one for each class",
            label="this compares the units of a row with each other",
            head_label="one unit",
            notes=(symptom,),
            plans=(_plan(pairing),),
            help="use a binary loss, or one unit for each class",
        )


def _plan(pairing: Pairing) -> FixPlan | None:
    """The binary loss, where the head already fits it."""
    head, loss = pairing.head, pairing.loss
    fits = head.domain is Domain.PROBABILITY and not loss.from_logits
    logits = head.domain is Domain.REAL and loss.from_logits
    if (
        loss.definition is None
        or loss.configured
        or not (fits or logits)
        or loss.name.startswith(("softmax_", "sparse_softmax_"))
    ):
        return None
    if loss.spelling is Spelling.STRING:
        return FixPlan(
            "use the binary loss", Applicability.UNSAFE, (Replace(loss.definition, '"binary_crossentropy"'),)
        )
    if loss.spelling is Spelling.CLASS:
        change = ReplaceByApi(loss.definition, "keras.losses.BinaryCrossentropy", "from_logits=True" if logits else "")
        return FixPlan("use the binary loss", Applicability.UNSAFE, (change,))
    return None
