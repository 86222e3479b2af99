"""Losses of TensorFlow Addons, which is no longer released, by the formula of its documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def sigmoid_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False
) -> Any:
    """alpha_t (1 - p_t)^gamma times the cross-entropy of Keras, summed over the last axis (Lin et al., 2017)."""
    from keras import ops

    y_true = ops.cast(y_true, y_pred.dtype)
    cost = ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    p_true = y_true * p + (1 - y_true) * (1 - p)
    balance = y_true * alpha + (1 - y_true) * (1 - alpha)
    return ops.sum(balance * (1.0 - p_true) ** gamma * cost, axis=-1)


def _class(**arguments: Any) -> Any:
    import keras

    reduction = arguments.pop("reduction", "sum_over_batch_size")

    class SigmoidFocalCrossEntropy(keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return sigmoid_focal_crossentropy(y_true, y_pred, **arguments)

    return SigmoidFocalCrossEntropy(reduction=reduction)


STAND_INS: dict[str, Callable[..., Any]] = {
    "tfa.losses.SigmoidFocalCrossEntropy": _class,
    "tfa.losses.sigmoid_focal_crossentropy": sigmoid_focal_crossentropy,
}
