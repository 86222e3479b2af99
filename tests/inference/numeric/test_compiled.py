"""What compilers make of expressions, held against what TensorFlow computes in a graph and with XLA."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bcelint.inference.numeric.compiled import compiled
from bcelint.inference.numeric.evaluation import evaluate
from bcelint.inference.numeric.expressions import Expression, inputs, walk

from . import support
from .support import (
    TYPES,
    add,
    clip,
    do,
    doubles,
    labels,
    log,
    logits,
    maximum,
    minus,
    over,
    prediction,
    sigmoid,
    text,
    times,
    unknown,
    where,
)

Y, P, Z, U = labels(), prediction(), logits(), unknown()
P16, PB16, P64 = (prediction(dtype) for dtype in ("float16", "bfloat16", "float64"))
# 1e-6 is a multiple of the step of float32 at 1 neither, so that it shows whether it was added to 1 first.
EPS = 1e-6
ROUNDED = float(np.float32(1 + EPS) - 1)

EAGER, GRAPH, XLA = "eager", "graph", "xla"


def single_number(x: float) -> float:
    return float(np.float32(x))


def single(x: float) -> str:
    return repr(single_number(x))


# An expression, and what is made of it.
REWRITTEN: list[tuple[Expression, str]] = [
    (add(minus(1.0, P), 1e-8), "subtract(1.0, p:float32)"),
    (add(1e-8, minus(1.0, P)), "subtract(1.0, p:float32)"),
    (add(minus(1.0, P), 1e-7), f"subtract({single(1 + 1e-7)}, p:float32)"),
    (minus(minus(1.0, P), -1e-8), "subtract(1.0, p:float32)"),
    (minus(1.0, minus(P, 1e-8)), "subtract(1.0, p:float32)"),
    (minus(1.0, add(P, 1e-8)), "subtract(1.0, p:float32)"),
    (minus(1e-8, minus(P, 1.0)), "subtract(1.0, p:float32)"),
    (add(add(P, 1.0), 1e-8), "add(1.0, p:float32)"),
    (minus(add(P, 1e-8), 1.0), "add(-1.0, p:float32)"),
    (add(minus(P, 1.0), 1.0), "add(0.0, p:float32)"),
    (add(add(minus(1.0, P), 1e-8), 1e-3), f"subtract({single(np.float32(1) + np.float32(1e-3))}, p:float32)"),
    (minus(1.0, minus(1.0, minus(1.0, P))), "subtract(1.0, p:float32)"),
    (add(minus(1.0, sigmoid(Z)), 1e-8), "subtract(1.0, sigmoid(z:float32))"),
    (log(add(minus(1.0, P), 1e-8)), "log(subtract(1.0, p:float32))"),
    (add(do("identity", minus(1.0, P)), 1e-8), "subtract(1.0, p:float32)"),
    (add(do("stop_gradient", minus(1.0, P)), 1e-8), "subtract(1.0, p:float32)"),
    (add(do("cast", minus(1.0, P), dtype="float32"), 1e-8), "subtract(1.0, p:float32)"),
    (add(minus(do("ones_like", P), P), 1e-8), "subtract(1.0, p:float32)"),
    (add(do("zeros_like", P), P), "add(0.0, p:float32)"),
    (add(1.0, do("negative", P)), "subtract(1.0, p:float32)"),
    (add(do("negative", P), 1.0), "subtract(1.0, p:float32)"),
    (minus(1.0, do("negative", P)), "add(1.0, p:float32)"),
    (add(do("negative", minus(P, 1.0)), 1e-8), "subtract(1.0, p:float32)"),
    (over(1.0, add(P, 2.0)), "reciprocal(add(p:float32, 2.0))"),
    (over(P, 4.0), "multiply(p:float32, 0.25)"),
    (over(P, 3.0), f"multiply(p:float32, {single(1 / 3)})"),
    (over(P16, 1e-7), "multiply(p:float16, inf)"),
    (log(add(1.0, P)), "log1p(p:float32)"),
    (log(add(P, 1.0)), "log1p(p:float32)"),
    (minus(do("exp", Z), 1.0), "expm1(z:float32)"),
    (add(minus(do("exp", Z), 1.0), 1e-8), "add(-1.0, exp(z:float32))"),  # constants are gathered first
    (add(minus(1.0, P16), 1e-7), "subtract(1.0, p:float16)"),
    (add(minus(1.0, P64), 1e-17), "subtract(1.0, p:float64)"),
    (add(minus(1.0, P64), 1e-8), "subtract(1.00000001, p:float64)"),
]

# What stays as it is.
KEPT = (
    P,
    log(P),
    add(P, 1e-15),
    minus(1.0, P),
    minus(1 + 1e-8, P),
    maximum(minus(1.0, P), 1e-8),
    add(maximum(minus(1.0, P), 0.0), 1e-8),
    add(where(do("equal", Y, 1.0), P, minus(1.0, P)), 1e-8),
    add(times(Y, minus(1.0, P)), 1e-8),
    add(minus(1.0, P), times(U, 1e-8)),
    add(minus(1.0, PB16), 1e-3),
    minus(1.0, clip(P, 1e-15, 1 - 1e-15)),
    add(times(minus(1.0, P), 2.0), 1e-8),
    add(do("cast", minus(1.0, P16), dtype="float32"), 1e-8),
    over(2.0, P),
    over(P, add(P, 1.0)),
    log(minus(P, 1.0)),
    log(minus(1.0, P)),
    log(add(2.0, P)),
    minus(1.0, do("exp", Z)),
    minus(do("exp", Z), 2.0),
    add(do("exp", Z), 1.0),
)


@pytest.mark.parametrize(
    ("expression", "expected"), REWRITTEN, ids=lambda x: text(x) if isinstance(x, Expression) else x
)
def test_rewritten(expression: Expression, expected: str) -> None:
    found = compiled(expression)
    assert text(found) == expected
    assert text(compiled(found)) == expected
    assert found.dtype == expression.dtype


@pytest.mark.parametrize("expression", KEPT, ids=text)
def test_kept(expression: Expression) -> None:
    assert compiled(expression) is expression


def test_constants_of_two_are_rounded_before_they_are_added() -> None:
    """Each to the dtype of the tensor; in double precision 1e-8 and 1 would not be 1."""
    found = compiled(add(minus(1e-8, P), 1.0))
    assert text(found) == "subtract(1.0, p:float32)"
    assert not found.operands[0].weak


def test_a_shared_part_is_rewritten_where_it_is_used() -> None:
    shared = add(minus(1.0, P), 1e-8)
    found = compiled(times(shared, log(shared)))
    assert text(found) == "multiply(subtract(1.0, p:float32), log(subtract(1.0, p:float32)))"
    assert found.operands[0] is found.operands[1].operands[0]


# --- what TensorFlow does ---------------------------------------------------------------------------------------------


def computed(tf: Any, keras: Any, root: Expression, values: dict[Any, float], mode: str) -> float:
    """The first of two elements, as TensorFlow computes it."""
    library, sources = support.tensorflow_library(tf, keras), inputs(root)
    given = {key: tf.constant([values[key]] * 2, source.dtype) for key, source in sources.items()}

    def run(*tensors: Any) -> Any:
        return library.value(root, dict(zip(given, tensors, strict=True)))

    function = run if mode == EAGER else tf.function(run, autograph=False, jit_compile=mode == XLA)
    return float(doubles(function(*given.values()))[0])


def values_of(root: Expression, p: float) -> dict[Any, float]:
    return dict.fromkeys(inputs(root), p)


@pytest.mark.parametrize("expression", [e for e, _ in REWRITTEN] + [e for e in KEPT if U not in walk(e)], ids=text)
@pytest.mark.parametrize("p", [1.0, 0.0, 1e-9])
def test_tensorflow_agrees(tensorflow: ModuleType, keras3: ModuleType, expression: Expression, p: float) -> None:
    """A graph; XLA for float16, which only that gathers."""
    # A single quotient of float16 is the business of the graph again, and has no sums.
    half = any(part.dtype == "float16" and part.operation == "subtract" for part in walk(expression))
    values = values_of(expression, p)
    for root, mode in ((expression, EAGER), (compiled(expression), XLA if half else GRAPH)):
        expected, found = evaluate(root, values), computed(tensorflow, keras3, expression, values, mode)
        assert expected is not None
        assert found == pytest.approx(expected, rel=1e-6, abs=0, nan_ok=True), mode


@pytest.mark.parametrize(
    ("expression", "eager", "graph", "xla"),
    [
        (add(minus(1.0, P), EPS), EPS, ROUNDED, ROUNDED),
        (add(EPS, minus(1.0, P)), EPS, ROUNDED, EPS),
        (add(minus(1.0, P64), 1e-17), 1e-17, 0, 0),
        (add(minus(1.0, P16), 2e-4), float(TYPES["float16"](2e-4)), float(TYPES["float16"](2e-4)), 0),
        *[(add(minus(1.0, PB16), e), *[float(TYPES["bfloat16"](e))] * 3) for e in (1e-3, 1e-8)],
        (log(add(1.0, times(P, 1e-9))), 0, 1e-9, 0),
        (minus(do("exp", times(P, 1e-9)), 1.0), 0, 1e-9, 0),
        (over(times(P16, 0.0), 1e-7), 0, math.nan, math.nan),
        # not modelled: of two tensors
        (add(minus(labels(), P), 1e-8), single_number(1e-8), 0, single_number(1e-8)),
    ],
    ids=lambda x: text(x) if isinstance(x, Expression) else "",
)
def test_modes_differ(
    tensorflow: ModuleType, keras3: ModuleType, expression: Expression, eager: float, graph: float, xla: float
) -> None:
    """At p = 1. The rewriting that is modelled is the union of what a graph and XLA do."""
    values = values_of(expression, 1.0)
    for mode, expected in ((EAGER, eager), (GRAPH, graph), (XLA, xla)):
        found = computed(tensorflow, keras3, expression, values, mode)
        assert found == pytest.approx(expected, rel=1e-6, abs=0, nan_ok=True), mode


@pytest.mark.parametrize(
    ("name", "in_a_graph"),
    [("identity", True), ("stop_gradient", True), ("transpose", False), ("flat", False)],
)
def test_what_is_looked_through(tensorflow: Any, name: str, in_a_graph: bool) -> None:
    """XLA finds the difference behind a change of shape, a graph does not."""
    between = (
        tensorflow.identity if name == "identity" else getattr(tensorflow, name, lambda x: tensorflow.reshape(x, [-1]))
    )

    def guarded(p: Any) -> Any:
        return between(1.0 - p) + 1e-8

    ones = tensorflow.ones([2, 3])
    found = [
        float(doubles(run(ones))[0])
        for run in (guarded, *(tensorflow.function(guarded, autograph=False, jit_compile=jit) for jit in (False, True)))
    ]
    kept = pytest.approx(1e-8)
    assert found == [kept, 0 if in_a_graph else kept, 0]
