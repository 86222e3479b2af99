"""Inferred expressions written down with ``keras.ops``: they compute what inference says of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import replace
from math import inf
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelint.inference.numeric.evaluation import FUNCTIONS, evaluate
from bcelint.inference.numeric.expressions import Expression, Input, Role, apply, number, of_input, walk
from bcelint.inference.numeric.floats import lower, upper
from bcelint.knowledge.operations import OPERATIONS
from bcelint.verify.formulas import Formula, formula
from tests.inference.numeric import support
from tests.inference.numeric.support import add, do, log, minus, over, prediction, text, times

from ..installed_keras import keras3, libraries, tensorflow

__all__ = ["keras3", "libraries", "tensorflow"]

NAMES = {"number", "input", "identity", "part", *FUNCTIONS, *(operation.name for operation in OPERATIONS.values())}
WRITTEN = {
    "abs", "add", "and", "cast", "ceil", "clip", "divide", "divide_no_nan", "equal", "exp", "expm1", "floor", "greater",
    "greater_equal", "identity", "less", "less_equal", "log", "log10", "log1p", "log2", "log_sigmoid", "log_softmax",
    "max", "maximum", "mean", "min", "minimum", "multiply", "negative", "not", "not_equal", "ones_like", "or", "part",
    "power", "product", "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign", "softplus", "sqrt", "square",
    "squared_difference", "stop_gradient", "subtract", "sum", "tanh", "where", "zeros_like",
}  # fmt: skip
# Measured units in the last place, as in the tests of the evaluation.
LEEWAY = 4


def inputs(count: int, low: float = 0.25) -> list[Expression]:
    return [of_input(Input(i, Role.PREDICTION, low, 1.0, known=True, name=f"x{i}")) for i in range(count)]


def arity(name: str) -> int:
    return {"clip": 3, "where": 3}.get(name) or (2 if name in OF_TWO else 1)


OF_TWO = {"and", "or", "power", "maximum", "minimum", *support.BINARY, *support.TESTS}


def run(made: Formula) -> Callable[[Any], Any]:
    namespace: dict[str, Any] = {}
    exec(compile(made.source, "<formula>", "exec"), namespace)
    entry: Callable[[Any], Any] = namespace[made.entry]
    return entry


def value(made: Formula, keras: ModuleType, values: list[float]) -> float:
    tensor = keras.ops.convert_to_tensor(np.asarray(values, "float32")[:, None])
    return float(np.asarray(run(made)(tensor), dtype="float64"))


@pytest.mark.parametrize("name", sorted(NAMES - {"number", "input"}))
def test_every_operation_is_written_down_or_given_up(keras3: ModuleType, name: str) -> None:
    made = formula(apply(name, *inputs(arity(name))))
    assert (made is not None) is (name in WRITTEN)
    if made is not None:
        assert math.isfinite(value(made, keras3, [0.25, 0.5, 0.75][: arity(name)]))


def test_an_operation_that_is_not_known() -> None:
    assert formula(log(do("one_hot", prediction()))) is None
    assert formula(do("clip", prediction(), 0.0)) is None
    assert formula(do("where", prediction(), 0.0)) is None


@settings(max_examples=60, deadline=None)
@given(root=support.expressions(), seed=st.integers(0, 2**32 - 1))
def test_each_operation_computes_what_inference_says(keras3: ModuleType, root: Expression, seed: int) -> None:
    """On operands of its own, at what these are in the whole expression."""
    arrays = {key: float(array.ravel()[0]) for key, array in support.arrays(root, seed).items()}
    for part in walk(root):
        operands = [None if o.weak else evaluate(o, arrays) for o in part.operands]
        if not part.operands or any(v is None and not o.weak for v, o in zip(operands, part.operands, strict=True)):
            continue
        own = [o if o.weak else of_input(Input(i, dtype=o.dtype, name=f"x{i}")) for i, o in enumerate(part.operands)]
        single = replace(part, operands=tuple(own))
        given_values: dict[Hashable, float] = {i: v for i, v in enumerate(operands) if v is not None}
        expected, made = evaluate(single, given_values), formula(single)
        if made is None or expected is None or not all(map(math.isfinite, given_values.values())):
            continue
        found = value(made, keras3, [given_values[source.key] for source in made.inputs])
        about = (text(single), operands, made.source, expected, found)
        if (math.isnan(expected) and math.isnan(found)) or expected == found or abs(expected - found) < 1e-37:
            continue
        assert part.operation not in support.EXACT, about
        dtype = part.dtype or "float32"
        assert lower(expected, dtype, LEEWAY) <= found <= upper(expected, dtype, LEEWAY), about


@settings(max_examples=60, deadline=None)
@given(root=support.expressions(), seed=st.integers(0, 2**32 - 1))
def test_whole_expressions_run(keras3: ModuleType, root: Expression, seed: int) -> None:
    made = formula(root)
    if made is None:
        return
    arrays = {key: float(array.ravel()[0]) for key, array in support.arrays(root, seed).items()}
    found = value(made, keras3, [arrays[source.key] for source in made.inputs])
    assert isinstance(found, float)


def test_a_loss_as_people_write_it(keras3: ModuleType) -> None:
    y, p = support.labels(), prediction()
    loss = do("negative", do("mean", add(times(y, log(p)), times(minus(1.0, y), log(minus(1.0, p))))))
    made = formula(loss)
    assert made is not None
    assert sorted(made.names) == ["y_pred", "y_true"]
    assert made.predictions == (made.names.index("y_pred"),)

    def at(y: float, p: float) -> float:
        return value(made, keras3, list(made.values({"p": p, "y": y})))

    assert at(1.0, 0.25) == pytest.approx(-math.log(0.25))
    assert at(0.0, 0.25) == pytest.approx(-math.log(0.75))
    assert math.isnan(at(1.0, 1.0))
    # Where nothing is special.
    assert made.values({}) == (0.5, 0.5)
    assert math.isfinite(value(made, keras3, list(made.values({}))))


def test_parts_that_are_used_twice_are_computed_once() -> None:
    shared = log(prediction())
    made = formula(times(add(shared, 1.0), shared))
    assert made is not None
    assert made.source.count("ops.log(") == 1


def test_two_tensors_of_the_same_name_stay_two() -> None:
    first, second = (of_input(Input(key, Role.PREDICTION, name="p")) for key in "ab")
    made = formula(over(first, second))
    assert made is not None
    assert made.names == ("p", "p")
    assert "values[0]" in made.source
    assert "values[1]" in made.source


@pytest.mark.parametrize(
    ("source", "harmless"),
    [
        (Input(0, low=-1.0, high=3.0, known=True), 1.0),
        (Input(0, low=2.0, high=inf, known=True), 3.0),
        (Input(0, low=-inf, high=2.0, known=True), 1.0),
        (Input(0, role=Role.PREDICTION), 0.5),
        (Input(0, low=-inf, high=inf, known=True), 1.0),
        (Input(0), 1.0),
    ],
)
def test_inputs_that_the_witness_does_not_name_get_something_harmless(source: Input, harmless: float) -> None:
    made = formula(log(of_input(source)))
    assert made is not None
    assert made.values({}) == (harmless,)
    assert made.names == ("the prediction",)


@pytest.mark.parametrize(("constant", "written"), [(-1.0, "(-1.0)"), (1e-8, "1e-08"), (inf, 'float("inf")')])
def test_numbers_are_written_so_that_python_reads_them(constant: float, written: str) -> None:
    made = formula(minus(prediction(), number(constant)))
    assert made is not None
    assert f"values[0] - {written}" in made.source


def test_half_precision_stays_half_precision(keras3: ModuleType) -> None:
    made = formula(log(minus(1.0, prediction("float16"))))
    assert made is not None
    # In float16 1 - 1e-4 is 1.
    assert value(made, keras3, [0.9999]) == -inf
