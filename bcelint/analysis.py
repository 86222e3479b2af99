"""One file's analysis: syntax tree in, findings out (infer, then check)."""

from __future__ import annotations

from dataclasses import dataclass

from bcelint.findings import Finding
from bcelint.source import Source


@dataclass(frozen=True)
class Analysis:
    """What was found in one file.

    Attributes:
        findings: unsuppressed and unfiltered, sorted, with fix *plans*.
        pairs: head/loss pairs that were decided.
        undecided: pairs that were seen and could not be decided.
    """

    findings: tuple[Finding, ...]
    pairs: int = 0
    undecided: int = 0


def analyse(source: Source) -> Analysis:
    raise NotImplementedError
