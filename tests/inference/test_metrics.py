"""Metrics in ``compile``, with the loss that trains the same output."""

from __future__ import annotations

import pytest

from tests.inference.support import cases, check_hit, check_near_miss, metric_uses

LOGITS = """import keras
from keras import layers

model = keras.Sequential([layers.Dense({units})])
model.compile(
    optimizer="adam",
    loss=keras.losses.{loss},
    metrics=[
        {metric},{mark}
    ],
)
"""
BINARY = "BinaryCrossentropy(from_logits=True)"


def logits(metric: str, units: int = 1, loss: str = BINARY, *, mark: str = "") -> str:
    return LOGITS.format(metric=metric, units=units, loss=loss, mark=f"  # <- {mark}" if mark else "")


@pytest.mark.parametrize(
    "metric",
    [
        '"accuracy"',
        '"acc"',
        '"binary_accuracy"',
        "keras.metrics.BinaryAccuracy()",
        'keras.metrics.BinaryAccuracy(name="acc")',
        "keras.metrics.BinaryAccuracy(threshold=0.5)",
        'keras.metrics.BinaryAccuracy("acc", None, 0.5)',
        "keras.metrics.binary_accuracy",
        "keras.metrics.AUC()",
        '"AUC"',
        'keras.metrics.AUC(name="auc", curve="PR")',
        "keras.metrics.AUC(from_logits=False)",
        "keras.metrics.Precision()",
        "keras.metrics.Precision(0.5)",
        "keras.metrics.Recall(thresholds=0.5)",
        "keras.metrics.TruePositives()",
        "keras.metrics.FalseNegatives()",
        "keras.metrics.PrecisionAtRecall(0.8)",
        "keras.metrics.F1Score(threshold=0.5)",
        "keras.metrics.BinaryIoU()",
        "keras.metrics.BinaryCrossentropy()",
        '"binary_crossentropy"',
    ],
)
def test_probability_metrics_on_logits(metric: str) -> None:
    check_hit(logits(metric, mark="BCE401"))


@pytest.mark.parametrize(
    "metric",
    [
        "keras.metrics.BinaryAccuracy(threshold=0.0)",
        "keras.metrics.BinaryAccuracy(threshold=0)",
        'keras.metrics.BinaryAccuracy("acc", None, 0.0)',
        "keras.metrics.BinaryAccuracy(threshold=THRESHOLD)",
        "keras.metrics.BinaryAccuracy(**options)",
        "keras.metrics.AUC(from_logits=True)",
        "keras.metrics.AUC(from_logits=not probabilities)",
        "keras.metrics.Precision(thresholds=0)",
        "keras.metrics.Recall(thresholds=0.0)",
        "keras.metrics.Recall(top_k=5)",
        "keras.metrics.BinaryCrossentropy(from_logits=True)",
        "keras.metrics.MeanSquaredError()",
        '"mae"',
        "keras.metrics.CosineSimilarity()",
        "custom_metric",
        "lambda y, p: keras.ops.mean(keras.ops.sigmoid(p))",
        "keras.metrics.MeanMetricWrapper(score)",
    ],
)
def test_metrics_that_fit_logits(metric: str) -> None:
    check_near_miss(logits(metric))


@pytest.mark.parametrize(
    ("metric", "units", "loss"),
    [
        ('"accuracy"', 10, "SparseCategoricalCrossentropy(from_logits=True)"),
        ('"accuracy"', 10, "CategoricalCrossentropy(from_logits=True)"),
        ("keras.metrics.CategoricalAccuracy()", 10, "CategoricalCrossentropy(from_logits=True)"),
        ("keras.metrics.SparseCategoricalAccuracy()", 10, "SparseCategoricalCrossentropy(from_logits=True)"),
        ("keras.metrics.SparseTopKCategoricalAccuracy(5)", 10, "SparseCategoricalCrossentropy(from_logits=True)"),
        ('"accuracy"', 1, "MeanSquaredError()"),
        ('"accuracy"', 1, "Hinge()"),
    ],
)
def test_metrics_that_go_by_order(metric: str, units: int, loss: str) -> None:
    check_near_miss(logits(metric, units, loss))


HITS = {
    "a metric with an imported model": """
        import keras
        from models import build

        model = build()
        model.compile(
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=["accuracy"],  # <- BCE401
        )
    """,
    "several metrics": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        model.compile(
            "adam",
            keras.losses.BinaryCrossentropy(from_logits=True),
            [
                "accuracy",  # <- BCE401
                keras.metrics.AUC(from_logits=True),
                keras.metrics.Recall(),  # <- BCE401
            ],
        )
    """,
    "one metric that is no list": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        model.compile(
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            metrics="accuracy",  # <- BCE401
        )
    """,
    "metrics kept in a variable": """
        import keras
        from keras import layers

        METRICS = [
            keras.metrics.BinaryAccuracy(name="accuracy"),  # <- BCE401
            keras.metrics.AUC(name="auc"),  # <- BCE401
        ]
        model = keras.Sequential([layers.Dense(1)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=METRICS)
    """,
    "weighted metrics": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        model.compile(
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            weighted_metrics=["accuracy"],  # <- BCE401
        )
    """,
    "metrics per output": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        spam = layers.Dense(1, name="spam")(inputs)
        kind = layers.Dense(5, name="kind")(inputs)
        model = keras.Model(inputs, [spam, kind])
        model.compile(
            loss={
                "spam": keras.losses.BinaryCrossentropy(from_logits=True),
                "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            },
            metrics={
                "spam": ["accuracy"],  # <- BCE401
                "kind": ["accuracy"],
            },
        )
    """,
    "a focal loss on logits": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        model.compile(
            loss=keras.losses.BinaryFocalCrossentropy(from_logits=True),
            metrics=[keras.metrics.Precision()],  # <- BCE401
        )
    """,
    "a custom loss on logits": """
        import tensorflow as tf
        from tensorflow import keras

        def loss(y_true, y_pred):
            return tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(
            loss=loss,
            metrics=["accuracy"],  # <- BCE401
        )
    """,
    "Accuracy() on probabilities": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(
            loss="binary_crossentropy",
            metrics=[keras.metrics.Accuracy()],  # <- BCE402
        )
    """,
    "Accuracy() on a softmax": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(10, activation="softmax")])
        model.compile(
            loss="sparse_categorical_crossentropy",
            metrics=[tf.metrics.Accuracy(name="accuracy")],  # <- BCE402
        )
    """,
    "Accuracy() of an unknown model": """
        from keras.metrics import Accuracy
        from models import build

        model = build()
        model.compile(
            loss="categorical_crossentropy",
            metrics=[Accuracy()],  # <- BCE402
        )
    """,
    "argmax accuracy of tags": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(20, activation="sigmoid")])
        model.compile(
            loss="binary_crossentropy",
            metrics=["accuracy"],  # <- BCE405
        )
    """,
    "argmax accuracy of tags as logits": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(20)])
        model.compile(
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=["accuracy"],  # <- BCE405
        )
    """,
    "a metric in one arm": """
        import keras
        from keras import layers

        def build(detailed):
            metrics = ["mse"]
            if detailed:
                metrics = [
                    keras.metrics.AUC(),  # <- BCE401
                ]
            model = keras.Sequential([layers.Dense(1)])
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=metrics)
            return model
    """,
}

NEAR_MISSES = {
    "a loss that makes logits of the probability": """
        import keras
        import tensorflow as tf

        def weighted(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return tf.nn.weighted_cross_entropy_with_logits(y_true, tf.math.log(p / (1 - p)), 7.0)

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=weighted, metrics=["accuracy", keras.metrics.Recall()])
    """,
    "probabilities and accuracy": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(), keras.metrics.Recall()])
    """,
    "the string accuracy in any case": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", metrics=["Accuracy"])
    """,
    "BinaryAccuracy on tags": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(20, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", metrics=[keras.metrics.BinaryAccuracy(), "binary_accuracy"])
    """,
    "accuracy per output, by name": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        spam = layers.Dense(1, activation="sigmoid", name="spam")(inputs)
        kind = layers.Dense(5, activation="softmax", name="kind")(inputs)
        model = keras.Model(inputs, [spam, kind])
        model.compile(
            loss={"spam": "binary_crossentropy", "kind": "sparse_categorical_crossentropy"},
            metrics={"spam": ["accuracy", keras.metrics.AUC()], "kind": "accuracy"},
        )
    """,
    "a metric whose flag follows the loss": """
        import keras
        from keras import layers

        def build(logits):
            model = keras.Sequential([layers.Dense(1, activation=None if logits else "sigmoid")])
            if logits:
                loss = keras.losses.BinaryCrossentropy(from_logits=True)
                metrics = [keras.metrics.BinaryAccuracy(threshold=0.0)]
            else:
                loss = keras.losses.BinaryCrossentropy()
                metrics = ["accuracy"]
            model.compile(loss=loss, metrics=metrics)
            return model
    """,
    "regression with Accuracy of an unknown model": """
        from keras.metrics import Accuracy
        from models import build

        model = build()
        model.compile(loss=external_loss, metrics=[Accuracy()])
    """,
    "metrics outside compile": """
        import keras

        m = keras.metrics.Accuracy()
        m.update_state([1, 0], [1, 1])
        auc = keras.metrics.AUC()
        auc.update_state(y, probabilities)
    """,
    "one-hot labels and a two-way sigmoid": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(2, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", metrics=["accuracy"])
        model.fit(x, keras.utils.to_categorical(y, 2))
    """,
    "logits of an unknown loss": """
        import keras
        from keras import layers
        from losses import custom

        model = keras.Sequential([layers.Dense(1)])
        model.compile(loss=custom, metrics=["accuracy", keras.metrics.AUC()])
    """,
    "never trained": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
        scores = model.predict(x)
    """,
}


@pytest.mark.parametrize("code", cases(HITS))
def test_faults_are_found(code: str) -> None:
    check_hit(code)


@pytest.mark.parametrize("code", cases(NEAR_MISSES))
def test_left_alone(code: str) -> None:
    check_near_miss(code)


def test_what_is_known_of_a_metric() -> None:
    (use,) = metric_uses(
        """
        import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.BinaryAccuracy(name="acc", threshold=0.25)],
        )
        """
    )
    assert (use.name, use.cut, use.keywords, use.positional) == ("BinaryAccuracy", 0.25, ("name", "threshold"), 0)
    assert use.argument_text == "name='acc', threshold=0.25"
    assert use.cut_place is not None
    assert use.cut_place.row == 6
    assert use.head is not None
    assert use.head.units == 1
    assert use.loss is not None
    assert use.loss.from_logits


def test_an_unknown_cut_is_said_to_be_so() -> None:
    (use,) = metric_uses(logits("keras.metrics.BinaryAccuracy(threshold=best_threshold)"))
    assert use.cut == "unknown"
