"""What users read about pairs that could not be decided: what was not known, and where that comes from."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from bcelint.inference import reasons
from tests.inference.support import unresolved

SOURCES = {
    "the command line": (
        "import argparse\nargs = argparse.ArgumentParser().parse_args()\nlast = args.activation",
        "the activation is not known: it comes from the command line (`argparse.ArgumentParser`)",
    ),
    "flags": (
        "from absl import flags\nlast = flags.FLAGS.activation",
        "the activation is not known: it comes from the command line (`absl.flags.FLAGS.activation`)",
    ),
    "sys.argv": (
        "import sys\nlast = sys.argv[1]",
        "the activation is not known: it comes from the command line (`sys.argv`)",
    ),
    "the environment": (
        'import os\nlast = os.environ["ACTIVATION"]',
        "the activation is not known: it comes from the environment (`os.environ`)",
    ),
    "a file": (
        'import json\nlast = json.load(open("config.json"))["activation"]',
        "the activation is not known: it is read from a file (`json.load`)",
    ),
    "the user": (
        'last = input("activation: ")',
        "the activation is not known: it is typed in by the user (`builtins.input`)",
    ),
    "another package": (
        "from my_lib import last",
        "the activation `my_lib.last` is unknown: add it under [tool.bcelint.activations]",
    ),
    "a name of no activation": (
        'last = "sigmoidal"',
        "the activation 'sigmoidal' is unknown: add it under [tool.bcelint.activations]",
    ),
}


@pytest.mark.parametrize(("code", "why"), [pytest.param(*case, id=name) for name, case in SOURCES.items()])
def test_activations(code: str, why: str) -> None:
    model = """
        model = keras.Sequential([keras.layers.Dense(1, activation=last)])
        model.compile(loss="binary_crossentropy")
        model.fit(x, y)
        """
    facts = unresolved(f"import keras\n{code}\n{dedent(model)}")
    assert [fact.why for fact in facts] == [why]
    assert facts[0].loss is not None


MODELS = {
    "an unknown layer": (
        "from my_lib import Head\nmodel = keras.Sequential([Head(1)])",
        "the layer `my_lib.Head` is unknown: add it under [tool.bcelint.layers]",
    ),
    "a layer that Keras has not": (
        "model = keras.Sequential([keras.layers.Sharpen()])",
        "the layer `keras.layers.Sharpen` is unknown: add it under [tool.bcelint.layers]",
    ),
    "a function of another package": (
        "from my_lib import make_model\nmodel = make_model()",
        "the model `my_lib.make_model` is unknown: add it under [tool.bcelint.layers]",
    ),
    "a file": (
        'model = keras.models.load_model("model.keras")',
        "the model is loaded from a file",
    ),
    "nowhere": (
        "model = make_model()",
        "the output is not known: `make_model` is not defined in this file",
    ),
}


@pytest.mark.parametrize(("code", "why"), [pytest.param(*case, id=name) for name, case in MODELS.items()])
def test_models(code: str, why: str) -> None:
    facts = unresolved(f'import keras\n{code}\nmodel.compile(loss="binary_crossentropy")\nmodel.fit(x, y)\n')
    assert [fact.why for fact in facts] == [why]


LOSSES = {
    "another package": (
        "from my_lib import focal\nloss = focal",
        "the loss `my_lib.focal` is unknown: add it under [tool.bcelint.losses]",
    ),
    "a name of no loss": (
        'loss = "focal"',
        "the loss 'focal' is unknown: add it under [tool.bcelint.losses]",
    ),
    "a factory of another package": (
        "from my_lib import focal\nloss = focal(gamma=2)",
        "the loss `my_lib.focal` is unknown: add it under [tool.bcelint.losses]",
    ),
}


@pytest.mark.parametrize(("code", "why"), [pytest.param(*case, id=name) for name, case in LOSSES.items()])
def test_losses(code: str, why: str) -> None:
    made = 'model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])'
    facts = unresolved(f"import keras\n{code}\n{made}\nmodel.compile(loss=loss)\nmodel.fit(x, y)\n")
    assert [fact.why for fact in facts] == [why]
    assert facts[0].head is not None
    assert facts[0].loss is None


def test_parameters_name_their_function() -> None:
    body = """
        model = keras.Sequential([keras.layers.Dense(1, activation=last)])
        model.compile(loss=keras.losses.BinaryCrossentropy())
        model.fit(x, y)
        """
    facts = unresolved(f"import keras\ndef train(last):\n{indent(dedent(body), '    ')}")
    assert [fact.why for fact in facts] == ["the activation is not known: `last` is a parameter of `train`"]


def test_a_flag() -> None:
    facts = unresolved(
        """
        import sys
        import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=sys.argv[1] == "logits"))
        model.fit(x, y)
        """
    )
    assert facts[0].why.startswith("`from_logits` is not known")
    assert facts[0].head is not None


def test_losses_and_outputs_that_do_not_match_are_counted() -> None:
    facts = unresolved(
        """
        import keras

        inputs = keras.Input((8,))
        model = keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(2)(inputs)])
        model.compile(loss=["mse", "mse", "binary_crossentropy"])
        model.fit(x, y)
        """
    )
    assert [fact.why for fact in facts] == ["the model does not have as many outputs as there are losses"]


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("", "the output is not known"),
        ("the model is loaded from a file", "the model is loaded from a file"),
        ("a part of a tensor", "the output is not known: it is a part of a tensor"),
        ("`x` is a parameter of `f`", "the output is not known: `x` is a parameter of `f`"),
    ],
)
def test_sentences(why: str, sentence: str) -> None:
    assert reasons.about("the output", why) == sentence
