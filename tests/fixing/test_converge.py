"""Fixing in passes: what helps stays, what does not is taken back."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from bcelint.findings import Applicability, Edit, Finding, Fix, Replace, ReplaceByApi
from bcelint.fixing.converge import FixOutcome, fix
from bcelint.fixing.edits import to_edits
from bcelint.places import Place
from bcelint.source import Source, read

from .support import finding, plan, script

RENAMES = {"bad": "good", "worse": "bad", "stuck": "stuck_", "spreads": "bad, other", "broken": "(", "é": "é2"}


def lint(source: Source) -> Sequence[Finding]:
    """Every name of the table above is a finding, and so is ``other``; the table has the fixes."""
    findings = []
    for node in ast.walk(source.tree) if source.tree else ():
        if isinstance(node, ast.Name) and (name := node.id.rstrip("_")) in {*RENAMES, "other"}:
            place = source.place(node)
            edits = (Edit(place, RENAMES[name]),) if name in RENAMES else ()
            findings.append(finding(f"X-{name}", place, Fix("rename", Applicability.SAFE, edits) if edits else None))
    return sorted(findings, key=lambda found: found.sort_key)


def run(text: str) -> FixOutcome:
    return fix(script(text), lint, lambda found: found.fix)


def codes(findings: Sequence[Finding]) -> list[str]:
    return [found.code for found in findings]


def test_nothing_to_do() -> None:
    outcome = run("fine\nother\n")
    assert outcome.data == b"fine\nother\n"
    assert not outcome.applied
    assert not outcome.taken_back
    assert codes(outcome.remaining) == ["X-other"]


def test_all_fixes_of_a_pass() -> None:
    outcome = run("bad\nf(bad, bad)\n")
    assert outcome.data == b"good\nf(good, good)\n"
    assert codes(outcome.applied) == ["X-bad"] * 3
    assert not outcome.remaining


def test_what_does_not_help_is_taken_back_and_the_rest_stays() -> None:
    outcome = run("bad\nstuck\nspreads\nbroken\nbad\nother\n")
    assert outcome.data == b"good\nstuck\nspreads\nbroken\ngood\nother\n"
    assert codes(outcome.applied) == ["X-bad", "X-bad"]
    assert {found.code: reason for found, reason in outcome.taken_back} == {
        "X-stuck": "the fix does not remove the finding",
        "X-spreads": "the fix would bring X-bad, X-other",
        "X-broken": "the fix would break the syntax",
    }
    assert codes(outcome.remaining) == ["X-stuck", "X-spreads", "X-broken", "X-other"]


def test_a_finding_of_another_kind_in_its_place_is_new() -> None:
    outcome = run("worse\n")
    assert outcome.data == b"worse\n"
    assert [reason for _, reason in outcome.taken_back] == ["the fix would bring X-bad"]


def test_a_script_that_does_not_parse_is_left_alone() -> None:
    outcome = fix(read("x.py", b"print 'a'\nbad\n"), lint, lambda found: found.fix)
    assert outcome.data == b"print 'a'\nbad\n"
    assert codes(outcome.remaining) == ["X-bad"]


def test_what_the_encoding_cannot_say_is_taken_back() -> None:
    source = read("x.py", b"# coding: ascii\nbad\n")
    outcome = fix(source, lint, lambda found: Fix("rename", Applicability.SAFE, (Edit(found.place, "é"),)))
    assert [reason for _, reason in outcome.taken_back] == ["the fix cannot be written in ascii"]


def test_overlapping_fixes_wait_for_the_next_pass() -> None:
    """Each finding wants the whole line, with its own word replaced."""

    def whole_line(found: Finding) -> Fix:
        row = found.place.row
        line = current[0].line(row)
        text = line[: found.place.column - 1] + "good" + line[found.place.end_column - 1 :]
        return Fix("rename", Applicability.SAFE, (Edit(Place(row, 1, row, len(line) + 1), text),))

    def remember(source: Source) -> Sequence[Finding]:
        current[0] = source
        return lint(source)

    current = [script("")]
    outcome = fix(script("f(bad, bad)\nbad\n"), remember, whole_line)
    assert outcome.data == b"f(good, good)\ngood\n"
    assert len(outcome.applied) == 3


def test_an_import_that_two_fixes_need_is_made_once() -> None:
    def with_import(source: Source) -> Sequence[Finding]:
        findings = []
        for found in lint(source):
            change = ReplaceByApi(found.place, "keras.losses.Good", None)
            findings.append(finding(found.code, found.place, to_edits(source, plan(change))))
        return findings

    source = script("from keras.layers import Dense\nbad\nother = 1\nbad\n")
    outcome = fix(source, with_import, lambda found: found.fix if found.code == "X-bad" else None)
    assert outcome.data == (b"from keras.layers import Dense\nfrom keras.losses import Good\nGood\nother = 1\nGood\n")
    assert codes(outcome.remaining) == ["X-other"]


def test_fixes_that_are_good_only_one_by_one() -> None:
    """Two fixes that together bring a fault: one of them is made."""

    def jealous(source: Source) -> Sequence[Finding]:
        goods = [match.start() for match in re.finditer("good", source.text)]
        return [*lint(source), *[finding("X-two", Place(1, 1, 1, 1), None)] * (len(goods) > 1)]

    outcome = fix(script("bad\nbad\n"), jealous, lambda found: found.fix)
    assert outcome.data == b"good\nbad\n"
    assert codes(outcome.applied) == ["X-bad"]
    assert [reason for _, reason in outcome.taken_back] == ["the fix would bring X-two"]


def test_fixing_ends() -> None:
    """A fix that keeps a finding's kind away only by moving it does not go on for ever."""

    def restless(source: Source) -> Sequence[Finding]:
        row = source.text.count("\n")
        place = Place(row, 1, row, 2)
        fix = to_edits(source, plan(Replace(place, "y\nx")))
        return [finding("X-new", place, fix)]

    outcome = fix(script("x\n"), restless, lambda found: found.fix)
    assert len(outcome.data) < 100
