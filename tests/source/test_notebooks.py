"""Reading notebooks, and writing into their JSON."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bcelint.findings import Edit
from bcelint.places import Place
from bcelint.source import Position, Source, apply_to_text, read


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source, **more}


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def notebook(*cells: Any, **metadata: Any) -> Source:
    document = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return read("train.ipynb", json.dumps(document, indent=1, ensure_ascii=False).encode())


def module(source: Source) -> list[str]:
    assert source.tree is not None
    return [ast.unparse(node) for node in source.tree.body if not isinstance(node, ast.Pass)]


def test_cells_are_one_module() -> None:
    source = notebook(
        markdown("# Training"),
        code(["import keras\n", "model = keras.Sequential()"]),
        markdown("Now"),
        code("model.compile()\n"),
        code([]),
        code("model.fit()"),
    )
    assert source.text == "import keras\nmodel = keras.Sequential()\nmodel.compile()\n\nmodel.fit()\n"
    assert not source.problems
    assert [source.position(row, 3) for row in (1, 2, 3, 5)] == [
        Position(2, 1, 3),
        Position(2, 2, 3),
        Position(4, 1, 3),
        Position(6, 1, 3),
    ]


def test_format_3() -> None:
    cells = [{"cell_type": "code", "input": ["x = 1\n", "y = 2"], "language": "python", "outputs": []}]
    document = {"nbformat": 3, "worksheets": [{"cells": [markdown("a")]}, {"cells": cells}], "metadata": {}}
    source = read("old.ipynb", json.dumps(document).encode())
    assert module(source) == ["x = 1", "y = 2"]
    assert source.position(2, 1) == Position(2, 2, 1)
    edited = json.loads(source.apply([Edit(Place(2, 5, 2, 6), "3")]))
    assert edited["worksheets"][1]["cells"][0]["input"] == ["x = 1\n", "y = 3"]


MAGICS = {
    "line magic": ("%matplotlib inline\nx = 1", ["x = 1"]),
    "shell": ("!pip install -q keras  # it's (\nx = 1", ["x = 1"]),
    "continued shell": ("!pip install \\\n    keras \\\n    tensorflow\nx = 1", ["x = 1"]),
    "help": ("?model\nmodel??\nmodel.fit?\nx = 1", ["x = 1"]),
    "timed statement": ("%time h = model.fit(x)\ny = 1", ["if 1:\n    h = model.fit(x)", "y = 1"]),
    "timed with options": ("%timeit -n 1 -r 2 f(x)", ["if 1:\n    f(x)"]),
    "timed cell": ("%%time\nx = 1", ["x = 1"]),
    "two cell magics": ("# a\n\n%%capture out\n%%time\nx = 1", ["x = 1"]),
    "shell cell": ("%%bash\nif [ -f x ]; then ls; fi", []),
    "file cell": ("%%writefile model.py\nx = 1", []),
    "unknown cell magic": ("%%sql\nselect 1", []),
    "single percent": ("%bash\necho $X", []),
    "assigned shell": ("files = !ls *.h5\nx = files", ["files = ...", "x = files"]),
    "assigned magic": ("took = %timeit -o f()\nx = 1", ["took = ...", "x = 1"]),
    "in a block": ("if x:\n    !ls\n    %time\ny = 1", ["if x:\n    pass\n    pass", "y = 1"]),
    "modulo": ("x = (a\n     % b)\ny = 'a\\\n% b'", ["x = a % b", "y = 'a% b'"]),
    "in a string": ('x = """\n%magic\n!ls\nwhat?\n"""', ["x = '\\n%magic\\n!ls\\nwhat?\\n'"]),
    "format": ("x = '%d?' % (\n  1,)\nx %= 2\nassert x != 1", ["x = '%d?' % (1,)", "x %= 2", "assert x != 1"]),
    "automagic": ("pip install keras\ncd data\nx = 1", ["x = 1"]),
    "get_ipython": ("get_ipython().system('ls')", ["get_ipython().system('ls')"]),
    "await": ("await f()\nasync with a as b: pass", ["await f()", "async with a as b:\n    pass"]),
    "indented": ("\n  x = 1\n  if x:\n    y = 2\n", ["x = 1", "if x:\n    y = 2"]),
}


@pytest.mark.parametrize(("text", "statements"), MAGICS.values(), ids=MAGICS)
def test_magics(text: str, statements: list[str]) -> None:
    source = notebook(code(text), code("fit()"))
    assert not source.problems
    assert module(source) == [*statements, "fit()"]
    assert source.tree is not None
    last = source.place(source.tree.body[-1])
    assert source.segment(last) == "fit()"
    assert source.position(last.row, last.column) == Position(2, 1, 1)


def test_places_in_an_indented_cell() -> None:
    source = notebook(code("a = 1"), code("  model = build()"))
    assert source.tree is not None
    assert source.segment(source.place(source.tree.body[1])) == "model = build()"


BROKEN_CELLS = {
    "a print": ("print 'a'\nx = 1", 1, ["a = 1", "x = 1", "b = 2"]),
    "an exercise": ("y = 1\nx = # your code", 2, ["a = 1", "y = 1", "x = ...", "b = 2"]),
    "open at the end": ("y = 1\nx = (", 2, ["a = 1", "y = 1", "x = ...", "b = 2"]),
    "continued into the next cell": ("x = 1 + \\", 1, ["a = 1", "x = ...", "b = 2"]),
}


@pytest.mark.parametrize(("text", "row", "statements"), BROKEN_CELLS.values(), ids=BROKEN_CELLS)
def test_a_broken_cell_costs_only_itself(text: str, row: int, statements: list[str]) -> None:
    source = notebook(code("a = 1"), markdown(""), code(text), code("b = 2"))
    (problem,) = source.problems
    assert problem.code == "BCE900"
    assert source.position(problem.place.row, 1) == Position(3, row, 1)
    assert module(source) == statements
    assert source.fixable


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b"null", b'{"cells": 1}', b'{"cells": \xff}', b"[" * 100_000, b"1" * 5000, b'{"a": 1}'],
)
def test_what_is_no_notebook(data: bytes) -> None:
    source = read("x.ipynb", data)
    (problem,) = source.problems
    assert problem.code == "BCE902"
    assert source.tree is None
    assert source.apply([]) == data


def test_odd_cells_are_left_out() -> None:
    source = notebook(None, 3, code([1]), {"cell_type": "code"}, code("x = 1"))
    assert module(source) == ["x = 1"]
    assert source.position(1, 1).cell == 5


@pytest.mark.parametrize(
    "metadata", [{"kernelspec": {"language": "R"}}, {"language_info": {"name": "julia"}, "kernelspec": {}}]
)
def test_other_languages_are_no_problem(metadata: dict[str, Any]) -> None:
    source = notebook(code("x <- 1"), **metadata)
    assert not source.problems
    assert module(source) == []


def test_a_lone_surrogate() -> None:
    data = json.dumps({"cells": [code("x = '\ud800'; fit()")]}).encode()
    source = read("x.ipynb", data)
    assert source.tree is not None
    assert source.segment(source.place(source.tree.body[1])) == "fit()"
    assert b"\\ud800" in source.apply([Edit(Place(1, 10, 1, 13), "run")])


# --- writing ---------------------------------------------------------------------------------------------------------

COLAB = (
    '{"nbformat":4,"metadata":{"colab":{"name":"\\u003ctrain\\u003e"}},\r\n\t"cells" : [\n'
    '{"source":["# caf\\u00e9\\n", "x = 1\\n",\n "y = \\"2\\""],"outputs":[{"text":"\\/ 1.0e-07 \\u00e9"}],'
    '"cell_type":"code" } , {"cell_type":"code","source":"a = \\u003c1\\nb = 2"}]}\n\n'
)


def test_only_the_edited_line_changes() -> None:
    source = read("x.ipynb", COLAB.encode())
    assert source.apply([Edit(Place(2, 5, 2, 6), "[2]")]) == COLAB.replace("x = 1", "x = [2]").encode()
    assert source.apply([Edit(Place(5, 5, 5, 6), "3")]) == COLAB.replace("b = 2", "b = 3").encode()
    assert source.apply([Edit(Place(3, 5, 3, 8), "'é'")]) == COLAB.replace('\\"2\\"', "'\\u00e9'").encode()


def test_lines_are_added_and_removed_as_strings_of_the_list() -> None:
    source = read("x.ipynb", COLAB.encode())
    inserted = source.apply([Edit(Place(1, 7, 1, 7), "\nimport keras")])
    assert inserted == COLAB.replace('caf\\u00e9\\n", ', 'caf\\u00e9\\n", "import keras\\n", ').encode()
    assert (
        source.apply([Edit(Place(2, 1, 3, 1), "")])
        == COLAB.replace('"x = 1\\n",\n ', "").replace('e9\\n", "y', 'e9\\n", "y').encode()
    )


def test_removing_the_last_line_leaves_no_empty_one() -> None:
    source = notebook(code(["a = 1\n", "b = 2"]), code("c = 3\nd = 4"))
    document = json.loads(source.apply([Edit(Place(2, 1, 3, 1), ""), Edit(Place(4, 1, 5, 1), "")]))
    assert [cell["source"] for cell in document["cells"]] == [["a = 1"], "c = 3"]


def test_a_byte_order_mark_stays() -> None:
    data = b"\xef\xbb\xbf" + json.dumps({"cells": [code("x = 1")]}).encode()
    assert read("x.ipynb", data).apply([Edit(Place(1, 5, 1, 6), "2")]) == data.replace(b"x = 1", b"x = 2")


LINES = st.lists(st.text(st.sampled_from('ab ="\\é\n\t/😀'), max_size=6), max_size=5)
SOURCES = st.lists(LINES.map("".join) | LINES, min_size=1, max_size=4)


@given(SOURCES, st.booleans(), st.sampled_from([None, 1, "\t"]), st.data())
def test_any_edit_leaves_the_other_bytes(sources: list[Any], ascii: bool, indent: Any, data: st.DataObject) -> None:
    cells = [code(text, outputs=[{"text": "é", "n": 1e-07}]) for text in sources]
    raw = json.dumps({"cells": cells, "metadata": {"é": 1.50}}, ensure_ascii=ascii, indent=indent).encode()
    source = read("x.ipynb", raw)
    rows = source.text.split("\n")[:-1]
    row = data.draw(st.integers(1, len(rows)))
    start = data.draw(st.integers(1, len(rows[row - 1]) + 1))
    end = data.draw(st.integers(start, len(rows[row - 1]) + 1))
    edit = Edit(Place(row, start, row, end), data.draw(st.sampled_from(["", "x", '"é"', "\ny", "\\"])))
    # A last row that is emptied is no row of its cell any more.
    assume(edit.content or end - start < len(rows[row - 1]))
    edited = source.apply([edit])
    assert read("x.ipynb", edited).text == apply_to_text(source.text, [edit])
    cell = source.position(row, 1).cell
    assert cell is not None
    before, after = json.loads(raw), json.loads(edited)
    assert type(before["cells"][cell - 1]["source"]) is type(after["cells"][cell - 1]["source"])
    before["cells"][cell - 1]["source"] = after["cells"][cell - 1]["source"] = None
    assert before == after


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cells", "source", "cell_type", "metadata", "kernelspec"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(json_values | st.lists(json_values.map(code), max_size=3).map(lambda cells: {"cells": cells}))
def test_reading_never_fails(document: Any) -> None:
    data = json.dumps(document).encode()
    source = read("x.ipynb", data)
    assert source.apply([]) == data
