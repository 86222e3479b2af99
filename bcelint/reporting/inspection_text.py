"""What was understood of a file, as a table: what it is, where, its name, and what is to be said of it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bcelint.inspection import (
    HeadSeen,
    Inspection,
    LossSeen,
    Mark,
    MetricSeen,
    ModelSeen,
    OutputSeen,
    PairSeen,
    Spot,
    Verdict,
)
from bcelint.reporting.style import Style
from bcelint.rules.common import TAKES_ACTIVATION

_WIDTH = 100
_WIDEST_PLACE = 24
_WIDEST_NAME = 38
_NARROWEST_WORDS = 30
_MOST_BRANCHES = 2
_NAME = re.compile(r"`[^`]*`|'[^']*'")

_STYLES = {Verdict.FITS: "added", Verdict.UNDECIDED: "warning"}
_EXPECTS = {
    "logits": "expects logits",
    "probability": "expects probabilities",
    "simplex": "expects probabilities that sum to 1",
    "other": "not a cross-entropy",
    "": "it is not known what it expects",
}


NOTHING = "no model, loss or metric that is understood"


class _Row(NamedTuple):
    """A row of the table; ``kind`` and ``name`` are empty where it belongs to the row above."""

    kind: str
    where: str
    name: str
    words: str
    style: str = ""


def render(inspection: Inspection, style: Style) -> Iterator[str]:
    """The lines for one file, and an empty one."""
    report = inspection.report
    if report.failure:
        return
    yield style("path", report.shown)
    rows = list(_rows(inspection))
    if rows:
        yield from _table(rows, style)
    else:
        yield f"  {NOTHING}"
    if report.exhausted:
        yield "  " + style("warning", "not analysed to the end")
    yield ""


def _table(rows: Sequence[_Row], style: Style) -> Iterator[str]:
    kinds = max(len(row.kind) for row in rows)
    places = min(max(len(row.where) for row in rows), _WIDEST_PLACE)
    names = min(max(1, *(len(row.name) for row in rows)), _WIDEST_NAME)
    before = kinds + places + names + 8
    room = max(_WIDTH - before, _NARROWEST_WORDS)
    for row in rows:
        heads = _wrapped(row.name, names)
        tails = _wrapped(row.words, room)
        kind, where = row.kind, row.where
        if len(where) > places:
            yield f"  {style('gutter', kind)}{' ' * (kinds - len(kind))}  {where}"
            kind, where = "", ""
        for i in range(max(len(heads), len(tails))):
            if i:
                kind, where = "", ""
            name = heads[i] if i < len(heads) else ""
            words = tails[i] if i < len(tails) else ""
            painted = style(row.style, words) if row.style else words
            start = style("gutter", kind) + " " * (kinds - len(kind))
            yield f"  {start}  {where:<{places}}  {name:<{names}}  {painted}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _rows(inspection: Inspection) -> Iterator[_Row]:
    shown = inspection.report.shown
    for model in inspection.models:
        yield from _model(model, shown)
    for loss in inspection.losses:
        yield _loss(loss, shown)
    for metric in inspection.metrics:
        yield _metric(metric, shown)
    same: dict[PairSeen, list[tuple[str, ...]]] = {}
    for pair in inspection.pairs:
        same.setdefault(replace(pair, branch=()), []).append(pair.branch)
    for pair, branches in same.items():
        yield _pair(pair, branches, shown)
    for mark in inspection.others:
        yield _Row("finding", _where(mark.spot, shown), "", f"{_code(mark)}: {mark.message}", mark.severity)


def _where(spot: Spot, shown: str) -> str:
    """The row, in a notebook behind its cell, and behind the file where that is another one.

    Files beside the one that is ``shown``, or in folders below it, are named as they are seen from there.
    """
    cell = f"cell {spot.position.cell}:" if spot.position.cell is not None else ""
    folder = shown[: shown.rfind("/") + 1]
    file = f"{spot.shown.removeprefix(folder)}:" if spot.shown != shown else ""
    return f"{file}{cell}{spot.position.row}"


def _model(model: ModelSeen, shown: str) -> Iterator[_Row]:
    fate = ", trained" if model.trained else ", compiled" if model.compiled else ""
    name = f"{model.name} ({model.kind}{fate})" if model.name else f"{model.kind}{fate}"
    kind, where = "model", _where(model.spot, shown)
    numbers = {output.number for output in model.outputs}
    if len(numbers) != 1:
        yield _Row(kind, where, name, f"{len(numbers)} outputs" if numbers else "outputs that are not known")
        kind, where, name = "", "", ""
    previous = 0
    for output in model.outputs:
        alternative = output.number == previous
        if len(numbers) > 1:
            name = "" if alternative else f"  {output.name or f'output {output.number}'}"
        words = ("or " if alternative else "") + _output(output, shown)
        yield _Row(kind, where, name, words, "" if output.head is not None else "warning")
        kind, where, name = "", "", ""
        previous = output.number


def _output(output: OutputSeen, shown: str) -> str:
    words = output.reason if output.head is None else _head(output.head, shown)
    return words + _branches(output.branches)


def _head(head: HeadSeen, shown: str) -> str:
    parts = [_range(head)]
    if head.activation == "linear" and head.layer:
        parts[0] += f": {head.layer}" + (" without activation" if head.layer in TAKES_ACTIVATION else "")
    elif head.activation:
        parts[0] += f": {head.activation}"
    if head.spot is not None:
        parts[0] += f" at {_where(head.spot, shown)}"
    if head.units is not None:
        parts.append(f"{head.units} unit" if head.units == 1 else f"{head.units} units")
    return ", ".join(parts)


def _range(head: HeadSeen) -> str:
    if head.domain in _RANGES and (head.activation or head.domain != "probability"):
        return _RANGES[head.domain]
    if head.low is None or head.high is None:
        return f"from {head.low:g} up" if head.low is not None else f"up to {head.high:g}"
    return f"from {head.low:g} to {head.high:g}"


_RANGES = {
    "real": "any number",
    "probability": "probabilities",
    "simplex": "probabilities that sum to 1",
    "log-simplex": "logs of probabilities that sum to 1",
}


def _loss(loss: LossSeen, shown: str) -> _Row:
    words = "written by hand" if loss.written else _EXPECTS[loss.expects]
    if loss.told is not None:
        words += f", from_logits at {_where(loss.told, shown)}"
    if loss.findings:
        words += ": " + "; ".join(f"{_code(mark)} at {_where(mark.spot, shown)}" for mark in loss.findings)
    return _Row("loss", _where(loss.spot, shown), loss.name, words, _severity(loss.findings))


def _metric(metric: MetricSeen, shown: str) -> _Row:
    words = "; ".join(_code(mark) for mark in metric.findings)
    words = words or ("no fault found" if metric.known else "not decided: the output is not known")
    style = _severity(metric.findings) or ("" if metric.known else "warning")
    return _Row("metric", _where(metric.spot, shown), metric.name, words, style)


def _pair(pair: PairSeen, branches: Sequence[tuple[str, ...]], shown: str) -> _Row:
    if pair.findings:
        words = "; ".join(_code(mark) for mark in pair.findings)
    elif pair.verdict is Verdict.FITS:
        words = "fits"
    else:
        decided = "not judged" if pair.verdict is Verdict.NOT_JUDGED else "not decided"
        words = f"{decided}: {pair.reason}"
    style = _severity(pair.findings) or _STYLES.get(pair.verdict, "")
    name = f"{_left(pair)} -> {pair.loss or '?'}"
    return _Row("pair", _where(pair.spot, shown), name, words + _branches(branches), style)


def _left(pair: PairSeen) -> str:
    """The output of a pair: by the name of its model, or by what makes it."""
    if pair.model:
        return f"{pair.model}.{pair.output}" if pair.output else pair.model
    if pair.output:
        return pair.output
    if pair.head is None:
        return "?"
    if pair.head.activation == "linear":
        return pair.head.layer or "no activation"
    return pair.head.activation or _range(pair.head)


def _branches(branches: Iterable[tuple[str, ...]]) -> str:
    """The tests that have to come out as said; nothing where one of the branches needs none."""
    texts = list(dict.fromkeys(_conjunction(branch) for branch in branches))
    if any(f"not {text}" in texts for text in texts):
        return ""
    if len(texts) > _MOST_BRANCHES and all(texts):
        return f" (in {len(texts)} branches)"
    return f" (where {', or '.join(texts)})" if texts and all(texts) else ""


def _conjunction(branch: Sequence[str]) -> str:
    """One branch; a test that comes out both ways, in different turns of a loop, says nothing."""
    both = {test for test in branch if f"not {test}" in branch}
    return " and ".join(test for test in branch if test.removeprefix("not ") not in both)


def _code(mark: Mark) -> str:
    return f"{mark.code} {mark.name}" + ("" if mark.reported else " (suppressed or not selected)")


def _severity(findings: Sequence[Mark]) -> str:
    severities = {mark.severity for mark in findings}
    return "error" if "error" in severities else "warning" if severities else ""


# --- statistics ------------------------------------------------------------------------------------------------------


class Figures:
    """What all files came to; pairs are counted as `check` counts them, by their places."""

    def __init__(self) -> None:
        self.models = 0
        self.known_models = 0
        self.decided = 0
        self.undecided = 0
        self.not_judged = 0
        self.reasons: Counter[str] = Counter()

    @property
    def share(self) -> float | None:
        """The share of the pairs that was decided; ``None`` where there are none."""
        pairs = self.decided + self.undecided
        return self.decided / pairs if pairs else None

    def add(self, inspection: Inspection) -> None:
        report = inspection.report
        self.models += len(inspection.models)
        self.known_models += sum(any(output.head for output in model.outputs) for model in inspection.models)
        self.decided += len(report.decided)
        self.undecided += len(report.undecided)
        self.not_judged += len({pair.spot for pair in inspection.pairs if pair.verdict is Verdict.NOT_JUDGED})
        for pair in report.undecided_pairs:
            # The first reason of a pair is enough to keep it from being decided.
            self.reasons[_NAME.sub("`...`", pair.reasons[0])] += 1

    def by_frequency(self) -> list[tuple[str, int]]:
        return sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))


def statistics(figures: Figures) -> Iterator[str]:
    """The figures as text, the most frequent reason first."""
    share = f" ({figures.share:.1%})" if figures.share is not None else ""
    yield f"models       {figures.models}, of which the output of {figures.known_models} is known"
    yield f"pairs        {figures.decided + figures.undecided}"
    yield f"decided      {figures.decided}{share}"
    yield f"not decided  {figures.undecided}"
    width = max((len(str(count)) for count in figures.reasons.values()), default=0)
    for reason, count in figures.by_frequency():
        lines = textwrap.wrap(reason, _WIDTH - width - 6, break_long_words=False, break_on_hyphens=False)
        for i, line in enumerate(lines):
            yield f"    {count if i == 0 else '':>{width}}  {line}"
    yield f"not judged   {figures.not_judged} (not a cross-entropy, or written by hand)"
