"""How a name of the Keras API is spelled in a file, and the import that it may need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from bcelint.findings import Edit
from bcelint.places import Place
from bcelint.source import Source

# The packages that hold Keras, which are all "keras" in the API names of rules.
_KERAS = re.compile(
    r"(?:tensorflow\.(?:compat\.v[12]\.|python\.)?keras|tf_keras|keras\.(?:api|src)|keras)(?=\.|$)(?:\.api(?=\.|$))?"
)
_TENSORFLOW = re.compile(r"tensorflow(?:\.compat\.v[12])?")
_ROOT = re.compile(r"[A-Za-z_]\w*")
_Import = ast.Import | ast.ImportFrom
_Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Spelling:
    """``text`` names the API once ``imports`` are made."""

    text: str
    imports: tuple[Edit, ...] = ()


def spell(source: Source, api: str, use: Place) -> Spelling | None:
    """How the API name is spelled at ``use``, in the file's own style; ``None`` where that cannot be."""
    if source.tree is None:
        return None
    names = _Names(source, source.tree, use)
    known = names.known(api)
    if known is not None:
        return Spelling(known)
    package, _, name = api.rpartition(".")
    if not _KERAS.match(package):
        return None
    # Where the name itself is taken, what holds it is imported: "from keras import losses".
    holder, _, module = package.rpartition(".")
    for owner, imported, text in ((package, name, name), (holder, module, f"{module}.{name}")):
        if owner and names.is_free(imported):
            return Spelling(text, (names.import_edit(owner, imported),))
    return None


@dataclass(frozen=True)
class _Contents:
    """What a scope itself holds, without the functions and classes in it."""

    imports: tuple[_Import, ...]
    bound: frozenset[str]
    inner: tuple[_Scope, ...]


# Scopes are walked once for a file, however many fixes it gets.
_contents: WeakKeyDictionary[Source, dict[_Scope, _Contents]] = WeakKeyDictionary()
_all_names: WeakKeyDictionary[Source, frozenset[str]] = WeakKeyDictionary()


def _contents_of(source: Source, scope: _Scope) -> _Contents:
    known = _contents.setdefault(source, {})
    if scope not in known:
        own = list(_own_nodes(scope))
        known[scope] = _Contents(
            tuple(node for node in own if isinstance(node, _Import)),
            frozenset(name for node in own for name in _bound(node)),
            tuple(node for node in own if isinstance(node, _Scope)),
        )
    return known[scope]


def _names_in(source: Source, tree: ast.Module) -> frozenset[str]:
    """Every name that the file gives a meaning anywhere."""
    if source not in _all_names:
        nodes = list(ast.walk(tree))
        imported = {name for node in nodes if isinstance(node, _Import) for name, _ in _bindings(node)}
        _all_names[source] = frozenset(imported.union(*(_bound(node) for node in nodes)))
    return _all_names[source]


class _Names:
    """What names mean at one place of a file. Imports below that place do not count."""

    def __init__(self, source: Source, tree: ast.Module, use: Place) -> None:
        self._source = source
        self._tree = tree
        self._scopes = list(_scopes_around(source, tree, use.row))
        contents = [_contents_of(source, scope) for scope in self._scopes]
        self._imports = [node for scope in contents for node in scope.imports if _last_row(node) < use.row]
        self._shadowed = frozenset[str]().union(*(scope.bound for scope in contents))
        root = _ROOT.match(source.segment(use))
        self._root = root.group() if root else ""

    def known(self, api: str) -> str | None:
        """The spelling that the imports above allow: with the root that stands there now, or else the shortest."""
        spellings = [
            (name != self._root, text.count("."), text)
            for name, target in self._targets.items()
            if (text := _spelled(api, name, target)) is not None
        ]
        package, _, name = api.rpartition(".")
        if package in self._starred and name not in self._shadowed and name not in self._targets:
            spellings.append((True, 0, name))
        return min(spellings)[2] if spellings else None

    def is_free(self, name: str) -> bool:
        """Whether nothing in the whole file gives the name a meaning."""
        return name not in _names_in(self._source, self._tree)

    def import_edit(self, package: str, name: str) -> Edit:
        """Import ``name`` beside the last Keras import above, or else where a module's imports begin."""
        scopes = (scope.body for scope in self._scopes)
        beside = next(filter(None, ([n for n in body if n in self._imports and _is_keras(n)] for body in scopes)), None)
        if not beside:
            return self._import_on_top(package, name)
        for node in beside:
            if isinstance(node, ast.ImportFrom) and _canonical(_names_of(node)[0]) == f"{package}.{node.names[0].name}":
                last = self._source.place(node.names[-1])
                return _insertion(last.end_row, last.end_column, f", {name}")
        place = self._source.place(beside[-1])
        indent = self._source.line(place.row)[: place.column - 1]
        end = len(self._source.line(place.end_row)) + 1
        return _insertion(place.end_row, end, f"\n{indent}{_import(_flavour(beside[-1]), package, name)}")

    def _import_on_top(self, package: str, name: str) -> Edit:
        flavours = (_flavour(node) for node in ast.walk(self._tree) if isinstance(node, _Import))
        flavour = next(filter(None, flavours), "keras")
        first = next(node for i, node in enumerate(self._tree.body) if not _precedes_imports(node, i))
        row = min([first.lineno, *(decorator.lineno for decorator in getattr(first, "decorator_list", []))])
        return _insertion(row, 1, _import(flavour, package, name) + "\n")

    @cached_property
    def _targets(self) -> dict[str, str]:
        """What each imported name stands for, where that is one thing."""
        found: dict[str, set[str]] = {}
        for name, target in (binding for node in self._imports for binding in _bindings(node)):
            found.setdefault(name, set()).add(target)
        return {n: targets.pop() for n, targets in found.items() if len(targets) == 1 and n not in self._shadowed}

    @cached_property
    def _starred(self) -> set[str]:
        starred = (node for node in self._imports if node.names[0].name == "*")
        return {_canonical(_names_of(node)[0]).removesuffix(".*") for node in starred}


def _spelled(api: str, name: str, target: str) -> str | None:
    """How ``api`` is reached through a ``name`` that stands for ``target``."""
    if api == target or api.startswith(target + "."):
        return name + api[len(target) :]
    if _TENSORFLOW.fullmatch(target) and _KERAS.match(api):
        return f"{name}.{api}"
    return None


def _import(flavour: str, package: str, name: str) -> str:
    return f"from {_KERAS.sub(flavour, package, count=1)} import {name}"


def _insertion(row: int, column: int, content: str) -> Edit:
    return Edit(Place(row, column, row, column), content)


def _canonical(dotted: str) -> str:
    match = _KERAS.match(dotted)
    return "keras" + dotted[match.end() :] if match else dotted


def _names_of(node: _Import) -> list[str]:
    """The full names of what is imported."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]


def _bindings(node: _Import) -> Iterator[tuple[str, str]]:
    """The names that an import binds, each with what it stands for."""
    for alias, full in zip(node.names, _names_of(node), strict=True):
        if isinstance(node, ast.Import) and not alias.asname:
            full = full.partition(".")[0]
        yield alias.asname or full.rpartition(".")[2], _canonical(full)


def _flavour(node: _Import) -> str:
    """The package that an import takes Keras from, as it is written there; empty if it takes no Keras."""
    for name in _names_of(node):
        if match := _KERAS.match(name):
            return match.group()
        if match := _TENSORFLOW.match(name):
            return "tensorflow.keras"
    return ""


def _is_keras(node: _Import) -> bool:
    return any(_KERAS.match(name) for name in _names_of(node))


def _precedes_imports(node: ast.stmt, index: int) -> bool:
    """Whether a top-level statement has to stay above all imports: the docstring, ``__future__``."""
    is_docstring = not index and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _scopes_around(source: Source, tree: ast.Module, row: int) -> Iterator[_Scope]:
    """The scopes that a row lies in, the module first."""
    scope: _Scope | None = tree
    while scope is not None:
        yield scope
        inner = _contents_of(source, scope).inner
        scope = next((node for node in inner if node.lineno <= row <= _last_row(node)), None)  # type: ignore[union-attr]


def _own_nodes(scope: _Scope) -> Iterator[ast.AST]:
    """The nodes of a scope, without those in functions and classes within it."""
    stack: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _Scope):
            stack.extend(ast.iter_child_nodes(node))


def _bound(node: ast.AST) -> tuple[str, ...]:
    """The names to which a node, which is no import, gives a meaning."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
    return ()


def _last_row(node: ast.AST) -> int:
    end: int = getattr(node, "end_lineno", None) or 0
    return end
