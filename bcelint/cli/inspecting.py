"""One run of ``bcelint inspect``, from options to exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from bcelint.cli import summary
from bcelint.cli.options import CheckOptions
from bcelint.cli.output import Output, warn
from bcelint.cli.report import announce
from bcelint.cli.run import (
    account_for_nothing,
    discovered,
    make_job,
    make_resolver,
    others,
    passes_gate,
    stdin_file,
    validate_selectors,
)
from bcelint.discovery import Discovered, File
from bcelint.gate import may_hold_a_model
from bcelint.settings import ConfigError, Resolver

if TYPE_CHECKING:
    from bcelint.inspection import Inspection

_DONE, _FAILED = 0, 2


def run(options: CheckOptions) -> int:
    """Inspect what the options name; returns the exit status."""
    cwd = os.getcwd()
    resolver = make_resolver(options, cwd)
    found = stdin_file(options, cwd, resolver) if options.from_stdin else discovered(options, cwd, resolver)
    validate_selectors(found, cwd, resolver)
    if found.missing and not found.files:
        account_for_nothing(options, found)
        return _FAILED
    if not (found.files or found.unreadable or options.from_stdin):
        warn("no Python files or notebooks found under the given paths")
    try:
        output = Output(options.output_file, options.color)
    except OSError as error:
        raise ConfigError(f"--output-file: {options.output_file}: {error.strerror or error}") from None
    relevant = [
        file
        for file in found.files
        if file.explicit or passes_gate(file, options.verbose, resolver, may_hold_a_model, "Keras model or loss")
    ]
    totals = summary.Totals()
    try:
        inspections = _inspected(options, found, relevant, resolver, totals)
        _print(options, output, inspections, is_only_one=len(relevant) == 1)
    finally:
        output.close()
    if not options.quiet:
        missing = len(found.missing)
        click.echo(summary.accounting(totals, len(found.files), len(relevant), missing=missing), err=True)
    return _FAILED if totals.failures or found.missing else _DONE


def _inspected(
    options: CheckOptions, found: Discovered, relevant: Sequence[File], resolver: Resolver, totals: summary.Totals
) -> Iterator[Inspection]:
    """The files in the order of their names, when they have been counted and spoken of."""
    from bcelint import inspection
    from bcelint.merging import merged
    from bcelint.workers import run_all

    stdin = sys.stdin.buffer.read() if options.from_stdin else None
    unreadable = [File(path, shown, explicit=False) for path, shown, _ in found.unreadable]
    jobs = [make_job(options, file, resolver, stdin) for file in (*unreadable, *relevant)]
    seen = list(run_all(inspection.inspect_file, jobs, processes=options.jobs, lost=inspection.lost))
    inspected = list(zip(jobs, seen, strict=True))
    reports = merged([(job, each.report) for job, each in inspected], others(options, resolver))
    for _, report in reports:
        totals.add(report, unsafe_fixes=False)
        announce(report, verbose=options.verbose)
    yield from inspection.in_project(inspected, {job.path: report for job, report in reports})


def _print(options: CheckOptions, output: Output, inspections: Iterator[Inspection], *, is_only_one: bool) -> None:
    from bcelint.reporting import inspection_json, inspection_text
    from bcelint.reporting.style import Style

    if options.statistics:
        figures = inspection_text.Figures()
        for each in inspections:
            figures.add(each)
        if options.output_format == "json":
            output.write(inspection_json.statistics(figures))
        for line in inspection_text.statistics(figures) if options.output_format == "text" else ():
            output.write(line)
    elif options.output_format == "json":
        output.write(inspection_json.render(inspections))
    else:
        style = Style(output.colored)
        empty = 0
        for each in inspections:
            if each.is_empty and not is_only_one:
                empty += 1
                continue
            for line in inspection_text.render(each, style):
                output.write(line)
        if empty:
            output.write(f"{summary.counted(empty, 'file')} with {inspection_text.NOTHING}")
