"""Loss code as expressions: what is computed from which inputs, whatever names and functions it went through."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

# What is nested deeper than this is an input of its own: no loss that people write is.
MAX_DEPTH = 120


class Role(str, Enum):
    """What an input of a loss is to it."""

    LABELS = "labels"
    PREDICTION = "prediction"
    OTHER = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """A tensor that an expression starts from.

    Attributes:
        key: equal for the same tensor.
        marks: further values that it has, if the loss tests for them: labels of -1, for example.
        low, high: bounds of its elements; ``attained`` says whether the finite ones are values that occur.
        known: whether the bounds are known at all.
        simplex: whether its elements sum to 1 over the last axis.
    """

    key: Hashable
    role: Role = Role.OTHER
    low: float = -inf
    high: float = inf
    known: bool = False
    attained: bool = True
    simplex: bool = False
    dtype: str = "float32"
    name: str = ""
    marks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """An operation on expressions, an input, or a number.

    Attributes:
        operation: ``number``, ``input`` or a name of ``knowledge.operations``.
        literals: of a number: where it, or what it was computed from, is written.
        weak: of a number: a Python number, which takes the dtype of the tensor it meets.
        api: the canonical name of the function that was called; empty for an operator.
        node: the syntax that made it, and ``function`` the function body that this stands in.
    """

    operation: str
    operands: tuple[Expression, ...] = ()
    number: float = 0.0
    literals: tuple[ast.AST, ...] = ()
    source: Input | None = None
    dtype: str = ""
    axis: object = None
    weak: bool = False
    api: str = ""
    node: ast.AST | None = None
    function: ast.AST | None = None
    depth: int = field(default=1)


def number(
    value: float,
    node: ast.AST | None = None,
    *,
    weak: bool = True,
    dtype: str = "",
    literals: tuple[ast.AST, ...] = (),
) -> Expression:
    return Expression("number", number=float(value), weak=weak, dtype=dtype, node=node, literals=literals)


def of_input(source: Input, node: ast.AST | None = None) -> Expression:
    return Expression("input", source=source, dtype=source.dtype, node=node)


def apply(
    operation: str,
    *operands: Expression,
    node: ast.AST | None = None,
    function: ast.AST | None = None,
    dtype: str = "",
    axis: object = None,
    api: str = "",
) -> Expression:
    """An operation on operands; its dtype is that of its tensors unless it is given."""
    depth = 1 + max((operand.depth for operand in operands), default=0)
    own = dtype or next((o.dtype for o in operands if not o.weak and o.dtype), "")
    if depth > MAX_DEPTH:
        return of_input(Input(("deep", id(node)), dtype=own or "float32"), node)
    return Expression(operation, operands, dtype=own, axis=axis, api=api, node=node, function=function, depth=depth)


def walk(root: Expression) -> Iterator[Expression]:
    """Every expression below ``root`` and itself, each once, operands first."""
    seen: set[int] = set()
    stack: list[tuple[Expression, bool]] = [(root, False)]
    while stack:
        expression, done = stack.pop()
        if done:
            yield expression
        elif id(expression) not in seen:
            seen.add(id(expression))
            stack.append((expression, True))
            stack += [(operand, False) for operand in expression.operands]


def exceeds(root: Expression, most: int) -> bool:
    """Whether an expression has more parts than ``most``."""
    return next(itertools.islice(walk(root), most, None), None) is not None


def inputs(root: Expression) -> dict[Hashable, Input]:
    """The inputs whose values an expression is computed from, by their keys.

    What lies below an operation that is an input itself (a softmax, say) is not among them.
    """
    found: dict[Hashable, Input] = {}
    seen: set[int] = set()
    stack = [root]
    while stack:
        part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if part.source is not None:
            found.setdefault(part.source.key, part.source)
        else:
            stack += reversed(part.operands)
    return found


def predicts(root: Expression) -> bool:
    """Whether an expression is computed from a prediction."""
    return any(source.role is Role.PREDICTION for source in inputs(root).values())


def origins(root: Expression) -> list[Input]:
    """All inputs below an expression, those below others as well."""
    return [part.source for part in walk(root) if part.source is not None]


def rebuild(root: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The expression with ``change`` applied to every part, operands first."""
    done: dict[int, Expression] = {}
    for part in walk(root):
        operands = tuple(done[id(operand)] for operand in part.operands)
        same = all(a is b for a, b in zip(operands, part.operands, strict=True))
        done[id(part)] = change(part if same else replace(part, operands=operands))
    return done[id(root)]


def stripped(expression: Expression) -> Expression:
    """The expression below operations that keep the values."""
    while expression.operation in ("identity", "cast", "stop_gradient"):
        expression = expression.operands[0]
    return expression
