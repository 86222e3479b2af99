"""The full output, character by character."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from bcelint.findings import Applicability, Edit, Finding, Fix, Related, Severity
from bcelint.places import Place
from bcelint.reporting.full import render
from bcelint.reporting.model import FileReport, Listing
from bcelint.reporting.style import Style

TEXT = """\
import keras

model = keras.Sequential([
    keras.layers.Dense(1, activation="sigmoid"),
])

model.compile(
    optimizer="adam",
    metrics=["accuracy"],
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
)
"""
FINDING = Finding(
    "BCE101",
    "double-sigmoid",
    Severity.ERROR,
    "the model ends in a sigmoid, and the loss applies another",
    place=Place(10, 10, 10, 59),
    focus=Place(10, 42, 10, 58),
    label="and this applies a sigmoid again",
    related=(Related(Place(4, 27, 4, 47), "the output is already a probability here"),),
    notes=(
        "the loss cannot fall below 0.3133 for positives and 0.6931 for negatives; Keras on TensorFlow"
        " undoes_it_with_a_warning, JAX and torch do not",
    ),
    fix=Fix("say that the output is a probability", Applicability.SAFE, (Edit(Place(10, 42, 10, 58), ""),)),
    alternatives=(Fix("drop the sigmoid", Applicability.UNSAFE, (Edit(Place(4, 25, 4, 47), ""),)),),
)


def test_both_ends_notes_and_fix() -> None:
    assert full(FINDING) == dedent(
        """\
        BCE101 double-sigmoid: the model ends in a sigmoid, and the loss applies another
          --> train.py:10:10
           |
         4 |     keras.layers.Dense(1, activation="sigmoid"),
           |                           -------------------- the output is already a probability here
        ...
        10 |     loss=keras.losses.BinaryCrossentropy(from_logits=True),
           |                                          ^^^^^^^^^^^^^^^^ and this applies a sigmoid again
           |
           = the loss cannot fall below 0.3133 for positives and 0.6931 for negatives; Keras on TensorFlow
             undoes_it_with_a_warning, JAX and torch do not
        help: say that the output is a probability [*]
           |
        10 -     loss=keras.losses.BinaryCrossentropy(from_logits=True),
        10 +     loss=keras.losses.BinaryCrossentropy(),
        help: or drop the sigmoid [unsafe]
        """
    )


def test_unsafe_fixes_carry_the_star_when_they_would_be_applied() -> None:
    assert "help: or drop the sigmoid [*]\n" in full(FINDING, unsafe_fixes=True)


def test_help_without_a_fix() -> None:
    text = full(replace(bare(Place(1, 1, 1, 13)), help="use another loss", label=""))
    assert text == dedent(
        """\
        BCE101 double-sigmoid: message
         --> train.py:1:1
          |
        1 | import keras
          | ^^^^^^^^^^^^
          |
        help: use another loss
        """
    )


def test_a_fix_is_help_enough() -> None:
    assert full(replace(FINDING, help="use probabilities")) == full(FINDING)


def test_two_places_on_one_row() -> None:
    finding = replace(bare(Place(10, 42, 10, 58)), related=(Related(Place(10, 10, 10, 41), "this class"),))
    assert snippet(full(finding)) == [
        "10 |     loss=keras.losses.BinaryCrossentropy(from_logits=True),",
        "   |          ------------------------------- this class",
        "   |                                          ^^^^^^^^^^^^^^^^ label",
    ]


@pytest.mark.parametrize(
    ("row", "between"),
    [(9, []), (8, ['9 |     metrics=["accuracy"],']), (7, ["..."])],
)
def test_what_stands_between_two_rows(row: int, between: list[str]) -> None:
    finding = replace(bare(Place(10, 5, 10, 9)), related=(Related(Place(row, 1, row, 6), "here"),))
    lines = [line.strip() for line in snippet(full(finding))]
    assert lines[2:-2] == between


def test_only_the_first_row_of_a_place_is_underlined() -> None:
    assert snippet(full(bare(Place(7, 1, 11, 2)))) == ["7 | model.compile(", "  | ^^^^^^^^^^^^^^ label"]


def test_an_empty_place_is_pointed_at() -> None:
    assert snippet(full(bare(Place(2, 1, 2, 1)))) == ["2 |", "  | ^ label"]
    assert snippet(full(bare(Place(99, 1, 99, 1)))) == ["99 |", "   | ^ label"]


@pytest.mark.parametrize(
    ("text", "column", "end", "expected"),
    [
        ("\tloss = x", 2, 6, ["1 |     loss = x", "  |     ^^^^ label"]),
        ("a\tloss", 3, 7, ["1 | a   loss", "  |     ^^^^ label"]),
        ("損失 = loss", 6, 10, ["1 | 損失 = loss", "  |        ^^^^ label"]),
        ("損失 = loss", 1, 3, ["1 | 損失 = loss", "  | ^^^^ label"]),
        ("e\N{COMBINING ACUTE ACCENT} = loss", 6, 10, ["1 | e\N{COMBINING ACUTE ACCENT} = loss", "  |     ^^^^ label"]),
        ("a\x1b[31m\x0c = loss", 11, 15, ["1 | a�[31m� = loss", "  |           ^^^^ label"]),
    ],
    ids=["tab", "inner tab", "wide before", "wide within", "combining", "control"],
)
def test_underlines_are_where_the_code_is(text: str, column: int, end: int, expected: list[str]) -> None:
    assert snippet(full(bare(Place(1, column, 1, end)), text=text)) == expected


def test_long_rows_are_shown_in_part() -> None:
    text = "x" * 300 + "loss" + "y" * 300
    code, marks = snippet(full(bare(Place(1, 301, 1, 305)), text=text))
    assert code.startswith("1 | …xxx")
    assert code.endswith("yyy…")
    assert len(code) < 180
    assert code[marks.index("^") :].startswith("loss")
    assert marks.count("^") == 4


def test_ends_of_a_long_row_that_are_far_apart_are_shown_apart() -> None:
    text = "first" + "x" * 500 + "last"
    finding = replace(bare(Place(1, 506, 1, 510)), related=(Related(Place(1, 1, 1, 6), "one"),))
    first, first_marks, last, last_marks = snippet(full(finding, text=text))
    assert first.startswith("1 | firstxxx")
    assert first_marks == "  | ----- one"
    assert last.endswith("xxxlast")
    assert last[last_marks.index("^") :] == "last"


def test_an_underline_longer_than_the_row_shown_ends_with_it() -> None:
    code, marks = snippet(full(bare(Place(1, 1, 1, 501)), text="x" * 500))
    assert len(marks.removesuffix(" label")) == len(code.removesuffix("…"))


def test_notebooks_count_within_their_cells() -> None:
    cells = tuple((2, row) for row in range(1, 7)) + tuple((5, row) for row in range(1, 7))
    assert full(FINDING, cells=cells) == dedent(
        """\
        BCE101 double-sigmoid: the model ends in a sigmoid, and the loss applies another
         --> train.py:cell 5:4:10
          |
        4 |     keras.layers.Dense(1, activation="sigmoid"),
          |                           -------------------- the output is already a probability here
         ::: train.py:cell 5:4:42
        4 |     loss=keras.losses.BinaryCrossentropy(from_logits=True),
          |                                          ^^^^^^^^^^^^^^^^ and this applies a sigmoid again
          |
          = the loss cannot fall below 0.3133 for positives and 0.6931 for negatives; Keras on TensorFlow
            undoes_it_with_a_warning, JAX and torch do not
        help: say that the output is a probability [*]
          |
        4 -     loss=keras.losses.BinaryCrossentropy(from_logits=True),
        4 +     loss=keras.losses.BinaryCrossentropy(),
        help: or drop the sigmoid [unsafe]
        """
    )


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (
            (Edit(Place(1, 1, 1, 1), "import os\n"), Edit(Place(9, 14, 9, 24), "None")),
            [" 1 + import os", "...", ' 9 -     metrics=["accuracy"],', "10 +     metrics=[None],"],
        ),
        (
            (Edit(Place(9, 1, 10, 1), ""), Edit(Place(11, 2, 11, 2), "\npass")),
            [' 9 -     metrics=["accuracy"],', "...", "11 + pass"],
        ),
        (
            (Edit(Place(8, 15, 8, 21), '"sgd"'), Edit(Place(9, 5, 9, 12), "weighted_metrics")),
            [
                '8 -     optimizer="adam",',
                '9 -     metrics=["accuracy"],',
                '8 +     optimizer="sgd",',
                '9 +     weighted_metrics=["accuracy"],',
            ],
        ),
        ((), []),
    ],
    ids=["added row", "removed row", "neighbours", "nothing"],
)
def test_fixes_are_shown_as_a_diff(edits: tuple[Edit, ...], expected: list[str]) -> None:
    text = full(replace(bare(Place(1, 1, 1, 7)), fix=Fix("change it", Applicability.SAFE, edits)))
    _, _, diff = text.partition("help: change it [*]\n")
    assert [line for line in diff.splitlines() if line.strip() not in ("", "|")] == expected


def test_colours() -> None:
    text = "\n".join(render(report(FINDING), Style(colored=True)))
    assert text.startswith("\x1b[1;31mBCE101\x1b[0m \x1b[1mdouble-sigmoid\x1b[0m: the model")
    assert "\x1b[32m+     loss=keras.losses.BinaryCrossentropy(),\x1b[0m" in text
    assert "\x1b[1;33mBCE101" in "\n".join(render(report(replace(FINDING, severity=Severity.WARNING)), Style(True)))


def bare(place: Place) -> Finding:
    return Finding("BCE101", "double-sigmoid", Severity.ERROR, "message", place, label="label")


def report(finding: Finding, text: str = TEXT, cells: tuple[tuple[int, int], ...] | None = None) -> FileReport:
    return FileReport("train.py", (finding,), Listing(tuple(text.split("\n"))[: len(cells) if cells else None], cells))


def full(
    finding: Finding, text: str = TEXT, cells: tuple[tuple[int, int], ...] | None = None, unsafe_fixes: bool = False
) -> str:
    (block,) = render(report(finding, text, cells), Style(), unsafe_fixes=unsafe_fixes)
    return block


def snippet(text: str) -> list[str]:
    """The rows between the first and the second empty bar."""
    lines = text.splitlines()[2:]
    start, end = (index for index, line in enumerate(lines) if line.strip() == "|")
    return lines[start + 1 : end]
