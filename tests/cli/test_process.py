"""The command as a process: what it imports, how deep it goes, and what its streams take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.samples import DOUBLE_SIGMOID, PLAIN

HEAVY = {"libcst", "tokenize_rt", "bcelint.analysis", "bcelint.source", "bcelint.linting", "bcelint.knowledge", "keras"}


def bcelint(*arguments: str, cwd: Path, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-m", "bcelint", *arguments]
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONIOENCODING": "latin-1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def imported(result: subprocess.CompletedProcess[str]) -> set[str]:
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize("arguments", [("--help",), ("check", "--help"), ("check", ".")])
def test_what_need_not_be_imported_is_not(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    for name in ("a.py", "sub/b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(PLAIN)
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "pyproject.toml").write_text('[tool.bcelint]\nextend-exclude = ["old"]\n')
    result = bcelint(*arguments, cwd=tmp_path, options=("-X", "importtime"))
    modules = imported(result)
    assert result.returncode == 0
    assert "bcelint.cli.app" in modules
    assert not modules & (HEAVY | {"pathspec", "dataclasses", "multiprocessing", "concurrent.futures"})


def test_a_clean_keras_file_needs_no_libcst(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(DOUBLE_SIGMOID.replace("from_logits=True", ""))
    modules = imported(bcelint("check", cwd=tmp_path, options=("-X", "importtime")))
    assert "bcelint.analysis" in modules
    assert not modules & {"libcst", "keras", "tensorflow"}


def test_deep_code_is_survived_and_the_other_files_go_on(tmp_path: Path) -> None:
    keras = "import keras\nloss = keras.losses.BinaryCrossentropy()\n"
    samples = {
        "sum.py": "x = " + " + ".join(["1"] * 5000),
        "strings.py": "x = " + " ".join(["'a'"] * 5000),
        "calls.py": "x = a" + ".b()" * 3000,
        "parentheses.py": "x = " + "(" * 3000 + "1" + ")" * 3000,
        "lists.py": "x = " + "[" * 3000 + "]" * 3000,
        "elif.py": "if a == 0:\n    pass\n" + "".join(f"elif a == {n}:\n    b = {n}\n" for n in range(500)),
        "blocks.py": "".join("  " * n + "if a:\n" for n in range(90)) + "  " * 90 + "b = 1\n",
        "nul.py": "x = '\0'",
        "unary.py": "x = " + "-" * 5000 + "1",
        "lambda.py": "x = " + "lambda: " * 2000 + "1",
    }
    for name, text in samples.items():
        (tmp_path / name).write_text(keras + text + "\n")
    (tmp_path / "train.py").write_text(DOUBLE_SIGMOID)
    result = bcelint("check", "--output-format", "concise", "-j", "1", cwd=tmp_path)
    assert "train.py:9:10: BCE101" in result.stdout
    assert "internal error" not in result.stderr
    assert "Traceback" not in result.stderr
    assert result.returncode == 1


def test_streams_that_lack_the_characters(tmp_path: Path) -> None:
    (tmp_path / "損失.py").write_text(DOUBLE_SIGMOID.replace("(8),", "(8),  # 損失"), encoding="utf-8")
    result = bcelint("check", cwd=tmp_path)
    assert r"--> \u640d\u5931.py:9:10" in result.stdout
    assert result.returncode == 1


def test_version(tmp_path: Path) -> None:
    assert bcelint("--version", cwd=tmp_path).stdout.startswith("bcelint 0.")
