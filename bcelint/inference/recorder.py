"""Collects the facts of one file, turning syntax nodes into places."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace

from bcelint.inference.facts import Fact, Pairing, Unresolved
from bcelint.inference.numeric.expressions import Expression
from bcelint.places import Place
from bcelint.project import ORIGIN
from bcelint.source import Source


class BudgetExceeded(Exception):
    """The file takes too many steps; the rest of it is not analysed."""


@dataclass(frozen=True)
class FaultyFormula:
    """A loss with a faulty operation, and the values of the operation's inputs, by their keys, at which it fails."""

    root: Expression
    witness: Mapping[Hashable, float]


class Recorder:
    """The facts of a file, in the order in which they were met and each once."""

    def __init__(self, place_of: Callable[[ast.AST], Place]) -> None:
        self._place_of = place_of
        self._facts: dict[Fact, None] = {}
        self.exhausted = False
        # Only verification looks at these: all losses that were judged, and those with a fault by its place.
        self.losses: list[Expression] = []
        self.formulas: dict[Place, FaultyFormula] = {}

    def place(self, node: ast.AST | None) -> Place | None:
        """Where a node stands: in the file that is checked, or in the one that it says it is from."""
        if node is None or not hasattr(node, "lineno"):
            return None
        origin: Source | None = getattr(node, ORIGIN, None)
        return self._place_of(node) if origin is None else replace(origin.place(node), path=origin.path)

    def add(self, fact: Fact) -> None:
        self._facts.setdefault(fact)

    @property
    def doubted(self) -> set[Place]:
        """Sites that were decided for one caller and could not be for another."""
        decided = {fact.site for fact in self._facts if isinstance(fact, Pairing)}
        return {fact.place for fact in self._facts if isinstance(fact, Unresolved)} & decided

    def revise(self, change: Callable[[Fact], Fact]) -> None:
        """Replace every fact by what ``change`` makes of it."""
        self._facts = {change(fact): None for fact in self._facts}

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts; a site that was decided on one path is not unresolved on another."""
        decided = {fact.site for fact in self._facts if isinstance(fact, Pairing)}
        return tuple(f for f in self._facts if not (isinstance(f, Unresolved) and f.place in decided))
