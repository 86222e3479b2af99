"""Which edits can be made at once."""

from __future__ import annotations

from bcelint.findings import Edit


def overlap(first: Edit, second: Edit) -> bool:
    """Whether two edits touch the same text, or insert at one point, where their order would be a guess."""
    a, b = sorted((first.place, second.place))
    return a == b or b.start < (a.end_row, a.end_column)
