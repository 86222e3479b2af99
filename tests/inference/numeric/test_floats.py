"""Rounding, held against the types of NumPy and ml_dtypes."""

from __future__ import annotations

import math
from math import inf

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bcelint.inference.numeric.floats import (
    FORMATS,
    as_computed,
    lower,
    round_to,
    smallest_surviving,
    upper,
    vanishes_in_one,
)

from .support import TYPES

each_dtype = pytest.mark.parametrize("dtype", TYPES)
each_small_dtype = pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])

# Any number, numbers near the ones that losses are made of, and such as lie half way between two.
NUMBERS = (
    st.floats(allow_nan=False)
    | st.floats(-1.5, 1.5)
    | st.builds(math.ldexp, st.integers(-(2**26), 2**26).map(float), st.integers(-160, 110))
)


def as_numpy(x: float, dtype: str) -> float:
    with np.errstate(over="ignore"):
        return float(np.asarray(x, dtype="float64").astype(TYPES[dtype]))


@each_dtype
@given(x=NUMBERS)
@example(x=1e-8)
@example(x=-0.0)
@example(x=65519.999)
@example(x=65520.0)
@example(x=1.7976931348623157e308)
@example(x=2.0**-25)
@example(x=2.0**-150)
@example(x=1 - 2.0**-25)
def test_rounding_is_that_of_numpy(dtype: str, x: float) -> None:
    found, expected = round_to(x, dtype), as_numpy(x, dtype)
    if dtype == "bfloat16":
        # ml_dtypes rounds a double to float32 first: that may end at the neighbour.
        assert lower(found, dtype) <= expected <= upper(found, dtype)
        return
    assert found == expected
    assert math.copysign(1, found) == math.copysign(1, expected)


@each_dtype
@given(x=st.floats(width=32) | st.floats(width=16))
def test_rounding_float32_is_exact(dtype: str, x: float) -> None:
    """Without a second rounding, so that bfloat16 is the same too."""
    assert math.isnan(round_to(x, dtype)) if math.isnan(x) else round_to(x, dtype) == as_numpy(x, dtype)


@each_dtype
@given(x=NUMBERS, y=NUMBERS)
def test_rounding_keeps_the_order(dtype: str, x: float, y: float) -> None:
    x, y = sorted((x, y))
    assert round_to(x, dtype) <= round_to(y, dtype)
    assert round_to(round_to(x, dtype), dtype) == round_to(x, dtype)


@pytest.mark.parametrize("dtype", ["", "int32", "complex64"])
def test_other_types_are_left_alone(dtype: str) -> None:
    assert round_to(1 + 1e-12, dtype) == 1 + 1e-12
    assert lower(0.1, dtype) == upper(0.1, dtype) == 0.1


@each_dtype
def test_formats(dtype: str) -> None:
    facts = ml_dtypes.finfo(TYPES[dtype])
    bits, lowest, largest = FORMATS[dtype]
    assert (bits, 2.0**lowest, largest) == (
        facts.nmant + 1,
        float(facts.smallest_subnormal),
        float(facts.max),
    )


@each_small_dtype
@given(x=st.floats(-1e4, 1e4) | st.floats(-1, 1))
@example(x=0.0)
@example(x=1.0)
@example(x=-1.0)
def test_one_step_reaches_the_neighbour_or_beyond(dtype: str, x: float) -> None:
    """A step is that of the number: where its power of two begins, the next smaller number is half a step away."""
    near = TYPES[dtype](round_to(x, dtype))
    below, above = (float(np.nextafter(near, TYPES[dtype](end))) for end in (-inf, inf))
    x = float(near)
    assert lower(x, dtype) <= below < x < above <= upper(x, dtype)
    assert upper(x, dtype) - lower(x, dtype) <= 2 * (above - below)


@each_small_dtype
@given(x=NUMBERS, steps=st.integers(1, 64))
def test_steps_down_mirror_steps_up(dtype: str, x: float, steps: int) -> None:
    x = round_to(x, dtype)
    assert upper(x, dtype, steps) == -lower(-x, dtype, steps)
    assert lower(x, dtype, steps + 1) <= lower(x, dtype, steps)
    assert lower(x, dtype, steps) < x or math.isinf(x)


@each_dtype
def test_steps_at_the_ends(dtype: str) -> None:
    largest = FORMATS[dtype].largest
    assert lower(inf, dtype) == largest, "what overflowed may just not have"
    assert upper(-inf, dtype) == -largest
    assert upper(inf, dtype) == inf
    assert lower(-inf, dtype) == -inf
    if dtype != "float64":
        assert upper(largest, dtype) == inf


@pytest.mark.parametrize(
    ("x", "dtype", "expected"),
    [
        (1e-8, "float32", float(np.float32(1e-8))),
        (1e-38, "float32", 0.0),
        (1e-40, "bfloat16", 0.0),
        (2.0**-126, "float32", 2.0**-126),
        (1e-38, "float64", 1e-38),
        (1e-7, "float16", 2.0**-23),  # a subnormal of float16, which is computed with in float32
        (1e-8, "float16", 0.0),
    ],
)
def test_as_computed(x: float, dtype: str, expected: float) -> None:
    assert as_computed(x, dtype) == expected
    assert as_computed(-x, dtype) == -expected
    assert math.copysign(1, as_computed(-x, dtype)) == -1


@pytest.mark.parametrize(
    ("dtype", "lost", "kept", "power_of_ten"),
    [
        ("float32", 2.0**-25, 3e-8, 1e-7),
        ("float16", 2.0**-12, 2.5e-4, 1e-3),
        ("bfloat16", 2.0**-9, 2e-3, 1e-2),
        ("float64", 2.0**-54, 6e-17, 1e-15),
    ],
)
def test_which_epsilon_survives(dtype: str, lost: float, kept: float, power_of_ten: float) -> None:
    assert vanishes_in_one(lost, dtype)
    assert not vanishes_in_one(kept, dtype)
    assert smallest_surviving(dtype) == power_of_ten
