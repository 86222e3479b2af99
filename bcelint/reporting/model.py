"""What reporters see of a file: findings, and its text with the positions that users count by."""

from __future__ import annotations

from dataclasses import dataclass, field

from bcelint.findings import Applicability, Finding, Fix, Severity
from bcelint.source import Position, Source


@dataclass(frozen=True)
class Listing:
    """The rows of a file, without the syntax tree: small enough to be passed between processes.

    ``cells`` is ``None`` for a script; for a notebook it holds, for each row of the joined text, the number of its
    cell and its row in there.
    """

    rows: tuple[str, ...] = ()
    cells: tuple[tuple[int, int], ...] | None = None

    @classmethod
    def of(cls, source: Source) -> Listing:
        rows = tuple(source.rows)
        positions = [source.position(row, 1) for row in range(1, len(rows) + 1)]
        cells = tuple((where.cell, where.row) for where in positions if where.cell is not None)
        return cls(rows, cells if len(cells) == len(rows) else None)

    def line(self, row: int) -> str:
        return self.rows[row - 1] if 0 < row <= len(self.rows) else ""

    def position(self, row: int, column: int = 1) -> Position:
        """Where a row and column of the joined text are for the user."""
        if self.cells and 0 < row <= len(self.cells):
            cell, cell_row = self.cells[row - 1]
            return Position(cell, cell_row, column)
        return Position(None, row, column)


@dataclass(frozen=True)
class Undecided:
    """A pair that could not be decided: where in which file (as it is shown), and the reasons."""

    shown: str
    position: Position
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class FixedRule:
    """How often a rule's findings were fixed in a file."""

    code: str
    name: str
    severity: Severity
    count: int


@dataclass(frozen=True)
class FileReport:
    """What came of one file.

    Attributes:
        shown: its name in the output.
        findings: what is left to report, sorted; ``noqa_rows`` holds for each the row that takes a comment for it.
        analysed: whether it passed the gate.
        pairs, undecided: head/loss pairs that were decided, and that could not be; ``unresolved`` says where the latter
            are, and why.
        exhausted: the file takes too many steps to follow, and was not analysed to its end.
        fixed: what was fixed, or with ``--diff`` would be.
        taken_back: fixes that were tried and given up, in words.
        diff: what the fixes change, as a unified diff.
        fixed_bytes: the fixed file, for standard input.
        failure: why the file could not be dealt with, through a fault of ours or of the disk.
    """

    shown: str
    findings: tuple[Finding, ...] = ()
    listing: Listing = field(default_factory=Listing)
    noqa_rows: tuple[int, ...] = ()
    analysed: bool = True
    pairs: int = 0
    undecided: int = 0
    unresolved: tuple[Undecided, ...] = ()
    exhausted: bool = False
    fixed: tuple[FixedRule, ...] = ()
    taken_back: tuple[str, ...] = ()
    diff: str = ""
    fixed_bytes: bytes | None = None
    failure: str = ""


def is_applicable(fix: Fix | None, unsafe_fixes: bool) -> bool:
    """Whether ``--fix`` would apply ``fix``."""
    return fix is not None and (unsafe_fixes or fix.applicability is Applicability.SAFE)
