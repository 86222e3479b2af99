"""Which rules are on."""

from __future__ import annotations

from typing import Any

import pytest

from bcelint.rules import RULES
from bcelint.selection import find_rule_code, rule_set, validate
from bcelint.settings import ConfigError, Settings, layer, merge

DEFAULT = {rule.code for rule in RULES if rule.default}
EVERY = {rule.code for rule in RULES}
BCE1 = {code for code in EVERY if code.startswith("BCE1")}
UNCHECKED = {"BCE900", "BCE902"}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], DEFAULT),
        ([{"select": ["BCE101"]}], {"BCE101"} | UNCHECKED),
        ([{"select": ["bce101", "Missing-Sigmoid"]}], {"BCE101", "BCE102"} | UNCHECKED),
        ([{"select": ["BCE1"]}], BCE1 | UNCHECKED),
        ([{"select": ["BCE"]}], EVERY),
        ([{"select": ["ALL"]}], EVERY),
        ([{"select": []}], UNCHECKED),
        ([{"ignore": ["BCE1"]}], DEFAULT - BCE1),
        # the more specific selector wins, whatever the order
        ([{"select": ["BCE101"], "ignore": ["BCE1"]}], {"BCE101"} | UNCHECKED),
        ([{"select": ["BCE1"], "ignore": ["BCE101"]}], BCE1 - {"BCE101"} | UNCHECKED),
        ([{"ignore": ["ALL"], "extend-select": ["double-sigmoid"]}], {"BCE101"}),
        ([{"select": ["BCE101"], "ignore": ["double-sigmoid"]}], UNCHECKED),
        # later layers go over earlier ones
        ([{"select": ["BCE101"]}, {"select": ["BCE102"]}], {"BCE102"} | UNCHECKED),
        ([{"select": ["BCE101"]}, {"extend-select": ["BCE102"]}], {"BCE101", "BCE102"} | UNCHECKED),
        ([{"ignore": ["BCE101"]}, {"extend-select": ["BCE1"]}], DEFAULT | BCE1),
        ([{"select": ["BCE1"]}, {"ignore": ["BCE101"]}], BCE1 - {"BCE101"} | UNCHECKED),
        # a file that could not be checked passes for a clean one only on demand
        ([{"ignore": ["BCE900"]}], DEFAULT - {"BCE900"}),
        ([{"select": ["BCE1"], "ignore": ["BCE9"]}], BCE1),
    ],
)
def test_selection(layers: list[dict[str, Any]], expected: set[str]) -> None:
    assert rule_set(settings(*layers), "/p/x.py").active == expected


def test_per_file_ignores() -> None:
    chosen = settings({"per-file-ignores": {"tests/*": ["BCE101"], "!src/*": ["BCE102"], "x.py": ["BCE4"]}})
    assert rule_set(chosen, "/p/tests/y.py").active == DEFAULT - {"BCE101", "BCE102"}
    assert rule_set(chosen, "/p/src/y.py").active == DEFAULT
    four = {code for code in EVERY if code.startswith("BCE4")}
    assert rule_set(chosen, "/p/src/deep/x.py").active == DEFAULT - four


def test_fixable() -> None:
    assert rule_set(settings(), "").fixable == EVERY
    assert rule_set(settings({"fixable": ["BCE1"], "unfixable": ["BCE101"]}), "").fixable >= BCE1 - {"BCE101"}
    assert "BCE101" not in rule_set(settings({"unfixable": ["BCE101"]}), "").fixable


def test_fix_safety() -> None:
    chosen = rule_set(settings({"extend-safe-fixes": ["BCE1"]}, {"extend-unsafe-fixes": ["BCE101"]}), "")
    assert chosen.promoted == BCE1 - {"BCE101"}
    assert chosen.demoted == {"BCE101"}


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("BC101", "x: `BC101` is no rule; did you mean `BCE101`?"),
        ("double-sigmoids", "x: `double-sigmoids` is no rule; did you mean `double-sigmoid`?"),
        ("BCE77", "x: `BCE77` is no rule"),
        ("E501", "x: `E501` is no rule"),
        ("", "x: `` is no rule"),
    ],
)
@pytest.mark.parametrize("key", ["select", "extend-select", "ignore", "unfixable", "extend-safe-fixes"])
def test_unknown_rules_are_mistakes(key: str, selector: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(settings({key: [selector]}))
    assert str(caught.value).startswith(message)


def test_unknown_rules_per_file_are_mistakes_even_where_no_file_matches() -> None:
    with pytest.raises(ConfigError, match="`BCE1O1` is no rule"):
        validate(settings({"per-file-ignores": {"nothing.py": ["BCE1O1"]}}))


def test_codes_by_name() -> None:
    assert find_rule_code("Double-Sigmoid", "rule") == "BCE101"


def settings(*layers: dict[str, Any]) -> Settings:
    merged = Settings()
    for table in layers:
        merged = merge(merged, layer(table, "x", "/p"))
    return merged
