"""Where Keras finds the logits behind an activation: real programs, run by Keras and evaluated by ``bcelint verify``.

What each program computes is written in ``rescue_programs``. Importing a backend takes seconds and so does every model,
which is why all programs share one test for each backend; a test that fails prints the whole table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bcelint.linting import Job, Linted, lint
from bcelint.selection import RuleSet
from bcelint.source import Source, read
from bcelint.verify.model import BackendVerdict, Verdict, Verification
from bcelint.verify.planning import Options
from bcelint.verify.session import Limits
from bcelint.verify.verification import Verifier
from tests.expectations import ALL
from tests.verify.rescue_programs import DOUBLE, LOGITS, NONE, ROWS, Row

ROOT = Path(__file__).parents[2]
DOUBLED = frozenset({"BCE101", "BCE108"})
# Of these it is measured that training computes what evaluating does, compiled by XLA too.
TRAINED = ("Dense, string", "then Reshape", "mixed_float16", "softmax")
VERDICTS = {LOGITS: Verdict.RESCUED, DOUBLE: Verdict.CONFIRMED, NONE: Verdict.NOT_EVALUATED}

Seen = dict[str, str]

needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")


def compare(rows: Sequence[Row], expected: Callable[[Row], Seen], seen: Callable[[Row], Seen]) -> None:
    """Fail with a table of all rows unless each is as expected."""
    lines, wrong = [], 0
    for row in rows:
        wanted, found = expected(row), seen(row)
        differs = wanted != found
        wrong += differs
        shown = ", ".join(f"{way}: {kind}" for way, kind in found.items())
        lines.append(f"{row.name:42} {shown}")
        if differs:
            lines.append(f"{'':36} not    {', '.join(f'{way}: {kind}' for way, kind in wanted.items())}")
    if wrong:
        pytest.fail(f"{wrong} of {len(rows)} rows differ\n" + "\n".join(lines), pytrace=False)


# --- what Keras computes ----------------------------------------------------------------------------------------------


def training(row: Row) -> str:
    """How training is measured: ``fit``, ``step`` where its predictions are others, or not at all."""
    if row.evaluated:
        return "step"
    return "fit" if row.graph != row.eager or "train_step" in row.text or row.name in TRAINED else ""


def run(rows: Iterable[Row], backend: str) -> dict[str, Any]:
    """What every program computes, run by Keras on a backend in one process."""
    programs = [
        {"name": row.name, "text": row.text, "entry": row.entry, "formula": row.formula, "fits": training(row)}
        for row in rows
    ]
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.verify.reality"],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def on_tensorflow(row: Row) -> Seen:
    def with_warning(kind: str) -> str:
        return f"{kind}, with a warning" if kind == LOGITS else kind

    if row.entry:
        return {row.entry: with_warning(row.eager if row.graph == NONE else row.graph)}
    wanted = {
        "graph, evaluate": with_warning(row.evaluated or row.graph),
        "eager, evaluate": with_warning(row.evaluated or row.eager),
    }
    if training(row) == "step":
        wanted |= {"graph, step": with_warning(row.graph), "eager, step": with_warning(row.eager)}
    elif training(row):
        wanted |= {f"{compiler}, fit": with_warning(row.graph) for compiler in ("graph", "XLA")}
    return wanted


def seen_in(found: dict[str, Any]) -> Callable[[Row], Seen]:
    def seen(row: Row) -> Seen:
        answer = found[row.name]
        return answer if isinstance(answer, dict) else {"raised": answer}

    return seen


def test_what_keras_computes_on_tensorflow() -> None:
    compare(ROWS, on_tensorflow, seen_in(run(ROWS, "tensorflow")))


@needs_jax
def test_what_keras_computes_on_jax() -> None:
    """Nothing is found there, and nothing is said."""
    rows = [row for row in ROWS if not row.needs_tensorflow]
    compare(rows, lambda row: {row.entry or "graph, evaluate": row.jax}, seen_in(run(rows, "jax")))


# --- what verify says -------------------------------------------------------------------------------------------------


def linted(row: Row) -> tuple[Source, Linted, Job]:
    source = read("train.py", row.text.encode())
    job = Job("train.py", "train.py", RuleSet(DOUBLED, ALL))
    return source, lint(source, job), job


def verified(rows: Sequence[Row], backend: str) -> dict[str, list[Verification]]:
    with Verifier(Options((backend,), Limits(120.0))) as verifier:
        found = verifier.verify([linted(row) for row in rows])
    return {row.name: of_file for row, of_file in zip(rows, found, strict=True)}


def kinds(verdict: BackendVerdict) -> Seen:
    """For each way in which ``verify`` has computed the loss whether that was the exact one."""
    values: dict[str, dict[str, float]] = {}
    for what, value in verdict.measured:
        at, _, way = what.partition(": ")
        if way:
            values.setdefault(way, {})[at] = float(value)
    right = values.pop("exact", {})
    return {
        way: LOGITS if all(of_way[at] == pytest.approx(right[at], rel=0.01, abs=1e-3) for at in of_way) else DOUBLE
        for way, of_way in values.items()
    }


def judged(backend: str, verifications: dict[str, list[Verification]], ways: dict[str, str]) -> Callable[[Row], Seen]:
    """What is said of all findings of a program: the verdict, and the loss in some of the ways it was computed."""

    def seen(row: Row) -> Seen:
        found: dict[str, set[str]] = {}
        for verification in verifications[row.name]:
            (verdict,) = verification.backends
            assert verdict.backend == backend
            found.setdefault("verdict", set()).add(verdict.verdict.value)
            for way, kind in kinds(verdict).items():
                if way in ways:
                    found.setdefault(ways[way], set()).add(kind)
        return {name: " or ".join(sorted(those)) for name, those in found.items()} or {"verdict": "silent"}

    return seen


def expected_on_tensorflow(row: Row) -> Seen:
    if row.silent:
        return {"verdict": "silent"}
    deciding = row.eager if row.graph == NONE else row.graph
    if row.verdict:
        return {"verdict": row.verdict}
    return {
        "verdict": VERDICTS[deciding].value,
        **{way: kind for way, kind in (("graph", row.graph), ("eager", row.eager)) if kind != NONE},
    }


def test_verdicts_on_tensorflow() -> None:
    """The verdict, and which loss is computed in a graph and run eagerly."""
    ways = {
        "fit": "graph",
        "fit, run eagerly": "eager",
        "called in a compiled function": "graph",
        "called eagerly": "eager",
        "called": "eager",
    }
    seen = judged("tensorflow", verified(ROWS, "tensorflow"), ways)

    def asked(row: Row) -> Seen:
        wanted = expected_on_tensorflow(row)
        return {name: kind for name, kind in seen(row).items() if name in wanted}

    compare(ROWS, expected_on_tensorflow, asked)


@needs_jax
def test_verdicts_on_jax() -> None:
    seen = judged("jax", verified(ROWS, "jax"), {"fit": "fit"})

    def expected(row: Row) -> Seen:
        if row.silent:
            return {"verdict": "silent"}
        in_fit = {"fit": DOUBLE} if row.jax == DOUBLE and not row.entry else {}
        if "train_step, loss" in row.name:
            in_fit = {}
        return {"verdict": VERDICTS[row.jax].value, **in_fit}

    compare(ROWS, expected, seen)
