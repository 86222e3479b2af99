"""Which comments silence which findings, and what becomes of those that silence nothing."""

from __future__ import annotations

import json
import tokenize
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelint.findings import Finding, Related, Severity
from bcelint.places import Place
from bcelint.source import Source, read
from bcelint.suppression import Suppressed, comment_rows, find_directives, suppress

KNOWN = {
    "bce101": "BCE101",
    "double-sigmoid": "BCE101",
    "bce102": "BCE102",
    "missing-sigmoid": "BCE102",
    "bce901": "BCE901",
}
ACTIVE = frozenset(KNOWN.values())


def test_every_row_of_the_statement_counts() -> None:
    text = "model.compile(\n    loss=BCE(  {}\n        from_logits=True,  {}\n    ),  {}\n)  {}\n"
    for row in range(4):
        comments = [""] * 4
        comments[row] = "# noqa: BCE101"
        assert left(text.format(*comments), finding(2)) == []


def test_rows_of_other_statements_do_not_count() -> None:
    assert left("a = 1  # noqa: BCE101\nb = 2\nc = 3  # noqa: BCE101\n", finding(2)) == [2]
    assert left("# noqa: BCE101\nb = 2\n", finding(2)) == [2]


def test_of_a_compound_statement_only_the_header_counts() -> None:
    text = "with scope(  # bcelint: ignore[BCE101]\n):\n    a = 1\n"
    assert left(text, finding(1), finding(3)) == [3]


def test_the_statement_of_a_related_end_counts() -> None:
    text = "model = Sequential([\n    Dense(1),  # bcelint: ignore[double-sigmoid] known\n])\n\nmodel.compile(loss)\n"
    assert left(text, finding(5, related=2)) == []
    assert left(text, finding(5)) == [5]


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa",
        "# NOQA",
        "# noqa: BCE101",
        "# noqa:bce101",
        "# noqa : E501,BCE101",
        "# noqa: E501 BCE101",
        "# noqa: BCE101 because it is so",
        "# type: ignore[arg-type]  # noqa: BCE101",
        "# noqa: BCE101  # type: ignore",
        "# bcelint: ignore",
        "# bcelint: ignore because it is so",
        "# bcelint:ignore[BCE101]",
        "# BCELINT: Ignore[bce101]",
        "# bcelint: ignore[BCE102, double-sigmoid] reason",
        "# noqa: E501  # bcelint: ignore[BCE101]",
    ],
)
def test_comments_that_silence(comment: str) -> None:
    assert left(f"x = 1  {comment}\n", finding(1)) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: E501",
        "# noqa: BCE1",
        "# noqa: BCE1011",
        "# noqa: see the ticket",
        "# noqa:",
        "# bcelint: ignore[BCE102]",
        "# bcelint: ignore[]",
        "# bcelint: ignore[BCE101",
        "# bcelint: disable[BCE101]",
        "# nobcelint",
        "# type: ignore",
    ],
)
def test_comments_that_do_not(comment: str) -> None:
    assert 1 in left(f"x = 1  {comment}\n", finding(1))


@pytest.mark.parametrize("text", ["x = '# noqa'\n", 'x = """\n# noqa\n"""  \n', "x = 'it''s # noqa'\n"])
def test_strings_are_no_comments(text: str) -> None:
    assert left(text, finding(1)) == [1]


def test_file_ignore_counts_everywhere() -> None:
    assert left("x = 1\ny = 2\n# bcelint: file-ignore[BCE101] generated\n", finding(1), finding(2)) == []
    assert left("x = 1\n# bcelint: file-ignore\n", finding(1)) == []


def test_text_that_is_not_python_is_no_obstacle() -> None:
    cells = [["%matplotlib inline\n", "!echo it's # noqa\n"], ["x = (\n"], ["y = 1  # noqa: BCE101"]]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in cells],
    }
    source = read("n.ipynb", json.dumps(notebook).encode())
    row = source.rows.index("y = 1  # noqa: BCE101") + 1
    assert run(source, finding(row)).findings == ()


# --- unused suppressions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # noqa: BCE102\n", "x = 1\n"),
        ("x = 1  # noqa: BCE102", "x = 1"),
        ("x = 1  # noqa: BCE102, E501\n", "x = 1  # noqa: E501\n"),
        ("x = 1  # noqa: E501, BCE102\n", "x = 1  # noqa: E501\n"),
        ("x = 1  # noqa: E501,BCE102,F401\n", "x = 1  # noqa: E501,F401\n"),
        ("x = 1  # noqa: BCE102 BCE103 F401\n", "x = 1  # noqa: F401\n"),
        ("x = 1  # noqa: F401, BCE102, BCE103\n", "x = 1  # noqa: F401\n"),
        ("x = 1  # noqa: BCE102, F401, BCE103, E501, BCE999\n", "x = 1  # noqa: F401, E501\n"),
        ("x = 1  # type: ignore  # noqa: BCE102\n", "x = 1  # type: ignore\n"),
        ("x = 1  # noqa: BCE102  # type: ignore\n", "x = 1  # type: ignore\n"),
        ("x = 1  # noqa: BCE102 pylint: disable=all\n", "x = 1  # pylint: disable=all\n"),
        ("x = 1  # noqa: BCE102   \n", "x = 1\n"),
        ("x = 1  # bcelint: ignore[BCE102] some reason\n", "x = 1\n"),
        ("x = 1  # bcelint: ignore[BCE102] some reason # other\n", "x = 1  # other\n"),
        ("x = 1  # bcelint: ignore[BCE102, double-sigmoids]\n", "x = 1\n"),
        ("x = 1  # bcelint: ignore\n", "x = 1\n"),
        ("x = 1  # bcelint: ignore[]\n", "x = 1\n"),
        ("# bcelint: file-ignore[BCE102]\nx = 1\n", "x = 1\n"),
        ("if x:\n    # noqa: BCE102\n    y = 1\n", "if x:\n    y = 1\n"),
        ("x = 1\n# noqa: BCE102", "x = 1\n"),
        ("x = 1\r\n# noqa: BCE102\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
        ("ä = '\t'  # noqa: BCE102\n", "ä = '\t'\n"),
    ],
)
def test_removing_what_silences_nothing(before: str, after: str) -> None:
    source = read("x.py", before.encode())
    suppressed = run(source)
    edits = [edit for found in suppressed.findings if found.fix for edit in found.fix.edits]
    assert source.apply(edits).decode() == after
    assert [found.code for found in suppressed.findings] == ["BCE901"]
    assert run(read("x.py", after.encode())).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # noqa\n",
        "x = 1  # noqa: E501\n",
        "x = 1  # noqa: some words about BCE102\n",
        "x = 1  # noqa: BCE901\n",
        "x = 1  # noqa: BCE901, BCE102\n",
        "x = 1  # noqa: BCE102\n# bcelint: file-ignore[BCE901]\n",
        "# bcelint: a linter that is configured in pyproject.toml\n",
        "x = (  # noqa: BCE102\n",
    ],
)
def test_what_is_not_reported_as_unused(text: str) -> None:
    assert run(read("x.py", text.encode())).findings == ()


def test_rules_that_are_not_selected_may_be_suppressed() -> None:
    source = read("x.py", b"x = 1  # noqa: BCE102\n")
    assert suppress(source, [], known=KNOWN, active={"BCE101", "BCE901"}).findings == ()
    assert suppress(source, [], known=KNOWN, active={"BCE101", "BCE102"}).findings == ()


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# noqa: BCE102", "this suppresses nothing: `BCE102` is not reported here"),
        (
            "# noqa: BCE102, BCE777",
            "this suppresses nothing: `BCE102` is not reported here, and `BCE777` is no rule of bcelint",
        ),
        ("# bcelint: ignore[x, y]", "this suppresses nothing: `x` and `y` are no rules of bcelint"),
        ("# bcelint: ignore", "this suppresses nothing: no finding is reported here"),
        ("# bcelint: ignroe[BCE101]", "this suppresses nothing: `bcelint: ignroe` is unknown"),
    ],
)
def test_messages(comment: str, message: str) -> None:
    (found,) = run(read("x.py", f"x = 1  {comment}\n".encode())).findings
    assert found.message == message
    assert found.severity is Severity.WARNING


def test_a_list_may_be_unused_in_part() -> None:
    source = read("x.py", b"x = 1  # noqa: BCE101, BCE102\n")
    (found,) = run(source, finding(1)).findings
    assert source.segment(found.place) == "BCE102"
    assert found.fix is not None
    assert source.apply(found.fix.edits) == b"x = 1  # noqa: BCE101\n"


# --- finding comments, and rows for them -----------------------------------------------------------------------------


@given(st.text(st.sampled_from(list("#'\"\\\n x=1()[]{}rb:")), max_size=40).map(lambda text: text + "# noqa\n"))
def test_comments_are_those_that_tokenize_finds(text: str) -> None:
    try:
        tokens = list(tokenize.generate_tokens(StringIO(text).readline))
        compile(text, "x.py", "exec")
    except (SyntaxError, tokenize.TokenError, ValueError):
        return
    comments = [token for token in tokens if token.type == tokenize.COMMENT and "noqa" in token.string]
    rows = {directive.row for directive in find_directives(text)}
    assert rows == {token.start[0] for token in comments}


@pytest.mark.parametrize("path", sorted(Path(tokenize.__file__).parent.glob("t*.py")), ids=lambda path: path.name)
def test_comments_of_real_files_are_those_that_tokenize_finds(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("#", "# noqa ")
    tokens = tokenize.generate_tokens(StringIO(text).readline)
    try:
        rows = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    except (SyntaxError, tokenize.TokenError):
        return  # a number sign within an f-string
    assert {directive.row for directive in find_directives(text)} == rows


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("x = 1\ny = 2\n", 1, 1),
        ("f(\n    a,\n)\n", 2, 2),
        ("f(a, \\\n    b, \\\n    c)\n", 1, 3),
        ('f(a, """\n\n""")\n', 1, 3),
        ('f("""\n# \\\n""", \\\n   b)\n', 2, 4),
        ("x = 1 \\", 1, 1),
    ],
)
def test_rows_that_take_a_comment(text: str, row: int, expected: int) -> None:
    assert comment_rows(text, [row]) == (expected,)


def run(source: Source, *findings: Finding) -> Suppressed:
    return suppress(source, findings, known=KNOWN, active=ACTIVE)


def left(text: str, *findings: Finding) -> list[int]:
    """The rows of what is left, unused suppressions aside."""
    suppressed = run(read("x.py", text.encode()), *findings)
    return [found.place.row for found in suppressed.findings if found.code == "BCE101"]


def finding(row: int, *, related: int | None = None) -> Finding:
    ends = () if related is None else (Related(Place(related, 1, related, 2), "the other end"),)
    return Finding("BCE101", "double-sigmoid", Severity.ERROR, "message", Place(row, 1, row, 2), related=ends)
