"""Cases that were hard to get right: correlated tests, models in themselves, exhausted budgets."""

from __future__ import annotations

import pytest

from bcelint.analysis import analyse
from bcelint.findings import Applicability
from bcelint.source import read
from tests.inference.support import (
    cases,
    check_hit,
    check_near_miss,
    check_sound,
    check_undecided,
    on_a_big_stack,
    pairings,
)
from tests.inference.test_branches import correlated
from tests.inference.test_metrics import logits
from tests.inference.test_robustness import FAULT, codes
from tests.inference.test_usage import script

SOUND = {
    "and": correlated('num_classes == 1 and mode == "binary"'),
    "or": correlated('num_classes == 1 or mode == "binary"'),
    "the variable and the test itself": """
        import keras
        from keras import layers

        def build(num_classes):
            is_binary = num_classes == 2
            model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
            if not is_binary:
                model = keras.Sequential([layers.Dense(num_classes, activation="softmax")])
            if num_classes == 2:
                model.compile(loss="binary_crossentropy")
            else:
                model.compile(loss="sparse_categorical_crossentropy")
            return model
    """,
    "the logits flag drives both": """
        import keras
        from keras import layers

        def build(from_logits):
            model = keras.Sequential([layers.Dense(1, activation=None if from_logits else "sigmoid")])
            if from_logits:
                model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
            else:
                model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=False))
            return model
    """,
    "two elif chains over the same subject": """
        import keras
        from keras import layers

        def build(task, n):
            if task == "binary":
                head = layers.Dense(1, activation="sigmoid")
            elif task == "multiclass":
                head = layers.Dense(n, activation="softmax")
            else:
                head = layers.Dense(1)
            model = keras.Sequential([head])
            if task == "regression":
                model.compile(loss="mse")
            elif task == "multiclass":
                model.compile(loss="categorical_crossentropy")
            elif task == "binary":
                model.compile(loss="binary_crossentropy")
            return model
    """,
    "match twice": """
        import keras
        from keras import layers

        def build(task):
            match task:
                case "binary":
                    head = layers.Dense(1, activation="sigmoid")
                case _:
                    head = layers.Dense(10, activation="softmax")
            model = keras.Sequential([head])
            match task:
                case "binary":
                    model.compile(loss="binary_crossentropy")
                case _:
                    model.compile(loss="categorical_crossentropy")
            return model
    """,
    "a table by task": """
        import keras
        from keras import layers

        HEADS = {"binary": (1, "sigmoid"), "multi": (10, "softmax")}
        LOSSES = {"binary": "binary_crossentropy", "multi": "categorical_crossentropy"}

        def build(task):
            units, activation = HEADS[task]
            model = keras.Sequential([layers.Dense(units, activation=activation)])
            model.compile(loss=LOSSES[task])
            return model
    """,
    "average of probabilities": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        members = [layers.Dense(1, activation="sigmoid")(inputs) for _ in range(3)]
        model = keras.Model(inputs, layers.Average()(members))
        model.compile(loss="binary_crossentropy")
    """,
    "scaled tanh as logits": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        t = layers.Dense(1, activation="tanh")(inputs)
        model = keras.Model(inputs, 10.0 * t)
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
}

HITS = {
    "from_logits under the wrong test": """
        import keras
        from keras import layers

        def build(logits):
            activation = None if logits else "sigmoid"
            model = keras.Sequential([layers.Dense(1, activation=activation)])
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=not logits))  # <- BCE101, BCE102
            return model
    """,
    "scaled values": """
        import numpy as np
        import keras

        p = np.array([0.2, 0.7])
        keras.losses.binary_crossentropy(np.array([0.0, 1.0]), p * 10)  # <- BCE102
    """,
    "a diamond": """
        import keras

        class Base:
            def head(self):
                return keras.layers.Dense(1, activation="sigmoid")

        class Left(Base):
            pass

        class Right(Base):
            def head(self):
                return keras.layers.Dense(1, activation="relu")

        class Both(Left, Right):
            def build(self):
                model = keras.Sequential([self.head()])
                model.compile(loss="binary_crossentropy")  # <- BCE103
                return model

        Both().build()
    """,
    "average of scores": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        members = [layers.Dense(1)(inputs) for _ in range(3)]
        model = keras.Model(inputs, layers.Average()(members))
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
}

NEAR_MISSES = {
    "a call with the same argument": correlated("is_binary(mode)"),
    "head and compile chosen by different tests": """
        import keras
        from keras import layers

        def build(a, b):
            inputs = keras.Input((3,))
            model = keras.Model(inputs, layers.Dense(1, activation="sigmoid" if a else None)(inputs))
            if b:
                model.compile(loss="binary_crossentropy")
            else:
                model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
            return model
    """,
    "head and loss chosen by different tests": """
        import keras
        from keras import layers

        def build(a, b):
            inputs = keras.Input((3,))
            model = keras.Model(inputs, layers.Dense(1, activation="sigmoid" if a else None)(inputs))
            loss = "binary_crossentropy" if b else keras.losses.BinaryCrossentropy(from_logits=True)
            model.compile(loss=loss)
            return model
    """,
    "a model in itself": """
        import keras

        model = keras.Sequential()
        model.add(model)
        model.compile(loss="binary_crossentropy")
        model.predict(x)
    """,
    "two models in each other": """
        import keras

        a, b = keras.Sequential(), keras.Sequential()
        a.add(b)
        b.add(a)
        a.compile(loss="binary_crossentropy")
        b(x)
    """,
}

UNDECIDED = {
    "a subclass whose call is elsewhere": """
        import keras
        from base import BaseNet

        class Net(BaseNet):
            def __init__(self):
                super().__init__()
                self.out = keras.layers.Dense(1)

        net = Net()
        net.compile(loss="binary_crossentropy")
    """,
}

TRAINED = {
    "stored on an unknown object": "from helpers import state\nimages = generator(z)\nstate.model = generator",
}

NOT_TRAINED = {
    "printed": "images = generator.predict(z)\nprint(generator)",
    "plotted": "images = generator.predict(z)\nkeras.utils.plot_model(generator)",
}


@pytest.mark.parametrize("code", cases(SOUND))
def test_sound(code: str) -> None:
    check_sound(code)


@pytest.mark.parametrize("code", cases(HITS))
def test_hits(code: str) -> None:
    check_hit(code)


@pytest.mark.parametrize("code", cases(NEAR_MISSES))
def test_near_misses(code: str) -> None:
    check_near_miss(code)


@pytest.mark.parametrize("code", cases(UNDECIDED))
def test_undecided(code: str) -> None:
    check_undecided(code)


@pytest.mark.parametrize("rest", cases(TRAINED))
def test_trained(rest: str) -> None:
    check_hit(script(rest, hit=True))


@pytest.mark.parametrize("rest", cases(NOT_TRAINED))
def test_not_trained(rest: str) -> None:
    check_near_miss(script(rest, hit=False))


def test_metric_class_that_is_not_called() -> None:
    check_hit(logits("keras.metrics.BinaryAccuracy", mark="BCE401"))


def test_the_budget_runs_out_before_a_model_is_asked_for_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bcelint.inference.interpreter.MAX_STEPS", 20_000)
    layer = "class Head(keras.layers.Layer):\n    def call(self, x):\n        return x\n"
    rest = "later = keras.Sequential([Head()])\n" + "".join(f"x{i} = a + b + c\n" for i in range(10_000))
    assert on_a_big_stack(lambda: codes(FAULT + layer + rest)) == ["BCE102"]


def test_a_list_that_doubles() -> None:
    """Followed without a limit, this would need more memory than there is."""
    assert codes(FAULT + "x = [1, 2]\n" + "x = x + x\n" * 60) == ["BCE102"]


@pytest.mark.parametrize(
    "code",
    [
        "if n == 0:\n    a = 0\n" + "".join(f"elif n == {i}:\n    a = {i}\n" for i in range(1, 500)),
        "import keras\nif n == 0:\n    h = keras.layers.Dense(1)\n"
        + "".join(f"elif n == {i}:\n    h = keras.layers.Dense({i})\n" for i in range(1, 500)),
        "match n:\n" + "".join(f"    case {i}:\n        a = {i}\n" for i in range(500)),
    ],
)
def test_500_arms(code: str) -> None:
    assert "BCE102" in on_a_big_stack(lambda: codes(FAULT + code))


@pytest.mark.parametrize(
    ("test", "branch"),
    [
        ("num_classes == 2", ("`num_classes == 2`",)),
        ('mode != "multi"', ("`mode != 'multi'`",)),
        ("not multi", ("not `multi`",)),
        ("binary", ("`binary`",)),
        ('mode in ("b", "bin")', ("`mode in ('b', 'bin')`",)),
        ("extra is None", ("`extra is None`",)),
        ("n < 2", ("`n < 2`",)),
    ],
)
def test_the_branch_of_a_fault_is_named(test: str, branch: tuple[str, ...]) -> None:
    code = f"""
        import keras
        from keras import layers

        def build(num_classes, mode, multi, binary, extra, n):
            activation = "sigmoid"
            if {test}:
                activation = None
            model = keras.Sequential([layers.Dense(1, activation=activation)])
            model.compile(loss="binary_crossentropy")
            return model
    """
    made = {pair.head.activation: pair.branch for pair in pairings(code)}
    assert made["linear"] == branch
    analysis = check_hit(code.replace('crossentropy")', 'crossentropy")  # <- BCE102'))
    assert analysis.findings[0].message.endswith(f"(where {branch[0]})")


def test_the_else_branch_is_named_by_its_negation() -> None:
    made = pairings(
        """
        import keras
        from keras import layers

        def build(n):
            if n > 2:
                model = keras.Sequential([layers.Dense(n, activation="softmax")])
                model.compile(loss="categorical_crossentropy")
            else:
                activation = "relu" if n == 1 else "softmax"
                model = keras.Sequential([layers.Dense(1, activation=activation)])
                model.compile(loss="binary_crossentropy")
            return model
        """
    )
    relu = next(pair for pair in made if pair.head.activation == "relu")
    assert "`n == 1`" in relu.branch


def tagger(encoder: str, units: int) -> str:
    return f"""
        import keras
        from sklearn.preprocessing import LabelBinarizer, MultiLabelBinarizer

        y = {encoder}().fit_transform(names)
        model = keras.Sequential([keras.layers.Dense({units}, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", metrics=["accuracy"])
        model.fit(x, y)
    """


def test_labels_say_whether_the_argmax_is_right() -> None:
    check_near_miss(tagger("LabelBinarizer", 5))
    check_near_miss(tagger("unknown_encoder", 2))
    by_hand = "y = np.zeros((n, 4)); y[np.arange(n), classes] = 1.0"
    check_near_miss(tagger("LabelBinarizer", 4).replace("y = LabelBinarizer().fit_transform(names)", by_hand))
    check_hit(tagger("MultiLabelBinarizer", 2).replace('"accuracy"])', '"accuracy"])  # <- BCE405'))


SHARED_METRIC = """
import keras


def build(logits):
    activation = None if logits else "sigmoid"
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation=activation)])
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=logits), metrics=["accuracy"])
    return model


build(True)
build(False)
"""


def test_a_metric_that_also_measures_probabilities_is_not_changed() -> None:
    found = analyse(read("train.py", SHARED_METRIC.encode())).findings
    assert [finding.code for finding in found] == ["BCE401"]
    assert found[0].plans == ()


SHARED_LOSS = """
import keras
from other import build


def compiled(model):
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(x, y)


compiled(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")]))
compiled(build())
"""


def test_no_fix_is_safe_where_the_loss_also_gets_something_unknown() -> None:
    found = analyse(read("train.py", SHARED_LOSS.encode())).findings
    assert [finding.code for finding in found] == ["BCE101"]
    assert {plan.applicability for plan in found[0].plans} == {Applicability.UNSAFE}
