"""The rule book: every rule has a page, and what the examples claim is what the linter does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from click.testing import CliRunner

from bcelint.cli.app import cli
from bcelint.findings import Applicability, Finding
from bcelint.fixing.converge import fix
from bcelint.rules import BY_CODE, RULES, Rule
from tests.expectations import ALL, expected, findings, reported, without_expectations
from tests.rules.pages import PAGES, Block, Page

SECTIONS = (
    "What it does",
    "Why is this bad?",
    "Example",
    "Use instead",
    "Left alone",
    "Fix safety",
    "References",
)
PARTS = {
    "Example": {"bad", "fixed"},
    "Use instead": {"fixed", "good"},
    "Left alone": {"left-alone"},
    "Fix safety": {"bad", "fixed"},
}

# An unused suppression is one of a rule that is on.
SELECTED = {code: {code} for code in BY_CODE} | {"BCE901": ALL}

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def blocks(*parts: str) -> pytest.MarkDecorator:
    chosen = [block for page in PAGES.values() for block in page.part(*parts)]
    return pytest.mark.parametrize("block", chosen, ids=lambda block: f"{block.page}:{block.row}")


def page_of(rule: Rule) -> Page:
    return PAGES[rule.code]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert set(PAGES) == set(BY_CODE)


@every_rule
def test_title(rule: Rule) -> None:
    assert page_of(rule).title == f"# {rule.name} ({rule.code})"


@every_rule
def test_sections(rule: Rule) -> None:
    left_out = set() if rule.fixable != "no" else {"Fix safety"}
    assert page_of(rule).sections == tuple(section for section in SECTIONS if section not in left_out)


@every_rule
def test_examples_of_each_kind(rule: Rule) -> None:
    page = page_of(rule)
    assert page.part("bad")
    assert page.part("good", "fixed")
    assert len(page.part("left-alone")) >= 3
    assert {block.part for block in page.blocks} <= {"bad", "good", "fixed", "left-alone"}
    for block in page.blocks:
        assert block.part in PARTS[block.section], block
    assert len({block.text for block in page.blocks}) == len(page.blocks)


@blocks("bad")
def test_bad_examples_are_reported(block: Block) -> None:
    wanted = expected(block.text)
    assert block.page in {code for _, code in wanted}
    assert reported(block.source) == wanted


@blocks("good", "fixed", "left-alone")
def test_other_examples_are_not(block: Block) -> None:
    assert not expected(block.text)
    assert reported(block.source) == set()


def fixes(block: Block) -> list[Finding]:
    """The findings that can be fixed when only the rule of the page is selected."""
    return [found for found in findings(block.source, SELECTED[block.page]) if found.fix and found.code == block.page]


PAIRS = [
    (bad, after)
    for page in PAGES.values()
    for bad, after in pairwise(page.blocks)
    if bad.part == "bad" and after.part == "fixed"
]


@blocks("bad")
def test_a_fixed_example_follows_a_bad_one_that_has_a_fix(block: Block) -> None:
    assert any(bad is block for bad, _ in PAIRS) == bool(fixes(block))


@every_rule
def test_each_rule_that_can_be_fixed_shows_how(rule: Rule) -> None:
    pairs = [(bad, after) for bad, after in PAIRS if after.page == rule.code]
    assert page_of(rule).part("fixed") == [after for _, after in pairs]
    shown = {found.fix.applicability for bad, _ in pairs for found in fixes(bad) if found.fix}
    assert (
        shown
        == {
            "safe": {Applicability.SAFE},
            "unsafe": {Applicability.UNSAFE},
            "sometimes": {Applicability.SAFE, Applicability.UNSAFE},
            "no": set(),
        }[rule.fixable]
    )


@pytest.mark.parametrize(("bad", "good"), PAIRS, ids=lambda block: f"{block.page}:{block.row}")
def test_fixed_examples_are_what_the_fix_makes(bad: Block, good: Block) -> None:
    outcome = fix(bad.source, lambda version: findings(version, SELECTED[bad.page]), lambda found: found.fix)
    assert not outcome.taken_back
    assert outcome.source.text == good.source.text
    assert outcome.data == good.source.data
    assert not [found for found in outcome.remaining if found.fix and found.code == bad.page]


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.code)
def test_the_command_prints_the_page(page: Page) -> None:
    result = CliRunner().invoke(cli, ["rule", page.code, "--output-format", "markdown"])
    assert result.exit_code == 0
    assert result.output.strip() == without_expectations(page.text).strip()
    by_name = CliRunner().invoke(cli, ["rule", BY_CODE[page.code].name])
    assert by_name.exit_code == 0
    rows = {row.strip() for row in by_name.output.splitlines()}
    assert {page.title.removeprefix("# "), *page.sections} <= rows
    assert {row.strip() for row in without_expectations(page.blocks[0].text).splitlines()} <= rows


def test_expectations_are_only_comments_for_tests() -> None:
    assert without_expectations("a = 1  # expect: BCE101\nb\n") == "a = 1\nb\n"
    assert without_expectations("a  # noqa: BCE101  # expect: BCE901, BCE101\n") == "a  # noqa: BCE101\n"
    assert expected("a\nb  # expect: BCE101, BCE401\n") == {(2, "BCE101"), (2, "BCE401")}
    with pytest.raises(AssertionError, match="malformed"):
        expected("a  # expect BCE101\n")
