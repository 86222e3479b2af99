"""What cannot be decided because a name is unknown says which entry of the configuration would help."""

from __future__ import annotations

import pytest

from tests.inference.support import unresolved

LAYERS = "add it under [tool.bcelint.layers]"
ACTIVATIONS = "add it under [tool.bcelint.activations]"
LOSSES = "add it under [tool.bcelint.losses]"


@pytest.mark.parametrize(
    ("head", "loss", "why"),
    [
        ("my_lib.Head(1)", '"bce"', f"the layer `my_lib.Head` is unknown: {LAYERS}"),
        ("my_lib.layers.head(units=1)", '"bce"', f"the layer `my_lib.layers.head` is unknown: {LAYERS}"),
        ("keras.layers.NewDense(1)", '"bce"', f"the layer `keras.layers.NewDense` is unknown: {LAYERS}"),
        ("Dense(1, activation=my_lib.steep)", '"bce"', f"the activation `my_lib.steep` is unknown: {ACTIVATIONS}"),
        ('Dense(1, activation="steep")', '"bce"', f"the activation 'steep' is unknown: {ACTIVATIONS}"),
        ("Dense(1)", "my_lib.focal", f"the loss `my_lib.focal` is unknown: {LOSSES}"),
        ("Dense(1)", "my_lib.focal(gamma=2)", f"the loss `my_lib.focal` is unknown: {LOSSES}"),
        ("Dense(1)", "my_lib.Focal()", f"the loss `my_lib.Focal` is unknown: {LOSSES}"),
        ("Dense(1)", "keras.losses.BinaryCrossentropy", "the loss `keras.losses.BinaryCrossentropy` is not called"),
        ("Dense(1)", "os.environ.get('LOSS')", "`os.environ.get` is unknown"),
        ("Dense(1)", '"focal"', f"the loss 'focal' is unknown: {LOSSES}"),
    ],
)
def test_the_entry_that_is_missing(head: str, loss: str, why: str) -> None:
    code = f"""
    import os
    import keras
    import my_lib
    from keras.layers import Dense

    model = keras.Sequential([keras.Input((4,)), {head}])
    model.compile("adam", {loss})
    model.fit(x, y)
    """
    assert [fact.why for fact in unresolved(code)] == [why]


def test_layers_that_are_called() -> None:
    code = """
    import keras
    from my_lib import Head

    inputs = keras.Input((4,))
    model = keras.Model(inputs, Head(1)(inputs))
    model.compile("adam", "binary_crossentropy")
    model.fit(x, y)
    """
    assert [fact.why for fact in unresolved(code)] == [f"the layer `my_lib.Head` is unknown: {LAYERS}"]


def test_whole_models() -> None:
    code = """
    import my_lib

    model = my_lib.build_unet(1)
    model.compile("adam", "binary_crossentropy")
    """
    assert [fact.why for fact in unresolved(code)] == [f"the model `my_lib.build_unet` is unknown: {LAYERS}"]


@pytest.mark.parametrize(
    ("loss", "why"),
    [("focal(gamma=2)", "`.losses.focal` is unknown"), ("focal", "the loss `.losses.focal` is unknown")],
)
def test_what_is_imported_by_a_relative_name_has_no_entry(loss: str, why: str) -> None:
    code = f"""
    import keras
    from .losses import focal

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", {loss})
    model.fit(x, y)
    """
    assert [fact.why for fact in unresolved(code)] == [why]
