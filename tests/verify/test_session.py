"""Heads, losses and metrics in the Keras that is installed, all evaluated by one child process.

The numbers that are asked for are those that were measured without bcelint (see tests/rules/test_numbers.py).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bcelint.verify import exact, metric_verdicts, pair_verdicts
from bcelint.verify.experiments import (
    BATCH,
    SWEEP,
    Experiment,
    LossSpec,
    MetricExperiment,
    MetricSpec,
    PairExperiment,
)
from bcelint.verify.model import Verdict
from bcelint.verify.session import BackendError, Limits, Session, require
from tests.verify.builders import BCE, pair_experiment

PROBABILITIES = replace(BCE, arguments=(("from_logits", False),))
CCE, SPARSE, FOCAL, CLASS_FOCAL = (
    LossSpec(f"keras.losses.{name}", True, arguments=(("from_logits", True),))
    for name in (
        "CategoricalCrossentropy",
        "SparseCategoricalCrossentropy",
        "BinaryFocalCrossentropy",
        "CategoricalFocalCrossentropy",
    )
)
SIGMOID = pair_experiment()
LINEAR = replace(SIGMOID, activation="linear")
CLASSES = replace(LINEAR, units=4, form="categorical", loss=CCE)


def smoothed(loss: LossSpec, amount: float = 0.2, **more: float) -> LossSpec:
    return replace(loss, arguments=(*loss.arguments, ("label_smoothing", amount), *more.items()))


def after(*steps: tuple[str, str, float]) -> PairExperiment:
    return replace(SIGMOID, steps=steps)


# Name -> experiment, and its verdict.
PAIRS: dict[str, tuple[PairExperiment, Verdict]] = {
    "Dense sigmoid": (SIGMOID, Verdict.RESCUED),
    "four units": (replace(SIGMOID, units=4), Verdict.RESCUED),
    "activation layer": (replace(SIGMOID, layer="Activation"), Verdict.RESCUED),
    "linear activation behind it": (after(("identity", "Activation", 0.0)), Verdict.RESCUED),
    "tf.nn.sigmoid": (replace(SIGMOID, applied="tensorflow function"), Verdict.RESCUED),
    "called": (replace(SIGMOID, in_fit=False), Verdict.RESCUED),
    "reshape": (after(("reshape", "Reshape", 0.0)), Verdict.CONFIRMED),
    "dropout": (after(("dropout", "Dropout", 0.5)), Verdict.CONFIRMED),
    "predict": (replace(after(("numpy", "predict", 0.0)), in_fit=False), Verdict.CONFIRMED),
    "mixed_float16": (replace(SIGMOID, policy="mixed_float16"), Verdict.CONFIRMED),
    "focal": (replace(SIGMOID, loss=FOCAL), Verdict.CONFIRMED),
    "tf.nn loss": (
        replace(
            SIGMOID,
            loss=LossSpec("tf.nn.sigmoid_cross_entropy_with_logits", False, ("labels", "logits")),
            in_fit=False,
        ),
        Verdict.CONFIRMED,
    ),
    "linear": (replace(LINEAR, loss=PROBABILITIES), Verdict.CONFIRMED),
    "double softmax": (replace(CLASSES, activation="softmax", steps=(("reshape", "Reshape", 0.0),)), Verdict.CONFIRMED),
    "softmax": (replace(CLASSES, activation="softmax"), Verdict.RESCUED),
    "softmax, sparse": (replace(CLASSES, activation="softmax", form="sparse", loss=SPARSE), Verdict.RESCUED),
    "sigmoid of classes": (replace(CLASSES, activation="sigmoid"), Verdict.RESCUED),
    "linear classes": (
        replace(CLASSES, loss=replace(CCE, arguments=(("from_logits", False),))),
        Verdict.CONFIRMED,
    ),
    # Nothing is wrong with these: a finding about them would be a defect.
    "sound logits": (LINEAR, Verdict.REFUTED),
    "sound probabilities": (replace(SIGMOID, loss=PROBABILITIES), Verdict.REFUTED),
    "sound probabilities, reshaped": (
        replace(after(("reshape", "Reshape", 0.0)), loss=PROBABILITIES),
        Verdict.REFUTED,
    ),
    "sound logits of classes": (CLASSES, Verdict.REFUTED),
    "sound sparse logits": (replace(CLASSES, form="sparse", loss=SPARSE), Verdict.REFUTED),
    "sound softmax": (
        replace(CLASSES, activation="softmax", loss=replace(CCE, arguments=())),
        Verdict.REFUTED,
    ),
    "sound focal": (replace(LINEAR, loss=FOCAL), Verdict.REFUTED),
    "smoothed": (replace(LINEAR, loss=smoothed(BCE)), Verdict.REFUTED),
    "smoothed probabilities": (
        replace(after(("reshape", "Reshape", 0.0)), loss=smoothed(PROBABILITIES, 0.02)),
        Verdict.REFUTED,
    ),
    "smoothed focal": (replace(LINEAR, loss=smoothed(FOCAL, gamma=3.0)), Verdict.REFUTED),
    "smoothed classes": (replace(CLASSES, loss=smoothed(CCE)), Verdict.REFUTED),
    "smoothed focal classes": (replace(CLASSES, loss=smoothed(CLASS_FOCAL, alpha=0.5)), Verdict.REFUTED),
    # Compiled losses get their labels as floats: the file casts them back.
    "indices for a TensorFlow function": (
        replace(
            CLASSES,
            form="sparse",
            loss=LossSpec("tf.nn.sparse_softmax_cross_entropy_with_logits", False, ("labels", "logits")),
        ),
        Verdict.REFUTED,
    ),
    "ignored class": (
        replace(CLASSES, form="sparse", loss=replace(SPARSE, arguments=(("from_logits", True), ("ignore_class", -1)))),
        Verdict.REFUTED,
    ),
    "weighted": (
        replace(
            LINEAR,
            loss=LossSpec(
                "tf.nn.weighted_cross_entropy_with_logits", False, ("labels", "logits"), (("pos_weight", 3.0),)
            ),
            in_fit=False,
        ),
        Verdict.REFUTED,
    ),
}
ONE_UNIT_SOFTMAX = replace(SIGMOID, activation="softmax", loss=PROBABILITIES)
METRICS = {
    "AUC": (MetricExperiment(MetricSpec("AUC", True), MetricSpec("AUC", True), logits=True), Verdict.CONFIRMED),
    "sound AUC": (MetricExperiment(MetricSpec("AUC", True), MetricSpec("AUC", True), logits=False), Verdict.REFUTED),
    "accuracy": (
        MetricExperiment(MetricSpec("accuracy", False), MetricSpec("BinaryAccuracy", True), logits=True),
        Verdict.CONFIRMED,
    ),
    "accuracy of labels": (
        MetricExperiment(MetricSpec("accuracy", False), MetricSpec("BinaryAccuracy", True), logits=True, units=4),
        Verdict.CONFIRMED,
    ),
    "cut at 0": (
        MetricExperiment(
            MetricSpec("BinaryAccuracy", True, (("threshold", 0.0),)), MetricSpec("BinaryAccuracy", True), logits=True
        ),
        Verdict.REFUTED,
    ),
}
UNAVAILABLE = replace(LINEAR, loss=LossSpec("keras.losses.NoSuchLoss", True))
BROKEN = replace(LINEAR, activation="no_such_activation")

Answers = dict[Experiment, dict[str, Any]]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session("tensorflow", Limits()) as made:
        yield made


@pytest.fixture(scope="module")
def answers(session: Session) -> Answers:
    every: list[Experiment] = [
        *(experiment for experiment, _ in PAIRS.values()),
        *(experiment for experiment, _ in METRICS.values()),
        ONE_UNIT_SOFTMAX,
        UNAVAILABLE,
        BROKEN,
    ]
    found = {every[i]: answer for i, answer in session.evaluate([experiment.request() for experiment in every])}
    assert len(found) == len(every)
    return found


def modes(answers: Answers, name: str) -> dict[str, Any]:
    found: dict[str, Any] = answers[PAIRS[name][0]]["result"]["modes"]
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_verdicts(answers: Answers, name: str) -> None:
    experiment, verdict = PAIRS[name]
    found = pair_verdicts.judge("BCE101", experiment, answers[experiment], "tensorflow")
    assert found.verdict is verdict, found.reason


@pytest.mark.parametrize("name", [name for name, (_, verdict) in PAIRS.items() if verdict is Verdict.REFUTED])
def test_sound_pairs_are_exact(answers: Answers, name: str) -> None:
    experiment, _ = PAIRS[name]
    assert pair_verdicts.agrees(experiment, answers[experiment]) == ""


@pytest.mark.parametrize("name", [name for name, (_, verdict) in PAIRS.items() if verdict is Verdict.CONFIRMED])
def test_confirmed_pairs_are_not_exact(answers: Answers, name: str) -> None:
    experiment, _ = PAIRS[name]
    assert pair_verdicts.agrees(experiment, answers[experiment]) != ""


def test_where_tensorflow_repairs(answers: Answers) -> None:
    for name in ("Dense sigmoid", "linear activation behind it"):
        experiment, _ = PAIRS[name]
        reason = pair_verdicts.judge("BCE101", experiment, answers[experiment], "tensorflow").reason
        assert reason == "Keras finds the logits behind the activation and uses them"
    experiment, _ = PAIRS["tf.nn.sigmoid"]
    reason = pair_verdicts.judge("BCE101", experiment, answers[experiment], "tensorflow").reason
    assert reason.endswith("; run eagerly it does not")


@pytest.mark.parametrize("name", ["reshape", "mixed_float16"])
def test_the_floors_of_a_double_sigmoid(answers: Answers, name: str) -> None:
    for mode in ("graph", "eager"):
        curves = modes(answers, name)[mode]
        assert min(curves["1"]["loss"]) == pytest.approx(0.3133, abs=1e-4)
        assert min(curves["0"]["loss"]) == pytest.approx(0.6931, abs=1e-4)


def test_the_numbers_of_a_double_sigmoid(answers: Answers) -> None:
    curves = modes(answers, "reshape")["graph"]
    for y in (0, 1):
        wanted = [exact.loss("binary", exact.sigmoid(z), y) for z in SWEEP]
        assert curves[str(y)]["loss"] == pytest.approx(wanted, abs=1e-6)
    # The gradient on z is that of the outer loss times the slope of the sigmoid.
    at = SWEEP.index(0.0)
    assert curves["1"]["gradient"][at] == pytest.approx((exact.sigmoid(0.5) - 1) / 4, abs=1e-6)


@pytest.mark.parametrize(
    ("z", "positive", "slope", "negative", "other_slope"),
    [
        (-5.0, 16.1181, 0, 1.19e-7, 0),
        (0.0, 16.1181, 0, 1.19e-7, 0),
        (0.001, 6.9078, -1000, 0.0010, 1.001),
        (0.5, 0.6931, -2, 0.6931, 2),
        (0.9, 0.1054, -1.111, 2.3026, 10),
        (1.0, 1.19e-7, 0, 15.9424, 0),
        (100.0, 1.19e-7, 0, 15.9424, 0),
    ],
)
def test_a_linear_output_that_is_taken_for_a_probability(
    answers: Answers, z: float, positive: float, slope: float, negative: float, other_slope: float
) -> None:
    at = SWEEP.index(z)
    for mode in ("graph", "eager"):
        curves = modes(answers, "linear")[mode]
        assert curves["1"]["loss"][at] == pytest.approx(positive, rel=1e-3, abs=1e-9)
        assert curves["1"]["gradient"][at] == pytest.approx(slope, rel=1e-3)
        assert curves["0"]["loss"][at] == pytest.approx(negative, rel=1e-2)
        assert curves["0"]["gradient"][at] == pytest.approx(other_slope, rel=1e-3)


def test_gradients_are_those_of_the_loss(answers: Answers) -> None:
    # Further out some of them are clipped.
    inner = [i for i, z in enumerate(SWEEP) if abs(z) <= 10]
    for name in ("sound logits", "Dense sigmoid", "smoothed focal", "smoothed focal classes"):
        experiment, _ = PAIRS[name]
        _, slopes = pair_verdicts.exact_curves(experiment)
        for y in (0, 1):
            found = modes(answers, name)["graph"][str(y)]["gradient"]
            assert [found[i] for i in inner] == pytest.approx([slopes[y][i] for i in inner], abs=2e-4), name


@pytest.mark.parametrize("name", ["Dense sigmoid", "reshape", "linear", "softmax", "sound sparse logits", "four units"])
def test_test_on_batch_is_the_mean_of_the_sweep(answers: Answers, name: str) -> None:
    """The sweep takes the loss of a compiled model apart; this is the whole of it."""
    found = modes(answers, name)
    for y in ("0", "1"):
        values = [found["graph"][y]["loss"][SWEEP.index(z)] for z in BATCH]
        assert found["batch"][y]["loss"][0] == pytest.approx(sum(values) / len(values), rel=1e-5)


def test_a_loss_that_is_called_is_not_compiled(answers: Answers) -> None:
    assert "batch" not in modes(answers, "called")
    assert "called" not in modes(answers, "called")
    assert "batch" in modes(answers, "Dense sigmoid")


def test_a_softmax_over_one_unit(answers: Answers) -> None:
    found = pair_verdicts.judge("BCE104", ONE_UNIT_SOFTMAX, answers[ONE_UNIT_SOFTMAX], "tensorflow")
    assert found.verdict is Verdict.CONFIRMED
    assert found.symptoms[0] == "the model predicts 1 for every input"
    assert len(found.symptoms) == 2  # TensorFlow trains it on the logits


@pytest.mark.parametrize("name", METRICS)
def test_metrics(answers: Answers, name: str) -> None:
    experiment, verdict = METRICS[name]
    found = metric_verdicts.judge(experiment, answers[experiment], "tensorflow")
    assert found.verdict is verdict, found.reason
    assert (metric_verdicts.agrees(answers[experiment]) == "") is (verdict is Verdict.REFUTED)


def test_what_is_not_there_costs_the_others_nothing(answers: Answers) -> None:
    assert answers[UNAVAILABLE]["failure"] == "`keras.losses.NoSuchLoss` does not exist in this version"
    assert "no_such_activation" in answers[BROKEN]["failure"]


def test_a_session_answers_again(session: Session, answers: Answers) -> None:
    ((position, answer),) = session.evaluate([LINEAR.request()])
    assert position == 0
    assert answer["result"]["modes"] == answers[LINEAR]["result"]["modes"]
    assert list(session.evaluate([])) == []
    assert "Keras 3." in session.versions
    assert "TensorFlow 2." in session.versions


def test_variables_that_change_what_is_computed_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("XLA_FLAGS", "--no_such_flag")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    with Session("tensorflow", Limits()) as session:
        ((_, answer),) = session.evaluate([LINEAR.request()])
    assert pair_verdicts.agrees(LINEAR, answer) == ""


def test_on_jax_nothing_is_repaired() -> None:
    pytest.importorskip("jax")
    names = ("Dense sigmoid", "sound logits", "sound softmax", "linear")
    with Session("jax", Limits()) as session:
        found = dict(session.evaluate([PAIRS[name][0].request() for name in names]))
    verdicts = [pair_verdicts.judge("BCE101", PAIRS[name][0], found[i], "jax").verdict for i, name in enumerate(names)]
    assert verdicts == [Verdict.CONFIRMED, Verdict.REFUTED, Verdict.REFUTED, Verdict.CONFIRMED]
    curves = found[0]["result"]["modes"]["graph"]
    assert min(curves["1"]["loss"]) == pytest.approx(math.log1p(math.exp(-1)), abs=1e-5)


def test_a_backend_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bcelint.verify.session.find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(BackendError, match=r"PyTorch is not installed, .* pip install torch keras"):
        require("torch")
    monkeypatch.setattr("bcelint.verify.session.find_spec", lambda name: None if name == "keras" else object())
    with pytest.raises(BackendError, match=r"Keras is not installed, .* pip install 'bcelint\[verify\]'"):
        require("tensorflow")


def test_a_process_that_is_killed_says_so() -> None:
    with Session("tensorflow", Limits()) as session:
        session.start()
        folder, process = session._folder, session._process
        assert process is not None
        os.kill(process.pid, 9)
        with pytest.raises(BackendError, match="the process that evaluates on TensorFlow was killed by SIGKILL"):
            list(session.evaluate([LINEAR.request()]))
    assert not os.path.exists(folder)
