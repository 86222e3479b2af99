"""README.md is true: its example, its configuration, its commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bcelint.selection import validate
from bcelint.settings import Resolver
from tests.conftest import Run

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_example_prints_what_is_shown(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(blocks("python")[0])
    command, _, expected = blocks("console")[0].partition("\n")
    assert command == "$ bcelint check train.py"
    result = bcelint("check", "train.py")
    assert result.stdout + result.stderr == expected


def test_inspect_prints_what_is_shown(folder: Path, bcelint: Run) -> None:
    (folder / "train.py").write_text(blocks("python")[0])
    block = next(block for block in blocks("console") if block.startswith("$ bcelint inspect"))
    command, _, expected = block.removeprefix("$ ").partition("\n")
    result = bcelint(*command.split()[1:])
    assert result.stdout + result.stderr == expected


def test_the_configuration_is_accepted(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("\n".join(blocks("toml")))
    settings = Resolver(str(folder)).for_directory(str(folder))
    validate(settings)
    assert settings.origin == "pyproject.toml"
    assert len(settings.per_file_ignores) == 1


@pytest.mark.parametrize("command", [line for line in "".join(blocks("sh")).splitlines() if line.startswith("bcelint")])
def test_the_options_exist(folder: Path, bcelint: Run, command: str) -> None:
    (folder / "train.py").touch()
    (folder / "nb.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}')
    assert bcelint(*command.partition("#")[0].split()[1:]).exit_code == 0


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"sed -n '(/.*/p)' README\.md", script)
    assert pattern is not None
    found = subprocess.run(["sed", "-n", pattern[1]], input=README, capture_output=True, text=True, check=True).stdout
    assert found.rstrip("\n") in blocks("sh")[1]
    assert found.count("\n") == 1


def test_verify_prints_what_is_shown(folder: Path) -> None:
    pytest.importorskip("jax")
    (folder / "train.py").write_text(blocks("python")[0])
    block = next(block for block in blocks("console") if block.startswith("$ bcelint verify"))
    command, _, shown = block.removeprefix("$ ").partition("\n...\n")
    result = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert shown in result.stdout
