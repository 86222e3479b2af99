"""Values of expressions, held against TensorFlow operation by operation."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from math import inf, nan
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelint.inference.numeric.evaluation import FUNCTIONS, evaluate, evaluate_all
from bcelint.inference.numeric.expressions import Expression, Input, apply, number, of_input, walk
from bcelint.inference.numeric.floats import lower, upper

from . import support
from .support import add, clip, do, log, minus, over, power, prediction, sigmoid, simplex, text, times, total, unknown

P, U = prediction(), unknown()

# What a library may be away from the exact value, in units in the last place. Measured: 3, for tanh and expm1.
LEEWAY = 4


def same(a: float | None, b: float) -> bool:
    return a is not None and (a == b or (math.isnan(a) and math.isnan(b)))


# --- against TensorFlow -----------------------------------------------------------------------------------------------


def alone(part: Expression) -> Expression:
    """An operation on inputs of their own instead of what its operands are computed from."""
    return replace(
        part,
        operands=tuple(o if o.weak else of_input(Input(i, dtype=o.dtype)) for i, o in enumerate(part.operands)),
    )


@settings(max_examples=100, deadline=None)
@given(root=support.expressions(), seed=st.integers(0, 2**32 - 1))
def test_each_operation_is_that_of_tensorflow(
    tensorflow: ModuleType, keras3: ModuleType, root: Expression, seed: int
) -> None:
    """On the operands that TensorFlow has at that point, so that errors do not add up; rows of one element."""
    library = support.tensorflow_library(tensorflow, keras3)
    arrays = {key: value[:, :1] for key, value in support.arrays(root, seed).items()}
    found = library.parts(root, support.tensors(tensorflow, arrays))
    columns = {
        key: np.broadcast_to(support.doubles(value), support.ROWS) for key, value in found.items() if value is not None
    }
    for part in walk(root):
        if not part.operands:
            continue
        single = alone(part)
        for row, expected in enumerate(columns[id(part)].tolist()):
            values = {i: float(columns[id(o)][row]) for i, o in enumerate(part.operands) if not o.weak}
            value = evaluate(single, values)
            assert value is not None
            if same(value, expected) or abs(value - expected) < 1e-37:
                continue
            about = (text(single), values, value, expected)
            assert part.operation not in support.EXACT, about
            dtype = part.dtype or "float32"
            assert lower(value, dtype, LEEWAY) <= expected <= upper(value, dtype, LEEWAY), about


@settings(max_examples=100, deadline=None)
@given(root=support.expressions(), seed=st.integers(0, 2**32 - 1))
def test_whatever_goes_in_a_number_or_nothing_comes_out(root: Expression, seed: int) -> None:
    random = np.random.default_rng(seed)
    strange = (nan, inf, -inf, 0.0, -0.0, 1.0, 1e308, -1e308, 5e-324, None)
    for _ in range(20):
        values = {key: strange[i] for key in "ypzrs" for i in [random.integers(len(strange))] if strange[i] is not None}
        for count, finite in ((1, False), (3, True)):
            for value in evaluate_all(root, values, count=count, finite=finite).values():
                assert value is None or isinstance(value, float)


# --- not a number, and other strange ones -----------------------------------------------------------------------------

STRANGE = (nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 7.0, 3e38, -3e38, 1e308, -1e308, 5e-324, 709.8, -745.2)
# Functions that make a number of NaN, in TensorFlow as well.
FROM_NAN = frozenset({
    "ones_like", "zeros_like", "not", "and", "or", "less", "less_equal", "greater", "greater_equal", "equal",
    "not_equal", "divide_no_nan", "multiply_no_nan", "xlogy", "xlog1py", "power",
})  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_any_number(name: str) -> None:
    function = FUNCTIONS[name]
    arity = function.__code__.co_argcount if hasattr(function, "__code__") else 1
    for operands in itertools.product(STRANGE, repeat=arity):
        value = function(*operands)
        assert isinstance(value, float), operands
        if any(map(math.isnan, operands)) and name not in FROM_NAN:
            assert math.isnan(value), operands


TABLE: list[tuple[Any, dict[Any, float], float]] = [
    (log(P), {"p": 0.0}, -inf),
    (log(P), {"p": -1.0}, nan),
    (log(P), {"p": nan}, nan),
    (do("log1p", P), {"p": -1.0}, -inf),
    (over(1.0, P), {"p": 0.0}, inf),
    (over(1.0, do("negative", P)), {"p": 0.0}, -inf),
    (over(P, P), {"p": 0.0}, nan),
    (over(1.0, do("ceil", P)), {"p": 0.0}, inf),
    (do("ceil", P), {"p": 1e-9}, 1.0),
    (do("round", P), {"p": 2.5}, 2.0),
    (do("exp", P), {"p": 800.0}, inf),
    (do("exp", P), {"p": 89.0}, inf),  # in float32
    (do("exp", P), {"p": nan}, nan),
    (sigmoid(P), {"p": -800.0}, 0.0),
    (sigmoid(P), {"p": 18.0}, 1.0),
    (sigmoid(P), {"p": nan}, nan),
    (do("softplus", P), {"p": 800.0}, 800.0),
    (power(P, 0.5), {"p": -1.0}, nan),
    (power(P, 0.5), {"p": -inf}, inf),
    (power(P, -1.0), {"p": -0.0}, -inf),
    (power(P, 3.0), {"p": -1e30}, -inf),
    (do("divide_no_nan", P, P), {"p": 0.0}, 0.0),
    (do("multiply_no_nan", log(P), P), {"p": 0.0}, 0.0),
    (do("xlogy", P, P), {"p": 0.0}, 0.0),
    (minus(1.0, minus(1.0, 1e-8)), {}, 0.0),
    # 1 - 1e-15 is rounded when it meets the tensor
    (minus(1.0, clip(P, 1e-15, 1 - 1e-15)), {"p": 1.0}, 0.0),
    (minus(1.0, clip(P, 1e-7, 1 - 1e-7)), {"p": 1.0}, 2.0**-23),
    (add(minus(1.0, P), 1e-8), {"p": 1.0}, float(np.float32(1e-8))),
    (minus(1 + 1e-8, P), {"p": 1.0}, 0.0),
    # a Python number in a choice takes the type of the other branch
    (do("where", do("greater", P, 0.5), 1e-8, prediction("float16"), dtype="float16"), {"p": 1.0}, 0.0),
    # TensorFlow takes subnormal numbers for 0
    (add(P, 1e-40), {"p": 0.0}, 0.0),
    (times(P, P), {"p": 1e-20}, 0.0),
]


@pytest.mark.parametrize(
    ("expression", "values", "expected"), TABLE, ids=lambda x: text(x) if hasattr(x, "node") else ""
)
def test_table(expression: Expression, values: dict[Any, float], expected: float) -> None:
    assert same(evaluate(expression, values), expected)


@pytest.mark.parametrize(
    ("dtype", "epsilon", "expected"),
    [
        ("float16", 1e-7, 2.0**-23),
        ("float16", 1e-8, 0.0),
        ("bfloat16", 1e-7, 1.0011717677116394e-07),
        ("float32", 1e-7, float(np.float32(1e-7))),
        ("", 1e-7, float(np.float32(1e-7))),
    ],
)
def test_numbers_take_the_type_of_what_they_meet(dtype: str, epsilon: float, expected: float) -> None:
    zero = {"p": 0.0}
    assert evaluate(add(prediction(dtype), epsilon), zero) == expected
    assert evaluate(do("maximum", epsilon, prediction(dtype)), zero) == expected
    assert evaluate(clip(prediction(dtype), epsilon, 1.0), zero) == expected
    assert evaluate(number(epsilon, weak=False, dtype=dtype), {}) == expected
    assert evaluate(number(epsilon), {}) == epsilon


# --- what is not known ------------------------------------------------------------------------------------------------


def test_unknown_operands_are_unknown() -> None:
    assert evaluate(U, {}) is None
    assert evaluate(add(P, U), {"p": 1.0}) is None
    assert evaluate(do("softmax", P), {"p": 1.0}) is None
    assert evaluate(do("no such function", P), {"p": 1.0}) is None
    product = times(P, U)
    assert evaluate(product, {"p": 0.0}) is None, "it may be infinite"
    assert evaluate(product, {"p": 0.0}, finite=True) == 0
    assert evaluate(product, {"p": 0.5}, finite=True) is None


@pytest.mark.parametrize(
    ("test", "chosen", "other", "expected"),
    [
        (1.0, 2.0, None, 2.0),
        (0.0, None, 3.0, 3.0),
        (1.0, None, 3.0, None),
        (None, 2.0, 2.0, 2.0),
        (None, 2.0, 3.0, None),
        (None, None, None, None),
    ],
)
def test_choices(test: float | None, chosen: float | None, other: float | None, expected: float | None) -> None:
    given = {"t": test, "a": chosen, "b": other}
    choice = apply("where", *(unknown(key) for key in given))
    assert evaluate(choice, {key: value for key, value in given.items() if value is not None}) == expected


@pytest.mark.parametrize(
    ("name", "values"),
    [("sum", (0.5, 1.5)), ("mean", (0.5, 0.5)), ("max", (0.5, 0.5)), ("min", (0.5, 0.5)), ("product", (0.5, 0.125))],
)
def test_reductions_of_one_element_and_of_three(name: str, values: tuple[float, float]) -> None:
    reduced = do(name, P, axis="all")
    assert (evaluate(reduced, {"p": 0.5}), evaluate(reduced, {"p": 0.5}, count=3)) == values


def test_reductions_of_classes() -> None:
    """Probabilities that sum to 1; their mean and the largest depend on how many there are."""
    for value, count in itertools.product((0.0, 0.3, 1.0), (1, 3)):
        for axis in (-1, "all"):
            assert evaluate(total(simplex(), axis), {"s": value}, count=count) == 1
            assert evaluate(do("max", simplex(), axis=axis), {"s": value}, count=count) is None
            assert evaluate(do("mean", simplex(), axis=axis), {"s": value}, count=count) is None
        assert evaluate(total(simplex(), 0), {"s": value}, count=count) == pytest.approx(value * count)


def test_parts_are_computed_once_each() -> None:
    shared = minus(1.0, P)
    root = times(shared, log(shared))
    found = evaluate_all(root, {"p": 0.5})
    assert found[id(shared)] == 0.5
    assert found[id(root)] == pytest.approx(0.5 * math.log(0.5), rel=1e-6)
    assert set(found) == {id(part) for part in walk(root)}
