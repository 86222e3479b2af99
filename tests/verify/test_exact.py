"""Exact losses: values that were measured or can be looked up, derivatives, and what rounding may do."""

from __future__ import annotations

from itertools import product
from math import exp, inf, isfinite, log, log1p

import pytest

from bcelint.verify import exact
from bcelint.verify.experiments import SWEEP

ARGUMENTS: list[dict[str, float]] = [
    {},
    {"label_smoothing": 0.1},
    {"label_smoothing": 1.0},
    {"pos_weight": 3.0},
    {"gamma": 2.0, "alpha": 0.25},
    {"gamma": 0.5, "alpha": 0.25},
    {"gamma": 2.0, "alpha": 0.7, "apply_class_balancing": 1.0, "label_smoothing": 0.2},
]
FORMS = [("binary", 1), ("binary", 3), ("categorical", 2), ("categorical", 5), ("sparse", 10)]


@pytest.mark.parametrize(
    ("z", "value"),
    [(5, 6.7153e-3), (10, 4.5399e-5), (15, 3.0590e-7), (16, 1.1254e-7), (20, 2.0612e-9), (40, 4.2484e-18)],
)
def test_the_tail_of_the_binary_loss(z: float, value: float) -> None:
    assert exact.loss("binary", z, 1) == pytest.approx(value, rel=1e-4)
    assert exact.loss("binary", -z, 0) == pytest.approx(value, rel=1e-4)


def test_binary_losses_of_known_batches() -> None:
    assert (exact.loss("binary", -2, 1) + exact.loss("binary", 3, 0)) / 2 == pytest.approx(2.587758, abs=1e-6)
    assert exact.loss("binary", 0, 1) == exact.loss("binary", 0, 0) == log(2)
    # A sigmoid that is applied twice: the floors for positives and negatives, and the value at the start.
    floors = exact.loss("binary", 1.0, 1), exact.loss("binary", 0.0, 0)
    assert floors == pytest.approx((0.3133, 0.6931), abs=5e-5)
    assert sum(floors) / 2 == pytest.approx(0.5032, abs=5e-5)
    assert (exact.loss("binary", 0.5, 1) + exact.loss("binary", 0.5, 0)) / 2 == pytest.approx(0.7241, abs=5e-5)


def test_nothing_overflows() -> None:
    for (form, units), arguments, z, y in product(FORMS, ARGUMENTS, (-1e4, -800.0, 800.0, 1e4), (0, 1)):
        value = exact.loss(form, z, y, units=units, arguments=arguments)
        assert isfinite(value)
        assert value >= 0
        assert isfinite(exact.gradient(form, z, y, units=units, arguments=arguments))
    assert exact.loss("binary", -1e4, 1) == 1e4
    assert exact.softplus(-1e4) == 0.0


def test_the_categorical_loss_is_minus_log_softmax() -> None:
    for units, z in product((2, 3, 10), (-4.0, -0.5, 0.0, 2.0, 7.0)):
        total = exp(z) + units - 1
        for form in ("categorical", "sparse"):
            assert exact.loss(form, z, 1, units=units) == pytest.approx(-log(exp(z) / total), rel=1e-12)
            assert exact.loss(form, z, 0, units=units) == pytest.approx(-log(1 / total), rel=1e-12)
    # Two classes, the other of which has the logit 0, are a binary loss.
    assert exact.loss("categorical", 1.5, 1, units=2) == pytest.approx(exact.loss("binary", 1.5, 1), rel=1e-14)
    # A softmax that is applied twice: its floor for 10 classes.
    assert exact.loss("categorical", 1.0, 1, units=10) == pytest.approx(1.4612, abs=5e-5)


def test_one_unit_of_a_categorical_loss_is_meant_as_a_binary_one() -> None:
    for z in (-3.0, 0.0, 2.0):
        assert exact.loss("categorical", z, 1) == exact.loss("sparse", z, 1) == exact.loss("binary", z, 1)


@pytest.mark.parametrize(("form", "units"), FORMS)
def test_label_smoothing_is_a_mixture_of_the_labels(form: str, units: int) -> None:
    smoothing = 0.2
    for z in (-3.0, 0.0, 0.7, 5.0):
        if form == "binary":
            wanted = 0.9 * exact.loss(form, z, 1) + 0.1 * exact.loss(form, z, 0)
        else:
            true, other = (exact.loss(form, z, y, units=units) for y in (1, 0))
            wanted = (1 - smoothing) * true + smoothing * (true + (units - 1) * other) / units
        value = exact.loss(form, z, 1, units=units, arguments={"label_smoothing": smoothing})
        assert value == pytest.approx(wanted, rel=1e-12)


def test_smoothed_away_labels_make_no_difference() -> None:
    everything = {"label_smoothing": 1.0}
    for z in (-3.0, 0.0, 2.0):
        assert exact.loss("binary", z, 0, arguments=everything) == exact.loss("binary", z, 1, arguments=everything)
        of_classes = [exact.loss("categorical", z, y, units=4, arguments=everything) for y in (0, 1)]
        assert of_classes[0] == pytest.approx(of_classes[1], rel=1e-14)


def test_pos_weight_is_about_positives() -> None:
    weighted = {"pos_weight": 3.0}
    assert exact.loss("binary", -2, 1, arguments=weighted) == 3 * exact.loss("binary", -2, 1)
    assert exact.loss("binary", -2, 0, arguments=weighted) == exact.loss("binary", -2, 0)


@pytest.mark.parametrize("z", [-6.0, -1.0, 0.0, 0.5, 4.0, 12.0])
def test_the_binary_focal_loss(z: float) -> None:
    p = exact.sigmoid(z)
    focal = {"gamma": 2.0, "alpha": 0.25}
    assert exact.loss("binary", z, 1, arguments=focal) == pytest.approx((1 - p) ** 2 * -log(p), rel=1e-6)
    assert exact.loss("binary", z, 0, arguments=focal) == pytest.approx(p**2 * -log1p(-p), rel=1e-6)
    balanced = {**focal, "apply_class_balancing": 1.0}
    assert exact.loss("binary", z, 1, arguments=balanced) == pytest.approx(
        0.25 * exact.loss("binary", z, 1, arguments=focal)
    )
    assert exact.loss("binary", z, 0, arguments=balanced) == pytest.approx(
        0.75 * exact.loss("binary", z, 0, arguments=focal)
    )


def test_a_focal_loss_keeps_its_precision_where_a_probability_would_be_1() -> None:
    # (1 - p)^2 * -log p is exp(-3 z) there.
    assert exact.loss("binary", 60.0, 1, arguments={"gamma": 2.0}) == pytest.approx(exp(-180), rel=1e-12)
    value = exact.loss("categorical", 60.0, 1, units=2, arguments={"gamma": 2.0, "alpha": 1.0})
    assert value == pytest.approx(exp(-180), rel=1e-12)


@pytest.mark.parametrize("y", [0, 1])
def test_the_categorical_focal_loss_counts_every_class_by_its_own_probability(y: int) -> None:
    units, smoothing, gamma, alpha = 4, 0.2, 1.5, 0.5
    for z in (-3.0, 0.0, 2.0):
        total = exp(z) + units - 1
        p = [exp(z) / total] + [1 / total] * (units - 1)
        target = [smoothing / units] * units
        target[1 - y] += 1 - smoothing
        wanted = sum(alpha * (1 - q) ** gamma * t * -log(q) for q, t in zip(p, target, strict=True))
        arguments = {"gamma": gamma, "alpha": alpha, "label_smoothing": smoothing}
        assert exact.loss("categorical", z, y, units=units, arguments=arguments) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(("form", "units"), FORMS)
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
@pytest.mark.parametrize("step", [1e-2, 1e-3, 1e-5])
def test_the_gradient_is_the_slope_at_any_step(form: str, units: int, arguments: dict[str, float], step: float) -> None:
    for z, y in product((-30.0, -4.0, -0.5, 0.0, 0.25, 3.0, 15.0, 100.0), (0, 1)):
        above, below = (exact.loss(form, z + change, y, units=units, arguments=arguments) for change in (step, -step))
        slope = exact.gradient(form, z, y, units=units, arguments=arguments)
        # What a central difference is off by: a sixth of the square of its step, and rounding divided by it.
        allowed = 2 * step**2 + 1e-15 * (1 + abs(above)) / step
        assert slope == pytest.approx((above - below) / (2 * step), abs=allowed + 1e-7)


def test_gradients_that_have_a_name() -> None:
    for z in (-50.0, -2.0, 0.0, 0.3, 8.0, 50.0):
        assert exact.gradient("binary", z, 1) == pytest.approx(exact.sigmoid(z) - 1, abs=1e-7)
        assert exact.gradient("binary", z, 0) == pytest.approx(exact.sigmoid(z), abs=1e-7)
        p = 1 / (1 + 4 * exp(-z))
        assert exact.gradient("categorical", z, 1, units=5) == pytest.approx(p - 1, abs=1e-7)
        assert exact.gradient("categorical", z, 0, units=5) == pytest.approx(p, abs=1e-7)


def test_sigmoid_and_softplus() -> None:
    for z in SWEEP:
        assert exact.sigmoid(z) + exact.sigmoid(-z) == pytest.approx(1, abs=1e-15)
        assert exact.softplus(z) - exact.softplus(-z) == pytest.approx(z, rel=1e-14, abs=1e-14)
    assert exact.softplus(-100.0) == pytest.approx(exp(-100), rel=1e-12)
    assert exact.sigmoid(-inf) == 0
    assert exact.sigmoid(inf) == 1


def test_what_rounding_may_cost() -> None:
    # At a probability of 1/2 hardly anything, and as much as the probability itself where Keras clips it.
    assert exact.rounding(0.0, log(2)) < 1e-6
    assert 0.01 < exact.rounding(-12, 12.0) < 0.1
    assert exact.rounding(-16.1, 16.1) == inf
    assert exact.rounding(0.0, log(2), "float16") > 1e-3
    assert exact.rounding(0.0, log(2), "bfloat16") > exact.rounding(0.0, log(2), "float16")
    assert exact.rounding(100.0, 0.0) > exact.rounding(1.0, 0.0)
    # From z = 8 on sigmoid(z) is 1 in float16.
    assert exact.rounding(8.0, 8.0, "float16") == inf
    assert exact.rounding(-1e6, 1e6) == inf
