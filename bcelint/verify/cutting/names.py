"""The names that a piece of code binds, changes, and takes from the scopes around it.

In the methods of a class the attributes of the receiver are names too: ``self.alpha``, and ``self.`` where the receiver
itself is handed on, and ``self.=`` where something is written into it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

WRITTEN = "="

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# Methods that change what they are called on; others, such as `fit`, are no part of what a value is.
_CHANGING = frozenset(
    {"append", "extend", "insert", "update", "add", "setdefault", "pop", "popitem", "remove", "discard", "clear"}
    | {"sort", "reverse", "fill", "load_weights", "set_weights", "build"}
)


@dataclass
class Names:
    """What code loads from the scopes around it.

    Attributes:
        now: names that are needed when the code runs.
        later: names that the functions made by it need when they are called.
        module: names that such functions take from the module whatever lies between (``global``).
        attributes: every attribute (and string that could be one) that is mentioned.
    """

    now: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    module: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    def add(self, other: Names) -> None:
        self.now |= other.now
        self.later |= other.later
        self.module |= other.module
        self.attributes |= other.attributes

    def all(self) -> set[str]:
        return self.now | self.later


@dataclass
class Bindings:
    """What code binds in its own scope; ``module`` and ``outer`` are declared to be bound further out."""

    names: set[str] = field(default_factory=set)
    module: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    has_star: bool = False


def bindings(nodes: Iterable[ast.AST], receiver: str = "") -> Bindings:
    """What ``nodes`` bind in the scope that they are in."""
    found = Bindings()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, DEFINITIONS):
            found.names.add(node.name)
            stack += _outside(node)
        elif isinstance(node, ast.Lambda):
            stack += _outside(node)
        elif isinstance(node, COMPREHENSIONS):
            found.names |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            found.has_star |= "*" in bound
            found.names |= bound - {"*"}
        elif isinstance(node, ast.Global):
            found.module.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            found.outer.update(node.names)
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.names.add(node.id)
            elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
                found.names.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                found.names.add(node.rest)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_name(node.value, receiver):
                found.names.add(f"{receiver}.{node.attr}")
            stack += ast.iter_child_nodes(node)
    found.names -= found.module | found.outer
    return found


def parameters(node: FunctionNode) -> Iterator[ast.arg]:
    """All parameters, in the order in which they are written."""
    spec = node.args
    yield from (*spec.posonlyargs, *spec.args)
    if spec.vararg:
        yield spec.vararg
    yield from spec.kwonlyargs
    if spec.kwarg:
        yield spec.kwarg


def bound_in(scope: ast.AST) -> Bindings:
    """What a function, class, comprehension or module binds, parameters included."""
    if isinstance(scope, FUNCTIONS):
        found = bindings([scope.body] if isinstance(scope, ast.Lambda) else scope.body)
        found.names |= {parameter.arg for parameter in parameters(scope)} - found.module - found.outer
        return found
    if isinstance(scope, COMPREHENSIONS):
        return bindings(generator.target for generator in scope.generators)
    return bindings(getattr(scope, "body", []))


def changed(statement: ast.stmt, receiver: str = "") -> tuple[set[str], set[str]]:
    """The names whose values a statement changes (``w[0] = 2``, ``w.append(2)``), and those of them that get an
    attribute (``tf.log = tf.math.log``)."""
    everything, attributes = set(), set()
    if isinstance(statement, (ast.Assign, ast.Delete)):
        targets: list[ast.expr] = statement.targets
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        targets = [statement.target]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        targets = [function.value] if isinstance(function, ast.Attribute) and function.attr in _CHANGING else []
    else:
        return set(), set()
    is_call = isinstance(statement, ast.Expr)
    for target in targets:
        for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
            inner, only_attributes = part, not is_call
            while isinstance(inner, (ast.Attribute, ast.Subscript, ast.Starred)):
                if isinstance(inner, ast.Attribute) and _is_name(inner.value, receiver):
                    break
                only_attributes &= isinstance(inner, ast.Attribute)
                inner = inner.value
            if inner is part and not is_call:
                continue
            root = inner.id if isinstance(inner, ast.Name) else ""
            if isinstance(inner, ast.Attribute):
                root = f"{receiver}.{inner.attr}"
            if root:
                everything.add(root)
                attributes |= {root} if only_attributes else set()
    return everything, attributes


class Reader:
    """Reads what code loads; what functions need is remembered."""

    def __init__(self) -> None:
        self._functions: dict[tuple[ast.AST, str], Names] = {}

    def read(self, nodes: Iterable[ast.AST], receiver: str = "") -> Names:
        found = Names()
        for node in nodes:
            self._visit(node, found, receiver)
        return found

    def function(self, node: FunctionNode, receiver: str = "") -> Names:
        """What the body of a function takes from around it, all of it as ``later``."""
        known = self._functions.get((node, receiver))
        if known is None:
            own = bound_in(node)
            inner = self.read([node.body] if isinstance(node, ast.Lambda) else node.body, receiver)
            free = inner.all() - own.names
            known = Names(set(), free - own.module, inner.module | (free & own.module), inner.attributes)
            self._functions[node, receiver] = known
        return known

    def inside(self, node: ast.ClassDef) -> Iterator[tuple[ast.stmt, Names]]:
        """The statements of a class, each with what it takes from around the class."""
        bound: set[str] = set()
        for statement in node.body:
            names = self.read([statement])
            names.now -= bound
            yield statement, names
            bound |= bindings([statement]).names

    def _visit(self, node: ast.AST, found: Names, receiver: str) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                found.now.add(f"{receiver}." if node.id == receiver else node.id)
            return
        if isinstance(node, ast.Attribute):
            found.attributes.add(node.attr)
            if not _is_name(node.value, receiver):
                self._visit(node.value, found, receiver)
            else:
                found.now.add(f"{receiver}.{node.attr if isinstance(node.ctx, ast.Load) else WRITTEN}")
            return
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and node.value.isidentifier():
                found.attributes.add(node.value)
            return
        if isinstance(node, FUNCTIONS):
            self._visit_all(_outside(node), found, receiver)
            hides = receiver in {parameter.arg for parameter in parameters(node)}
            found.add(self.function(node, "" if hides else receiver))
        elif isinstance(node, ast.ClassDef):
            self._visit_all(_outside(node), found, receiver)
            for _, names in self.inside(node):
                found.add(names)
        elif isinstance(node, COMPREHENSIONS):
            self._visit(node.generators[0].iter, found, receiver)
            inner = Names()
            for index, generator in enumerate(node.generators):
                self._visit_all([generator.iter] if index else [], inner, receiver)
                self._visit_all([generator.target, *generator.ifs], inner, receiver)
            values = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
            self._visit_all(values, inner, receiver)
            own = bound_in(node).names
            found.add(Names(inner.now - own, inner.later - own, inner.module, inner.attributes))
        else:
            if isinstance(node, ast.AugAssign):
                self._visit_loaded(node.target, found, receiver)
            for name, value in ast.iter_fields(node):
                if name == "annotation":
                    continue  # programs are written without them
                if isinstance(value, ast.AST):
                    self._visit(value, found, receiver)
                elif isinstance(value, list):
                    self._visit_all((item for item in value if isinstance(item, ast.AST)), found, receiver)

    def _visit_all(self, nodes: Iterable[ast.AST], found: Names, receiver: str) -> None:
        for node in nodes:
            self._visit(node, found, receiver)

    def _visit_loaded(self, target: ast.expr, found: Names, receiver: str) -> None:
        """What ``target += 1`` reads before it writes."""
        if isinstance(target, ast.Name):
            found.now.add(target.id)
        elif isinstance(target, ast.Attribute) and _is_name(target.value, receiver):
            found.now.add(f"{receiver}.{target.attr}")


def _outside(node: ast.AST) -> list[ast.expr]:
    """The parts of a definition that are evaluated in the scope around it."""
    parts: list[ast.expr] = [*getattr(node, "decorator_list", [])]
    if isinstance(node, FUNCTIONS):
        parts += [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
    if isinstance(node, ast.ClassDef):
        parts += [*node.bases, *(keyword.value for keyword in node.keywords)]
    return parts


def _is_name(node: ast.AST, name: str) -> bool:
    return bool(name) and isinstance(node, ast.Name) and node.id == name
