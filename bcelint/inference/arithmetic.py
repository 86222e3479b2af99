"""Writes down how tensors are computed: the expression of the result of each operator and function."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from bcelint.inference.numeric import expressions
from bcelint.inference.numeric.expressions import Expression, Input, Role
from bcelint.inference.numeric.intervals import bound
from bcelint.inference.values import (
    Api,
    Argument,
    Arguments,
    Const,
    ListValue,
    Method,
    Sequence,
    Tensor,
    Unknown,
    Value,
    opaque,
    unknown_tensor,
)
from bcelint.knowledge import operations
from bcelint.knowledge.domains import Domain, Family
from bcelint.knowledge.operations import Operation

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi
    from bcelint.inference.values import Loss

# Activations whose lower bound is only reached by underflow.
_OPEN_BELOW = frozenset({"softplus", "exponential"})
_DTYPES = {"half": "float16", "double": "float64", "int": "int32", "bool_": "bool"}
_ALL_AXES = "all"
_UNKNOWN_AXIS = "unknown"


class Arithmetic:
    """Expressions of tensors. ``floatx`` and ``epsilon`` are those of ``keras.backend`` (``None``: not known)."""

    def __init__(self, keras: KerasApi) -> None:
        self.keras = keras
        self.floatx = "float32"
        self.epsilon: float | None = 1e-7

    def expression_of(self, value: Value) -> Expression | None:
        """How a value was computed, ``None`` for what is no number and no tensor."""
        if isinstance(value, Const):
            if isinstance(value.value, (bool, int, float)) and abs(value.value) < inf:
                return expressions.number(value.value, value.node, literals=value.literals)
            return None
        if isinstance(value, Tensor):
            if value.expression is not None:
                return value.expression
            if value.literal and value.low == value.high:
                return expressions.number(value.low, value.node, weak=False, dtype=self.floatx)
            return expressions.of_input(self._input(value), value.node)
        if isinstance(value, Unknown):
            return expressions.of_input(Input(value.key, name=value.why, dtype=""))
        return None

    def _input(self, tensor: Tensor) -> Input:
        known, low, high, role = tensor.domain is not Domain.UNKNOWN, tensor.low, tensor.high, tensor.role
        if role is Role.LABELS or (tensor.labels and tensor.labels != "sparse"):
            known, low, high = True, 0.0, 1.0
        elif role is Role.OTHER and known and tensor.layer_node is not None:
            role = Role.PREDICTION
        return Input(
            ("tensor", tensor.serial),
            role,
            low,
            high,
            known=known,
            attained=tensor.activation not in _OPEN_BELOW,
            simplex=tensor.domain is Domain.SIMPLEX,
            dtype="" if role is not Role.OTHER and self.floatx == "float32" else self.floatx,
            name=tensor.name or "",
        )

    # --- operators ----------------------------------------------------------------------------------------------------

    def operator(self, name: str, operands: list[Value], result: Value, node: ast.AST) -> Value:
        """The result of a Python operator, with how it was computed."""
        operation = operations.OPERATORS.get(name)
        return self.computed(operation, operands, result, node) if operation else self.hidden(operands, result, node)

    def computed(
        self,
        operation: str | None,
        operands: list[Value],
        result: Value,
        node: ast.AST,
        *,
        axis: object = None,
        dtype: str = "",
        api: str = "",
    ) -> Value:
        """``result``, as computed by an operation on ``operands``."""
        if not isinstance(result, Tensor):
            return result
        parts = [self.expression_of(operand) for operand in operands]
        known = [part for part in parts if part is not None]
        if operation is None or len(known) != len(parts):
            return replace(result, expression=None)
        made = expressions.apply(
            operation, *known, node=node, function=self._function(), dtype=dtype, axis=axis, api=api
        )
        return replace(result, expression=made)

    def _function(self) -> ast.AST | None:
        function = self.keras.interpreter.frames[-1].function
        return function.node if function is not None else None

    def hidden(self, values: list[Value], result: Value, node: ast.AST) -> Value:
        """The result of something unknown on computed tensors: what was computed is part of it."""
        parts = [v.expression for v in values if isinstance(v, Tensor) and v.expression is not None]
        if not any(p.operation in _MAY_FAIL for part in parts for p in expressions.walk(part)):
            return opaque(result)
        made = result if isinstance(result, Tensor) else unknown_tensor("an unknown function")
        whole = expressions.apply("opaque", *parts, node=node, function=self._function(), dtype=self.floatx)
        source = self._input(replace(made, expression=None))
        return replace(made, expression=replace(whole, source=source))

    def total(self, values: list[Value], node: ast.AST) -> Value:
        """``sum([a, b])``, ``tf.add_n([a, b])``."""
        result = values[0]
        for value in values[1:]:
            result = self.keras.binary("Add", result, value, node)
        return result

    def comparison(self, name: str, left: Value, right: Value, node: ast.AST) -> Value:
        """A comparison of tensors, element by element."""
        return self.operator(name, [left, right], unknown_tensor("a comparison"), node)

    # --- functions ----------------------------------------------------------------------------------------------------

    def function(self, name: str, arguments: Arguments, node: ast.AST, call: Callable[[Arguments], Value]) -> Value:
        """A function of the table, for every alternative of its operands; ``call`` gives its result."""
        operation = operations.OPERATIONS[name]
        found = [arguments.get(*names.split("|"), position=i) for i, names in enumerate(operation.parameters)]
        given = [argument for argument in found if argument is not None]

        def compute(*values: Value) -> Value:
            chosen = _with_values(arguments, dict(zip(map(id, given), values, strict=True)))
            result = call(chosen)
            if len(given) != len(found):
                return self.computed(None, [], result, node)
            return self._result(name, operation, list(values), arguments, result, node)

        return self.keras.over([argument.value for argument in given], compute)

    def _result(
        self, name: str, operation: Operation, values: list[Value], arguments: Arguments, result: Value, node: ast.AST
    ) -> Value:
        if not isinstance(result, Tensor) and not any(isinstance(value, Tensor) for value in values):
            return result
        if isinstance(result, Unknown):
            result = unknown_tensor(result.why)
        axis = self._axis(arguments.get("axis", "reduction_indices", position=1)) if operation.reduces else None
        if operation.name == "softmax":
            return self._softmax(values[0], result, node)
        if operation.name == "part":
            return self.part(values[0], [arguments.positional[-1].value.key] if arguments.positional else [], result)
        if operation.name == "one_hot":
            return self._one_hot(values[0], result, node)
        if operation.name == "identity" and "dtype" in arguments.keywords:
            arguments = replace(arguments, positional=arguments.positional[:1])
            return self._cast("", values[0], arguments, result, node)
        if operation.name == "cast":
            return self._cast(name, values[0], arguments, result, node)
        if name == "builtins.round":
            axis = None
        dtype = "float64" if name.startswith("np.") and not any(_is_float32(v) for v in values) else ""
        return self.computed(operation.name, values, result, node, axis=axis, dtype=dtype, api=name)

    def _softmax(self, value: Value, result: Value, node: ast.AST) -> Value:
        """A softmax: whatever goes in, each element is in [0, 1]."""
        inner = self.expression_of(value)
        if not isinstance(result, Tensor) or inner is None:
            return result
        role = Role.PREDICTION if any(s.role is Role.PREDICTION for s in expressions.origins(inner)) else Role.OTHER
        source = Input(
            ("softmax", id(inner)), role, 0.0, 1.0, known=role is Role.PREDICTION, simplex=True, dtype=self.floatx
        )
        found = bound(inner)
        if found.high < inf and found.low > -inf:
            source = replace(source, attained=False)  # of bounded logits no class gets 0
        made = expressions.apply("softmax", inner, node=node, function=self._function())
        return replace(result, expression=replace(made, source=source, dtype=self.floatx))

    def _one_hot(self, value: Value, result: Value, node: ast.AST) -> Value:
        """One-hot vectors: each element is 0 or 1."""
        inner = self.expression_of(value)
        if not isinstance(result, Tensor) or inner is None:
            return result
        made = expressions.apply("one_hot", inner, node=node, function=self._function(), dtype=self.floatx)
        is_labels = any(s.role is Role.LABELS for s in expressions.origins(inner))
        role = Role.LABELS if is_labels else Role.OTHER
        source = Input(("one_hot", id(inner)), role, 0.0, 1.0, known=is_labels, dtype="")
        return replace(result, expression=replace(made, source=source))

    def _cast(self, name: str, value: Value, arguments: Arguments, result: Value, node: ast.AST) -> Value:
        fixed = {"tf.to_float": "float32", "tf.to_double": "float64", "keras.backend.cast_to_floatx": self.floatx}
        target = arguments.get("dtype", position=1)
        dtype = fixed.get(name) or (self.dtype_named(target.value) if target is not None else "")
        operation = "integer" if dtype in operations.INTEGERS else "cast"
        return self.computed(operation, [value], result, node, dtype=dtype if dtype in operations.FLOATS else "")

    def dtype_named(self, value: Value) -> str:
        """``float32`` for ``tf.float32``, ``"float32"``, ``np.float32``; empty for what is not known."""
        if isinstance(value, Const) and isinstance(value.value, str):
            return value.value
        name = value.name.rpartition(".")[2] if isinstance(value, Api) else ""
        if isinstance(value, Method) and isinstance(value.owner, Tensor) and value.name == "dtype":
            inner = self.expression_of(value.owner)
            return inner.dtype if inner is not None else ""
        return _DTYPES.get(name, name)

    def _axis(self, argument: Argument | None) -> object:
        if argument is None:
            return _ALL_AXES
        if isinstance(argument.value, Const):
            return _ALL_AXES if argument.value.value is None else argument.value.value
        items = self.keras.items_of(argument.value) if isinstance(argument.value, (ListValue, Sequence)) else None
        if items is not None and all(isinstance(item, Const) for item in items):
            return tuple(item.value for item in items if isinstance(item, Const))
        return _UNKNOWN_AXIS

    def method(self, owner: Tensor, name: str, arguments: Arguments, result: Value, node: ast.AST) -> Value:
        """A method of a tensor or array."""
        if not isinstance(result, Tensor):
            return result
        operation = operations.METHODS.get(name)
        values: list[Value] = [owner]
        if operation == "clip":
            values += [argument.value for argument in arguments.positional[:2]]
        if operation == "cast":
            return self._cast("", owner, Arguments((Argument(owner), *arguments.positional)), result, node)
        axis = self._axis(arguments.get("axis", position=0)) if operation in _REDUCTIONS else None
        return self.computed(operation, values, result, node, axis=axis)

    # --- parts --------------------------------------------------------------------------------------------------------

    def part(self, whole: Value, picked: list[object], result: Value) -> Value:
        """Some of the elements of a tensor: the same computation on the same parts of its inputs."""
        if not isinstance(result, Tensor) or not isinstance(whole, Tensor):
            return result
        expression = self.expression_of(whole)
        if expression is None or any(p.operation in _REDUCTIONS for p in expressions.walk(expression)):
            return replace(result, expression=None)
        if any(not _is_constant(pick) for pick in picked) and not any(
            source.role is not Role.OTHER and isinstance(source.key, tuple) and "given" in source.key
            for source in expressions.inputs(expression).values()
        ):
            # The element of an action that was drawn, for example: not any of them.
            return replace(result, expression=expressions.of_input(Input(("picked", result.serial))))

        def take(each_part: Expression) -> Expression:
            source = each_part.source
            if source is None:
                return each_part
            taken = replace(source, key=("part", source.key, tuple(picked)), simplex=False)
            return replace(each_part, source=taken)

        return replace(result, expression=expressions.rebuild(expression, take))

    # --- losses -------------------------------------------------------------------------------------------------------

    def loss(self, loss: Loss, labels: Value, prediction: Value, node: ast.AST) -> Tensor:
        """The value of a loss of the table."""
        family, made = loss.spec.family, unknown_tensor("a loss")
        if loss.spec.configured:
            operation = "opaque"
        elif family is Family.BINARY and "ocal" not in loss.spec.name and loss.from_logits is not None:
            operation = "binary_crossentropy_from_logits" if loss.from_logits else "binary_crossentropy"
            if loss.spec.name.startswith("weighted"):
                operation = "loss"
        elif family is Family.SPARSE:
            operation = "sparse_loss"
        elif family is Family.OTHER:
            operation = "opaque"
        else:
            operation = "loss"
        per_example = loss.api.startswith(("keras.losses.", "keras.metrics.", "tf.losses.", "tf.metrics."))
        axis = _ALL_AXES if loss.spelling in ("class", "string") else -1 if per_example else None
        computed = self.computed(operation, [labels, prediction], made, node, axis=axis)
        assert isinstance(computed, Tensor)
        return computed

    def given(self, role: Role, why: str, name: str, like: Value | None = None) -> Tensor:
        """A tensor that a custom loss is given."""
        base = like if isinstance(like, Tensor) else unknown_tensor(why)
        tensor = replace(base, role=role, name=name or base.name, expression=None)
        source = replace(self._input(tensor), key=("given", role.value, tensor.serial), name=name)
        return replace(tensor, expression=expressions.of_input(source))


# Operations that can leave the numbers.
_MAY_FAIL = frozenset({"log", "log1p", "log2", "log10", "xlogy", "divide", "power", "where"})
_REDUCTIONS = frozenset({"sum", "mean", "max", "min", "product"})


def _is_constant(pick: object) -> bool:
    return isinstance(pick, tuple) and pick[:1] == ("const",)


def _is_float32(value: Value) -> bool:
    return (
        isinstance(value, Tensor) and value.expression is not None and value.expression.dtype in ("float32", "float16")
    )


def _with_values(arguments: Arguments, values: dict[int, Value]) -> Arguments:
    """The arguments with other values for some of them."""

    def changed(argument: Argument) -> Argument:
        value = values.get(id(argument))
        return argument if value is None or value is argument.value else replace(argument, value=value)

    return replace(
        arguments,
        positional=tuple(changed(argument) for argument in arguments.positional),
        keywords={name: changed(argument) for name, argument in arguments.keywords.items()},
    )
