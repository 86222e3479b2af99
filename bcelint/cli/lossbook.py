"""What is known about a printed loss, as the terminal or a script wants it."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from bcelint.knowledge.fingerprints import Fingerprint, Region, percent
from bcelint.printed_loss import Explanation, Printed
from bcelint.reporting.style import Style
from bcelint.rules import BY_CODE

_WIDTH = 100
# With a digit or two so much fits that more of it would be noise.
_MOST_NUMBERS = 6
_MOST_NEAR = 3


def number(value: float) -> str:
    """A loss as Keras prints it: ``7.7125``, ``1.1921e-07``."""
    if value == 0 or not math.isfinite(value):
        return f"{abs(value) if value == 0 else value}"
    return f"{value:.4f}" if abs(value) >= 1e-3 else f"{value:.4e}"


def as_text(explanation: Explanation, positives: float | None, classes: int | None, *, colored: bool) -> str:
    """Paragraphs, the best explanation first."""
    style = Style(colored)
    blocks = [
        *_exact(explanation, style),
        *_near(explanation, style),
        *_regions(explanation, style),
        *_shares(explanation, style),
        *_expected(explanation, positives, classes, style),
        *_excluded(explanation, style),
        [*_wrapped("`bcelint check` finds such faults in the code of a model and its loss.")],
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def as_json(explanation: Explanation, positives: float | None, classes: int | None) -> str:
    """One object; ``number`` is null for nan and the infinities, which JSON does not have."""
    printed = explanation.printed
    record = {
        "text": printed.text,
        "number": _finite(printed.value),
        "tolerance": printed.tolerance,
        "positives": positives,
        "classes": classes,
        "exact": [_record(fingerprint) for fingerprint in explanation.exact],
        "near": [_record(fingerprint) for fingerprint in explanation.near],
        "regions": [
            {"name": region.name, "low": _finite(region.low), "high": _finite(region.high), **_words(region)}
            for region in explanation.regions
        ],
        "shares": [
            {
                "name": share.mixture.name,
                "share": share.share,
                "form": share.form,
                "meaning": share.meaning,
                "rules": _rules(share.mixture.rules),
            }
            for share in explanation.shares
        ],
        "expected": [_record(fingerprint) for fingerprint in explanation.expected],
        "excluded": [{"name": excluded.name, "what": excluded.what} for excluded in explanation.excluded],
    }
    return json.dumps(record, indent=2, allow_nan=False)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _record(fingerprint: Fingerprint) -> dict[str, Any]:
    return {
        "name": fingerprint.name,
        "value": _finite(fingerprint.value),
        "form": fingerprint.form,
        **_words(fingerprint),
    }


def _words(entry: Fingerprint | Region) -> dict[str, Any]:
    return {
        "title": entry.title,
        "cause": entry.cause,
        "tell": entry.tell,
        "fault": entry.fault,
        "rules": _rules(entry.rules),
    }


def _rules(codes: Sequence[str]) -> list[dict[str, str]]:
    """The rules that there are a page for."""
    return [{"code": code, "name": BY_CODE[code].name} for code in codes if code in BY_CODE]


# --- text -------------------------------------------------------------------------------------------------------------


def _shown(printed: Printed) -> str:
    """The number as it was given, unless it goes on and on."""
    return printed.text if len(printed.text) <= 24 else f"{printed.value:.17g}"


def _exact(explanation: Explanation, style: Style) -> Iterator[list[str]]:
    printed = explanation.printed
    if not explanation.exact:
        yield [style("bold", f"No fault is known to print exactly {_shown(printed)}.")]
        if not explanation.regions:
            yield [*_wrapped("A model that learns prints any number on its way. Ask for the one at which it stays.")]
        return
    groups: list[list[Fingerprint]] = []
    for fingerprint in explanation.exact:
        for group in groups:
            if not math.isfinite(printed.value) or math.isclose(group[0].value, fingerprint.value, rel_tol=1e-9):
                group.append(fingerprint)
                break
        else:
            groups.append([fingerprint])
    for group in groups[:_MOST_NUMBERS]:
        if math.isfinite(printed.value):
            yield [style("bold", f"{number(group[0].value)} = {group[0].form}")]
        else:
            yield [style("bold", _shown(printed))]
        for fingerprint in group:
            yield [*_entry(fingerprint)]
    if len(groups) > _MOST_NUMBERS:
        rest = ", ".join(number(group[0].value) for group in groups[_MOST_NUMBERS:])
        yield [*_wrapped(f"{_shown(printed)} can be {rest} as well. More digits would tell.")]


def _entry(entry: Fingerprint | Region) -> Iterator[str]:
    title = entry.title if entry.fault else f"{entry.title} (no fault)"
    yield from _wrapped(title, "* ", "  ")
    yield from _wrapped(entry.cause, "    ")
    yield from _wrapped(f"How to tell: {entry.tell}", "    ", "      ")
    yield from _pages(entry.rules, "    ")


def _pages(codes: Sequence[str], indent: str) -> Iterator[str]:
    rules = [f"{rule['code']} ({rule['name']})" for rule in _rules(codes)]
    if rules:
        yield from _wrapped(f"See: bcelint rule {', '.join(rules)}", indent, indent + "  ")


def _near(explanation: Explanation, style: Style) -> Iterator[list[str]]:
    if explanation.near:
        yield [
            style("bold", "Near, but not the same:"),
            *(
                line
                for fingerprint in explanation.near[:_MOST_NEAR]
                for line in _wrapped(
                    f"{number(fingerprint.value)} = {fingerprint.form}: {fingerprint.title}", "  ", "    "
                )
            ),
        ]


def _regions(explanation: Explanation, style: Style) -> Iterator[list[str]]:
    if explanation.regions:
        yield [style("bold", "Any number of this size:")]
        for region in explanation.regions:
            yield [*_entry(region)]


def _shares(explanation: Explanation, style: Style) -> Iterator[list[str]]:
    shares = explanation.shares
    if not shares:
        return
    codes = tuple(dict.fromkeys(code for share in shares for code in share.mixture.rules))
    tell = (
        "How to tell: accuracy reads 1 minus the share, and predict() says 0 or 1 for those examples."
        if any(share.mixture.kind and share.mixture.everybody > 0 for share in shares)
        else ""
    )
    yield [
        style("bold", f"{_shown(explanation.printed)} as a share of the examples:"),
        *(line for share in shares for line in _wrapped(f"{share.form}: {share.meaning}", "  ", "    ")),
        *_wrapped(tell, "  "),
        *_pages(codes, "  "),
    ]


def _expected(
    explanation: Explanation, positives: float | None, classes: int | None, style: Style
) -> Iterator[list[str]]:
    if not explanation.expected:
        return
    known = [] if positives is None else [f"{percent(positives)} positive"]
    suffix = f", {known[0]}" if known else ""
    if classes is not None:
        known.append(f"{classes} classes")
    width = max(len(number(fingerprint.value)) for fingerprint in explanation.expected)
    yield [
        style("bold", f"What to expect with {' and '.join(known)}:"),
        *(
            line
            for fingerprint in explanation.expected
            for line in _wrapped(
                f"{number(fingerprint.value):>{width}}  {fingerprint.title.removesuffix(suffix)}",
                "  ",
                " " * (width + 4),
            )
        ),
    ]


def _excluded(explanation: Explanation, style: Style) -> Iterator[list[str]]:
    if explanation.excluded:
        yield [
            style("bold", f"{_shown(explanation.printed)} rules out:"),
            *(line for excluded in explanation.excluded for line in _wrapped(excluded.what, "  - ", "    ")),
            *_wrapped("as long as it is a plain mean: no class weights, regularisers or other outputs in it.", "  "),
        ]


def _wrapped(text: str, indent: str = "", further: str | None = None) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )
