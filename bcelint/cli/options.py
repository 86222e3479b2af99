"""The options of ``bcelint check`` as values."""

from __future__ import annotations

from typing import NamedTuple


class CheckOptions(NamedTuple):
    """What was given on the command line; ``None``: not given, the configuration decides."""

    paths: tuple[str, ...]
    select: tuple[str, ...] | None
    extend_select: tuple[str, ...] | None
    ignore: tuple[str, ...] | None
    per_file_ignores: tuple[str, ...] | None
    min_severity: str
    fix: bool
    unsafe_fixes: bool
    fix_only: bool
    diff: bool
    show_fixes: bool
    output_format: str
    output_file: str | None
    statistics: bool
    exit_zero: bool
    exit_non_zero_on_fix: bool
    ignore_noqa: bool
    config: tuple[str, ...]
    isolated: bool
    exclude: tuple[str, ...] | None
    extend_exclude: tuple[str, ...] | None
    respect_gitignore: bool | None
    force_exclude: bool | None
    stdin_filename: str | None
    jobs: int | None
    verbose: bool
    quiet: bool
    color: str
    show_settings: bool
    show_files: bool

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
