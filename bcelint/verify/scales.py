"""Axes on which curves can be told apart: linear or logarithmic, and the numbers beside them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

_LINEAR = 10 / 9  # how long each side of the linear part of a symmetric logarithmic axis is, in powers of ten
_MOST_POWERS = 12
_WORTH_A_LOG = 1e3
_NEARLY = 0.05  # what is this much less than a power of ten counts as one
# Beyond these the arithmetic of drawing overflows, and takes differences for none.
_LARGEST, _SMALLEST = 1e280, 1e-280


@dataclass(frozen=True)
class Scale:
    """An axis: ``linear``, ``log`` or ``symlog``, which is linear up to ``threshold`` on both sides of 0."""

    kind: str
    low: float = 0.0
    high: float = 1.0
    threshold: float = 1.0

    def around(self, values: Sequence[float]) -> Scale:
        """The same with ends that leave some room around values."""
        values = [min(max(value, -_LARGEST), _LARGEST) if abs(value) > _SMALLEST else 0.0 for value in values]
        low, high = min(values, default=0.0), max(values, default=0.0)
        if self.kind == "log":
            low = min((value for value in values if value > 0), default=0.1)
            return replace(self, low=low / 1.8, high=max(high, low) * 1.8)
        low, high = min(low, 0.0), max(high, 0.0)
        if self.kind == "linear":
            margin = 0.06 * ((high - low) or 1.0)
            return replace(self, low=low - margin, high=high + margin)
        edge = self.threshold
        return replace(
            self,
            low=low * 1.8 if low < -edge else -0.4 * edge,
            high=high * 1.8 if high > edge else 0.4 * edge,
        )

    def position(self, value: float) -> float:
        """How far along a value is drawn, as matplotlib's scales do it, in no particular unit."""
        if self.kind == "linear":
            return value
        if self.kind == "log":
            return math.log10(value)
        bent = value / self.threshold
        return bent * _LINEAR if abs(bent) <= 1 else math.copysign(_LINEAR + math.log10(abs(bent)), value)

    def share(self, value: float) -> float:
        """How far along a value is drawn: 0 at the beginning, 1 at the end."""
        bottom, top = self.position(self.low), self.position(self.high)
        return (self.position(value) - bottom) / (top - bottom)


def core(values: Sequence[float]) -> tuple[float, float]:
    """The range of rising values, or a round one around 0 with nearly all of them if that is much smaller."""
    low, high = (values[0], values[-1]) if values else (0.0, 1.0)
    tenth = len(values) // 10
    edge = _round_up(max((abs(value) for value in values[tenth : len(values) - tenth]), default=0.0))
    return (max(low, -edge), min(high, edge)) if low < 0 < high and max(-low, high) >= 3 * edge else (low, high)


def _power_below(value: float) -> float:
    return 10.0 ** math.floor(math.log10(value) + _NEARLY)


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value or 1.0))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value)


def x_scale(low: float, high: float) -> Scale:
    """The axis for what curves run over."""
    if low > 0 and high / low >= _WORTH_A_LOG:
        return Scale("log", low, high)
    margin = 0.015 * (high - low) or 0.5
    return Scale("linear", low - margin, high + margin)


def y_scale(values: Mapping[str, Sequence[float]], kind: str, quantity: str) -> Scale:
    """The kind of axis for curves, without its ends."""
    everything = list(itertools.chain.from_iterable(values.values()))
    sizes = [abs(value) for value in everything if value]
    if not sizes:
        return Scale("linear")
    low, largest = min(everything), max(sizes)
    least = largest * 10.0**-_MOST_POWERS
    if quantity == "loss" and low >= 0:
        # How small a loss gets is what matters.
        smallest = max(min(sizes), least)
        wanted = "linear" if largest / smallest < _WORTH_A_LOG else "log" if low >= smallest else "symlog"
    else:
        # What approaches 0 may do so, but no curve as a whole should look like 0.
        tops = [max(map(abs, finite)) for finite in values.values()]
        smallest = max(min(top for top in tops if top), least)
        wanted = "linear" if largest / smallest < _WORTH_A_LOG else "symlog"
        smallest /= 10
    kind = wanted if kind == "auto" else kind
    if kind == "log" and low <= 0:
        kind = "symlog"
    return Scale(kind, threshold=_power_below(max(smallest, _SMALLEST)))


def ticks(scale: Scale, room: float, apart: float) -> list[float]:
    """Values for an axis that is ``room`` long, with at least ``apart`` between them."""
    if scale.kind == "linear":
        return _even_ticks(scale.low, scale.high, max(int(room // (1.6 * apart)), 2))
    chosen: list[float] = []
    for tick in _candidates(scale):
        if scale.low <= tick <= scale.high and all(
            abs(scale.share(tick) - scale.share(other)) * room >= apart for other in chosen
        ):
            chosen.append(tick)
    if len(chosen) < 2 and scale.kind == "log":
        return [float(f"{value:.2g}") for value in (scale.low, scale.high)]
    return sorted(chosen)


def _candidates(scale: Scale) -> list[float]:
    """Powers of ten, and what belongs to the linear part; the most welcome first."""
    edge = scale.threshold
    highest = math.floor(math.log10(max(scale.high, -scale.low)))
    lowest = math.ceil(math.log10(edge if scale.kind == "symlog" else scale.low))
    sides = 2 if scale.low < -edge and scale.kind == "symlog" else 1
    step = max(math.ceil((highest - lowest + 1) * sides / 6), 1)
    powers = [10.0**power for power in range(highest, lowest - 1, -1) if power % step == 0]
    if scale.kind == "log":
        return powers
    return [0.0, *(sign * power for power in powers for sign in (1, -1))]


def _even_ticks(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(-math.floor(math.log10(step)), 0)
    return [round(index * step, digits) + 0.0 for index in range(first, last + 1)]
