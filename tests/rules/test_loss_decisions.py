"""The rules on hand-written losses, on facts that are made by hand: nothing is parsed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bcelint.findings import (
    Applicability,
    Change,
    Finding,
    FixPlan,
    InsertBefore,
    Replace,
    SetArgument,
    Swap,
    Wrap,
)
from bcelint.inference.facts import CustomLoss, Fact, Numeric, Spelled, SwappedArguments, UncalledLoss
from bcelint.places import Place
from bcelint.rules import BY_CODE, check, loss_code

SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE

# Row 3 is `    x = tf.math.log(y_pred)`, as far as the places go.
BODY = Place(2, 5, 2, 20)
STATEMENT = Place(3, 5, 3, 30)
OPERATION = Place(3, 9, 3, 30)
OPERAND = Place(3, 21, 3, 27)
ELSEWHERE = Place(1, 7, 1, 12)


def numeric(kind: str = "log", text: str = "y_pred", *, atom: bool = True, **more: Any) -> Numeric:
    """A log of what is in [0, 1], in TensorFlow, unless it is said otherwise."""
    given: dict[str, Any] = {
        "place": OPERATION,
        "argument": Spelled(OPERAND, text, atom),
        "statement": STATEMENT,
        "blocks": (BODY,),
        "api": "tf.math.log",
        "function": "tf.math.log",
        "low": 0.0,
        "high": 1.0,
    }
    return Numeric(kind, **{**given, **more})


def only(*facts: Fact) -> Finding:
    found = check(facts)
    assert len(found) == 1, found
    return found[0]


def plan(finding: Finding) -> FixPlan:
    assert len(finding.plans) == 1
    return finding.plans[0]


# --- which rule it is -------------------------------------------------------------------------------------------------

OUTSIDE = {"outside": Spelled(Place(3, 33, 3, 37), "1e-7"), "outside_value": 1e-7, "outer": Place(3, 9, 3, 37)}
INNER = {"inner": Place(3, 15, 3, 28), "inner_kind": "log", "test": "y_pred > 0"}
TWIN = {"twin": "log_sigmoid", "operand": Spelled(Place(3, 22, 3, 26), "z")}

VERDICTS: list[tuple[str, str, dict[str, Any]]] = [
    ("BCE201", "log", {}),
    ("BCE201", "log", {"reached": -1.0}),
    ("BCE201", "log", {"low": -1.0, "high": 3.0}),
    ("BCE201", "log", {"function": "", "api": ""}),
    ("BCE201", "log", {"dtype": "float16"}),
    ("BCE202", "log", {"epsilon": 1e-15}),
    ("BCE202", "log", {"epsilon": 1 - 1e-15}),
    ("BCE202", "log", {"epsilon": 1e-8, "compiled": True}),
    ("BCE202", "log", {"epsilon": 1e-8, "compiled": True, "shared": True}),
    ("BCE202", "log", {"epsilon": 1e-7, "dtype": "float16"}),
    ("BCE202", "log", {"epsilon": 1e-15, **OUTSIDE}),
    ("BCE203", "log", OUTSIDE),
    ("BCE203", "log", {**OUTSIDE, "reached": -1.0}),
    ("BCE203", "division", OUTSIDE),
    ("BCE204", "where", INNER),
    ("BCE204", "where", {**INNER, "branch": False}),
    ("BCE204", "where", {**INNER, "inner_kind": "divide"}),
    ("BCE204", "where", {**INNER, **TWIN}),
    ("BCE204", "where", {**INNER, **OUTSIDE, "epsilon": 1e-15}),
    ("BCE205", "log", TWIN),
    ("BCE205", "log", {**TWIN, "twin": "log_sigmoid of the negative"}),
    ("BCE205", "log", {**TWIN, "twin": "log_softmax"}),
    ("BCE205", "log", {**TWIN, "twin": "softplus", "reached": float("inf")}),
    ("BCE205", "log", {**TWIN, "epsilon": 1e-15}),
    ("BCE205", "log", {**TWIN, **OUTSIDE}),
    ("BCE206", "division", {}),
    ("BCE206", "division", {"operator": True}),
    ("BCE206", "division", {"labels_only": True}),
    ("BCE206", "division", {"epsilon": 1e-15}),
    ("BCE212", "power", {"exponent": 0.5}),
    ("BCE212", "power", {"exponent": 0.75, "reached": -1e-8}),
    ("BCE212", "power", {"exponent": 0.5, "epsilon": 1e-15}),
    ("BCE212", "power", {"exponent": 0.5, **OUTSIDE}),
]


@pytest.mark.parametrize(("code", "kind", "more"), VERDICTS)
def test_verdict(code: str, kind: str, more: dict[str, Any]) -> None:
    fact = numeric(kind, **more)
    assert loss_code.verdict(fact) == code
    finding = only(fact)
    assert (finding.code, finding.name, finding.severity) == (code, BY_CODE[code].name, BY_CODE[code].severity)
    assert finding.place == OPERATION
    assert finding.focus == OPERAND
    assert finding.notes
    assert finding.help


@pytest.mark.parametrize(("code", "kind", "more"), VERDICTS)
def test_a_fact_is_the_matter_of_one_rule(code: str, kind: str, more: dict[str, Any]) -> None:
    fact = numeric(kind, **more)
    assert [other for other in BY_CODE if list(loss_code.numerics([fact], other))] == [code]


def test_the_operand_is_only_underlined_within_the_operation() -> None:
    assert only(numeric(argument=Spelled(ELSEWHERE, "p"))).focus is None
    assert only(numeric(argument=None)).focus is None


def test_nothing_without_facts() -> None:
    assert check([]) == []
    assert check([CustomLoss("loss", OPERATION)]) == []


# --- words ------------------------------------------------------------------------------------------------------------

MESSAGES = [
    (numeric(), "the log of `y_pred`, which can be 0", "can be 0"),
    (
        numeric(text="1 - p", witness=(("p", 1.0),)),
        "the log of `1 - p`, which can be 0",
        "can be 0 (for p = 1)",
    ),
    (
        numeric(reached=-0.5, witness=(("y_true", 0.0), ("p", -0.5))),
        "the log of `y_pred`, which can be negative",
        "can be negative (for y_true = 0, p = -0.5)",
    ),
    (numeric(text="p" * 61), "the log of this, which can be 0", "can be 0"),
    (numeric(argument=None), "the log of this, which can be 0", "can be 0"),
    (
        numeric(epsilon=1e-15, witness=(("p", 1.0),)),
        "the epsilon 1e-15 vanishes in float32: `y_pred` can be 0",
        "this can be 0 (for p = 1)",
    ),
    (
        numeric(epsilon=1 - 1e-8, dtype="bfloat16"),
        "the epsilon 1e-8 vanishes in bfloat16: `y_pred` can be 0",
        "this can be 0",
    ),
    (numeric(epsilon=1 + 1e-10), "the epsilon 1e-10 vanishes in float32: `y_pred` can be 0", "this can be 0"),
    (numeric(epsilon=-1e-9), "the epsilon 1e-9 vanishes in float32: `y_pred` can be 0", "this can be 0"),
    (
        numeric(text="1 - p + 1e-8", epsilon=1e-8, compiled=True),
        "the epsilon 1e-8 is lost when a compiler rewrites `1 - p + 1e-8`",
        "compiled, this can be 0",
    ),
    (numeric(**OUTSIDE), "`1e-7` is added behind the log, and `y_pred` can be 0", "can be 0"),
    (
        numeric("division", "total", **OUTSIDE),
        "`1e-7` is added behind the division, and `total` can be 0",
        "can be 0",
    ),
    (
        numeric("where", **INNER),
        "`where` keeps the value from the log, not the gradient: `y_pred` can be 0",
        "can be 0",
    ),
    (
        numeric("where", **{**INNER, "inner_kind": "sqrt"}),
        "`where` keeps the value from the square root, not the gradient: `y_pred` can be 0",
        "can be 0",
    ),
    (numeric(**TWIN), "the log of a sigmoid is written out, and `y_pred` can be 0", "can be 0"),
    (
        numeric(**{**TWIN, "twin": "softplus"}, reached=float("inf"), witness=(("z", 200.0),)),
        "log(1 + exp(z)) is written out, and exp can overflow",
        "can overflow (for z = 200)",
    ),
    (numeric("division", "total"), "the sum `total` can be 0, and nothing guards the division", "can be 0"),
    (numeric("power", exponent=0.5), "the power 0.5 of `y_pred`, which can be 0", "can be 0"),
    (
        numeric("power", exponent=0.75, reached=-1e-8),
        "the power 0.75 of `y_pred`, which can be negative",
        "can be negative",
    ),
]


@pytest.mark.parametrize(("fact", "message", "label"), MESSAGES)
def test_message(fact: Numeric, message: str, label: str) -> None:
    finding = only(fact)
    assert (finding.message, finding.label) == (message, label)


def test_each_twin_is_named() -> None:
    for twin, words, stable in (
        ("log_sigmoid", "the log of a sigmoid", "log_sigmoid(z)"),
        ("log_sigmoid of the negative", "the log of 1 - sigmoid", "log_sigmoid(-z)"),
        ("log_softmax", "the log of a softmax", "log_softmax(z)"),
        ("softplus", "log(1 + exp(z))", "softplus(z)"),
    ):
        finding = only(numeric(**{**TWIN, "twin": twin}))
        assert finding.message.startswith(f"{words} is written out")
        assert finding.help == f"use {stable}"


def test_notes_say_which_fault_it_is() -> None:
    assert "16.75" in only(numeric()).notes[0]
    assert "NaN" in only(numeric(reached=-1.0)).notes[0]
    assert "16.75" not in only(numeric(reached=-1.0)).notes[0]
    assert "float16 are 4.88e-4 apart just below 1" in only(numeric(epsilon=1e-5, dtype="float16")).notes[0]
    assert "1e-5 is rounded away" in only(numeric(epsilon=1e-5, dtype="float16")).notes[0]
    plain, shared = (only(numeric(epsilon=1e-8, compiled=True, shared=shared)).notes[0] for shared in (False, True))
    assert "run eagerly this is finite" in plain
    assert "a plain `tf.function` only keeps it because" in shared
    assert all("`(1 + 1e-8) - p`" in note for note in (plain, shared))
    assert "0 / 0 is NaN" in only(numeric("division", **OUTSIDE)).notes[0]
    assert "-inf + eps" in only(numeric(**OUTSIDE)).notes[0]
    assert "nothing counts" in only(numeric("division", labels_only=True)).notes[0]
    assert "an empty mask" in only(numeric("division")).notes[0]
    assert "x ** 0.75 is infinitely steep" in only(numeric("power", exponent=0.75)).notes[0]


# --- fixes in the words of the file -----------------------------------------------------------------------------------

# The function that the loss calls, by its canonical name and as it is spelled; and what keeps p off 0 and 1, and off 0.
HOMES = {
    "K": ("keras.backend.log", "K.log", "K.clip(p, K.epsilon(), 1 - K.epsilon())", "K.maximum(\0, K.epsilon())"),
    "tf.keras.backend": (
        "keras.backend.mean",
        "tf.keras.backend.mean",
        "tf.keras.backend.clip(p, tf.keras.backend.epsilon(), 1 - tf.keras.backend.epsilon())",
        "tf.keras.backend.maximum(\0, tf.keras.backend.epsilon())",
    ),
    "tf": ("tf.log", "tf.log", "tf.clip_by_value(p, 1e-7, 1 - 1e-7)", "tf.maximum(\0, 1e-7)"),
    "tf.math": ("tf.math.log", "tf.math.log", "tf.clip_by_value(p, 1e-7, 1 - 1e-7)", "tf.maximum(\0, 1e-7)"),
    "tensorflow": (
        "tf.math.log",
        "tensorflow.math.log",
        "tensorflow.clip_by_value(p, 1e-7, 1 - 1e-7)",
        "tensorflow.maximum(\0, 1e-7)",
    ),
    "tf.compat.v1": (
        "tf.log",
        "tf.compat.v1.log",
        "tf.compat.v1.clip_by_value(p, 1e-7, 1 - 1e-7)",
        "tf.compat.v1.maximum(\0, 1e-7)",
    ),
    "tf.compat.v1.math": (
        "tf.math.log",
        "tf.compat.v1.math.log",
        "tf.compat.v1.clip_by_value(p, 1e-7, 1 - 1e-7)",
        "tf.compat.v1.maximum(\0, 1e-7)",
    ),
    "ops": ("keras.ops.log", "ops.log", "ops.clip(p, 1e-7, 1 - 1e-7)", "ops.maximum(\0, 1e-7)"),
    "keras.ops": (
        "keras.ops.sum",
        "keras.ops.sum",
        "keras.ops.clip(p, 1e-7, 1 - 1e-7)",
        "keras.ops.maximum(\0, 1e-7)",
    ),
    "np": ("np.log", "np.log", "np.clip(p, 1e-7, 1 - 1e-7)", "np.maximum(\0, 1e-7)"),
    "numpy": ("np.log", "numpy.log", "numpy.clip(p, 1e-7, 1 - 1e-7)", "numpy.maximum(\0, 1e-7)"),
    "jnp": ("jnp.log", "jnp.log", "jnp.clip(p, 1e-7, 1 - 1e-7)", "jnp.maximum(\0, 1e-7)"),
    "a bare name": ("keras.backend.log", "log", "", ""),
    "a module of tf": ("tf.math.log", "math.log", "", ""),
    "nothing called": ("", "", "", ""),
}
each_home = pytest.mark.parametrize(("api", "function", "clip", "maximum"), HOMES.values(), ids=HOMES)


@each_home
def test_a_clip_in_the_words_of_the_file(api: str, function: str, clip: str, maximum: str) -> None:
    fact = numeric(api=api, function=function)
    assert loss_code.clipped(fact, "p") == clip
    assert loss_code.at_least_epsilon(fact) == maximum


@each_home
def test_a_clip_of_16_bits(api: str, function: str, clip: str, maximum: str) -> None:
    """The epsilon of the backend is 1e-7, which 16 bits do not keep."""
    for dtype, epsilon in (("float16", "1e-3"), ("bfloat16", "1e-2")):
        made = loss_code.clipped(numeric(api=api, function=function, dtype=dtype), "p")
        assert bool(made) is bool(clip)
        assert "epsilon()" not in made
        assert not made or made.endswith(f"(p, {epsilon}, 1 - {epsilon})")
        made = loss_code.at_least_epsilon(numeric(api=api, function=function, dtype=dtype))
        assert not made or made.endswith(f".maximum(\0, {epsilon})")


STABLE: list[tuple[str, str, str, bool, tuple[str, str] | None]] = [
    ("tf.math.log", "tf.math.log", "log_sigmoid", True, ("tf.math.log_sigmoid(", ")")),
    ("tf.log", "tf.log", "log_sigmoid", True, ("tf.math.log_sigmoid(", ")")),
    ("tf.math.log", "tf.math.log", "log_sigmoid of the negative", True, ("tf.math.log_sigmoid(-", ")")),
    ("tf.math.log", "tf.math.log", "log_sigmoid of the negative", False, ("tf.math.log_sigmoid(-(", "))")),
    ("tf.math.log", "tf.math.log", "log_softmax", True, ("tf.nn.log_softmax(", ")")),
    ("tf.math.log", "tf.math.log", "softplus", False, ("tf.nn.softplus(", ")")),
    ("tf.math.log", "tf.compat.v1.math.log", "softplus", True, ("tf.compat.v1.nn.softplus(", ")")),
    ("keras.ops.log", "ops.log", "log_sigmoid", True, ("ops.log_sigmoid(", ")")),
    ("keras.ops.log", "ops.log", "log_sigmoid of the negative", False, ("ops.log_sigmoid(-(", "))")),
    ("keras.ops.log", "keras.ops.log", "log_softmax", True, ("keras.ops.log_softmax(", ")")),
    ("keras.ops.log", "ops.log", "softplus", True, ("ops.softplus(", ")")),
    # The backend of Keras has softplus only: log_sigmoid(z) is -softplus(-z).
    ("keras.backend.log", "K.log", "log_sigmoid", True, ("(-K.softplus(-", "))")),
    ("keras.backend.log", "K.log", "log_sigmoid", False, ("(-K.softplus(-(", ")))")),
    ("keras.backend.log", "K.log", "log_sigmoid of the negative", False, ("(-K.softplus(", "))")),
    ("keras.backend.log", "K.log", "softplus", True, ("K.softplus(", ")")),
    ("keras.backend.log", "K.log", "log_softmax", True, None),
    ("np.log", "np.log", "log_sigmoid", True, None),
    ("jnp.log", "jnp.log", "softplus", True, None),
    ("keras.backend.log", "log", "softplus", True, None),
    ("", "", "softplus", True, None),
]


@pytest.mark.parametrize(("api", "function", "twin", "atom", "call"), STABLE)
def test_a_stable_function_in_the_words_of_the_file(
    api: str, function: str, twin: str, atom: bool, call: tuple[str, str] | None
) -> None:
    inner = Place(3, 22, 3, 26)
    fact = numeric(api=api, function=function, twin=twin, operand=Spelled(inner, "z", atom))
    assert loss_code.stable_call(fact) == call
    finding = only(fact)
    if call is None:
        assert finding.plans == ()
        return
    assert plan(finding).applicability is SAFE
    assert plan(finding).changes == (
        Replace(Place(3, 9, 3, 22), call[0]),
        Replace(Place(3, 26, 3, 30), call[1]),
    )


@pytest.mark.parametrize("operand", [None, Spelled(ELSEWHERE, "z")])
def test_no_stable_function_for_what_is_written_elsewhere(operand: Spelled | None) -> None:
    assert only(numeric(twin="log_softmax", operand=operand)).plans == ()


# --- clips (BCE201) ---------------------------------------------------------------------------------------------------

CLIP = "tf.clip_by_value({}, 1e-7, 1 - 1e-7)"
AROUND = Wrap(OPERAND, "tf.clip_by_value(", ", 1e-7, 1 - 1e-7)")
MAXIMUM = Wrap(OPERAND, "tf.maximum(", ", 1e-7)")

CLIPS: list[tuple[Numeric, Change | None]] = [
    (numeric(variable="y_pred"), InsertBefore(STATEMENT, f"y_pred = {CLIP.format('y_pred')}")),
    (numeric(text="1 - p", atom=False, variable="p"), InsertBefore(STATEMENT, f"p = {CLIP.format('p')}")),
    # p / (1 - p) has another range than its p
    (numeric(text="p / (1 - p)", variable="p", high=2e9), InsertBefore(STATEMENT, f"p = {CLIP.format('p')}")),
    # without a variable of the function, the operand itself
    (numeric(text="model(x)"), AROUND),
    (numeric(variable="y_pred", statement=None), AROUND),
    (numeric(text="a + b", atom=False, high=2.0), MAXIMUM),
    # what is not in [0, 1] is no probability: nothing is cut above
    (numeric(variable="y_pred", high=float("inf")), MAXIMUM),
    (numeric(variable="y_pred", low=-1.0), MAXIMUM),
    # no words for it
    (numeric(api="keras.backend.log", function="log"), None),
    (numeric(api="keras.backend.log", function="log", variable="y_pred"), None),
    (numeric(api="", function="", high=2.0), None),
    (numeric(argument=None), None),
]


@pytest.mark.parametrize(("fact", "change"), CLIPS)
def test_clip(fact: Numeric, change: Change | None) -> None:
    finding = only(fact)
    assert [(p.applicability, p.changes) for p in finding.plans] == ([] if change is None else [(SAFE, (change,))])


# --- one clip for all logs of a variable ------------------------------------------------------------------------------

OUTER, ARM, OTHER_ARM = Place(2, 5, 2, 9), Place(6, 9, 6, 20), Place(9, 9, 9, 20)


def use(row: int, *blocks: Place, variable: str = "p", bound: int | None = None) -> Numeric:
    """A log in a statement of its own, in the blocks that it is in."""
    where = Place(row, 5, row, 30)
    return numeric(
        place=Place(row, 9, row, 30),
        argument=Spelled(Place(row, 21, row, 27), f"1 - {variable}", False),
        statement=where,
        blocks=(OUTER, *blocks),
        variable=variable,
        bound=Place(bound, 5, bound, 20) if bound is not None else None,
    )


GROUPS: list[tuple[Numeric, Sequence[Numeric], int]] = [
    (use(5), [], 5),
    (use(5), [use(5), use(7)], 5),
    (use(7), [use(5), use(7)], 5),
    (use(7), [use(9), use(5), use(8)], 5),
    # another variable, or another value of it
    (use(7), [use(5, variable="q")], 7),
    (use(7, bound=6), [use(5)], 7),
    (use(7, bound=6), [use(5, bound=4)], 7),
    (use(7, bound=4), [use(5, bound=4)], 5),
    # a block is entered from the one around it, and not left again
    (use(7, ARM), [use(5)], 5),
    (use(7), [use(6, ARM)], 7),
    (use(10, OTHER_ARM), [use(7, ARM)], 10),
    (use(8, ARM), [use(7, ARM)], 7),
    (use(8, ARM, OTHER_ARM), [use(7, ARM), use(5, OTHER_ARM)], 7),
]


@pytest.mark.parametrize(("fact", "others", "row"), GROUPS)
def test_the_first_use_of_a_variable(fact: Numeric, others: Sequence[Numeric], row: int) -> None:
    found = loss_code.first_use(fact, others)
    assert found is not None
    assert found.row == row


def test_no_first_use_without_statements() -> None:
    assert loss_code.first_use(numeric(statement=None, variable="p"), []) is None


def test_logs_of_one_variable_share_a_clip() -> None:
    found = check([use(5), use(7), use(8, ARM), use(9, variable="q")])
    assert [finding.place.row for finding in found] == [5, 7, 8, 9]
    changes = [plan(finding).changes[0] for finding in found]
    shared = InsertBefore(Place(5, 5, 5, 30), f"p = {CLIP.format('p')}")
    assert changes == [shared] * 3 + [InsertBefore(Place(9, 5, 9, 30), f"q = {CLIP.format('q')}")]


# --- epsilons (BCE202, BCE203) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "epsilon"), [("float32", "1e-7"), ("float16", "1e-3"), ("bfloat16", "1e-2")])
def test_an_epsilon_that_survives(dtype: str, epsilon: str) -> None:
    low, high = Place(3, 22, 3, 27), Place(3, 33, 3, 38)
    finding = only(numeric(epsilon=1e-15, dtype=dtype, epsilon_places=((low, 1e-15), (high, 1e-15), (low, 1e-15))))
    assert plan(finding).applicability is SAFE
    assert plan(finding).changes == (Replace(low, epsilon), Replace(high, epsilon))
    assert finding.help == f"use an epsilon that survives: {epsilon}"


def test_an_epsilon_that_is_written_elsewhere() -> None:
    finding = only(numeric(epsilon=1e-15, epsilon_places=((ELSEWHERE, 1e-15),)))
    assert [(r.place, r.message) for r in finding.related] == [(ELSEWHERE, "this is too small")]
    assert only(numeric(epsilon=1e-15, epsilon_places=((OPERAND, 1e-15),))).related == ()
    assert only(numeric(epsilon=2.0**-52)).plans == (), "np.finfo(float).eps has no number to change"


def outside(text: str, value: float, *, before: bool = False) -> dict[str, Any]:
    """`log(y_pred) + 1e-7`, or `1e-7 + log(y_pred)`."""
    end = OPERATION.end_column + 3 + len(text)
    if before:
        start = OPERATION.column - 3 - len(text)
        return {
            "outside": Spelled(Place(3, start, 3, start + len(text)), text),
            "outside_value": value,
            "outer": Place(3, start, 3, OPERATION.end_column),
        }
    return {
        "outside": Spelled(Place(3, OPERATION.end_column + 3, 3, end), text),
        "outside_value": value,
        "outer": Place(3, OPERATION.column, 3, end),
    }


MOVED = [
    (numeric(**outside("1e-7", 1e-7)), Wrap(OPERAND, "", " + 1e-7"), Place(3, 30, 3, 37)),
    (numeric(**outside("EPS", 1e-5)), Wrap(OPERAND, "", " + EPS"), Place(3, 30, 3, 36)),
    (numeric(**outside("K.epsilon()", 1e-7)), Wrap(OPERAND, "", " + K.epsilon()"), Place(3, 30, 3, 44)),
    # one that would vanish is replaced on the way
    (numeric(**outside("1e-10", 1e-10)), Wrap(OPERAND, "", " + 1e-7"), Place(3, 30, 3, 38)),
    (numeric(dtype="float16", **outside("1e-7", 1e-7)), Wrap(OPERAND, "", " + 1e-3"), Place(3, 30, 3, 37)),
    (numeric(**outside("1e-7", 1e-7, before=True)), Wrap(OPERAND, "", " + 1e-7"), Place(3, 2, 3, 9)),
    (numeric("division", **outside("1e-7", 1e-7)), Wrap(OPERAND, "(", " + 1e-7)"), Place(3, 30, 3, 37)),
    (
        numeric("division", "a + b", atom=False, **outside("1e-7", 1e-7)),
        Wrap(OPERAND, "", " + 1e-7"),
        Place(3, 30, 3, 37),
    ),
]


@pytest.mark.parametrize(("fact", "inside", "removed"), MOVED)
def test_an_epsilon_is_moved_inside(fact: Numeric, inside: Change, removed: Place) -> None:
    finding = only(fact)
    assert plan(finding).applicability is SAFE
    assert plan(finding).changes == (inside, Replace(removed, ""))
    assert [r.message for r in finding.related] == ["this belongs inside"]


def test_an_epsilon_of_which_the_places_are_not_known() -> None:
    assert only(numeric(outside=Spelled(ELSEWHERE, "1e-7"), outside_value=1e-7)).plans == ()
    assert only(numeric(argument=None, **outside("1e-7", 1e-7))).plans == ()


# --- where, divisions, powers (BCE204, BCE206, BCE212) ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "change"),
    [
        ({"function": "tf.where"}, Wrap(OPERAND, "tf.where(y_pred > 0, ", ", 1.0)")),
        ({"function": "ops.where", "branch": False}, Wrap(OPERAND, "ops.where(y_pred > 0, 1.0, ", ")")),
        ({"function": "K.switch"}, None),
        ({"function": "tf.where", "test": ""}, None),
        ({"function": "tf.where", "test": "tf.greater(\n    p, 0)"}, None),
        ({"function": "tf.where", "argument": None}, None),
    ],
)
def test_a_second_where(more: dict[str, Any], change: Change | None) -> None:
    finding = only(numeric("where", **{**INNER, "inner": ELSEWHERE, **more}))
    assert [(p.applicability, p.changes) for p in finding.plans] == ([] if change is None else [(UNSAFE, (change,))])
    assert [(r.place, r.message) for r in finding.related] == [(ELSEWHERE, "this log has an infinite slope there")]


@pytest.mark.parametrize(
    ("fact", "change"),
    [
        (numeric("division", operator=True), Wrap(OPERAND, "(", " + 1e-7)")),
        (numeric("division", operator=True, atom=False), Wrap(OPERAND, "", " + 1e-7")),
        (numeric("division", operator=False), Wrap(OPERAND, "", " + 1e-7")),
        (numeric("division", operator=True, dtype="float16"), Wrap(OPERAND, "(", " + 1e-3)")),
        (numeric("division", argument=None), None),
    ],
)
def test_a_denominator_is_kept_off_0(fact: Numeric, change: Change | None) -> None:
    assert [(p.applicability, p.changes) for p in only(fact).plans] == ([] if change is None else [(UNSAFE, (change,))])


@each_home
def test_a_base_is_kept_off_0(api: str, function: str, clip: str, maximum: str) -> None:
    finding = only(numeric("power", exponent=0.5, api=api, function=function))
    before, _, after = maximum.partition("\0")
    assert [(p.applicability, p.changes) for p in finding.plans] == (
        [(SAFE, (Wrap(OPERAND, before, after),))] if maximum else []
    )


# --- losses as a whole (BCE207, BCE209, BCE210) -----------------------------------------------------------------------

RETURNED, COMPILE, WEIGHTS = Place(8, 12, 8, 60), Place(20, 1, 20, 40), Place(21, 20, 21, 32)


def custom(**more: Any) -> CustomLoss:
    return CustomLoss("bce", RETURNED, Place(2, 5, 2, 8), **more)


@pytest.mark.parametrize(
    ("rises", "which", "label"),
    [
        ((1, 0), "", "label 1: -0.0513 where it is predicted as 0.95, -2.9957 as 0.05"),
        ((1,), " for label 1", "label 1: -0.0513 where it is predicted as 0.95, -2.9957 as 0.05"),
        ((0,), " for label 0", "label 0: -0.0513 where it is predicted as 0.05, -2.9957 as 0.95"),
    ],
)
def test_a_wrong_sign(rises: tuple[int, ...], which: str, label: str) -> None:
    finding = only(custom(rises=rises, values=(-0.0513, -2.9957), compiled=COMPILE))
    assert (finding.code, finding.place, finding.label) == ("BCE207", RETURNED, label)
    assert finding.message == f"`bce` falls as the predictions get worse{which}: a sign is wrong"
    assert [r.place for r in finding.related] == [COMPILE]
    changes = [(p.applicability, p.changes) for p in finding.plans]
    assert changes == ([(UNSAFE, (Wrap(RETURNED, "-(", ")"),))] if len(rises) == 2 else [])


def test_a_wrong_sign_of_a_loss_that_nobody_compiles() -> None:
    assert only(custom(rises=(1, 0), values=(-0.1, -3.0))).related == ()


def test_no_gradient() -> None:
    inside, outside = Place(8, 20, 8, 30), Place(5, 9, 5, 20)
    finding = only(custom(cut=inside, cut_name="K.round", compiled=COMPILE))
    assert (finding.code, finding.focus, finding.label) == ("BCE209", inside, "no gradient passes this")
    assert finding.message == "`bce` has no gradient: the prediction only reaches it through `K.round`"
    assert [r.place for r in finding.related] == [COMPILE]
    finding = only(custom(cut=outside, cut_name="tf.argmax"))
    assert (finding.focus, finding.label) == (None, "and nothing else leads to the prediction")
    assert [(r.place, r.message) for r in finding.related] == [(outside, "no gradient passes this")]
    assert finding.plans == ()


def test_one_number_for_the_batch() -> None:
    inside = Place(8, 13, 8, 50)
    finding = only(custom(reduction=inside, reduction_is_alone=True, weights=WEIGHTS, weights_name="class_weight"))
    assert (finding.code, finding.focus, finding.label) == ("BCE210", inside, "this makes one number of the batch")
    assert finding.message == "`bce` returns one number for the batch, so `class_weight` cannot weigh its parts"
    assert [(r.place, r.message) for r in finding.related] == [(WEIGHTS, "`class_weight` has no effect")]
    assert (plan(finding).applicability, plan(finding).changes) == (UNSAFE, (SetArgument(inside, "axis", "-1"),))


def test_one_number_for_the_batch_that_is_made_elsewhere() -> None:
    outside = Place(5, 9, 5, 20)
    finding = only(custom(reduction=outside, weights=WEIGHTS, weights_name="sample_weight"))
    assert (finding.focus, finding.label, finding.plans) == (None, "the loss of the whole batch", ())
    assert [r.place for r in finding.related] == [outside, WEIGHTS]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"compiled": COMPILE},
        {"reduction": RETURNED, "reduction_is_alone": True},
        {"weights": WEIGHTS, "weights_name": "class_weight"},
        {"reduction": RETURNED, "compiled": COMPILE},
    ],
)
def test_a_loss_with_nothing_wrong(more: dict[str, Any]) -> None:
    assert check([custom(**more)]) == []


def test_a_loss_with_several_faults() -> None:
    fact = custom(rises=(1, 0), values=(-0.1, -3.0), reduction=RETURNED, weights=WEIGHTS, weights_name="class_weight")
    assert {finding.code for finding in check([fact])} == {"BCE207", "BCE210"}


# --- arguments and factories (BCE208, BCE211) -------------------------------------------------------------------------


def test_swapped_arguments_of_a_call() -> None:
    first, second = Place(8, 20, 8, 26), Place(8, 28, 8, 34)
    api = "keras.backend.binary_crossentropy"
    finding = only(SwappedArguments(RETURNED, "binary_crossentropy", first, second, api=api))
    assert (finding.code, finding.place, finding.focus) == ("BCE208", RETURNED, first)
    assert finding.message == "`binary_crossentropy` takes the labels first, and gets the prediction"
    assert (plan(finding).applicability, plan(finding).changes) == (UNSAFE, (Swap(first, second),))
    assert finding.related == ()
    assert "16.12 or -15.94" in finding.notes[0]


def test_swapped_parameters() -> None:
    definition, first, second = Place(2, 1, 8, 60), Place(2, 9, 2, 15), Place(2, 17, 2, 23)
    finding = only(SwappedArguments(definition, "bce", first, second, COMPILE))
    assert finding.message == "`bce` takes the prediction first, and Keras gives it the labels first"
    assert [(r.place, r.message) for r in finding.related] == [(COMPILE, "Keras calls it with the labels first")]
    assert plan(finding).changes == (Swap(first, second),)


def test_swapped_arguments_of_a_loss_that_may_clip_otherwise() -> None:
    assert only(SwappedArguments(RETURNED, "own", ELSEWHERE, OPERAND)).notes == ()


@pytest.mark.parametrize(
    ("kind", "message", "label"),
    [
        ("factory", "`focal` is a function that makes a loss, and is not called", "the loss is what it returns"),
        ("class", "`focal` is a class, and is not called", "the loss is an object of it"),
    ],
)
@pytest.mark.parametrize(
    ("needs", "help"),
    [((), "call it"), (("gamma",), "call it with `gamma`"), (("gamma", "alpha"), "call it with `gamma`, `alpha`")],
)
def test_what_is_not_called(kind: str, message: str, label: str, needs: tuple[str, ...], help: str) -> None:
    finding = only(UncalledLoss(COMPILE, "focal", kind, ELSEWHERE, needs))
    assert (finding.code, finding.message, finding.label, finding.help) == ("BCE211", message, label, help)
    assert [(r.place, r.message) for r in finding.related] == [(ELSEWHERE, "defined here")]
    changes = [(p.applicability, p.changes) for p in finding.plans]
    assert changes == ([] if needs else [(SAFE, (Wrap(COMPILE, "", "()"),))])


def test_what_is_not_called_and_defined_out_of_sight() -> None:
    assert only(UncalledLoss(COMPILE, "BinaryCrossentropy", "class")).related == ()
