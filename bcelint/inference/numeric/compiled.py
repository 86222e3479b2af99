"""What graph compilers make of an expression before they run it.

TensorFlow's constant folding and XLA gather the constants of a chain of additions: ``(1 - p) + eps`` becomes
``(1 + eps) - p``, and the sum of the constants is rounded to the dtype of the tensor. Measured in
``tests/numbers/test_rounding.py``.
"""

from __future__ import annotations

from dataclasses import replace

from bcelint.inference.numeric.expressions import Expression, number, rebuild
from bcelint.inference.numeric.floats import round_to


def compiled(root: Expression) -> Expression:
    """The expression as a compiled graph evaluates it."""
    return rebuild(root, _gather)


def _gather(part: Expression) -> Expression:
    """``(c1 ± x) ± c2`` as ``c ± x``, with one constant."""
    if part.operation not in ("add", "subtract") or part.dtype == "float64":
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
