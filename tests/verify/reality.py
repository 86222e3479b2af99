"""Runs the programs of ``rescue_programs`` with the Keras that is installed: which loss each of them computes.

A process of its own for each backend: ``python -m tests.verify.reality`` reads programs as JSON and answers with JSON.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = Any
Outputs = dict[str, Array]
# How well a loss has to be met.
_CLOSE = 2e-3


def main() -> None:
    """Answer with what each program computes, by the way in which it does so, or with what it raised."""
    answers_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import keras

    answers: dict[str, Any] = {}
    for program in json.load(sys.stdin):
        policy = keras.config.dtype_policy()
        try:
            answers[program["name"]] = dict(run(**program))
        except Exception as error:
            answers[program["name"]] = f"{type(error).__name__}: {error}"
        finally:
            keras.config.set_dtype_policy(policy)
    with answers_to:
        json.dump(answers, answers_to)


def run(name: str, text: str, entry: str, formula: str, fits: str) -> Iterator[tuple[str, str]]:
    """The ways in which a program computes its loss, and which it is: ``logits`` or ``double``.

    ``fits`` asks for training, too: ``fit``, or ``step`` where a prediction is not the same in training.
    """
    import keras

    keras.utils.set_random_seed(2)
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(text, name, "exec"), names)  # the programs of rescue_programs
    model, x, y = names["model"], names["x"], names["y"]
    model(x)
    for weight in model.weights:
        if weight.path.endswith("kernel"):
            weight.assign(weight * 2)  # so that the losses are apart
    predicted = model(x)
    if formula not in ("softmax", "categorical focal"):
        y = max((np.ones_like(y), np.zeros_like(y)), key=lambda labels: _distance(formula, labels, predicted))
    labels = _like(predicted, y)

    def judged(call: Callable[[], tuple[Any, Any]]) -> str:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            outputs, value = call()
        warned = any("`from_logits=True`" in str(warning.message) for warning in caught)
        return _kind(formula, y, outputs, float(value)) + (", with a warning" if warned else "")

    def evaluated() -> tuple[Any, Any]:
        return predicted, model.test_on_batch(x, labels, return_dict=True)["loss"]

    weights = model.get_weights()

    def fitted() -> tuple[Any, Any]:
        model.set_weights(weights)
        history = model.fit(x, labels, batch_size=len(x), verbose=0).history
        return predicted, history["bce" if "bce" in history else "loss"][0]  # what a train_step calls it

    if entry:
        yield entry, judged(lambda: (predicted, names[entry](x, y)))
        return
    yield "graph, evaluate", judged(evaluated)
    if keras.backend.backend() != "tensorflow":
        return
    model.run_eagerly, model.test_function = True, None
    yield "eager, evaluate", judged(evaluated)
    model.run_eagerly = False
    if fits == "fit":
        for compiler in ("graph", "XLA"):
            model.jit_compile, model.train_function = compiler == "XLA", None
            yield f"{compiler}, fit", judged(fitted)
    elif fits:
        for mode in ("graph", "eager"):
            yield f"{mode}, {fits}", judged(_step(model, x, y, mode))


def _step(model: Any, x: Array, y: Array, mode: str) -> Callable[[], tuple[Any, Any]]:
    """What ``train_step`` of a model does, with the prediction that it makes."""
    import keras
    import tensorflow as tf

    def step(inputs: Any, batch: Any) -> tuple[Any, Any]:
        predicted = model(inputs, training=True)
        return predicted, model.compute_loss(x=inputs, y=batch, y_pred=predicted, training=True)

    run = tf.function(step) if mode == "graph" else step
    return lambda: run(keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y))


def _like(predicted: Any, labels: Array) -> Any:
    """The labels for every output."""
    if isinstance(predicted, dict):
        return dict.fromkeys(predicted, labels)
    return [labels] * len(predicted) if isinstance(predicted, list) else labels


# --- which loss a value is --------------------------------------------------------------------------------------------


def _kind(formula: str, y: Array, predicted: Any, value: float) -> str:
    """``logits`` or ``double``, or a value that is neither."""
    once, twice = _both(formula, y, predicted)
    for kind, expected in (("logits", once), ("double", twice)):
        if abs(value - expected) < _CLOSE * max(1.0, expected) < abs(once - twice) / 4:
            return kind
    return f"{value:.4f} (logits: {once:.4f}, double: {twice:.4f})"


def _distance(formula: str, y: Array, predicted: Any) -> float:
    once, twice = _both(formula, y, predicted)
    return abs(once - twice)


def _both(formula: str, y: Array, predicted: Any) -> tuple[float, float]:
    """The loss of a prediction, and of one that is squashed again; summed over the outputs."""
    outputs = predicted.values() if isinstance(predicted, dict) else predicted
    arrays = [_array(output) for output in (outputs if isinstance(predicted, (dict, list)) else [predicted])]
    # Behind a dropout there are "probabilities" above 1.
    once = sum(float(np.mean(_loss(formula, y, np.clip(p, 1e-7, 1 - 1e-7)))) for p in arrays)
    return once, sum(float(np.mean(_loss(formula, y, _squashed(formula, p)))) for p in arrays)


def _array(tensor: Any) -> Array:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(tensor)).astype("float64")


def _squashed(formula: str, p: Array) -> Array:
    if formula in ("softmax", "categorical focal"):
        powers = np.exp(p)
        return powers / powers.sum(-1, keepdims=True)
    return 1 / (1 + np.exp(-p))


def _loss(formula: str, y: Array, p: Array) -> Array:
    """The losses of probabilities, written out."""
    if formula in ("softmax", "categorical focal"):
        classes = y if y.ndim < p.ndim else np.argmax(y, axis=-1)
        right = np.take_along_axis(p, classes[..., None], axis=-1)
        return -np.log(right) if formula == "softmax" else -0.25 * (1 - right) ** 2 * np.log(right)
    y = y.reshape(p.shape).astype("float64")
    positive, negative = -y * np.log(p), -(1 - y) * np.log1p(-p)
    if formula == "weighted":
        return 4.0 * positive + negative
    if formula == "focal":
        return (1 - p) ** 2 * positive + p**2 * negative
    return positive + negative


if __name__ == "__main__":
    main()
