"""Colours for terminals, or none."""

from __future__ import annotations

from dataclasses import dataclass

_RESET = "\x1b[0m"
_ESCAPES = {
    "bold": "\x1b[1m",
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "gutter": "\x1b[1;34m",
    "help": "\x1b[1;36m",
    "removed": "\x1b[31m",
    "added": "\x1b[32m",
    "path": "\x1b[1m",
}


@dataclass(frozen=True)
class Style:
    """Paints text by what it is (a key of the table above), if colours are on."""

    colored: bool = False

    def __call__(self, kind: str, text: str) -> str:
        return f"{_ESCAPES[kind]}{text}{_RESET}" if self.colored and text else text
