"""Guards: the branches that a value needs.

A guard is a set of literals, each a test and its outcome. A test is a key made from the *values* that it compares, not
from its text: after a variable is bound again, the same text is another test.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

Key = Hashable


@dataclass(frozen=True)
class Test:
    """An atomic test of one subject: ``truth``, or a comparison with a constant (``==``, ``in``, ``<``, ``<=``)."""

    subject: Key
    operator: str
    operand: object = None


@dataclass(frozen=True)
class Literal:
    test: Test
    outcome: bool


Guard = frozenset[Literal]

# The first part of the subject of a test that stands for "no arm of a chain of elifs was taken".
FALL_THROUGH = "no arm of an elif chain"
ALWAYS: Guard = frozenset()


def conjoin(a: Guard, b: Guard) -> Guard | None:
    """The guard under which both hold; ``None`` where no run of the program can meet both.

    Only pairs of literals are held against each other, which finds what real code does and stays cheap in long chains.
    """
    if b <= a:
        return a
    if a <= b:
        return b
    for one in b - a:
        for other in a:
            if one.test.subject == other.test.subject and _contradict(one, other):
                return None
    return a | b


def _contradict(a: Literal, b: Literal) -> bool:
    """Whether no value of the one subject meets both literals."""
    if a.test.operator == b.test.operator == "==":
        # By far the most frequent pair, in chains of elifs.
        return (a.outcome or b.outcome) and _same(a.test.operand, b.test.operand) is (a.outcome is not b.outcome)
    return _tried(a, b)


@lru_cache(maxsize=4096)
def _tried(a: Literal, b: Literal) -> bool:
    """As ``_contradict``: tried on the constants and the gaps between them."""
    candidates: list[object] = [*_OTHERS, None, True, False]
    for literal in (a, b):
        operand = literal.test.operand
        if _is_number(operand):
            candidates += [operand - 1, operand - 0.5, operand, operand + 0.5, operand + 1]  # type: ignore[operator]
        else:
            candidates += operand if isinstance(operand, tuple) else [operand]
    return not any(_holds(a.test, value) is a.outcome and _holds(b.test, value) is b.outcome for value in candidates)


class _Other:
    """Some value unlike every constant in the program."""

    def __init__(self, truth: bool) -> None:
        self.truth = truth

    def __bool__(self) -> bool:
        return self.truth


_OTHERS = (_Other(True), _Other(False))


def _holds(test: Test, value: object) -> bool | None:
    """The outcome of a test for a value; ``None`` where the comparison would raise."""
    if test.operator == "truth":
        return bool(value)
    if test.operator == "==":
        return _same(value, test.operand)
    if test.operator == "in":
        return isinstance(test.operand, tuple) and any(_same(value, member) for member in test.operand)
    if not (_is_number(value) and _is_number(test.operand)):
        return None
    return value < test.operand if test.operator == "<" else value <= test.operand  # type: ignore[operator, no-any-return]


def _same(a: object, b: object) -> bool:
    return (type(a) is type(b) or (_is_number(a) and _is_number(b))) and a == b


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def related(a: Guard, b: Guard) -> bool:
    """Whether two values that need ``a`` and ``b`` are known to belong together.

    Values chosen by different tests may be tied by a convention that the code does not show (``n == 1`` here, ``mode ==
    "binary"`` there), so a fault needs one side's tests to include the other's.
    """
    return a <= b or b <= a
