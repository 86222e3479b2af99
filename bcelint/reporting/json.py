"""An array of objects, with ruff's keys where it has them. Rows and columns count from 1, in a notebook per cell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bcelint.findings import Edit, Finding, Fix
from bcelint.places import Place
from bcelint.reporting.model import FileReport, Listing


def render(reports: Iterable[FileReport]) -> str:
    """The whole document."""
    return dump([record(report, index) for report in reports for index in range(len(report.findings))])


def dump(value: object) -> str:
    return json.dumps(value, indent=2)


def record(report: FileReport, index: int) -> dict[str, Any]:
    """One finding of a report."""
    finding = report.findings[index]
    shown, listing = report.file_of(finding.place)
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "filename": shown,
        "cell": listing.position(*finding.place.start).cell,
        "location": _start(listing, finding.place),
        "end_location": _end(listing, finding.place),
        "noqa_row": listing.position(report.noqa_rows[index]).row,
        "url": None,
        "related": [
            {
                "message": related.message,
                "filename": report.file_of(related.place).shown,
                **_where(report.file_of(related.place).listing, related.place),
            }
            for related in finding.related
        ],
        "help": _help(finding),
        "fix": None if finding.fix is None else _fix(report, finding.fix),
        "alternatives": [_fix(report, fix) for fix in finding.alternatives],
    }


def statistics(rows: Sequence[tuple[str, str, int, bool]]) -> str:
    """What ``--statistics`` prints: code, name, count and whether ``--fix`` would do something."""
    return dump([{"code": code, "name": name, "count": count, "fixable": fix} for code, name, count, fix in rows])


def _help(finding: Finding) -> str | None:
    return finding.help or (finding.fix.message if finding.fix else None)


def _fix(report: FileReport, fix: Fix) -> dict[str, Any]:
    return {
        "applicability": fix.applicability.value,
        "message": fix.message,
        "edits": [_edit(report, edit) for edit in fix.edits],
    }


def _edit(report: FileReport, edit: Edit) -> dict[str, Any]:
    """An edit; one in another file than the finding names it."""
    shown, listing = report.file_of(edit.place)
    elsewhere = {"filename": shown} if edit.place.path else {}
    return {"content": edit.content, **_where(listing, edit.place), **elsewhere}


def _where(listing: Listing, place: Place) -> dict[str, Any]:
    return {
        "cell": listing.position(*place.start).cell,
        "location": _start(listing, place),
        "end_location": _end(listing, place),
    }


def _start(listing: Listing, place: Place) -> dict[str, int]:
    position = listing.position(place.row, place.column)
    return {"row": position.row, "column": position.column}


def _end(listing: Listing, place: Place) -> dict[str, int]:
    """The end counts in the cell of the start: a whole last row of a cell ends in the row behind it."""
    start, end = listing.position(place.row), listing.position(place.end_row)
    row = end.row if start.cell == end.cell else start.row + place.end_row - place.row
    return {"row": row, "column": place.end_column}
