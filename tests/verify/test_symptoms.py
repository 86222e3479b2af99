"""What curves mean for training: floors, ceilings, dead gradients, where a loss is not finite, how it starts."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log, nan

import numpy as np
import pytest

from bcelint.verify import exact, symptoms
from bcelint.verify.experiments import SWEEP

Function = Callable[[float, int], float]


def right(z: float, y: int) -> float:
    return exact.loss("binary", z, y)


def slope(z: float, y: int) -> float:
    return exact.gradient("binary", z, y)


def clipped(z: float, y: int) -> float:
    """The loss of a linear output that is taken for a probability."""
    low, high = np.float32(1e-7), np.float32(1) - np.float32(1e-7)
    p = min(max(np.float32(z), low), high)
    return float(-np.log(p) if y else -np.log(np.float32(1) - p))


def clipped_slope(z: float, y: int) -> float:
    return 0.0 if not 0 < z < 1 else -1 / z if y else 1 / (1 - z)


def said(loss: Function, gradient: Function | None = slope, meant: Function = right) -> tuple[str, ...]:
    return symptoms.of_curves(
        SWEEP,
        {y: [loss(z, y) for z in SWEEP] for y in (0, 1)},
        {y: None if gradient is None else [gradient(z, y) for z in SWEEP] for y in (0, 1)},
        {y: [meant(z, y) for z in SWEEP] for y in (0, 1)},
        {y: [slope(z, y) for z in SWEEP] for y in (0, 1)},
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.31326168, "0.3133"),
        (-2.5, "-2.5"),
        (100.0, "100"),
        (99999.5, "99999.5"),
        (123456.0, "1.235e+05"),
        (0.001, "0.001"),
        (1.192e-7, "1.192e-07"),
        (nan, "NaN"),
        (inf, "inf"),
        (-inf, "-inf"),
    ],
)
def test_numbers(value: float, words: str) -> None:
    assert symptoms.number(value) == words


def test_the_exact_loss_only_has_a_start() -> None:
    assert said(right) == ("starts at 0.6931 on balanced data (every z = 0)",)


def test_a_double_sigmoid_has_a_floor_and_a_ceiling() -> None:
    assert said(lambda z, y: right(exact.sigmoid(z), y)) == (
        "cannot fall below 0.3133 for y = 1 and 0.6931 for y = 0",
        "training appears stuck at 0.5032 or more on balanced data",
        "cannot rise above 0.6931 for y = 1 and 1.3133 for y = 0, however wrong the prediction is",
        "starts at 0.7241 on balanced data (every z = 0)",
    )


def test_a_clipped_linear_output_has_a_ceiling_and_plateaus() -> None:
    assert said(clipped, clipped_slope) == (
        "cannot rise above 16.1181 for y = 1 and 15.9424 for y = 0, however wrong the prediction is",
        "no gradient for 97% of the pre-activations between -10 and 10 that should have one",
        "training appears stuck at 8.059 (no output above 0) or 7.9712 (all outputs large) on balanced data",
        "starts at 8.059 on balanced data (every z = 0)",
    )


def test_a_floor_for_one_label() -> None:
    words = said(lambda z, y: right(z, y) + (0.25 if y else 0))
    assert words[0] == "cannot fall below 0.25 for y = 1"
    assert words[1] == "training appears stuck at 0.125 or more on balanced data"


def test_a_floor_that_is_meant_is_none() -> None:
    def smoothed(z: float, y: int) -> float:
        return exact.loss("binary", z, y, arguments={"label_smoothing": 0.2})

    assert said(smoothed, meant=smoothed) == said(right)
    assert said(lambda z, y: smoothed(z, y) + 1, meant=smoothed)[0].startswith("cannot fall below 1.3269")


def test_a_loss_that_never_changes() -> None:
    words = said(lambda z, y: 7.57 if y else right(z, y), lambda z, y: 0.0 if y else slope(z, y))
    assert words[0] == "always 7.57 for y = 1, whatever the model returns"
    assert not any("cannot fall" in word or "cannot rise" in word for word in words)
    assert "no gradient for 50% of the pre-activations between -10 and 10 that should have one" in words


def test_one_finite_value_is_no_constant() -> None:
    words = said(lambda z, y: 2.0 if z == 0 else nan)
    assert words[:2] == (
        "not finite up to z = -0.001 and from z = 0.001 on for y = 0",
        "not finite up to z = -0.001 and from z = 0.001 on for y = 1",
    )
    assert not any("whatever" in word or "cannot rise" in word for word in words)


def test_minus_infinity_is_no_floor() -> None:
    words = said(lambda z, y: -inf if z > 20 else right(z, y) + 1)
    assert not any("cannot fall" in word for word in words)
    assert "not finite from z = 25 on for y = 1" in words


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda z: z > 16.6, "not finite from z = 16.75 on for y = 1"),
        (lambda z: z <= -88.75, "not finite up to z = -88.75 for y = 1"),
        (lambda z: z == 0, "not finite at z = 0 for y = 1"),
        (lambda z: 0.5 <= z <= 1, "not finite between z = 0.5 and 1 for y = 1"),
        (lambda z: abs(z) > 30, "not finite up to z = -40 and from z = 40 on for y = 1"),
        (lambda z: True, "not finite anywhere for y = 1"),
    ],
)
def test_where_a_loss_is_not_finite(bad: Callable[[float], bool], words: str) -> None:
    assert words in said(lambda z, y: inf if y and bad(z) else right(z, y))


def test_no_gradient_at_all() -> None:
    words = said(lambda z, y: float((z > 0) != bool(y)), None)
    assert "no gradient at all" in words
    assert "training appears stuck at 0.5 (no output above 0) or 0.5 (all outputs large) on balanced data" in words


def test_gradients_that_are_rightly_0_do_not_count() -> None:
    def rounded(z: float, y: int) -> float:
        return 0.0 if abs(slope(z, y)) < 5e-4 else slope(z, y)

    assert said(right, rounded) == said(right)


def test_a_gradient_that_is_not_a_number_is_not_0() -> None:
    assert said(right, lambda z, y: nan) == said(right)


def test_the_start_needs_both_labels_at_0() -> None:
    assert symptoms.start((-1.0, 1.0), {0: [1, 2], 1: [2, 1]}) == []
    assert symptoms.start((0.0,), {1: [log(2)]}) == []
    assert symptoms.start((0.0,), {0: [inf], 1: [log(2)]}) == []
    assert symptoms.start((0.0,), {0: [1.0], 1: [2.0]}) == ["starts at 1.5 on balanced data (every z = 0)"]
