"""Logical lines of text that need not be Python.

``tokenize`` gives up at the first thing that it does not know. Recovery needs to know where the statements of a broken
file begin and end, and magics must be told from a ``%`` that continues an expression, so this scanner knows only what
decides that: strings, comments, brackets, continuations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r'''
    (?P<string>
        """[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?P<double_end>""")?
      | \'\'\'[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?P<single_end>\'\'\')?
      | "[^"\\\n]*(?:\\.[^"\\\n]*)*"?
      | '[^'\\\n]*(?:\\.[^'\\\n]*)*'?
    )
    | (?P<comment>\#[^\n]*)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<continuation>\\\n)
    | (?P<newline>\n)
    ''',
    re.VERBOSE | re.DOTALL,
)
_IDLE = re.compile(r"[ \t\f]*(?:#[^\n]*)?(?:\n|\Z)")
_INDENT = re.compile(r"[ \t\f]*")
_MAGIC = re.compile(
    r"[ \t]*(?:[!?%](?!=)|[%\w.*\[\]()'\"-]+\?{1,2}[ \t]*$|(?:[\w\s.,*]|\[[^\]\n]*\])+=[ \t]*[!%](?!=))", re.MULTILINE
)
_SHELL = re.compile(r"(?:[^\\\n]|\\.|\\\Z)*(?:\n|\Z)", re.DOTALL)
# Words that begin a statement and cannot stand within brackets: behind an open bracket they show that it never closes.
_STATEMENT = re.compile(
    r"[ \t]*(?:def|class|import|return|while|with|raise|del|assert|global|pass|break|continue)\b|[ \t]*try[ \t]*:"
    r"|[ \t]*from[ \t]+[\w.]+[ \t]+import\b"
)
# Each unclosed bracket makes the rest of the text be scanned again, which must not become quadratic.
_MOST_RESCANS = 50
_MOST_RESCANNED = 2_000_000


@dataclass(frozen=True)
class LogicalLine:
    """A statement, a block's header or a magic: its rows (from 0, both included) and its indentation."""

    first: int
    last: int
    indent: str
    is_magic: bool = False

    @property
    def width(self) -> int:
        """The column of the indentation; a tab reaches to the next multiple of 8."""
        return len(self.indent.rpartition("\f")[2].expandtabs(8))


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """The logical lines of ``text``, whose newlines are ``\\n``; blank and comment rows belong to none of them."""
    position = row = 0
    rescans = min(_MOST_RESCANS, _MOST_RESCANNED // (len(text) + 1))
    while position < len(text):
        idle = _IDLE.match(text, position)
        if idle:
            position, row = idle.end(), row + 1
            continue
        indent = _INDENT.match(text, position).group()  # type: ignore[union-attr]  # it matches the empty string
        is_magic = _MAGIC.match(text, position) is not None
        end, closed = (_magic_end(text, position), True) if is_magic else _statement_end(text, position)
        if not closed and rescans:
            rescans -= 1
            end = text.find("\n", position) + 1 or len(text)
        rows = text.count("\n", position, end)
        last = row + rows - (1 if text[end - 1] == "\n" else 0)
        yield LogicalLine(row, last, indent, is_magic)
        position, row = end, row + rows


def deepest_bracket(text: str) -> int:
    """How many brackets are open at once at most."""
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "open":
            depth += 1
            deepest = max(depth, deepest)
        elif token.lastgroup == "close":
            depth -= 1
    return deepest


def _magic_end(text: str, position: int) -> int:
    return _SHELL.match(text, position).end()  # type: ignore[union-attr]  # it matches any row


def _statement_end(text: str, position: int) -> tuple[int, bool]:
    """Where the statement at ``position`` ends, and whether all that it opens is closed there."""
    depth = 0
    for token in _TOKEN.finditer(text, position):
        kind = token.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind == "newline":
            if not depth:
                return token.end(), True
            if _STATEMENT.match(text, token.end()):
                return token.end(), False
        elif kind == "string" and _is_unclosed(token):
            return token.end(), False
    return len(text), not depth


def _is_unclosed(string: re.Match[str]) -> bool:
    opener = string.group()[:3]
    return opener in ('"""', "'''") and not (string["double_end"] or string["single_end"])
