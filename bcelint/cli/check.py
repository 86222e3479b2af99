"""``bcelint check``: the options, and what they mean together. The work is done in ``run``."""

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


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@_list_option("--select", "Rules to look for: codes, prefixes, names, or ALL.", "RULES")
@_list_option("--extend-select", "Rules to look for as well.", "RULES")
@_list_option("--ignore", "Rules to leave out.", "RULES")
@click.option(
    "--per-file-ignores",
    multiple=True,
    callback=_split,
    metavar="PATTERN:RULE",
    help="Rules to leave out in the files that match.",
)
@click.option("--min-severity", type=click.Choice(["warning", "error"]), default="warning", help="Least severity.")
@click.option("--fix", is_flag=True, help="Apply the safe fixes.")
@click.option("--unsafe-fixes", is_flag=True, help="Take the unsafe fixes for safe ones.")
@click.option("--fix-only", is_flag=True, help="Apply fixes and report nothing else.")
@click.option("--diff", is_flag=True, help="Show what the fixes would change, and change nothing.")
@click.option("--show-fixes", is_flag=True, help="List what was fixed.")
@click.option(
    "--output-format",
    type=click.Choice(["full", "concise", "json"]),
    default="full",
    show_default=True,
    help="How findings are printed.",
)
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write the report to a file.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of printing them.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 if anything was fixed.")
@click.option("--ignore-noqa", is_flag=True, help="Report what suppression comments silence.")
@click.option("--config", multiple=True, metavar="FILE|KEY=VALUE", help="A configuration file, or one setting in TOML.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@_list_option("--exclude", "Files and folders to leave out, instead of the usual ones.", "PATTERNS")
@_list_option("--extend-exclude", "Files and folders to leave out as well.", "PATTERNS")
@click.option("--respect-gitignore/--no-respect-gitignore", default=None, help="Leave out what git ignores.")
@click.option(
    "--force-exclude/--no-force-exclude", default=None, help="Leave out excluded files that are named explicitly, too."
)
@click.option("--stdin-filename", metavar="PATH", help="What standard input is called.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Number of worker processes.")
@click.option("-v", "--verbose", is_flag=True, help="Say what is done with each file.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colours.")
@click.option("--show-settings", is_flag=True, help="Show the settings for the first path, and check nothing.")
@click.option("--show-files", is_flag=True, help="List the files that would be checked.")
@click.pass_context
def check(ctx: click.Context, /, **options: Any) -> None:
    """Check Keras training code: files, notebooks and folders (by default the current one); "-" is standard input."""
    from bcelint.cli.options import CheckOptions
    from bcelint.cli.run import run
    from bcelint.settings import ConfigError

    paths = options["paths"]
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("standard input (-) cannot be checked together with other paths")
    if options["verbose"] and options["quiet"]:
        raise click.UsageError("--verbose and --quiet contradict each other")
    try:
        ctx.exit(run(CheckOptions(**options)))
    except ConfigError as error:
        from bcelint.cli.output import complain

        complain(str(error))
        ctx.exit(2)
