"""Programs: a hand-written loss with all that it needs, cut out of its file. Nothing is executed here.

``cut_function`` and ``cut_expression`` give the text of a module that defines the loss and little else: no training, no
data. Functions inside functions come as a cut-down copy of the function around them, methods that need little of their
class as a cut-down copy of the class; arguments of factories are those that a call of the file gives, or the defaults.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bcelint.places import Place
from bcelint.reading.parsing import quiet
from bcelint.verify.cutting.arguments import candidates, partials
from bcelint.verify.cutting.blocks import Atom, Block
from bcelint.verify.cutting.names import COMPREHENSIONS, DEFINITIONS, FUNCTIONS, FunctionNode, Names, Reader
from bcelint.verify.cutting.outline import Outline
from bcelint.verify.cutting.slicing import (
    Arguments,
    Frame,
    Instance,
    Refused,
    Slicer,
    receiver_of,
    required,
    required_keywords,
)
from bcelint.verify.cutting.writing import Writer, row_map
from bcelint.verify.policy import objections

_MOST_TRIALS = 24
_MOST_FRAMES = 12
# Methods that the training loop of a model calls.
_OF_MODELS = frozenset(
    {"call", "__call__", "train_step", "test_step", "predict_step", "compute_loss", "build", "update_state", "fit"}
)


@dataclass(frozen=True)
class Program:
    """A module that defines a loss.

    Attributes:
        source: the module's text.
        entry: an expression; in the module's namespace it gives the callable loss (or the value, of an expression).
        parameters: the positional parameters of the callable that have to be given, in order, without ``self``.
        name: what users call it: ``my_bce``, ``ContestLogLoss.call``, ``focal.loss``.
        rows: the row of the file that each row of ``source`` comes from; both count from 1.
    """

    source: str
    entry: str
    parameters: tuple[str, ...]
    name: str
    rows: Mapping[int, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Refusal:
    """Why there is no program, in one line without a full stop."""

    reason: str


def cut_function(tree: ast.Module, text: str, definition: tuple[int, int]) -> Program | Refusal:
    """The program of the function or lambda whose ``def`` or ``lambda`` is at ``definition``: row and column from 1."""
    return Cutter(tree, text).function(definition)


def cut_expression(tree: ast.Module, text: str, place: Place) -> Program | Refusal:
    """The program of the expression that stands exactly at ``place``."""
    return Cutter(tree, text).expression(place)


def functions_around(tree: ast.Module, text: str, place: Place) -> list[tuple[int, int]]:
    """Where the functions and lambdas begin that ``place`` is in, innermost first."""
    outline = Outline(tree, text)
    places = [outline.place(function) for function in outline.functions]
    return [around.start for around in sorted(places, reverse=True) if around.contains(place)]


class Cutter:
    """Cuts programs out of one file."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self.outline = Outline(tree, text)
        self.reader = Reader()

    def function(self, definition: tuple[int, int]) -> Program | Refusal:
        """See ``cut_function``."""
        node = self.outline.function_at(*definition)
        if node is None:
            return Refusal(f"there is no function at row {definition[0]}")
        if isinstance(node, ast.AsyncFunctionDef):
            return Refusal(f"`{node.name}` is a coroutine")
        return self._cut(node)

    def expression(self, place: Place) -> Program | Refusal:
        """See ``cut_expression``."""
        node = self.outline.expression_at(place)
        return Refusal(f"there is no expression at row {place.row}") if node is None else self._cut(node)

    def _cut(self, node: FunctionNode | ast.expr) -> Program | Refusal:
        try:
            return self._best(node)
        except Refused as refused:
            return Refusal(refused.reason)
        except RecursionError:
            return Refusal("the code is too deeply nested")

    def _best(self, node: FunctionNode | ast.expr) -> Program:
        """The first program that only computes, else the first one, else the first reason."""
        fallback: Program | None = None
        first: Refused | None = None
        for trial in itertools.islice(self._trials(node), _MOST_TRIALS):
            try:
                program, is_light = trial.program()
            except Refused as refused:
                first = first or refused
                if refused.is_final:
                    break
                continue
            if is_light:
                return program
            fallback = fallback or program
        if fallback is not None:
            return fallback
        raise first or Refused("the code cannot be taken out")

    def _trials(self, node: FunctionNode | ast.expr) -> Iterator[_Trial]:
        """The ways to cut, best first: which classes are made as they are, and which calls give the arguments."""
        scopes = self.outline.scopes(node)
        if len(scopes) > _MOST_FRAMES:
            raise Refused("the code is too deeply nested")
        inner = [*scopes, node][1:]
        owners = [
            (scope, function)
            for scope, function in zip(scopes, inner, strict=True)
            if isinstance(scope, ast.ClassDef) and isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        modes = [self._modes(owner, function, function is node) for owner, function in owners]
        slots = [scope for scope in scopes if isinstance(scope, (*FUNCTIONS, ast.ClassDef))]
        choices = [[*candidates(self.outline, self.reader, slot, self._visible(scopes, slot)), None] for slot in slots]
        wrapped: list[Arguments | None] = [None]
        if isinstance(node, ast.FunctionDef) and len(required(node)) > 2:
            wrapped = [*partials(self.outline, self.reader, node, self._visible(scopes, node)), None]
        for mode in itertools.product(*modes):
            is_made = {owner for (owner, _), made in zip(owners, mode, strict=True) if made}
            for *chosen, partial in itertools.product(*choices, wrapped):
                calls: dict[ast.AST, Arguments] = {
                    slot: call for slot, call in zip(slots, chosen, strict=True) if call is not None
                }
                yield _Trial(self, node, scopes, is_made, calls, partial)

    def _visible(self, scopes: Sequence[ast.AST], slot: ast.AST) -> list[ast.AST]:
        """The scopes in which names are looked up where ``slot`` is defined, innermost first."""
        around = scopes[: scopes.index(slot)] if slot in scopes else scopes
        return [scope for scope in reversed(around) if not isinstance(scope, ast.ClassDef)]

    def _modes(self, owner: ast.ClassDef, function: FunctionNode, is_wanted: bool) -> list[bool]:
        """Whether to make an instance of the class as it is, or of a copy with nothing but what is needed."""
        if self.outline.has_to_be_built(owner) or not receiver_of(function):
            return [False]
        name = getattr(function, "name", "")
        return [True, False] if is_wanted and name in ("call", "__call__") else [False, True]


class _Trial:
    """One way to cut."""

    def __init__(
        self,
        cutter: Cutter,
        node: FunctionNode | ast.expr,
        scopes: Sequence[ast.AST],
        is_made: set[ast.ClassDef],
        calls: Mapping[ast.AST, Arguments],
        partial: Arguments | None,
    ) -> None:
        self.cutter = cutter
        self.outline = cutter.outline
        self.reader = cutter.reader
        self.node = node
        self.scopes = scopes
        self.is_made = is_made
        self.calls = calls
        self.partial = partial
        self.name = self._name_of(node)
        self.slicer = Slicer(self.outline, self.reader, self.name, calls)
        self.frames: list[Frame] = []
        self.owner: ast.ClassDef | None = None
        self.copied: Instance | None = None

    def program(self) -> tuple[Program, bool]:
        """The program, and whether it only computes."""
        self._make_frames()
        self._set_times()
        entry, names = self._slice()
        self._keep_surroundings()
        writer = Writer(self.outline, self.slicer, self.frames, self.name)
        writer.refuse_what_is_not_in_the_file(self.node)
        entry = writer.write(entry, self._wanted_method())
        tree = ast.Module(writer.module, [])
        try:
            with quiet():
                source = ast.unparse(tree) + "\n"
                text = f"({ast.unparse(entry)})" if isinstance(entry, ast.Lambda) else ast.unparse(entry)
                compile(source, "<loss>", "exec", dont_inherit=True)
                compile(text, "<loss>", "eval", dont_inherit=True)
        except (SyntaxError, ValueError, OverflowError, MemoryError) as error:
            raise Refused(f"`{self.name}` cannot be taken out: {error}") from None
        program = Program(source, text, names, self._qualified(), row_map(tree, source))
        return program, not objections(source)

    def _keep_surroundings(self) -> None:
        """Keep the loops around what is put into a scope, and settings."""
        for frame in self.frames if self.owner is not None else self.frames[:-1]:
            for parent in frame.at.parents:
                if not isinstance(parent.node, ast.With):
                    self.slicer.keep(frame, parent, parent.until)
        for frame in self.frames:
            self.slicer.keep_settings(frame)
        self.slicer.refuse_what_changes(self.frames[0])

    # --- scopes -------------------------------------------------------------------------------------------------------

    def _make_frames(self) -> None:
        tree = self.outline.tree
        block = self.outline.block(tree, "", self.node)
        frame = Frame(tree, None, block, set(), "", self._place(tree, block))
        self.frames.append(frame)
        owner: ast.ClassDef | None = None
        for scope in self.scopes:
            if isinstance(scope, ast.ClassDef):
                owner = scope
                continue
            receiver, instance = frame.receiver, frame.instance
            if owner is not None and isinstance(scope, FUNCTIONS):
                receiver, instance = self._receiver(scope, owner, frame)
            elif receiver in self.outline.bound(scope).names:
                receiver, instance = "", None
            block = self.outline.block(scope, receiver, self.node)
            bound, name = self.outline.bound(scope).names, self._name_of(scope)
            frame = Frame(scope, frame, block, bound, name, self._place(scope, block), 0, owner, instance, receiver)
            self.frames.append(frame)
            owner = None
        self.owner = owner if isinstance(self.node, ast.FunctionDef) else None
        if owner is not None and not isinstance(self.node, FUNCTIONS):
            inside = self.outline.bound(owner).names & self.reader.read([self.node]).all()
            if inside:
                raise Refused(f"`{min(inside)}` belongs to the class `{owner.name}`")

    def _place(self, scope: ast.AST, block: Block) -> Atom | None:
        """The atom that holds what is wanted; lambdas and comprehensions are one as a whole."""
        if isinstance(scope, (ast.Lambda, *COMPREHENSIONS)):
            return block.atoms[0]
        return block.atom_of([self.node, *self.outline.ancestors(self.node)])

    def _receiver(self, function: FunctionNode, owner: ast.ClassDef, frame: Frame) -> tuple[str, Instance | None]:
        """``self`` and the class that it is of, where only parts of the class are to come along."""
        receiver = receiver_of(function)
        if owner in self.is_made or not receiver:
            return "", None
        return receiver, self.slicer.instance_of(frame, owner)

    def _set_times(self) -> None:
        """For every scope, when what is cut out of it is used."""
        for frame, inner in itertools.zip_longest(self.frames, self.frames[1:]):
            at = frame.at
            wanted = (inner.methods_of or inner.node) if inner is not None else (self.owner or self.node)
            call = self.calls.get(wanted)
            using = frame.block.atom_of([call.call, *self.outline.ancestors(call.call)]) if call is not None else None
            name = getattr(wanted, "name", "") or (inner.name if inner is not None else "")
            if using is not None and not isinstance(using.node, DEFINITIONS) and using.index > at.index:
                frame.time = max(using.index, using.until)
            elif name and name.isidentifier():
                frame.time = frame.block.first_use(at.index, name)
            else:
                frame.time = max(at.index, at.until)

    # --- what is wanted -----------------------------------------------------------------------------------------------

    def _slice(self) -> tuple[ast.expr, tuple[str, ...]]:
        """Find what is needed; returns what gives the loss in the innermost scope, and its parameters."""
        frame, node, slicer = self.frames[-1], self.node, self.slicer
        now = max(frame.at.index, frame.at.until)
        if isinstance(node, ast.expr):
            slicer.need_all(frame, self.reader.read([node], frame.receiver), now, frame.time)
            slicer.run()
            return node, self._parameters(node) if isinstance(node, ast.Lambda) else ()
        entry: ast.expr = ast.Name(node.name, ast.Load())
        if self.owner is not None:
            entry = self._slice_method(frame, node, self.owner)
            slicer.run()
            return entry, self._parameters(node)
        if frame.at.node is not node:
            raise Refused(f"`{self.name}` cannot be taken out")
        for atom in frame.block.before(node.name, frame.time):
            if atom.index >= frame.at.index:
                slicer.keep(frame, atom, frame.time)
        slicer.keep(frame, frame.at, frame.time)
        if self.partial is not None:
            entry = self.partial.call
            slicer.need_all(frame, self.reader.read([entry]), frame.time, frame.time)
        slicer.run()
        return entry, self._parameters(node)

    def _slice_method(self, frame: Frame, node: FunctionNode, owner: ast.ClassDef) -> ast.expr:
        assert isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list:
            words = ast.unparse(decorator)
            if words in ("property", "cached_property", "functools.cached_property") or words.endswith(".setter"):
                raise Refused(f"`{self.name}` is a property")
        if node.name == "__init__":
            raise Refused(f"`{owner.name}.__init__` gives no value")
        if owner not in self.is_made:
            try:
                self._slice_copy(frame, node, owner)
            except Refused as refused:
                if node.name in _OF_MODELS and self.outline.has_to_be_built(owner):
                    words = f"`{owner.name}.{node.name}` is a method of a model or layer, which has to be built"
                    raise Refused(words) from None
                raise refused from None
            return ast.Name(node.name, ast.Load())
        self.slicer.need_all(frame, Names(attributes={node.name}), frame.time, frame.time)
        call = self.slicer.construct(frame, owner)
        has_call = any(getattr(s, "name", "") == "__call__" for c in self.outline.lineage(owner) for s in c.body)
        if node.name == "__call__" or (node.name == "call" and (has_call or self.outline.foreign_bases(owner))):
            return call
        return ast.Attribute(call, node.name, ast.Load())

    def _slice_copy(self, frame: Frame, node: ast.FunctionDef, owner: ast.ClassDef) -> None:
        instance = self.slicer.instance_of(frame, owner)
        self.copied = instance
        self.slicer.keep_method(instance.bodies[0], node)
        self.slicer.run()

    def _wanted_method(self) -> tuple[ast.FunctionDef, Instance] | None:
        if self.copied is None or not isinstance(self.node, ast.FunctionDef):
            return None
        return self.node, self.copied

    def _parameters(self, node: FunctionNode) -> tuple[str, ...]:
        names = required(node, bound=self.owner is not None)
        by_name = required_keywords(node)
        if self.partial is not None:
            names = [name for name in names if name not in self.partial.values]
            by_name = [name for name in by_name if name not in self.partial.values]
        if by_name:
            raise Refused(f"`{by_name[0]}` of `{self.name}` can only be given by name")
        return tuple(names)

    # --- names --------------------------------------------------------------------------------------------------------

    def _name_of(self, node: ast.AST) -> str:
        """What a lambda is bound to; the function of a call."""
        if isinstance(node, ast.Call):
            return ast.unparse(node.func)
        if not isinstance(node, ast.Lambda):
            return getattr(node, "name", "") or ast.unparse(node)
        around, _ = self.outline.around.get(node, (None, ""))
        target = around.targets[0] if isinstance(around, ast.Assign) else getattr(around, "target", None)
        if isinstance(target, ast.Name):
            return target.id
        return around.arg if isinstance(around, ast.keyword) and around.arg else "<lambda>"

    def _qualified(self) -> str:
        named = [scope for scope in self.scopes if not isinstance(scope, COMPREHENSIONS)]
        return ".".join([*(self._name_of(scope) for scope in named), self.name])
