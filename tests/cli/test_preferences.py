"""Settings that say which way out is preferred, and on which backend the code runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bcelint.cli.app import cli

MISSING = """import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("adam", "binary_crossentropy")
model.fit(x, y)
"""
DOUBLE = """import keras

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
model.fit(x, y)
"""


def check(folder: Path, text: str, config: str, *options: str) -> Result:
    (folder / "bcelint.toml").write_text(config)
    (folder / "train.py").write_text(text)
    return CliRunner().invoke(cli, ["check", str(folder), *options])


@pytest.mark.parametrize(
    ("config", "first"),
    [
        ("", "end the model in a sigmoid"),
        ('prefer = "probabilities"', "end the model in a sigmoid"),
        ('prefer = "logits"', "say that the output is logits"),
    ],
)
def test_the_preferred_way_out_comes_first(tmp_path: Path, config: str, first: str) -> None:
    found = json.loads(check(tmp_path, MISSING, config, "--output-format", "json").stdout)
    assert found[0]["fix"]["message"] == first
    assert len(found[0]["alternatives"]) == 1


def test_the_backend_is_named(tmp_path: Path) -> None:
    assert "Keras on TensorFlow notices" in check(tmp_path, DOUBLE, "").stdout
    said = check(tmp_path, DOUBLE, 'backend = "jax"').stdout
    assert "Keras says nothing about it on jax" in said
    assert "TensorFlow" not in said


def test_what_is_no_backend_is_refused(tmp_path: Path) -> None:
    result = check(tmp_path, DOUBLE, 'backend = "theano"')
    assert result.exit_code == 2
    assert '"tensorflow" or "jax" or "torch"' in result.output


def test_code_that_takes_too_many_steps_is_named(tmp_path: Path) -> None:
    calls = "\n".join(f"def f{i}(x):\n    f{i + 1}(x); f{i + 1}(x); f{i + 1}(x)" for i in range(18))
    result = check(tmp_path, f"{MISSING}{calls}\ndef f18(x): pass\nf0(1)\n", "")
    assert result.exit_code == 1
    assert "train.py: not analysed to the end" in result.output
    assert "BCE102" in result.output
