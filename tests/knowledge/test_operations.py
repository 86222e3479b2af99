"""The table of operations is held against the functions that it names: they compute what the numeric domain does."""

from __future__ import annotations

import math
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bcelint.inference.numeric.evaluation import FUNCTIONS
from bcelint.knowledge.names import canonical
from bcelint.knowledge.operations import MACHINE_EPSILON, METHODS, OPERATIONS, OPERATORS, WITHOUT_GRADIENT

# Where the installed libraries have what the table calls by its canonical name.
HOMES = ("tf", "np", "keras.ops", "keras.backend", "keras.activations")
SAMPLES: dict[int, list[tuple[float, ...]]] = {
    1: [(-1.5,), (-0.5,), (0.0,), (0.3,), (0.5,), (1.0,), (2.5,)],
    2: [(0.3, 0.7), (1.0, 0.5), (0.0, 0.25), (0.25, 0.0), (2.0, 2.0), (1.5, -0.5)],
    3: [(0.3, 0.1, 0.9), (2.0, 0.0, 1.0), (-1.0, -0.5, 0.5)],
}
# The operations whose value is that of one element; the others only move elements, or need a whole vector.
ELEMENTWISE = {n: operation for n, operation in OPERATIONS.items() if operation.name in {*FUNCTIONS} - {"identity"}}


def resolve(name: str, libraries: SimpleNamespace, tensorflow: ModuleType) -> Any:
    """The function of a canonical name, ``None`` where no installed library has it."""
    root, *path = name.split(".")
    roots: list[Any] = {
        "tf": [tensorflow, tensorflow.compat.v1],
        "np": [np],
        "keras": [libraries.keras, libraries.tf_keras],
    }.get(root, [])
    for module in roots:
        found = module
        for part in path:
            found = getattr(found, part, None)
        if callable(found):
            return found
    return None


@pytest.mark.parametrize("name", sorted(n for n in ELEMENTWISE if n.startswith(HOMES)))
def test_a_function_computes_its_operation(name: str, libraries: SimpleNamespace, tensorflow: ModuleType) -> None:
    function = resolve(name, libraries, tensorflow)
    if function is None:
        pytest.skip("not in the installed versions")
    operation = ELEMENTWISE[name]
    for sample in SAMPLES[len(operation.parameters)]:
        if name == "keras.backend.sqrt" and sample[0] < 0:
            continue  # it takes negative numbers for 0
        wanted = computed(operation.name, sample)
        found = call(name, function, operation.name, sample, tensorflow)
        assert found == pytest.approx(wanted, rel=1e-5, abs=1e-6, nan_ok=True), sample


def computed(operation: str, sample: tuple[float, ...]) -> float:
    if operation == "where":
        return sample[1] if sample[0] else sample[2]
    try:
        return FUNCTIONS[operation](*sample)
    except ValueError:
        return math.nan


def call(name: str, function: Any, operation: str, sample: tuple[float, ...], tensorflow: ModuleType) -> float:
    values: list[Any] = [np.float32(x) if name.startswith("np.") else tensorflow.constant([x]) for x in sample]
    if operation in ("and", "or", "not"):
        values = [tensorflow.cast(value, "bool") if not name.startswith("np.") else bool(value) for value in values]
    if operation == "cast":
        values += [] if "to_" in name else ["float32"]
    with np.errstate(all="ignore"):
        result = np.asarray(function(*values))
    return float(result.reshape(-1)[0])


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_names_are_canonical(name: str) -> None:
    assert canonical(name) == name


def test_every_operation_is_one_that_the_numeric_domain_knows() -> None:
    handled = {"sum", "product", "softmax", "log_softmax", "one_hot", "argmax", "part", "opaque", "where"}
    assert {operation.name for operation in OPERATIONS.values()} <= set(FUNCTIONS) | handled
    assert set(OPERATORS.values()) <= set(FUNCTIONS)
    assert set(METHODS.values()) <= set(FUNCTIONS) | {"sum", "argmax"}


@pytest.mark.parametrize("dtype", sorted(MACHINE_EPSILON))
def test_machine_epsilon(dtype: str, tensorflow: ModuleType) -> None:
    """The distance from 1 to the next number."""
    one = tensorflow.constant(1.0, dtype)
    epsilon = MACHINE_EPSILON[dtype]
    assert float(one + tensorflow.cast(epsilon, dtype)) == 1.0 + epsilon
    assert float(one + tensorflow.cast(epsilon / 2, dtype)) == 1.0


@pytest.mark.parametrize("operation", sorted(WITHOUT_GRADIENT & set(FUNCTIONS) - {"and", "or", "not"}))
def test_no_gradient_passes(operation: str, tensorflow: ModuleType) -> None:
    functions = {"ceil": "math.ceil", "sign": "sign", "floor": "floor", "round": "round"}
    path = functions.get(operation, operation)
    function: Any = tensorflow
    for part in path.split("."):
        function = getattr(function, part)
    x = tensorflow.Variable([0.3, 1.2])
    others = [] if operation in functions or operation.endswith("_like") else [tensorflow.constant([0.5, 0.5])]
    with tensorflow.GradientTape() as tape:
        y = tensorflow.cast(function(x, *others), "float32")
    gradient = tape.gradient(y, x)
    assert gradient is None or not np.any(gradient.numpy())
