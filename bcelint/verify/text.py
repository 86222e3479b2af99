"""What evaluating a finding has shown, as text and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bcelint.reporting.concise import where
from bcelint.reporting.model import FileReport
from bcelint.reporting.style import Style
from bcelint.verify.model import BackendVerdict, Measurement, Verdict, Verification, Witness
from bcelint.verify.session import title

_WIDTH = 120
_KINDS = {
    Verdict.CONFIRMED: "error",
    Verdict.RESCUED: "help",
    Verdict.REFUTED: "warning",
    Verdict.NOT_EVALUATED: "gutter",
}
DEFECT = "this is a defect of bcelint: please report it, with the code"


def lines(verification: Verification, style: Style) -> Iterator[str]:
    """The verdict of each backend, what it rests on, and what became of the fix."""
    said_what = False
    for verdict in verification.backends:
        reason = f"{verdict.reason}; {DEFECT}" if verdict.verdict is Verdict.REFUTED else verdict.reason
        head = f"{verdict.verdict.value} on {title(verdict.backend)}"
        first, *more = _wrapped(f"{head}: {reason}", "    ")
        yield style(_KINDS[verdict.verdict], head) + first[len(head) :]
        yield from more
        if verification.evaluated and not said_what:
            yield from _wrapped(f"    evaluated: {verification.evaluated}", "      ")
            said_what = True
        for symptom in verdict.symptoms:
            yield from _wrapped(f"    - {symptom}", "      ")
        if verdict.fix is not None:
            word = "passed" if verdict.fix.passed else "FAILED"
            kind = "help" if verdict.fix.passed else "error"
            first, *more = _wrapped(f"    fix {word}: {verdict.fix.message}: {verdict.fix.reason}", "      ")
            yield first.replace(word, style(kind, word), 1)
            yield from more


def concise(verification: Verification) -> str:
    """All backends in one line."""
    parts = [f"{v.verdict.value} on {v.backend} ({v.reason})" for v in verification.backends]
    return "; ".join(parts)


def sound(report: FileReport, measurement: Measurement, style: Style) -> Iterator[str]:
    """A pair without a finding: where it is, what was run, and what each backend has computed."""
    what = f" ({measurement.evaluated})" if measurement.evaluated else ""
    yield f"{where(report, measurement.site, style)}: no finding{what}"
    for backend, agrees, words in measurement.backends:
        kind, head = {
            True: ("help", measurement.quality),
            False: ("warning", f"not {measurement.quality}"),
            None: ("gutter", "not evaluated"),
        }[agrees]
        first, *more = _wrapped(f"    {head} on {title(backend)}: {words}", "      ")
        yield first.replace(head, style(kind, head), 1)
        yield from more


def sound_record(report: FileReport, measurement: Measurement) -> dict[str, Any]:
    """The same in JSON: an object with the keys of a finding, but no code."""
    shown, listing = report.file_of(measurement.site)
    position = listing.position(*measurement.site.start)
    return {
        "code": None,
        "message": "no finding",
        "filename": shown,
        "cell": position.cell,
        "location": {"row": position.row, "column": position.column},
        "verification": {
            "evaluated": measurement.evaluated or None,
            "backends": [
                {"backend": backend, measurement.quality: agrees, "reason": words}
                for backend, agrees, words in measurement.backends
            ],
        },
    }


def summary(verifications: Iterable[Verification], versions: Mapping[str, str]) -> Iterator[str]:
    """How many findings each backend has confirmed."""
    counts: dict[str, Counter[str]] = {}
    fixes: dict[str, Counter[bool]] = {}
    for verification in verifications:
        for verdict in verification.backends:
            counts.setdefault(verdict.backend, Counter())[verdict.verdict.value] += 1
            if verdict.fix is not None:
                fixes.setdefault(verdict.backend, Counter())[verdict.fix.passed] += 1
    for backend, found in counts.items():
        words = ", ".join(f"{found[v.value]} {v.value}" for v in Verdict if found[v.value])
        total = sum(found.values())
        with_versions = f" ({versions[backend]})" if backend in versions else ""
        yield f"Evaluated {total} finding{'s' if total != 1 else ''} on {title(backend)}{with_versions}: {words}."
        if backend in fixes:
            made = fixes[backend]
            failed = f", {made[False]} failed" if made[False] else ""
            yield f"Fixes: {made[True]} passed{failed}."


def overall(verification: Verification) -> Verdict:
    """One verdict for all backends: what was confirmed anywhere is confirmed."""
    found = {verdict.verdict for verdict in verification.backends}
    order = (Verdict.REFUTED, Verdict.CONFIRMED, Verdict.RESCUED)
    return next((verdict for verdict in order if verdict in found), Verdict.NOT_EVALUATED)


def record(verification: Verification, versions: Mapping[str, str]) -> dict[str, Any]:
    """The ``verification`` of a finding in JSON. Numbers that JSON has no word for are strings: ``NaN``, ``inf``."""
    return {
        "verdict": overall(verification).value,
        "evaluated": verification.evaluated or None,
        "backends": [_backend(verdict, versions) for verdict in verification.backends],
    }


def _backend(verdict: BackendVerdict, versions: Mapping[str, str]) -> dict[str, Any]:
    fix = verdict.fix
    return {
        "backend": verdict.backend,
        "versions": versions.get(verdict.backend),
        "verdict": verdict.verdict.value,
        "reason": verdict.reason,
        "witness": None if verdict.witness is None else _witness(verdict.witness),
        "symptoms": list(verdict.symptoms),
        "measured": [{"what": what, "value": value} for what, value in verdict.measured],
        "fix": None if fix is None else {"message": fix.message, "passed": fix.passed, "reason": fix.reason},
    }


def _witness(witness: Witness) -> dict[str, Any]:
    return {
        "inputs": [{"name": name, "value": _plain(value)} for name, value in witness.inputs],
        "mode": witness.mode,
        "expression": witness.expression,
        "value": _plain(witness.loss),
        "gradient": _plain(witness.gradient),
        "expected": _plain(witness.expected),
        "expected_gradient": _plain(witness.expected_gradient),
    }


def _plain(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _wrapped(text: str, indent: str) -> list[str]:
    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.strip(),
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
