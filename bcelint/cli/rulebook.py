"""The pages of the rule book, as the terminal, a script or a web site wants them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bcelint.reporting.style import Style
from bcelint.rules import Rule

_PACKAGE = Path(__file__).resolve().parent.parent
_FENCE = re.compile(r"\s*(?:```|~~~)")
_HEADING = re.compile(r"#+\s+(?P<words>.*)")
_INDENT = "    "
# What the tests read from the examples of a page is of no use to people.
_EXPECTATION = re.compile(r"[ \t]*# expect: .*")


def page(rule: Rule) -> str:
    """The Markdown page of a rule: in an installed package beside the code, in a checkout beside the package."""
    for folder in (_PACKAGE / "rulebook", _PACKAGE.parent / "rules"):
        path = folder / f"{rule.code}.md"
        if path.is_file():
            return _EXPECTATION.sub("", path.read_text(encoding="utf-8")).strip() + "\n"
    return f"# {rule.name} ({rule.code})\n\n{rule.summary}\n"


def pages(rules: Sequence[Rule], *, markdown: bool, colored: bool) -> str:
    """The pages of several rules."""
    texts = (page(rule) if markdown else "\n".join(_plain(page(rule), Style(colored))) + "\n" for rule in rules)
    return "\n".join(texts).rstrip("\n")


def as_json(rules: Sequence[Rule], *, single: bool) -> str:
    """One object, or an array of them."""
    records = [
        {
            "code": rule.code,
            "name": rule.name,
            "summary": rule.summary,
            "severity": rule.severity.value,
            "default": rule.default,
            "fix": rule.fixable,
            "explanation": page(rule),
        }
        for rule in rules
    ]
    return json.dumps(records[0] if single else records, indent=2)


def listing(rules: Sequence[Rule], *, markdown: bool) -> str:
    """One line per rule."""
    if markdown:
        rows = [f"| {rule.code} | {rule.name} | {rule.summary} | {rule.severity.value} |" for rule in rules]
        return "\n".join(["| code | name | what it finds | severity |", "|---|---|---|---|", *rows])
    width = max(len(rule.name) for rule in rules)
    lines = [f"{rule.code}  {rule.name:<{width}}  {rule.summary}{_off(rule)}" for rule in rules]
    return "\n".join([*lines, "", "bcelint rule CODE explains one of them."])


def _off(rule: Rule) -> str:
    return "" if rule.default else " (off by default)"


def _plain(text: str, style: Style) -> Iterator[str]:
    """Markdown without the marks that only a renderer needs: code is indented, headings stand out."""
    in_code = False
    for line in text.splitlines():
        if _FENCE.match(line):
            in_code = not in_code
        elif in_code:
            yield (_INDENT + line).rstrip()
        elif heading := _HEADING.fullmatch(line):
            yield style("bold", heading["words"])
        else:
            yield line
