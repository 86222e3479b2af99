"""A loss as somebody saw it printed: the number in the text, how exact it is, and what prints it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bcelint.knowledge.fingerprints import (
    COMMON_CLASSES,
    FIXED,
    KERAS_POSITIVE,
    LABEL_MIXTURES,
    RARE,
    REGIONS,
    ROUND_CLASSES,
    SATURATED_MIXTURES,
    TORCH_MIXTURE,
    TWICE_CEILING,
    TWICE_MIXTURE,
    Exclusion,
    Fingerprint,
    Mixture,
    Region,
    entropy,
    exclusions,
    for_classes,
    for_share,
    percent,
    rare_for_share,
    smoothed_classes,
)

# What several causes at once, or another batch size, change in the fourth digit of a mean of equal losses.
_HAIR = 1e-4
# float32, and the order in which it is summed.
_ROUNDING = 1e-6
# How far a number may be from what it is called near to.
_NEAR = 5e-3
# One digit (0.7) says less than half a unit of it (0.65 to 0.75) would have it.
_COARSEST = 0.05
# A smaller share of wrong examples is no explanation of a loss.
_LEAST_SHARE = 0.001
# Keras prints four decimals. Who has more has the value itself.
_PRINTED_DECIMALS = 4

_NUMBER = r"[-+]?(?:nan|inf(?:inity)?|(?:\d+(?:,\d+)*(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)"
_WHOLE = re.compile(_NUMBER, re.IGNORECASE)
_LABELLED = re.compile(rf"(?<![\w.])[\w.]*loss['\"]?\s*[:=]\s*({_NUMBER})(?!\w|\.\d)", re.IGNORECASE)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_PARTS = re.compile(r"[-+]?(?P<whole>\d*)(?:\.(?P<fraction>\d*))?(?:e(?P<exponent>[-+]?\d+))?", re.IGNORECASE)
_DECIMALS = re.compile(r"[-+]?0*\.\d\d+")
# 1e-400 is 0 and 1e400 is infinite: longer exponents need not be read, and int() refuses those of thousands of digits.
_MOST_DIGITS_OF_AN_EXPONENT = 6


class NotANumberError(ValueError):
    """The text holds no loss that could be explained."""


@dataclass(frozen=True)
class Printed:
    """A printed loss.

    Attributes:
        text: the number as it was printed.
        unit: what one more in its last digit would add.
        decimals: how many digits there are behind the point.
    """

    text: str
    value: float
    unit: float = 0.0
    decimals: int = 0

    @property
    def rounding(self) -> float:
        """How far the loss can have been from the number, if it was rounded to these digits."""
        if not math.isfinite(self.value):
            return 0.0
        if self.value == 0:
            # 0.0 and 0.0000e+00 would have shown another digit; 0.0000 is how 1.19e-7 is printed with four decimals.
            return min(self.unit / 2, 5e-5) if _DECIMALS.fullmatch(self.text) else 0.0
        size = abs(self.value)
        return min(self.unit / 2, _COARSEST * size) + _ROUNDING * size

    @property
    def tolerance(self) -> float:
        """How far a closed form may be from the number: the rounding, and a hair if it was rounded at all."""
        if not math.isfinite(self.value):
            return 0.0
        hair = _HAIR if self.decimals <= _PRINTED_DECIMALS else _ROUNDING
        return max(self.rounding, hair * abs(self.value))

    def distance(self, value: float) -> float:
        """How far ``value`` is away; nan is 0 from nan."""
        if math.isnan(self.value) or math.isnan(value) or math.isinf(self.value) or math.isinf(value):
            same = self.value == value or (math.isnan(self.value) and math.isnan(value))
            return 0.0 if same else math.inf
        return abs(value - self.value)

    def fits(self, value: float) -> bool:
        """Whether ``value`` can have been printed so."""
        return self.distance(value) <= self.tolerance

    def is_near(self, value: float) -> bool:
        """Half a percent away at the most, or the same but for digits that were cut off."""
        distance = self.distance(value)
        if value == 0 or self.value == 0 or math.isinf(distance):
            return False
        cut = 0 <= (value - self.value) * math.copysign(1, self.value) < min(self.unit, _COARSEST * abs(value))
        return distance <= _NEAR * abs(value) or cut


def read(text: str) -> Printed:
    """The number in ``0.6931``, ``-1,844.2``, ``nan`` or ``loss: 0.6931 - accuracy: 0.5``."""
    plain = text.strip().strip("\"'`").replace("\N{MINUS SIGN}", "-").strip()
    labelled = list(dict.fromkeys(_LABELLED.findall(plain)))
    if len(labelled) > 1:
        raise NotANumberError(f"`{_short(text)}` has several losses: give one of them, such as {labelled[0]}")
    number = labelled[0] if labelled else plain.rstrip(",;")
    if _WHOLE.fullmatch(number) is None:
        raise NotANumberError(
            f"`{_short(text)}` is no number: give the loss as it was printed, such as 0.6931, -7.86, 1.1921e-07 or nan"
        )
    digits = number.replace(",", "")
    if digits != number and _THOUSANDS.match(number) is None:
        raise NotANumberError(f"`{_short(text)}` has a comma: write decimals with a point, such as 0.6931")
    parts = _PARTS.fullmatch(digits)
    if parts is None:  # nan, inf
        return Printed(number, float(digits))
    fraction, exponent = parts["fraction"] or "", parts["exponent"] or "0"
    if len(exponent.lstrip("+-0")) > _MOST_DIGITS_OF_AN_EXPONENT:
        exponent = "-999999" if exponent.startswith("-") else "999999"
    unit = float(f"1e{int(exponent) - len(fraction)}")
    return Printed(number, float(digits), unit, len(fraction))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


# --- what prints it ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """The number as a mixture, and the share of examples that makes it."""

    mixture: Mixture
    share: float

    @property
    def form(self) -> str:
        """``0.478 x -ln 1e-7``."""
        form = self.mixture.form
        if "{share}" in form:
            return form.format(share=f"{self.share:.3g}", rest=f"{1 - self.share:.3g}")
        return f"{self.share:.3g} x {form}"

    @property
    def meaning(self) -> str:
        return self.mixture.meaning.format(share=percent(self.share))


@dataclass(frozen=True)
class Explanation:
    """All that can be said about a number, best first.

    Attributes:
        exact: what prints the number, as far as its digits go.
        near: what prints a number close by.
        regions: what prints numbers of this size.
        shares: what prints it for a certain share of the examples.
        excluded: what does not print it.
        expected: with a share of positives or a number of classes, what prints which number.
    """

    printed: Printed
    exact: tuple[Fingerprint, ...] = ()
    near: tuple[Fingerprint, ...] = ()
    regions: tuple[Region, ...] = ()
    shares: tuple[Share, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    expected: tuple[Fingerprint, ...] = ()


def explain(printed: Printed, share: float | None = None, classes: int | None = None) -> Explanation:
    """What prints a number; ``share`` of positives and ``classes`` where they are known."""
    asked = [] if share is None else list(for_share(share))
    if classes is not None:
        asked += [*for_classes(classes), *smoothed_classes(classes)]
    if classes is not None:
        counts: Sequence[int] = (classes,)
    else:
        counts = COMMON_CLASSES if printed.tolerance <= _NEAR * abs(printed.value) else ROUND_CLASSES
    known = list(_known(0.5 if share is None else share, counts))
    if classes is not None:
        known += smoothed_classes(classes)
    exact = [f for f in known if printed.fits(f.value)]
    # Within what was rounded away all are as good, and the order of the table says what is more common.
    exact.sort(key=lambda f: printed.distance(f.value) > (printed.rounding if printed.value else 0))
    near = [f for f in known if f not in exact and printed.is_near(f.value)]
    near.sort(key=lambda f: printed.distance(f.value))
    value = printed.value
    return Explanation(
        printed,
        tuple(exact),
        tuple(near),
        tuple(region for region in REGIONS if region.low < value < region.high),
        tuple(_shares(printed, share, bool(exact))),
        tuple(e for e in exclusions(share, classes) if math.isfinite(value) and not e.low <= value <= e.high),
        tuple(asked),
    )


def _known(share: float, classes: Sequence[int]) -> Iterator[Fingerprint]:
    """The table, what is more common first."""
    yield from FIXED
    for fingerprint in for_share(share):
        if fingerprint.name != "base-rate" or share != 0.5:  # that is ``even-odds``
            yield fingerprint
    for count in classes:
        yield from for_classes(count)
    yield from RARE
    yield from rare_for_share(share)


def _shares(printed: Printed, known: float | None, explained: bool) -> Iterator[Share]:
    """The shares that make a number, but for those that are known or have entries of their own."""
    value = printed.value
    mixtures: tuple[Mixture, ...] = ()
    if 0 < value < TWICE_MIXTURE.nobody:
        if known is None:
            yield from _constant(printed)
            mixtures = (TWICE_MIXTURE,)
    elif TWICE_CEILING < value <= KERAS_POSITIVE or (0 < value <= TWICE_CEILING and not explained):
        mixtures = SATURATED_MIXTURES
    elif value > KERAS_POSITIVE:
        mixtures = (TORCH_MIXTURE,)
    elif value < 0:
        mixtures = LABEL_MIXTURES
    limits = {} if known is None else {"positive": known, "negative": 1 - known}
    for mixture in mixtures:
        share = (value - mixture.nobody) / (mixture.everybody - mixture.nobody)
        # None, half and all of the examples have entries of their own.
        common = (mixture.nobody, (mixture.nobody + mixture.everybody) / 2, mixture.everybody)
        if _LEAST_SHARE <= share <= limits.get(mixture.kind, 1.0) and not any(map(printed.fits, common)):
            yield Share(mixture, share)


def _constant(printed: Printed) -> Iterator[Share]:
    """The share of positives whose entropy is the number, by bisection."""
    low, high = 0.0, 0.5
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if entropy(middle) < printed.value else (low, middle)
    if low >= _LEAST_SHARE and not printed.fits(entropy(0.5)):
        meaning = f"every prediction is the base rate, if {{share}} or {percent(1 - low)} of the examples are positive"
        yield Share(Mixture("base-rate", 0, 0, "H({share}), the entropy of {share}", meaning, ("BCE209",)), low)
