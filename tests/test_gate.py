"""The gate lets through whatever could matter, and little else."""

from __future__ import annotations

import json

import pytest

from bcelint.gate import may_hold_a_model, may_matter


@pytest.mark.parametrize(
    "text",
    [
        "import keras\nmodel.compile(loss='binary_crossentropy')",
        "from tensorflow.keras.layers import *\nDense(1, activation='softmax')",
        "model = Sequential([Dense(1)])\nmodel.compile('adam', 'bce')",
        # everything comes from the project itself
        "from net import build, criterion\nbuild().compile('adam', criterion)",
        "from net import build, criterion\nbuild()\\\n    .compile('adam', criterion)",
        "tf.nn.sigmoid_cross_entropy_with_logits(y, z)",
        "x = 1  # noqa: BCE101",
        "x = 1  # noqa:bce101",
        "# bcelint: file-ignore[double-sigmoid]",
        "# BCELINT : ignore",
        # "keras" in an encoding that does not keep ASCII
        "# -*- coding: utf-7 -*-\n",
        "# vim: set fileencoding=utf_16 :\n",
    ],
)
def test_what_may_matter_passes(text: str) -> None:
    assert may_matter(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import re\npattern = re.compile('loss')",
        "import torch.nn.functional as F\nF.cross_entropy(a, b)",
        "import keras\nprint(keras.__version__)",
        "x = 1  # noqa: E501",
        "# -*- coding: latin-1 -*-\n",
        "# -*- coding: UTF_8 -*-\n",
        "# -*- coding: cp1252 -*-\n",
    ],
)
def test_what_cannot_matter_is_kept_out(text: str) -> None:
    assert not may_matter(text.encode())


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("from keras.layers import Dense\n", True),
        ("model = Sequential()", True),
        ("model.compile()", True),
        ("loss = 1", False),
        ("print('nothing of ours')", False),
    ],
)
def test_a_model_may_come_without_a_loss(text: str, passes: bool) -> None:
    assert may_hold_a_model(text.encode()) is passes


def test_notebooks_pass_by_the_words_in_their_cells() -> None:
    cell = {"cell_type": "code", "source": ["import keras\n", 'model.compile(loss="binary_crossentropy")']}
    assert may_matter(json.dumps({"cells": [cell]}).encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_wide_encodings_are_for_the_reader_to_judge(encoding: str) -> None:
    assert may_matter("\ufeff{}".encode(encoding))
