"""Python's own operators and functions on abstract values."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from bcelint.inference.values import (
    Api,
    Choice,
    Class,
    Const,
    DictValue,
    Function,
    Instance,
    Layer,
    ListValue,
    Loss,
    Metric,
    Model,
    Sequence,
    Tensor,
    Unknown,
    Value,
)

_BIG = 1e18
_LONG = 10_000
_MOST_LITERALS = 8


def is_plain(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def known_truth(value: Value) -> bool | None:
    """Whether a value is true, where that is certain."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Sequence):
        return bool(value.items)
    if isinstance(value, ListValue):
        items = value.store["items"]
        return bool(items.items) if isinstance(items, Sequence) else None
    if isinstance(value, DictValue):
        return True if any(key != "*" for key in value.store) else None if "*" in value.store else False
    return True if _is_object(value) and not isinstance(value, Tensor) else None


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
}

_OBJECTS = (Class, Function, Instance, Layer, Loss, Metric, Model, ListValue, DictValue, Sequence, Tensor)


# What is imported from elsewhere may be a constant; these packages hold classes and functions.
_OF_OBJECTS = (
    "builtins.",
    "keras.Model",
    "keras.Sequential",
    "keras.activations.",
    "keras.applications.",
    "keras.initializers.",
    "keras.layers.",
    "keras.losses.",
    "keras.metrics.",
    "keras.models.",
    "keras.optimizers.",
    "keras.regularizers.",
    "tf.nn.",
)


def _is_object(value: Value) -> bool:
    """Whether a value is certainly neither ``None`` nor a plain constant."""
    return isinstance(value, _OBJECTS) or (isinstance(value, Api) and value.name.startswith(_OF_OBJECTS))


def known_comparison(name: str, a: Value, b: Value) -> bool | None:
    """The outcome of ``a op b``, where that is certain."""
    if isinstance(a, Const) and isinstance(b, Const):
        if name in ("In", "NotIn"):
            try:
                return (a.value in b.value) is (name == "In")
            except TypeError:
                return None
        if name in ("Is", "IsNot"):
            same = a.value is b.value or (type(a.value) is type(b.value) and a.value == b.value)
            return same is (name == "Is")
        try:
            return bool(_ORDER[name](a.value, b.value))
        except (TypeError, KeyError):
            return None
    # An object is not None and no string.
    for one, other in ((a, b), (b, a)):
        if (
            isinstance(one, Const)
            and is_plain(one.value)
            and _is_object(other)
            and name in ("Eq", "NotEq", "Is", "IsNot")
        ):
            if isinstance(other, Tensor) and one.value is not None:
                return None
            return name in ("NotEq", "IsNot")
    if name in ("In", "NotIn"):
        members = constant_members(b)
        if members is not None and isinstance(a, Const):
            return (a.value in members) is (name == "In")
        if isinstance(b, DictValue) and isinstance(a, Const):
            if repr(a.value) in b.store:
                return name == "In"
            return None if "*" in b.store else name == "NotIn"
    return None


def constant_members(value: Value) -> tuple[object, ...] | None:
    """The members of a sequence of plain constants."""
    if isinstance(value, ListValue):
        value = value.store["items"]
    if isinstance(value, Sequence) and all(isinstance(i, Const) and is_plain(i.value) for i in value.items):
        return tuple(item.value for item in value.items if isinstance(item, Const))
    return None


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
}


def fold(name: str, a: Const, b: Const, node: ast.AST) -> Value:
    """Arithmetic on constants, within bounds that keep numbers and strings small."""
    x, y = a.value, b.value
    numbers = isinstance(x, (int, float)) and isinstance(y, (int, float))
    if numbers and name in _ARITHMETIC:
        if abs(x) > _BIG or abs(y) > _BIG or (name == "Pow" and (abs(x) > 1000 or abs(y) > 64)):
            return Unknown("a large number")
        try:
            result = _ARITHMETIC[name](x, y)
        except (ArithmeticError, TypeError, ValueError):
            return Unknown("arithmetic")
        if isinstance(result, complex):
            return Unknown("arithmetic")
        return Const(result, node, (*a.literals, *b.literals)[:_MOST_LITERALS])
    if isinstance(x, str) and isinstance(y, str) and name == "Add" and len(x) + len(y) < _LONG:
        return Const(x + y, node)
    return Unknown("an expression", (name, a.key, b.key))


def negate(value: Const, node: ast.AST) -> Value:
    return Const(-value.value, node, value.literals) if isinstance(value.value, (int, float)) else Unknown("negation")


def is_generator(node: ast.AST) -> bool:
    """Whether a function's own body (not a nested one) has a ``yield``."""
    stack: list[ast.AST] = list(getattr(node, "body", ())) if not isinstance(node, ast.Lambda) else []
    while stack:
        child = stack.pop()
        if isinstance(child, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            stack += ast.iter_child_nodes(child)
    return False


def numbers_in(value: Value) -> list[float] | None:
    """All numbers of a literal nested list or tuple (``[[1, 0], [0.5, 2]]``), or ``None`` where one is unknown."""
    if isinstance(value, Const):
        if isinstance(value.value, (bool, int, float)) and not math.isnan(float(value.value)):
            return [float(value.value)]
        return None
    if isinstance(value, ListValue):
        value = value.store["items"]
    if not isinstance(value, Sequence):
        return None
    result: list[float] = []
    for item in value.items:
        inner = numbers_in(item)
        if inner is None:
            return None
        result += inner
    return result


def literal_shape(value: Value) -> tuple[int | None, ...] | None:
    """The shape of a literal nested list, as far as its first elements tell."""
    shape: list[int | None] = []
    while isinstance(value, (ListValue, Sequence)):
        items = value.store["items"] if isinstance(value, ListValue) else value
        if not isinstance(items, Sequence):
            return None
        shape.append(len(items.items))
        if not items.items:
            break
        value = items.items[0]
    return tuple(shape)


def plain_options(value: Value) -> list[Value]:
    return [option for _, option in value.options] if isinstance(value, Choice) else [value]
