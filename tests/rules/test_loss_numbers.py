"""What BCE201 to BCE212 say about behaviour, on their pages and in their messages, measured with TensorFlow and Keras.

What rounding does is measured in ``tests/numbers/test_rounding.py``, and not again here; a comment says where. Numbers
of whole training runs (``NaN in epoch 6``, ``0.0066 after 60 epochs``) depend on their data and are not measured: what
they are examples of is.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bcelint.analysis import analyse
from bcelint.findings import Finding
from bcelint.rules import loss_code
from bcelint.rules.vanishing_epsilon import SPACING
from bcelint.source import read
from tests.installed_keras import KERAS_2, KERAS_3
from tests.numbers.test_rounding import (
    CLIPPED,
    EAGER,
    GRAPH,
    SATURATION,
    SPELLINGS,
    TENSORFLOW,
    XLA,
    Machine,
    column,
    compiled,
    dice,
    head,
    same,
    tensorflow_machine,
)
from tests.rules.pages import PAGES

Loss = Callable[[Any, Any], Any]
CODES = [f"BCE{number}" for number in range(201, 213)]
each_mode = pytest.mark.parametrize("mode", TENSORFLOW)


@pytest.fixture
def machine(tensorflow: ModuleType, mode: str) -> Machine:
    return tensorflow_machine(tensorflow, mode)


# --- pages and messages -----------------------------------------------------------------------------------------------


def table(code: str, number: int = 0) -> dict[tuple[str, ...], list[str]]:
    """The rows of a table of a page, by their first cell, or their first cells where those are not unique."""
    tables = re.findall(r"(?:^\|.*\n)+", PAGES[code].text, re.MULTILINE)
    cells = [[cell.strip().strip("*`") for cell in row.strip("|").split("|")] for row in tables[number].splitlines()]
    keys = 1 if len({row[0] for row in cells[2:]}) == len(cells) - 2 else 2
    return {tuple(row[:keys]): row[keys:] for row in cells[2:]}


def agrees(cell: str, value: float) -> bool:
    """Whether a number is what a cell says, to its last digit."""
    if cell == "finite":
        return math.isfinite(value)
    said = float(cell)
    if not math.isfinite(said):
        return math.isnan(value) if math.isnan(said) else value == said
    mantissa, _, exponent = cell.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(value - said) <= 0.51 * unit


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ("1.19e-7", 1.192e-7, True),
        ("1.19e-7", 1.20e-7, False),
        ("-15.94", -15.9424, True),
        ("-15.94", -15.9524, False),
        ("0.0", -0.0, True),
        ("NaN", math.nan, True),
        ("NaN", 0.0, False),
        ("-inf", -math.inf, True),
        ("-inf", math.inf, False),
        ("inf", math.nan, False),
        ("finite", 3.0, True),
        ("finite", math.nan, False),
    ],
)
def test_cells_are_read_to_their_last_digit(cell: str, value: float, expected: bool) -> None:
    assert agrees(cell, value) is expected


def findings(code: str) -> list[Finding]:
    """What the rule says about the bad examples of its page."""
    found = [finding for block in PAGES[code].part("bad") for finding in analyse(block.source).findings]
    return [finding for finding in found if finding.code == code]


def said(code: str) -> str:
    return "\n".join("\n".join((f.message, f.label, *f.notes, f.help)) for f in findings(code))


def page(code: str) -> str:
    """The prose of a page, in one line."""
    return " ".join(PAGES[code].text.split())


# The numbers in notes and helps, beside epsilons, and the test here or in `test_rounding` that measures them.
MEASURED = {
    "BCE201": {"16.75"},  # test_saturation_of_a_sigmoid, test_a_saturated_sigmoid
    "BCE202": {"5.96", "1.19"},  # test_spacing_around_one
    "BCE205": {"88.73"},  # test_where_exp_overflows
    "BCE208": {"16.12", "-15.94"},  # test_swapped_arguments, test_swapped_arguments_of_keras
}


@pytest.mark.parametrize("code", CODES)
def test_no_number_goes_unmeasured(code: str) -> None:
    found = findings(code)
    assert found
    numbers = {n for f in found for text in (*f.notes, f.help) for n in re.findall(r"-?\d+\.\d\d+", text)}
    assert numbers <= MEASURED.get(code, set())


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_spacing_around_one(dtype: str, tensorflow: Any) -> None:
    """The spacings and smallest numbers that the notes of BCE202 name."""
    one = tensorflow.constant(1.0, dtype).numpy()
    smallest = np.array(0, dtype=one.dtype)
    above = float(np.nextafter(one, np.array(2, dtype=one.dtype))) - 1
    below = 1 - float(np.nextafter(one, np.array(0, dtype=one.dtype)))
    least = float(np.nextafter(smallest, one))
    for text, value in zip(SPACING[dtype], (below, above, least), strict=True):
        assert float(text) == pytest.approx(value, rel=0.01)


# --- logs and epsilons (BCE201, BCE202, BCE203) -----------------------------------------------------------------------


def cross_entropy(m: Any, y: Any, p: Any) -> Any:
    return -(y * m.log(p) + (1 - y) * m.log(1 - p))


@each_mode
def test_a_saturated_sigmoid(machine: Machine) -> None:
    """The steps are measured in `test_saturation_of_a_sigmoid`; 16.75 is what the note says, with "from ... on"."""
    assert "exactly 1 from a logit of 16.75 on" in said("BCE201")
    assert machine.values(lambda m, z: m.sigmoid(z), [16.75, 17.0, 20.0, 88.0]).tolist() == [1, 1, 1, 1]
    assert machine.values(lambda m, z: m.sigmoid(z), [16.5, 16.5])[0] < 1
    assert machine.values(lambda m, z: m.sigmoid(z), [-88.0, -90.0]).tolist() == [0, 0]
    assert machine.values(lambda m, z: m.sigmoid(z), [-87.0, -87.0])[0] > 0


@each_mode
def test_the_loss_without_a_guard(machine: Machine) -> None:
    for (logit,), (positive, negative, gradient) in table("BCE201").items():
        for label, cell in ((1.0, positive), (0.0, negative)):
            value, slope = machine.value_and_slope(
                lambda m, z, y=label: cross_entropy(m, y, m.sigmoid(z)),  # type: ignore[misc]
                float(logit),
            )
            assert agrees(cell, value), (logit, label)
            assert agrees(gradient, slope), (logit, label)


@each_mode
def test_what_the_clip_costs(machine: Machine) -> None:
    """The loss is capped at about 16, and beyond the clip there is no gradient."""
    for label, logit, cost in ((1.0, -40.0, 16.1181), (0.0, 40.0, 15.9424)):
        value, slope = machine.value_and_slope(
            lambda m, z, y=label: cross_entropy(m, y, m.clip(m.sigmoid(z), 1e-7, 1 - 1e-7)),  # type: ignore[misc]
            logit,
        )
        assert (value, slope) == (same(cost), 0)
    for p in (1e-6, 0.3, 1 - 1e-6):
        kept = machine.value(lambda m, p: m.clip(p, 1e-7, 1 - 1e-7), p)
        assert kept == np.float32(p), "between the bounds nothing changes"


def guarded(m: Any, how: str) -> Loss:
    """A cross-entropy with one guard or another."""

    def loss(y: Any, p: Any) -> Any:
        if how.startswith("clip"):
            epsilon = float(how.split()[1])
            p = m.clip(p, epsilon, 1 - epsilon)
        if how == "behind":
            return -m.mean(y * (m.log(p) + 1e-10) + (1 - y) * (m.log(1 - p) + 1e-10), axis=-1)
        inside = 1e-8 if how == "inside" else 0.0
        terms = y * m.log(p + inside) + (1 - y) * m.log(1 - p + inside) if inside else cross_entropy(m, y, p) * -1
        return -m.mean(terms, axis=-1)

    return loss


@pytest.mark.parametrize("how", ["none", "clip 1e-15", "clip 1e-8", "inside", "behind", "clip 1e-7"])
def test_one_step_with_one_saturated_example(library: ModuleType, tensorflow: ModuleType, how: str) -> None:
    """Predicted rightly, among others that are not saturated: the loss of the batch is NaN, and then all weights."""
    m = tensorflow.keras.backend if library.__name__ == KERAS_3 else library.backend
    model = compiled(library, head(library, 17.0), guarded(m, how), jit_compile=False)
    found = float(model.train_on_batch(column(1, 0.05, -0.05), column(1, 1, 0)))
    weight = float(model.get_weights()[0][0, 0])
    assert math.isnan(found) is math.isnan(weight) is (how != "clip 1e-7")
    if how == "clip 1e-7":
        assert found < 0.5


def test_the_table_of_epsilons() -> None:
    """The values are those of `test_where_the_epsilon_goes` and `test_logarithm_after_a_clip`."""
    measured = {spelling.text: spelling for spelling in SPELLINGS}
    rows = table("BCE202")
    assert len(rows) == 6
    for (text,), cells in rows.items():
        if text == "log(1 - clip(p, 1e-15, 1 - 1e-15))":
            expected = [CLIPPED["float32"][1e-15]] * 3
        else:
            spelling = measured.get(text) or measured["clip 1e-7"]
            assert spelling.text == text or text == "log(1 - clip(p, 1e-7, 1 - 1e-7))"
            expected = [spelling.eager, spelling.graph, spelling.xla]
            assert spelling.expected("jax jit") == spelling.xla
        assert all(agrees(cell, value) for cell, value in zip(cells, expected, strict=True)), text


def test_the_grid_next_to_1() -> None:
    one, half = np.float32(1), np.float16(1)
    text = page("BCE202")
    assert "5.96e-8 apart in float32" in text
    assert f"{one - np.nextafter(one, np.float32(0)):.2e}" == "5.96e-08"
    assert "`1 + eps` is 1 if eps is below 5.97e-8" in text
    assert one + np.float32(5.96e-8) == one
    assert one + np.float32(5.97e-8) > one
    assert "below 1 only for an eps above 2.44e-4, and 1e-8 is 0" in text
    assert np.float16(1 - 2.44e-4) == half
    assert np.float16(1 - 2.45e-4) < half
    assert np.float16(1e-8) == 0


@each_mode
@pytest.mark.parametrize("dtype", loss_code.SURVIVING)
def test_the_epsilon_in_the_fix_survives(machine: Machine, dtype: str, mode: str) -> None:
    """On both sides of 1, in every place, and compiled."""
    epsilon = float(loss_code.SURVIVING[dtype])
    for formula, at in (
        (lambda m, p: m.log(m.clip(p, epsilon, 1 - epsilon)), 0.0),
        (lambda m, p: m.log(1 - m.clip(p, epsilon, 1 - epsilon)), 1.0),
        (lambda m, p: m.log(1 - p + epsilon), 1.0),
        (lambda m, p: m.log(1 + epsilon - p), 1.0),
        (lambda m, p: m.log(m.maximum(1 - p, epsilon)), 1.0),
        (lambda m, p: m.log(p + epsilon), 0.0),
    ):
        value = machine.value(formula, at, dtype)
        assert math.isfinite(value)
        assert value == pytest.approx(math.log(epsilon), rel=0.06)


@each_mode
def test_an_epsilon_behind(machine: Machine) -> None:
    """`log(p) + 1e-7` of 0 is measured in `test_epsilon_added_to_p`."""
    assert "-inf + eps is still -inf" in said("BCE203")
    assert "0 / 0 is NaN, and NaN + eps is still NaN" in said("BCE203")
    assert math.isnan(machine.value(lambda m, x: x / x + 1e-7, 0.0))
    # the gradient does not see it
    behind = machine.value_and_slope(lambda m, p: m.log(p) + 1e-2, 0.3)
    assert behind == (same(math.log(0.3) + 1e-2), same(1 / 0.3))
    # moved inside, it changes the value by about as much
    for p in (0.1, 0.5, 1.0):
        inside = machine.value(lambda m, p: m.log(p + 1e-7), p)
        assert inside == pytest.approx(machine.value(lambda m, p: m.log(p) + 1e-7, p), abs=2e-6)
    assert math.isfinite(machine.value(lambda m, x: x / (x + 1e-7), 0.0))


@each_mode
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_cross_entropy_with_an_epsilon_behind(machine: Machine, label: float) -> None:
    """From a logit of about 17 on: inf or NaN, with a NaN gradient."""
    value, slope = machine.value_and_slope(
        lambda m, z: -(label * (m.log(m.sigmoid(z)) + 1e-10) + (1 - label) * (m.log(1 - m.sigmoid(z)) + 1e-10)), 17.0
    )
    assert math.isnan(value) if label else value == math.inf
    assert math.isnan(slope)


# --- where (BCE204) ---------------------------------------------------------------------------------------------------

# The rows of the page. Those with a logarithm are `where` and `two wheres` of SLOPES in `test_rounding` as well, which
# measures them with JAX and PyTorch, too.
WHERES: dict[str, tuple[Callable[[Any, Any], Any], float]] = {
    "where(p > 0, log(p), 0)": (lambda m, p: m.where(p > 0, m.log(p), 0.0), 0.0),
    "where(n > 0, 2 * n / n, 1)": (lambda m, n: m.where(n > 0, 2 * n / n, 1.0), 0.0),
    "where(n > 0, total / n, 0)": (lambda m, t: m.where(m.zeros_like(t) > 0, t / m.zeros_like(t), 0.0), 3.0),
    "where(d > 0, sqrt(d), 0)": (lambda m, d: m.where(d > 0, m.sqrt(d), 0.0), 0.0),
    "where(p > 0, log(where(p > 0, p, 1)), 0)": (
        lambda m, p: m.where(p > 0, m.log(m.where(p > 0, p, 1.0)), 0.0),
        0.0,
    ),
}


@each_mode
def test_a_where_at_the_guarded_point(machine: Machine, mode: str) -> None:
    rows = table("BCE204")
    assert len(rows) == len(WHERES)
    for (text,), (value_cell, slope_cell) in rows.items():
        formula, at = WHERES[text.partition("`")[0]]
        value, slope = machine.value_and_slope(formula, at)
        if slope_cell == "NaN with XLA, 0.0 without":
            slope_cell = "NaN" if mode == XLA else "0.0"
        assert agrees(value_cell, value), text
        assert agrees(slope_cell, slope), text


def test_the_loss_that_is_printed_is_a_plain_number(library: ModuleType, tensorflow: ModuleType) -> None:
    tf = tensorflow

    def loss(y: Any, p: Any) -> Any:
        return -tf.reduce_mean(y * tf.where(p > 0, tf.math.log(p), 0.0), axis=-1)

    model = compiled(library, head(library, -100.0), loss, jit_compile=False)
    assert float(model.train_on_batch(column(1, -1), column(1, 1))) == 0
    assert math.isnan(float(model.get_weights()[0][0, 0]))


# --- stable twins (BCE205) --------------------------------------------------------------------------------------------


@each_mode
def test_logs_that_are_written_out(machine: Machine, mode: str) -> None:
    """`log(1 + exp(z))` of 88 and 89 are in SLOPES of `test_rounding`, and `softplus(100)`, which the note names."""
    for (text,), (value_cell, slope_cell, stable_cell) in table("BCE205").items():
        formula, _, rest = text.partition("` at ")
        at, _, only_eager = rest.partition(", ")
        written, stable = {
            "log(sigmoid(z))": (lambda m, z: m.log(m.sigmoid(z)), lambda m, z: m.log_sigmoid(z)),
            "log(1 + exp(z))": (lambda m, z: m.log(1 + m.exp(z)), lambda m, z: m.softplus(z)),
        }[formula]
        exact, slope_of_exact = machine.value_and_slope(stable, float(at))
        assert agrees(stable_cell, exact), text
        assert math.isfinite(slope_of_exact)
        if only_eager and mode != EAGER:
            continue
        value, slope = machine.value_and_slope(written, float(at))
        assert agrees(value_cell, value), text
        if (formula, at, mode) == ("log(sigmoid(z))", "-88", XLA):
            assert slope == 0, "XLA gives 0: no gradient either"
        else:
            assert agrees(slope_cell, slope), text


@each_mode
def test_where_exp_overflows(machine: Machine) -> None:
    assert "exp overflows in float32 from 88.73 on" in "".join("".join(f.notes) for f in findings("BCE205")), (
        "as the note says"
    )
    assert machine.value(lambda m, z: m.exp(z), 88.73) == math.inf
    assert math.isfinite(machine.value(lambda m, z: m.exp(z), 88.72))


@each_mode
def test_the_log_of_a_softmax(machine: Machine, tensorflow: ModuleType, mode: str) -> None:
    """Of a class whose logit is 90 below the largest, which makes a loss NaN whose label for it is 0.

    A graph writes log_softmax for it by itself, but only as long as nobody asks for a gradient.
    """
    tf = tensorflow

    def written(m: Any, z: Any) -> Any:
        return tf.math.log(tf.nn.softmax(tf.stack([z, 0 * z], -1)))

    def stable(m: Any, z: Any) -> Any:
        return tf.nn.log_softmax(tf.stack([z, 0 * z], -1))[..., 0]

    assert machine.value(lambda m, z: written(m, z)[..., 0], -90.0) == same(-90 if mode == GRAPH else -math.inf)
    assert machine.value_and_slope(stable, -90.0) == same((-90, 1))
    trained = machine.value_and_slope(lambda m, z: -tf.reduce_sum([0.0, 1.0] * written(m, z)), -90.0)
    assert trained == same((math.nan, math.nan))


@each_mode
def test_the_stable_functions_in_the_fix_are_the_same_functions(machine: Machine, tensorflow: ModuleType) -> None:
    """The one of the backend is softplus: log_sigmoid(z) is -softplus(-z), and that of the negative -softplus(z)."""
    tf = tensorflow
    for z in (-20.0, -1.5, 0.0, 0.7, 12.0):
        expected = -math.log1p(math.exp(-z))
        assert machine.value(lambda m, z: m.log_sigmoid(z), z) == pytest.approx(expected, rel=1e-5)
        assert machine.value(lambda m, z: -tf.keras.backend.softplus(-z), z) == pytest.approx(expected, rel=1e-5)
        of_negative = machine.value(lambda m, z: -tf.keras.backend.softplus(z), z)
        assert of_negative == pytest.approx(machine.value(lambda m, z: m.log_sigmoid(-z), z), rel=1e-5)


# --- ratios (BCE206) --------------------------------------------------------------------------------------------------


def test_an_empty_mask_teaches_nothing(tensorflow: ModuleType) -> None:
    """Four pixels with logits of -10. What 0 / 0 makes of it is in `test_dice_of_an_empty_mask`."""
    tf = tensorflow
    text = page("BCE206")
    assert "(logits of -10)" in text
    for smooth, cost in ((0.0, "1.0"), (1.0, "0.00018")):
        logits = tf.fill([4], -10.0)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = dice(tf, tf.zeros(4), tf.sigmoid(logits), smooth)
        slope = tape.gradient(loss, logits).numpy()
        assert agrees(cost, float(loss))
        assert cost in text
        assert bool(slope.any()) is (smooth != 0)


def test_where_a_sigmoid_is_0() -> None:
    """As `test_saturation_of_a_sigmoid` measures it."""
    assert "a logit of about -88 in float32, and already below -17.5 in float16 on TensorFlow and PyTorch" in page(
        "BCE206"
    )
    for mode in (EAGER, GRAPH, "torch"):
        assert SATURATION["float16"][mode][1] == -17.5
        assert SATURATION["float32"][mode][1] == pytest.approx(-88, abs=0.8)


def test_what_an_empty_mask_costs_is_a_choice(tensorflow: ModuleType) -> None:
    tf = tensorflow
    empty = tf.zeros(4)
    ratio = tf.math.divide_no_nan(2 * tf.reduce_sum(empty * empty), tf.reduce_sum(empty) + tf.reduce_sum(empty))
    assert float(1 - ratio) == 1
    assert float(dice(tf, empty, empty, 1.0)) == 0


def test_a_mean_over_nothing(library: ModuleType, tensorflow: ModuleType) -> None:
    tf = tensorflow

    def loss(y: Any, p: Any) -> Any:
        there = tf.cast(tf.not_equal(y, -1), tf.float32)
        return tf.reduce_sum(tf.square(y - p) * there) / tf.reduce_sum(there)

    model = compiled(library, head(library, 0.5), loss)
    assert math.isfinite(float(model.train_on_batch(column(1, 2), column(1, -1))))
    assert math.isfinite(float(model.get_weights()[0][0, 0]))
    assert math.isnan(float(model.train_on_batch(column(1, 2), column(-1, -1))))
    assert math.isnan(float(model.get_weights()[0][0, 0]))


# --- signs (BCE207) ---------------------------------------------------------------------------------------------------


@each_mode
def test_where_a_negated_loss_goes(machine: Machine) -> None:
    """That training follows it is measured in `test_a_negated_cross_entropy`."""
    text = page("BCE207")
    assert "-16.12 for positives and -15.94 for negatives" in text

    def negated(label: float) -> Callable[[Any, Any], Any]:
        return lambda m, p: -cross_entropy(m, label, m.clip(p, 1e-7, 1 - 1e-7))

    assert agrees("-16.12", machine.value(negated(1.0), 0.0))
    assert agrees("-15.94", machine.value(negated(0.0), 1.0))
    for label in (0.0, 1.0):
        values = [-machine.value(negated(label), p) for p in (0.0, 0.1, 0.5, 0.9, 1.0)]
        assert min(values) >= 0, "a cross-entropy is never below 0"


@pytest.mark.parametrize("label", [1, 0])
def test_the_two_values_that_are_shown(tensorflow: ModuleType, label: int) -> None:
    """Both are computed by bcelint; here by TensorFlow."""
    terms = {1: "y_true * tf.math.log(p)", 0: "(1 - y_true) * tf.math.log(1 - p)"}
    text = (
        "import tensorflow as tf\n\n\ndef bce(y_true, y_pred):\n    p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)\n"
        f"    return tf.reduce_mean({terms[label]} - {terms[1 - label]})\n"
    )
    finding = next(f for f in analyse(read("loss.py", text.encode())).findings if f.code == "BCE207")
    shown = re.fullmatch(r"label (\d): (\S+) where it is predicted as (\S+), (\S+) as (\S+)", finding.label)
    assert shown is not None
    assert shown[1] == str(label)
    for value, prediction in ((shown[2], shown[3]), (shown[4], shown[5])):
        names: dict[str, Any] = {}
        exec(compile(text, "loss", "exec"), names)  # the snippet above
        measured = names["bce"](tensorflow.constant([float(label)]), tensorflow.constant([float(prediction)]))
        assert agrees(value, float(measured))


# --- swapped arguments (BCE208) ---------------------------------------------------------------------------------------


def test_swapped_arguments_of_keras(libraries: Any, tensorflow: ModuleType) -> None:
    """The page and the note speak of Keras 3; `test_swapped_arguments` has the slopes, and tf_keras, which differs."""
    tf = tensorflow
    function = libraries.keras.losses.binary_crossentropy
    labels = tf.constant(column(1, 0))
    for (prediction,), (swapped, right) in table("BCE208").items():
        p = tf.constant(column(float(prediction), 1 - float(prediction)))
        assert agrees(swapped, float(tf.reduce_mean(function(p, labels))))
        assert agrees(right, float(tf.reduce_mean(function(labels, p))))
    start = tf.constant(column(0.5, 0.5))
    assert float(tf.reduce_mean(function(start, labels))) > 7, "above 7 at the start of training"
    assert float(tf.reduce_mean(function(labels, start))) == pytest.approx(0.69, abs=0.01)
    p = tf.Variable(column(0.3, 0.3))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(function(p, labels))
    positive, negative = tape.gradient(loss, p).numpy().ravel()
    for number, slope in (("-15.94", positive), ("16.12", negative)):
        assert agrees(number, float(slope))
        assert number.lstrip("-") in said("BCE208")
        assert number in page("BCE208")


@pytest.mark.parametrize(("logit", "mean"), [(20.0, "-9.0"), (200.0, "-99.0")])
def test_swapped_logits(tensorflow: ModuleType, logit: float, mean: str) -> None:
    tf = tensorflow
    assert mean in page("BCE208")
    labels, logits = tf.constant([1.0, 0.0]), tf.Variable([logit, -logit])
    with tf.GradientTape() as tape:
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=logits, logits=labels)
    assert agrees(mean, float(tf.reduce_mean(losses)))
    assert tape.gradient(losses, logits).numpy().tolist() == [-1, 0]


# --- no gradient (BCE209) ---------------------------------------------------------------------------------------------

# What is raised for `round`, `argmax`, comparisons and casts is measured in `test_a_loss_without_a_slope`, that a sign
# trains nothing in `test_a_sign_has_a_slope_of_zero`.


def test_a_regularizer_on_one_layer(keras3: ModuleType, tensorflow: ModuleType) -> None:
    """A warning, no error, and the regularizer is trained alone."""
    tf, layers = tensorflow, keras3.layers
    model = keras3.Sequential(
        [
            keras3.Input((2,)),
            layers.Dense(3, kernel_initializer="ones", kernel_regularizer=keras3.regularizers.L2(0.1)),
            layers.Dense(1, kernel_initializer="ones", activation="sigmoid"),
        ]
    )
    compiled(keras3, model, lambda y, p: tf.reduce_mean(tf.square(y - tf.round(p)), -1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(np.ones((2, 2), "float32"), column(1, 0), verbose=0)
    assert any("Gradients do not exist for variables" in str(w.message) for w in caught)
    first, _, second, _ = model.get_weights()
    assert first.max() < 1
    assert second.tolist() == [[1.0]] * 3


# --- weights (BCE210) -------------------------------------------------------------------------------------------------


def test_weights_and_a_number_for_the_batch(library: ModuleType, tensorflow: ModuleType) -> None:
    """The losses of two examples, given as the predictions. The slopes are in `test_weights_of_a_loss_that_is_...`."""
    tf = tensorflow
    rows = table("BCE210")
    each = column(*(2 * float(rows[key,][1]) for key in ("[1, 0]", "[0, 1]")))
    model = library.Sequential([library.layers.Input((1,)), library.layers.Activation("linear")])
    for (text,), cells in rows.items():
        weights = np.array([float(n) for n in text.strip("[]").split(",")])
        for cell, loss in zip(
            cells, (lambda y, p: tf.reduce_mean(p), lambda y, p: tf.reduce_mean(p, axis=-1)), strict=True
        ):
            model.compile("sgd", loss=loss)
            found = model.test_on_batch(each, column(0, 0), sample_weight=weights)
            assert float(found) == pytest.approx(float(cell), abs=1.5e-4), (text, cell)


# --- not called (BCE211) ----------------------------------------------------------------------------------------------


def two_parameters() -> Any:
    def focal(gamma: float = 2.0, alpha: float = 0.25) -> Any:
        def loss(y_true: Any, y_pred: Any) -> Any:
            return alpha * (y_true - y_pred) ** gamma

        return loss

    return focal


def one_parameter() -> Any:
    def focal(gamma: float = 2.0) -> Any:
        return lambda y_true, y_pred: (y_true - y_pred) ** gamma

    return focal


def test_what_is_raised(libraries: Any) -> None:
    """More of it, run eagerly too, is in `test_a_factory_for_a_loss` and `test_a_class_for_a_loss`."""
    rows = table("BCE211")
    given = {
        "factory with two parameters, Keras 3": (KERAS_3, two_parameters()),
        "factory with one parameter, Keras 3": (KERAS_3, one_parameter()),
        "factory with two parameters, tf_keras": (KERAS_2, two_parameters()),
        "class, tf_keras": (KERAS_2, libraries.tf_keras.losses.BinaryCrossentropy),
    }
    assert {key for (key,) in rows} == set(given)
    for (key,), (text,) in rows.items():
        name, loss = given[key]
        kind, _, message = text.partition(": ")
        assert kind == "TypeError"
        # these functions are nested in functions of this file, and the class has its module before it
        pattern = ".*".join(map(re.escape, message.split("..."))).replace("<function\\ focal", "<function\\ .*focal")
        pattern = pattern.replace(".*\\ BinaryCrossentropy", ".*BinaryCrossentropy")
        library = getattr(libraries, name)
        with pytest.raises(TypeError, match=pattern):
            compiled(library, head(library, 0.5), loss).fit(column(1, -1), column(1, 0), verbose=0)


# --- powers (BCE212) --------------------------------------------------------------------------------------------------


@each_mode
def test_focal_losses_with_a_small_gamma(machine: Machine) -> None:
    """The slope of a power at 0 is in SLOPES of `test_rounding`, too."""
    rows = table("BCE212")
    assert len(rows) == 5
    for (gamma, logit), (value_cell, slope_cell) in rows.items():

        def focal(m: Any, z: Any, gamma: float = float(gamma)) -> Any:
            p = m.sigmoid(z)
            return -((1 - p) ** gamma) * m.log(m.clip(p, 1e-7, 1.0))

        value, slope = machine.value_and_slope(focal, float(logit))
        assert agrees(value_cell, value), (gamma, logit)
        assert agrees(slope_cell, slope), (gamma, logit)


@each_mode
def test_a_base_that_is_clipped(machine: Machine) -> None:
    assert "3.2e-4 for a root" in page("BCE212")
    value, slope = machine.value_and_slope(lambda m, x: m.power(m.maximum(x, 1e-7), 0.5), 0.0)
    assert agrees("3.2e-4", value)
    assert slope == 0
    value, slope = machine.value_and_slope(lambda m, x: m.power(x, 0.5), 0.0)
    assert (value, slope) == (0, math.inf)
    # what lies above is as it was
    assert machine.value(lambda m, x: m.power(m.maximum(x, 1e-7), 0.5), 0.04) == same(0.2)
    for gamma in (1.0, 1.5, 2.0):
        assert math.isfinite(machine.value_and_slope(lambda m, x, g=gamma: m.power(x, g), 0.0)[1])  # type: ignore[misc]
