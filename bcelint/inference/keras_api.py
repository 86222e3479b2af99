"""The Keras API over abstract values: attributes, calls, layers, models, and the places where heads meet losses."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any

from bcelint.inference import builtin_calls, facts, tensors
from bcelint.inference.api_calls import API_CALLS, TENSOR_FUNCTIONS
from bcelint.inference.guards import ALWAYS, Guard, Literal, Test, conjoin, related
from bcelint.inference.values import (
    NONE,
    Api,
    Argument,
    Arguments,
    Bound,
    Choice,
    Class,
    Const,
    DictValue,
    Dims,
    Function,
    Instance,
    Layer,
    LayersOf,
    ListValue,
    Loss,
    LossSum,
    Method,
    Metric,
    Model,
    Mutable,
    Partial,
    Sequence,
    Step,
    Super,
    Tensor,
    Unknown,
    Value,
    choice,
    each,
    options,
    unknown_tensor,
)
from bcelint.knowledge import activations, heads, layers, losses, metrics
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.knowledge.layers import Effect, ShapeRule
from bcelint.knowledge.names import canonical
from bcelint.places import Place

if TYPE_CHECKING:
    from bcelint.inference.interpreter import Interpreter

_KERAS_MODELS = ("keras.Model", "keras.Sequential")
_KERAS_LOSS = "keras.losses.Loss"
_BUILTINS = frozenset(
    [
        "len",
        "range",
        "zip",
        "enumerate",
        "list",
        "tuple",
        "dict",
        "set",
        "int",
        "float",
        "str",
        "bool",
        "isinstance",
        "hasattr",
        "getattr",
        "setattr",
        "super",
        "print",
        "sorted",
        "reversed",
        "map",
        "filter",
        "sum",
        "min",
        "max",
        "abs",
        "round",
        "type",
        "any",
        "all",
        "iter",
        "next",
        "callable",
        "vars",
        "id",
        "open",
        "input",
        "exit",
        "quit",
        "repr",
        "format",
        "divmod",
        "pow",
        "object",
        "staticmethod",
        "classmethod",
        "property",
        "hash",
        "slice",
        "eval",
        "exec",
    ]
)
_SHORT_MODULES = {
    "keras": "keras",
    "tf": "tf",
    "tensorflow": "tf",
    "layers": "keras.layers",
    "models": "keras.models",
    "losses": "keras.losses",
    "metrics": "keras.metrics",
    "activations": "keras.activations",
    "applications": "keras.applications",
    "K": "keras.backend",
    "np": "np",
    "numpy": "np",
    "functools": "functools",
    "partial": "functools.partial",
}
_HOMES = ("keras.layers.", "keras.losses.", "keras.metrics.", "keras.", "keras.applications.")


@dataclass
class _Usage:
    """What became of a model."""

    trained: bool = False
    escaped: bool = False
    used: bool = False
    labels: str = ""


@dataclass
class _Compiled:
    """What a ``compile`` call brought together; reported once it is known whether the model is used."""

    model: Value
    facts: list[facts.Fact] = field(default_factory=list)


@dataclass(frozen=True)
class _Meeting:
    """The surroundings in which a loss is evaluated."""

    context: facts.Context = facts.Context.CALL
    compile_node: ast.AST | None = None
    output: str = ""
    guard: Guard = ALWAYS


def is_known_api(name: str) -> bool:
    return (
        name in layers.LAYERS
        or name in losses.BY_CLASS
        or name in losses.BY_FUNCTION
        or name in metrics.BY_CLASS
        or name in activations.BY_FUNCTION
        or name in heads.MODEL_FACTORIES
        or name in API_CALLS
        or name in TENSOR_FUNCTIONS
        or name in layers.LAYER_FUNCTIONS
        or name in layers.MERGE_FUNCTIONS
        or name in _KERAS_MODELS
        or name in ("keras.Input", "keras.layers.Layer", _KERAS_LOSS)
    )


class KerasApi:
    """What Keras (and the little of Python that surrounds it) does with values."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.missing_attributes = 0
        self.policy = ""
        self.backend = ""
        self._star_packages: list[str] = []
        self._usage: dict[int, tuple[Value, _Usage]] = {}
        self._compiled: list[_Compiled] = []
        self._sinks: list[list[facts.Fact]] = []
        self._meetings: list[_Meeting] = [_Meeting()]
        self._folded: dict[int, tuple[Value, Value]] = {}
        self._models: list[Value] = []
        self._single_softmaxes: dict[int, tuple[Tensor, Guard, set[int]]] = {}
        self._heads: dict[int, ast.AST | None] = {}
        self._logit_heads: list[ast.AST | None] = []
        self._calling: list[Value] = []
        self._serial = itertools.count()

    # --- names --------------------------------------------------------------------------------------------------------

    def star_import(self, package: str) -> None:
        self._star_packages.append(package)

    def unbound_name(self, name: str) -> Value:
        """A name that nothing binds: a star import, a builtin, or Keras's own in a file that looks like Keras."""
        for package in reversed(self._star_packages):
            path = canonical(f"{package}.{name}")
            if is_known_api(path):
                return Api(path)
        if name in _BUILTINS:
            return Api(f"builtins.{name}")
        if name in ("__name__",):
            return Const("__main__")
        if self.interpreter.implicit_names:
            if name in _SHORT_MODULES:
                return Api(_SHORT_MODULES[name])
            for home in _HOMES:
                if (name[:1].isupper() or home == "keras.losses.") and is_known_api(home + name):
                    return Api(home + name)
        return Unknown(f"`{name}` is not defined in this file", ("name", name))

    def unknown_parameter(self, function: Function, name: str) -> Value:
        return Unknown(f"`{name}` is a parameter of `{function.name}`", ("parameter", id(function.node), name))

    # --- attributes and items -----------------------------------------------------------------------------------------

    def get_attribute(self, owner: Value, name: str, node: ast.AST) -> Value:
        if isinstance(owner, Api):
            return self._api_attribute(owner, name, node)
        if isinstance(owner, Instance):
            return self._instance_attribute(owner, name, node)
        if isinstance(owner, Class):
            found = owner.lookup(name)
            if isinstance(found, Function) and found.kind == "class":
                return Bound(found, owner)
            if found is not None:
                return found
            return Unknown(f"`{owner.name}.{name}`", (".", owner.key, name))
        if isinstance(owner, Super):
            return self._super_attribute(owner, name, node)
        if isinstance(owner, Model):
            return self._model_attribute(owner, name, node)
        if isinstance(owner, Tensor):
            return self._tensor_attribute(owner, name, node)
        if isinstance(owner, LayersOf):
            return self._layer_of_attribute(owner, name, node)
        if isinstance(owner, Layer):
            argument = owner.argument(name)
            return argument.value if argument is not None else Method(owner, name, node)
        if isinstance(owner, Function) and name in ("__name__",):
            return Const(owner.name)
        if isinstance(owner, Unknown):
            return Unknown(owner.why, (".", owner.key, name)) if name != "compile" else Method(owner, name, node)
        return Method(owner, name, node)

    def _api_attribute(self, owner: Api, name: str, node: ast.AST) -> Value:
        path = canonical(f"{owner.name}.{name}")
        if path in ("keras.backend.epsilon",):
            return Api(path, node)
        if path == "np.newaxis" or path == "tf.newaxis":
            return Const(None, node)
        return Api(path, node)

    def _instance_attribute(self, owner: Instance, name: str, node: ast.AST) -> Value:
        if name in owner.store:
            return owner.store[name]
        member = owner.cls.lookup(name)
        if isinstance(member, Function):
            if member.kind == "property":
                return self.interpreter.call_function(member, Arguments((Argument(owner),)), node)
            if member.kind == "static":
                return member
            return Bound(member, owner.cls if member.kind == "class" else owner)
        if member is not None:
            return member
        if self._is_model(owner):
            known = self._model_attribute(owner, name, node)
            if not isinstance(known, Unknown):
                return known
        elif name in _INSTANCE_METHODS:
            return Method(owner, name, node)
        self.missing_attributes += 1
        return Unknown(f"`self.{name}` is not set in this file", (".", owner.key, name))

    def _super_attribute(self, owner: Super, name: str, node: ast.AST) -> Value:
        passed = False
        instance = owner.instance
        classes = instance.cls.mro() if isinstance(instance, Instance) else owner.cls.mro()
        for base in classes:
            if base is owner.cls:
                passed = True
            elif passed and isinstance(base, Class) and name in base.store:
                member = base.store[name]
                return Bound(member, instance) if isinstance(member, Function) else member
        if name == "__init__":
            return Method(instance, "$init", node)
        return Method(instance, name, node)

    def _model_attribute(self, owner: Mutable, name: str, node: ast.AST) -> Value:
        if name in owner.store:
            return owner.store[name]
        if name in ("output", "outputs"):
            outputs = self.outputs(owner)
            if name == "outputs" and not isinstance(outputs, (Sequence, ListValue)):
                return ListValue(Sequence((outputs,)))
            return outputs
        if name in ("input", "inputs"):
            return unknown_tensor("a model's input")
        if name == "layers":
            return LayersOf(owner)
        if name in _MODEL_METHODS:
            return Method(owner, name, node)
        return Unknown(f"`.{name}` of a model", (".", owner.key, name))

    def _layer_of_attribute(self, owner: LayersOf, name: str, node: ast.AST) -> Value:
        if owner.index is None:
            return Method(owner, name, node)
        if name == "output":
            return self._output_of_layer(owner)
        return Unknown("an attribute of a layer", (".", owner.key, name))

    def _output_of_layer(self, owner: LayersOf) -> Value:
        if owner.index == -1:
            return each(self.outputs(owner.model), lambda o: o if isinstance(o, Tensor) else unknown_tensor("a layer"))
        if isinstance(owner.model, Mutable):
            members = owner.model.store.get("$layers")
            if isinstance(members, Sequence) and owner.index is not None:
                prefix = members.items[: owner.index + 1] if owner.index != -1 else members.items
                return self._fold(Sequence(prefix), unknown_tensor("a model's input"))
        return unknown_tensor("the output of an inner layer")

    def _tensor_attribute(self, owner: Tensor, name: str, node: ast.AST) -> Value:
        if name in ("shape", "_keras_shape"):
            if owner.dims is not None:
                return Sequence(
                    tuple(
                        Const(length) if length is not None else Unknown("a length", ("dim", owner.serial, i))
                        for i, length in enumerate(owner.dims)
                    )
                )
            return Unknown("a shape", ("shape", owner.serial))
        if name == "T":
            return tensors.without_shape(owner.after("reshape", "T", node))
        return Method(owner, name, node)

    def set_attribute(self, owner: Value, name: str, value: Value) -> None:
        if isinstance(owner, (Instance, Class)):
            self.interpreter.write(owner.store, name, value)
        elif isinstance(owner, LayersOf):
            # model.layers[-1].activation = ...: the model is not what its construction says any more.
            if name == "activation" and isinstance(owner.model, Mutable):
                self.interpreter.write(owner.model.store, "$tampered", Const(True))
        elif isinstance(owner, Unknown):
            self.escape(value)

    def set_item(self, owner: Value, index: Value, value: Value) -> None:
        if isinstance(owner, DictValue):
            name = repr(index.value) if isinstance(index, Const) else "*"
            self.interpreter.write(owner.store, name, value)
        elif isinstance(owner, ListValue):
            items = owner.store["items"]
            if isinstance(items, Sequence) and isinstance(index, Const) and isinstance(index.value, int):
                if -len(items.items) <= index.value < len(items.items):
                    changed = list(items.items)
                    changed[index.value] = value
                    self.interpreter.write(owner.store, "items", Sequence(tuple(changed)))
            else:
                self.interpreter.write(owner.store, "items", Unknown("a list that was written to"))
        elif isinstance(owner, Api) and owner.name == "os.environ" and isinstance(index, Const):
            if index.value == "KERAS_BACKEND" and isinstance(value, Const) and isinstance(value.value, str):
                self.backend = value.value
        else:
            self.escape(value)

    def get_item(self, owner: Value, index_node: ast.expr, node: ast.AST) -> Value:
        if isinstance(owner, Tensor):
            return tensors.indexed(owner, _picks(index_node, self.interpreter.eval), node)
        index = self.interpreter.eval(index_node)
        if isinstance(owner, LayersOf):
            members = self.items_of(owner)
            if members is not None and isinstance(index_node, ast.Slice):
                owner = ListValue(Sequence(tuple(members)))
            elif owner.index is None and isinstance(index, Const) and isinstance(index.value, int):
                return LayersOf(owner.model, index.value)
            else:
                return Unknown("layers of a model")
        if isinstance(owner, DictValue):
            return each(index, lambda key: self._dict_item(owner, key))
        items = self.items_of(owner)
        position = index.value if isinstance(index, Const) and isinstance(index.value, int) else None
        if items is not None and position is not None and -len(items) <= position < len(items):
            return items[position]
        if items is not None and isinstance(index_node, ast.Slice):
            bounds = [
                self.interpreter.eval(b) if b is not None else NONE
                for b in (index_node.lower, index_node.upper, index_node.step)
            ]
            if all(isinstance(b, Const) and (b.value is None or isinstance(b.value, int)) for b in bounds):
                cut = slice(*(b.value for b in bounds if isinstance(b, Const)))
                if cut.step != 0:
                    return ListValue(Sequence(tuple(items[cut])))
        if isinstance(owner, Unknown):
            return Unknown(owner.why, ("[]", owner.key, index.key))
        return Unknown("an item")

    def _dict_item(self, owner: DictValue, key: Value) -> Value:
        if isinstance(key, Const):
            found = owner.store.get(repr(key.value))
            if found is not None:
                return found
        elif "*" not in owner.store and owner.store:
            # One of the entries, by a key that is not known.
            return choice(
                [
                    (self._picked(("item", owner.key, key.key), name), value)
                    for name, value in list(owner.store.items())[:8]
                ]
            )
        return Unknown("an entry of a dict", ("[]", owner.key, key.key))

    def _picked(self, subject: Any, option: object) -> Guard:
        return frozenset({Literal(Test(subject, "==", str(option)), True)})

    def items_of(self, value: Value) -> list[Value] | None:
        """The items of a sequence of known length."""
        if isinstance(value, ListValue):
            value = value.store["items"]
        if isinstance(value, Sequence):
            return list(value.items)
        if isinstance(value, LayersOf) and value.index is None and isinstance(value.model, Mutable):
            members = value.model.store.get("$layers")
            return list(members.items) if isinstance(members, Sequence) else None
        if isinstance(value, DictValue) and "*" not in value.store:
            return [Const(ast.literal_eval(name)) for name in value.store]
        return None

    def element_of(self, value: Value, index: int | None) -> Value:
        """Some element of an iterable, or the one at ``index`` when it is unpacked."""
        items = self.items_of(value)
        if items:
            return choice([(self._picked(("element", value.key), i), item) for i, item in enumerate(items[:8])])
        if isinstance(value, Tensor):
            return tensors.without_shape(unknown_tensor("a part of a tensor", labels=value.labels))
        if index is not None and isinstance(value, Unknown):
            return Unknown(value.why, ("[]", value.key, ("const", "int", index)))
        return Unknown("an element")

    def extend(self, target: ListValue, more: Value) -> None:
        current, added = self.items_of(target), self.items_of(more)
        items: Value = Unknown("a list of unknown length")
        if self.interpreter.open_loops > target.open_loops:
            current = None
        if current is not None and added is not None:
            items = Sequence((*current, *added))
        self.interpreter.write(target.store, "items", items)

    # --- operators ----------------------------------------------------------------------------------------------------

    def unary(self, name: str, value: Value, node: ast.AST) -> Value:
        if isinstance(value, Const) and name == "USub":
            return builtin_calls.negate(value, node)
        if isinstance(value, Tensor) and name == "USub":
            return tensors.negated(value, node)
        if isinstance(value, Tensor):
            return value
        return Unknown("an expression", (name, value.key))

    def binary(self, name: str, left: Value, right: Value, node: ast.AST) -> Value:
        if isinstance(left, Choice) or isinstance(right, Choice):
            return self.over([left, right], lambda a, b: self.binary(name, a, b, node))
        if isinstance(left, Const) and isinstance(right, Const):
            return builtin_calls.fold(name, left, right, node)
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return self._tensor_arithmetic(name, left, right, node)
        if name == "Add" and isinstance(left, (ListValue, Sequence)) and isinstance(right, (ListValue, Sequence)):
            a, b = self.items_of(left), self.items_of(right)
            if a is not None and b is not None:
                joined = Sequence((*a, *b))
                return ListValue(joined) if isinstance(left, ListValue) else joined
            return ListValue(Unknown("a list of unknown length"))
        if name == "Mult" and isinstance(left, (ListValue, Sequence)) and isinstance(right, Const):
            items = self.items_of(left)
            if items is not None and isinstance(right.value, int) and 0 <= right.value * len(items) <= 64:
                return ListValue(Sequence(tuple(items * right.value)))
        if name in ("Add", "Mult", "Sub") and (self._is_loss(left) or self._is_loss(right)):
            return LossSum(tuple(v for v in (left, right) if self._is_loss(v)))
        return Unknown("an expression", (name, left.key, right.key))

    def _is_loss(self, value: Value) -> bool:
        if isinstance(value, Api):
            return value.name in losses.COMPOSITE or value.name in losses.BY_FUNCTION
        return isinstance(value, (Loss, LossSum))

    def _tensor_arithmetic(self, name: str, left: Value, right: Value, node: ast.AST) -> Value:
        if isinstance(left, Tensor) and isinstance(right, Tensor):
            if name == "MatMult":
                return self.matrix_product(left, right, node)
            return tensors.combined(name, left, right, node)
        tensor, other, reflected = (left, right, False) if isinstance(left, Tensor) else (right, left, True)
        assert isinstance(tensor, Tensor)
        if isinstance(other, Const) and isinstance(other.value, (int, float)):
            return tensors.with_number(name, tensor, float(other.value), node, reflected=reflected)
        if name == "Add" and tensor.domain is Domain.REAL:
            return tensor.after("other", "addition", node)
        if name == "MatMult":
            return self.matrix_product(tensor, unknown_tensor(), node)
        return unknown_tensor("arithmetic with an unknown value", tensor.dims, tensor.last)

    def matrix_product(self, a: Tensor, b: Tensor, node: ast.AST) -> Tensor:
        """Any number where one side is; otherwise unknown."""
        last = b.last
        if Domain.REAL in (a.domain, b.domain):
            dims: Dims | None = (*a.dims[:-1], last) if a.dims else None
            return Tensor(
                domain=Domain.REAL,
                dims=dims,
                last=last,
                node=node,
                layer_node=node,
                layer_name="matmul",
                explicit=False,
                activation="linear",
            )
        return unknown_tensor("a product of tensors of unknown range", None, last)

    def over(self, values: list[Value], function: Callable[..., Value]) -> Value:
        """Apply ``function`` to every combination of alternatives that can occur together."""
        results: list[tuple[Guard, Value]] = []
        combos = list(itertools.islice(itertools.product(*(options(v) for v in values)), 65))
        if len(combos) > 64:
            return unknown_tensor("too many alternatives")
        if len(combos) == 1:
            return function(*(value for _, value in combos[0]))
        outer = self.interpreter.path
        for combo in combos:
            guard: Guard | None = ALWAYS
            for each_guard, _ in combo:
                guard = None if guard is None else conjoin(guard, each_guard)
            path = None if guard is None else conjoin(outer, guard)
            if guard is not None and path is not None:
                self.interpreter.path = path
                results.append((guard, function(*(value for _, value in combo))))
        self.interpreter.path = outer
        return choice(results)

    # --- calls --------------------------------------------------------------------------------------------------------

    def call(self, function: Value, arguments: Arguments, node: ast.AST) -> Value:
        """Call anything that is not a function of the file."""
        if isinstance(function, Api):
            return self._call_api(function, arguments, node)
        if isinstance(function, Layer):
            return self.apply_layer(function, arguments, node)
        if isinstance(function, Method):
            return self._call_method(function, arguments, node)
        if isinstance(function, Class):
            return self._construct(function, arguments, node)
        if isinstance(function, (Model, Instance)):
            return self._call_object(function, arguments, node)
        if isinstance(function, (Loss, LossSum)):
            return self._call_loss(function, arguments, node)
        if isinstance(function, Partial):
            given = function.arguments
            merged = Arguments(
                given.positional + arguments.positional,
                {**given.keywords, **arguments.keywords},
                given.open_positional or arguments.open_positional,
                given.open_keywords or arguments.open_keywords,
            )
            return self.interpreter.call(function.function, merged, node)
        if isinstance(function, Choice):
            return self.over([function], lambda option: self.interpreter.call(option, arguments, node))
        if isinstance(function, Unknown) and _method_name(function) == "Choice":
            return self._hyperparameter(arguments)
        for value in arguments.values():
            self.escape(value)
        if isinstance(function, Const) and function.value is None:
            return Unknown("a call of None")
        if any(isinstance(value, Tensor) for value in arguments.values()):
            why = function.why if isinstance(function, Unknown) else "an unknown function"
            return unknown_tensor(why or "an unknown function")
        why = function.why if isinstance(function, Unknown) else ""
        return Unknown(why)

    def _hyperparameter(self, arguments: Arguments) -> Value:
        """``hp.Choice("activation", ["relu", "sigmoid"])``: any of the values."""
        values = arguments.get("values", position=1)
        items = self.items_of(values.value) if values is not None else None
        if not items:
            return Unknown("a hyperparameter")
        subject = ("hyperparameter", next(self._serial))
        return choice([(self._picked(subject, i), item) for i, item in enumerate(items)])

    def _call_api(self, function: Api, arguments: Arguments, node: ast.AST) -> Value:
        name = function.name
        spec = layers.LAYERS.get(name)
        if spec is not None:
            return Layer(spec, arguments, node, name)
        if name in losses.BY_CLASS:
            return self._make_loss(losses.BY_CLASS[name], arguments, node, name)
        if name in metrics.BY_CLASS:
            return Metric(metrics.BY_CLASS[name], arguments, node)
        if name in losses.BY_FUNCTION:
            return self._call_loss(self._loss_function(losses.BY_FUNCTION[name], name, node), arguments, node)
        if name in losses.COMPOSITE:
            return unknown_tensor("a loss")
        if name in activations.BY_FUNCTION and arguments.positional + tuple(arguments.keywords.values()):
            return self._call_activation(activations.BY_FUNCTION[name], name, arguments, node)
        if name in heads.MODEL_FACTORIES:
            return self._ready_made(heads.MODEL_FACTORIES[name], arguments, node)
        if name.startswith(heads.HUB_PREFIX) and name.removesuffix(".from_preset").endswith(heads.HUB_SUFFIXES):
            return self._ready_made(heads.HUB_FACTORY, arguments, node)
        if name in layers.LAYER_FUNCTIONS:
            return self._layer_function(layers.LAYER_FUNCTIONS[name], arguments, node)
        if name in layers.MERGE_FUNCTIONS:
            merge = layers.MERGE_FUNCTIONS[name]
            layer = Layer(
                layers.LAYERS[f"keras.layers.{merge}"],
                Arguments(keywords=arguments.keywords),
                node,
                f"keras.layers.{merge}",
            )
            return self.apply_layer(layer, Arguments(arguments.positional[:1]), node)
        if name in _KERAS_MODELS:
            return self._make_model(name, arguments, node)
        if name in API_CALLS:
            return API_CALLS[name](self, arguments, node)
        if name in TENSOR_FUNCTIONS:
            return self._tensor_function(name, arguments, node)
        for value in arguments.values():
            self.escape(value)
        if name.startswith("keras.layers.") and name[13:14].isupper():
            return Layer(None, arguments, node, name)
        if any(
            isinstance(option, Tensor) for value in arguments.values() for option in builtin_calls.plain_options(value)
        ):
            return unknown_tensor(f"`{name}` is unknown")
        return Unknown(f"`{name}` is unknown")

    def _tensor_function(self, name: str, arguments: Arguments, node: ast.AST) -> Value:
        """A function of tensors from the table, on every alternative of its first argument."""
        function = TENSOR_FUNCTIONS[name]
        first = arguments.get(
            "x",
            "input",
            "tensor",
            "input_tensor",
            "values",
            "a",
            "inputs",
            "object",
            "value",
            "inputs_",
            "t",
            position=0,
        )
        if first is None:
            return unknown_tensor(name)
        return self.over([first.value], lambda value: function(self, self.as_tensor(value), arguments, node))

    def as_tensor(self, value: Value) -> Tensor:
        """A value where a tensor is taken: literals become tensors whose values are known."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, (Const, ListValue, Sequence)):
            numbers = builtin_calls.numbers_in(value)
            if numbers:
                low, high = min(numbers), max(numbers)
                dims = builtin_calls.literal_shape(value)
                domain = Domain.PROBABILITY if low >= 0 and high <= 1 else Domain.INTERVAL
                return Tensor(
                    domain,
                    low,
                    high,
                    dims=dims,
                    last=dims[-1] if dims else None,
                    node=getattr(value, "node", None),
                    literal=True,
                )
        return unknown_tensor(value.why if isinstance(value, Unknown) else "")

    def _call_activation(
        self, activation: activations.Activation, name: str, arguments: Arguments, node: ast.AST
    ) -> Value:
        first = arguments.get("x", "logits", "input", "inputs", "features", "tensor", position=0)
        if first is None:
            return unknown_tensor(name)
        axis = (
            arguments.get("axis", "dim", position=1)
            if activation.domain in (Domain.SIMPLEX, Domain.LOG_SIMPLEX)
            else None
        )
        if activation.name == "relu":
            slope = arguments.get("alpha", "negative_slope", position=1)
            ceiling = arguments.get("max_value", position=2)
            if slope is not None and not (isinstance(slope.value, Const) and not slope.value.value):
                activation = activations.BY_NAME["leaky_relu"]
            elif ceiling is not None:
                return self.over([first.value], lambda v: self._relu(self.as_tensor(v), ceiling, node))
        from_tf = name.startswith(("tf.", "jax.", "torch."))
        return self.over([first.value], lambda v: self.activated(self.as_tensor(v), activation, node, axis, from_tf))

    def _relu(self, tensor: Tensor, ceiling: Argument, node: ast.AST) -> Tensor:
        activation = activations.BY_NAME["relu"]
        if isinstance(ceiling.value, Const) and ceiling.value.value is None:
            return tensors.activate(tensor, activation, node)
        if isinstance(ceiling.value, Const) and isinstance(ceiling.value.value, (int, float)):
            high = float(ceiling.value.value)
            return replace(tensors.activate(tensor, activation, node), high=high, domain=tensors.classify(0.0, high))
        return unknown_tensor("a relu with an unknown ceiling", tensor.dims, tensor.last)

    def activated(
        self,
        tensor: Tensor,
        activation: activations.Activation,
        node: ast.AST | None,
        axis: Argument | None = None,
        from_tf: bool = False,
    ) -> Tensor:
        """An activation on a tensor, with its axis where it has one."""
        squashes = activation.name in activations.SIGMOIDS or activation.domain is Domain.SIMPLEX
        if squashes and tensor.domain is Domain.REAL and any(s.kind in ("call", "numpy") for s in tensor.steps):
            self._logit_heads.append(tensor.node)
        result = tensors.activate(tensor, activation, node, tensorflow_function=from_tf)
        if activation.domain not in (Domain.SIMPLEX, Domain.LOG_SIMPLEX):
            return result
        position = -1
        if axis is not None:
            if not (isinstance(axis.value, Const) and isinstance(axis.value.value, int)):
                return unknown_tensor("a softmax over an unknown axis", tensor.dims, tensor.last)
            position = axis.value.value
        rank = len(tensor.dims) if tensor.dims else None
        if position == -1 or (rank is not None and position == rank - 1):
            length = tensor.last
        else:
            length = tensor.dims[position] if tensor.dims and rank is not None and -rank <= position < rank else None
            if not (position == 1 and rank is None):
                result = replace(result, domain=Domain.UNKNOWN, why="a softmax over another axis than the last")
        if length == 1 and activation.name == "softmax" and node is not None and tensor.layer_node is not None:
            self._single_softmaxes[id(node)] = (result, self.interpreter.path, set(self.interpreter.assumed_nodes))
        return result

    def apply_activation(self, value: Value, tensor: Tensor, node: ast.AST | None) -> Value:
        """The tensor behind ``activation=value``."""
        if isinstance(value, Const):
            if value.value is None:
                return tensor
            activation = activations.BY_NAME.get(value.value) if isinstance(value.value, str) else None
            if activation is None:
                return unknown_tensor(f"the activation {value.value!r} is unknown", tensor.dims, tensor.last)
            return self.activated(tensor, activation, node)
        if isinstance(value, Api):
            known = activations.BY_FUNCTION.get(value.name)
            if known is not None:
                return self.activated(tensor, known, node, from_tf=value.name.startswith("tf."))
            if value.name in layers.LAYERS:
                return unknown_tensor("a layer class as activation", tensor.dims, tensor.last)
        if isinstance(value, (Function, Bound, Partial, Layer, Instance)):
            result = self.interpreter.call(value, Arguments((Argument(tensor),)), node or ast.Pass())
            return each(
                result,
                lambda r: r if isinstance(r, Tensor) else unknown_tensor("an activation", tensor.dims, tensor.last),
            )
        why = value.why if isinstance(value, Unknown) else "the activation is unknown"
        return unknown_tensor(why or "the activation is unknown", tensor.dims, tensor.last)

    # --- layers -------------------------------------------------------------------------------------------------------

    def apply_layer(self, layer: Layer, arguments: Arguments, node: ast.AST) -> Value:
        """A layer on its input."""
        first = arguments.get("inputs", "input", "x", position=0)
        value: Value = first.value if first is not None else unknown_tensor("a layer's input")
        spec = layer.spec
        if spec is None:
            self.escape(value)
            return unknown_tensor(f"the layer `{layer.class_name}` is unknown")
        if spec.effect in _MERGES:
            result = self._merge(layer, value, node)
        elif spec.effect is Effect.RECURRENT:
            result = self.over([value], lambda v: self._recurrent(layer, self._single(v)))
        elif spec.effect in (Effect.WRAPPER, Effect.BIDIRECTIONAL):
            result = self._wrapper(layer, value, node)
        elif spec.effect is Effect.CALLABLE:
            function = layer.argument("function")
            result = unknown_tensor("a Lambda")
            if function is not None:
                extra = layer.argument("arguments")
                keywords = {}
                if extra is not None and isinstance(extra.value, DictValue):
                    keywords = {n[1:-1]: Argument(v) for n, v in extra.value.store.items() if n[:1] in "'\""}
                called = self.interpreter.call(function.value, Arguments((Argument(value),), keywords), node)
                result = each(
                    called, lambda r: r if isinstance(r, (Tensor, Sequence, ListValue)) else unknown_tensor("a Lambda")
                )
        elif spec.effect in (Effect.AFFINE, Effect.ACTIVATION):
            units = layer.argument(*spec.units) if spec.units else None
            activation = layer.argument("activation")
            unit_value: Value = units.value if units is not None else Unknown("units")
            if activation is not None:
                activation_value = activation.value
            elif not layer.arguments.complete:
                activation_value = Unknown("the activation may be in **kwargs")
            else:
                activation_value = Const(spec.activation) if spec.activation else NONE
            result = self.over(
                [value, unit_value, activation_value],
                lambda v, u, a: self._with_activation(layer, self._single(v), u, a, activation),
            )
        else:
            result = self.over([value], lambda v: self._simple_layer(layer, self._single(v), node))
        name = layer.arguments.keywords.get("name")
        if name is not None and isinstance(name.value, Const) and isinstance(name.value.value, str):
            label = name.value.value
            result = each(result, lambda r: replace(r, name=label) if isinstance(r, Tensor) else r)
        return result

    def _single(self, value: Value) -> Tensor:
        """The one tensor that a layer is given."""
        items = self.items_of(value)
        if items is not None and len(items) == 1:
            value = items[0]
        return self.as_tensor(value) if isinstance(value, (Tensor, Unknown)) else unknown_tensor("several inputs")

    def _with_activation(
        self, layer: Layer, tensor: Tensor, units: Value, activation: Value, argument: Argument | None
    ) -> Value:
        """Dense, Conv and their kin, and the activation layers."""
        spec = layer.spec
        assert spec is not None
        place: ast.AST = argument.node if argument is not None and argument.node is not None else layer.node
        if spec.effect is Effect.ACTIVATION:
            return self._activation_layer(layer, spec, tensor, activation, argument)
        base = self._affine(layer, spec, tensor, units)
        if isinstance(activation, Const) and activation.value in (None, "linear"):
            return replace(base, node=place, argument=argument, explicit=argument is not None)
        result = self.apply_activation(activation, base, place)
        written = argument

        def finish(made: Value) -> Value:
            if not isinstance(made, Tensor):
                return made
            if made is base:
                return replace(made, node=place, argument=written, explicit=written is not None)
            return replace(made, layer=layer, layer_node=layer.node, layer_name=spec.name, argument=written)

        return each(result, finish)

    def _affine(self, layer: Layer, spec: layers.Layer, tensor: Tensor, units: Value) -> Tensor:
        length = units.value if isinstance(units, Const) and isinstance(units.value, int) else None
        if isinstance(units, Const) and isinstance(units.value, float) and units.value.is_integer():
            length = int(units.value)
        shaped = tensors.without_shape(tensor)
        if spec.shape is ShapeRule.UNITS:
            shaped = tensors.with_last(tensor, length)
        elif spec.shape is ShapeRule.CHANNELS:
            data_format = layer.argument("data_format")
            if data_format is None or (
                isinstance(data_format.value, Const) and data_format.value.value in (None, "channels_last")
            ):
                shaped = tensors.with_last(tensors.spatial(tensor), length)
            else:
                shaped = tensors.without_shape(tensor)
        if tensor.dims is None and isinstance(
            layer.arguments.keywords.get("input_shape", Argument(NONE)).value, Sequence
        ):
            inner = layer.arguments.keywords["input_shape"].value
            rank = len(inner.items) + 1 if isinstance(inner, Sequence) else 2
            shaped = shaped.shaped((*(None for _ in range(rank - 1)), shaped.last))
        return Tensor(
            domain=Domain.REAL,
            activation="linear",
            dims=shaped.dims,
            last=shaped.last,
            node=layer.node,
            layer=layer,
            layer_node=layer.node,
            layer_name=spec.name,
            explicit=False,
        )

    def _activation_layer(
        self, layer: Layer, spec: layers.Layer, tensor: Tensor, activation: Value, argument: Argument | None
    ) -> Value:
        if spec.name == "ReLU":
            slope, ceiling = layer.argument("negative_slope"), layer.argument("max_value")
            if slope is not None and not (isinstance(slope.value, Const) and not slope.value.value):
                return self.activated(tensor, activations.BY_NAME["leaky_relu"], layer.node)
            if ceiling is not None:
                return self._relu(tensor, ceiling, layer.node)
        if spec.name == "Softmax":
            return self._owned(
                self.activated(tensor, activations.BY_NAME["softmax"], layer.node, layer.argument("axis")), layer, None
            )
        if isinstance(activation, Const) and activation.value in (None, "linear"):
            kind = "cast" if "dtype" in layer.arguments.keywords else "identity"
            return tensor.after(kind, spec.name, layer.node)
        result = self.apply_activation(activation, tensor, layer.node)
        return each(result, lambda made: self._owned(made, layer, argument) if isinstance(made, Tensor) else made)

    def _owned(self, made: Tensor, layer: Layer, written: Argument | None) -> Tensor:
        """A tensor made by an activation layer: the layer that feeds it stays its ``layer``."""
        below = made.below
        return replace(
            made,
            layer=below.layer if below else None,
            layer_node=below.layer_node if below else None,
            layer_name=layer.class_name,
            argument=written,
        )

    def _recurrent(self, layer: Layer, tensor: Tensor) -> Value:
        spec = layer.spec
        assert spec is not None
        units = layer.argument(*spec.units)
        length = (
            units.value.value
            if units and isinstance(units.value, Const) and isinstance(units.value.value, int)
            else None
        )
        argument = layer.argument("activation")
        activation: Value = argument.value if argument else Const(spec.activation)
        if argument is None and not layer.arguments.complete:
            activation = Unknown("the activation may be in **kwargs")
        known = None
        if isinstance(activation, Const):
            known = (
                activations.BY_NAME.get(activation.value or "linear")
                if isinstance(activation.value, (str, type(None)))
                else None
            )
        elif isinstance(activation, Api):
            known = activations.BY_FUNCTION.get(activation.name)
        sequences = layer.arguments.keywords.get("return_sequences")
        dims: Dims | None = (None, length)
        if spec.shape is not ShapeRule.SEQUENCE:
            dims = None
        elif sequences is not None:
            flag = sequences.value.value if isinstance(sequences.value, Const) else None
            dims = (None, None, length) if flag is True else (None, length) if flag is False else None
        node = argument.node if argument and argument.node is not None else layer.node
        common: dict[str, Any] = {
            "dims": dims,
            "last": length,
            "node": node,
            "layer": layer,
            "layer_node": layer.node,
            "layer_name": layer.class_name,
            "argument": argument,
            "explicit": argument is not None,
        }
        if known is None or known.domain in (Domain.SIMPLEX, Domain.LOG_SIMPLEX):
            made = Tensor(**common, why="the activation of a recurrent layer")
        elif known.domain is Domain.REAL:
            made = Tensor(Domain.REAL, activation=known.name, **common)
        else:
            low, high = min(known.low, 0.0), max(known.high, 0.0)
            made = Tensor(tensors.classify(low, high), low, high, known.name, **common)
        state = layer.arguments.keywords.get("return_state")
        if state is not None and not (isinstance(state.value, Const) and not state.value.value):
            return Sequence((made, replace(made, dims=(None, length)), unknown_tensor("a recurrent state")))
        return made

    def _wrapper(self, layer: Layer, value: Value, node: ast.AST) -> Value:
        inner = layer.argument("layer", "cell")
        if inner is None:
            return unknown_tensor("a wrapper")
        assert layer.spec is not None
        if layer.class_name == "TimeDistributed":
            # The wrapped layer sees one time step: the rank is not known to it.
            value = each(value, lambda v: tensors.with_last(unknown_tensor(), v.last) if isinstance(v, Tensor) else v)
        result = self.interpreter.call(inner.value, Arguments((Argument(value),)), node)

        def wrap(made: Value) -> Value:
            if isinstance(made, Sequence) and made.items:
                made = made.items[0]
            if not isinstance(made, Tensor):
                return unknown_tensor("a wrapped layer")
            if layer.class_name == "TimeDistributed":
                return made.after("other", "TimeDistributed", layer.node).shaped(None, made.last)
            if layer.spec is not None and layer.spec.effect is Effect.BIDIRECTIONAL:
                mode = layer.argument("merge_mode")
                name = mode.value.value if mode and isinstance(mode.value, Const) else "concat" if mode is None else "?"
                if name == "concat":
                    return tensors.with_last(made, made.last * 2 if made.last else None)
                if name in ("ave", "mul"):
                    return made
                if name == "sum":
                    return tensors.combined("Add", made, made, node)
                return unknown_tensor("a bidirectional layer")
            return made

        return each(result, wrap)

    def _merge(self, layer: Layer, value: Value, node: ast.AST) -> Value:
        items = self.items_of(value)
        if items is None:
            return unknown_tensor("a merge of unknown tensors")
        spec = layer.spec
        assert spec is not None

        def merge(*parts: Value) -> Value:
            inputs = [self.as_tensor(part) for part in parts]
            if not inputs:
                return unknown_tensor("a merge of nothing")
            shape = inputs[0]
            if spec.effect in (Effect.ADD, Effect.SUBTRACT, Effect.MULTIPLY):
                operator = {Effect.ADD: "Add", Effect.SUBTRACT: "Sub", Effect.MULTIPLY: "Mult"}[spec.effect]
                result = inputs[0]
                for other in inputs[1:]:
                    result = tensors.combined(operator, result, other, layer.node)
                return (
                    replace(result, node=layer.node, layer_node=layer.node, layer_name=spec.name, argument=None)
                    if tensors.is_known(result)
                    else result
                )
            made = tensors.union(inputs, layer.node)
            if spec.effect is Effect.CONCATENATE:
                lasts = [t.last for t in inputs]
                axis = layer.argument("axis")
                last_axis = axis is None or (isinstance(axis.value, Const) and axis.value.value == -1)
                total = sum(n for n in lasts if n is not None) if last_axis and None not in lasts else None
                ranks = {len(t.dims) for t in inputs if t.dims}
                dims = (*(None for _ in range(next(iter(ranks)) - 1)), total) if len(ranks) == 1 else None
                return made.shaped(dims, total)
            domains = {t.domain for t in inputs}
            if spec.effect is Effect.AVERAGE and domains == {Domain.SIMPLEX}:
                made = replace(made, domain=Domain.SIMPLEX)
            return made.shaped(shape.dims, shape.last)

        return self.over(items, merge)

    def _simple_layer(self, layer: Layer, tensor: Tensor, node: ast.AST) -> Value:
        """Layers that keep, cut or replace the values of one tensor."""
        spec = layer.spec
        assert spec is not None
        effect = spec.effect
        if effect is Effect.INPUT:
            return self.input_tensor(layer.arguments)
        if effect is Effect.REAL:
            length = None
            if spec.shape is ShapeRule.EMBED:
                units = layer.argument("output_dim")
                length = (
                    units.value.value
                    if units and isinstance(units.value, Const) and isinstance(units.value.value, int)
                    else None
                )
            shaped = self._shaped(layer, spec, tensor)
            if spec.shape is ShapeRule.EMBED:
                shaped = shaped.shaped((*tensor.dims, length) if tensor.dims else None, length)
            return Tensor(
                domain=Domain.REAL,
                activation="linear",
                dims=shaped.dims,
                last=shaped.last,
                node=layer.node,
                layer=layer,
                layer_node=layer.node,
                layer_name=spec.name,
                explicit=False,
            )
        if effect is Effect.UNKNOWN:
            shaped = self._shaped(layer, spec, tensor)
            return unknown_tensor(f"the values of `{spec.name}` are unknown", shaped.dims, shaped.last)
        if effect in (Effect.DROPOUT, Effect.NOISE):
            rate = layer.argument(*spec.parameters)
            known = rate.value.value if rate and isinstance(rate.value, Const) else None
            if known == 0:
                return tensor.after("identity", spec.name, layer.node)
            kind = (
                "other" if not isinstance(known, (int, float)) else "dropout" if effect is Effect.DROPOUT else "noise"
            )
            return tensor.after(kind, spec.name, layer.node)
        if effect is Effect.SCALE:
            scale, offset = layer.argument("scale"), layer.argument("offset")
            factor = scale.value.value if scale and isinstance(scale.value, Const) else None
            shift = (
                offset.value.value if offset and isinstance(offset.value, Const) else 0.0 if offset is None else None
            )
            if not isinstance(factor, (int, float)) or not isinstance(shift, (int, float)):
                return unknown_tensor("a rescaling by an unknown factor", tensor.dims, tensor.last)
            scaled = tensors.with_number("Mult", tensor, float(factor), layer.node, reflected=False)
            return tensors.with_number("Add", scaled, float(shift), layer.node, reflected=False)
        if effect is Effect.UPSAMPLE:
            how = layer.argument("interpolation")
            name = how.value.value if how and isinstance(how.value, Const) else "nearest" if how is None else "?"
            if name not in layers.BOUNDED_INTERPOLATIONS and tensor.domain is not Domain.REAL:
                return unknown_tensor("an interpolation that can overshoot", tensor.dims, tensor.last)
        shaped = self._shaped(layer, spec, tensor)
        kind = (
            "identity"
            if spec.name in ("Identity", "ActivityRegularization")
            else "reshape"
            if effect is Effect.KEEP
            else "other"
        )
        result = tensor.after(kind, spec.name, layer.node).shaped(shaped.dims, shaped.last)
        if effect is Effect.PAD and tensors.is_known(result) and result.domain is not Domain.REAL:
            low, high = min(result.low, 0.0), max(result.high, 0.0)
            domain = Domain.PROBABILITY if result.domain is Domain.SIMPLEX else result.domain
            return replace(result, low=low, high=high, domain=domain)
        return result

    def _shaped(self, layer: Layer, spec: layers.Layer, tensor: Tensor) -> Tensor:
        """The tensor in its new shape."""
        rule = spec.shape
        if rule is ShapeRule.SAME:
            return tensor
        if rule is ShapeRule.FLATTEN:
            return tensors.flattened(tensor)
        if rule is ShapeRule.GLOBAL:
            return tensors.global_pooled(tensor)
        if rule is ShapeRule.SPATIAL:
            return tensors.spatial(tensor)
        if rule is ShapeRule.REPEAT:
            return tensor.shaped((None, None, tensor.last))
        if rule is ShapeRule.RESHAPE:
            return self.reshaped(tensor, layer.argument("target_shape"), with_batch=False)
        return tensors.without_shape(tensor)

    def reshaped(self, tensor: Tensor, shape: Argument | None, *, with_batch: bool) -> Tensor:
        items = self.items_of(shape.value) if shape is not None else None
        if items is None:
            return tensors.without_shape(tensor)
        lengths = [
            i.value if isinstance(i, Const) and isinstance(i.value, int) and i.value > 0 else None for i in items
        ]
        dims = tuple(lengths) if with_batch else (None, *lengths)
        return tensor.shaped(dims) if dims else tensors.without_shape(tensor)

    def input_tensor(self, arguments: Arguments) -> Tensor:
        """``Input(shape=...)``."""
        shape = arguments.get("shape", "input_shape", position=0)
        batch = arguments.get("batch_shape", "batch_input_shape")
        items = self.items_of((batch or shape or Argument(NONE)).value)
        if items is None:
            value = shape.value if shape is not None else NONE
            if isinstance(value, Const) and isinstance(value.value, int):
                items = [value]
            else:
                return unknown_tensor("an input")
        lengths = tuple(i.value if isinstance(i, Const) and isinstance(i.value, int) else None for i in items)
        return unknown_tensor("an input", lengths if batch else (None, *lengths))

    def _layer_function(self, spec: layers.LayerFunction, arguments: Arguments, node: ast.AST) -> Value:
        """``tf.layers.dense(x, 10, activation=...)``."""
        first = arguments.by_parameters(spec.parameters, "inputs")
        units = arguments.by_parameters(spec.parameters, spec.units)
        activation = arguments.by_parameters(spec.parameters, spec.activation_parameter)
        keywords: dict[str, Argument] = {}
        layer_spec = layers.LAYERS[f"keras.layers.{spec.layer}"]
        if units is not None and layer_spec.units:
            keywords[layer_spec.units[0]] = units
        if activation is not None:
            keywords["activation"] = activation
        elif spec.activation != "linear":
            keywords["activation"] = Argument(Const(spec.activation))
        layer = Layer(
            layer_spec, Arguments((), keywords, False, arguments.open_keywords), node, f"keras.layers.{spec.layer}"
        )
        return self.apply_layer(layer, Arguments((first,) if first else ()), node)

    # --- models -------------------------------------------------------------------------------------------------------

    def _make_model(self, name: str, arguments: Arguments, node: ast.AST) -> Value:
        model = Model("sequential" if name == "keras.Sequential" else "functional", node)
        self._models.append(model)
        self._initialise(model, name, arguments)
        return model

    def _initialise(self, model: Mutable, name: str, arguments: Arguments) -> None:
        """``Sequential(layers)`` and ``Model(inputs, outputs)``, also as ``super().__init__``."""
        if name == "keras.Sequential":
            members = arguments.get("layers", position=0)
            items = each(members.value, self._layer_sequence) if members is not None else Sequence(())
            self.interpreter.write(model.store, "$layers", items)
            return
        outputs = arguments.get("outputs", "output", position=1)
        if outputs is not None:
            value = outputs.value
            found = self.items_of(value)
            if found is not None and len(found) == 1 and not isinstance(value, DictValue):
                value = found[0]
            self.interpreter.write(model.store, "$outputs", value)
            self._note_heads(value)

    def _layer_sequence(self, members: Value) -> Value:
        """The layers of ``Sequential(members)``; layers that are not known stand as one unknown layer."""
        if isinstance(members, Const) and members.value is None:
            return Sequence(())
        found = self.items_of(members)
        return Sequence(tuple(found)) if found is not None else Sequence((Unknown("layers of a Sequential"),))

    def _note_heads(self, outputs: Value, loss_node: ast.AST | None = None) -> None:
        """Remember which activations are at the end of a model."""
        for _, option in options(outputs):
            if isinstance(option, Tensor):
                key = id(option.node)
                if loss_node is not None or key not in self._heads:
                    self._heads[key] = loss_node
            elif isinstance(option, (Sequence, ListValue)):
                for item in self.items_of(option) or ():
                    self._note_heads(item, loss_node)
            elif isinstance(option, DictValue):
                for item in option.store.values():
                    self._note_heads(item, loss_node)

    def outputs(self, model: Value) -> Value:
        """What a model returns: a tensor, a sequence or dict of tensors, or unknown."""
        if not isinstance(model, Mutable):
            return Unknown(model.why if isinstance(model, Unknown) else "the model is unknown")
        if "$tampered" in model.store:
            return Unknown("the model was changed after it was built")
        if "$outputs" in model.store:
            return self.interpreter.feasible(model.store["$outputs"])
        if "$layers" in model.store:
            result = each(
                self.interpreter.feasible(model.store["$layers"]),
                lambda m: self._fold(m, unknown_tensor("a model's input")),
            )
            self._note_heads(result)
            return result
        if isinstance(model, Instance):
            result = self._call_instance(
                model, Arguments((Argument(unknown_tensor("a model's input")),)), model.node or ast.Pass()
            )
            self._note_heads(result)
            return result
        return Unknown("the outputs of the model are unknown")

    def _fold(self, members: Value, start: Tensor) -> Value:
        """The output of a Sequential."""
        if not isinstance(members, Sequence):
            return unknown_tensor(members.why if isinstance(members, Unknown) else "layers of a Sequential")
        cached = self._folded.get(id(members)) if start.dims is None and start.last is None else None
        if cached is not None and cached[0] is members:
            return cached[1]
        value: Value = start
        for member in members.items:
            value = self.interpreter.call(
                member, Arguments((Argument(value),)), getattr(member, "node", None) or ast.Pass()
            )
        result = each(
            value,
            lambda v: (
                v
                if isinstance(v, (Tensor, Sequence, ListValue, DictValue))
                else unknown_tensor(v.why if isinstance(v, Unknown) else "")
            ),
        )
        if start.dims is None and start.last is None:
            self._folded[id(members)] = (members, result)
        return result

    def _ready_made(self, factory: heads.ModelFactory, arguments: Arguments, node: ast.AST) -> Value:
        """``keras.applications`` and other models whose output is known from their arguments."""
        model = Model("ready", node)
        top = arguments.by_parameters(factory.parameters, factory.top_parameter) if factory.top_parameter else None
        if top is not None and not (isinstance(top.value, Const) and top.value.value is True):
            self.interpreter.write(model.store, "$outputs", unknown_tensor("features of a ready-made model"))
            return model
        argument = arguments.by_parameters(factory.parameters, factory.activation_parameter)
        units = arguments.by_parameters(factory.parameters, factory.units_parameter)
        if not arguments.complete or factory.activation is None:
            self.interpreter.write(model.store, "$outputs", unknown_tensor("a ready-made model"))
            return model
        length = (
            units.value.value
            if units and isinstance(units.value, Const) and isinstance(units.value.value, int)
            else None
        )
        base = Tensor(
            domain=Domain.REAL,
            activation="linear",
            last=length,
            node=node,
            layer_node=node,
            layer_name=_name_of(node),
            explicit=False,
        )
        activation = argument.value if argument else Const(factory.activation)
        place = argument.node if argument and argument.node is not None else node
        outputs = self.over(
            [activation],
            lambda a: (
                base if isinstance(a, Const) and a.value in (None, "linear") else self.apply_activation(a, base, place)
            ),
        )
        outputs = each(
            outputs,
            lambda o: (
                replace(o, argument=argument, explicit=argument is not None, layer_node=node, layer_name=_name_of(node))
                if isinstance(o, Tensor)
                else o
            ),
        )
        self.interpreter.write(model.store, "$outputs", outputs)
        return model

    def usage(self, model: Value) -> _Usage:
        entry = self._usage.get(id(model))
        if entry is None:
            entry = (model, _Usage())
            self._usage[id(model)] = entry
        return entry[1]

    def escape(self, value: Value) -> None:
        """A value leaves the analysis: whatever models are in it may be trained elsewhere."""
        self._escape(value, 0)

    def _escape(self, value: Value, depth: int) -> None:
        if isinstance(value, (Model, Instance)):
            usage = self.usage(value)
            if usage.escaped:
                return
            usage.escaped = True
            if depth < 4:
                for item in list(value.store.values()):
                    self._escape(item, depth + 1)
        elif isinstance(value, (Sequence, ListValue)) and depth < 4:
            for item in self.items_of(value) or ():
                self._escape(item, depth + 1)
        elif isinstance(value, DictValue) and depth < 4:
            for item in list(value.store.values()):
                self._escape(item, depth + 1)
        elif isinstance(value, Choice):
            for _, option in value.options:
                self._escape(option, depth)

    def _is_model(self, value: Value) -> bool:
        if isinstance(value, Model):
            return True
        if not isinstance(value, Instance):
            return False
        if value.cls.is_a(*_KERAS_MODELS) or "$outputs" in value.store or "$layers" in value.store:
            return True
        # A base class that is not in the file, and a ``call``: a model or layer of some framework on top of Keras.
        foreign = any(not isinstance(base, Class) for base in value.cls.bases)
        return (
            foreign and not value.cls.is_a("keras.layers.Layer", _KERAS_LOSS) and value.cls.lookup("call") is not None
        )

    def _construct(self, cls: Class, arguments: Arguments, node: ast.AST) -> Value:
        instance = Instance(cls, node)
        cls.instances.append(instance)
        if cls.is_a(*_KERAS_MODELS):
            self._models.append(instance)
        init = cls.lookup("__init__")
        if isinstance(init, Function):
            leading = (Argument(instance),)
            self.interpreter.call_function(
                init,
                Arguments(
                    leading + arguments.positional,
                    arguments.keywords,
                    arguments.open_positional,
                    arguments.open_keywords,
                ),
                node,
            )
        elif cls.is_a(*_KERAS_MODELS):
            self._initialise(instance, "keras.Sequential" if cls.is_a("keras.Sequential") else "keras.Model", arguments)
        else:
            fields = [n for n, v in cls.store.items() if not isinstance(v, Function)]
            for name, argument in zip(fields, arguments.positional, strict=False):
                instance.store[name] = argument.value
            for name, argument in arguments.keywords.items():
                instance.store[name] = argument.value
        return instance

    def _call_object(self, target: Mutable, arguments: Arguments, node: ast.AST) -> Value:
        """A model, layer, loss or other object of the file, called."""
        if isinstance(target, Instance) and not ("$outputs" in target.store or "$layers" in target.store):
            if target.cls.is_a(_KERAS_LOSS) and target.cls.lookup("__call__") is None:
                call = target.cls.lookup("call")
                if isinstance(call, Function):
                    return self.interpreter.call(Bound(call, target), arguments, node)
            self.usage(target).used = True
            return self._call_instance(target, arguments, node)
        self.usage(target).used = True
        result: Value
        if "$layers" in target.store and "$tampered" not in target.store:
            first = arguments.get("inputs", "x", position=0)
            start = (
                self.as_tensor(first.value)
                if first is not None and isinstance(first.value, Tensor)
                else unknown_tensor("a model's input")
            )
            start = unknown_tensor("a model's input", start.dims, start.last)
            result = each(self.interpreter.feasible(target.store["$layers"]), lambda m: self._fold(m, start))
            self._note_heads(result)
        else:
            result = self.outputs(target)
        return self._through_model(result, target, node)

    def _through_model(self, value: Value, model: Value, node: ast.AST) -> Value:
        """The outputs of a model where it is called: the same tensors, one step further."""

        def step(option: Value) -> Value:
            if isinstance(option, Tensor):
                return option.after("call", "model", node)
            if isinstance(option, (Sequence, ListValue)):
                return Sequence(tuple(each(item, step) for item in self.items_of(option) or ()))
            if isinstance(option, DictValue):
                copy = DictValue(option.node)
                copy.store.update({name: each(item, step) for name, item in option.store.items()})
                return copy
            return unknown_tensor(option.why if isinstance(option, Unknown) else "the outputs of the model are unknown")

        return each(value, step)

    def _call_instance(self, target: Instance, arguments: Arguments, node: ast.AST) -> Value:
        for name in ("__call__", "call", "forward"):
            method = target.cls.lookup(name)
            if isinstance(method, Function):
                if target in self._calling:
                    return unknown_tensor("a model that calls itself")
                build = target.cls.lookup("build")
                if isinstance(build, Function) and not build.called and len(build.node.args.args) == 2:
                    self.interpreter.call_with_unknowns(build, [target])
                self._calling.append(target)
                try:
                    return self.interpreter.call(Bound(method, target), arguments, node)
                finally:
                    self._calling.pop()
        for value in arguments.values():
            self.escape(value)
        return unknown_tensor(f"`{target.cls.name}` has no `call` in this file")

    # --- methods ------------------------------------------------------------------------------------------------------

    def _call_method(self, method: Method, arguments: Arguments, node: ast.AST) -> Value:
        owner, name = method.owner, method.name
        if isinstance(owner, Unknown):
            if name == "compile" and (
                arguments.get("loss") or arguments.get("optimizer") or len(arguments.positional) > 1
            ):
                self.compile(owner, arguments, node)
                return NONE
            for value in arguments.values():
                self.escape(value)
            return Unknown(owner.why)
        if name == "$init" and isinstance(owner, Instance):
            if owner.cls.is_a(*_KERAS_MODELS):
                kind = "keras.Sequential" if owner.cls.is_a("keras.Sequential") else "keras.Model"
                if kind == "keras.Sequential" or arguments.get("outputs", "output", position=1):
                    self._initialise(owner, kind, arguments)
            return NONE
        if self._is_model(owner) and isinstance(owner, Mutable):
            return self._model_method(owner, name, arguments, node)
        if isinstance(owner, (ListValue, DictValue)):
            return self._container_method(owner, name, arguments, node)
        if isinstance(owner, Tensor):
            return self._tensor_method(owner, name, arguments, node)
        if isinstance(owner, LayersOf):
            if name == "pop" and isinstance(owner.model, Mutable):
                self.interpreter.write(owner.model.store, "$tampered", Const(True))
            return Unknown("a method of model.layers")
        if isinstance(owner, Const) and isinstance(owner.value, str):
            return self._string_method(owner, name, arguments, node)
        if isinstance(owner, Instance) and name in ("add_weight", "add_variable"):
            return self.variable(arguments.get("shape", position=1 if len(arguments.positional) > 1 else 0), node)
        if isinstance(owner, (Loss, LossSum)) and name in ("call", "__call__"):
            return self._call_loss(owner, arguments, node)
        if isinstance(owner, Layer) and name in ("__call__", "call", "apply"):
            return self.apply_layer(owner, arguments, node)
        for value in arguments.values():
            self.escape(value)
        if any(isinstance(value, Tensor) for value in arguments.values()):
            return unknown_tensor(f"`.{name}` is unknown")
        return Unknown(f"`.{name}` is unknown")

    def variable(self, shape: Argument | None, node: ast.AST) -> Tensor:
        """A trainable variable: any number."""
        made = Tensor(domain=Domain.REAL, node=node, explicit=False)
        return self.reshaped(made, shape, with_batch=True)

    def _model_method(self, owner: Mutable, name: str, arguments: Arguments, node: ast.AST) -> Value:
        usage = self.usage(owner)
        if name == "compile":
            self.compile(owner, arguments, node)
            return NONE
        if name in heads.MODEL_METHODS_THAT_TRAIN:
            usage.trained = True
            labels = self._labels_of(arguments)
            if labels:
                usage.labels = labels
            return Unknown("training")
        if name == "add":
            layer = arguments.get("layer", position=0)
            current = owner.store.get("$layers", Sequence(()))
            if layer is not None:
                added = self.over(
                    [self.interpreter.feasible(current), layer.value],
                    lambda m, a: Sequence((*m.items, a)) if isinstance(m, Sequence) else m,
                )
                self.interpreter.write(owner.store, "$layers", added)
            return NONE
        if name == "pop":
            current = owner.store.get("$layers", Unknown("layers"))
            self.interpreter.write(
                owner.store,
                "$layers",
                each(current, lambda m: Sequence(m.items[:-1]) if isinstance(m, Sequence) else m),
            )
            return NONE
        if name in ("predict", "predict_on_batch", "predict_proba", "predict_generator"):
            usage.used = True
            return each(
                self._through_model(self.outputs(owner), owner, node),
                lambda v: v.after("numpy", name, node) if isinstance(v, Tensor) else v,
            )
        if name in ("call", "__call__"):
            return self._call_object(owner, arguments, node)
        if name == "get_layer":
            return LayersOf(owner, _SOME_LAYER)
        if name == "$init":
            return NONE
        for value in arguments.values():
            self.escape(value)
        return Unknown(f"`.{name}` of a model")

    def _labels_of(self, arguments: Arguments) -> str:
        target = arguments.get("y", position=1)
        value = target.value if target is not None else None
        if value is None or isinstance(value, (Const, Unknown)):
            source = arguments.get("x", "generator", position=0)
            value = source.value if source is not None else None
        for option in builtin_calls.plain_options(value) if value is not None else ():
            if isinstance(option, Tensor) and option.labels:
                return option.labels
        return ""

    def _container_method(self, owner: ListValue | DictValue, name: str, arguments: Arguments, node: ast.AST) -> Value:
        if isinstance(owner, ListValue):
            current = owner.store["items"]
            if name == "append" and arguments.positional:
                new: Value = Unknown("a list of unknown length")
                grows = self.interpreter.open_loops > owner.open_loops
                if isinstance(current, Sequence) and len(current.items) < 256 and not grows:
                    new = Sequence((*current.items, arguments.positional[0].value))
                self.interpreter.write(owner.store, "items", new)
                return NONE
            if name == "extend" and arguments.positional:
                self.extend(owner, arguments.positional[0].value)
                return NONE
            if name == "pop" and isinstance(current, Sequence) and current.items and not arguments.positional:
                self.interpreter.write(owner.store, "items", Sequence(current.items[:-1]))
                return current.items[-1]
            if name in ("pop", "insert", "remove", "sort", "reverse", "clear"):
                self.interpreter.write(owner.store, "items", Unknown("a list that was changed"))
            return Unknown(f"`.{name}` of a list")
        if name == "get" and arguments.positional:
            key = arguments.positional[0].value
            default = arguments.get("default", position=1)
            if isinstance(key, Const) and repr(key.value) not in owner.store and "*" not in owner.store:
                return default.value if default is not None else NONE
            return each(key, lambda k: self._dict_item(owner, k))
        if name == "items" and "*" not in owner.store:
            return ListValue(Sequence(tuple(Sequence((Const(ast.literal_eval(n)), v)) for n, v in owner.store.items())))
        if name == "values" and "*" not in owner.store:
            return ListValue(Sequence(tuple(owner.store.values())))
        if name == "keys" and "*" not in owner.store:
            return ListValue(Sequence(tuple(Const(ast.literal_eval(n)) for n in owner.store)))
        if name == "update":
            more = arguments.positional[0].value if arguments.positional else None
            if isinstance(more, DictValue):
                for key_name, item in more.store.items():
                    self.interpreter.write(owner.store, key_name, item)
            elif more is not None:
                self.interpreter.write(owner.store, "*", Unknown("an update"))
            for key_name, argument in arguments.keywords.items():
                self.interpreter.write(owner.store, repr(key_name), argument.value)
            return NONE
        if name == "pop" and arguments.positional and isinstance(arguments.positional[0].value, Const):
            key_name = repr(arguments.positional[0].value.value)
            found = owner.store.get(key_name)
            self.interpreter.remove(owner.store, key_name)
            if found is not None:
                return found
            default = arguments.get("default", position=1)
            return default.value if default is not None and "*" not in owner.store else Unknown("an entry of a dict")
        if name == "copy":
            copy = DictValue(owner.node)
            copy.store.update(owner.store)
            return copy
        return Unknown(f"`.{name}` of a dict")

    def _string_method(self, owner: Const, name: str, arguments: Arguments, node: ast.AST) -> Value:
        values = [a.value for a in arguments.positional]
        if name in ("lower", "upper", "strip", "title", "capitalize", "startswith", "endswith", "replace") and all(
            isinstance(v, Const) and isinstance(v.value, str) for v in values
        ):
            try:
                return Const(getattr(owner.value, name)(*(v.value for v in values if isinstance(v, Const))), node)
            except TypeError:
                return Unknown("a string method")
        return Unknown("a string method")

    def _tensor_method(self, owner: Tensor, name: str, arguments: Arguments, node: ast.AST) -> Value:
        if name in ("numpy", "astype", "copy", "ravel", "flatten", "reshape", "squeeze", "transpose", "cpu", "detach"):
            result = owner.after("numpy" if name == "numpy" else "reshape", name, node)
            return result if name in ("numpy", "astype", "copy") else tensors.without_shape(result)
        if name in ("round", "argmax", "sum"):
            return unknown_tensor(f"`.{name}` of a tensor")
        if name in ("mean", "max", "min"):
            return (
                tensors.without_shape(owner.after("other", name, node))
                if owner.domain is not Domain.SIMPLEX
                else unknown_tensor(name)
            )
        if name in ("shape", "get_shape"):
            return self._tensor_attribute(owner, "shape", node)
        return unknown_tensor(f"`.{name}` of a tensor", labels=owner.labels)

    # --- losses -------------------------------------------------------------------------------------------------------

    def _make_loss(self, spec: losses.Loss, arguments: Arguments, node: ast.AST, api: str) -> Value:
        flag = arguments.by_parameters(spec.class_parameters, spec.flag) if spec.takes_logits else None
        return self._flagged(spec, flag, arguments, node, api, "class")

    def _flagged(
        self,
        spec: losses.Loss,
        flag: Argument | None,
        arguments: Arguments,
        node: ast.AST,
        api: str,
        spelling: str,
    ) -> Value:
        """A loss with its flag; alternatives of the flag are alternatives of the loss."""
        made = Loss(spec, False, node, spelling, node, None, api)
        axis = arguments.keywords.get("axis")
        if axis is not None and not (isinstance(axis.value, Const) and axis.value.value == -1):
            return Unknown("the classes lie on another axis than the last")
        if not spec.takes_logits:
            return made
        if flag is None:
            return made if arguments.complete else replace(made, from_logits=None)

        def with_flag(value: Value) -> Value:
            known = builtin_calls.known_truth(value) if isinstance(value, Const) else None
            return replace(made, from_logits=known, flag=flag)

        return each(flag.value, with_flag)

    def _loss_function(self, spec: losses.Loss, api: str, node: ast.AST) -> Loss:
        return Loss(spec, False, node, "function", None, None, api)

    def loss_of(self, value: Value, node: ast.AST | None) -> Value:
        """What ``compile(loss=value)`` trains: a table loss, something callable, or unknown."""
        if isinstance(value, Const):
            if isinstance(value.value, str):
                spec = losses.BY_STRING.get(value.value)
                if spec is not None:
                    return Loss(spec, False, node or value.node or ast.Pass(), "string")
                return Unknown(f"the loss {value.value!r} is unknown")
            return value
        if isinstance(value, Api):
            if value.name in losses.BY_FUNCTION:
                return Loss(
                    losses.BY_FUNCTION[value.name], False, node or value.node or ast.Pass(), "name", api=value.name
                )
            if value.name in losses.COMPOSITE:
                parts = tuple(
                    Loss(losses.BY_FUNCTION[name], False, node or ast.Pass(), "name", api=name)
                    for name in losses.COMPOSITE[value.name]
                )
                return LossSum(parts)
            return Unknown(f"the loss `{value.name}` is unknown")
        if isinstance(value, Partial) and isinstance(value.function, Api) and value.function.name in losses.BY_FUNCTION:
            spec = losses.BY_FUNCTION[value.function.name]
            flag = value.arguments.keywords.get(spec.flag) if spec.takes_logits else None
            return self._flagged(spec, flag, value.arguments, value.node, value.function.name, "function")
        return value

    def _call_loss(self, loss: Value, arguments: Arguments, node: ast.AST) -> Value:
        """A loss called on labels and a prediction."""
        if isinstance(loss, LossSum):
            for part in loss.parts:
                resolved = self.loss_of(part, node)
                if isinstance(resolved, (Loss, LossSum)):
                    self._call_loss(resolved, arguments, node)
            return unknown_tensor("a loss")
        assert isinstance(loss, Loss)
        spec = loss.spec
        if loss.spelling in ("class", "string"):
            prediction = arguments.get("y_pred", position=1)
            made: Value = loss
        else:
            prediction = arguments.by_parameters(spec.function_parameters, *spec.predictions)
            flag = arguments.by_parameters(spec.function_parameters, spec.flag) if spec.takes_logits else None
            if loss.spelling == "function":
                made = self._flagged(spec, flag, arguments, node, loss.api, "function")
        if prediction is not None:
            self._meet(prediction.value, made, node)
        return unknown_tensor("a loss")

    @contextmanager
    def _within(self, meeting: _Meeting) -> Iterator[None]:
        self._meetings.append(meeting)
        try:
            yield
        finally:
            self._meetings.pop()

    def _emit(self, fact: facts.Fact) -> None:
        if self._sinks:
            self._sinks[-1].append(fact)
        else:
            self.interpreter.recorder.add(fact)

    def _meet(self, head: Value, loss: Value, site: ast.AST) -> None:
        """A head and a loss meet: every combination of their alternatives that can occur."""
        path = self.interpreter.path
        meeting = self._meetings[-1]
        place = self.interpreter.recorder.place(site)
        if place is None:
            return
        for loss_guard, loss_option in options(loss):
            resolved = self.loss_of(loss_option, site)
            if isinstance(resolved, Const):
                continue
            if isinstance(resolved, LossSum):
                for part in resolved.parts:
                    self._meet(head, part, site)
                continue
            if not isinstance(resolved, Loss):
                self._meet_callable(head, resolved, site, loss_guard)
                continue
            if resolved.spec.family is Family.OTHER:
                continue
            for head_guard, head_option in options(head):
                head_tensor = self._as_head(head_option)
                both = conjoin(loss_guard, head_guard)
                full = None if both is None else conjoin(both, path)
                full = None if full is None else conjoin(full, meeting.guard)
                if full is None or both is None:
                    continue
                if head_tensor is None or head_tensor.domain is Domain.UNKNOWN or resolved.from_logits is None:
                    why = "from_logits is not known" if resolved.from_logits is None else "the output is not known"
                    if head_tensor is not None and head_tensor.why:
                        why = head_tensor.why
                    elif isinstance(head_option, Unknown) and head_option.why:
                        why = head_option.why
                    partly = head_tensor is not None and head_tensor.last == 1 and resolved.spec.family.is_categorical
                    if not partly:
                        self._emit(facts.Unresolved(place, why))
                        continue
                assumed = self._is_assumed(head_tensor, resolved) and bool(both - path)
                if assumed or not related(head_guard - path, loss_guard - path):
                    self._emit(facts.Unresolved(place, "head and loss are chosen by different tests"))
                    continue
                assert head_tensor is not None
                self._note_heads(head_tensor, site)
                self._emit(
                    facts.Pairing(
                        head=self.head_fact(head_tensor),
                        loss=self.loss_fact(resolved),
                        site=place,
                        context=meeting.context,
                        branch=self.describe(both | (path if self.interpreter.frames[-1].function is None else both)),
                        output=meeting.output,
                        compile_site=self.interpreter.recorder.place(meeting.compile_node),
                        backend=self.backend,
                    )
                )

    def _is_assumed(self, tensor: Tensor | None, loss: Loss | None) -> bool:
        """Whether a side rests on the default of a parameter of a function that nobody calls.

        Such a call is possible; that it also takes a certain branch is one assumption too many.
        """
        nodes = self.interpreter.assumed_nodes
        if not nodes:
            return False
        values: list[Value] = []
        if tensor is not None and tensor.argument is not None:
            values.append(tensor.argument.value)
        if loss is not None and loss.flag is not None:
            values.append(loss.flag.value)
        return any(id(getattr(option, "node", None)) in nodes for v in values for _, option in options(v))

    def _meet_callable(self, head: Value, function: Value, site: ast.AST, guard: Guard) -> None:
        """A custom loss: what it does with the head is found by running it."""
        call: Value | None = None
        if isinstance(function, (Function, Bound, Partial)):
            call = function
        elif isinstance(function, Instance) and isinstance(function.cls.lookup("call"), Function):
            member = function.cls.lookup("call")
            call = Bound(member, function) if member is not None else None
        elif isinstance(function, Instance) and isinstance(function.cls.lookup("__call__"), Function):
            member = function.cls.lookup("__call__")
            call = Bound(member, function) if member is not None else None
        place = self.interpreter.recorder.place(site)
        if call is None:
            if place is not None and not isinstance(function, (Class,)):
                why = function.why if isinstance(function, Unknown) else ""
                self._emit(facts.Unresolved(place, why or "the loss is not known"))
            return
        labels = unknown_tensor("labels")
        for head_guard, option in options(head):
            both = conjoin(guard, head_guard)
            path = None if both is None else conjoin(self.interpreter.path, both)
            if path is None:
                continue
            prediction = (
                option
                if isinstance(option, Tensor)
                else unknown_tensor(option.why if isinstance(option, Unknown) else "")
            )
            outer, self.interpreter.path = self.interpreter.path, path
            outer_meeting = self._meetings[-1]
            with self._within(_Meeting(facts.Context.CUSTOM_LOSS, site, outer_meeting.output, ALWAYS)):
                self.interpreter.call(call, Arguments((Argument(labels), Argument(prediction))), site)
            self.interpreter.path = outer

    def _as_head(self, value: Value) -> Tensor | None:
        if isinstance(value, Tensor):
            return value
        if isinstance(value, (Const, ListValue, Sequence)):
            tensor = self.as_tensor(value)
            return tensor if tensor.literal else None
        return None

    # --- compile ------------------------------------------------------------------------------------------------------

    def compile(self, model: Value, arguments: Arguments, node: ast.AST) -> None:
        """``model.compile``: pair each output with its loss and its metrics."""
        record = _Compiled(model)
        self._compiled.append(record)
        loss = arguments.get("loss", position=1)
        self._sinks.append(record.facts)
        try:
            if loss is None:
                return
            outputs = self.outputs(model)
            for output_guard, option in options(outputs):
                full = conjoin(self.interpreter.path, output_guard)
                if full is None:
                    continue
                outer, self.interpreter.path = self.interpreter.path, full
                try:
                    pairs = self._assign_losses(
                        option, self.interpreter.feasible(loss.value), loss.node or node, output_guard
                    )
                    self._compile_metrics(pairs, arguments, node)
                finally:
                    self.interpreter.path = outer
        finally:
            self._sinks.pop()

    def _named_outputs(self, outputs: Value) -> list[tuple[str | None, Value]]:
        if isinstance(outputs, DictValue):
            return [(n[1:-1] if n[:1] in "'\"" else None, v) for n, v in outputs.store.items()]
        items = self.items_of(outputs) if isinstance(outputs, (ListValue, Sequence)) else None
        if items is None:
            items = [outputs]
        return [(item.name if isinstance(item, Tensor) else None, item) for item in items]

    def _assign_losses(
        self, outputs: Value, loss: Value, node: ast.AST, guard: Guard
    ) -> list[tuple[str | None, Value, Value, ast.AST, list[facts.Fact]]]:
        """Pairs of (output name, head, loss, loss expression, facts), after reporting where they meet."""
        named = self._named_outputs(outputs)
        assigned: list[tuple[str | None, Value, Value, ast.AST]] = []
        if isinstance(loss, DictValue):
            for name, head in named:
                key = repr(name) if name is not None else None
                if key is not None and key in loss.store:
                    value = loss.store[key]
                    assigned.append((name, head, value, _entry_node(loss, key) or node))
                elif len(named) == 1 and len(loss.store) == 1 and "*" not in loss.store:
                    only = next(iter(loss.store))
                    assigned.append((name, head, loss.store[only], _entry_node(loss, only) or node))
            if not assigned and loss.store:
                place = self.interpreter.recorder.place(node)
                if place is not None:
                    self._emit(facts.Unresolved(place, "the names of the outputs are not known"))
        else:
            items = self.items_of(loss) if isinstance(loss, (ListValue, Sequence)) else None
            if items is not None:
                if len(items) == len(named):
                    nodes = _element_nodes(loss)
                    for i, ((name, head), value) in enumerate(zip(named, items, strict=True)):
                        assigned.append((name, head, value, nodes[i] if nodes and len(nodes) == len(items) else node))
            else:
                assigned = [(name, head, loss, node) for name, head in named]
        result = []
        for name, head, value, expression in assigned:
            sink: list[facts.Fact] = []
            self._sinks.append(sink)
            try:
                with self._within(_Meeting(facts.Context.COMPILE, None, name or "" if len(named) > 1 else "")):
                    self._meet(head, self.interpreter.feasible(value), expression)
            finally:
                self._sinks.pop()
            for fact in sink:
                self._emit(fact)
            result.append((name, head, value, expression, sink))
        return result

    # --- metrics ------------------------------------------------------------------------------------------------------

    def _compile_metrics(
        self,
        pairs: list[tuple[str | None, Value, Value, ast.AST, list[facts.Fact]]],
        arguments: Arguments,
        node: ast.AST,
    ) -> None:
        for keyword in ("metrics", "weighted_metrics"):
            given = arguments.get(keyword, position=2 if keyword == "metrics" else None)
            if given is None:
                continue
            for _, option in options(self.interpreter.feasible(given.value)):
                self._assign_metrics(pairs, option)

    def _assign_metrics(
        self, pairs: list[tuple[str | None, Value, Value, ast.AST, list[facts.Fact]]], value: Value
    ) -> None:
        if isinstance(value, DictValue):
            for name, head, loss, _, found in pairs:
                entry = value.store.get(repr(name)) if name else None
                if entry is not None:
                    self._measure(entry, _entry_node(value, repr(name)), head, loss, found)
            return
        items = self.items_of(value)
        if items is None:
            items = [value]
        nested = [self.items_of(item) for item in items]
        if len(pairs) == 1:
            name, head, loss, _, found = pairs[0]
            nodes = _element_nodes(value)
            for i, item in enumerate(items):
                node = nodes[i] if nodes and len(nodes) == len(items) else getattr(item, "node", None)
                self._measure(item, node, head, loss, found)
        elif len(items) == len(pairs) and any(n is not None for n in nested):
            for item, (_, head, loss, _, found) in zip(items, pairs, strict=True):
                self._measure(item, getattr(item, "node", None), head, loss, found)

    def _measure(self, metric: Value, node: ast.AST | None, head: Value, loss: Value, found: list[facts.Fact]) -> None:
        members = self.items_of(metric) if isinstance(metric, (ListValue, Sequence)) else None
        if members is not None:
            nodes = _element_nodes(metric)
            for i, member in enumerate(members):
                inner = nodes[i] if nodes and len(nodes) == len(members) else getattr(member, "node", None)
                self._measure(member, inner, head, loss, found)
            return
        for _, option in options(metric):
            self._measure_one(option, node, head, loss, found)

    def _measure_one(
        self, metric: Value, node: ast.AST | None, head: Value, loss: Value, found: list[facts.Fact]
    ) -> None:
        resolved = _metric_of(metric, node)
        if resolved is None:
            return
        place = self.interpreter.recorder.place(node or resolved.node)
        if place is None:
            return
        loss_use, branch = self._trained_by(loss, found)
        head_options = [self._as_head(o) for _, o in options(head)]
        head_tensor = head_options[0] if len(head_options) == 1 else None
        pairing = next((f for f in found if isinstance(f, facts.Pairing)), None)
        head_fact = pairing.head if pairing is not None else None
        if head_fact is None and head_tensor is not None and head_tensor.domain is not Domain.UNKNOWN:
            head_fact = self.head_fact(head_tensor)
        if loss_use is None and head_fact is None:
            return
        spec = resolved.spec
        cut = resolved.arguments.by_parameters(spec.parameters, spec.cut) if spec.cut else None
        recorder = self.interpreter.recorder
        value: float | bool | str | None = None
        if cut is not None:
            value = "unknown"
            if isinstance(cut.value, Const):
                value = cut.value.value if isinstance(cut.value.value, (int, float, bool, type(None))) else "unknown"
        elif not resolved.arguments.complete:
            value = "unknown"
        call = resolved.node if resolved.called and resolved.string is None else None
        self._emit(
            facts.MetricUse(
                name=spec.name,
                place=place,
                loss=loss_use,
                head=head_fact,
                string=resolved.string,
                call=recorder.place(call),
                positional=len(resolved.arguments.positional),
                keywords=tuple(resolved.arguments.keywords),
                cut=value,
                cut_place=recorder.place(cut.node) if cut is not None else None,
                argument_text=_argument_text(call),
                branch=branch,
            )
        )

    def _trained_by(self, loss: Value, found: list[facts.Fact]) -> tuple[facts.LossUse | None, tuple[str, ...]]:
        """The one loss that trains an output, be it inside a custom loss."""
        resolved = self.loss_of(loss, None) if not isinstance(loss, Choice) else loss
        if isinstance(resolved, Loss) and resolved.from_logits is not None:
            return self.loss_fact(resolved), ()
        uses = {f.loss for f in found if isinstance(f, facts.Pairing)}
        if len(uses) == 1 and not any(isinstance(f, facts.Unresolved) for f in found):
            pairing = next(f for f in found if isinstance(f, facts.Pairing))
            return pairing.loss, pairing.branch
        return None, ()

    # --- facts --------------------------------------------------------------------------------------------------------

    def head_fact(self, tensor: Tensor) -> facts.Head:
        place = self.interpreter.recorder.place
        layer_dtype = tensor.layer.arguments.keywords.get("dtype") if tensor.layer is not None else None
        return facts.Head(
            domain=tensor.domain,
            activation=tensor.activation,
            low=tensor.low,
            high=tensor.high,
            units=tensor.last,
            place=place(tensor.node),
            layer=place(tensor.layer_node),
            layer_name=tensor.layer_name,
            activation_argument=place(tensor.argument.node) if tensor.argument else None,
            activation_keyword=place(tensor.argument.keyword) if tensor.argument else None,
            explicit=tensor.explicit,
            steps=tuple(facts.Step(s.kind, s.name, place(s.node)) for s in tensor.steps),
            literal=tensor.literal,
            eager_only=tensor.tensorflow_function,
            mixed_precision=self.policy.startswith("mixed") and layer_dtype is None,
        )

    def loss_fact(self, loss: Loss) -> facts.LossUse:
        place = self.interpreter.recorder.place
        spec = loss.spec
        return facts.LossUse(
            name=spec.name,
            family=spec.family,
            expects=Expectation.LOGITS if loss.from_logits else spec.expects,
            takes_logits=spec.takes_logits,
            from_logits=bool(loss.from_logits) or spec.expects is Expectation.LOGITS,
            flag=place(loss.flag.node) if loss.flag else None,
            flag_keyword=place(loss.flag.keyword) if loss.flag else None,
            definition=place(loss.node),
            call=place(loss.call),
            spelling=facts.Spelling(loss.spelling),
            api=loss.api,
            rescued=spec.rescued,
        )

    def describe(self, guard: Guard) -> tuple[str, ...]:
        """The tests of a guard in words, in the order of the file."""
        texts: list[tuple[int, str]] = []
        for literal in guard:
            node, negated = self.interpreter.test_nodes.get(literal.test, (None, False))
            if not isinstance(node, ast.expr):
                continue
            text = ast.unparse(node)
            if len(text) > 80:
                continue
            holds = literal.outcome is not negated
            texts.append((getattr(node, "lineno", 0), f"`{text}`" if holds else f"not `{text}`"))
        return tuple(dict.fromkeys(text for _, text in sorted(texts)))

    def settle(self) -> None:
        """Report what was compiled, now that it is known what became of each model."""
        add = self.interpreter.recorder.add
        for model in self._models:
            if isinstance(model, Model):
                self.outputs(model)
        logits = self._meant_as_logits()
        for record in self._compiled:
            usage = self.usage(record.model)
            if (usage.used and not usage.trained and not usage.escaped) or self._trains_by_itself(record.model):
                continue
            for fact in record.facts:
                if isinstance(fact, (facts.Pairing, facts.MetricUse)) and usage.labels:
                    fact = replace(fact, labels=usage.labels)
                if isinstance(fact, facts.Pairing) and fact.head.place in logits:
                    fact = replace(fact, intent="logits")
                add(fact)
        place = self.interpreter.recorder.place
        for tensor, path, assumed in self._single_softmaxes.values():
            where = place(tensor.node)
            if where is not None and not (path and assumed):
                is_head = id(tensor.node) in self._heads
                add(
                    facts.SingleUnitSoftmax(
                        where,
                        place(tensor.layer_node),
                        "head" if is_head else "inner",
                        place(tensor.argument.node) if tensor.argument else None,
                        place(tensor.argument.keyword) if tensor.argument else None,
                        tensor.layer_name,
                        self.describe(path),
                        place(self._heads.get(id(tensor.node))),
                    )
                )

    def _trains_by_itself(self, model: Value) -> bool:
        """Whether a model's own ``train_step`` leaves the compiled loss aside."""
        step = model.cls.lookup("train_step") if isinstance(model, Instance) else None
        if not isinstance(step, Function):
            return False
        used = {child.attr for child in ast.walk(step.node) if isinstance(child, ast.Attribute)}
        return not used & {"compiled_loss", "compute_loss", "_compute_loss", "loss", "train_step"}

    def _meant_as_logits(self) -> set[Place | None]:
        """The heads that the rest of the file takes for logits: a sigmoid on ``predict()``, a metric that cuts at 0."""
        place = self.interpreter.recorder.place
        found = {place(node) for node in self._logit_heads}
        for record in self._compiled:
            for fact in record.facts:
                if isinstance(fact, facts.MetricUse) and fact.head is not None:
                    cut_at_zero = (
                        isinstance(fact.cut, (int, float)) and not isinstance(fact.cut, bool) and fact.cut == 0
                    )
                    if fact.head.domain is Domain.REAL and (fact.cut is True or cut_at_zero):
                        found.add(fact.head.place)
        return found


_SOME_LAYER = 10**6
_MERGES = frozenset({Effect.ADD, Effect.SUBTRACT, Effect.MULTIPLY, Effect.MAXIMUM, Effect.MINIMUM, Effect.CONCATENATE})
_INSTANCE_METHODS = frozenset({"add_weight", "add_variable", "add_loss", "add_metric", "__init__"})
_MODEL_METHODS = frozenset(
    {
        "compile",
        "add",
        "pop",
        "predict",
        "predict_on_batch",
        "predict_proba",
        "predict_generator",
        "call",
        "__call__",
        "get_layer",
        "summary",
        "save",
        "load_weights",
        "add_weight",
        "add_loss",
        *heads.MODEL_METHODS_THAT_TRAIN,
    }
)


def _method_name(function: Unknown) -> str:
    """The last name of an attribute of something unknown (``hp.Choice``)."""
    symbol = function.symbol
    return symbol[2] if isinstance(symbol, tuple) and len(symbol) == 3 and symbol[0] == "." else ""


def _picks(node: ast.expr, evaluate: Callable[[ast.expr], Value]) -> list[str]:
    """What each item of a subscript does to its axis."""
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    picks: list[str] = []
    for item in items:
        if isinstance(item, ast.Slice):
            picks.append("full" if item.lower is None and item.upper is None and item.step is None else "slice")
        elif isinstance(item, ast.Constant) and item.value is Ellipsis:
            picks.append("ellipsis")
        elif isinstance(item, ast.Constant) and item.value is None:
            picks.append("new")
        else:
            value = evaluate(item)
            if isinstance(value, Const) and value.value is None:
                picks.append("new")
            elif isinstance(value, Const) and isinstance(value.value, int):
                picks.append("index")
            else:
                picks.append("slice")
    return picks


def _element_nodes(value: Value) -> list[ast.expr] | None:
    """The expressions of a list literal."""
    node = getattr(value, "node", None)
    if isinstance(node, (ast.List, ast.Tuple)):
        return None if any(isinstance(e, ast.Starred) for e in node.elts) else list(node.elts)
    return None


def _entry_node(value: DictValue, key: str) -> ast.AST | None:
    """The expression of an entry in a dict literal."""
    node = value.node
    if isinstance(node, ast.Dict):
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            if isinstance(key_node, ast.Constant) and repr(key_node.value) == key:
                return value_node
    return getattr(value.store.get(key), "node", None)


def _metric_of(value: Value, node: ast.AST | None) -> Metric | None:
    """The metric that an element of ``metrics=[...]`` stands for."""
    if isinstance(value, Metric):
        return value
    if isinstance(value, Const) and isinstance(value.value, str):
        name = value.value
        spec = metrics.ACCURACY if name.lower() in metrics.ACCURACY_STRINGS else metrics.BY_STRING.get(name)
        return Metric(spec, Arguments(), node or value.node or ast.Pass(), name) if spec is not None else None
    if isinstance(value, Api):
        spec = metrics.BY_FUNCTION.get(value.name)
        if spec is not None:
            return Metric(spec, Arguments(), node or value.node or ast.Pass(), None, called=False)
    return None


def _argument_text(call: ast.AST | None) -> str:
    """The arguments of a call as written, joined by commas."""
    if not isinstance(call, ast.Call):
        return ""
    parts = [ast.unparse(a) for a in call.args]
    parts += [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}" for k in call.keywords]
    return ", ".join(parts)


def _name_of(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


__all__ = ["KerasApi", "Step", "Super", "inf"]
