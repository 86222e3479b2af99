"""The report of ``bcelint verify``: one HTML page that needs nothing else, neither scripts nor the network."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from itertools import count, pairwise
from typing import NamedTuple

from bcelint.findings import Applicability, Finding, Fix
from bcelint.reporting.columns import Row
from bcelint.reporting.concise import where
from bcelint.reporting.frames import CodeRow, Elsewhere, Gap, Marked, frame
from bcelint.reporting.hunks import hunks
from bcelint.reporting.model import FileReport, is_applicable
from bcelint.reporting.style import Style
from bcelint.verify import curves as about
from bcelint.verify.curves import short
from bcelint.verify.markup import Html, join, prose, tag, text
from bcelint.verify.model import BackendVerdict, Curve, FileVerifications, Verdict, Verification, Witness
from bcelint.verify.plots import (
    NOT_FINITE_SWATCH,
    MatplotlibMissing,
    Plot,
    custom_properties,
    plots,
    require_matplotlib,
    swatch,
    witness_swatch,
)
from bcelint.verify.session import title
from bcelint.verify.symptoms import number
from bcelint.verify.text import DEFECT

__all__ = ["MatplotlibMissing", "render", "require_matplotlib"]

_MEANINGS = {
    Verdict.CONFIRMED: "the fault is there",
    Verdict.RESCUED: "this backend repairs it, others do not",
    Verdict.REFUTED: "the finding is wrong, which is a defect of bcelint",
    Verdict.NOT_EVALUATED: "nothing was learnt",
}
# Told apart without colours, too.
_SIGNS = {Verdict.CONFIRMED: "●", Verdict.RESCUED: "◐", Verdict.REFUTED: "○", Verdict.NOT_EVALUATED: "—"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_NOTHING = "—"


def render(
    files: Iterable[FileVerifications],
    *,
    command: str = "",
    versions: Sequence[str] = (),
    unsafe_fixes: bool = False,
) -> str:
    """The whole page.

    Args:
        files: what became of the findings, file by file. Findings without a verification are shown as not evaluated.
        command: the command line that the page came from.
        versions: of what took part, such as ``Keras 3.15.1``.
        unsafe_fixes: whether ``--fix`` would apply unsafe fixes, too.

    Raises:
        MatplotlibMissing: there is nothing to draw with.
    """
    require_matplotlib()
    files = tuple(files)
    numbers = count(1)
    entries = [
        _Entry(f"finding-{next(numbers)}", file.report, verification, unsafe_fixes)
        for file in files
        for verification in _verifications(file)
    ]
    heading = f"{_counted(len(entries), 'finding')} in {_counted(len({id(entry.report) for entry in entries}), 'file')}"
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"bcelint verify: {heading if entries else 'no findings'}"),
        tag("style", Html(_style_sheet())),
    )
    body = (
        tag("header", tag("p", "bcelint verify", class_="tool"), *_heading(files, entries, heading), class_="top"),
        tag("main", *_summary(files, entries), *map(_article, entries), *_sound(files)),
        tag("footer", *_provenance(command, versions)),
    )
    page = tag("html", Html("\n"), tag("head", *_rows(head)), tag("body", *_rows(body)), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


class _Entry(NamedTuple):
    """A finding on the page; ``anchor`` is the id of its section, and begins those within."""

    anchor: str
    report: FileReport
    verification: Verification
    unsafe_fixes: bool

    @property
    def finding(self) -> Finding:
        return self.verification.finding

    @property
    def backends(self) -> tuple[BackendVerdict, ...]:
        return self.verification.backends

    @property
    def where(self) -> str:
        return where(self.report, self.finding.place, Style())


def _verifications(file: FileVerifications) -> list[Verification]:
    """Those of a file with all of its findings, in their order."""
    known = {verification.finding.sort_key for verification in file.verifications}
    missing = (finding for finding in file.report.findings if finding.sort_key not in known)
    return sorted(
        [*file.verifications, *(Verification(finding, "", ()) for finding in missing)],
        key=lambda verification: verification.finding.sort_key,
    )


def _style_sheet() -> str:
    sheet = resources.files("bcelint.verify").joinpath("page.css").read_text(encoding="utf-8")
    plot = (
        f":root {{ {custom_properties(dark=False)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {custom_properties(dark=True)} }} }}"
    )
    return f"\n{plot}\n{sheet}"


# --- above the findings ----------------------------------------------------------------------------------------------


def _heading(files: Sequence[FileVerifications], entries: Sequence[_Entry], heading: str) -> Iterator[Html]:
    if entries:
        yield tag("h1", heading)
    else:
        yield tag("h1", "No findings")
        looked = _counted(len(files), "file") + (" was" if len(files) == 1 else " were")
        fits = any(file.sound for file in files)
        rest = ", and what fits was evaluated" if fits else ", and nothing had to be evaluated"
        yield tag("p", f"{looked} checked{rest}." if files else "No file was checked.")


def _summary(files: Sequence[FileVerifications], entries: Sequence[_Entry]) -> Iterator[Html]:
    failures = [file.report for file in files if file.report.failure]
    if failures:
        items = (tag("li", tag("code", report.shown), f": {report.failure}") for report in failures)
        yield tag("section", tag("h2", "Could not be checked"), tag("ul", *items), class_="failures")
    if entries:
        yield tag("section", tag("h2", "Summary"), _counts(entries), _contents(entries), id="summary", class_="summary")


def _backends(entries: Iterable[_Entry]) -> tuple[str, ...]:
    """The backends that took part, each once."""
    return tuple(dict.fromkeys(verdict.backend for entry in entries for verdict in entry.backends))


def _counts(entries: Sequence[_Entry]) -> Html:
    """How often which verdict was reached on which backend."""
    backends = _backends(entries)
    counts = Counter((verdict.verdict, verdict.backend) for entry in entries for verdict in entry.backends)
    rows = []
    for verdict in Verdict:
        amounts = (counts[verdict, backend] for backend in backends)
        cells = (tag("td", str(amount), class_="number" if amount else "number none") for amount in amounts)
        meaning = tag("span", _MEANINGS[verdict], class_="quiet")
        rows.append((tag("th", _badge(verdict), " ", meaning, scope="row"), *cells))
    return _table("Verdicts by backend", ("verdict", *map(title, backends)), rows) if backends else Html()


def _contents(entries: Sequence[_Entry]) -> Html:
    backends = _backends(entries)
    rows = []
    for entry in entries:
        link = tag("a", f"{entry.finding.code} {entry.finding.name}", href=f"#{entry.anchor}")
        verdicts = {verdict.backend: verdict.verdict for verdict in entry.backends}
        cells = (tag("td", _badge(verdicts[name]) if name in verdicts else _NOTHING) for name in backends)
        rows.append((tag("th", link, tag("br"), tag("code", _breakable(entry.where)), scope="row"), *cells))
    return _table("Findings", ("finding", *map(title, backends)), rows)


def _provenance(command: str, versions: Sequence[str]) -> Iterator[Html]:
    if command:
        yield tag("p", "Made by ", tag("code", command))
    if versions:
        yield tag("p", " · ".join(versions))


# --- a finding -------------------------------------------------------------------------------------------------------


def _article(entry: _Entry) -> Html:
    finding = entry.finding
    head = (
        tag("h2", tag("span", finding.code, class_="code"), f" {finding.name}", id=f"{entry.anchor}-title"),
        tag("p", prose(finding.message), class_="message"),
        tag(
            "p",
            tag("code", _breakable(entry.where)),
            Html(" <span aria-hidden='true'>·</span> "),
            finding.severity.value,
            Html(" <span aria-hidden='true'>·</span> "),
            tag("a", "to the summary", href="#summary"),
            class_="where",
        ),
    )
    parts = [tag("header", *head), _frame(entry)]
    parts += [tag("p", prose(note), class_="note") for note in finding.notes]
    if entry.verification.evaluated:
        parts.append(tag("p", "Evaluated: ", tag("code", entry.verification.evaluated), class_="evaluated"))
    parts += [_backend(entry, verdict) for verdict in entry.backends]
    if not entry.backends:
        parts.append(tag("section", tag("p", _badge(Verdict.NOT_EVALUATED)), class_="backend short"))
    parts.append(_help(entry))
    return tag("article", *_rows(parts), id=entry.anchor, aria_labelledby=f"{entry.anchor}-title")


def _frame(entry: _Entry) -> Html:
    report = entry.report
    if not report.listing.rows:
        return Html()
    rows = []
    for part in frame(report, entry.finding):
        if isinstance(part, Gap):
            rows.append(_code_row("", tag("span", "…", class_="gap")))
        elif isinstance(part, Elsewhere):
            place = where(report, part.place, Style())
            rows.append(_code_row("", tag("span", place, class_="gap")))
        else:
            rows.append(_code_row(str(part.number), _marked(part)))
            rows += [_words(marked) for marked in part.marked if marked.mark.words]
    return _scrolling(*rows, label="code", class_="frame")


def _code_row(gutter: str, code: Html, kind: str = "row") -> Html:
    return tag("div", tag("span", gutter, class_="gutter"), tag("code", code), class_=kind)


def _marked(row: CodeRow) -> Html:
    """The row with its marks; where two of them overlap, the part that they share bears both."""
    length = max([len(row.text), *(shown.first + 1 for _, shown in row.marked)])
    code = row.text.ljust(length)
    ranges = [
        (shown.first, max(min(shown.last, length), shown.first + 1), "own" if mark.is_own else "related")
        for mark, shown in row.marked
    ]
    borders = sorted({0, length, *(border for first, last, _ in ranges for border in (first, last))})
    parts: list[str] = []
    for start, end in pairwise(borders):
        kinds = sorted({kind for first, last, kind in ranges if first <= start and end <= last})
        parts.append(tag("mark", code[start:end], class_=" ".join(kinds)) if kinds else code[start:end])
    return join(parts)


def _words(marked: Marked) -> Html:
    """What is said of a mark, below its beginning; where rows are broken, the style sheet puts it below their own."""
    kind = "own" if marked.mark.is_own else "related"
    style = f"--at: {marked.shown.start}ch"
    said = tag("span", tag("span", "╰ ", aria_hidden="true"), prose(marked.mark.words), style=style, class_=kind)
    return tag("div", tag("span", class_="gutter"), said, class_="words")


def _help(entry: _Entry) -> Html:
    """The ways out, and what became of the first one."""
    finding = entry.finding
    if not (finding.fix or finding.help or finding.alternatives):
        return Html()
    parts = [tag("h3", "Fix" if finding.fix else "Way out")]
    if finding.fix is None and finding.help:
        parts.append(tag("p", prose(finding.help)))
    if finding.fix is not None:
        parts.append(tag("p", prose(finding.fix.message), " ", _applicability(finding.fix, entry.unsafe_fixes)))
        parts.append(_diff(entry.report, finding.fix))
    parts += _after_the_fix(entry)
    if finding.alternatives:
        items = (
            tag("li", "or ", prose(other.message), " ", _applicability(other, entry.unsafe_fixes))
            for other in finding.alternatives
        )
        parts.append(tag("ul", *items, class_="alternatives"))
    return tag("section", *parts, class_="fix")


def _after_the_fix(entry: _Entry) -> Iterator[Html]:
    """What evaluating the fixed code has shown; which fix that was, only where it is not the one above."""
    tried = [(verdict.backend, verdict.fix) for verdict in entry.backends if verdict.fix is not None]
    fix = entry.finding.fix
    is_named = any(fix is None or result.message != fix.message for _, result in tried)
    rows = []
    for backend, result in tried:
        words, kind = ("✓ passed", "passed") if result.passed else ("✗ failed", "failed")
        cells = [tag("th", title(backend), scope="row"), tag("td", words, class_=kind)]
        cells += [tag("td", prose(result.message))] * is_named
        rows.append([*cells, tag("td", prose(result.reason))])
    if rows:
        head = ("backend", "result", *(["fix"] * is_named), "what was seen")
        yield _table("Evaluated after the fix", head, rows)


def _applicability(fix: Fix, unsafe_fixes: bool) -> Html:
    if fix.applicability is Applicability.SAFE:
        return tag("span", "safe: --fix applies it", class_="tag")
    words = "unsafe: --fix applies it" if is_applicable(fix, unsafe_fixes) else "unsafe: needs --unsafe-fixes"
    return tag("span", words, class_="tag")


def _diff(report: FileReport, fix: Fix) -> Html:
    rows = []
    for index, hunk in enumerate(hunks(report, fix.edits)):
        if index:
            rows.append(_code_row("", tag("span", "…", class_="gap")))
        for sign, kind, first, changed in (
            ("-", "del", hunk.old_number, hunk.old),
            ("+", "ins", hunk.new_number, hunk.new),
        ):
            for offset, row in enumerate(changed):
                code = f"{sign} {Row(row).show(*hunk.changed).text}".rstrip()
                rows.append(_code_row(str(first + offset), tag(kind, code), f"row {kind}"))
    return _scrolling(*rows, label="what the fix changes", class_="frame") if rows else Html()


# --- a backend -------------------------------------------------------------------------------------------------------


def _backend(entry: _Entry, verdict: BackendVerdict) -> Html:
    head = tag("h3", title(verdict.backend), " ", _badge(verdict.verdict))
    reason = f"{verdict.reason}; {DEFECT}" if verdict.verdict is Verdict.REFUTED else verdict.reason
    parts = [head, tag("p", prose(reason), class_="reason")]
    if verdict.verdict is Verdict.NOT_EVALUATED:
        return tag("section", *parts, class_="backend short")
    if verdict.symptoms:
        parts.append(tag("ul", *(tag("li", prose(symptom)) for symptom in verdict.symptoms), class_="symptoms"))
    tables = [*_witness(verdict.witness), *_measured(verdict.measured)]
    if tables:
        parts.append(tag("div", *tables, class_="tables"))
    parts += [_plot(verdict, plot) for plot in plots(verdict, prefix=f"{entry.anchor}-{verdict.backend}")]
    return tag("section", *_rows(parts), class_="backend")


def _witness(witness: Witness | None) -> Iterator[Html]:
    if witness is None:
        return
    inputs = ", ".join(f"{name} = {short(value)}" for name, value in witness.inputs)
    rows = [
        (
            tag("th", name, scope="row"),
            *(_number(_NOTHING if value is None else number(value)) for value in (got, expected)),
        )
        for name, got, expected in (
            (witness.expression, witness.loss, witness.expected),
            ("gradient", witness.gradient, witness.expected_gradient),
        )
        if got is not None or expected is not None
    ]
    caption = join(["Witness", f": {inputs}" if inputs else "", tag("span", f" ({witness.mode})", class_="quiet")])
    yield _table(caption, ("", "came out", "should be"), rows)


def _measured(measured: Sequence[tuple[str, str]]) -> Iterator[Html]:
    crossed, others = _crossed(measured)
    columns = tuple(dict.fromkeys(column for cells in crossed.values() for column in cells))
    if crossed:
        rows = [
            (tag("th", row, scope="row"), *(_number(cells.get(column, _NOTHING)) for column in columns))
            for row, cells in crossed.items()
        ]
        yield _table("Measured", ("", *columns), rows)
    if others:
        rows = [(tag("th", what, scope="row"), _number(value)) for what, value in others]
        yield _table("Also measured" if crossed else "Measured", ("what", "value"), rows)


def _crossed(measured: Sequence[tuple[str, str]]) -> tuple[dict[str, dict[str, str]], list[tuple[str, str]]]:
    """What is called ``z = 0, y = 1: fit`` and so on as rows of a table with a column for each ``z = 0, y = 1``, and
    what does not come in such rows."""
    rows: dict[str, dict[str, str]] = {}
    for what, value in measured:
        column, _, row = what.rpartition(": ")
        if column:
            rows.setdefault(row, {})[column] = value
    crossed = {row: cells for row, cells in rows.items() if len(cells) > 1}
    return crossed, [(what, value) for what, value in measured if what.rpartition(": ")[2] not in crossed]


def _plot(verdict: BackendVerdict, plot: Plot) -> Html:
    """The panels of a plot, each above the table of its numbers."""
    name = plot.quantity.capitalize()
    legend = [tag("li", Html(swatch(line)), curve) for curve, line in plot.legend.items()]
    if plot.mark and verdict.witness:
        legend.append(tag("li", Html(witness_swatch(plot.mark)), f"witness ({verdict.witness.mode})"))
    if plot.not_finite:
        legend.append(tag("li", Html(NOT_FINITE_SWATCH), "not finite"))
    said = [*plot.not_finite, *(f"{curve} has no gradient" for curve in plot.without), *filter(None, [plot.beyond])]
    caption = [tag("strong", f"{name} against {verdict.axis}"), tag("ul", *legend, class_="legend")]
    if said:
        caption.append(tag("p", "; ".join(said)))
    panels = [
        tag("div", Html(panel.svg), _numbers(verdict, plot, panel.label), class_="panel") for panel in plot.panels
    ]
    return tag("figure", tag("figcaption", *caption), tag("div", *panels, class_="panels"))


def _numbers(verdict: BackendVerdict, plot: Plot, label: int) -> Html:
    """What a panel shows as numbers, at some points."""
    curves = [curve for curve in about.in_order(verdict.curves) if curve.label == label]
    curves = [curve for curve in curves if about.values(curve, plot.quantity)]
    also = [plot.mark.x] if plot.mark and plot.mark.label == label else []
    variable = about.variable(verdict.axis)
    rows = (
        (tag("th", short(x), scope="row"), *(_cell(curve, plot.quantity, x) for curve in curves))
        for x in about.sample(curves, plot.quantity, also)
    )
    caption = f"{plot.quantity} for y = {label}, in numbers"
    return _table(caption, (variable, *(curve.name for curve in curves)), rows, class_="curve")


def _cell(curve: Curve, quantity: str, x: float) -> Html:
    value = about.at(curve, quantity, x)
    return _number(_NOTHING if value is None else number(value), is_finite=value is None or math.isfinite(value))


def _number(shown: str, *, is_finite: bool = True) -> Html:
    return tag("td", shown, class_="number" if is_finite else "number not-finite")


# --- what has no finding ---------------------------------------------------------------------------------------------


def _sound(files: Sequence[FileVerifications]) -> Iterator[Html]:
    """The pairs and losses without a finding, with what each backend has measured."""
    rows = []
    for file in files:
        for measurement in file.sound:
            place = where(file.report, measurement.site, Style())
            words = []
            for backend, agrees, reason in measurement.backends:
                quality = {True: measurement.quality, False: f"not {measurement.quality}", None: "not evaluated"}[
                    agrees
                ]
                words.append(tag("p", tag("strong", f"{quality} on {title(backend)}"), ": ", prose(reason)))
            evaluated = (tag("br"), prose(measurement.evaluated)) if measurement.evaluated else ()
            rows.append((tag("th", tag("code", _breakable(place)), *evaluated, scope="row"), tag("td", *words)))
    if rows:
        table = _table("Pairs and hand-written losses", ("where", "measured"), rows)
        yield tag("section", tag("h2", "Without a finding"), table, id="sound", class_="sound")


# --- pieces ----------------------------------------------------------------------------------------------------------


def _table(caption: str, head: Iterable[str], rows: Iterable[Iterable[Html]], class_: str | None = None) -> Html:
    """A table that scrolls where it is too wide."""
    columns = tag("tr", *(tag("th", name, scope="col") if name else tag("td") for name in head))
    body = _rows(tag("tr", *cells) for cells in rows)
    return tag(
        "div",
        tag("table", tag("caption", caption), tag("thead", columns), tag("tbody", *body), class_=class_),
        class_="scroll",
    )


def _scrolling(*content: Html, label: str, class_: str) -> Html:
    """A block that can be scrolled with the keys, too."""
    inside = tag("div", *_rows(content), class_="inside")
    return tag("div", inside, class_=f"{class_} scroll", tabindex=0, role="group", aria_label=label)


def _badge(verdict: Verdict) -> Html:
    kind = verdict.value.replace(" ", "-")
    return tag("span", tag("span", f"{_SIGNS[verdict]} ", aria_hidden="true"), verdict.value, class_=f"badge {kind}")


def _breakable(path: str) -> Html:
    """A path that may be broken behind its slashes."""
    return Html(text(path).replace("/", "/<wbr>"))


def _rows(parts: Iterable[Html]) -> Iterator[Html]:
    """Each part on a row of its own, for people who read the source."""
    for part in parts:
        if part:
            yield part
            yield Html("\n")


def _counted(amount: int, what: str) -> str:
    return f"{amount} {what}" if amount == 1 else f"{amount} {what}s"
