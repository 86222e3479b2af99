"""Experiments, and answers to them as the child process gives them, built by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bcelint.findings import Finding, Severity
from bcelint.places import Place
from bcelint.verify import exact
from bcelint.verify.experiments import SWEEP, LossSpec, PairExperiment

Function = Callable[[float, int], float]
Curves = dict[str, Any]

BCE = LossSpec("keras.losses.BinaryCrossentropy", True, arguments=(("from_logits", True),))


def pair_experiment(**changes: Any) -> PairExperiment:
    """A sigmoid and a loss that expects logits, in ``compile``."""
    made: dict[str, Any] = {
        "activation": "sigmoid",
        "applied": "layer",
        "layer": "Dense",
        "steps": (),
        "units": 1,
        "form": "binary",
        "loss": BCE,
        "in_fit": True,
    }
    return PairExperiment(**{**made, **changes})


def right(z: float, y: int) -> float:
    return exact.loss("binary", z, y)


def twice(z: float, y: int) -> float:
    """The sigmoid is applied a second time."""
    return right(exact.sigmoid(z), y)


def curves(function: Function, slope: Function | None = None, labels: Sequence[int] = (0, 1)) -> Curves:
    """A loss at all of ``SWEEP``; without ``slope`` its gradient is the exact one."""

    def gradient(z: float, y: int) -> float:
        return exact.gradient("binary", z, y)

    slope = slope or gradient
    return {str(y): {"loss": [function(z, y) for z in SWEEP], "gradient": [slope(z, y) for z in SWEEP]} for y in labels}


def without_gradient(made: Curves) -> Curves:
    return {y: {**curve, "gradient": None} for y, curve in made.items()}


def pair_answer(
    graph: Curves | None,
    eager: Curves | None,
    detached: Curves | None = None,
    *,
    errors: dict[str, str] | None = None,
    predictions: Sequence[float] = (),
) -> dict[str, Any]:
    """What the child process sends; ``None`` is a mode that the backend does not have."""
    modes = {"graph": graph, "eager": eager, "detached": without_gradient(detached or curves(right))}
    return {
        "result": {
            "modes": {name: mode for name, mode in modes.items() if mode is not None},
            "errors": errors or {},
            "predictions": list(predictions),
        }
    }


def finding(code: str = "BCE101", **changes: Any) -> Finding:
    """A finding on the first row, without a fact."""
    made: dict[str, Any] = {
        "code": code,
        "name": "a-rule",
        "severity": Severity.ERROR,
        "message": "something is wrong",
        "place": Place(1, 1, 1, 2),
    }
    return Finding(**{**made, **changes})
