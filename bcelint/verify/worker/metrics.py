"""Evaluates a metric of ``compile`` on outputs, and on what it expects instead."""

from __future__ import annotations

from typing import Any

import numpy as np

from bcelint.verify.worker.backends import Backend
from bcelint.verify.worker.errors import in_words


def evaluate(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """For each batch: the metric on the outputs as they are, and the right one on probabilities."""
    return {"batches": [_on(batch, request) for batch in request["batches"]]}


def _on(batch: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    z, y = np.asarray(batch["z"], "float32"), np.asarray(batch["y"], "float32")
    p = (1 / (1 + np.exp(-z.astype("float64")))).astype("float32")
    found: dict[str, Any] = dict(batch)
    found |= _measured("as_written", request["metric"], y, z if request["logits"] else p)
    found |= _measured("expected", request["right"], y, p)
    return found


def _measured(key: str, metric: dict[str, Any], y: Any, outputs: Any) -> dict[str, Any]:
    try:
        return {key: _measure(metric, y, outputs)}
    except Exception as error:
        return {f"{key}_error": in_words(error)}


def _measure(metric: dict[str, Any], y: Any, outputs: Any) -> float:
    """What ``evaluate`` of a model that returns ``outputs`` prints for the metric."""
    import keras

    made = metric["name"]
    if metric["is_class"]:
        made = getattr(keras.metrics, metric["name"])(**dict(metric["arguments"]))
    inputs = keras.Input((outputs.shape[1],))
    model = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    model.compile(loss="mse", metrics=[made], run_eagerly=True)
    values = model.test_on_batch(outputs, y, return_dict=True)
    values.pop("loss")
    # Some give a number for each class.
    return float(np.mean([np.mean(value) for value in values.values()]))
