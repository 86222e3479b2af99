"""Evaluates the write-ups in ``fixtures/seeds`` and writes the table of the README: what each says, and what is true.

    python -m benchmarks.sources

prints the table; tests/verify/test_sources.py compares it with the README. The numbers are those of
``bcelint verify fixtures/seeds --sound`` on TensorFlow and JAX.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}
_HEAD = "| | script | what the write-up says | `check` | `verify` measures | so |\n|---|---|---|---|---|---|"


class Row(NamedTuple):
    """A claim, the script that shows it, the text of the line that is evaluated, and what comes of the claim."""

    source: str
    script: str
    claim: str
    line: str
    truth: str


ROWS = (
    Row(
        "S1",
        "s1_small_probabilities",
        "logs of small probabilities outweigh the rest, so the loss turns negative",
        "positive = keras.losses",
        "false: no term is negative",
    ),
    Row("S1", "s1_wrong_sign", "an error in an own implementation", "return ops.mean(log_likelihood", "true"),
    Row(
        "S1",
        "s1_logits_used_directly",
        "logits used directly",
        "loss='binary_crossentropy'",
        "a fault, but nothing is negative",
    ),
    Row("S1", "s1_float_artefact", "float precision", "return -tf.reduce_mean", "true, and no more than this"),
    Row("S2", "s2_evaluation_logits", "on the logits 2.0, -1.0, 0.5", "unexpected = ", "clipped"),
    Row("S2", "s2_evaluation_logits", "on their sigmoid", "expected = binary_crossentropy(y_true, prob", "right"),
    Row("S2", "s2_evaluation_labels", "labels -1, 1, -1", 'print("labels -1/1:"', "meaningless"),
    Row("S2", "s2_evaluation_labels", "labels 1, 0, 1", 'print("labels  0/1:"', "right"),
    Row("S2", "s2_evaluation_clip", "probabilities 1e-15, 0.9999999, 0.5", 'print("as they are:"', "right"),
    Row("S2", "s2_evaluation_clip", "the same, clipped at 1e-15", 'print("after the clip:"', "the clip does nothing"),
    Row("S2", "s2_evaluation_clip", "that clip as a cure", "terms = y_true", "false: none in float32"),
    Row("S3", "s3_averaging_and_underflow", "y = 1, p = 0.9: 0.10536", "loss_one =", "true"),
    Row("S3", "s3_averaging_and_underflow", "five probabilities: 8.970951", "loss_batch =", "false"),
    Row("S3", "s3_averaging_and_underflow", "five logits: -1.3446677, by underflow", "loss_logits =", "false"),
    Row("S4", "s4_floor_of_the_loss", "Keras stops near 1.09e-7", "neuron.compile", "not on TensorFlow"),
    Row("S4", "s4_smaller_epsilon", "the clip by epsilon is why", "m.compile", "true where it clips"),
    Row("S4", "s4_four_curves", "a loss without the clip overflows", "return -(y_true", "true"),
    Row("S5", "s5_from_logits_meaning", "K equals tf.nn on raw outputs", "from_logits=True))", "true"),
    Row("S5", "s5_from_logits_meaning", "and on sigmoid outputs", "from_logits=False))", "true"),
    Row("S5", "s5_crossed_pairs", "(left out: a sigmoid, from_logits=True)", "twice =", "wrong"),
    Row("S5", "s5_crossed_pairs", "(left out: raw outputs without it)", "clipped =", "wrong"),
)


def evaluate() -> list[dict[str, Any]]:
    """What the command says, as JSON."""
    options = [word for backend in BACKENDS for word in ("--backend", backend)]
    command = [sys.executable, "-m", "bcelint", "verify", "fixtures/seeds", "--sound", "--isolated", *options]
    done = subprocess.run(
        [*command, "--output-format", "json", "--exit-zero"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def table(records: list[dict[str, Any]]) -> str:
    """The table as Markdown."""
    return "\n".join([_HEAD, *(_row(row, records) for row in ROWS)])


def _row(row: Row, records: list[dict[str, Any]]) -> str:
    path = f"fixtures/seeds/{row.script}.py"
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, start=1) if row.line in line)
    rows = range(number, number + 4)
    here = [r for r in records if r["filename"] == path and r["location"]["row"] in rows]
    record = min(here, key=lambda r: r["location"]["row"])
    code = record["code"] or "clean"
    script = f"[{row.script.partition('_')[2]}]({path})"
    return f"| {row.source} | {script} | {row.claim} | {code} | {_measured(record)} | {row.truth} |"


def _measured(record: dict[str, Any]) -> str:
    """What the backends measure; once where they say the same."""
    said = {BACKENDS[b["backend"]]: _words(b) for b in record["verification"]["backends"]}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{backend}: {reason}" for backend, reason in said.items())


def _words(backend: dict[str, Any]) -> str:
    """The reason, after whether a pair without a finding is exact, or a loss finite."""
    # Why a function itself did not run is for those who run it.
    reason = str(backend["reason"]).split("; `", 1)[0]
    for quality in ("exact", "finite"):
        if backend.get(quality) is not None:
            return f"{'' if backend[quality] else 'not '}{quality}: {reason}"
    return reason


if __name__ == "__main__":
    print(table(evaluate()))
