"""``bcelint inspect`` as it is used: what it says of scripts and notebooks, its formats, its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bcelint import inspection
from bcelint.inspection import HeadSeen, Inspection, ModelSeen, OutputSeen, PairSeen, Spot, Verdict
from bcelint.linting import Job
from bcelint.reporting import inspection_json, inspection_text
from bcelint.reporting.model import FileReport
from bcelint.reporting.style import Style
from bcelint.selection import RuleSet
from bcelint.source import Position
from tests.cli.samples import CLEAN, DOUBLE_SIGMOID, PLAIN
from tests.conftest import Run
from tests.expectations import ALL

CLAIMS = """\
import argparse

import tensorflow as tf
from somewhere import Head, make_model

parser = argparse.ArgumentParser()
parser.add_argument("--activation", default="sigmoid")
args = parser.parse_args()


def focal(y_true, y_pred):
    p = tf.sigmoid(y_pred)
    return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p))


inputs = tf.keras.Input((224, 224, 3))
x = tf.keras.applications.ResNet50(include_top=False, pooling="avg")(inputs)
model = tf.keras.Model(
    inputs,
    {
        "fraud": tf.keras.layers.Dense(1, activation="sigmoid", name="fraud")(x),
        "kind": tf.keras.layers.Dense(5, name="kind")(x),
        "age": tf.keras.layers.Dense(1, name="age")(x),
    },
)
model.compile(
    optimizer="adam",
    loss={
        "fraud": tf.keras.losses.BinaryCrossentropy(from_logits=True),
        "kind": tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "age": "mse",
    },
    metrics={"fraud": ["accuracy"], "kind": [tf.keras.metrics.CategoricalAccuracy()]},
)
model.fit(dataset)

screening = tf.keras.Sequential([tf.keras.layers.Dense(1, activation=args.activation)])
screening.compile(loss="binary_crossentropy", metrics=["accuracy"])
screening.fit(dataset)

other = tf.keras.Sequential([tf.keras.layers.Dense(64, activation="relu"), Head(2)])
other.compile(loss="categorical_crossentropy")
other.fit(dataset)

third = make_model()
third.compile(loss=focal)
third.fit(dataset)
third.compile(loss="binary_crossentropy")
"""

TABLE = """\
claims.py
  model   18  model (functional, trained)             3 outputs
                fraud                                 probabilities: sigmoid at 21, 1 unit
                kind                                  any number: Dense without activation at 22, 5
                                                      units
                age                                   any number: Dense without activation at 23, 1
                                                      unit
  model   37  screening (Sequential, trained)         the activation is not known: it comes from the
                                                      command line (`argparse.ArgumentParser`)
  model   41  other (Sequential, trained)             the layer `somewhere.Head` is unknown: add it
                                                      under [tool.bcelint.layers]
  loss    11  focal                                   written by hand: BCE205 unstable-log at 13;
                                                      BCE205 unstable-log at 13
  loss    29  BinaryCrossentropy                      expects logits, from_logits at 29
  loss    30  SparseCategoricalCrossentropy           expects logits, from_logits at 30
  loss    31  MeanSquaredError                        not a cross-entropy
  loss    38  BinaryCrossentropy                      expects probabilities
  loss    42  CategoricalCrossentropy                 expects probabilities that sum to 1
  loss    48  BinaryCrossentropy                      expects probabilities
  metric  33  accuracy                                no fault found
  metric  33  CategoricalAccuracy                     no fault found
  metric  38  accuracy                                not decided: the output is not known
  pair    29  model.fraud -> BinaryCrossentropy       BCE101 double-sigmoid
  pair    30  model.kind ->                           fits
              SparseCategoricalCrossentropy
  pair    31  model.age -> MeanSquaredError           not judged: not a cross-entropy
  pair    38  screening -> BinaryCrossentropy         not decided: the activation is not known: it
                                                      comes from the command line
                                                      (`argparse.ArgumentParser`)
  pair    42  other -> CategoricalCrossentropy        not decided: the layer `somewhere.Head` is
                                                      unknown: add it under [tool.bcelint.layers]
  pair    46  ? -> focal                              not judged: the loss is written by hand
  pair    48  ? -> BinaryCrossentropy                 not decided: the model `somewhere.make_model`
                                                      is unknown: add it under [tool.bcelint.layers]

"""


def notebook(*cells: str) -> str:
    """A notebook with a Markdown cell before the code."""
    code = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": dedent(source)}
        for source in cells
    ]
    title = {"cell_type": "markdown", "metadata": {}, "source": "# title"}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [title, *code]})


def words(text: str) -> list[str]:
    """The rows of a table without their layout."""
    return [" ".join(line.split()) for line in text.splitlines()]


# --- text ------------------------------------------------------------------------------------------------------------


def test_the_table(folder: Path, bcelint: Run) -> None:
    (folder / "claims.py").write_text(CLAIMS)
    result = bcelint("inspect")
    assert result.stdout == TABLE
    assert result.stderr == "Checked 1 file: 5 head/loss pairs, 3 could not be decided; 3 findings.\n"
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_a_notebook(folder: Path, bcelint: Run) -> None:
    cells = (
        """\
        %pip install keras
        import keras
        """,
        """\
        model = keras.Sequential()
        model.add(keras.layers.Dense(10, activation="softmax"))
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        """,
        "model.fit(x, y)",
    )
    (folder / "digits.ipynb").write_text(notebook(*cells))
    result = bcelint("inspect", "digits.ipynb")
    assert result.stdout == dedent(
        """\
        digits.ipynb
          model   cell 3:1  model (Sequential, trained)             probabilities that sum to 1: softmax at
                                                                    cell 3:2, 10 units
          loss    cell 3:3  SparseCategoricalCrossentropy           expects probabilities that sum to 1
          metric  cell 3:3  accuracy                                no fault found
          pair    cell 3:3  model -> SparseCategoricalCrossentropy  fits

        """
    )


def test_alternatives(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(
        dedent(
            """\
            import sys
            import keras
            num_classes = int(sys.argv[1])

            def build():
                if num_classes == 2:
                    head = keras.layers.Dense(1, activation="sigmoid")
                else:
                    head = keras.layers.Dense(num_classes, activation="softmax")
                return keras.Sequential([head])

            model = build()
            model.compile(loss="binary_crossentropy" if num_classes == 2 else "categorical_crossentropy")
            model.fit(x, y)
            """
        )
    )
    assert words(bcelint("inspect").stdout)[1:] == [
        "model 10 build() (Sequential, trained) probabilities: sigmoid at 7, 1 unit (where",
        "`num_classes == 2`)",
        "or probabilities that sum to 1: softmax at 9 (where",
        "not `num_classes == 2`)",
        "loss 13 BinaryCrossentropy expects probabilities",
        "loss 13 CategoricalCrossentropy expects probabilities that sum to 1",
        "pair 13 build() -> BinaryCrossentropy fits (where `num_classes == 2`)",
        "pair 13 build() -> CategoricalCrossentropy fits (where not `num_classes == 2`)",
        "",
    ]


def test_training_loops(folder: Path, bcelint: Run) -> None:
    (folder / "loop.py").write_text(
        dedent(
            """\
            import tensorflow as tf

            class Critic(tf.keras.Model):
                def __init__(self):
                    super().__init__()
                    self.out = tf.keras.layers.Dense(1)

                def call(self, inputs):
                    return self.out(inputs)

            critic = Critic()
            bce = tf.keras.losses.BinaryCrossentropy()
            with tf.GradientTape() as tape:
                loss = bce(tf.ones((8, 1)), critic(images, training=True))
            tape.gradient(loss, critic.trainable_variables)
            """
        )
    )
    rows = words(bcelint("inspect").stdout)
    assert rows[1] == "model 11 critic (Critic) any number: Dense without activation at 6, 1 unit"
    assert rows[3] == "pair 14 critic -> BinaryCrossentropy BCE102 missing-sigmoid"


def test_parts_of_models_are_no_models(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(
        dedent(
            """\
            import keras

            backbone = keras.applications.ResNet50(include_top=False)
            block = keras.Sequential([keras.layers.Dense(32, activation="relu")])
            inputs = keras.Input((8, 8, 3))
            outputs = keras.layers.Dense(1)(block(backbone(inputs)))
            model = keras.Model(inputs, outputs)
            """
        )
    )
    rows = words(bcelint("inspect").stdout)
    assert rows == ["train.py", "model 7 model (functional) any number: Dense without activation at 6, 1 unit", ""]


@pytest.mark.parametrize(
    ("options", "row"),
    [
        ((), "pair 9 model -> BinaryCrossentropy BCE101 double-sigmoid"),
        (
            ("--ignore", "BCE101"),
            "pair 9 model -> BinaryCrossentropy BCE101 double-sigmoid (suppressed or not selected)",
        ),
    ],
)
def test_findings_that_are_not_reported(folder: Path, bcelint: Run, options: tuple[str, ...], row: str) -> None:
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    rows = words(bcelint("inspect", *options).stdout)
    assert row in " ".join(rows)


def test_files_that_do_not_parse(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(DOUBLE_SIGMOID + "def f(:\n")
    (folder / "binary.py").write_bytes(b"import keras; loss = '\xff'\n")
    result = bcelint("inspect")
    rows = words(result.stdout)
    assert rows[:3] == ["binary.py", "finding 1 BCE902 unreadable-file: not valid utf-8: byte 0xff", ""]
    assert "finding 12 BCE900 invalid-syntax: " in " ".join(rows)
    assert "pair 9 model -> BinaryCrossentropy BCE101 double-sigmoid" in rows
    assert result.exit_code == 0


def test_files_without_anything_are_counted(folder: Path, bcelint: Run) -> None:
    (folder / "plain.py").write_text(PLAIN)
    (folder / "data.py").write_text("import tensorflow as tf\n")
    (folder / "train.py").write_text(CLEAN)
    result = bcelint("inspect")
    assert result.stdout.startswith("train.py\n")
    assert result.stdout.endswith("\n1 file with no model, loss or metric that is understood\n")
    assert result.stderr == "Checked 3 files, 2 of them analysed: 1 head/loss pair, all decided; no findings.\n"
    assert bcelint("inspect", "plain.py").stdout == "plain.py\n  no model, loss or metric that is understood\n\n"


def test_what_takes_too_many_steps_says_so(folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bcelint.inference.interpreter.MAX_STEPS", 5)
    (folder / "train.py").write_text(CLEAN)
    result = bcelint("inspect")
    assert "  not analysed to the end\n" in result.stdout
    assert result.stderr.startswith("warning: train.py: not analysed to the end")
    assert result.stderr.endswith("; 1 file not analysed to the end.\n")


def test_another_file_is_named_before_the_row() -> None:
    here, there = Spot("train.py", Position(None, 9, 1)), Spot("src/models.py", Position(None, 4, 7))
    head = HeadSeen("probability", "sigmoid", 1, 0.0, 1.0, "Dense", there)
    model = ModelSeen("model", "Sequential", there, True, True, (OutputSeen(1, "", head, "", ((),)),))
    pair = PairSeen(here, Verdict.FITS, "BinaryCrossentropy", "model", head=head)
    seen = Inspection(FileReport("train.py"), (model,), pairs=(pair,))
    assert words("\n".join(inspection_text.render(seen, Style()))) == [
        "train.py",
        "model src/models.py:4 model (Sequential, trained) probabilities: sigmoid at src/models.py:4, 1",
        "unit",
        "pair 9 model -> BinaryCrossentropy fits",
    ]
    assert inspection_json.record(seen)["models"][0]["filename"] == "src/models.py"


@pytest.mark.parametrize(("choice", "colored"), [("always", True), ("never", False), ("auto", False)])
def test_colour(folder: Path, bcelint: Run, choice: str, colored: bool) -> None:
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    assert ("\x1b[1;31mBCE101 double-sigmoid\x1b[0m" in bcelint("inspect", "--color", choice).stdout) is colored


# --- JSON ------------------------------------------------------------------------------------------------------------


def at(row: int, column: int) -> dict[str, Any]:
    return {"filename": "train.py", "cell": None, "location": {"row": row, "column": column}}


def test_json(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    result = bcelint("inspect", "--output-format", "json")
    head = {
        "domain": "probability",
        "activation": "sigmoid",
        "units": 1,
        "low": 0.0,
        "high": 1.0,
        "layer": "Dense",
        "made": at(5, 38),
    }
    finding = {
        "code": "BCE101",
        "name": "double-sigmoid",
        "severity": "error",
        "message": "the output ends in a sigmoid, and the loss applies a sigmoid to it again",
        "reported": True,
        **at(9, 10),
    }
    assert json.loads(result.stdout) == [
        {
            "filename": "train.py",
            "models": [
                {
                    "name": "model",
                    "kind": "Sequential",
                    **at(3, 9),
                    "compiled": True,
                    "trained": True,
                    "outputs": [{"number": 1, "name": None, "head": head, "reason": None, "branches": [[]]}],
                }
            ],
            "losses": [
                {
                    "name": "BinaryCrossentropy",
                    **at(9, 10),
                    "expects": "logits",
                    "from_logits": True,
                    "told": at(9, 54),
                    "written": False,
                    "findings": [],
                }
            ],
            "metrics": [],
            "pairs": [
                {
                    **at(9, 10),
                    "verdict": "fault",
                    "model": "model",
                    "output": None,
                    "head": head,
                    "loss": "BinaryCrossentropy",
                    "expects": "logits",
                    "context": "compile",
                    "branch": [],
                    "reason": None,
                    "findings": [finding],
                }
            ],
            "findings": [],
            "decided": 1,
            "undecided": 0,
            "complete": True,
            "failure": None,
        }
    ]
    assert result.stderr == "Checked 1 file: 1 head/loss pair, all decided; 1 finding.\n"


def test_json_says_why(folder: Path, bcelint: Run) -> None:
    (folder / "claims.py").write_text(CLAIMS)
    (record,) = json.loads(bcelint("inspect", "--output-format", "json").stdout)
    assert [pair["verdict"] for pair in record["pairs"]] == [
        "fault",
        "fits",
        "not judged",
        "undecided",
        "undecided",
        "not judged",
        "undecided",
    ]
    reason = "the layer `somewhere.Head` is unknown: add it under [tool.bcelint.layers]"
    assert record["pairs"][4]["reason"] == reason
    assert record["models"][2]["outputs"] == [
        {"number": 1, "name": None, "head": None, "reason": reason, "branches": [[]]}
    ]
    # An open interval has no number for its end: JSON has no infinity.
    assert record["models"][0]["outputs"][1]["head"]["low"] is None


def test_json_of_nothing(folder: Path, bcelint: Run) -> None:
    assert json.loads(bcelint("inspect", "--output-format", "json").stdout) == []


# --- statistics ------------------------------------------------------------------------------------------------------


def test_statistics(folder: Path, bcelint: Run) -> None:
    (folder / "claims.py").write_text(CLAIMS)
    (folder / "more.py").write_text(CLAIMS.replace("args.activation", "args.final").replace("make_model", "build"))
    result = bcelint("inspect", "--statistics")
    assert result.stdout == dedent(
        """\
        models       6, of which the output of 2 is known
        pairs        10
        decided      4 (40.0%)
        not decided  6
            2  the activation is not known: it comes from the command line (`...`)
            2  the layer `...` is unknown: add it under [tool.bcelint.layers]
            2  the model `...` is unknown: add it under [tool.bcelint.layers]
        not judged   4 (not a cross-entropy, or written by hand)
        """
    )
    assert result.stderr == "Checked 2 files: 10 head/loss pairs, 6 could not be decided; 6 findings.\n"
    figures = json.loads(bcelint("inspect", "--statistics", "--output-format", "json").stdout)
    reasons = figures.pop("reasons")
    assert figures == {
        "models": 6,
        "known_models": 2,
        "pairs": 10,
        "decided": 4,
        "undecided": 6,
        "share": 0.4,
        "not_judged": 4,
    }
    assert reasons[0] == {
        "reason": "the activation is not known: it comes from the command line (`...`)",
        "count": 2,
    }


def test_statistics_of_nothing(folder: Path, bcelint: Run) -> None:
    (folder / "plain.py").write_text(PLAIN)
    assert "decided      0\n" in bcelint("inspect", "--statistics").stdout
    figures = json.loads(bcelint("inspect", "--statistics", "--output-format", "json").stdout)
    assert figures["share"] is None


# --- options and exit status -----------------------------------------------------------------------------------------


def test_standard_input(bcelint: Run) -> None:
    result = bcelint("inspect", "-", "--stdin-filename", "sub/train.py", stdin=DOUBLE_SIGMOID)
    assert result.stdout.startswith("sub/train.py\n  model  3  model (Sequential, trained)")
    assert result.exit_code == 0
    assert bcelint("inspect", "-", "train.py").exit_code == 2


def test_output_file(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(CLEAN)
    assert bcelint("inspect", "-o", "seen.txt").stdout == ""
    assert (folder / "seen.txt").read_text().startswith("train.py\n")
    result = bcelint("inspect", "-o", "gone/seen.txt")
    assert result.stderr.startswith("error: --output-file: gone/seen.txt: ")
    assert result.exit_code == 2


def test_quiet_and_verbose(folder: Path, bcelint: Run) -> None:
    (folder / "claims.py").write_text(CLAIMS)
    assert bcelint("inspect", "-q").stderr == ""
    lines = bcelint("inspect", "-v").stderr.splitlines()
    assert lines[0] == "claims.py: 2 pairs decided, 3 undecided, 3 findings"
    assert lines[2] == (
        "claims.py:42:20: not decided: the layer `somewhere.Head` is unknown: add it under [tool.bcelint.layers]"
    )
    assert bcelint("inspect", "-q", "-v").exit_code == 2


def test_what_is_missing(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(CLEAN)
    result = bcelint("inspect", "gone.py", "train.py")
    assert result.stdout.startswith("train.py\n")
    assert result.stderr.splitlines() == [
        "error: gone.py: No such file or directory",
        "Checked 1 file: 1 head/loss pair, all decided; no findings; 1 path could not be opened.",
    ]
    assert result.exit_code == 2
    assert bcelint("inspect", "gone.py").exit_code == 2
    (folder / "train.py").unlink()
    result = bcelint("inspect")
    assert result.stderr.splitlines() == [
        "warning: no Python files or notebooks found under the given paths",
        "Checked 0 files: no findings.",
    ]
    assert result.exit_code == 0


def test_mistakes_in_the_configuration(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(CLEAN)
    (folder / "bcelint.toml").write_text('select = ["BCE999"]')
    result = bcelint("inspect")
    assert result.stderr.startswith("error: ")
    assert result.exit_code == 2


def test_a_fault_of_ours_names_the_file_and_the_others_go_on(
    folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("other.py", "train.py"):
        (folder / name).write_text(CLEAN)
    understood = inspection.understood

    def fail(source: Any, *arguments: Any) -> Inspection:
        if source.path == "other.py":
            raise KeyError("some key")
        return understood(source, *arguments)

    monkeypatch.setattr(inspection, "understood", fail)
    result = bcelint("inspect")
    assert result.stdout.startswith("train.py\n")
    assert "error: other.py: internal error: KeyError" in result.stderr
    assert result.stderr.endswith("; no findings; 1 file could not be dealt with.\n")
    assert result.exit_code == 2
    records = json.loads(bcelint("inspect", "--output-format", "json").stdout)
    assert records[0]["failure"].startswith("internal error")
    assert records[0]["complete"] is False


def test_unreadable_files_are_findings(folder: Path, bcelint: Run) -> None:
    (folder / "secret.py").symlink_to("/proc/self/mem")  # opens, but cannot be read, even by root
    result = bcelint("inspect")
    assert "BCE902 unreadable-file: could not be read: " in " ".join(words(result.stdout))
    assert result.exit_code == 0


def test_a_worker_that_dies() -> None:
    seen = inspection.lost(Job("train.py", "train.py", RuleSet(ALL, ALL)))
    assert "process" in seen.report.failure


def test_the_number_of_workers_changes_nothing(folder: Path, bcelint: Run) -> None:
    for number in range(6):
        (folder / f"n{number}.py").write_text(CLAIMS + "# comment\n" * number)
    runs = [bcelint("inspect", "-j", jobs) for jobs in ("1", "3")]
    assert runs[0].stdout.count("double-sigmoid") == 6
    assert len({(run.stdout, run.stderr) for run in runs}) == 1


def test_code_is_read_and_never_run(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(CLEAN + "\nopen('ran', 'w').close()\n")
    assert bcelint("inspect").exit_code == 0
    assert not (folder / "ran").exists()


def test_help(bcelint: Run) -> None:
    text = bcelint("inspect", "--help").stdout
    assert "The code is read and never run." in text
    assert "--statistics" in text
    assert "inspect" in bcelint("--help").stdout
