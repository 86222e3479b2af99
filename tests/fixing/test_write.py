"""Files are written whole or not at all, and changes are shown as diffs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bcelint.fixing.write import diff, write
from bcelint.source import read


def test_write_keeps_the_mode(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_bytes(b"old")
    file.chmod(0o754)
    write(file, b"new\r\n")
    assert file.read_bytes() == b"new\r\n"
    assert file.stat().st_mode & 0o777 == 0o754
    assert os.listdir(tmp_path) == ["train.py"]


def test_write_follows_links(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "train.py"
    target.write_bytes(b"old")
    link = tmp_path / "link.py"
    link.symlink_to(target)
    write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_failed_write_leaves_the_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "no space left on device")

    file = tmp_path / "train.py"
    file.write_bytes(b"old")
    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, function, fail)
            with pytest.raises(OSError, match="no space"):
                write(file, b"new")
        assert file.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["train.py"]


def test_read_only_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "train.py"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as a user to whom nothing is read-only
    with pytest.raises(PermissionError, match=r"read-only.*train\.py"):
        write(file, b"new")
    assert file.read_bytes() == b"old"


def test_diff_of_a_script() -> None:
    before, after = read("a/train.py", b"x = 1\ny = 2"), read("a/train.py", b"x = 1\ny = 3")
    assert diff(before, after) == (
        "--- a/train.py\n+++ a/train.py\n@@ -1,2 +1,2 @@\n x = 1\n"
        "-y = 2\n\\ No newline at end of file\n+y = 3\n\\ No newline at end of file\n"
    )
    assert diff(before, before) == ""


def test_diff_of_a_notebook() -> None:
    def notebook(*sources: str) -> bytes:
        return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]}).encode()

    before, after = read("a.ipynb", notebook("x = 1", "y = 2")), read("a.ipynb", notebook("x = 1", "y = 3"))
    assert diff(before, after) == "--- a.ipynb:cell 2\n+++ a.ipynb:cell 2\n@@ -1 +1 @@\n-y = 2\n+y = 3\n"
