"""What messages and pages say about behaviour, produced by running Keras (Keras 3 on TensorFlow, and tf_keras)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bcelint.analysis import analyse, infer
from bcelint.inference.facts import MetricUse, Pairing
from bcelint.rules import check, common
from bcelint.source import read
from tests.installed_keras import KERAS_2, KERAS_3
from tests.rules.rescue_cases import CASES, HEADER, TENSORFLOW_FUNCTIONS, Case

EPSILON = 1e-7
# What a wrong prediction costs at the most, for a positive and for a negative example. Keras 3 cuts in float32 to
# [1e-7, 1 - 1e-7]; tf_keras adds another 1e-7 inside the logarithm.
CEILING = {KERAS_3: (16.1181, 15.9424), KERAS_2: (15.4249, 15.2492)}


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype="float32").reshape(-1, 1)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(z, dtype="float64")))


def softmax(z: Any) -> Any:
    powers = np.exp(np.asarray(z, dtype="float64"))
    return powers / powers.sum(-1, keepdims=True)


def binary(y: Any, p: Any) -> float:
    return float(np.mean(-(y * np.log(p) + (1 - y) * np.log1p(-p))))


def notes(text: str) -> str:
    """All that bcelint says about a program."""
    findings = analyse(read("case.py", text.encode())).findings
    return "\n".join("\n".join((f.code, f.message, f.label, *f.notes)) for f in findings)


def program(*lines: str) -> str:
    return HEADER + "\n".join(lines) + "\n"


# The two examples of the pages: one logit each, and a positive and a negative label.
Z, Y = column(-2, 3), column(1, 0)
# And two of three classes, of which the first is the right one.
ROWS = np.array([[-1.0, 0.0, 2.0], [0.5, 4.0, -3.0]], dtype="float32")
ONE_HOT = np.eye(3, dtype="float32")[[0, 0]]

# --- the floors of a second activation (BCE101, BCE108) ---------------------------------------------------------------


def test_floor_of_a_second_sigmoid(library: ModuleType) -> None:
    loss = library.losses.BinaryCrossentropy(from_logits=True)
    for label, floor in ((1.0, common.FLOOR_POSITIVE), (0.0, common.FLOOR_NEGATIVE)):
        perfect = float(loss(column(label), column(label)))
        assert f"{perfect:.4f}" == floor
        others = [float(loss(column(label), column(p))) for p in np.linspace(0, 1, 21)]
        assert min(others) == pytest.approx(perfect)
    assert f"{float(loss(column(1, 0), column(1, 0))):.4f}" == common.FLOOR_BALANCED
    assert math.log(1 + math.exp(-1)) == pytest.approx(float(common.FLOOR_POSITIVE), abs=5e-5)
    assert math.log(2) == pytest.approx(float(common.FLOOR_NEGATIVE), abs=5e-5)


def test_floor_of_a_sigmoid_on_a_softmax_of_two(library: ModuleType) -> None:
    loss = library.losses.BinaryCrossentropy(from_logits=True)
    one_hot = np.eye(2, dtype="float32")
    assert f"{float(loss(one_hot, one_hot)):.4f}" == common.FLOOR_BALANCED


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_floor_of_a_second_softmax(library: ModuleType, classes: int) -> None:
    floor = -math.log(math.e / (math.e + classes - 1))
    one_hot = np.eye(classes, dtype="float32")[:1]
    losses = library.losses
    assert float(losses.CategoricalCrossentropy(from_logits=True)(one_hot, one_hot)) == pytest.approx(floor, rel=1e-5)
    sparse = losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(sparse(np.array([0]), one_hot)) == pytest.approx(floor, rel=1e-5)
    said = notes(
        program(
            f'model = keras.Sequential([keras.Input((4,)), layers.Dense({classes}, activation="softmax")])',
            'model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))',
        )
    )
    assert f"cannot fall below {floor:.4f} with {classes} classes" in said
    if classes == 10:
        assert f"{floor:.4f}" == "1.4612"


def test_two_measured_examples(library: ModuleType, tensorflow: ModuleType) -> None:
    """The loss, and the gradient of a weight of 1 that the examples are multiplied by."""
    loss = library.losses.BinaryCrossentropy(from_logits=True)
    weight = tensorflow.Variable(1.0)
    expected = {"logits": (2.587758, 2.3097), "double": (0.957067, 0.0983)}
    for kind, (value, slope) in expected.items():
        with tensorflow.GradientTape() as tape:
            logits = weight * Z
            # exp by hand: an activation of Keras would be found and taken back
            result = loss(Y, logits if kind == "logits" else 1 / (1 + tensorflow.exp(-logits)))
        assert float(result) == pytest.approx(value, abs=1e-5)
        assert float(tape.gradient(result, weight)) == pytest.approx(slope, abs=1e-4)
    assert pytest.approx(23, abs=0.6) == 2.3097 / 0.0983


@pytest.mark.parametrize("classes", [1, 3])
def test_floor_of_a_focal_loss(library: ModuleType, classes: int) -> None:
    name = "BinaryFocalCrossentropy" if classes == 1 else "CategoricalFocalCrossentropy"
    loss = getattr(library.losses, name)(from_logits=True)
    perfect = column(1) if classes == 1 else np.eye(classes, dtype="float32")[:1]
    measured = float(loss(perfect, perfect))
    said = notes(
        program(
            f'head = layers.Dense({classes}, activation="{"sigmoid" if classes == 1 else "softmax"}")',
            "model = keras.Sequential([keras.Input((4,)), head])",
            f'model.compile("adam", keras.losses.{name}(from_logits=True))',
        )
    )
    assert "cannot fall below" not in said or f"{measured:.4f}" in said


# --- what Keras finds behind the activation (BCE101, BCE108) ----------------------------------------------------------


def expected_values(classes: int) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Inputs, labels, and the loss from logits and with the activation applied twice."""
    if classes == 1:
        y = Y.astype("float64")
        return Z, Y, binary(y, sigmoid(Z)), binary(y, sigmoid(sigmoid(Z)))
    once, twice = (float(np.mean(-np.log(p[:, 0]))) for p in (softmax(ROWS), softmax(softmax(ROWS))))
    assert (once, twice) == (pytest.approx(3.350241, abs=1e-6), pytest.approx(1.485548, abs=1e-6)), "as the page says"
    return ROWS, np.array([0, 0]), once, twice


def run(case: Case, library: ModuleType, *, eagerly: bool = False, train: bool = False) -> tuple[str, bool]:
    """What Keras computes for a program (``logits``, ``double`` or the value), and whether it warns."""
    text = case.text.replace(
        "import keras\nfrom keras ", f"import {library.__name__} as keras\nfrom {library.__name__} "
    )
    x, y, once, twice = expected_values(case.classes)
    if "CategoricalCrossentropy" in text and "Sparse" not in text:
        y = np.eye(case.classes, dtype="float32")[y]
    if "Concatenate" in text:
        y = np.concatenate([y, y], -1)
    names: dict[str, Any] = {}
    policy = library.mixed_precision.global_policy() if library.__name__ == KERAS_2 else None
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            exec(compile(text, case.name, "exec"), names)  # the programs of rescue_cases
            value = names.get("value")
            if value is None:
                model = names["model"]
                model.compile(library.optimizers.SGD(0.0), model.loss, run_eagerly=eagerly)
                value = (model.train_on_batch if train else model.test_on_batch)(x, y)
    finally:
        library.mixed_precision.set_global_policy(policy if policy is not None else "float32")
    warned = any("from_logits" in str(w.message) for w in caught)
    for kind, expected in (("logits", once), ("double", twice)):
        if float(value) == pytest.approx(expected, rel=0.02 if "mixed" in text else 1e-4):
            return kind, warned
    return f"{float(value):.4f}", warned


def pairing_of(case: Case) -> Pairing:
    found = [fact for fact in infer(read("case.py", case.text.encode())) if isinstance(fact, Pairing)]
    assert len(found) == 1, "bcelint does not see the pair"
    assert common.verdict(found[0]) in ("BCE101", "BCE108")
    return found[0]


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_what_keras_finds(library: ModuleType, case: Case) -> None:
    """Measured where the model is evaluated in a graph, as ``fit`` and ``evaluate`` do."""
    expected = getattr(case, library.__name__)
    if expected is not None:
        kind, warned = run(case, library)
        assert kind == expected
        assert warned is (kind == "logits"), "it warns where it finds the logits, and only there"


@each_case
def test_what_bcelint_says_about_it(case: Case) -> None:
    pairing = pairing_of(case)
    note = common.rescue_note(pairing)
    assert common.rescued(pairing) is (case.keras == "logits")
    assert ("with a warning" in note) is (case.keras == "logits")
    assert ("every backend" in note) is (case.keras == "double")


@pytest.mark.parametrize("case", TENSORFLOW_FUNCTIONS, ids=lambda case: case.name)
def test_functions_of_tensorflow(library: ModuleType, case: Case) -> None:
    assert run(case, library) == ("logits", True)
    assert run(case, library, eagerly=True) == ("double", False)
    pairing = pairing_of(case)
    assert not common.rescued(pairing)
    assert "without a warning when it runs eagerly" in common.rescue_note(pairing)


@pytest.mark.parametrize("name", ["string", "layer", "then Reshape", "softmax"])
def test_running_eagerly_changes_nothing_else(library: ModuleType, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    assert run(case, library, eagerly=True) == run(case, library)


def test_the_loss_of_an_application_is_rescued(keras3: ModuleType, tensorflow: ModuleType) -> None:
    """Its softmax is the default and not written in the code; Keras finds the logits all the same."""
    model = keras3.applications.MobileNet((32, 32, 3), alpha=0.25, weights=None, classes=3)
    loss = keras3.losses.SparseCategoricalCrossentropy(from_logits=True)
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = float(loss(np.array([0, 1]), model(images)))
    assert any("from_logits" in str(w.message) for w in caught)
    probabilities = np.array(model(images), dtype="float64")
    assert found == pytest.approx(float(np.mean(-np.log(probabilities[[0, 1], [0, 1]]))), rel=1e-4)


def test_what_bcelint_says_about_an_application() -> None:
    text = program(
        "model = keras.applications.MobileNet((32, 32, 3), weights=None, classes=3)",
        'model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))',
    )
    assert "notices and uses the logits" in notes(text)


def test_focal_losses(library: ModuleType) -> None:
    """Keras 3 does not look behind the activation for them. tf_keras does, for the binary one in one of two factors."""
    for units, name in ((1, "BinaryFocalCrossentropy"), (3, "CategoricalFocalCrossentropy")):
        loss = getattr(library.losses, name)(from_logits=True)
        x, y, activation = (Z, Y, "sigmoid") if units == 1 else (ROWS, ONE_HOT, "softmax")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            measured = float(compiled(library, units, activation, loss).test_on_batch(x, y))
        again = (sigmoid if units == 1 else softmax)(x).astype("float32")
        double, once = float(loss(y, again)), float(loss(y, x))
        assert once > 2 * double
        if library.__name__ == KERAS_2 and units == 1:
            twice = np.where(y == 1, sigmoid(again), 1 - sigmoid(again))
            once = float(np.mean((1 - twice) ** 2 * np.log1p(np.exp(np.where(y == 1, -x, x)))))
        assert measured == pytest.approx(once if library.__name__ == KERAS_2 else double, rel=1e-3)
        warned = any("from_logits" in str(w.message) for w in caught)
        assert warned is (library.__name__ == KERAS_2)


def test_what_bcelint_says_about_a_focal_loss() -> None:
    text = program(
        'model = keras.Sequential([keras.Input((1,)), layers.Dense(1, activation="sigmoid")])',
        'model.compile("adam", keras.losses.BinaryFocalCrossentropy(from_logits=True))',
    )
    assert "Keras 3 does so on every backend, without a warning" in notes(text)


@pytest.mark.parametrize("layer", ["Dropout(0.5)", "GaussianNoise(0.5)"])
def test_dropout_behind_a_second_sigmoid(keras3: ModuleType, layer: str) -> None:
    """Lost in training; found in evaluation, where the layer returns the tensor that it was given."""
    text = program(
        "model = keras.Sequential([keras.Input((1,)),",
        '    layers.Dense(1, kernel_initializer="ones", activation="sigmoid"),',
        f"    layers.{layer},",
        "])",
        'model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))',
    )
    case = Case(layer, text, "double", None)
    assert run(case, keras3) == ("logits", True)
    assert run(case, keras3, train=True)[1] is False
    assert not common.rescued(pairing_of(case))


# --- probabilities that are none (BCE102, BCE103, BCE109, BCE110) -----------------------------------------------------


def cost_and_slope(library: ModuleType, tensorflow: ModuleType, z: float, label: float) -> tuple[float, float]:
    """In a graph, as in ``fit``: there tf_keras rounds in another way than eagerly (15.2492, not 15.3332)."""

    @tensorflow.function
    def measure(value: Any) -> Any:
        loss = library.losses.BinaryCrossentropy()(column(label), value * 1.0)
        return loss, tensorflow.gradients(loss, value)[0]

    loss, slope = measure(tensorflow.constant([[z]]))
    return float(loss), float(slope[0, 0])


@pytest.mark.parametrize("z", [-5.0, -0.5, -1e-3, 1.001, 1.5, 5.0])
def test_clipped_values(library: ModuleType, tensorflow: ModuleType, z: float) -> None:
    positive, negative = CEILING[library.__name__]
    wrong, label = (positive, 1.0) if z < 0 else (negative, 0.0)
    assert cost_and_slope(library, tensorflow, z, label) == (pytest.approx(wrong, abs=1e-3), 0.0)
    assert cost_and_slope(library, tensorflow, z, 1 - label) == (pytest.approx(0, abs=2e-7), 0.0)


def test_values_between_0_and_1_learn(library: ModuleType, tensorflow: ModuleType) -> None:
    for z in (0.001, 0.5, 0.9):
        loss, slope = cost_and_slope(library, tensorflow, z, 1.0)
        assert loss == pytest.approx(-math.log(z), rel=1e-3)
        assert slope == pytest.approx(-1 / z, rel=1e-3)


def test_what_bcelint_says_about_clipped_values() -> None:
    said = notes(
        program(
            "model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])",
            'model.compile("adam", "binary_crossentropy")',
        )
    )
    highest = [max(CEILING[name]) for name in (KERAS_3, KERAS_2)]
    lowest = [min(CEILING[name]) for name in (KERAS_3, KERAS_2)]
    assert f"{lowest[0]:.1f} to {highest[0]:.1f} ({lowest[1]:.1f} to {highest[1]:.1f} in tf_keras)" in said


def test_what_bcelint_says_about_a_loss_that_sticks() -> None:
    """On balanced data, with one class predicted for everything."""
    said = notes(
        program(
            "model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])",
            'model.compile("adam", "binary_crossentropy")',
        )
    )
    stuck = [cost / 2 for costs in CEILING.values() for cost in costs]
    assert f"stay near {min(stuck):.1f} to {max(stuck):.1f}" in said


def test_a_model_that_sticks(library: ModuleType) -> None:
    model = compiled(library, 1, "linear", "binary_crossentropy")
    positive, negative = CEILING[library.__name__]
    assert float(model.test_on_batch(column(-1, -2), column(1, 0))) == pytest.approx(positive / 2, abs=1e-3)
    assert float(model.test_on_batch(column(2, 3), column(1, 0))) == pytest.approx(negative / 2, abs=1e-3)


def test_log_loss_of_a_negative_number_is_nan(tensorflow: ModuleType) -> None:
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default(), v1.Session() as session:
        value = session.run(v1.losses.log_loss(column(1), column(-0.5)))
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("activation", "cost"), [("tanh", 10.7), ("relu", 16.03), ("elu", 16.03), ("swish", 16.03), ("softplus", 9.0)]
)
def test_other_ranges(keras3: ModuleType, tensorflow: ModuleType, activation: str, cost: float) -> None:
    values = keras3.activations.get(activation)(tensorflow.constant(Z))
    measured = float(keras3.losses.BinaryCrossentropy()(Y, values))
    assert f"{measured:.1f}" == f"{cost:.1f}"
    assert measured == pytest.approx(cost, abs=0.015)


def test_an_output_stuck_at_0(library: ModuleType, tensorflow: ModuleType) -> None:
    weight = tensorflow.Variable(-1.0)
    with tensorflow.GradientTape() as tape:
        loss = library.losses.BinaryCrossentropy()(column(1, 0), tensorflow.nn.relu(weight * column(2, 3)))
    assert float(tape.gradient(loss, weight)) == 0
    assert float(loss) == pytest.approx(CEILING[library.__name__][0] / 2, abs=1e-3)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 50.0), (-1.0, 50.0)], ids=["tanh", "softplus", "elu"])
def test_a_sigmoid_of_a_range_cannot_reach_both_ends(library: ModuleType, low: float, high: float) -> None:
    loss = library.losses.BinaryCrossentropy(from_logits=True)
    values = np.linspace(low, high, 101)
    best = [min(float(loss(column(label), column(z))) for z in values) for label in (0.0, 1.0)]
    assert max(best) == pytest.approx(math.log(1 + math.exp(low)), rel=1e-3), "the floor"
    assert max(best) > 0.3
    assert sigmoid(low) >= 0.5 or low < 0


def test_a_softmax_of_tanh_has_a_floor(library: ModuleType) -> None:
    loss = library.losses.CategoricalCrossentropy(from_logits=True)
    one_hot = np.eye(3, dtype="float32")[:1]
    assert float(loss(one_hot, 2 * one_hot - 1)) == pytest.approx(math.log(1 + 2 * math.exp(-2)), rel=1e-4)


@pytest.mark.parametrize("activation", ["softplus", "elu", "selu", "swish", "gelu"])
def test_a_softmax_of_a_half_line_has_no_floor(keras3: ModuleType, tensorflow: ModuleType, activation: str) -> None:
    logits = keras3.activations.get(activation)(tensorflow.constant([[50.0, -50.0, -50.0]]))
    loss = keras3.losses.CategoricalCrossentropy(from_logits=True)
    assert float(loss(np.eye(3, dtype="float32")[:1], logits * 1.0)) < 1e-6, "measured"
    said = notes(
        program(
            f'model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="{activation}")])',
            'model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))',
        )
    )
    assert "has a floor" not in said


def categorical(
    library: ModuleType, tensorflow: ModuleType, row: list[float], label: int, sparse: bool
) -> tuple[float, list[float]]:
    values = tensorflow.Variable([row])
    name = "SparseCategoricalCrossentropy" if sparse else "CategoricalCrossentropy"
    labels = np.array([label]) if sparse else np.eye(len(row), dtype="float32")[[label]]
    with tensorflow.GradientTape() as tape:
        loss = getattr(library.losses, name)()(labels, values * 1.0)
    return float(loss), [float(g) for g in np.array(tape.gradient(loss, values))[0]]


@pytest.mark.parametrize("sparse", [False, True])
def test_a_class_whose_output_is_not_positive(library: ModuleType, tensorflow: ModuleType, sparse: bool) -> None:
    """It costs 16.1 where it is the right one, and gets no gradient there; tf_keras as well."""
    for row in ([-1.0, 3.0], [0.0, 3.0]):
        loss, slopes = categorical(library, tensorflow, row, 0, sparse)
        assert loss == pytest.approx(-math.log(EPSILON), abs=0.02)
        assert slopes[0] == 0 or row[0] == 0


def test_categorical_losses_divide_by_the_sum(library: ModuleType, tensorflow: ModuleType) -> None:
    loss, _ = categorical(library, tensorflow, [1.0, 3.0], 0, sparse=False)
    assert loss == pytest.approx(-math.log(0.25), rel=1e-5)
    # TensorFlow cuts the sparse one to 1 first, and divides afterwards.
    loss, _ = categorical(library, tensorflow, [1.0, 3.0], 0, sparse=True)
    assert loss == pytest.approx(-math.log(0.5), rel=1e-5)


def test_two_measured_rows_without_a_softmax(keras3: ModuleType) -> None:
    assert float(keras3.losses.CategoricalCrossentropy()(ONE_HOT, ROWS)) == pytest.approx(8.61, abs=0.005)


def test_a_row_of_zeros(library: ModuleType, tensorflow: ModuleType) -> None:
    """What relu outputs that have died cost: 0 divided by 0, or a tie."""
    loss, _ = categorical(library, tensorflow, [0.0, 0.0, 0.0], 0, sparse=False)
    assert math.isnan(loss)
    loss, _ = categorical(library, tensorflow, [0.0, 0.0, 0.0], 0, sparse=True)
    assert loss == pytest.approx(math.log(3), rel=1e-4)


# --- softmax and sigmoid in the wrong place (BCE104 to BCE107) --------------------------------------------------------


def compiled(library: ModuleType, units: int, activation: str, loss: Any, *extra: Any) -> Any:
    layers = library.layers
    kernel = library.initializers.Ones() if units == 1 else library.initializers.Identity()
    head = layers.Dense(units, kernel_initializer=kernel, activation=activation)
    model = library.Sequential([library.Input((units,)), head, *extra])
    model.compile(library.optimizers.SGD(0.0), loss)
    return model


def test_a_softmax_over_one_unit(library: ModuleType, tensorflow: ModuleType) -> None:
    model = compiled(library, 1, "softmax", "binary_crossentropy")
    assert (model.predict(Z, verbose=0) == 1).all()
    # The logits behind it are trained as a sigmoid would be.
    assert float(model.test_on_batch(Z, Y)) == pytest.approx(2.587758, abs=1e-5)
    metric = library.metrics.BinaryAccuracy()
    metric.update_state(column(1, 0, 0, 1, 1), model.predict(column(1, 2, -3, 4, -5), verbose=0))
    assert float(metric.result()) == pytest.approx(3 / 5), "the share of positives"
    # As a weight it is 1, and what computes it gets no gradient.
    score = tensorflow.Variable([[0.3], [-2.0]])
    with tensorflow.GradientTape() as tape:
        weighted = tensorflow.reduce_sum(library.activations.softmax(score * 1.0) * 5.0)
    assert float(weighted) == 10
    assert not np.array(tape.gradient(weighted, score)).any()
    # Without the logits, the loss is that of an output of 1: 7.57 where 52.5% are positive.
    if library.__name__ == KERAS_3:
        assert 0.475 * float(library.losses.BinaryCrossentropy()(column(0), column(1))) == pytest.approx(7.57, abs=0.01)


def test_a_softmax_with_a_binary_loss(library: ModuleType) -> None:
    model = compiled(library, 3, "softmax", "binary_crossentropy")
    np.testing.assert_allclose(model.predict(ROWS, verbose=0), softmax(ROWS), rtol=1e-5)
    assert float(model.test_on_batch(ROWS, ONE_HOT)) == pytest.approx(binary(ONE_HOT, sigmoid(ROWS)), rel=1e-4)
    assert binary(ONE_HOT, sigmoid(ROWS)) == pytest.approx(1.4457, abs=1e-4)
    assert binary(ONE_HOT, softmax(ROWS)) == pytest.approx(2.0300, abs=1e-4)
    loss = library.losses.BinaryCrossentropy()
    value = float(loss(ONE_HOT, model.predict(ROWS, verbose=0)))
    assert value == pytest.approx(binary(ONE_HOT, softmax(ROWS)), rel=1e-3), "what JAX and PyTorch train"


def test_a_softmax_of_two_with_a_binary_loss_is_the_categorical_one(library: ModuleType) -> None:
    labels, p = np.eye(2, dtype="float32"), softmax([[1.0, -0.5], [0.2, 0.1]]).astype("float32")
    two = float(library.losses.BinaryCrossentropy()(labels, p))
    assert two == pytest.approx(float(library.losses.CategoricalCrossentropy()(labels, p)), rel=1e-5)


def test_sigmoids_with_a_categorical_loss(library: ModuleType) -> None:
    model = compiled(library, 3, "sigmoid", "categorical_crossentropy")
    np.testing.assert_allclose(model.predict(ROWS, verbose=0), sigmoid(ROWS), rtol=1e-4)
    once = float(np.mean(-np.log((softmax(ROWS) * ONE_HOT).sum(-1))))
    assert float(model.test_on_batch(ROWS, ONE_HOT)) == pytest.approx(once, rel=1e-4)
    # Elsewhere only the ratios count.
    loss = library.losses.CategoricalCrossentropy()
    p = sigmoid(ROWS).astype("float32")
    ratios = float(np.mean(-np.log((p / p.sum(-1, keepdims=True) * ONE_HOT).sum(-1))))
    assert (once, ratios) == (pytest.approx(3.3502, abs=1e-4), pytest.approx(1.3949, abs=1e-4))
    assert float(loss(ONE_HOT, p)) == pytest.approx(ratios, rel=1e-4)
    assert float(loss(ONE_HOT, p / 50)) == pytest.approx(ratios, rel=1e-4)


def test_one_unit_with_a_categorical_loss(library: ModuleType, tensorflow: ModuleType) -> None:
    for activation in ("sigmoid", "linear", "softmax"):
        for from_logits in (False, True):
            loss = library.losses.CategoricalCrossentropy(from_logits=from_logits)
            model = compiled(library, 1, activation, loss)
            assert float(model.test_on_batch(Z, Y)) == pytest.approx(0, abs=1.3e-7)
    metric = library.metrics.CategoricalAccuracy()
    metric.update_state(Y, column(0.1, 0.9))
    assert float(metric.result()) == 1
    model = compiled(library, 1, "sigmoid", "sparse_categorical_crossentropy")
    assert float(model.test_on_batch(Z, np.array([0, 0]))) == pytest.approx(0, abs=1.3e-7)
    with pytest.raises(tensorflow.errors.InvalidArgumentError, match="label"):
        model.test_on_batch(Z, np.array([1, 0]))
    logits = tensorflow.constant(Z)
    assert not np.array(tensorflow.nn.softmax_cross_entropy_with_logits(column(1, 1), logits)).any()


# --- dropout behind the output (BCE111) -------------------------------------------------------------------------------


def test_dropout_behind_the_output(library: ModuleType) -> None:
    library.utils.set_random_seed(2)
    dropped = np.array(library.layers.Dropout(0.5)(np.ones((50, 1), "float32"), training=True))
    assert sorted({float(v) for v in dropped[:, 0]}) == [0.0, 2.0]
    loss = library.losses.BinaryCrossentropy()
    zeroed = float(loss(column(1), column(0)))
    assert zeroed == pytest.approx(CEILING[library.__name__][0], abs=1e-3)
    categorical_loss = library.losses.CategoricalCrossentropy()
    zeroed = float(categorical_loss(np.eye(2, dtype="float32")[:1], np.array([[0.0, 1.0]], "float32")))
    assert zeroed == pytest.approx(16.1181, abs=1e-3)


def message_about_dropout(layer: str) -> str:
    return notes(
        program(
            'head = layers.Dense(1, activation="sigmoid")',
            f"model = keras.Sequential([keras.Input((4,)), head, layers.{layer}])",
            'model.compile("adam", "binary_crossentropy")',
        )
    )


def test_what_bcelint_says_about_dropout() -> None:
    assert "costs 15.4 to 16.1 and gets no gradient" in message_about_dropout("Dropout(0.5)")


def test_what_bcelint_says_about_noise() -> None:
    said = message_about_dropout("GaussianNoise(0.5)")
    assert "BCE111" in said
    assert "zeroed" not in said


# --- metrics (BCE401, BCE402, BCE405) ---------------------------------------------------------------------------------


def reading(metric: Any, labels: np.ndarray, predictions: np.ndarray) -> float:
    metric.update_state(labels, predictions)
    return float(np.mean(metric.result()))


def metric_program(metric: str, units: int = 1) -> str:
    return program(
        f"model = keras.Sequential([keras.Input((4,)), layers.Dense({units})])",
        f'model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=[{metric}])',
    )


def test_auc_of_logits(library: ModuleType) -> None:
    labels = column(0, 0, 1, 1)
    for logits in (column(1.5, 2, 3, 4), column(-4, -3, -2, -1)):
        assert reading(library.metrics.AUC(), labels, logits) == pytest.approx(0.5)
        assert reading(library.metrics.AUC(from_logits=True), labels, logits) == pytest.approx(1.0)
    assert "AUC of 0.5" in notes(metric_program("keras.metrics.AUC()"))


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("PrecisionAtRecall", {"recall": 0.5}),
        ("RecallAtPrecision", {"precision": 0.6}),
        ("SensitivityAtSpecificity", {"specificity": 0.5}),
        ("SpecificityAtSensitivity", {"sensitivity": 0.5}),
    ],
)
def test_metrics_that_bin(library: ModuleType, name: str, argument: dict[str, float]) -> None:
    """Logits on one side fall into one bin: whatever their order, the answer is the same."""
    labels = column(0, 0, 1, 1)
    answers = [
        reading(getattr(library.metrics, name)(**argument), labels, column(*logits))
        for logits in ((1.5, 2, 3, 4), (4, 3, 2, 1.5))
    ]
    assert answers[0] == answers[1]
    right = reading(getattr(library.metrics, name)(**argument), labels, sigmoid(column(-2, -1, 1, 2)).astype("float32"))
    assert right == pytest.approx(1)
    assert "fall into the end bins" in notes(metric_program(f"keras.metrics.{name}(0.5)"))


@pytest.mark.parametrize("name", ["BinaryAccuracy", "Precision", "Recall", "TruePositives", "BinaryIoU"])
def test_metrics_that_cut_at_a_half(library: ModuleType, name: str) -> None:
    assert f"{sigmoid(0.5):.2f}" == "0.62"
    cls = getattr(library.metrics, name)
    # Probabilities of 0.50 to 0.62 are logits of 0 to 0.5, and count as negative.
    between, beyond = column(0.01, 0.49, 3), column(0.51, 2, 3)
    labels = column(1, 1, 1)
    assert reading(cls(), labels, between) < reading(cls(), labels, beyond) or name == "Precision"
    assert reading(library.metrics.FalseNegatives(), labels, between) == 2
    assert "between 0.50 and 0.62 are counted as negative" in notes(metric_program(f"keras.metrics.{name}()"))


@pytest.mark.parametrize("name", ["F1Score", "FBetaScore"])
def test_f1_of_one_unit(library: ModuleType, name: str) -> None:
    logits, labels = column(-3, -2, 0.3, 4), column(0, 1, 0, 1)
    score = reading(getattr(library.metrics, name)(), labels, logits)
    assert score == reading(getattr(library.metrics, name)(), labels, column(1, 1, 1, 1)), "measured"
    assert "counted as negative" not in notes(metric_program(f"keras.metrics.{name}()"))


def test_f1_of_several_units(library: ModuleType) -> None:
    generator = np.random.default_rng(4)
    logits = generator.normal(size=(30, 4)).astype("float32")
    labels = (generator.uniform(size=(30, 4)) > 0.5).astype("float32")
    on_logits = reading(library.metrics.F1Score(average="macro"), labels, logits)
    assert on_logits == reading(library.metrics.F1Score(average="macro"), labels, sigmoid(logits).astype("float32"))
    assert "BCE401" not in notes(metric_program("keras.metrics.F1Score()", units=4))


def test_another_threshold() -> None:
    """A cut other than the default may have been chosen for logits."""
    assert "BCE401" not in notes(metric_program("keras.metrics.BinaryAccuracy(threshold=0.7)"))
    assert "cuts at 0.5" in notes(metric_program("keras.metrics.BinaryAccuracy(threshold=0.5)"))


def test_cross_entropy_as_a_metric(library: ModuleType) -> None:
    metric = library.metrics.BinaryCrossentropy
    assert reading(metric(), column(1), column(-2)) == pytest.approx(CEILING[library.__name__][0], abs=1e-3)
    value = reading(metric(from_logits=True), Y, Z)
    assert value == pytest.approx(2.587758, abs=1e-5)
    assert reading(metric(), Y, Z) != pytest.approx(value, rel=0.1)
    assert "reads 15.4 to 16.1 for a positive example with a negative logit" in notes(
        metric_program("keras.metrics.BinaryCrossentropy()")
    )


def test_exact_accuracy(library: ModuleType) -> None:
    labels = column(1, 0, 1, 0)
    assert reading(library.metrics.Accuracy(), labels, column(0.97, 0.01, 0.6, 0.4)) == 0
    assert reading(library.metrics.Accuracy(), labels, column(3.2, -4, 0.1, -0.1)) == 0
    assert reading(library.metrics.Accuracy(), labels, column(1, 0, 0.6, 0.4)) == 0.5, "saturated"


def test_accuracy_of_several_labels(library: ModuleType) -> None:
    """The string stands for the argmax, in compile and whatever the loss."""
    labels = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 0]], dtype="float32")
    outputs = np.array([[0.7, 0.9, 0.1], [0.2, 0.9, 0.8], [0.4, 0.1, 0.1]], dtype="float32")
    model = library.Sequential([library.Input((3,)), library.layers.Activation("linear")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    measured = float(model.test_on_batch(outputs, labels)[1])
    # Nearly every label is right; in the first row the largest output is not the first of the labels.
    assert measured == pytest.approx(2 / 3)
    assert reading(library.metrics.BinaryAccuracy(), labels, outputs) == pytest.approx(8 / 9)


# --- what is fixed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metric",
    ['"accuracy"', "keras.metrics.AUC()", "keras.metrics.Precision()", "keras.metrics.BinaryIoU()"],
)
def test_the_metric_in_the_fix_is_right(library: ModuleType, metric: str) -> None:
    """What BCE401 writes instead measures logits as the metric measures probabilities."""
    text = metric_program(metric)
    use = next(fact for fact in infer(read("case.py", text.encode())) if isinstance(fact, MetricUse))
    findings = [f for f in check([use]) if f.code == "BCE401"]
    assert findings
    assert findings[0].plans
    change = str(findings[0].plans[0].changes[0])
    arguments = {"from_logits": True} if "from_logits" in change else {}
    for name in ("thresholds", "threshold"):
        if not arguments and name in change:
            arguments = {name: 0.0}
    make: Callable[..., Any] = getattr(library.metrics, {"accuracy": "BinaryAccuracy"}.get(use.name, use.name))
    labels, logits = column(1, 1, 0, 0, 1), column(0.2, 3, -1, 0.3, -2)
    right = reading(make(), labels, sigmoid(logits).astype("float32"))
    assert reading(make(**arguments), labels, logits) == pytest.approx(right, abs=1e-5)
