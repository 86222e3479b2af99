"""BCE108: a softmax output meets a categorical loss that applies another softmax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import e, log

from bcelint.findings import Finding
from bcelint.inference.facts import Fact, Pairing
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE108"):
        loss = pairing.loss
        label = f"`{loss.name}` applies a softmax again" if loss.flag is None else "and this applies a softmax again"
        yield common.report(
            "BCE108",
            pairing,
            "the output ends in a softmax, and the loss applies another",
            label=label,
            head_label=common.made_by(pairing.head),
            notes=(f"{_floor(pairing)}, and accuracy may still look normal; {common.rescue_note(pairing)}",),
            plans=(common.drop_flag(loss, "a softmax"), common.drop_activation(pairing.head, "softmax")),
            help="hand the loss the tensor from before the softmax",
        )


def _floor(pairing: Pairing) -> str:
    """The loss of a perfect prediction: -log(e / (e + C - 1)) for C classes."""
    if not common.is_plain(pairing.loss):
        return "a certain prediction counts as an uncertain one, so the loss cannot come near 0"
    classes = pairing.head.units
    if classes is None or classes < 2:
        return "the loss cannot come near 0 (1.4612 is its floor for 10 classes)"
    return f"the loss cannot fall below {-log(e / (e + classes - 1)):.4f} with {classes} classes"
