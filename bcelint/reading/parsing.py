"""Python's own parser, made quiet and unable to raise anything but ``Unparsable``."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
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
        raise Unparsable(_message(error), _place(error)) from None
    except (RecursionError, MemoryError):
        raise Unparsable(TOO_DEEP, Place(1, 1, 1, 1)) from None
    except ValueError as error:
        raise Unparsable(str(error), Place(1, 1, 1, 1)) from None


def parses(text: str) -> bool:
    """Whether Python parses ``text``; to be used within ``quiet()``, which costs more than parsing a line."""
    try:
        ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return False
    return True


def _message(error: SyntaxError) -> str:
    return (error.msg or "invalid syntax").splitlines()[0].rstrip(".")


def _place(error: SyntaxError) -> Place:
    row, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
    end = (max(error.end_lineno or 0, 0), max(error.end_offset or 0, 0))
    end_row, end_column = max(end, (row, column))
    return Place(row, column, end_row, max(end_column, 1))
