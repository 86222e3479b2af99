"""Abstract values: what a name can hold.

Values are immutable; what Python mutates (lists, dicts, instances, models, scopes) keeps its contents in a ``Store``,
whose writes the interpreter can undo, so that both arms of a branch can be run and merged.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from bcelint.inference.guards import ALWAYS, Guard, Key
from bcelint.inference.numeric.expressions import Expression, Role
from bcelint.knowledge import layers as layer_table
from bcelint.knowledge import losses as loss_table
from bcelint.knowledge import metrics as metric_table
from bcelint.knowledge.domains import Domain
from bcelint.knowledge.names import KERAS_1_KEYWORDS, KERAS_1_NAMES
from bcelint.project import ModuleFile

_serial = itertools.count()


class Value:
    """Any abstract value. ``key`` identifies it in tests (``None``: cannot be recognised again)."""

    __slots__ = ()

    @property
    def key(self) -> Key:
        return ("id", id(self))


class Store(dict[str, Value]):
    """The contents of something mutable. Written only through the interpreter."""

    __slots__ = ()
    __hash__ = object.__hash__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class Const(Value):
    """A Python constant, where it is made, and the literals that it is made of."""

    value: Any
    node: ast.AST | None = None
    parts: tuple[ast.AST, ...] = ()

    @property
    def literals(self) -> tuple[ast.AST, ...]:
        return self.parts or ((self.node,) if isinstance(self.node, ast.Constant) else ())

    @property
    def key(self) -> Key:
        return ("const", type(self.value).__name__, self.value)


NONE = Const(None)


@dataclass(frozen=True, slots=True, eq=False)
class Unknown(Value):
    """Something that could not be followed.

    ``symbol`` names it where the same expression must give the same value again (an attribute of an unknown object).
    """

    why: str = ""
    symbol: Key = field(default_factory=lambda: ("unknown", next(_serial)))

    @property
    def key(self) -> Key:
        return self.symbol


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Value):
    """One of several values, each under its guard."""

    options: tuple[tuple[Guard, Value], ...]

    @property
    def key(self) -> Key:
        return ("choice", id(self))


@dataclass(frozen=True, slots=True, eq=False)
class Api(Value):
    """A module, class or function of some package, by its canonical dotted name."""

    name: str
    node: ast.AST | None = None

    @property
    def key(self) -> Key:
        return ("api", self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Value):
    """A tuple, or the unchangeable contents of a list. ``None`` items: length not known."""

    items: tuple[Value, ...]
    node: ast.AST | None = None

    @property
    def key(self) -> Key:
        return ("tuple", tuple(item.key for item in self.items))


@dataclass(frozen=True, slots=True, eq=False)
class Repeated(Value):
    """The contents of a list of unknown length whose items are all made by the same expression."""

    item: Value


class Mutable(Value):
    """Base of values with a store; compared by identity."""

    __slots__ = ("node", "store")

    def __init__(self, node: ast.AST | None = None) -> None:
        self.store = Store()
        self.node = node


class ListValue(Mutable):
    """A list: ``store["items"]`` is a ``Sequence``, ``Repeated`` or unknown.

    ``open_loops`` is how many loops of unknown length it was made in: one that grows in a further loop has no known
    length.
    """

    __slots__ = ("open_loops",)

    def __init__(self, items: Value, node: ast.AST | None = None, open_loops: int = 0) -> None:
        super().__init__(node)
        self.store["items"] = items
        self.open_loops = open_loops


class DictValue(Mutable):
    """A dict with constant keys: each ``store`` entry is named by the ``repr`` of its key.

    ``store["*"]`` is present where there may be further entries.
    """

    __slots__ = ()


class Instance(Mutable):
    """An object of a class of the file; the store holds its attributes."""

    __slots__ = ("cls",)

    def __init__(self, cls: Class, node: ast.AST | None = None) -> None:
        super().__init__(node)
        self.cls = cls


class Model(Mutable):
    """A Keras model that is not an instance of a class of the file.

    The store holds ``layers`` (Sequential: a ``Sequence``) or ``inputs``/``outputs`` (functional).
    """

    __slots__ = ("kind", "name")

    def __init__(self, kind: str, node: ast.AST | None = None) -> None:
        super().__init__(node)
        self.kind = kind
        self.name: str | None = None


class Scope(Mutable):
    """The names of a function call, class body or module."""

    __slots__ = ("function", "globals_declared", "nonlocals", "parent")

    def __init__(self, parent: Scope | None, node: ast.AST | None = None) -> None:
        super().__init__(node)
        self.parent = parent
        self.globals_declared: set[str] = set()
        self.nonlocals: set[str] = set()
        self.function: Function | None = None


class ModuleScope(Scope):
    """The names of a module, and what holds for its whole file.

    ``stars`` is what it imports all names from: packages by name, and modules of the project. ``implicit_names`` says
    whether a name that nothing binds may be Keras's, and ``is_main`` that it runs as a script.
    """

    __slots__ = ("_is_keras_1", "implicit_names", "imports_tf_keras", "is_main", "path", "stars", "tree")

    def __init__(
        self, tree: ast.Module | None = None, path: str = "", *, implicit_names: bool = True, is_main: bool = False
    ) -> None:
        super().__init__(None)
        self.tree = tree
        self.path = path
        self.stars: list[str | Module] = []
        self.implicit_names = implicit_names
        self.is_main = is_main
        # Whether the file imports tf_keras, the Keras 2 that is still released.
        self.imports_tf_keras = False
        self._is_keras_1: bool | None = None

    @property
    def is_keras_1(self) -> bool:
        """Whether the file is written for Keras 1 or 2.0, whose backend took (output, target)."""
        if self._is_keras_1 is None:
            nodes = list(ast.walk(self.tree)) if self.tree is not None else []
            keywords = {node.arg for node in nodes if isinstance(node, ast.keyword)}
            names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            names |= {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
            self._is_keras_1 = bool(keywords & KERAS_1_KEYWORDS or names & KERAS_1_NAMES)
        return self._is_keras_1


@dataclass(frozen=True, slots=True, eq=False)
class Module(Value):
    """A module of the project; it is run when something of it is needed. ``name`` is what it was imported as."""

    name: str
    file: ModuleFile

    @property
    def key(self) -> Key:
        return ("module", self.file.path or self.file.folder)


@dataclass(slots=True, eq=False)
class Imported(Value):
    """``from module import name``, which is looked up when it is used: ``value``, from then on."""

    module: Module
    name: str
    value: Value | None = None


@dataclass(slots=True, eq=False)
class Function(Value):
    """A ``def`` or ``lambda`` with its closure."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    defaults: dict[str, Value]
    owner: Class | None = None
    kind: str = "function"  # or "static", "class", "property"
    called: bool = False
    generator: bool | None = None  # whether it yields, once that has been looked up
    decorated: bool = False  # by something that may change its arguments
    is_foreign: bool = False  # of another module than the one that is checked

    @property
    def name(self) -> str:
        return "<lambda>" if isinstance(self.node, ast.Lambda) else self.node.name


@dataclass(frozen=True, slots=True, eq=False)
class Bound(Value):
    """A method with its object."""

    function: Value
    owner: Value

    @property
    def key(self) -> Key:
        return ("bound", self.function.key, self.owner.key)


@dataclass(frozen=True, slots=True, eq=False)
class Method(Value):
    """A method of a value that the interpreter models itself (``model.fit``, ``list.append``)."""

    owner: Value
    name: str
    node: ast.AST | None = None

    @property
    def key(self) -> Key:
        return ("method", self.owner.key, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Super(Value):
    instance: Value
    cls: Class


# Classes that name each other as bases have no end.
_MOST_BASES = 200


class Class(Mutable):
    """A class of the file; the store holds its namespace."""

    __slots__ = ("bases", "instances", "name", "scope")

    def __init__(self, name: str, bases: tuple[Value, ...], scope: Scope, node: ast.ClassDef) -> None:
        super().__init__(node)
        self.name = name
        self.bases = bases
        self.scope = scope
        self.instances: list[Instance] = []

    def mro(self) -> list[Class | Api]:
        """The class and its bases in the order in which names are looked up."""
        met: list[Class | Api] = []
        stack: list[Value] = [self]
        while stack and len(met) < _MOST_BASES:
            base = stack.pop(0)
            if isinstance(base, Class):
                met.append(base)
                stack = [*base.bases, *stack]
            elif isinstance(base, Api):
                met.append(base)
        # A base that several classes share comes behind the last of them.
        return list(dict.fromkeys(reversed(met)))[::-1]

    def lookup(self, name: str) -> Value | None:
        for base in self.mro():
            if isinstance(base, Class) and name in base.store:
                return base.store[name]
        return None

    def is_a(self, *names: str) -> bool:
        """Whether one of the API classes ``names`` is among the bases."""
        return any(isinstance(base, Api) and base.name in names for base in self.mro())


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call: its value, the expression in the call, and the ``keyword=expression`` around it."""

    value: Value
    node: ast.AST | None = None
    keyword: ast.keyword | None = None


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call. ``open`` says that ``*args`` or ``**kwargs`` of unknown content may add more."""

    positional: tuple[Argument, ...] = ()
    keywords: dict[str, Argument] = field(default_factory=dict)
    open_positional: bool = False
    open_keywords: bool = False

    def get(self, *names: str, position: int | None = None) -> Argument | None:
        """The argument by one of its names, or by position."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        if position is not None and position < len(self.positional):
            return self.positional[position]
        return None

    def by_parameters(self, parameters: tuple[str, ...], *names: str) -> Argument | None:
        """The argument for one of the parameters ``names`` of a signature."""
        position = next((parameters.index(name) for name in names if name in parameters), None)
        return self.get(*names, position=position)

    @property
    def complete(self) -> bool:
        return not (self.open_positional or self.open_keywords)

    def values(self) -> list[Value]:
        return [a.value for a in self.positional] + [a.value for a in self.keywords.values()]


@dataclass(frozen=True, slots=True, eq=False)
class Layer(Value):
    """A layer of the Keras API, as constructed.

    ``spec`` is ``None`` for a layer of another package.
    """

    spec: layer_table.Layer | None
    arguments: Arguments
    node: ast.AST
    api: str = ""

    @property
    def class_name(self) -> str:
        return self.api.rpartition(".")[2]

    def argument(self, *names: str) -> Argument | None:
        parameters = self.spec.parameters if self.spec else ()
        return self.arguments.by_parameters(parameters, *names)


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Value):
    """``functools.partial``."""

    function: Value
    arguments: Arguments
    node: ast.AST


@dataclass(frozen=True, slots=True, eq=False)
class Loss(Value):
    """A loss of the table, with its ``from_logits`` flag (``None``: cannot be decided).

    ``split``: the flag is not known, and this is the loss where it came out like that.
    """

    spec: loss_table.Loss
    from_logits: bool | None
    node: ast.AST
    spelling: str
    call: ast.AST | None = None
    flag: Argument | None = None
    api: str = ""
    rescued: bool = False
    split: Guard = ALWAYS


@dataclass(frozen=True, slots=True, eq=False)
class Metric(Value):
    """A metric of the table, as constructed."""

    spec: metric_table.Metric
    arguments: Arguments
    node: ast.AST
    string: str | None = None
    called: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """As ``facts.Step``, with the node instead of its place."""

    kind: str
    name: str
    node: ast.AST | None = None


Dims = tuple["int | None", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tensor(Value):
    """A tensor, or an array that plays the part of one.

    Attributes:
        dims: its shape with the batch axis, ``None`` where the rank is not known.
        last: the length of the last axis, which is often known where the rank is not.
        node: what makes the domain (the activation argument, the layer call).
        layer: the layer that made it, for units and the activation argument.
        dtype: the dtype (or policy) that the layer of the activation has of its own: ``""`` without one, ``"?"`` where
            it is not known.
        below: the tensor under the activation.
        labels: what is known of it as labels (``one-hot``, ``multi-hot`` ...).
        role: what a custom loss gets it as.
        expression: how it was computed, as far as that was followed.
    """

    domain: Domain = Domain.UNKNOWN
    low: float = -inf
    high: float = inf
    activation: str = ""
    dims: Dims | None = None
    last: int | None = None
    node: ast.AST | None = None
    layer: Layer | None = None
    layer_node: ast.AST | None = None
    layer_name: str = ""
    argument: Argument | None = None
    explicit: bool = True
    steps: tuple[Step, ...] = ()
    literal: bool = False
    tensorflow_function: bool = False
    dtype: str = ""
    below: Tensor | None = None
    labels: str = ""
    name: str | None = None
    why: str = ""
    role: Role = Role.OTHER
    expression: Expression | None = None
    serial: int = field(default_factory=lambda: next(_serial))

    def after(self, kind: str, name: str, node: ast.AST | None = None, **changes: Any) -> Tensor:
        """The tensor behind one more step that keeps the values."""
        return replace(self, steps=(*self.steps, Step(kind, name, node)), name=None, serial=next(_serial), **changes)

    def shaped(self, dims: Dims | None, last: int | None = None) -> Tensor:
        return replace(self, dims=dims, last=dims[-1] if dims else last)


def opaque(value: Value) -> Value:
    """A value as something given: how its tensors were computed is forgotten."""
    if isinstance(value, Tensor):
        return value if value.expression is None else replace(value, expression=None, serial=next(_serial))
    if isinstance(value, Choice):
        return Choice(tuple((guard, opaque(option)) for guard, option in value.options))
    if isinstance(value, Sequence):
        return replace(value, items=tuple(opaque(item) for item in value.items))
    return value


# The first part of the symbol of something that makes labels; the second is their kind.
ENCODER = "encoder"

# The first part of the symbol of what a function or class that is not known returns; the second is its name.
MADE_BY = "made by"


def maker_of(value: Value) -> str:
    """The name of the unknown function or class that made a value; empty where there is none to be named."""
    symbol = value.symbol if isinstance(value, Unknown) else None
    return str(symbol[1]) if isinstance(symbol, tuple) and symbol[:1] == (MADE_BY,) else ""


# Why nothing is known of what a TF 1 graph is fed.
PLACEHOLDER = "a placeholder"


def unknown_tensor(why: str = "", dims: Dims | None = None, last: int | None = None, labels: str = "") -> Tensor:
    return Tensor(dims=dims, last=dims[-1] if dims else last, why=why, labels=labels)


def options(value: Value) -> tuple[tuple[Guard, Value], ...]:
    """The alternatives of a value; a plain value is one that always holds."""
    return value.options if isinstance(value, Choice) else ((ALWAYS, value),)


def each(value: Value, function: Callable[[Value], Value]) -> Value:
    """Apply ``function`` to every alternative."""
    if isinstance(value, Choice):
        return choice([(guard, function(option)) for guard, option in value.options])
    return function(value)


MAX_OPTIONS = 16


def choice(alternatives: list[tuple[Guard, Value]]) -> Value:
    """One value from several: flattened, with equal ones merged."""
    from bcelint.inference.guards import conjoin

    flat: list[tuple[Guard, Value]] = []
    for guard, value in alternatives:
        for inner, option in options(value):
            both = conjoin(guard, inner)
            if both is not None:
                flat.append((both, option))
    if not flat:
        return Unknown("no way leads here")
    first = flat[0][1]
    if all(option is first for _, option in flat):
        return first
    if isinstance(first, Const) and all(
        isinstance(option, Const) and option.key == first.key and option.node is first.node for _, option in flat
    ):
        return first
    if len(flat) > MAX_OPTIONS:
        return Unknown("too many alternatives")
    return Choice(tuple(flat))


@dataclass(frozen=True, slots=True, eq=False)
class LossSum(Value):
    """Losses that were added up (``bce + 0.5 * dice``)."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LayersOf(Value):
    """``model.layers`` of a model whose layers are not at hand, or one of them."""

    model: Value
    index: int | None = None
