"""``bcelint check``: the options, and what they mean together. The work is done in ``run``."""

from __future__ import annotations

from typing import Any

import click

from bcelint.cli.shared_options import how_to_check, refuse_contradictions, what_to_check


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@what_to_check
@click.option("--fix", is_flag=True, help="Apply the safe fixes.")
@click.option("--verified", is_flag=True, help="Make only fixes that have passed evaluation in Keras (see verify).")
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
@how_to_check
@click.option("--stdin-filename", metavar="PATH", help="What standard input is called.")
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
    if options["verified"] and not (options["fix"] or options["fix_only"] or options["diff"]):
        raise click.UsageError("--verified says which fixes are made: it needs --fix, --fix-only or --diff")
    refuse_contradictions(options)
    try:
        ctx.exit(run(CheckOptions(**options)))
    except ConfigError as error:
        from bcelint.cli.output import complain

        complain(str(error))
        ctx.exit(2)
