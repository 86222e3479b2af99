"""What ``inspect`` shows of a file is what ``check`` knows of it: the same findings, the same pairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bcelint.inspection import Inspection, Mark, Verdict, inspect_file
from bcelint.linting import Job, check_file
from bcelint.reporting.inspection_text import render
from bcelint.reporting.style import Style
from bcelint.selection import RuleSet
from tests.conftest import Run
from tests.expectations import ALL

FOLDER = Path(__file__).parents[1] / "fixtures"
FIXTURES = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".py", ".ipynb"))


def job(text: str, *, ignore: frozenset[str] = frozenset()) -> Job:
    return Job("train.py", "train.py", RuleSet(ALL - ignore, ALL), text.encode())


def marks(seen: Inspection) -> Iterator[Mark]:
    for each in (*seen.losses, *seen.metrics, *seen.pairs):
        yield from each.findings
    yield from seen.others


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_fixtures(path: Path) -> None:
    made = Job(str(path), path.name, RuleSet(ALL, ALL))
    seen, report = inspect_file(made), check_file(made)
    assert not seen.report.failure
    here = [mark for mark in marks(seen) if mark.reported and mark.spot.shown == path.name]
    shown = {(mark.code, str(mark.spot.position)) for mark in here}
    found = {(finding.code, str(report.listing.position(*finding.place.start))) for finding in report.findings}
    assert shown == found
    undecided = {pair.spot for pair in seen.pairs if pair.verdict is Verdict.UNDECIDED}
    assert len(undecided) == len(report.undecided)
    assert all(pair.reason for pair in seen.pairs if pair.verdict in (Verdict.UNDECIDED, Verdict.NOT_JUDGED))
    assert all(output.head or output.reason for model in seen.models for output in model.outputs)
    if not any(each.spot.shown != path.name for each in (*seen.models, *seen.losses, *seen.pairs)):
        assert all(len(line) <= 100 for line in render(seen, Style()) if line != path.name)


MODELS = """\
import keras

def build(last):
    return keras.Sequential([keras.layers.Dense(1, activation=last)])

def prepare(model, loss):
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model
"""
TRAIN = """\
from models import build, prepare

model = prepare(build(None), "binary_crossentropy")
model.fit(x, y)
"""
PROJECT = """\
src/models.py
  model   4  build() (Sequential)           the activation is not known: `last` is a parameter of
                                            `build`
  loss    7  BinaryCrossentropy             expects probabilities
  metric  7  accuracy                       no fault found
  pair    7  build() -> BinaryCrossentropy  BCE102 missing-sigmoid

src/train.py
  model  models.py:4  build() (Sequential, trained)  any number: Dense without activation at
                                                     models.py:4, 1 unit
  loss   models.py:7  BinaryCrossentropy             expects probabilities

"""


def test_what_a_file_proves_about_another_is_shown_there(folder: Path, bcelint: Run) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "models.py").write_text(MODELS)
    (folder / "src" / "train.py").write_text(TRAIN)
    result = bcelint("inspect")
    assert result.stdout == PROJECT
    account = "2 files: 1 head/loss pair, all decided; 1 finding.\n"
    assert result.stderr == bcelint("check").stderr == f"Checked {account}"
    alone = bcelint("inspect", "src/train.py").stdout
    assert "  pair    models.py:7  build() -> BinaryCrossentropy  BCE102 missing-sigmoid\n" in alone


def test_a_pair_that_another_file_decides_is_decided(folder: Path, bcelint: Run) -> None:
    (folder / "models.py").write_text(MODELS)
    (folder / "train.py").write_text(TRAIN)
    assert "not decided" not in bcelint("check", "-v").stderr
    assert "models.py:7:42: not decided: " in bcelint("check", "-v", "models.py").stderr


BRANCHES = """\
import sys
import keras

if sys.argv[1] == "a":
    outputs = keras.layers.Dense(1, activation="sigmoid")(inputs)
elif sys.argv[1] == "b":
    outputs = keras.layers.Dense(2, activation="hard_sigmoid")(inputs)
else:
    outputs = keras.layers.Dense(3)(inputs)
model = keras.Model(inputs, outputs)
model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # noqa: BCE101
model.fit(x, y)
"""


def test_each_branch_has_its_verdict() -> None:
    """`check` reports a fault once for each place; a branch of the same fault is no pair that fits."""
    seen = inspect_file(job(BRANCHES))
    assert [pair.verdict for pair in seen.pairs] == [Verdict.FAULT, Verdict.FAULT, Verdict.FITS]
    assert {mark.reported for mark in marks(seen)} == {False}
    assert len(check_file(job(BRANCHES)).findings) == 0


def test_what_is_not_selected_is_shown_as_such() -> None:
    plain = BRANCHES.replace("  # noqa: BCE101", "")
    assert {mark.reported for mark in marks(inspect_file(job(plain)))} == {True}
    assert {mark.reported for mark in marks(inspect_file(job(plain, ignore=frozenset({"BCE101"}))))} == {False}


def test_builders_are_listed_once_with_what_they_are_called_with() -> None:
    seen = inspect_file(
        job(
            "import keras\n"
            "def build(last):\n"
            "    return keras.Sequential([keras.layers.Dense(1, activation=last)])\n"
            "first, second = build('sigmoid'), build(None)\n"
            "first.fit(x, y)\n"
            "second.fit(x, y)\n"
        )
    )
    (model,) = seen.models
    assert model.name == "build()"
    assert [output.head.activation for output in model.outputs if output.head] == ["sigmoid", "linear"]
    assert model.trained
