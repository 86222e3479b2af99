"""What a user sees of a loss that is computed wrongly: its floor, its dead gradient, the number it is stuck at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite

# Losses below this are no floor: float32 ends there.
_NOTICEABLE = 1e-3
_HIGH = 50.0
_INNER = 10.0


def number(value: float) -> str:
    """A number as Keras prints it."""
    if not isfinite(value):
        return "NaN" if value != value else ("-inf" if value < 0 else "inf")
    if value == 0:
        return "0"
    return f"{value:.4f}".rstrip("0").rstrip(".") if 1e-3 <= abs(value) < 1e5 else f"{value:.3e}"


def of_curves(
    z: Sequence[float],
    losses: Mapping[int, Sequence[float]],
    gradients: Mapping[int, Sequence[float] | None],
    exact: Mapping[int, Sequence[float]],
    exact_gradients: Mapping[int, Sequence[float]],
) -> tuple[str, ...]:
    """What the curves of a loss over pre-activations mean for training; each a short sentence.

    With label smoothing, the exact loss has a floor as well.
    """
    made: list[str] = []
    finite = {label: [v for v in values if isfinite(v)] for label, values in losses.items()}
    floors = {label: min(values) for label, values in finite.items() if values and -inf not in losses[label]}
    ceilings = {label: max(values) for label, values in finite.items() if values}
    made += not_finite(z, losses)
    everywhere = [label for label in floors if len(finite[label]) == len(losses[label])]
    constant = [label for label in everywhere if ceilings[label] - floors[label] < 1e-6 * max(1.0, abs(floors[label]))]
    made += [f"always {number(floors[label])} for y = {label}, whatever the model returns" for label in constant]
    high = {
        label: floor
        for label, floor in floors.items()
        if floor - min(exact[label]) > _NOTICEABLE and label not in constant
    }
    if high:
        words = " and ".join(f"{number(floor)} for y = {label}" for label, floor in sorted(high.items(), reverse=True))
        made.append(f"cannot fall below {words}")
        if len(floors) == 2 and not constant:
            stuck = sum(floors.values()) / 2
            made.append(f"training appears stuck at {number(stuck)} or more on balanced data")
    low = {
        label: value
        for label, value in ceilings.items()
        if value < _HIGH and label in everywhere and label not in constant
    }
    if low:
        words = " and ".join(f"{number(value)} for y = {label}" for label, value in sorted(low.items(), reverse=True))
        made.append(f"cannot rise above {words}, however wrong the prediction is")
    dead = _dead(z, gradients, exact_gradients)
    if dead:
        made += [dead, *_plateaus(z, losses, gradients)]
    return (*made, *start(z, losses))


def not_finite(z: Sequence[float], losses: Mapping[int, Sequence[float]]) -> list[str]:
    """Where a loss becomes inf or NaN."""
    made = []
    for label, values in losses.items():
        bad = [point for point, value in zip(z, values, strict=True) if not isfinite(value)]
        if bad:
            made.append(f"not finite {_ranges(z, bad)} for y = {label}")
    return made


def start(z: Sequence[float], losses: Mapping[int, Sequence[float]]) -> list[str]:
    """The loss before training, where the model returns 0."""
    if 0.0 not in z or len(losses) < 2:
        return []
    at = list(z).index(0.0)
    values = [values[at] for values in losses.values()]
    if not all(isfinite(value) for value in values):
        return []
    return [f"starts at {number(sum(values) / len(values))} on balanced data (every z = 0)"]


def _dead(
    z: Sequence[float],
    gradients: Mapping[int, Sequence[float] | None],
    exact: Mapping[int, Sequence[float]],
) -> str:
    """The share of pre-activations that teach nothing although they should."""
    missing = [label for label, values in gradients.items() if values is None]
    if missing:
        return "no gradient at all"
    dead = counted = 0
    for label, values in gradients.items():
        for point, slope, right in zip(z, values or (), exact[label], strict=True):
            if abs(point) <= _INNER and abs(right) > 1e-3 and point == round(point * 2) / 2:
                counted += 1
                dead += slope == 0
    if not dead:
        return ""
    return f"no gradient for {dead / counted:.0%} of the pre-activations between -10 and 10 that should have one"


def _plateaus(
    z: Sequence[float], losses: Mapping[int, Sequence[float]], gradients: Mapping[int, Sequence[float] | None]
) -> list[str]:
    """The losses at which training stops where a model gives the same for all inputs."""
    found = []
    for point, words in ((-_INNER, "no output above 0"), (_INNER, "all outputs large")):
        at = list(z).index(point) if point in z else -1
        slopes = [values[at] if values is not None else 0.0 for values in gradients.values()]
        values = [of_label[at] for of_label in losses.values()]
        if at >= 0 and len(values) == 2 and not any(slopes) and all(isfinite(value) for value in values):
            found.append(f"{number(sum(values) / 2)} ({words})")
    return [f"training appears stuck at {' or '.join(found)} on balanced data"] if found else []


def _ranges(z: Sequence[float], points: Sequence[float]) -> str:
    """Points of ``z`` in words, neighbours together."""
    runs: list[list[float]] = []
    position = {point: i for i, point in enumerate(z)}
    for point in points:
        if runs and position[point] == position[runs[-1][-1]] + 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return " and ".join(_range(z, run[0], run[-1]) for run in runs)


def _range(z: Sequence[float], low: float, high: float) -> str:
    if low == z[0] and high == z[-1]:
        return "anywhere"
    if low == high:
        return f"at z = {low:g}"
    if high == z[-1]:
        return f"from z = {low:g} on"
    if low == z[0]:
        return f"up to z = {high:g}"
    return f"between z = {low:g} and {high:g}"
