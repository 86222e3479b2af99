"""What a verification looks like on a terminal, in a line, and in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, nan

import pytest

from bcelint.reporting.style import Style
from bcelint.verify import text
from bcelint.verify.model import BackendVerdict, FixVerdict, Verdict, Verification, Witness
from tests.verify.builders import finding

PLAIN = Style(False)
WITNESS = Witness((("z", 10.0), ("y", 0.0)), "fit", inf, nan, -inf, 0.5)
CONFIRMED = BackendVerdict(
    "tensorflow",
    Verdict.CONFIRMED,
    "z = 10, y = 0: the loss is inf",
    WITNESS,
    ("cannot fall below 0.3133 for y = 1",),
    (("z = 0, y = 1: fit", "0.4741"),),
)
RESCUED = BackendVerdict("jax", Verdict.RESCUED, "Keras finds the logits")
PASSED = FixVerdict("drop the sigmoid", True, "the loss has its exact values")
FAILED = FixVerdict("drop the sigmoid", False, "it cannot be applied")


def verification(*verdicts: BackendVerdict, evaluated: str = "1 unit, sigmoid") -> Verification:
    return Verification(finding(), evaluated, verdicts)


def test_lines() -> None:
    made = verification(replace(CONFIRMED, fix=PASSED), replace(RESCUED, fix=FAILED))
    assert list(text.lines(made, PLAIN)) == [
        "confirmed on TensorFlow: z = 10, y = 0: the loss is inf",
        "    evaluated: 1 unit, sigmoid",
        "    - cannot fall below 0.3133 for y = 1",
        "    fix passed: drop the sigmoid: the loss has its exact values",
        "rescued on JAX: Keras finds the logits",
        "    fix FAILED: drop the sigmoid: it cannot be applied",
    ]


def test_a_refuted_finding_asks_for_a_report() -> None:
    made = verification(BackendVerdict("torch", Verdict.REFUTED, "the loss has its exact values"), evaluated="")
    (line,) = text.lines(made, PLAIN)
    assert line == f"refuted on PyTorch: the loss has its exact values; {text.DEFECT}"
    assert "please report it" in line


def test_long_lines_are_wrapped_and_keep_their_words() -> None:
    words = " ".join(["a" * 30] * 12)
    made = verification(replace(CONFIRMED, reason=words, symptoms=(words,)), evaluated=words)
    lines = list(text.lines(made, PLAIN))
    assert max(map(len, lines)) <= 120
    assert sum(line.count("a" * 30) for line in lines) == 36
    assert len(next(iter(text.lines(verification(replace(CONFIRMED, reason="b" * 200)), PLAIN)))) <= 223


def test_colours_change_nothing_but_the_colour() -> None:
    made = verification(replace(CONFIRMED, fix=FAILED), replace(RESCUED, fix=PASSED))
    coloured = list(text.lines(made, Style(True)))
    assert coloured[0].startswith("\x1b[")
    import click

    assert [click.unstyle(line) for line in coloured] == list(text.lines(made, PLAIN))


def test_concise() -> None:
    assert text.concise(verification(CONFIRMED, RESCUED)) == (
        "confirmed on tensorflow (z = 10, y = 0: the loss is inf); rescued on jax (Keras finds the logits)"
    )


def test_summary() -> None:
    missing = BackendVerdict("tensorflow", Verdict.NOT_EVALUATED, "it is about the file")
    made = [
        verification(replace(CONFIRMED, fix=PASSED), RESCUED),
        verification(replace(CONFIRMED, fix=FAILED), RESCUED),
        verification(missing, missing),
    ]
    assert list(text.summary(made[:2], {"tensorflow": "Keras 3.15.1, TensorFlow 2.21.0"})) == [
        "Evaluated 2 findings on TensorFlow (Keras 3.15.1, TensorFlow 2.21.0): 2 confirmed.",
        "Fixes: 1 passed, 1 failed.",
        "Evaluated 2 findings on JAX: 2 rescued.",
    ]
    assert next(iter(text.summary([verification(missing)], {}))) == (
        "Evaluated 1 finding on TensorFlow: 1 not evaluated."
    )
    assert list(text.summary([], {})) == []


@pytest.mark.parametrize(
    ("verdicts", "overall"),
    [
        ([Verdict.RESCUED, Verdict.CONFIRMED], Verdict.CONFIRMED),
        ([Verdict.RESCUED, Verdict.NOT_EVALUATED], Verdict.RESCUED),
        ([Verdict.CONFIRMED, Verdict.REFUTED], Verdict.REFUTED),
        ([Verdict.NOT_EVALUATED], Verdict.NOT_EVALUATED),
        ([], Verdict.NOT_EVALUATED),
    ],
)
def test_one_verdict_for_all_backends(verdicts: list[Verdict], overall: Verdict) -> None:
    made = verification(*(BackendVerdict("tensorflow", verdict, "") for verdict in verdicts))
    assert text.overall(made) is overall


def test_json_is_strict() -> None:
    made = text.record(verification(replace(CONFIRMED, fix=PASSED), RESCUED), {"tensorflow": "Keras 3.15.1"})
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["verdict"] == "confirmed"
    assert made["evaluated"] == "1 unit, sigmoid"
    first, second = made["backends"]
    assert first == {
        "backend": "tensorflow",
        "versions": "Keras 3.15.1",
        "verdict": "confirmed",
        "reason": "z = 10, y = 0: the loss is inf",
        "witness": {
            "inputs": [{"name": "z", "value": 10.0}, {"name": "y", "value": 0.0}],
            "mode": "fit",
            "expression": "loss",
            "value": "inf",
            "gradient": "NaN",
            "expected": "-inf",
            "expected_gradient": 0.5,
        },
        "symptoms": ["cannot fall below 0.3133 for y = 1"],
        "measured": [{"what": "z = 0, y = 1: fit", "value": "0.4741"}],
        "fix": {"message": "drop the sigmoid", "passed": True, "reason": "the loss has its exact values"},
    }
    assert (second["versions"], second["witness"], second["fix"]) == (None, None, None)
    assert text.record(verification(evaluated=""), {})["evaluated"] is None
