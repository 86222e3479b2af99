"""Verdicts on metrics, from answers that are written out."""

from __future__ import annotations

from typing import Any

import pytest

from bcelint.verify import metric_verdicts
from bcelint.verify.experiments import MetricExperiment, MetricSpec
from bcelint.verify.model import Verdict

AUC = MetricExperiment(MetricSpec("AUC", True), MetricSpec("AUC", True, (("from_logits", True),)), logits=True)
ACCURACY = MetricExperiment(MetricSpec("accuracy", False), MetricSpec("BinaryAccuracy", True), logits=True)


def batch(**values: Any) -> dict[str, Any]:
    return {"z": [[-2.0], [3.5]], "y": [[0], [1]], **values}


def answer(*batches: dict[str, Any]) -> dict[str, Any]:
    return {"result": {"batches": list(batches)}}


def test_confirmed_by_the_batch_with_the_largest_error() -> None:
    batches = batch(as_written=0.9, expected=0.9), batch(as_written=0.5, expected=0.8333)
    found = metric_verdicts.judge(AUC, answer(*batches), "jax")
    assert found.verdict is Verdict.CONFIRMED
    assert found.backend == "jax"
    assert found.reason == (
        "AUC() is 0.5 where AUC(from_logits=True) on probabilities is 0.8333 (2 examples, logits from -2 to 3.5)"
    )
    assert found.witness is not None
    assert (found.witness.loss, found.witness.expected) == (0.5, 0.8333)
    assert found.witness.expression == "AUC"
    assert [value for _, value in found.measured] == ["0.9, should be 0.9", "0.5, should be 0.8333"]


def test_strings_are_named_as_they_are_written() -> None:
    found = metric_verdicts.judge(ACCURACY, answer(batch(as_written=0.0, expected=1.0)), "tensorflow")
    assert found.reason.startswith('"accuracy" is 0 where BinaryAccuracy() on probabilities is 1')


def test_several_labels() -> None:
    rows = {"z": [[-2.0, 1.0], [3.0, -2.0]], "y": [[0, 1], [1, 0]]}
    found = metric_verdicts.judge(ACCURACY, answer({**rows, "as_written": 0.5, "expected": 1.0}), "tensorflow")
    assert "(2 examples of 2 labels, logits from -2 to 3)" in found.reason


@pytest.mark.parametrize(
    ("off", "verdict"), [(0.0, Verdict.REFUTED), (9e-4, Verdict.REFUTED), (0.01, Verdict.CONFIRMED)]
)
def test_refuted_where_it_is_right_for_all_batches(off: float, verdict: Verdict) -> None:
    found = metric_verdicts.judge(AUC, answer(batch(as_written=0.9 + off, expected=0.9)), "tensorflow")
    assert found.verdict is verdict


def test_what_raises() -> None:
    broken = batch(as_written_error="ValueError: no", expected=1.0)
    found = metric_verdicts.judge(AUC, answer(broken), "tensorflow")
    assert (found.verdict, found.reason) == (Verdict.CONFIRMED, "Keras raises ValueError: no")
    assert found.measured[0][1] == "ValueError: no, should be 1"
    unknown = batch(as_written=1.0, expected_error="ValueError: no")
    found = metric_verdicts.judge(AUC, answer(unknown), "tensorflow")
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, "the right metric raises ValueError: no")


def test_no_answer() -> None:
    found = metric_verdicts.judge(AUC, {"failure": "it did not end in time"}, "tensorflow")
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, "it did not end in time")


def test_after_a_fix() -> None:
    assert metric_verdicts.agrees(answer(batch(as_written=0.9, expected=0.9))) == ""
    assert metric_verdicts.agrees(answer(batch(as_written=0.900001, expected=0.9))) == ""
    fault = metric_verdicts.agrees(answer(batch(as_written=0.9, expected=0.9), batch(as_written=0.5, expected=0.9)))
    assert fault == "it is 0.5 instead of 0.9 (2 examples, logits from -2 to 3.5)"
    assert metric_verdicts.agrees(answer(batch(as_written_error="ValueError: no"))) == "ValueError: no"
    assert metric_verdicts.agrees({"failure": "it did not end in time"}) == "it did not end in time"
