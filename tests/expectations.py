"""What a piece of code expects of the linter, and what it gets.

``# expect: BCE101, BCE401`` at the end of a row: these are reported there. ``# expect-from train.py: BCE101``: this is
reported there when ``train.py`` (its path in the project) is checked, which imports the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from bcelint.findings import Finding, Fix
from bcelint.linting import Job, lint
from bcelint.rules import BY_CODE
from bcelint.selection import RuleSet
from bcelint.source import Source, read

ALL = frozenset(BY_CODE)
_EXPECT = re.compile(
    r"[ \t]*# expect(?:-from (?P<files>[^\s:]+(?:, [^\s:]+)*))?: (?P<codes>BCE\d+(?:, BCE\d+)*)[ \t]*$", re.MULTILINE
)
_ANY_EXPECT = re.compile(r"#\s*expect\b", re.IGNORECASE)


def expected(text: str, checked: str = "") -> set[tuple[int, str]]:
    """Rows (from 1) and codes that the comments of ``text`` name: those that the file shows by itself, or those that
    show when another file of the project is ``checked``."""
    comments = list(_EXPECT.finditer(text))
    assert len(comments) == len(_ANY_EXPECT.findall(text)), "a malformed `# expect:`"
    return {
        (text.count("\n", 0, comment.start()) + 1, code)
        for comment in comments
        for code in comment["codes"].split(", ")
        if checked in (comment["files"] or "").split(", ")
    }


def expected_from(text: str) -> set[str]:
    """The files of which the comments of ``text`` say that checking them shows something in it."""
    return {file for comment in _EXPECT.finditer(text) for file in (comment["files"] or "").split(", ") if file}


def without_expectations(text: str) -> str:
    return _EXPECT.sub("", text)


def findings(source: Source, only: Iterable[str] = ALL) -> tuple[Finding, ...]:
    """What the linter reports, with fixes as edits."""
    return lint(source, Job(source.path, source.path, RuleSet(frozenset(only), ALL))).findings


def reported(source: Source) -> set[tuple[int, str]]:
    return {(finding.place.row, finding.code) for finding in findings(source)}


def codes(found: Sequence[Finding]) -> Counter[str]:
    return Counter(finding.code for finding in found)


def fixed(source: Source, fix: Fix) -> Source:
    """The file after one fix."""
    return read(source.path, source.apply(fix.edits))
