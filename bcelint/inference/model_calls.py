"""Models: how they are built, what they return, and what becomes of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bcelint.inference import builtin_calls, reasons
from bcelint.inference.guards import ALWAYS, Guard, Key
from bcelint.inference.values import (
    NONE,
    Argument,
    Arguments,
    Bound,
    Choice,
    Class,
    Const,
    DictValue,
    Function,
    Instance,
    Layer,
    LayersOf,
    ListValue,
    Method,
    Model,
    Mutable,
    Sequence,
    Tensor,
    Unknown,
    Value,
    each,
    maker_of,
    opaque,
    options,
    unknown_tensor,
)
from bcelint.knowledge import heads
from bcelint.knowledge.domains import Domain

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi

KERAS_MODELS = ("keras.Model", "keras.Sequential")
KERAS_LOSS = "keras.losses.Loss"
_SOME_LAYER = 10**6
# The first part of the symbol of what a model's configuration is; the second is the model's identity.
CONFIGURATION = "configuration"
# The same of a callback that saves the model; the second part is the key of its path.
CHECKPOINT = "checkpoint"
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
        "to_json",
        "to_yaml",
        "get_config",
        "load_weights",
        "add_weight",
        "add_loss",
        *heads.MODEL_METHODS_THAT_TRAIN,
    }
)


@dataclass
class Usage:
    """What became of a model.

    ``nested``: it was called on a tensor of another one; ``weights``: the argument that weighs its examples.
    """

    trained: bool = False
    escaped: bool = False
    used: bool = False
    nested: bool = False
    labels: str = ""
    weights: tuple[str, ast.AST] | None = None


class ModelCalls:
    """Sequential, functional, subclassed and ready-made models."""

    def __init__(self, keras: KerasApi) -> None:
        self.keras = keras
        # The first weights that something is trained with in this file.
        self.weights: tuple[str, ast.AST] | None = None
        self.interpreter = keras.interpreter
        # Every model that was built; the nodes that make the domain of an output, with the loss that they meet.
        self.made: list[Value] = []
        self.heads: dict[int, ast.AST | None] = {}
        self._usage: dict[int, tuple[Value, Usage]] = {}
        self._folded: dict[int, tuple[Value, Value]] = {}
        # By the key of its path: a model that was saved, and its outputs at that time.
        self._saved: dict[Key, tuple[Value | None, Value]] = {}
        self._calling: list[Value] = []
        self._folding: set[int] = set()
        # The path on which each model was built.
        self._born: dict[int, Guard] = {}

    def model_attribute(self, owner: Mutable, name: str, node: ast.AST) -> Value:
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
        return Unknown(f"it comes from `.{name}` of a model", (".", owner.key, name))

    def layer_of_attribute(self, owner: LayersOf, name: str, node: ast.AST) -> Value:
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
        return unknown_tensor("it is the output of an inner layer")

    def make_model(self, name: str, arguments: Arguments, node: ast.AST) -> Value:
        model = Model("sequential" if name == "keras.Sequential" else "functional", node)
        self.made.append(model)
        self._born[id(model)] = self.interpreter.path
        label = arguments.keywords.get("name")
        if label is not None and isinstance(label.value, Const) and isinstance(label.value.value, str):
            model.name = label.value.value
        self.initialise(model, name, arguments)
        return model

    def initialise(self, model: Mutable, name: str, arguments: Arguments) -> None:
        """``Sequential(layers)`` and ``Model(inputs, outputs)``, also as ``super().__init__``."""
        if name == "keras.Sequential":
            members = arguments.get("layers", position=0)
            items = each(members.value, self._layer_sequence) if members is not None else Sequence(())
            self.interpreter.write(model.store, "$layers", items)
            return
        outputs = arguments.get("outputs", "output", position=1)
        if outputs is not None:
            value = outputs.value
            found = self.keras.items_of(value)
            if found is not None and len(found) == 1 and not isinstance(value, DictValue):
                value = found[0]
            self.interpreter.write(model.store, "$outputs", value)
            self.note_heads(value)

    def _layer_sequence(self, members: Value) -> Value:
        """The layers of ``Sequential(members)``; layers that are not known stand as one unknown layer."""
        if isinstance(members, Const) and members.value is None:
            return Sequence(())
        found = self.keras.items_of(members)
        return Sequence(tuple(found)) if found is not None else Sequence((Unknown("layers of a Sequential"),))

    def note_heads(self, outputs: Value, loss_node: ast.AST | None = None) -> None:
        """Remember which activations are at the end of a model."""
        for _, option in options(outputs):
            if isinstance(option, Tensor):
                key = id(option.node)
                if loss_node is not None or key not in self.heads:
                    self.heads[key] = loss_node
            elif isinstance(option, (Sequence, ListValue)):
                for item in self.keras.items_of(option) or ():
                    self.note_heads(item, loss_node)
            elif isinstance(option, DictValue):
                for item in option.store.values():
                    self.note_heads(item, loss_node)

    def outputs(self, model: Value) -> Value:
        """What a model returns: a tensor, a sequence or dict of tensors, or unknown."""
        if isinstance(model, Layer):
            return self.keras.layers.apply_layer(
                model, Arguments((Argument(unknown_tensor("a model's input")),)), model.node
            )
        if maker_of(model):
            return Unknown(reasons.unknown_model(maker_of(model)))
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
            self.note_heads(result)
            return result
        if isinstance(model, Instance):
            result = self._call_instance(
                model, Arguments((Argument(unknown_tensor("a model's input")),)), model.node or ast.Pass()
            )
            self.note_heads(result)
            return result
        if isinstance(model, Model) and model.kind == "loaded":
            return Unknown("the model is loaded from a file")
        return Unknown("the outputs of the model are unknown")

    def _fold(self, members: Value, start: Tensor) -> Value:
        """The output of a Sequential."""
        if not isinstance(members, Sequence):
            return unknown_tensor(members.why if isinstance(members, Unknown) else "layers of a Sequential")
        plain = start.dims is None and start.last is None
        cached = self._folded.get(id(members)) if plain else None
        if cached is not None and cached[0] is members:
            return self.interpreter.feasible(cached[1])
        if id(members) in self._folding:
            return unknown_tensor("a model that contains itself")
        self._folding.add(id(members))
        # What is kept has to hold on every path, not only on the one of the first look.
        outer = self.interpreter.path
        if plain:
            self.interpreter.path = ALWAYS
        value: Value = start
        try:
            for member in members.items:
                value = self.interpreter.call(
                    member, Arguments((Argument(value),)), getattr(member, "node", None) or ast.Pass()
                )
        finally:
            self.interpreter.path = outer
            self._folding.discard(id(members))
        result = each(
            value,
            lambda v: (
                v
                if isinstance(v, (Tensor, Sequence, ListValue, DictValue))
                else unknown_tensor(v.why if isinstance(v, Unknown) else "")
            ),
        )
        if plain:
            self._folded[id(members)] = (members, result)
        return self.interpreter.feasible(result)

    def ready_made(self, factory: heads.ModelFactory, arguments: Arguments, node: ast.AST) -> Value:
        """``keras.applications`` and other models whose output is known from their arguments."""
        model = Model("ready", node)
        self.made.append(model)
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
        if factory.by_class:
            activation = each(activation, _by_function_name)
        place = argument.node if argument and argument.node is not None else node
        outputs = self.keras.over(
            [activation],
            lambda a: (
                base
                if isinstance(a, Const) and a.value in (None, "linear")
                else self.keras.layers.apply_activation(a, base, place)
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

    def tests_since(self, model: Value) -> Guard:
        """The tests on the current path that are younger than a model."""
        return self.interpreter.path - self._born.get(id(model), self.interpreter.path)

    @property
    def used(self) -> list[Value]:
        """The models of which something was done."""
        return [value for value, _ in self._usage.values() if self.is_model(value)]

    @property
    def something_is_trained(self) -> bool:
        """Whether the file trains or evaluates a model at all."""
        return any(usage.trained for _, usage in self._usage.values())

    def usage(self, model: Value) -> Usage:
        entry = self._usage.get(id(model))
        if entry is None:
            entry = (model, Usage())
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
            for item in self.keras.items_of(value) or ():
                self._escape(item, depth + 1)
        elif isinstance(value, DictValue) and depth < 4:
            for item in list(value.store.values()):
                self._escape(item, depth + 1)
        elif isinstance(value, Choice):
            for _, option in value.options:
                self._escape(option, depth)

    def given_to(self, model: Instance, method: str) -> dict[str, Value]:
        """What Keras calls a method of a model with, as far as that is more than data."""
        if method == "compute_loss" and model.cls.is_a(*KERAS_MODELS):
            return {"y_pred": self.outputs(model)}
        return {}

    def is_model(self, value: Value) -> bool:
        if isinstance(value, Model):
            return True
        if not isinstance(value, Instance):
            return False
        if value.cls.is_a(*KERAS_MODELS) or "$outputs" in value.store or "$layers" in value.store:
            return True
        # A base class that is not in the file, and a ``call``: a model or layer of some framework on top of Keras.
        foreign = any(not isinstance(base, Class) for base in value.cls.bases)
        return foreign and not value.cls.is_a("keras.layers.Layer", KERAS_LOSS) and value.cls.lookup("call") is not None

    def construct(self, cls: Class, arguments: Arguments, node: ast.AST) -> Value:
        instance = Instance(cls, node)
        cls.instances.append(instance)
        self._born[id(instance)] = self.interpreter.path
        if cls.is_a(*KERAS_MODELS):
            self.made.append(instance)
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
        elif cls.is_a(*KERAS_MODELS):
            self.initialise(instance, "keras.Sequential" if cls.is_a("keras.Sequential") else "keras.Model", arguments)
        else:
            fields = [n for n, v in cls.store.items() if not isinstance(v, Function)]
            for name, argument in zip(fields, arguments.positional, strict=False):
                instance.store[name] = argument.value
            for name, argument in arguments.keywords.items():
                instance.store[name] = argument.value
        return instance

    def call_object(self, target: Mutable, arguments: Arguments, node: ast.AST) -> Value:
        """A model, layer, loss or other object of the file, called."""
        first = arguments.get("inputs", "x", position=0)
        if first is not None and isinstance(first.value, Tensor):
            self.usage(target).nested = True
        if isinstance(target, Instance) and not ("$outputs" in target.store or "$layers" in target.store):
            if target.cls.is_a(KERAS_LOSS) and target.cls.lookup("__call__") is None:
                call = target.cls.lookup("call")
                if isinstance(call, Function):
                    return self.interpreter.call(Bound(call, target), arguments, node)
            self.usage(target).used = True
            return self._call_instance(target, arguments, node)
        self.usage(target).used = True
        result: Value
        if "$layers" in target.store and "$tampered" not in target.store:
            start = (
                self.keras.as_tensor(first.value)
                if first is not None and isinstance(first.value, Tensor)
                else unknown_tensor("a model's input")
            )
            start = unknown_tensor("a model's input", start.dims, start.last)
            result = each(self.interpreter.feasible(target.store["$layers"]), lambda m: self._fold(m, start))
            self.note_heads(result)
        else:
            result = self.outputs(target)
        return self._through_model(result, target, node)

    def _through_model(self, value: Value, model: Value, node: ast.AST) -> Value:
        """The outputs of a model where it is called: the same tensors, one step further."""

        def step(option: Value) -> Value:
            if isinstance(option, Tensor):
                name = model.name if isinstance(model, Model) else None
                return opaque(replace(option.after("call", "model", node), name=name))
            if isinstance(option, (Sequence, ListValue)):
                return Sequence(tuple(each(item, step) for item in self.keras.items_of(option) or ()))
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
                    result = self.interpreter.call(Bound(method, target), arguments, node)
                finally:
                    self._calling.pop()
                is_layer = any(not isinstance(base, Class) for base in target.cls.mro())
                return opaque(result) if is_layer else result
        for value in arguments.values():
            self.escape(value)
        return unknown_tensor(f"`{target.cls.name}` has no `call` in this file")

    def model_method(self, owner: Mutable, name: str, arguments: Arguments, node: ast.AST) -> Value:
        usage = self.usage(owner)
        if name == "compile":
            self.keras.pairing.compile(owner, arguments, node)
            return NONE
        if name in heads.MODEL_METHODS_THAT_TRAIN:
            usage.trained = True
            self._save_checkpoints(owner, arguments)
            usage.weights = usage.weights or weights_of(arguments)
            labels = self._labels_of(arguments)
            if labels:
                usage.labels = labels
            return Unknown("training")
        if name == "save":
            self._save(owner, arguments.get("filepath", "path", position=0))
            return NONE
        if name in ("to_json", "to_yaml", "get_config"):
            return Unknown("the configuration of a model", (CONFIGURATION, id(owner)))
        if name == "add":
            layer = arguments.get("layer", position=0)
            current = owner.store.get("$layers", Sequence(()))
            if "$tampered" in owner.store:
                # What was changed lies below what comes on top now.
                self.interpreter.remove(owner.store, "$tampered")
                current = Sequence((Unknown("the model was changed after it was built"),))
            if layer is not None:
                added = self.keras.over(
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
            return self.call_object(owner, arguments, node)
        if name == "get_layer":
            return LayersOf(owner, _SOME_LAYER)
        if name == "$init":
            return NONE
        for value in arguments.values():
            self.escape(value)
        return Unknown(f"it comes from `.{name}` of a model")

    def _save(self, model: Value, path: Argument | None) -> None:
        """Remember what a file holds; two models under one name are unknown."""
        if path is None:
            return
        before = self._saved.get(path.value.key)
        if before is None or before[0] is model:
            self._saved[path.value.key] = (model, self.outputs(model))
        else:
            self._saved[path.value.key] = (None, Unknown("one of several saved models"))

    def _save_checkpoints(self, model: Value, arguments: Arguments) -> None:
        """The files that the callbacks of a training call write."""
        callbacks = arguments.keywords.get("callbacks")
        for callback in self.keras.items_of(callbacks.value) or () if callbacks is not None else ():
            key = callback.key
            if isinstance(callback, Unknown) and isinstance(key, tuple) and key[0] == CHECKPOINT:
                self._save(model, Argument(Unknown("a path", key[1])))

    def save(self, arguments: Arguments) -> None:
        """``save_model(model, path)``."""
        model, path = arguments.get("model", "obj", position=0), arguments.get("filepath", "export_dir", position=1)
        if model is not None and isinstance(model.value, (Model, Instance)):
            self._save(model.value, path)

    def load(self, arguments: Arguments, node: ast.AST) -> Value:
        """``load_model(path)``: what this file saved there, as far as it did."""
        path = arguments.get("filepath", "path", position=0)
        saved = self._saved.get(path.value.key) if path is not None else None
        return self._copy(saved[1], node) if saved is not None else Model("loaded", node)

    def from_configuration(self, configuration: Value, node: ast.AST) -> Value:
        """``model_from_json(model.to_json())``: the same layers once more."""
        key = configuration.key
        if isinstance(key, tuple) and key[0] == CONFIGURATION:
            for made in self.made:
                if id(made) == key[1]:
                    return self._copy(self.outputs(made), node)
        return Model("loaded", node)

    def _copy(self, outputs: Value, node: ast.AST) -> Model:
        copy = Model("clone", node)
        if not isinstance(outputs, Unknown):
            copy.store["$outputs"] = outputs
        return copy

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


def weights_of(arguments: Arguments) -> tuple[str, ast.AST] | None:
    """The argument of a training call that weighs its examples."""
    for name in ("class_weight", "sample_weight"):
        given = arguments.keywords.get(name)
        if given is not None and given.keyword is not None and not _is_none(given.value):
            return name, given.keyword
    return None


def _by_function_name(activation: Value) -> Value:
    """An activation that is given by the name of its layer class, by the name of its function."""
    if isinstance(activation, Const) and isinstance(activation.value, str):
        return Const(activation.value.lower(), activation.node)
    return activation


def _is_none(value: Value) -> bool:
    return any(isinstance(option, Const) and option.value is None for _, option in options(value))


def _name_of(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
