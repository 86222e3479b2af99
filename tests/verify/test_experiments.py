"""Experiments from facts that are built by hand: what of the code they take over, and what they say of themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bcelint.inference.facts import Context, Head, LossUse, MetricUse, Pairing, SingleUnitSoftmax, Step
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.places import Place
from bcelint.source import Source, read
from bcelint.verify import experiments
from bcelint.verify.experiments import (
    BATCH,
    SWEEP,
    Calls,
    CodeExperiment,
    LossSpec,
    MetricExperiment,
    MetricSpec,
    PairExperiment,
    Unsupported,
)

SITE = Place(1, 1, 1, 2)
SIGMOID = Head(Domain.PROBABILITY, "sigmoid", 0.0, 1.0, 1, layer_name="Dense")
LINEAR = Head(Domain.REAL, "linear", units=1, layer_name="Dense")
SOFTMAX = Head(Domain.SIMPLEX, "softmax", 0.0, 1.0, 3, layer_name="Dense")
BCE = LossUse(
    "BinaryCrossentropy", Family.BINARY, Expectation.LOGITS, True, True, api="keras.losses.BinaryCrossentropy"
)
CCE = replace(
    BCE, name="CategoricalCrossentropy", family=Family.CATEGORICAL, api="keras.losses.CategoricalCrossentropy"
)


def file(text: str) -> Source:
    return read("train.py", text.encode())


def place(source: Source, words: str) -> Place:
    """Where a text stands in a file."""
    before, _, _ = source.text.partition(words)
    row, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Place(row, column, row, column + len(words))


def pair(head: Head = SIGMOID, loss: LossUse = BCE, code: str = "", dtype: str = "", **given: Any) -> PairExperiment:
    """The experiment for a pairing; ``code`` is the call that makes the loss."""
    source = file(code or "pass")
    if code:
        loss = replace(loss, call=place(source, code))
    return experiments.pair(Pairing(head, loss, SITE, **given), Calls(source), dtype)


def arguments(code: str, loss: LossUse = BCE) -> dict[str, float | bool]:
    return dict(pair(loss=loss, code=code).loss.arguments)


# --- heads ------------------------------------------------------------------------------------------------------------


def test_a_dense_sigmoid_in_compile() -> None:
    made = pair()
    assert made == PairExperiment(
        "sigmoid",
        "layer",
        "Dense",
        (),
        1,
        "binary",
        LossSpec("keras.losses.BinaryCrossentropy", True, ("y_true", "y_pred"), (("from_logits", True),)),
        True,
    )
    assert made.describe() == "1 unit, sigmoid, with BinaryCrossentropy(from_logits=True)"
    request = made.request()
    assert json.loads(json.dumps(request))["z"] == list(SWEEP)
    assert request["batch"] == BATCH


@pytest.mark.parametrize(
    ("head", "units", "form"),
    [
        (SIGMOID, 1, "binary"),
        (replace(SIGMOID, units=None), 1, "binary"),
        (replace(SIGMOID, units=5), 5, "binary"),
        # What sums to 1 is about classes, whatever the loss is.
        (SOFTMAX, 3, "categorical"),
        (replace(SOFTMAX, units=None), 3, "categorical"),
        (replace(SOFTMAX, units=1), 1, "binary"),
        (replace(SIGMOID, units=100_000), 1000, "binary"),
    ],
)
def test_units_of_a_binary_loss(head: Head, units: int, form: str) -> None:
    made = pair(head)
    assert (made.units, made.form) == (units, form)


def test_units_of_a_categorical_loss() -> None:
    assert (pair(SOFTMAX, CCE).units, pair(SOFTMAX, CCE).form) == (3, "categorical")
    assert pair(replace(SOFTMAX, units=None), CCE).units == 3
    assert pair(replace(SIGMOID, units=1), CCE).units == 1
    assert pair(SOFTMAX, replace(CCE, family=Family.SPARSE)).form == "sparse"


@pytest.mark.parametrize(
    ("head", "activation"),
    [
        (SIGMOID, "sigmoid"),
        (replace(SIGMOID, activation="hard_sigmoid"), "hard_sigmoid"),
        (replace(SIGMOID, activation=""), "sigmoid"),
        (replace(SOFTMAX, activation=""), "softmax"),
        (replace(LINEAR, activation=""), "linear"),
    ],
)
def test_activations(head: Head, activation: str) -> None:
    assert pair(head).activation == activation


def test_how_an_activation_is_applied() -> None:
    assert pair().applied == "layer"
    bare = replace(SIGMOID, layer_name="")
    assert pair(bare).applied == "layer"
    assert pair(bare, context=Context.CALL).applied == "function"
    assert pair(replace(SIGMOID, eager_only=True)).applied == "tensorflow function"


def test_fit_computes_the_loss_unless_the_file_calls_it() -> None:
    assert pair().in_fit
    assert pair(context=Context.CUSTOM_LOSS).in_fit
    assert not pair(context=Context.CALL).in_fit


def test_dtype_policies() -> None:
    assert pair().policy == "float32"
    mixed = replace(SIGMOID, policy="mixed_bfloat16")
    assert (pair(mixed).policy, pair(mixed).dtype) == ("mixed_bfloat16", "")
    assert pair(mixed, dtype="bfloat16").policy == "bfloat16"
    assert pair(dtype="mixed_float16").describe().endswith(" under mixed_float16")
    assert pair(replace(SIGMOID, policy="int8_from_float32")).policy == "float32"


def test_the_dtype_of_the_output_layer() -> None:
    own = replace(SIGMOID, policy="mixed_float16", dtype="float32")
    assert (pair(own).policy, pair(own).dtype) == ("mixed_float16", "float32")
    assert pair(own).describe().startswith("1 unit, sigmoid in float32, with ")
    assert (pair(own, dtype="float64").policy, pair(own, dtype="float64").dtype) == ("float64", "")
    assert pair(replace(SIGMOID, dtype="?")).dtype == ""
    assert pair(own).rounded_to == "float32"
    assert pair(replace(own, steps=(Step("identity", "Activation"),))).rounded_to == "float16"
    assert pair(replace(own, steps=(Step("call", "model"), Step("identity", "linear")))).rounded_to == "float32"
    assert pair(replace(own, policy="", dtype="mixed_bfloat16")).rounded_to == "bfloat16"
    assert pair(replace(own, policy="float64", dtype="")).rounded_to == "float32"


def test_steps_with_their_rates() -> None:
    source = file("x = Dropout(0.2)(x)\nx = GaussianNoise(stddev=0.3)(x)\nx = Dropout(rate)(x)\nx = Reshape((1,))(x)\n")
    steps = (
        Step("dropout", "Dropout", place(source, "Dropout(0.2)")),
        Step("noise", "GaussianNoise", place(source, "GaussianNoise(stddev=0.3)")),
        Step("dropout", "Dropout", place(source, "Dropout(rate)")),
        Step("dropout", "Dropout"),
        Step("noise", "GaussianNoise"),
        Step("reshape", "Reshape", place(source, "Reshape((1,))")),
    )
    made = experiments.pair(Pairing(replace(SIGMOID, steps=steps), BCE, SITE), Calls(source))
    assert made.steps == (
        ("dropout", "Dropout", 0.2),
        ("noise", "GaussianNoise", 0.3),
        ("dropout", "Dropout", 0.5),
        ("dropout", "Dropout", 0.5),
        ("noise", "GaussianNoise", 0.1),
        ("reshape", "Reshape", 0.0),
    )
    assert made.describe().startswith("1 unit, sigmoid, Dropout(0.2), GaussianNoise, Dropout(0.5), ")


@pytest.mark.parametrize("rate", ["-1", "7", "'x'"])
def test_rates_that_no_layer_takes(rate: str) -> None:
    source = file(f"Dropout({rate})")
    head = replace(SIGMOID, steps=(Step("dropout", "Dropout", place(source, f"Dropout({rate})")),))
    with pytest.raises(Unsupported, match="Dropout"):
        experiments.pair(Pairing(head, BCE, SITE), Calls(source))


@pytest.mark.parametrize(
    ("head", "loss", "reason"),
    [
        (replace(SIGMOID, literal=True), BCE, "written out"),
        (SIGMOID, replace(BCE, family=Family.OTHER, name="Hinge"), "no exact value is known for `Hinge`"),
        (replace(LINEAR, domain=Domain.INTERVAL, activation=""), BCE, "arithmetic"),
        (SIGMOID, replace(BCE, api="", name="my_loss"), "no exact value is known for `my_loss`"),
        (SIGMOID, replace(BCE, api="segmentation_models.losses.BinaryCELoss"), "segmentation_models"),
    ],
)
def test_what_there_is_no_experiment_for(head: Head, loss: LossUse, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        pair(head, loss)


# --- losses -----------------------------------------------------------------------------------------------------------


def test_arguments_are_taken_over_wherever_they_are_written() -> None:
    assert arguments("BinaryCrossentropy(True, 0.1)") == {"from_logits": True, "label_smoothing": 0.1}
    assert arguments("BinaryCrossentropy(label_smoothing=0.1, name='x')") == {
        "from_logits": True,
        "label_smoothing": 0.1,
    }
    assert arguments("BinaryCrossentropy(label_smoothing=-0.0)")["label_smoothing"] == 0
    focal = replace(BCE, name="BinaryFocalCrossentropy", api="keras.losses.BinaryFocalCrossentropy")
    assert arguments("BinaryFocalCrossentropy(True, 0.4, gamma=3)", focal) == {
        "from_logits": True,
        "apply_class_balancing": True,
        "alpha": 0.4,
        "gamma": 3,
    }


@pytest.mark.parametrize(
    "code",
    [
        "BinaryCrossentropy(label_smoothing=smoothing)",
        "BinaryCrossentropy(*given, 0.1)",
        "BinaryCrossentropy(**given)",
        "BinaryCrossentropy(label_smoothing=None)",
        "BinaryCrossentropy(label_smoothing=[0.1])",
    ],
)
def test_arguments_that_are_not_written_out_have_their_defaults(code: str) -> None:
    assert arguments(code) == {"from_logits": True}


@pytest.mark.parametrize(
    "argument",
    ["label_smoothing=3", "label_smoothing=-0.1", "label_smoothing='0.1'", "label_smoothing=1e999", "axis=0"],
)
def test_arguments_without_an_exact_loss(argument: str) -> None:
    if argument.startswith("axis"):
        assert arguments(f"BinaryCrossentropy({argument})") == {"from_logits": True}
        return
    with pytest.raises(Unsupported, match="no exact value is known for `label_smoothing="):
        arguments(f"BinaryCrossentropy({argument})")


@pytest.mark.parametrize("gamma", ["-1", "'2'", "1e9"])
def test_gammas_without_an_exact_loss(gamma: str) -> None:
    focal = replace(BCE, name="BinaryFocalCrossentropy", api="keras.losses.BinaryFocalCrossentropy")
    with pytest.raises(Unsupported, match="gamma"):
        arguments(f"BinaryFocalCrossentropy(gamma={gamma})", focal)


@pytest.mark.parametrize(("written", "taken"), [("255", 255), ("-1", -1), ("0", -1), ("1", -1)])
def test_a_class_that_is_ignored_is_none_of_those_that_are_evaluated(written: str, taken: int) -> None:
    name = "SparseCategoricalCrossentropy"
    sparse = replace(CCE, name=name, family=Family.SPARSE, api=f"keras.losses.{name}")
    assert arguments(f"{name}(ignore_class={written})", sparse)["ignore_class"] == taken


def test_functions_take_their_arguments_by_their_own_names() -> None:
    function = replace(BCE, name="sigmoid_cross_entropy_with_logits", api="tf.nn.sigmoid_cross_entropy_with_logits")
    made = pair(loss=replace(function, takes_logits=False)).loss
    assert (made.target, made.is_class) == ("tf.nn.sigmoid_cross_entropy_with_logits", False)
    assert made.order == ("labels", "logits")
    keras = replace(BCE, api="keras.losses.binary_crossentropy", name="binary_crossentropy")
    assert pair(loss=keras).loss.order == ("y_true", "y_pred")
    assert pair(loss=keras).describe().endswith("with binary_crossentropy(from_logits=True)")
    backend = replace(BCE, api="keras.backend.binary_crossentropy", name="binary_crossentropy")
    assert pair(loss=backend).loss.order == ("target", "output")


def test_a_weighted_loss_needs_its_weight() -> None:
    name = "weighted_cross_entropy_with_logits"
    loss = replace(BCE, name=name, api=f"tf.nn.{name}")
    assert dict(pair(loss=loss).loss.arguments)["pos_weight"] == 1.0
    assert arguments(f"{name}(y, z, 3.0)", loss)["pos_weight"] == 3.0


def test_strings_are_the_classes_that_compile_makes_of_them() -> None:
    made = pair(loss=replace(BCE, api="", name="binary_crossentropy", from_logits=False)).loss
    assert (made.target, made.is_class) == ("keras.losses.BinaryCrossentropy", True)


def test_losses_of_tensorflow_are_those_of_keras() -> None:
    made = pair(loss=replace(BCE, api="tf.losses.BinaryCrossentropy")).loss
    assert made.target in ("tf.losses.BinaryCrossentropy", "keras.losses.BinaryCrossentropy")


def test_from_logits_false_goes_without_saying() -> None:
    made = pair(LINEAR, replace(BCE, from_logits=False))
    assert made.describe() == "1 unit, linear, with BinaryCrossentropy()"


def test_equal_pairs_are_one_experiment() -> None:
    assert pair() == pair(code="BinaryCrossentropy(from_logits=True)")
    assert hash(pair()) == hash(pair(code="BinaryCrossentropy(from_logits=True)"))


# --- a softmax over one unit, and metrics -----------------------------------------------------------------------------


def test_a_softmax_over_one_unit() -> None:
    made = experiments.single_unit_softmax(SingleUnitSoftmax(SITE, None, "head", layer_name="Dense"))
    assert (made.activation, made.units, made.form, made.policy) == ("softmax", 1, "binary", "float32")


def metric(name: str, code: str = "", **given: Any) -> MetricExperiment:
    source = file(code or "pass")
    use = MetricUse(name, SITE, BCE, LINEAR, call=place(source, code) if code else None, **given)
    return experiments.metric(use, Calls(source))


def test_metrics_that_take_probabilities() -> None:
    made = metric("AUC", "AUC(num_thresholds=50, name='auc')")
    assert made.metric == MetricSpec("AUC", True, (("num_thresholds", 50),))
    assert made.right == made.metric
    assert made.logits
    assert made.describe() == "AUC(num_thresholds=50) on logits"
    assert json.loads(json.dumps(made.request()))["metric"]["name"] == "AUC"


def test_the_argument_that_would_cut_logits_is_left_out_of_the_right_metric() -> None:
    made = metric("BinaryAccuracy", "BinaryAccuracy(threshold=0.3)")
    assert made.metric.arguments == (("threshold", 0.3),)
    assert made.right.arguments == ()
    assert metric("F1Score", "F1Score(average='macro')").right.arguments == (("average", "macro"), ("threshold", 0.5))


def test_the_string_accuracy() -> None:
    made = metric("accuracy", string="acc")
    assert (made.metric, made.right) == (MetricSpec("acc", False), MetricSpec("BinaryAccuracy", True))
    assert made.describe() == '"acc" on logits'
    several = experiments.metric(
        MetricUse("accuracy", SITE, BCE, replace(LINEAR, units=4), string="accuracy"), Calls(file("pass"))
    )
    (batch,) = several.request()["batches"]
    assert len(batch["z"][0]) == 4
    assert len(batch["z"]) == len(batch["y"])


def test_a_metric_that_is_not_of_keras() -> None:
    with pytest.raises(Unsupported, match="`MyMetric` is not a metric of Keras"):
        metric("MyMetric")


# --- calls ------------------------------------------------------------------------------------------------------------


def test_literals_of_a_call() -> None:
    source = file("f(1, 'a', x, key=True, other=y, **more)\n")
    calls = Calls(source)
    assert calls.literals(place(source, "f(1, 'a', x, key=True, other=y, **more)"), ("a", "b", "c")) == {
        "a": 1,
        "b": "a",
        "key": True,
    }
    assert calls.literals(None) == {}
    assert calls.literals(SITE) == {}
    assert Calls(file("def broken(:")).literals(SITE) == {}


def test_what_follows_a_star_has_no_place() -> None:
    source = file("f(1, *rest, 2)\n")
    assert Calls(source).literals(place(source, "f(1, *rest, 2)"), ("a", "b", "c")) == {"a": 1}


def test_the_longest_call_that_starts_somewhere() -> None:
    source = file("loss()(y, p)\n")
    calls = Calls(source)
    assert calls.starting_at(1, 1) == place(source, "loss()(y, p)")
    assert calls.starting_at(2, 1) is None


def test_code_experiments_differ_by_what_is_run_not_by_where_it_stands() -> None:
    made = CodeExperiment("my_bce", "x = 1", "x", ("labels", "prediction"), ("corners",), rows=((1, 10),))
    assert made == replace(made, rows=((1, 20),))
    assert made != replace(made, dtype="float16")
    assert made.describe() == "`my_bce`"
    assert replace(made, is_formula=True).describe() == "the formula of my_bce as bcelint reads it"
    assert made.request()["rows"] == {"1": 10}


def test_the_sweep_has_the_corners_and_is_symmetric() -> None:
    assert tuple(sorted(SWEEP)) == SWEEP
    assert tuple(-z for z in reversed(SWEEP)) == SWEEP
    assert {0.0, 0.5, 1.0, 16.75, 88.75, 100.0} <= set(SWEEP)
    assert set(BATCH) <= set(SWEEP)
