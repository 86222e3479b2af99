"""Concise lines and JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from bcelint.findings import Applicability, Edit, Finding, Fix, Related, Severity
from bcelint.places import Place
from bcelint.reporting import concise
from bcelint.reporting import json as json_format
from bcelint.reporting.model import FileReport, Listing
from bcelint.reporting.style import Style

SAFE = Fix("keep it", Applicability.SAFE, (Edit(Place(3, 1, 4, 1), ""),))
UNSAFE = Fix("change it", Applicability.UNSAFE, (Edit(Place(1, 2, 1, 3), "x"),))
FINDING = Finding(
    "BCE101",
    "double-sigmoid",
    Severity.ERROR,
    "message",
    Place(3, 2, 3, 5),
    related=(Related(Place(1, 1, 2, 4), "here"),),
    fix=SAFE,
    alternatives=(UNSAFE,),
)
SCRIPT = Listing(("aaaa", "bbbb", "cccc", ""))
NOTEBOOK = replace(SCRIPT, cells=((2, 1), (2, 2), (4, 1), (5, 1)))


def test_concise() -> None:
    assert lines(FINDING, SCRIPT) == ["a/b.py:3:2: BCE101 [*] message"]
    assert lines(FINDING, NOTEBOOK) == ["a/b.py:cell 4:1:2: BCE101 [*] message"]
    assert lines(replace(FINDING, fix=UNSAFE), SCRIPT) == ["a/b.py:3:2: BCE101 message"]
    assert lines(replace(FINDING, fix=UNSAFE), SCRIPT, unsafe_fixes=True) == ["a/b.py:3:2: BCE101 [*] message"]
    assert lines(replace(FINDING, fix=None), SCRIPT, unsafe_fixes=True) == ["a/b.py:3:2: BCE101 message"]


def test_json_of_a_script() -> None:
    (record,) = json.loads(json_format.render([FileReport("a/b.py", (FINDING,), SCRIPT, noqa_rows=(3,))]))
    assert list(record.items()) == [
        ("code", "BCE101"),
        ("name", "double-sigmoid"),
        ("severity", "error"),
        ("message", "message"),
        ("filename", "a/b.py"),
        ("cell", None),
        ("location", {"row": 3, "column": 2}),
        ("end_location", {"row": 3, "column": 5}),
        ("noqa_row", 3),
        ("url", None),
        (
            "related",
            [
                {
                    "message": "here",
                    "filename": "a/b.py",
                    "cell": None,
                    "location": {"row": 1, "column": 1},
                    "end_location": {"row": 2, "column": 4},
                }
            ],
        ),
        ("help", "keep it"),
        (
            "fix",
            {
                "applicability": "safe",
                "message": "keep it",
                "edits": [
                    {
                        "content": "",
                        "location": {"row": 3, "column": 1},
                        "end_location": {"row": 4, "column": 1},
                        "cell": None,
                    }
                ],
            },
        ),
        (
            "alternatives",
            [
                {
                    "applicability": "unsafe",
                    "message": "change it",
                    "edits": [
                        {
                            "content": "x",
                            "location": {"row": 1, "column": 2},
                            "end_location": {"row": 1, "column": 3},
                            "cell": None,
                        }
                    ],
                }
            ],
        ),
    ]


def test_json_of_a_notebook_counts_within_cells() -> None:
    (record,) = json.loads(json_format.render([FileReport("n.ipynb", (FINDING,), NOTEBOOK, noqa_rows=(3,))]))
    assert (record["cell"], record["location"], record["noqa_row"]) == (4, {"row": 1, "column": 2}, 1)
    assert (record["related"][0]["cell"], record["related"][0]["end_location"]) == (2, {"row": 2, "column": 4})
    (edit,) = record["fix"]["edits"]
    # the whole last row of a cell: up to the row behind it, not into the next cell
    assert (edit["cell"], edit["location"], edit["end_location"]) == (
        4,
        {"row": 1, "column": 1},
        {"row": 2, "column": 1},
    )


def test_json_without_findings_is_an_empty_array() -> None:
    assert json_format.render([]) == "[]"
    assert json_format.render([FileReport("a.py")]) == "[]"


def test_json_survives_names_that_are_no_text() -> None:
    report = FileReport("\udcff.py", (replace(FINDING, message="損失"),), SCRIPT, noqa_rows=(3,))
    text = json_format.render([report])
    assert text.isascii()
    assert json.loads(text)[0]["message"] == "損失"


def lines(finding: Finding, listing: Listing, *, unsafe_fixes: bool = False) -> list[str]:
    return list(concise.render(FileReport("a/b.py", (finding,), listing), Style(), unsafe_fixes=unsafe_fixes))
