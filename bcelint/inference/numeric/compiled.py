"""What graph compilers make of an expression before they run it.

TensorFlow's constant folding and XLA gather the constants of a chain of additions: ``(1 - p) + eps`` becomes
``(1 + eps) - p``, and the sum of the constants is rounded to the dtype of the tensor. In float16 only XLA does, in
bfloat16 neither. TensorFlow also multiplies by the reciprocal of a constant instead of dividing by it, and takes
``log1p`` and ``expm1`` where they are written out. What keeps the values is looked through: an identity by both, a
reshape by XLA. Measured in ``tests/numbers/test_rounding.py`` and ``tests/inference/numeric/test_compiled.py``.

Not here, because it moves no more than the last bits of what losses compute: the constants of products are gathered as
well, sums of tensors get another order, and in a graph ``(a - b) + c`` may become ``a - (b - c)``.
"""

from __future__ import annotations

from dataclasses import replace

from bcelint.inference.numeric.evaluation import FUNCTIONS
from bcelint.inference.numeric.expressions import Expression, number, rebuild
from bcelint.inference.numeric.floats import round_to


def compiled(root: Expression) -> Expression:
    """The expression as a compiled graph evaluates it."""
    return rebuild(root, _rewritten)


def _rewritten(part: Expression) -> Expression:
    match part.operation:
        case "add" | "subtract":
            return _gather(_minus_one(part))
        case "divide":
            return _times_reciprocal(part)
        case "log":
            return _log_of_one_plus(part)
        case "ones_like" | "zeros_like":
            dtype = part.dtype or "float32"
            return number(1.0 if part.operation == "ones_like" else 0.0, part.node, weak=False, dtype=dtype)
        case "identity" | "stop_gradient":
            return part.operands[0]
        case "cast" if part.dtype == part.operands[0].dtype:
            return part.operands[0]
    return part


def _gather(part: Expression) -> Expression:
    """``(c1 ± x) ± c2`` as ``c ± x``, with one constant."""
    if part.operation not in ("add", "subtract") or part.dtype == "bfloat16":
        return part
    outer = _constant_and_rest(part)
    if outer is None:
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


def _times_reciprocal(part: Expression) -> Expression:
    """``x / c`` as ``x * (1 / c)``."""
    x, divisor = part.operands
    if x.operation == "number" or divisor.operation != "number":
        return part
    dtype = part.dtype or "float32"
    factor = round_to(FUNCTIONS["divide"](1.0, round_to(divisor.number, dtype)), dtype)
    return replace(part, operation="multiply", operands=(x, number(factor, part.node, weak=False, dtype=dtype)))


def _log_of_one_plus(part: Expression) -> Expression:
    """``log(1 + x)`` as ``log1p(x)``."""
    found = _constant_and_rest(part.operands[0]) if part.operands[0].operation == "add" else None
    return replace(part, operation="log1p", operands=(found[2],)) if found is not None and found[0] == 1 else part


def _minus_one(part: Expression) -> Expression:
    """``exp(x) - 1`` as ``expm1(x)``."""
    first, second = part.operands
    if part.operation == "subtract" and first.operation == "exp" and second.number == 1 and not second.operands:
        return replace(part, operation="expm1", operands=first.operands)
    return part
