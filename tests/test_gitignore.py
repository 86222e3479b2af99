"""Our .gitignore matcher, held against git."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bcelint.gitignore import GitIgnore

PATHS = [
    "a.py",
    "b.py",
    "ab.py",
    "sub/a.py",
    "sub/deep/a.py",
    "sub/deep/b.ipynb",
    "build/a.py",
    "docs/build/a.py",
    "[x].py",
]


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("a.py", {"a.py", "sub/a.py", "sub/deep/a.py", "build/a.py", "docs/build/a.py"}),
        ("/a.py", {"a.py"}),
        ("sub/a.py", {"sub/a.py"}),
        ("sub/*.py", {"sub/a.py"}),
        ("sub/**/a.py", {"sub/a.py", "sub/deep/a.py"}),
        ("**/build", {"build/a.py", "docs/build/a.py"}),
        ("build/", {"build/a.py", "docs/build/a.py"}),
        ("a.py/", set()),
        ("/build/", {"build/a.py"}),
        ("sub/**", {"sub/a.py", "sub/deep/a.py", "sub/deep/b.ipynb"}),
        ("?.py", {path for path in PATHS if path.endswith(("/a.py", "/b.py")) or path in ("a.py", "b.py")}),
        ("[!a].py", {"b.py"}),
        ("[a-c]b.py", {"ab.py"}),
        (r"\[x\].py", {"[x].py"}),
        ("*.ipynb   ", {"sub/deep/b.ipynb"}),
        ("# a.py", set()),
        ("[a.py", set()),
        ("*.py\n!/sub/*.py\n", {path for path in PATHS if path.endswith(".py")} - {"sub/a.py"}),
        ("*\n!*/\n!b.py", set(PATHS) - {"b.py"}),
        ("a.py\n!a.py", set()),
        ("!a.py\na.py", {path for path in PATHS if path.endswith("/a.py") or path == "a.py"}),
    ],
)
def test_patterns(pattern: str, ignored: set[str]) -> None:
    assert _ignored_by_us(pattern) == ignored


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.sampled_from(["a", "b", "sub", "deep", "build", ".py", "*", "**", "/", "?", "[ab]", "!", "\\"]),
            max_size=6,
        ).map("".join),
        min_size=1,
        max_size=4,
    ).map("\n".join)
)
def test_git_agrees(tmp_path_factory: pytest.TempPathFactory, patterns: str) -> None:
    # Two asterisks beside other characters: documented as "regular asterisks", but git has exceptions of its own.
    assume(all(part == "**" or "**" not in part for part in re.split(r"[/\n]", patterns)))
    assume("\\/" not in patterns)
    root = tmp_path_factory.mktemp("repo")
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / ".gitignore").write_text(patterns)
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert _ignored_by_us(patterns) == {path for path in listed.split("\0") if path in PATHS}


def _ignored_by_us(text: str) -> set[str]:
    rules = GitIgnore(text.split("\n"))
    return {path for path in PATHS if _is_ignored(rules, Path(path))}


def _is_ignored(rules: GitIgnore, path: Path) -> bool:
    directories = [str(parent) for parent in reversed(path.parents) if str(parent) != "."]
    return any(rules.verdict(directory, True) for directory in directories) or bool(rules.verdict(str(path), False))
