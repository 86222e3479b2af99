"""Where a loss leaves the numbers, and where it only looks as if it did; expressions written by hand."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field, replace
from math import inf
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bcelint.inference.numeric.expressions import Expression, Input, Role, apply, inputs, number, of_input, rebuild
from bcelint.inference.numeric.inputs import with_implied_ranges
from bcelint.inference.numeric.sites import Site, find, is_epsilon

from . import support
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
    simplex,
    text,
    times,
    total,
    unknown,
    where,
)

Y, P, Z, R, S, U = labels(), prediction(), logits(), positive(), simplex(), unknown()
Q = minus(1.0, P)
GUESSED = unknown("p", Role.PREDICTION)  # a prediction before its use says what it is


def written(value: float) -> Expression:
    """A number that stands somewhere in a file, so that a fix could change it."""
    return number(value, ast.parse(repr(value), mode="eval").body)


def cross_entropy(of_p: Expression, of_q: Expression) -> Expression:
    return do("negative", mean(add(times(Y, of_p), times(minus(1.0, Y), of_q))))


def the_site(root: Expression) -> Site:
    found = list(find(root))
    assert len(found) == 1, [(site.kind, text(site.part)) for site in found]
    return found[0]


# --- what is left alone -----------------------------------------------------------------------------------------------

OR_ELSE = where(do("equal", Y, 1.0), P, Q)
SAFE = where(do("greater", P, 0.0), P, 1.0)

LEFT_ALONE: dict[str, Expression] = {
    "log(p + 1e-15)": log(add(P, 1e-15)),
    "log(p + 1e-8)": log(add(P, 1e-8)),
    "log(1e-8 + p)": log(add(1e-8, P)),
    "log(1 - p + 1e-7)": log(add(Q, 1e-7)),
    "log(1 + 1e-7 - p)": log(minus(1 + 1e-7, P)),
    "log(1 - p + 6e-8)": log(add(Q, 6e-8)),
    "both with 1e-7": cross_entropy(log(add(P, 1e-7)), log(add(Q, 1e-7))),
    "log(maximum(1 - p, 1e-8))": log(maximum(Q, 1e-8)),
    "log(maximum(p, 1e-15))": log(maximum(P, 1e-15)),
    "the upper bound is 1, but only log(p) follows": log(clip(P, 1e-15, 1 - 1e-15)),
    "a lower bound only": log(clip(P, 1e-8, 1.0)),
    "clip 1e-7 before both": cross_entropy(
        log(clip(P, 1e-7, 1 - 1e-7)), log(minus(1.0, clip(P, 1e-7, 1 - 1e-7)))
    ),
    "abs(p) + eps": log(add(do("abs", P), 1e-8)),
    "abs(z) + eps": log(add(do("abs", Z), 1e-8)),
    "a guard behind a choice": log(where(do("equal", Y, 1.0), add(P, 1e-8), add(Q, 1e-7))),
    "a guard before a choice": log(add(OR_ELSE, 1e-8)),
    "a maximum before a choice": log(maximum(OR_ELSE, 1e-8)),
    "a guard carried through 1 - p": log(minus(1.0, clip(Q, 1e-7, 1 - 1e-7))),
    "a guard carried through y p + (1 - y)(1 - p)": log(add(add(times(Y, P), times(minus(1.0, Y), Q)), 1e-7)),
    "log of a constant": log(add(times(P, 0.0), 2.0)),
    "log of a number": log(0.0),
    "log of labels": log(Y),
    "log of labels and a prediction apart": add(log(Y), P),
    "log of what is unknown": log(U),
    "log of an unknown prediction": log(GUESSED),
    "log of an unknown sum": log(add(U, 1.0)),
    "log of a prediction and what is unknown": log(times(P, U)),
    "log of an operation that is unknown": log(do("opaque", P)),
    "log of a range without 0": log(prediction(low=0.1)),
    "an end that underflow reaches only": log(prediction(attained=False)),
    "log(exp(z))": log(do("exp", Z)),
    "log(sum(exp(z)))": log(total(do("exp", Z), -1)),
    "log1p(p)": do("log1p", P),
    "log1p(exp(-abs(z)))": do("log1p", do("exp", do("negative", do("abs", Z)))),
    "log1p(-p) that is clipped": do("log1p", do("negative", clip(P, 1e-7, 1 - 1e-7))),
    "xlogy, where both are 0": do("xlogy", P, P),
    "the double where": where(do("greater", P, 0.0), log(SAFE), 0.0),
    "a where of what is unknown that lets 0 through": where(do("less", GUESSED, 0.5), log(GUESSED), 0.0),
    "a sum of classes": log(total(S, -1)),
    "the largest of the classes": log(do("max", S, axis=-1)),
    "their mean": log(do("mean", S, axis=-1)),
    "focal with integers": times(power(Q, 2.0), log(add(P, 1e-8))),
    "a power above 1": power(Q, 1.5),
    "a power of what is clipped": power(clip(P, 1e-7, 1.0), 0.5),
    "a power of labels": power(Y, 0.5),
    "sqrt, which is no log": do("sqrt", P),
    "an element by element quotient": over(P, Q),
    "dice with a constant": minus(1.0, over(add(total(times(Y, P)), 1.0), add(add(total(Y), total(P)), 1.0))),
    "dice with a small constant": over(add(total(times(Y, P)), 1e-7), add(add(total(Y), total(P)), 1e-7)),
    "dice with divide_no_nan": do("divide_no_nan", total(times(Y, P)), add(total(Y), total(P))),
    "a ratio whose denominator is at least eps": over(total(times(Y, P)), maximum(total(Y), 1e-7)),
    "float16 with 1e-3": log(add(minus(1.0, prediction("float16")), 1e-3)),
    "float16 p + 1e-7": log(add(prediction("float16"), 1e-7)),
    "bfloat16, which no compiler gathers": log(add(minus(1.0, prediction("bfloat16")), 1e-8)),
    "float64 with 1e-15": log(minus(1.0, clip(prediction("float64"), 1e-15, 1 - 1e-15))),
    "float64 1 - p + 1e-15": log(add(minus(1.0, prediction("float64")), 1e-15)),
    "an expm1 that is written out": log(add(minus(do("exp", P), 1.0), 1.0)),
    "a stable loss": do("binary_crossentropy_from_logits", Y, Z),
    "softplus": add(do("softplus", Z), do("log_sigmoid", Z)),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str) -> None:
    assert [(site.kind, text(site.part)) for site in find(LEFT_ALONE[name])] == []


# --- faults -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A loss, and what is said of it; ``witness`` by the keys of the inputs."""

    root: Expression
    witness: dict[str, float]
    reached: float = 0.0
    kind: str = "log"
    compiled: bool = False
    epsilons: tuple[float, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)


FAULTS: dict[str, Fault] = {
    "log(p)": Fault(log(P), {"p": 0.0}),
    "log(1 - p)": Fault(log(Q), {"p": 1.0}),
    "log(ones_like(p) - p)": Fault(log(minus(do("ones_like", P), P)), {"p": 1.0}),
    "log of tanh": Fault(log(prediction(low=-1.0)), {"p": -1.0}, -1.0),
    "log of logits": Fault(log(Z), {"z": -200.0}, -200.0),
    "log2(p)": Fault(do("log2", P), {"p": 0.0}),
    "log(relu)": Fault(log(R), {"r": 0.0}),
    "log(p / (1 - p))": Fault(log(over(P, Q)), {"p": 0.0}),
    "log1p(-p)": Fault(do("log1p", do("negative", P)), {"p": 1.0}),
    "xlogy(y, p)": Fault(do("xlogy", Y, P), {"p": 0.0}),
    "log(1 - sigmoid(z))": Fault(log(minus(1.0, do("identity", sigmoid(Z)))), {"z": 200.0}),
    "log(p * y)": Fault(log(times(P, Y)), {"p": 0.0, "y": 0.0}),
    "log of a choice": Fault(log(OR_ELSE), {"p": 1.0, "y": 0.0}),
    "log(round(p))": Fault(log(do("round", P)), {"p": 0.0}),
    "log(mean(p))": Fault(log(mean(P)), {"p": 0.0}),
    "log(max(softmax, axis=0))": Fault(log(do("max", S, axis=0)), {"s": 0.0}),
    "log(softmax)": Fault(log(S), {"s": 0.0}),
    "log(p) + eps": Fault(add(log(P), written(1e-7)), {"p": 0.0}, more={"outside": 1e-7}),
    "log(p) - eps": Fault(minus(log(P), written(1e-7)), {"p": 0.0}, more={"outside": 1e-7}),
    "clip 1e-15": Fault(
        log(minus(1.0, do("clip", P, written(1e-15), written(1 - 1e-15)))),
        {"p": 1.0},
        epsilons=(1 - 1e-15, 1e-15),
    ),
    "clip 1e-8": Fault(
        log(minus(1.0, do("clip", P, written(1e-8), written(1 - 1e-8)))), {"p": 1.0}, epsilons=(1 - 1e-8, 1e-8)
    ),
    "clip between 0 and 1": Fault(log(clip(P, 0.0, 1.0)), {"p": 0.0}),
    "log(1 + 1e-8 - p)": Fault(log(minus(written(1 + 1e-8), P)), {"p": 1.0}, epsilons=(1 + 1e-8,)),
    "log(1 - (p - 1e-8))": Fault(log(minus(1.0, minus(P, written(1e-8)))), {"p": 1.0}, epsilons=(1e-8,)),
    "log(1 - p + 1e-8)": Fault(log(add(Q, written(1e-8))), {"p": 1.0}, compiled=True, epsilons=(1e-8,)),
    "log(1e-8 + (1 - p))": Fault(log(add(written(1e-8), Q)), {"p": 1.0}, compiled=True, epsilons=(1e-8,)),
    "log(ones_like(p) - p + 1e-8)": Fault(
        log(add(minus(do("ones_like", P), P), written(1e-8))), {"p": 1.0}, compiled=True, epsilons=(1e-8,)
    ),
    "log(1 - sigmoid(z) + 1e-8)": Fault(
        log(add(minus(1.0, sigmoid(Z)), written(1e-8))), {"z": 200.0}, compiled=True, epsilons=(1e-8,)
    ),
    "log(1 - p + 1e-15) of a clip": Fault(
        log(add(minus(1.0, clip(P, 0.0, 1.0)), written(1e-15))), {"p": 1.0}, compiled=True, epsilons=(1e-15,)
    ),
    "log(p + 1e-40)": Fault(log(add(P, written(1e-40))), {"p": 0.0}, epsilons=(1e-40,)),
    "float16 clip 1e-7": Fault(
        log(minus(1.0, do("clip", prediction("float16"), written(1e-7), written(1 - 1e-7)))),
        {"p": 1.0},
        epsilons=(1 - 1e-7, 1e-7),
    ),
    "float16 p + 1e-8": Fault(log(add(prediction("float16"), written(1e-8))), {"p": 0.0}, epsilons=(1e-8,)),
    "float16 1 - p + 1e-7": Fault(
        log(add(minus(1.0, prediction("float16")), written(1e-7))), {"p": 1.0}, compiled=True, epsilons=(1e-7,)
    ),
    "float16 after a cast": Fault(
        log(minus(1.0, do("clip", do("cast", P, dtype="float16"), written(1e-7), written(1 - 1e-7)))),
        {"p": 1.0},
        epsilons=(1 - 1e-7, 1e-7),
    ),
    "bfloat16 clip 1e-3": Fault(
        log(minus(1.0, do("clip", prediction("bfloat16"), written(1e-3), written(1 - 1e-3)))),
        {"p": 1.0},
        epsilons=(1 - 1e-3, 1e-3),
    ),
    "sqrt(p) as a power": Fault(power(P, 0.5), {"p": 0.0}, kind="power"),
    "(1 - p) ** 0.25": Fault(power(Q, 0.25), {"p": 1.0}, kind="power"),
    "(1 - p + 1e-8) ** 0.5": Fault(
        power(add(Q, written(1e-8)), 0.5), {"p": 1.0}, kind="power", compiled=True, epsilons=(1e-8,)
    ),
    "dice": Fault(
        over(times(total(times(Y, P)), 2.0), add(total(Y), total(P))), {"y": 0.0, "p": 0.0}, kind="division"
    ),
    "a mean over a mask": Fault(over(total(times(Y, log(add(P, 1e-8)))), total(Y)), {"y": 0.0}, kind="division"),
    "iou": Fault(
        over(total(times(Y, P)), minus(add(total(Y), total(P)), total(times(Y, P)))),
        {"y": 0.0, "p": 0.0},
        kind="division",
    ),
    "where": Fault(where(do("greater", P, 0.0), log(P), 0.0), {"p": 0.0}, kind="where"),
    "where, the other way round": Fault(
        where(do("equal", P, 0.0), 0.0, log(P)), {"p": 0.0}, kind="where", more={"branch": False}
    ),
    "where before a square root": Fault(where(do("greater", P, 0.0), do("sqrt", P), 0.0), {"p": 0.0}, kind="where"),
    "where before a power": Fault(where(do("greater", P, 0.0), power(P, 0.5), 0.0), {"p": 0.0}, kind="where"),
    "where of what is unknown": Fault(
        where(do("greater", GUESSED, 0.0), log(GUESSED), 0.0), {"p": 0.0}, kind="where"
    ),
    "where that tests something else": Fault(where(do("equal", Y, 1.0), log(P), 0.0), {"p": 0.0}),
    "where that tests too little": Fault(where(do("less", P, 0.5), log(P), 0.0), {"p": 0.0}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str) -> None:
    fault = FAULTS[name]
    site = the_site(fault.root)
    assert site.kind == fault.kind
    assert {source.key: value for source, value in site.witness} == fault.witness
    assert site.reached == fault.reached
    assert site.compiled is fault.compiled
    assert {epsilon.number for epsilon in site.epsilons} == set(fault.epsilons)
    assert (site.outside.number if site.outside is not None else None) == fault.more.get("outside")
    assert site.branch is fault.more.get("branch", True)
    assert (site.inner is not None) is (fault.kind == "where")


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.kind != "where"])
def test_it_happens(tensorflow: ModuleType, keras3: ModuleType, name: str) -> None:
    """The operation itself, in TensorFlow, with the witness: no finite value, or no finite slope."""
    fault = FAULTS[name]
    site = the_site(fault.root)
    half = any(source.dtype == "float16" for source in inputs(site.part).values())
    value, slopes = value_and_slopes(
        tensorflow,
        keras3,
        site.part,
        fault.witness,
        traced=fault.compiled,
        xla=fault.compiled and half,
    )
    assert not np.isfinite(slopes).all() if fault.kind == "power" else not math.isfinite(value)


def value_and_slopes(
    tf: Any, keras: Any, root: Expression, values: dict[str, float], *, traced: bool = False, xla: bool = False
) -> tuple[float, list[float]]:
    """Of the first element; what is not given is 1."""
    library = support.tensorflow_library(tf, keras)
    given = {
        key: tf.constant([[values.get(str(key), 1.0)] * 3] * 2, source.dtype) for key, source in inputs(root).items()
    }

    def run(*tensors: Any) -> Any:
        with tf.GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            value = library.value(root, dict(zip(given, tensors, strict=True)))
        return value, [tf.zeros([1]) if slope is None else slope for slope in tape.gradient(value, list(tensors))]

    value, slopes = (tf.function(run, autograph=False, jit_compile=xla) if traced else run)(*given.values())
    return float(support.doubles(value)[0]), [float(support.doubles(slope)[0]) for slope in slopes]


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.kind == "where"])
def test_a_choice_keeps_the_value_and_not_the_slope(tensorflow: ModuleType, keras3: ModuleType, name: str) -> None:
    fault = FAULTS[name]
    site = the_site(fault.root)
    assert site.part is fault.root
    assert site.inner is fault.root.operands[1 if site.branch else 2]
    # The slope of a square root is only lost with XLA.
    root = site.inner.operation == "sqrt"
    value, slopes = value_and_slopes(tensorflow, keras3, fault.root, fault.witness, traced=root, xla=root)
    assert math.isfinite(value)
    assert math.isnan(slopes[0])
    assert math.isfinite(value_and_slopes(tensorflow, keras3, LEFT_ALONE["the double where"], {"p": 0.0})[1][0])


# --- losses as a whole ------------------------------------------------------------------------------------------------


def kinds(root: Expression) -> list[tuple[str, bool]]:
    return [(site.kind, site.compiled) for site in find(root)]


def test_every_log_of_a_loss_is_reported() -> None:
    assert kinds(cross_entropy(log(P), log(Q))) == [("log", False)] * 2
    assert kinds(cross_entropy(log(add(P, 1e-8)), log(add(minus(1.0, P), 1e-8)))) == [("log", True)]


def test_a_log_that_is_used_twice_is_reported_once() -> None:
    once = log(P)
    assert kinds(add(times(Y, once), times(2.0, once))) == [("log", False)]


def test_ranges_that_the_use_implies() -> None:
    root = cross_entropy(log(GUESSED), log(minus(1.0, GUESSED)))
    assert kinds(root) == []
    assert kinds(with_implied_ranges(root)) == [("log", False)] * 2


@pytest.mark.parametrize(
    ("loss", "shared"),
    [
        (log(add(minus(1.0, P), 1e-8)), False),
        (times(power(Q, 2.0), log(add(Q, 1e-8))), True),
        (times(power(minus(1.0, P), 2.0), log(add(minus(1.0, P), 1e-8))), True),
        (times(power(minus(1.0, Y), 2.0), log(add(minus(1.0, P), 1e-8))), False),
    ],
    ids=lambda x: text(x) if isinstance(x, Expression) else "",
)
def test_a_difference_that_has_other_uses(loss: Expression, shared: bool) -> None:
    """A graph leaves that one alone, XLA does not."""
    site = the_site(loss)
    assert site.compiled
    assert site.shared is shared


def together(outer: str, inner: Expression) -> Expression:
    """Operations that are written in one function."""
    function = ast.parse("def loss(y, z): ...").body[0]
    inner = rebuild(inner, lambda part: replace(part, function=function) if part.operands else part)
    return apply(outer, inner, function=function)


@pytest.mark.parametrize(
    ("root", "twin", "operand"),
    [
        (together("log", sigmoid(Z)), "log_sigmoid", Z),
        (together("log", minus(1.0, sigmoid(Z))), "log_sigmoid of the negative", Z),
        (together("log", add(1.0, do("exp", Z))), "softplus", Z),
    ],
)
def test_stable_twins(root: Expression, twin: str, operand: Expression) -> None:
    site = the_site(root)
    assert site.twin == twin
    assert site.operand is operand
    assert site.epsilons == ()


def test_a_sigmoid_of_another_function_is_a_prediction() -> None:
    site = the_site(log(sigmoid(Z)))
    assert (site.kind, site.twin, {s.key: v for s, v in site.witness}) == ("log", "", {"z": -200.0})


def test_unknown_inputs_of_a_ratio() -> None:
    """Sums of a prediction of which nothing is known can be 0, be they weighed with what is not known."""
    assert kinds(over(total(times(Y, GUESSED)), total(GUESSED))) == [("division", False)]
    assert kinds(over(total(times(U, GUESSED)), total(times(U, GUESSED)))) == [("division", False)]
    assert kinds(over(total(U), total(U))) == []


def test_the_interval_is_that_of_the_operand() -> None:
    site = the_site(log(minus(1.0, clip(P, 0.5, 1.0))))
    assert site.interval == (0.0, 0.5, False)


def test_many_inputs_are_left_alone() -> None:
    many = [of_input(Input(i, Role.PREDICTION, 0.0, 1.0, known=True)) for i in range(7)]
    product = many[0]
    for each in many[1:]:
        product = times(product, each)
    assert kinds(log(product)) == []
    assert kinds(log(product.operands[0])) == [("log", False)]


def test_nested_choices() -> None:
    inner = where(do("less", P, 0.9), log(Q), 0.0)
    outer = where(do("greater", P, 0.1), inner, 0.0)
    assert kinds(outer) == [("where", False)]
    assert kinds(where(do("less", P, 2.0), where(do("greater", P, 0.5), log(Q), 0.0), 0.0)) == [("log", False)]


def test_choices_that_are_not_nested_enough_to_follow() -> None:
    deep = log(P)
    for i in range(10):
        deep = where(do("greater", P, i / 100), deep, 0.0)
    assert all(site.kind in ("log", "where") for site in find(deep))


@pytest.mark.parametrize("value", [1e-15, 1e-7, 1e-2, 1 - 1e-15, 1 - 1e-7, 1 + 1e-8, -1e-8])
def test_numbers_that_keep_something_off(value: float) -> None:
    assert is_epsilon(value)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5, 0.1, 2.0, -1.0, inf])
def test_numbers_that_do_not(value: float) -> None:
    assert not is_epsilon(value)
