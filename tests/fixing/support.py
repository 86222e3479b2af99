"""Fix plans made as rules make them: from the nodes of the syntax tree."""

from __future__ import annotations

import ast

from bcelint.findings import Applicability, Change, Finding, Fix, FixPlan, Severity
from bcelint.fixing.edits import to_edits
from bcelint.places import Place
from bcelint.source import Source, read


def script(text: str) -> Source:
    source = read("train.py", text.encode())
    assert not source.problems
    return source


def call(source: Source, name: str) -> ast.Call:
    """The first call whose spelling ends in ``name``."""
    assert source.tree is not None
    nodes = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    return next(node for node in nodes if ast.unparse(node.func).endswith(name))


def place(source: Source, name: str) -> Place:
    return source.place(call(source, name))


def value(source: Source, name: str, argument: str | int) -> Place:
    """The place of an argument's value, by keyword or position."""
    node = call(source, name)
    if isinstance(argument, int):
        return source.place(node.args[argument])
    return source.place(next(keyword.value for keyword in node.keywords if keyword.arg == argument))


def plan(*changes: Change) -> FixPlan:
    return FixPlan("change it", Applicability.SAFE, changes)


def changed(source: Source, *changes: Change) -> str | None:
    """The text after a plan was carried out, ``None`` where it cannot be."""
    fix = to_edits(source, plan(*changes))
    return None if fix is None else source.apply(fix.edits).decode()


def finding(code: str, place: Place, fix: Fix | None) -> Finding:
    return Finding(code, "name", Severity.ERROR, "message", place, fix=fix)
