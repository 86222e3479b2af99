"""What can be said of curves without drawing them: where they are not finite, and their values at chosen points."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bcelint.verify.model import BOTH, Curve, Witness
from bcelint.verify.scales import core
from bcelint.verify.symptoms import number

QUANTITIES = ("loss", "gradient")
AS_WRITTEN, AFTER_THE_FIX, EXACT = "as written", "after the fix", "exact"

_ORDER = {AS_WRITTEN: 0, AFTER_THE_FIX: 1, EXACT: 3}
_EXPONENT = re.compile(r"e\+?(-?)0*(\d)")
_VARIABLE = re.compile(r"[A-Za-z]\w{0,2}")
# The same value, computed in another precision.
_SAME, _TINY = 1e-6, 1e-30


def short(value: float) -> str:
    """A position or the number beside a tick, in as few characters as possible: ``17``, ``0.25``, ``1e-7``."""
    return _EXPONENT.sub(r"e\1\2", f"{value:g}")


def variable(axis: str) -> str:
    """The short name of what a curve runs over: ``z`` for ``pre-activation z``."""
    last = axis.split()[-1] if axis.split() else ""
    return last if _VARIABLE.fullmatch(last) else "x"


def values(curve: Curve, quantity: str) -> tuple[float, ...]:
    """The losses or the gradients of a curve; empty where it has none for every ``x``."""
    found = curve.loss if quantity == "loss" else curve.gradient
    return found if len(found) == len(curve.x) else ()


def at(curve: Curve, quantity: str, x: float) -> float | None:
    """The value at ``x``, if it was computed there."""
    found, index = values(curve, quantity), _index(curve.x, x)
    return found[index] if found and index is not None else None


class Run(NamedTuple):
    """Neighbouring points, by their indices, at which a curve is ``kind``: ``NaN``, ``inf`` or ``-inf``."""

    kind: str
    first: int
    last: int

    def words(self, curve: Curve, name: str) -> str:
        """``NaN from z = 17``, where ``name`` is the variable."""
        start, end = (f"{name} = {short(curve.x[index])}" for index in (self.first, self.last))
        from_start, to_end = self.first == 0, self.last == len(curve.x) - 1
        if from_start and to_end:
            return f"{self.kind} everywhere"
        if self.first == self.last and not (from_start or to_end):
            return f"{self.kind} at {start}"
        if from_start:
            return f"{self.kind} up to {end}"
        return f"{self.kind} from {start}" + ("" if to_end else f" to {end}")


def runs(curve: Curve, quantity: str) -> Iterator[Run]:
    """Where a curve is not finite."""
    kind, first = "", 0
    found = values(curve, quantity)
    for index, value in enumerate((*found, 0.0)):
        now = "" if math.isfinite(value) else number(value)
        if now != kind:
            if kind:
                yield Run(kind, first, index - 1)
            kind, first = now, index


def in_order(curves: Iterable[Curve]) -> list[Curve]:
    """What is as written first and what is exact last, whatever is between them as it came."""
    return sorted(curves, key=lambda curve: _ORDER.get(curve.name, 2))


def names(curves: Iterable[Curve]) -> tuple[str, ...]:
    """The names of curves, each once."""
    return tuple(dict.fromkeys(curve.name for curve in curves))


def labels(curves: Iterable[Curve]) -> tuple[int, ...]:
    """The labels of curves, positives first."""
    return tuple(sorted({curve.label for curve in curves}, reverse=True))


def sample(curves: Sequence[Curve], quantity: str, also: Iterable[float] = (), most: int = 13) -> list[float]:
    """Values of ``x`` for a table: about ``most`` round and evenly spread ones, where the first curve is highest and
    lowest, both sides of every border at which a curve stops being finite, and ``also`` if it was computed there."""
    xs = curves[0].x
    if not xs:
        return []
    last = len(xs) - 1
    needed = {0, last, *(index for x in also if (index := _index(xs, x)) is not None)}
    finite = [(value, index) for index, value in enumerate(values(curves[0], quantity)) if math.isfinite(value)]
    if finite:
        needed |= {min(finite)[1], max(finite)[1]}
    for curve in curves:
        for run in runs(curve, quantity) if curve.x == xs else ():
            needed |= {max(run.first - 1, 0), run.first, run.last, min(run.last + 1, last)}
    spread = _round_ones(xs, most) or [round(index * last / (most - 1)) for index in range(most)]
    # What is close to a border would only say the same again.
    room = (core(xs)[1] - core(xs)[0]) / most / 2
    chosen = {index for index in spread if all(abs(xs[index] - xs[other]) >= room for other in needed)}
    return [xs[index] for index in sorted(needed | chosen)]


def _round_ones(xs: Sequence[float], most: int) -> list[int]:
    """The indices of the multiples of a round number, at most ``most``, where nearly all of them were computed."""
    low, high = core(xs)
    if low >= high:
        return [0]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 2.5, 4, 5, 10, 20):
        step = factor * power
        multiples = range(math.ceil(low / step), math.floor(high / step) + 1)
        found = [index for multiple in multiples if (index := _index(xs, multiple * step)) is not None]
        if len(multiples) - 1 <= len(found) <= most and len(found) > 2:
            return found
    return []


def _index(xs: Sequence[float], x: float) -> int | None:
    """Where ``x`` is in ``xs``, in whichever precision."""
    index = bisect_left(xs, x - _SAME * abs(x) - _TINY)
    return index if index < len(xs) and math.isclose(xs[index], x, rel_tol=_SAME, abs_tol=_TINY) else None


class Mark(NamedTuple):
    """Where a witness lies in the plots of one label; ``y`` may be inf or NaN."""

    label: int
    x: float
    y: float


def mark(witness: Witness | None, axis: str, quantity: str) -> Mark | None:
    """The point of a witness, if it is an evaluation of the loss of one example of the curves."""
    if witness is None or witness.expression != "loss":
        return None
    inputs = dict(witness.inputs)
    x = inputs.get(variable(axis))
    label = inputs.get("y", inputs.get("y_true"))
    y = witness.loss if quantity == "loss" else witness.gradient
    if x is None or y is None or label not in (0.0, 1.0):
        return None
    return Mark(int(label), x, y)


def not_finite(curves: Iterable[Curve], quantity: str, axis: str) -> list[str]:
    """A clause for each curve that is not finite: ``as written is inf up to z = -89 and NaN from z = 17 (y = 1)``."""
    name = variable(axis)
    found = ((curve, " and ".join(run.words(curve, name) for run in runs(curve, quantity))) for curve in curves)
    return [f"{curve.name} is {words} (y = {curve.label})" for curve, words in found if words]


def without(curves: Iterable[Curve], quantity: str) -> list[str]:
    """The names of the curves that have no such values at all."""
    having: dict[str, bool] = {}
    for curve in curves:
        having[curve.name] = having.get(curve.name, False) or bool(values(curve, quantity))
    return [name for name, has in having.items() if not has]


def of_label(label: int) -> str:
    """Which examples a panel is about."""
    return "of both labels" if label == BOTH else f"for y = {label}"


def describe(curves: Iterable[Curve], quantity: str, axis: str, label: int) -> str:
    """A plot in words, for those who do not see it."""
    name = variable(axis)
    parts = [f"{quantity} against {axis} {of_label(label)}"]
    for curve in curves:
        found = values(curve, quantity)
        if curve.label != label or not found:
            continue
        ends = [f"{number(found[index])} at {name} = {short(curve.x[index])}" for index in (0, len(found) // 2, -1)]
        parts.append(f"{curve.name}: {', '.join(dict.fromkeys(ends))}")
    return "; ".join(parts)
