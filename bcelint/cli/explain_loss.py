"""``bcelint explain-loss``: which fault prints this number."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from bcelint.cli.output import complain, wants_color

if TYPE_CHECKING:
    from bcelint.printed_loss import Explanation

_NEGATIVE = re.compile(r"-(?:\.?\d|inf|nan)", re.IGNORECASE)


class _Numeric(click.Command):
    """A command for which ``-7.86`` is a number. Without one, unknown options are mistakes as ever."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.ignore_unknown_options = any(map(_NEGATIVE.match, args))
        return super().parse_args(ctx, args)


def _share(ctx: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """``0.3`` or ``30%``, between 0 and 1."""
    if text is None:
        return None
    number = text.strip()
    percent = number.endswith("%")
    try:
        share = float(number.rstrip("%")) / (100 if percent else 1)
    except ValueError:
        raise click.BadParameter(f"`{text}` is no share: write 0.3 or 30%") from None
    if 0 < share < 1:
        return share
    hint = f": did you mean {number}%?" if not percent and 1 < share < 100 else ""
    raise click.BadParameter(f"`{text}` is not between 0 and 1{hint}")


@click.command(cls=_Numeric)
@click.argument("number", nargs=-1, required=True)
@click.option("--positives", metavar="SHARE", callback=_share, help="How many examples are positive: 0.3 or 30%.")
@click.option("--classes", metavar="C", type=click.IntRange(2, 1_000_000), help="The number of classes.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format.")
@click.pass_context
def explain_loss(
    ctx: click.Context, number: tuple[str, ...], positives: float | None, classes: int | None, output_format: str
) -> None:
    """Say which fault prints this NUMBER as a loss.

    NUMBER is a loss as it was printed: 0.6931, -7.86, 1.1921e-07, nan, "loss: 7.7125". Give all the digits that there
    are: they are what tells the causes apart.
    """
    from bcelint.cli import lossbook
    from bcelint.printed_loss import NotANumberError, explain, read

    try:
        printed = read(" ".join(number))
    except NotANumberError as error:
        complain(str(error))
        ctx.exit(2)
    explanation: Explanation = explain(printed, positives, classes)
    colored = wants_color("auto", sys.stdout)
    if output_format == "json":
        text = lossbook.as_json(explanation, positives, classes)
    else:
        text = lossbook.as_text(explanation, positives, classes, colored=colored)
    click.echo(text, color=colored)
