"""Names to write expressions by hand with, expressions at random, and what TensorFlow and NumPy make of them."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import ml_dtypes
import numpy as np
from hypothesis import strategies as st

from bcelint.inference.numeric.expressions import Expression, Input, Role, apply, inputs, number, of_input, walk

Draw = Callable[[st.SearchStrategy[Any]], Any]

HALF = ("float16", "bfloat16")
TYPES: dict[str, Any] = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
}

# --- expressions by hand ----------------------------------------------------------------------------------------------


def labels(dtype: str = "float32", **given: Any) -> Expression:
    return of_input(Input("y", Role.LABELS, 0.0, 1.0, known=True, dtype=dtype, name="y_true", **given))


def prediction(dtype: str = "float32", low: float = 0.0, high: float = 1.0, **given: Any) -> Expression:
    return of_input(Input("p", Role.PREDICTION, low, high, known=True, dtype=dtype, name="y_pred", **given))


def logits(dtype: str = "float32") -> Expression:
    return of_input(Input("z", Role.PREDICTION, -inf, inf, known=True, dtype=dtype, name="logits"))


def positive(dtype: str = "float32") -> Expression:
    return of_input(Input("r", Role.PREDICTION, 0.0, inf, known=True, dtype=dtype, name="counts"))


def simplex(dtype: str = "float32") -> Expression:
    return of_input(Input("s", Role.PREDICTION, 0.0, 1.0, known=True, simplex=True, dtype=dtype, name="classes"))


def unknown(key: str = "u", role: Role = Role.OTHER) -> Expression:
    return of_input(Input(key, role, dtype="float32", name=key))


def as_expression(value: Expression | float) -> Expression:
    return value if isinstance(value, Expression) else number(value)


def do(operation: str, *operands: Expression | float, **given: Any) -> Expression:
    """``apply``, for operands some of which are plain numbers."""
    return apply(operation, *map(as_expression, operands), **given)


add, minus, times, over = (partial(do, name) for name in ("add", "subtract", "multiply", "divide"))
log, mean, power, where = (partial(do, name) for name in ("log", "mean", "power", "where"))
maximum, clip, sigmoid = (partial(do, name) for name in ("maximum", "clip", "sigmoid"))


def total(x: Expression, axis: object = "all") -> Expression:
    return do("sum", x, axis=axis)


def cast(part: Expression, dtype: str) -> Expression:
    return part if part.weak or part.dtype == dtype else apply("cast", part, dtype=dtype)


def text(part: Expression) -> str:
    """An expression as one reads it, for the messages of tests."""
    if part.operation == "number":
        return repr(part.number)
    if part.source is not None:
        return f"{part.source.key}:{part.source.dtype}"
    name = part.dtype if part.operation == "cast" else part.operation
    return f"{name}({', '.join(map(text, part.operands))})"


# --- expressions at random --------------------------------------------------------------------------------------------

CONSTANTS = (1.0, 0.0, 0.5, 2.0, -1.0, 3.0, 1e-7, 1e-8, 1e-15, 1 - 1e-15, 1 - 1e-7, 1 + 1e-8, 1e-3, 0.25, 0.75, 16.0)
EPSILONS = (1e-3, 1e-6, 1e-7, 6e-8, 1e-8, 1e-15)
EXPONENTS = (2.0, 0.5, 3.0, 1.0, 0.0, -1.0, 1.5, 0.25, -0.5)
BOUNDS = (
    (1e-7, 1 - 1e-7),
    (1e-8, 1 - 1e-8),
    (1e-15, 1 - 1e-15),
    (0.0, 1.0),
    (1e-3, 1 - 1e-3),
    (1e-7, 1.0),
    (-1.0, 1.0),
)

# Operations that are rounded as IEEE 754 says, on every machine, and functions that come near to it.
EXACT = frozenset({
    "negative", "abs", "square", "relu", "round", "floor", "ceil", "sign", "identity", "stop_gradient", "ones_like",
    "zeros_like", "not", "add", "subtract", "multiply", "divide", "maximum", "minimum", "divide_no_nan",
    "multiply_no_nan", "clip", "where", "cast", "max", "min", "less", "less_equal", "greater", "greater_equal", "equal",
    "not_equal", "and", "or",
})  # fmt: skip
UNARY = (
    "negative", "abs", "square", "relu", "round", "floor", "ceil", "sign", "identity", "stop_gradient", "ones_like",
    "zeros_like", "sqrt", "rsqrt", "reciprocal", "exp", "expm1", "log", "log1p", "log2", "log10", "sigmoid", "tanh",
    "softplus", "log_sigmoid",
)  # fmt: skip
ARITHMETIC = ("add", "subtract", "multiply", "divide", "maximum", "minimum")
BINARY = (*ARITHMETIC, "divide_no_nan", "squared_difference", "multiply_no_nan", "xlogy", "xlog1py")
REDUCING = ("sum", "mean", "max", "min")
TESTS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
LOSSES = ("binary_crossentropy", "binary_crossentropy_from_logits")
# What the next part is; what losses are made of comes more often.
SHAPES = (
    "unary", "binary", "binary", "complement", "complement", "guard", "guard", "one", "number", "number", "clip",
    "where", "reduce", "power", "cast", "flag", "loss",
)  # fmt: skip


@st.composite
def expressions(draw: Draw, *, last: tuple[str, ...] = (), unary: tuple[str, ...] = UNARY) -> Expression:
    """An expression of up to three inputs, parts of which may be used more than once. ``last``: what it ends with."""

    def one_of(choices: tuple[Any, ...]) -> Any:
        return draw(st.sampled_from(choices))

    dtype = one_of(("float32", "float32", "float32", *HALF))
    makers = (labels, prediction, logits, positive, simplex)
    pool = [make(dtype) for make in draw(st.lists(st.sampled_from(makers), min_size=1, max_size=3, unique=True))]

    def tensor() -> Expression:
        # mostly what was made last, so that expressions become deep
        return pool[-1 - min(draw(st.integers(0, 2)), len(pool) - 1)]

    def operand(like: Expression) -> Expression:
        return number(one_of(CONSTANTS)) if one_of((0, 1, 2)) == 0 else cast(tensor(), like.dtype)

    def test() -> Expression:
        left = tensor()
        made = apply(one_of(TESTS), left, operand(left))
        again = one_of(("", "", "", "not", "and", "or"))
        if again == "not":
            return apply("not", made)
        return apply(again, made, apply(one_of(TESTS), left, number(one_of(CONSTANTS)))) if again else made

    def part(shape: str, x: Expression) -> Expression:
        match shape:
            case "unary":
                return apply(one_of(unary), x)
            case "binary" | "number":
                second = operand(x) if shape == "binary" else number(one_of(CONSTANTS))
                operands = (second, x) if one_of((False, True)) else (x, second)
                return apply(one_of(BINARY if shape == "binary" else ARITHMETIC), *operands)
            case "complement":
                return minus(1.0, x)
            case "guard":
                return do(one_of(("add", "add", "maximum")), x, one_of(EPSILONS))
            case "one":
                made = do(one_of(("add", "subtract")), apply(one_of(("exp", "identity", "negative")), x), 1.0)
                return apply(one_of(("log", "identity")), made)
            case "clip":
                return clip(x, *one_of(BOUNDS))
            case "where":
                branches = (x, operand(x))
                return where(test(), *(branches if one_of((False, True)) else branches[::-1]), dtype=x.dtype)
            case "reduce":
                return apply(one_of(REDUCING), x, axis=-1)
            case "power":
                return power(x, one_of(EXPONENTS))
            case "cast":
                return cast(x, one_of((*HALF, "float32")))
            case "flag":
                return apply("cast", test(), dtype=x.dtype)
        y = next((p for p in pool if p.source is not None and p.source.role is Role.LABELS), None)
        return x if y is None else apply(one_of(LOSSES), cast(y, "float32"), cast(x, "float32"))

    for shape in draw(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=6)):
        pool.append(part(shape, tensor()))  # noqa: PERF401 (each is made of those before it)
    match one_of(last) if last else "":
        case "":
            return pool[-1]
        case "power":
            return power(pool[-1], 0.5)
        case name:
            return apply(name, pool[-1])


# --- inputs at random -------------------------------------------------------------------------------------------------

# How many rows of how many elements an expression is computed for at a time; sums and means go along a row.
ROWS, ELEMENTS = 24, 3

CORNERS: dict[Any, tuple[float, ...]] = {
    "y": (0.0, 1.0),
    "p": (0.0, 1.0, 0.5, 1e-8, 1e-7, 1 - 2.0**-24, 1 - 2.0**-8, 1e-30, 2.0**-11),
    "z": (0.0, 1.0, -1.0, 0.5, 16.75, -16.75, 30.0, -30.0, 89.0, -89.0, 200.0, -200.0, 1e-8, -1e-8, 1e30, -1e30),
    "r": (0.0, 1.0, 1e-8, 30.0, 200.0, 6e4, 1e30),
}


def arrays(root: Expression, seed: int) -> dict[Any, np.ndarray]:
    """Values for the inputs of an expression, in their types: corners, and some in between."""
    random = np.random.default_rng(seed)
    shape = (ROWS, ELEMENTS)
    found: dict[Any, np.ndarray] = {}
    for key, source in inputs(root).items():
        if source.simplex:
            drawn = random.dirichlet([0.3] * ELEMENTS, ROWS)
            drawn[: ELEMENTS + 1] = [*np.eye(ELEMENTS), np.full(ELEMENTS, 1 / ELEMENTS)]
        else:
            corners = random.choice(CORNERS[key], shape)
            between = {"p": random.random(shape), "r": 10 * random.random(shape), "z": 10 * random.normal(size=shape)}
            drawn = np.where(random.random(shape) < 0.3, between.get(key, corners), corners)
            drawn[:4] = drawn[:4, :1]  # some rows of one number
        with np.errstate(over="ignore"):
            found[key] = np.clip(drawn, source.low, source.high).astype(TYPES[source.dtype])
    return found


def tensors(tf: Any, given: Mapping[Any, np.ndarray]) -> dict[Any, Any]:
    return {key: tf.constant(value) for key, value in given.items()}


def doubles(value: Any) -> np.ndarray:
    return np.asarray(value).astype("float64").ravel()


# --- what libraries make of them --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Library:
    """The operations of a library, by our names for them."""

    operations: Mapping[str, Callable[..., Any]]
    constant: Callable[[float, str], Any]
    cast: Callable[[Any, str], Any]

    def parts(self, root: Expression, given: Mapping[Any, Any]) -> dict[int, Any]:
        """The value of every part of ``root``, by the ``id`` of the part; of Python numbers ``None``."""
        results: dict[int, Any] = {}
        for part in walk(root):
            dtype = part.dtype or "float32"
            if part.operation == "number":
                results[id(part)] = None if part.weak else self.constant(part.number, dtype)
            elif part.source is not None:
                results[id(part)] = given[part.source.key]
            else:
                operands = [self.constant(o.number, dtype) if o.weak else results[id(o)] for o in part.operands]
                if part.operation == "cast":
                    results[id(part)] = self.cast(operands[0], dtype)
                else:
                    results[id(part)] = self.operations[part.operation](*operands)
        return results

    def value(self, root: Expression, given: Mapping[Any, Any]) -> Any:
        return self.parts(root, given)[id(root)]


def tensorflow_library(tf: Any, keras: Any) -> Library:
    m = tf.math

    def loss(y: Any, p: Any, *, from_logits: bool) -> Any:
        zeros = tf.zeros_like(y) * tf.zeros_like(p)
        if y.shape != zeros.shape:
            y += zeros
        if p.shape != zeros.shape:
            p = tf.broadcast_to(p, zeros.shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it finds the logits of a sigmoid
            return keras.ops.binary_crossentropy(y, p, from_logits=from_logits)

    named = {
        "relu": tf.nn.relu, "power": tf.pow, "clip": tf.clip_by_value, "where": tf.where, "and": tf.logical_and,
        "or": tf.logical_or, "not": tf.logical_not,
        "log2": keras.ops.log2, "log10": keras.ops.log10,
        "binary_crossentropy": partial(loss, from_logits=False),
        "binary_crossentropy_from_logits": partial(loss, from_logits=True),
    }  # fmt: skip
    reductions = {name: partial(getattr(tf, f"reduce_{name}"), axis=-1, keepdims=True) for name in REDUCING}
    same = {
        name: getattr(tf, name, None) or getattr(m, name) for name in (*UNARY, *BINARY, *TESTS) if name not in named
    }
    return Library(same | named | reductions, tf.constant, tf.cast)


def numpy_library() -> Library:
    """NumPy has no losses; functions that it lacks are computed in double precision."""

    def in_double(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *xs: np.asarray(function(*(x.astype("float64") for x in xs))).astype(xs[0].dtype)

    def zero_where_zero(function: Callable[..., Any], index: int) -> Callable[..., Any]:
        """0 where an operand is 0, whatever the other one is."""
        return in_double(lambda a, b: np.where((a, b)[index] == 0, 0.0, function(a, b)))

    named = {
        "relu": lambda x: np.maximum(x, np.zeros_like(x)), "round": np.rint, "identity": np.copy,
        "stop_gradient": np.copy, "rsqrt": in_double(lambda x: 1 / np.sqrt(x)),
        "sigmoid": in_double(lambda x: 1 / (1 + np.exp(-x))), "softplus": in_double(lambda x: np.logaddexp(0, x)),
        "log_sigmoid": in_double(lambda x: -np.logaddexp(0, -x)), "squared_difference": lambda a, b: np.square(a - b),
        "divide_no_nan": zero_where_zero(operator.truediv, 1), "multiply_no_nan": zero_where_zero(operator.mul, 1),
        "xlogy": zero_where_zero(lambda x, y: x * np.log(y), 0),
        "xlog1py": zero_where_zero(lambda x, y: x * np.log1p(y), 0),
        "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high), "where": np.where,
        "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
    }  # fmt: skip
    reductions = {name: partial(getattr(np, name), axis=-1, keepdims=True) for name in REDUCING}
    same = {name: getattr(np, name) for name in (*UNARY, *BINARY, *TESTS, "power") if name not in named}
    return Library(
        same | named | reductions,
        lambda value, dtype: np.asarray(value, dtype=TYPES[dtype]),
        lambda x, dtype: x.astype(TYPES[dtype]),
    )
