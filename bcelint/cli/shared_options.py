"""Arguments and options of every command that checks files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _split(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """``A,B`` and repeated options; ``None`` where the option is not given."""
    words = tuple(word.strip() for value in values for word in value.split(",") if word.strip())
    return words if values else None


def _list_option(name: str, help: str, metavar: str) -> Callable[[_Command], _Command]:
    return click.option(name, multiple=True, callback=_split, metavar=metavar, help=help)


_WHAT = (
    click.argument("paths", nargs=-1, metavar="[PATHS]..."),
    _list_option("--select", "Rules to look for: codes, prefixes, names, or ALL.", "RULES"),
    _list_option("--extend-select", "Rules to look for as well.", "RULES"),
    _list_option("--ignore", "Rules to leave out.", "RULES"),
    click.option(
        "--per-file-ignores",
        multiple=True,
        callback=_split,
        metavar="PATTERN:RULE",
        help="Rules to leave out in the files that match.",
    ),
    click.option("--min-severity", type=click.Choice(["warning", "error"]), default="warning", help="Least severity."),
)
_HOW = (
    click.option("--ignore-noqa", is_flag=True, help="Report what suppression comments silence."),
    click.option(
        "--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration file, or one setting in TOML."
    ),
    click.option("--isolated", is_flag=True, help="Read no configuration file."),
    _list_option("--exclude", "Files and folders to leave out, instead of the usual ones.", "PATTERNS"),
    _list_option("--extend-exclude", "Files and folders to leave out as well.", "PATTERNS"),
    click.option("--respect-gitignore/--no-respect-gitignore", default=None, help="Leave out what git ignores."),
    click.option(
        "--force-exclude/--no-force-exclude",
        default=None,
        help="Leave out excluded files that are named explicitly, too.",
    ),
    click.option("-j", "--jobs", type=click.IntRange(min=1), help="Number of worker processes."),
    click.option("-v", "--verbose", is_flag=True, help="Say what is done with each file, and what is not decided."),
    click.option("-q", "--quiet", is_flag=True, help="Print the report and nothing else."),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colours."
    ),
)


def what_to_check(command: _Command) -> _Command:
    """The arguments and options that say which files are checked, and for what."""
    return _decorated(command, _WHAT)


def how_to_check(command: _Command) -> _Command:
    """The options that say where settings come from, and how much is printed."""
    return _decorated(command, _HOW)


def refuse_contradictions(options: dict[str, Any]) -> None:
    """Raise ``UsageError`` for options of which only one can hold."""
    if options["verbose"] and options["quiet"]:
        raise click.UsageError("--verbose and --quiet contradict each other")


def _decorated(command: _Command, decorators: tuple[Callable[[_Command], _Command], ...]) -> _Command:
    for decorator in reversed(decorators):
        command = decorator(command)
    return command
