"""One line per finding: ``path:row:column: CODE [*] message``."""

from __future__ import annotations

from collections.abc import Iterator

from bcelint.places import Place
from bcelint.reporting.model import FileReport, is_applicable
from bcelint.reporting.style import Style


def render(report: FileReport, style: Style, *, unsafe_fixes: bool = False) -> Iterator[str]:
    """The lines for one file."""
    for finding in report.findings:
        mark = " " + style("help", "[*]") if is_applicable(finding.fix, unsafe_fixes) else ""
        code = style(finding.severity.value, finding.code)
        yield f"{where(report, finding.place, style)}: {code}{mark} {finding.message}"


def where(report: FileReport, place: Place, style: Style) -> str:
    """``path:row:column``, and in a notebook ``path:cell 3:row:column``."""
    shown, listing = report.file_of(place)
    position = listing.position(*place.start)
    cell = f"cell {position.cell}:" if position.cell is not None else ""
    return f"{style('path', shown)}:{cell}{position.row}:{position.column}"
