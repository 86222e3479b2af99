"""The rule book as data: its sections and its code blocks.

A block says behind its language what it is: ``bad`` (rows end in ``# expect: CODE``), ``fixed`` (what the automatic fix
makes of the bad block before it), ``good`` or ``left-alone``. ``python`` is a script, ``ipython`` the code cell of a
notebook, ``json`` a notebook as it is stored.
"""

from __future__ import annotations

import json
import re
import tokenize
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from bcelint.source import Source, read
from tests.expectations import without_expectations

FOLDER = Path(__file__).parents[2] / "rules"
_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A code block of a page; ``row`` is that of its first line on the page."""

    page: str
    section: str
    row: int
    language: str
    part: str
    text: str

    @property
    def source(self) -> Source:
        """The block as a file, without the comments that are meant for the tests."""
        text = without_expectations(self.text)
        if self.language == "ipython":
            return read(f"{self.page}.ipynb", _notebook(text))
        suffix = {"python": "py", "json": "ipynb"}[self.language]
        encoding, _ = tokenize.detect_encoding(BytesIO(text.encode()).readline)
        return read(f"{self.page}.{suffix}", text.encode(encoding))


@dataclass(frozen=True)
class Page:
    """A page of the rule book."""

    code: str
    text: str
    title: str
    sections: tuple[str, ...]
    blocks: tuple[Block, ...]

    def part(self, *names: str) -> list[Block]:
        return [block for block in self.blocks if block.part in names]


def load(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    prose = _BLOCK.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    headings = list(_HEADING.finditer(prose))
    blocks = []
    for match in _BLOCK.finditer(text):
        language, _, part = match["info"].partition(" ")
        section = next((heading["title"] for heading in reversed(headings) if heading.start() < match.start()), "")
        row = text.count("\n", 0, match.start("text")) + 1
        blocks.append(Block(path.stem, section, row, language, part, match["text"]))
    sections = tuple(heading["title"] for heading in headings)
    return Page(path.stem, text, text.splitlines()[0], sections, tuple(blocks))


def _notebook(text: str) -> bytes:
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    document = {
        "cells": [{**cell, "source": text.splitlines(keepends=True)}],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    return json.dumps(document, indent=1).encode()


PAGES = {path.stem: load(path) for path in sorted(FOLDER.glob("*.md"))}
