"""The Keras API over abstract values: names, attributes, operators and calls.

Layers, models and losses are dealt with in ``layer_calls``, ``model_calls`` and ``pairing``; functions of Python,
TensorFlow and numpy in ``api_calls``.
"""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from bcelint.inference import builtin_calls, paths, reasons, tensors
from bcelint.inference.api_calls import API_CALLS, FLOAT_INFO, TENSOR_FUNCTIONS
from bcelint.inference.arithmetic import Arithmetic
from bcelint.inference.containers import container_method, string_method
from bcelint.inference.guards import ALWAYS, Guard, Literal, Test, conjoin
from bcelint.inference.layer_calls import LayerCalls
from bcelint.inference.loss_code import SINKS, LossCode
from bcelint.inference.model_calls import KERAS_LOSS, KERAS_MODELS, ModelCalls, weights_of
from bcelint.inference.pairing import Pairings
from bcelint.inference.values import (
    ENCODER,
    MADE_BY,
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
    Module,
    Mutable,
    Partial,
    Repeated,
    Sequence,
    Super,
    Tensor,
    Unknown,
    Value,
    choice,
    each,
    maker_of,
    opaque,
    options,
    unknown_tensor,
)
from bcelint.knowledge import activations, heads, layers, losses, metrics, operations
from bcelint.knowledge.domains import Domain
from bcelint.knowledge.names import canonical
from bcelint.reading.magics import RUN

if TYPE_CHECKING:
    from bcelint.inference.interpreter import Interpreter


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
        "__import__",
        RUN,
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

# How many items of a list are followed.
_LONGEST = 256
# Calls that look at a model and leave it as it is.
_HARMLESS = frozenset(
    {
        "builtins.print",
        "builtins.repr",
        "builtins.str",
        "builtins.type",
        "builtins.id",
        "builtins.vars",
        "builtins.callable",
        "builtins.hasattr",
        "keras.utils.plot_model",
        "keras.utils.model_to_dot",
        "keras.utils.vis_utils.plot_model",
        "keras.utils.vis_utils.model_to_dot",
        "keras.utils.visualize_util.plot",
    }
)
# Methods of callbacks and the like that take a model only to look at it.
_HARMLESS_METHODS = frozenset({"set_model", "plot_model"})
_HOMES = ("keras.layers.", "keras.losses.", "keras.metrics.", "keras.", "keras.applications.")

# Packages whose functions compute with tensors, and functions that add up the members of a list.
_COMPUTING = ("tf.", "keras.ops.", "keras.backend.", "jnp.", "builtins.sum", "functools.reduce")
_DRAWING = ("tf.random.", "tf.multinomial", "keras.random.")
_TOTALS = frozenset({"builtins.sum", "tf.add_n"})

_INSTANCE_METHODS = frozenset({"add_weight", "add_variable", "add_loss", "add_metric", "__init__"})


def is_known_api(name: str) -> bool:
    return (
        name in layers.LAYERS
        or name in losses.BY_CLASS
        or name in losses.BY_FUNCTION
        or name in metrics.BY_CLASS
        or name in metrics.BY_FUNCTION
        or name in activations.BY_FUNCTION
        or name in heads.MODEL_FACTORIES
        or name in API_CALLS
        or name in TENSOR_FUNCTIONS
        or name in layers.LAYER_FUNCTIONS
        or name in layers.MERGE_FUNCTIONS
        or name in KERAS_MODELS
        or name in ("keras.Input", "keras.layers.Layer", KERAS_LOSS)
    )


@cache
def _known_packages() -> frozenset[str]:
    names = {*layers.LAYERS, *losses.BY_CLASS, *losses.BY_FUNCTION, *metrics.BY_CLASS, *activations.BY_FUNCTION}
    names |= {*heads.MODEL_FACTORIES, *API_CALLS, *TENSOR_FUNCTIONS, *KERAS_MODELS}
    return frozenset(name[:i] for name in names for i, character in enumerate(name) if character == ".")


def is_known_package(name: str) -> bool:
    """Whether the tables know anything in the package ``name``."""
    return name in _known_packages()


class KerasApi:
    """What Keras (and the little of Python that surrounds it) does with values."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.layers = LayerCalls(self)
        self.models = ModelCalls(self)
        self.pairing = Pairings(self)
        self.arithmetic = Arithmetic(self)
        self.loss_code = LossCode(self)
        self.missing_attributes = 0
        self.policy = ""
        self.backend = ""
        self._serial = itertools.count()

    def unbound_name(self, name: str) -> Value:
        """A name that nothing binds: a star import, a builtin, or Keras's own in a file that looks like Keras."""
        module = self.interpreter.module
        starred = self.interpreter.modules.starred(module, name)
        if starred is not None:
            return starred
        if name in _BUILTINS:
            return Api(f"builtins.{name}")
        if name == "__name__":
            return Const("__main__" if module.is_main else "a module")
        if name == "__file__" and module.path:
            return Const(module.path)
        if module.implicit_names:
            if name in _SHORT_MODULES:
                return Api(_SHORT_MODULES[name])
            for home in _HOMES:
                if (name[:1].isupper() or home == "keras.losses.") and is_known_api(home + name):
                    return Api(home + name)
        return Unknown(f"`{name}` is not defined in this file", ("name", name))

    def unknown_parameter(self, function: Function, name: str) -> Value:
        return Unknown(f"`{name}` is a parameter of `{function.name}`", ("parameter", id(function.node), name))

    def get_attribute(self, owner: Value, name: str, node: ast.AST) -> Value:
        if isinstance(owner, Api):
            return self._api_attribute(owner, name, node)
        if isinstance(owner, Module):
            return self.interpreter.modules.attribute(owner, name)
        if isinstance(owner, paths.FilePath):
            return paths.attribute(owner, name)
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
            return self.models.model_attribute(owner, name, node)
        if isinstance(owner, Tensor):
            return self._tensor_attribute(owner, name, node)
        if isinstance(owner, LayersOf):
            return self.models.layer_of_attribute(owner, name, node)
        if isinstance(owner, Layer):
            argument = owner.argument(name)
            return argument.value if argument is not None else Method(owner, name, node)
        if isinstance(owner, Function) and name in ("__name__",):
            return Const(owner.name)
        if isinstance(owner, Unknown):
            if name == "eps" and isinstance(owner.symbol, tuple) and owner.symbol[0] == FLOAT_INFO:
                return Const(operations.MACHINE_EPSILON[str(owner.symbol[1])], node)
            return Unknown(owner.why, (".", owner.key, name)) if name != "compile" else Method(owner, name, node)
        return Method(owner, name, node)

    def _api_attribute(self, owner: Api, name: str, node: ast.AST) -> Value:
        path = canonical(f"{owner.name}.{name}")
        if path in ("np.newaxis", "tf.newaxis"):
            return Const(None, node)
        if path in operations.CONSTANTS:
            return Const(operations.CONSTANTS[path], node)
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
        if self.models.is_model(owner):
            known = self.models.model_attribute(owner, name, node)
            if not isinstance(known, Unknown):
                return known
        elif name in _INSTANCE_METHODS:
            return Method(owner, name, node)
        elif name == "compile" and any(not isinstance(base, Class) for base in owner.cls.mro()):
            return Method(Unknown(f"the class `{owner.cls.name}` has a base that is not in this file"), name, node)
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
        if name == "compile" and not self.models.is_model(instance):
            return Method(Unknown("the class has a base that is not in this file"), name, node)
        return Method(instance, name, node)

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
        if name == "dtype":
            return Method(owner, name, node)
        return Method(owner, name, node)

    def extend_path(self, folders: Value) -> None:
        """``sys.path`` gets more folders."""
        for folder in self.items_of(folders) or [folders]:
            path = paths.text_of(folder)
            if path is not None:
                self.interpreter.modules.add_to_path(path)

    def set_attribute(self, owner: Value, name: str, value: Value) -> None:
        if isinstance(owner, Module):
            self.interpreter.modules.set_attribute(owner, name, value)
        elif isinstance(owner, (Instance, Class)):
            self.interpreter.write(owner.store, name, value)
        elif isinstance(owner, LayersOf):
            # model.layers[-1].activation = ...: the model is not what its construction says any more.
            if name == "activation" and isinstance(owner.model, Mutable):
                self.interpreter.write(owner.model.store, "$tampered", Const(True))
        elif isinstance(owner, (Unknown, Api)):
            self.models.escape(value)

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
            self.models.escape(value)

    def get_item(self, owner: Value, index_node: ast.expr, node: ast.AST) -> Value:
        if isinstance(owner, Tensor):
            taken = tensors.indexed(owner, _picks(index_node, self.interpreter.eval), node)
            return self.arithmetic.part(owner, self._picked_parts(index_node), taken)
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
            return each(index, lambda key: self.dict_item(owner, key))
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
        repeated = self.repeated_in(owner)
        if repeated is not None:
            return owner if isinstance(index_node, ast.Slice) else repeated
        if isinstance(owner, Unknown):
            return Unknown(owner.why, ("[]", owner.key, index.key))
        return Unknown(reasons.of_api(owner.name) if isinstance(owner, Api) else "an item")

    def _picked_parts(self, node: ast.expr) -> list[object]:
        """What a subscript picks, so that the same picks are equal."""
        if isinstance(node, ast.Tuple):
            return [pick for element in node.elts for pick in self._picked_parts(element)]
        if isinstance(node, ast.Slice):
            bounds = (node.lower, node.upper, node.step)
            return [("const", *(self._picked_parts(b)[0] if b is not None else None for b in bounds))]
        if isinstance(node, ast.Constant) and node.value is Ellipsis:
            return [("const", "...")]
        return [self.interpreter.eval(node).key]

    def dict_item(self, owner: DictValue, key: Value) -> Value:
        if isinstance(key, Const):
            found = owner.store.get(repr(key.value))
            if found is not None:
                return found
        elif "*" not in owner.store and owner.store:
            # One of the entries, by a key that is not known.
            return choice(
                [
                    (frozenset({Literal(Test(key.key, "==", ast.literal_eval(name)), True)}), value)
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

    def repeated_in(self, value: Value) -> Value | None:
        """The item of a list of unknown length whose items are all made alike."""
        contents = value.store["items"] if isinstance(value, ListValue) else value
        return contents.item if isinstance(contents, Repeated) else None

    def element_of(self, value: Value, index: int | None) -> Value:
        """Some element of an iterable, or the one at ``index`` when it is unpacked."""
        items = self.items_of(value)
        if items:
            return choice([(self._picked(("element", value.key), i), item) for i, item in enumerate(items[:8])])
        repeated = self.repeated_in(value)
        if repeated is not None:
            return repeated
        if isinstance(value, Tensor):
            return tensors.without_shape(unknown_tensor("a part of a tensor", labels=value.labels))
        if index is not None and isinstance(value, Unknown):
            return Unknown(value.why, ("[]", value.key, ("const", "int", index)))
        return Unknown((value.why if isinstance(value, Unknown) else "") or "an element")

    def extend(self, target: ListValue, more: Value) -> None:
        current, added = self.items_of(target), self.items_of(more)
        items: Value = Unknown("a list of unknown length")
        if self.interpreter.open_loops > target.open_loops:
            current = None
        if current is not None and added is not None and len(current) + len(added) <= _LONGEST:
            items = Sequence((*current, *added))
        self.interpreter.write(target.store, "items", items)

    def unary(self, name: str, value: Value, node: ast.AST) -> Value:
        if isinstance(value, Const) and name == "USub":
            return builtin_calls.negate(value, node)
        if isinstance(value, Tensor) and name == "USub":
            return self.arithmetic.operator(name, [value], tensors.negated(value, node), node)
        if isinstance(value, Tensor):
            return self.arithmetic.operator(name, [value], unknown_tensor(name), node) if name == "Invert" else value
        return Unknown("an expression", (name, value.key))

    def binary(self, name: str, left: Value, right: Value, node: ast.AST) -> Value:
        if isinstance(left, Choice) or isinstance(right, Choice):
            return self.over([left, right], lambda a, b: self.binary(name, a, b, node))
        if isinstance(left, Const) and isinstance(right, Const):
            return builtin_calls.fold(name, left, right, node)
        if name == "Div" and (isinstance(left, paths.FilePath) or isinstance(right, paths.FilePath)):
            return paths.joined(left, right)
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            result = self._tensor_arithmetic(name, left, right, node)
            return self.arithmetic.operator(name, [left, right], result, node)
        if name == "Add" and isinstance(left, (ListValue, Sequence)) and isinstance(right, (ListValue, Sequence)):
            a, b = self.items_of(left), self.items_of(right)
            if a is not None and b is not None and len(a) + len(b) <= _LONGEST:
                joined = Sequence((*a, *b))
                return ListValue(joined) if isinstance(left, ListValue) else joined
            return ListValue(Unknown("a list of unknown length"))
        if name == "Mult" and isinstance(left, (ListValue, Sequence)) and isinstance(right, Const):
            items = self.items_of(left)
            if items is not None and isinstance(right.value, int) and 0 <= right.value * len(items) <= 64:
                return ListValue(Sequence(tuple(items * right.value)))
        if name == "Mult" and isinstance(left, ListValue):
            items = self.items_of(left)
            if items is not None and len(items) == 1:
                return ListValue(Repeated(items[0]))
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
        if name == "MatMult":
            return self.matrix_product(tensor, unknown_tensor(), node)
        return tensors.with_unknown(name, tensor, node, reflected=reflected)

    def matrix_product(self, a: Tensor, b: Tensor, node: ast.AST) -> Tensor:
        """Any number where one side is, or where both take both signs; otherwise unknown."""
        last = b.last
        if Domain.REAL in (a.domain, b.domain) or (tensors.takes_both_signs(a) and tensors.takes_both_signs(b)):
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

    def call(self, function: Value, arguments: Arguments, node: ast.AST) -> Value:
        """Call anything that is not a function of the file."""
        if isinstance(function, Api):
            return self._call_api(function, arguments, node)
        if isinstance(function, Layer):
            return opaque(self.layers.apply_layer(function, arguments, node))
        if isinstance(function, Method):
            return self._call_method(function, arguments, node)
        if isinstance(function, Class):
            return self.models.construct(function, arguments, node)
        if isinstance(function, (Model, Instance)):
            return self.models.call_object(function, arguments, node)
        if isinstance(function, (Loss, LossSum)):
            return self.pairing.call_loss(function, arguments, node)
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
        if isinstance(function, paths.PathMethod):
            return paths.call_method(function, arguments)
        if isinstance(function, Unknown) and _method_name(function) in ("run_line_magic", "magic"):
            self._run_magic(arguments)
        if isinstance(function, Unknown) and _method_name(function) == "Choice":
            return self._hyperparameter(arguments)
        if isinstance(function, Unknown):
            name = _method_name(function)
            self._note_call(name, arguments)
            if name == "reshape":
                return self._reshaped_array(unknown_tensor(function.why), arguments)
            if name in ("flow_from_directory", "flow_from_dataframe"):
                return _generator(arguments)
            if name in _HARMLESS_METHODS:
                return NONE
            if name in ("fit_transform", "transform") and (kind := _encoded(function)):
                return unknown_tensor("labels", labels=kind)
        for value in arguments.values():
            self.models.escape(value)
        if isinstance(function, Const) and function.value is None:
            return Unknown("a call of None")
        if any(isinstance(value, Tensor) for value in arguments.values()):
            return unknown_tensor(_why_called(function))
        why = function.why if isinstance(function, Unknown) else ""
        return Unknown(why)

    def _run_magic(self, arguments: Arguments) -> None:
        """``get_ipython().run_line_magic("run", "helpers.ipynb")``: what a notebook becomes as a script."""
        words = " ".join(paths.text_of(argument.value) or "" for argument in arguments.positional).split()
        if len(words) > 1 and words[0].lstrip("%") == "run":
            self.interpreter.modules.take_over(words[-1])

    def _note_call(self, name: str, arguments: Arguments) -> None:
        """What is minimised (``optimizer.minimize(loss)``), and with which weights something is trained."""
        if name in heads.MODEL_METHODS_THAT_TRAIN and arguments.keywords.keys() & heads.TRAINING_KEYWORDS:
            self.models.weights = self.models.weights or weights_of(arguments)
        if name in SINKS:
            given = arguments.get("loss", "target", "losses", "inputs", position=1 if name == "get_updates" else 0)
            if given is not None:
                self.loss_code.minimised(given, name)

    def _reshaped_array(self, array: Tensor, arguments: Arguments) -> Value:
        """``array.reshape(n, 28, 28)`` and ``array.reshape((n, 28, 28))``."""
        shape = arguments.get("shape", position=0)
        if len(arguments.positional) > 1:
            shape = Argument(Sequence(tuple(argument.value for argument in arguments.positional)))
        return self.layers.reshaped(array, shape, with_batch=True)

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
        if name in losses.BY_FUNCTION:
            return self.pairing.call_loss(
                self.pairing.loss_function(losses.BY_FUNCTION[name], name, node), arguments, node
            )
        if name in _TOTALS:
            items = self.items_of(arguments.positional[0].value) if len(arguments.positional) == 1 else None
            if items and all(isinstance(item, (Tensor, Const)) for item in items):
                return self.arithmetic.total(items, node)
        if name in operations.OPERATIONS:
            return self.arithmetic.function(name, arguments, node, lambda given: self._api_result(name, given, node))
        result = self._api_result(name, arguments, node)
        if (
            name.startswith(_COMPUTING)
            and not name.startswith(_DRAWING)
            and not isinstance(result, (Choice, Sequence, ListValue))
        ):
            return self.arithmetic.hidden(self._tensors_in(arguments), result, node)
        return opaque(result)

    def _tensors_in(self, arguments: Arguments) -> list[Value]:
        """The arguments, and the members of those that are lists."""
        values: list[Value] = []
        for value in arguments.values():
            members = self.items_of(value) if isinstance(value, (ListValue, Sequence)) else None
            values += [value] if members is None else members
        return values

    def _api_result(self, name: str, arguments: Arguments, node: ast.AST) -> Value:
        spec = layers.LAYERS.get(name)
        if spec is not None:
            return Layer(spec, arguments, node, name)
        if name in losses.BY_CLASS:
            return self.pairing.make_loss(losses.BY_CLASS[name], arguments, node, name)
        if name in metrics.BY_CLASS:
            return Metric(metrics.BY_CLASS[name], arguments, node)
        if name in losses.COMPOSITE:
            return unknown_tensor("a loss")
        if name in activations.BY_FUNCTION and arguments.positional + tuple(arguments.keywords.values()):
            return self.layers.call_activation(activations.BY_FUNCTION[name], name, arguments, node)
        factory = heads.MODEL_FACTORIES.get(name.removesuffix(".from_preset"))
        if factory is not None:
            return self.models.ready_made(factory, arguments, node)
        if name.startswith(heads.HUB_PREFIX) and name.removesuffix(".from_preset").endswith(heads.HUB_SUFFIXES):
            return self.models.ready_made(heads.HUB_FACTORY, arguments, node)
        if name.startswith(heads.TRANSFORMERS_PREFIX) and name.removesuffix(".from_pretrained").endswith(
            heads.TRANSFORMERS_SUFFIXES
        ):
            return self.models.ready_made(heads.TRANSFORMERS_FACTORY, arguments, node)
        if name in layers.LAYER_FUNCTIONS:
            return self.layers.layer_function(layers.LAYER_FUNCTIONS[name], arguments, node)
        if name in layers.MERGE_FUNCTIONS:
            merge = layers.MERGE_FUNCTIONS[name]
            layer = Layer(
                layers.LAYERS[f"keras.layers.{merge}"],
                Arguments(keywords=arguments.keywords),
                node,
                f"keras.layers.{merge}",
            )
            return self.layers.apply_layer(layer, Arguments(arguments.positional[:1]), node)
        if name in KERAS_MODELS:
            return self.models.make_model(name, arguments, node)
        if name in API_CALLS:
            return API_CALLS[name](self, arguments, node)
        if name in TENSOR_FUNCTIONS:
            return self._tensor_function(name, arguments, node)
        if name in _HARMLESS:
            return Unknown(f"it comes from `{name}`")
        for value in arguments.values():
            self.models.escape(value)
        if name.startswith("keras.layers.") and name[13:14].isupper():
            return Layer(None, arguments, node, name)
        if any(
            isinstance(option, Tensor) for value in arguments.values() for option in builtin_calls.plain_options(value)
        ):
            return unknown_tensor(reasons.of_api(name))
        package, dot, _ = name.partition(".")
        if not package or not dot or package == "builtins" or package in sys.stdlib_module_names:
            return Unknown(reasons.of_api(name))
        if reasons.source(name):
            return Unknown(reasons.of_api(name))
        return Unknown(reasons.of_api(name), (MADE_BY, name, next(self._serial)))

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
        return unknown_tensor(reasons.of_value(value))

    def _call_method(self, method: Method, arguments: Arguments, node: ast.AST) -> Value:
        owner, name = method.owner, method.name
        self._note_call(name, arguments)
        if isinstance(owner, Unknown):
            if name == "compile" and _compiles_a_model(arguments):
                self.pairing.compile(owner, arguments, node)
                return NONE
            for value in arguments.values():
                self.models.escape(value)
            return Unknown(owner.why)
        if name == "$init" and isinstance(owner, Instance):
            if owner.cls.is_a(*KERAS_MODELS):
                kind = "keras.Sequential" if owner.cls.is_a("keras.Sequential") else "keras.Model"
                if kind == "keras.Sequential" or arguments.get("outputs", "output", position=1):
                    self.models.initialise(owner, kind, arguments)
            return NONE
        if self.models.is_model(owner) and isinstance(owner, Mutable):
            return self.models.model_method(owner, name, arguments, node)
        if isinstance(owner, (ListValue, DictValue)):
            return container_method(self, owner, name, arguments, node)
        if isinstance(owner, Tensor):
            return self.arithmetic.method(
                owner, name, arguments, self._tensor_method(owner, name, arguments, node), node
            )
        if isinstance(owner, LayersOf):
            if name == "pop" and isinstance(owner.model, Mutable):
                self.interpreter.write(owner.model.store, "$tampered", Const(True))
            return Unknown("a method of model.layers")
        if isinstance(owner, Const) and isinstance(owner.value, str):
            return string_method(owner, name, arguments, node)
        if isinstance(owner, Instance) and name in ("add_weight", "add_variable"):
            return self.variable(arguments.get("shape", position=1 if len(arguments.positional) > 1 else 0), node)
        if isinstance(owner, (Loss, LossSum)) and name in ("call", "__call__"):
            return self.pairing.call_loss(owner, arguments, node)
        if isinstance(owner, Layer) and name == "compile" and _compiles_a_model(arguments):
            # Something that the configuration describes, and that is a whole model.
            self.pairing.compile(owner, arguments, node)
            return NONE
        if isinstance(owner, Layer) and name in ("__call__", "call", "apply"):
            return opaque(self.layers.apply_layer(owner, arguments, node))
        for value in arguments.values():
            self.models.escape(value)
        if any(isinstance(value, Tensor) for value in arguments.values()):
            return unknown_tensor(f"it comes from the method `.{name}`, which is unknown")
        return Unknown(f"it comes from the method `.{name}`, which is unknown")

    def variable(self, shape: Argument | None, node: ast.AST) -> Tensor:
        """A trainable variable: any number."""
        made = Tensor(domain=Domain.REAL, node=node, explicit=False)
        return self.layers.reshaped(made, shape, with_batch=True)

    def _tensor_method(self, owner: Tensor, name: str, arguments: Arguments, node: ast.AST) -> Value:
        if name == "compile" and _compiles_a_model(arguments):
            # What was called on a tensor was a function that returns a model.
            self.pairing.compile(Unknown(owner.why), arguments, node)
            return NONE
        if name in ("numpy", "astype", "copy", "ravel", "flatten", "reshape", "squeeze", "transpose", "cpu", "detach"):
            result = owner.after("numpy" if name == "numpy" else "reshape", name, node)
            if name == "reshape":
                return self._reshaped_array(result, arguments)
            return result if name in ("numpy", "astype", "copy") else tensors.without_shape(result)
        if name in ("round", "argmax", "sum"):
            return unknown_tensor(f"it comes from `.{name}` of a tensor")
        if name in ("mean", "max", "min"):
            return (
                tensors.without_shape(owner.after("other", name, node))
                if owner.domain is not Domain.SIMPLEX
                else unknown_tensor(name)
            )
        if name in ("shape", "get_shape"):
            return self._tensor_attribute(owner, "shape", node)
        return unknown_tensor(f"it comes from `.{name}` of a tensor", labels=owner.labels)


def _encoded(function: Unknown) -> str:
    """The kind of labels that a method of an encoder returns."""
    owner = function.symbol[1] if isinstance(function.symbol, tuple) else None
    return str(owner[1]) if isinstance(owner, tuple) and owner[:1] == (ENCODER,) else ""


def _generator(arguments: Arguments) -> Tensor:
    """``ImageDataGenerator.flow_from_directory``: batches with one-hot labels, unless ``class_mode`` says otherwise."""
    mode = arguments.keywords.get("class_mode")
    known = mode.value.value if mode is not None and isinstance(mode.value, Const) else None
    kind = "one-hot" if mode is None else known if isinstance(known, str) else ""
    return unknown_tensor("batches", labels="one-hot" if kind == "categorical" else kind)


def _compiles_a_model(arguments: Arguments) -> bool:
    """Whether the arguments are those of a Keras model's ``compile``."""
    if arguments.get("loss") or arguments.get("optimizer"):
        return True
    second = arguments.get("loss", position=1)
    value = second.value if second is not None else None
    if isinstance(value, Const):
        return isinstance(value.value, str) and value.value in losses.BY_STRING
    return isinstance(value, (Loss, LossSum, ListValue, DictValue, Function, Partial, Instance))


def _method_name(function: Unknown) -> str:
    """The last name of an attribute of something unknown (``hp.Choice``)."""
    symbol = function.symbol
    return symbol[2] if isinstance(symbol, tuple) and len(symbol) == 3 and symbol[0] == "." else ""


def _why_called(function: Value) -> str:
    """Why nothing is known of what a call with a tensor gives."""
    if maker_of(function):
        return reasons.unknown_layer(maker_of(function))
    return (function.why if isinstance(function, Unknown) else "") or "it comes from an unknown function"


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
