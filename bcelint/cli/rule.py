"""``bcelint rule``: what a rule is about."""

from __future__ import annotations

import sys

import click

from bcelint.cli.output import complain, wants_color


@click.command()
@click.argument("rule", required=False, metavar="[CODE|NAME]")
@click.option("--all", "every", is_flag=True, help="Print the pages of all rules.")
@click.option(
    "--output-format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Format.",
)
@click.pass_context
def rule(ctx: click.Context, rule: str | None, every: bool, output_format: str) -> None:
    """Explain a rule; without a rule, list them all."""
    from bcelint.cli import rulebook
    from bcelint.rules import RULES
    from bcelint.selection import find_rule_code
    from bcelint.settings import ConfigError

    if rule is not None and every:
        raise click.UsageError("give a rule or --all, not both")
    if rule is None:
        chosen = RULES
    else:
        try:
            code = find_rule_code(rule, "rule")
        except ConfigError as error:
            complain(str(error))
            ctx.exit(2)
        chosen = tuple(candidate for candidate in RULES if candidate.code == code)
    colored = wants_color("auto", sys.stdout)
    if output_format == "json":
        text = rulebook.as_json(chosen, single=rule is not None)
    elif rule is None and not every:
        text = rulebook.listing(chosen, markdown=output_format == "markdown")
    else:
        text = rulebook.pages(chosen, markdown=output_format == "markdown", colored=colored)
    click.echo(text, color=colored)
