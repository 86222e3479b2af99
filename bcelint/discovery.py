"""Paths in, files out: walking directories, excludes, .gitignore files.

Files that are named explicitly are taken whatever they are called and wherever they lie, unless ``force-exclude`` is
set; directories are walked for Python files and notebooks. Symbolic links to directories are not followed, so that
walking ends and no file is met twice.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from bcelint.gitignore import GitIgnore
from bcelint.patterns import Patterns
from bcelint.settings import Settings, shown_path

SUFFIXES = (".py", ".pyw", ".ipynb")


class File(NamedTuple):
    """A file to check: its absolute path, its name in the output, and whether it was named by the user."""

    path: str
    shown: str
    explicit: bool


class Unreadable(NamedTuple):
    """A path that could not be dealt with."""

    path: str
    shown: str
    reason: str


class Discovered:
    """What was found: files, paths given by the user that do not exist, directories that could not be walked."""

    def __init__(self, files: Iterable[File] = ()) -> None:
        self.files = list(files)
        self.missing: list[Unreadable] = []
        self.unreadable: list[Unreadable] = []


def discover(paths: Iterable[str], cwd: str, settings_for: Callable[[str], Settings]) -> Discovered:
    """The files below ``paths``, each once, sorted; ``settings_for`` gives the settings of a directory."""
    walker = _Walker(cwd, settings_for)
    for given in paths:
        walker.add(given)
    result = walker.result
    result.files = sorted(walker.files.values(), key=lambda file: file.shown.split("/"))
    result.unreadable.sort()
    return result


def is_excluded(path: str, settings_for: Callable[[str], Settings]) -> bool:
    """Whether an exclude pattern matches the absolute ``path`` or a directory that it is in."""
    while True:
        parent = os.path.dirname(path)
        if parent == path:
            return False
        if _excludes(settings_for(parent)).match(path):
            return True
        path = parent


_compiled: dict[tuple[object, object], Patterns] = {}


def _excludes(settings: Settings) -> Patterns:
    key = (settings.exclude, settings.extend_exclude)
    found = _compiled.get(key)
    if found is None:
        found = _compiled[key] = Patterns((*settings.exclude, *settings.extend_exclude))
    return found


class _Walker:
    def __init__(self, cwd: str, settings_for: Callable[[str], Settings]) -> None:
        self._cwd = cwd
        self._settings_for = settings_for
        self._ignores = _GitIgnores()
        self.files: dict[str, File] = {}
        self.result = Discovered()

    def add(self, given: str) -> None:
        path = os.path.normpath(os.path.join(self._cwd, given))
        try:
            is_directory = stat.S_ISDIR(os.stat(path).st_mode)
        except (OSError, ValueError) as error:
            self.result.missing.append(Unreadable(path, given, getattr(error, "strerror", None) or str(error)))
            return
        if self._settings_for(os.path.dirname(path)).force_exclude and is_excluded(path, self._settings_for):
            return
        if is_directory:
            self._walk(path)
        else:
            self.files[path] = File(path, shown_path(path, self._cwd), explicit=True)

    def _walk(self, top: str) -> None:
        # A stack of our own: directories may be nested deeper than Python's.
        pending = [top]
        while pending:
            directory = pending.pop()
            try:
                with os.scandir(directory) as entries:
                    listing = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                shown = shown_path(directory, self._cwd)
                self.result.unreadable.append(Unreadable(directory, shown, error.strerror or str(error)))
                continue
            settings = self._settings_for(directory)
            excludes = _excludes(settings)
            for entry in listing:
                is_directory = entry.is_dir(follow_symlinks=False)
                if not is_directory and not entry.name.endswith(SUFFIXES):
                    continue
                if excludes.match(entry.path):
                    continue
                if settings.respect_gitignore and self._ignores.ignored(entry.path, is_directory):
                    continue
                if is_directory:
                    pending.append(entry.path)
                elif _is_file(entry):
                    self.files.setdefault(
                        entry.path, File(entry.path, shown_path(entry.path, self._cwd), explicit=False)
                    )


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether the entry is a file or a link to one; links that lead nowhere are not."""
    try:
        return entry.is_file()
    except OSError:
        return False


class _GitIgnores:
    """The .gitignore files that apply to a path: those of its directories up to the root of the repository."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[tuple[int, GitIgnore], ...]] = {}

    def ignored(self, path: str, is_directory: bool) -> bool:
        """Whether the innermost file that says anything about ``path`` says that it is ignored."""
        for prefix, rules in self._above(os.path.dirname(path)):
            verdict = rules.verdict(path[prefix:].replace(os.sep, "/"), is_directory)
            if verdict is not None:
                return verdict
        return False

    def _above(self, directory: str) -> tuple[tuple[int, GitIgnore], ...]:
        """The rules of ``directory`` and of those above it, innermost first, and the length of what they lead."""
        known = self._levels.get(directory)
        if known is None:
            known = self._levels[directory] = tuple(self._find(directory))
        return known

    def _find(self, directory: str) -> Iterator[tuple[int, GitIgnore]]:
        prefix = len(os.path.join(directory, ""))
        names = [".gitignore"]
        is_root = os.path.exists(os.path.join(directory, ".git"))
        if is_root:
            names.append(os.path.join(".git", "info", "exclude"))
        for name in names:
            rules = _read(directory, name)
            if rules is not None:
                yield prefix, rules
        parent = os.path.dirname(directory)
        if not is_root and parent != directory:
            yield from self._above(parent)


def _read(directory: str, name: str) -> GitIgnore | None:
    try:
        with open(os.path.join(directory, name), encoding="utf-8-sig", errors="surrogateescape") as file:
            return GitIgnore(line.rstrip("\n") for line in file)
    except OSError:
        return None
