"""What a plan does to the text around it."""

from __future__ import annotations

import ast
import json
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelint.findings import (
    Applicability,
    Edit,
    FixPlan,
    InsertBefore,
    RemoveArgument,
    RemoveStatementOrElement,
    Replace,
    ReplaceByApi,
    SetArgument,
    Swap,
    Wrap,
)
from bcelint.fixing.edits import to_edits
from bcelint.fixing.overlap import overlap
from bcelint.places import Place
from bcelint.source import Source, read

from .support import call, changed, place, plan, script, value

REMOVED = [
    ("loss = BCE(from_logits=True)", "loss = BCE()"),
    ("loss = BCE( from_logits=True, )", "loss = BCE()"),
    ("loss = BCE(from_logits=True, axis=-1)", "loss = BCE(axis=-1)"),
    ("loss = BCE(axis=-1, from_logits=(True))", "loss = BCE(axis=-1)"),
    ("loss = BCE(axis=-1, from_logits=True,)", "loss = BCE(axis=-1,)"),
    ("loss = BCE(axis=-1, from_logits = True , name='b')", "loss = BCE(axis=-1, name='b')"),
    ("loss = BCE(*args, from_logits=True, **more)", "loss = BCE(*args, **more)"),
    ("loss = BCE(\n    from_logits=True,  # raw\n)", "loss = BCE()"),
    ("loss = BCE(\n    from_logits=True,  # raw\n    axis=-1,  # last\n)", "loss = BCE(\n    axis=-1,  # last\n)"),
    ("loss = BCE(\n    axis=-1,  # last\n    from_logits=True,  # raw\n)", "loss = BCE(\n    axis=-1,  # last\n)"),
    ("loss = BCE(\n    axis=-1,  # last\n    from_logits=True  # raw\n)", "loss = BCE(\n    axis=-1  # last\n)"),
    (
        "loss = BCE(\n    axis=-1,\n    # by name\n    from_logits=True,\n)",
        "loss = BCE(\n    axis=-1,\n    # by name\n)",
    ),
    ("loss = BCE(\n    from_logits=True,\n    # last\n    axis=-1,\n)", "loss = BCE(\n    # last\n    axis=-1,\n)"),
    ("loss = BCE(from_logits=True,\n           axis=-1)", "loss = BCE(axis=-1)"),
    ("loss = BCE(axis=-1,\n           from_logits=True)", "loss = BCE(axis=-1)"),
    ("loss = BCE(axis=-1,  # last\n           from_logits=True)", "loss = BCE(axis=-1  # last\n           )"),
    ("loss = BCE(axis=-1, from_logits=True,  # raw\n  name='b')", "loss = BCE(axis=-1,  # raw\n  name='b')"),
    ("loss = BCE(from_logits=True,  # raw\n  # last\n  axis=-1)", "loss = BCE(  # raw\n  # last\n  axis=-1)"),
    ("loss = BCE(\n  axis=-1, from_logits=True,\n  name='b')", "loss = BCE(\n  axis=-1,\n  name='b')"),
    ("loss = BCE(\n  from_logits=f(\n    1,\n  ),\n  axis=-1)", "loss = BCE(\n  axis=-1)"),
    ("loss = (BCE) \\\n  (from_logits=True)", "loss = (BCE) \\\n  ()"),
    ("loss = BCE(axis=-1 \\\n  , from_logits=True)", "loss = BCE(axis=-1)"),
    ("größe = 'é', BCE(from_logits=True)", "größe = 'é', BCE()"),
]


@pytest.mark.parametrize(("before", "after"), REMOVED)
def test_remove_keyword(before: str, after: str) -> None:
    source = script(before + "\n")
    change = RemoveArgument(place(source, "BCE"), value(source, "BCE", "from_logits"))
    assert changed(source, change) == after + "\n"


def test_remove_the_last_positional_argument_only() -> None:
    source = script("Dense(1, 'sigmoid')\n")
    assert changed(source, RemoveArgument(place(source, "Dense"), value(source, "Dense", 1))) == "Dense(1)\n"
    assert changed(source, RemoveArgument(place(source, "Dense"), value(source, "Dense", 0))) is None


def test_remove_from_a_layer_that_is_called() -> None:
    source = script("x = Dense(1, activation='sigmoid')(x)\n")
    change = RemoveArgument(place(source, "Dense"), value(source, "Dense", "activation"))
    assert changed(source, change) == "x = Dense(1)(x)\n"


SET = [
    ("BCE()", "BCE(from_logits=True)"),
    ("BCE( )", "BCE(from_logits=True)"),
    ("BCE(axis=-1)", "BCE(axis=-1, from_logits=True)"),
    ("BCE(axis=-1,)", "BCE(axis=-1, from_logits=True,)"),
    ("BCE(from_logits=(False), axis=-1)", "BCE(from_logits=True, axis=-1)"),
    ("BCE(from_logits = # no\n  False)", "BCE(from_logits = # no\n  True)"),
    ("BCE(\n    axis=-1,  # last\n)", "BCE(\n    axis=-1,  # last\n    from_logits=True,\n)"),
    ("BCE(\n    axis=-1  # last\n)", "BCE(\n    axis=-1,  # last\n    from_logits=True\n)"),
    ("BCE(\n    axis=-1\n)", "BCE(\n    axis=-1,\n    from_logits=True\n)"),
    ("BCE(axis=-1,\n    name='b')", "BCE(axis=-1,\n    name='b',\n    from_logits=True)"),
    ("BCE(axis=-1, name='b',\n    dtype='f')", "BCE(axis=-1, name='b',\n    dtype='f', from_logits=True)"),
    ("BCE(\n    axis=-1, name='b',\n)", "BCE(\n    axis=-1, name='b', from_logits=True,\n)"),
    ("BCE(*args)", "BCE(*args, from_logits=True)"),
    ("BCE(**more)", None),
    ("BCE(x for x in y)", None),
    ("BCE((x for x in y))", "BCE((x for x in y), from_logits=True)"),
    ("BCE(from_logits=True)", None),
]


@pytest.mark.parametrize(("before", "after"), SET)
def test_set_argument(before: str, after: str | None) -> None:
    source = script(before + "\n")
    result = changed(source, SetArgument(place(source, "BCE"), "from_logits", "True"))
    assert result == (None if after is None else after + "\n")


ELEMENTS = [
    ("model.add(Dense(1))\nmodel.add(Dropout(0.5))  # regularise\nfit()\n", "model.add(Dense(1))\nfit()\n"),
    ("m = S([\n    Dense(1),\n    Dropout(0.5),  # a\n    Act(),\n])\n", "m = S([\n    Dense(1),\n    Act(),\n])\n"),
    ("m = S([Dense(1), Dropout(0.5)])\n", "m = S([Dense(1)])\n"),
    ("m = S([Dropout(0.5)])\n", "m = S([])\n"),
    ("x = Dropout(0.5)(x)\ny = x\n", "y = x\n"),
    ("x = Dropout(0.5)(x, training=True)\n", None),
    ("y = Dropout(0.5)(x)\n", "y = x\n"),
    ("x = Dense(1)(Dropout(0.5)(x))\n", "x = Dense(1)(x)\n"),
    ("if drop:\n    model.add(Dropout(0.5))\n", "if drop:\n    pass\n"),
    ("if drop: model.add(Dropout(0.5))\n", "if drop: pass\n"),
    ("model.add(Dropout(0.5)); fit()\n", None),
    ("show(Dropout(0.5))\n", None),
    ("fit()\nx = Dropout(0.5)(x)", "fit()\n"),
]


@pytest.mark.parametrize(("before", "after"), ELEMENTS)
def test_remove_a_layer(before: str, after: str | None) -> None:
    source = script(before)
    assert changed(source, RemoveStatementOrElement(place(source, "Dropout"))) == after


def test_remove_by_the_place_of_the_statement() -> None:
    source = script("x = Dropout(0.5)(x)\nmodel.add(Dropout(1))\n")
    assert source.tree is not None
    whole = [source.place(node.value) for node in source.tree.body if isinstance(node, (ast.Assign, ast.Expr))]
    assert changed(source, *map(RemoveStatementOrElement, whole)) == ""


API = [
    ("import tensorflow as tf\n", "tf.keras.losses.BinaryCrossentropy()"),
    ("import tensorflow\n", "tensorflow.keras.losses.BinaryCrossentropy()"),
    ("from tensorflow import keras\n", "keras.losses.BinaryCrossentropy()"),
    ("import keras.layers\n", "keras.losses.BinaryCrossentropy()"),
    ("import tensorflow.keras as K\n", "K.losses.BinaryCrossentropy()"),
    ("from keras import losses\n", "losses.BinaryCrossentropy()"),
    ("import keras.losses as L\n", "L.BinaryCrossentropy()"),
    ("from keras.losses import BinaryCrossentropy as BCE\n", "BCE()"),
    ("from keras.losses import *\n", "BinaryCrossentropy()"),
    ("import keras\nfrom keras.losses import BinaryCrossentropy\n", "BinaryCrossentropy()"),
    ("import keras\ndef losses(): pass\n", "keras.losses.BinaryCrossentropy()"),
    (
        "try:\n    from tensorflow import keras\nexcept ImportError:\n    import keras\n",
        "keras.losses.BinaryCrossentropy()",
    ),
]


@pytest.mark.parametrize(("imports", "spelling"), API)
def test_api_names_are_spelled_as_the_file_does(imports: str, spelling: str) -> None:
    source = script(imports + "old('mse')\n")
    change = ReplaceByApi(place(source, "old"), "keras.losses.BinaryCrossentropy")
    assert changed(source, change) == f"{imports}{spelling}\n"


IMPORTED = [
    (
        "from tensorflow.keras.layers import Dense  # l\nimport os\nold()\n",
        "from tensorflow.keras.layers import Dense  # l\nfrom tensorflow.keras.losses import BCE\nimport os\nBCE()\n",
    ),
    ("from tf_keras.losses import (\n    MSE,\n)\nold()\n", "from tf_keras.losses import (\n    MSE, BCE,\n)\nBCE()\n"),
    (
        "def f():\n    from keras.layers import Dense\n    old()\n",
        "def f():\n    from keras.layers import Dense\n    from keras.losses import BCE\n    BCE()\n",
    ),
    (
        "# licence\n'''doc'''\nfrom __future__ import annotations\nimport os\nold()\n",
        "# licence\n'''doc'''\nfrom __future__ import annotations\nfrom keras.losses import BCE\nimport os\nBCE()\n",
    ),
    ("old()\nimport keras\n", "from keras.losses import BCE\nBCE()\nimport keras\n"),
    (
        "from keras.layers import Dense\nBCE = 1\nold()\n",
        "from keras.layers import Dense\nfrom keras import losses\nBCE = 1\nlosses.BCE()\n",
    ),
    ("from keras.layers import Dense\nBCE = losses = 1\nold()\n", None),
    ("import keras\nkeras = 1\nlosses = BCE = 2\nold()\n", None),
]


@pytest.mark.parametrize(("before", "after"), IMPORTED)
def test_an_import_is_added_beside_those_of_keras(before: str, after: str | None) -> None:
    source = script(before)
    assert changed(source, ReplaceByApi(place(source, "old"), "keras.losses.BCE")) == after


def test_the_spelling_that_stands_there_is_kept() -> None:
    source = script("import keras\nimport tensorflow as tf\ntf.keras.losses.MSE()\n")
    result = changed(source, ReplaceByApi(place(source, "MSE"), "keras.losses.BCE", "True"))
    assert result == "import keras\nimport tensorflow as tf\ntf.keras.losses.BCE(True)\n"


def test_a_bare_name_and_a_name_that_is_not_keras() -> None:
    source = script("import numpy as np\nlog(x)\n")
    function = source.place(call(source, "log").func)
    assert changed(source, ReplaceByApi(function, "numpy.log1p", None)) == "import numpy as np\nnp.log1p(x)\n"
    assert changed(source, ReplaceByApi(function, "tensorflow.math.log", None)) is None


def test_words_are_quoted_as_in_the_file() -> None:
    source = script("model.add(Dense(1, activation='relu'))\nmodel.compile(loss='mse')\n")
    assert changed(source, SetArgument(place(source, "Dense"), "activation", '"sigmoid"')) == source.text.replace(
        "relu", "sigmoid"
    )
    assert '"sigmoid"' in str(changed(script('f("a", "b")\nf(\'c\')\n'), Replace(Place(1, 3, 1, 6), '"sigmoid"')))


def test_swapped_arguments() -> None:
    source = script("loss = BCE()(model(x), y_true)\n")
    model, labels = value(source, "BCE()", 0), value(source, "BCE()", 1)
    assert changed(source, Swap(model, labels)) == "loss = BCE()(y_true, model(x))\n"


def statement(source: Source, name: str) -> Place:
    """The place of the innermost statement with the first call whose spelling ends in ``name``."""
    assert source.tree is not None
    node = call(source, name)
    around = [s for s in ast.walk(source.tree) if isinstance(s, ast.stmt) and any(c is node for c in ast.walk(s))]
    return source.place(around[-1])


WRAPPED = [
    ("y = log(p)", ("tf.maximum(", ", 1e-7)"), "y = log(tf.maximum(p, 1e-7))"),
    ("y = log(1 - p)", ("", " + 1e-7"), "y = log(1 - p + 1e-7)"),
    ("y = log(1 - p)", ("-(", ")"), "y = log(-(1 - p))"),
    ("y = log((1 - p))", ("f(", ")"), "y = log((f(1 - p)))"),
    ("y = log(\n    1 - p,  # q\n)", ("f(", ")"), "y = log(\n    f(1 - p),  # q\n)"),
    ("y = log(1\n        - p)", ("f(", ", 1)"), "y = log(f(1\n        - p, 1))"),
    ("größe = é + log(p)", ("f(", ")"), "größe = é + log(f(p))"),
    ("y = f(log(p), log(p))", ("g(", ")"), "y = f(log(g(p)), log(p))"),
    # the whole has to stay Python
    ("y = log(p)", ("f(", ""), None),
    ("y = log(p)", ("f)", "("), None),
    # nothing to put there
    ("y = log(p)", ("", ""), None),
]


@pytest.mark.parametrize(("before", "around", "after"), WRAPPED)
def test_wrap(before: str, around: tuple[str, str], after: str | None) -> None:
    source = script(before + "\n")
    result = changed(source, Wrap(value(source, "log", 0), *around))
    assert result == (None if after is None else after + "\n")


def test_wrap_only_behind() -> None:
    source = script("model.compile('adam', loss=losses.focal)  # not called\n")
    factory = value(source, "compile", "loss")
    assert changed(source, Wrap(factory, "", "()")) == source.text.replace("focal", "focal()")


def test_wrap_and_other_changes_of_a_plan() -> None:
    source = script("y = a / b + 1e-7\n")
    wrap, cut = Wrap(Place(1, 9, 1, 10), "(", " + 1e-7)"), Replace(Place(1, 10, 1, 17), "")
    assert changed(source, wrap, cut) == "y = a / (b + 1e-7)\n"
    assert changed(source, wrap, Wrap(Place(1, 5, 1, 6), "f(", ")"), cut) == "y = f(a) / (b + 1e-7)\n"
    assert changed(source, wrap, wrap, cut) == "y = a / (b + 1e-7)\n", "the same change, said twice"
    # two texts for one place: which comes first is not said
    assert changed(source, wrap, Wrap(Place(1, 9, 1, 10), "[", "]")) is None


def test_wrap_in_the_rows_of_windows() -> None:
    source = read("train.py", b"def f(p):\r\n    return log(1\r\n               - p)\r\n")
    result = to_edits(source, plan(Wrap(value(source, "log", 0), "g(", ", 1)")))
    assert result is not None
    assert source.apply(result.edits) == b"def f(p):\r\n    return log(g(1\r\n               - p, 1))\r\n"


INSERTED = [
    ("y = log(p)\n", "p = clip(p)\ny = log(p)\n"),
    ("y = log(p)", "p = clip(p)\ny = log(p)"),
    ("def f(p):\n    return log(p)\n", "def f(p):\n    p = clip(p)\n    return log(p)\n"),
    ("def f(p):\n\treturn log(p)\n", "def f(p):\n\tp = clip(p)\n\treturn log(p)\n"),
    ("def f(p):\n\tif p:\n\t\treturn log(p)\n", "def f(p):\n\tif p:\n\t\tp = clip(p)\n\t\treturn log(p)\n"),
    ("if p:\n  if q:\n      y = log(p)\n", "if p:\n  if q:\n      p = clip(p)\n      y = log(p)\n"),
    (
        "class A:\n  def f(self, p):\n    'doc'\n    # the loss\n    return log(p)  # of p\n",
        "class A:\n  def f(self, p):\n    'doc'\n    # the loss\n    p = clip(p)\n    return log(p)  # of p\n",
    ),
    (
        "def f(p):\n    y = 1\n\n    return log(\n        p\n    )\n",
        "def f(p):\n    y = 1\n\n    p = clip(p)\n    return log(\n        p\n    )\n",
    ),
    (
        'def f(p):\n    text = """\nlog(p)\n"""\n    return log(p)\n',
        'def f(p):\n    text = """\nlog(p)\n"""\n    p = clip(p)\n    return log(p)\n',
    ),
    (
        "try:\n    pass\nfinally:\n    y = log(p)\n",
        "try:\n    pass\nfinally:\n    p = clip(p)\n    y = log(p)\n",
    ),
    ("with tape:\n    y = log(p); z = 1\n", "with tape:\n    p = clip(p)\n    y = log(p); z = 1\n"),
    ("y = 0 \\\n    + log(p)\n", "p = clip(p)\ny = 0 \\\n    + log(p)\n"),
    ("if p: pass\nelif log(p): pass\n", None),
    # something else stands before it on its row
    ("def f(p): return log(p)\n", None),
    ("def f(p): y = 1; return log(p)\n", None),
    ("y = 1; y = log(p)\n", None),
    ("def f(p):\n    y = 1; return log(p)\n", None),
    ("if p: y = log(p)\n", None),
    ("if p:\n    pass\nelse: y = log(p)\n", None),
    ("with tape: y = log(p)\n", None),
    ("class A: y = log(p)\n", None),
]


@pytest.mark.parametrize(("before", "after"), INSERTED)
def test_insert_before_a_statement(before: str, after: str | None) -> None:
    source = script(before)
    assert changed(source, InsertBefore(statement(source, "log"), "p = clip(p)")) == after


def test_insert_below_decorators() -> None:
    text = "@register(name='bce')\n@tf.function\ndef f(p):\n    return log(p)\n"
    source = script(text)
    inserted = InsertBefore(statement(source, "log"), "p = clip(p)")
    assert changed(source, inserted) == text.replace("    return", "    p = clip(p)\n    return")


def test_nothing_goes_between_a_decorator_and_its_function() -> None:
    source = script("@tf.function\ndef f(p):\n    return log(p)\n")
    assert changed(source, InsertBefore(Place(2, 1, 3, 18), "EPS = 1e-7")) is None


def test_insert_in_the_rows_of_windows() -> None:
    source = read("train.py", b"def f(p):\r\n\treturn log(p)\r\n")
    result = to_edits(source, plan(InsertBefore(statement(source, "log"), "p = clip(p)")))
    assert result is not None
    assert source.apply(result.edits) == b"def f(p):\r\n\tp = clip(p)\r\n\treturn log(p)\r\n"


def test_insert_in_a_file_with_a_mark_and_letters_of_many_bytes() -> None:
    text = "def f(p):\n    größe = 'é'; y = 1\n    return log(p)\n"
    source = read("train.py", b"\xef\xbb\xbf" + text.encode())
    result = to_edits(source, plan(InsertBefore(statement(source, "log"), "p = clip(p)")))
    assert result is not None
    wanted = text.replace("    return", "    p = clip(p)\n    return")
    assert source.apply(result.edits) == b"\xef\xbb\xbf" + wanted.encode()


def test_one_statement_for_two_logs() -> None:
    source = script("def f(y, p):\n    a = y * log(p)\n    return a + (1 - y) * log(1 - p)\n")
    inserted = InsertBefore(statement(source, "log"), "p = clip(p)")
    once = changed(source, inserted)
    assert once == "def f(y, p):\n    p = clip(p)\n    a = y * log(p)\n    return a + (1 - y) * log(1 - p)\n"
    assert changed(source, inserted, inserted) == once
    assert changed(source, inserted, InsertBefore(statement(source, "log"), "p = other(p)")) is None


def test_insert_what_is_no_python() -> None:
    source = script("def f(p):\n    return log(p)\n")
    assert changed(source, InsertBefore(statement(source, "log"), "p = clip(p")) is None


@pytest.mark.parametrize(
    ("cell", "after"),
    [
        ("%%time\ndef f(p):\n    return log(p)", "%%time\ndef f(p):\n    p = clip(p)\n    return log(p)"),
        ("!ls\ny = log(p)", "!ls\np = clip(p)\ny = log(p)"),
        ("y = log(p)", "p = clip(p)\ny = log(p)"),
        ("def f(p): return log(p)", None),
    ],
)
def test_insert_in_a_notebook(cell: str, after: str | None) -> None:
    cells = [{"cell_type": "code", "source": text, "outputs": []} for text in ("p = 1", cell, "show(y)")]
    source = read("train.ipynb", json.dumps({"cells": cells}).encode())
    result = to_edits(source, plan(InsertBefore(statement(source, "log"), "p = clip(p)")))
    assert (result is None) is (after is None)
    if result is not None:
        edited = [each["source"] for each in json.loads(source.apply(result.edits))["cells"]]
        assert edited == ["p = 1", after, "show(y)"]


def test_wrap_in_a_notebook() -> None:
    sources = [["import tensorflow as tf\n", "%matplotlib inline"], ["y = log(\n", "    1 - p\n", ")"]]
    cells = [{"cell_type": "code", "source": text, "outputs": []} for text in sources]
    source = read("train.ipynb", json.dumps({"cells": cells}).encode())
    result = to_edits(source, plan(Wrap(value(source, "log", 0), "f(", ", 1)")))
    assert result is not None
    edited = ["".join(cell["source"]) for cell in json.loads(source.apply(result.edits))["cells"]]
    assert edited == ["".join(sources[0]), "y = log(\n    f(1 - p, 1)\n)"]


def test_a_plan_is_carried_out_whole_or_not_at_all() -> None:
    source = script("loss = BCE(from_logits=True)\n")
    remove = RemoveArgument(place(source, "BCE"), value(source, "BCE", "from_logits"))
    assert changed(source, remove, Replace(Place(1, 1, 1, 5), "bce")) == "bce = BCE()\n"
    assert changed(source, remove, SetArgument(Place(9, 9, 9, 9), "a", "1")) is None
    assert changed(source, remove, Replace(value(source, "BCE", "from_logits"), "False")) is None
    assert changed(source, Replace(Place(1, 1, 1, 5), "lo ss")) is None
    assert to_edits(source, plan()) is None


def test_code_that_is_nested_too_deeply_is_left_alone() -> None:
    source = script("x = BCE(" + "-" * 300 + "1)\n")
    assert changed(source, SetArgument(place(source, "BCE"), "a", "1")) is None


def test_the_import_goes_into_the_cell_of_the_keras_import() -> None:
    sources = ["%%time\nfrom keras.layers import Dense", "!ls\nmodel.compile(loss=old())"]
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    source = read("train.ipynb", json.dumps({"cells": cells}).encode())
    fix = to_edits(source, plan(ReplaceByApi(place(source, "old"), "keras.losses.BCE")))
    assert fix is not None
    edited = [cell["source"] for cell in json.loads(source.apply(fix.edits))["cells"]]
    assert edited == [sources[0] + "\nfrom keras.losses import BCE", sources[1].replace("old", "BCE")]


def test_overlap() -> None:
    insertion, replacement = Edit(Place(1, 5, 1, 5), "a"), Edit(Place(1, 5, 1, 9), "b")
    assert not overlap(insertion, replacement)
    assert not overlap(replacement, Edit(Place(1, 9, 2, 1), ""))
    assert overlap(insertion, Edit(Place(1, 5, 1, 5), "c"))
    assert overlap(replacement, Edit(Place(1, 8, 1, 8), ""))


arguments = st.sampled_from(["x", "(y)", "*z", "a=1", "b=(2, 3)", "c=f(\n        4,\n    )", "d='#,'", "**k"])
gaps = st.sampled_from(["", " ", "\n    ", "  # note, (\n    ", " \\\n  "])


@given(st.lists(st.tuples(gaps, arguments, gaps), min_size=1, max_size=5), st.booleans(), gaps, st.data())
def test_removing_any_argument_leaves_the_others(
    parts: list[tuple[str, str, str]], comma: bool, last_gap: str, data: st.DataObject
) -> None:
    text = "call(" + ",".join(map("".join, parts)) + ("," if comma else "") + last_gap + ")"
    try:
        tree = ast.parse(f"if True:\n    {text}\n    after\n")
        compile(tree, "x", "exec")
    except SyntaxError:
        return
    source = script(f"if True:\n    {text}\n    after\n")
    node = call(source, "call")
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    index = data.draw(st.integers(0, len(values) - 1))
    change = RemoveArgument(source.place(node), source.place(values[index]))
    result = changed(source, change)
    if result is None:
        assert index < len(node.args)
        return
    if index < len(node.args):
        del node.args[index]
    else:
        del node.keywords[index - len(node.args)]
    assert source.tree is not None
    assert ast.unparse(ast.parse(textwrap.dedent(result))) == ast.unparse(source.tree)
    assert result.count("after") == 1


def test_a_fix_that_drops_a_comment_is_unsafe() -> None:
    text = "loss = BinaryCrossentropy(\n    from_logits=True,  # see the paper\n)\n"
    source = read("a.py", text.encode())
    plan = FixPlan("x", Applicability.SAFE, (RemoveArgument(Place(1, 8, 3, 2), Place(2, 17, 2, 21)),))
    fix = to_edits(source, plan)
    assert fix is not None
    assert fix.applicability is Applicability.UNSAFE
