"""The other files of a project: what its imports mean, and their sources.

Nothing is imported or run: a module is looked for where Python would find it if the file were run as a script, from
its own folder or from a folder above it, and in the ``src`` folders there. What is not found is some package.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from bcelint.source import Source, read

# What ends the search for folders above a file: the root of a project.
_ROOT_MARKS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg", "bcelint.toml")
# Packages that are never a file's own, whatever its neighbours are called: those that the tables know, and Python's.
_FOREIGN = frozenset(
    {
        "jax",
        "keras",
        "matplotlib",
        "numpy",
        "pandas",
        "scipy",
        "sklearn",
        "tensorflow",
        "tensorflow_addons",
        "tensorflow_hub",
        "tf_keras",
        "torch",
    }
) | (sys.stdlib_module_names - {"code", "test", "types", "statistics", "parser", "platform", "this"})
# A module that is larger holds data. Real ones have a tenth of it.
_LARGEST = 1_500_000
_MOST_CACHED = 256
# The attribute of a syntax node that says which file it is from, unless that is the one that is checked.
ORIGIN = "origin"


@dataclass(frozen=True)
class ModuleFile:
    """Where a module or package is: ``path`` is its file (empty for a folder without ``__init__.py``), ``folder`` the
    folder that holds its submodules (empty for a plain module)."""

    name: str
    path: str
    folder: str


@dataclass
class Project:
    """What the imports of one file, and of those that it imports, mean.

    Attributes:
        path: the absolute path of the file that is checked.
        changed: sources that are to be taken instead of what is on the disk, by path: fixes that are being tried.
        added: folders that the code adds to ``sys.path``.
        sources: the files that were read, by path.
    """

    path: str
    changed: Mapping[str, Source] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    _above: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _listings: dict[str, frozenset[str]] = field(default_factory=dict)
    _entries: dict[tuple[str, str], ModuleFile | None] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)

    def find(self, name: str, importer: str, level: int = 0) -> ModuleFile | None:
        """The module that ``importer`` (a path) means by ``name``, with ``level`` dots before it."""
        parts = name.split(".") if name else []
        if level:
            folder = os.path.dirname(importer)
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            return self._descend(ModuleFile("", self._initial(folder), folder), parts)
        if not parts or parts[0] in _FOREIGN:
            return None
        for folder in self._search_path(importer):
            found = self._entry(folder, parts[0])
            found = self._descend(found, parts[1:]) if found is not None else None
            # A folder without Python files in it is data that happens to have the name of a package.
            if found is not None and (found.path or self._holds_modules(found.folder)):
                return found
        return None

    def submodule(self, package: ModuleFile, name: str) -> ModuleFile | None:
        return self._entry(package.folder, name) if package.folder else None

    def add_to_path(self, folder: str) -> None:
        """``sys.path.append`` in the file that is checked."""
        self.added.append(os.path.normpath(os.path.join(self.folder, folder)))

    def source(self, path: str) -> Source | None:
        """A file of the project, parsed; ``None`` where it cannot be read or is no code."""
        if path not in self.sources:
            found = self.changed.get(path) or _from_disk(path)
            if found is None:
                return None
            _mark(found)
            self.sources[path] = found
        return self.sources[path]

    def _search_path(self, importer: str) -> Iterator[str]:
        folder = os.path.dirname(importer)
        if folder not in self._above:
            self._above[folder] = tuple(dict.fromkeys([*_folders_above(folder), *_folders_above(self.folder)]))
        yield from self._above[folder]
        yield from self.added

    # --- folders ------------------------------------------------------------------------------------------------------

    def _listing(self, folder: str) -> frozenset[str]:
        if folder not in self._listings:
            try:
                self._listings[folder] = _listed(folder, os.stat(folder).st_mtime_ns)
            except OSError:
                self._listings[folder] = frozenset()
        return self._listings[folder]

    def _entry(self, folder: str, name: str) -> ModuleFile | None:
        """What ``import name`` finds in a folder: a package before a module, and a mere folder last."""
        key = (folder, name)
        if key not in self._entries:
            self._entries[key] = self._look_up(folder, name)
        return self._entries[key]

    def _look_up(self, folder: str, name: str) -> ModuleFile | None:
        names = self._listing(folder)
        base = os.path.join(folder, name)
        is_folder = name in names and os.path.isdir(base)
        initial = self._initial(base) if is_folder else ""
        if initial:
            return ModuleFile(name, initial, base)
        if f"{name}.py" in names and os.path.isfile(f"{base}.py"):
            return ModuleFile(name, f"{base}.py", "")
        return ModuleFile(name, "", base) if is_folder else None

    def _initial(self, folder: str) -> str:
        return os.path.join(folder, "__init__.py") if "__init__.py" in self._listing(folder) else ""

    def _descend(self, module: ModuleFile, parts: list[str]) -> ModuleFile | None:
        for part in parts:
            found = self._entry(module.folder, part) if module.folder else None
            if found is None:
                return None
            module = found
        return module

    def _holds_modules(self, folder: str) -> bool:
        names = self._listing(folder)
        return any(name.endswith(".py") for name in names) or any(
            self._initial(os.path.join(folder, name)) for name in names if "." not in name
        )


def _from_disk(path: str) -> Source | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return _parsed(path, status.st_mtime_ns, status.st_size) if status.st_size <= _LARGEST else None


@lru_cache(_MOST_CACHED)
def _parsed(path: str, changed: int, size: int) -> Source | None:
    """A file as it was at a time: many files import the same ones."""
    try:
        with open(path, "rb") as file:
            return read(path, file.read())
    except OSError:
        return None


def _mark(source: Source) -> None:
    """Let every node with a position say which file it is from."""
    if source.tree is None or ORIGIN in source.tree.__dict__:
        return
    source.tree.__dict__[ORIGIN] = source
    # As ast.walk, in a third of the time.
    pending: list[ast.AST] = [source.tree]
    while pending:
        own = pending.pop().__dict__
        for value in own.values():
            if isinstance(value, ast.AST):
                pending.append(value)
            elif isinstance(value, list):
                pending += [item for item in value if isinstance(item, ast.AST)]
        if "lineno" in own:
            own[ORIGIN] = source


def full_name(module: ModuleFile) -> str:
    """The name of a module with the packages that it is in."""
    base = module.folder or os.path.splitext(module.path)[0]
    parts = [os.path.basename(base)]
    folder = os.path.dirname(base)
    while os.path.isfile(os.path.join(folder, "__init__.py")) and folder != os.path.dirname(folder):
        parts.append(os.path.basename(folder))
        folder = os.path.dirname(folder)
    return ".".join(reversed(parts))


@lru_cache(4096)
def _listed(folder: str, changed: int) -> frozenset[str]:
    """The names in a folder as they were at a time."""
    return frozenset(os.listdir(folder))


def _folders_above(folder: str) -> Iterator[str]:
    """The folder and those above it up to the root of the project, each with its ``src``."""
    root = _root(folder)
    while True:
        yield folder
        yield os.path.join(folder, "src")
        if folder == root or folder == os.path.dirname(folder):
            return
        folder = os.path.dirname(folder)


def _root(folder: str) -> str:
    """The nearest folder above with a mark of a project; else the working directory where the folder is in there,
    and the folder itself where it is not."""
    above = folder
    while True:
        if any(os.path.exists(os.path.join(above, mark)) for mark in _ROOT_MARKS):
            return above
        parent = os.path.dirname(above)
        if parent == above:
            break
        above = parent
    try:
        working = os.getcwd()
    except OSError:
        return folder
    return working if folder.startswith(os.path.join(working, "")) else folder
