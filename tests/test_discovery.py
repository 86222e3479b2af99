"""Paths in, files out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bcelint.discovery import Discovered, discover
from bcelint.settings import Resolver, layer


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in (
        "b.py",
        "a.ipynb",
        "c.pyw",
        "d.pyi",
        "e.txt",
        "sub/a.py",
        "sub.d/a.py",
        ".venv/lib/x.py",
        "node_modules/x.py",
        "sub/__pycache__/x.py",
        "sub/.ipynb_checkpoints/a-checkpoint.ipynb",
        "env/lib/site-packages/x.py",
    ):
        touch(tmp_path / path)
    return tmp_path


def test_python_files_and_notebooks_are_found_in_order(tree: Path) -> None:
    assert shown(find(tree)) == ["a.ipynb", "b.py", "c.pyw", "sub/a.py", "sub.d/a.py"]


def test_paths_are_relative_to_the_working_directory_where_they_can_be(tree: Path) -> None:
    assert shown(find(tree / "sub", "..")) == sorted(
        [f"{tree}/a.ipynb", f"{tree}/b.py", f"{tree}/c.pyw", "a.py", f"{tree}/sub.d/a.py"],
        key=lambda path: path.split("/"),
    )


def test_each_file_is_met_once_and_as_explicit_if_it_was_named(tree: Path) -> None:
    found = find(tree, ".", "sub", "b.py", "./sub/../b.py")
    assert shown(found) == ["a.ipynb", "b.py", "c.pyw", "sub/a.py", "sub.d/a.py"]
    assert [file.shown for file in found.files if file.explicit] == ["b.py"]
    assert [file.shown for file in find(tree, "b.py", ".").files if file.explicit] == ["b.py"]


def test_what_is_named_is_taken_as_it_is(tree: Path) -> None:
    assert shown(find(tree, "e.txt", "d.pyi", ".venv/lib/x.py", "node_modules")) == [
        ".venv/lib/x.py",
        "d.pyi",
        "e.txt",
        "node_modules/x.py",
    ]


def test_force_exclude_holds_for_what_is_named_as_well(tree: Path) -> None:
    found = find(tree, "b.py", ".venv/lib/x.py", "node_modules", **{"force-exclude": True})
    assert shown(found) == ["b.py"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"extend-exclude": ["sub"]}, ["a.ipynb", "b.py", "c.pyw", "sub.d/a.py"]),
        ({"extend-exclude": ["sub*"]}, ["a.ipynb", "b.py", "c.pyw"]),
        ({"extend-exclude": ["sub/a.py"]}, ["a.ipynb", "b.py", "c.pyw", "sub.d/a.py"]),
        ({"extend-exclude": ["sub/"]}, ["a.ipynb", "b.py", "c.pyw", "sub.d/a.py"]),
        ({"extend-exclude": ["./sub*/*.py", "*.ipynb"]}, ["b.py", "c.pyw"]),
        ({"extend-exclude": ["[a-c].*"]}, []),
        (
            {"exclude": ["sub", "sub.d", "*.ipynb"]},
            [".venv/lib/x.py", "b.py", "c.pyw", "env/lib/site-packages/x.py", "node_modules/x.py"],
        ),
    ],
)
def test_excludes(tree: Path, options: dict[str, Any], expected: list[str]) -> None:
    assert shown(find(tree, **options)) == expected


def test_absolute_patterns(tree: Path) -> None:
    assert shown(find(tree, **{"extend-exclude": [f"{tree}/sub*/a.py", f"{tree}/b.py"]})) == ["a.ipynb", "c.pyw"]


def test_a_nested_configuration_holds_below_it(tree: Path) -> None:
    (tree / "sub" / "bcelint.toml").write_text('exclude = ["a.py"]')
    assert "sub/a.py" not in shown(find(tree))
    assert "sub.d/a.py" in shown(find(tree))


# --- .gitignore ------------------------------------------------------------------------------------------------------


def test_gitignore_files_of_all_levels_count(tree: Path) -> None:
    (tree / ".gitignore").write_text("*.ipynb\n/sub.d/\n")
    (tree / "sub" / ".gitignore").write_text("a.py\n")
    assert shown(find(tree)) == ["b.py", "c.pyw"]
    assert len(shown(find(tree, **{"respect-gitignore": False}))) == 5


def test_the_innermost_gitignore_decides(tree: Path) -> None:
    (tree / ".gitignore").write_text("a.py\n")
    (tree / "sub" / ".gitignore").write_text("!a.py\n")
    assert shown(find(tree)) == ["a.ipynb", "b.py", "c.pyw", "sub/a.py"]


def test_gitignore_files_above_count_up_to_the_root_of_the_repository(tree: Path) -> None:
    (tree / ".gitignore").write_text("a.py\n")
    assert shown(find(tree / "sub")) == []
    (tree / "sub" / ".git").mkdir()
    assert shown(find(tree / "sub")) == ["a.py"]
    touch(tree / "sub" / ".git" / "info" / "exclude").write_text("*.py")
    assert shown(find(tree / "sub")) == []


def test_files_that_git_ignores_can_be_named(tree: Path) -> None:
    (tree / ".gitignore").write_text("b.py\n")
    assert shown(find(tree, "b.py")) == ["b.py"]


# --- obstacles -------------------------------------------------------------------------------------------------------


def test_missing_paths_are_told(tree: Path) -> None:
    found = find(tree, "gone", "b.py", "nul\0")
    assert [(path.shown, path.reason) for path in found.missing] == [
        ("gone", "No such file or directory"),
        ("nul\0", "embedded null byte"),
    ]
    assert shown(found) == ["b.py"]


def test_an_unreadable_directory_stops_nothing_else(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if path == str(tree / "sub"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read every directory
    found = find(tree)
    assert [(path.shown, path.reason) for path in found.unreadable] == [("sub", "Permission denied")]
    assert shown(found) == ["a.ipynb", "b.py", "c.pyw", "sub.d/a.py"]


def test_links_lead_to_files_but_not_in_circles(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "self.py").symlink_to(tree / "self.py")
    (tree / "nowhere.py").symlink_to(tree / "gone.py")
    (tree / "link.py").symlink_to(tree / "e.txt")
    assert shown(find(tree)) == ["a.ipynb", "b.py", "c.pyw", "link.py", "sub/a.py", "sub.d/a.py"]
    assert "loop/b.py" in shown(find(tree, "loop"))


def test_only_files_are_taken_for_files(tree: Path) -> None:
    (tree / "folder.py").mkdir()
    os.mkfifo(tree / "pipe.py")
    assert shown(find(tree)) == ["a.ipynb", "b.py", "c.pyw", "sub/a.py", "sub.d/a.py"]


def test_deep_folders(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 800)
    previous = os.getcwd()
    os.chdir(tmp_path)
    try:  # one by one: the whole path would be too long for one call on some systems
        for _ in range(800):
            os.mkdir("d")
            os.chdir("d")
        Path("x.py").touch()
    finally:
        os.chdir(previous)
    assert [file.path for file in find(tmp_path).files] == [str(deep / "x.py")]


def find(cwd: Path, *paths: str, **options: Any) -> Discovered:
    resolver = Resolver(str(cwd), overrides=[layer(options, "test", str(cwd))])
    return discover(paths or (".",), str(cwd), resolver.for_directory)


def shown(found: Discovered) -> list[str]:
    return [file.shown for file in found.files]


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path
