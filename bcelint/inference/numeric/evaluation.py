"""The value of an expression for given inputs, rounded after every operation as the machine does.

A batch is taken to hold the same element ``count`` times: a mean is that element, a sum ``count`` times it. What cannot
be computed is ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from math import inf, nan

from bcelint.inference.numeric.expressions import Expression, stripped, walk
from bcelint.inference.numeric.floats import as_computed, round_to

Values = Mapping[Hashable, float]


def evaluate(root: Expression, values: Values, *, count: int = 1, finite: bool = False) -> float | None:
    """The value of ``root``; inputs that ``values`` does not have are unknown.

    ``finite``: what is not known is no infinity, so that its product with 0 is 0.
    """
    return evaluate_all(root, values, count=count, finite=finite)[id(root)]


def evaluate_all(root: Expression, values: Values, *, count: int = 1, finite: bool = False) -> dict[int, float | None]:
    """The value of every part of ``root``, by the ``id`` of the part."""
    results: dict[int, float | None] = {}
    for part in walk(root):
        value = _value(part, results, values, count)
        if value is None and finite and part.operation == "multiply":
            value = 0.0 if any(results[id(operand)] == 0 for operand in part.operands) else None
        results[id(part)] = value
    return results


def _value(part: Expression, results: dict[int, float | None], values: Values, count: int) -> float | None:
    dtype = part.dtype or "float32"
    if part.operation == "number":
        return part.number if part.weak else as_computed(part.number, dtype)
    if part.source is not None:
        given = values.get(part.source.key)
        return None if given is None else as_computed(given, dtype)
    # A Python number takes the dtype of the tensor that it meets.
    operands = [
        as_computed(operand.number, dtype) if operand.weak else results[id(operand)] for operand in part.operands
    ]
    if part.operation == "where":
        return _where(operands)
    known = [value for value in operands if value is not None]
    if len(known) < len(operands):
        return None
    if part.operation in ("sum", "mean", "max") and is_over_simplex(part):
        return 1.0 if part.operation == "sum" else None  # that depends on the number of classes
    function = FUNCTIONS.get(part.operation)
    if part.operation in ("sum", "product"):
        known.append(float(count))
        function = FUNCTIONS["multiply" if part.operation == "sum" else "power"]
    if function is None:
        return None
    return as_computed(function(*known), dtype)


def is_over_simplex(part: Expression) -> bool:
    """Whether a reduction is of a simplex over its axis, or over all of them, where the sum is at least 1."""
    source = stripped(part.operands[0]).source
    return source is not None and source.simplex and part.axis in (-1, "all")


def _where(operands: list[float | None]) -> float | None:
    test, chosen, other = operands
    if test is None or math.isnan(test):
        return chosen if chosen is not None and chosen == other else None
    return chosen if test else other


# --- one function for each operation ----------------------------------------------------------------------------------


def _exp(x: float) -> float:
    return inf if x >= 709.0 else math.exp(x)


def _log(x: float) -> float:
    if x > 0:
        return math.log(x) if x < inf else inf
    return -inf if x == 0 else nan


def _log1p(x: float) -> float:
    if x > -1:
        return math.log1p(x) if x < inf else inf
    return -inf if x == -1 else nan


def sigmoid(x: float) -> float:
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x)) if x < 700 else 1.0
    return 0.0 if x <= -745 else math.exp(x) / (1.0 + math.exp(x))


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x))) if abs(x) < 700 else max(x, 0.0)


def _divide(a: float, b: float) -> float:
    if b == 0:
        return nan if a == 0 or math.isnan(a) else math.copysign(inf, a) * math.copysign(1.0, b)
    return a / b


def _power(a: float, b: float) -> float:
    odd = b % 2 == 1
    if a == 0 and b < 0:
        return math.copysign(inf, a) if odd else inf
    if -inf < a < 0 and b % 1 != 0:
        return nan
    try:
        return math.pow(a, b)
    except OverflowError:
        return math.copysign(inf, a) if odd else inf


def _maximum(a: float, b: float) -> float:
    return nan if math.isnan(a) or math.isnan(b) else max(a, b)


def _minimum(a: float, b: float) -> float:
    return nan if math.isnan(a) or math.isnan(b) else min(a, b)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """A function that makes a number whole: of a negative one it makes -0.0."""
    return lambda x: math.copysign(float(function(x)), x) if math.isfinite(x) else x


def _times_log(x: float, log: float) -> float:
    return 0.0 if x == 0 else x * log


def _clipped(p: float) -> float:
    # Keras clips at float32(1e-7) and float32(1 - 1e-7).
    return min(max(p, round_to(1e-7, "float32")), round_to(1 - 1e-7, "float32"))


def _cross_entropy(y: float, p: float) -> float:
    return -(y * math.log(_clipped(p)) + (1.0 - y) * math.log(round_to(1.0 - _clipped(p), "float32")))


def _cross_entropy_of_logits(y: float, z: float) -> float:
    return max(z, 0.0) - z * y + math.log1p(math.exp(-abs(z)))


def _flag(test: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda a, b: 1.0 if test(a, b) else 0.0


FUNCTIONS: dict[str, Callable[..., float]] = {
    "identity": lambda x: x,
    "cast": lambda x: x,
    "stop_gradient": lambda x: x,
    "mean": lambda x: x,
    "max": lambda x: x,
    "min": lambda x: x,
    "negative": lambda x: -x,
    "abs": abs,
    "square": lambda x: x * x,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else nan,
    "rsqrt": lambda x: _divide(1.0, math.sqrt(x)) if x >= 0 else nan,
    "reciprocal": lambda x: _divide(1.0, x),
    "exp": _exp,
    "expm1": lambda x: inf if x >= 709.0 else math.expm1(x),
    "log": _log,
    "log1p": _log1p,
    "log2": lambda x: _log(x) / math.log(2.0),
    "log10": lambda x: _log(x) / math.log(10.0),
    "sigmoid": sigmoid,
    "tanh": math.tanh,
    "softplus": softplus,
    "log_sigmoid": lambda x: -softplus(-x),
    "relu": lambda x: max(x, 0.0),
    "sign": lambda x: math.copysign(1.0, x) if abs(x) > 0 else x,
    "round": _whole(round),
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "not": lambda x: 0.0 if x else 1.0,
    "ones_like": lambda x: 1.0,
    "zeros_like": lambda x: 0.0,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": _divide,
    "divide_no_nan": lambda a, b: 0.0 if b == 0 else a / b,
    "multiply_no_nan": lambda a, b: 0.0 if b == 0 else a * b,
    "squared_difference": lambda a, b: (a - b) * (a - b),
    "power": _power,
    "maximum": _maximum,
    "minimum": _minimum,
    "clip": lambda x, low, high: _minimum(_maximum(x, low), high),
    "xlogy": lambda x, y: _times_log(x, _log(y)),
    "xlog1py": lambda x, y: _times_log(x, _log1p(y)),
    "less": _flag(lambda a, b: a < b),
    "less_equal": _flag(lambda a, b: a <= b),
    "greater": _flag(lambda a, b: a > b),
    "greater_equal": _flag(lambda a, b: a >= b),
    "equal": _flag(lambda a, b: a == b),
    "not_equal": _flag(lambda a, b: a != b),
    "and": _flag(lambda a, b: bool(a) and bool(b)),
    "or": _flag(lambda a, b: bool(a) or bool(b)),
    "binary_crossentropy": _cross_entropy,
    "binary_crossentropy_from_logits": _cross_entropy_of_logits,
}
