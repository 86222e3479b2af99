"""The user's own losses, layers, activations and metrics: what the configuration says of them counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.samples import DOUBLE_SIGMOID
from tests.conftest import Run

# Codes, in the order of the rows, and the last line: what was understood.
Found = tuple[list[str], str]
ALL_DECIDED = "Checked 1 file: 1 head/loss pair, all decided.\n"
NOT_DECIDED = "Checked 1 file: 1 head/loss pair, 1 could not be decided.\n"

FOCAL = """
[tool.bcelint.losses."my_lib.losses.focal"]
expects = "probabilities"
family = "binary"
from-logits = "logits"
"""
LOGIT_LOSS = """
[tool.bcelint.losses."my_lib.dice_bce"]
expects = "logits"
family = "binary"
"""
HEAD = """
[tool.bcelint.layers."my_lib.Head"]
activation = "sigmoid"
activation-parameter = "squash"
units = "classes"
parameters = ["classes", "squash"]
"""


def program(head: str, loss: str, metrics: str = "[]", imports: str = "import my_lib") -> str:
    return f"""\
import keras
{imports}

model = keras.Sequential([
    keras.Input((30,)),
    keras.layers.Dense(64, activation="relu"),
    {head},
])
model.compile(optimizer="adam", loss={loss}, metrics={metrics})
model.fit(x, y)
"""


def check(folder: Path, bcelint: Run, config: str, code: str) -> Found:
    (folder / "pyproject.toml").write_text(config)
    (folder / "train.py").write_text(code)
    result = bcelint("check", "--output-format", "json", "train.py")
    assert result.exit_code in (0, 1), result.output
    assert "internal error" not in result.stderr
    return [finding["code"] for finding in json.loads(result.stdout)], result.stderr.splitlines(keepends=True)[-1]


LOGITS, SIGMOID, SOFTMAX = (f"keras.layers.Dense({end})" for end in ("1", '1, "sigmoid"', '10, "softmax"'))
BCE = "keras.losses.BinaryCrossentropy()"
BCE_OF_LOGITS = "keras.losses.BinaryCrossentropy(from_logits=True)"
CCE = '"categorical_crossentropy"'


# --- losses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "head", "loss", "codes"),
    [
        # What it expects, and of which family it is.
        ('expects = "probabilities"\nfamily = "binary"', LOGITS, "my_lib.loss", ["BCE102"]),
        ('expects = "probabilities"\nfamily = "binary"', SIGMOID, "my_lib.loss", []),
        ('expects = "logits"\nfamily = "binary"', SIGMOID, "my_lib.loss", ["BCE101"]),
        ('expects = "logits"\nfamily = "binary"', LOGITS, "my_lib.loss", []),
        ('expects = "probabilities"\nfamily = "categorical"', "keras.layers.Dense(10)", "my_lib.loss", ["BCE109"]),
        ('expects = "probabilities"\nfamily = "categorical"', SOFTMAX, "my_lib.loss", []),
        ('expects = "logits"\nfamily = "categorical"', SOFTMAX, "my_lib.loss", ["BCE108"]),
        ('expects = "logits"\nfamily = "sparse"', SOFTMAX, "my_lib.loss", ["BCE108"]),
        ('expects = "probabilities"\nfamily = "sparse"', SIGMOID, "my_lib.loss", ["BCE106"]),
        ('expects = "other"', LOGITS, "my_lib.loss", []),
        # A class is written in capitals, unless the entry says what it is.
        ('expects = "logits"\nfamily = "binary"', SIGMOID, "my_lib.Loss()", ["BCE101"]),
        ('expects = "logits"\nfamily = "binary"\nkind = "class"', SIGMOID, "my_lib.loss()", ["BCE101"]),
        ('expects = "logits"\nfamily = "binary"\nkind = "function"', SIGMOID, "my_lib.Loss", ["BCE101"]),
        # A function that makes the loss.
        ('expects = "logits"\nfamily = "binary"\nkind = "factory"', SIGMOID, "my_lib.loss(gamma=2)", ["BCE101"]),
        ('expects = "logits"\nfamily = "binary"\nkind = "factory"', LOGITS, "my_lib.loss(gamma=2)", []),
        ('expects = "logits"\nfamily = "binary"\nkind = "factory"', LOGITS, "my_lib.loss", ["BCE211"]),
        # The argument that says that logits are given; without it, what the entry expects.
        (
            'expects = "probabilities"\nfamily = "binary"\nfrom-logits = "raw"',
            SIGMOID,
            "my_lib.Loss(raw=True)",
            ["BCE101"],
        ),
        ('expects = "probabilities"\nfamily = "binary"\nfrom-logits = "raw"', LOGITS, "my_lib.Loss(raw=True)", []),
        ('expects = "probabilities"\nfamily = "binary"\nfrom-logits = "raw"', LOGITS, "my_lib.Loss()", ["BCE102"]),
        ('expects = "logits"\nfamily = "binary"\nfrom-logits = "raw"', SIGMOID, "my_lib.Loss()", ["BCE101"]),
        ('expects = "logits"\nfamily = "binary"\nfrom-logits = "raw"', SIGMOID, "my_lib.Loss(raw=False)", []),
        (
            'expects = "logits"\nfamily = "binary"\nfrom-logits = "raw"',
            LOGITS,
            "my_lib.Loss(raw=False)",
            ["BCE102"],
        ),
        # Another argument of that name is another argument.
        (
            'expects = "probabilities"\nfamily = "binary"\nfrom-logits = "raw"',
            SIGMOID,
            "my_lib.Loss(from_logits=True)",
            [],
        ),
        # Arguments by position.
        (
            'expects = "probabilities"\nfamily = "binary"\nfrom-logits = "raw"\nparameters = ["gamma", "raw"]',
            SIGMOID,
            "my_lib.Loss(2.0, True)",
            ["BCE101"],
        ),
        (
            'expects = "probabilities"\nfamily = "binary"\nfrom-logits = "raw"\nparameters = ["raw", "gamma"]',
            SIGMOID,
            "my_lib.Loss(False, True)",
            [],
        ),
        # A name that compile() takes.
        ('expects = "logits"\nfamily = "binary"\nstrings = ["mine"]', SIGMOID, '"mine"', ["BCE101"]),
    ],
)
def test_losses(folder: Path, bcelint: Run, options: str, head: str, loss: str, codes: list[str]) -> None:
    name = "Loss" if "Loss" in loss else "loss"
    config = f'[tool.bcelint.losses."my_lib.{name}"]\n{options}\n'
    found, last = check(folder, bcelint, config, program(head, loss))
    assert found == codes
    counted = "no head/loss pairs" if "other" in options else "1 head/loss pair"
    assert counted in last or "BCE211" in codes


@pytest.mark.parametrize(
    ("parameters", "call", "codes"),
    [
        ("", "loss(y, model(x))", ["BCE102"]),
        ("", "loss(y, tf.sigmoid(model(x)))", []),
        ('parameters = ["pred", "target"]\nprediction = "pred"', "loss(model(x), y)", ["BCE102"]),
        ('parameters = ["pred", "target"]\nprediction = "pred"', "loss(tf.sigmoid(model(x)), y)", []),
        ('parameters = ["pred", "target"]\nprediction = "pred"', "loss(target=y, pred=model(x))", ["BCE102"]),
        ('parameters = ["labels", "scores", "gamma"]', "loss(y, model(x), 2.0)", ["BCE102"]),
        ('parameters = ["labels", "scores", "gamma"]', "loss(gamma=2.0, scores=model(x), labels=y)", ["BCE102"]),
    ],
)
def test_losses_that_are_called(folder: Path, bcelint: Run, parameters: str, call: str, codes: list[str]) -> None:
    config = f'[tool.bcelint.losses."my_lib.loss"]\nexpects = "probabilities"\nfamily = "binary"\n{parameters}\n'
    code = f"""\
import keras
import tensorflow as tf
from my_lib import loss

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
for x, y in data:
    with tf.GradientTape() as tape:
        value = {call}
    tape.gradient(value, model.trainable_variables)
"""
    assert check(folder, bcelint, config, code)[0] == codes


@pytest.mark.parametrize(
    ("imports", "loss"),
    [
        ("import my_lib.losses", "my_lib.losses.focal"),
        ("import my_lib.losses as ml", "ml.focal"),
        ("from my_lib import losses", "losses.focal"),
        ("from my_lib.losses import focal", "focal"),
        ("from my_lib.losses import focal as f", "f"),
        ("from my_lib.losses import *", "focal"),
        ("import functools\nfrom my_lib.losses import focal", "functools.partial(focal, logits=False)"),
        ("from my_lib.losses import focal", "lambda y_true, y_pred: focal(y_true, y_pred)"),
    ],
)
def test_however_it_is_imported(folder: Path, bcelint: Run, imports: str, loss: str) -> None:
    assert check(folder, bcelint, FOCAL, program(LOGITS, loss, imports=imports))[0] == ["BCE102"]
    assert check(folder, bcelint, FOCAL, program(SIGMOID, loss, imports=imports)) == ([], ALL_DECIDED)


@pytest.mark.parametrize("name", ["other_lib.losses.focal", "my_lib.losses.focal2", "my_lib.focal", "losses.focal"])
def test_another_name_is_another_loss(folder: Path, bcelint: Run, name: str) -> None:
    module, _, leaf = name.rpartition(".")
    code = program(LOGITS, leaf, imports=f"from {module} import {leaf}")
    assert check(folder, bcelint, FOCAL, code) == ([], NOT_DECIDED)


def test_a_function_of_the_file_is_followed_itself(folder: Path, bcelint: Run) -> None:
    own = "def focal(y_true, y_pred):\n    return keras.ops.mean(keras.ops.abs(y_true - y_pred))\n"
    assert check(folder, bcelint, FOCAL, program(LOGITS, "focal", imports=own))[0] == []


def test_a_file_that_holds_nothing_else_of_keras_is_looked_at(folder: Path, bcelint: Run) -> None:
    config = FOCAL + '[tool.bcelint.layers."my_lib.Logit"]\noutput = "real"\n'
    (folder / "pyproject.toml").write_text(config)
    (folder / "step.py").write_text("from my_lib import Logit, losses\n\nvalue = losses.focal(y, Logit()(x))\n")
    assert "step.py:3:9: BCE102" in bcelint("check", "--output-format", "concise", ".").stdout


# --- fixes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "head", "loss", "fixed"),
    [
        (FOCAL, SIGMOID, "focal(logits=True)", "focal()"),
        (
            FOCAL.replace('"probabilities"', '"logits"'),
            SIGMOID,
            "focal()",
            "focal(logits=False)",
        ),
        (FOCAL.replace('"probabilities"', '"logits"'), SIGMOID, "focal(logits=True)", "focal(logits=False)"),
    ],
)
def test_the_flag_is_set_by_its_own_name(
    folder: Path, bcelint: Run, config: str, head: str, loss: str, fixed: str
) -> None:
    (folder / "pyproject.toml").write_text(config + 'kind = "factory"\n')
    code = program(head, loss, imports="from my_lib.losses import focal")
    (folder / "train.py").write_text(code)
    assert "Found 1 error (1 fixed, 0 remaining)." in bcelint("check", "--fix").stdout
    assert (folder / "train.py").read_text() == code.replace(loss, fixed)


def test_logits_are_announced_by_the_flag_of_the_entry(folder: Path, bcelint: Run) -> None:
    code = program(LOGITS, "focal()", imports="from my_lib.losses import focal")
    (folder / "pyproject.toml").write_text("tool.bcelint.prefer = 'logits'\n" + FOCAL + 'kind = "factory"\n')
    (folder / "train.py").write_text(code)
    bcelint("check", "--fix", "--unsafe-fixes")
    assert (folder / "train.py").read_text() == code.replace("focal()", "focal(logits=True)")


def test_no_loss_of_keras_takes_the_place_of_ones_own(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text(FOCAL)
    (folder / "train.py").write_text(program(LOGITS, "focal", imports="from my_lib.losses import focal"))
    (finding,) = json.loads(bcelint("check", "--output-format", "json").stdout)
    assert finding["fix"]["message"] == "end the model in a sigmoid"
    assert finding["alternatives"] == []
    assert "16.1" not in finding["message"] + finding["help"]


def test_messages_say_no_numbers_of_what_is_not_known(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text(LOGIT_LOSS + HEAD)
    (folder / "train.py").write_text(program(SIGMOID, "my_lib.dice_bce"))
    said = bcelint("check").stdout
    assert "`my_lib.dice_bce` applies a sigmoid again" in said
    assert "0.3133" not in said
    # The loss is Keras's, and whether it finds the logits behind a layer that is not is open.
    (folder / "train.py").write_text(program("my_lib.Head(1)", BCE_OF_LOGITS))
    said = " ".join(bcelint("check").stdout.split())
    assert "0.3133" in said
    assert "JAX and PyTorch do so without a warning, and TensorFlow unless Keras finds the logits" in said


# --- layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "head", "loss", "codes"),
    [
        # An activation by default, and the parameter that takes another one.
        ('activation = "sigmoid"', "my_lib.Head()", BCE_OF_LOGITS, ["BCE101"]),
        ('activation = "sigmoid"', "my_lib.Head()", BCE, []),
        ('activation = "sigmoid"', "my_lib.Head(activation=None)", BCE, ["BCE102"]),
        ('activation = "linear"', "my_lib.Head()", BCE, ["BCE102"]),
        ('activation = "linear"', 'my_lib.Head(activation="sigmoid")', BCE, []),
        ('activation = "linear"\nactivation-parameter = "act"', 'my_lib.Head(act="relu")', BCE, ["BCE103"]),
        ('activation = "sigmoid"\nactivation-parameter = "act"', "my_lib.Head(activation=None)", BCE, []),
        ('activation = "linear"\nparameters = ["units", "activation"]', 'my_lib.Head(1, "sigmoid")', BCE, []),
        ('activation = "linear"', "my_lib.Head(**options)", BCE, []),
        # What comes out, whatever the arguments are.
        ('output = "probability"', "my_lib.Head()", BCE_OF_LOGITS, ["BCE101"]),
        ('output = "probability"', "my_lib.Head(**options)", BCE_OF_LOGITS, ["BCE101"]),
        ('output = "probability"', "my_lib.Head()", BCE, []),
        ('output = "probability"', "my_lib.Head()", CCE, ["BCE107"]),
        ('output = "simplex"', "my_lib.Head()", "keras.losses.CategoricalCrossentropy(from_logits=True)", ["BCE108"]),
        ('output = "simplex"', "my_lib.Head()", CCE, []),
        ('output = "log-simplex"', "my_lib.Head()", CCE, ["BCE110"]),
        ('output = "real"', "my_lib.Head()", BCE, ["BCE102"]),
        ('output = "real"', "my_lib.Head()", BCE_OF_LOGITS, []),
        ('output = "positive"', "my_lib.Head()", BCE, ["BCE103"]),
        ('output = "positive"', "my_lib.Head()", '"mse"', []),
        ("output = [-1, 1]", "my_lib.Head()", BCE, ["BCE103"]),
        ("output = [0.0, 1.0]", "my_lib.Head()", BCE, []),
        ("output = [-inf, inf]", "my_lib.Head()", BCE, ["BCE102"]),
        # How many units.
        ('activation = "sigmoid"\nunits = "classes"', "my_lib.Head(classes=1)", CCE, ["BCE106"]),
        ('activation = "softmax"\nunits = "classes"', "my_lib.Head(classes=1)", BCE, ["BCE104"]),
        ('activation = "softmax"\nunits = "classes"', "my_lib.Head(classes=3)", BCE, ["BCE105"]),
        ('activation = "softmax"\nunits = "classes"', "my_lib.Head(classes=3)", CCE, []),
        ('output = "simplex"\nunits = 4', "my_lib.Head()", BCE, ["BCE105"]),
        ('output = "simplex"\nunits = 4\nshape = "same"', "my_lib.Head()", CCE, []),
        # Layers behind the head.
        ("keeps-values = true", f"{SIGMOID}, my_lib.Head()", BCE_OF_LOGITS, ["BCE101"]),
        ("keeps-values = true", f"{SIGMOID}, my_lib.Head()", BCE, []),
        ('keeps-values = true\nshape = "same"', f"{SOFTMAX}, my_lib.Head()", BCE, ["BCE105"]),
        ('keeps-values = true\nshape = "flatten"', f"{LOGITS}, my_lib.Head()", BCE, ["BCE102"]),
    ],
)
def test_layers(folder: Path, bcelint: Run, options: str, head: str, loss: str, codes: list[str]) -> None:
    config = f'[tool.bcelint.layers."my_lib.Head"]\n{options}\n'
    assert check(folder, bcelint, config, program(head, loss))[0] == codes


def test_a_layer_that_is_called(folder: Path, bcelint: Run) -> None:
    code = f"""\
import keras
from my_lib import Head

inputs = keras.Input((30,))
hidden = keras.layers.Dense(8)(inputs)
model = keras.Model(inputs, Head(1)(hidden))
model.compile("adam", {BCE_OF_LOGITS})
model.fit(x, y)
"""
    assert check(folder, bcelint, HEAD, code) == (["BCE101"], ALL_DECIDED)
    assert check(folder, bcelint, HEAD, code.replace("Head(1)", 'Head(1, "linear")')) == ([], ALL_DECIDED)


@pytest.mark.parametrize(("loss", "codes"), [(BCE, []), (BCE_OF_LOGITS, ["BCE101"])])
def test_what_is_described_may_be_a_whole_model(folder: Path, bcelint: Run, loss: str, codes: list[str]) -> None:
    config = '[tool.bcelint.layers."my_lib.build_unet"]\noutput = "probability"\n'
    code = (
        f"import keras\nimport my_lib\n\nmodel = my_lib.build_unet(3)\nmodel.compile('adam', {loss})\nmodel.fit(x, y)\n"
    )
    assert check(folder, bcelint, "", code) == ([], NOT_DECIDED)
    assert check(folder, bcelint, config, code) == (codes, ALL_DECIDED)


def test_fixes_do_not_guess_what_a_layer_does_without_an_argument(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text(HEAD + LOGIT_LOSS)
    (folder / "train.py").write_text(program('my_lib.Head(1, squash="sigmoid")', "my_lib.dice_bce"))
    (finding,) = json.loads(bcelint("check", "--output-format", "json").stdout)
    assert (finding["code"], finding["fix"]) == ("BCE101", None)


# --- activations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "head", "loss", "codes"),
    [
        ('range = "probability"', "keras.layers.Dense(1, activation=steep)", BCE_OF_LOGITS, ["BCE101"]),
        ('range = "probability"', "keras.layers.Dense(1, activation=steep)", BCE, []),
        ('range = "probability"', f"{LOGITS}, keras.layers.Activation(steep)", BCE, []),
        ('range = "probability"', f"{LOGITS}, keras.layers.Lambda(lambda t: steep(t))", BCE, []),
        ('range = "simplex"', "keras.layers.Dense(3, activation=steep)", CCE, []),
        ('range = "simplex"', "keras.layers.Dense(3, activation=steep)", BCE, ["BCE105"]),
        ('range = "real"', "keras.layers.Dense(1, activation=steep)", BCE, ["BCE102"]),
        ('range = "positive"', "keras.layers.Dense(1, activation=steep)", BCE, ["BCE103"]),
        ("range = [-3.0, 3.0]", "keras.layers.Dense(1, activation=steep)", BCE, ["BCE103"]),
        ('range = "probability"\nstrings = ["steep"]', 'keras.layers.Dense(1, "steep")', BCE_OF_LOGITS, ["BCE101"]),
        ('range = "probability"', 'keras.layers.Dense(1, "steep")', BCE_OF_LOGITS, []),
        (
            'range = "probability"\nstrings = ["steep"]',
            'keras.layers.Dense(1, keras.activations.get("steep"))',
            BCE_OF_LOGITS,
            ["BCE101"],
        ),
    ],
)
def test_activations(folder: Path, bcelint: Run, options: str, head: str, loss: str, codes: list[str]) -> None:
    config = f'[tool.bcelint.activations."my_lib.steep"]\n{options}\n'
    assert check(folder, bcelint, config, program(head, loss, imports="from my_lib import steep"))[0] == codes


def test_an_activation_of_ones_own_in_a_layer_of_ones_own(folder: Path, bcelint: Run) -> None:
    config = """
[tool.bcelint.layers."my_lib.Head"]
activation = "my_lib.steep"
[tool.bcelint.activations."my_lib.steep"]
range = "probability"
"""
    assert check(folder, bcelint, config, program("my_lib.Head()", BCE_OF_LOGITS)) == (["BCE101"], ALL_DECIDED)


# --- metrics ----------------------------------------------------------------------------------------------------------

F1 = '[tool.bcelint.metrics."my_lib.F1"]\nexpects = "probabilities"\n'
CUT = 'cut = "threshold"\ncut-value = 0.0\n'


@pytest.mark.parametrize(
    ("config", "head", "loss", "metric", "codes"),
    [
        (F1, LOGITS, BCE_OF_LOGITS, "my_lib.F1()", ["BCE401"]),
        (F1, SIGMOID, BCE, "my_lib.F1()", []),
        (F1.replace("probabilities", "other"), LOGITS, BCE_OF_LOGITS, "my_lib.F1()", []),
        (F1 + CUT, LOGITS, BCE_OF_LOGITS, "my_lib.F1(threshold=0.0)", []),
        (F1 + CUT, LOGITS, BCE_OF_LOGITS, "my_lib.F1(threshold=0.5)", ["BCE401"]),
        (F1 + CUT + 'parameters = ["threshold"]', LOGITS, BCE_OF_LOGITS, "my_lib.F1(0.0)", []),
        (F1 + 'cut = "from_logits"\ncut-value = true', LOGITS, BCE_OF_LOGITS, "my_lib.F1(from_logits=True)", []),
        (F1 + 'strings = ["my_f1"]', LOGITS, BCE_OF_LOGITS, '"my_f1"', ["BCE401"]),
        (F1 + 'kind = "function"', LOGITS, BCE_OF_LOGITS, "my_lib.F1", ["BCE401"]),
        (F1.replace("F1", "f1"), LOGITS, BCE_OF_LOGITS, "my_lib.f1", ["BCE401"]),
        (F1.replace("F1", "f1"), LOGITS, BCE_OF_LOGITS, "my_lib.f2", []),
        # Of the name of a metric of Keras, and none of its own.
        (F1.replace("F1", "AUC").replace("probabilities", "other"), LOGITS, BCE_OF_LOGITS, "my_lib.AUC()", []),
    ],
)
def test_metrics(folder: Path, bcelint: Run, config: str, head: str, loss: str, metric: str, codes: list[str]) -> None:
    assert check(folder, bcelint, config, program(head, loss, f"[{metric}]")) == (codes, ALL_DECIDED)


def test_a_metric_is_told(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text(F1 + CUT)
    code = program(LOGITS, BCE_OF_LOGITS, "[my_lib.F1()]")
    (folder / "train.py").write_text(code)
    bcelint("check", "--fix")
    assert (folder / "train.py").read_text() == code.replace("F1()", "F1(threshold=0.0)")


# --- which entry counts -----------------------------------------------------------------------------------------------


def test_an_entry_wins_over_the_built_in_one(folder: Path, bcelint: Run) -> None:
    code = program('keras.layers.Dense(1, activation="sigmoid")', BCE_OF_LOGITS)
    assert check(folder, bcelint, "", code)[0] == ["BCE101"]
    other = '[tool.bcelint.losses."keras.losses.BinaryCrossentropy"]\nexpects = "other"\n'
    assert check(folder, bcelint, other, code)[0] == []
    # The same class by the name that TensorFlow has for it.
    assert check(folder, bcelint, other.replace("keras.", "tensorflow.keras.", 1), code)[0] == []
    linear = '[tool.bcelint.layers."keras.layers.Dense"]\noutput = "real"\n'
    assert check(folder, bcelint, linear, code)[0] == []
    assert check(folder, bcelint, "", code)[0] == ["BCE101"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_two_folders_with_different_entries_in_one_run(folder: Path, bcelint: Run, jobs: str) -> None:
    (folder / "pyproject.toml").write_text("")
    code = program(SIGMOID, "my_lib.loss")
    for name, expects in (("a", "logits"), ("b", "probabilities"), ("c", ""), ("d", "logits")):
        (folder / name).mkdir()
        for i in range(3):
            (folder / name / f"train{i}.py").write_text(code)
        entry = f'[tool.bcelint.losses."my_lib.loss"]\nexpects = "{expects}"\nfamily = "binary"\n'
        (folder / name / "pyproject.toml").write_text(entry if expects else "")
    result = bcelint("check", "--output-format", "concise", "-j", jobs)
    reported = [line.partition(":")[0] for line in result.stdout.splitlines() if "BCE101" in line]
    assert reported == [f"{name}/train{i}.py" for name in "ad" for i in range(3)]
    assert result.stderr.endswith("Checked 12 files: 12 head/loss pairs, 3 could not be decided.\n")


def test_entries_of_the_command_line_come_on_top(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text(FOCAL + LOGIT_LOSS)
    (folder / "train.py").write_text(program(SIGMOID, "focal", imports="from my_lib.losses import focal"))
    (folder / "other.py").write_text(program(SIGMOID, "my_lib.dice_bce"))
    over = 'losses."my_lib.losses.focal" = { expects = "logits", family = "binary" }'
    concise = ("check", "--output-format", "concise")
    assert "train.py" not in bcelint(*concise).stdout
    result = bcelint(*concise, "--config", over)
    assert "train.py:9:38: BCE101" in result.stdout
    assert "other.py:9:38: BCE101" in result.stdout
    assert "BCE" not in bcelint(*concise, "--isolated").stdout


def test_a_file_given_as_the_configuration(folder: Path, bcelint: Run) -> None:
    (folder / "ours.toml").write_text(LOGIT_LOSS.replace("tool.bcelint.", ""))
    (folder / "train.py").write_text(program(SIGMOID, "my_lib.dice_bce"))
    assert "BCE101" in bcelint("check", "--config", "ours.toml", "--output-format", "concise").stdout


def test_standard_input_has_the_entries_of_its_folder(folder: Path, bcelint: Run) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "pyproject.toml").write_text(LOGIT_LOSS)
    code = program(SIGMOID, "my_lib.dice_bce")
    arguments = ("check", "-", "--output-format", "concise", "--stdin-filename")
    assert "sub/train.py:9:38: BCE101" in bcelint(*arguments, "sub/train.py", stdin=code).stdout
    assert "BCE101" not in bcelint(*arguments, "train.py", stdin=code).stdout


def test_settings_show_the_entries(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text(HEAD + '[tool.bcelint.activations."my_lib.wide"]\nrange = [-inf, 3]\n')
    shown = bcelint("check", "--show-settings").stdout
    assert shown.endswith(
        'layers."my_lib.Head".activation = "sigmoid"\n'
        'layers."my_lib.Head".activation-parameter = "squash"\n'
        'layers."my_lib.Head".units = "classes"\n'
        'layers."my_lib.Head".parameters = ["classes", "squash"]\n'
        'activations."my_lib.wide".range = [-inf, 3.0]\n'
    )
    (folder / "pyproject.toml").unlink()
    (folder / "bcelint.toml").write_text(shown)
    assert bcelint("check", "--show-settings").stdout.splitlines()[1:] == shown.splitlines()[1:]


def test_a_mistake_ends_the_run(folder: Path, bcelint: Run) -> None:
    (folder / "pyproject.toml").write_text(FOCAL.replace("expects", "expect"))
    (folder / "train.py").write_text(DOUBLE_SIGMOID)
    result = bcelint("check")
    assert result.exit_code == 2
    assert result.stderr == (
        'error: pyproject.toml: `tool.bcelint.losses."my_lib.losses.focal"`: unknown key `expect`; '
        "did you mean `expects`?\n"
    )


# --- verify -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "loss", "name"),
    [
        (SIGMOID, "my_lib.dice_bce", "my_lib.dice_bce"),
        ("my_lib.Head(1)", BCE_OF_LOGITS, "my_lib.Head"),
        ("keras.layers.Dense(1, my_lib.steep)", BCE_OF_LOGITS, "my_lib.steep"),
    ],
)
def test_what_only_the_configuration_knows_is_not_evaluated(
    folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch, head: str, loss: str, name: str
) -> None:
    monkeypatch.setattr("bcelint.verify.session.Session.start", pytest.fail)
    steep = '[tool.bcelint.activations."my_lib.steep"]\nrange = "probability"\n'
    (folder / "pyproject.toml").write_text(HEAD + LOGIT_LOSS + steep)
    (folder / "train.py").write_text(program(head, loss))
    result = bcelint("verify", "--output-format", "concise")
    assert f"not evaluated on tensorflow (`{name}` is only known from the configuration)" in result.stdout
    assert result.exit_code == 1


def test_a_metric_that_only_the_configuration_knows(
    folder: Path, bcelint: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bcelint.verify.session.Session.start", pytest.fail)
    (folder / "pyproject.toml").write_text(F1)
    (folder / "train.py").write_text(program(LOGITS, BCE_OF_LOGITS, "[my_lib.F1()]"))
    result = bcelint("verify", "--output-format", "concise")
    assert "not evaluated on tensorflow (`my_lib.F1` is only known from the configuration)" in result.stdout


# --- modules of the project -------------------------------------------------------------------------------------------

# What the function does says nothing about logits.
OWN_LOSSES = "from keras import ops\n\n\ndef focal(y_true, y_pred):\n    return ops.mean(ops.abs(y_true - y_pred))\n"
OWN = {
    "my_lib/__init__.py": "from .losses import focal as exported\n",
    "my_lib/losses.py": OWN_LOSSES,
    "my_lib/sub/__init__.py": "",
}


@pytest.mark.parametrize(
    ("place", "imports", "loss"),
    [
        ("train.py", "from my_lib.losses import focal", "focal"),
        ("train.py", "import my_lib.losses", "my_lib.losses.focal"),
        ("train.py", "import my_lib.losses as mine", "mine.focal"),
        ("train.py", "from my_lib import losses", "losses.focal"),
        ("train.py", "from my_lib.losses import *", "focal"),
        ("train.py", "from my_lib import exported", "exported"),
        ("my_lib/train.py", "from .losses import focal", "focal"),
        ("my_lib/train.py", "from . import losses", "losses.focal"),
        ("my_lib/train.py", "from losses import focal", "focal"),
        ("my_lib/sub/train.py", "from ..losses import focal", "focal"),
        ("my_lib/sub/train.py", "from .. import exported", "exported"),
        ("my_lib/sub/train.py", "from ..losses import *", "focal"),
    ],
)
def test_an_entry_wins_over_the_code(folder: Path, bcelint: Run, place: str, imports: str, loss: str) -> None:
    for name, text in {**OWN, place: program(LOGITS, loss, imports=imports)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    concise = ("check", "--output-format", "concise")
    (folder / "pyproject.toml").write_text("")
    assert "BCE102" not in bcelint(*concise, place).stdout
    (folder / "pyproject.toml").write_text(FOCAL)
    assert f"{place}:9:" in bcelint(*concise, place).stdout
    assert f"{place}:9:" in bcelint(*concise).stdout
    other = FOCAL.replace("my_lib.losses.focal", "my_lib.other.focal")
    (folder / "pyproject.toml").write_text(other)
    assert "BCE102" not in bcelint(*concise, place).stdout


def test_layers_and_metrics_of_the_project(folder: Path, bcelint: Run) -> None:
    (folder / "parts.py").write_text(
        "import keras\n\n\nclass Head(keras.layers.Layer):\n    def call(self, x):\n        return some_op(x)\n\n\n"
        "def f1(y_true, y_pred):\n    return 1.0\n"
    )
    config = """
[tool.bcelint.layers."parts.Head"]
output = "real"
[tool.bcelint.metrics."parts.f1"]
expects = "probabilities"
"""
    code = program("Head()", BCE_OF_LOGITS, "[f1]", imports="from parts import Head, f1")
    assert check(folder, bcelint, "", code) == ([], NOT_DECIDED)
    assert check(folder, bcelint, config, code) == (["BCE401"], ALL_DECIDED)
