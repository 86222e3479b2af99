"""Verdicts on hand-written losses, and on them after their fixes: each check, both ways."""

from __future__ import annotations

from math import inf, log, nan
from typing import Any

import pytest

from bcelint.verify import loss_verdicts
from bcelint.verify.experiments import CodeExperiment
from bcelint.verify.model import BackendVerdict, Verdict

Result = dict[str, Any]
Z = [-20.0, -1.0, 0.0, 1.0, 20.0]


def experiment(check: str, **changes: Any) -> CodeExperiment:
    return CodeExperiment("my_bce", "", "my_bce", ("labels", "prediction"), (check,), **changes)


def judge(check: str, result: Result, **changes: Any) -> BackendVerdict:
    return loss_verdicts.judge("BCE201", experiment(check, **changes), {"result": result}, "tensorflow")


def sound(after: Result, before: Result | None = None, code: str = "BCE201") -> str:
    return loss_verdicts.is_sound(code, {} if before is None else {"result": before}, {"result": after})


def sweep(loss: float = 0.5, slope: float = 0.25, **changes: Any) -> Result:
    curve = {"loss": [loss] * len(Z), "gradient": [slope] * len(Z)}
    return {"z": Z, "mode": "graph", "shape": [1, 1], "0": curve, "1": curve, **changes}


@pytest.mark.parametrize("check", ["corners", "witness", "order", "swapped", "weights", "result", "sweep", "value"])
def test_without_an_answer_nothing_is_learnt(check: str) -> None:
    answer = {"failure": "the code raises ValueError in row 3"}
    found = loss_verdicts.judge("BCE201", experiment(check), answer, "jax")
    assert (found.verdict, found.reason, found.backend) == (Verdict.NOT_EVALUATED, answer["failure"], "jax")
    assert loss_verdicts.is_sound("BCE201", {"result": {}}, answer) == answer["failure"]


# --- corners ----------------------------------------------------------------------------------------------------------


def corner(**changes: Any) -> Result:
    made = {"mode": "graph", "shape": [1, 1], "y": 1.0, "p": 0.0, "pattern": "all", "loss": inf, "gradient": nan}
    return {**made, "value_is_finite": False, **changes}


def corners(*faults: Result) -> Result:
    return {"corners": {"faults": list(faults), "evaluated": 160}, "sweep": sweep()}


def test_a_loss_that_is_not_finite() -> None:
    found = judge("corners", corners(corner(), corner(mode="XLA", gradient=None)))
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == "p = 0, y = 1: the loss is inf (fit (compiled))"
    assert found.witness is not None
    assert found.witness.inputs == (("p", 0.0), ("y", 1.0))
    assert found.symptoms == (
        "one such example makes the loss of its batch inf or NaN, and then all weights NaN",
        "starts at 0.5 on balanced data (every z = 0)",
    )
    assert found.measured == (
        ("p = 0, y = 1, fit (compiled), shape (1, 1)", "inf, gradient NaN"),
        ("p = 0, y = 1, compiled by XLA, shape (1, 1)", "inf, gradient none"),
    )
    assert [(curve.name, curve.label) for curve in found.curves] == [("as written", 1), ("as written", 0)]


def test_a_gradient_that_is_not_finite() -> None:
    found = judge("corners", corners(corner(loss=0.0, value_is_finite=True, mode="eager", p=1e-30)))
    assert found.reason == "p = 1.000e-30, y = 1: the gradient is NaN (eager)"
    assert found.symptoms[0] == "the loss looks normal, and one such example makes all weights NaN"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("all", "y = 1: the"), ("distribution", "y = 1, the rest on the other units: the"), ("one", "the other units 0:")],
)
def test_several_units(pattern: str, words: str) -> None:
    assert words in judge("corners", corners(corner(pattern=pattern))).reason


def test_logits_are_called_z() -> None:
    assert judge("corners", corners(corner(p=88.75)), domain="logits").reason.startswith("z = 88.75, y = 1:")


def test_finite_in_all_corners() -> None:
    found = judge("corners", corners())
    assert (found.verdict, found.reason) == (Verdict.REFUTED, "finite in all 160 cases")


def test_corners_after_a_fix() -> None:
    assert sound(corners(), corners(corner())) == ""
    assert sound(corners(corner()), corners(corner())) == "p = 0, y = 1: the loss is inf (fit (compiled))"
    gradient = corners(corner(value_is_finite=True, loss=1.0))
    assert sound(gradient, corners(corner())) == "p = 0, y = 1: the gradient is NaN (fit (compiled))"


def test_a_fix_must_not_change_what_was_sound() -> None:
    before = {"corners": {"faults": [corner()], "evaluated": 1}, "sweep": sweep(0.5)}
    changed = {"corners": {"faults": [], "evaluated": 1}, "sweep": sweep(0.501)}
    fault = "z = -1, y = 0: it changes a sound value from 0.5 to 0.501"
    assert sound(changed, before) == fault
    # A power below 1 of an epsilon is not small.
    assert sound(changed, before, code="BCE212") == ""
    # What was inf may become anything, and far out a clip may show.
    assert sound(changed, {**before, "sweep": sweep(inf)}) == ""
    far = sweep(0.5)
    far["0"] = {**far["0"], "loss": [9.0, 0.5, 0.5, 0.5, 9.0]}
    assert sound({**changed, "sweep": far}, before) == ""
    assert sound(changed, {}) == ""


# --- formulas ---------------------------------------------------------------------------------------------------------


def tried(faulty: bool, **changes: Any) -> Result:
    attempt = {"mode": "graph", "count": 3, "loss": 0.5, "gradient": 0.1, "finite": not faulty, **changes}
    return {"witness": {"tried": [attempt], "faulty": faulty, "interior": 0.25}}


def test_a_formula_at_its_witness() -> None:
    # What is not in the witness is where nothing is special, and goes without saying.
    inputs = {
        "inputs": ("y_pred", "y_true", "weight"),
        "witness": (0.0, 1.0, 1.0),
        "interior": (0.5, 0.5, 1.0),
    }
    found = judge("witness", tried(True, loss=inf, gradient=None), **inputs)
    assert (found.verdict, found.reason) == (
        Verdict.CONFIRMED,
        "y_pred = 0, y_true = 1: the loss is inf (fit (compiled))",
    )
    assert found.measured == (("fit (compiled), 3 examples", "inf, gradient none"),)
    found = judge("witness", tried(True, gradient=nan, mode="eager", count=1), **inputs)
    assert found.reason == "y_pred = 0, y_true = 1: the gradient is NaN (eager)"
    found = judge("witness", tried(False), **inputs)
    assert (found.verdict, found.reason) == (Verdict.REFUTED, "y_pred = 0, y_true = 1: finite")


@pytest.mark.parametrize(
    ("backend", "verdict"), [("tensorflow", Verdict.REFUTED), ("jax", Verdict.REFUTED), ("torch", Verdict.RESCUED)]
)
def test_what_a_compiler_breaks_is_whole_where_nothing_is_compiled(backend: str, verdict: Verdict) -> None:
    inputs = {"inputs": ("y_pred",), "witness": (0.0,), "interior": (0.5,)}
    answer = {"result": tried(False, mode="eager")}
    found = loss_verdicts.judge("BCE202", experiment("witness", **inputs), answer, backend, by_compiler=True)
    assert found.verdict is verdict
    found = loss_verdicts.judge("BCE202", experiment("witness", **inputs), answer, backend)
    assert found.verdict is Verdict.REFUTED


def test_a_formula_after_a_fix() -> None:
    assert sound(tried(False), tried(True, loss=inf)) == ""
    assert sound(tried(False)) == ""
    assert sound(tried(True, loss=inf), tried(True)) == "at the same inputs the loss is inf (fit (compiled))"
    assert sound(tried(True, gradient=nan), tried(True)) == "at the same inputs the gradient is NaN (fit (compiled))"
    other = tried(False)
    other["witness"]["interior"] = 0.5
    assert sound(other, tried(True)) == "it changes a sound value from 0.25 to 0.5"
    unsound = tried(True)
    unsound["witness"]["interior"] = nan
    assert sound(other, unsound) == ""


# --- order ------------------------------------------------------------------------------------------------------------


def order(one: tuple[float, float], zero: tuple[float, float]) -> Result:
    values = {"1": one, "0": zero}
    return {"order": {"low": 0.1, "high": 0.9, **{y: {"good": g, "bad": b} for y, (g, b) in values.items()}}}


def test_a_loss_that_falls_as_predictions_get_worse() -> None:
    found = judge("order", order((0.1, 2.3), (-0.1, -2.3)))
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == "y = 0: the loss is -0.1 for p = 0.1, and -2.3 for p = 0.9"
    assert found.measured[0] == ("p = 0.9, y = 1", "0.1")
    assert found.measured[3] == ("p = 0.9, y = 0", "-2.3")
    assert judge("order", order((2.3, 0.1), (0.1, 2.3))).reason.startswith("y = 1: the loss is 2.3 for p = 0.9")
    assert judge("order", order((0.1, 2.3), (0.1, 2.3))).verdict is Verdict.REFUTED


def test_order_after_a_fix() -> None:
    assert sound(order((0.1, 2.3), (0.1, 2.3))) == ""
    assert sound(order((0.1, 2.3), (2.3, 0.1))) == "for y = 0 the loss still falls as the predictions get worse"
    assert sound(order((nan, 2.3), (0.1, 2.3))).startswith("for y = 1")


# --- arguments the wrong way round ------------------------------------------------------------------------------------


def swapped(*cases: tuple[float, float, float, float, float]) -> Result:
    names = ("y", "p", "loss", "exchanged", "gradient")
    made = [{**dict(zip(names, case, strict=True)), "exchanged_gradient": -1.0} for case in cases]
    return {"swapped": {"shape": [1, 1], "cases": made}}


def test_exchanged_arguments() -> None:
    found = judge(
        "swapped", swapped((0.0, 0.1, 1.6, 0.1, 15.9), (0.0, 0.9, 14.5, 2.3, 15.9), (1.0, 0.9, 0.2, 0.1, -3.0))
    )
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == "p = 0.9, y = 0: the loss is 14.5, and the right way round 2.3"
    assert found.symptoms == (
        "the gradient is 15.9 for y = 0, whatever the prediction is",
        "the gradient is -3 for y = 1, whatever the prediction is",
    )
    assert found.witness is not None
    assert (found.witness.expected, found.witness.expected_gradient) == (2.3, -1.0)


def test_an_infinite_difference_is_the_largest() -> None:
    found = judge("swapped", swapped((0.0, 0.1, 99.0, 0.1, 1.0), (1.0, 0.9, inf, 0.1, 2.0)))
    assert found.reason.startswith("p = 0.9, y = 1: the loss is inf")


def test_exchanging_makes_no_difference() -> None:
    cases = [(0.0, 0.1, 0.5, 0.5, 1.0), (1.0, 0.9, nan, nan, 1.0), (1.0, 0.1, inf, inf, 1.0)]
    assert judge("swapped", swapped(*cases)).verdict is Verdict.REFUTED


def test_exchange_after_a_fix() -> None:
    before = swapped((0.0, 0.1, 1.6, 0.1, 15.9), (1.0, 0.9, 0.2, nan, -3.0))
    assert sound(swapped((0.0, 0.1, 0.1, 1.6, 15.9), (1.0, 0.9, nan, 0.2, -3.0)), before) == ""
    assert sound(before, before) == "p = 0.1, y = 0: the loss is 1.6"
    assert sound(before) == ""


# --- weights, factories, gradients, calls -----------------------------------------------------------------------------


def weights(first: float, second: float) -> Result:
    return {"weights": {"none": 1.2, "first": first, "second": second}}


@pytest.mark.parametrize("value", [1.2, 0.0, inf, nan])
def test_weights_that_make_no_difference(value: float) -> None:
    found = judge("weights", weights(value, value))
    assert found.verdict is Verdict.CONFIRMED
    assert found.symptoms == ("class_weight and sample_weight have no effect",)
    assert sound(weights(value, value)) == "all weights still count the same"


@pytest.mark.parametrize("second", [2.3, inf, nan, 0.1001])
def test_weights_that_make_a_difference(second: float) -> None:
    assert judge("weights", weights(0.1, second)).verdict is Verdict.REFUTED
    assert sound(weights(second, 0.1)) == ""


def test_what_compile_is_given() -> None:
    found = judge("result", {"result": {"raises": "TypeError: no"}})
    assert (found.verdict, found.reason) == (Verdict.CONFIRMED, "Keras raises TypeError: no")
    assert judge("result", {"result": {"value": 0.5}}).verdict is Verdict.REFUTED
    assert sound({"result": {"raises": "TypeError: no"}}) == "TypeError: no"
    assert sound({"result": {"value": 0.5}}) == ""
    assert sound({"result": {"value": nan}}) == "the loss is NaN"


def test_whether_a_gradient_arrives() -> None:
    found = judge("sweep", {"sweep": sweep(slope=nan, without_gradient=True)})
    assert (found.verdict, found.reason) == (Verdict.CONFIRMED, "there is no gradient for any prediction")
    assert found.witness is not None
    assert found.witness.gradient is None
    assert [curve.gradient for curve in found.curves] == [(), ()]
    found = judge("sweep", {"sweep": sweep(slope=0.0)})
    assert (found.verdict, found.reason) == (Verdict.CONFIRMED, "the gradient is 0 at all 10 points")
    assert found.witness is not None
    assert found.witness.gradient == 0
    assert judge("sweep", {"sweep": sweep(slope=nan)}).reason == "the gradient is 0 or not finite at all 10 points"
    assert judge("sweep", {"sweep": sweep()}).verdict is Verdict.REFUTED


def test_the_witness_of_a_missing_gradient_is_at_0() -> None:
    rising = sweep(without_gradient=True)
    rising["1"] = {"loss": [5.0, 4.0, 3.0, 2.0, 1.0], "gradient": [nan] * 5}
    found = judge("sweep", {"sweep": rising})
    assert found.witness is not None
    assert (found.witness.inputs[0], found.witness.loss) == (("z", 0.0), 3.0)


def test_gradients_after_a_fix() -> None:
    assert sound({"sweep": sweep()}) == ""
    assert sound({"sweep": sweep(slope=0.0)}) == "there is still no gradient"
    assert sound({"sweep": sweep(without_gradient=True)}) == "there is still no gradient"


def call(value: float) -> Result:
    return {"value": {"value": value, "labels": [1.0, 0.0], "prediction": [-2.0, 3.0]}}


def test_a_call_on_logits() -> None:
    found = judge("value", call(16.03))
    assert (found.verdict, found.reason) == (
        Verdict.CONFIRMED,
        "the call gives 16.03, and should give 2.5878",
    )
    assert found.symptoms == ("2 of 2 values are clipped to [1e-7, 1 - 1e-7] and get no gradient",)
    assert judge("value", call(2.587758)).verdict is Verdict.REFUTED
    assert sound(call(2.587758)) == ""
    assert sound(call(16.03)) == "it gives 16.03 instead of 2.5878"


def test_exact_means() -> None:
    assert loss_verdicts.exact_mean([1, 0], [0.5, 0.5], logits=False) == pytest.approx(log(2))
    assert loss_verdicts.exact_mean([1, 0], [1.0, 0.0], logits=False) == 0
    assert loss_verdicts.exact_mean([1], [0.0], logits=False) == inf
    assert loss_verdicts.exact_mean([0.5], [0.5], logits=False) == pytest.approx(log(2))
    assert loss_verdicts.exact_mean([1, 0], [-2.0, 3.0], logits=True) == pytest.approx(2.587758, abs=1e-6)


def test_double_precision_is_the_exact_curve() -> None:
    found = judge("corners", {**corners(), "double": sweep(0.75)})
    assert [curve.name for curve in found.curves] == ["as written", "as written", "exact", "exact"]
    assert judge("corners", {**corners(), "double": {}}).curves == judge("corners", corners()).curves
