"""What is said of curves, and the axes they are drawn on."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from bcelint.verify import curves
from bcelint.verify.experiments import SWEEP
from bcelint.verify.model import Curve, Witness
from bcelint.verify.scales import Scale, core, ticks, x_scale, y_scale
from tests.verify.samples import UNCLIPPED

INF, NAN = math.inf, math.nan


def curve(*loss: float, name: str = "as written") -> Curve:
    return Curve(name, 1, tuple(float(x) for x in range(len(loss))), loss)


@pytest.mark.parametrize(
    ("value", "text"),
    [(17.0, "17"), (-88.75, "-88.75"), (1e-7, "1e-7"), (1e10, "1e10"), (1.5e-12, "1.5e-12"), (0.0001, "0.0001")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert curves.short(value) == text


@pytest.mark.parametrize(
    ("axis", "name"),
    [("pre-activation z", "z"), ("p", "p"), ("logit of unit 3", "x"), ("", "x"), ("a probability", "x")],
)
def test_the_variable_of_an_axis(axis: str, name: str) -> None:
    assert curves.variable(axis) == name


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ((1, 2, 3), []),
        ((1, NAN, NAN), ["NaN from z = 1"]),
        ((INF, 2, 3), ["inf up to z = 0"]),
        ((1, -INF, 3), ["-inf at z = 1"]),
        ((1, NAN, NAN, 3), ["NaN from z = 1 to z = 2"]),
        ((1, INF, NAN, 3), ["inf at z = 1", "NaN at z = 2"]),
        ((NAN, NAN), ["NaN everywhere"]),
        ((), []),
    ],
)
def test_where_curves_are_not_finite(losses: tuple[float, ...], words: list[str]) -> None:
    one = curve(*losses)
    assert [run.words(one, "z") for run in curves.runs(one, "loss")] == words


def test_what_is_not_finite_is_said_curve_by_curve() -> None:
    assert curves.not_finite(UNCLIPPED, "loss", "pre-activation z") == [
        "as written is inf up to z = -88.75 and NaN from z = 16.75 (y = 1)",
        "as written is NaN up to z = -88.75 and inf from z = 16.75 (y = 0)",
    ]


def test_values_are_looked_up_in_any_precision() -> None:
    one = Curve("exact", 1, (0.0, 0.10000000149011612, 1.0), (1.0, 2.0, 3.0))
    assert [curves.at(one, "loss", x) for x in (0.0, 0.1, 1.0, 0.5, 2.0, -1.0)] == [1.0, 2.0, 3.0, None, None, None]
    assert curves.at(one, "gradient", 0.0) is None


def test_samples_are_round_and_hold_the_ends_and_the_borders() -> None:
    found = curves.sample([one for one in UNCLIPPED if one.label == 1], "loss", also=[-5.0, 3.3])
    assert {-100.0, -88.75, -87.5, -5.0, 16.6, 16.75, 100.0} <= set(found)
    assert {-20.0, -16.0, -12.0, -8.0, 0.0, 4.0, 8.0, 12.0} <= set(found)
    assert 3.3 not in found
    assert found == sorted(found)
    assert 13 <= len(found) <= 20


def test_samples_hold_where_a_curve_is_highest() -> None:
    xs = tuple(index / 8 for index in range(-160, 161))
    spike = Curve("as written", 1, xs, tuple(1.0 if x == 0.125 else 0.0 for x in xs))
    assert 0.125 in curves.sample([spike], "loss")


@pytest.mark.parametrize("xs", [(), (1.0,), (0.0, 1.0), (0.1, 0.100001), tuple(2.0**-n for n in range(40, 0, -1))])
def test_few_and_odd_points_are_sampled(xs: tuple[float, ...]) -> None:
    found = curves.sample([Curve("exact", 1, xs, tuple(0.0 for _ in xs))], "loss")
    assert set(found) <= set(xs)
    assert len(found) == len(set(found))
    if xs:
        assert (found[0], found[-1]) == (xs[0], xs[-1])


@pytest.mark.parametrize(
    ("witness", "expected"),
    [
        (None, None),
        (Witness((("z", 2.0), ("y", 1.0)), "fit", 0.5), (1, 2.0, 0.5)),
        (Witness((("z", 2.0), ("y_true", 0.0)), "fit", NAN), (0, 2.0, NAN)),
        (Witness((("z", 2.0), ("y", 0.5)), "fit", 0.5), None),
        (Witness((("p", 0.2), ("y", 1.0)), "fit", 0.5), None),
        (Witness((("z", 2.0),), "fit", 0.5), None),
        (Witness((("z", 2.0), ("y", 1.0)), "fit", None, 0.5), None),
        (Witness((("z", 2.0), ("y", 1.0)), "fit", 0.5, expression="AUC"), None),
    ],
)
def test_only_losses_of_one_example_are_marked(
    witness: Witness | None, expected: tuple[int, float, float] | None
) -> None:
    found = curves.mark(witness, "pre-activation z", "loss")
    assert found == expected or repr(tuple(found or ())) == repr(expected)  # NaN is not NaN


# --- axes -------------------------------------------------------------------------------------------------------------


def test_the_core_of_an_axis_is_where_most_points_are() -> None:
    assert core(SWEEP) == (-20.0, 20.0)
    assert core((-3.0, 0.0, 3.0)) == (-3.0, 3.0)
    assert core(tuple(float(x) for x in range(-100, 101))) == (-100.0, 100.0)
    assert core(()) == (0.0, 1.0)
    assert core((0.0, 0.0)) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("values", "quantity", "kind"),
    [
        ({"as written": [0.3, 1.3], "exact": [0.1, 20]}, "loss", "linear"),
        ({"as written": [0.3, 1.3], "exact": [2e-9, 20]}, "loss", "log"),
        ({"as written": [0.0, 1.3], "exact": [2e-9, 20]}, "loss", "symlog"),
        ({"as written": [1e-40, 20]}, "loss", "symlog"),
        ({"as written": [-16, 16]}, "loss", "linear"),
        ({"as written": [0.0, -0.1], "exact": [-1, -1e-12]}, "gradient", "linear"),
        ({"as written": [0.0, -1e7], "exact": [-1, -1e-12]}, "gradient", "symlog"),
        ({"as written": [0.0, 0.0], "exact": [-1, 0]}, "gradient", "linear"),
        ({}, "loss", "linear"),
        ({"as written": [0.0]}, "loss", "linear"),
    ],
)
def test_logarithmic_axes_are_for_what_would_look_like_nothing(
    values: dict[str, list[float]], quantity: str, kind: str
) -> None:
    assert y_scale(values, "auto", quantity).kind == kind


def test_a_logarithmic_axis_that_was_asked_for_has_room_for_zero() -> None:
    assert y_scale({"a": [0.0, 1.0]}, "log", "loss").kind == "symlog"
    assert y_scale({"a": [0.5, 1.0]}, "log", "loss").kind == "log"


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (Scale("linear", -0.05, 1.05), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (Scale("log", 1e-9, 36), [1e-8, 1e-6, 1e-4, 1e-2, 1]),
        (Scale("symlog", -0.04, 180, 0.1), [0, 0.1, 1, 10, 100]),
        (Scale("log", 0.2, 0.9), [0.2, 0.9]),
    ],
)
def test_ticks(scale: Scale, expected: list[float]) -> None:
    assert ticks(scale, 150, 15) == pytest.approx(expected)


@pytest.mark.parametrize("size", [5e-324, 1e-290, 1e-270, 1e-12, 1.0, 1e12, 1e270, 1.7e308])
@pytest.mark.parametrize("kind", ["auto", "linear", "log", "symlog"])
@pytest.mark.parametrize("quantity", curves.QUANTITIES)
def test_every_size_has_ticks_that_do_not_overlap(size: float, kind: str, quantity: str) -> None:
    for values in ([size], [0.0, size], [-size, size], [size / 1e6, size]):
        scale = y_scale({"as written": values}, kind, quantity).around(values)
        assert scale.low < scale.high
        found = ticks(scale, 150, 15)
        shares = [scale.share(tick) for tick in found]
        assert all(second - first > 0.05 for first, second in pairwise(shares))
        assert all(-0.001 <= share <= 1.001 for share in shares)


def test_probabilities_close_to_zero_have_a_logarithmic_axis() -> None:
    assert x_scale(1e-9, 1.0).kind == "log"
    assert x_scale(0.0, 1.0).kind == "linear"
    assert x_scale(2.0, 2.0).low < 2 < x_scale(2.0, 2.0).high
