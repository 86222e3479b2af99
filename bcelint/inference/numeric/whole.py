"""What a loss does as a whole: its sign, its gradient, and how much of a batch it makes one number of."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import pairwise
from math import isnan

from bcelint.inference.numeric.evaluation import evaluate
from bcelint.inference.numeric.expressions import Expression, Input, Role, inputs, origins, predicts, stripped, walk
from bcelint.knowledge.operations import WITHOUT_GRADIENT

# --- sign -------------------------------------------------------------------------------------------------------------

_GRID = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
_UNKNOWN_NUMBERS = (0.25, 1.0, 2.0)
_LEAST_CHANGE = 1e-3


def falls_when_worse(root: Expression) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """For which labels a cross-entropy gets smaller as the prediction gets worse, with two of its values."""
    found = inputs(root)
    predictions = [s for s in found.values() if s.role is Role.PREDICTION]
    labels = [s for s in found.values() if s.role is Role.LABELS]
    others = [s for s in found.values() if s.role is Role.OTHER]
    if len(predictions) != 1 or len(labels) != 1:
        return (), ()
    if predictions[0].low < 0 or predictions[0].high > 1:
        return (), ()
    wrong: list[tuple[int, ...]] = []
    values: tuple[float, ...] = ()
    for number in _UNKNOWN_NUMBERS if others else (1.0,):
        fixed = {source.key: number for source in others}
        curves = {
            label: [evaluate(root, {**fixed, labels[0].key: float(label), predictions[0].key: p}) for p in _GRID]
            for label in (1, 0)
        }
        worse = tuple(
            label
            for label, curve in curves.items()
            if _falls_when_worse(label, curve) and _has_log_of(root, fixed, labels[0], predictions[0], label)
        )
        if worse:
            shown = curves[worse[0]]
            values = tuple(v for v in ((shown[-1], shown[0]) if worse[0] else (shown[0], shown[-1])) if v is not None)
        wrong.append(worse)
    return (wrong[0], values) if wrong[0] and all(w == wrong[0] for w in wrong) else ((), ())


def _falls_when_worse(label: int, curve: list[float | None]) -> bool:
    numbers = [v for v in curve if v is not None and not isnan(v)]
    if len(numbers) != len(curve):
        return False
    towards_worse = numbers[::-1] if label else numbers
    steps = [b - a for a, b in pairwise(towards_worse)]
    return all(step < 0 for step in steps) and -sum(steps) > _LEAST_CHANGE


def _has_log_of(root: Expression, fixed: dict[Hashable, float], labels: Input, prediction: Input, label: int) -> bool:
    """Whether a loss has a log that says how well a label is predicted: of p for 1, of 1 - p for 0.

    Without the second, a loss is one of several classes, where the other ones pull p down.
    """
    for part in walk(root):
        if part.operation == "binary_crossentropy" and prediction.key in inputs(part):
            return True
        if part.operation in ("log", "log1p", "xlogy") and prediction.key in inputs(part):
            argument = part.operands[-1]
            low, high = (
                evaluate(argument, {**fixed, labels.key: float(label), prediction.key: p})
                for p in (_GRID[1], _GRID[-2])
            )
            if low is not None and high is not None and (low < high if label else low > high):
                return True
    return False


def is_asymmetric(root: Expression) -> bool:
    """Whether a loss comes out differently when labels and prediction change places."""
    found = inputs(root)
    predictions = [s for s in found.values() if s.role is Role.PREDICTION]
    labels = [s for s in found.values() if s.role is Role.LABELS]
    if len(predictions) != 1 or len(labels) != 1:
        return False
    fixed = {source.key: 1.0 for source in found.values() if source.role is Role.OTHER}
    pairs = [(0.25, 0.75), (0.5, 0.9)]
    for a, b in pairs:
        one = evaluate(root, {**fixed, labels[0].key: a, predictions[0].key: b})
        other = evaluate(root, {**fixed, labels[0].key: b, predictions[0].key: a})
        if one is None or other is None:
            return any(part.operation in ("log", "loss", "sparse_loss") for part in walk(root))
        if abs(one - other) > _LEAST_CHANGE:
            return True
    return False


# --- gradient ---------------------------------------------------------------------------------------------------------


def cut(root: Expression) -> Expression | None:
    """The operation that no gradient passes, where it is on every way from the prediction to the loss."""
    found = origins(root)
    if not any(source.role is Role.PREDICTION for source in found):
        return None
    if any(source.role is Role.OTHER and not source.known and _is_tensor(source) for source in found):
        return None  # an unknown tensor may carry the gradient
    last: Expression | None = None
    stack, seen = [root], set()
    while stack:
        part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if part.source is not None and part.source.role is Role.PREDICTION:
            return None
        if part.operation == "stop_gradient":
            continue
        if part.operation in WITHOUT_GRADIENT:
            switched_off = part.operation in ("zeros_like", "ones_like")
            if not switched_off and any(s.role is Role.PREDICTION for s in origins(part)):
                last = part
            continue
        if part.operation == "where":
            stack += part.operands[1:]
            if any(s.role is Role.PREDICTION for s in origins(part.operands[0])):
                last = last or part.operands[0]
            continue
        stack += part.operands
    return last


def _is_tensor(source: Input) -> bool:
    """Whether an unknown input is a tensor, not a parameter or an attribute."""
    return isinstance(source.key, tuple) and source.key[0] == "tensor"


# --- reduction --------------------------------------------------------------------------------------------------------


def reduction_over_batch(root: Expression) -> Expression | None:
    """The reduction that makes one number of a whole batch, where the loss is one."""
    if not _is_one_number(root):
        return None
    return next((part for part in walk(root) if _reduces_all(part) and predicts(part)), None)


def is_only_reduction(root: Expression, reduction: Expression) -> bool:
    """Whether a reduction is the only one of a loss, of what has a value for each element."""
    return all(part is reduction or part.axis is None for part in walk(root))


def is_scaled_loss(root: Expression) -> bool:
    """Whether a loss is a loss of Keras times a number, as in adversarial training."""
    while root.operation in ("sum", "mean"):
        root = root.operands[0]
    has_log = any(part.operation in ("log", "log1p", "xlogy") for part in walk(root))
    return root.operation == "multiply" and not has_log


def _reduces_all(part: Expression) -> bool:
    # A loss object has no axis either: it returns the mean over the batch.
    return part.axis == "all" or (isinstance(part.axis, tuple) and 0 in part.axis)


def _is_one_number(part: Expression) -> bool:
    if part.operation == "number" or _is_scalar_input(part) or _reduces_all(part):
        return True
    if part.operation == "opaque":
        return False
    return bool(part.operands) and part.source is None and all(_is_one_number(operand) for operand in part.operands)


def _is_scalar_input(operand: Expression) -> bool:
    source = stripped(operand).source
    return source is not None and isinstance(source.key, tuple) and source.key[0] in ("parameter", ".")
