"""Rows of text, counted as Python's tokenizer counts them."""

from __future__ import annotations

import re

_NEWLINE = re.compile(r"\r\n|\r|\n")


def split_rows(text: str) -> list[str]:
    """The rows of ``text`` without their newlines.

    Only ``\\n``, ``\\r\\n`` and ``\\r`` end a row (``str.splitlines`` also splits at form feeds and ``\\u2028``).
    """
    return _NEWLINE.split(text) if "\r" in text else text.split("\n")


def row_spans(text: str) -> list[tuple[int, int, int]]:
    """For each row the offsets of its start, of its newline, and of what follows the newline."""
    spans = []
    start = 0
    for newline in _NEWLINE.finditer(text):
        spans.append((start, newline.start(), newline.end()))
        start = newline.end()
    spans.append((start, len(text), len(text)))
    return spans


def with_unix_newlines(text: str) -> str:
    """The same rows, each ending in ``\\n``."""
    return _NEWLINE.sub("\n", text) if "\r" in text else text
