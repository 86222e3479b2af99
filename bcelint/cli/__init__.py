"""The command line: the only place that prints and exits."""

from __future__ import annotations


def main() -> None:
    """The entry point of ``bcelint``."""
    from bcelint.cli.app import cli
    from bcelint.cli.output import tolerate_any_character

    tolerate_any_character()
    cli(prog_name="bcelint")
