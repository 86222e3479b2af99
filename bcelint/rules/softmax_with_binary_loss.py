"""BCE105: a softmax over three or more classes meets a binary loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Applicability, Finding, FixPlan, Replace
from bcelint.inference.facts import Fact, Pairing, Spelling
from bcelint.rules import common

_LOSS_FOR = {"one-hot": "categorical_crossentropy", "sparse": "sparse_categorical_crossentropy"}


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE105"):
        units = pairing.head.units
        yield common.report(
            "BCE105",
            pairing,
            f"a softmax over {units} classes meets a binary loss",
            label=f"this treats the {units} outputs as separate yes/no questions",
            head_label="the outputs sum to 1 here",
            notes=(_symptom(pairing),),
            plans=(_plan(pairing),),
            help="use a categorical loss if each example has one class, sigmoids if it can have several",
        )


def _symptom(pairing: Pairing) -> str:
    if common.rescued(pairing):
        return (
            "Keras on TensorFlow uses the logits behind the softmax and trains a sigmoid for each class, which is not "
            "what predict() returns; JAX and PyTorch train the softmax with another loss value"
        )
    return "each class is trained as a question of its own, though the softmax ties the answers together"


def _plan(pairing: Pairing) -> FixPlan | None:
    name = _LOSS_FOR.get(pairing.labels)
    definition = pairing.loss.definition
    if name is None or definition is None or pairing.loss.configured or pairing.loss.spelling is not Spelling.STRING:
        return None
    return FixPlan(f"use {name}", Applicability.UNSAFE, (Replace(definition, f'"{name}"'),))
