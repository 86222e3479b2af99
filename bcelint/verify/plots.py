"""Draws curves as SVG: one panel for each label, readable on light and dark pages and without colours."""

from __future__ import annotations

import io
import itertools
import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from bcelint.verify import curves as about
from bcelint.verify.curves import AFTER_THE_FIX, AS_WRITTEN, EXACT, Mark, short
from bcelint.verify.model import BackendVerdict, Curve, Witness
from bcelint.verify.scales import Scale, core, ticks, x_scale, y_scale
from bcelint.verify.svg import adapt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class MatplotlibMissing(Exception):
    """There is nothing to draw with; the text says what to install."""


def require_matplotlib() -> None:
    """Raise ``MatplotlibMissing`` where plots cannot be drawn."""
    try:
        import matplotlib.backends.backend_svg
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MatplotlibMissing(
            f"a report needs matplotlib, which cannot be imported ({error}); pip install 'bcelint[verify]' installs it"
        ) from error


# --- how curves look -------------------------------------------------------------------------------------------------

# The custom properties that the drawings use, for light and for dark pages. The hues are Okabe and Ito's, which people
# with any kind of colour vision tell apart; on a dark page those that are too dark give way to their lighter relatives.
_COLOURS = {
    "ink": ("#1d2026", "#e6e8ec"),
    "muted": ("#5c6370", "#a2a9b4"),
    "grid": ("#e3e6eb", "#30353f"),
    "paper": ("#ffffff", "#14161a"),
    "curve-1": ("#d55e00", "#e69f00"),
    "curve-2": ("#0072b2", "#56b4e9"),
    "curve-3": ("#009e73", "#20b98d"),
    "curve-4": ("#b0578a", "#cc79a7"),
    "curve-5": ("#8a6d00", "#f0e442"),
    "reference": ("#8f95a0", "#6d7481"),
}
# Matplotlib knows no custom properties: it draws with colours that stand for them.
_STAND_INS = {role: f"#fe01{index:02x}" for index, role in enumerate(_COLOURS)}
_PROPERTIES = {colour: f"var(--{role})" for role, colour in _STAND_INS.items()}


def custom_properties(*, dark: bool) -> str:
    """The declarations for a style sheet."""
    return " ".join(f"--{role}: {pair[dark]};" for role, pair in _COLOURS.items())


class Line(NamedTuple):
    """How a curve is drawn; ``dashes`` are lengths of strokes and gaps."""

    colour: str
    width: float
    dashes: tuple[float, ...] = ()
    hatch: str = "////"
    layer: int = 3


# What is exact lies below as a broad band, so that it stays visible where the others are right.
_KNOWN = {
    AS_WRITTEN: Line("curve-1", 2, layer=4),
    AFTER_THE_FIX: Line("curve-2", 2, (6, 3), "\\\\\\\\", layer=5),
    EXACT: Line("reference", 5, hatch="....", layer=2),
}
_OTHERS = (
    _KNOWN[AS_WRITTEN],
    _KNOWN[AFTER_THE_FIX],
    Line("curve-3", 2, (8, 2, 2, 2), "xxxx"),
    Line("curve-4", 2, (2, 2), "||||"),
    Line("curve-5", 2, (12, 3), "----"),
)


def lines(names: Iterable[str]) -> dict[str, Line]:
    """How each of several curves is drawn: those with a meaning of their own always in the same way."""
    names = tuple(names)
    free = itertools.cycle(line for line in _OTHERS if line not in {_KNOWN.get(name) for name in names})
    return {name: _KNOWN.get(name) or next(free) for name in names}


def swatch(line: Line) -> str:
    """A piece of a line, for a legend in HTML."""
    dashes = f";stroke-dasharray:{','.join(f'{length:g}' for length in line.dashes)}" if line.dashes else ""
    return (
        '<svg class="swatch" viewBox="0 0 30 10" aria-hidden="true"><path d="M 0 5 H 30" '
        f'style="fill:none;stroke:var(--{line.colour});stroke-width:{line.width:g}{dashes}"/></svg>'
    )


def witness_swatch(mark: Mark) -> str:
    """The sign of a witness, for a legend in HTML."""
    ring = '<circle cx="15" cy="5" r="4" style="fill:var(--paper);stroke:var(--ink);stroke-width:1.6"/>'
    cross = '<path d="M 11 1 l 8 8 m 0 -8 l -8 8" style="fill:none;stroke:var(--ink);stroke-width:2.5"/>'
    return (
        f'<svg class="swatch" viewBox="0 0 30 10" aria-hidden="true">{ring if math.isfinite(mark.y) else cross}</svg>'
    )


NOT_FINITE_SWATCH = (
    '<svg class="swatch" viewBox="0 0 30 10" aria-hidden="true"><path d="M 4 10 l 10 -10 M 10 10 l 10 -10 '
    'M 16 10 l 10 -10" style="fill:none;stroke:var(--muted);stroke-width:1"/></svg>'
)


# --- what is drawn ---------------------------------------------------------------------------------------------------


class Panel(NamedTuple):
    """The curves of one label as an ``svg`` element."""

    label: int
    svg: str


@dataclass(frozen=True)
class Plot:
    """The losses or the gradients of a backend's curves.

    Attributes:
        quantity: ``loss`` or ``gradient``.
        panels: one for each label.
        legend: the names of the curves and how they are drawn.
        mark: where the witness lies.
        not_finite: where curves are not finite, in words.
        without: the curves that have no such values.
        beyond: what is left out at the sides, in words.
    """

    quantity: str
    panels: tuple[Panel, ...]
    legend: Mapping[str, Line]
    mark: Mark | None
    not_finite: tuple[str, ...]
    without: tuple[str, ...]
    beyond: str


def plots(verdict: BackendVerdict, *, prefix: str) -> tuple[Plot, ...]:
    """The loss and the gradient, each where there is one; ``prefix`` has to differ between the plots of a page."""
    require_matplotlib()
    return tuple(_plots(verdict, prefix))


def figure(
    curves: Sequence[Curve],
    *,
    axis: str,
    title: str = "",
    yscale: str = "auto",
    quantity: str = "loss",
    witness: Witness | None = None,
) -> str:
    """An SVG file of its own: a panel for each label side by side, with a title and a legend.

    Args:
        curves: with names of any kind.
        axis: what they run over.
        title: stands above the panels.
        yscale: ``linear``, ``log``, ``symlog``, or ``auto`` for what shows all of the curves.
        quantity: ``loss`` or ``gradient``.
        witness: an evaluation to mark.
    """
    require_matplotlib()
    shown = _Shown(curves, axis, quantity, about.mark(witness, axis, quantity))
    labels = about.labels(curves)
    scale = shown.scale(yscale)
    panel = _PANEL if len(labels) > 1 else _SINGLE_PANEL
    drawing = _draw(shown, dict.fromkeys(labels, scale), panel=panel, title=title, legend=True)
    words = [about.describe(curves, quantity, axis, label) for label in labels]
    style = (
        f"svg {{ {custom_properties(dark=False)} font-family: system-ui, sans-serif; }} "
        f"@media (prefers-color-scheme: dark) {{ svg {{ {custom_properties(dark=True)} }} }}"
    )
    label = ". ".join([title, *words] if title else words)
    return adapt(drawing, prefix="i", colours=_PROPERTIES, label=label, style=style) + "\n"


@dataclass(eq=False)
class _Shown:
    """What the panels of a plot show."""

    curves: Sequence[Curve]
    axis: str
    quantity: str
    mark: Mark | None

    @cached_property
    def view(self) -> tuple[float, float]:
        """The part of the axis that is drawn: where most points are, and the witness."""
        low, high = core(sorted({x for curve in self.curves for x in curve.x}))
        marked = [self.mark.x] if self.mark else []
        return min([low, *marked]), max([high, *marked])

    def of(self, label: int) -> list[Curve]:
        return [curve for curve in self.curves if curve.label == label]

    def values(self, label: int | None = None) -> dict[str, list[float]]:
        """The finite values of each curve that are in view, for one label or all."""
        low, high = self.view
        found: dict[str, list[float]] = {}
        for curve in self.curves:
            if label in (None, curve.label):
                pairs = zip(curve.x, about.values(curve, self.quantity), strict=False)
                finite = [value for x, value in pairs if low <= x <= high and math.isfinite(value)]
                found.setdefault(curve.name, []).extend(finite)
        return {name: finite for name, finite in found.items() if finite}

    def scale(self, kind: str, label: int | None = None) -> Scale:
        """The vertical axis on which the curves of one label, or all, are seen best, together with the witness."""
        shown = list(itertools.chain.from_iterable(self.values(label).values()))
        if self.mark and label in (None, self.mark.label) and math.isfinite(self.mark.y):
            shown.append(self.mark.y)
        return y_scale(self.values(), kind, self.quantity).around(shown)


def _plots(verdict: BackendVerdict, prefix: str) -> Iterator[Plot]:
    for quantity in about.QUANTITIES:
        drawn = [curve for curve in about.in_order(verdict.curves) if about.values(curve, quantity)]
        if not drawn:
            continue
        mark = about.mark(verdict.witness, verdict.axis, quantity)
        shown = _Shown(drawn, verdict.axis, quantity, mark)
        labels = about.labels(drawn)
        rows = max(len(_header(shown, label, _PANEL)) for label in labels)
        panels = []
        for label in labels:
            # Losses of both labels are compared with each other; gradients differ in their signs, and half a panel
            # would stay empty.
            scale = shown.scale("auto", None if quantity == "loss" else label)
            drawing = _draw(shown, {label: scale}, panel=_PANEL, header=rows)
            words = about.describe(drawn, quantity, verdict.axis, label)
            svg = adapt(drawing, prefix=f"{prefix}-{quantity}-{label}-", colours=_PROPERTIES, label=words)
            panels.append(Panel(label, svg))
        yield Plot(
            quantity,
            tuple(panels),
            lines(about.names(drawn)),
            mark if mark and mark.label in labels else None,
            tuple(about.not_finite(drawn, quantity, verdict.axis)),
            tuple(about.without(verdict.curves, quantity)),
            _beyond(shown),
        )


def _beyond(shown: _Shown) -> str:
    xs = [x for curve in shown.curves for x in curve.x]
    low, high = shown.view
    if low <= min(xs) and max(xs) <= high:
        return ""
    name, ends = about.variable(shown.axis), (low, high, min(xs), max(xs))
    return f"{name} = {{}} to {{}} is drawn, the tables go from {{}} to {{}}".format(*map(short, ends))


# --- drawing ---------------------------------------------------------------------------------------------------------

# Lengths are in points. A page shows its panels up to one and a half times as large, a telephone as they are.
_PANEL, _SINGLE_PANEL = 300.0, 460.0
_LEFT, _RIGHT, _AREA = 43.0, 10.0, 150.0
_SMALL, _NORMAL, _LARGE = 9.0, 10.0, 12.0
_ROW, _TITLE_ROW = 12.0, 17.0
_CHARACTER = 0.56  # the width of a character on average, of the size of the font

_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bcelint",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": _SMALL,
    "hatch.linewidth": 0.7,
}


def _draw(
    shown: _Shown,
    scales: Mapping[int, Scale],
    *,
    panel: float,
    header: int = 0,
    title: str = "",
    legend: bool = False,
) -> str:
    """What matplotlib writes for panels side by side.

    Args:
        shown: the curves.
        scales: the vertical axis of the panel of each label.
        panel: the width of a panel.
        header: how many rows to keep free above each panel, at least.
        title: stands above all of them.
        legend: whether the names of the curves stand there, too.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    width = panel * len(scales)
    names = lines(about.names(shown.curves))
    titles = _wrap(title, width - _LEFT, _LARGE)
    axis = _wrap(shown.axis, panel - _LEFT, _SMALL)
    columns = max(int((width - _LEFT) / _SMALL / (max(map(len, names), default=0) * _CHARACTER + 6)), 1)
    entries = math.ceil((len(names) + (shown.mark is not None)) / columns) if legend else 0
    header = max([header, *(len(_header(shown, label, panel)) for label in scales)])
    legend_top = len(titles) * _TITLE_ROW + (6 if legend else 0)
    top = 20 + legend_top + entries * 15 + header * _ROW
    bottom = 20 + len(axis) * 12
    height = top + _AREA + bottom

    with matplotlib.rc_context():
        # The reader's own settings are not for this.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        drawing = Figure(figsize=(width / 72, height / 72), dpi=72)
        drawing.patch.set_visible(False)
        for index, (label, scale) in enumerate(scales.items()):
            left = index * panel + _LEFT
            inside = panel - _LEFT - _RIGHT
            axes = drawing.add_axes((left / width, bottom / height, inside / width, _AREA / height))
            _panel(axes, shown, label, scale, names, panel)
            axes.set_xlabel("\n".join(axis), color=_STAND_INS["muted"], fontsize=_SMALL, labelpad=4)
        _text(drawing, titles, _LEFT / width, 1 - 4 / height, _LARGE)
        if legend:
            _legend(drawing, names, shown.mark, columns, (_LEFT / width, 1 - legend_top / height))
        out = io.StringIO()
        FigureCanvasSVG(drawing).print_svg(out, metadata={"Date": None})
    return out.getvalue()


def _wrap(text: str, width: float, size: float) -> list[str]:
    return textwrap.wrap(text, max(int(width / size / _CHARACTER), 1))


def _text(drawing: Figure, rows: Sequence[str], x: float, y: float, size: float) -> None:
    if rows:
        drawing.text(x, y, "\n".join(rows), va="top", fontsize=size, fontweight="bold", color=_STAND_INS["ink"])


def _panel(axes: Axes, shown: _Shown, label: int, y: Scale, names: Mapping[str, Line], width: float) -> None:
    x = x_scale(*shown.view)
    for scale, set_scale, set_ends in ((x, axes.set_xscale, axes.set_xlim), (y, axes.set_yscale, axes.set_ylim)):
        bent = {"linthresh": scale.threshold} if scale.kind == "symlog" else {}
        set_scale(scale.kind, **bent)
        set_ends(scale.low, scale.high)
    _frame(axes, x, y, width - _LEFT - _RIGHT)
    for curve in shown.of(label):
        line = names[curve.name]
        for run in about.runs(curve, shown.quantity):
            _not_finite(axes, curve, run, line, x)
        finite = [value if math.isfinite(value) else math.nan for value in about.values(curve, shown.quantity)]
        axes.plot(curve.x, finite, solid_capstyle="butt", zorder=line.layer, **_look(line))
    if shown.mark and shown.mark.label == label:
        _witness(axes, shown.mark, y)
    header = _header(shown, label, width)
    for row, words in enumerate(reversed(header)):
        for text, side in words:
            _above(axes, text, side, 4 + row * _ROW, fontsize=_SMALL)
    _above(axes, f"{shown.quantity} {about.of_label(label)}", "left", 6 + len(header) * _ROW, fontweight="bold")


def _above(axes: Axes, text: str, side: str, distance: float, **look: Any) -> None:
    """Text at one side above a panel."""
    corner = (1.0 if side == "right" else 0.0, 1.0)
    look = {"fontsize": _NORMAL, "color": _STAND_INS["ink"], "ha": side, **look}
    axes.annotate(text, corner, (0, distance), xycoords="axes fraction", textcoords="offset points", **look)


def _look(line: Line) -> dict[str, Any]:
    # Matplotlib counts dashes in widths of the line.
    dashes = (0, tuple(length / line.width for length in line.dashes)) if line.dashes else "-"
    return {"color": _STAND_INS[line.colour], "linewidth": line.width, "linestyle": dashes}


def _frame(axes: Axes, x: Scale, y: Scale, width: float) -> None:
    axes.patch.set_visible(False)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_STAND_INS["muted"])
        spine.set_linewidth(0.8)
    for one, scale, room, apart in ((axes.xaxis, x, width, 30), (axes.yaxis, y, _AREA, 15)):
        found = ticks(scale, room, apart)
        one.set_ticks(found, labels=[short(tick) for tick in found])
        one.set_ticks([], minor=True)
        one.set_tick_params(length=0, pad=5, labelsize=_SMALL, labelcolor=_STAND_INS["muted"])
    axes.grid(True, color=_STAND_INS["grid"], linewidth=0.8)
    axes.set_axisbelow(True)
    if y.low < 0 < y.high:
        axes.axhline(0, color=_STAND_INS["muted"], linewidth=0.8, zorder=1)


def _not_finite(axes: Axes, curve: Curve, run: about.Run, line: Line, scale: Scale) -> None:
    """Hatch where a curve cannot be drawn, up to the middle between there and where it can."""
    x = curve.x
    colour = _STAND_INS[line.colour]
    borders = [(x[index - 1] + x[index]) / 2 if 0 < index < len(x) else None for index in (run.first, run.last + 1)]
    start = scale.low if borders[0] is None else borders[0]
    end = scale.high if borders[1] is None else borders[1]
    if start >= scale.high or end <= scale.low:
        return
    axes.axvspan(start, end, facecolor="none", edgecolor=colour, hatch=line.hatch, linewidth=0, zorder=1.5)
    for border in borders:
        if border is not None and scale.low < border < scale.high:
            axes.axvline(border, color=colour, linewidth=1, zorder=1.6)


_RING = {"marker": "o", "markersize": 7.5, "markeredgewidth": 1.6}
_CROSS = {"marker": "X", "markersize": 9, "markeredgewidth": 1.2}
_WITNESS = {"linestyle": "none", "markerfacecolor": _STAND_INS["paper"], "markeredgecolor": _STAND_INS["ink"]}


def _witness(axes: Axes, mark: Mark, scale: Scale) -> None:
    """A ring where the evaluation lies, or a cross near the edge that it is beyond."""
    finite = math.isfinite(mark.y)
    if finite and (scale.kind != "log" or mark.y > 0):
        share = min(max(scale.share(mark.y), 0.0), 1.0)
    else:
        share = 0.05 if finite or mark.y < 0 else 0.95
    look = {**_WITNESS, **(_RING if finite else _CROSS)}
    axes.plot([mark.x], [share], transform=axes.get_xaxis_transform(), clip_on=False, zorder=10, **look)


def _header(shown: _Shown, label: int, width: float) -> list[list[tuple[str, str]]]:
    """The rows above a panel that say where curves are not finite, each text at the side where that is."""
    room = (width - _LEFT - _RIGHT) / _SMALL / _CHARACTER
    low, high = shown.view
    rows: list[list[tuple[str, str]]] = []
    for curve in shown.of(label):
        for run in about.runs(curve, shown.quantity):
            text = run.words(curve, about.variable(shown.axis))
            # What is as written is what the page is about.
            text = text if curve.name == AS_WRITTEN else f"{curve.name}: {text}"
            if curve.x[run.last] < low:
                text = f"← {text}"
            elif curve.x[run.first] > high:
                text = f"{text} →"
            side = "left" if curve.x[run.first] <= low else "right"
            free = (row for row in rows if len(row) == 1 and row[0][1] != side and len(row[0][0] + text) + 3 <= room)
            row = next(free, None)
            if row is None:
                rows.append([(text, side)])
            else:
                row.append((text, side))
    return rows


def _legend(
    drawing: Figure, names: Mapping[str, Line], mark: Mark | None, columns: int, corner: tuple[float, float]
) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=name, **_look(line)) for name, line in names.items()]
    if mark:
        handles.append(Line2D([], [], label="witness", **_WITNESS, **_RING))
    drawing.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=corner,
        ncols=columns,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        labelspacing=0.4,
        fontsize=_SMALL,
        labelcolor=_STAND_INS["ink"],
        handlelength=3,
        columnspacing=1.6,
    )
