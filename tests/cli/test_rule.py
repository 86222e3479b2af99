"""``bcelint rule``."""

from __future__ import annotations

import json

import pytest

from bcelint.cli import rulebook
from bcelint.rules import RULES
from tests.conftest import Run


def test_without_a_rule_all_are_listed(bcelint: Run) -> None:
    lines = bcelint("rule").stdout.splitlines()
    assert [line.split()[0] for line in lines[: len(RULES)]] == [rule.code for rule in RULES]
    table = bcelint("rule", "--output-format", "markdown").stdout.splitlines()
    assert len(table) == len(RULES) + 2
    records = json.loads(bcelint("rule", "--output-format", "json").stdout)
    assert [record["code"] for record in records] == [rule.code for rule in RULES]


@pytest.mark.parametrize("word", ["BCE101", "bce101", "double-sigmoid"])
@pytest.mark.parametrize("command", ["rule", "explain"])
def test_one_rule(bcelint: Run, command: str, word: str) -> None:
    rule = next(rule for rule in RULES if rule.code == "BCE101")
    result = bcelint(command, word, "--output-format", "markdown")
    assert result.stdout == rulebook.page(rule)
    record = json.loads(bcelint(command, word, "--output-format", "json").stdout)
    assert list(record) == ["code", "name", "summary", "severity", "default", "fix", "explanation"]
    assert record["explanation"] == rulebook.page(rule)
    assert result.exit_code == 0


def test_all_pages(bcelint: Run) -> None:
    text = bcelint("rule", "--all", "--output-format", "markdown").stdout
    for rule in RULES:
        assert rulebook.page(rule) in text


def test_text_is_for_reading(bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "# double-sigmoid (BCE101)\n\nWhy:\n\n```python bad\n# a comment\nx = 1\n\ny = 2\n```\n"
    monkeypatch.setattr(rulebook, "page", lambda rule: page)
    assert bcelint("rule", "BCE101").stdout == (
        "double-sigmoid (BCE101)\n\nWhy:\n\n    # a comment\n    x = 1\n\n    y = 2\n"
    )
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert bcelint("rule", "BCE101").stdout.startswith("\x1b[1mdouble-sigmoid (BCE101)\x1b[0m\n")


def test_wrong_usage(bcelint: Run) -> None:
    result = bcelint("rule", "BC101")
    assert (result.stderr, result.exit_code) == ("error: rule: `BC101` is no rule; did you mean `BCE101`?\n", 2)
    assert bcelint("rule", "BCE101", "--all").exit_code == 2
