"""The page of a report, as a parser sees it."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from bcelint.findings import Edit, Fix
from bcelint.places import Place
from bcelint.reporting.model import FileReport
from bcelint.verify import curves
from bcelint.verify.markup import Html, join, prose, tag, text
from bcelint.verify.model import BackendVerdict, FileVerifications, Measurement, Verdict, Verification
from bcelint.verify.page import MatplotlibMissing, render
from bcelint.verify.symptoms import number
from bcelint.verify.text import DEFECT
from tests.verify import samples

# Elements that HTML closes by itself, and those of SVG that close themselves with a slash.
_VOID = {"meta", "br", "wbr"}


@dataclass
class Element:
    """An element; ``content`` holds texts and elements in their order."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: list[str | Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.content)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, name: str = "", class_: str = "") -> list[Element]:
        """The elements in it with a name and a class, in the order of the page."""
        return [
            element for element in self._within() if name in ("", element.name) and {class_} - {""} <= element.classes
        ]

    def one(self, name: str = "", class_: str = "") -> Element:
        (found,) = self.all(name, class_)
        return found

    def _within(self) -> Iterator[Element]:
        for part in self.content:
            if isinstance(part, Element):
                yield part
                yield from part._within()


class _Reader(HTMLParser):
    """Reads a page and insists on balanced tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].content.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in [element.name for element in self._open] or tag == "svg", f"<{tag}/> is not HTML"
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"there is a comment: {data}")

    def read(self, page: str) -> Element:
        self.feed(page)
        self.close()
        assert self._open == [self.root], "something is not closed"
        return self.root


@cache
def source(*files: FileVerifications) -> str:
    return render(files, command=samples.COMMAND, versions=samples.VERSIONS)


def read(*files: FileVerifications) -> Element:
    return _Reader().read(source(*files))


@cache
def everything() -> Element:
    return read(*samples.EVERYTHING)


def articles() -> list[Element]:
    return everything().all("article")


def rows(table: Element) -> list[list[str]]:
    return [[cell.text for cell in row.all() if cell.name in ("th", "td")] for row in table.all("tr")]


def captioned(element: Element, caption: str) -> list[list[list[str]]]:
    return [rows(table) for table in element.all("table") if table.one("caption").text == caption]


# --- the page as a document ------------------------------------------------------------------------------------------


def test_it_is_one_document_in_english() -> None:
    page = source(*samples.EVERYTHING)
    assert page.startswith("<!DOCTYPE html>\n<html")
    assert everything().one("html").attributes["lang"] == "en"
    assert everything().one("title").text == "bcelint verify: 8 findings in 5 files"
    assert len(everything().all("h1")) == 1
    assert len(everything().all("main")) == 1


def test_headings_do_not_skip_a_level() -> None:
    levels = [int(element.name[1]) for element in everything().all() if re.fullmatch("h[1-6]", element.name)]
    assert levels[0] == 1
    assert all(now - before <= 1 for before, now in pairwise(levels))


def test_ids_are_unique_and_links_lead_to_them() -> None:
    ids = Counter(element.attributes["id"] for element in everything().all() if "id" in element.attributes)
    assert set(ids.values()) == {1}
    links = [element.attributes["href"] for element in everything().all("a")]
    assert len(links) == 2 * len(articles())
    for name in ("aria-labelledby", "aria-describedby"):
        links += [f"#{element.attributes[name]}" for element in everything().all() if name in element.attributes]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert all(link.startswith("#") for link in links)


def test_nothing_is_fetched_or_run() -> None:
    names = {element.name for element in everything().all()}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "foreignobject"}
    for element in everything().all():
        for name, value in element.attributes.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "action")
            if name.endswith("href"):
                assert value.startswith("#")
            if element.name != "meta":
                assert "://" not in value
    sheet = everything().one("style").text
    assert "@import" not in sheet
    assert "url(" not in sheet
    policy = next(meta for meta in everything().all("meta") if "http-equiv" in meta.attributes)
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_the_same_verdicts_give_the_same_page() -> None:
    again = render(samples.EVERYTHING, command=samples.COMMAND, versions=samples.VERSIONS)
    assert again == source(*samples.EVERYTHING)


def test_it_can_be_written_in_utf_8() -> None:
    report = FileReport("odd\udcff\x00.py", (samples.DOUBLE_SIGMOID,))
    page = source(FileVerifications(report))
    assert "odd\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.py" in page
    page.encode()


def test_both_schemes_and_print_have_rules() -> None:
    sheet = everything().one("style").text
    assert sheet.count("@media screen and (prefers-color-scheme: dark)") == 2
    assert "@media print" in sheet
    used = set(re.findall(r"var\(--([\w-]+)", source(*samples.EVERYTHING))) - {"at"}
    assert used <= set(re.findall(r"--([\w-]+):", sheet))
    assert sheet.count("--paper:") == sheet.count("--soft:") == 2


# --- the summary -----------------------------------------------------------------------------------------------------


def test_verdicts_are_counted_by_backend() -> None:
    page = read(*samples.REALISTIC)
    (counts,) = captioned(page, "Verdicts by backend")
    assert counts[0] == ["verdict", "TensorFlow", "JAX", "PyTorch"]
    assert {row[0].split()[1]: row[1:] for row in counts[1:]} == {
        "confirmed": ["2", "3", "1"],
        "rescued": ["2", "0", "0"],
        "refuted": ["1", "0", "0"],
        "not": ["1", "3", "0"],
    }


def test_findings_are_listed_with_their_verdicts() -> None:
    page = read(*samples.REALISTIC)
    (found,) = captioned(page, "Findings")
    assert found[1] == ["BCE101 double-sigmoidsrc/train.py:12:10", "◐ rescued", "● confirmed", "—"]
    assert found[6] == [
        "BCE101 double-sigmoidnotebooks/churn model.ipynb:cell 5:1:20",
        "◐ rescued",
        "● confirmed",
        "● confirmed",
    ]
    assert len(found) == 1 + len(page.all("article"))
    targets = [link.attributes["href"] for link in page.one(class_="summary").all("a")]
    assert targets == [f"#{article.attributes['id']}" for article in page.all("article")]


def test_the_command_and_the_versions_are_named() -> None:
    paragraphs = everything().one("footer").all("p")
    assert [paragraph.text for paragraph in paragraphs] == [f"Made by {samples.COMMAND}", " · ".join(samples.VERSIONS)]
    assert _Reader().read(render([samples.CLEAN_FILE])).one("footer").text == ""


def test_an_empty_report() -> None:
    page = read(samples.CLEAN_FILE)
    assert page.one("h1").text == "No findings"
    assert page.one("title").text == "bcelint verify: no findings"
    assert "1 file was checked, and nothing had to be evaluated." in page.text
    assert not page.all("table")
    assert "No file was checked." in read().text
    assert "2 files were checked" in read(samples.CLEAN_FILE, samples.CLEAN_FILE).text


def test_files_that_could_not_be_checked_are_named() -> None:
    page = read(FileVerifications(FileReport("broken.py", failure="disk <full>")))
    assert page.one(class_="failures").one("li").text == "broken.py: disk <full>"


# --- a finding -------------------------------------------------------------------------------------------------------


def test_the_head_of_a_finding() -> None:
    article = articles()[0]
    assert article.one("h2").text == "BCE101 double-sigmoid"
    assert article.one(class_="message").text == samples.DOUBLE_SIGMOID.message
    assert article.one(class_="where").text == "src/train.py:12:10 · error · to the summary"
    assert article.one(class_="note").text == samples.DOUBLE_SIGMOID.notes[0]
    assert article.one(class_="evaluated").text == f"Evaluated: {samples.HEAD}"


def test_both_ends_are_marked_in_the_code() -> None:
    frame = articles()[0].all(class_="frame")[0]
    assert [(mark.text, mark.attributes["class"]) for mark in frame.all("mark")] == [
        ('activation="sigmoid"', "related"),
        ("from_logits=True", "own"),
    ]
    assert [row.text for row in frame.one(class_="inside").content if isinstance(row, Element)] == [
        '7        keras.layers.Dense(1, activation="sigmoid"),',
        "╰ the output is already a probability here",
        "…",
        "12    loss=keras.losses.BinaryCrossentropy(from_logits=True),",
        "╰ and this applies a sigmoid again",
    ]
    assert [word.attributes["style"] for word in frame.all("span") if "style" in word.attributes] == [
        "--at: 30ch",
        "--at: 41ch",
    ]


def test_marks_may_overlap_and_be_empty() -> None:
    listing = samples.listing("loss = bce(from_logits=True)\n")
    finding = replace(
        samples.DOUBLE_SIGMOID,
        place=Place(1, 8, 1, 29),
        focus=Place(1, 8, 1, 29),
        related=(replace(samples.DOUBLE_SIGMOID.related[0], place=Place(1, 12, 1, 28)),),
        fix=None,
    )
    frame = read(samples.file("a.py", listing, Verification(finding, "", ()))).all(class_="frame")[0]
    assert [(mark.text, mark.attributes["class"]) for mark in frame.all("mark")] == [
        ("bce(", "own"),
        ("from_logits=True", "own related"),
        (")", "own"),
    ]
    for column in (1, 29, 60):
        empty = replace(finding, focus=Place(1, column, 1, column), place=Place(1, column, 1, column), related=())
        frame = read(samples.file("a.py", listing, Verification(empty, "", ()))).all(class_="frame")[0]
        assert len(frame.one("mark").text) == 1


def test_cells_of_a_notebook_are_named() -> None:
    article = articles()[5]
    assert article.one(class_="where").text.startswith("notebooks/churn model.ipynb:cell 5:1:20")
    assert article.one(class_="gap").text == "notebooks/churn model.ipynb:cell 5:1:39"


def test_the_fix_is_a_diff_and_was_evaluated() -> None:
    fix = articles()[0].one(class_="fix")
    assert fix.one("del").text == "-     loss=keras.losses.BinaryCrossentropy(from_logits=True),"
    assert fix.one("ins").text == "+     loss=keras.losses.BinaryCrossentropy(),"
    assert captioned(fix, "Evaluated after the fix") == [
        [
            ["backend", "result", "what was seen"],
            ["TensorFlow", "✓ passed", "the loss agrees with the exact one within 1e-6 everywhere"],
            ["JAX", "✓ passed", "the loss agrees with the exact one within 1e-6 everywhere"],
        ]
    ]
    assert fix.one(class_="alternatives").text.startswith("or let the model return logits: drop the sigmoid unsafe")
    (failed,) = captioned(articles()[1], "Evaluated after the fix")
    assert failed[1] == ["TensorFlow", "✗ failed", "at z = 40 the loss is 15.94, and should be 40"]


def test_a_fix_that_was_evaluated_in_place_of_the_one_shown_is_named() -> None:
    (tried,) = captioned(articles()[-1], "Evaluated after the fix")
    assert tried == [
        ["backend", "result", "fix", "what was seen"],
        ["JAX", "✗ failed", "<fix>", "<reason> & '\"'"],
    ]


def test_whether_a_fix_is_applied_is_said() -> None:
    assert articles()[1].one(class_="fix").one(class_="tag").text == "unsafe: needs --unsafe-fixes"
    page = _Reader().read(render([samples.TRAIN_FILE], unsafe_fixes=True))
    assert page.all(class_="fix")[1].one(class_="tag").text == "unsafe: --fix applies it"


def test_rows_far_apart_in_a_fix_are_separated() -> None:
    fix = Fix(
        "m",
        samples._FIX_DOUBLE.applicability,
        (Edit(Place(1, 1, 1, 1), "import os\n"), Edit(Place(13, 5, 13, 12), "x")),
    )
    finding = replace(samples.DOUBLE_SIGMOID, fix=fix)
    diff = (
        read(samples.file("a.py", samples._TRAIN, Verification(finding, "", ()))).one(class_="fix").one(class_="frame")
    )
    assert diff.text.split("\n") == [
        "1+ import os",
        "…",
        '13-     metrics=["accuracy"],',
        '14+     x=["accuracy"],',
        "",
    ]


def test_help_in_words() -> None:
    assert articles()[4].one(class_="fix").text == f"Way out{samples.NO_GRADIENT.help}"


# --- a backend -------------------------------------------------------------------------------------------------------


def test_a_verdict_has_its_reason_witness_symptoms_and_numbers() -> None:
    jax = articles()[0].all(class_="backend")[1]
    assert jax.one("h3").text == "JAX ● confirmed"
    assert jax.one(class_="reason").text == samples.JAX_DOUBLE.reason
    assert [item.text for item in jax.one(class_="symptoms").all("li")] == list(samples.JAX_DOUBLE.symptoms)
    assert captioned(jax, "Witness: z = 20, y = 1 (fit)") == [
        [
            ["", "came out", "should be"],
            ["loss", "0.3133", "2.061e-09"],
            ["gradient", "-5.540e-10", "-2.061e-09"],
        ]
    ]
    assert captioned(jax, "Measured") == [[["what", "value"], *map(list, samples.JAX_DOUBLE.measured)]]


def test_numbers_of_several_examples_in_several_ways_are_crossed() -> None:
    clipped = articles()[1].all(class_="backend")[0]
    assert captioned(clipped, "Measured") == [
        [
            ["", "z = -10, y = 1", "z = 10, y = 0"],
            ["exact", "10", "10"],
            ["fit", "16.1181", "15.9424"],
        ]
    ]
    assert captioned(clipped, "Also measured") == [
        [
            ["what", "value"],
            ["z = -10, y = 1: called on the numbers that the model predicts", "16.1181"],
            ["test_on_batch, z = -4, -1, 0.5, 3, y = 1", "8.2323"],
        ]
    ]


def test_a_finding_that_is_wrong_is_to_be_reported() -> None:
    refuted = articles()[4].one(class_="backend")
    assert refuted.one(class_="reason").text == f"{samples.REFUTED.reason}; {DEFECT}"


def test_a_witness_may_be_of_something_else_than_a_loss() -> None:
    refuted = articles()[4].one(class_="backend")
    assert captioned(refuted, "Witness: y_true = 1, p = 0.25 (eager)") == [
        [["", "came out", "should be"], ["AUC", "0.5", "0.5"]]
    ]


def test_what_was_not_evaluated_is_short() -> None:
    short = articles()[1].all(class_="backend")[1]
    assert short.text == "JAX — not evaluatedjax cannot be imported: No module named 'jax'"
    everywhere = articles()[2]
    assert [one.text for one in everywhere.all(class_="backend")] == [
        "TensorFlow — not evaluatedthe layer CrossGating is the file's own",
        "JAX — not evaluatedthe layer CrossGating is the file's own",
    ]
    assert not everywhere.all("figure")


def test_findings_without_a_verification_are_not_lost() -> None:
    report = FileReport("a.py", (samples.MISSING_SIGMOID, samples.DOUBLE_SIGMOID), samples._TRAIN)
    page = read(FileVerifications(report, (Verification(samples.MISSING_SIGMOID, "", (samples.NOT_EVALUATED,)),)))
    assert [one.one("h2").text for one in page.all("article")] == ["BCE101 double-sigmoid", "BCE102 missing-sigmoid"]
    assert page.all("article")[0].one(class_="backend").text == "— not evaluated"
    (found,) = captioned(page, "Findings")
    assert found[1] == ["BCE101 double-sigmoida.py:12:10", "—"]
    bare = read(FileVerifications(FileReport("a.py", (samples.DOUBLE_SIGMOID,))))
    assert not bare.all(class_="frame")
    assert not captioned(bare, "Verdicts by backend")


# --- plots -----------------------------------------------------------------------------------------------------------


def backends() -> Iterator[tuple[Element, BackendVerdict]]:
    """Each backend's section with what it shows, in the order of the page."""
    found = [
        verdict
        for file in samples.EVERYTHING
        for verification in sorted(file.verifications, key=lambda one: one.finding.sort_key)
        for verdict in verification.backends
    ]
    sections = [section for article in articles() for section in article.all(class_="backend")]
    return iter(zip(sections, found, strict=True))


def test_each_backend_has_its_plots() -> None:
    for section, verdict in backends():
        expected = [] if verdict.verdict is Verdict.NOT_EVALUATED else ["Loss", "Gradient"]
        titles = [figure.one("figcaption").one("strong").text for figure in section.all("figure")]
        assert titles == [f"{quantity} against {verdict.axis}" for quantity in expected]


def test_every_figure_has_a_text_alternative() -> None:
    figures = everything().all("figure")
    assert figures
    for figure in figures:
        drawings = figure.all("svg", "plot")
        assert len(drawings) == 2
        assert len(figure.all("table", "curve")) == 2
        for drawing in drawings:
            assert drawing.attributes["role"] == "img"
            assert "against" in drawing.attributes["aria-label"]
        for sign in figure.all("svg", "swatch"):
            assert sign.attributes["aria-hidden"] == "true"


def test_tables_hold_the_numbers_of_the_curves() -> None:
    compared = 0
    for section, verdict in backends():
        for figure, quantity in zip(section.all("figure"), curves.QUANTITIES, strict=False):
            for table, label in zip(figure.all("table", "curve"), (1, 0), strict=True):
                compared += compare(rows(table), verdict, quantity, label)
    assert compared > 1000


def compare(table: Sequence[Sequence[str]], verdict: BackendVerdict, quantity: str, label: int) -> int:
    """Hold each number of a table against the curve that its column names; returns how many there were."""
    head, *body = table
    assert 5 <= len(body) <= 20
    of_label = {curve.name: curve for curve in verdict.curves if curve.label == label}
    assert set(head[1:]) == {name for name, curve in of_label.items() if curves.values(curve, quantity)}
    for x, *cells in body:
        for name, cell in zip(head[1:], cells, strict=True):
            value = curves.at(of_label[name], quantity, float(x))
            assert value is not None
            assert cell == number(value)
    return len(body) * len(head[1:])


def test_what_is_not_finite_stands_out() -> None:
    unclipped = articles()[3].all("figure")[0]
    assert {cell.text for cell in unclipped.all("td", "not-finite")} == {"inf", "NaN"}
    assert "not finite" in [item.text for item in unclipped.one(class_="legend").all("li")]
    said = unclipped.one("figcaption").one("p").text
    assert "as written is inf up to z = -88.75 and NaN from z = 16.75 (y = 1)" in said
    assert said.endswith("z = -20 to 20 is drawn, the tables go from -100 to 100")


def test_the_legend_names_curves_and_witness() -> None:
    figure = articles()[0].all("figure")[2]
    assert [item.text for item in figure.one(class_="legend").all("li")] == [
        "as written",
        "after the fix",
        "exact",
        "witness (fit)",
    ]
    without = articles()[4].all("figure")[1]
    assert without.one("figcaption").one("p").text == "as written has no gradient"


# --- what others wrote -----------------------------------------------------------------------------------------------


def test_everything_that_others_wrote_is_text() -> None:
    article = articles()[-1]
    finding, (verdict,) = samples.HOSTILE, samples.HOSTILE_FILE.verifications[0].backends
    shown = article.text
    for words in (
        samples.HOSTILE_PATH,
        finding.notes[0],
        finding.help,
        "<img src=x onerror=alert(1)>",
        "<b>here</b>",
        "<i>evaluated</i>",
        verdict.reason,
        *verdict.symptoms,
        *verdict.measured[0],
        "<as written> & $a$",
        "'<script>alert(\"x\")</script>' & '</pre>'  # <!-- ",
    ):
        assert words in shown
    assert not {element.name for element in everything().all()} & {"img", "b", "i", "u", "s", "em", "fix", "reason"}
    assert "\u202e" not in source(*samples.EVERYTHING)
    assert "\x1b" not in source(*samples.EVERYTHING)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("<b> & \"c\" 'd'", "&lt;b&gt; &amp; &quot;c&quot; &#x27;d&#x27;"),
        ("a\x00\x1b\u202e\u2066\udc80b", "a" + 5 * "\N{REPLACEMENT CHARACTER}" + "b"),
        ("a\n\tb é 損", "a\n\tb é 損"),
    ],
)
def test_text(words: str, expected: str) -> None:
    assert text(words) == expected


def test_code_in_prose() -> None:
    assert prose("log of `p < 1`, not `q`") == "log of <code>p &lt; 1</code>, not <code>q</code>"
    assert prose("an odd ` one") == "an odd ` one"


def test_elements() -> None:
    assert (
        tag("p", "<", tag("br"), class_="a", aria_label='"', hidden=None)
        == '<p class="a" aria-label="&quot;">&lt;<br></p>'
    )
    assert join(["<", Html("<")], between="&") == "&lt;&amp;<"


# --- without matplotlib ----------------------------------------------------------------------------------------------


def test_without_matplotlib_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MatplotlibMissing, match="a report needs matplotlib"):
        render([samples.CLEAN_FILE])


def test_what_fits_is_listed_with_what_each_backend_measures() -> None:
    measured = Measurement(
        Place(1, 1, 1, 9),
        "`own_loss`",
        "finite",
        (
            ("tensorflow", True, "in all 3 cases"),
            ("jax", False, "p = 0, y = 1: the loss is inf"),
            ("torch", None, "<why>"),
        ),
    )
    page = read(FileVerifications(FileReport("a&b.py"), (), (measured,)))
    (table,) = captioned(page, "Pairs and hand-written losses")
    assert table[1:] == [
        [
            "a&b.py:1:1own_loss",
            "finite on TensorFlow: in all 3 casesnot finite on JAX: p = 0, y = 1: the loss is inf"
            "not evaluated on PyTorch: <why>",
        ]
    ]
    assert "what fits was evaluated" in source(FileVerifications(FileReport("a.py"), (), (measured,)))
