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
    RemoveArgument,
    RemoveStatementOrElement,
    Replace,
    ReplaceByApi,
    SetArgument,
    Swap,
)
from bcelint.fixing.edits import to_edits
from bcelint.fixing.overlap import overlap
from bcelint.places import Place
from bcelint.source import read

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
