"""Draws the floor of binary cross-entropy: four curves over a, for a neuron with weight 1 on (-a, 0) and (a, 1).

Keras's loss on a sigmoid, the exact log(1 + exp(-a)), the loss on logits, and a loss written by hand without a clip; on
TensorFlow also Keras's loss where a Reshape hides the sigmoid from it. Everything is evaluated by Keras in the child
process of ``bcelint verify``. Run it with

    python -m benchmarks.four_curves --backend tensorflow --backend jax -o rules/figures
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from math import exp, log1p
from pathlib import Path
from typing import Any

from bcelint.verify.experiments import CodeExperiment, LossSpec, PairExperiment
from bcelint.verify.model import BOTH, Curve
from bcelint.verify.plots import figure
from bcelint.verify.session import BACKENDS, Limits, Session, title

POINTS = tuple(10 + i / 8 for i in range(81))
_Z = tuple(sorted([-a for a in POINTS] + list(POINTS)))

_SIGMOID = PairExperiment(
    "sigmoid", "layer", "Dense", (), 1, "binary", LossSpec("keras.losses.BinaryCrossentropy", True), True
)
_HIDDEN = replace(_SIGMOID, steps=(("reshape", "Reshape", 0.0),))
_LOGITS = replace(
    _SIGMOID,
    activation="linear",
    loss=LossSpec("keras.losses.BinaryCrossentropy", True, arguments=(("from_logits", True),)),
)
_TF_LOGITS = replace(
    _LOGITS, loss=LossSpec("tf.nn.sigmoid_cross_entropy_with_logits", False, ("labels", "logits")), in_fit=False
)
_BY_HAND = CodeExperiment(
    "unclipped",
    "from keras import ops\n\n\ndef unclipped(y, p):\n    return -(y * ops.log(p) + (1 - y) * ops.log(1 - p))\n",
    "unclipped",
    ("labels", "prediction"),
    ("sweep",),
)


def curves(backend: str) -> tuple[Curve, ...]:
    """The curves of a backend: the mean loss of the two examples, and how fast it falls with a."""
    experiments: dict[str, PairExperiment | CodeExperiment] = {"Keras, sigmoid": _SIGMOID}
    if backend == "tensorflow":
        experiments["Keras, sigmoid behind a Reshape"] = _HIDDEN
        experiments["tf.nn...with_logits"] = _TF_LOGITS
    else:
        experiments["Keras, from_logits"] = _LOGITS
    experiments["by hand, no clip"] = _BY_HAND
    with Session(backend, Limits()) as session:
        requests = [{**experiment.request(), "z": _Z} for experiment in experiments.values()]
        answers = dict(session.evaluate(requests))
    exact = Curve(
        "exact",
        BOTH,
        POINTS,
        tuple(log1p(exp(-a)) for a in POINTS),
        tuple(exp(-a) / (1 + exp(-a)) for a in POINTS),
    )
    drawn = [exact]
    for number, name in enumerate(experiments):
        result: dict[str, Any] = answers[number]["result"]
        losses = result["sweep"] if "sweep" in result else next(iter(result["modes"].values()))
        drawn.append(_mean(name, losses))
    return tuple(drawn)


def _mean(name: str, losses: dict[str, Any]) -> Curve:
    at = {z: i for i, z in enumerate(_Z)}
    negative, positive = losses["0"], losses["1"]
    return Curve(
        name,
        BOTH,
        POINTS,
        tuple((negative["loss"][at[-a]] + positive["loss"][at[a]]) / 2 for a in POINTS),
        tuple((negative["gradient"][at[-a]] - positive["gradient"][at[a]]) / 2 for a in POINTS),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backend", action="append", choices=BACKENDS)
    parser.add_argument("-o", "--output", type=Path, default=Path("rules/figures"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for backend in options.backend or ["tensorflow"]:
        drawn = curves(backend)
        for quantity in ("loss", "gradient"):
            path = options.output / f"four-curves-{backend}-{quantity}.svg"
            words = "Loss" if quantity == "loss" else "Fall of the loss with a"
            text = figure(
                drawn,
                axis="a",
                title=f"{words} of (-a, 0) and (a, 1) on {title(backend)}",
                yscale="log",
                quantity=quantity,
            )
            path.write_text(text, encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
