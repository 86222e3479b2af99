"""Syntax that is newer than the Python that runs the linter.

libcst parses the newest Python whatever runs it. Where it accepts what ``ast`` does not, the constructs that are to
blame are replaced by older ones in the same place, so that everything else is analysed as it stands.
"""

from __future__ import annotations

import re

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from bcelint.reading.parsing import parses, quiet

_EXCEPT_STAR = re.compile(r"(except\s*)\*")
_VISIBLE = re.compile(r"[^\n]")


def in_older_syntax(text: str) -> str | None:
    """The text with newer constructs replaced, rows and columns of all else kept; ``None`` if libcst refuses it too."""
    try:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        ranges = wrapper.resolve(PositionProvider)
        newer = _Newer()
        wrapper.module.visit(newer)
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError):
        return None
    starts = [0, *(newline.end() for newline in re.finditer("\n", text))]
    spans = []
    for node in newer.found:
        start, end = ranges[node].start, ranges[node].end
        spans.append((starts[start.line - 1] + start.column, starts[end.line - 1] + end.column, node))
    with quiet():
        for begin, end_offset, node in sorted(spans, key=lambda span: span[0], reverse=True):
            text = text[:begin] + _older(node, text[begin:end_offset]) + text[end_offset:]
    return text


class _Newer(cst.CSTVisitor):
    """Collects the nodes that may be newer syntax; of those within each other, the outer one."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        match node:
            case (
                cst.FormattedString()
                | cst.TemplatedString()
                | cst.ConcatenatedString()
                | cst.TypeAlias()
                | cst.TypeParameters()
            ):
                self.found.append(node)
                return False
            case cst.ExceptHandler(type=cst.Tuple(lpar=[]) as types):
                self.found.append(types)
            case cst.ExceptStarHandler():
                self.found.append(node)
        return True


def _older(node: cst.CSTNode, code: str) -> str:
    match node:
        case cst.TypeParameters():
            return _blank(code)
        case cst.TypeAlias():
            return "pass" + _blank(code)[len("pass") :]
        case cst.Tuple(elements=[first, *_]):
            kept = len(cst.Module([]).code_for_node(first.value))
            return code[:kept] + _blank(code[kept:])
        case cst.ExceptStarHandler():
            return _EXCEPT_STAR.sub(r"\1 ", code, count=1)
    return code if parses(f"({code})") else _unknown(code)


def _unknown(code: str) -> str:
    """An expression that says nothing, in the place of one."""
    if "\n" not in code:
        return "...".ljust(len(code))
    return "(_" + _blank(code)[2:-1] + ")"


def _blank(code: str) -> str:
    return _VISIBLE.sub(" ", code)
