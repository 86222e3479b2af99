"""What the code of a finding becomes with its fix, and where its parts are then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from textwrap import dedent
from typing import TypeVar

import pytest

from bcelint.findings import Finding
from bcelint.inference.facts import Fact, MetricUse, Numeric, Pairing, SwappedArguments
from bcelint.linting import Job, Linted, lint
from bcelint.selection import RuleSet
from bcelint.source import Source, read
from bcelint.verify.after_fix import Fixed, NotFixed, fixed
from tests.expectations import ALL

SomeFact = TypeVar("SomeFact", bound=Fact)
JOB = Job("train.py", "train.py", RuleSet(ALL, ALL))

MODEL = """
    import keras

    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1{activation})])
    model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics={metrics})
"""
TWO_LOGS = """
    import keras
    import tensorflow as tf


    def my_bce(y_true, y_pred):
        positive = y_true * tf.math.log(y_pred)
        negative = (1 - y_true) * tf.math.log(1 - y_pred)
        return -tf.reduce_mean(positive + negative, axis=-1)


    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", loss=my_bce)
"""


def checked(code: str) -> tuple[Source, Linted]:
    source = read("train.py", dedent(code).lstrip("\n").encode())
    return source, lint(source, JOB)


def of_code(linted: Linted, code: str) -> Finding:
    return next(finding for finding in linted.findings if finding.code == code)


def after(code: str, rule: str) -> tuple[Finding, Fixed]:
    source, linted = checked(code)
    finding = of_code(linted, rule)
    return finding, fixed(source, linted, finding, JOB)


def fact(finding: Finding, kind: type[SomeFact]) -> SomeFact:
    assert isinstance(finding.fact, kind)
    return finding.fact


def test_a_pair_after_its_fix() -> None:
    finding, made = after(MODEL.format(activation=', activation="sigmoid"', metrics='["accuracy"]'), "BCE101")
    now = made.pairing(fact(finding, Pairing))
    assert "from_logits" not in made.source.text
    assert not now.loss.from_logits
    assert now.head.activation == "sigmoid"
    assert made.linted.findings == ()


def test_a_metric_after_its_fix() -> None:
    finding, made = after(MODEL.format(activation="", metrics='["accuracy", keras.metrics.Precision()]'), "BCE401")
    use = fact(finding, MetricUse)
    assert use.name == "accuracy"
    assert made.metric(use).name == "BinaryAccuracy"
    assert made.metric(use).place.row == use.place.row
    # Only its own fix is made: the other metric is as it was.
    assert "keras.metrics.Precision()" in made.source.text


def test_a_hand_written_loss_gets_the_fixes_of_all_its_faults() -> None:
    finding, made = after(TWO_LOGS, "BCE201")
    numeric = fact(finding, Numeric)
    assert [other.code for other in made.linted.findings] == []
    assert numeric.loss is not None
    now = made.function(numeric.loss)
    assert made.source.line(now.definition.row).startswith("def my_bce(")
    assert now.roles == numeric.loss.roles


def test_a_function_that_moves_down_is_found_again() -> None:
    """A fix may add imports, or move what is above."""
    _, linted = checked(TWO_LOGS)
    numeric = fact(of_code(linted, "BCE201"), Numeric)
    assert numeric.loss is not None
    source, again = checked("# a row more\n\n" + dedent(TWO_LOGS).lstrip("\n"))
    made = Fixed(source, again, lambda place: place.row + 2)
    assert source.line(made.function(numeric.loss).definition.row).startswith("def my_bce(")


def test_rows_after_a_fix_that_changes_their_number() -> None:
    code = """
        import keras

        model = keras.Sequential([
            keras.Input((8,)),
            keras.layers.Dense(1),
            keras.layers.Activation(
                "sigmoid",
            ),
        ])
        model.compile("adam", loss=keras.losses.BinaryCrossentropy(
            from_logits=True,
        ))
    """
    finding, made = after(code, "BCE101")
    now = made.pairing(fact(finding, Pairing))
    assert made.source.line(now.site.row).startswith("model.compile(")


def test_without_a_fix() -> None:
    source, linted = checked(MODEL.format(activation=', activation="sigmoid"', metrics="[]"))
    with pytest.raises(NotFixed, match="there is no fix"):
        fixed(source, linted, replace(linted.findings[0], fix=None), JOB)


@pytest.mark.parametrize(
    ("look", "what"),
    [
        (lambda made, given: made.pairing(given[0]), "the output and the loss"),
        (lambda made, given: made.metric(given[1]), "the metric"),
        (lambda made, given: made.formula(given[2]), "the loss"),
    ],
)
def test_what_is_not_understood_any_more(look: Callable[[Fixed, tuple[object, ...]], object], what: str) -> None:
    source, linted = checked(MODEL.format(activation="", metrics='["accuracy"]'))
    assert linted.analysis is not None
    use = next(f for f in linted.analysis.facts if isinstance(f, MetricUse))
    pairing = next(f for f in linted.analysis.facts if isinstance(f, Pairing))
    _, with_losses = checked(TWO_LOGS)
    assert with_losses.analysis is not None
    (root, *_) = with_losses.analysis.losses
    empty, nothing = checked("x = 1\n")
    with pytest.raises(NotFixed, match=f"after the fix, {what} is not understood|after the fix, {what} are not"):
        look(Fixed(empty, nothing, lambda place: place.row), (pairing, use, root))
    made = Fixed(source, linted, lambda place: place.row)
    assert made.pairing(pairing) == pairing
    assert made.metric(use) == use


def test_a_loss_with_its_arguments_the_wrong_way_round() -> None:
    code = """
        import keras

        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])

        def my_loss(y_pred, y_true):
            return keras.losses.binary_crossentropy(y_true, y_pred)

        model.compile("adam", loss=my_loss)
    """
    finding, made = after(code, "BCE208")
    swapped = fact(finding, SwappedArguments)
    assert swapped.function is not None
    assert "def my_loss(y_true, y_pred)" in made.source.text
    assert made.function(swapped.function).name == "my_loss"
