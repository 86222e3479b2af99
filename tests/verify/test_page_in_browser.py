"""The page of a report in a real browser: nothing overlaps, is cut off or cannot be read. Needs Debian's ``chromium``
and ``chromium-driver``, or their like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcelint.verify.page import render
from bcelint.verify.plots import figure
from tests.verify import samples
from tests.verify.browser import CHROMIUM, DRIVER, Browser, run

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on PATH"),
    pytest.mark.xdist_group("browser"),
]
WIDTHS = (360, 768, 1280)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report & more.html"
    path.write_text(render(samples.EVERYTHING, command=samples.COMMAND, versions=samples.VERSIONS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if DRIVER is None:
        pytest.skip("there is no chromedriver on PATH")
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_the_browser_reads_what_was_written(page: Path, tmp_path: Path) -> None:
    seen = run(tmp_path, "--dump-dom", page.as_uri()).stdout
    written = page.read_text(encoding="utf-8")
    for name in ("article", "section", "figure", "svg", "table", "mark", "del", "tr", "path"):
        pattern = f"<{name}[ >]"
        assert len(re.findall(pattern, seen)) == len(re.findall(pattern, written)), name
    assert "<title>bcelint verify: 8 findings in 5 files</title>" in seen


def test_it_can_be_photographed(page: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    run(tmp_path / "profile", f"--screenshot={picture}", "--window-size=1280,2000", page.as_uri())
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000  # an empty page has a tenth of that


def test_the_browser_does_not_complain(browser: Browser, page: Path) -> None:
    browser.complaints()
    browser.open(page, width=1280)
    assert browser.complaints() == []


# --- layout ----------------------------------------------------------------------------------------------------------

# Elements that stick out of the window; drawings cut off their own.
_STICKING_OUT = """
    return [...document.querySelectorAll('body *')]
        .filter(one => !one.closest('svg') || one.matches('svg'))
        .filter(one => matchMedia('print').matches || !one.closest('.scroll') || one.matches('.scroll'))
        .filter(one => { const box = one.getBoundingClientRect();
                         return box.width && (box.right > innerWidth + 1 || box.left < -1); })
        .map(one => one.outerHTML.slice(0, 200));
"""

# Pairs of texts of one drawing that overlap, and texts that its edges cut off.
_COLLIDING = """
    const found = [];
    for (const drawing of document.querySelectorAll('svg.plot, svg:root')) {
        const edge = drawing.getBoundingClientRect();
        const texts = [...drawing.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()]);
        texts.forEach(([words, box], index) => {
            if (box.left < edge.left - 1 || box.right > edge.right + 1
                || box.top < edge.top - 1 || box.bottom > edge.bottom + 1) found.push('cut off: ' + words);
            for (const [others, other] of texts.slice(index + 1)) {
                const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
                const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
                // Boxes of fonts are higher than their letters.
                if (across > 0 && down > box.height / 4) found.push(words + ' / ' + others);
            }
        });
    }
    return found;
"""


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    assert browser.evaluate("return innerWidth") == width
    assert browser.evaluate("return document.documentElement.scrollWidth") <= width
    assert browser.evaluate(_STICKING_OUT) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_texts_of_plots_do_not_overlap(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    assert browser.evaluate("return document.querySelectorAll('svg.plot text').length") > 500
    assert browser.evaluate(_COLLIDING) == []


def test_texts_of_plots_can_be_read_on_a_telephone(browser: Browser, page: Path) -> None:
    browser.open(page, width=360)
    heights = browser.evaluate(
        "return [...document.querySelectorAll('svg.plot text')].map(one => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 9


def test_panels_are_side_by_side_where_there_is_room(browser: Browser, page: Path) -> None:
    places = "return [...document.querySelectorAll('.panels')[0].children].map(one => one.getBoundingClientRect().top)"
    browser.open(page, width=1280)
    assert len(set(browser.evaluate(places))) == 1
    browser.open(page, width=360)
    assert len(set(browser.evaluate(places))) == 2


@pytest.mark.parametrize("witness", [samples.JAX_DOUBLE.witness, None], ids=["with witness", "without"])
def test_figures_open_on_their_own(browser: Browser, tmp_path: Path, witness: object) -> None:
    path = tmp_path / "figure.svg"
    marked = samples.JAX_DOUBLE.witness if witness else None
    text = figure(samples.UNCLIPPED, axis="pre-activation z", title="A loss without a clip " * 4, witness=marked)
    path.write_text(text, encoding="utf-8")
    browser.complaints()
    browser.open(path, width=1280)
    assert browser.evaluate("return document.documentElement.tagName") == "svg"
    assert browser.evaluate(_COLLIDING) == []
    assert browser.complaints() == []


# --- colours ---------------------------------------------------------------------------------------------------------

# Texts with too little contrast to what is behind them, and lines with too little to the page (WCAG 2.2: 4.5 and 3).
_PALE = """
    const channels = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const contrast = (one, other) => {
        const [a, b] = [luminance(channels(one)), luminance(channels(other))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    const behind = element => {
        for (let one = element; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;
            if (channels(colour)[3] !== 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const pale = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.textContent.trim()) continue;
        const style = getComputedStyle(element);
        const colour = element.closest('svg') ? style.fill : style.color;
        const ratio = contrast(colour, behind(element));
        if (ratio < 4.5) pale.add(`${node.textContent.slice(0, 30)} ${colour} ${ratio.toFixed(2)}`);
    }
    for (const line of document.querySelectorAll('svg.plot path[clip-path], .swatch path')) {
        const colour = getComputedStyle(line).stroke;
        if (colour === 'none' || getComputedStyle(line).strokeWidth === '0.8px') continue;  // an axis, or the grid
        const ratio = contrast(colour, behind(line));
        if (ratio < 3) pale.add(`line ${colour} ${ratio.toFixed(2)}`);
    }
    return [...pale];
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_told_from_what_is_behind_it(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, width=1280, dark=dark)
    background = browser.evaluate("return getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 22, 26)" if dark else "rgb(255, 255, 255)")
    assert browser.evaluate(_PALE) == []


def test_paper_is_white(browser: Browser, page: Path) -> None:
    browser.open(page, width=800, dark=True, media="print")
    assert browser.evaluate("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate(_PALE) == []


def test_each_finding_begins_a_sheet(browser: Browser, page: Path) -> None:
    browser.open(page, width=800, media="print")
    breaks = browser.evaluate(
        "return [...document.querySelectorAll('article')].map(one => getComputedStyle(one).breakBefore)"
    )
    assert breaks == ["page"] * 8
    sheets = len(re.findall(rb"/Type\s*/Page\b", browser.pdf()))
    assert sheets > len(breaks)


def test_nothing_sticks_out_of_a_sheet(browser: Browser, page: Path) -> None:
    browser.open(page, width=680, media="print")  # A4 without its margins
    assert browser.evaluate(_STICKING_OUT) == []
