"""Verifications built by hand, with curves as Keras computes them: one for each thing that a report has to show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bcelint.findings import Applicability, Edit, Finding, Fix, Related, Severity
from bcelint.places import Place
from bcelint.reporting.model import FileReport, Listing
from bcelint.verify.experiments import SWEEP
from bcelint.verify.model import (
    BackendVerdict,
    Curve,
    FileVerifications,
    FixVerdict,
    Verdict,
    Verification,
    Witness,
)

VERSIONS = (
    "bcelint 0.1.0",
    "Keras 3.15.1, TensorFlow 2.21.0",
    "Keras 3.15.1, JAX 0.10.2",
    "Keras 3.15.1, PyTorch 2.9.1",
)
COMMAND = "bcelint verify --backend tensorflow --backend jax --fixes --report report.html src/"

Formula = Callable[[float, int], float]


# --- curves ----------------------------------------------------------------------------------------------------------


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def exact(z: float, y: int) -> float:
    return y * softplus(-z) + (1 - y) * softplus(z)


def exact_gradient(z: float, y: int) -> float:
    return -sigmoid(-z) if y else sigmoid(z)


def clipped(z: float, y: int) -> float:
    """What the loss makes of a linear output."""
    low, high = np.float32(1e-7), np.float32(1) - np.float32(1e-7)
    p = min(max(np.float32(z), low), high)
    return float(-np.log(p) if y else -np.log(np.float32(1) - p))


def clipped_gradient(z: float, y: int) -> float:
    return 0.0 if not 0 < z < 1 else -1 / z if y else 1 / (1 - z)


def unclipped(z: float, y: int) -> float:
    with np.errstate(all="ignore"):
        p = np.float32(1) / (np.float32(1) + np.exp(-np.float32(z)))
        one, label = np.float32(1), np.float32(y)
        return float(-(label * np.log(p) + (one - label) * np.log(one - p)))


def unclipped_gradient(z: float, y: int) -> float:
    return math.nan if not math.isfinite(unclipped(z, y)) else exact_gradient(z, y)


def grid(low: float, high: float, step: float) -> tuple[float, ...]:
    return tuple(float(np.float32(low + step * index)) for index in range(round((high - low) / step) + 1))


def curves(xs: tuple[float, ...], **formulas: tuple[Formula, Formula | None]) -> tuple[Curve, ...]:
    """A curve for each name (underscores are spaces) and label."""
    return tuple(
        Curve(
            name.replace("_", " "),
            label,
            xs,
            tuple(loss(x, label) for x in xs),
            () if gradient is None else tuple(gradient(x, label) for x in xs),
        )
        for name, (loss, gradient) in formulas.items()
        for label in (1, 0)
    )


RIGHT = (exact, exact_gradient)
DOUBLE = curves(
    SWEEP,
    as_written=(
        lambda z, y: exact(sigmoid(z), y),
        lambda z, y: exact_gradient(sigmoid(z), y) * sigmoid(z) * sigmoid(-z),
    ),
    after_the_fix=RIGHT,
    exact=RIGHT,
)
CLIPPED = curves(SWEEP, as_written=(clipped, clipped_gradient), after_the_fix=RIGHT, exact=RIGHT)
UNCLIPPED = curves(SWEEP, as_written=(unclipped, unclipped_gradient), after_the_fix=RIGHT, exact=RIGHT)
RESCUED = curves(SWEEP, as_written=RIGHT, after_the_fix=RIGHT, exact=RIGHT)
STEPS = curves(grid(-4, 4, 0.25), as_written=(lambda z, y: float((z > 0) != bool(y)), None), exact=RIGHT)


# --- findings --------------------------------------------------------------------------------------------------------


def listing(text: str, cells: tuple[tuple[int, int], ...] | None = None) -> Listing:
    return Listing(tuple(text.split("\n")), cells)


def place(rows: Listing, words: str, occurrence: int = 0) -> Place:
    """Where ``words`` stand in a text."""
    found = [
        Place(number, column + 1, number, column + 1 + len(words))
        for number, row in enumerate(rows.rows, 1)
        for column in range(len(row))
        if row.startswith(words, column)
    ]
    return found[occurrence]


_TRAIN = listing(
    """\
import keras

model = keras.Sequential(
    [
        keras.Input((30,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer="adam",
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=["accuracy"],
)

linear = keras.Sequential([keras.Input((30,)), keras.layers.Dense(1)])
linear.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
"""
)
_FIX_DOUBLE = Fix(
    "say that the output is a probability",
    Applicability.SAFE,
    (Edit(place(_TRAIN, "from_logits=True"), ""),),
)
DOUBLE_SIGMOID = Finding(
    "BCE101",
    "double-sigmoid",
    Severity.ERROR,
    "the output ends in a sigmoid, and the loss applies a sigmoid to it again",
    place=place(_TRAIN, "keras.losses.BinaryCrossentropy(from_logits=True)"),
    focus=place(_TRAIN, "from_logits=True"),
    label="and this applies a sigmoid again",
    related=(Related(place(_TRAIN, 'activation="sigmoid"'), "the output is already a probability here"),),
    notes=(
        "the loss cannot fall below 0.3133 for positives and 0.6931 for negatives (about 0.5032 on balanced data), and "
        "accuracy may still look normal; Keras on TensorFlow notices and uses the logits, with a warning; JAX and "
        "PyTorch do not",
    ),
    fix=_FIX_DOUBLE,
    alternatives=(Fix("let the model return logits: drop the sigmoid", Applicability.UNSAFE, ()),),
)
MISSING_SIGMOID = Finding(
    "BCE102",
    "missing-sigmoid",
    Severity.ERROR,
    "the output has no sigmoid, and the loss takes it for a probability",
    place=place(_TRAIN, 'loss="binary_crossentropy"'),
    focus=place(_TRAIN, '"binary_crossentropy"'),
    label="this expects a probability",
    related=(Related(place(_TRAIN, "keras.layers.Dense(1)"), "`Dense` has no activation: any number"),),
    notes=(
        "values outside [0, 1] are clipped and get no gradient: a wrong one costs 15.9 to 16.1 (15.2 to 15.4 in "
        "tf_keras) and teaches nothing; some seeds train all the same, others stay near 7.6 to 8.1",
    ),
    fix=Fix(
        "end the model in a sigmoid",
        Applicability.UNSAFE,
        (
            Edit(
                replace(place(_TRAIN, "keras.layers.Dense(1)"), column=place(_TRAIN, "Dense(1)").end_column - 1),
                ', activation="sigmoid")',
            ),
        ),
    ),
)

_LOSSES = listing(
    """\
import keras
from keras import ops


def focal_crossentropy_with_class_weights(y_true, y_pred, positive_weight=4.0):
    positive = positive_weight * y_true * ops.log(y_pred)
    negative = (1 - y_true) * ops.log(1 - y_pred)
    return -ops.mean(positive + negative, axis=-1)


def misclassified(y_true, y_pred):
    return ops.mean(ops.cast(ops.not_equal(y_true, ops.cast(y_pred > 0, "float32")), "float32"))
"""
)
UNCLIPPED_LOG = Finding(
    "BCE201",
    "unclipped-log",
    Severity.ERROR,
    "the log of `y_pred`, which can be 0",
    place=place(_LOSSES, "ops.log(y_pred)"),
    focus=place(_LOSSES, "y_pred", 1),
    label="can be 0 (for y_pred = 0)",
    related=(Related(place(_LOSSES, "1 - y_pred"), "and so can this (for y_pred = 1)"),),
    notes=(
        "log(0) is -inf: the loss becomes inf, or NaN where it is multiplied by 0, and the weights become NaN with it; "
        "a float32 sigmoid is exactly 1 from a logit of 16.75 on",
    ),
    fix=Fix(
        "clip `y_pred` before the log",
        Applicability.SAFE,
        (Edit(Place(6, 1, 6, 1), "    y_pred = ops.clip(y_pred, 1e-7, 1 - 1e-7)\n"),),
    ),
)
NO_GRADIENT = Finding(
    "BCE210",
    "non-differentiable-loss",
    Severity.WARNING,
    "the loss has no gradient",
    place=place(_LOSSES, "y_pred > 0"),
    label="a comparison has no gradient",
    help="use a loss that rises smoothly, such as binary cross-entropy",
)
UNKNOWN_LAYER = replace(
    DOUBLE_SIGMOID,
    place=place(_LOSSES, "keras"),
    focus=None,
    related=(),
    fix=None,
    alternatives=(),
    notes=(),
    label="",
)

_NOTEBOOK = listing(
    """\
outputs = layers.Dense(1, activation="sigmoid")(x)
model = Model(inputs, outputs)
model.compile(loss=BinaryCrossentropy(from_logits=True))
model.fit(x_train, y_train)""",
    cells=((3, 1), (3, 2), (5, 1), (5, 2)),
)
IN_NOTEBOOK = Finding(
    "BCE101",
    "double-sigmoid",
    Severity.ERROR,
    DOUBLE_SIGMOID.message,
    place=place(_NOTEBOOK, "BinaryCrossentropy(from_logits=True)"),
    focus=place(_NOTEBOOK, "from_logits=True"),
    label=DOUBLE_SIGMOID.label,
    related=(Related(place(_NOTEBOOK, 'activation="sigmoid"'), "the output is already a probability here"),),
    fix=Fix(_FIX_DOUBLE.message, Applicability.SAFE, (Edit(place(_NOTEBOOK, "from_logits=True"), ""),)),
)

LONG_PATH = "services/recommendation/experiments/2024-11-conversion-model/" + "deeply/nested/" * 4 + "train_v2_final.py"
_LONG = listing(
    "model = keras.Sequential([keras.layers.Dense(1, activation='sigmoid')]); "
    + "model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), optimizer='adam', metrics=['accuracy', "
    + ", ".join(f"'metric_{number}'" for number in range(12))
    + "])\n"
)
LONG = replace(
    IN_NOTEBOOK,
    message="the output `probability_of_conversion_within_thirty_days` of the model that `build_conversion_model` "
    "returns ends in a sigmoid, and the loss `binary_crossentropy_with_label_smoothing_and_class_weights` applies a "
    "sigmoid to it again",
    place=place(_LONG, "keras.losses.BinaryCrossentropy(from_logits=True)"),
    focus=place(_LONG, "from_logits=True"),
    related=(Related(place(_LONG, "activation='sigmoid'"), "the output is already a probability here"),),
    notes=("averyverylongwordwithoutanyplacetobreakit" * 4,),
    fix=Fix(_FIX_DOUBLE.message, Applicability.SAFE, (Edit(place(_LONG, "from_logits=True"), ""),)),
)

HOSTILE_PATH = "a&b <script>alert('1')</script> \"q\".py"
_HOSTILE = listing("loss = '<script>alert(\"x\")</script>' & '</pre>'  # <!-- \u202e\x1b[31m\n")
HOSTILE = Finding(
    "BCE101",
    "double-sigmoid",
    Severity.ERROR,
    'the output `<img src=x onerror=alert(1)>` & "more" $x^2$',
    place=place(_HOSTILE, '<script>alert("x")'),
    label="<b>here</b>",
    notes=("</li><script>alert(2)</script>",),
    help='<a href="javascript:alert(1)">help</a>',
)


# --- what became of them ---------------------------------------------------------------------------------------------


JAX_DOUBLE = BackendVerdict(
    "jax",
    Verdict.CONFIRMED,
    "the loss of a perfect positive is 0.3133, and should be 2.061e-9",
    witness=Witness(
        (("z", 20.0), ("y", 1.0)),
        "fit",
        loss=0.31326169,
        gradient=-5.54e-10,
        expected=2.0611536e-9,
        expected_gradient=-2.0611536e-9,
    ),
    symptoms=(
        "the loss of a perfect model is 0.5032 on balanced data, and cannot fall further",
        "the gradient of an example that is wholly wrong (z = -20) is 4e-9 of what it should be",
    ),
    measured=(
        ("least loss for y = 1", "0.3133"),
        ("least loss for y = 0", "0.6931"),
        ("greatest gradient, as written", "0.1512"),
        ("greatest gradient, exact", "1"),
    ),
    curves=DOUBLE,
    fix=FixVerdict(_FIX_DOUBLE.message, True, "the loss agrees with the exact one within 1e-6 everywhere"),
)
TENSORFLOW_RESCUED = BackendVerdict(
    "tensorflow",
    Verdict.RESCUED,
    "Keras finds the logits behind the sigmoid, and warns",
    witness=Witness((("z", 20.0), ("y", 1.0)), "fit", 2.0611536e-9, -2.0611536e-9, 2.0611536e-9, -2.0611536e-9),
    measured=(("least loss for y = 1", "2.061e-9"),),
    curves=RESCUED,
    fix=FixVerdict(_FIX_DOUBLE.message, True, "the loss agrees with the exact one within 1e-6 everywhere"),
)
_MODES = ("exact", "fit", "fit, run eagerly", "called on the numbers that the model predicts")
_POINTS = tuple(f"z = {z}, y = {y}" for y in (1, 0) for z in (-10, 0, 10))
TORCH_DOUBLE = replace(
    JAX_DOUBLE,
    backend="torch",
    fix=None,
    measured=tuple((f"{point}: {mode}", "4.540e-05") for point in _POINTS for mode in _MODES),
)
TENSORFLOW_CLIPPED = BackendVerdict(
    "tensorflow",
    Verdict.CONFIRMED,
    "a positive example with z = -5 costs 16.118 and has no gradient",
    witness=Witness((("z", -5.0), ("y", 1.0)), "graph", 16.118095, 0.0, 5.0067153, -0.99330715),
    symptoms=("outputs outside [0, 1] get no gradient at all", "a wrong example costs 16.118 or 15.942, however wrong"),
    measured=(
        ("z = -10, y = 1: exact", "10"),
        ("z = -10, y = 1: fit", "16.1181"),
        ("z = -10, y = 1: called on the numbers that the model predicts", "16.1181"),
        ("z = 10, y = 0: exact", "10"),
        ("z = 10, y = 0: fit", "15.9424"),
        ("test_on_batch, z = -4, -1, 0.5, 3, y = 1", "8.2323"),
    ),
    curves=CLIPPED,
    fix=FixVerdict("end the model in a sigmoid", False, "at z = 40 the loss is 15.94, and should be 40"),
)
TENSORFLOW_UNCLIPPED = BackendVerdict(
    "tensorflow",
    Verdict.CONFIRMED,
    "the loss of a positive with z = 17 is NaN",
    witness=Witness((("z", 17.0), ("y", 1.0)), "XLA", math.nan, math.nan, 4.1399377e-8, -4.1399375e-8),
    symptoms=("one such example makes the loss of its batch NaN, and after that step every weight is NaN",),
    measured=(("first z at which the loss is NaN", "17"), ("last z at which it is inf", "-88.5")),
    curves=UNCLIPPED,
)
NOT_EVALUATED = BackendVerdict("jax", Verdict.NOT_EVALUATED, "jax cannot be imported: No module named 'jax'")
REFUTED = BackendVerdict(
    "tensorflow",
    Verdict.REFUTED,
    "the gradient is what it should be",
    witness=Witness((("y_true", 1.0), ("p", 0.25)), "eager", loss=0.5, expected=0.5, expression="AUC"),
    curves=STEPS,
)

HEAD = 'Dense(1, "sigmoid") with BinaryCrossentropy(from_logits=True)'


def file(shown: str, rows: Listing, *verifications: Verification) -> FileVerifications:
    findings = tuple(verification.finding for verification in verifications)
    return FileVerifications(FileReport(shown, findings, rows), verifications)


TRAIN_FILE = file(
    "src/train.py",
    _TRAIN,
    Verification(DOUBLE_SIGMOID, HEAD, (TENSORFLOW_RESCUED, JAX_DOUBLE)),
    Verification(MISSING_SIGMOID, "Dense(1) with binary_crossentropy", (TENSORFLOW_CLIPPED, NOT_EVALUATED)),
)
LOSSES_FILE = file(
    "src/losses.py",
    _LOSSES,
    Verification(
        UNCLIPPED_LOG, "the function focal_crossentropy_with_class_weights", (TENSORFLOW_UNCLIPPED, NOT_EVALUATED)
    ),
    Verification(NO_GRADIENT, "the function misclassified", (REFUTED,)),
    Verification(
        UNKNOWN_LAYER,
        "",
        (
            BackendVerdict("tensorflow", Verdict.NOT_EVALUATED, "the layer CrossGating is the file's own"),
            BackendVerdict("jax", Verdict.NOT_EVALUATED, "the layer CrossGating is the file's own"),
        ),
    ),
)
NOTEBOOK_FILE = file(
    "notebooks/churn model.ipynb",
    _NOTEBOOK,
    Verification(IN_NOTEBOOK, HEAD, (TENSORFLOW_RESCUED, JAX_DOUBLE, TORCH_DOUBLE)),
)
LONG_FILE = file(
    LONG_PATH,
    _LONG,
    Verification(
        LONG,
        "Dense(1, name='probability_of_conversion_within_thirty_days', activation='sigmoid') with "
        "BinaryCrossentropy(from_logits=True, label_smoothing=0.1, name='binary_crossentropy_with_label_smoothing')",
        (
            replace(
                JAX_DOUBLE,
                reason="the loss of a perfect positive is 0.3133, and should be 2.061e-9, in each of the modes that "
                "were tried: eager, graph, XLA, fit and evaluate, in float32 and in bfloat16",
            ),
        ),
    ),
)
HOSTILE_FILE = file(
    HOSTILE_PATH,
    _HOSTILE,
    Verification(
        HOSTILE,
        "<i>evaluated</i>",
        (
            replace(
                JAX_DOUBLE,
                reason="<s>reason</s> & so on",
                axis="pre-activation <z> $z_1$",
                symptoms=("<em>symptom</em>",),
                measured=(("<th>", "<td>"),),
                curves=tuple(replace(curve, name=f"<{curve.name}> & $a$") for curve in DOUBLE),
                fix=FixVerdict("<fix>", False, "<reason> & '\"'"),
            ),
        ),
    ),
)
CLEAN_FILE = FileVerifications(FileReport("src/clean.py"))

EVERYTHING = (TRAIN_FILE, LOSSES_FILE, NOTEBOOK_FILE, LONG_FILE, HOSTILE_FILE, CLEAN_FILE)
REALISTIC = (TRAIN_FILE, LOSSES_FILE, NOTEBOOK_FILE, LONG_FILE, CLEAN_FILE)
