"""``bcelint``: the group of commands."""

from __future__ import annotations

import os

import click

from bcelint import __version__
from bcelint.cli.check import check
from bcelint.cli.explain_loss import explain_loss
from bcelint.cli.inspect import inspect
from bcelint.cli.rule import rule
from bcelint.cli.verify import verify


class _Commands(click.Group):
    """Commands, with a hint for those who give a path and no command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if not os.path.exists(args[0]):
                raise
            hint = f"{error.message} To check a file or folder: bcelint check {args[0]}"
            raise click.UsageError(hint, ctx) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="bcelint %(version)s")
def cli() -> None:
    """Finds losses that do not fit their outputs in Keras training code."""


cli.add_command(check)
cli.add_command(verify)
cli.add_command(inspect)
cli.add_command(rule)
cli.add_command(rule, "explain")
cli.add_command(explain_loss)
