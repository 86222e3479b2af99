"""Where things stand in a module: the scopes around a node, its calls by name, and its places."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property

from bcelint.places import Place
from bcelint.reading.text import split_rows
from bcelint.verify.cutting.blocks import Block
from bcelint.verify.cutting.names import COMPREHENSIONS, DEFINITIONS, FUNCTIONS, Bindings, FunctionNode, bound_in

# What the classes are called whose methods need weights, or a training loop around them.
_BUILT = ("Model", "Layer", "Sequential", "Module", "Network", "Functional", "Callback", "Cell")


# Statements whose inside never takes their place.
_NOT_OPENED = (*DEFINITIONS, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)


class Outline:
    """A module's tree, looked up from the inside outwards."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self.tree = tree
        self.rows = split_rows(text)
        self.around: dict[ast.AST, tuple[ast.AST, str]] = {}
        self.calls: defaultdict[str, list[ast.Call]] = defaultdict(list)
        self.functions: list[FunctionNode] = []
        self.definitions: defaultdict[str, list[ast.stmt]] = defaultdict(list)
        self.identifiers: set[str] = set()
        self._bound: dict[ast.AST, Bindings] = {}
        self._written: dict[tuple[FunctionNode, str], set[str]] = {}
        self._blocks: dict[tuple[ast.AST, str, ast.AST | None], Block] = {}
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            self._enter(node)
            for name, value in ast.iter_fields(node):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST) and not isinstance(child, (ast.expr_context, ast.operator)):
                        self.around[child] = (node, name)
                        stack.append(child)
        for calls in self.calls.values():
            calls.sort(key=lambda call: (call.lineno, call.col_offset))
        for definitions in self.definitions.values():
            definitions.sort(key=lambda definition: definition.lineno)
        self.functions.sort(key=lambda function: (function.lineno, function.col_offset))

    def _enter(self, node: ast.AST) -> None:
        if isinstance(node, FUNCTIONS):
            self.functions.append(node)
        if isinstance(node, DEFINITIONS):
            self.definitions[node.name].append(node)
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if name:
                self.calls[name].append(node)
        for field in ("id", "name", "arg", "asname", "attr"):
            identifier = getattr(node, field, None)
            if isinstance(identifier, str):
                self.identifiers.add(identifier)

    # --- places -------------------------------------------------------------------------------------------------------

    def place(self, node: ast.expr | ast.stmt) -> Place:
        """The place of a node (``col_offset`` counts UTF-8 bytes; places count characters)."""
        end_row, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        start = self._column(node.lineno, node.col_offset)
        return Place(node.lineno, start, end_row, self._column(end_row, end_column))

    def _column(self, row: int, offset: int) -> int:
        text = self.rows[row - 1] if row <= len(self.rows) else ""
        if not text.isascii():
            offset = len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore"))
        return offset + 1

    def text_at(self, node: ast.expr | ast.stmt) -> str:
        """The first row of what stands at a node's place."""
        place = self.place(node)
        row = self.rows[place.row - 1] if place.row <= len(self.rows) else ""
        return row[place.column - 1 : place.end_column - 1 if place.end_row == place.row else None]

    def function_at(self, row: int, column: int) -> FunctionNode | None:
        """The function or lambda that begins there."""
        here = [function for function in self.functions if function.lineno == row]
        return next((function for function in here if self.place(function).column == column), None)

    def expression_at(self, place: Place) -> ast.expr | None:
        """The expression that stands exactly there, the outermost one if there are several."""
        found = [node for node in self._expressions.get(place.row, ()) if self.place(node) == place]
        return min(found, key=lambda node: len(self.ancestors(node)), default=None)

    @cached_property
    def _expressions(self) -> dict[int, list[ast.expr]]:
        """The expressions by the row in which they begin."""
        found: defaultdict[int, list[ast.expr]] = defaultdict(list)
        for node in self.around:
            if isinstance(node, ast.expr):
                found[node.lineno].append(node)
        return found

    def ancestors(self, node: ast.AST) -> list[ast.AST]:
        """What a node is in, innermost first, without the module."""
        found = []
        while (around := self.around.get(node)) is not None and around[0] is not self.tree:
            node = around[0]
            found.append(node)
        return found

    # --- blocks ---------------------------------------------------------------------------------------------------

    def block(self, scope: ast.AST, receiver: str = "", node: ast.AST | None = None) -> Block:
        """The statements of a scope, opened towards ``node``."""
        towards = [node, *self.ancestors(node)] if node is not None else []
        if isinstance(scope, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            body = scope.body
        else:
            value = scope.body if isinstance(scope, ast.Lambda) else scope
            assert isinstance(value, ast.expr)
            body = [ast.copy_location(ast.Expr(value), value)]
        inside = set(map(id, towards))
        opens = any(id(statement) in inside for statement in body if not isinstance(statement, _NOT_OPENED))
        key = (scope, receiver, node if opens else None)
        known = self._blocks.get(key)
        if known is None:
            known = self._blocks[key] = Block(body, towards, receiver)
        return known

    # --- scopes -------------------------------------------------------------------------------------------------------

    def scopes(self, node: ast.AST) -> list[ast.AST]:
        """The functions, classes and comprehensions in whose scope a node is evaluated, outermost first."""
        found: list[ast.AST] = []
        while (around := self.around.get(node)) is not None:
            outer, field = around
            if isinstance(outer, ast.comprehension) and field == "iter":
                whole = self.around[outer][0]
                if isinstance(whole, COMPREHENSIONS) and whole.generators[0] is outer:
                    node = whole  # the first iterable is evaluated outside
                    continue
            is_body = isinstance(outer, (*FUNCTIONS, ast.ClassDef)) and field == "body"
            if is_body or isinstance(outer, COMPREHENSIONS):
                found.append(outer)
            node = outer
        return found[::-1]

    def owner(self, name: str, node: ast.AST) -> ast.AST:
        """The scope that binds ``name`` as it is read at ``node``; the module where none does."""
        scopes = self.scopes(node)
        for index in reversed(range(len(scopes))):
            scope = scopes[index]
            if isinstance(scope, ast.ClassDef) and index != len(scopes) - 1:
                continue
            bound = self.bound(scope)
            if name in bound.names:
                return scope
            if name in bound.module:
                break
        return self.tree

    def bound(self, scope: ast.AST) -> Bindings:
        found = self._bound.get(scope)
        if found is None:
            found = self._bound[scope] = bound_in(scope)
        return found

    @cached_property
    def setters(self) -> dict[str, list[FunctionNode]]:
        """The functions that bind a variable of the module (``global``)."""
        found: defaultdict[str, list[FunctionNode]] = defaultdict(list)
        for function in self.functions:
            for name in self.bound(function).module:
                if any(
                    isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
                    for node in ast.walk(function)
                ):
                    found[name].append(function)
        return found

    def written(self, function: FunctionNode, name: str) -> set[str]:
        """The attributes of the object ``name`` that a function writes."""
        found = self._written.get((function, name))
        if found is None:
            found = self._written[function, name] = {
                node.attr
                for node in ast.walk(function)
                if isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id == name
            }
        return found

    # --- classes ------------------------------------------------------------------------------------------------------

    @cached_property
    def imported(self) -> dict[str, str]:
        """What imported names stand for: ``K`` is ``keras.backend``."""
        found = {}
        for node in self.around:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
                for alias in node.names:
                    if alias.asname or prefix:
                        found[alias.asname or alias.name] = prefix + alias.name
        return found

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes of the file by name; of several the last."""
        found = [node for node in self.around if isinstance(node, ast.ClassDef)]
        return {node.name: node for node in sorted(found, key=lambda node: node.lineno)}

    def lineage(self, node: ast.ClassDef) -> list[ast.ClassDef]:
        """A class and those of its bases that are in the file."""
        found: list[ast.ClassDef] = []
        waiting = [node]
        while waiting:
            one = waiting.pop(0)
            if one not in found:
                found.append(one)
                names = [base.id for base in one.bases if isinstance(base, ast.Name)]
                waiting += [self.classes[name] for name in names if name in self.classes]
        return found

    def foreign_bases(self, node: ast.ClassDef) -> list[str]:
        """The last names of the bases that other modules define."""
        found = []
        for one in self.lineage(node):
            for base in one.bases:
                name = last_name(base)
                if isinstance(base, ast.Name):
                    if name in self.classes:
                        continue
                    name = self.imported.get(name, name).rpartition(".")[2]
                if name != "object":
                    found.append(name)
        return found

    def has_to_be_built(self, node: ast.ClassDef) -> bool:
        return any(name.endswith(_BUILT) for name in self.foreign_bases(node))


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
