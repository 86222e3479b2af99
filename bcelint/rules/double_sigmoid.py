"""BCE101: a sigmoid output meets a loss that applies another sigmoid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding
from bcelint.inference.facts import Fact
from bcelint.knowledge.domains import Domain
from bcelint.rules import common


def check(facts: Sequence[Fact]) -> Iterator[Finding]:
    for pairing in common.pairings(facts, "BCE101"):
        head, loss = pairing.head, pairing.loss
        softmax = head.domain is Domain.SIMPLEX
        what = "a softmax" if softmax else "a sigmoid"
        wants = f"`{loss.name}` applies a sigmoid again" if loss.flag is None else "and this applies a sigmoid again"
        if common.is_plain(loss):
            floor = (
                f"the loss cannot fall below {common.FLOOR_POSITIVE} for positives and {common.FLOOR_NEGATIVE} for "
                f"negatives (about {common.FLOOR_BALANCED} on balanced data)"
            )
        else:
            floor = "a certain positive counts as 0.73 and a certain negative as 0.50, so the loss cannot come near 0"
        floor += ", and accuracy may still look normal"
        yield common.report(
            "BCE101",
            pairing,
            f"the output ends in {what}, and the loss applies a sigmoid to it again",
            label=wants,
            head_label=common.made_by(head),
            notes=(f"{floor}; {common.rescue_note(pairing)}",),
            plans=(
                common.drop_flag(loss, "a probability"),
                common.drop_activation(head, "softmax" if softmax else "sigmoid"),
            ),
            help="hand the loss the tensor from before the activation",
        )
