"""What the inputs of a loss can be: their ranges, what their use says of them, and values to try."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from math import inf

from bcelint.inference.numeric.evaluation import evaluate
from bcelint.inference.numeric.expressions import Expression, Input, Role, inputs, rebuild, stripped, walk

# An expression of more inputs than this is left alone.
_MOST_INPUTS = 6
_MOST_COMBINATIONS = 1000

_LOGS = frozenset({"log", "log2", "log10", "log1p"})
_SQUASHES = frozenset({"sigmoid", "softmax", "log_sigmoid", "log_softmax", "softplus", "tanh", "exp"})
_TESTS = frozenset({"equal", "not_equal", "less", "greater", "greater_equal"})
_NEUTRAL = frozenset({"identity", "cast", "stop_gradient", "ones_like", "zeros_like", "multiply", "where", *_TESTS})


def with_implied_ranges(root: Expression) -> Expression:
    """The expression with the ranges that the use of its predictions implies."""
    root = _with_marks(root)
    implied = {
        key: found
        for key, source in inputs(root).items()
        if not source.known and source.role is not Role.LABELS
        for found in [_implied(root, source)]
        if found is not None
    }
    if not implied:
        return root

    def known(part: Expression) -> Expression:
        if part.source is None or part.source.key not in implied:
            return part
        low, high = implied[part.source.key]
        return replace(part, source=replace(part.source, low=low, high=high, known=True))

    return rebuild(root, known)


def _with_marks(root: Expression) -> Expression:
    """The expression with labels that also have the values outside [0, 1] that the loss tests for."""
    marks: dict[Hashable, set[float]] = {}
    for part in walk(root):
        if part.operation not in _TESTS:
            continue
        a, b = (stripped(operand) for operand in part.operands)
        source, limit = (a.source, b) if a.source is not None else (b.source, a)
        if source is None or source.role is not Role.LABELS or limit.operation != "number":
            continue
        value = limit.number
        if part.operation in ("equal", "not_equal") and not 0 <= value <= 1:
            marks.setdefault(source.key, set()).add(value)
        elif part.operation in ("less", "greater_equal") and value <= 0:
            marks.setdefault(source.key, set()).add(value - 1.0)
        elif part.operation == "greater" and value < 0:
            marks.setdefault(source.key, set()).add(value)
    if not marks:
        return root

    def marked(part: Expression) -> Expression:
        if part.source is None or part.source.key not in marks:
            return part
        found = tuple(sorted(marks[part.source.key]))
        low, high = min(part.source.low, *found), max(part.source.high, *found)
        return replace(part, source=replace(part.source, low=low, high=high, marks=found))

    return rebuild(root, marked)


def _implied(root: Expression, source: Input) -> tuple[float, float] | None:
    """[0, 1] for what is used as a probability, any number for what is squashed, ``None`` where that is not known."""
    key = source.key
    if source.role is Role.OTHER:
        # Of what is no prediction only this much is sure: nobody takes the sigmoid of anything but a logit.
        return (-inf, inf) if _only_squashed(root, key) else None
    signs = {_sign_of(part, key) for part in walk(root)}
    if "squashed" in signs or ("scaled" in signs and "probability" not in signs):
        return (-inf, inf)
    if "probability" in signs or ("log" in signs and "elsewhere" not in signs):
        return (0.0, 1.0)
    if any(_is_root_of_hits(part, key) for part in walk(root)):
        return (0.0, 1.0)
    return None


def _is_root_of_hits(part: Expression, key: Hashable) -> bool:
    """Whether this is a fractional power of ``sum(y_true * y_pred)``."""
    if part.operation != "power" or not (part.operands[1].operation == "number" and 0 < part.operands[1].number < 1):
        return False
    base = stripped(part.operands[0])
    product = stripped(base.operands[0]) if base.operation == "sum" else base
    sources = [stripped(operand).source for operand in product.operands] if product.operation == "multiply" else []
    return any(s is not None and s.key == key for s in sources) and any(s and s.role is Role.LABELS for s in sources)


def _only_squashed(root: Expression, key: Hashable) -> bool:
    uses = [p for p in walk(root) if any(_is_input(operand, key) for operand in p.operands)]
    return bool(uses) and all(p.operation in ("sigmoid", "softmax", "log_sigmoid", "log_softmax") for p in uses)


def _sign_of(part: Expression, key: Hashable) -> str:
    """What an operation says of one of its operands, the input ``key``."""
    operands = [stripped(operand) for operand in part.operands]
    if _complements(part, operands, key):
        return "probability"
    if part.operation in _SQUASHES and _scales(operands[0], key):
        return "scaled"
    if not any(_carries(operand, key) for operand in operands):
        return ""
    first, name = operands[0], part.operation
    if name in _SQUASHES or name == "binary_crossentropy_from_logits":
        return "squashed"
    if name == "subtract" and (_is_about_one(first) or first.operation == "ones_like"):
        return "probability"
    if name == "binary_crossentropy" or (name == "clip" and _is_unit_clip(operands)):
        return "probability"
    if name in _LOGS:
        return "log"
    if name == "power" and operands[1].operation == "number" and 0 < operands[1].number < 1:
        return "log"  # nobody takes a root of what can be negative
    if name in _NEUTRAL or _guards(name, operands, numerator=_carries(operands[0], key)):
        return ""
    return "elsewhere"


def _is_about_one(expression: Expression) -> bool:
    """1, or 1 and an epsilon."""
    return expression.operation == "number" and abs(expression.number - 1) <= 0.01


def _complements(part: Expression, operands: list[Expression], key: Hashable) -> bool:
    """Whether this is ``-p + 1`` or ``log1p(-p)``."""
    turned = [o for o in operands if o.operation == "negative" and _carries(o.operands[0], key)]
    return bool(turned) and (
        part.operation == "log1p" or (part.operation == "add" and any(map(_is_about_one, operands)))
    )


def _carries(expression: Expression, key: Hashable) -> bool:
    """Whether the values of an expression are those of an input, kept within bounds or chosen among others."""
    expression = stripped(expression)
    if expression.source is not None:
        return expression.source.key == key
    if expression.operation == "where":
        return any(_carries(branch, key) for branch in expression.operands[1:])
    if expression.operation in ("clip", "maximum", "minimum", "add"):
        kept = [o for o in expression.operands if stripped(o).operation != "number"]
        return len(kept) == 1 and _carries(kept[0], key)
    return False


def _scales(expression: Expression, key: Hashable) -> bool:
    """Whether an expression is an input with another sign or scale (``-y * z``)."""
    expression = stripped(expression)
    if expression.operation in ("negative", "multiply", "divide"):
        return any(_scales(operand, key) or _is_input(operand, key) for operand in expression.operands)
    return False


def _is_input(expression: Expression, key: Hashable) -> bool:
    source = stripped(expression).source
    return source is not None and source.key == key


def _is_unit_clip(operands: list[Expression]) -> bool:
    low, high = operands[1:]
    return low.operation == high.operation == "number" and 0 <= low.number < 0.1 and 0.9 < high.number <= 1


def _guards(name: str, operands: list[Expression], *, numerator: bool) -> bool:
    """Whether an operation only keeps a number off 0, or scales it."""
    numbers = [o.number for o in operands if o.operation == "number"]
    if name == "divide":
        return numerator
    return name in ("add", "maximum", "clip") and bool(numbers) and min(numbers) < 0.1 and max(numbers) <= 1


def values_to_try(source: Input) -> tuple[float, ...]:
    """Values of an input, the ends of its range among them where they occur; empty where nothing is known."""
    if not source.known:
        return ()
    low, high = source.low, source.high
    if source.role is Role.LABELS:
        return (0.0, 1.0, *source.marks)
    if low == -inf and high == inf:
        return (200.0, -200.0, 0.0, 1.0, -1.0, 30.0, -30.0)
    ends = [end for end in (low, high) if abs(end) < inf and source.attained]
    inner = [x for x in (0.5, 0.0, 1.0, -1.0, 200.0, -200.0) if low < x < high]
    return tuple(dict.fromkeys((*ends, *inner)))


def assignments(
    sources: Iterable[Input], guess: Callable[[Input], tuple[float, ...]]
) -> Iterator[dict[Hashable, float]]:
    """Every combination of values to try, without the inputs of which nothing is known; none for too many inputs."""
    chosen = [source for source in sources if guess(source)]
    if len(chosen) > _MOST_INPUTS:
        return
    guesses = [guess(source) for source in chosen]
    most = max(int(_MOST_COMBINATIONS ** (1 / max(len(guesses), 1))), 2)
    for combination in itertools.product(*(values[:most] for values in guesses)):
        yield {source.key: value for source, value in zip(chosen, combination, strict=True)}


def holds(test: Expression, values: dict[Hashable, float], wanted: bool) -> bool:
    """Whether a test comes out as wanted; one that cannot be computed may."""
    found = evaluate(test, values)
    return found is None or bool(found) is wanted
