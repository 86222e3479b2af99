"""What a .gitignore file says about a path.

A matcher of our own: importing ``pathspec`` takes a third of the time that a whole run over files without Keras may
take. The tests hold it against git itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPECIAL = re.compile(r"[*?\[\\]")
_TRAILING_BLANKS = re.compile(r"(?<!\\)[ \t]+$")
_NEVER = "(?!)"


class GitIgnore:
    """The patterns of one file; paths are relative to its directory. As in git, the last pattern that matches decides.

    Callers ask about directories before what is in them, and do not descend into those that are ignored.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [rule for rule in map(_Rule.of, lines) if rule is not None]
        # Nearly every path matches nothing, and nearly every pattern is a plain name.
        self._names = {rule.name for rule in self._rules if rule.name is not None}
        globs = [rule.expression for rule in self._rules if rule.name is None]
        self._globs = re.compile("|".join(globs), re.DOTALL) if globs else None

    def verdict(self, path: str, is_directory: bool) -> bool | None:
        """Whether ``path`` is ignored; ``None`` where the file says nothing about it."""
        name = path.rpartition("/")[2]
        if name not in self._names and not (self._globs and self._globs.fullmatch(path)):
            return None
        for rule in reversed(self._rules):
            if rule.matches(path, name, is_directory):
                return not rule.negated
        return None


class _Rule:
    """One pattern; ``name`` is set if it is just the name of a file or directory at any depth."""

    def __init__(self, pattern: str, negated: bool, only_directories: bool) -> None:
        self.negated = negated
        self._only_directories = only_directories
        self.name = None if "/" in pattern or _SPECIAL.search(pattern) else pattern
        self.expression = "" if self.name is not None else _translate(pattern)

    @classmethod
    def of(cls, line: str) -> _Rule | None:
        line = _TRAILING_BLANKS.sub("", line)
        if not line or line.startswith("#"):
            return None
        negated = line.startswith("!")
        pattern = line[negated:]
        only_directories = pattern.endswith("/")
        pattern = pattern.removesuffix("/")
        return cls(pattern, negated, only_directories) if pattern else None

    def matches(self, path: str, name: str, is_directory: bool) -> bool:
        if self._only_directories and not is_directory:
            return False
        if self.name is not None:
            return name == self.name
        return re.fullmatch(self.expression, path, re.DOTALL) is not None


def _translate(pattern: str) -> str:
    """The regular expression for a pattern; one without a slash matches at any depth."""
    segments = pattern.removeprefix("/").split("/") if "/" in pattern else ["**", pattern]
    parts = []
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment == "**":
            parts.append(".+" if is_last else "(?:.*/)?")
        else:
            parts.append(_segment(segment) + ("" if is_last else "/"))
    return "".join(parts)


def _segment(text: str) -> str:
    parts = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "*":
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "\\" and position < len(text):
            parts.append(re.escape(text[position]))
            position += 1
        elif character == "[":
            end = text.find("]", position + (2 if text[position : position + 1] in ("!", "^") else 1))
            if end < 0:
                return _NEVER
            parts.append(_character_class(text[position:end]))
            position = end + 1
        else:
            parts.append(re.escape(character))
    return "".join(parts)


def _character_class(inside: str) -> str:
    negated = inside[0] in ("!", "^")
    listed = re.sub(r"[\[\]^&|~]", r"\\\g<0>", inside[negated:])
    expression = f"(?!/)[{'^' if negated else ''}{listed}]"
    try:
        re.compile(expression)
    except re.error:  # a range that runs backwards
        return _NEVER
    return expression
