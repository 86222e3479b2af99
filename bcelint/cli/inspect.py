"""``bcelint inspect``: the options. The work is done in ``inspecting``."""

from __future__ import annotations

from typing import Any

import click

from bcelint.cli.shared_options import how_to_check, refuse_contradictions, what_to_check


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@what_to_check
@click.option(
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is printed.",
)
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write it to a file.")
@click.option("--statistics", is_flag=True, help="Print how many pairs were decided, and why the others were not.")
@how_to_check
@click.option("--stdin-filename", metavar="PATH", help="What standard input is called.")
@click.pass_context
def inspect(ctx: click.Context, /, **options: Any) -> None:
    """Show what is understood of Keras code: models and what they return, losses and what they expect, metrics, pairs
    with their verdict, and what could not be decided, with the reason.

    The code is read and never run. The exit status is 0 whatever is found, and 2 if something could not be done.
    """
    from bcelint.cli.inspecting import run
    from bcelint.cli.options import CheckOptions
    from bcelint.settings import ConfigError

    if "-" in options["paths"] and len(options["paths"]) > 1:
        raise click.UsageError("standard input (-) cannot be inspected together with other paths")
    refuse_contradictions(options)
    try:
        ctx.exit(run(CheckOptions(**options)))
    except ConfigError as error:
        from bcelint.cli.output import complain

        complain(str(error))
        ctx.exit(2)
