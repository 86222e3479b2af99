"""Where something stands in the source text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A range of source text.

    Rows and columns count from 1, columns in characters (not bytes); ``end_column`` is the column just behind the last
    character. In a notebook, rows count through the joined code cells; ``Source.position`` maps them back to a cell.
    ``path`` is the absolute path of another file of the project, and empty for the file that is being checked.
    """

    row: int
    column: int
    end_row: int
    end_column: int
    path: str = ""

    def contains(self, other: Place) -> bool:
        """Whether ``other`` lies within this range."""
        return (
            self.path == other.path
            and (self.row, self.column) <= (other.row, other.column)
            and (other.end_row, other.end_column) <= (self.end_row, self.end_column)
        )

    @property
    def start(self) -> tuple[int, int]:
        return (self.row, self.column)
