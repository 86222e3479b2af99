"""Which rules are on, and whose fixes may be applied: selectors in, sets of codes out.

A selector is a code (``BCE101``), a prefix of codes (``BCE1``), a rule's name (``double-sigmoid``) or ``ALL``. As in
ruff, the more specific selector wins, and among equally specific ones ignoring wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bcelint.rules import RULES
from bcelint.settings import ConfigError, RuleSelection, Settings, suggestion

KNOWN = {word.lower(): rule.code for rule in RULES for word in (rule.code, rule.name)}
"""The codes and names of all rules, in lower case, and the code that each stands for."""

_CODES = tuple(rule.code for rule in RULES)
_DEFAULT = frozenset(rule.code for rule in RULES if rule.default)
# Whatever else is selected, a file that could not be checked must not pass for a clean one.
_UNCHECKED = frozenset({"BCE900", "BCE902"})
_PREFIX = re.compile(r"BCE\d{0,2}", re.IGNORECASE)
_EXACT = 1000


@dataclass(frozen=True)
class RuleSet:
    """What is selected for a file."""

    active: frozenset[str]
    fixable: frozenset[str]
    promoted: frozenset[str] = frozenset()
    demoted: frozenset[str] = frozenset()


def rule_set(settings: Settings, path: str) -> RuleSet:
    """The rules for the file at the absolute ``path``."""
    active = _resolve(settings.selections, _DEFAULT, lambda layer: (layer.select, layer.extend_select, layer.ignore))
    ignored = {
        code
        for entry in settings.per_file_ignores
        if entry.files.match(path) is not entry.inverted
        for selector in entry.selectors
        for code in _codes(selector, entry.origin)
    }
    fixable = _resolve(settings.selections, frozenset(_CODES), lambda layer: (layer.fixable, (), layer.unfixable))
    promoted: frozenset[str] = frozenset()
    demoted: frozenset[str] = frozenset()
    for layer in settings.selections:
        safe = frozenset(_all_codes(layer.extend_safe_fixes, layer.origin))
        unsafe = frozenset(_all_codes(layer.extend_unsafe_fixes, layer.origin))
        promoted, demoted = (promoted | safe) - unsafe, (demoted - safe) | unsafe
    return RuleSet(active - ignored, fixable, promoted, demoted)


def validate(settings: Settings) -> None:
    """Raise ``ConfigError`` for a selector that is no rule."""
    rule_set(settings, "")
    for entry in settings.per_file_ignores:
        for selector in entry.selectors:
            _codes(selector, entry.origin)


def _resolve(
    layers: Iterable[RuleSelection],
    default: frozenset[str],
    fields: Callable[[RuleSelection], tuple[Sequence[str] | None, Sequence[str], Sequence[str]]],
) -> frozenset[str]:
    chosen = default
    for layer in layers:
        select, extend, ignore = fields(layer)
        verdicts = {} if select is None else dict.fromkeys(_UNCHECKED, True)
        wanted = [(word, True) for word in (*(select or ()), *extend)] + [(word, False) for word in ignore]
        # A stable sort: equally specific selectors keep their order, ignored ones last.
        for word, verdict in sorted(wanted, key=lambda item: _specificity(item[0])):
            verdicts.update(dict.fromkeys(_codes(word, layer.origin), verdict))
        kept = chosen if select is None else frozenset[str]()
        chosen = (kept | {code for code, on in verdicts.items() if on}) - {
            code for code, on in verdicts.items() if not on
        }
    return chosen


def _specificity(selector: str) -> int:
    if selector.lower() == "all":
        return 0
    return len(selector) if _PREFIX.fullmatch(selector) else _EXACT


def _all_codes(selectors: Iterable[str], origin: str) -> Iterator[str]:
    for selector in selectors:
        yield from _codes(selector, origin)


def _codes(selector: str, origin: str) -> tuple[str, ...]:
    """The codes that a selector stands for."""
    if selector.lower() == "all":
        return _CODES
    if _PREFIX.fullmatch(selector):
        found = tuple(code for code in _CODES if code.startswith(selector.upper()))
        if found:
            return found
    return (find_rule_code(selector, origin),)


def find_rule_code(word: str, origin: str) -> str:
    """The code of the one rule that is called ``word``."""
    code = KNOWN.get(word.lower())
    if code is None:
        # Codes are written in capitals, names are not.
        near = re.sub(r"bce\d+", lambda match: match[0].upper(), suggestion(word.lower(), KNOWN))
        raise ConfigError(f"{origin}: `{word}` is no rule{near}")
    return code
