"""The knowledge tables against the Keras that is installed: Keras 3 on TensorFlow, and tf_keras.

Where the two differ, or a name belongs to one of them or to a version that is gone, a list below says so. A list that
says too much fails as well: each entry has to be needed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bcelint.inference import tensors
from bcelint.inference.api_calls import API_CALLS
from bcelint.knowledge import activations, heads, layers, losses, metrics
from bcelint.knowledge.activations import Activation
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.knowledge.layers import Effect
from bcelint.knowledge.metrics import Reading
from bcelint.knowledge.names import canonical
from tests.installed_keras import KERAS_2, KERAS_3, leaf

# --- what belongs to one implementation only -------------------------------------------------------------------------

# In no installed Keras: names of Keras 1 and 2, kept for old code.
GONE_LOSS_NAMES = {"cosine", "cosine_proximity", "huber_loss", "bce", "BCE"}
GONE_LOSS_STRINGS = {"cosine", "cosine_proximity"}
GONE_LAYERS = {
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "Deconvolution2D",
    "Deconvolution3D",
    "DepthwiseConvolution2D",
    "Highway",
    "MaxoutDense",
    "Merge",
    "SyncBatchNormalization",
    "TimeDistributedDense",
}
ONLY_KERAS_3_LOSSES = {"CTC", "CategoricalGeneralizedCrossEntropy", "Circle", "Dice", "Tversky"}
ONLY_KERAS_2_LOSS_STRINGS = {"huber_loss", "kullback_leibler_divergence", "logcosh"}
ONLY_KERAS_3_LAYERS = {
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "GroupQueryAttention",
    "RMSNormalization",
}
ONLY_KERAS_2_LAYERS = {"DenseFeatures", "LocallyConnected1D", "LocallyConnected2D", "ThresholdedReLU"}
ONLY_KERAS_2_APPLICATIONS = ("RegNet", "ResNetRS")

# Public layers that the table leaves out: what comes out of them is unknown.
LAYERS_LEFT_UNKNOWN = {
    "AbstractRNNCell",
    "AugMix",
    "AutoContrast",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "CutMix",
    "Equalization",
    "FlaxLayer",
    "HashedCrossing",
    "JaxLayer",
    "Layer",
    "MaxNumBoundingBoxes",
    "MelSpectrogram",
    "MixUp",
    "Pipeline",
    "RandAugment",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHeight",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomWidth",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "Solarization",
    "StackedRNNCells",
    "TFSMLayer",
    "TorchModuleWrapper",
}

# Metrics that the table leaves out: nothing in bcelint depends on how they read a binary output.
METRICS_LEFT_OUT = {
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanRelativeError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MeanTensor",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "R2Score",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Sum",
}

# (implementation, layer): parameters that stand in another order there than in the table.
OTHER_ORDER = {
    # Keras 3 has data_format before output_padding here alone; `activation` keeps its position.
    (KERAS_3, "Conv3DTranspose"): {"output_padding", "data_format"},
    (KERAS_3, "Convolution3DTranspose"): {"output_padding", "data_format"},
    # tf_keras calls it input_shape.
    (KERAS_2, "InputLayer"): {"shape"},
}


def parameters_of(target: Callable[..., Any]) -> list[str]:
    function = target.__init__ if inspect.isclass(target) else target
    names = list(inspect.signature(function).parameters)
    return names[1:] if inspect.isclass(target) else names


def default_of(target: Callable[..., Any], name: str) -> Any:
    function = target.__init__ if inspect.isclass(target) else target
    return inspect.signature(function).parameters[name].default


def public_classes(module: ModuleType) -> set[str]:
    return {name for name in dir(module) if inspect.isclass(getattr(module, name)) and not name.startswith("_")}


def array(*values: Any) -> np.ndarray:
    return np.array(values, dtype="float32")


@pytest.fixture(scope="session")
def homes(libraries: SimpleNamespace, tensorflow: ModuleType) -> dict[str, list[Any]]:
    """The modules that a canonical name can be looked up in, by its first word."""
    return {
        "keras": [libraries.keras, libraries.tf_keras, import_module("keras._tf_keras.keras")],
        "tf": [tensorflow, tensorflow.compat.v1],
        "np": [np],
    }


def lookup(homes: dict[str, list[Any]], name: str) -> list[Any]:
    """Every object that a canonical name stands for."""
    first, *rest = name.split(".")
    found = []
    for home in homes.get(first, ()):
        target = home
        for part in rest:
            target = getattr(target, part, None)
        if target is not None:
            found.append(target)
    return found


# --- losses ----------------------------------------------------------------------------------------------------------

KERAS_LOSSES = [loss for loss in losses.LOSSES if any(c.startswith("keras.losses.") for c in loss.classes)]
each_keras_loss = pytest.mark.parametrize("loss", KERAS_LOSSES, ids=lambda loss: loss.name)
INSTALLED = ("keras.", "tf.losses.", "tf.metrics.", "tf.nn.")


@each_keras_loss
def test_loss_class(library: ModuleType, loss: losses.Loss) -> None:
    cls = getattr(library.losses, loss.name, None)
    if library.__name__ == KERAS_2 and loss.name in ONLY_KERAS_3_LOSSES:
        assert cls is None
        return
    expected = list(loss.class_parameters)
    if library.__name__ == KERAS_2 and loss.name == "SparseCategoricalCrossentropy":
        expected.remove("axis")
    assert parameters_of(cls)[: len(expected)] == expected
    assert loss.takes_logits is (loss.flag in parameters_of(cls))
    if loss.takes_logits:
        assert loss.flag in loss.class_parameters, "its position has to be known"
        assert default_of(cls, loss.flag) is False


@pytest.mark.parametrize(
    "name", sorted(f for f in losses.BY_FUNCTION if f.startswith(INSTALLED) and leaf(f) not in GONE_LOSS_NAMES)
)
def test_loss_function(homes: dict[str, list[Any]], name: str) -> None:
    """Each address exists somewhere, or its twin under ``keras.losses`` does; the parameters are those of the table."""
    loss = losses.BY_FUNCTION[name]
    found = [f for f in lookup(homes, name) if callable(f)]
    twin = "keras.losses." + leaf(name)
    assert found or lookup(homes, twin) or twin.removeprefix("keras.losses.") in loss.strings
    for function in found:
        names = parameters_of(function)
        if name.startswith("tf.nn.") and "_sentinel" in names:
            names.remove("_sentinel")  # the signature of TensorFlow 1: every argument by keyword
        if loss.family is Family.OTHER and names[:1] != ["y_true"]:
            continue
        assert names[: len(loss.function_parameters)] == list(loss.function_parameters)
        assert set(loss.predictions) & set(names)
        assert loss.takes_logits is (loss.flag in names)
        if loss.takes_logits:
            assert loss.flag in loss.function_parameters
            assert default_of(function, loss.flag) is False


@each_keras_loss
def test_loss_strings(library: ModuleType, loss: losses.Loss) -> None:
    for string in loss.strings:
        gone = string in GONE_LOSS_STRINGS
        gone |= library.__name__ == KERAS_3 and string in ONLY_KERAS_2_LOSS_STRINGS
        gone |= library.__name__ == KERAS_2 and loss.name in ONLY_KERAS_3_LOSSES
        if gone:
            with pytest.raises(ValueError, match=string):
                library.losses.get(string)
            continue
        found = library.losses.get(string)
        name = getattr(found, "__name__", type(found).__name__)
        assert name in (loss.name, *loss.strings)


def test_no_cross_entropy_string_is_missing(libraries: SimpleNamespace) -> None:
    registry = set(import_module("keras.src.losses").ALL_OBJECTS_DICT)
    registry |= {n for n in vars(import_module("tf_keras.src.losses")) if not n.startswith("_")}
    cross = {
        name
        for name in registry
        if ("entropy" in name.lower() and not name.startswith("is_"))
        or name.lower() in ("bce", "cce", "ce", "dice", "tversky", "ctc")
    }
    # A class that Keras 3 exports, and does not register under any string.
    assert cross - {"CategoricalGeneralizedCrossEntropy"} <= set(losses.BY_STRING) | losses.SHAPE_DEPENDENT_STRINGS
    known = {loss.name for loss in losses.LOSSES}
    for library in (libraries.keras, libraries.tf_keras):
        assert public_classes(library.losses) - {"Loss", "Reduction"} <= known


@pytest.mark.parametrize("loss", KERAS_LOSSES, ids=lambda loss: loss.name)
def test_what_a_loss_expects(library: ModuleType, tensorflow: ModuleType, loss: losses.Loss) -> None:
    """A prediction of the expected kind costs what its formula says; from_logits moves it behind the activation."""
    if loss.family is Family.OTHER or not hasattr(library.losses, loss.name):
        return
    logits = array([1.5], [-0.5]) if loss.family is Family.BINARY else array([1.5, -0.5, 0.2], [0.1, 0.3, -1.0])
    labels: Any = array([1], [0]) if loss.family is Family.BINARY else array([1, 0, 0], [0, 0, 1])
    if loss.family is Family.SPARSE:
        labels = np.array([0, 2])
    squash = library.activations.sigmoid if loss.family is Family.BINARY else library.activations.softmax
    assert loss.expects is (Expectation.PROBABILITY if loss.family is Family.BINARY else Expectation.SIMPLEX)
    probabilities = np.array(squash(tensorflow.constant(logits)))
    cls = getattr(library.losses, loss.name)
    value = float(cls()(labels, probabilities))
    assert value > 0
    if loss.takes_logits:
        assert float(cls(from_logits=True)(labels, logits)) == pytest.approx(value, rel=1e-5)
        assert float(cls()(labels, logits)) != pytest.approx(value, rel=1e-2)


@pytest.mark.parametrize(
    "loss", [loss for loss in losses.LOSSES if loss.expects is Expectation.LOGITS], ids=lambda loss: loss.name
)
def test_losses_that_always_take_logits(homes: dict[str, list[Any]], tensorflow: ModuleType, loss: losses.Loss) -> None:
    logits = array(1.5, -0.5)
    labels: Any = array(1, 0)
    expected = np.log1p(np.exp(-np.abs(logits)))
    if loss.family.is_categorical:
        logits, expected = logits[None], np.log1p(np.exp(array(-2.0)))
        labels = np.array([0]) if loss.family is Family.SPARSE else labels[None]
    for name in loss.functions:
        found = lookup(homes, name)
        assert found, name
        for function in found:
            prediction = next(p for p in loss.predictions if p in parameters_of(function))
            arguments = {next(p for p in parameters_of(function) if "labels" in p): labels, prediction: logits}
            if "pos_weight" in parameters_of(function):
                arguments["pos_weight"] = 1.0
            with tensorflow.Graph().as_default() if name.startswith("tf.losses.") else tensorflow.init_scope():
                value = function(**arguments)
                if name.startswith("tf.losses."):
                    with tensorflow.compat.v1.Session() as session:
                        value = session.run(value)
            assert np.mean(value) == pytest.approx(float(np.mean(expected)), rel=1e-5)


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, loss in (losses.BY_CLASS | losses.BY_FUNCTION).items()
        if loss.takes_logits and name.startswith("keras.") and leaf(name) not in GONE_LOSS_NAMES
    ),
)
def test_which_losses_look_behind_the_activation(
    homes: dict[str, list[Any]], tensorflow: ModuleType, name: str
) -> None:
    """``rescued``: with Keras 3, a loss that is told of logits finds them behind an activation of Keras."""
    keras3, _, legacy = homes["keras"]
    found = lookup({"keras": [keras3, legacy]}, name)
    if not found:
        assert name.startswith("keras.metrics."), "tf_keras alone has it"
        return
    loss = (losses.BY_CLASS | losses.BY_FUNCTION)[name]
    is_binary = loss.family is Family.BINARY
    logits = tensorflow.constant(array([1.5, -0.5]))
    labels = {Family.BINARY: array([1, 0]), Family.CATEGORICAL: array([1, 0]), Family.SPARSE: np.array([1])}[
        loss.family
    ]
    labels = tensorflow.constant(labels)
    squash = keras3.activations.sigmoid if is_binary else keras3.activations.softmax
    function = found[0](from_logits=True) if name in losses.BY_CLASS else partial(found[0], from_logits=True)
    values = [float(np.mean(function(labels, output))) for output in (logits, squash(logits))]
    assert (values[1] == pytest.approx(values[0], rel=1e-4)) is loss.rescued


# --- activations -----------------------------------------------------------------------------------------------------

each_activation = pytest.mark.parametrize("activation", activations.ACTIVATIONS, ids=lambda a: a.name)
SWEEP = np.unique(
    np.concatenate(
        [np.linspace(-12, 12, 4801), np.linspace(-100, 100, 2001), [-3e38, -1e9, -1e4, 1e4, 1e9, 3e38], [0.0, 1e-30]]
    ).astype("float32")
)
# Their input has pairs of channels, or rows of classes.
ROWS = {"softmax", "sparsemax", "log_softmax", "glu"}
# Near 3e38 the intermediate values overflow to infinity minus infinity.
OVERFLOWS = {"mish", "squareplus", "gelu", "tanh_shrink", "softsign"}
# Keras 3.15 computes it wrongly (the support is the sum of its indices, not its size): the rows do not sum to 1. The
# table says what the function is meant to be; tf_keras does not have it.
BROKEN = {"sparsemax"}
# Functions of one name that compute another curve over the same range.
OTHER_CURVES = {"hard_sigmoid", "gelu"}


def rows(classes: int = 4) -> np.ndarray:
    generator = np.random.default_rng(7)
    return np.concatenate(
        [generator.normal(scale=s, size=(200, classes)) for s in (0.1, 1, 10, 100)] + [np.zeros((1, classes))]
    ).astype("float32")


def evaluate(function: Callable[..., Any], activation: Activation, tensorflow: ModuleType) -> np.ndarray:
    values = rows() if activation.name in ROWS else SWEEP[None]
    if activation.name in OVERFLOWS:
        values = values[:, np.abs(values[0]) <= 1e4]
    return np.array(function(tensorflow.constant(values)))


def curves(homes: dict[str, list[Any]], activation: Activation) -> list[tuple[str, Callable[..., Any]]]:
    return [
        (name, partial(found, threshold=-1e38, default_value=5.0) if activation.name == "threshold" else found)
        for name in activation.functions
        for found in lookup(homes, name)
    ]


@each_activation
def test_activation_range(homes: dict[str, list[Any]], tensorflow: ModuleType, activation: Activation) -> None:
    found = curves(homes, activation)
    assert found, "no installed function computes it"
    assert activation.low < activation.high
    for name, function in found:
        values = evaluate(function, activation, tensorflow)
        assert not np.isnan(values).any(), name
        if activation.name in BROKEN:
            assert values.max() > activation.high, "repaired: take it off the list"
            continue
        assert values.min() >= activation.low, f"{name} falls to {values.min()}"
        assert values.max() <= activation.high, f"{name} rises to {values.max()}"
        if math.isfinite(activation.low):
            assert values.min() <= activation.low + 2e-3, f"{name} never comes near {activation.low}"
        else:
            assert values.min() < -90
        if math.isfinite(activation.high):
            assert values.max() >= activation.high - 2e-3, f"{name} never comes near {activation.high}"
        else:
            assert values.max() > 90


@each_activation
def test_activation_domain(homes: dict[str, list[Any]], tensorflow: ModuleType, activation: Activation) -> None:
    for name, function in curves(homes, activation):
        values = evaluate(function, activation, tensorflow).astype("float64")
        if activation.name in BROKEN:
            continue
        if activation.domain is Domain.SIMPLEX:
            np.testing.assert_allclose(values.sum(-1), 1, atol=1e-5, err_msg=name)
        elif activation.domain is Domain.LOG_SIMPLEX:
            np.testing.assert_allclose(np.exp(values).sum(-1), 1, atol=1e-5, err_msg=name)
    bounds = (activation.low, activation.high)
    expected = {
        Domain.SIMPLEX: (0, 1),
        Domain.PROBABILITY: (0, 1),
        Domain.LOG_SIMPLEX: (-math.inf, 0),
        Domain.REAL: (-math.inf, math.inf),
    }
    assert bounds == expected.get(activation.domain, bounds)
    assert (activation.domain is Domain.INTERVAL) is (
        bounds not in expected.values() or activation.name == "log_sigmoid"
    )


@each_activation
def test_activation_is_monotone(homes: dict[str, list[Any]], tensorflow: ModuleType, activation: Activation) -> None:
    if activation.name in ROWS:
        assert not activation.monotone, "a value depends on the others of its row"
        return
    for name, function in curves(homes, activation):
        steps = np.diff(evaluate(function, activation, tensorflow)[0].astype("float64"))
        # Rounding: neighbours of a flat stretch may differ by a unit in the last place.
        falls = bool((steps < -1e-5).any())
        assert falls is not activation.monotone, name


@each_activation
def test_activation_functions_agree(
    homes: dict[str, list[Any]], tensorflow: ModuleType, activation: Activation
) -> None:
    """Every function that the table gives for an activation computes that activation."""
    found = curves(homes, activation)
    reference = evaluate(found[0][1], activation, tensorflow)
    tolerance = {"rtol": 1e-4, "atol": 2e-5}
    if activation.name in OTHER_CURVES:
        tolerance = {"rtol": 0.02, "atol": 0.1}
    for name, function in found:
        np.testing.assert_allclose(evaluate(function, activation, tensorflow), reference, err_msg=name, **tolerance)


@each_activation
def test_activation_strings(library: ModuleType, activation: Activation) -> None:
    for string in (activation.name, *activation.strings):
        try:
            found = library.activations.get(string)
        except ValueError:
            assert library.__name__ == KERAS_2, f"{string!r} is no string of Keras 3"
            assert string not in vars(library.activations)
            continue
        name = getattr(found, "__name__", type(found).__name__)
        assert name in (activation.name, *activation.strings)


def test_no_activation_string_is_missing(libraries: SimpleNamespace) -> None:
    registry = set(import_module("keras.src.activations").ALL_OBJECTS_DICT)
    for library in (libraries.keras, libraries.tf_keras):
        registry |= {n for n in dir(library.activations) if inspect.isfunction(getattr(library.activations, n))}
    assert registry - {"get", "serialize", "deserialize"} <= set(activations.BY_NAME)


# Functions of keras.ops.nn that are no activations.
NO_ACTIVATIONS = {
    "adaptive_average_pool",
    "adaptive_max_pool",
    "average_pool",
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "conv",
    "conv_transpose",
    "ctc_decode",
    "ctc_loss",
    "depth_to_space",
    "depthwise_conv",
    "dot_product_attention",
    "fold",
    "layer_normalization",
    "max_pool",
    "moments",
    "multi_hot",
    "normalize",
    "one_hot",
    "polar",
    "psnr",
    "rms_normalization",
    "separable_conv",
    "space_to_depth",
    "sparse_categorical_crossentropy",
    "unfold",
}


def test_no_activation_of_keras_ops_is_missing(keras3: ModuleType) -> None:
    functions = {n for n in dir(keras3.ops.nn) if not n.startswith("_")}
    assert {n for n in functions - NO_ACTIVATIONS if f"keras.ops.{n}" not in activations.BY_FUNCTION} == set()


@pytest.mark.parametrize("name", sorted(tensors._MONOTONE))
def test_images_of_intervals(keras3: ModuleType, name: str) -> None:
    """What inference computes in Python for the ends of an interval is what Keras computes."""
    points = np.linspace(-20, 20, 81).astype("float32")
    expected = np.array(getattr(keras3.activations, name)(keras3.ops.convert_to_tensor(points)))
    image = [tensors._MONOTONE[name](float(x)) for x in points]
    np.testing.assert_allclose(image, expected, rtol=1e-4, atol=1e-6)
    activation = activations.BY_NAME[name]
    assert activation.monotone
    assert tensors._MONOTONE[name](math.inf) == activation.high
    assert tensors._MONOTONE[name](-math.inf) == activation.low


# --- layers: signatures ----------------------------------------------------------------------------------------------

each_layer = pytest.mark.parametrize("name", sorted(leaf(n) for n in layers.KERAS_LAYERS))


@each_layer
def test_layer_signature(library: ModuleType, name: str) -> None:
    spec = layers.KERAS_LAYERS[f"keras.layers.{name}"]
    cls = getattr(library.layers, name, None)
    gone = name in GONE_LAYERS
    gone |= name in (ONLY_KERAS_2_LAYERS if library.__name__ == KERAS_3 else ONLY_KERAS_3_LAYERS)
    if gone:
        assert cls is None, f"{library.__name__} has {name}: take it off the list"
        return
    assert cls is not None
    names = parameters_of(cls)
    other = OTHER_ORDER.get((library.__name__, name), set())
    for position, parameter in enumerate(spec.parameters):
        if parameter in other:
            assert names.index(parameter) != position if parameter in names else True
        elif "args" not in names[: position + 1]:
            assert names[position] == parameter
    if spec.units:
        assert spec.units[0] in spec.parameters
    if spec.effect is not Effect.ACTIVATION and "activation" in names:
        assert (default_of(cls, "activation") or "linear") == spec.activation
        assert "activation" in spec.parameters, "its position has to be known"


def test_no_layer_is_missing(libraries: SimpleNamespace) -> None:
    table = {leaf(name) for name in layers.KERAS_LAYERS}
    found: set[str] = set()
    for library in (libraries.keras, libraries.tf_keras):
        found |= {
            name
            for name in public_classes(library.layers)
            if issubclass(getattr(library.layers, name), library.layers.Layer)
        }
    assert found - table == LAYERS_LEFT_UNKNOWN & found
    assert table - found == GONE_LAYERS
    assert not LAYERS_LEFT_UNKNOWN - found, "no layer of an installed Keras"


def test_every_layer_with_an_activation_has_its_default(library: ModuleType) -> None:
    for name in public_classes(library.layers) - LAYERS_LEFT_UNKNOWN:
        cls = getattr(library.layers, name)
        if issubclass(cls, library.layers.Layer) and "activation" in parameters_of(cls) and name != "Activation":
            assert layers.KERAS_LAYERS[f"keras.layers.{name}"].activation is not None


def test_merge_functions(library: ModuleType) -> None:
    for function, cls in layers.MERGE_FUNCTIONS.items():
        assert callable(getattr(library.layers, leaf(function)))
        assert f"keras.layers.{cls}" in layers.KERAS_LAYERS
    lower = {n for n in dir(library.layers) if inspect.isfunction(getattr(library.layers, n))}
    assert lower - {"Input", "deserialize", "serialize"} == {leaf(f) for f in layers.MERGE_FUNCTIONS}


def test_activation_layers_are_their_activation(library: ModuleType, tensorflow: ModuleType) -> None:
    points = np.linspace(-8, 8, 65).astype("float32").reshape(1, -1)
    slopes = {"LeakyReLU": None, "PReLU": None, "ThresholdedReLU": "relu"}
    for spec in layers.KERAS_LAYERS.values():
        if spec.effect is not Effect.ACTIVATION or not spec.activation or not hasattr(library.layers, spec.name):
            continue
        values = np.array(getattr(library.layers, spec.name)()(points))
        activation = activations.BY_NAME[spec.activation]
        assert values.min() >= activation.low
        assert values.max() <= activation.high
        if spec.name not in slopes:
            expected = np.array(getattr(library.activations, spec.activation)(tensorflow.constant(points)))
            np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)


# --- layers: effects -------------------------------------------------------------------------------------------------

# How each layer is made, and the shape that it is given. Other layers take no argument and a (batch, 4) input.
MADE: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "Reshape": ({"target_shape": (2, 2)}, (2, 4)),
    "Permute": ({"dims": (2, 1)}, (2, 3, 4)),
    "RepeatVector": ({"n": 3}, (2, 4)),
    "CenterCrop": ({"height": 4, "width": 4}, (2, 8, 8, 3)),
    "RandomFlip": ({}, (2, 8, 8, 3)),
    "RandomCrop": ({"height": 4, "width": 4}, (2, 8, 8, 3)),
    "Masking": ({}, (2, 5, 4)),
    "Resizing": ({"height": 6, "width": 6}, (2, 8, 8, 3)),
    "SpatialDropout1D": ({"rate": 0.5}, (2, 5, 16)),
    "SpatialDropout2D": ({"rate": 0.5}, (2, 5, 5, 16)),
    "SpatialDropout3D": ({"rate": 0.5}, (2, 3, 3, 3, 16)),
    "Dropout": ({"rate": 0.5}, (8, 16)),
    "GaussianNoise": ({"stddev": 0.5}, (8, 16)),
    "GaussianDropout": ({"rate": 0.5}, (8, 16)),
    "AlphaDropout": ({"rate": 0.5}, (8, 16)),
    "Rescaling": ({"scale": 3.0, "offset": -1.0}, (2, 4)),
    "BatchNormalization": ({}, (8, 4)),
    "GroupNormalization": ({"groups": 2}, (2, 5, 4)),
    "Normalization": ({"mean": 0.5, "variance": 0.05}, (4, 4)),
    "Embedding": ({"input_dim": 10, "output_dim": 4}, (2, 5)),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 4}, (2, 5, 4)),
    "GroupQueryAttention": ({"head_dim": 4, "num_query_heads": 2, "num_key_value_heads": 1}, (2, 5, 4)),
}
# Not evaluated: one takes feature columns, the other is a batch normalisation that is gone.
UNMADE = {"DenseFeatures", "SyncBatchNormalization"}


def made(library: ModuleType, name: str) -> tuple[Any, np.ndarray]:
    """A layer of the table and an input in [0, 1] for it."""
    arguments, shape = MADE.get(name, ({}, ()))
    if not shape:
        rank = next((int(name[-2]) for _ in [0] if name[-1:] == "D" and name[-2].isdigit()), 0)
        shape = (2, *[6] * rank, 4) if rank else (2, 6, 4)
        if name.startswith("Adaptive"):
            arguments = {"output_size": 3}
        elif "Pooling" in name and not name.startswith("Global"):
            arguments = {"pool_size": 2}
    layer = getattr(library.layers, name)(**arguments)
    values = np.random.default_rng(3).uniform(size=shape).astype("float32")
    if name == "Masking":
        values[:, 2] = 0.0
    return layer, values


def by_effect(*effects: Effect) -> pytest.MarkDecorator:
    names = sorted({spec.name for spec in layers.KERAS_LAYERS.values() if spec.effect in effects} - UNMADE)
    return pytest.mark.parametrize("name", names)


def apply(library: ModuleType, name: str, **arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    library.utils.set_random_seed(11)
    layer, values = made(library, name)
    inputs = (values, values) if name in ("MultiHeadAttention", "GroupQueryAttention") else (values,)
    if name == "Embedding":
        inputs = (values.astype("int32"),)
    return values, np.array(layer(*inputs, **arguments))


@by_effect(Effect.KEEP)
def test_layers_that_keep_the_values(library: ModuleType, name: str) -> None:
    if not hasattr(library.layers, name):
        return  # test_layer_signature says which those are
    for training in (False, True):
        values, result = apply(library, name, **({"training": training} if name.startswith("Random") else {}))
        assert np.isin(result.round(5), values.round(5)).all()


@by_effect(Effect.AVERAGE)
def test_layers_that_average(library: ModuleType, name: str) -> None:
    if not hasattr(library.layers, name):
        return  # test_layer_signature says which those are
    if name == "Average":
        a, b = array([0.1, 0.9]), array([0.3, 0.5])
        np.testing.assert_allclose(np.array(library.layers.Average()([a, b])), [[0.2, 0.7]], rtol=1e-6)
        return
    values, result = apply(library, name)
    assert values.min() <= result.min() <= result.max() <= values.max()
    if name != "RandomCrop":  # tf_keras resizes where it does not train
        assert not np.isin(result.round(5), values.round(5)).all()


@by_effect(Effect.AVERAGE)
def test_averages_of_a_padded_border_do_not_count_the_padding(library: ModuleType, name: str) -> None:
    if name.startswith(("Average", "AveragePooling")) and name != "Average":
        rank = int(name[-2])
        layer = getattr(library.layers, name)(3, strides=2, padding="same")
        np.testing.assert_allclose(np.array(layer(np.ones((1, *[5] * rank, 2), "float32"))), 1, rtol=1e-6)


@by_effect(Effect.PAD)
def test_layers_that_add_zeros(library: ModuleType, name: str) -> None:
    values, result = apply(library, name)
    assert (result == 0).any()
    assert np.isin(result[result != 0].round(5), values.round(5)).all()


@by_effect(Effect.REAL)
def test_layers_that_leave_the_range(library: ModuleType, name: str) -> None:
    if not hasattr(library.layers, name):
        return  # test_layer_signature says which those are
    _, result = apply(library, name, **({"training": True} if name == "BatchNormalization" else {}))
    assert result.min() < 0 or result.max() > 1


@by_effect(Effect.DROPOUT)
def test_dropout_scales_in_training_only(library: ModuleType, name: str) -> None:
    values, result = apply(library, name, training=True)
    assert (result == 0).any()
    kept = result != 0
    np.testing.assert_allclose(result[kept], 2 * values[kept], rtol=1e-5)
    assert result.max() > 1
    values, result = apply(library, name, training=False)
    np.testing.assert_array_equal(result, values)


@by_effect(Effect.NOISE)
def test_noise_leaves_the_range_in_training_only(library: ModuleType, name: str) -> None:
    values, result = apply(library, name, training=True)
    assert result.min() < 0 or result.max() > 1
    values, result = apply(library, name, training=False)
    np.testing.assert_array_equal(result, values)


@by_effect(Effect.SCALE)
def test_rescaling(library: ModuleType, name: str) -> None:
    values, result = apply(library, name)
    np.testing.assert_allclose(result, values * 3 - 1, rtol=1e-5)


INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")
# Refused by one implementation or the other.
ONLY_SOMEWHERE = {"gaussian", "mitchellcubic", "area", "lanczos3", "lanczos5"}


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@by_effect(Effect.UPSAMPLE)
def test_interpolations(library: ModuleType, name: str, interpolation: str) -> None:
    arguments: dict[str, Any] = {"interpolation": interpolation}
    arguments |= {"size": 4} if name == "UpSampling2D" else {"height": 24, "width": 24}
    steps = (np.random.default_rng(5).uniform(size=(4, 6, 6, 1)) > 0.5).astype("float32")
    try:
        result = np.array(getattr(library.layers, name)(**arguments)(steps))
    except (ValueError, NotImplementedError):
        assert interpolation in ONLY_SOMEWHERE
        return
    stays = bool(result.min() >= -1e-6 and result.max() <= 1 + 1e-6)
    assert stays is (interpolation in layers.BOUNDED_INTERPOLATIONS)


def test_every_bounded_interpolation_exists(library: ModuleType) -> None:
    for name in layers.BOUNDED_INTERPOLATIONS - ({"area"} if library.__name__ == KERAS_3 else set()):
        library.layers.UpSampling2D(2, interpolation=name)


@by_effect(Effect.ADD, Effect.SUBTRACT, Effect.MULTIPLY, Effect.MAXIMUM, Effect.MINIMUM, Effect.CONCATENATE)
def test_merge_layers(library: ModuleType, name: str) -> None:
    a, b = array([[0.25, 1.0]]), array([[0.5, 0.5]])
    expected = {
        "Add": a + b,
        "Subtract": a - b,
        "Multiply": a * b,
        "Maximum": np.maximum(a, b),
        "Minimum": np.minimum(a, b),
        "Concatenate": np.concatenate([a, b], -1),
    }
    np.testing.assert_allclose(np.array(getattr(library.layers, name)()([a, b])), expected[name])


@by_effect(Effect.RECURRENT)
def test_recurrent_layers_stay_in_the_range_of_their_activation(library: ModuleType, name: str) -> None:
    """Of the activation and 0: the gates multiply by numbers from 0 to 1, and the state begins at 0."""
    if name.endswith("Cell"):
        return
    rank = int(name[-2]) if name.startswith("Conv") else 0
    arguments: dict[str, Any] = {"filters": 3, "kernel_size": 2} if rank else {"units": 3}
    values = np.random.default_rng(2).normal(scale=30, size=(3, 4, *[4] * rank, 2)).astype("float32")
    for activation, low, high in (("default", -1, 1), ("sigmoid", 0, 1), ("relu", 0, math.inf)):
        library.utils.set_random_seed(4)
        chosen = {} if activation == "default" else {"activation": activation}
        result = np.array(getattr(library.layers, name)(**arguments, **chosen)(values))
        assert low <= result.min() <= result.max() <= high
        if activation == "default":
            assert result.min() < -0.05, "the table says tanh"
        if activation == "relu":
            assert result.max() > 1


# --- metrics ---------------------------------------------------------------------------------------------------------

each_metric = pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.name)
BINARY_LABELS = array([1], [1], [1], [0], [0], [0], [1], [0])
BINARY_LOGITS = array([3.0], [0.3], [0.4], [0.2], [-1.0], [-2.0], [-0.4], [1.2])
EXTRA: dict[str, dict[str, Any]] = {
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "BinaryIoU": {"target_class_ids": (0, 1)},
}


def sigmoid(values: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-values))).astype("float32")


def measure(library: ModuleType, metric: metrics.Metric, predictions: np.ndarray, **arguments: Any) -> float:
    made_metric = getattr(library.metrics, metric.name)(**EXTRA.get(metric.name, {}), **arguments)
    made_metric.update_state(BINARY_LABELS, predictions)
    return float(np.mean(made_metric.result()))


@each_metric
def test_metric_signature(library: ModuleType, metric: metrics.Metric) -> None:
    cls = getattr(library.metrics, metric.name)
    assert parameters_of(cls)[: len(metric.parameters)] == list(metric.parameters)
    if metric.cut is not None:
        assert metric.cut in metric.parameters, "its position has to be known"


@each_metric
def test_metric_strings(library: ModuleType, metric: metrics.Metric) -> None:
    for string in metric.strings:
        try:
            found = library.metrics.get(string)
        except (ValueError, TypeError):
            known = library.__name__ == KERAS_3 and metric.name not in EXTRA
            assert not known, f"{string!r} is no string of Keras 3"
            continue
        if library.__name__ == KERAS_2 and found == string:
            continue  # what tf_keras answers for some of the names that it does not know
        name = getattr(found, "__name__", type(found).__name__)
        assert name == metric.name or name in metric.strings


@each_metric
def test_metric_on_logits(library: ModuleType, metric: metrics.Metric) -> None:
    """A metric that takes a probability is wrong for logits, and its ``cut`` makes it right."""
    if metric.reading is not Reading.PROBABILITY:
        assert metric.cut is None
        return
    # Some metrics are right for logits that happen to spread well; so they are tried on logits all below 0 as well.
    trials = [(BINARY_LOGITS, sigmoid(BINARY_LOGITS)), (BINARY_LOGITS - 4, sigmoid(BINARY_LOGITS - 4))]
    if metric.name in ("F1Score", "FBetaScore"):
        # The default takes the argmax of a row: with one unit, everything is positive.
        assert measure(library, metric, BINARY_LOGITS) == measure(library, metric, sigmoid(BINARY_LOGITS))
        given = {"threshold": 0.5}
    else:
        given = {}
    differences = [
        abs(measure(library, metric, logits, **given) - measure(library, metric, probabilities, **given))
        for logits, probabilities in trials
    ]
    assert max(differences) > 0.01
    if metric.cut is not None and metric.cut_value is not None:
        value = {"0.0": 0.0, "True": True}[metric.cut_value]
        for logits, probabilities in trials:
            right = measure(library, metric, probabilities)
            assert measure(library, metric, logits, **{metric.cut: value}) == pytest.approx(right, abs=1e-5)


@pytest.mark.parametrize(
    "name", sorted(m.name for m in metrics.METRICS if m.reading is Reading.PROBABILITY and not m.cut)
)
def test_metrics_without_a_cut_refuse_one(library: ModuleType, name: str) -> None:
    """``cut`` is empty only where there is no argument that would do."""
    cls = getattr(library.metrics, name)
    assert "from_logits" not in parameters_of(cls)
    if "threshold" in parameters_of(cls):
        with pytest.raises(ValueError, match="threshold"):
            cls(threshold=0.0)


@pytest.mark.parametrize("name", sorted(m.name for m in metrics.METRICS if m.reading is Reading.ARGMAX))
def test_argmax_metrics_do_not_mind_logits(library: ModuleType, name: str) -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(40, 7)).astype("float32")
    classes = generator.integers(0, 7, size=40)
    labels = classes if "Sparse" in name else np.eye(7, dtype="float32")[classes]
    results = []
    for predictions in (logits, sigmoid(logits), np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)):
        metric = getattr(library.metrics, name)()
        metric.update_state(labels, predictions)
        results.append(float(metric.result()))
    assert results[0] == results[1] == results[2] > 0


def test_exact_metrics(library: ModuleType) -> None:
    assert [m.name for m in metrics.METRICS if m.reading is Reading.EXACT] == ["Accuracy"]
    metric = library.metrics.Accuracy()
    metric.update_state(array(1, 0, 1), array(0.97, 0.01, 1.0))
    assert float(metric.result()) == pytest.approx(1 / 3)


def test_no_metric_is_missing(libraries: SimpleNamespace) -> None:
    table = {metric.name for metric in metrics.METRICS}
    found = public_classes(libraries.keras.metrics) | public_classes(libraries.tf_keras.metrics)
    assert found - table == METRICS_LEFT_OUT


def test_metric_functions(library: ModuleType) -> None:
    for name in metrics.BY_FUNCTION:
        module, function = name.split(".")[1:]
        assert parameters_of(getattr(getattr(library, module), function))[:2] == ["y_true", "y_pred"]


@pytest.mark.parametrize("string", ["accuracy", "acc", "Accuracy", "ACC"])
@pytest.mark.parametrize(
    ("labels", "predictions", "expected"),
    [
        # one unit: cut at 0.5
        (array([1], [0], [1]), array([0.6], [0.2], [0.4]), 2 / 3),
        # several labels at once: only the largest counts
        (array([1, 1], [1, 1], [0, 1]), array([0.9, 0.8], [0.6, 0.9], [0.1, 0.2]), 2 / 3),
        # class numbers
        (array([1], [0], [1]), array([0.2, 0.3], [0.2, 0.3], [0.2, 0.3]), 2 / 3),
    ],
    ids=["binary", "categorical", "sparse"],
)
def test_accuracy_goes_by_shape(
    keras3: ModuleType, string: str, labels: np.ndarray, predictions: np.ndarray, expected: float
) -> None:
    """Whatever the loss is, and in any letter case."""
    assert string.lower() in metrics.ACCURACY_STRINGS
    assert metrics.ACCURACY.reading is Reading.BY_SHAPE
    module = import_module("keras.src.trainers.compile_utils")
    metric = module.CompileMetrics(metrics=[string], weighted_metrics=None)
    metric.build(keras3.ops.convert_to_tensor(labels), keras3.ops.convert_to_tensor(predictions))
    metric.update_state(labels, predictions)
    assert float(next(iter(metric.result().values()))) == pytest.approx(expected)


# --- ready-made models -----------------------------------------------------------------------------------------------


def test_applications(library: ModuleType) -> None:
    names = {n for n in public_classes_and_functions(library.applications) if n[:1].isupper()}
    missing = heads.APPLICATIONS - names
    assert names <= heads.APPLICATIONS
    assert all(n.startswith(ONLY_KERAS_2_APPLICATIONS) for n in missing)
    assert not missing or library.__name__ == KERAS_3


@pytest.mark.parametrize("name", sorted(heads.APPLICATIONS))
def test_application_defaults(library: ModuleType, name: str) -> None:
    """An application ends in a softmax over ``classes`` unless it is told otherwise; nothing is built or downloaded."""
    function = getattr(library.applications, name, None)
    if function is None:
        return
    factory = heads.MODEL_FACTORIES[f"keras.applications.{name}"]
    names = parameters_of(function)
    assert factory.activation == "softmax"
    if factory.activation_parameter in names:
        assert default_of(function, factory.activation_parameter) == "softmax"
    else:
        assert "kwargs" in names, "the argument goes through **kwargs"
    assert factory.top_parameter is not None
    assert default_of(function, factory.top_parameter) is True
    assert default_of(function, factory.units_parameter) == 1000
    if library.__name__ == KERAS_2 and name.startswith("ConvNeXt"):
        assert names.pop(0) == "model_name", "tf_keras has it in front"
    assert names[: len(factory.parameters)] == list(factory.parameters)


def public_classes_and_functions(module: ModuleType) -> set[str]:
    return {n for n in dir(module) if callable(getattr(module, n)) and not n.startswith("_")}


@pytest.mark.parametrize("name", sorted(heads.MODEL_METHODS_THAT_TRAIN))
def test_methods_that_train(library: ModuleType, name: str) -> None:
    gone = {"fit_on_batch"} | ({"fit_generator", "evaluate_generator"} if library.__name__ == KERAS_3 else set())
    assert hasattr(library.Model, name) is (name not in gone)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "home"),
    [
        ("tensorflow.keras.layers.experimental.preprocessing.Rescaling", "keras.layers.Rescaling"),
        ("tensorflow_core.python.keras.layers.core.Dense", "keras.layers.Dense"),
        ("tensorflow._api.v2.v2.nn.sigmoid", "tf.nn.sigmoid"),
        ("tensorflow.python.ops.nn_impl.sigmoid_cross_entropy_with_logits", "tf.nn.sigmoid_cross_entropy_with_logits"),
        ("tensorflow.python.ops.losses.losses_impl.log_loss", "tf.losses.log_loss"),
        ("tensorflow.compat.v1.losses.sigmoid_cross_entropy", "tf.losses.sigmoid_cross_entropy"),
        ("tensorflow.compat.v1.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.compat.v1.layers.dense", "tf.layers.dense"),
        ("keras.api._v2.keras.losses.BinaryCrossentropy", "keras.losses.BinaryCrossentropy"),
        ("keras._v2.keras.losses.BinaryCrossentropy", "keras.losses.BinaryCrossentropy"),
        ("keras.layers.merge.concatenate", "keras.layers.concatenate"),
        ("keras.layers.advanced_activations.LeakyReLU", "keras.layers.LeakyReLU"),
        ("keras.ops.nn.softmax", "keras.ops.softmax"),
        ("keras.src.utils.numerical_utils.to_categorical", "keras.utils.to_categorical"),
        ("keras_applications.resnet50.ResNet50", "keras.applications.ResNet50"),
        ("efficientnet.tfkeras.EfficientNetB0", "keras.applications.EfficientNetB0"),
        ("segmentation_models.losses.bce_jaccard_loss", "sm.losses.bce_jaccard_loss"),
        ("segmentation_models_3D.Unet", "sm.Unet"),
        ("tensorflow_addons.losses.focal_loss.sigmoid_focal_crossentropy", "tfa.losses.sigmoid_focal_crossentropy"),
    ],
)
def test_canonical_names(written: str, home: str) -> None:
    assert canonical(written) == home
    tables = (layers.KERAS_LAYERS, layers.LAYER_FUNCTIONS, layers.MERGE_FUNCTIONS, losses.BY_CLASS, losses.BY_FUNCTION)
    known = any(home in table for table in (*tables, losses.COMPOSITE, activations.BY_FUNCTION, heads.MODEL_FACTORIES))
    assert known or home in API_CALLS


def test_both_homes_of_a_metric(tensorflow: ModuleType, keras3: ModuleType) -> None:
    """``tf.metrics`` and ``tf.losses`` are those of Keras in TensorFlow 2."""
    for name in metrics.BY_CLASS | losses.BY_CLASS:
        if name.startswith(("tf.metrics.", "tf.losses.")) and leaf(name) != "CategoricalGeneralizedCrossEntropy":
            module = name.split(".")[1]
            assert getattr(getattr(tensorflow, module), leaf(name)) is getattr(getattr(keras3, module), leaf(name))
