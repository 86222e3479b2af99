"""What is around a run of the command: files that it must not touch, and processes that it must not leave behind."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its contents, mode and time."""
    return {
        str(path.relative_to(folder)): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mode}"
        f" {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def marked(mark: str) -> list[str]:
    """The processes that have inherited a mark in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found
