"""Editing strings inside JSON text without touching anything around them.

``json`` would write a notebook anew: other indentation, other escapes, other floats, and a diff full of outputs. Here
values are found where they stand, and of a string literal only the characters that change are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_STRUCTURE = re.compile(rf"{_STRING}|[\[\]{{}}]")
_SCALAR = re.compile(rf"{_STRING}|[^\s,\]}}]+")
_SPACE = re.compile(r"[ \t\r\n]*")
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)


@dataclass(frozen=True)
class Replacement:
    """Put ``content`` where the characters ``start`` to ``end`` of a decoded string stand."""

    start: int
    end: int
    content: str


def find(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Where the value at ``path`` (keys and indexes, which must exist) begins and ends in valid JSON text."""
    start = _skip_space(text, 0)
    for step in path:
        entries = _members(text, start) if isinstance(step, str) else enumerate(_elements(text, start))
        # As everywhere, the last one of equal keys counts.
        start = [value for key, value in entries if key == step][-1]
    return start, _value_end(text, start)


def edit_strings(text: str, start: int, end: int, replacements: Iterable[Replacement]) -> str:
    """The value at ``start``, a string or a list of strings that are one text, after replacements in that text.

    Offsets count through the joined strings. A list keeps one line per string, and its own separators.
    """
    ensure_ascii = text.isascii() and "\\u" in text
    ordered = sorted(replacements, key=lambda replacement: replacement.start)
    if text[start] == '"':
        (item,) = _edited([_Item(_decode(text[start:end]))], ordered, ensure_ascii)
        return _encode(item.characters)
    spans = [(element, _value_end(text, element)) for element in _elements(text, start)]
    first, last = (spans[0][0], spans[-1][1]) if spans else (start + 1, end - 1)
    gaps = [text[left:right] for (_, left), (right, _) in pairwise(spans)]
    separator = gaps[0] if gaps else "," + text[start + 1 : first]
    items = [_Item(_decode(text[a:b]), gap) for (a, b), gap in zip(spans, [*gaps, separator], strict=False)]
    lines = [line for item in _edited(items or [_Item([])], ordered, ensure_ascii) for line in _lines(item, separator)]
    body = "".join(_encode(line.characters) + line.gap for line in lines[:-1])
    return text[start:first] + body + "".join(_encode(line.characters) for line in lines[-1:]) + text[last:end]


@dataclass(frozen=True)
class _Item:
    """A decoded string: its characters, each with the text that stands for it in the JSON.

    ``gap`` is what stands between it and the next one, and only an edited item is divided into lines.
    """

    characters: list[tuple[str, str]]
    gap: str = ""
    is_edited: bool = False


def _edited(items: list[_Item], replacements: Sequence[Replacement], ensure_ascii: bool) -> list[_Item]:
    """The items after replacements; those between which text is removed become one."""
    for replacement in reversed(replacements):
        first, start = _locate(items, replacement.start)
        last, end = first, start + replacement.end - replacement.start
        while end > len(items[last].characters):
            end -= len(items[last].characters)
            last += 1
        content = [(c, json.dumps(c, ensure_ascii=ensure_ascii)[1:-1]) for c in replacement.content]
        merged = items[first].characters[:start] + content + items[last].characters[end:]
        items = [*items[:first], _Item(merged, items[last].gap, is_edited=True), *items[last + 1 :]]
    return items


def _locate(items: Sequence[_Item], offset: int) -> tuple[int, int]:
    """The item that an offset lies in, and the offset there; between two items it is the start of the later one."""
    for index, item in enumerate(items[:-1]):
        if offset < len(item.characters):
            return index, offset
        offset -= len(item.characters)
    return len(items) - 1, offset


def _lines(item: _Item, separator: str) -> list[_Item]:
    """The item as one item for each line; none if nothing is left of it."""
    if not item.is_edited:
        return [item]
    ends = [i for i, (character, _) in enumerate(item.characters, 1) if character == "\n"]
    bounds = sorted({0, *ends, len(item.characters)})
    lines = [_Item(item.characters[start:end], separator) for start, end in pairwise(bounds)]
    return [*lines[:-1], replace(lines[-1], gap=item.gap)] if lines else []


def _decode(literal: str) -> list[tuple[str, str]]:
    raw = _CHARACTER.findall(literal[1:-1])
    return [(json.loads(f'"{piece}"') if piece[0] == "\\" else piece, piece) for piece in raw]


def _encode(characters: Iterable[tuple[str, str]]) -> str:
    return '"' + "".join(piece for _, piece in characters) + '"'


def _members(text: str, start: int) -> Iterator[tuple[str, int]]:
    """The keys of the object at ``start``, and where their values begin."""
    for key in _elements(text, start):
        key_end = _value_end(text, key)
        yield json.loads(text[key:key_end]), _skip_space(text, text.index(":", key_end) + 1)


def _elements(text: str, start: int) -> Iterator[int]:
    """Where the elements of the list at ``start``, or the keys of the object there, begin."""
    is_object = text[start] == "{"
    position = _skip_space(text, start + 1)
    while text[position] not in "]}":
        yield position
        position = _value_end(text, position)
        if is_object:
            position = _value_end(text, _skip_space(text, text.index(":", position) + 1))
        position = _skip_space(text, position)
        if text[position] == ",":
            position = _skip_space(text, position + 1)


def _value_end(text: str, start: int) -> int:
    if text[start] not in "[{":
        scalar = _SCALAR.match(text, start)
        return scalar.end() if scalar else start
    depth = 0
    for match in _STRUCTURE.finditer(text, start):
        token = match.group()
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
            if not depth:
                return match.end()
    return len(text)


def _skip_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position
