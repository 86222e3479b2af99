"""What of a file a piece of code needs: a backward slice by names.

Each scope that is cut into (the module, the functions around the code) is a ``Frame``. A name that is needed at a time
brings the statements that make its value by then, and these bring what they need. Functions and classes are taken
whole, but for methods that nothing mentions.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from bcelint.knowledge import operations
from bcelint.verify.cutting.blocks import Atom, Block
from bcelint.verify.cutting.names import (
    COMPREHENSIONS,
    FUNCTIONS,
    WRITTEN,
    FunctionNode,
    Names,
    Reader,
    bindings,
    parameters,
)
from bcelint.verify.cutting.outline import Outline, last_name

ALWAYS = 10**9  # a time after everything else
_MOST_NEEDS = 50_000
_BUILTINS = frozenset({*dir(builtins), "__class__", "__name__", "__doc__"})
# Modules whose stars take the places of builtins such as `sum` and `pow`.
_SHADOWING = frozenset({"backend", "numpy", "math", "ops", "K", "jnp"})
# Methods that the bases of other modules call.
_HOOKS = frozenset({"call", "build", "update_state", "result", "reset_state", "reset_states"})
_SETTINGS = frozenset({"set_epsilon", "set_floatx", "experimental_enable_numpy_behavior"})


class Refused(Exception):
    """The code needs something that the file does not tell: ``reason`` is one line.

    ``is_final``: there is no other way to cut that does without it.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


@dataclass(eq=False)
class Frame:
    """A scope that is cut into.

    Attributes:
        node: the module, function, lambda, comprehension or class.
        place: what holds the code that is cut out.
        parent: the scope in which names are looked up that this one does not bind.
        time: when what is cut out of it is used.
        methods_of: the class, for the function of a method.
        instance: the class cut down to what is needed, for the scopes of such a class.
        receiver: ``self``, in methods of such a class.
        kept: what is needed.
        given: the parameters that are needed, with their values: an argument, a default, or nothing (``*args``).
        inserted: what is put in place of what is cut out.
    """

    node: ast.AST
    parent: Frame | None
    block: Block
    bound: set[str]
    name: str = ""
    place: Atom | None = None
    time: int = 0
    methods_of: ast.ClassDef | None = None
    instance: Instance | None = None
    receiver: str = ""
    kept: set[Atom] = field(default_factory=set)
    given: dict[str, tuple[str, ast.expr | None]] = field(default_factory=dict)
    inserted: defaultdict[Atom, list[ast.stmt]] = field(default_factory=lambda: defaultdict(list))

    @property
    def at(self) -> Atom:
        """What holds the code that is cut out."""
        if self.place is None:
            raise Refused("the code stands where it never runs")
        return self.place


@dataclass(eq=False)
class Instance:
    """A class of which only some members are needed, without its bases: ``bodies`` has those in the file as well."""

    node: ast.ClassDef
    frame: Frame
    bodies: list[Frame]
    init: Frame | None
    members: set[str] = field(default_factory=set)
    methods: set[FunctionNode] = field(default_factory=set)


class Slicer:
    """Finds what is needed. ``calls`` says for functions and classes which call of the file gives their arguments."""

    def __init__(self, outline: Outline, reader: Reader, wanted: str, calls: Mapping[ast.AST, Arguments]) -> None:
        self.outline = outline
        self.reader = reader
        self.wanted = wanted
        self.calls = calls
        self.constructed: dict[tuple[Frame, ast.ClassDef], ast.expr] = {}
        self.members: defaultdict[ast.ClassDef, set[ast.stmt]] = defaultdict(set)
        self._mentioned: set[str] = set()
        self._pending: defaultdict[str, list[tuple[Frame, ast.ClassDef, ast.stmt, Names, int, int]]]
        self._pending = defaultdict(list)
        self._seen: set[tuple[object, ...]] = set()
        self._work: list[tuple[Frame, str, int, bool, bool]] = []

    # --- what is needed -----------------------------------------------------------------------------------------------

    def need_all(self, frame: Frame, names: Names, now: int, later: int, soft: Iterable[str] = ()) -> None:
        """Need what code reads that runs ``now`` and whose functions are called ``later``; ``soft``: if it exists."""
        unsure = frozenset(soft)
        self._work += [(frame, name, now, False, name in unsure) for name in sorted(names.now)]
        self._work += [(frame, name, later, True, name in unsure) for name in sorted(names.later)]
        module = frame
        while module.parent is not None:
            module = module.parent
        self._work += [(module, name, module.time, True, False) for name in sorted(names.module)]
        for name in sorted(names.attributes - self._mentioned):
            self._mentioned.add(name)
            for waiting in self._pending.pop(name, ()):
                self._keep_member(*waiting)

    def run(self) -> None:
        """Find what all of that needs in turn."""
        while self._work:
            if len(self._seen) > _MOST_NEEDS:
                raise Refused(f"`{self.wanted}` needs too much of the file")
            self._need(*self._work.pop())

    def keep_settings(self, frame: Frame) -> None:
        """Keep ``set_epsilon(1e-5)`` and the like, which losses depend on without naming it."""
        for atom in frame.block.atoms:
            call = atom.node.value if isinstance(atom.node, ast.Expr) else None
            if not isinstance(call, ast.Call) or last_name(call.func) not in _SETTINGS or atom.parents:
                continue
            root: ast.expr = call.func
            while isinstance(root, ast.Attribute):
                root = root.value
            literal = all(isinstance(argument, ast.Constant) for argument in call.args) and not call.keywords
            known = isinstance(root, ast.Name) and frame.block.before(root.id, atom.index)
            if literal and known and atom.index < frame.time:
                self.keep(frame, atom, atom.index)
        self.run()

    def keep(self, frame: Frame, atom: Atom, time: int) -> None:
        """Keep a statement; what its functions need is needed at ``time``."""
        if (frame, atom, time) in self._seen:
            return
        self._seen.add((frame, atom, time))
        frame.kept.add(atom)
        for parent in atom.parents:
            if not isinstance(parent.node, ast.With):
                self.keep(frame, parent, parent.until)
        for jump in atom.jumps:
            self.keep(frame, jump, jump.until)
        now = max(atom.index, atom.until)
        later = max(now, time)
        if isinstance(atom.node, ast.ClassDef):
            self._keep_class(frame, atom.node, now, later)
        elif isinstance(frame.node, ast.ClassDef) and isinstance(atom.node, FUNCTIONS):
            self.keep_method(frame, atom.node)
        else:
            names = self.reader.read(atom.parts, frame.receiver)
            self.need_all(frame, names, now, later, atom.binds if atom.is_whole else ())

    def _need(self, frame: Frame, name: str, time: int, late: bool, soft: bool) -> None:
        if (frame, name, time, late) in self._seen:
            return
        self._seen.add((frame, name, time, late))
        if "." in name:
            self._need_attribute(frame, name)
            return
        while (parent := frame.parent) is not None and name not in frame.bound:
            frame, time, late = parent, parent.time, True
        if isinstance(frame.node, COMPREHENSIONS):
            raise Refused(f"`{name}` is the variable of a comprehension")
        found = frame.block.before(name, time)
        if not found and late and name not in _BUILTINS:
            found = [atom for atom in frame.block.binders.get(name, ()) if name in atom.binds][:1]
        for atom in found:
            self.keep(frame, atom, time)
        killed = bool(found) and found[0].kills and name in found[0].binds
        if not killed and isinstance(frame.node, FUNCTIONS) and name in {p.arg for p in parameters(frame.node)}:
            self._need_parameter(frame, name)
        elif not found and not soft:
            self._need_unbound(frame, name, time, late)

    def _need_unbound(self, frame: Frame, name: str, time: int, late: bool) -> None:
        if frame.parent is None:
            stars = [atom for atom in frame.block.stars if late or atom.index < time]
            if name in _BUILTINS:
                if name == "input":
                    raise Refused("it asks the user for `input()`")
                stars = [atom for atom in stars if _module_of(atom).rpartition(".")[2] in _SHADOWING]
            elif not stars and name == "__file__":
                raise Refused("it needs to know where the file is (`__file__`)")
            for atom in stars:
                self.keep(frame, atom, time)
            if stars or name in _BUILTINS:
                return
        if frame.block.binders.get(name):
            raise Refused(f"`{name}` is used before the file defines it")
        self._refuse_global(name)
        raise Refused(f"nothing in the file defines `{name}`")

    def _refuse_global(self, name: str, kept: Container[ast.AST] = ()) -> None:
        for function in self.outline.setters.get(name, ()):
            if not any(node in kept for node in (function, *self.outline.ancestors(function))):
                raise Refused(f"`{name}` is a global variable that `{getattr(function, 'name', 'a lambda')}` sets")

    def refuse_what_changes(self, frame: Frame) -> None:
        """Refuse variables of the module that functions set that are no part of the program."""
        kept = {atom.node for atom in frame.kept}
        for name in sorted(set().union(*(atom.binds for atom in frame.kept))):
            self._refuse_global(name, kept)

    # --- parameters ---------------------------------------------------------------------------------------------------

    def _need_parameter(self, frame: Frame, name: str) -> None:
        """The value of a parameter: from the call that was chosen, or its default."""
        if name in frame.given:
            return
        function, parent = frame.node, frame.parent
        assert isinstance(function, FUNCTIONS)
        assert parent is not None
        frame.given[name] = ("", None)
        constructs = frame.instance is not None and frame.instance.init is frame
        call = self.calls.get(frame.instance.node if constructs and frame.instance else function)
        argument = call.values.get(name) if call is not None else None
        default = default_of(function, name)
        if argument is not None:
            frame.given[name] = ("argument", argument)
            self.need_all(parent, self.reader.read([argument]), parent.time, parent.time)
        elif default is not None:
            frame.given[name] = ("default", default)
            at = parent.at.index
            self.need_all(parent, self.reader.read([default]), max(at, parent.at.until), parent.time)
        elif frame.methods_of is not None and name == receiver_of(function):
            if frame.receiver:
                raise Refused(f"`{self.wanted}` needs a whole `{frame.methods_of.name}`")
            frame.given[name] = ("argument", self.construct(parent, frame.methods_of))
        elif name not in {p.arg for p in (function.args.vararg, function.args.kwarg) if p is not None}:
            raise Refused(f"`{name}` comes from a parameter of `{frame.name}`")

    def construct(self, frame: Frame, node: ast.ClassDef) -> ast.expr:
        """The call that makes an instance of a class of the frame."""
        known = self.constructed.get((frame, node))
        if known is not None:
            return known
        if frame.at.node is not node:
            raise Refused(f"`{node.name}` is a class inside a class")
        if self.outline.has_to_be_built(node):
            raise Refused(f"`{self.wanted}` needs `{node.name}`, which is a model or layer and has to be built")
        chosen = self.calls.get(node)
        if chosen is None or not chosen.is_complete:
            missing = required_by(self.outline, node)
            if missing:
                raise Refused(f"`{missing[0]}` comes from a parameter of `{node.name}`")
            if chosen is not None:
                raise Refused(f"the arguments of `{node.name}` are not known")
        call = ast.Call(ast.Name(node.name, ast.Load()), *((chosen.args, chosen.keywords) if chosen else ([], [])))
        self.constructed[frame, node] = call
        self.keep(frame, frame.at, frame.time)
        self.need_all(frame, self.reader.read([*call.args, *call.keywords]), frame.time, frame.time)
        self.need_all(frame, Names(attributes={"call", "__call__"}), frame.time, frame.time)
        return call

    # --- classes ------------------------------------------------------------------------------------------------------

    def _keep_class(self, frame: Frame, node: ast.ClassDef, now: int, later: int) -> None:
        outside = [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
        self.need_all(frame, self.reader.read(outside), now, later)
        is_foreign = bool(self.outline.foreign_bases(node))
        members = list(self.reader.inside(node))
        loaded = {
            part.id
            for statement, _ in members
            if not isinstance(statement, FUNCTIONS)
            for part in ast.walk(statement)
            if isinstance(part, ast.Name)
        }
        bound = bindings(node.body).names
        for statement, names in members:
            name = statement.name if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) else ""
            names.now -= {n for n in names.now if n in bound and not frame.block.binders.get(n)}
            wanted = not name or name in self._mentioned or name in loaded or (name[:2] == name[-2:] == "__")
            if wanted or (is_foreign and name in _HOOKS):
                self._keep_member(frame, node, statement, names, now, later)
            else:
                self._pending[name].append((frame, node, statement, names, now, later))

    def _keep_member(
        self, frame: Frame, node: ast.ClassDef, statement: ast.stmt, names: Names, now: int, later: int
    ) -> None:
        self.members[node].add(statement)
        self.need_all(frame, names, now, later)

    def keep_method(self, frame: Frame, function: FunctionNode) -> None:
        """Need what a method needs of a class that is cut down; ``frame`` is the scope of its class."""
        assert frame.parent is not None
        assert frame.instance is not None
        frame.instance.methods.add(function)
        receiver = receiver_of(function)
        names = self.reader.function(function, receiver)
        if "super" in names.all():
            raise Refused(f"`{getattr(function, 'name', 'a lambda')}` of a class that cannot be made calls `super()`")
        outside = self.reader.read([*getattr(function, "decorator_list", []), function.args])
        at = frame.parent.at
        self.need_all(frame, Names(outside.all(), set(), set(), outside.attributes), ALWAYS, ALWAYS)
        # The body of a method does not see the names of its class.
        attributes = {name for name in names.later if "." in name}
        self.need_all(frame, Names(set(), attributes, names.module, names.attributes), at.index, ALWAYS)
        self.need_all(frame.parent, Names(set(), names.later - attributes), at.index, frame.parent.time)

    def _need_attribute(self, frame: Frame, name: str) -> None:
        receiver, _, attribute = name.partition(".")
        while frame.receiver != receiver and frame.parent is not None and not isinstance(frame.node, ast.ClassDef):
            frame = frame.parent
        instance = frame.instance
        assert instance is not None
        owner = instance.node.name
        if not attribute:
            raise Refused(f"`{self.wanted}` needs a whole `{owner}`")
        instance.members.add(attribute)
        if attribute == WRITTEN:
            return
        found = any(attribute in self._written(method) for method in instance.methods)
        setter = self._setter(instance, attribute)
        what = f"`{self.wanted}` needs `{receiver}.{attribute}` of `{owner}`"
        if setter and not found:
            raise Refused(f"{what}, which `{setter}` sets", is_final=True)
        if instance.init is not None:
            own = f"{instance.init.receiver}.{attribute}"
            for atom in instance.init.block.before(own, ALWAYS):
                self.keep(instance.init, atom, ALWAYS)
                found = True
        for body in instance.bodies:
            atoms = body.block.before(attribute, ALWAYS)
            for atom in atoms:
                self.keep(body, atom, ALWAYS)
            if atoms:
                return
        if not found:
            is_final = not self.outline.foreign_bases(instance.node)
            raise Refused(f"{what}, which nothing in the file makes", is_final=is_final)

    def _setter(self, instance: Instance, attribute: str) -> str:
        """The method besides ``__init__`` that sets an attribute."""
        methods = [s for c in self.outline.lineage(instance.node) for s in c.body if isinstance(s, ast.FunctionDef)]
        init = instance.init.node if instance.init is not None else None
        return next((m.name for m in methods if m is not init and attribute in self._written(m)), "")

    def _written(self, method: FunctionNode) -> set[str]:
        """The attributes of its receiver that a method writes."""
        return self.outline.written(method, receiver_of(method))

    def instance_of(self, frame: Frame, node: ast.ClassDef) -> Instance:
        """A class of the frame cut down to what is needed."""
        lineage = self.outline.lineage(node)
        bodies = [Frame(c, frame, self.outline.block(c), self.outline.bound(c).names, c.name) for c in lineage]
        instance = Instance(node, frame, bodies, None)
        for body in bodies:
            body.instance = instance
        for cls in lineage:
            init = next((s for s in cls.body if isinstance(s, ast.FunctionDef) and s.name == "__init__"), None)
            if init is not None:
                receiver = receiver_of(init)
                block = self.outline.block(init, receiver)
                instance.init = Frame(init, frame, block, self.outline.bound(init).names, node.name, None, ALWAYS)
                instance.init.instance, instance.init.receiver = instance, receiver
                break
        return instance


@dataclass(frozen=True)
class Arguments:
    """What a call of the file gives, as it is written and by parameter. Names in it mean the same where it is put.

    ``is_complete``: everything that it gives could be taken along.
    """

    call: ast.Call
    args: list[ast.expr]
    keywords: list[ast.keyword]
    values: dict[str, ast.expr]
    is_complete: bool


def receiver_of(function: FunctionNode) -> str:
    """The name of ``self`` in a method, or of ``cls``; empty for static methods, also undeclared ones."""
    for decorator in getattr(function, "decorator_list", []):
        if last_name(decorator) == "staticmethod":
            return ""
    positional = [*function.args.posonlyargs, *function.args.args]
    name = positional[0].arg if positional else ""
    return "" if operations.names_labels(name) or operations.names_prediction(name) else name


def default_of(function: FunctionNode, name: str) -> ast.expr | None:
    """The default of a parameter."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = []
    if spec.defaults:
        pairs += zip(positional[-len(spec.defaults) :], spec.defaults, strict=True)
    pairs += zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
    return next((default for parameter, default in pairs if parameter.arg == name), None)


def required(function: FunctionNode, *, bound: bool = False) -> list[str]:
    """The positional parameters without defaults; ``bound``: without the receiver."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    names = [p.arg for p in positional[: len(positional) - len(spec.defaults)]]
    return names[1:] if bound and receiver_of(function) in names[:1] else names


def required_keywords(function: FunctionNode) -> list[str]:
    spec = function.args
    return [p.arg for p, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is None]


def required_by(outline: Outline, node: ast.ClassDef) -> list[str]:
    """The parameters that have to be given to make an instance."""
    for cls in outline.lineage(node):
        for statement in cls.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                return [*required(statement, bound=True), *required_keywords(statement)]
        if any("dataclass" in ast.unparse(decorator) for decorator in cls.decorator_list):
            fields = [s for s in cls.body if isinstance(s, ast.AnnAssign) and s.value is None]
            return [s.target.id for s in fields if isinstance(s.target, ast.Name)]
    return []


def init_of(outline: Outline, node: ast.ClassDef) -> ast.FunctionDef | None:
    for cls in outline.lineage(node):
        for statement in cls.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                return statement
    return None


def _module_of(atom: Atom) -> str:
    return (atom.node.module or "") if isinstance(atom.node, ast.ImportFrom) else ""
