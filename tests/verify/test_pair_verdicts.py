"""Verdicts on heads and losses, from answers that are written out."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from bcelint.verify import pair_verdicts
from bcelint.verify.experiments import SWEEP, LossSpec
from bcelint.verify.model import BackendVerdict, Curve, Verdict
from tests.verify.builders import BCE, Curves, curves, pair_answer, pair_experiment, right, twice, without_gradient

EXACT, DOUBLE = curves(right), curves(twice)
NO_MODE: Curves = {}


def judge(answer: dict[str, Any], code: str = "BCE101", **changes: Any) -> BackendVerdict:
    return pair_verdicts.judge(code, pair_experiment(**changes), answer, "tensorflow")


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_confirmed_where_fit_computes_another_loss() -> None:
    found = judge(pair_answer(DOUBLE, DOUBLE, DOUBLE))
    assert found.verdict is Verdict.CONFIRMED
    # The largest error: however wrong the prediction, it costs no more than log 2.
    assert found.reason == "z = -10, y = 1: the loss is 0.6931, and should be 10"
    assert found.witness is not None
    assert found.witness.inputs == (("z", -10.0), ("y", 1.0))
    assert found.witness.mode == "fit"
    assert found.witness.loss == pytest.approx(0.6931, abs=5e-5)
    assert found.witness.expected == pytest.approx(10.0, abs=1e-4)
    assert found.symptoms[0] == "cannot fall below 0.3133 for y = 1 and 0.6931 for y = 0"
    assert [(curve.name, curve.label) for curve in found.curves] == [
        ("as written", 1),
        ("exact", 1),
        ("as written", 0),
        ("exact", 0),
    ]
    assert ("z = 0, y = 1: fit", "0.4741") in found.measured
    assert ("z = 0, y = 1: exact", "0.6931") in found.measured


def test_confirmed_in_fit_although_eager_repairs_it() -> None:
    found = judge(pair_answer(DOUBLE, EXACT, DOUBLE))
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason.endswith("; fit, run eagerly it is repaired")


def test_rescued_where_fit_is_exact_and_the_predictions_would_not_be() -> None:
    found = judge(pair_answer(EXACT, EXACT, DOUBLE))
    assert found.verdict is Verdict.RESCUED
    assert found.reason == "Keras finds the logits behind the activation and uses them"
    assert found.witness is not None
    assert found.witness.mode == "on the numbers that the model predicts"
    assert found.witness.gradient is None
    assert found.symptoms == ()


def test_rescued_but_not_eagerly() -> None:
    found = judge(pair_answer(EXACT, DOUBLE, DOUBLE))
    assert found.verdict is Verdict.RESCUED
    assert found.reason.endswith("; run eagerly it does not")


def test_a_loss_that_the_file_calls_may_be_called_in_either_way() -> None:
    found = judge(pair_answer(EXACT, DOUBLE, DOUBLE), in_fit=False)
    assert found.verdict is Verdict.CONFIRMED
    assert found.witness is not None
    assert found.witness.mode == "called eagerly"
    assert found.reason.endswith("; called in a compiled function it is repaired")
    assert judge(pair_answer(EXACT, EXACT, DOUBLE), in_fit=False).verdict is Verdict.RESCUED


def test_refuted_where_everything_is_exact() -> None:
    found = judge(pair_answer(EXACT, EXACT, EXACT))
    assert found.verdict is Verdict.REFUTED
    assert found.witness is None


def test_a_backend_with_one_mode() -> None:
    assert judge(pair_answer(None, DOUBLE, DOUBLE)).verdict is Verdict.CONFIRMED
    assert judge(pair_answer(None, EXACT, DOUBLE)).verdict is Verdict.RESCUED


def test_not_evaluated_where_there_is_no_answer() -> None:
    found = judge({"failure": "it did not end within 30 seconds"})
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, "it did not end within 30 seconds")


def test_what_keras_refuses_is_confirmed() -> None:
    errors = {"graph 0": "ValueError: shapes", "eager 0": "ValueError: other"}
    found = judge(pair_answer(NO_MODE, NO_MODE, DOUBLE, errors=errors), "BCE106")
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == "Keras raises ValueError: shapes"
    assert found.symptoms == ("training does not start",)


def test_an_experiment_that_fails_shows_nothing_of_the_activation() -> None:
    found = judge(pair_answer(NO_MODE, NO_MODE, DOUBLE, errors={"graph 0": "ValueError: shapes"}), "BCE101")
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, "Keras raises ValueError: shapes")


def test_a_label_that_keras_refuses_is_not_repaired() -> None:
    errors = {"graph 1": "InvalidArgumentError: label out of range"}
    found = judge(pair_answer(curves(right, labels=[0]), EXACT, DOUBLE, errors=errors), "BCE106")
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == "Keras raises InvalidArgumentError: label out of range"


def test_nothing_computed_and_nothing_raised() -> None:
    assert judge(pair_answer(NO_MODE, NO_MODE)).verdict is Verdict.NOT_EVALUATED


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_what_is_not_finite_is_the_worst(bad: float) -> None:
    def loss(z: float, y: int) -> float:
        return bad if (z, y) == (3.0, 1) else twice(z, y)

    found = judge(pair_answer(curves(loss), DOUBLE, DOUBLE))
    assert found.witness is not None
    assert found.witness.inputs == (("z", 3.0), ("y", 1.0))
    assert "the loss is NaN" in found.reason or "inf" in found.reason


def test_float32_ends_before_the_sweep_does() -> None:
    """Far out a probability is clipped: that alone is no fault, and 2 % of the loss is none anywhere."""

    def clipped(z: float, y: int) -> float:
        return min(right(z, y), 15.9)

    def rounded(z: float, y: int) -> float:
        return right(z, y) * 1.01

    assert judge(pair_answer(curves(clipped), EXACT, EXACT)).verdict is Verdict.REFUTED
    assert judge(pair_answer(curves(rounded), EXACT, EXACT)).verdict is Verdict.REFUTED
    assert judge(pair_answer(curves(lambda z, y: right(z, y) * 1.05), EXACT, EXACT)).verdict is Verdict.CONFIRMED


def test_test_on_batch_is_in_the_table() -> None:
    answer = pair_answer(DOUBLE, DOUBLE, DOUBLE)
    answer["result"]["modes"]["batch"] = {"0": {"loss": [1.25]}, "1": {"error": "ValueError: shapes"}}
    rows = dict(judge(answer).measured)
    assert rows["test_on_batch, z = -4, -1, 0.5, 3, y = 0"] == "1.25"
    assert rows["test_on_batch, z = -4, -1, 0.5, 3, y = 1"] == "ValueError: shapes"


def test_focal_losses_are_meant_with_the_defaults_of_keras() -> None:
    focal = LossSpec("keras.losses.BinaryFocalCrossentropy", True, arguments=(("from_logits", True),))
    meant, _ = pair_verdicts.exact_curves(pair_experiment(loss=focal))
    at = SWEEP.index(0.0)
    assert meant[1][at] == pytest.approx(0.25 * right(0, 1))  # (1 - p)^2
    balanced = replace(focal, target="tfa.losses.SigmoidFocalCrossEntropy")
    meant, _ = pair_verdicts.exact_curves(pair_experiment(loss=balanced))
    assert meant[1][at] == pytest.approx(0.25 * 0.25 * right(0, 1))


# --- a softmax over one unit ------------------------------------------------------------------------------------------


def test_a_constant_prediction_is_confirmed() -> None:
    answer = pair_answer(EXACT, EXACT, predictions=[1.0] * len(SWEEP))
    found = judge(answer, "BCE104", activation="softmax")
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == "the prediction is 1 at every z from -100 to 100"
    assert found.symptoms == (
        "the model predicts 1 for every input",
        "the loss is computed on the logits and falls all the same, so training looks as if it worked",
    )
    assert found.witness is not None
    assert found.witness.expression == "the prediction"


def test_a_constant_prediction_with_a_constant_loss() -> None:
    constant = curves(lambda z, y: 7.57)
    found = judge(pair_answer(constant, constant, predictions=[1.0] * len(SWEEP)), "BCE104", activation="softmax")
    assert found.symptoms == ("the model predicts 1 for every input",)


def test_predictions_that_differ_refute_it() -> None:
    answer = pair_answer(EXACT, EXACT, predictions=[z / 100 for z in SWEEP])
    assert judge(answer, "BCE104", activation="softmax").verdict is Verdict.REFUTED


# --- after a fix ------------------------------------------------------------------------------------------------------


def agrees(answer: dict[str, Any], **changes: Any) -> str:
    return pair_verdicts.agrees(pair_experiment(**changes), answer)


def test_the_exact_loss_passes() -> None:
    assert agrees(pair_answer(EXACT, EXACT)) == ""


def test_what_fit_runs_has_to_be_exact() -> None:
    assert agrees(pair_answer(DOUBLE, EXACT)) == "z = -15, y = 0: the loss is 0.6931 instead of 3.059e-07"
    assert agrees(pair_answer(EXACT, DOUBLE)) == ""
    assert agrees(pair_answer(None, DOUBLE)).startswith("z = -15, y = 0")


def test_what_cannot_be_computed_does_not_pass() -> None:
    assert agrees({"failure": "it did not end in time"}) == "it did not end in time"
    assert agrees(pair_answer(NO_MODE, NO_MODE)) == "it cannot be computed"
    assert agrees(pair_answer(curves(right, labels=[0]), EXACT)) == "it cannot be computed for y = 1"


@pytest.mark.parametrize(("factor", "passes"), [(1 + 5e-6, True), (1 + 1e-4, False), (nan, False), (inf, False)])
def test_how_close_it_has_to_be(factor: float, passes: bool) -> None:
    found = agrees(pair_answer(curves(lambda z, y: right(z, y) * factor), None))
    assert (found == "") is passes


def test_float32_cannot_do_better_than_its_rounding() -> None:
    """A loss on probabilities is off by what rounding 1 - p costs: at z = 14 a percent or so."""

    def off(z: float, y: int) -> float:
        wrong = (z > 0) != bool(y)
        return right(z, y) + (2e-8 * (1 + 2.718281828 ** abs(z)) if wrong else 0)

    assert agrees(pair_answer(curves(off), None)) == ""
    assert agrees(pair_answer(curves(lambda z, y: right(z, y) + (0.05 if z == 2 else 0)), None)).startswith("z = 2,")


def test_a_difference_of_large_numbers_loses_the_tail() -> None:
    """PyTorch's loss on logits is 0 for z = -15, y = 0."""
    lost = curves(lambda z, y: 0.0 if abs(z) == 15 and (z > 0) == bool(y) else right(z, y))
    assert agrees(pair_answer(lost, None)) == ""


def test_a_weighted_loss_may_be_off_by_as_much_more() -> None:
    """The probability is rounded as for the unweighted loss, whose error the weight multiplies."""
    weighted = replace(BCE, arguments=(("pos_weight", 0.01),))
    rounded = 0.011  # of -log p at p = exp(-12)

    def light(z: float, y: int) -> float:
        exact_loss = right(z, y) * (0.01 if y else 1.0)
        return exact_loss - (rounded * (0.01 if y else 1.0) if (z, y) in ((-12, 1), (12, 0)) else 0.0)

    assert agrees(pair_answer(curves(light), None), loss=weighted) == ""


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_half_precision_may_be_off_by_more(policy: str) -> None:
    def rounded(z: float, y: int) -> float:
        return right(z, y) * 1.002

    assert agrees(pair_answer(curves(rounded), None)) != ""
    assert agrees(pair_answer(curves(rounded), None), policy="float64") != ""
    small = curves(lambda z, y: right(z, y) + (4e-3 if policy.endswith("bfloat16") else 4e-4))
    assert agrees(pair_answer(small, None), policy=policy) == ""
    assert agrees(pair_answer(small, None)) != ""


def test_a_gradient_is_needed() -> None:
    assert agrees(pair_answer(without_gradient(EXACT), None)) == "z = -100, y = 0: there is no finite gradient"
    numbers = pair_answer(without_gradient(EXACT), None)
    assert agrees(numbers, steps=(("numpy", "predict", 0.0),)) == ""
    bad = curves(right, lambda z, y: nan if z == 100 else 1.0)
    assert agrees(pair_answer(bad, None)) == "z = 100, y = 0: there is no finite gradient"


def test_curves_after_a_fix() -> None:
    made = pair_verdicts.curves_of(pair_experiment(), pair_answer(EXACT, DOUBLE))
    assert made[0] == Curve("as written", 1, SWEEP, tuple(EXACT["1"]["loss"]), tuple(EXACT["1"]["gradient"]))
    assert pair_verdicts.curves_of(pair_experiment(), pair_answer(NO_MODE, NO_MODE)) == ()


# --- pairs that fit ---------------------------------------------------------------------------------------------------


def test_sound_pairs_are_exact_and_may_be_clipped() -> None:
    assert pair_verdicts.measured(pair_experiment(), pair_answer(EXACT, None)) == (
        True,
        "for z from -15 to 15, as far as float32 goes",
    )
    clipped = curves(lambda z, y: min(max(right(z, y), 1.192e-7), 16.1181))
    agrees, words = pair_verdicts.measured(pair_experiment(), pair_answer(clipped, None))
    assert agrees
    assert "no lower than 1.192e-07 for y = 1" in words
    assert "no higher than 16.1181 for y = 1" in words
    assert pair_verdicts.measured(pair_experiment(), pair_answer(DOUBLE, None))[0] is False
