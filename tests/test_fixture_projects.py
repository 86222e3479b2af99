"""The fixture projects: what lies between the files is found, from wherever it is looked at, and fixed as a whole."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bcelint.cli.app import cli
from bcelint.source import Source, read
from tests.expectations import expected, expected_from

FOLDER = Path(__file__).parents[1] / "fixtures" / "projects"
PROJECTS = sorted(path.name for path in FOLDER.iterdir())
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.suffix in (".py", ".ipynb"))

TRAINING = re.compile(r"\.fit\(|\bmain\(\)$", re.MULTILINE)
"""What the scripts have, and the modules that they import do not."""

Record = dict[str, Any]


@dataclass(frozen=True, order=True)
class Spot:
    """Where something is reported: the file's path in its project, the cell of a notebook, the row."""

    file: str
    cell: int
    row: int
    code: str

    @classmethod
    def of(cls, record: Record) -> Spot:
        return cls(record["filename"], record["cell"] or 0, record["location"]["row"], record["code"])


def files_of(project: str) -> list[str]:
    """The files of a project, by their paths in it."""
    return [file.partition("/")[2] for file in FILES if file.startswith(f"{project}/")]


@cache
def load(project: str, file: str) -> Source:
    return read(file, (FOLDER / project / file).read_bytes())


def spots(project: str, file: str, checked: str = "") -> Iterator[Spot]:
    """What is expected in a file: by itself, or where another file is ``checked``."""
    source = load(project, file)
    for row, code in expected(source.text, checked):
        position = source.position(row, 1)
        yield Spot(file, position.cell or 0, position.row, code)


@cache
def wanted(project: str) -> frozenset[Spot]:
    """What is expected in the whole project."""
    return frozenset(
        spot
        for file in files_of(project)
        for checked in ("", *expected_from(load(project, file).text))
        for spot in spots(project, file, checked)
    )


def check(folder: Path, *arguments: str, data: bytes | None = None) -> list[Record]:
    """The findings of a run in ``folder``, which deals with every file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        options = ["check", "--isolated", "--output-format", "json", *arguments]
        result = CliRunner().invoke(cli, options, input=data)
    assert result.exit_code in (0, 1), result.output
    found: list[Record] = json.loads(result.stdout)
    return found


@cache
def found(project: str, *paths: str) -> list[Record]:
    return check(FOLDER / project, *paths)


def without_fixes(record: Record) -> Record:
    """A finding without its fixes: in a file that is not checked they are unsafe."""
    return {key: value for key, value in record.items() if key not in ("fix", "alternatives")}


every_project = pytest.mark.parametrize("project", PROJECTS)
every_file = pytest.mark.parametrize(
    ("project", "file"), [(file.partition("/")[0], file.partition("/")[2]) for file in FILES]
)


# --- what is found ----------------------------------------------------------------------------------------------------


@every_project
def test_the_whole_project(project: str) -> None:
    assert {Spot.of(record) for record in found(project, ".")} == wanted(project)


@every_project
def test_nothing_is_reported_twice(project: str) -> None:
    records = [json.dumps(record, sort_keys=True) for record in found(project, ".")]
    assert len(records) == len(set(records))


@every_file
def test_one_file(project: str, file: str) -> None:
    shown = {Spot.of(record) for record in found(project, file)}
    assert {spot for spot in shown if spot.file == file} == set(spots(project, file))
    elsewhere = {spot for other in files_of(project) for spot in spots(project, other, checked=file)}
    assert elsewhere <= shown
    assert shown <= wanted(project)


@every_file
def test_findings_are_the_same_from_one_file(project: str, file: str) -> None:
    whole = [without_fixes(record) for record in found(project, ".")]
    for record in found(project, file):
        assert without_fixes(record) in whole


@every_file
def test_standard_input(project: str, file: str) -> None:
    if found(project, file):
        data = load(project, file).data
        assert check(FOLDER / project, "-", "--stdin-filename", file, data=data) == found(project, file)


@every_project
def test_another_working_directory_makes_no_difference(project: str) -> None:
    records = check(FOLDER, project)
    assert {(record["filename"].removeprefix(f"{project}/"), record["message"]) for record in records} == {
        (record["filename"], record["message"]) for record in found(project, ".")
    }


@every_project
def test_any_number_of_workers(project: str) -> None:
    assert check(FOLDER / project, ".", "-j", "1") == check(FOLDER / project, ".", "-j", "2")


# --- both ends --------------------------------------------------------------------------------------------------------

# A finding (project, file, code), and the other end that it names: a file, and what stands on the row there.
ENDS = [
    ("roads", "scripts/baseline.py", "BCE101", "src/roads/model.py", "mask = tkl.Conv2D("),
    ("roads", "src/roads/losses.py", "BCE101", "src/roads/model.py", "mask = tkl.Conv2D("),
    ("dcgan", "objectives.py", "BCE101", "models.py", 'activation="sigmoid"'),
    ("newsgroups", "quickstart.py", "BCE109", "newsgroups/models/heads.py", "layers.Dense(NUM_CLASSES"),
    ("newsgroups", "newsgroups/training.py", "BCE108", "newsgroups/models/heads.py", "layers.Dense(NUM_CLASSES"),
    ("toxic", "train_exclusive.py", "BCE105", "nets.py", 'activation=cfg["activation"]'),
    ("trainkit", "trainkit/trainer.py", "BCE102", "zoo/tabular.py", "self.out = layers.Dense(1)"),
    ("trainkit", "trainkit/trainer.py", "BCE102", "objectives.py", "on_probabilities = "),
    ("trainkit", "objectives.py", "BCE401", "zoo/tabular.py", "self.out = layers.Dense(1)"),
    ("trainkit", "objectives.py", "BCE401", "objectives.py", "on_logits = "),
    ("registry", "train_lenet.py", "BCE109", "archs.py", "layers.Dense(CLASSES)"),
    ("ecg", "train_public.py", "BCE103", "beats.py", 'activation="relu"'),
    ("xray", "net.py", "BCE104", "pneumonia_softmax.py", 'loss="binary_crossentropy"'),
    ("shadows", "train_vessels_logits.py", "BCE108", "utils.py", 'activation="softmax"'),
    ("shadows", "grading/train.py", "BCE109", "grading/utils.py", "layers.Dense(units"),
    ("mood", "train.py", "BCE108", "nets.py", "activation=final"),
    ("mood", "train_arousal.py", "BCE103", "nets.py", 'activation="tanh"'),
    ("fonts", "explore_autoencoder.py", "BCE102", "common.py", "layers.Conv2DTranspose(1,"),
    ("fonts", "reconstruction.py", "BCE202", "limits.py", "TINY = "),
    ("faces", "faces/objectives.py", "BCE109", "faces/network.py", '"expression": layers.Dense('),
    ("keywords", "keywords/objectives.py", "BCE108", "keywords/nets.py", "self.softmax = layers.Softmax()"),
    ("course", "week5_script.py", "BCE110", "tools/networks.py", "layers.Dense(10, activation=last)"),
    ("course", "lessons/week2.ipynb", "BCE106", "tools/networks.py", "layers.Dense(units, activation=activation)"),
    ("salt", "losses.py", "BCE102", "models.py", "Conv2D(1, 1, activation=last)"),
    ("salt", "notebooks/04_finetune.ipynb", "BCE101", "models.py", "Conv2D(1, 1, activation=last)"),
]


@pytest.mark.parametrize(("project", "file", "code", "other", "text"), ENDS)
def test_the_other_end_is_named_in_its_own_file(project: str, file: str, code: str, other: str, text: str) -> None:
    records = [record for record in found(project, ".") if (record["filename"], record["code"]) == (file, code)]
    assert records
    for record in records:
        ends = [end for end in record["related"] if end["filename"] == other]
        assert any(text in load(project, other).line(end["location"]["row"]) for end in ends)


def test_every_project_with_faults_has_its_ends_looked_at() -> None:
    assert {project for project in PROJECTS if wanted(project)} == {end[0] for end in ENDS}


# --- fixes ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(project: str, tmp_path: Path) -> Path:
    """A copy of the project, to be changed."""
    return Path(shutil.copytree(FOLDER / project, tmp_path / project))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spots_by_code(records: list[Record]) -> set[tuple[str, str]]:
    return {(record["filename"], record["code"]) for record in records}


@every_project
def test_fixes_of_the_whole_project(project: str, copy: Path) -> None:
    """A fix in a file that others use is made only if it is right for them, too."""
    left = check(copy, ".", "--fix", "--unsafe-fixes")
    assert spots_by_code(left) <= spots_by_code(found(project, "."))
    fixed = contents(copy)
    assert check(copy, ".") == left
    assert check(copy, ".", "--fix", "--unsafe-fixes") == left
    assert contents(copy) == fixed


@every_project
def test_safe_fixes_change_no_file_that_is_right(project: str, copy: Path) -> None:
    before = contents(copy)
    check(copy, ".", "--fix")
    concerned = {record["filename"] for record in found(project, ".")}
    concerned |= {end["filename"] for record in found(project, ".") for end in record["related"]}
    assert {file for file, data in contents(copy).items() if data != before[file]} <= concerned


@every_file
def test_safe_fixes_change_the_checked_file_alone(project: str, file: str, copy: Path) -> None:
    before = contents(copy)
    check(copy, file, "--fix")
    assert {other for other, data in contents(copy).items() if data != before[other]} <= {file}


@every_file
def test_edits_elsewhere_are_unsafe(project: str, file: str) -> None:
    for record in found(project, file):
        for fix in (record["fix"], *record["alternatives"]):
            edited = {edit.get("filename", record["filename"]) for edit in fix["edits"]} if fix else set()
            assert edited <= {file} or fix["applicability"] == "unsafe"


# --- what the projects are --------------------------------------------------------------------------------------------


def test_there_are_many_projects_of_several_files() -> None:
    assert len(PROJECTS) >= 10
    assert all(len(files_of(project)) >= 5 for project in PROJECTS)
    assert sum(any(file.endswith(".ipynb") for file in files_of(project)) for project in PROJECTS) >= 1


@every_project
def test_more_scripts_are_right_than_wrong(project: str) -> None:
    wrong = {file for file in files_of(project) if list(spots(project, file))}
    wrong |= {checked for file in files_of(project) for checked in expected_from(load(project, file).text)}
    assert wrong
    training = [file for file in files_of(project) if TRAINING.search(load(project, file).text)]
    right = set(training) - wrong
    assert len(right) >= 2
    assert len(right) >= len(wrong & set(training))
