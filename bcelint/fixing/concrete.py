"""The concrete syntax of a file: which libcst node stands at a place, and what surrounds it."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TypeVar
from weakref import WeakKeyDictionary

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from bcelint.places import Place
from bcelint.reading.text import row_spans
from bcelint.source import Source

Node = TypeVar("Node", bound=cst.CSTNode)

_SINGLE_QUOTED = re.compile(r"'(\w+)'")
_DOUBLE_QUOTED = re.compile(r'"(\w+)"')
# libcst recurses, and long before Python's own limits it becomes slow; code that people write stays far below this.
_MOST_NESTED = 200


class Concrete:
    """The libcst tree of a source, found by place, and its text, found by offset.

    Columns and rows are those of ``source.text``: libcst is given the text that ``ast`` was given.
    """

    def __init__(self, source: Source) -> None:
        self.text = source.parsed
        self.rows = self.text.split("\n")
        self._source = source
        self._spans = row_spans(self.text)
        self._read: set[int] = set()
        self._places: dict[cst.CSTNode, Place] = {}
        self._at: dict[Place, list[cst.CSTNode]] = {}
        self._parents: dict[cst.CSTNode, cst.CSTNode] = {}

    def _read_around(self, row: int) -> None:
        """Parse the top-level statement that holds ``row``, once: the whole file would cost more than its analysis."""
        starts = self._source.statement_rows
        index = bisect_right(starts, row) - 1
        if index in self._read or index < 0 or self._source.tree is None:
            return
        self._read.add(index)
        first = starts[index]
        # Statements that share a row with this one belong to the same text.
        last = next((start for start in starts[index + 1 :] if start > row), len(self.rows) + 1) - 1
        if _depth(self._source.tree.body[index]) > _MOST_NESTED:
            return
        try:
            module = cst.parse_module("\n".join(self.rows[first - 1 : last]) + "\n")
            wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
            ranges = wrapper.resolve(PositionProvider)
        except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError):
            return
        for node in _nodes(wrapper.module):
            for child in node.children:
                self._parents[child] = node
            if node in ranges:
                place = _place(node, ranges, first - 1)
                self._places[node] = place
                self._at.setdefault(place, []).append(node)

    def find(self, place: Place, kind: type[Node]) -> Node | None:
        """The outermost node of a kind that stands exactly at ``place``."""
        self._read_around(place.row)
        return next((node for node in self._at.get(place, ()) if isinstance(node, kind)), None)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(node)

    def place(self, node: cst.CSTNode) -> Place:
        """The place of a node, as ``ast`` counts it: with the parentheses of a tuple, without those of all else."""
        return self._places[node]

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """The offsets in ``text`` between which a node stands, without parentheses around it."""
        place = self.place(node)
        return self.offset(place.row, place.column), self.offset(place.end_row, place.end_column)

    def offset(self, row: int, column: int) -> int:
        return self._spans[row - 1][0] + column - 1

    def between(self, start: int, end: int) -> Place:
        """The place of the text between two offsets."""
        return Place(*self._position(start), *self._position(end))

    def row_start(self, offset: int) -> int:
        """The offset at which the row of ``offset`` begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def row_end(self, offset: int) -> int:
        """The offset of the newline that ends the row of ``offset``."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indentation(self, offset: int) -> str | None:
        """The whitespace before ``offset`` when nothing else stands before it in its row."""
        before = self.text[self.row_start(offset) : offset]
        return None if before.strip() else before

    def in_own_quotes(self, code: str) -> str:
        """New code with its words quoted as most of the file's are."""
        return _DOUBLE_QUOTED.sub(r"'\1'", code) if self._prefers_single_quotes and "'" not in code else code

    @cached_property
    def _prefers_single_quotes(self) -> bool:
        return len(_SINGLE_QUOTED.findall(self.text)) > len(_DOUBLE_QUOTED.findall(self.text))

    def _position(self, offset: int) -> tuple[int, int]:
        offset = min(offset, len(self.text))
        start = self.row_start(offset)
        return self.text.count("\n", 0, start) + 1, offset - start + 1


_cache: WeakKeyDictionary[Source, Concrete | None] = WeakKeyDictionary()


def concrete(source: Source) -> Concrete | None:
    """The concrete syntax of a source; ``None`` where there is nothing to look at."""
    if source not in _cache:
        _cache[source] = Concrete(source) if source.tree is not None else None
    return _cache[source]


def _place(node: cst.CSTNode, ranges: Mapping[cst.CSTNode, CodeRange], above: int) -> Place:
    """The place of a node in a file with ``above`` rows above the parsed text."""
    start, end = ranges[node].start, ranges[node].end
    if isinstance(node, (cst.Tuple, cst.GeneratorExp)) and node.lpar:
        start, end = ranges[node.lpar[-1]].start, ranges[node.rpar[0]].end
    return Place(start.line + above, start.column + 1, end.line + above, end.column + 1)


def _depth(tree: ast.AST) -> int:
    """How deeply a tree is nested, found without recursion."""
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def _nodes(root: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """All nodes, outer ones before those within them."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children)
