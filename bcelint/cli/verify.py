"""``bcelint verify``: the options. The work is done in ``verifying``."""

from __future__ import annotations

from typing import Any

import click

from bcelint.cli.shared_options import how_to_check, refuse_contradictions, what_to_check

_BACKENDS = ("tensorflow", "jax", "torch")
_DTYPES = ("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
_OWN = ("backend", "dtype", "fixes", "sound", "report", "timeout", "memory", "trust")


_TO_WRITE = click.Path(dir_okay=False, readable=False)
_LARGEST = 1_000_000


def _a_number(ctx: click.Context, parameter: click.Parameter, value: float) -> float:
    """NaN is within any range."""
    if value != value:
        raise click.BadParameter("NaN is not a number.")
    return value


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@what_to_check
@click.option(
    "--backend",
    multiple=True,
    type=click.Choice(_BACKENDS),
    help="Backend of Keras, or several.  [default: that of the configuration, else tensorflow]",
)
@click.option("--dtype", type=click.Choice(_DTYPES), help="Dtype policy of models, and dtype of what losses are given.")
@click.option("--fixes", is_flag=True, help="Evaluate the code after its fix as well.")
@click.option("--sound", is_flag=True, help="Evaluate the pairs that fit as well.")
@click.option("--report", type=_TO_WRITE, metavar="FILE", help="Write an HTML page with plots.")
@click.option(
    "--output-format",
    type=click.Choice(["full", "concise", "json"]),
    default="full",
    show_default=True,
    help="How findings and verdicts are printed.",
)
@click.option("-o", "--output-file", type=_TO_WRITE, help="Write the findings to a file.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, _LARGEST),
    callback=_a_number,
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="What one evaluation may take.",
)
@click.option(
    "--memory",
    type=click.FloatRange(0.1, _LARGEST),
    callback=_a_number,
    default=4.0,
    show_default=True,
    metavar="GB",
    help="What one evaluation of a hand-written loss may take.",
)
@click.option("--trust", is_flag=True, help="Let hand-written losses import any package and call anything.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@how_to_check
@click.pass_context
def verify(ctx: click.Context, /, **options: Any) -> None:
    """Evaluate what `check` finds, in Keras, and say what the numbers show.

    Heads and losses are rebuilt; hand-written losses are cut out of the file and run in a contained process of their
    own. The verdict is "confirmed", "rescued" (this backend repairs it, others do not), "refuted" (a defect of
    bcelint) or "not evaluated". The exit status is 1 if anything was found, and 2 if anything was refuted or could
    not be done.
    """
    from bcelint.cli.options import CheckOptions, VerifyOptions
    from bcelint.cli.output import complain
    from bcelint.cli.verifying import run
    from bcelint.settings import ConfigError

    if "-" in options["paths"]:
        raise click.UsageError("verify reads files, not standard input")
    refuse_contradictions(options)
    own = VerifyOptions(**{name: options.pop(name) for name in _OWN})
    try:
        ctx.exit(run(CheckOptions(**options), own))
    except ConfigError as error:
        complain(str(error))
        ctx.exit(2)
    except KeyboardInterrupt:
        complain("interrupted")
        ctx.exit(130)
