"""Snippets with their expectation: ``# <- BCE101`` at the end of the row where a finding has to start."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from textwrap import dedent
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

from bcelint.analysis import Analysis, analyse, infer
from bcelint.inference.facts import Fact, MetricUse, Pairing, Unresolved
from bcelint.source import Source, read

Result = TypeVar("Result")
_MARK = re.compile(r"#[ ]<-[ ](?P<codes>BCE\d+(?:, BCE\d+)*)$", re.MULTILINE)


def source(code: str) -> Source:
    """The snippet as a file; it has to be Python."""
    made = read("train.py", dedent(code).lstrip("\n").encode())
    assert not made.problems, made.problems
    return made


def cases(table: Mapping[str, str]) -> Iterable[ParameterSet]:
    """The parameters of a table-driven test, named by the table's keys."""
    return [pytest.param(code, id=name) for name, code in table.items()]


def expected(text: str) -> set[tuple[str, str]]:
    """Codes, each with the row that its marker stands on."""
    rows = text.splitlines()
    return {
        (code, rows[text.count("\n", 0, mark.start())].strip())
        for mark in _MARK.finditer(text)
        for code in mark["codes"].split(", ")
    }


def found(made: Source, analysis: Analysis) -> set[tuple[str, str]]:
    return {(finding.code, made.line(finding.place.row).strip()) for finding in analysis.findings}


def check_hit(code: str) -> Analysis:
    """The findings are those that the markers name, and no others."""
    made = source(code)
    analysis = analyse(made)
    wanted = expected(made.text)
    assert wanted, "a snippet without a marker belongs to the near misses"
    assert found(made, analysis) == wanted
    return analysis


def check_near_miss(code: str) -> Analysis:
    """No finding at all."""
    made = source(code)
    analysis = analyse(made)
    assert not expected(made.text), "a snippet with a marker belongs to the hits"
    assert found(made, analysis) == set()
    return analysis


def check_sound(code: str) -> Analysis:
    """No finding although a pair was understood: silence out of knowledge."""
    analysis = check_near_miss(code)
    assert analysis.decided
    assert not analysis.undecided
    return analysis


def check_undecided(code: str) -> Analysis:
    """No finding, no pair, and the pair that could not be decided is counted."""
    analysis = check_near_miss(code)
    assert analysis.undecided
    assert not analysis.decided
    return analysis


_CROSS_ENTROPY = re.compile(
    r"""(?:[\w.]*\.)?\w+Crossentropy\([^()]*\)(?!\()|"(?:\w+_crossentropy|bce|\w+Crossentropy)"|[\w.]*\.\w+_crossentropy\b(?!\()"""
)


def as_regression(table: Mapping[str, str]) -> Iterable[ParameterSet]:
    """Near misses made of hits: the same models with a loss that takes any head.

    Hits whose loss is not a plain argument, and those that are faults whatever the loss, are left out.
    """
    made = {}
    for name, code in table.items():
        other = _MARK.sub("", _CROSS_ENTROPY.sub('"mse"', code))
        if "BCE104" not in code and other.count('"mse"') and "rossentropy" not in other:
            made[name] = other
    return cases(made)


def facts(code: str) -> tuple[Fact, ...]:
    return infer(source(code))


def pairings(code: str) -> list[Pairing]:
    return [fact for fact in facts(code) if isinstance(fact, Pairing)]


def pairing(code: str) -> Pairing:
    """The only pairing of a snippet."""
    made = pairings(code)
    assert len(made) == 1, made
    return made[0]


def metric_uses(code: str) -> list[MetricUse]:
    return [fact for fact in facts(code) if isinstance(fact, MetricUse)]


def unresolved(code: str) -> list[Unresolved]:
    return [fact for fact in facts(code) if isinstance(fact, Unresolved)]


def on_a_big_stack(function: Callable[[], Result]) -> Result:
    """Run as the command does: deep code needs a deep stack."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(512 * 1024 * 1024)
    sys.setrecursionlimit(20_000)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]
