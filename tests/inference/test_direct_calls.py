"""Losses called on values that are written in the file: ranges are known."""

from __future__ import annotations

import pytest

from tests.inference.support import cases, check_hit, check_near_miss, pairing

HITS = {
    "a list of scores": """
        from keras.losses import binary_crossentropy

        loss = binary_crossentropy([0.0, 1.0], [-2.3, 4.1])  # <- BCE102
    """,
    "an array of scores": """
        import numpy as np
        import keras

        y_true = np.array([[0.0], [1.0], [1.0]])
        logits = np.array([[-1.2], [0.4], [3.0]])
        print(keras.losses.BinaryCrossentropy()(y_true, logits))  # <- BCE102
    """,
    "a tensor of scores": """
        import tensorflow as tf

        y_pred = tf.constant([-18.6, 0.51, 2.94, -12.8])
        bce = tf.keras.losses.BinaryCrossentropy()
        loss = bce([0, 1, 0, 0], y_pred)  # <- BCE102
    """,
    "scores through a sigmoid, told to be logits": """
        import tensorflow as tf

        z = tf.constant([-18.6, 0.51, 2.94, -12.8])
        loss = tf.keras.losses.binary_crossentropy([0, 1, 0, 0], tf.sigmoid(z), from_logits=True)  # <- BCE101
    """,
    "rows of scores": """
        import keras

        cce = keras.losses.CategoricalCrossentropy()
        cce([[0, 1, 0]], [[2.0, 5.1, -1.0]])  # <- BCE109
    """,
    "a softmax of rows, told to be logits": """
        import keras
        from keras import ops

        p = ops.softmax(ops.array([[2.0, 5.1, -1.0]]))
        keras.losses.CategoricalCrossentropy(from_logits=True)([[0, 1, 0]], p)  # <- BCE108
    """,
    "scores above one": """
        import keras

        keras.losses.binary_crossentropy([1.0, 0.0], [0.3, 1.7])  # <- BCE102
    """,
    "keyword arguments": """
        import keras

        keras.losses.binary_crossentropy(y_true=[1.0, 0.0], y_pred=[3.0, -1.7])  # <- BCE102
    """,
}

NEAR_MISSES = {
    "probabilities": """
        import keras

        keras.losses.binary_crossentropy([0.0, 1.0], [0.1, 0.9])
    """,
    "zero and one": """
        import keras

        keras.losses.binary_crossentropy([0.0, 1.0], [0, 1])
    """,
    "scores with the flag": """
        import tensorflow as tf

        bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        bce([0, 1, 0, 0], [-18.6, 0.51, 2.94, -12.8])
    """,
    "values in the unit interval can be logits": """
        import keras

        keras.losses.BinaryCrossentropy(from_logits=True)([[0.0], [1.0]], [[0.2], [0.8]])
    """,
    "rows of probabilities": """
        import keras

        keras.losses.categorical_crossentropy([[0, 1, 0]], [[0.05, 0.95, 0.0]])
    """,
    "the sigmoid applied first": """
        import numpy as np
        import keras

        z = np.array([-3.0, 2.0])
        keras.losses.binary_crossentropy([0.0, 1.0], 1 / (1 + np.exp(-z)))
    """,
    "a sigmoid of the backend": """
        import tensorflow as tf

        tf.keras.losses.binary_crossentropy([0.0, 1.0], tf.sigmoid([-3.0, 2.0]))
    """,
    "clipped scores": """
        import numpy as np
        import keras

        p = np.clip(np.array([-0.1, 1.2]), 1e-7, 1 - 1e-7)
        keras.losses.binary_crossentropy([0.0, 1.0], p)
    """,
    "a regression loss": """
        import keras

        keras.losses.MeanSquaredError()([0.0, 1.0], [-2.3, 4.1])
    """,
    "a function that happens to have the name": """
        def binary_crossentropy(labels, scores):
            return scores

        binary_crossentropy([0.0, 1.0], [-2.3, 4.1])
    """,
    "labels outside the unit interval are another matter": """
        import keras

        keras.losses.binary_crossentropy([-1.0, 1.0], [0.3, 0.8])
    """,
    "unknown arrays": """
        import numpy as np
        import keras

        keras.losses.binary_crossentropy(np.load("y.npy"), np.load("p.npy"))
    """,
    "random numbers in the unit interval": """
        import numpy as np
        import keras

        keras.losses.binary_crossentropy(np.random.randint(0, 2, (8, 1)), np.random.rand(8, 1))
    """,
    "values rebound": """
        import keras

        p = [-2.0, 3.0]
        p = [0.1, 0.9]
        keras.losses.binary_crossentropy([0.0, 1.0], p)
    """,
}


@pytest.mark.parametrize("code", cases(HITS))
def test_faults_are_found(code: str) -> None:
    check_hit(code)


@pytest.mark.parametrize("code", cases(NEAR_MISSES))
def test_left_alone(code: str) -> None:
    check_near_miss(code)


def test_the_range_of_literals() -> None:
    head = pairing("import keras\nkeras.losses.binary_crossentropy([0, 1], [-2.5, 4])\n").head
    assert (head.low, head.high, head.literal) == (-2.5, 4, True)
