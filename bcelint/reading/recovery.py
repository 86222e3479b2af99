"""What can still be analysed of text that does not parse.

Statements that are no Python by themselves are replaced by ``pass``, by a neutral header, so that their block stays a
block, or by an assignment of ``...``, so that a name does not keep the value that it had before; rows and columns of
everything else stay. What then still does not fit together, such as an unexpected indentation, is taken out one place
after another, within bounds; and if that does not end, only the top-level blocks that parse are kept.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bcelint.reading.logical import LogicalLine, deepest_bracket, logical_lines
from bcelint.reading.parsing import Unparsable, parse, parses, quiet, shift_columns

# Bounds in work and not in seconds, so that the same text always gives the same tree: about a second at most.
_MOST_RETRIES = 50
_MOST_CHARACTERS = 2_000_000

_NEWER = re.compile(
    r"""^[ \t]*type[ \t]+\w | \b(?:def|class)[ \t]+\w+[ \t]*\[ | \bexcept[ \t]*\* | \bexcept[ \t]+[\w.]+[ \t]*,
    | \b(?:[ft]r?|r[ft])['"]""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
# Python 3.14 reads "except ValueError, e:" as two exceptions, but those who wrote it meant Python 2's.
_PYTHON_2 = re.compile(r"\bexcept\b[^:\n]*,[ \t]*[a-z_]\w*[ \t]*:")
# Beyond these libcst may overflow the stack or take minutes; only machines write such code.
_MOST_NEWER_TEXT = 200_000
_MOST_NESTED = 200
_LONGEST_LINE = 5_000

_KEYWORD = re.compile(r"(?:async[ \t]+)?(?P<keyword>[A-Za-z_]\w*|@)")
_EXCEPT_COMMA = re.compile(r"[ \t]*except[ \t]+[^:]+?(?P<name>,[ \t]*\w+[ \t]*):")
_ASSIGNMENT = re.compile(r"[ \t]*(?:[\w \t.,*]|\[[^\]]*\])+=(?!=)")
_DEFINITION = re.compile(r"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(?P<name>\w+)")
# Headers whose block may run whatever they say, so the block is kept under a header that says nothing.
_NEUTRAL = {
    "if": "if ...:",
    "elif": "elif ...:",
    "else": "else:",
    "while": "while ...:",
    "for": "for _ in ...:",
    "with": "with ...:",
    "try": "try:",
    "except": "except:",
    "finally": "finally:",
}
# What has to stand around a line for it to be parsed by itself.
_BEFORE = {"elif": "if 1: pass\n", "else": "if 1: pass\n", "except": "try: pass\n", "finally": "try: pass\n"}
_CLAUSES = frozenset(_BEFORE)
_BODY = "\n  pass\n"
_AFTER = {
    "try": _BODY + "finally: pass\n",
    "match": "\n  case _: pass\n",
    "@": "\ndef decorated(): pass\n",
    **dict.fromkeys(["if", "elif", "else", "for", "while", "with", "def", "class", "except", "finally"], _BODY),
}


@dataclass(frozen=True)
class Recovered:
    """What was made of a broken text.

    Attributes:
        text: it parses, and has the rows of what was read.
        tree: with the columns of what was read.
        broken: the rows (from 0) that were taken out.
        intact: nothing is broken: the text is merely newer than the running Python.
        shifts: for rows (from 1) that had to be indented otherwise, how far their columns in ``text`` are off.
    """

    text: str
    tree: ast.Module | None
    broken: tuple[int, ...] = ()
    intact: bool = False
    shifts: Mapping[int, int] = field(default_factory=dict)


def recover(text: str) -> Recovered:
    """The syntax tree of what parses of ``text``, whose newlines are ``\\n`` and which holds no magics."""
    newer = _parse_newer(text)
    if newer is not None:
        return newer
    patient = _Patient(text)
    patient.replace_broken_lines()
    tree = patient.take_out_misfits() or patient.keep_whole_blocks()
    if tree is not None and patient.shifts:
        shift_columns(tree, patient.shifts)
    return Recovered("\n".join(patient.rows), tree, tuple(sorted(patient.broken)), shifts=patient.shifts)


def _parse_newer(text: str) -> Recovered | None:
    if not _NEWER.search(text) or _PYTHON_2.search(text) or not _is_tame(text):
        return None
    from bcelint.reading.newer import in_older_syntax  # imports libcst, which takes longer than most files do

    older = in_older_syntax(text)
    try:
        return Recovered(older, parse(older), intact=True) if older is not None else None
    except Unparsable:
        return None


def _is_tame(text: str) -> bool:
    if len(text) > _MOST_NEWER_TEXT or text.count("elif") > _MOST_NESTED or deepest_bracket(text) > _MOST_NESTED:
        return False
    rows = text.split("\n")
    return all(sum(map(len, rows[line.first : line.last + 1])) < _LONGEST_LINE for line in logical_lines(text))


class _Patient:
    """The rows under repair."""

    def __init__(self, text: str) -> None:
        self.rows = text.split("\n")
        self.lines: Sequence[LogicalLine] = tuple(logical_lines(text))
        self.broken: set[int] = set()
        self.shifts: dict[int, int] = {}

    def replace_broken_lines(self) -> None:
        with quiet():
            index = 0
            while index < len(self.lines):
                index = index + 1 if self._stands_alone(self.lines[index]) else self._replace(index)

    def take_out_misfits(self) -> ast.Module | None:
        """The tree, once nothing is left that contradicts its surroundings."""
        for _ in range(min(_MOST_RETRIES, _MOST_CHARACTERS // (sum(map(len, self.rows)) + 1))):
            outcome = self._attempt()
            if isinstance(outcome, ast.Module):
                return outcome
            misfit = self._misfit(outcome)
            if misfit is None:
                break
            self._replace(misfit, with_block=outcome.message.startswith("unexpected indent"))
        return None

    def keep_whole_blocks(self) -> ast.Module | None:
        """The tree of those top-level statements that parse."""
        tops = [i for i, line in enumerate(self.lines) if not i or (not line.width and not self._continues(i))]
        with quiet():
            for start, end in pairwise([*tops, len(self.lines)]):
                block = self.rows[self.lines[start].first : self.lines[end - 1].last + 1]
                if not parses("\n".join(block)):
                    for line in self.lines[start:end]:
                        self._write(line, "")
        outcome = self._attempt()
        return outcome if isinstance(outcome, ast.Module) else None

    def _attempt(self) -> ast.Module | Unparsable:
        try:
            return parse("\n".join(self.rows))
        except Unparsable as error:
            if error.message.startswith("inconsistent use of tabs") and not self.shifts:
                self._expand_tabs()
                return self._attempt()
            return error

    def _expand_tabs(self) -> None:
        """Indent by spaces, as Python 2 understood tabs."""
        for line in self.lines:
            row = self.rows[line.first]
            if row.startswith(line.indent):
                self.rows[line.first] = " " * line.width + row[len(line.indent) :]
                self.shifts[line.first + 1] = len(line.indent) - line.width

    def _continues(self, index: int) -> bool:
        """Whether a top-level line belongs to the statement above it (``else:``, a decorated function)."""
        previous = self.lines[index - 1]
        is_decorated = not previous.width and self._keyword(previous) == "@"
        return is_decorated or self._keyword(self.lines[index]) in _CLAUSES

    def _text(self, line: LogicalLine) -> str:
        return "\n".join([self.rows[line.first][len(line.indent) :], *self.rows[line.first + 1 : line.last + 1]])

    def _keyword(self, line: LogicalLine) -> str:
        match = _KEYWORD.match(self.rows[line.first], len(line.indent))
        return match["keyword"] if match else ""

    def _stands_alone(self, line: LogicalLine) -> bool:
        text, keyword = self._text(line), self._keyword(line)
        if keyword == "case" and parses(f"match _:\n {text}\n  pass\n"):
            return True
        text = _BEFORE.get(keyword, "") + text
        return (keyword in _AFTER and parses(text + _AFTER[keyword])) or parses(text)

    def _replace(self, index: int, *, with_block: bool = False) -> int:
        """Take out what begins at line ``index``; returns the index of the first line after it."""
        line = self.lines[index]
        end = self._block_end(index, line.width if with_block else line.width + 1)
        substitute = "" if with_block else self._substitute(line, has_block=end > index + 1)
        self._write(line, substitute)
        if substitute.endswith(":"):
            return index + 1
        for inner in self.lines[index + 1 : end]:
            self._write(inner, "")
        return end

    def _substitute(self, line: LogicalLine, *, has_block: bool) -> str:
        """What takes the place of a line that does not parse."""
        row, keyword = self.rows[line.first], self._keyword(line)
        if comma := _EXCEPT_COMMA.match(row):
            return row[: comma.start("name")] + " " * len(comma["name"]) + row[comma.end("name") :]
        if keyword in _NEUTRAL:
            return line.indent + _NEUTRAL[keyword] + ("" if has_block else " pass")
        if definition := _DEFINITION.match(row):
            return f"{line.indent}{definition['name']} = ..."
        if (assignment := _ASSIGNMENT.match(row)) and parses(f"{assignment.group().strip()} ..."):
            return f"{assignment.group()} ..."
        return line.indent + "pass"

    def _block_end(self, index: int, width: int) -> int:
        """The index of the first line after ``index`` that is indented by less than ``width``."""
        end = index + 1
        while end < len(self.lines) and self.lines[end].width >= width:
            end += 1
        return end

    def _write(self, line: LogicalLine, content: str) -> None:
        self.rows[line.first : line.last + 1] = [content] + [""] * (line.last - line.first)
        self.broken.update(range(line.first, line.last + 1))

    def _misfit(self, error: Unparsable) -> int | None:
        """The line to take out because of ``error``: one that still stands, so that every retry makes progress."""
        row = error.place.row - 1
        if error.message.startswith("expected an indented block"):
            row -= 1
        standing = [i for i, line in enumerate(self.lines) if line.first <= row and line.first not in self.broken]
        return standing[-1] if standing else None
