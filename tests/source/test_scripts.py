"""Reading scripts: encodings, newlines, places, and what is left of those that do not parse."""

from __future__ import annotations

import ast
import codecs
import sys
import threading
import warnings
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bcelint.findings import Edit
from bcelint.places import Place
from bcelint.source import Position, Source, read

Result = TypeVar("Result")


def script(text: str) -> Source:
    return read("train.py", text.encode())


def calls(source: Source) -> dict[str, Place]:
    """The calls that were understood, by the name of what is called."""
    assert source.tree is not None
    return {ast.unparse(node.func): source.place(node) for node in ast.walk(source.tree) if isinstance(node, ast.Call)}


def on_a_big_stack(function: Callable[[], Result]) -> Result:
    """Run as the command does."""
    results: list[Result] = []
    limit, size = sys.getrecursionlimit(), threading.stack_size(512 * 1024 * 1024)
    sys.setrecursionlimit(20_000)
    try:
        thread = threading.Thread(target=lambda: results.append(function()))
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    return results[0]


MODEL = """\
import keras

model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
"""


def test_a_script_is_read_whole() -> None:
    source = script(MODEL)
    assert source.text == MODEL
    assert source.fixable
    assert not source.problems
    assert source.position(4, 15) == Position(None, 4, 15)
    assert source.line(4) == "model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))"
    assert source.line(99) == ""
    assert calls(source)["keras.losses.BinaryCrossentropy"] == Place(4, 20, 4, 69)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_newlines_count_as_in_python(newline: str, end: str) -> None:
    text = f"a = 1{newline}\x0cb = '\u2028'{newline}fit(a){end}"
    assert calls(script(text))["fit"] == Place(3, 1, 3, 7)


def test_mixed_newlines_stay_where_they_are() -> None:
    source = read("x.py", b"a = 1\r\nb = 2\nc = 3\rd = 4")
    inserted = source.apply([Edit(Place(row, 6, row, 6), "\npass") for row in (1, 2, 3, 4)])
    assert inserted == b"a = 1\r\npass\r\nb = 2\npass\nc = 3\rpass\rd = 4\r\npass"


def test_columns_count_characters() -> None:
    source = script("label = 'Größe', fit('é') ; loss(1)\n")
    assert calls(source) == {"fit": Place(1, 18, 1, 26), "loss": Place(1, 29, 1, 36)}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n", None),
        (codecs.BOM_UTF8 + "x = 'é'\n".encode(), "x = 'é'\n"),
        (codecs.BOM_UTF8 + b"# coding: utf-8\nx = 1\n", "# coding: utf-8\nx = 1\n"),
        (b"", ""),
    ],
)
def test_encodings(data: bytes, text: str | None) -> None:
    source = read("x.py", data)
    assert not source.problems
    assert text is None or source.text == text
    assert source.apply([]) == data
    if data:
        row = source.text.count("\n")
        assert source.apply([Edit(Place(row, 1, row, 2), "y")]) == b"y".join(data.rsplit(b"x", 1))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a = 1\nx = '\xe9'\n", "byte 0xe9"),
        ("x = 1".encode("utf-16"), "byte 0xff"),
        (b"# coding: klingon\n", "klingon"),
        (b"# coding: rot13\nx = 1\n", "rot13"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", ""),
    ],
)
def test_what_cannot_be_decoded_is_reported(data: bytes, words: str) -> None:
    source = read("x.py", data)
    (problem,) = source.problems
    assert problem.code == "BCE902"
    assert words in problem.message
    assert source.tree is None
    assert not source.fixable
    assert source.apply([]) == data


def test_warnings_about_escapes_do_not_leak() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert script("pattern = '\\d'\n").tree is not None


BROKEN = {
    "a Python 2 print": ('print "loss", 1\nmodel.fit(x)\n', 1),
    "several rows": ('print "a", \\\n    "b"\nmodel.fit(x)\n', 1),
    "print in a block": ("for i in x:\n    print i\nmodel.fit(x)\n", 2),
    "exec and backticks": ('exec "a = 1"\ny = `x`\nmodel.fit(x)\n', 1),
    "the old except": ("try:\n    model.fit(x)\nexcept ValueError, e:\n    pass\n", 3),
    "the old raise": ('def f():\n    raise ValueError, "x"\nmodel.fit(x)\n', 2),
    "an exercise": ("y = # your code here\nmodel.fit(x)\n", 1),
    "an open bracket": ("model.add(Dense(1)\nmodel.fit(x)\nimport os\n", 1),
    "an open bracket at the end": ("model.fit(x)\nmodel.add(Dense(1)\n", 2),
    "an open string": ("model.fit(x)\ntext = '''\nmodel.add(1)\n", 2),
    "a surplus bracket": ("y = (1))\nmodel.fit(x)\n", 1),
    "indentation": ("import os\n    import sys\nmodel.fit(x)\n", 2),
    "an empty block": ("def f():\n    # TODO\nmodel.fit(x)\n", 3),
    "a magic": ("!pip install keras\nmodel.fit(x)\n", 1),
    "a shell line of several rows": ("!pip install \\\n   keras it's (\nmodel.fit(x)\n", 2),
    "a magic in a block": ("if x:\n    %matplotlib inline\nmodel.fit(x)\n", 2),
    "a conflict": ("<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b\nmodel.fit(x)\n", 1),
    "a null byte": ("a = 1\nb = '\0'\nmodel.fit(x)\n", 2),
    "mixed tabs": ("if x:\n        a = 1\n\tmodel.fit(x)\n", 3),
    "many prints": ("print 'a'\n" * 500 + "model.fit(x)\n", 1),
}


@pytest.mark.parametrize(("text", "row"), BROKEN.values(), ids=BROKEN)
def test_the_rest_of_a_broken_script_is_analysed(text: str, row: int) -> None:
    source = script(text)
    (problem,) = source.problems
    assert problem.code == "BCE900"
    assert problem.place.row == row
    assert not source.fixable
    place = calls(source)["model.fit"]
    assert source.segment(place) == "model.fit(x)"


def test_a_broken_assignment_does_not_leave_the_old_value() -> None:
    tree = script("model = build()\nmodel = # TODO\ndef loss(y, (a, b)):\n    return 1\n").tree
    assert tree is not None
    assert [ast.unparse(node) for node in tree.body] == ["model = build()", "model = ...", "loss = ..."]


def test_a_broken_condition_keeps_its_block() -> None:
    source = script("if x = 1:\n    model.fit(x)\nelif y == :\n    pass\nelse:\n    model.add(y)\n")
    assert set(calls(source)) == {"model.fit", "model.add"}


@pytest.mark.parametrize(
    "text",
    [
        "name = f'{config['name']}' + str(1)\nfit(x)\n",
        "name = f'''{\n    config['''name''']\n}'''; fit(x)\n",
        "type Batch = tuple[int, int]\nfit(x)\n",
        "def first[T](items: list[T]) -> T:\n    return fit(x)\n",
        "try:\n    fit(x)\nexcept* ValueError as group:\n    pass\n",
        "try:\n    fit(x)\nexcept ValueError, TypeError:\n    pass\n",
    ],
)
def test_newer_syntax_is_no_error(text: str) -> None:
    source = script(text)
    assert not source.problems
    assert source.fixable
    assert source.segment(calls(source)["fit"]) == "fit(x)"


DEEP = {
    "parentheses": "x = " + "(" * 3000 + "1" + ")" * 3000,
    "lists": "x = " + "[" * 3000 + "]" * 3000,
    "open brackets": "(" * 10_000,
    "rows of open brackets": "f(\n" * 3000,
    "a sum": "x = " + "1 + " * 50_000 + "1",
    "a chain": "x = a" + ".b()" * 20_000,
    "a negation": "x = " + "-" * 20_000 + "1",
    "branches": "if x:\n    pass\n" + "elif x:\n    pass\n" * 5_000,
    "blocks": "".join(" " * i + "if x:\n" for i in range(300)),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_nesting_neither_kills_nor_hangs(text: str) -> None:
    source = on_a_big_stack(lambda: script(text + "\nfit(x)\n"))
    assert source.tree is not None or source.problems


def _any_python() -> st.SearchStrategy[str]:
    pieces = (
        "if x:|    |\t|print 'a'|f(|)|[|]|'''|\"|\\|\n|\r\n|\r|é|x = |= # TODO|!ls|%x|?|#|:|def f(a):|\0|\x0c|;|else:"
    )
    return st.lists(st.sampled_from(pieces.split("|")), max_size=40).map("".join)


@given(st.binary(max_size=200) | _any_python().map(str.encode))
@example(b"\\\n")
def test_reading_never_fails(data: bytes) -> None:
    source = read("x.py", data)
    assert source.apply([]) == data
    assert source.text.count("\n") == source.parsed.count("\n") or "\r" in source.text or not source.parsed
    for node in ast.walk(source.tree) if source.tree else ():
        if isinstance(node, ast.expr):
            source.place(node)
