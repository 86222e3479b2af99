"""Values: constants, dicts, ``**kwargs``, defaults, and branches that belong together."""

from __future__ import annotations

import pytest

from tests.inference.support import cases, check_hit, check_near_miss, check_sound, check_undecided, pairings

TEMPLATE = """
import keras
from keras import layers

def build(num_classes, mode, extra=None):
    {first}
    model = keras.Sequential([layers.Dense(num_classes, activation=activation)])
    {second}
    model.compile(optimizer="adam", loss=loss)
    return model
"""


def correlated(test: str, other: str | None = None, *, swapped: bool = False) -> str:
    """A builder that chooses head and loss by two tests."""
    losses = ('"categorical_crossentropy"', '"binary_crossentropy"')
    yes, no = losses if swapped else losses[::-1]
    return TEMPLATE.format(
        first=f'activation = "sigmoid" if {test} else "softmax"',
        second=f"if {other or test}:\n        loss = {yes}\n    else:\n        loss = {no}",
    )


HITS = {
    "both arms wrong in the same way": """
        import keras
        from keras import layers

        def build(deep):
            model = keras.Sequential()
            if deep:
                model.add(layers.Dense(64, activation="relu"))
            model.add(layers.Dense(1))
            model.compile(loss="binary_crossentropy")  # <- BCE102
            return model
    """,
    "one arm wrong": """
        import keras
        from keras import layers

        def build(num_classes):
            if num_classes == 2:
                head = layers.Dense(1, activation="softmax")  # <- BCE104
                loss = "binary_crossentropy"
            else:
                head = layers.Dense(num_classes, activation="softmax")
                loss = "categorical_crossentropy"
            model = keras.Sequential([layers.Flatten(), head])
            model.compile(loss=loss)
            return model
    """,
    "the else arm wrong": """
        import keras
        from keras import layers

        def build(binary):
            inputs = keras.Input((32,))
            if binary:
                outputs = layers.Dense(1, activation="sigmoid")(inputs)
            else:
                outputs = layers.Dense(10)(inputs)
            model = keras.Model(inputs, outputs)
            if binary:
                model.compile(loss="binary_crossentropy")
            else:
                model.compile(loss="sparse_categorical_crossentropy")  # <- BCE109
            return model
    """,
    "head and loss in one arm": """
        import keras
        from keras import layers

        def build(task):
            if task == "binary":
                model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
                model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
            elif task == "multiclass":
                model = keras.Sequential([layers.Dense(10, activation="softmax")])
                model.compile(loss="categorical_crossentropy")
            else:
                raise ValueError(task)
            return model
    """,
    "a constant decides": """
        import keras
        from keras import layers

        NUM_CLASSES = 2
        activation = "softmax" if NUM_CLASSES > 2 else None
        model = keras.Sequential([layers.Dense(1, activation=activation)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "a constant string decides": """
        import keras
        from keras import layers

        LOSS = "bce_logits"
        if LOSS == "bce":
            loss = keras.losses.BinaryCrossentropy()
        elif LOSS == "bce_logits":
            loss = keras.losses.BinaryCrossentropy(from_logits=True)
        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(loss=loss)  # <- BCE101
    """,
    "a dict of settings": """
        import keras
        from keras import layers

        config = {"units": 1, "activation": "sigmoid", "from_logits": True}
        model = keras.Sequential([layers.Dense(config["units"], activation=config["activation"])])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=config["from_logits"]))  # <- BCE101
    """,
    "a dict with get": """
        import keras
        from keras import layers

        config = {"units": 1}
        model = keras.Sequential([layers.Dense(config["units"], activation=config.get("activation", "sigmoid"))])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "a nested dict": """
        import keras
        from keras import layers

        CONFIG = {"model": {"head": {"activation": "tanh"}}, "loss": "binary_crossentropy"}
        model = keras.Sequential([layers.Dense(1, activation=CONFIG["model"]["head"]["activation"])])
        model.compile(loss=CONFIG["loss"])  # <- BCE103
    """,
    "keyword arguments of the layer in a dict": """
        import keras
        from keras import layers

        head = dict(units=1, activation="sigmoid", name="head")
        model = keras.Sequential([layers.Dense(**head)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "compile arguments in a dict": """
        import keras
        from keras import layers

        options = {"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy"]}  # <- BCE102
        model = keras.Sequential([layers.Dense(1)])
        model.compile(**options)
    """,
    "keyword arguments handed on": """
        import keras
        from keras import layers

        def output(x, **kwargs):
            return layers.Dense(1, **kwargs)(x)

        inputs = keras.Input((4,))
        model = keras.Model(inputs, output(inputs, activation="sigmoid"))
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "positional arguments handed on": """
        import keras
        from keras import layers

        def output(x, *args):
            return layers.Dense(*args)(x)

        inputs = keras.Input((4,))
        model = keras.Model(inputs, output(inputs, 1, "sigmoid"))
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "a conditional loss whose both arms are wrong": """
        import keras
        from keras import layers

        def build(smooth):
            model = keras.Sequential([layers.Dense(1, activation="relu")])
            loss = keras.losses.BinaryCrossentropy(label_smoothing=0.1) if smooth else "binary_crossentropy"
            model.compile(loss=loss)  # <- BCE103
            return model
    """,
    "the same test inverted by mistake": """
        import keras
        from keras import layers

        def build(n):
            activation = "softmax" if n > 1 else "sigmoid"
            model = keras.Sequential([layers.Dense(n, activation=activation)])
            loss = "binary_crossentropy" if n > 1 else "categorical_crossentropy"
            model.compile(loss=loss)  # <- BCE106
            return model

        build(1)
    """,
    "early return": """
        import keras
        from keras import layers

        def head(n):
            if n == 1:
                return layers.Dense(1)
            return layers.Dense(n, activation="softmax")

        model = keras.Sequential([head(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "match": """
        import keras
        from keras import layers

        def build(task):
            match task:
                case "binary":
                    model = keras.Sequential([layers.Dense(1)])
                    model.compile(loss="binary_crossentropy")  # <- BCE102
                case "multi":
                    model = keras.Sequential([layers.Dense(10, activation="softmax")])
                    model.compile(loss="categorical_crossentropy")
                case _:
                    raise ValueError(task)
            return model
    """,
    "try and except imports": """
        try:
            from tensorflow import keras
        except ImportError:
            import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "or as a default": """
        import keras
        from keras import layers

        def build(activation=None):
            activation = activation or "sigmoid"
            model = keras.Sequential([layers.Dense(1, activation=activation)])
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
            return model

        build()
    """,
    "None as a default": """
        import keras
        from keras import layers

        def build(loss=None):
            if loss is None:
                loss = keras.losses.BinaryCrossentropy(from_logits=True)
            model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
            model.compile(loss=loss)  # <- BCE101
            return model

        build()
    """,
    "a formatted loss name": """
        import keras
        from keras import layers

        kind = "binary"
        model = keras.Sequential([layers.Dense(1)])
        model.compile(loss=f"{kind}_crossentropy")  # <- BCE102
    """,
    "unpacked settings": """
        import keras
        from keras import layers

        (units, activation), loss = (1, "tanh"), "binary_crossentropy"
        model = keras.Sequential([layers.Dense(units, activation=activation)])
        model.compile(loss=loss)  # <- BCE103
    """,
    "a table of tasks": """
        import keras
        from keras import layers

        for units, activation, loss in [
            (1, "sigmoid", "binary_crossentropy"),
            (10, "sigmoid", "categorical_crossentropy"),
        ]:
            model = keras.Sequential([layers.Dense(units, activation=activation)])
            model.compile(loss=loss)  # <- BCE107
            model.fit(x, y)
    """,
    "a walrus": """
        import keras
        from keras import layers

        if (units := 1) == 1:
            model = keras.Sequential([layers.Dense(units)])
            model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "the debug switch of a script": """
        import keras
        from keras import layers

        if __name__ == "__main__":
            model = keras.Sequential([layers.Dense(1)])
            model.compile(loss="binary_crossentropy")  # <- BCE102
            model.fit(x, y)
    """,
}

SOUND = {
    "num_classes == 2": correlated("num_classes == 2"),
    "mode == binary": correlated('mode == "binary"'),
    "negated by not": correlated("num_classes == 2", "not num_classes == 2", swapped=True),
    "== and !=": correlated("num_classes == 2", "num_classes != 2", swapped=True),
    "> and <=": correlated("num_classes <= 2", "num_classes > 2", swapped=True),
    "< and >=": correlated("num_classes < 3", "num_classes >= 3", swapped=True),
    "< 3 and <= 2 on whole numbers": correlated("num_classes < 3", "num_classes < 3"),
    "operands exchanged": correlated("num_classes == 2", "2 == num_classes"),
    "in": correlated('mode in ("binary", "bin")'),
    "in and not in": correlated('mode in ["binary", "bin"]', 'mode not in ["binary", "bin"]', swapped=True),
    "in and ==": correlated('mode in ("binary",)', 'mode == "binary"'),
    "is None": correlated("extra is None"),
    "is None and is not None": correlated("extra is None", "extra is not None", swapped=True),
    "truth of a value": correlated("mode"),
    "an attribute": correlated("mode.binary"),
    "an item": correlated('mode["binary"]'),
    "isinstance": correlated("isinstance(num_classes, str)"),
    "the test kept in a variable": """
        import keras
        from keras import layers

        def build(num_classes):
            is_binary = num_classes == 2
            activation = "sigmoid" if is_binary else "softmax"
            model = keras.Sequential([layers.Dense(1 if is_binary else num_classes, activation=activation)])
            model.compile(loss="binary_crossentropy" if is_binary else "sparse_categorical_crossentropy")
            return model
    """,
    "the logits flag handed to the loss": """
        import keras
        from keras import layers

        def build(logits):
            model = keras.Sequential([layers.Dense(1, activation=None if logits else "sigmoid")])
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=logits))
            return model

        build(True)
        build(False)
    """,
    "elif chain": """
        import keras
        from keras import layers

        def build(task, n):
            if task == "binary":
                units, activation, loss = 1, "sigmoid", "binary_crossentropy"
            elif task == "multiclass":
                units, activation, loss = n, "softmax", "categorical_crossentropy"
            elif task == "multilabel":
                units, activation, loss = n, "sigmoid", "binary_crossentropy"
            else:
                units, activation, loss = 1, None, "mse"
            model = keras.Sequential([layers.Dense(units, activation=activation)])
            model.compile(loss=loss)
            return model
    """,
    "early return": """
        import keras
        from keras import layers

        def build(n):
            if n == 1:
                model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
                model.compile(loss="binary_crossentropy")
                return model
            model = keras.Sequential([layers.Dense(n, activation="softmax")])
            model.compile(loss="categorical_crossentropy")
            return model
    """,
    "an early return chooses the loss": """
        import keras
        from keras import layers

        def loss_for(n):
            if n == 1:
                return "binary_crossentropy"
            return "categorical_crossentropy"

        def head_for(n):
            if n == 1:
                return layers.Dense(1, activation="sigmoid")
            return layers.Dense(n, activation="softmax")

        def build(n):
            model = keras.Sequential([head_for(n)])
            model.compile(loss=loss_for(n))
            return model
    """,
    "match": """
        import keras
        from keras import layers

        def build(task):
            match task:
                case "binary":
                    head, loss = layers.Dense(1, activation="sigmoid"), "binary_crossentropy"
                case "multi":
                    head, loss = layers.Dense(10, activation="softmax"), "categorical_crossentropy"
                case _:
                    raise ValueError(task)
            model = keras.Sequential([head])
            model.compile(loss=loss)
            return model
    """,
    "an assertion narrows": """
        import keras
        from keras import layers

        def build(n):
            activation = "sigmoid" if n == 1 else "softmax"
            model = keras.Sequential([layers.Dense(n, activation=activation)])
            if n != 1:
                raise ValueError(n)
            model.compile(loss="binary_crossentropy")
            return model
    """,
    "a chain of conditional expressions": """
        import keras
        from keras import layers

        def build(kind):
            head = (
                layers.Dense(1, activation="sigmoid")
                if kind == "binary"
                else layers.Dense(5, activation="softmax") if kind == "multi" else layers.Dense(1)
            )
            loss = "bce" if kind == "binary" else "categorical_crossentropy" if kind == "multi" else "mse"
            model = keras.Sequential([head])
            model.compile(loss=loss)
            return model
    """,
    "an attribute of self in two methods": """
        import keras
        from keras import layers

        class Trainer:
            def __init__(self, n):
                self.binary = n == 1
                self.n = n

            def build(self):
                activation = "sigmoid" if self.binary else "softmax"
                return keras.Sequential([layers.Dense(self.n, activation=activation)])

            def train(self, x, y):
                model = self.build()
                model.compile(loss="binary_crossentropy" if self.binary else "categorical_crossentropy")
                model.fit(x, y)
    """,
    "defaults that the call overrides": """
        import keras
        from keras import layers

        def build(activation=None, loss="binary_crossentropy"):
            model = keras.Sequential([layers.Dense(1, activation=activation)])
            model.compile(loss=loss)
            return model

        build("sigmoid")
        build(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
}

NEAR_MISSES = {
    "tests on different names that may be tied": """
        import keras
        from keras import layers

        def build(n, mode):
            activation = "sigmoid" if n == 1 else None
            model = keras.Sequential([layers.Dense(1, activation=activation)])
            loss = keras.losses.BinaryCrossentropy(from_logits=mode == "logits")
            model.compile(loss=loss)
            return model
    """,
    "the subject is bound again in between": """
        import keras
        from keras import layers

        def build(n):
            activation = "sigmoid" if n == 2 else "softmax"
            n = 1 if n == 2 else n
            model = keras.Sequential([layers.Dense(n, activation=activation)])
            model.compile(loss="binary_crossentropy" if n == 1 else "categorical_crossentropy")
            return model
    """,
    "dead code": """
        import keras
        from keras import layers

        DEBUG = False
        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        if DEBUG:
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
        else:
            model.compile(loss="binary_crossentropy")
    """,
    "code after a return": """
        import keras
        from keras import layers

        def build():
            model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
            model.compile(loss="binary_crossentropy")
            return model
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "an arm that stops the program": """
        import sys

        import keras
        from keras import layers

        def build(kind):
            if kind == "sigmoid":
                model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
            elif kind == "linear":
                model = keras.Sequential([layers.Dense(1)])
                sys.exit("not supported yet")
            model.compile(loss="binary_crossentropy")
            return model
    """,
    "defaults that disagree in a function nobody calls": """
        import keras
        from keras import layers

        def build(n_classes=2, multilabel=False, activation="softmax"):
            if multilabel:
                loss = "binary_crossentropy"
            else:
                loss = "categorical_crossentropy"
            model = keras.Sequential([layers.Dense(n_classes, activation=activation)])
            model.compile(loss=loss)
            return model
    """,
    "settings read from a file": """
        import json

        import keras
        from keras import layers

        config = {"activation": "sigmoid", "loss": "binary_crossentropy"}
        config.update(json.load(open("config.json")))
        model = keras.Sequential([layers.Dense(1, activation=config["activation"])])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=config["logits"]))
    """,
}

UNDECIDED = {
    "activation from the command line": """
        import argparse

        import keras
        from keras import layers

        parser = argparse.ArgumentParser()
        parser.add_argument("--activation", default="sigmoid")
        args = parser.parse_args()
        model = keras.Sequential([layers.Dense(1, activation=args.activation)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "a setting that the environment changes": """
        import os

        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation=os.environ.get("HEAD", "sigmoid"))])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "evaluated text": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation=eval("keras.activations." + name))])
        model.compile(loss="binary_crossentropy")
    """,
}


@pytest.mark.parametrize("code", cases(HITS))
def test_faults_are_found(code: str) -> None:
    check_hit(code)


@pytest.mark.parametrize("code", cases(SOUND))
def test_understood_and_sound(code: str) -> None:
    check_sound(code)


@pytest.mark.parametrize("code", cases(NEAR_MISSES))
def test_left_alone(code: str) -> None:
    check_near_miss(code)


@pytest.mark.parametrize("code", cases(UNDECIDED))
def test_counted_as_undecided(code: str) -> None:
    check_undecided(code)


def test_without_branches_none_is_named() -> None:
    made = pairings('import keras\nm = keras.Sequential([keras.layers.Dense(1)])\nm.compile(loss="bce")\n')
    assert [pair.branch for pair in made] == [()]


@pytest.mark.parametrize("test", ["count == 2", "count", "count is None", "not count"])
def test_what_is_imported_from_elsewhere_may_be_any_constant(test: str) -> None:
    made = pairings(f"""
    import keras
    from settings import count
    if {test}:
        head = keras.layers.Dense(1, activation="sigmoid")
    else:
        head = keras.layers.Dense(1)
    m = keras.Sequential([head])
    m.compile(loss="bce")
    m.fit(x, y)
    """)
    assert {pair.head.activation for pair in made} == {"sigmoid", "linear"}
