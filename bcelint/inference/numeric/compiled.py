"""What graph compilers make of an expression before they run it.

TensorFlow's constant folding and XLA gather the constants of a chain of additions: ``(1 - p) + eps`` becomes
``(1 + eps) - p``, and the sum of the constants is rounded to the dtype of the tensor. In float16 only XLA does, in
bfloat16 neither. Identities and negations in the chain do not prevent it, nor for XLA a reshape. TensorFlow also
multiplies by the reciprocal of a constant instead of dividing by it, and takes ``log1p`` and ``expm1`` where they are
written out. Measured in ``tests/numbers/test_rounding.py`` and ``tests/inference/numeric/test_compiled.py``.

Not here, because it moves no more than the last bits of what losses compute: constants of products are gathered as
well, sums of tensors or of three constants get another order, and ``(a - b) + c`` may become ``a - (b - c)``.
"""

from __future__ import annotations

from dataclasses import replace

from bcelint.inference.numeric.evaluation import FUNCTIONS
from bcelint.inference.numeric.expressions import Expression, number, rebuild
from bcelint.inference.numeric.floats import round_to


def compiled(root: Expression) -> Expression:
    """The expression as a compiled graph evaluates it."""
    return rebuild(rebuild(root, _folded), _named)


def _folded(part: Expression) -> Expression:
    match part.operation:
        case "add" | "subtract":
            return _gather(_without_negation(part))
        case "divide":
            return _without_division(part)
        case "ones_like" | "zeros_like":
            dtype = part.dtype or "float32"
            return number(1.0 if part.operation == "ones_like" else 0.0, part.node, weak=False, dtype=dtype)
        case "identity" | "stop_gradient":
            return part.operands[0]
        case "cast" if part.dtype == part.operands[0].dtype:
            return part.operands[0]
    return part


def _named(part: Expression) -> Expression:
    """``log(1 + x)`` as ``log1p(x)``, ``exp(x) - 1`` as ``expm1(x)``."""
    if part.operation == "log" and part.operands[0].operation == "add":
        found = _constant_and_rest(part.operands[0])
        if found is not None and found[0] == 1:
            return replace(part, operation="log1p", operands=(found[2],))
    if part.operation == "subtract":
        first, second = part.operands
        if first.operation == "exp" and second.operation == "number" and second.number == 1:
            return replace(part, operation="expm1", operands=first.operands)
    return part


def _gather(part: Expression) -> Expression:
    """``(c1 ± x) ± c2`` as ``c ± x``, with one constant."""
    outer = _constant_and_rest(part)
    if outer is None or part.dtype == "bfloat16":
        return part
    constant, sign, rest = outer
    inner = _constant_and_rest(rest) if rest.operation in ("add", "subtract") else None
    if inner is None:
        return part
    dtype = part.dtype or "float32"
    inner_constant, inner_sign, term = inner
    total = round_to(round_to(constant, dtype) + sign * round_to(inner_constant, dtype), dtype)
    operation = "add" if sign * inner_sign > 0 else "subtract"
    return replace(part, operation=operation, operands=(number(total, part.node, weak=False, dtype=dtype), term))


def _constant_and_rest(part: Expression) -> tuple[float, int, Expression] | None:
    """A sum or difference with one constant as (constant, sign of the rest, rest)."""
    a, b = part.operands
    if a.operation == "number" and b.operation != "number":
        return a.number, 1 if part.operation == "add" else -1, b
    if b.operation == "number" and a.operation != "number":
        return (b.number if part.operation == "add" else -b.number), 1, a
    return None


def _without_negation(part: Expression) -> Expression:
    """``a + (-b)`` as ``a - b``, ``a - (-b)`` as ``a + b``."""
    a, b = part.operands
    if b.operation == "negative":
        opposite = "subtract" if part.operation == "add" else "add"
        return _without_negation(replace(part, operation=opposite, operands=(a, b.operands[0])))
    if a.operation == "negative" and part.operation == "add":
        return _without_negation(replace(part, operation="subtract", operands=(b, a.operands[0])))
    return part


def _without_division(part: Expression) -> Expression:
    """``x / c`` as ``x * (1 / c)``, and ``1 / x`` as the reciprocal of x."""
    x, divisor = part.operands
    dtype = part.dtype or "float32"
    if x.operation == "number" and round_to(x.number, dtype) == 1:
        return replace(part, operation="reciprocal", operands=(divisor,))
    if x.operation == "number" or divisor.operation != "number":
        return part
    factor = round_to(FUNCTIONS["divide"](1.0, round_to(divisor.number, dtype)), dtype)
    return replace(part, operation="multiply", operands=(x, number(factor, part.node, weak=False, dtype=dtype)))
