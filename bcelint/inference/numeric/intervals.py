"""Bounds for the value of an expression, whatever its inputs are within theirs.

Bounds are rounded as the machine rounds: operations that IEEE 754 rounds correctly keep the rounded bounds, library
functions get some units in the last place more. Terms that share an input are bounded as if they did not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from math import inf
from typing import NamedTuple

from bcelint.inference.numeric.evaluation import FUNCTIONS, is_over_simplex
from bcelint.inference.numeric.expressions import Expression, Input, walk
from bcelint.inference.numeric.floats import lower, round_to, upper

# How far, in units in the last place, a library's exp or log may be from the exact value. Measured on TensorFlow: at
# most 2; tests/inference/numeric/test_intervals.py would notice more.
_LIBRARY_ERROR = 4
# Processors may take for 0 what is smaller than this.
_TINY = 1e-37
# So many elements a mean is taken of, as far as its rounding goes.
_ELEMENTS = 64


class Interval(NamedTuple):
    """All values lie in [low, high], or may be NaN where ``nan`` says so."""

    low: float
    high: float
    nan: bool = False

    def __contains__(self, x: object) -> bool:
        assert isinstance(x, float)
        return self.nan if math.isnan(x) else self.low <= x <= self.high


ANYTHING = Interval(-inf, inf, nan=True)
Bounds = Mapping[Hashable, Interval]


def bound(root: Expression, bounds: Bounds | None = None) -> Interval:
    """The interval of ``root``; inputs that ``bounds`` does not have are bounded by what is known of them."""
    return bound_all(root, bounds)[id(root)]


def bound_all(root: Expression, bounds: Bounds | None = None) -> dict[int, Interval]:
    """The interval of every part of ``root``, by the ``id`` of the part."""
    results: dict[int, Interval] = {}
    for part in walk(root):
        results[id(part)] = _interval(part, [results[id(o)] for o in part.operands], bounds or {})
    return results


def of_input(source: Input) -> Interval:
    return Interval(source.low, source.high) if source.known else ANYTHING


def _interval(part: Expression, operands: list[Interval], bounds: Bounds) -> Interval:
    dtype = part.dtype or "float32"
    if part.operation == "number":
        value = part.number if part.weak else round_to(part.number, dtype)
        return Interval(value, value)
    if part.source is not None:
        found = bounds.get(part.source.key) or of_input(part.source)
        return Interval(round_to(found.low, dtype), round_to(found.high, dtype), found.nan)
    rounded = [
        Interval(round_to(i.low, dtype), round_to(i.high, dtype), i.nan) if operand.weak else i
        for operand, i in zip(part.operands, operands, strict=True)
    ]
    rule = _RULES.get(part.operation)
    if rule is None:
        return ANYTHING
    result = rule(part, rounded)
    if math.isnan(result.low) or math.isnan(result.high):
        return ANYTHING
    nan = result.nan or any(i.nan for i in rounded)
    low, high = round_to(result.low, dtype), round_to(result.high, dtype)
    return Interval(0.0 if 0 < low < _TINY else low, 0.0 if -_TINY < high < 0 else high, nan)


Rule = Callable[[Expression, list[Interval]], Interval]


def _same(part: Expression, operands: list[Interval]) -> Interval:
    return operands[0]


def _exact(part: Expression, operands: list[Interval]) -> Interval:
    """A function that rises and that the machine rounds correctly."""
    function = FUNCTIONS[part.operation]
    return Interval(function(operands[0].low), function(operands[0].high))


def _rising(floor: float = -inf, ceiling: float = inf, domain: float = -inf) -> Rule:
    """A library function that rises, with values from ``floor`` to ``ceiling``, defined from ``domain`` on."""

    def rule(part: Expression, operands: list[Interval]) -> Interval:
        x, function, dtype = operands[0], FUNCTIONS[part.operation], part.dtype or "float32"
        if x.high < domain:
            return ANYTHING
        low, high = function(max(x.low, domain)), function(x.high)
        widened = (lower(low, dtype, _LIBRARY_ERROR), upper(high, dtype, _LIBRARY_ERROR))
        return Interval(max(widened[0], floor), min(widened[1], ceiling), nan=x.low < domain)

    return rule


def _negative(part: Expression, operands: list[Interval]) -> Interval:
    return Interval(-operands[0].high, -operands[0].low)


def _abs(part: Expression, operands: list[Interval]) -> Interval:
    x = operands[0]
    ends = (abs(x.low), abs(x.high))
    return Interval(0.0 if x.low <= 0 <= x.high else min(ends), max(ends))


def _square(part: Expression, operands: list[Interval]) -> Interval:
    x = _abs(part, operands)
    return Interval(x.low * x.low, x.high * x.high)


def _reciprocal(part: Expression, operands: list[Interval]) -> Interval:
    # Not a division: TensorFlow's reciprocal of 1 is 0.99999994.
    return _widened(part, _divide(part, [Interval(1.0, 1.0), operands[0]]))


def _rsqrt(part: Expression, operands: list[Interval]) -> Interval:
    x = operands[0]
    if x.low <= 0:
        return ANYTHING  # of -0.0 it is -inf
    return _widened(part, Interval(FUNCTIONS["rsqrt"](x.high), FUNCTIONS["rsqrt"](x.low)))


def _widened(part: Expression, exact: Interval) -> Interval:
    """What a library may make of the exact values; it keeps their sign."""
    dtype = part.dtype or "float32"
    low, high = lower(exact.low, dtype, _LIBRARY_ERROR), upper(exact.high, dtype, _LIBRARY_ERROR)
    return Interval(max(low, 0.0) if exact.low >= 0 else low, min(high, 0.0) if exact.high <= 0 else high, exact.nan)


def _add(part: Expression, operands: list[Interval]) -> Interval:
    a, b = operands
    return Interval(a.low + b.low, a.high + b.high, nan=_meet_infinite(a, b))


def _subtract(part: Expression, operands: list[Interval]) -> Interval:
    a, b = operands
    return Interval(a.low - b.high, a.high - b.low, nan=_meet_infinite(a, Interval(-b.high, -b.low)))


def _meet_infinite(a: Interval, b: Interval) -> bool:
    """Whether the sum may be of plus and minus infinity."""
    return (a.high == inf and b.low == -inf) or (a.low == -inf and b.high == inf)


def _product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def _multiply(part: Expression, operands: list[Interval]) -> Interval:
    a, b = operands
    ends = [_product(x, y) for x in a[:2] for y in b[:2]]
    return Interval(min(ends), max(ends), nan=(_has_zero(a) and _is_open(b)) or (_has_zero(b) and _is_open(a)))


def _has_zero(x: Interval) -> bool:
    return x.low <= 0 <= x.high


def _is_open(x: Interval) -> bool:
    return x.low == -inf or x.high == inf


def _divide(part: Expression, operands: list[Interval]) -> Interval:
    a, b = operands
    if _has_zero(b):
        return ANYTHING  # even a zero that nothing negative is near can be -0.0: -(p - 1) at 1
    ends = [_quotient(x, y) for x in a[:2] for y in b[:2]]
    return Interval(min(ends), max(ends), nan=_is_open(a) and _is_open(b))


def _quotient(x: float, y: float) -> float:
    if math.isinf(y):
        return 0.0 if not math.isinf(x) else math.copysign(inf, x) * math.copysign(1.0, y)
    return x / y


def _divide_no_nan(part: Expression, operands: list[Interval]) -> Interval:
    found = _divide(part, operands)
    if not _has_zero(operands[1]):
        return found
    return Interval(min(found.low, 0.0), max(found.high, 0.0), found.nan)


def _power(part: Expression, operands: list[Interval]) -> Interval:
    x, exponent = operands
    if exponent.low != exponent.high:
        if x.low >= 0 and exponent.low >= 0 and x.high <= 1:
            return Interval(0.0, 1.0)
        return Interval(0.0, inf, nan=True) if x.low >= 0 else ANYTHING
    g = exponent.low
    if g % 1 == 0 and g >= 0:
        x = _abs(part, operands) if g % 2 == 0 else x
    elif x.low < 0 or (g < 0 and _has_zero(x)):
        return ANYTHING
    ends = sorted(FUNCTIONS["power"](end, g) for end in x[:2])
    if any(math.isnan(end) for end in ends):
        return ANYTHING
    return _widened(part, Interval(ends[0], ends[1]))


def _maximum(part: Expression, operands: list[Interval]) -> Interval:
    a, b = operands
    return Interval(max(a.low, b.low), max(a.high, b.high))


def _minimum(part: Expression, operands: list[Interval]) -> Interval:
    a, b = operands
    return Interval(min(a.low, b.low), min(a.high, b.high))


def _clip(part: Expression, operands: list[Interval]) -> Interval:
    x, low, high = operands
    return _minimum(part, [_maximum(part, [x, low]), high])


def _where(part: Expression, operands: list[Interval]) -> Interval:
    _, a, b = operands
    return Interval(min(a.low, b.low), max(a.high, b.high), a.nan or b.nan)


def _sum(part: Expression, operands: list[Interval]) -> Interval:
    x = operands[0]
    if is_over_simplex(part):
        error = max(1e-5, 8 * (1.0 - lower(1.0, part.dtype or "float32")))
        return Interval(1.0 - error, 1.0 + error if part.axis == -1 else inf)
    return Interval(
        x.low if x.low >= 0 else -inf,
        x.high if x.high <= 0 else inf,
        nan=x.low == -inf and x.high == inf,
    )


def _mean(part: Expression, operands: list[Interval]) -> Interval:
    """A sum that is divided by its length: each addition rounds, and the sum may overflow."""
    x, dtype = operands[0], part.dtype or "float32"

    def end(bound: float, moved: Callable[[float, str, int], float]) -> float:
        total = round_to(bound * _ELEMENTS, dtype)
        return bound if bound == 0 else total if math.isinf(total) else moved(bound, dtype, _ELEMENTS)

    return Interval(end(x.low, lower), end(x.high, upper), nan=_is_open(x))


def _step(part: Expression, operands: list[Interval]) -> Interval:
    return Interval(0.0, 1.0)


def _one(value: float) -> Rule:
    return lambda part, operands: Interval(value, value)


def _sign(part: Expression, operands: list[Interval]) -> Interval:
    return Interval(-1.0 if operands[0].low < 0 else 0.0, 1.0 if operands[0].high > 0 else 0.0)


def _squared_difference(part: Expression, operands: list[Interval]) -> Interval:
    difference, dtype = _subtract(part, operands), part.dtype or "float32"
    rounded = Interval(round_to(difference.low, dtype), round_to(difference.high, dtype))
    return _square(part, [rounded])._replace(nan=difference.nan)


def _loss(part: Expression, operands: list[Interval]) -> Interval:
    return Interval(0.0, inf)


def _cross_entropy(part: Expression, operands: list[Interval]) -> Interval:
    """Of probabilities, or of logits: of a sigmoid TensorFlow takes the logits, and no clip bounds the loss."""
    labels, prediction = operands
    if labels.low < 0 or labels.high > 1:
        return ANYTHING
    return Interval(0.0, inf, nan=_is_open(prediction))


_RULES: dict[str, Rule] = {
    "identity": _same,
    "cast": _same,
    "stop_gradient": _same,
    "max": _same,
    "min": _same,
    "mean": _mean,
    "sum": _sum,
    "negative": _negative,
    "abs": _abs,
    "square": _square,
    "sqrt": _rising(0.0, inf, 0.0),
    "rsqrt": _rsqrt,
    "reciprocal": _reciprocal,
    "exp": _rising(0.0),
    "expm1": _rising(-1.0),
    "log": _rising(domain=0.0),
    "log2": _rising(domain=0.0),
    "log10": _rising(domain=0.0),
    "log1p": _rising(domain=-1.0),
    "sigmoid": _rising(0.0, 1.0),
    "tanh": _rising(-1.0, 1.0),
    "softplus": _rising(0.0),
    "log_sigmoid": _rising(-inf, 0.0),
    "relu": _exact,
    "round": _exact,
    "floor": _exact,
    "ceil": _exact,
    "sign": _sign,
    "not": _step,
    "ones_like": _one(1.0),
    "zeros_like": _one(0.0),
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "divide_no_nan": _divide_no_nan,
    "squared_difference": _squared_difference,
    "power": _power,
    "maximum": _maximum,
    "minimum": _minimum,
    "clip": _clip,
    "where": _where,
    "less": _step,
    "less_equal": _step,
    "greater": _step,
    "greater_equal": _step,
    "equal": _step,
    "not_equal": _step,
    "and": _step,
    "or": _step,
    "loss": _loss,
    "binary_crossentropy": _cross_entropy,
    "binary_crossentropy_from_logits": _cross_entropy,
}
