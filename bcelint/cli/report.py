"""Prints the reports of a run as they come in, and its summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from bcelint.cli import summary
from bcelint.cli.options import CheckOptions
from bcelint.cli.output import Output, complain, warn

if TYPE_CHECKING:
    from bcelint.reporting.model import FileReport


class Reporting:
    """What is printed about a run. Text goes out file by file; JSON and statistics need all files first."""

    def __init__(self, options: CheckOptions, output: Output, *, failed: bool = False) -> None:
        self._options = options
        self._output = output
        self._is_json = options.output_format == "json"
        self._kept: list[FileReport] = []
        self.totals = summary.Totals()
        self.failed = failed
        self.fixed_stdin: bytes | None = None

    def add(self, report: FileReport) -> None:
        """Take the next file's report."""
        options = self._options
        self.totals.add(report, options.unsafe_fixes)
        if report.failure:
            self.failed = True
            complain(f"{report.shown}: {report.failure}")
        if report.exhausted:
            warn(f"{report.shown}: not analysed to the end: the code takes too many steps to follow")
        for words in report.taken_back:
            warn(f"{report.shown}: {words}")
        if options.verbose:
            counts = f"{summary.counted(len(report.decided), 'pair')} decided, {len(report.undecided)} undecided"
            click.echo(f"{report.shown}: {counts}, {summary.counted(len(report.findings), 'finding')}", err=True)
        self.fixed_stdin = report.fixed_bytes
        if options.diff:
            if report.diff:
                self._output.write(report.diff.rstrip("\n"))
        elif options.reports and not options.statistics and not self._is_json:
            for text in self._render(report):
                self._output.write(text)
        if report.fixed or self._is_json or options.statistics:
            self._kept.append(report)

    def finish(self, *, files: int, analysed: int) -> None:
        """Print what could not be printed before all files were done."""
        options = self._options
        if options.reports and (options.statistics or self._is_json):
            self._write_whole()
        if options.quiet:
            return
        if options.show_fixes:
            for line in summary.fixes_by_file(self._kept, would=options.diff):
                self._say(line)
        if options.diff:
            count = self.totals.fixed
            click.echo(f"Would fix {summary.counted(count, 'finding')}." if count else "Nothing to fix.", err=True)
        elif options.fix_only:
            self._say(f"Fixed {summary.counted(self.totals.fixed, 'finding')}.")
        elif not self.failed or self.totals.severities:
            for line in summary.found(self.totals, fixes=options.fixes):
                self._say(line)
        click.echo(summary.accounting(self.totals, files, analysed), err=True)

    def _write_whole(self) -> None:
        if not self._options.statistics:
            from bcelint.reporting import json

            self._output.write(json.render(self._kept))
            return
        rows = summary.statistics(self._kept, self._options.unsafe_fixes)
        if self._is_json:
            from bcelint.reporting import json

            self._output.write(json.statistics(rows))
        else:
            for line in summary.statistics_lines(rows):
                self._output.write(line)

    def _render(self, report: FileReport) -> Iterator[str]:
        from bcelint.reporting.style import Style

        style = Style(self._output.colored)
        if self._options.output_format == "concise":
            from bcelint.reporting import concise

            return concise.render(report, style, unsafe_fixes=self._options.unsafe_fixes)
        from bcelint.reporting import full

        return full.render(report, style, unsafe_fixes=self._options.unsafe_fixes)

    def _say(self, text: str) -> None:
        """The summary follows the findings where people read both, and keeps out of the way elsewhere."""
        apart = self._is_json or self._options.output_file is not None or self._options.prints_fixed_stdin
        click.echo(text, err=apart)
