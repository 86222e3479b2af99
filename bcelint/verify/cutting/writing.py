"""Programs as text: what was kept of each scope, put together again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TypeVar

from bcelint.verify.cutting.names import COMPREHENSIONS, FUNCTIONS
from bcelint.verify.cutting.outline import Outline
from bcelint.verify.cutting.slicing import Frame, Instance, Refused, Slicer, receiver_of

_S = TypeVar("_S", bound=ast.stmt)

_COMMAND_LINE = frozenset({"parse_args", "parse_known_args", "argv", "FLAGS"})
# Decorators that mean nothing once a method is a function.
_OF_METHODS = frozenset({"staticmethod", "classmethod", "abstractmethod", "abc.abstractmethod", "override"})


class Writer:
    """Makes the module of what a slice has kept."""

    def __init__(self, outline: Outline, slicer: Slicer, frames: Sequence[Frame], wanted: str) -> None:
        self.outline = outline
        self.slicer = slicer
        self.frames = frames
        self.wanted = wanted
        self.module: list[ast.stmt] = []
        self._taken = set(outline.identifiers)

    def refuse_what_is_not_in_the_file(self, node: ast.AST) -> None:
        """Refuse code that did not parse, the command line, other files of the project, and generators."""
        for frame in self._all_frames():
            for atom in sorted(frame.kept, key=lambda atom: atom.index):
                bound = min(atom.binds, default=self.wanted)
                for part in atom.parts:
                    self._refuse(part, bound)
                if isinstance(atom.node, ast.ImportFrom) and atom.node.level:
                    dots = "." * atom.node.level + (atom.node.module or "")
                    raise Refused(f"`{bound}` comes from another file of the project (`{dots}`)")
                if frame.parent is not None and any(map(_suspends, atom.parts)):
                    raise Refused(f"`{bound}` comes from a generator")
        self._refuse(node, self.wanted)

    def _all_frames(self) -> Iterator[Frame]:
        yield from self.frames
        instances = {frame.instance for frame in self.frames if frame.instance is not None}
        for instance in instances:
            yield from instance.bodies
            if instance.init is not None:
                yield instance.init

    def _refuse(self, part: ast.AST, bound: str) -> None:
        waiting = [part]
        while waiting:
            node = waiting.pop()
            members = self.slicer.members.get(node) if isinstance(node, ast.ClassDef) else None
            waiting += [child for child in ast.iter_child_nodes(node) if not _is_left_out(child, members)]
            if isinstance(node, (ast.Attribute, ast.Name)):
                if (node.attr if isinstance(node, ast.Attribute) else node.id) in _COMMAND_LINE:
                    raise Refused(f"`{bound}` comes from the command line")
            elif isinstance(node, ast.Constant) and node.value is ...:
                if not self.outline.text_at(node).startswith("..."):
                    raise Refused(f"`{bound}` comes from code that does not parse")
            elif isinstance(node, ast.Pass):
                text = self.outline.text_at(node)
                if not text.startswith(("pass", "!", "%", "?")):
                    raise Refused(f"a part of `{bound}` does not parse")

    # --- putting together ---------------------------------------------------------------------------------------------

    def write(self, entry: ast.expr, method: tuple[ast.FunctionDef, Instance] | None) -> ast.expr:
        """Fill ``module``; returns the expression that gives the loss there."""
        inner = self.frames[-1]
        if method is not None:
            entry = self._place_method(inner, *method)
        elif isinstance(entry, ast.Name) and isinstance(inner.at.node, ast.FunctionDef):
            entry = self._unhidden(inner, entry)
        for frame in reversed(self.frames[1:]):
            entry = self._call(frame, entry)
        self.module = self._render(self.frames[0])
        return entry

    def _unhidden(self, frame: Frame, entry: ast.Name) -> ast.Name:
        """The name of a definition, or another one where something that comes after it has the same name."""
        if not any(entry.id in atom.binds and atom.index > frame.at.index for atom in frame.kept):
            return entry
        other = ast.Name(self._fresh(entry.id), ast.Load())
        alias = ast.Assign([ast.Name(other.id, ast.Store())], ast.Name(entry.id, ast.Load()))
        frame.inserted[frame.at].append(_at(alias, frame.at.node))
        return other

    def _call(self, frame: Frame, result: ast.expr) -> ast.expr:
        """Put a cut-down copy of a function into the scope around it; returns the call of it that gives ``result``."""
        parent = frame.parent
        assert parent is not None
        if isinstance(frame.node, COMPREHENSIONS):
            for statements in frame.inserted.values():
                self._insert(parent, statements)
            return result
        body = [*self._render(frame), _at(ast.Return(result), frame.node)]
        instance = frame.instance if frame.methods_of is not None else None
        is_method = instance is not None and bool(instance.members)
        wanted = frame.name if frame.name.isidentifier() else "make"
        name = wanted if is_method else self._free(parent, wanted)
        arguments = self._signature(frame, [frame.receiver] if is_method else [])
        definition = _at(ast.FunctionDef(name, arguments, body, []), frame.node)
        if is_method and instance is not None:
            if name == "__init__":
                raise Refused(f"`{self.wanted}` is made while a `{instance.node.name}` is")
            function: ast.expr = ast.Attribute(self._place_class(instance, definition), name, ast.Load())
        else:
            self._insert(parent, [definition])
            function = ast.Name(name, ast.Load())
        return ast.Call(function, [], self._keywords(frame))

    def _signature(self, frame: Frame, first: Sequence[str]) -> ast.arguments:
        function = frame.node
        assert isinstance(function, FUNCTIONS)
        variadic = [
            p if p is not None and p.arg in frame.given else None for p in (function.args.vararg, function.args.kwarg)
        ]
        given = {n: value for n, value in frame.given.items() if n not in {p.arg for p in variadic if p is not None}}
        return ast.arguments(
            posonlyargs=[],
            args=[ast.arg(name) for name in first],
            vararg=variadic[0],
            kwonlyargs=[ast.arg(name) for name in given],
            kw_defaults=[value if kind == "default" else None for kind, value in given.values()],
            kwarg=variadic[1],
            defaults=[],
        )

    def _keywords(self, frame: Frame) -> list[ast.keyword]:
        return [ast.keyword(n, value) for n, (kind, value) in frame.given.items() if kind == "argument" and value]

    def _place_method(self, frame: Frame, node: ast.FunctionDef, instance: Instance) -> ast.expr:
        """Put a method into the scope around its class: as a function, where it needs nothing of the class."""
        if instance.members:
            made = self._place_class(instance, node)
            is_static = any(isinstance(d, ast.Name) and d.id == "classmethod" for d in node.decorator_list)
            owner = made.func if is_static and isinstance(made, ast.Call) else made
            return made if node.name == "__call__" else ast.Attribute(owner, node.name, ast.Load())
        spec = node.args
        drop = receiver_of(node)
        positional = [p for p in spec.posonlyargs if p.arg != drop], [p for p in spec.args if p.arg != drop]
        arguments = ast.arguments(
            *positional, spec.vararg, spec.kwonlyargs, spec.kw_defaults, spec.kwarg, spec.defaults
        )
        decorators = [d for d in node.decorator_list if ast.unparse(d) not in _OF_METHODS]
        name = self._free(frame, node.name)
        self._insert(frame, [_at(ast.FunctionDef(name, arguments, node.body, decorators), node)])
        return ast.Name(name, ast.Load())

    def _place_class(self, instance: Instance, method: ast.FunctionDef) -> ast.expr:
        """Put a class with one more method into its scope; returns the call that makes an instance."""
        body: list[ast.stmt] = []
        for part in reversed(instance.bodies):
            body += [s for s in part.block.render(part.kept, part.inserted) if getattr(s, "name", "") != method.name]
        init = instance.init
        keywords: list[ast.keyword] = []
        if init is not None and init.kept:
            arguments = self._signature(init, [init.receiver])
            body.append(_at(ast.FunctionDef("__init__", arguments, self._render(init), []), init.node))
            keywords = self._keywords(init)
        name = self._free(instance.frame, instance.node.name)
        self._insert(instance.frame, [_at(ast.ClassDef(name, [], [], [*body, method], []), instance.node)])
        return ast.Call(ast.Name(name, ast.Load()), [], keywords)

    def _insert(self, frame: Frame, statements: Sequence[ast.stmt]) -> None:
        frame.inserted[frame.at] += statements

    def _render(self, frame: Frame) -> list[ast.stmt]:
        return [self._written(statement) for statement in frame.block.render(frame.kept, frame.inserted)]

    def _free(self, frame: Frame, name: str) -> str:
        """A name for what is put into a scope: its own, unless something else there has it."""
        taken = any(name in atom.binds for atom in frame.kept)
        inserted = [s for statements in frame.inserted.values() for s in statements]
        return self._fresh(name) if taken or any(getattr(s, "name", "") == name for s in inserted) else name

    def _fresh(self, name: str) -> str:
        name = f"wanted_{name}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    # --- copies -------------------------------------------------------------------------------------------------------

    def _written(self, statement: ast.stmt) -> ast.stmt:
        copy = self._copy(statement)
        assert isinstance(copy, ast.stmt)
        return copy

    def _copy(self, node: ast.AST) -> ast.AST:
        """A copy without annotations, which may name anything, and without methods that nothing needs."""
        fields = {}
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_comment"):
                value = ast.Constant(ast.unparse(value)) if isinstance(node, ast.AnnAssign) else None
            elif name == "body" and isinstance(node, ast.ClassDef) and node in self.slicer.members:
                value = [s for s in node.body if s in self.slicer.members[node]] or [_at(ast.Pass(), node)]
            if isinstance(value, list):
                value = [self._copy(item) if isinstance(item, ast.AST) else item for item in value]
            fields[name] = self._copy(value) if isinstance(value, ast.AST) else value
        return ast.copy_location(type(node)(**fields), node)


def row_map(tree: ast.Module, source: str) -> dict[int, int]:
    """The rows of the file that the rows of ``source``, which is ``tree`` written out, come from."""
    found: dict[int, int] = {}
    for ours, theirs in zip(_statements(ast.parse(source)), _statements(tree), strict=False):
        found[ours.lineno] = theirs.lineno
        for a, b in zip(getattr(ours, "decorator_list", []), getattr(theirs, "decorator_list", []), strict=False):
            found[a.lineno] = getattr(b, "lineno", theirs.lineno)
    rows: dict[int, int] = {}
    last = min(found.values(), default=1)
    for row in range(1, source.count("\n") + 1):
        last = rows[row] = found.get(row, last)
    return rows


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """All statements, in the order in which they are written."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _statements(child)


def _at(node: _S, where: ast.AST) -> _S:
    node = ast.copy_location(node, where)
    return ast.fix_missing_locations(node)


def _is_left_out(node: ast.AST, members: set[ast.stmt] | None) -> bool:
    """Whether a statement of a class is none of those that come along."""
    return members is not None and isinstance(node, ast.stmt) and node not in members


def _suspends(node: ast.AST) -> bool:
    """Whether code makes the function that it is in a generator or coroutine."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, (ast.Yield, ast.YieldFrom, ast.Await)):
            return True
        if not isinstance(one, (*FUNCTIONS, ast.ClassDef)):
            stack += ast.iter_child_nodes(one)
    return False
