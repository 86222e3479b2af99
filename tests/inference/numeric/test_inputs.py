"""What the use of an input says of it, and which values are tried."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from bcelint.inference.numeric.expressions import Expression, Input, Role, apply, inputs, of_input
from bcelint.inference.numeric.inputs import assignments, holds, values_to_try, with_implied_ranges

from .support import (
    add,
    clip,
    do,
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
    text,
    times,
    total,
    unknown,
    where,
)

# A prediction of which nothing is known, something else, and labels.
P, U, Y = unknown("p", Role.PREDICTION), unknown(), labels()
PROBABILITY, REAL = (0.0, 1.0), (-inf, inf)
CROSS_ENTROPY = add(times(Y, log(P)), times(minus(1.0, Y), log(minus(1.0, P))))


def implied(root: Expression, key: str) -> tuple[float, float] | None:
    source = inputs(with_implied_ranges(root))[key]
    return (source.low, source.high) if source.known else None


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (log(P), PROBABILITY),
        (CROSS_ENTROPY, PROBABILITY),
        (log(minus(1.0, P)), PROBABILITY),
        (minus(do("ones_like", P), P), PROBABILITY),
        (log(add(P, 1e-8)), PROBABILITY),
        (log(maximum(P, 1e-8)), PROBABILITY),
        (log(clip(P, 1e-7, 1 - 1e-7)), PROBABILITY),
        (times(U, clip(P, 1e-7, 1 - 1e-7)), PROBABILITY),
        (do("binary_crossentropy", Y, P), PROBABILITY),
        (log(where(do("equal", Y, 1.0), P, minus(1.0, P))), PROBABILITY),
        (log(do("identity", do("cast", P, dtype="float32"))), PROBABILITY),
        (sigmoid(P), REAL),
        (log(sigmoid(P)), REAL),
        (add(do("softplus", P), times(P, 0.5)), REAL),
        (log(add(1.0, do("exp", P))), REAL),
        (log(add(1.0, do("exp", times(do("negative", Y), P)))), REAL),
        (do("binary_crossentropy_from_logits", Y, P), REAL),
        (sigmoid(minus(1.0, sigmoid(P))), REAL),
        # squashed and used as a probability: squashed wins
        (add(sigmoid(P), minus(1.0, P)), REAL),
        (P, None),
        (times(Y, P), None),
        (do("square", minus(Y, P)), None),
        (mean(do("abs", minus(P, Y))), None),
        (log(do("square", P)), None),
        (add(log(P), do("sqrt", P)), None),
        (clip(P, -1.0, 1.0), None),
        (clip(P, 0.0, 5.0), None),
        (minus(2.0, P), None),
    ],
    ids=lambda x: text(x) if isinstance(x, Expression) else str(x),
)
def test_what_the_use_of_a_prediction_says(root: Expression, expected: tuple[float, float] | None) -> None:
    assert implied(root, "p") == expected


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (sigmoid(U), REAL),
        (log(sigmoid(U)), REAL),
        (add(sigmoid(U), do("log_sigmoid", U)), REAL),
        (add(sigmoid(U), U), None),
        (log(U), None),
        (minus(1.0, U), None),
        (do("exp", U), None),
    ],
    ids=lambda x: text(x) if isinstance(x, Expression) else str(x),
)
def test_of_other_tensors_only_a_sigmoid_says_something(root: Expression, expected: tuple[float, float] | None) -> None:
    assert implied(root, "u") == expected


def test_what_is_known_stays() -> None:
    known = prediction(low=0.25, high=0.5)
    assert implied(sigmoid(known), "p") == (0.25, 0.5)
    root = log(known)
    assert with_implied_ranges(root) is root
    assert implied(sigmoid(Y), "y") == (0, 1)


def test_all_uses_of_an_input_get_its_range() -> None:
    found = with_implied_ranges(CROSS_ENTROPY)
    assert all(source.known for source in inputs(found).values())
    assert {source.low for source in inputs(found).values()} == {0.0}


@pytest.mark.parametrize(
    ("test", "marks"),
    [
        (do("equal", Y, -1.0), (-1.0,)),
        (do("not_equal", Y, 255.0), (255.0,)),
        (do("not_equal", -1.0, Y), (-1.0,)),
        (do("less", Y, 0.0), (-1.0,)),
        (do("greater_equal", Y, 0.0), (-1.0,)),
        (do("greater", Y, -1.0), (-1.0,)),
        (do("equal", Y, 1.0), ()),
        (do("greater", Y, 0.5), ()),
        (do("equal", prediction(), -1.0), ()),
        (do("equal", Y, prediction()), ()),
    ],
    ids=lambda x: text(x) if isinstance(x, Expression) else str(x),
)
def test_labels_that_a_loss_tests_for(test: Expression, marks: tuple[float, ...]) -> None:
    root = with_implied_ranges(where(test, times(Y, prediction()), 0.0))
    source = inputs(root)["y"]
    assert source.marks == marks
    assert (source.low, source.high) == (min(0.0, *marks, 0.0), max(1.0, *marks, 1.0))
    assert values_to_try(source) == (0.0, 1.0, *marks)


def input_of(expression: Expression) -> Input:
    assert expression.source is not None
    return expression.source


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (input_of(Y), (0.0, 1.0)),
        (input_of(prediction()), (0.0, 1.0, 0.5)),
        (input_of(logits()), (0.0, 1.0, -1.0, 30.0, -30.0, 200.0, -200.0)),
        (input_of(positive()), (0.0, 0.5, 1.0, 200.0)),
        (input_of(prediction(low=-1.0)), (-1.0, 1.0, 0.5, 0.0)),
        (input_of(prediction(low=0.25, high=0.75)), (0.25, 0.75, 0.5)),
        (input_of(U), ()),
        (input_of(P), ()),
    ],
    ids=lambda x: x.key if isinstance(x, Input) else "",
)
def test_values_to_try(source: Input, expected: tuple[float, ...]) -> None:
    assert sorted(values_to_try(source)) == sorted(expected)
    assert all(source.low <= value <= source.high for value in expected)


def test_an_end_that_is_not_attained_is_not_tried() -> None:
    source = replace(input_of(positive()), attained=False)
    assert values_to_try(source) == (0.5, 1.0, 200.0)


def test_assignments() -> None:
    sources = [input_of(e) for e in (Y, prediction(), U)]
    found = list(assignments(sources, values_to_try))
    assert len(found) == 2 * 3
    assert found[0] == {"y": 0.0, "p": 0.0}
    assert {"y": 1.0, "p": 0.5} in found
    assert all("u" not in values for values in found)
    assert list(assignments([], values_to_try)) == [{}]


@pytest.mark.parametrize(("count", "is_tried"), [(6, True), (7, False)])
def test_too_many_inputs(count: int, is_tried: bool) -> None:
    sources = [Input(i, Role.LABELS, 0.0, 1.0, known=True) for i in range(count)]
    assert len(list(assignments(sources, values_to_try))) == (2**count if is_tried else 0)


@pytest.mark.parametrize(
    ("test", "values", "yes", "no"),
    [
        (do("greater", prediction(), 0.5), {"p": 1.0}, True, False),
        (do("greater", prediction(), 0.5), {"p": 0.0}, False, True),
        (do("greater", U, 0.5), {}, True, True),
        (apply("and", do("less", U, 1.0), do("less", Y, 1.0)), {"y": 0.0}, True, True),
    ],
)
def test_holds(test: Expression, values: dict[Any, float], yes: bool, no: bool) -> None:
    assert holds(test, values, True) is yes
    assert holds(test, values, False) is no


def test_sums_and_powers_say_nothing() -> None:
    assert implied(over(total(times(Y, P)), total(P)), "p") is None
    assert implied(power(P, 2.0), "p") is None
    assert implied(of_input(input_of(P)), "p") is None
