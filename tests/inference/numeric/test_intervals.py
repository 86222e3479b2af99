"""Intervals hold what TensorFlow and NumPy compute; and where a log can be of 0, there are inputs that make it so."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Mapping
from math import inf
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, note, settings
from hypothesis import strategies as st

from bcelint.inference.numeric import sites
from bcelint.inference.numeric.compiled import compiled
from bcelint.inference.numeric.expressions import MAX_DEPTH, Expression, apply, inputs, walk
from bcelint.inference.numeric.intervals import ANYTHING, Interval, bound, bound_all

from . import support
from .support import (
    ELEMENTS,
    add,
    clip,
    do,
    doubles,
    expressions,
    labels,
    log,
    logits,
    maximum,
    mean,
    minus,
    over,
    positive,
    power,
    prediction,
    sigmoid,
    simplex,
    text,
    times,
    total,
    unknown,
    where,
)

SEEDS = st.integers(0, 2**32 - 1)
SUMS = frozenset({"add", "subtract"})
PRODUCTS = frozenset({"multiply", "divide"})


# --- the value lies in the interval -----------------------------------------------------------------------------------


def outside(values: Any, interval: Interval) -> list[float]:
    return [value for value in doubles(values).tolist() if value not in interval]


@settings(max_examples=200, deadline=None)
@given(root=expressions(), seed=SEEDS)
def test_eager_values_lie_in_the_interval(
    tensorflow: ModuleType, keras3: ModuleType, root: Expression, seed: int
) -> None:
    library = support.tensorflow_library(tensorflow, keras3)
    found = library.parts(root, support.tensors(tensorflow, support.arrays(root, seed)))
    assert_parts_lie_inside(root, found)


@settings(max_examples=200, deadline=None)
@given(root=expressions(), seed=SEEDS)
def test_values_of_numpy_lie_in_the_interval(root: Expression, seed: int) -> None:
    if any(part.operation in support.LOSSES for part in walk(root)):
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = support.numpy_library().parts(root, support.arrays(root, seed))
    assert_parts_lie_inside(root, found)


def assert_parts_lie_inside(root: Expression, found: Mapping[int, Any]) -> None:
    intervals = bound_all(root)
    for part in walk(root):
        if found[id(part)] is not None:
            interval = intervals[id(part)]
            assert not outside(found[id(part)], interval), (text(part), interval)


# The same examples every time: what an optimizer does to the strangest of expressions is none of our business.
@settings(max_examples=200, deadline=None, derandomize=True)
@given(root=expressions(), seed=SEEDS)
@example(root=log(add(minus(1.0, prediction()), 1e-8)), seed=0)
@example(root=log(add(prediction(low=1e-9, high=2e-9), 1.0)), seed=0)
@example(root=minus(do("exp", prediction(low=1e-9, high=2e-9)), 1.0), seed=0)
@example(root=over(prediction(low=7.0, high=7.0), 3.0), seed=0)
@example(root=over(logits("float16"), 1e-7), seed=0)
@example(root=do("binary_crossentropy", labels(), sigmoid(logits())), seed=0)
def test_values_in_a_graph_lie_in_the_interval_of_what_is_compiled(
    tensorflow: ModuleType, keras3: ModuleType, root: Expression, seed: int
) -> None:
    assume(not any(map(is_regrouped, walk(root))))
    found = in_a_graph(tensorflow, keras3, root, support.tensors(tensorflow, support.arrays(root, seed)))
    interval = bound(compiled(root))
    if may_be_left_alone(root):
        eager = bound(root)
        interval = Interval(min(interval.low, eager.low), max(interval.high, eager.high), interval.nan or eager.nan)
    note(text(compiled(root)))
    assert not outside(found, interval), (text(root), interval)


def in_a_graph(tensorflow: Any, keras: Any, root: Expression, given: Mapping[Any, Any]) -> Any:
    library, keys = support.tensorflow_library(tensorflow, keras), list(given)
    traced = tensorflow.function(
        lambda *tensors: library.value(root, dict(zip(keys, tensors, strict=True))), autograph=False
    )
    return traced(*given.values())


def may_be_left_alone(root: Expression) -> bool:
    """Whether TensorFlow may not rewrite an expression: parts with several uses, or of float16, which only XLA does."""
    uses = Counter(id(operand) for part in walk(root) for operand in part.operands)
    return any(
        (part.operands and uses[id(part)] > 1) or (part.dtype == "float16" and part.operation in ("add", "subtract"))
        for part in walk(root)
    )


def is_regrouped(part: Expression) -> bool:
    """Whether TensorFlow computes this in an order of its own, which moves the last bits of intermediate results.

    That is done with sums of sums of tensors or of three numbers, with sums of what is negated (or not, before the rest
    is looked at), and with products of products with numbers.
    """
    name = part.operation
    with_number = any(operand.operation == "number" for operand in part.operands)
    for operand in part.operands:
        inner = unwrapped(operand)
        below = {unwrapped(o).operation for o in inner.operands}
        if name in SUMS:
            if inner is not operand or inner.operation == "binary_crossentropy_from_logits":
                return True
            if inner.operation in SUMS and not (with_number and "number" in below and not SUMS & below):
                return True
        if name in PRODUCTS and inner.operation in PRODUCTS and "number" in below:
            return True
        # Faults of TensorFlow 2.21: maximum(2 x, x) is taken for a leaky relu, that is x; and log(1 + max(-x)) becomes
        # log(1 + min(x)).
        if name == "maximum" and {*map(id, map(unwrapped, inner.operands))} & {*map(id, map(unwrapped, part.operands))}:
            return True
        if name in ("max", "min") and inner is not operand:
            return True
    return False


def unwrapped(part: Expression) -> Expression:
    while part.operation in ("identity", "stop_gradient", "negative"):
        part = part.operands[0]
    return part


# --- where a log can be of 0 ------------------------------------------------------------------------------------------

# Without functions of which the machine's value at 1 is not exact, so that ``1 - f(1)`` is not 0 after all.
STEADY = tuple(name for name in support.UNARY if name not in ("reciprocal", "rsqrt"))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(root=expressions(last=("log", "log", "log", "log1p", "power", "sqrt"), unary=STEADY))
@example(root=log(prediction()))
@example(root=log(minus(1.0, sigmoid(logits()))))
@example(root=log(add(minus(1.0, prediction()), 1e-8)))
@example(root=log(minus(1.0, clip(prediction(), 1e-15, 1 - 1e-15))))
@example(root=log(add(prediction("float16"), 1e-8)))
@example(root=log(add(minus(1.0, prediction("float16")), 1e-7)))
@example(root=log(add(minus(1.0, sigmoid(logits("bfloat16"))), 1e-3)))
@example(root=do("log1p", do("negative", prediction())))
@example(root=log(over(prediction(), minus(1.0, prediction()))))
@example(root=log(add(1.0, do("exp", logits()))))
@example(root=log(add(prediction(), 1e-40)))
def test_what_is_reported_happens(tensorflow: ModuleType, keras3: ModuleType, root: Expression) -> None:
    for site in sites.find(root):
        if has_reduced_classes(site.argument):
            continue  # a witness is one number for all elements
        assert_not_excluded(site)
        assert_reached(tensorflow, keras3, site)


def has_reduced_classes(argument: Expression) -> bool:
    classes = any(source.simplex for source in inputs(argument).values())
    return classes and any(part.operation in support.REDUCING for part in walk(argument))


def assert_not_excluded(site: sites.Site) -> None:
    """The interval of the operand has the value that it is said to reach."""
    argument = compiled(site.argument) if site.compiled else site.argument
    assert site.reached in bound(argument), text(argument)
    if not site.compiled and site.part.operation not in ("log1p", "xlog1py"):
        assert site.interval == bound(argument)
    assert site.reached <= 0 or site.reached == inf


def assert_reached(tensorflow: Any, keras: Any, site: sites.Site) -> None:
    """TensorFlow gets there with the witness: eagerly, or else in a graph or with XLA."""
    library = support.tensorflow_library(tensorflow, keras)
    values = {source.key: value for source, value in site.witness}
    given = {
        key: tensorflow.constant(filled(values[key], classes=source.simplex), source.dtype)
        for key, source in inputs(site.argument).items()
    }
    about = (text(site.part), values)
    if not site.compiled:
        # Exponentials are taken to stay above 1e-12.
        zero = 1e-12 if any(part.operation == "exp" for part in walk(site.argument)) else 0.0
        found = float(doubles(library.value(site.argument, given))[0])
        assert found <= zero or found == site.reached == inf, about
        return
    of_the_log = apply("log", site.argument)

    def run(*tensors: Any) -> Any:
        return library.value(of_the_log, dict(zip(given, tensors, strict=True)))

    def is_lost(function: Any) -> bool:
        found = float(doubles(function(*given.values()))[0])
        return math.isnan(found) or found == -inf

    assert float(doubles(run(*given.values()))[0]) != -inf, "eagerly it does not"
    assert any(is_lost(tensorflow.function(run, autograph=False, jit_compile=xla)) for xla in (False, True)), about


def filled(value: float, *, classes: bool) -> np.ndarray:
    """Rows of one number, or of numbers that sum to 1 and begin with it."""
    rest = (1 - value) / (ELEMENTS - 1) if classes else value
    return np.array([[value] + [rest] * (ELEMENTS - 1)] * 2)


# --- by hand ----------------------------------------------------------------------------------------------------------

Y, P, Z, R, S, U = labels(), prediction(), logits(), positive(), simplex(), unknown()

SINGLE_1E_7, SINGLE_1E_8 = float(np.float32(1e-7)), float(np.float32(1e-8))
STEP = 2.0**-24

EXACTLY: list[tuple[Expression, tuple[float, float]]] = [
    (Y, (0, 1)),
    (Z, (-inf, inf)),
    (minus(1.0, P), (0, 1)),
    (add(P, 1e-8), (SINGLE_1E_8, 1)),
    (add(minus(1.0, P), 1e-8), (SINGLE_1E_8, 1)),
    (minus(1 + 1e-8, P), (0, 1)),
    (minus(1 + 1e-7, P), (2 * STEP, 1 + 2 * STEP)),
    (add(do("abs", P), 1e-15), (float(np.float32(1e-15)), 1)),
    (do("abs", Z), (0, inf)),
    (do("square", minus(P, 0.5)), (0, 0.25)),
    (do("negative", P), (-1, 0)),
    (clip(P, 1e-7, 1 - 1e-7), (SINGLE_1E_7, 1 - 2 * STEP)),
    (minus(1.0, clip(P, 1e-7, 1 - 1e-7)), (2 * STEP, 1 - 2 * STEP)),
    (clip(P, 1e-15, 1 - 1e-15), (float(np.float32(1e-15)), 1)),
    (minus(1.0, clip(P, 1e-15, 1 - 1e-15)), (0, 1)),
    (clip(prediction("float16"), 1e-7, 1 - 1e-7), (2.0**-23, 1)),
    (clip(prediction("float16"), 1e-8, 1.0), (0, 1)),
    (clip(prediction("bfloat16"), 1e-3, 1 - 1e-3), (float(support.TYPES["bfloat16"](1e-3)), 1)),
    (clip(Z, -20.0, 20.0), (-20, 20)),
    (maximum(minus(1.0, P), 1e-8), (SINGLE_1E_8, 1)),
    (do("minimum", R, 5.0), (0, 5)),
    (do("relu", Z), (0, inf)),
    (where(do("equal", Y, 1.0), P, minus(1.0, P)), (0, 1)),
    (where(do("greater", P, 0.5), P, 1.0), (0, 1)),
    (times(Y, P), (0, 1)),
    (add(times(Y, P), times(minus(1.0, Y), minus(1.0, P))), (0, 2)),  # terms are bounded each on their own
    (do("round", P), (0, 1)),
    (do("ceil", P), (0, 1)),
    (do("sign", Z), (-1, 1)),
    (do("ones_like", U), (1, 1)),
    (do("cast", do("less", P, 0.5), dtype="float32"), (0, 1)),
    (do("not", do("less", P, 0.5)), (0, 1)),
    (total(P), (0, inf)),
    (add(total(P), 1.0), (1, inf)),
    (total(do("negative", P)), (-inf, 0)),
    (do("max", P, axis="all"), (0, 1)),
    (do("sigmoid", Z), (0, 1)),
    (do("tanh", Z), (-1, 1)),
    (do("exp", Z), (0, inf)),
    (do("softplus", Z), (0, inf)),
    (do("log_sigmoid", Z), (-inf, 0)),
    (log(P), (-inf, 4 * 2.0**-149)),
    (power(P, 0.0), (1 - 8 * STEP, 1 + 8 * STEP)),
    (times(P, 1e-20), (0, float(np.float32(1e-20)))),
    (times(clip(P, 1e-20, 1.0), 1e-20), (0, float(np.float32(1e-20)))),  # the product of both is taken for 0
    (do("cast", P, dtype="float16"), (0, 1)),
    (do("binary_crossentropy", Y, P), (0, inf)),
]


@pytest.mark.parametrize(
    ("expression", "expected"), EXACTLY, ids=lambda x: text(x) if isinstance(x, Expression) else ""
)
def test_by_hand(expression: Expression, expected: tuple[float, float]) -> None:
    found = bound(expression)
    assert found[:2] == expected
    assert found.nan == (expression.operation == "ones_like")  # nobody knows what is unknown


@pytest.mark.parametrize(
    "expression",
    [
        U,
        add(U, 1.0),
        over(1.0, P),
        over(P, minus(1.0, P)),
        do("reciprocal", Y),
        do("rsqrt", P),
        power(P, -1.0),
        power(Z, 0.5),
        do("xlogy", Y, P),
        do("no such operation", P),
        do("binary_crossentropy", Z, P),
    ],
    ids=text,
)
def test_anything(expression: Expression) -> None:
    assert bound(expression) == ANYTHING


@pytest.mark.parametrize(
    ("expression", "nan"),
    [
        (minus(Z, Z), True),
        (add(R, R), False),
        (add(Z, R), True),
        (minus(R, R), True),
        (times(P, Z), True),
        (times(clip(P, 0.5, 1.0), R), False),
        (times(log(P), Y), True),
        (times(log(clip(P, 1e-7, 1.0)), Y), False),
        (log(Z), True),
        (log(P), False),
        (do("log1p", minus(P, 2.0)), True),
        (do("sqrt", Z), True),
        (over(R, add(R, 1.0)), True),
        (mean(Z), True),
        (do("divide_no_nan", P, P), True),
        (where(do("less", Z, 0.0), log(Z), 0.0), True),
        (do("squared_difference", R, R), True),
        (do("binary_crossentropy_from_logits", Y, Z), True),
        (do("binary_crossentropy_from_logits", Y, clip(Z, -20.0, 20.0)), False),
    ],
    ids=lambda x: text(x) if isinstance(x, Expression) else "",
)
def test_what_may_be_no_number(expression: Expression, nan: bool) -> None:
    assert bound(expression).nan is nan


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        (log(clip(P, 1e-7, 1 - 1e-7)), math.log(1e-7), -2 * STEP),
        (sigmoid(clip(Z, -20.0, 20.0)), 2.06e-9, 1),
        (sigmoid(clip(Z, -10.0, 10.0)), 4.539787e-5, 1 - 4.539787e-5),
        (do("exp", do("negative", R)), 0, 1),
        (power(minus(1.0, clip(P, 0.1, 0.9)), 2.0), 0.01, 0.81),
        (power(clip(P, 0.01, 1.0), 0.5), 0.1, 1),
        (over(P, add(P, 1.0)), 0, 1),
        (do("divide_no_nan", P, add(P, 0.5)), 0, 2),
        (do("reciprocal", add(P, 1.0)), 0.5, 1),
        (do("rsqrt", add(P, 1.0)), 2**-0.5, 1),
        (mean(P), 0, 1),
        (mean(clip(P, 0.25, 0.5)), 0.25, 0.5),
        (total(S, -1), 1, 1),
        (total(S), 1, inf),
        (do("expm1", P), 0, math.e - 1),
        (do("log1p", P), 0, math.log(2)),
    ],
    ids=lambda x: text(x) if isinstance(x, Expression) else "",
)
def test_about(expression: Expression, low: float, high: float) -> None:
    """Library functions are given some leeway, which keeps what is positive positive."""
    found = bound(expression)
    assert found.low == pytest.approx(low, rel=2e-5, abs=1e-9)
    assert found.high == pytest.approx(high, rel=2e-5)
    assert found.low <= low + 1e-9
    assert found.high >= high - 1e-9
    assert found.low > 0 or low <= 0


@pytest.mark.parametrize("dtype", support.HALF)
def test_about_half_precision(dtype: str) -> None:
    classes = bound(total(simplex(dtype), -1))
    assert 0.9 < classes.low < 1 < classes.high < 1.1
    assert bound(mean(clip(positive("float16"), 0.0, 2000.0))).high == inf, "the sum overflows"
    assert bound(mean(prediction(dtype))).high < 2


def test_bounds_that_are_given_come_first() -> None:
    assert bound(add(P, U), {"p": Interval(0.25, 0.5), "u": Interval(1.0, 2.0)}) == (1.25, 2.5, False)
    assert bound(add(P, 1.0), {"u": ANYTHING}) == (1, 2, False)


def test_membership() -> None:
    assert 0.5 in Interval(0, 1)
    assert 1.5 not in Interval(0, 1)
    assert math.nan in ANYTHING
    assert math.nan not in Interval(-inf, inf)
    assert inf in Interval(0, inf)


def test_deep_expressions_are_no_problem() -> None:
    deep = P
    for _ in range(MAX_DEPTH - 1):
        deep = add(deep, 1.0)
    assert bound(deep) == bound(compiled(deep)) == (MAX_DEPTH - 1, MAX_DEPTH, False)
    assert bound(add(deep, 1.0)) == ANYTHING, "what is deeper is an input of its own"
