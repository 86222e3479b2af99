"""Entries of the configuration for the user's own API: what is read, and what is said of mistakes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bcelint.settings import ConfigError, Entry, Settings, inline_config, merge, read_config

FOCAL = 'losses."my_lib.focal"'


def test_an_entry_keeps_what_is_written() -> None:
    (entry,) = entries(f'{FOCAL} = {{ expects = "logits", family = "sparse", parameters = ["y", "z"] }}')
    assert entry == Entry(
        "losses", "my_lib.focal", (("expects", "logits"), ("family", "sparse"), ("parameters", ("y", "z")))
    )


def test_entries_can_be_compared_hashed_and_sent_to_another_process() -> None:
    text = """
losses."a.b" = { expects = "logits", family = "binary", strings = ["b"] }
layers."a.C" = { activation = "relu", units = 3, parameters = ["units"] }
activations."a.d" = { range = [0, 1] }
metrics."a.E" = { expects = "probabilities", cut = "threshold", cut-value = 0 }
"""
    made = entries(text)
    assert [entry.table for entry in made] == ["losses", "layers", "activations", "metrics"]
    assert pickle.loads(pickle.dumps(made)) == made == entries(text)
    assert len({made, entries(text)}) == 1


def test_a_later_entry_replaces_an_earlier_one_as_a_whole() -> None:
    settings = Settings()
    for text in (
        f'{FOCAL} = {{ expects = "logits", family = "sparse", strings = ["f"] }}',
        'layers."my_lib.focal".output = "real"',
        f'{FOCAL} = {{ expects = "logits", family = "binary" }}',
    ):
        settings = merge(settings, inline_config(text, "/p"))
    assert [entry.table for entry in settings.knowledge] == ["losses", "layers"]
    assert dict(settings.knowledge[0].options) == {"expects": "logits", "family": "binary"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{FOCAL}.expect = "logits"', f"`{FOCAL}`: unknown key `expect`; did you mean `expects`?"),
        (f'{FOCAL}.from_logits = "f"', f"`{FOCAL}`: unknown key `from_logits`; did you mean `from-logits`?"),
        (f"{FOCAL}.zzz = 1", f"`{FOCAL}`: unknown key `zzz`"),
        (
            f'{FOCAL}.expects = "logit"',
            f'`{FOCAL}.expects` must be "probabilities" or "logits" or "other"',
        ),
        (f'{FOCAL}.family = "multi"', f'`{FOCAL}.family` must be "binary" or "categorical" or "sparse"'),
        (f'{FOCAL}.kind = "method"', f'`{FOCAL}.kind` must be "class" or "function" or "factory"'),
        (f"{FOCAL}.from-logits = true", f"`{FOCAL}.from-logits` must be the name of a parameter"),
        (f'{FOCAL}.from-logits = "from logits"', f"`{FOCAL}.from-logits` must be the name of a parameter"),
        (f'{FOCAL}.prediction = ""', f"`{FOCAL}.prediction` must be the name of a parameter"),
        (f'{FOCAL}.parameters = "y_true"', f"`{FOCAL}.parameters` must be a list of the names of parameters"),
        (f'{FOCAL}.parameters = ["a b"]', f"`{FOCAL}.parameters` must be a list of the names of parameters"),
        (f'{FOCAL}.strings = "focal"', f"`{FOCAL}.strings` must be a list of strings"),
        (f'{FOCAL}.family = "binary"', f"`{FOCAL}` needs `expects`"),
        (f"[{FOCAL}]", f"`{FOCAL}` needs `expects`"),
        (f'{FOCAL}.expects = "logits"', f"`{FOCAL}` needs `family`"),
        (
            f'{FOCAL} = {{ expects = "logits", family = "binary", prediction = "p", parameters = ["y", "z"] }}',
            f"`{FOCAL}` has no `p` among its `parameters`",
        ),
        ('layers."a.B".units = 3', '`layers."a.B"` needs one of `activation`, `output`, `keeps-values`'),
        (
            'layers."a.B" = { activation = "relu", output = "real" }',
            '`layers."a.B"` needs one of `activation`, `output`, `keeps-values`, and has `activation` and `output`',
        ),
        (
            'layers."a.B".activation = "sigmod"',
            '`layers."a.B".activation` must be an activation of Keras or one of [activations]; did you mean `sigmoid`?',
        ),
        ('layers."a.B".activation = 1', '`layers."a.B".activation` must be a string'),
        ('layers."a.B".keeps-values = false', '`layers."a.B".keeps-values` must be true, or not be there'),
        ('layers."a.B".units = 0', '`layers."a.B".units` must be the name of a parameter, or a number of units'),
        ('layers."a.B".units = true', '`layers."a.B".units` must be the name of a parameter, or a number of units'),
        ('layers."a.B".shape = "x"', '`layers."a.B".shape` must be "same" or "flatten" or "global" or "spatial"'),
        (
            'layers."a.B".output = "probabilities"',
            '`layers."a.B".output` must be "probability" or "simplex" or "log-simplex" or "positive" or "real", or two '
            "numbers such as [-1.0, 1.0]",
        ),
        (
            'layers."a.B" = { output = "real", activation-parameter = "act" }',
            '`layers."a.B"` has `activation-parameter` without `activation`, which says what it is by default',
        ),
        (
            'layers."a.B" = { output = "real", units = 1, shape = "global" }',
            '`layers."a.B"` cannot have both `units` and `shape = "global"`',
        ),
        (
            'layers."a.B" = { keeps-values = true, units = 1 }',
            '`layers."a.B"` cannot have `units`: what keeps the values keeps their number',
        ),
        ('[activations."a.b"]', '`activations."a.b"` needs `range`'),
        *(
            (
                f'activations."a.b".range = {span}',
                '`activations."a.b".range` must be "probability" or "simplex" or "log-simplex" or "positive" or '
                '"real", or two numbers such as [-1.0, 1.0]',
            )
            for span in ("[1, 0]", "[1]", "[nan, 1]", '["a", "b"]', "3", "[true, 2]", "[1, 1]")
        ),
        ('[metrics."a.B"]', '`metrics."a.B"` needs `expects`'),
        ('metrics."a.B".expects = "logits"', '`metrics."a.B".expects` must be "probabilities" or "other"'),
        (
            'metrics."a.B" = { expects = "probabilities", cut = "threshold" }',
            '`metrics."a.B"` needs both `cut` and `cut-value`, or none of them',
        ),
        ('metrics."a.B".cut-value = "0"', '`metrics."a.B".cut-value` must be true, false or a number'),
        # Names.
        ("losses = []", '`losses` must be a table of tables: [losses."my_lib.name"]'),
        (f"{FOCAL} = 1", f"`{FOCAL}` must be a table"),
        (
            '[losses.my_lib.focal]\nexpects = "logits"',
            '`losses.my_lib.focal`: put the name in quotes: [losses."my_lib.focal"]',
        ),
        (
            '[losses.my_lib.losses.focal]\nexpects = "logits"',
            '`losses.my_lib.losses.focal`: put the name in quotes: [losses."my_lib.losses.focal"]',
        ),
        *(
            (
                f'[losses."{name}"]\nexpects = "other"',
                f'`losses."{name}"`: the name must be as it is imported, with its module, such as "my_lib.name"',
            )
            for name in ("focal", ".losses.focal", "my-lib.focal", "my_lib.focal()", "")
        ),
        # Tables.
        ("loses = 1", "unknown key `loses`; did you mean `losses`?"),
    ],
)
def test_mistakes_name_the_whole_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(write(tmp_path / "bcelint.toml", text), "bcelint.toml", str(tmp_path))
    assert str(caught.value) == f"bcelint.toml: {message}"


def test_in_a_pyproject_the_key_is_longer(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", '[tool.bcelint.losses."my_lib.focal"]\nexpects = "x"\n')
    with pytest.raises(ConfigError) as caught:
        read_config(path, "sub/pyproject.toml", str(tmp_path))
    assert str(caught.value).startswith(
        'sub/pyproject.toml: `tool.bcelint.losses."my_lib.focal".expects` must be "prob'
    )
    path = write(tmp_path / "pyproject.toml", "[tool.bcelint.losses.my_lib.focal]\nexpects = 'logits'\n")
    with pytest.raises(ConfigError, match=r'put the name in quotes: \[tool\.bcelint\.losses\."my_lib\.focal"\]'):
        read_config(path, "pyproject.toml", str(tmp_path))


def entries(text: str) -> tuple[Entry, ...]:
    return merge(Settings(), inline_config(text, "/p")).knowledge


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)
