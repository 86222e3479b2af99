"""Layers and activations applied to tensors."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bcelint.inference import builtin_calls, reasons, tensors
from bcelint.inference.guards import Guard
from bcelint.inference.values import (
    NONE,
    Api,
    Argument,
    Arguments,
    Bound,
    Const,
    DictValue,
    Dims,
    Function,
    Instance,
    Layer,
    ListValue,
    Partial,
    Sequence,
    Tensor,
    Unknown,
    Value,
    each,
    unknown_tensor,
)
from bcelint.knowledge import activations, layers
from bcelint.knowledge.domains import Domain
from bcelint.knowledge.layers import Effect, ShapeRule

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi


_MERGES = frozenset(
    {
        Effect.MEAN,
        Effect.ADD,
        Effect.SUBTRACT,
        Effect.MULTIPLY,
        Effect.MAXIMUM,
        Effect.MINIMUM,
        Effect.CONCATENATE,
        Effect.DOT,
    }
)


class LayerCalls:
    """What layers and activations of the tables do to the tensors that they are given."""

    def __init__(self, keras: KerasApi) -> None:
        self.keras = keras
        self.interpreter = keras.interpreter
        # Softmaxes over an axis of length 1, by node, with the path and the assumptions under which they run.
        self.single_softmaxes: dict[int, tuple[Tensor, Guard, set[int]]] = {}
        # Where the heads are made that the file itself squashes after a call of the model.
        self.logit_heads: list[ast.AST | None] = []

    def note_threshold(self, a: Value, b: Value) -> None:
        """``model.predict(x) > 0``: what the model returns is meant as logits."""
        if not (isinstance(a, Tensor) and a.domain is Domain.REAL and isinstance(b, Const)):
            return
        is_zero = b.value == 0 and not isinstance(b.value, bool)
        if is_zero and any(step.kind in ("call", "numpy") for step in a.steps):
            self.logit_heads.append(a.node)

    def call_activation(
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
                return self.keras.over([first.value], lambda v: self._relu(self.keras.as_tensor(v), ceiling, node))
        from_tf = name.startswith(("tf.", "jax.", "torch."))
        return self.keras.over(
            [first.value], lambda v: self.activated(self.keras.as_tensor(v), activation, node, axis, from_tf)
        )

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
            self.logit_heads.append(tensor.node)
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
            self.single_softmaxes[id(node)] = (result, self.interpreter.path, set(self.interpreter.assumed_nodes))
        return result

    def apply_activation(self, value: Value, tensor: Tensor, node: ast.AST | None) -> Value:
        """The tensor behind ``activation=value``."""
        if isinstance(value, Const):
            if value.value is None:
                return tensor
            activation = activations.BY_NAME.get(value.value) if isinstance(value.value, str) else None
            if activation is None:
                return unknown_tensor(reasons.unknown_activation(repr(value.value)), tensor.dims, tensor.last)
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
        return unknown_tensor(reasons.of_activation(value), tensor.dims, tensor.last)

    def apply_layer(self, layer: Layer, arguments: Arguments, node: ast.AST) -> Value:
        """A layer on its input."""
        first = arguments.get("inputs", "input", "x", position=0)
        value: Value = first.value if first is not None else unknown_tensor("a layer's input")
        spec = layer.spec
        if spec is None:
            self.keras.models.escape(value)
            return unknown_tensor(reasons.unknown_layer(layer.api))
        if spec.effect in _MERGES:
            result = self._merge(layer, value, node)
        elif spec.effect is Effect.RECURRENT:
            result = self.keras.over([value], lambda v: self._recurrent(layer, self._single(v)))
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
            activation = layer.argument(spec.activation_parameter)
            unit_value: Value = units.value if units is not None else Unknown("units")
            if spec.length is not None:
                unit_value = Const(spec.length)
            if activation is not None:
                activation_value = activation.value
            elif spec.activation_parameter and not layer.arguments.complete:
                activation_value = Unknown("the activation may be in **kwargs")
            else:
                activation_value = Const(spec.activation) if spec.activation else NONE
            result = self.keras.over(
                [value, unit_value, activation_value],
                lambda v, u, a: self._with_activation(layer, self._single(v), u, a, activation),
            )
        else:
            result = self.keras.over([value], lambda v: self._simple_layer(layer, self._single(v), node))
        name = layer.arguments.keywords.get("name")
        if name is not None and isinstance(name.value, Const) and isinstance(name.value.value, str):
            label = name.value.value
            result = each(result, lambda r: replace(r, name=label) if isinstance(r, Tensor) else r)
        return result

    def _single(self, value: Value) -> Tensor:
        """The one tensor that a layer is given."""
        items = self.keras.items_of(value)
        if items is not None and len(items) == 1:
            value = items[0]
        return self.keras.as_tensor(value) if isinstance(value, (Tensor, Unknown)) else unknown_tensor("several inputs")

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
            return self._noted(
                replace(
                    made,
                    layer=layer,
                    layer_node=layer.node,
                    layer_name=spec.name,
                    argument=written,
                    explicit=written is not None,
                    dtype=_own_dtype(layer),
                )
            )

        return each(result, finish)

    def _affine(self, layer: Layer, spec: layers.Layer, tensor: Tensor, units: Value) -> Tensor:
        length = units.value if isinstance(units, Const) and isinstance(units.value, int) else None
        if isinstance(units, Const) and isinstance(units.value, float) and units.value.is_integer():
            length = int(units.value)
        shaped = self._shaped(layer, spec, tensor)
        if spec.shape is ShapeRule.UNITS:
            shaped = tensors.with_last(tensor, length)
        elif spec.shape is ShapeRule.LENGTH:
            shaped = tensor.shaped(None, length)
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
            dtype=_own_dtype(layer),
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
        if spec.name == "ELU" and (alpha := layer.argument("alpha")) is not None:
            scale = alpha.value.value if isinstance(alpha.value, Const) else None
            if not isinstance(scale, (int, float)):
                return unknown_tensor("an ELU with an unknown alpha", tensor.dims, tensor.last)
            made = tensors.activate(tensor, activations.BY_NAME["elu"], layer.node)
            return self._owned(replace(made, low=-float(scale)), layer, None)
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
        return self._noted(
            replace(
                made,
                layer=below.layer if below else None,
                layer_node=below.layer_node if below else None,
                layer_name=layer.class_name,
                argument=written,
                dtype=_own_dtype(layer),
            )
        )

    def _noted(self, made: Tensor) -> Tensor:
        """The finished tensor of a softmax over one unit takes the place of the one that was noted."""
        noted = self.single_softmaxes.get(id(made.node))
        if noted is not None:
            self.single_softmaxes[id(made.node)] = (made, *noted[1:])
        return made

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
        items = self.keras.items_of(value)
        spec = layer.spec
        assert spec is not None
        repeated = self.keras.repeated_in(value)
        if items is None and repeated is not None and spec.effect is Effect.CONCATENATE:
            return each(repeated, lambda r: self._concatenation_of_many(self.keras.as_tensor(r), layer))
        if items is None:
            return unknown_tensor("a merge of unknown tensors")

        def merge(*parts: Value) -> Value:
            inputs = [self.keras.as_tensor(part) for part in parts]
            if not inputs:
                return unknown_tensor("a merge of nothing")
            shape = inputs[0]
            if spec.effect is Effect.DOT:
                return self._dot(layer, inputs)
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
            if spec.effect is Effect.MEAN and domains == {Domain.SIMPLEX}:
                made = replace(made, domain=Domain.SIMPLEX)
            return made.shaped(shape.dims, shape.last)

        return self.keras.over(items, merge)

    def _concatenation_of_many(self, tensor: Tensor, layer: Layer) -> Tensor:
        """An unknown number of tensors that are all made alike."""
        return tensors.without_shape(tensors.union([tensor, tensor], layer.node))

    def _dot(self, layer: Layer, inputs: list[Tensor]) -> Tensor:
        """``Dot``: products of vectors, or of unit vectors (cosines)."""
        normalize = layer.argument("normalize")
        cosines = builtin_calls.known_truth(normalize.value) if normalize is not None else False
        if len(inputs) != 2 or cosines is None:
            return unknown_tensor("the values of `Dot` are unknown")
        if cosines:
            if not all(tensors.takes_both_signs(each_input) for each_input in inputs):
                return unknown_tensor("the values of `Dot` are unknown")
            return Tensor(Domain.INTERVAL, -1.0, 1.0, node=layer.node, layer_node=layer.node, layer_name="Dot")
        made = tensors.without_shape(self.keras.matrix_product(inputs[0], inputs[1], layer.node))
        return replace(made, layer_name="Dot") if tensors.is_known(made) else made

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
            rate = layer.argument(*spec.parameters, "p", "sigma")
            known = rate.value.value if rate and isinstance(rate.value, Const) else None
            if known == 0:
                return tensor.after("identity", spec.name, layer.node)
            kind = (
                "other" if not isinstance(known, (int, float)) else "dropout" if effect is Effect.DROPOUT else "noise"
            )
            return tensor.after(kind, spec.name, layer.node)
        if effect is Effect.UNIT:
            return replace(tensors.unit_vectors(tensor, layer.node), layer_node=layer.node, layer_name=spec.name)
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
            "own"
            if spec.configured
            else "identity"
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
        items = self.keras.items_of(shape.value) if shape is not None else None
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
        items = self.keras.items_of((batch or shape or Argument(NONE)).value)
        if items is None:
            value = shape.value if shape is not None else NONE
            if isinstance(value, Const) and isinstance(value.value, int):
                items = [value]
            else:
                return unknown_tensor("an input")
        lengths = tuple(i.value if isinstance(i, Const) and isinstance(i.value, int) else None for i in items)
        return unknown_tensor("an input", lengths if batch else (None, *lengths))

    def layer_function(self, spec: layers.LayerFunction, arguments: Arguments, node: ast.AST) -> Value:
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


def _own_dtype(layer: Layer) -> str:
    """The ``dtype`` argument of a layer."""
    given = layer.arguments.keywords.get("dtype")
    if given is None:
        return ""
    value = given.value
    if isinstance(value, Const):
        return value.value if isinstance(value.value, str) else "" if value.value is None else "?"
    return value.name.rpartition(".")[2] if isinstance(value, Api) else "?"
