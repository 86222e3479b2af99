"""One run of ``bcelint check``, from options to exit status.

Everything heavy is imported where it is needed: a run over files that hold no Keras loss must stay cheap.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from bcelint.cli.options import CheckOptions
from bcelint.cli.output import Output, complain, warn
from bcelint.discovery import Discovered, File, discover, is_excluded
from bcelint.gate import may_matter
from bcelint.settings import ConfigError, Layer, Resolver, inline_config, layer, read_config, shown_path

if TYPE_CHECKING:
    from bcelint.cli.report import Reporting
    from bcelint.linting import Job
    from bcelint.reporting.model import FileReport

_CLEAN, _FOUND, _FAILED = 0, 1, 2


def run(options: CheckOptions) -> int:
    """Check what the options name; returns the exit status."""
    cwd = os.getcwd()
    resolver = make_resolver(options, cwd)
    if options.show_settings:
        from bcelint.cli.inspection import describe_settings

        path = os.path.normpath(os.path.join(cwd, (options.paths or (".",))[0]))
        directory = path if os.path.isdir(path) else os.path.dirname(path)
        click.echo(describe_settings(resolver.for_directory(directory), shown_path(path, cwd)))
        return _CLEAN
    found = _stdin_file(options, cwd, resolver) if options.from_stdin else discovered(options, cwd, resolver)
    if options.show_files:
        for file in found.files:
            click.echo(file.shown)
        return _FAILED if found.missing else _CLEAN
    validate_selectors(found, cwd, resolver)
    if found.missing and not found.files:
        return _FAILED
    if not (found.files or found.unreadable or options.from_stdin):
        warn("no Python files or notebooks found under the given paths")
    status = _check(options, found, resolver)
    return _FAILED if found.missing else status


# --- from options to settings ----------------------------------------------------------------------------------------


def make_resolver(options: CheckOptions, cwd: str) -> Resolver:
    fixed: Layer | None = None
    overrides = []
    for text in options.config:
        if "=" in text and not os.path.exists(text):
            overrides.append(inline_config(text, cwd))
        else:
            fixed = read_config(os.path.join(cwd, text), text, cwd) or Layer(text, cwd, {})
    if fixed is not None and options.isolated:
        raise ConfigError("--config FILE and --isolated contradict each other")
    overrides.append(_command_line(options, cwd))
    return Resolver(cwd, fixed=fixed, isolated=options.isolated, overrides=overrides)


def _command_line(options: CheckOptions, cwd: str) -> Layer:
    """The options as a layer of settings."""
    table: dict[str, object] = {
        "select": options.select,
        "extend-select": options.extend_select,
        "ignore": options.ignore,
        "exclude": options.exclude,
        "extend-exclude": options.extend_exclude,
        "respect-gitignore": options.respect_gitignore,
        "force-exclude": options.force_exclude,
    }
    if options.per_file_ignores is not None:
        ignores: dict[str, tuple[str, ...]] = {}
        for word in options.per_file_ignores:
            pattern, colon, rule = word.rpartition(":")
            if not (pattern and colon and rule):
                raise ConfigError(f"--per-file-ignores: `{word}` is not of the form PATTERN:RULE")
            ignores[pattern] = (*ignores.get(pattern, ()), rule)
        table["per-file-ignores"] = ignores
    return layer({key: value for key, value in table.items() if value is not None}, "command line", cwd)


def validate_selectors(found: Discovered, cwd: str, resolver: Resolver) -> None:
    """Complain about unknown rules even where no file is left to look for them in."""
    directories = dict.fromkeys([cwd, *(os.path.dirname(file.path) for file in found.files)])
    settings = {id(known): known for known in map(resolver.for_directory, directories)}
    for known in settings.values():
        if known.selections or known.per_file_ignores:
            from bcelint.selection import validate

            validate(known)


# --- from files to reports -------------------------------------------------------------------------------------------


def _stdin_file(options: CheckOptions, cwd: str, resolver: Resolver) -> Discovered:
    shown = options.stdin_filename or "-"
    path = os.path.normpath(os.path.join(cwd, shown))
    settings = resolver.for_directory(os.path.dirname(path))
    if options.stdin_filename and settings.force_exclude and is_excluded(path, resolver.for_directory):
        return Discovered()
    return Discovered([File(path, shown_path(path, cwd), explicit=True)])


def discovered(options: CheckOptions, cwd: str, resolver: Resolver) -> Discovered:
    """The files that the options name; what is missing is complained about. Raises ``ConfigError``."""
    found = discover(options.paths or (".",), cwd, resolver.for_directory)
    for missing in found.missing:
        complain(f"{missing.shown}: {missing.reason}")
    return found


def _check(options: CheckOptions, found: Discovered, resolver: Resolver) -> int:
    from bcelint.cli.report import Reporting

    stdin = sys.stdin.buffer.read() if options.from_stdin else None
    try:
        output = Output(options.output_file, options.color, to_stderr=options.prints_fixed_stdin)
    except OSError as error:
        raise ConfigError(f"--output-file: {options.output_file}: {error.strerror or error}") from None
    reporting = Reporting(options, output, failed=bool(found.missing))
    relevant = [file for file in found.files if file.explicit or passes_gate(file, options.verbose, resolver)]
    try:
        for report in _reports(options, found, relevant, resolver, stdin):
            reporting.add(report)
        reporting.finish(files=len(found.files), analysed=len(relevant))
    finally:
        output.close()
    if options.prints_fixed_stdin and stdin is not None:
        fixed = reporting.fixed_stdin
        sys.stdout.flush()
        sys.stdout.buffer.write(stdin if fixed is None else fixed)
    return _status(options, reporting)


def _status(options: CheckOptions, reporting: Reporting) -> int:
    totals = reporting.totals
    if reporting.failed:
        return _FAILED
    if options.exit_zero:
        return _CLEAN
    if totals.fixed and (options.diff or options.exit_non_zero_on_fix):
        return _FOUND
    return _FOUND if options.reports and totals.remaining else _CLEAN


def passes_gate(file: File, verbose: bool, resolver: Resolver) -> bool:
    entries = resolver.for_directory(os.path.dirname(file.path)).knowledge
    losses = [entry.name for entry in entries if entry.table == "losses"]
    try:
        with open(file.path, "rb") as opened:
            passes = may_matter(opened.read(), losses)
    except OSError:
        passes = True  # it will be reported as unreadable
    if verbose and not passes:
        click.echo(f"{file.shown}: skipped, it holds no Keras loss", err=True)
    return passes


def _reports(
    options: CheckOptions, found: Discovered, relevant: Iterable[File], resolver: Resolver, stdin: bytes | None
) -> Iterator[FileReport]:
    """The reports, in the order of the files' names."""
    if not found.unreadable and not relevant:
        return
    from bcelint import linting
    from bcelint.merging import merged
    from bcelint.selection import rule_set
    from bcelint.workers import run_all, run_deep

    for path, shown, reason in found.unreadable:
        yield linting.unreadable(shown, reason, rule_set(resolver.for_directory(os.path.dirname(path)), path))
    jobs = [make_job(options, file, resolver, stdin) for file in relevant]
    if options.verified:
        from bcelint.cli.verified_fixes import check_files

        yield from check_files(jobs)
        return
    checked = list(zip(jobs, run_all(linting.check_file, jobs, processes=options.jobs, lost=linting.lost), strict=True))

    def is_ours(path: str) -> bool:
        return not is_excluded(path, resolver.for_directory)

    if options.fixes:
        checked = run_deep(lambda those: linting.fix_across_files(those, is_ours), checked)

    def job_for(path: str) -> Job | None:
        if not is_ours(path):
            return None
        return make_job(options, File(path, shown_path(path, os.getcwd()), explicit=False), resolver, None)

    for _, report in merged(checked, job_for):
        yield report


def make_job(options: CheckOptions, file: File, resolver: Resolver, stdin: bytes | None) -> Job:
    from bcelint.findings import Severity
    from bcelint.linting import FixMode, Job
    from bcelint.selection import rule_set

    mode = FixMode.OFFER
    if options.fixes:
        mode = FixMode.DIFF if options.diff else FixMode.WRITE
    settings = resolver.for_directory(os.path.dirname(file.path))
    return Job(
        path=file.path,
        shown=file.shown,
        rules=rule_set(settings, file.path),
        prefer=settings.prefer,
        backend=settings.backend,
        knowledge=settings.knowledge,
        data=stdin,
        mode=mode,
        unsafe_fixes=options.unsafe_fixes,
        ignore_noqa=options.ignore_noqa,
        min_severity=Severity(options.min_severity),
    )
