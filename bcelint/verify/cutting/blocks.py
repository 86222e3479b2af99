"""The statements of a module or function one by one, so that a program can be made of some of them.

Blocks that only matter for their contents are opened: ``if __name__ == "__main__"``, ``with strategy.scope()``, and the
branch of an ``if`` that holds what is cut out.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bcelint.verify.cutting.names import DEFINITIONS, bindings, changed

_JUMPS = (ast.Break, ast.Continue)
_LOOPS = (ast.For, ast.While)


@dataclass(eq=False)
class Atom:
    """A statement that is kept or left out as a whole; of an ``if``, ``for``, ``while`` or ``with`` only the header.

    Attributes:
        index: its number in the block, which is the time at which it runs.
        until: the end of the loop that it is in: what runs up to then may run before it.
        parents: the headers that it stands under, outermost first.
    """

    index: int
    node: ast.stmt
    parents: tuple[Atom, ...]
    receiver: str
    until: int = -1
    jumps: list[Atom] = field(default_factory=list)

    @cached_property
    def parts(self) -> list[ast.AST]:
        """The syntax of which it consists."""
        node = self.node
        if isinstance(node, (ast.If, ast.While)):
            return [node.test]
        if isinstance(node, ast.For):
            return [node.iter, node.target]
        if isinstance(node, ast.With):
            return list(node.items)
        return [node]

    @cached_property
    def binds(self) -> set[str]:
        return bindings(self.parts, self.receiver).names

    @cached_property
    def changes(self) -> tuple[set[str], set[str]]:
        return changed(self.node, self.receiver)

    @property
    def has_star(self) -> bool:
        return isinstance(self.node, ast.ImportFrom) and self.node.names[0].name == "*"

    @property
    def is_whole(self) -> bool:
        """Whether statements that may or may not run are inside."""
        return not self.is_header and bool(getattr(self.node, "body", None)) and not isinstance(self.node, DEFINITIONS)

    @property
    def is_header(self) -> bool:
        return isinstance(self.node, (ast.If, ast.While, ast.For, ast.With))

    @cached_property
    def kills(self) -> bool:
        """Whether what it binds has the old value no more, whatever happens."""
        node = self.node
        if any(not isinstance(parent.node, ast.With) for parent in self.parents):
            return False
        if isinstance(node, ast.Import):
            return "." not in node.names[0].name or node.names[0].asname is not None
        return isinstance(node, (ast.Assign, ast.AnnAssign, ast.ImportFrom, *DEFINITIONS))

    @cached_property
    def mentions(self) -> set[str]:
        """Every name that is read somewhere in it."""
        return {
            node.id
            for part in self.parts
            for node in ast.walk(part)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }


@dataclass(eq=False)
class Compound:
    """A header and what stands under it."""

    header: Atom
    fields: dict[str, list[Atom | Compound]]


class Block:
    """The atoms of a body. Blocks that hold one of ``towards`` are opened, as far as they are no loops."""

    def __init__(self, body: Sequence[ast.stmt], towards: Sequence[ast.AST] = (), receiver: str = "") -> None:
        self.atoms: list[Atom] = []
        self.binders: defaultdict[str, list[Atom]] = defaultdict(list)
        self.stars: list[Atom] = []
        self._receiver = receiver
        self._towards = set(map(id, towards))
        self._loops: list[Atom] = []
        self._by_node: dict[ast.AST, Atom] = {}
        self.items = self._items(body, ())
        for atom in self.atoms:
            for name in atom.binds | atom.changes[0]:
                self.binders[name].append(atom)
            if atom.has_star:
                self.stars.append(atom)

    def before(self, name: str, time: int) -> list[Atom]:
        """What makes the value that ``name`` has at ``time``, in order."""
        found = [atom for atom in self.binders.get(name, ()) if atom.index < time]
        last = next((i for i in reversed(range(len(found))) if found[i].kills and name in found[i].binds), 0)
        found = found[last:]
        if any(isinstance(atom.node, (ast.Import, ast.ImportFrom)) for atom in found):
            # What is written into a module counts only where it replaces something of it.
            found = [atom for atom in found if name in atom.binds or name in atom.changes[1]]
        return found

    def atom_of(self, nodes: Iterable[ast.AST]) -> Atom | None:
        """The atom that is the first of ``nodes`` that is one: of a node and what it is in, the innermost."""
        return next((self._by_node[node] for node in nodes if node in self._by_node), None)

    def first_use(self, start: int, name: str, tried: frozenset[str] = frozenset()) -> int:
        """When what ``name`` is bound to at ``start`` is first used."""
        for atom in self.atoms[start + 1 :]:
            if name in atom.mentions and name not in atom.changes[0]:
                if isinstance(atom.node, DEFINITIONS) and atom.node.name != name and atom.node.name not in tried:
                    if len(tried) > 20:
                        break
                    return self.first_use(atom.index, atom.node.name, tried | {name})
                return max(atom.index, atom.until)
            if name in atom.binds and atom.kills:
                return atom.index
        return len(self.atoms) + 1

    def render(self, kept: set[Atom], inserted: Mapping[Atom, Sequence[ast.stmt]]) -> list[ast.stmt]:
        """The statements that are kept, with others inserted behind some."""
        return list(self._render(self.items, kept, inserted))

    def _render(
        self, items: Sequence[Atom | Compound], kept: set[Atom], inserted: Mapping[Atom, Sequence[ast.stmt]]
    ) -> Iterator[ast.stmt]:
        for item in items:
            if isinstance(item, Atom):
                if item in kept:
                    yield item.node
                yield from inserted.get(item, ())
                continue
            node = item.header.node
            inner = {name: list(self._render(under, kept, inserted)) for name, under in item.fields.items()}
            if item.header in kept:
                inner["body"] = inner["body"] or [ast.copy_location(ast.Pass(), node)]
                fields = {name: value for name, value in ast.iter_fields(node) if name not in inner}
                yield ast.copy_location(type(node)(**{**fields, **inner}), node)
            else:
                for statements in inner.values():
                    yield from statements
            yield from inserted.get(item.header, ())

    # --- taking apart -------------------------------------------------------------------------------------------------

    def _items(self, body: Sequence[ast.stmt], parents: tuple[Atom, ...]) -> list[Atom | Compound]:
        items: list[Atom | Compound] = []
        for statement in body:
            opened = self._opened(statement)
            if opened is not None:
                items += self._items(opened, parents)
            elif isinstance(statement, (ast.If, ast.While, ast.For, ast.With)):
                items.append(self._compound(statement, parents))
            else:
                items += [self._atom(part, statement, parents) for part in _parts(statement)]
        return items

    def _opened(self, statement: ast.stmt) -> list[ast.stmt] | None:
        """The statements inside a block that stand for it."""
        if isinstance(statement, DEFINITIONS):
            return None
        if isinstance(statement, ast.If) and _always_runs(statement.test):
            return statement.body
        if isinstance(statement, ast.With) and all(item.optional_vars is None for item in statement.items):
            return statement.body if not any(id(item) in self._towards for item in statement.items) else None
        if id(statement) not in self._towards or isinstance(statement, (ast.For, ast.While, ast.With)):
            return None
        lists = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
        lists += [part.body for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ()))]
        return next((part for part in lists if any(id(inner) in self._towards for inner in part)), None)

    def _compound(self, node: ast.If | ast.While | ast.For | ast.With, parents: tuple[Atom, ...]) -> Compound:
        header = self._atom(node, node, parents)
        is_loop = isinstance(node, _LOOPS)
        if is_loop:
            self._loops.append(header)
        inner = (*parents, header)
        fields = {"body": self._items(node.body, inner)}
        if not isinstance(node, ast.With):
            fields["orelse"] = self._items(node.orelse, inner)
        if is_loop:
            self._loops.pop()
            for atom in self.atoms[header.index :]:
                atom.until = len(self.atoms)
        return Compound(header, fields)

    def _atom(self, node: ast.stmt, whole: ast.stmt, parents: tuple[Atom, ...]) -> Atom:
        atom = Atom(len(self.atoms), node, parents, self._receiver)
        self.atoms.append(atom)
        self._by_node[whole] = atom
        if isinstance(node, _JUMPS) and self._loops:
            self._loops[-1].jumps.append(atom)
        return atom


def _parts(statement: ast.stmt) -> list[ast.stmt]:
    """``import a, b`` and ``a, b = 1, 2`` as statements of their own, so that one can come without the other."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)) and len(statement.names) > 1:
        return [_import(statement, alias) for alias in statement.names]
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.value, ast.Tuple):
        target, value = statement.targets[0], statement.value
        if isinstance(target, (ast.Tuple, ast.List)) and len(target.elts) == len(value.elts):
            names = {part.id for part in target.elts if isinstance(part, ast.Name)}
            read = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
            starred = any(isinstance(part, ast.Starred) for part in value.elts)
            if len(names) == len(target.elts) and not names & read and not starred:
                pairs = zip(target.elts, value.elts, strict=True)
                return [ast.copy_location(ast.Assign([part], to), statement) for part, to in pairs]
    return [statement]


def _import(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(statement, ast.Import):
        return ast.copy_location(ast.Import([alias]), statement)
    return ast.copy_location(ast.ImportFrom(statement.module, [alias], statement.level), statement)


def _always_runs(test: ast.expr) -> bool:
    """``if __name__ == "__main__"`` and ``if 1``."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq):
        sides = (test.left, test.comparators[0])
        return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return isinstance(test, ast.Constant) and test.value is not ... and bool(test.value)
