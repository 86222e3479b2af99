"""The plots as SVG, without a browser."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelint.verify.model import BackendVerdict, Curve, Verdict, Witness
from bcelint.verify.plots import MatplotlibMissing, Plot, custom_properties, figure, lines, plots, swatch
from tests.verify.samples import (
    CLIPPED,
    DOUBLE,
    JAX_DOUBLE,
    NOT_EVALUATED,
    REFUTED,
    TENSORFLOW_CLIPPED,
    TENSORFLOW_UNCLIPPED,
)

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
INF, NAN = math.inf, math.nan


def drawn(verdict: BackendVerdict, prefix: str = "p") -> list[str]:
    return [panel.svg for plot in plots(verdict, prefix=prefix) for panel in plot.panels]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


def strokes(svg: str) -> list[str]:
    return re.findall(r"stroke:var\(--(curve-\d|reference)\)", svg)


def sweep(*losses: float, name: str = "as written", label: int = 1) -> Curve:
    return Curve(name, label, tuple(float(x) for x in range(len(losses))), losses)


# --- what is in them -------------------------------------------------------------------------------------------------


def test_losses_and_gradients_have_a_panel_for_each_label() -> None:
    found = plots(JAX_DOUBLE, prefix="p")
    assert [(plot.quantity, [panel.label for panel in plot.panels]) for plot in found] == [
        ("loss", [1, 0]),
        ("gradient", [1, 0]),
    ]
    assert [texts(panel.svg)[-1] for plot in found for panel in plot.panels] == [
        "loss for y = 1",
        "loss for y = 0",
        "gradient for y = 1",
        "gradient for y = 0",
    ]
    for svg in drawn(JAX_DOUBLE):
        assert set(strokes(svg)) == {"curve-1", "curve-2", "reference"}
        assert "pre-activation z" in texts(svg)


def test_curves_differ_in_more_than_their_colour() -> None:
    looks = lines(["as written", "after the fix", "exact", "one", "two", "three"])
    assert len({(look.width, look.dashes) for look in looks.values()}) == len(looks)
    assert looks["as written"].dashes == ()
    assert looks["after the fix"].dashes
    assert looks["exact"].width > 2 * looks["as written"].width
    assert "stroke-dasharray:6,3" in swatch(looks["after the fix"])


def test_names_without_a_meaning_get_the_lines_that_are_free() -> None:
    assert lines(["keras", "exact", "tf.nn"]) == {
        "keras": lines(["as written"])["as written"],
        "exact": lines(["exact"])["exact"],
        "tf.nn": lines(["after the fix"])["after the fix"],
    }
    assert lines(["other", "as written"])["other"] != lines(["as written"])["as written"]


def test_small_losses_are_on_a_logarithmic_axis() -> None:
    losses, _ = plots(JAX_DOUBLE, prefix="p")
    for panel in losses.panels:
        assert {"1e-8", "0.01", "1"} <= set(texts(panel.svg))
    straight, _ = plots(REFUTED, prefix="p")
    assert {"0", "1", "2", "3", "4"} <= set(texts(straight.panels[0].svg))


def test_what_is_not_finite_is_hatched_and_said() -> None:
    losses, gradients = plots(TENSORFLOW_UNCLIPPED, prefix="p")
    positive, negative = (panel.svg for panel in losses.panels)
    assert {"← inf up to z = -88.75", "NaN from z = 16.75"} <= set(texts(positive))
    assert {"← NaN up to z = -88.75", "inf from z = 16.75"} <= set(texts(negative))
    for svg in drawn(TENSORFLOW_UNCLIPPED):
        assert svg.count("<pattern ") == 1
    assert losses.not_finite[0] == "as written is inf up to z = -88.75 and NaN from z = 16.75 (y = 1)"
    assert gradients.not_finite[0].startswith("as written is NaN up to z = -88.75")
    assert losses.beyond == "z = -20 to 20 is drawn, the tables go from -100 to 100"
    assert not plots(REFUTED, prefix="p")[0].beyond


def test_where_other_curves_are_not_finite_their_name_is_said() -> None:
    curves = (sweep(1, 2, 3), sweep(1, INF, INF, name="after the fix"), sweep(NAN, 1, 2, name="exact"))
    (plot,) = plots(replace(JAX_DOUBLE, curves=curves, witness=None), prefix="p")
    assert {"after the fix: inf from z = 1", "exact: NaN up to z = 0"} <= set(texts(plot.panels[0].svg))
    assert plot.panels[0].svg.count("<pattern ") == 2


@pytest.mark.parametrize("witness_x", [-5.0, -60.0, 100.0])
def test_the_witness_is_marked_and_in_view(witness_x: float) -> None:
    witness = Witness((("z", witness_x), ("y", 1.0)), "fit", loss=16.118, gradient=0.0)
    marked, other = plots(replace(TENSORFLOW_CLIPPED, witness=witness), prefix="p")[0].panels
    unmarked, _ = plots(replace(TENSORFLOW_CLIPPED, witness=None), prefix="p")[0].panels
    assert (
        marked.svg.count("stroke:var(--ink)") == unmarked.svg.count("stroke:var(--ink)") + 2
    )  # the marker and its use
    assert "stroke:var(--ink)" not in other.svg
    root = ElementTree.fromstring(marked.svg)
    (use,) = [element for element in root.iter("use") if "--ink" in element.get("style", "")]
    assert 40 < float(use.get("x", "")) < 295
    assert float(use.get("y", "")) > 0


def test_a_witness_that_is_not_finite_is_a_cross_at_the_edge() -> None:
    losses, _ = plots(TENSORFLOW_UNCLIPPED, prefix="p")
    assert losses.mark is not None
    assert math.isnan(losses.mark.y)
    assert "stroke:var(--ink)" in losses.panels[0].svg


def test_a_loss_without_gradient_has_only_the_gradients_of_the_others() -> None:
    losses, gradients = plots(REFUTED, prefix="p")
    assert list(losses.legend) == ["as written", "exact"]
    assert list(gradients.legend) == ["exact"]
    assert gradients.without == ("as written",)
    assert set(strokes(gradients.panels[0].svg)) == {"reference"}


def test_nothing_is_drawn_of_nothing() -> None:
    assert plots(NOT_EVALUATED, prefix="p") == ()
    assert plots(BackendVerdict("jax", Verdict.REFUTED, "", curves=(Curve("exact", 1, (), ()),)), prefix="p") == ()


def test_every_panel_is_described_in_words() -> None:
    for svg, start in zip(drawn(JAX_DOUBLE), ("loss", "loss", "gradient", "gradient"), strict=True):
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img"
        assert root.get("aria-label", "").startswith(f"{start} against pre-activation z for y = ")
    assert "as written: 0.6931 at z = -100, 0.4741 at z = 0, 0.3133 at z = 100" in drawn(JAX_DOUBLE)[0]


# --- how they fit into a page ----------------------------------------------------------------------------------------


def test_colours_follow_the_page_and_fonts_are_its_own() -> None:
    named = set(re.findall(r"--([\w-]+):", custom_properties(dark=False)))
    assert named == set(re.findall(r"--([\w-]+):", custom_properties(dark=True)))
    for svg in drawn(TENSORFLOW_UNCLIPPED):
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b", re.sub(r'(url\(#|href="#)[^)"]*', "", svg))
        assert set(re.findall(r"var\(--([\w-]+)\)", svg)) <= named
        assert "font-family" not in svg
        assert "<style" not in svg
        assert "<metadata" not in svg
        assert len(texts(svg)) > 10


def test_ids_are_those_of_the_figure_and_lead_somewhere() -> None:
    found = [*drawn(TENSORFLOW_UNCLIPPED), *drawn(TENSORFLOW_UNCLIPPED, "q")]
    ids = [re.findall(r' id="([^"]+)"', svg) for svg in found]
    assert len(set(chain(*ids))) == len(list(chain(*ids)))
    for svg, own in zip(found, ids, strict=True):
        assert {one for pair in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg) for one in pair if one} == set(own)
        assert own
        assert all(one.startswith(("p-", "q-")) for one in own)


def test_nothing_is_outside_of_the_drawing() -> None:
    for svg in chain(*map(drawn, (JAX_DOUBLE, TENSORFLOW_CLIPPED, TENSORFLOW_UNCLIPPED, REFUTED))):
        root = ElementTree.fromstring(svg)
        _, _, width, height = map(float, root.get("viewBox", "").split())
        for element in root.iter("text"):
            assert 0 <= float(element.get("x", "nan")) <= width
            assert 0 <= float(element.get("y", "nan")) <= height


def test_the_same_curves_give_the_same_text() -> None:
    assert drawn(TENSORFLOW_UNCLIPPED) == drawn(TENSORFLOW_UNCLIPPED)


def test_settings_of_the_reader_are_neither_used_nor_changed() -> None:
    expected = drawn(JAX_DOUBLE)
    with matplotlib.rc_context({"lines.linewidth": 17, "font.size": 33, "svg.fonttype": "path"}):
        assert drawn(JAX_DOUBLE) == expected
        assert matplotlib.rcParams["lines.linewidth"] == 17


def test_names_and_axes_are_text_and_no_formulas() -> None:
    curves = tuple(replace(curve, name=f"<{curve.name}> & $x^2$") for curve in CLIPPED)
    found = figure(curves, axis="logit <$z_1$> & so on", title="<Title> $y$ & more")
    shown = texts(found)
    assert {"<Title> $y$ & more", "logit <$z_1$> & so on", "<exact> & $x^2$"} <= set(shown)


# --- figures of their own --------------------------------------------------------------------------------------------


def test_a_figure_is_a_file_for_light_and_dark() -> None:
    text = figure(DOUBLE, axis="pre-activation z", title="Two sigmoids", witness=JAX_DOUBLE.witness)
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert float(root.get("width", "")) > float(root.get("height", "")) > 100
    assert "prefers-color-scheme: dark" in text
    assert {
        "Two sigmoids",
        "as written",
        "after the fix",
        "exact",
        "witness",
        "loss for y = 1",
        "loss for y = 0",
    } <= set(texts(text))
    assert figure(DOUBLE, axis="pre-activation z", title="Two sigmoids", witness=JAX_DOUBLE.witness) == text


def test_a_figure_of_four_curves() -> None:
    names = ("keras", "no clip", "tf.nn", "exact")
    curves = [replace(DOUBLE[0], name=name) for name in names]
    text = figure(curves, axis="a", yscale="log")
    assert set(names) <= set(texts(text))
    assert set(strokes(text)) == {"curve-1", "curve-2", "curve-3", "reference"}


@pytest.mark.parametrize(("yscale", "tick"), [("linear", "15"), ("log", "1e-8"), ("symlog", "1e-8")])
def test_the_scale_of_a_figure_can_be_chosen(yscale: str, tick: str) -> None:
    assert tick in texts(figure(DOUBLE, axis="z", yscale=yscale))


def test_gradients_can_be_a_figure() -> None:
    assert "gradient for y = 1" in texts(figure(DOUBLE, axis="z", quantity="gradient"))


def test_an_empty_figure() -> None:
    assert ElementTree.fromstring(figure([sweep(NAN, INF)], axis="z")).tag == f"{SVG}svg"


# --- odd input -------------------------------------------------------------------------------------------------------

_VALUES = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, INF, -INF, NAN, 5e-324, -1.7e308, 1e-7]))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(_VALUES, _VALUES), max_size=12), st.sampled_from([0.0, 1.0]), _VALUES)
def test_any_values_can_be_drawn(pairs: list[tuple[float, float]], y: float, loss: float) -> None:
    curves = tuple(
        Curve(
            name, label, tuple(x / 2 for x in range(len(pairs))), tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
        )
        for name in ("as written", "exact")
        for label in (1, 0)
    )
    verdict = BackendVerdict(
        "jax", Verdict.CONFIRMED, "", Witness((("z", 1.0), ("y", y)), "fit", loss, loss), curves=curves
    )
    for svg in drawn(verdict):
        assert "nan" not in re.sub(r'aria-label="[^"]*"', "", svg)
        ElementTree.fromstring(svg)


# --- without matplotlib ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["matplotlib", "matplotlib.figure", "matplotlib.backends.backend_svg"])
def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for call in (lambda: plots(JAX_DOUBLE, prefix="p"), lambda: figure(DOUBLE, axis="z")):
        with pytest.raises(MatplotlibMissing, match=r"pip install 'bcelint\[verify\]'"):
            call()


def test_matplotlib_is_imported_only_to_draw() -> None:
    code = "import sys, bcelint.verify.page; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_pyplot_is_not_imported() -> None:
    code = (
        "import sys; from bcelint.verify.plots import figure; from tests.verify.samples import DOUBLE;"
        "figure(DOUBLE, axis='z'); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_plots_know_what_they_show() -> None:
    first: Plot = plots(JAX_DOUBLE, prefix="p")[0]
    assert list(first.legend) == ["as written", "after the fix", "exact"]
    assert first.mark == (1, 20.0, 0.31326169)
    assert first.not_finite == ()
