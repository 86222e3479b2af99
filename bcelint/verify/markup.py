"""HTML that is escaped unless it says that it is markup."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable

# Elements without content and end tag.
_VOID = frozenset({"meta", "br", "hr", "link", "col"})


class Html(str):
    """Markup; any other string is text."""

    __slots__ = ()


def text(words: str) -> Html:
    """Text as markup. Control characters, which are not allowed or rearrange what is around them, are replaced."""
    return Html(html.escape("".join(map(_printable, words))))


def tag(name: str, /, *content: str, **attributes: str | int | None) -> Html:
    """An element. Attributes that are ``None`` are left out; ``class_`` is ``class``, ``aria_label`` ``aria-label``."""
    head = [name]
    for key, value in attributes.items():
        if value is not None:
            head.append(f'{key.rstrip("_").replace("_", "-")}="{text(str(value))}"')
    start = f"<{' '.join(head)}>"
    return Html(start if name in _VOID else f"{start}{join(content)}</{name}>")


def join(parts: Iterable[str], between: str = "") -> Html:
    """Markup and text one after the other."""
    return Html(text(between).join(part if isinstance(part, Html) else text(part) for part in parts))


def prose(words: str) -> Html:
    """Text in which what stands between backticks is code."""
    parts = words.split("`")
    if len(parts) % 2 == 0:  # one of them has no partner
        return text(words)
    return join(tag("code", part) if index % 2 else part for index, part in enumerate(parts))


def _printable(character: str) -> str:
    if character in "\n\t" or not unicodedata.category(character).startswith("C"):
        return character
    return "\N{REPLACEMENT CHARACTER}"
