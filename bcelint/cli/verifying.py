"""One run of ``bcelint verify``, from options to exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bcelint.cli import summary
from bcelint.cli.options import CheckOptions, VerifyOptions
from bcelint.cli.output import Output, complain, warn
from bcelint.cli.report import announce
from bcelint.cli.run import (
    account_for_nothing,
    discovered,
    make_job,
    make_resolver,
    passes_gate,
    validate_selectors,
)
from bcelint.discovery import Discovered, File
from bcelint.settings import ConfigError, Resolver

if TYPE_CHECKING:
    from bcelint.linting import Job, Linted
    from bcelint.places import Place
    from bcelint.reporting.model import FileReport
    from bcelint.source import Source
    from bcelint.verify.model import FileVerifications, Verification
    from bcelint.verify.verification import Verifier

_CLEAN, _FOUND, _FAILED = 0, 1, 2
_BAR = 30


def run(options: CheckOptions, own: VerifyOptions) -> int:
    """Check what the options name, and evaluate what is found; returns the exit status."""
    cwd = os.getcwd()
    resolver = make_resolver(options, cwd)
    found = discovered(options, cwd, resolver)
    validate_selectors(found, cwd, resolver)
    if found.missing and not found.files:
        account_for_nothing(options, found)
        return _FAILED
    if not (found.files or found.unreadable):
        warn("no Python files or notebooks found under the given paths")
    from bcelint.merging import merged

    backends = own.backend or (_configured(found.files, resolver, cwd),)
    _require(backends, own)
    relevant = [file for file in found.files if file.explicit or passes_gate(file, options.verbose, resolver)]
    totals = summary.Totals()
    reports = list(_checked(options, found, relevant, resolver))
    for _, report in merged(reports, lambda path: None):
        totals.add(report, unsafe_fixes=False)
        announce(report, verbose=options.verbose)
    checked = [
        (job, report)
        for job, report in reports
        if not report.failure and (report.findings or report.elsewhere or own.sound)
    ]
    status = _verify(options, own, backends, checked)
    if not options.quiet:
        missing = len(found.missing)
        click.echo(summary.accounting(totals, len(found.files), len(relevant), missing=missing), err=True)
    return _FAILED if totals.failures or found.missing else status


def _configured(files: Sequence[File], resolver: Resolver, cwd: str) -> str:
    """The backend of the configuration that holds for the first file."""
    directory = os.path.dirname(files[0].path) if files else cwd
    return resolver.for_directory(directory).backend or "tensorflow"


def _require(backends: Sequence[str], own: VerifyOptions) -> None:
    """Complain about what is not installed before anything is done."""
    from bcelint.verify.session import BackendError, require

    try:
        for backend in backends:
            require(backend)
        if own.report is not None:
            from bcelint.verify.plots import MatplotlibMissing, require_matplotlib

            try:
                require_matplotlib()
            except MatplotlibMissing as error:
                raise BackendError(str(error)) from None
    except BackendError as error:
        raise ConfigError(str(error)) from None


def _checked(
    options: CheckOptions, found: Discovered, relevant: Sequence[File], resolver: Resolver
) -> Iterator[tuple[Job, FileReport]]:
    from bcelint import linting
    from bcelint.workers import run_all

    for path, shown, reason in found.unreadable:
        job = make_job(options, File(path, shown, explicit=False), resolver, None)
        yield job, linting.unreadable(shown, reason, job.rules)
    jobs = [make_job(options, file, resolver, None) for file in relevant]
    yield from zip(jobs, run_all(linting.check_file, jobs, processes=options.jobs, lost=linting.lost), strict=True)


def _verify(
    options: CheckOptions,
    own: VerifyOptions,
    backends: Sequence[str],
    checked: Sequence[tuple[Job, FileReport]],
) -> int:
    from bcelint.verify.model import FileVerifications
    from bcelint.verify.planning import Options
    from bcelint.verify.session import BackendError, Limits
    from bcelint.verify.verification import Verifier
    from bcelint.workers import run_deep

    try:
        output = Output(options.output_file, options.color)
    except OSError as error:
        raise ConfigError(f"--output-file: {options.output_file}: {error.strerror or error}") from None
    if own.report is not None:
        _writable(own.report)
    limits = Limits(own.timeout, int(own.memory * 2**30))
    settings = Options(tuple(dict.fromkeys(backends)), limits, own.dtype or "", own.trust, own.fixes)
    progress = _Progress(sys.stderr.isatty() and not options.quiet)
    try:
        with Verifier(settings, progress) as verifier:
            again = _each_once([run_deep(_again, each) for each in checked])
            inputs = [(source, linted, job) for _, source, linted, job in again]
            results = verifier.verify(inputs)
            sound = verifier.measure(inputs) if own.sound else [[] for _ in inputs]
            progress.end()
            done = [
                FileVerifications(report, tuple(of_file), tuple(fit))
                for (report, *_), of_file, fit in zip(again, results, sound, strict=True)
            ]
            _print(options, done, verifier, output)
            if own.report is not None:
                _write_page(own.report, done, verifier)
    except BackendError as error:
        raise ConfigError(str(error)) from None
    finally:
        progress.end()
        output.close()
    for fault in dict.fromkeys(verifier.faults):
        complain(fault)
    return _FAILED if verifier.faults else _status(options, [v for file in done for v in file.verifications])


def _again(checked: tuple[Job, FileReport]) -> tuple[FileReport, Source, Linted, Job]:
    """A file as data that can be evaluated: it is read anew, not passed between processes. What is read now counts."""
    from bcelint.linting import Linted, lint, report_on, unreadable
    from bcelint.source import read

    job, report = checked
    try:
        with open(job.path, "rb") as file:
            source = read(job.shown, file.read())
    except OSError as error:
        if report.listing.rows:
            report = unreadable(job.shown, error.strerror or str(error), job.rules)
        return report, read(job.shown, b""), Linted(report.findings), job
    linted = lint(source, job)
    elsewhere = [finding for finding in linted.elsewhere if finding.code in job.rules.active]
    report = report_on(job, source, replace(linted, findings=(*linted.findings, *elsewhere)))
    return report, source, replace(linted, findings=report.findings), job


_Again = tuple["FileReport", "Source", "Linted", "Job"]


def _each_once(files: Sequence[_Again]) -> list[_Again]:
    """The files without the findings that another one has in its own place, or before."""
    own = {(job.path, f.code, replace(f.place, path="")) for report, _, _, job in files for f in report.findings}
    known: set[tuple[str, str, Place]] = set()
    left = []
    for report, source, linted, job in files:
        kept = []
        for finding, row in zip(report.findings, report.noqa_rows, strict=True):
            key = (finding.place.path, finding.code, replace(finding.place, path=""))
            if not finding.place.path or (key not in known and key not in own):
                kept.append((finding, row))
                known.add(key)
        findings = tuple(finding for finding, _ in kept)
        fresh = replace(report, findings=findings, noqa_rows=tuple(row for _, row in kept))
        left.append((fresh, source, replace(linted, findings=findings), job))
    return left


def _print(options: CheckOptions, done: Sequence[FileVerifications], verifier: Verifier, output: Output) -> None:
    from bcelint.reporting import concise, full, json
    from bcelint.reporting.style import Style
    from bcelint.verify import text

    style = Style(output.colored)
    every = [verification for file in done for verification in file.verifications]
    is_json = options.output_format == "json"
    if is_json:
        records = [
            {**json.record(file.report, i), "verification": text.record(verification, verifier.versions)}
            for file in done
            for i, verification in enumerate(file.verifications)
        ]
        records += [text.sound_record(file.report, measurement) for file in done for measurement in file.sound]
        output.write(json.dump(records))
    for file in () if is_json else done:
        render = full.render if options.output_format == "full" else concise.render
        for block, verification in zip(render(file.report, style), file.verifications, strict=True):
            if options.output_format == "concise":
                output.write(f"{block} -- {text.concise(verification)}")
                continue
            output.write("\n".join([block.rstrip("\n"), *text.lines(verification, style), ""]))
        for measurement in file.sound:
            output.write("\n".join(text.sound(file.report, measurement, style)))
    if options.quiet:
        return
    apart = is_json or options.output_file is not None
    if not every:
        click.echo("Nothing was found, so nothing was evaluated.", err=apart)
    for line in text.summary(every, verifier.versions):
        click.echo(line, err=apart)


def _write_page(path: str, done: Sequence[FileVerifications], verifier: Verifier) -> None:
    from bcelint.verify.page import render

    page = render(done, command=_command(), versions=tuple(verifier.versions.values()))
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(page)
    except OSError as error:
        raise ConfigError(f"--report: {path}: {error.strerror or error}") from None


def _command() -> str:
    """What was typed, for the head of the page."""
    import shlex

    return shlex.join(["bcelint", *sys.argv[1:]])


def _writable(path: str) -> None:
    """Complain before minutes of work if the report cannot be written."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ConfigError(f"--report: {path}: there is no folder {os.path.dirname(path)}")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise ConfigError(f"--report: {path}: it cannot be written to")


def _status(options: CheckOptions, verifications: Sequence[Verification]) -> int:
    from bcelint.verify.model import Verdict

    verdicts = {verdict.verdict for verification in verifications for verdict in verification.backends}
    if Verdict.REFUTED in verdicts:
        return _FAILED
    return _FOUND if verifications and not options.exit_zero else _CLEAN


class _Progress:
    """A bar on the terminal."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        if not self._shown or not total:
            return
        filled = _BAR * done // total
        bar = "#" * filled + "." * (_BAR - filled)
        click.echo(f"\rEvaluating [{bar}] {done}/{total}", nl=False, err=True)
        self._drawn = True

    def end(self) -> None:
        """Wipe it out."""
        if self._drawn:
            click.echo("\r" + " " * (_BAR + 40) + "\r", nl=False, err=True)
            self._drawn = False
