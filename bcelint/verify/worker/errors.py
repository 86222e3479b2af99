"""Exceptions in one line, whatever they are: those of users' code may not even be able to say their message."""

from __future__ import annotations

import re

_LONGEST_READ = 20_000
_LONGEST = 300
# Where an object is in memory, which differs from run to run; and what TensorFlow says of its own insides.
_NOISE = re.compile(r" at 0x[0-9a-fA-F]+|\{\{\w+ [^}]*\}\} ?| \[Op:\w+\]( name: *$)?")

# How an error in code that TensorFlow has rewritten begins: the rows that it came through, a blank line, the error.
REWRITTEN = "in user code:"


def in_words(error: BaseException) -> str:
    """The class of an error and its message."""
    words = message_of(error)
    return f"{name_of(error)}: {words[:_LONGEST]}" if words else name_of(error)


def name_of(error: BaseException) -> str:
    """The name of its class."""
    return one_line(type(error).__name__)[:80]


def message_of(error: BaseException) -> str:
    """The message of an error, in one line, without what only the author of a library wants to know."""
    text = text_of(error)
    if text.startswith(REWRITTEN):
        text = text.split("\n\n")[-1].strip().removeprefix(f"{name_of(error)}: ")
    return one_line(_NOISE.sub("", text))


def text_of(error: BaseException) -> str:
    """The message of an error as it is; empty where it cannot be said."""
    try:
        return str(error)[:_LONGEST_READ]
    except BaseException:
        return ""


def one_line(text: str) -> str:
    """Text without line breaks, and without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))
