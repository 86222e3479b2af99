"""Each number of the table, printed by the Keras that is installed.

The share of positives is a quarter and the number of classes four, so that no number is right for another reason.
scikit-learn, JAX and PyTorch are measured where they are installed.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bcelint.cli.lossbook import number
from bcelint.knowledge import fingerprints
from bcelint.knowledge.fingerprints import (
    FIXED,
    LABEL_MIXTURES,
    OWN_EPSILONS,
    RARE,
    REGIONS,
    SATURATED_MIXTURES,
    SMOOTHINGS,
    TORCH_MIXTURE,
    TWICE_MIXTURE,
    Fingerprint,
    for_classes,
    for_share,
    rare_for_share,
    smoothed_classes,
)
from bcelint.printed_loss import explain, read
from bcelint.rules import BY_CODE

# Keras warns of a categorical loss and of a softmax on one unit, which are what is measured.
pytestmark = [
    pytest.mark.filterwarnings("ignore:In loss categorical_crossentropy:SyntaxWarning"),
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning"),
]

SHARE, CLASSES = 0.25, 4
TABLE = [
    *FIXED,
    *RARE,
    *for_share(SHARE),
    *rare_for_share(SHARE),
    *for_classes(CLASSES),
    *smoothed_classes(CLASSES),
]
# Those that the catalogue has and that are not built yet.
PLANNED = {"BCE301", "BCE302", "BCE303", "BCE304"}

Libraries = SimpleNamespace
Measurement = Callable[[Libraries], list[float]]


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype="float32").reshape(-1, 1)


def loss_of(
    library: ModuleType, labels: np.ndarray, outputs: np.ndarray, loss: Any = "binary_crossentropy", eager: bool = False
) -> float:
    """What ``evaluate`` prints for a model that outputs this. There is no sigmoid that Keras could see through."""
    model = library.Sequential([library.Input(outputs.shape[1:]), library.layers.Activation("linear")])
    model.compile("sgd", loss, run_eagerly=eager)
    return float(np.mean(model.test_on_batch(outputs, labels)))


def both(libraries: Libraries, *arguments: Any) -> list[float]:
    return [loss_of(library, *arguments) for library in (libraries.keras, libraries.tf_keras)]


def of_class(name: str, **options: Any) -> Callable[[ModuleType], Any]:
    return lambda library: getattr(library.losses, name)(**options)


def with_loss(make: Callable[[ModuleType], Any], labels: np.ndarray, outputs: np.ndarray) -> Measurement:
    """In both libraries."""
    return lambda libraries: [
        loss_of(library, labels, outputs, make(library)) for library in (libraries.keras, libraries.tf_keras)
    ]


def in_both(labels: np.ndarray, outputs: np.ndarray, loss: str = "binary_crossentropy") -> Measurement:
    return lambda libraries: both(libraries, labels, outputs, loss)


def in_keras(labels: np.ndarray, outputs: np.ndarray, loss: Any = "binary_crossentropy") -> Measurement:
    return lambda libraries: [loss_of(libraries.keras, labels, outputs, loss, eager) for eager in (False, True)]


def in_tf_keras(labels: np.ndarray, outputs: np.ndarray, *modes: bool) -> Measurement:
    """``modes``: compiled (false) and eager (true)."""
    return lambda libraries: [
        loss_of(libraries.tf_keras, labels, outputs, "binary_crossentropy", eager) for eager in modes or (False, True)
    ]


def twice(labels: np.ndarray, outputs: np.ndarray) -> Measurement:
    return with_loss(of_class("BinaryCrossentropy", from_logits=True), labels, outputs)


def softmax_twice(labels: np.ndarray, outputs: np.ndarray) -> Measurement:
    return with_loss(of_class("CategoricalCrossentropy", from_logits=True), labels, outputs)


def swapped(library: ModuleType, labels: np.ndarray, outputs: np.ndarray, eager: bool = False) -> float:
    return loss_of(library, labels, outputs, lambda y, p: library.losses.binary_crossentropy(p, y), eager)


def own(formula: Callable[[Any, Any, Any], Any], y: float, p: float) -> Measurement:
    """A hand-written loss of one example, as ``fit`` runs it."""

    def measure(libraries: Libraries) -> list[float]:
        tensorflow = libraries.tensorflow
        compiled = tensorflow.function(lambda y, p: formula(tensorflow, y, p))
        return [float(compiled(tensorflow.constant(y), tensorflow.constant(p)))]

    return measure


def plain(tensorflow: Any, y: Any, p: Any) -> Any:
    return -(y * tensorflow.math.log(p) + (1 - y) * tensorflow.math.log(1 - p))


def added(epsilon: float) -> Callable[[Any, Any, Any], Any]:
    return lambda tf, y, p: -(y * tf.math.log(p + epsilon) + (1 - y) * tf.math.log(1 - p + epsilon))


def clipped(epsilon: float) -> Callable[[Any, Any, Any], Any]:
    return lambda tf, y, p: plain(tf, y, tf.clip_by_value(p, epsilon, 1 - epsilon))


def torch_loss(labels: np.ndarray, outputs: np.ndarray) -> Measurement:
    def measure(libraries: Libraries) -> list[float]:
        torch = pytest.importorskip("torch")
        return [float(torch.nn.BCELoss()(torch.from_numpy(outputs), torch.from_numpy(labels)))]

    return measure


def scikit(labels: list[int], outputs: list[float]) -> Measurement:
    def measure(libraries: Libraries) -> list[float]:
        metrics = pytest.importorskip("sklearn.metrics")
        return [float(metrics.log_loss(labels, outputs, labels=[0, 1]))]

    return measure


# --- how each is measured ---------------------------------------------------------------------------------------------

ONE, ZERO, HALF = column(1), column(0), column(0.5)
# A quarter is positive.
Y = column(1, 0, 0, 0)
NO, YES, EVEN = column(0, 0, 0, 0), column(1, 1, 1, 1), column(0.5, 0.5, 0.5, 0.5)
ROWS = np.eye(CLASSES, dtype="float32")
UNIFORM = np.full((CLASSES, CLASSES), 1 / CLASSES, dtype="float32")
FIRST = ROWS[[0, 0, 0, 0]]
TWO = np.eye(2, dtype="float32")

MEASURED: dict[str, Measurement] = {
    "even-odds": lambda libraries: [
        *both(libraries, ONE, HALF),
        *both(libraries, ZERO, HALF),
        *both(libraries, TWO, np.full((2, 2), 0.5, "float32"), "categorical_crossentropy"),
    ],
    "twice-negative": lambda libraries: [*twice(ZERO, ZERO)(libraries), *twice(ONE, ZERO)(libraries)],
    "twice-positive": twice(ONE, ONE),
    "twice-ceiling": twice(ZERO, ONE),
    "keras-positive": lambda libraries: [
        *in_keras(ONE, ZERO)(libraries),
        *both(libraries, ROWS[:1], ROWS[1:2], "categorical_crossentropy"),
        *both(libraries, np.array([0]), ROWS[1:2], "sparse_categorical_crossentropy"),
    ],
    "keras-negative": in_keras(ZERO, ONE),
    "tf-keras-positive": in_tf_keras(ONE, ZERO),
    "tf-keras-negative": in_tf_keras(ZERO, ONE, False),
    "tf-keras-negative-eager": in_tf_keras(ZERO, ONE, True),
    "zero-one-unit": lambda libraries: [
        one_unit(library, activation)
        for library in (libraries.keras, libraries.tf_keras)
        for activation in ("sigmoid", "softmax")
    ],
    "zero-tf-keras": in_tf_keras(Y, Y),
    "zero-logits": with_loss(of_class("BinaryCrossentropy", from_logits=True), ONE, column(88)),
    "keras-floor": lambda libraries: [
        *in_keras(Y, Y)(libraries),
        *both(libraries, ONE, column(0.3), "categorical_crossentropy"),
    ],
    "torch-backend-floor-negative": lambda libraries: [keras_on("torch")["negative_right"]],
    "nan-log-of-zero": lambda libraries: [
        *own(plain, 0.0, 0.0)(libraries),
        *own(plain, 1.0, 1.0)(libraries),
        *own(clipped(1e-8), 1.0, 1.0)(libraries),
    ],
    "nan-weights": lambda libraries: [weight_behind_where(libraries.tensorflow)],
    "nan-data": lambda libraries: [
        *both(libraries, column(1, math.nan), column(0.5, 0.5)),
        *both(libraries, column(1, 1), column(0.5, math.nan)),
    ],
    "infinite": lambda libraries: [*own(plain, 1.0, 0.0)(libraries), *own(clipped(1e-8), 0.0, 1.0)(libraries)],
    "minus-infinite": lambda libraries: [
        *own(lambda tf, y, p: -plain(tf, y, p), 1.0, 0.0)(libraries),
        *own(plain, 2.0, 1.0)(libraries),
    ],
    "focal-even-odds": lambda libraries: [
        *with_loss(of_class("BinaryFocalCrossentropy"), Y, EVEN)(libraries),
        *with_loss(of_class("BinaryFocalCrossentropy", from_logits=True), ZERO, ZERO)(libraries),
    ],
    "focal-twice-positive": with_loss(of_class("BinaryFocalCrossentropy", from_logits=True), ONE, ONE),
    "tf-keras-one-hot-0": in_tf_keras(TWO, column(0, 0)),
    "tf-keras-one-hot-1": in_tf_keras(TWO, column(1, 1), False),
    "tf-keras-one-hot-1-eager": in_tf_keras(TWO, column(1, 1), True),
    "torch-ceiling": lambda libraries: [*torch_loss(ONE, ZERO)(libraries), *torch_loss(ZERO, ONE)(libraries)],
    "float64-epsilon": scikit([1, 0], [0.0, 1.0]),
    # with a quarter of positives
    "base-rate": in_both(Y, column(0.25, 0.25, 0.25, 0.25)),
    "twice-floor": twice(Y, Y),
    "twice-start": twice(Y, EVEN),
    "twice-always-positive": twice(Y, YES),
    "twice-inverted": twice(Y, 1 - Y),
    "keras-always-negative": in_keras(Y, NO),
    "keras-always-positive": lambda libraries: [
        *in_keras(Y, YES)(libraries),
        single_unit_softmax(libraries.keras),
    ],
    "keras-inverted": in_keras(Y, 1 - Y),
    # a quarter of eight, and each kind half wrong
    "keras-guessing": in_keras(column(1, 1, 0, 0, 0, 0, 0, 0), column(1, 0, 1, 1, 1, 0, 0, 0)),
    "keras-swapped": lambda libraries: [swapped(libraries.keras, Y, EVEN), swapped(libraries.keras, Y, EVEN, True)],
    "tf-keras-always-negative": in_tf_keras(Y, NO),
    "tf-keras-always-positive": lambda libraries: [
        *in_tf_keras(Y, YES, False)(libraries),
        single_unit_softmax(libraries.tf_keras),
    ],
    "tf-keras-eager-always-positive": in_tf_keras(Y, YES, True),
    "tf-keras-inverted": in_tf_keras(Y, 1 - Y, False),
    "tf-keras-eager-inverted": in_tf_keras(Y, 1 - Y, True),
    "tf-keras-guessing": in_tf_keras(column(1, 1, 0, 0, 0, 0, 0, 0), column(1, 0, 1, 1, 1, 0, 0, 0), False),
    "tf-keras-eager-guessing": in_tf_keras(column(1, 1, 0, 0, 0, 0, 0, 0), column(1, 0, 1, 1, 1, 0, 0, 0), True),
    "tf-keras-swapped": lambda libraries: [swapped(libraries.tf_keras, Y, EVEN)],
    "tf-keras-eager-swapped": lambda libraries: [swapped(libraries.tf_keras, Y, EVEN, True)],
    "torch-always-negative": torch_loss(Y, NO),
    "torch-always-positive": torch_loss(Y, YES),
    "one-unit-categorical": lambda libraries: [
        one_unit(library, "linear") for library in (libraries.keras, libraries.tf_keras)
    ],
    "torch-backend-floor": lambda libraries: [keras_on("torch")["right"]],
    "focal-balanced-even-odds": with_loss(of_class("BinaryFocalCrossentropy", apply_class_balancing=True), Y, EVEN),
    "focal-twice-floor": with_loss(of_class("BinaryFocalCrossentropy", from_logits=True), Y, Y),
    "keras-labels-minus-one": in_keras(2 * Y - 1, Y),
    "keras-labels-two": lambda libraries: [*in_keras(Y + 1, YES)(libraries), *in_keras(2 * Y, Y)(libraries)],
    "keras-labels-255": in_keras(255 * Y, Y),
    "tf-keras-labels-minus-one": in_tf_keras(2 * Y - 1, Y),
    "tf-keras-labels-two": lambda libraries: [
        *in_tf_keras(Y + 1, YES, False)(libraries),
        *in_tf_keras(2 * Y, Y, False)(libraries),
    ],
    "tf-keras-labels-255": in_tf_keras(255 * Y, Y, False),
    "float64-epsilon-always-negative": scikit([1, 0, 0, 0], [0.0] * 4),
    "float64-epsilon-always-positive": scikit([1, 0, 0, 0], [1.0] * 4),
    # with four classes
    "uniform-4": lambda libraries: [
        *both(libraries, ROWS, UNIFORM, "categorical_crossentropy"),
        *both(libraries, np.arange(CLASSES), UNIFORM, "sparse_categorical_crossentropy"),
        *softmax_twice(ROWS, UNIFORM)(libraries),
    ],
    "softmax-twice-4": softmax_twice(ROWS, ROWS),
    "softmax-twice-ceiling-4": softmax_twice(ROWS, ROWS[[1, 2, 3, 0]]),
    "one-class-4": lambda libraries: [
        *both(libraries, ROWS, FIRST, "categorical_crossentropy"),
        *both(libraries, np.arange(CLASSES), FIRST, "sparse_categorical_crossentropy"),
    ],
    "one-hot-columns-4": in_both(ROWS, UNIFORM),
}
for amount in SMOOTHINGS:
    MEASURED[f"label-smoothing-{amount:g}"] = with_loss(
        of_class("BinaryCrossentropy", label_smoothing=amount), Y, Y * (1 - amount) + amount / 2
    )
    MEASURED[f"label-smoothing-{amount:g}-4"] = with_loss(
        of_class("CategoricalCrossentropy", label_smoothing=amount), ROWS, ROWS * (1 - amount) + amount / CLASSES
    )
for epsilon in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
    MEASURED[f"added-epsilon-{epsilon:.0e}".replace("e-0", "e-")] = own(added(epsilon), 1.0, 1.0)


def own_epsilon(epsilon: float, share: float) -> Measurement:
    return lambda libraries: [
        share * value for formula in (added, clipped) for value in own(formula(epsilon), 1.0, 0.0)(libraries)
    ]


for epsilon in OWN_EPSILONS:
    word = f"{epsilon:.0e}".replace("e-0", "e-")
    MEASURED[f"own-epsilon-{word}"] = own_epsilon(epsilon, 1)
    MEASURED[f"own-epsilon-{word}-always-negative"] = own_epsilon(epsilon, SHARE)


def one_unit(library: ModuleType, activation: str) -> float:
    """A categorical loss on one unit, whose layer Keras sees."""
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1, activation=activation)])
    model.compile("sgd", "categorical_crossentropy")
    return float(model.test_on_batch(column(0.3, 1, -2, 5), Y))


def single_unit_softmax(library: ModuleType) -> float:
    """With an op behind it, so that Keras on TensorFlow does not train its logits."""
    layers = library.layers
    model = library.Sequential([library.Input((1,)), layers.Dense(1, activation="softmax"), layers.Reshape((1,))])
    model.compile("sgd", "binary_crossentropy")
    return float(model.test_on_batch(column(0.3, 1, -2, 5), Y))


def weight_behind_where(tensorflow: ModuleType) -> float:
    """A weight after one step of a loss that is finite, and whose gradient is not."""
    weight = tensorflow.Variable(0.0)
    with tensorflow.GradientTape() as tape:
        loss = tensorflow.where(weight > 0, tensorflow.math.log(weight), 0.0)
    assert math.isfinite(float(loss))
    weight.assign_sub(0.1 * tape.gradient(loss, weight))
    return float(weight)


PROGRAM = """
import json, warnings
import numpy as np, keras
def column(*values): return np.array(values, dtype="float32").reshape(-1, 1)
plain, logits = keras.losses.BinaryCrossentropy(), keras.losses.BinaryCrossentropy(from_logits=True)
categorical = keras.losses.CategoricalCrossentropy()
Y, NO, YES = column(1, 0, 0, 0), column(0, 0, 0, 0), column(1, 1, 1, 1)
found = {
    "positive_wrong": plain(column(1), column(0)), "negative_wrong": plain(column(0), column(1)),
    "positive_right": plain(column(1), column(1)), "negative_right": plain(column(0), column(0)),
    "right": plain(Y, Y), "always_negative": plain(Y, NO), "always_positive": plain(Y, YES),
    "twice_positive": logits(column(1), column(1)), "twice_negative": logits(column(0), column(0)),
    "twice_ceiling": logits(column(0), column(1)),
    "categorical_wrong": categorical(np.eye(2)[:1], np.eye(2)[1:]),
    "one_unit": categorical(Y, column(0.2, 0.4, 0.6, 0.8)),
}
layers = keras.layers
model = keras.Sequential([keras.Input((1,)), layers.Dense(1, activation="softmax")])
model.compile("sgd", "binary_crossentropy")
found["single_unit_softmax"] = model.test_on_batch(column(0.3, 1, -2, 5), Y)
try:
    found["labels_outside"] = plain(column(2), column(1))
except RuntimeError:
    found["labels_outside"] = float("nan")
print(json.dumps({name: float(value) for name, value in found.items()}))
"""
_FOUND: dict[str, dict[str, float]] = {}


def keras_on(backend: str) -> dict[str, float]:
    """Numbers of Keras 3 on another backend, in a process of its own."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    if backend not in _FOUND:
        environment = {**os.environ, "KERAS_BACKEND": backend}
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        _FOUND[backend] = json.loads(result.stdout.splitlines()[-1])
    return _FOUND[backend]


# --- the numbers ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def measuring(libraries: Libraries, tensorflow: ModuleType) -> Libraries:
    return SimpleNamespace(keras=libraries.keras, tf_keras=libraries.tf_keras, tensorflow=tensorflow)


def test_everything_is_measured() -> None:
    names = [fingerprint.name for fingerprint in TABLE]
    assert len(names) == len(set(names))
    assert set(names) == set(MEASURED)


@pytest.mark.parametrize("fingerprint", TABLE, ids=lambda fingerprint: fingerprint.name)
def test_the_number_is_what_is_printed(measuring: Libraries, fingerprint: Fingerprint) -> None:
    values = MEASURED[fingerprint.name](measuring)
    assert values
    for value in values:
        assert value == pytest.approx(fingerprint.value, rel=3e-6, abs=1e-14, nan_ok=True)
        assert fingerprint in explain(read(number(value)), SHARE, CLASSES).exact, "and it is found"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_keras_on_other_backends(backend: str) -> None:
    found = keras_on(backend)
    by_name = {fingerprint.name: fingerprint.value for fingerprint in TABLE}
    right = by_name["keras-floor"] if backend == "jax" else by_name["torch-backend-floor"]
    expected = {
        "positive_wrong": by_name["keras-positive"],
        "negative_wrong": by_name["keras-negative"],
        "positive_right": by_name["keras-floor"],
        "right": right,
        "always_negative": by_name["keras-always-negative"],
        "always_positive": by_name["keras-always-positive"],
        "single_unit_softmax": by_name["keras-always-positive"],
        "twice_positive": by_name["twice-positive"],
        "twice_negative": by_name["twice-negative"],
        "twice_ceiling": by_name["twice-ceiling"],
        "categorical_wrong": by_name["keras-positive"],
        "one_unit": by_name["one-unit-categorical"],
        "labels_outside": math.nan if backend == "torch" else -by_name["keras-negative"],
    }
    for name, value in expected.items():
        # PyTorch computes ln(1 - p) of the smallest p as ln(1 - 1e-7), and the negatives of the mean with it.
        assert found[name] == pytest.approx(value, rel=1e-5, abs=1e-7 if "always" in name else 1e-14, nan_ok=True), name


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_base_rate_and_a_second_sigmoid_have_floors(libraries: Libraries, share: float) -> None:
    """No constant prediction costs less than the entropy; behind a second sigmoid no prediction at all does."""
    labels = column(*([1] * round(10 * share) + [0] * round(10 * (1 - share))))
    named = {fingerprint.name: fingerprint.value for fingerprint in for_share(share)}
    losses = libraries.keras.losses
    constant = [float(losses.BinaryCrossentropy()(labels, labels * 0 + p)) for p in np.linspace(0.01, 0.99, 99)]
    assert min(constant) == pytest.approx(named["base-rate"], abs=1e-6)
    again = losses.BinaryCrossentropy(from_logits=True)
    mixed = [float(again(labels, labels * p + (1 - labels) * q)) for p in (0, 0.5, 1) for q in (0, 0.5, 1)]
    assert min(mixed) == pytest.approx(named["twice-floor"], abs=1e-6)


# --- shares -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "labels", "outputs", "eager"),
    [
        ("keras-positive", (1, 1, 1), (0, 0, 0), False),
        ("keras-negative", (0, 0, 0), (1, 1, 1), False),
        ("tf-keras-positive", (1, 1, 1), (0, 0, 0), False),
        ("tf-keras-negative", (0, 0, 0), (1, 1, 1), False),
        ("tf-keras-negative-eager", (0, 0, 0), (1, 1, 1), True),
        ("keras-labels-minus-one", (-1, -1, -1), (0, 0, 0), False),
        ("keras-labels-two", (2, 2, 2), (1, 1, 1), False),
        ("keras-labels-255", (255, 255, 255), (1, 1, 1), False),
        ("tf-keras-labels-minus-one", (-1, -1, -1), (0, 0, 0), False),
        ("tf-keras-labels-two", (2, 2, 2), (1, 1, 1), False),
    ],
)
def test_a_share_is_found_again(
    libraries: Libraries, name: str, labels: tuple[float, ...], outputs: tuple[float, ...], eager: bool
) -> None:
    """Three of ten examples are of the kind, and the others are right."""
    library = libraries.tf_keras if name.startswith("tf-keras") else libraries.keras
    others = (0, 1, 0, 1, 0, 1, 0)
    loss = loss_of(library, column(*labels, *others), column(*outputs, *others), "binary_crossentropy", eager)
    shares = {share.mixture.name: share for share in explain(read(f"{loss:.4f}")).shares}
    assert shares[name].share == pytest.approx(0.3, abs=1e-4)
    assert shares[name].meaning.startswith("30 % of the ")


def test_a_share_of_positives_is_found_again(libraries: Libraries) -> None:
    labels = column(1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
    loss = libraries.keras.losses.BinaryCrossentropy
    floor = float(loss(from_logits=True)(labels, labels))
    constant = float(loss()(labels, labels * 0 + 0.3))
    for value, name in ((floor, "twice-floor"), (constant, "base-rate")):
        shares = {share.mixture.name: share.share for share in explain(read(f"{value:.4f}")).shares}
        assert shares[name] == pytest.approx(0.3, abs=1e-3)


def test_mixtures_are_made_of_the_numbers_of_the_table() -> None:
    values = {fingerprint.value for fingerprint in FIXED + RARE}
    assert {mixture.everybody for mixture in (*SATURATED_MIXTURES, TORCH_MIXTURE, TWICE_MIXTURE)} <= values
    assert {abs(mixture.everybody) for mixture in LABEL_MIXTURES} - values == {254 * fingerprints.KERAS_NEGATIVE}


# --- what is said about them ------------------------------------------------------------------------------------------


def test_accuracy_of_one_hot_labels_against_one_unit(libraries: Libraries) -> None:
    for says in (0, 1):
        model = libraries.tf_keras.Sequential(
            [libraries.tf_keras.Input((1,)), libraries.tf_keras.layers.Activation("linear")]
        )
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
        assert model.test_on_batch(column(says, says, says), TWO[[0, 0, 1]])[1] == 0.5
    with pytest.raises(ValueError, match="same shape"):
        loss_of(libraries.keras, TWO, column(1, 1))


def test_no_gradient_outside_the_clip(library: ModuleType, tensorflow: ModuleType) -> None:
    outputs = tensorflow.constant([[-0.5], [1.5], [0.5]])
    with tensorflow.GradientTape() as tape:
        tape.watch(outputs)
        loss = library.losses.BinaryCrossentropy()(column(1, 0, 1), outputs)
    slopes = np.array(tape.gradient(loss, outputs))[:, 0]
    assert not slopes[:2].any()
    assert slopes[2]


def test_an_epsilon_that_vanishes_costs_infinity(measuring: Libraries) -> None:
    for epsilon in OWN_EPSILONS:
        for formula in (added, clipped):
            value = own(formula(epsilon), 0.0, 1.0)(measuring)[0]
            assert math.isinf(value) is (epsilon < 1e-7)


def test_exp_overflows(tensorflow: ModuleType) -> None:
    assert math.isfinite(float(tensorflow.math.log(1 + tensorflow.exp(88.0))))
    assert math.isinf(float(tensorflow.math.log(1 + tensorflow.exp(89.0))))


def test_a_weight_of_zero_keeps_nan(library: ModuleType) -> None:
    loss = library.losses.BinaryCrossentropy()
    assert math.isnan(float(loss(column(1, math.nan), column(0.5, 0.5), sample_weight=np.array([1.0, 0.0]))))


def test_similarities_end_at_minus_one(library: ModuleType) -> None:
    rows = np.array([[1, 0], [0.6, 0.8]], dtype="float32")
    assert float(library.losses.CosineSimilarity()(rows, rows)) == pytest.approx(-1)


def test_scikit_learn_on_float32(measuring: Libraries) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    value = metrics.log_loss([1, 0], np.array([0, 1], dtype="float32"), labels=[0, 1])
    assert value == pytest.approx(fingerprints.KERAS_NEGATIVE)


ENTRIES = [*TABLE, *for_share(0.5), *rare_for_share(0.5), *REGIONS]
MIXTURES = (*SATURATED_MIXTURES, *LABEL_MIXTURES, TORCH_MIXTURE, TWICE_MIXTURE)


def test_rules_exist() -> None:
    codes = {code for entry in (*ENTRIES, *MIXTURES) for code in entry.rules}
    assert codes <= set(BY_CODE) | PLANNED
    texts = " ".join(f"{entry.title} {entry.cause} {entry.tell}" for entry in ENTRIES)
    assert set(re.findall(r"BCE\d+", texts)) <= set(BY_CODE), "pages that can be read"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_words(entry: Fingerprint) -> None:
    for text in (entry.cause, entry.tell):
        assert text.endswith((".", ".)"))
        assert "  " not in text
        assert not re.search(r"[{}]|[a-z][a-z][:,;][A-Za-z]", text)
    assert not entry.title.endswith(".")
    assert entry.tell[0].islower()


@pytest.mark.parametrize("fingerprint", [*FIXED, *for_share(0.5)], ids=lambda fingerprint: fingerprint.name)
def test_numbers_in_words_are_those_of_the_table(fingerprint: Fingerprint) -> None:
    """Each loss that is written out with four decimals is one that the table has."""
    known = {f"{other.value:.4f}" for other in (*FIXED, *RARE, *for_share(0.5), *rare_for_share(0.5))}
    others = {"0.5000", "0.7311"}
    for text in (fingerprint.cause, fingerprint.tell):
        assert set(re.findall(r"\b\d+\.\d{4}\b", text)) <= known | others
