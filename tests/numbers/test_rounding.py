"""What rounding does to a loss, measured: which epsilon survives, what a compiler makes of it, which slopes are lost.

NumPy, TensorFlow (eagerly, in a graph as in ``fit``, and with XLA), Keras 3 and tf_keras have to be there. JAX and
PyTorch are measured where they are installed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.installed_keras import KERAS_2, KERAS_3, keras3, libraries, library, tensorflow, tf_keras

__all__ = ["keras3", "libraries", "library", "tensorflow", "tf_keras"]

INF, NAN = math.inf, math.nan
EPSILON = 1e-7
# The distance between 1 and the next smaller float32, and what the logarithms of that and of the epsilons are.
STEP = 2.0**-24
LOG_STEP, LOG_1E_7, LOG_1E_8 = -15.9424, -16.1181, -18.4207

Function = Callable[[Any], Any]
# The functions of a library, by names that are the same for all, and a number or a tensor of it.
Formula = Callable[[Any, Any], Any]


def same(expected: Any, tolerance: float = 1e-4) -> Any:
    return pytest.approx(expected, abs=tolerance, nan_ok=True)


# --- the libraries and how they run -----------------------------------------------------------------------------------

EAGER, GRAPH, XLA = "tf eager", "tf graph", "tf xla"
TENSORFLOW = (EAGER, GRAPH, XLA)
DIFFERENTIABLE = (*TENSORFLOW, "jax", "jax jit", "torch")
EVERYWHERE = ("numpy", *DIFFERENTIABLE)

each_mode = pytest.mark.parametrize("mode", EVERYWHERE)
each_differentiable_mode = pytest.mark.parametrize("mode", DIFFERENTIABLE)
each_tensorflow_mode = pytest.mark.parametrize("mode", TENSORFLOW)


@dataclass(frozen=True)
class Machine:
    """A library and a way to run it. ``library`` is ``numpy``, ``tf``, ``jax`` or ``torch``."""

    library: str
    tools: Any
    tensor: Callable[[Any, str], Any]
    traced: Callable[[Function], Function]
    differentiated: Callable[[Function], Function]

    def values(self, formula: Formula, at: Any, dtype: str = "float32") -> np.ndarray:
        result = self.traced(lambda x: formula(self.tools, x))(self.tensor(at, dtype))
        return np.asarray(
            result.float() if self.library == "torch" and dtype == "bfloat16" else result, dtype="float64"
        )

    def value(self, formula: Formula, at: float, dtype: str = "float32") -> float:
        """Of the first of two: XLA treats a tensor of one element as a scalar, and rounds it in another way."""
        return float(self.values(formula, [at, at], dtype)[0])

    def value_and_slope(self, formula: Formula, at: float) -> tuple[float, float]:
        value, slope = self.traced(self.differentiated(lambda x: formula(self.tools, x)))(self.tensor(at, "float32"))
        return float(value), float(slope)


def tensorflow_machine(tf: Any, mode: str) -> Machine:
    def tape(function: Function) -> Function:
        def run(x: Any) -> Any:
            with tf.GradientTape() as recorded:
                recorded.watch(x)
                value = function(x)
            return value, recorded.gradient(value, x)

        return run

    def function(run: Function) -> Any:
        return run if mode == EAGER else tf.function(run, jit_compile=mode == XLA)

    tools = SimpleNamespace(
        log=tf.math.log,
        log1p=tf.math.log1p,
        exp=tf.exp,
        maximum=tf.maximum,
        minimum=tf.minimum,
        clip=tf.clip_by_value,
        where=tf.where,
        ones_like=tf.ones_like,
        zeros_like=tf.zeros_like,
        sigmoid=tf.sigmoid,
        softplus=tf.math.softplus,
        log_sigmoid=tf.math.log_sigmoid,
        sqrt=tf.sqrt,
        power=tf.pow,
        norm=lambda x: tf.norm(tf.stack([x, 0.0 * x])),
        xlogy=tf.math.xlogy,
        xlog1py=tf.math.xlog1py,
        multiply_no_nan=tf.math.multiply_no_nan,
        divide_no_nan=tf.math.divide_no_nan,
        cross_entropy=lambda y, z: tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros_like(z) + y, logits=z),
    )
    return Machine("tf", tools, lambda x, dtype: tf.constant(x, dtype), function, tape)


def jax_machine(mode: str) -> Machine:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    tools = SimpleNamespace(
        log=jnp.log,
        log1p=jnp.log1p,
        exp=jnp.exp,
        maximum=jnp.maximum,
        minimum=jnp.minimum,
        clip=jnp.clip,
        where=jnp.where,
        ones_like=jnp.ones_like,
        zeros_like=jnp.zeros_like,
        sigmoid=jax.nn.sigmoid,
        softplus=jax.nn.softplus,
        log_sigmoid=jax.nn.log_sigmoid,
        sqrt=jnp.sqrt,
        power=jnp.power,
        norm=lambda x: jnp.linalg.norm(jnp.stack([x, 0.0 * x])),
        xlogy=jax.scipy.special.xlogy,
        xlog1py=jax.scipy.special.xlog1py,
    )
    traced = jax.jit if mode == "jax jit" else lambda run: run

    def tensor(x: Any, dtype: str) -> Any:
        if dtype == "float64" and not jax.config.jax_enable_x64:
            pytest.skip("JAX has no float64 unless it is told to")
        return jnp.asarray(x, dtype)

    return Machine("jax", tools, tensor, traced, jax.value_and_grad)


def torch_machine() -> Machine:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional

    def differentiated(function: Function) -> Function:
        def run(x: Any) -> Any:
            x.requires_grad_(True)
            value = function(x)
            value.backward()
            return value, x.grad

        return run

    tools = SimpleNamespace(
        log=torch.log,
        log1p=torch.log1p,
        exp=torch.exp,
        maximum=lambda x, bound: torch.clamp(x, min=bound),
        minimum=lambda x, bound: torch.clamp(x, max=bound),
        clip=torch.clamp,
        where=torch.where,
        ones_like=torch.ones_like,
        zeros_like=torch.zeros_like,
        sigmoid=torch.sigmoid,
        softplus=functional.softplus,
        log_sigmoid=functional.logsigmoid,
        sqrt=torch.sqrt,
        power=torch.pow,
        norm=lambda x: torch.linalg.norm(torch.stack([x, 0.0 * x])),
        xlogy=torch.xlogy,
        xlog1py=torch.special.xlog1py,
        cross_entropy=lambda y, z: functional.binary_cross_entropy_with_logits(z, torch.zeros_like(z) + y),
    )
    return Machine(
        "torch", tools, lambda x, dtype: torch.tensor(x, dtype=getattr(torch, dtype)), lambda f: f, differentiated
    )


def numpy_machine(types: dict[str, Any]) -> Machine:
    def quiet(function: Function) -> Function:
        def run(x: Any) -> Any:
            with np.errstate(all="ignore"):
                return function(x)

        return run

    tools = SimpleNamespace(
        log=np.log,
        log1p=np.log1p,
        exp=np.exp,
        maximum=np.maximum,
        clip=np.clip,
        ones_like=np.ones_like,
        sigmoid=lambda z: 1 / (1 + np.exp(-z)),
    )
    return Machine("numpy", tools, lambda x, dtype: np.asarray(x, dtype=types[dtype]), quiet, quiet)


@pytest.fixture(scope="session")
def types(tensorflow: ModuleType) -> dict[str, Any]:
    """The number types of NumPy, and the one that TensorFlow adds."""
    found = {name: getattr(np, name) for name in ("float64", "float32", "float16")}
    return {**found, "bfloat16": tensorflow.bfloat16.as_numpy_dtype}


@pytest.fixture
def machine(mode: str, types: dict[str, Any], tensorflow: ModuleType) -> Machine:
    if mode == "numpy":
        return numpy_machine(types)
    if mode in TENSORFLOW:
        return tensorflow_machine(tensorflow, mode)
    return torch_machine() if mode == "torch" else jax_machine(mode)


@pytest.fixture(params=["keras.ops", "tf.keras.backend", "tf_keras.backend"])
def keras_machine(
    request: pytest.FixtureRequest, mode: str, tensorflow: ModuleType, libraries: SimpleNamespace
) -> Machine:
    """TensorFlow, with the functions that programs for Keras call."""
    # In Keras 3 only `tf.keras.backend` has them; `keras.backend` has not.
    assert not hasattr(libraries.keras.backend, "log")
    home = {
        "keras.ops": libraries.keras.ops,
        "tf.keras.backend": tensorflow.keras.backend,
        "tf_keras.backend": libraries.tf_keras.backend,
    }[request.param]
    tools = {name: getattr(home, name) for name in ("log", "maximum", "clip", "sigmoid", "ones_like")}
    tools["log1p"] = getattr(home, "log1p", tensorflow.math.log1p)
    return replace(tensorflow_machine(tensorflow, mode), tools=SimpleNamespace(**tools))


# --- which epsilon survives -------------------------------------------------------------------------------------------

# The exponents of the largest epsilon that is lost: 1 - 2**-a is 1, and 1 + 2**-b is 1. And the smallest number.
SURVIVAL = {
    "float64": (54, 53, 4.940656e-324),
    "float32": (25, 24, 1.401298e-45),
    "float16": (12, 11, 5.960464e-8),
    "bfloat16": (9, 8, 9.183550e-41),
}


@pytest.mark.parametrize("dtype", SURVIVAL)
def test_which_epsilon_survives(types: dict[str, Any], tensorflow: ModuleType, dtype: str) -> None:
    below, above, smallest = SURVIVAL[dtype]
    number = types[dtype]
    one = number(1)
    assert one - number(2.0**-below) == one
    assert one - number(2.0**-below * 1.01) < one
    assert one + number(2.0**-above) == one
    assert one + number(2.0**-above * 1.01) > one
    # A literal is rounded after Python subtracted in float64, to the same effect.
    assert number(1 - 2.0**-below) == one
    assert number(1 - 2.0**-below * 1.01) < one
    assert float(np.nextafter(number(0), one)) == pytest.approx(smallest, rel=1e-5)
    of_tensorflow = tensorflow.constant(1.0, dtype) - tensorflow.constant(2.0**-below * 1.01, dtype)
    assert bool(of_tensorflow < 1)
    assert bool(tensorflow.constant(1.0, dtype) - tensorflow.constant(2.0**-below, dtype) == 1)


@pytest.mark.parametrize(
    ("dtype", "literal", "rounded"),
    [
        ("float32", 1 - 1e-7, 1 - 2 * STEP),
        ("float32", 1 - 6e-8, 1 - STEP),
        ("float32", 1 - 1e-8, 1),
        ("float32", 1 - 1e-15, 1),
        ("float16", 1e-7, 2.0**-23),  # subnormal, and 19% off
        ("float16", 1e-8, 0),
        ("float16", 1e-15, 0),
        ("float16", 1 - 1e-3, 1 - 2.0**-10),
        ("float16", 1 - 1e-4, 1),
        ("float16", 1 - 1e-7, 1),
        ("bfloat16", 1 - 1e-2, 1 - 3 * 2.0**-8),
        ("bfloat16", 1 - 1e-3, 1),
        ("float64", 1 - 1e-15, 1 - 9 * 2.0**-53),
        ("float64", 1 - 1e-17, 1),
    ],
)
def test_rounded_literals(types: dict[str, Any], dtype: str, literal: float, rounded: float) -> None:
    assert float(types[dtype](literal)) == rounded


# From which logit a sigmoid is 1, and up to which it is 0, in steps of a quarter. NumPy computes 1 / (1 + exp(-z)).
SATURATION: dict[str, dict[str, tuple[float, float]]] = {
    "float64": dict.fromkeys(TENSORFLOW, (36.75, -708.5)) | dict.fromkeys(("numpy", "torch"), (36.75, -710)),
    "float32": dict.fromkeys((*TENSORFLOW, "jax", "jax jit"), (16.75, -87.5))
    | {"numpy": (16.75, -88.75), "torch": (16.75, -88.75)},
    "float16": {
        EAGER: (8, -17.5),
        GRAPH: (8, -17.5),
        XLA: (7.75, -11.25),
        "numpy": (7.75, -11.25),
        "jax": (7.75, -11.25),
        "jax jit": (7.75, -11.25),
        "torch": (8.5, -17.5),
    },
    "bfloat16": {
        EAGER: (6, -87.5),
        GRAPH: (6, -87.5),
        XLA: (6.25, -87.5),
        "numpy": (5.75, -88.75),
        "jax": (5.75, -87.5),
        "jax jit": (5.75, -87.5),
        "torch": (6.25, -88.75),
    },
}


@each_mode
@pytest.mark.parametrize("dtype", SATURATION)
def test_saturation_of_a_sigmoid(machine: Machine, mode: str, dtype: str) -> None:
    logits = np.arange(-800, 60, 0.25)
    probabilities = machine.values(lambda m, z: m.sigmoid(z), logits, dtype)
    one, zero = SATURATION[dtype].get(mode, (NAN, NAN))
    # half a step of leeway: the last bit is a matter of the processor
    assert float(logits[probabilities == 1].min()) == pytest.approx(one, abs=0.3)
    assert float(logits[probabilities == 0].max()) == pytest.approx(zero, abs=0.3)


# log(1 - clip(p, eps, 1 - eps)) of p = 1
CLIPPED = {
    "float64": {1e-3: -6.9078, 1e-7: LOG_1E_7, 1e-8: LOG_1E_8, 1e-15: -34.5396},
    "float32": {1e-3: -6.9078, 1e-4: -9.2102, 1e-7: LOG_STEP, 1e-8: -INF, 1e-15: -INF},
    "float16": {1e-3: -6.9297, 1e-4: -INF, 1e-7: -INF, 1e-8: -INF},
    "bfloat16": {1e-2: -4.4375, 1e-3: -INF, 1e-7: -INF},
}


def clipped(epsilon: float) -> Formula:
    return lambda m, p: m.log(1 - m.clip(p, epsilon, 1 - epsilon))


@each_mode
@pytest.mark.parametrize("dtype", CLIPPED)
def test_logarithm_after_a_clip(machine: Machine, dtype: str) -> None:
    """The bound 1 - eps is rounded before the clip, and may be 1."""
    if (machine.library, dtype) == ("numpy", "bfloat16"):
        pytest.skip("NumPy clips the bfloat16 of TensorFlow in float32")
    for epsilon, expected in CLIPPED[dtype].items():
        assert machine.value(clipped(epsilon), 1.0, dtype) == same(expected, 0.02 if dtype.endswith("16") else 1e-4)


# --- the compiler moves the epsilon -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spelling:
    """A logarithm of 1 - p with an epsilon, and what it is at p = 1 in float32."""

    text: str
    formula: Formula
    eager: float
    graph: float
    xla: float
    others: dict[str, float] = field(default_factory=dict)

    def expected(self, mode: str) -> float:
        found = {GRAPH: self.graph, XLA: self.xla, "jax jit": self.xla}
        return self.others.get(mode, found.get(mode, self.eager))


SPELLINGS = (
    # (1 - p) + eps becomes (1 + eps) - p, and 1 + 1e-8 is 1
    Spelling("log(1 - p + 1e-8)", lambda m, p: m.log(1 - p + 1e-8), LOG_1E_8, -INF, -INF),
    Spelling("log((1.0 - p) + 1e-8)", lambda m, p: m.log((1.0 - p) + 1e-8), LOG_1E_8, -INF, -INF),
    Spelling("log(ones_like(p) - p + 1e-8)", lambda m, p: m.log(m.ones_like(p) - p + 1e-8), LOG_1E_8, -INF, -INF),
    Spelling("log(1 - p + 1e-15)", lambda m, p: m.log(1 - p + 1e-15), -34.5388, -INF, -INF),
    # XLA leaves this one alone in TensorFlow, except for a single element; not so from JAX
    Spelling("log(1e-8 + (1 - p))", lambda m, p: m.log(1e-8 + (1 - p)), LOG_1E_8, -INF, LOG_1E_8, {"jax jit": -INF}),
    # wrong in any mode
    Spelling("log(1 + 1e-8 - p)", lambda m, p: m.log(1 + 1e-8 - p), -INF, -INF, -INF),
    Spelling("log(1 - (p - 1e-8))", lambda m, p: m.log(1 - (p - 1e-8)), -INF, -INF, -INF),
    Spelling("log1p(-p + 1e-8)", lambda m, p: m.log1p(-p + 1e-8), -INF, -INF, -INF),
    Spelling("log1p(-p)", lambda m, p: m.log1p(-p), -INF, -INF, -INF),
    Spelling("clip 1e-8", lambda m, p: m.log(1 - m.clip(p, 1e-8, 1 - 1e-8)), -INF, -INF, -INF),
    # moved as well, but no harm done
    Spelling("log(1 - p + 6e-8)", lambda m, p: m.log(1 - p + 6e-8), -16.6289, LOG_STEP, LOG_STEP),
    Spelling("log(1 - p + 1e-7)", lambda m, p: m.log(1 - p + 1e-7), LOG_1E_7, LOG_STEP, LOG_STEP),
    Spelling("log(1 - p + 1e-6)", lambda m, p: m.log(1 - p + 1e-6), -13.8155, -13.8629, -13.8629),
    Spelling("log(1 + 1e-7 - p)", lambda m, p: m.log(1 + 1e-7 - p), LOG_STEP, LOG_STEP, LOG_STEP),
    # right in any mode
    Spelling("log(maximum(1 - p, 1e-8))", lambda m, p: m.log(m.maximum(1 - p, 1e-8)), LOG_1E_8, LOG_1E_8, LOG_1E_8),
    Spelling("clip 1e-7", lambda m, p: m.log(1 - m.clip(p, 1e-7, 1 - 1e-7)), LOG_STEP, LOG_STEP, LOG_STEP),
)
SUBTRACTED_FIRST, ADDED_IN_FRONT = SPELLINGS[0], next(s for s in SPELLINGS if s.text == "log(1e-8 + (1 - p))")
each_spelling = pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.text)


@each_mode
@each_spelling
def test_where_the_epsilon_goes(machine: Machine, mode: str, spelling: Spelling) -> None:
    assert machine.value(spelling.formula, 1.0) == same(spelling.expected(mode))


def all_spellings(m: Any, p: Any) -> list[Any]:
    """In one function, because each takes its time to compile; each of its own p, or they would share ``1 - p``."""
    return [spelling.formula(m, p[:, i]) for i, spelling in enumerate(SPELLINGS)]


@each_tensorflow_mode
def test_functions_of_keras_do_the_same(keras_machine: Machine, mode: str) -> None:
    found = keras_machine.values(all_spellings, np.ones((2, len(SPELLINGS))))
    for spelling, values in zip(SPELLINGS, found, strict=True):
        assert values.tolist() == same([spelling.expected(mode)] * 2), spelling.text


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (2,), (32, 1)], ids=str)
def test_one_element_is_different_for_xla(tensorflow: ModuleType, shape: tuple[int, ...]) -> None:
    expected = LOG_1E_8 if math.prod(shape) > 1 else -INF
    ones = np.ones(shape)
    assert tensorflow_machine(tensorflow, XLA).values(ADDED_IN_FRONT.formula, ones).flat[0] == same(expected)
    assert tensorflow_machine(tensorflow, XLA).values(SUBTRACTED_FIRST.formula, ones).flat[0] == -INF
    for spelling in (ADDED_IN_FRONT, SUBTRACTED_FIRST):
        assert tensorflow_machine(tensorflow, GRAPH).values(spelling.formula, ones).flat[0] == -INF


def test_an_unknown_batch_size_changes_nothing(tensorflow: ModuleType) -> None:
    tools = tensorflow_machine(tensorflow, GRAPH).tools
    traced = tensorflow.function(
        lambda p: all_spellings(tools, p), input_signature=[tensorflow.TensorSpec([None, len(SPELLINGS)], "float32")]
    )
    found = traced(tensorflow.ones([2, len(SPELLINGS)]))
    assert [float(values[0]) for values in found] == same([spelling.graph for spelling in SPELLINGS])


def of_logits(loss: Any, y: Any) -> Formula:
    return lambda m, z: loss(m, y, m.sigmoid(z))


# Losses that use 1 - p more than once, or that choose between p and 1 - p before they add the epsilon.
def focal_of_two_logarithms(m: Any, y: Any, p: Any) -> Any:
    return -(y * (1 - p) ** 2 * m.log(p + 1e-8) + (1 - y) * p**2 * m.log(1 - p + 1e-8))


def with_a_name(m: Any, y: Any, p: Any) -> Any:
    q = 1 - p
    return -(y * m.log(p + 1e-8) + (1 - y) * m.log(q + 1e-8))


def focal_of_where(m: Any, y: Any, p: Any) -> Any:
    right = m.where(y == 1.0, p, 1 - p)
    return -((1 - right) ** 2) * m.log(right + 1e-8)


def focal_of_a_sum(m: Any, y: Any, p: Any) -> Any:
    right = y * p + (1 - y) * (1 - p)
    return -((1 - right) ** 2) * m.log(right + 1e-8)


@each_tensorflow_mode
@pytest.mark.parametrize(
    ("loss", "moved_in"),
    [
        (with_a_name, (GRAPH, XLA)),
        (focal_of_two_logarithms, (XLA,)),
        (focal_of_where, ()),
        (focal_of_a_sum, ()),
    ],
)
def test_a_graph_keeps_the_epsilon_of_a_difference_that_is_used_twice(
    machine: Machine, tensorflow: ModuleType, mode: str, loss: Any, moved_in: tuple[str, ...]
) -> None:
    """XLA does not. Neither finds a difference behind a choice."""
    for label, expected in ((0.0, -LOG_1E_8), (1.0, 0.0)):
        y = tensorflow.constant([label, label])
        found = machine.value(of_logits(loss, y), 40.0)
        assert found == same(expected if mode not in moved_in else NAN if label else INF)


def test_it_is_the_constant_folding(tensorflow: ModuleType) -> None:
    """Without it the graph keeps the epsilon. XLA does not."""
    options = tensorflow.config.optimizer
    options.set_experimental_options({"constant_folding": False})
    try:
        assert tensorflow_machine(tensorflow, GRAPH).value(SUBTRACTED_FIRST.formula, 1.0) == same(LOG_1E_8)
        assert tensorflow_machine(tensorflow, XLA).value(SUBTRACTED_FIRST.formula, 1.0) == -INF
    finally:
        options.set_experimental_options({"constant_folding": True})
    assert tensorflow_machine(tensorflow, GRAPH).value(SUBTRACTED_FIRST.formula, 1.0) == -INF


@each_mode
def test_float64_does_not_mind(machine: Machine) -> None:
    assert machine.value(SUBTRACTED_FIRST.formula, 1.0, "float64") == same(LOG_1E_8)


@each_mode
@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (lambda m, p: m.log(p + 1e-8), LOG_1E_8),
        (lambda m, p: m.log(1e-8 + p), LOG_1E_8),
        (lambda m, p: m.log(p + 1e-7), LOG_1E_7),
        (lambda m, p: m.log(p + 1e-15), -34.5388),
        # the epsilon has to be inside
        (lambda m, p: m.log(p) + 1e-7, -INF),
    ],
    ids=["p + 1e-8", "1e-8 + p", "p + 1e-7", "p + 1e-15", "log(p) + 1e-7"],
)
def test_epsilon_added_to_p(machine: Machine, formula: Formula, expected: float) -> None:
    assert machine.value(formula, 0.0) == same(expected)


@each_tensorflow_mode
def test_subnormal_epsilon(machine: Machine, types: dict[str, Any]) -> None:
    """1e-40 is a float32, but TensorFlow takes it for 0."""
    assert machine.value(lambda m, p: m.log(p + 1e-40), 0.0) == -INF
    assert numpy_machine(types).value(lambda m, p: m.log(p + 1e-40), 0.0) == same(-92.1034)


def cross_entropy(label: float, epsilon: float) -> Formula:
    def loss(m: Any, z: Any) -> Any:
        p = m.sigmoid(z)
        return -(label * m.log(p + epsilon) + (1 - label) * m.log(1 - p + epsilon))

    return loss


@each_differentiable_mode
@pytest.mark.parametrize("z", [17.0, 40.0])
def test_cross_entropy_of_a_large_logit(machine: Machine, mode: str, z: float) -> None:
    """With 1e-8 the compiled loss is infinite for the wrong label, and NaN for the right one: 0 * -inf."""
    wrong, right = (machine.value_and_slope(cross_entropy(label, 1e-8), z) for label in (0.0, 1.0))
    if mode in (GRAPH, XLA, "jax jit"):
        assert wrong == same((INF, NAN))
        assert right == same((NAN, NAN))
    else:
        assert wrong == same((-LOG_1E_8, 0))
        assert right == same((0, 0))
    wrong, right = (machine.value_and_slope(cross_entropy(label, 1e-7), z) for label in (0.0, 1.0))
    assert wrong == same((-LOG_STEP if mode in (GRAPH, XLA, "jax jit") else -LOG_1E_7, 0))
    assert right == same((-2 * STEP, 0), 1e-9), "a little below zero"


@each_differentiable_mode
@pytest.mark.parametrize("epsilon", [1e-8, 1e-7])
def test_cross_entropy_of_a_small_logit(machine: Machine, epsilon: float) -> None:
    """The other end is fine: 0 has all the small numbers next to it. And up to 16.5 so is this end."""
    assert machine.value_and_slope(cross_entropy(1.0, epsilon), -40.0) == same((-math.log(epsilon), 0))
    assert machine.value_and_slope(cross_entropy(0.0, epsilon), -40.0) == same((0, 0))
    for label in (0.0, 1.0):
        assert all(map(math.isfinite, machine.value_and_slope(cross_entropy(label, epsilon), 16.5)))


# --- the same in `fit` ------------------------------------------------------------------------------------------------

HOW = {
    "run_eagerly": {"run_eagerly": True},
    "graph": {"jit_compile": False},
    "xla": {"jit_compile": True},
}


def head(library: ModuleType, weight: float, activation: str | None = "sigmoid", **arguments: Any) -> Any:
    """One unit without a bias."""
    start = library.initializers.Constant(weight)
    dense = library.layers.Dense(1, activation=activation, use_bias=False, kernel_initializer=start, **arguments)
    return library.Sequential([library.layers.Input((1,)), dense])


def compiled(library: ModuleType, model: Any, loss: Any, **arguments: Any) -> Any:
    model.compile(library.optimizers.SGD(1.0), loss=loss, **arguments)
    return model


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype="float32").reshape(-1, 1)


def own_cross_entropy(library: ModuleType, spelling: str) -> Callable[[Any, Any], Any]:
    """As programs write it: with ``keras.ops``, or with ``K`` of tf_keras."""
    m = library.ops if library.__name__ == KERAS_3 else library.backend

    def loss(y: Any, p: Any) -> Any:
        complement = {
            "1e-8": lambda: 1 - p + 1e-8,
            "epsilon()": lambda: 1 - p + library.backend.epsilon(),  # 1e-7
            "maximum": lambda: m.maximum(1 - p, 1e-8),
        }[spelling]()
        return -m.mean(y * m.log(p + 1e-8) + (1 - y) * m.log(complement), axis=-1)

    return loss


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("spelling", ["1e-8", "epsilon()", "maximum"])
def test_training_with_a_large_logit(library: ModuleType, how: str, label: float, spelling: str) -> None:
    """A logit of 40. One step with 1e-8, and the weight is NaN, although the prediction may have been right."""
    model = compiled(library, head(library, 40.0), own_cross_entropy(library, spelling), **HOW[how])
    data, labels = column(1, 1), column(label, label)
    if how == "xla":
        found = float(model.train_on_batch(data, labels))
    else:
        found = model.fit(data, labels, verbose=0).history["loss"][0]
    weight = float(model.get_weights()[0][0, 0])
    if spelling == "1e-8" and how != "run_eagerly":
        assert found == same(NAN if label else INF)
        assert math.isnan(weight)
        return
    moved = LOG_1E_7 if how == "run_eagerly" else LOG_STEP
    expected = {"1e-8": LOG_1E_8, "epsilon()": moved, "maximum": LOG_1E_8}[spelling]
    assert found == same(0 if label else -expected)
    assert weight == 40


def test_without_arguments_keras_trains_in_a_graph(library: ModuleType) -> None:
    """So that what holds in a graph holds for programs that ask for nothing, where there is no GPU."""
    model = compiled(library, head(library, 40.0), own_cross_entropy(library, "1e-8"))
    if library.__name__ == KERAS_3:
        assert model.jit_compile is False, "with a GPU it would be XLA"
    assert math.isnan(float(model.train_on_batch(column(1, 1), column(1, 1))))


# --- slopes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slope:
    """A function at a point, its value and its slope; in ``others`` for the libraries that differ."""

    text: str
    formula: Formula
    at: float
    value: float
    slope: float
    others: dict[str, tuple[float, float]] = field(default_factory=dict)
    # the function that not every library has
    needs: str = "log"


SLOPES = (
    # nothing is learnt outside of the bounds; on a bound the libraries do not agree
    Slope("clip inside", lambda m, x: m.clip(x, 0.25, 0.5), 0.4, 0.4, 1),
    Slope("clip above", lambda m, x: m.clip(x, 0.25, 0.5), 2.0, 0.5, 0),
    Slope("clip below", lambda m, x: m.clip(x, 0.25, 0.5), -2.0, 0.25, 0),
    Slope("clip on the upper bound", lambda m, x: m.clip(x, 0.25, 0.5), 0.5, 0.5, 1, {"jax": (0.5, 0.5)}),
    Slope("clip on the lower bound", lambda m, x: m.clip(x, 0.25, 0.5), 0.25, 0.25, 1, {"jax": (0.25, 0.5)}),
    Slope("maximum below", lambda m, x: m.maximum(x, 0.5), 0.25, 0.5, 0),
    Slope("maximum on the bound", lambda m, x: m.maximum(x, 0.5), 0.5, 0.5, 1, {"jax": (0.5, 0.5)}),
    Slope("minimum above", lambda m, x: m.minimum(x, 0.5), 0.75, 0.5, 0),
    Slope("minimum on the bound", lambda m, x: m.minimum(x, 0.5), 0.5, 0.5, 1, {"jax": (0.5, 0.5)}),
    # clipped with a bound that is 1: nothing is clipped
    Slope("clip 1e-7", lambda m, p: -m.log(1 - m.clip(p, 1e-7, 1 - 1e-7)), 1.0, -LOG_STEP, 0),
    Slope("clip 1e-15", lambda m, p: -m.log(1 - m.clip(p, 1e-15, 1 - 1e-15)), 1.0, INF, INF),
    Slope("clip 1e-15 of 2", lambda m, p: -m.log(1 - m.clip(p, 1e-15, 1 - 1e-15)), 2.0, INF, 0, {"jax": (INF, NAN)}),
    # a logarithm of 0 that is multiplied by 0
    Slope("where", lambda m, p: m.where(p > 0, m.log(p), 0 * p), 0.0, 0, NAN),
    Slope("two wheres", lambda m, p: m.where(p > 0, m.log(m.where(p > 0, p, 1 + 0 * p)), 0 * p), 0.0, 0, 0),
    Slope("y * log(p)", lambda m, p: 0.0 * m.log(p), 0.0, NAN, NAN),
    Slope("multiply_no_nan", lambda m, p: m.multiply_no_nan(m.log(p), 0.0), 0.0, 0, NAN, needs="multiply_no_nan"),
    Slope("xlogy", lambda m, p: m.xlogy(m.zeros_like(p), p), 0.0, 0, 0, dict.fromkeys(("jax", "torch"), (0, NAN))),
    Slope("xlog1py", lambda m, p: m.xlog1py(m.zeros_like(p), -p), 1.0, 0, 0, dict.fromkeys(("jax", "torch"), (0, NAN))),
    Slope("divide_no_nan", lambda m, x: m.divide_no_nan(x, 0.0), 3.0, 0, 0, needs="divide_no_nan"),
    Slope("divide_no_nan by x", lambda m, x: m.divide_no_nan(3.0, x), 0.0, 0, 0, needs="divide_no_nan"),
    # a vertical start
    Slope("sqrt", lambda m, x: m.sqrt(x), 0.0, 0, INF),
    Slope("norm", lambda m, x: m.norm(x), 0.0, 0, NAN, {"torch": (0, 0)}),
    Slope("power 0.75", lambda m, x: m.power(x, 0.75), 0.0, 0, INF),
    Slope("power 2", lambda m, x: m.power(x, 2.0), 0.0, 0, 0),
    Slope("power 0.75 of a rounding error", lambda m, x: m.power(x, 0.75), -1e-7, NAN, NAN),
    # exp overflows at 88.7; close before that, 1 / (1 + exp(z)) is too small for TensorFlow
    Slope("log(1 + exp(z)) of 80", lambda m, z: m.log(1 + m.exp(z)), 80.0, 80, 1),
    Slope("log(1 + exp(z)) of 88", lambda m, z: m.log(1 + m.exp(z)), 88.0, 88, 0, {"torch": (88, 1)}),
    Slope("log(1 + exp(z)) of 89", lambda m, z: m.log(1 + m.exp(z)), 89.0, INF, NAN),
    Slope("log1p(exp(z)) of 89", lambda m, z: m.log1p(m.exp(z)), 89.0, INF, NAN),
    Slope("softplus of 100", lambda m, z: m.softplus(z), 100.0, 100, 1),
    Slope("log_sigmoid of -100", lambda m, z: m.log_sigmoid(z), -100.0, -100, 1),
    Slope("with_logits of 100", lambda m, z: m.cross_entropy(0.0, z), 100.0, 100, 1, needs="cross_entropy"),
)


@each_differentiable_mode
@pytest.mark.parametrize("case", SLOPES, ids=lambda case: case.text)
def test_slopes(machine: Machine, case: Slope) -> None:
    if not hasattr(machine.tools, case.needs):
        pytest.skip(f"no {case.needs}")
    expected = case.others.get(machine.library, (case.value, case.slope))
    assert machine.value_and_slope(case.formula, case.at) == same(expected)


@each_mode
def test_the_tail_of_a_cross_entropy(machine: Machine, mode: str) -> None:
    """log(1 + exp(-z)) is 0 from 17 on; log1p keeps it. A graph makes log1p of it, XLA does not."""

    def tail(m: Any, z: Any) -> Any:
        return m.log(1 + m.exp(-z))

    def kept(m: Any, z: Any) -> Any:
        return m.log1p(m.exp(-z))

    exact = math.exp(-17.0)
    assert machine.value(tail, 17.0) == pytest.approx(exact if mode == GRAPH else 0, rel=1e-5, abs=1e-12)
    assert machine.value(kept, 17.0) == pytest.approx(exact, rel=1e-5, abs=1e-12)
    assert machine.value(kept, 87.0) == pytest.approx(math.exp(-87.0), rel=1e-5, abs=1e-42)
    if machine.library == "tf":
        assert machine.value(kept, 88.0) == 0, "subnormal"


def test_numpy_inside_of_a_loss(library: ModuleType, tensorflow: ModuleType) -> None:
    """It cannot be traced, and eagerly it cuts the gradient off."""
    p = tensorflow.constant([0.5])
    with pytest.raises(NotImplementedError, match=r"Cannot convert a symbolic tf\.Tensor .* to a numpy array"):
        tensorflow.function(lambda x: np.log(x))(p)
    with tensorflow.GradientTape() as tape:
        tape.watch(p)
        loss = tensorflow.reduce_mean(tensorflow.constant([1.0]) * np.log(p))
    assert tape.gradient(loss, p) is None

    def own(y: Any, p: Any) -> Any:
        return -tensorflow.reduce_mean(y * np.log(p), -1)

    with pytest.raises(NotImplementedError, match="Cannot convert a symbolic"):
        compiled(library, head(library, 1.0), own).fit(column(1, 1), column(1, 1), verbose=0)
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        compiled(library, head(library, 1.0), own, run_eagerly=True).fit(column(1, 1), column(1, 1), verbose=0)


# --- the types that a loss is given -----------------------------------------------------------------------------------


@contextmanager
def policy(library: ModuleType, name: str) -> Iterator[None]:
    library.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        library.mixed_precision.set_global_policy("float32")


POLICIES = {
    "float32": "float32",
    "mixed_float16": "float16",
    "mixed_bfloat16": "bfloat16",
    "float16": "float16",
    "float64": "float64",
}


@pytest.mark.parametrize("name", POLICIES)
def test_types_in_a_loss(library: ModuleType, tensorflow: ModuleType, name: str) -> None:
    """Keras 3 gives every loss float32. tf_keras, and a call in a training loop, give what the model computes."""
    seen: list[tuple[str, str]] = []

    def loss(y: Any, p: Any) -> Any:
        seen.append((y.dtype.name, p.dtype.name))
        return tensorflow.reduce_mean(tensorflow.square(tensorflow.cast(y, p.dtype) - p), -1)

    class Own(library.losses.Loss):  # type: ignore[misc, name-defined]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return loss(y_true, y_pred)

    with policy(library, name):
        model = head(library, 1.0)
        expected = "float32" if library.__name__ == KERAS_3 else POLICIES[name]
        for given in (loss, Own()):
            seen.clear()
            compiled(library, model, given).train_on_batch(column(1, 1), column(1, 1))
            assert set(seen) == {(expected, expected)}
        seen.clear()
        loss(tensorflow.constant(column(1, 1)), model(column(1, 1)))
        assert seen == [("float32", POLICIES[name])]


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_types_in_a_metric(library: ModuleType, tensorflow: ModuleType, name: str) -> None:
    """A metric is given the type of the model in Keras 3; in tf_keras that of the variables."""
    seen: list[str] = []

    def metric(y: Any, p: Any) -> Any:
        seen.append(p.dtype.name)
        return tensorflow.reduce_mean(p, -1)

    with policy(library, name):
        compiled(library, head(library, 1.0), "mse", metrics=[metric]).train_on_batch(column(1, 1), column(1, 1))
    variables = "float32" if name.startswith("mixed") else name
    assert set(seen) == {POLICIES[name] if library.__name__ == KERAS_3 else variables}


@pytest.mark.parametrize("name", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_clip_with_epsilon_in_a_loss(library: ModuleType, tensorflow: ModuleType, name: str) -> None:
    """1 - K.epsilon() is 1 in 16 bits, where tf_keras computes."""
    epsilon = library.backend.epsilon()
    assert epsilon == EPSILON

    def loss(y: Any, p: Any) -> Any:
        p = tensorflow.clip_by_value(p, epsilon, 1 - epsilon)
        return -tensorflow.reduce_mean((1 - y) * tensorflow.math.log(1 - p), -1)

    with policy(library, name):
        found = float(compiled(library, head(library, 40.0), loss).test_on_batch(column(1, 1), column(0, 0)))
    lost = library.__name__ == KERAS_2 and name != "float32"
    assert found == same(INF if lost else -LOG_STEP)


@each_tensorflow_mode
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_cross_entropy_of_16_bits(library: ModuleType, tensorflow: ModuleType, dtype: str, mode: str) -> None:
    """Where the clip of the libraries does nothing, as in a training loop: p = 1, with the wrong and the right label.

    The classes of Keras 3 compute in float32, its functions do not. tf_keras adds an epsilon in the logarithm, and XLA
    loses it.
    """

    def measure(loss: Any) -> list[float]:
        def run(labels: Any, p: Any) -> Any:
            return [tensorflow.cast(loss(labels[i : i + 1], p), "float32") for i in (0, 1)]

        traced = run if mode == EAGER else tensorflow.function(run, jit_compile=mode == XLA)
        found = traced(tensorflow.constant([0.0, 1.0], dtype), tensorflow.constant([1.0], dtype))
        return [float(value) for value in found]

    of_class, of_function = map(measure, (library.losses.BinaryCrossentropy(), library.losses.binary_crossentropy))
    lost, kept = [INF, NAN], [{"float16": 15.9453, "bfloat16": 16.125}[dtype], 0]
    if library.__name__ == KERAS_3:
        assert of_class == same([-LOG_STEP, 0])
        assert of_function == same(lost)
    else:
        expected = lost if (dtype, mode) == ("float16", XLA) else kept
        assert of_class == same(expected)
        assert of_function == same(expected)


# --- what programs hand to `compile` ----------------------------------------------------------------------------------


def no_parameters() -> Any:
    return lambda y, p: (y - p) ** 2


def one_parameter(gamma: float = 2.0) -> Any:
    return lambda y, p: abs(y - p) ** gamma


def two_parameters(alpha: float = 0.25, gamma: float = 2.0) -> Any:
    return lambda y, p: alpha * (y - p) ** gamma


DATA, LABELS = column(1, -1), column(1, 0)


@pytest.mark.parametrize("name", ["BinaryCrossentropy", "MeanSquaredError"])
@pytest.mark.parametrize("eagerly", [False, True])
def test_a_class_for_a_loss(library: ModuleType, name: str, eagerly: bool) -> None:
    """Keras 3 makes an instance of it. tf_keras calls it with the labels and the predictions, when it trains."""
    cls = getattr(library.losses, name)
    model = compiled(library, head(library, 0.5), cls, run_eagerly=eagerly)
    if library.__name__ == KERAS_3:
        found = model.fit(DATA, LABELS, verbose=0, epochs=2).history["loss"]
        other = compiled(library, head(library, 0.5), cls(), run_eagerly=eagerly)
        assert found == pytest.approx(other.fit(DATA, LABELS, verbose=0, epochs=2).history["loss"])
        return
    error, text = {
        ("BinaryCrossentropy", False): (
            TypeError,
            r"Failed to convert elements of <.*BinaryCrossentropy object .*> to",
        ),
        ("BinaryCrossentropy", True): (ValueError, r"Attempt to convert a value \(<.*BinaryCrossentropy object"),
        # the second argument of this class is the reduction
        ("MeanSquaredError", False): (TypeError, "Expected float32, but got auto of type 'str'"),
        ("MeanSquaredError", True): (TypeError, "Cannot convert 'auto' to EagerTensor of dtype float"),
    }[name, eagerly]
    with pytest.raises(error, match=text):
        model.fit(DATA, LABELS, verbose=0)


FACTORIES: tuple[tuple[Callable[..., Any], str | None], ...] = (
    (no_parameters, r"no_parameters\(\) takes 0 positional arguments but 2 were given"),
    (one_parameter, r"one_parameter\(\) takes from 0 to 1 positional arguments but 2 were given"),
    # with two it can be called; what it returns is no tensor
    (two_parameters, None),
)


@pytest.mark.parametrize(("factory", "text"), FACTORIES, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("eagerly", [False, True])
def test_a_factory_for_a_loss(library: ModuleType, factory: Any, text: str | None, eagerly: bool) -> None:
    """Nothing is said before the training."""
    model = compiled(library, head(library, 0.5), factory, run_eagerly=eagerly)
    error: type[Exception] = TypeError
    if text is None and eagerly:
        error, text = ValueError, r"Attempt to convert a value \(<function .*> to a Tensor|unsupported type"
    elif text is None and library.__name__ == KERAS_3:
        text = "Expected float32, but got <function .* of type 'function'"
    elif text is None:
        text = "Failed to convert elements of <function .*> to Tensor"
    with pytest.raises(error, match=text):
        model.fit(DATA, LABELS, verbose=0)


# --- a loss that returns a number -------------------------------------------------------------------------------------

# Two inputs, predictions 3 and 2, labels 1 and 0: a squared error of 4 each.
TWO = np.array([[1, 2], [3, -1]], dtype="float32")
FIRST, SECOND, BOTH = (2.0, 4.0), (6.0, -2.0), (8.0, 2.0)


def step(library: ModuleType, loss: Any, **weights: Any) -> tuple[float, list[float]]:
    """The loss, and the gradient of the two weights."""
    dense = library.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = compiled(library, library.Sequential([library.layers.Input((2,)), dense]), loss)
    value = float(model.train_on_batch(TWO, LABELS, **weights))
    return value, [1 - float(weight) for weight in model.get_weights()[0].ravel()]


@pytest.mark.parametrize(
    ("weights", "value", "alone"),
    [
        ((1, 1), 4, BOTH),
        ((1, 0), 2, FIRST),
        ((0, 1), 2, SECOND),
        ((3, 1), 8, (12, 10)),
    ],
    ids=str,
)
def test_weights_of_a_loss_that_is_a_number(
    library: ModuleType, tensorflow: ModuleType, weights: tuple[float, float], value: float, alone: tuple[float, float]
) -> None:
    """All examples get the mean of the weights: [1, 0] and [0, 1] teach the same. No error, no warning."""

    def squares(y: Any, p: Any) -> Any:
        return tensorflow.reduce_mean(tensorflow.square(y - p), -1)

    def number(y: Any, p: Any) -> Any:
        return tensorflow.reduce_mean(tensorflow.square(y - p))

    # the labels are 1 and 0, so that these are the same weights
    for given in ({"sample_weight": np.array(weights)}, {"class_weight": {1: weights[0], 0: weights[1]}}):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (found, slope), (found_of_number, slope_of_number) = (
                step(library, loss, **given) for loss in (squares, number)
            )
        assert found == found_of_number == same(value), "the value does not show it"
        assert slope == same(list(alone))
        assert slope_of_number == same([sum(weights) / 2 * each for each in BOTH])


# --- swapped arguments ------------------------------------------------------------------------------------------------


@each_tensorflow_mode
@pytest.mark.parametrize("name", ["keras.losses", "keras.ops", "tf_keras.losses", "tf_keras.backend"])
def test_swapped_arguments(tensorflow: ModuleType, libraries: SimpleNamespace, name: str, mode: str) -> None:
    """The labels are clipped, and the predictions weight two constants: the slope does not depend on p."""
    home, _, module = name.partition(".")
    function = getattr(getattr(libraries, home), module).binary_crossentropy
    labels = tensorflow.constant(column(1, 0))

    def both(p: Any) -> Any:
        with tensorflow.GradientTape() as tape:
            tape.watch(p)
            swapped = tensorflow.reduce_mean(function(p, labels))
        return swapped, tensorflow.reduce_mean(function(labels, p)), tape.gradient(swapped, p)

    positive, negative, example = (LOG_STEP, -LOG_1E_7, 2.4089)
    if home == KERAS_2:
        positive, negative, example = (-15.3332, 15.4249, 2.3092) if mode == EAGER else (-15.2492, 15.4249, 2.3050)
    run = both if mode == EAGER else tensorflow.function(both, jit_compile=mode == XLA)
    for p, value in (((0.9, 0.2), example), ((0.2, 0.9), None), ((0.5, 0.5), None)):
        swapped, right, slope = run(tensorflow.constant(column(*p)))
        assert float(right) == pytest.approx(-(math.log(p[0]) + math.log(1 - p[1])) / 2, abs=1e-5)
        assert (2 * slope.numpy().ravel()).tolist() == same([positive, negative], 2e-4)
        assert float(swapped) == same(((1 - p[0]) * -positive + p[1] * negative) / 2, 2e-4)
        if value is not None:
            assert float(right) == same(0.1643)
            assert float(swapped) == same(value)


# --- losses without a slope -------------------------------------------------------------------------------------------


def without_slope(tf: Any, library: ModuleType) -> dict[str, Function]:
    m = library.ops if library.__name__ == KERAS_3 else library.backend
    return {
        "round": m.round,
        "argmax": lambda p: tf.cast(m.argmax(p, axis=-1), "float32")[:, None],
        "comparison": lambda p: m.cast(p > 0.5, "float32"),
        "cast to int": lambda p: m.cast(m.cast(p, "int32"), "float32"),
        "floor": tf.floor,
        "stop_gradient": m.stop_gradient,
        "equal": lambda p: m.cast(m.equal(m.round(p), 1.0), "float32"),
    }


def error_of(tf: Any, read: Function) -> Callable[[Any, Any], Any]:
    return lambda y, p: tf.reduce_mean(tf.square(y - read(p)), -1)


@pytest.mark.parametrize("name", ["round", "argmax", "comparison", "cast to int", "floor", "stop_gradient", "equal"])
@pytest.mark.parametrize("eagerly", [False, True])
def test_a_loss_without_a_slope(library: ModuleType, tensorflow: ModuleType, name: str, eagerly: bool) -> None:
    loss = error_of(tensorflow, without_slope(tensorflow, library)[name])
    model = compiled(library, head(library, 0.5), loss, run_eagerly=eagerly)
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        model.fit(DATA, LABELS, verbose=0)
    assert math.isfinite(float(model.test_on_batch(DATA, LABELS))), "only the training fails"


def test_a_sign_has_a_slope_of_zero(library: ModuleType, tensorflow: ModuleType) -> None:
    """So there is no error; and nothing is learnt."""
    model = compiled(library, head(library, 0.5), error_of(tensorflow, tensorflow.sign))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses = model.fit(DATA, LABELS, verbose=0, epochs=2).history["loss"]
    assert losses == [0.5, 0.5]
    assert float(model.get_weights()[0][0, 0]) == 0.5


def test_a_penalty_hides_the_missing_slope(library: ModuleType, tensorflow: ModuleType) -> None:
    """With a regularizer there is a gradient, though none of the loss: the weight shrinks, and no error says so."""
    model = compiled(
        library,
        head(library, 0.5, kernel_regularizer=library.regularizers.L2(0.1)),
        error_of(tensorflow, tensorflow.round),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(DATA, LABELS, verbose=0)
    assert float(model.get_weights()[0][0, 0]) == pytest.approx(0.5 - 2 * 0.1 * 0.5)


# --- dice and signs ---------------------------------------------------------------------------------------------------


def dice(m: Any, y: Any, p: Any, smooth: float) -> Any:
    total = m.reduce_sum
    return 1 - (2 * total(y * p) + smooth) / (total(y) + total(p) + smooth)


@each_tensorflow_mode
@pytest.mark.parametrize(
    ("smooth", "p", "expected"),
    [
        (0.0, 0.0, NAN),
        (0.0, 1e-39, NAN),  # subnormal, that is 0
        (0.0, 1e-3, 1.0),  # the worst loss, however small the prediction
        (1e-7, 0.0, 0.0),
        (1e-7, 1e-3, 0.999975),
        (1.0, 0.0, 0.0),
        (1.0, 1e-3, 0.003984),
    ],
)
def test_dice_of_an_empty_mask(tensorflow: ModuleType, mode: str, smooth: float, p: float, expected: float) -> None:
    def loss(given: Any) -> Any:
        return dice(tensorflow, tensorflow.zeros_like(given), given, smooth)

    run = loss if mode == EAGER else tensorflow.function(loss, jit_compile=mode == XLA)
    assert float(run(tensorflow.fill((1, 4), p))) == same(expected, 1e-6)


@pytest.mark.parametrize("smooth", [0.0, 1e-7, 1.0])
def test_training_with_dice_of_an_empty_mask(library: ModuleType, tensorflow: ModuleType, smooth: float) -> None:
    """A relu that is 0 everywhere; a sigmoid of float32 is 0 from -87.5 on only."""
    model = compiled(library, head(library, -1.0, "relu"), lambda y, p: dice(tensorflow, y, p, smooth))
    found = float(model.train_on_batch(column(1, 1), column(0, 0)))
    weight = float(model.get_weights()[0][0, 0])
    assert (found, weight) == (same((0.0, -1.0)) if smooth else same((NAN, NAN)))


@pytest.mark.parametrize("written", ["-binary_crossentropy", "y log p + ..."])
def test_a_negated_cross_entropy(library: ModuleType, tensorflow: ModuleType, written: str) -> None:
    """It falls below zero and goes on falling, while the predictions turn to the wrong labels."""
    log = tensorflow.math.log

    def loss(y: Any, p: Any) -> Any:
        if written.startswith("-"):
            return -library.losses.binary_crossentropy(y, p)
        return tensorflow.reduce_mean(y * log(p + EPSILON) + (1 - y) * log(1 - p + EPSILON), -1)

    model = compiled(library, head(library, 1.0), loss)
    losses = [float(model.train_on_batch(DATA, LABELS)) for _ in range(20)]
    assert losses[0] == same(math.log(1 / (1 + math.exp(-1))))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < -8
    positive, negative = np.ravel(model(DATA))
    assert positive < 0.01
    assert negative > 0.99
