"""``--show-settings``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bcelint.selection import rule_set
from bcelint.settings import Settings


def describe_settings(settings: Settings, shown: str) -> str:
    """The settings in the words of the configuration file, as they come out of all layers."""
    return "\n".join(_lines(settings, shown))


def _lines(settings: Settings, shown: str) -> Iterator[str]:
    rules = rule_set(settings, "")
    yield f"# settings for {shown}, from {settings.origin or 'the defaults'} and the command line"
    for key, codes in (
        ("select", rules.active),
        ("fixable", rules.fixable),
        ("extend-safe-fixes", rules.promoted),
        ("extend-unsafe-fixes", rules.demoted),
    ):
        yield f"{key} = {json.dumps(sorted(codes))}"
    yield f"exclude = {json.dumps([pattern.text for pattern in settings.exclude])}"
    yield f"extend-exclude = {json.dumps([pattern.text for pattern in settings.extend_exclude])}"
    yield f"respect-gitignore = {json.dumps(settings.respect_gitignore)}"
    yield f"force-exclude = {json.dumps(settings.force_exclude)}"
    for entry in settings.per_file_ignores:
        yield f"per-file-ignores.{json.dumps(entry.text)} = {json.dumps(entry.selectors)}"
    for known in settings.knowledge:
        for key, value in known.options:
            yield f"{known.table}.{json.dumps(known.name)}.{key} = {_toml(value)}"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON has no word for what is infinite, and TOML has Python's.
    return repr(value) if isinstance(value, float) else json.dumps(value)
