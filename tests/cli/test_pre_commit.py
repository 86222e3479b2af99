"""The hooks, driven by pre-commit itself from a clone of what is here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.samples import DOUBLE_SIGMOID, FIXED

ROOT = Path(__file__).resolve().parents[2]
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@localhost")
OFFLINE = ("Temporary failure in name resolution", "Could not find a version", "ConnectionError", "NewConnectionError")

Environment = dict[str, str]


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds the package and its hooks as they are now."""
    clone = tmp_path_factory.mktemp("bcelint")
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if name.startswith(("tests/", "fixtures/")) or not (ROOT / name).is_file():
            continue
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes((ROOT / name).read_bytes())
    commit(clone)
    return clone


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    home = tmp_path_factory.mktemp("pre-commit")
    return {**os.environ, "PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a finding, and the same text where it is excluded and where it is no Python."""
    for name in ("train.py", "build/generated.py", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(DOUBLE_SIGMOID)
    commit(tmp_path)
    return tmp_path


def test_check(hooks: Path, project: Path, environment: Environment) -> None:
    result = try_repo(hooks, project, "bcelint", environment)
    assert "train.py:9:10" in result.stdout
    assert "generated.py" not in result.stdout
    assert "notes.txt" not in result.stdout
    assert result.returncode == 1
    assert (project / "train.py").read_text() == DOUBLE_SIGMOID


def test_fix(hooks: Path, project: Path, environment: Environment) -> None:
    result = try_repo(hooks, project, "bcelint-fix", environment)
    assert "files were modified by this hook" in result.stdout
    assert result.returncode == 1
    assert (project / "train.py").read_text() == FIXED
    assert (project / "build" / "generated.py").read_text() == DOUBLE_SIGMOID
    assert try_repo(hooks, project, "bcelint-fix", environment).returncode == 0
    assert try_repo(hooks, project, "bcelint", environment).returncode == 0


def try_repo(hooks: Path, project: Path, hook: str, environment: Environment) -> subprocess.CompletedProcess[str]:
    head = git(hooks, "rev-parse", "HEAD").strip()
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), hook, "--ref", head, "--all-files"]
    result = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    if result.returncode == 3 and any(sign in result.stdout + result.stderr for sign in OFFLINE):
        pytest.skip("pre-commit could not install the hook without a network")
    return result


def commit(folder: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", "-A", "-f")
    git(folder, *IDENTITY, "commit", "-q", "-m", "all")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout
