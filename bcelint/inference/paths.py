"""Paths in code, as far as they are made of ``__file__`` and of what is written out: for ``sys.path``."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bcelint.inference.guards import Key
from bcelint.inference.values import Arguments, Const, ListValue, Sequence, Unknown, Value

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi


@dataclass(frozen=True, slots=True, eq=False)
class FilePath(Value):
    """A ``pathlib.Path``."""

    path: str

    @property
    def key(self) -> Key:
        return ("path", self.path)


@dataclass(frozen=True, slots=True, eq=False)
class PathMethod(Value):
    """A method of a path that gives another one, or its text."""

    owner: FilePath
    name: str


def text_of(value: Value) -> str | None:
    """What a string or path holds."""
    if isinstance(value, FilePath):
        return value.path
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else None


def _changed(change: Callable[..., str], result: Callable[[str], Value]) -> Callable[..., Value]:
    def call(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
        parts = [text_of(argument.value) for argument in arguments.positional]
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return Unknown("a path")
        return result(change(*known))

    return call


def _in_folder(path: str) -> str:
    return os.path.normpath(path)


def _working_directory(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """Scripts and notebooks are taken to run in their own folder."""
    return Const(os.path.dirname(keras.interpreter.main.path))


PATH_CALLS: dict[str, Callable[..., Value]] = {
    "os.path.dirname": _changed(os.path.dirname, Const),
    "os.path.abspath": _changed(_in_folder, Const),
    "os.path.realpath": _changed(_in_folder, Const),
    "os.path.normpath": _changed(_in_folder, Const),
    "os.path.expanduser": _changed(str, Const),
    "os.path.join": _changed(os.path.join, Const),
    "os.fspath": _changed(str, Const),
    "os.getcwd": _working_directory,
    "pathlib.Path": _changed(os.path.join, FilePath),
    "pathlib.PurePath": _changed(os.path.join, FilePath),
}


def attribute(owner: FilePath, name: str) -> Value:
    """``path.parent``, ``path.parents`` and methods."""
    if name == "parent":
        return FilePath(os.path.dirname(owner.path))
    if name == "parents":
        above = []
        path = owner.path
        while os.path.dirname(path) != path:
            path = os.path.dirname(path)
            above.append(FilePath(path))
        return ListValue(Sequence(tuple(above)))
    if name == "name":
        return Const(os.path.basename(owner.path))
    return PathMethod(owner, name)


def call_method(method: PathMethod, arguments: Arguments) -> Value:
    """``path.resolve()``, ``path.joinpath("lib")``, ``path.as_posix()``."""
    if method.name in ("resolve", "absolute", "expanduser"):
        return FilePath(_in_folder(method.owner.path))
    if method.name in ("as_posix", "__str__"):
        return Const(method.owner.path)
    if method.name == "joinpath":
        return joined(method.owner, *(argument.value for argument in arguments.positional))
    return Unknown("a method of a path")


def joined(first: Value, *others: Value) -> Value:
    """``path / "lib"``."""
    parts = [text_of(value) for value in (first, *others)]
    known = [part for part in parts if part is not None]
    return FilePath(os.path.join(*known)) if len(known) == len(parts) else Unknown("a path")
