"""Exclude patterns, with ruff's meaning: each matches a file or directory by its name, or by its path from the root."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

_GLOB = re.compile(r"[*?\[]")


class Pattern(NamedTuple):
    """A glob, and the directory that it is relative to; ``*`` matches across ``/``."""

    root: str
    text: str


class Patterns:
    """Several patterns, matched at once. Plain names, which nearly all are, need no regular expression."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._names: set[str] = set()
        self._paths: set[str] = set()
        names: list[str] = []
        paths: list[str] = []
        for root, raw in patterns:
            text = raw.rstrip("/") or raw
            if _GLOB.search(text) is None:
                self._names.add(text)
                self._paths.add(os.path.normpath(os.path.join(root, text)))
            else:
                names.append(text)
                paths.append(_escape(os.path.join(root, "")) + text.removeprefix("./"))
                if os.path.isabs(text):
                    paths[-1] = text
        self._name_glob = _compile(names)
        self._path_glob = _compile(paths)

    def match(self, path: str) -> bool:
        """Whether the absolute ``path``, or its last part, matches one of the patterns."""
        name = os.path.basename(path)
        return (
            name in self._names
            or path in self._paths
            or (self._name_glob is not None and self._name_glob.match(name) is not None)
            or (self._path_glob is not None and self._path_glob.match(path) is not None)
        )


def _escape(text: str) -> str:
    return _GLOB.sub(lambda found: f"[{found[0]}]", text)


def _compile(globs: list[str]) -> re.Pattern[str] | None:
    if not globs:
        return None
    from fnmatch import translate

    return re.compile("|".join(translate(glob) for glob in globs))
