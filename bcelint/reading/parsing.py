"""Python's own parser, made quiet and unable to raise anything but ``Unparsable``."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bcelint.places import Place

TOO_DEEP = "too deeply nested to analyse"


class Unparsable(Exception):
    """Text that Python does not parse: ``message`` and the ``place`` that the parser names."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings about other people's escapes, and no errors either where warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parse(text: str) -> ast.Module:
    """The syntax tree of ``text``; raises ``Unparsable`` and nothing else.

    Awaiting at the top level, as notebooks do, is accepted: only the compiler would refuse it.
    """
    try:
        with quiet():
            return ast.parse(text)
    except SyntaxError as error:
        raise Unparsable(_message(error), _place(error) if error.lineno else _place_of_null(text)) from None
    except (RecursionError, MemoryError):
        raise Unparsable(TOO_DEEP, Place(1, 1, 1, 1)) from None
    except ValueError as error:
        raise Unparsable(str(error), _place_of_null(text)) from None


def parses(text: str) -> bool:
    """Whether Python parses ``text``; to be used within ``quiet()``, which costs more than parsing a line."""
    try:
        ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return False
    return True


def _message(error: SyntaxError) -> str:
    return (error.msg or "invalid syntax").splitlines()[0].rstrip(".")


def _place_of_null(text: str) -> Place:
    """Where the null byte is, which Python refuses without saying where."""
    start = text.rfind("\n", 0, max(text.find("\0"), 0)) + 1
    row, column = text.count("\n", 0, start) + 1, max(text.find("\0", start) - start, 0) + 1
    return Place(row, column, row, column)


def _place(error: SyntaxError) -> Place:
    row, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
    end = (max(error.end_lineno or 0, 0), max(error.end_offset or 0, 0))
    end_row, end_column = max(end, (row, column))
    return Place(row, column, end_row, max(end_column, 1))


def shift_columns(tree: ast.Module, shifts: Mapping[int, int]) -> None:
    """Move the nodes of some rows sideways, where a text with other indentation was parsed."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr, ast.alias, ast.arg, ast.keyword, ast.excepthandler, ast.pattern)):
            node.col_offset += shifts.get(node.lineno, 0)
            if node.end_lineno is not None and node.end_col_offset is not None:
                node.end_col_offset += shifts.get(node.end_lineno, 0)
