"""``bcelint verify`` as it is used: options, outputs, exit status. What takes Keras is run a few times, and shared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bcelint.cli.app import cli
from tests.cli.samples import CLEAN, DOUBLE_SIGMOID, PLAIN
from tests.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
CONCISE = ("verify", "--output-format", "concise")
LINEAR = DOUBLE_SIGMOID.replace(', activation="sigmoid"', "").replace("from_logits=True", "")
LOSS = '''\
import keras
import tensorflow as tf


def my_bce(y_true, y_pred):
    """Without an epsilon."""
    return -tf.reduce_mean(y_true * tf.math.log(y_pred) + (1 - y_true) * tf.math.log(1 - y_pred), axis=-1)


model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", loss=my_bce)
'''
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Training"]},
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": ["import keras"]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": DOUBLE_SIGMOID.partition("\n\n")[2].splitlines(keepends=True),
        },
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
BROKEN = "import keras\nloss = keras.losses.BinaryCrossentropy(from_logits=True\n"


def strict(text: str) -> Any:
    """JSON without NaN and Infinity, which other readers do not know."""
    return json.loads(text, parse_constant=pytest.fail)


# --- one project, evaluated a few times -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Project:
    """A folder with files, and what the command says of it."""

    folder: Path
    run: Callable[..., Result]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    (folder / "with space und ümlaut 損失.py").write_text(DOUBLE_SIGMOID, encoding="utf-8")
    (folder / "windows.py").write_bytes(LINEAR.replace("\n", "\r\n").encode())
    (folder / "loss.py").write_text(LOSS)
    (folder / "cells.ipynb").write_text(json.dumps(NOTEBOOK))
    (folder / "broken.py").write_text(BROKEN)
    (folder / "clean.py").write_text(CLEAN)
    (folder / "plain.py").write_text(PLAIN)

    def run(*arguments: str) -> Result:
        before = os.getcwd()
        os.chdir(folder)
        try:
            result = CliRunner().invoke(cli, ["verify", *arguments])
        finally:
            os.chdir(before)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return Project(folder, run)


@pytest.fixture(scope="module")
def full(project: Project) -> Result:
    return project.run("--fixes", "--report", "the report.html", ".")


@pytest.fixture(scope="module")
def as_json(project: Project) -> Result:
    return project.run("--output-format", "json", "--dtype", "mixed_float16", ".")


@pytest.fixture(scope="module")
def concise(project: Project) -> Result:
    return project.run("--output-format=concise", "--quiet", "-o", "out.txt", "--select", "BCE1", "--backend=jax")


def test_text(full: Result) -> None:
    """Each finding as ``check`` shows it, then the verdict."""
    text = full.stdout
    assert "BCE101 double-sigmoid: " in text
    assert "--> train.py:9:10\n" in text
    assert (
        "rescued on TensorFlow: Keras finds the logits behind the activation and uses them\n"
        "    evaluated: 1 unit, sigmoid, with BinaryCrossentropy(from_logits=True)\n"
        "    fix passed: say that the output is a probability: the loss has its exact values, and finite gradients\n"
    ) in text
    assert "confirmed on TensorFlow: p = 0, y = 0: the loss is NaN (eager)\n    evaluated: `my_bce`\n" in text
    assert full.exit_code == 1


def test_the_summary(full: Result) -> None:
    last, fixes = full.stdout.splitlines()[-2:]
    assert last.startswith("Evaluated 7 findings on TensorFlow (Keras 3.")
    assert last.endswith("): 3 confirmed, 3 rescued, 1 not evaluated.")
    assert fixes == "Fixes: 6 passed."
    assert full.stderr == "Checked 8 files, 7 of them analysed: 5 head/loss pairs, all decided; 7 findings.\n"


def test_files_that_do_not_parse_are_not_evaluated(full: Result) -> None:
    assert "not evaluated on TensorFlow: it is about the file, not about a value\n" in full.stdout


def test_names_of_files(full: Result) -> None:
    assert "--> with space und ümlaut 損失.py:9:10\n" in full.stdout


def test_windows_line_ends(full: Result, project: Project) -> None:
    assert "--> windows.py:9:10\n" in full.stdout
    assert "confirmed on TensorFlow: z = 0, y = 1: the loss is 16.1181, and should be 0.6931" in full.stdout
    assert (project.folder / "windows.py").read_bytes() == LINEAR.replace("\n", "\r\n").encode()


def test_the_report(full: Result, project: Project) -> None:
    page = (project.folder / "the report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<svg") >= 2
    assert "with space und ümlaut 損失.py" in page


def test_json(as_json: Result) -> None:
    found = strict(as_json.stdout)
    assert [record["filename"] for record in found] == [
        "broken.py",
        "cells.ipynb",
        "loss.py",
        "loss.py",
        "train.py",
        "windows.py",
        "with space und ümlaut 損失.py",
    ]
    assert as_json.exit_code == 1
    train = found[4]
    assert (train["code"], train["location"]) == ("BCE101", {"row": 9, "column": 10})
    assert train["fix"]["edits"]
    verdict = train["verification"]
    # Under a policy of half precision the loss does not find the logits.
    assert verdict["verdict"] == "confirmed"
    assert verdict["evaluated"].endswith("under mixed_float16")
    (backend,) = verdict["backends"]
    assert backend["versions"].startswith("Keras 3.")
    assert backend["witness"]["inputs"][0]["name"] == "z"
    assert backend["fix"] is None
    assert found[0]["verification"]["verdict"] == "not evaluated"


def test_numbers_that_json_has_no_word_for_are_strings(as_json: Result) -> None:
    witnesses = [
        record["verification"]["backends"][0]["witness"]
        for record in strict(as_json.stdout)
        if record["code"] == "BCE201"
    ]
    assert {witness["value"] for witness in witnesses} <= {"NaN", "inf", "-inf"}


def test_places_in_notebooks_are_those_of_the_cell(as_json: Result) -> None:
    record = strict(as_json.stdout)[1]
    assert (record["cell"], record["location"]) == (3, {"row": 7, "column": 10})


def test_the_same_pair_in_several_files_is_evaluated_once(as_json: Result) -> None:
    found = strict(as_json.stdout)
    assert found[1]["verification"] == found[4]["verification"] == found[6]["verification"]


def test_with_json_the_summary_is_apart(as_json: Result) -> None:
    assert as_json.stderr.startswith("Evaluated 7 findings on TensorFlow")


def test_one_line_each_into_a_file(concise: Result, project: Project) -> None:
    assert (concise.stdout, concise.stderr, concise.exit_code) == ("", "", 1)
    lines = (project.folder / "out.txt").read_text(encoding="utf-8").splitlines()
    # What is about the file is said whatever is selected.
    assert [line.split(":")[0] for line in lines] == [
        "broken.py",
        "cells.ipynb",
        "train.py",
        "windows.py",
        "with space und ümlaut 損失.py",
    ]
    assert lines[1].startswith("cells.ipynb:cell 3:7:10: BCE101 [*] ")
    assert lines[1].endswith(" -- confirmed on jax (z = -10, y = 1: the loss is 0.6931, and should be 10)")


def test_the_backend_of_the_configuration(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text('[tool.bcelint]\nbackend = "jax"\n')
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    result = bcelint(*CONCISE)
    assert "confirmed on jax" in result.stdout
    assert "Evaluated 1 finding on JAX (Keras 3." in result.stdout


def test_losses_that_were_not_evaluated_in_time(folder: Path, bcelint: Run) -> None:
    (folder / "loss.py").write_text(LOSS.replace('    """', '    while True:\n        pass\n    """', 1))
    (folder / "other.py").write_text(LOSS)
    result = bcelint(*CONCISE, "--timeout", "1.5", "--select", "BCE201", "--backend", "tensorflow")
    assert result.stdout.count("`my_bce` itself: it did not end within 1.5 seconds") == 2
    assert "confirmed on tensorflow (p = 0, y = 0: the loss is NaN (eager))" in result.stdout


# --- without evaluating anything --------------------------------------------------------------------------------------


@pytest.fixture
def no_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts a process has failed: there is nothing to evaluate."""
    monkeypatch.setattr("bcelint.verify.session.Session.start", pytest.fail)
    monkeypatch.setattr("bcelint.verify.session.Session._start", pytest.fail)


@pytest.mark.usefixtures("no_keras")
def test_no_findings(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(CLEAN)
    result = bcelint("verify")
    assert (result.stdout, result.exit_code) == ("Nothing was found, so nothing was evaluated.\n", 0)
    result = bcelint("verify", "--output-format", "json")
    assert strict(result.stdout) == []
    assert result.stderr.splitlines() == [
        "Nothing was found, so nothing was evaluated.",
        "Checked 1 file: 1 head/loss pair, all decided; no findings.",
    ]
    assert bcelint("verify", "-q").stdout == ""


@pytest.mark.usefixtures("no_keras")
def test_no_files(folder: Path, bcelint: Run) -> None:
    result = bcelint("verify")
    assert result.stderr.splitlines() == [
        "warning: no Python files or notebooks found under the given paths",
        "Checked 0 files: no findings.",
    ]
    assert result.exit_code == 0
    result = bcelint("verify", "gone.py")
    assert result.stderr.splitlines() == [
        "error: gone.py: No such file or directory",
        "Checked 0 files: no findings; 1 path could not be opened.",
    ]
    assert result.exit_code == 2


@pytest.mark.usefixtures("no_keras")
def test_verbose_lists_what_could_not_be_decided(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(
        "import keras\nmodel = keras.models.load_model(path)\nmodel.compile(loss='bce')\nmodel.fit(x, y)\n"
    )
    assert bcelint("verify", "-v").stderr.splitlines() == [
        "train.py: 0 pairs decided, 1 undecided, 0 findings",
        "train.py:3:20: not decided: the model is loaded from a file",
        "Checked 1 file: 1 head/loss pair, 1 could not be decided; no findings.",
    ]
    assert bcelint("verify", "-v", "-q").exit_code == 2


@pytest.mark.usefixtures("no_keras")
def test_a_missing_file_beside_others(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(CLEAN)
    result = bcelint("verify", "gone.py", "train.py")
    assert result.stderr.splitlines() == [
        "error: gone.py: No such file or directory",
        "Checked 1 file: 1 head/loss pair, all decided; no findings; 1 path could not be opened.",
    ]
    assert result.exit_code == 2


@pytest.mark.usefixtures("no_keras")
def test_what_is_about_the_file(folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "broken.py").write_text(BROKEN)
    (folder / "secret.py").symlink_to("/proc/self/mem")  # opens, but cannot be read, even by root
    result = bcelint(*CONCISE)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("broken.py:2:")
    assert lines[1].startswith("secret.py:1:1: BCE902 could not be read: ")
    assert all(
        line.endswith(" -- not evaluated on tensorflow (it is about the file, not about a value)") for line in lines[:2]
    )
    assert result.exit_code == 1
    assert bcelint(*CONCISE, "--exit-zero").exit_code == 0


@pytest.mark.usefixtures("no_keras")
def test_a_folder_that_cannot_be_read(folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").mkdir()
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)  # root may read every folder
        result = bcelint(*CONCISE)
    assert result.stdout.startswith("secret:1:1: BCE902 could not be read: Permission denied -- not evaluated on ")
    assert result.exit_code == 1


@pytest.mark.usefixtures("no_keras")
def test_a_file_that_is_gone_when_it_is_to_be_evaluated(
    folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bcelint import linting

    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    check_file = linting.check_file

    def check_and_remove(job: linting.Job) -> Any:
        report = check_file(job)
        os.remove(job.path)
        return report

    monkeypatch.setattr(linting, "check_file", check_and_remove)
    result = bcelint(*CONCISE)
    assert result.stdout.startswith("train.py:1:1: BCE902 could not be read: No such file or directory -- ")
    assert result.exit_code == 1


@pytest.mark.usefixtures("no_keras")
def test_severities(folder: Path, bcelint: Run) -> None:
    # BCE901 and the like are warnings.
    (folder / "train.py").write_text(CLEAN + "# noqa: BCE101\n")
    (folder / "train.py").write_text(CLEAN.replace("model.fit(x, y)", "model.fit(x, y)  # noqa: BCE101"))
    assert "BCE901" in bcelint(*CONCISE, "--extend-select", "BCE901").stdout
    result = bcelint(*CONCISE, "--extend-select", "BCE901", "--min-severity", "error")
    assert result.stdout == "Nothing was found, so nothing was evaluated.\n"


# --- what is missing or wrong -----------------------------------------------------------------------------------------


def without(*packages: str) -> Callable[[str], object]:
    return lambda name: None if name in packages else object()


@pytest.mark.parametrize(
    ("backend", "package", "message"),
    [
        ("torch", "torch", "PyTorch is not installed, and evaluating on torch needs it: pip install torch keras"),
        ("jax", "jax", "JAX is not installed, and evaluating on jax needs it: pip install jax keras"),
        (
            "tensorflow",
            "tensorflow",
            "TensorFlow is not installed, and evaluating on tensorflow needs it: pip install 'bcelint[verify]'",
        ),
        ("jax", "keras", "Keras is not installed, and evaluating on jax needs it: pip install jax keras"),
    ],
)
@pytest.mark.usefixtures("no_keras")
def test_what_is_not_installed(
    folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch, backend: str, package: str, message: str
) -> None:
    monkeypatch.setattr("bcelint.verify.session.find_spec", without(package))
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    result = bcelint("verify", "--backend", backend)
    assert result.stderr == f"error: {message}\n"
    assert (result.stdout, result.exit_code) == ("", 2)


@pytest.mark.usefixtures("no_keras")
def test_a_report_needs_matplotlib(folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = bcelint("verify", "--report", "report.html")
    assert result.stderr.startswith("error: a report needs matplotlib, which cannot be imported")
    assert "pip install 'bcelint[verify]'" in result.stderr
    assert result.exit_code == 2


def test_a_backend_that_breaks_when_it_is_imported(tmp_path: Path) -> None:
    """Found, but of no use: the process says what is wrong with it."""
    (tmp_path / "broken" / "keras").mkdir(parents=True)
    (tmp_path / "broken" / "keras" / "__init__.py").write_text("raise ImportError('no libstdc++')\n")
    (tmp_path / "train.py").write_text(DOUBLE_SIGMOID)
    result = subprocess.run(
        [sys.executable, "-m", "bcelint", "verify", "train.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "broken"), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.stderr == "error: TensorFlow cannot be imported: ImportError: no libstdc++\n"
    assert result.returncode == 2


@pytest.mark.usefixtures("no_keras")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--backend", "theano"],
        ["--dtype", "int8"],
        ["--timeout", "0"],
        ["--timeout", "nan"],
        ["--timeout", "inf"],
        ["--memory", "-1"],
        ["--output-format", "sarif"],
        ["--select", "BCE999"],
        ["--no-such-option"],
        ["-"],
        ["--report", "."],
        ["--report", "no/such/folder/report.html"],
        ["-o", "no/such/folder/out.txt"],
        ["--config", "gone.toml"],
    ],
)
def test_wrong_options(folder: Path, bcelint: Run, arguments: list[str]) -> None:
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    result = bcelint("verify", *arguments, *([] if arguments == ["-"] else ["train.py"]))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "rror: " in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["train.py"]


@pytest.mark.usefixtures("no_keras")
def test_a_report_that_may_not_be_written(folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    (folder / "report.html").write_text("mine")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "report" not in str(path) and access(path, mode))
    result = bcelint("verify", "--report", "report.html")
    assert result.stderr == "error: --report: report.html: it cannot be written to\n"
    assert result.exit_code == 2
    assert (folder / "report.html").read_text() == "mine"


@pytest.mark.usefixtures("no_keras")
def test_a_disk_that_is_full(folder: Path, bcelint: Run) -> None:
    (folder / "broken.py").write_text(BROKEN)
    result = bcelint("verify", "--report", "/dev/full")
    assert result.stderr == "error: --report: /dev/full: No space left on device\n"
    assert "BCE900" in result.stdout
    assert result.exit_code == 2


def test_a_bug_of_ours_costs_one_finding(folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("bcelint.verify.pair_verdicts.judge", fail)
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    (folder / "broken.py").write_text(BROKEN)
    result = bcelint(*CONCISE, "--backend", "jax")
    assert "train.py:9:10: BCE101" in result.stdout
    assert "not evaluated on jax (internal error: KeyError at test_verify.py:" in result.stdout
    assert "broken.py:2:" in result.stdout
    assert result.stderr.startswith("error: internal error: KeyError at test_verify.py:")
    assert result.exit_code == 2


def test_deep_code_is_survived(tmp_path: Path) -> None:
    """The analysis that is evaluated nests as deeply as the one that is reported, and so does the fix."""
    deep = "x = " + " + ".join(["1"] * 3000) + "\n" + "y = a" + ".b()" * 1000 + "\n"
    (tmp_path / "train.py").write_text(DOUBLE_SIGMOID + deep)
    result = subprocess.run(
        [sys.executable, "-m", "bcelint", *CONCISE, "--fixes", "--backend", "jax", "train.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "BCE101" in result.stdout
    assert "confirmed on jax" in result.stdout
    assert "Fixes: 1 passed." in result.stdout
    assert result.returncode == 1, result.stderr
