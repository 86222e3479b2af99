"""Rounding to the floating point formats that tensors have.

Source of the constants: IEEE 754 (binary16, binary32, binary64) and bfloat16 (8 significant bits, the exponents of
binary32).
"""

from __future__ import annotations

import math
from math import inf
from typing import NamedTuple


class Format(NamedTuple):
    """A format: significant bits, the exponent of its smallest number, and its largest number."""

    bits: int
    lowest: int
    largest: float


FORMATS = {
    "float16": Format(11, -24, 65504.0),
    "bfloat16": Format(8, -133, (2.0 - 2.0**-7) * 2.0**127),
    "float32": Format(24, -149, (2.0 - 2.0**-23) * 2.0**127),
    "float64": Format(53, -1074, math.ldexp(2.0 - 2.0**-52, 1023)),
}


def round_to(x: float, dtype: str) -> float:
    """The number of ``dtype`` that is nearest to ``x``, ties to even; beyond the largest one it is infinite."""
    if x == 0 or math.isinf(x) or math.isnan(x) or dtype not in FORMATS:
        return x
    bits, lowest, largest = FORMATS[dtype]
    if bits == 53:
        return x
    if abs(x) > 2 * largest:
        return math.copysign(inf, x)
    step = max(math.frexp(x)[1] - bits, lowest)
    rounded = math.ldexp(float(round(math.ldexp(x, -step))), step)
    return math.copysign(inf if abs(rounded) > largest else rounded, x)


def as_computed(x: float, dtype: str) -> float:
    """``round_to``, and 0 for what TensorFlow takes for 0: numbers that ``float32`` has no full precision for."""
    rounded = round_to(x, dtype)
    return math.copysign(0.0, x) if abs(rounded) < 2.0**-126 and dtype != "float64" else rounded


def _spacing(x: float, dtype: str) -> float:
    bits, lowest, _ = FORMATS[dtype]
    return math.ldexp(1.0, max(math.frexp(x)[1] - bits, lowest)) if x else math.ldexp(1.0, lowest)


def lower(x: float, dtype: str, steps: int = 1) -> float:
    """``x`` moved down by some units in the last place."""
    if math.isinf(x) or dtype not in FORMATS:
        return FORMATS[dtype].largest if x == inf and dtype in FORMATS else x
    return round_to(x - steps * _spacing(x, dtype), dtype)


def upper(x: float, dtype: str, steps: int = 1) -> float:
    """``x`` moved up by some units in the last place."""
    return -lower(-x, dtype, steps)


def vanishes_in_one(epsilon: float, dtype: str) -> bool:
    """Whether ``1 - epsilon`` is 1."""
    return round_to(1.0 - epsilon, dtype) == 1.0


def smallest_surviving(dtype: str) -> float:
    """A power of ten that ``1 - epsilon`` and ``1 + epsilon`` both keep."""
    return next(e for e in (1e-15, 1e-7, 1e-3, 1e-2) if round_to(1 + e, dtype) > 1 > round_to(1 - e, dtype))
