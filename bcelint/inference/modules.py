"""Imports of the project's own modules: each is run once, when something of it is needed."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bcelint.gate import is_of_keras, may_train
from bcelint.inference.guards import Key
from bcelint.inference.keras_api import is_known_api, is_known_package
from bcelint.inference.values import (
    Api,
    Choice,
    Const,
    Function,
    Imported,
    ListValue,
    Module,
    ModuleScope,
    Sequence,
    Unknown,
    Value,
    choice,
)
from bcelint.knowledge import user
from bcelint.knowledge.names import canonical
from bcelint.project import ORIGIN, ModuleFile, full_name

if TYPE_CHECKING:
    from bcelint.inference.interpreter import Interpreter
    from bcelint.project import Project
    from bcelint.source import Source

# How many modules may be run inside each other, and in all.
_DEEPEST = 25
_MOST = 300
# Evaluation steps that may be taken in other modules: so many for a script and so many for a file that only defines
# things, and so many more for each step in the file itself. The builder of a deep network takes up to 10,000.
_STEPS_OF_SCRIPTS, _STEPS_OF_MODULES, _STEPS_PER_OWN = 12_000, 3_000, 2
# Functions of modules without Keras are not followed, unless they are as short as those that return settings.
_SHORT = 12


class Modules:
    """The modules that a file imports, with those that they import; none without a ``project``."""

    def __init__(self, interpreter: Interpreter, project: Project | None, *, is_script: bool = True) -> None:
        self._interpreter = interpreter
        self._project = project
        self._scopes: dict[str, ModuleScope | None] = {}
        self._running = 0
        self._allowance = _STEPS_OF_SCRIPTS if is_script else _STEPS_OF_MODULES
        # Steps that other modules have taken, and where the count stood when one of them was entered.
        self._steps = 0
        self._entered: int | None = None
        # Whether a file can hold anything that matters, by its path: asked for at every call.
        self._matter: dict[str, bool] = {}
        # Names that were imported and not looked up so far, by module.
        self._waiting: dict[Key, list[Imported]] = {}
        # Names that are being looked up: two modules may import them from each other.
        self._pending: set[tuple[str, str]] = set()

    def find(self, name: str, level: int = 0) -> Module | None:
        """What the running code imports by ``name``, if it belongs to the project."""
        if self._project is None:
            return None
        found = self._project.find(name, self._interpreter.module.path, level)
        return Module("." * level + name, found) if found is not None else None

    def add_to_path(self, folder: str) -> None:
        """A folder that the code adds to ``sys.path``."""
        if self._project is not None:
            self._project.add_to_path(folder)

    def take_over(self, path: str) -> None:
        """Run a file and bind its names, as ``%run`` does in a notebook."""
        interpreter = self._interpreter
        if self._project is None:
            return
        found = os.path.normpath(os.path.join(os.path.dirname(interpreter.module.path), path))
        if not found.endswith((".py", ".ipynb")):
            found += ".py"
        scope = self._scope(ModuleFile(path, found, ""), is_main=True)
        if scope is not None and scope is not interpreter.module:
            interpreter.module.stars += scope.stars
            for name, value in scope.store.items():
                interpreter.assign_name(name, value)

    def imported(self, module: Module, name: str) -> Imported:
        """``from module import name``"""
        value = Imported(module, name)
        self._waiting.setdefault(module.key, []).append(value)
        return value

    def set_attribute(self, module: Module, name: str, value: Value) -> None:
        """``module.name = value``: who has imported the name before keeps what it was."""
        for earlier in self._waiting.pop(module.key, []):
            self.resolved(earlier)
        scope = self._scope(module.file)
        if scope is not None:
            self._interpreter.write(scope.store, name, value)

    def resolved(self, value: Value) -> Value:
        """A value with what it is made of looked up, where it was imported."""
        if isinstance(value, Imported):
            if value.value is None:
                value.value = self.attribute(value.module, value.name)
            return value.value
        if isinstance(value, Choice) and any(isinstance(option, Imported) for _, option in value.options):
            return choice([(guard, self.resolved(option)) for guard, option in value.options])
        return value

    def follows(self, function: Function) -> bool:
        """Whether a function of another module is run where it is called."""
        if self._are_exhausted:
            return False
        body = function.node.body
        if isinstance(body, ast.expr) or len(body) <= _SHORT:
            return True
        source: Source | None = getattr(function.node, ORIGIN, None)
        if source is None:
            return True
        if source.path not in self._matter:
            self._matter[source.path] = is_of_keras(source.data) or may_train(source.data)
        return self._matter[source.path]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Code of another module is running."""
        outer = self._entered
        if outer is None:
            self._entered = self._interpreter.steps
        try:
            yield
        finally:
            if outer is None and self._entered is not None:
                self._steps += self._interpreter.steps - self._entered
                self._entered = None

    @property
    def _are_exhausted(self) -> bool:
        steps = self._interpreter.steps
        taken = self._steps + (steps - self._entered if self._entered is not None else 0)
        return taken > self._allowance + _STEPS_PER_OWN * (steps - taken)

    def attribute(self, module: Module, name: str) -> Value:
        """What a name of a module is."""
        known = canonical(f"{module.name}.{name}")
        if is_known_api(known):
            return Api(known)
        configured = self._configured(module, name)
        if configured is not None:
            return configured
        scope = self._scope(module.file)
        found = self._in_scope(scope, name) if scope is not None else None
        if found is not None:
            return found
        submodule = self._project.submodule(module.file, name) if self._project is not None else None
        if submodule is not None:
            return Module(f"{module.name}.{name}", submodule)
        return Unknown(f"`{name}` is not defined in `{module.name}`", ("module", module.key, name))

    def starred(self, scope: ModuleScope, name: str) -> Value | None:
        """A name that a module has from a star import; the last one counts."""
        for star in reversed(scope.stars):
            if isinstance(star, str):
                path = canonical(f"{star}.{name}")
                if is_known_api(path) or is_known_package(path):
                    return Api(path)
                continue
            configured = self._configured(star, name)
            if configured is not None:
                return configured
            other = self._scope(star.file)
            if other is None or other is scope or not _is_public(other, name):
                continue
            found = self._in_scope(other, name)
            if found is not None:
                return found
        return None

    def _configured(self, module: Module, name: str) -> Api | None:
        """What the configuration describes by the full name of a module, whatever it was imported as."""
        if not user.NAMES:
            return None
        for package in (module.name, full_name(module.file)):
            path = canonical(f"{package}.{name}")
            if path in user.NAMES:
                return Api(path)
        return None

    def _in_scope(self, scope: ModuleScope, name: str) -> Value | None:
        pending = (scope.path, name)
        if pending in self._pending:
            return None
        self._pending.add(pending)
        try:
            value = scope.store.get(name)
            return self.resolved(value) if value is not None else self.starred(scope, name)
        finally:
            self._pending.discard(pending)

    def _scope(self, file: ModuleFile, *, is_main: bool = False) -> ModuleScope | None:
        """The names of a module: of one that is running those that it has so far."""
        interpreter = self._interpreter
        if self._project is None or not file.path:
            return None
        if file.path == self._project.path:
            return interpreter.main
        if file.path not in self._scopes:
            if self._running >= _DEEPEST or len(self._scopes) >= _MOST or self._are_exhausted:
                return None
            self._scopes[file.path] = None
            source = self._project.source(file.path)
            if source is None or source.tree is None:
                return None
            scope = ModuleScope(source.tree, file.path, implicit_names=interpreter.main.implicit_names, is_main=is_main)
            self._scopes[file.path] = scope
            self._running += 1
            try:
                with self.entered():
                    interpreter.run_module(scope)
            finally:
                self._running -= 1
        return self._scopes[file.path]


def _is_public(scope: ModuleScope, name: str) -> bool:
    """Whether a star import takes over a name."""
    listed = scope.store.get("__all__")
    items = listed.store["items"] if isinstance(listed, ListValue) else listed
    if isinstance(items, Sequence):
        return any(isinstance(item, Const) and item.value == name for item in items.items)
    return not name.startswith("_")
