"""From the values of a metric to a verdict: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bcelint.verify.experiments import MetricExperiment
from bcelint.verify.model import BackendVerdict, Verdict, Witness
from bcelint.verify.symptoms import number

_NOTICEABLE = 1e-3


def judge(experiment: MetricExperiment, answer: Mapping[str, Any], backend: str) -> BackendVerdict:
    """The verdict on one backend."""
    if "failure" in answer:
        return BackendVerdict(backend, Verdict.NOT_EVALUATED, answer["failure"])
    batches = answer["result"]["batches"]
    rows = tuple((_describe(batch), _values(batch)) for batch in batches)
    name = str(experiment.metric)
    broken = next((batch["as_written_error"] for batch in batches if "as_written_error" in batch), "")
    if broken:
        return BackendVerdict(backend, Verdict.CONFIRMED, f"Keras raises {broken}", measured=rows)
    missing = next((batch["expected_error"] for batch in batches if "expected_error" in batch), "")
    if missing:
        return BackendVerdict(backend, Verdict.NOT_EVALUATED, f"the right metric raises {missing}", measured=rows)
    worst = max(batches, key=lambda batch: abs(batch["as_written"] - batch["expected"]))
    if abs(worst["as_written"] - worst["expected"]) < _NOTICEABLE:
        return BackendVerdict(backend, Verdict.REFUTED, f"{name} is right for all batches", measured=rows)
    value, right = number(worst["as_written"]), number(worst["expected"])
    reason = f"{name} is {value} where {experiment.right} on probabilities is {right} ({_describe(worst)})"
    witness = Witness(
        (), "test_on_batch", worst["as_written"], None, worst["expected"], expression=experiment.metric.name
    )
    return BackendVerdict(backend, Verdict.CONFIRMED, reason, witness, measured=rows)


def agrees(answer: Mapping[str, Any]) -> str:
    """Why a metric is not what it should be; empty where it is."""
    if "failure" in answer:
        return str(answer["failure"])
    for batch in answer["result"]["batches"]:
        for key in ("as_written_error", "expected_error"):
            if key in batch:
                return str(batch[key])
        if abs(batch["as_written"] - batch["expected"]) > _tolerance(batch):
            return f"it is {number(batch['as_written'])} instead of {number(batch['expected'])} ({_describe(batch)})"
    return ""


def _tolerance(batch: Mapping[str, Any]) -> float:
    expected: float = batch["expected"]
    return 1e-5 * max(1.0, abs(expected))


def _describe(batch: Mapping[str, Any]) -> str:
    flat = [value for row in batch["z"] for value in row]
    rows = len(batch["z"])
    units = f" of {len(batch['z'][0])} labels" if len(batch["z"][0]) > 1 else ""
    return f"{rows} examples{units}, logits from {min(flat):g} to {max(flat):g}"


def _values(batch: Mapping[str, Any]) -> str:
    written = batch.get("as_written_error") or number(batch["as_written"])
    right = batch.get("expected_error") or number(batch["expected"])
    return f"{written}, should be {right}"
