"""Where text goes, and whether it is coloured."""

from __future__ import annotations

import os
import sys
from typing import IO

import click


def tolerate_any_character() -> None:
    """File names and code hold characters that the terminal's encoding may not have: escape them, do not fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def warn(message: str) -> None:
    """Something that the user should know and that does not end the run."""
    click.echo(f"warning: {message}", err=True)


def complain(message: str) -> None:
    """Something because of which the run ends, or has not done all of its job."""
    click.echo(f"error: {message}", err=True)


def wants_color(choice: str, stream: IO[str]) -> bool:
    """Whether to colour what goes to ``stream``: ``--color``, then NO_COLOR and FORCE_COLOR, then the terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Output:
    """The stream, or the file of ``--output-file``, that takes the report."""

    def __init__(self, path: str | None, color: str, *, to_stderr: bool = False) -> None:
        self._file: IO[str] | None = None
        self._to_stderr = to_stderr
        if path is not None:
            self._file = open(path, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115  # closed below
        self.colored = wants_color(color, self._file or (sys.stderr if to_stderr else sys.stdout))

    def write(self, text: str) -> None:
        """Print ``text`` and a newline."""
        click.echo(text, file=self._file, err=self._to_stderr, color=self.colored)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
