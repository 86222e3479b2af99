"""The options of ``bcelint check`` as values."""

from __future__ import annotations

from typing import NamedTuple


class CheckOptions(NamedTuple):
    """What was given on the command line; ``None``: not given, the configuration decides."""

    paths: tuple[str, ...] = ()
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    per_file_ignores: tuple[str, ...] | None = None
    min_severity: str = "warning"
    fix: bool = False
    verified: bool = False
    unsafe_fixes: bool = False
    fix_only: bool = False
    diff: bool = False
    show_fixes: bool = False
    output_format: str = "full"
    output_file: str | None = None
    statistics: bool = False
    exit_zero: bool = False
    exit_non_zero_on_fix: bool = False
    ignore_noqa: bool = False
    config: tuple[str, ...] = ()
    isolated: bool = False
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] | None = None
    respect_gitignore: bool | None = None
    force_exclude: bool | None = None
    stdin_filename: str | None = None
    jobs: int | None = None
    verbose: bool = False
    quiet: bool = False
    color: str = "auto"
    show_settings: bool = False
    show_files: bool = False

    @property
    def from_stdin(self) -> bool:
        return self.paths == ("-",)

    @property
    def fixes(self) -> bool:
        """Whether fixes are carried out, in the files or as a diff."""
        return self.fix or self.fix_only or self.diff

    @property
    def reports(self) -> bool:
        """Whether findings are reported: --diff and --fix-only only show or make changes."""
        return not (self.fix_only or self.diff)

    @property
    def prints_fixed_stdin(self) -> bool:
        """Whether standard output is for the fixed text of standard input."""
        return self.from_stdin and self.fixes and not self.diff


class VerifyOptions(NamedTuple):
    """What only ``verify`` takes; ``timeout`` in seconds, ``memory`` in GB."""

    backend: tuple[str, ...] = ()
    dtype: str | None = None
    fixes: bool = False
    sound: bool = False
    report: str | None = None
    timeout: float = 30.0
    memory: float = 4.0
    trust: bool = False
