"""The user's entries in the tables: for a while, and without a trace."""

from __future__ import annotations

import copy

import pytest

from bcelint.knowledge import activations, layers, losses, metrics
from bcelint.knowledge.user import installed
from bcelint.settings import Entry, Settings, inline_config, merge

TABLES = (
    losses.BY_CLASS,
    losses.BY_FUNCTION,
    losses.BY_STRING,
    losses.COMPOSITE,
    layers.LAYERS,
    activations.BY_NAME,
    activations.BY_FUNCTION,
    metrics.BY_CLASS,
    metrics.BY_FUNCTION,
    metrics.BY_STRING,
)
EVERYTHING = """
losses."my_lib.focal" = { expects = "logits", family = "binary", strings = ["focal", "bce"] }
losses."keras.losses.Dice" = { expects = "probabilities", family = "binary" }
losses."segmentation_models.losses.bce_dice_loss".expects = "other"
layers."my_lib.Head" = { activation = "my_lib.steep", units = "n" }
layers."my_lib.Out".output = "simplex"
layers."tensorflow.keras.layers.Dense".output = "real"
activations."my_lib.steep" = { range = "probability", strings = ["steep", "relu"] }
metrics."my_lib.F1" = { expects = "probabilities", strings = ["f1", "auc"] }
metrics."keras.metrics.AUC".expects = "other"
"""


def entries(text: str) -> tuple[Entry, ...]:
    return merge(Settings(), inline_config(text, "/p")).knowledge


def test_entries_are_there_and_go_again() -> None:
    before = copy.deepcopy(TABLES)
    with installed(entries(EVERYTHING)):
        assert losses.BY_STRING["bce"] is losses.BY_FUNCTION["my_lib.focal"]
        assert losses.BY_CLASS["keras.losses.Dice"].configured
        # A sum of losses that is known by its parts, and a function, are one thing or the other.
        assert "sm.losses.bce_dice_loss" in losses.BY_FUNCTION
        assert "sm.losses.bce_dice_loss" not in losses.COMPOSITE
        assert layers.LAYERS["keras.layers.Dense"].configured
        assert activations.BY_NAME["relu"] is activations.BY_FUNCTION["my_lib.steep"]
        assert metrics.by_name("my_lib.F1") is metrics.BY_STRING["auc"]
        assert metrics.by_name("AUC") is metrics.BY_CLASS["keras.metrics.AUC"]
    assert before == TABLES


def test_entries_go_when_something_fails() -> None:
    before = copy.deepcopy(TABLES)
    with pytest.raises(RecursionError), installed(entries(EVERYTHING)):
        raise RecursionError
    assert before == TABLES


def test_the_later_of_two_entries_of_the_same_object_counts() -> None:
    text = """
layers."keras.layers.Dense".output = "real"
layers."tensorflow.keras.layers.Dense".output = "simplex"
"""
    before = copy.deepcopy(TABLES)
    with installed(entries(text)):
        assert layers.LAYERS["keras.layers.Dense"].name == "tensorflow.keras.layers.Dense"
    assert before == TABLES
