"""Configuration: pyproject.toml, bcelint.toml and command-line options, merged into one ``Settings`` per directory.

Every source of configuration is a *layer* in the same form: a table with the keys of ``[tool.bcelint]``, already
validated. Defaults, the nearest configuration file, ``--config`` overrides and the command line's options are merged
in that order. Named tuples, because this is imported in every run and data classes are slow to make.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from bcelint.patterns import Pattern, Patterns

CONFIG_FILES = ("bcelint.toml", "pyproject.toml")

DEFAULT_EXCLUDES = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)


class ConfigError(Exception):
    """Something in the configuration or on the command line that the user has to put right."""


_DEFAULT_PATTERNS = tuple(Pattern("", name) for name in DEFAULT_EXCLUDES)


class RuleSelection(NamedTuple):
    """The selectors of one layer; ``None``: the layer says nothing, and what earlier layers said stands."""

    origin: str
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fixable: tuple[str, ...] | None = None
    unfixable: tuple[str, ...] = ()
    extend_safe_fixes: tuple[str, ...] = ()
    extend_unsafe_fixes: tuple[str, ...] = ()


class PerFileIgnore(NamedTuple):
    """Rules that are ignored in the files that match; a leading ``!`` in the configuration inverts the match."""

    origin: str
    text: str
    files: Patterns
    inverted: bool
    selectors: tuple[str, ...]


class Entry(NamedTuple):
    """What the user says of a loss, layer, activation or metric: ``table`` is ``losses``, ``layers`` ...

    ``options`` are the keys that are written, checked, in the words of the configuration.
    """

    table: str
    name: str
    options: tuple[tuple[str, object], ...]


class Settings(NamedTuple):
    """What applies to the files of one directory."""

    origin: str | None = None
    selections: tuple[RuleSelection, ...] = ()
    per_file_ignores: tuple[PerFileIgnore, ...] = ()
    exclude: tuple[Pattern, ...] = _DEFAULT_PATTERNS
    extend_exclude: tuple[Pattern, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    prefer: str = ""
    backend: str = ""
    knowledge: tuple[Entry, ...] = ()


class Layer(NamedTuple):
    """One validated table of options; relative patterns in it start at ``root``."""

    origin: str
    root: str
    values: Mapping[str, Any]


# --- reading -------------------------------------------------------------------------------------------------------


# A check takes a value and returns it, or raises a TypeError that says what it must be.
Check = Callable[[object], object]


def strings(value: object) -> tuple[str, ...]:
    """A check for lists of strings."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise TypeError("a list of strings")


def boolean(value: object) -> bool:
    """A check for truth values."""
    if isinstance(value, bool):
        return value
    raise TypeError("true or false")


def one_of(*words: str) -> Callable[[object], str]:
    """A check for one of several words."""

    def check(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise TypeError(" or ".join(f'"{word}"' for word in words))

    return check


def _ignores(value: object) -> dict[str, tuple[str, ...]]:
    try:
        if isinstance(value, Mapping):
            return {str(pattern): strings(codes) for pattern, codes in value.items()}
    except TypeError:
        pass
    raise TypeError('a table of lists, such as { "tests/*" = ["BCE101"] }')


_KEYS: dict[str, Check] = {
    "select": strings,
    "extend-select": strings,
    "ignore": strings,
    "fixable": strings,
    "unfixable": strings,
    "extend-safe-fixes": strings,
    "extend-unsafe-fixes": strings,
    "per-file-ignores": _ignores,
    "exclude": strings,
    "extend-exclude": strings,
    "respect-gitignore": boolean,
    "prefer": one_of("probabilities", "logits"),
    "backend": one_of("tensorflow", "jax", "torch"),
    "force-exclude": boolean,
}
# The tables of the user's own API, which have one table for each name.
KNOWLEDGE = ("losses", "layers", "activations", "metrics")


def layer(table: Mapping[str, object], origin: str, root: str) -> Layer:
    """Validate a table of options; the error names ``origin`` and, for an unknown key, the nearest known one."""
    values: dict[str, object] = {}
    if any(key in KNOWLEDGE for key in table):
        from bcelint.entries import read_entries  # most configurations have none

        values["knowledge"] = read_entries(table, origin)
    for key, value in table.items():
        if key in KNOWLEDGE:
            continue
        check = _KEYS.get(key)
        if check is None:
            raise ConfigError(f"{origin}: unknown key `{key}`{suggestion(key, [*_KEYS, *KNOWLEDGE])}")
        try:
            values[key] = check(value)
        except TypeError as error:
            raise ConfigError(f"{origin}: `{key}` must be {error}") from None
    return Layer(origin, root, values)


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` for the nearest known word, or nothing."""
    import difflib

    nearest = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean `{nearest[0]}`?" if nearest else ""


def read_config(path: str, shown: str, root: str) -> Layer | None:
    """The layer that a configuration file holds; ``None`` for a pyproject.toml that does not mention us."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ConfigError(f"{shown}: {error.strerror or error}") from None
    is_pyproject = os.path.basename(path) == "pyproject.toml"
    # Somebody else's broken pyproject.toml must not stop a run, and most files can do without a TOML parser.
    if is_pyproject and b"bcelint" not in data:
        return None
    table = _toml(data.decode("utf-8", "replace"), shown)
    if is_pyproject:
        tool = table.get("tool", {})
        if not isinstance(tool, dict) or "bcelint" not in tool:
            return None
        table = tool["bcelint"]
        if not isinstance(table, dict):
            raise ConfigError(f"{shown}: `tool.bcelint` must be a table")
    return layer(table, shown, root)


def inline_config(text: str, root: str) -> Layer:
    """The layer that ``--config 'key = value'`` holds."""
    return layer(_toml(text, "--config"), "--config", root)


def _toml(text: str, origin: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin}: not valid TOML: {error}") from None


# --- merging -------------------------------------------------------------------------------------------------------


def merge(settings: Settings, over: Layer) -> Settings:
    """``settings`` with a further layer on top: lists replace, ``extend-`` lists add up, selectors stay per layer."""
    values = over.values
    selection = RuleSelection(
        origin=over.origin,
        select=values.get("select"),
        extend_select=values.get("extend-select", ()),
        ignore=values.get("ignore", ()),
        fixable=values.get("fixable"),
        unfixable=values.get("unfixable", ()),
        extend_safe_fixes=values.get("extend-safe-fixes", ()),
        extend_unsafe_fixes=values.get("extend-unsafe-fixes", ()),
    )
    changes: dict[str, Any] = {}
    if selection != RuleSelection(over.origin):
        changes["selections"] = (*settings.selections, selection)
    if "per-file-ignores" in values:
        changes["per_file_ignores"] = tuple(
            PerFileIgnore(
                origin=over.origin,
                text=text,
                files=Patterns([Pattern(over.root, text.removeprefix("!"))]),
                inverted=text.startswith("!"),
                selectors=selectors,
            )
            for text, selectors in values["per-file-ignores"].items()
        )
    if "exclude" in values:
        changes["exclude"] = _patterns(over, "exclude")
    if "extend-exclude" in values:
        changes["extend_exclude"] = (*settings.extend_exclude, *_patterns(over, "extend-exclude"))
    for key in ("respect-gitignore", "force-exclude", "prefer", "backend"):
        if key in values:
            changes[key.replace("-", "_")] = values[key]
    if "knowledge" in values:
        # An entry replaces an earlier one of its name as a whole.
        named = {entry[:2]: entry for entry in (*settings.knowledge, *values["knowledge"])}
        changes["knowledge"] = tuple(named.values())
    return settings._replace(**changes)


def _patterns(over: Layer, key: str) -> tuple[Pattern, ...]:
    return tuple(Pattern(over.root, text) for text in over.values[key])


class Resolver:
    """Finds the settings that apply in a directory: those of the nearest configuration file above it."""

    def __init__(
        self, cwd: str, *, fixed: Layer | None = None, isolated: bool = False, overrides: Iterable[Layer] = ()
    ) -> None:
        self._cwd = cwd
        self._overrides = tuple(overrides)
        self._cache: dict[str, Settings] = {}
        self._everywhere: Settings | None = None
        if fixed is not None:
            self._everywhere = self._build(fixed)
        elif isolated:
            self._everywhere = self._build(None)

    def for_directory(self, directory: str) -> Settings:
        """The settings for the files directly in an absolute ``directory``."""
        if self._everywhere is not None:
            return self._everywhere
        known = self._cache.get(directory)
        if known is None:
            known = self._cache[directory] = self._find(directory)
        return known

    def _find(self, directory: str) -> Settings:
        for name in CONFIG_FILES:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                found = read_config(path, shown_path(path, self._cwd), directory)
                if found is not None:
                    return self._build(found)
        parent = os.path.dirname(directory)
        return self._build(None) if parent == directory else self.for_directory(parent)

    def _build(self, config: Layer | None) -> Settings:
        settings = Settings()
        if config is not None:
            settings = merge(settings, config)._replace(origin=config.origin)
        for override in self._overrides:
            settings = merge(settings, override)
        return settings


def shown_path(path: str, cwd: str) -> str:
    """A path as users see it: relative and POSIX where it lies below the working directory, absolute elsewhere."""
    prefix = cwd.rstrip(os.sep) + os.sep
    relative = path[len(prefix) :] if path.startswith(prefix) else path
    return relative.replace(os.sep, "/")
