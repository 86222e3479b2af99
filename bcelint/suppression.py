"""Suppression comments: which findings they silence, and which of them silence nothing.

``# noqa``, ``# noqa: BCE101``, ``# bcelint: ignore[BCE101] reason`` act on the statement (for a compound statement: its
header) that they stand in; ``# bcelint: file-ignore[BCE101]`` acts on the file. Comments are found by a scanner that,
unlike ``tokenize``, also copes with text that is not Python: notebook magics, a broken cell.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bcelint.findings import Applicability, Edit, Finding, Fix, Severity
from bcelint.places import Place
from bcelint.reading.logical import logical_lines
from bcelint.reading.text import split_rows, with_unix_newlines
from bcelint.source import Source

UNUSED = "BCE901"
_UNUSED_NAME = "unused-suppression"

_MENTION = re.compile(r"noqa|bcelint", re.IGNORECASE)
_STRING_OR_COMMENT = re.compile(
    r'''
    """(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)
  | \'\'\'(?:[^'\\]|\\.|'(?!''))*(?:\'\'\'|\Z)
  | "(?:[^"\\\n]|\\.)*"?
  | '(?:[^'\\\n]|\\.)*'?
  | (?P<comment>\#[^\n]*)
    ''',
    re.VERBOSE | re.DOTALL,
)
_CODE = re.compile(r"[A-Za-z]+[0-9]+")
_NOQA = re.compile(
    r"#\s*noqa\b(?P<colon>\s*:\s*(?P<codes>[A-Za-z]+[0-9]+\b(?:[,\s]+[A-Za-z]+[0-9]+\b)*)?)?", re.IGNORECASE
)
_OURS = re.compile(
    r"#\s*bcelint\s*:\s*(?P<verb>[\w-]+)\s*(?:\[(?P<codes>[^\]#]*)\](?P<reason>[^#]*)|(?P<other>[^#]*))",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^,\s]+")
_OUR_CODE = re.compile(r"BCE\d+", re.IGNORECASE)
_VERBS = ("ignore", "file-ignore")


class Code(NamedTuple):
    """A code or name as it stands in a directive, and the columns (from 0) that it spans."""

    text: str
    start: int
    end: int


@dataclass(eq=False)
class Directive:
    """One suppression; ``codes`` is ``None`` for one that names no code and therefore means all of them.

    ``start`` and ``end`` are columns from 0; ``used`` collects the codes of the findings that it silenced.
    """

    kind: str
    row: int
    start: int
    end: int
    codes: tuple[Code, ...] | None
    used: set[str] = field(default_factory=set)

    @property
    def place(self) -> Place:
        return Place(self.row, self.start + 1, self.row, self.end + 1)

    @property
    def is_ours(self) -> bool:
        return self.kind != "noqa"


class Statements:
    """The logical lines of a text: which rows belong together."""

    def __init__(self, text: str) -> None:
        lines = list(logical_lines(text))
        self._firsts = [line.first + 1 for line in lines]
        self._lasts = [line.last + 1 for line in lines]

    def rows(self, row: int) -> tuple[int, int]:
        """The first and the last row of the statement that holds ``row``; a row of no statement stands for itself."""
        index = bisect_right(self._firsts, row) - 1
        if index >= 0 and row <= self._lasts[index]:
            return self._firsts[index], self._lasts[index]
        return row, row


@dataclass(frozen=True)
class Suppressed:
    """``findings`` are left, unused suppressions among them; ``silenced`` are the others."""

    findings: tuple[Finding, ...]
    silenced: tuple[Finding, ...] = ()


def suppress(
    source: Source, findings: Iterable[Finding], *, known: Mapping[str, str], active: Collection[str]
) -> Suppressed:
    """Apply the suppression comments of a file.

    ``known`` maps the lower-case codes and names of all rules to their codes, ``active`` holds the rules that are
    selected for this file: only these can be said to find nothing.
    """
    if not _MENTION.search(source.text):
        return Suppressed(tuple(findings))
    text = with_unix_newlines(source.text)
    directives = list(find_directives(text))
    if not directives:
        return Suppressed(tuple(findings))
    scope = _Scope(directives, Statements(text), known)
    left, silenced = scope.split(findings)
    # What could not be parsed may hold the very code that a suppression is there for.
    if UNUSED in active and not source.problems:
        unused = [_unused(text, directive, known, active) for directive in directives]
        still_left, also_silenced = scope.split(finding for finding in unused if finding is not None)
        left, silenced = left + still_left, silenced + also_silenced
    return Suppressed(tuple(sorted(left, key=lambda finding: finding.sort_key)), tuple(silenced))


def find_directives(text: str) -> Iterator[Directive]:
    """The suppressions in the comments of ``text``, whose newlines are ``\\n``."""
    row, position = 1, 0
    for token in _STRING_OR_COMMENT.finditer(text):
        comment = token["comment"]
        if comment is None or not _MENTION.search(comment):
            continue
        row += text.count("\n", position, token.start())
        position = token.start()
        column = position - (text.rfind("\n", 0, position) + 1)
        yield from _directives(comment, row, column)


def _directives(comment: str, row: int, column: int) -> Iterator[Directive]:
    for match in _NOQA.finditer(comment):
        if match["codes"] is None and match["colon"] is not None:
            continue  # "noqa: some words" says nothing to any linter
        codes = None if match["codes"] is None else _codes(match, _CODE, column)
        yield Directive("noqa", row, column + match.start(), column + match.end(), codes)
    for match in _OURS.finditer(comment):
        verb = match["verb"].lower()
        end = column + match.start() + len(match[0].rstrip())
        if match["codes"] is not None:
            yield Directive(verb, row, column + match.start(), end, _codes(match, _WORD, column))
        elif verb in _VERBS and not (match["other"] or "").startswith("["):
            yield Directive(verb, row, column + match.start(), end, None)


def _codes(match: re.Match[str], word: re.Pattern[str], column: int) -> tuple[Code, ...]:
    column += match.start("codes")
    return tuple(Code(code[0], column + code.start(), column + code.end()) for code in word.finditer(match["codes"]))


class _Scope:
    """The directives of a file, found by the statement that they stand in."""

    def __init__(self, directives: Iterable[Directive], statements: Statements, known: Mapping[str, str]) -> None:
        self._statements = statements
        self._known = known
        self._by_statement: dict[tuple[int, int], list[Directive]] = {}
        self._whole_file: list[Directive] = []
        for directive in directives:
            if directive.kind == "file-ignore":
                self._whole_file.append(directive)
            elif directive.kind in ("noqa", "ignore"):
                self._by_statement.setdefault(statements.rows(directive.row), []).append(directive)

    def split(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        left: list[Finding] = []
        silenced: list[Finding] = []
        for finding in findings:
            hits = [directive for directive in self._near(finding) if self._covers(directive, finding.code)]
            for directive in hits:
                directive.used.add(finding.code)
            (silenced if hits else left).append(finding)
        return left, silenced

    def _near(self, finding: Finding) -> Iterator[Directive]:
        yield from self._whole_file
        rows = [finding.place.row, *(related.place.row for related in finding.related)]
        for statement in dict.fromkeys(self._statements.rows(row) for row in rows):
            yield from self._by_statement.get(statement, ())

    def _covers(self, directive: Directive, code: str) -> bool:
        if directive.codes is None:
            # A blanket suppression cannot be the one thing that hides that it is of no use.
            return code != UNUSED
        return any(self._known.get(named.text.lower()) == code for named in directive.codes)


def comment_rows(text: str, rows: Iterable[int]) -> tuple[int, ...]:
    """For each row the first from it on that can take a comment: one that ends neither within a string nor in a
    backslash."""
    text = with_unix_newlines(text)
    in_string = {
        inner
        for token in _STRING_OR_COMMENT.finditer(text)
        if "\n" in token[0]
        for inner in range(text.count("\n", 0, token.start()) + 1, text.count("\n", 0, token.end()) + 1)
    }
    lines = split_rows(text)

    def first(row: int) -> int:
        while row < len(lines) and (row in in_string or lines[row - 1].endswith("\\")):
            row += 1
        return row

    return tuple(map(first, rows))


# --- unused suppressions -------------------------------------------------------------------------------------------


def _unused(text: str, directive: Directive, known: Mapping[str, str], active: Collection[str]) -> Finding | None:
    """The finding for a directive that, wholly or in part, silences nothing."""
    template = Finding(UNUSED, _UNUSED_NAME, Severity.WARNING, "", directive.place)
    if directive.is_ours and directive.kind not in _VERBS:
        words = " or ".join(f"`{verb}[...]`" for verb in _VERBS)
        message = f"this suppresses nothing: `bcelint: {directive.kind}` is unknown"
        return replace(template, message=message, help=f"write {words}")
    if directive.codes is None:
        if not directive.is_ours or directive.used:
            return None
        message = "this suppresses nothing: no finding is reported here"
        return replace(template, message=message, fix=_removal(text, directive))
    idle = [code for code in directive.codes if _is_idle(code.text, directive, known, active)]
    if not idle and directive.codes:
        return None
    fix = _removal(text, directive) if len(idle) == len(directive.codes) else _shortening(directive, idle)
    place = directive.place
    if idle and len(idle) < len(directive.codes):
        place = Place(directive.row, idle[0].start + 1, directive.row, idle[0].end + 1)
    return replace(template, message=_message(idle, known), place=place, fix=fix)


def _is_idle(text: str, directive: Directive, known: Mapping[str, str], active: Collection[str]) -> bool:
    code = known.get(text.lower())
    if code is None:
        return directive.is_ours or _OUR_CODE.fullmatch(text) is not None
    # Whether a suppression of BCE901 is of use depends on itself: it is never reported.
    return code in active and code != UNUSED and code not in directive.used


def _message(idle: list[Code], known: Mapping[str, str]) -> str:
    if not idle:
        return "this suppresses nothing: it names no rule"
    unknown = [f"`{code.text}`" for code in idle if code.text.lower() not in known]
    silent = [f"`{code.text}`" for code in idle if code.text.lower() in known]
    parts = []
    if silent:
        parts.append(f"{_list(silent)} {'is' if len(silent) == 1 else 'are'} not reported here")
    if unknown:
        parts.append(f"{_list(unknown)} {'is no rule' if len(unknown) == 1 else 'are no rules'} of bcelint")
    return "this suppresses nothing: " + ", and ".join(parts)


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _shortening(directive: Directive, idle: list[Code]) -> Fix:
    """Take single codes out of a list; the others keep their text and the separators between them."""
    codes = directive.codes or ()
    dropped = set(idle)
    last_kept = max(index for index, code in enumerate(codes) if code not in dropped)
    edits = []
    for index, code in enumerate(codes[: last_kept + 1]):
        if code in dropped:
            edits.append(_cut(directive.row, code.start, codes[index + 1].start))
    if last_kept + 1 < len(codes):
        edits.append(_cut(directive.row, codes[last_kept].end, codes[-1].end))
    return _fix(*edits)


def _cut(row: int, start: int, end: int, content: str = "") -> Edit:
    """Replace the columns (from 0) of a row."""
    return Edit(Place(row, start + 1, row, end + 1), content)


def _removal(text: str, directive: Directive) -> Fix:
    """Take a whole directive out, with the white space that only served it; other comments on the row stay."""
    line = split_rows(text)[directive.row - 1]
    before, after = line[: directive.start], line[directive.end :]
    start, end = directive.start, directive.end + len(after) - len(after.lstrip())
    if line[end:]:
        # Another comment follows, or the reason that stands behind a noqa.
        content = "" if line[end] == "#" else "# "
        return _fix(_cut(directive.row, start, end, content))
    start = len(before.rstrip())
    if start or directive.row > text.count("\n"):
        return _fix(_cut(directive.row, start, end))
    return _fix(Edit(Place(directive.row, 1, directive.row + 1, 1), ""))


def _fix(*edits: Edit) -> Fix:
    return Fix("remove the unused suppression", Applicability.SAFE, edits)
