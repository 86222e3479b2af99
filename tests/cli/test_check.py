"""``bcelint check`` as it is used: options, outputs, exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bcelint import linting
from bcelint.analysis import Analysis
from bcelint.source import Source
from tests.cli.samples import CLEAN, DOUBLE_SIGMOID, FIXED, PLAIN
from tests.conftest import Run

CONCISE = ("check", "--output-format", "concise")


@pytest.fixture
def train(folder: Path) -> Path:
    path = folder / "train.py"
    path.write_text(DOUBLE_SIGMOID)
    return path


# --- exit status and summary -----------------------------------------------------------------------------------------


def test_findings(train: Path, bcelint: Run) -> None:
    result = bcelint(*CONCISE)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("train.py:9:10: BCE101 [*] ")
    assert lines[1:] == ["Found 1 error.", "[*] 1 fixable with the --fix option."]
    assert result.stderr == "Checked 1 file: 1 head/loss pair, all decided.\n"
    assert result.exit_code == 1


def test_full_is_the_default(train: Path, bcelint: Run) -> None:
    text = bcelint("check").stdout
    assert "--> train.py:9:10\n" in text
    assert "help: " in text


def test_nothing_found(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(CLEAN)
    (folder / "plain.py").write_text(PLAIN)
    result = bcelint("check", ".")
    assert result.stdout == "All checks passed!\n"
    assert result.stderr == "Checked 2 files, 1 of them analysed: 1 head/loss pair, all decided.\n"
    assert result.exit_code == 0


def test_nothing_to_look_at(folder: Path, bcelint: Run) -> None:
    result = bcelint("check")
    assert result.stderr.startswith("warning: no Python files or notebooks found")
    assert result.exit_code == 0
    (folder / "plain.py").write_text(PLAIN)
    assert bcelint("check").stderr == "Checked 1 file: no Keras losses in it.\n"


def test_exit_zero(train: Path, bcelint: Run) -> None:
    assert bcelint("check", "--exit-zero").exit_code == 0


def test_a_missing_path_is_an_error_and_the_others_go_on(train: Path, bcelint: Run) -> None:
    result = bcelint(*CONCISE, "gone.py", "train.py")
    assert result.stderr.startswith("error: gone.py: No such file or directory\n")
    assert "BCE101" in result.stdout
    assert result.exit_code == 2
    assert bcelint("check", "gone.py").stdout == ""


def test_files_that_do_not_parse_are_findings(folder: Path, bcelint: Run) -> None:
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    result = bcelint(*CONCISE, "broken.py", "train.py")
    assert result.stdout.startswith("broken.py:1:7: BCE900 ")
    assert "train.py:9:10: BCE101" in result.stdout
    assert result.exit_code == 1


def test_broken_files_without_keras_are_no_concern_unless_they_are_named(folder: Path, bcelint: Run) -> None:
    (folder / "broken.py").write_text("print 'Python 2'\n")
    assert bcelint("check").exit_code == 0
    assert bcelint("check", "broken.py").exit_code == 1


def test_unreadable_files_are_findings(train: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (train.parent / "binary.py").write_bytes(b"import keras; loss = '\xff'\n")
    (train.parent / "secret.py").symlink_to("/proc/self/mem")  # opens, but cannot be read, even by root
    result = bcelint(*CONCISE)
    assert "binary.py:1:" in result.stdout
    assert "secret.py:1:1: BCE902 could not be read: " in result.stdout
    assert "train.py:9:10: BCE101" in result.stdout
    assert result.exit_code == 1


def test_a_directory_that_cannot_be_read_is_a_finding(
    train: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (train.parent / "secret").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read every directory
    result = bcelint("check")
    assert "BCE902 unreadable-file: could not be read: Permission denied\n --> secret:1:1\n\n" in result.stdout
    assert "--> train.py:9:10" in result.stdout
    assert result.exit_code == 1


def test_a_fault_of_ours_names_the_file_and_the_others_go_on(
    train: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (train.parent / "other.py").write_text(DOUBLE_SIGMOID)
    analyse = linting.analyse

    def fail(source: Source, **given: Any) -> Analysis:
        if source.path == "other.py":
            raise KeyError("some\nkey")
        return analyse(source, **given)

    monkeypatch.setattr(linting, "analyse", fail)
    result = bcelint(*CONCISE)
    assert "train.py:9:10: BCE101" in result.stdout
    assert "error: other.py: internal error: KeyError at test_check.py:" in result.stderr
    assert "please report it" in result.stderr
    assert "\nkey" not in result.stderr
    assert result.exit_code == 2


def test_mistakes_in_the_configuration(train: Path, bcelint: Run) -> None:
    (train.parent / "pyproject.toml").write_text("[tool.bcelint]\nselct = []\n")
    result = bcelint("check")
    assert result.stderr == "error: pyproject.toml: unknown key `selct`; did you mean `select`?\n"
    assert (result.stdout, result.exit_code) == ("", 2)
    assert bcelint("check", "--isolated").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "--select", "BC101"), "error: command line: `BC101` is no rule; did you mean `BCE101`?"),
        (("check", "--per-file-ignores", "BCE101"), "`BCE101` is not of the form PATTERN:RULE"),
        (("check", "--config", "a = "), "error: --config: not valid TOML"),
        (("check", "--config", "gone.toml"), "error: gone.toml: No such file or directory"),
        (("check", "--config", "x.toml", "--isolated"), "contradict each other"),
        (("check", "-q", "-v"), "contradict each other"),
        (("check", "-", "train.py"), "cannot be checked together"),
        (("check", "--output-format", "xml"), "'xml' is not one of"),
        (("check", "-o", "no/such/folder.txt"), "error: --output-file: no/such/folder.txt: No such file"),
        (("check", "--no-such-option"), "No such option"),
        (("train.py",), "To check a file or folder: bcelint check train.py"),
        (("chekc",), "No such command 'chekc'"),
    ],
)
def test_wrong_usage(train: Path, bcelint: Run, arguments: tuple[str, ...], words: str) -> None:
    (train.parent / "x.toml").touch()
    result = bcelint(*arguments)
    assert words in result.stderr
    assert result.exit_code == 2


# --- selection -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--select", "BCE101"), True),
        (("--select", "BCE102,double-sigmoid"), True),
        (("--select", "BCE102", "--select", "ALL"), True),
        (("--select", "BCE102"), False),
        (("--select", "BCE102", "--extend-select", "BCE1"), True),
        (("--ignore", "BCE101"), False),
        (("--per-file-ignores", "*.py:BCE101"), False),
        (("--per-file-ignores", "*.py:BCE102,other.py:BCE101"), True),
        (("--config", 'ignore = ["BCE101"]'), False),
        (("--config", "other.toml"), False),
        (("--min-severity", "error"), True),
        (("--extend-exclude", "train.py"), False),
        (("--exclude", "*.txt"), True),
    ],
)
def test_what_is_reported(train: Path, bcelint: Run, arguments: tuple[str, ...], found: bool) -> None:
    (train.parent / "other.toml").write_text('ignore = ["BCE101"]')
    result = bcelint(*CONCISE, *arguments)
    assert ("BCE101" in result.stdout, result.exit_code) == (found, int(found))


def test_warnings_may_be_left_out(train: Path, bcelint: Run) -> None:
    train.write_text(CLEAN + "x = 1  # noqa: BCE102\n")
    assert "BCE901" in bcelint(*CONCISE).stdout
    assert bcelint(*CONCISE, "--min-severity", "error").stdout == "All checks passed!\n"


def test_noqa(train: Path, bcelint: Run) -> None:
    train.write_text(DOUBLE_SIGMOID.replace("True),", "True),  # noqa: BCE101"))
    assert bcelint("check").exit_code == 0
    assert bcelint("check", "--ignore-noqa").exit_code == 1


# --- formats ---------------------------------------------------------------------------------------------------------


def test_json_keeps_standard_output_clean(train: Path, bcelint: Run) -> None:
    result = bcelint("check", "--output-format", "json", "-v")
    (record,) = json.loads(result.stdout)
    assert (record["code"], record["filename"], record["location"]) == ("BCE101", "train.py", {"row": 9, "column": 10})
    assert "Found 1 error." in result.stderr
    train.write_text(CLEAN)
    assert json.loads(bcelint("check", "--output-format", "json").stdout) == []


def test_output_file(train: Path, bcelint: Run) -> None:
    result = bcelint(*CONCISE, "-o", "report.txt", "--color", "auto")
    assert result.stdout == ""
    assert "Found 1 error." in result.stderr
    assert (train.parent / "report.txt").read_text().startswith("train.py:9:10: BCE101")
    bcelint("check", "--output-format", "json", "--output-file", "report.json")
    assert json.loads((train.parent / "report.json").read_text())[0]["code"] == "BCE101"


def test_statistics(train: Path, bcelint: Run) -> None:
    (train.parent / "other.py").write_text(DOUBLE_SIGMOID + "x = 1  # noqa: BCE102\n")
    result = bcelint("check", "--statistics")
    assert result.stdout.splitlines()[:2] == ["2  BCE101  [*] double-sigmoid", "1  BCE901  [*] unused-suppression"]
    rows = json.loads(bcelint("check", "--statistics", "--output-format", "json").stdout)
    assert rows[0] == {"code": "BCE101", "name": "double-sigmoid", "count": 2, "fixable": True}


def test_quiet(train: Path, bcelint: Run) -> None:
    result = bcelint(*CONCISE, "-q")
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


def test_verbose(train: Path, bcelint: Run) -> None:
    (train.parent / "plain.py").write_text(PLAIN)
    err = bcelint("check", "-v").stderr
    assert "plain.py: skipped, it holds no Keras loss\n" in err
    assert "train.py: 1 pair decided, 0 undecided, 1 finding\n" in err


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour(
    train: Path,
    bcelint: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    colored: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for style in ("full", "concise"):
        result = bcelint("check", "--output-format", style, *arguments)
        assert ("\x1b[" in result.stdout) is colored


# --- fixing ----------------------------------------------------------------------------------------------------------


def test_fix(train: Path, bcelint: Run) -> None:
    train.chmod(0o640)
    result = bcelint("check", "--fix", "--show-fixes")
    assert train.read_text() == FIXED
    assert train.stat().st_mode & 0o777 == 0o640
    assert result.stdout.splitlines() == [
        "Fixed 1 finding:",
        "- train.py:",
        "    1 x BCE101 (double-sigmoid)",
        "Found 1 error (1 fixed, 0 remaining).",
    ]
    assert result.exit_code == 0


def test_exit_non_zero_on_fix(train: Path, bcelint: Run) -> None:
    assert bcelint("check", "--fix", "--exit-non-zero-on-fix").exit_code == 1
    assert bcelint("check", "--fix", "--exit-non-zero-on-fix").exit_code == 0


def test_unsafe_fixes_wait_to_be_asked_for(train: Path, bcelint: Run) -> None:
    (train.parent / "bcelint.toml").write_text('extend-unsafe-fixes = ["BCE101"]')
    result = bcelint("check", "--fix")
    assert train.read_text() == DOUBLE_SIGMOID
    assert "No fixes available (1 hidden fix can be enabled with the --unsafe-fixes option)." in result.stdout
    assert result.exit_code == 1
    assert "[*] 1 fixable with the --fix option." in bcelint("check", "--unsafe-fixes").stdout
    assert bcelint("check", "--fix", "--unsafe-fixes").exit_code == 0
    assert train.read_text() == FIXED


def test_unfixable(train: Path, bcelint: Run) -> None:
    (train.parent / "bcelint.toml").write_text('unfixable = ["BCE101"]')
    result = bcelint("check", "--fix", "--unsafe-fixes")
    assert train.read_text() == DOUBLE_SIGMOID
    assert "help: " in result.stdout
    assert "fixable" not in result.stdout


def test_fix_only_reports_nothing_else(train: Path, bcelint: Run) -> None:
    train.write_text(DOUBLE_SIGMOID + "def f(model):\n    model.compile(loss='bce')  # bcelint: ignroe[BCE101]\n")
    result = bcelint("check", "--fix-only")
    assert result.stdout == "Fixed 1 finding.\n"
    assert result.exit_code == 0


def test_diff_changes_nothing(train: Path, bcelint: Run) -> None:
    result = bcelint("check", "--diff")
    assert result.stdout.splitlines()[:3] == ["--- train.py", "+++ train.py", "@@ -6,6 +6,6 @@"]
    assert "-    loss=keras.losses.BinaryCrossentropy(from_logits=True)," in result.stdout
    assert result.stderr.startswith("Would fix 1 finding.\n")
    assert train.read_text() == DOUBLE_SIGMOID
    assert result.exit_code == 1
    train.write_text(CLEAN)
    result = bcelint("check", "--diff")
    assert (result.stdout, result.exit_code) == ("", 0)


def test_a_file_that_changes_meanwhile_is_left_alone(
    train: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse = linting.analyse

    def edit(source: Source, **given: Any) -> Analysis:
        train.write_text("somebody else's work\n")
        return analyse(source, **given)

    monkeypatch.setattr(linting, "analyse", edit)
    result = bcelint("check", "--fix")
    assert train.read_text() == "somebody else's work\n"
    assert "error: train.py: not fixed: the file changed while it was being checked\n" in result.stderr
    assert result.exit_code == 2


def test_files_that_do_not_parse_are_not_fixed(train: Path, bcelint: Run) -> None:
    train.write_text(DOUBLE_SIGMOID + "def f(:\n")
    result = bcelint("check", "--fix")
    assert train.read_text() == DOUBLE_SIGMOID + "def f(:\n"
    assert "BCE900" in result.stdout
    assert result.exit_code == 1


# --- standard input --------------------------------------------------------------------------------------------------


def test_standard_input(bcelint: Run) -> None:
    assert bcelint(*CONCISE, "-", stdin=DOUBLE_SIGMOID).stdout.startswith("-:9:10: BCE101 ")
    result = bcelint(*CONCISE, "-", "--stdin-filename", "sub/train.py", stdin=DOUBLE_SIGMOID)
    assert result.stdout.startswith("sub/train.py:9:10: BCE101 ")
    assert result.exit_code == 1


def test_standard_input_takes_the_settings_of_its_name(folder: Path, bcelint: Run) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "bcelint.toml").write_text('ignore = ["BCE101"]')
    assert bcelint("check", "-", "--stdin-filename", "sub/x.py", stdin=DOUBLE_SIGMOID).exit_code == 0
    assert bcelint("check", "-", "--stdin-filename", "x.py", stdin=DOUBLE_SIGMOID).exit_code == 1


def test_fixed_standard_input_goes_to_standard_output(bcelint: Run) -> None:
    text = DOUBLE_SIGMOID.replace("\n", "\r\n").encode()
    result = bcelint("check", "-", "--fix", stdin=text)
    assert result.stdout_bytes == FIXED.replace("\n", "\r\n").encode()
    assert "Found 1 error (1 fixed, 0 remaining)." in result.stderr
    assert bcelint("check", "-", "--fix", stdin=CLEAN).stdout == CLEAN
    excluded = bcelint("check", "-", "--fix", "--force-exclude", "--stdin-filename", "build/x.py", stdin=DOUBLE_SIGMOID)
    assert excluded.stdout == DOUBLE_SIGMOID


def test_diff_of_standard_input(bcelint: Run) -> None:
    assert bcelint("check", "-", "--diff", stdin=DOUBLE_SIGMOID).stdout.startswith("--- -\n+++ -\n")


# --- many files, and looking at the settings -------------------------------------------------------------------------


def test_the_number_of_workers_changes_nothing(folder: Path, bcelint: Run) -> None:
    for number in range(30):
        (folder / f"n{number}.py").write_text(DOUBLE_SIGMOID + "# comment\n" * number)
    runs = [bcelint("check", "-j", jobs) for jobs in ("1", "2", "5")] + [bcelint("check")]
    assert runs[0].stdout.count("BCE101") == 30
    assert len({(run.stdout, run.stderr, run.exit_code) for run in runs}) == 1


def test_show_files(train: Path, bcelint: Run) -> None:
    (train.parent / "plain.py").write_text(PLAIN)
    assert bcelint("check", "--show-files").stdout == "plain.py\ntrain.py\n"


def test_show_settings(train: Path, bcelint: Run) -> None:
    (train.parent / "bcelint.toml").write_text('select = ["BCE101"]\nper-file-ignores = {"x.py" = ["BCE1"]}')
    text = bcelint("check", "--show-settings", "train.py", "--force-exclude").stdout
    assert "# settings for train.py, from bcelint.toml and the command line" in text
    assert 'select = ["BCE101", "BCE900", "BCE902"]' in text
    assert 'per-file-ignores."x.py" = ["BCE1"]' in text
    assert "force-exclude = true" in text


def test_notebooks(folder: Path, bcelint: Run) -> None:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# title"}] + [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
        for source in ("%matplotlib inline\nimport keras", DOUBLE_SIGMOID)
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    path = folder / "train.ipynb"
    path.write_text(json.dumps(notebook, indent=1))
    assert bcelint(*CONCISE).stdout.startswith("train.ipynb:cell 3:9:10: BCE101 [*] ")
    assert "train.ipynb:cell 3:9:10\n" in bcelint("check").stdout
    assert bcelint("check", "--fix").exit_code == 0
    cells[2]["source"] = FIXED
    assert json.loads(path.read_text()) == notebook


def test_names_that_are_no_text(folder: Path, bcelint: Run) -> None:
    with open(os.fsencode(folder) + b"/\xff.py", "w") as file:
        file.write(DOUBLE_SIGMOID)
    assert bcelint("check", "--output-format", "json").exit_code == 1
