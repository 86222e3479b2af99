"""The exact values of losses on pre-activations, in double precision: what a right pairing computes.

Formulas: log(1 + exp(z)) - y z for binary cross-entropy on a logit z, logsumexp(z) - z_c for the categorical one with
true class c (in the sweeps all other logits are 0); focal losses are those of Lin et al.
(2017), as Keras documents them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, expm1, inf, log, log1p

_STEP = 1e-4


def softplus(z: float) -> float:
    """log(1 + exp(z)) for any z."""
    return max(z, 0.0) + log1p(exp(-abs(z)))


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)) for any z."""
    return 1 / (1 + exp(-z)) if z >= 0 else exp(z) / (1 + exp(z))


def loss(form: str, z: float, label: int, *, units: int = 1, arguments: Mapping[str, float] | None = None) -> float:
    """The loss of one example with the logit ``z``.

    Args:
        form: ``binary``, ``categorical`` or ``sparse``.
        label: 0 or 1; for a categorical loss whether the unit with ``z`` is the true class.
        units: the number of logits; the others are 0 for a categorical loss, and the same for a binary one.
        arguments: ``label_smoothing``, ``pos_weight``, ``gamma`` (a focal loss), ``alpha``, ``apply_class_balancing``.
    """
    given = dict(arguments or {})
    smoothing = given.get("label_smoothing", 0.0)
    if form == "binary" or units == 1:
        y = label * (1 - smoothing) + smoothing / 2
        return _binary(z, y, given)
    others = units - 1
    normaliser = max(z, 0.0) + log(exp(z - max(z, 0.0)) + others * exp(-max(z, 0.0)))
    # -log p of the swept unit, and of any other one
    own, other = normaliser - z, normaliser
    target = (1 - smoothing) + smoothing / units, smoothing / units
    first, rest = target if label else (target[1], None)
    if rest is None:
        return first * _focal(own, given) + (target[0] + (others - 1) * target[1]) * _focal(other, given)
    return first * _focal(own, given) + others * rest * _focal(other, given)


def _binary(z: float, y: float, given: Mapping[str, float]) -> float:
    positive, negative = softplus(-z), softplus(z)
    positive *= given.get("pos_weight", 1.0)
    if "gamma" not in given:
        return y * positive + (1 - y) * negative
    gamma = given["gamma"]
    missing = y * sigmoid(-z) + (1 - y) * sigmoid(z)
    made: float = missing**gamma * (y * positive + (1 - y) * negative)
    if given.get("apply_class_balancing"):
        alpha = given.get("alpha", 0.25)
        made *= y * alpha + (1 - y) * (1 - alpha)
    return made


def _focal(cost: float, given: Mapping[str, float]) -> float:
    """What a class with -log p = ``cost`` adds to a categorical (focal) loss."""
    if "gamma" not in given:
        return cost
    factor: float = (-expm1(-cost)) ** given["gamma"]
    return given.get("alpha", 0.25) * factor * cost


def gradient(form: str, z: float, label: int, *, units: int = 1, arguments: Mapping[str, float] | None = None) -> float:
    """The derivative of ``loss`` with respect to ``z``, by central differences (error below 1e-7)."""
    above = loss(form, z + _STEP, label, units=units, arguments=arguments)
    below = loss(form, z - _STEP, label, units=units, arguments=arguments)
    return (above - below) / (2 * _STEP)


def rounding(z: float, cost: float, dtype: str = "float32") -> float:
    """What a sound loss in ``dtype`` may be off by, besides its relative error, where its exact value is ``cost``.

    The probability p = exp(-cost) is rounded by half a unit in the last place and kept Keras's epsilon, 1e-7, away from
    0 and 1; where that is as much as p itself, the loss may be anything. Losses on logits are differences of numbers as
    large as |z|, on some backends.
    """
    half = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    off = (2 * half + 1e-7) * exp(min(cost, 100.0))
    return (-log1p(-off) if off < 1 else inf) + 4 * half * (1 + abs(z))
