"""Every way to spell Keras's names, and names that only look like them."""

from __future__ import annotations

import pytest

from tests.inference.support import cases, check_hit, check_near_miss, check_sound, check_undecided

HITS = {
    "keras": """
        import keras

        model = keras.Sequential([keras.layers.Dense(8), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "tf.keras attribute chains": """
        import tensorflow as tf

        model = tf.keras.models.Sequential()
        model.add(tf.keras.layers.Dense(1))
        model.compile(optimizer="sgd", loss=tf.keras.losses.BinaryCrossentropy())  # <- BCE102
    """,
    "from tensorflow import keras": """
        from tensorflow import keras
        from tensorflow.keras import layers

        model = keras.Sequential([layers.Dense(10)])
        model.compile(
            optimizer="adam",
            loss="sparse_categorical_crossentropy",  # <- BCE109
        )
    """,
    "import tensorflow.keras as tk": """
        import tensorflow.keras as tk

        model = tk.Sequential([tk.layers.Dense(1, "tanh")])
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "tensorflow without an alias": """
        import tensorflow

        model = tensorflow.keras.Sequential([tensorflow.keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "tf_keras": """
        import tf_keras
        from tf_keras.layers import Dense

        model = tf_keras.Sequential([Dense(1, activation="sigmoid")])
        model.compile(loss=tf_keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "keras.api": """
        from keras.api.layers import Dense
        from keras.api.losses import SparseCategoricalCrossentropy
        from keras.api.models import Sequential

        model = Sequential([Dense(10, activation="softmax")])
        model.compile(loss=SparseCategoricalCrossentropy(from_logits=True))  # <- BCE108
    """,
    "keras.api._v2 that editors insert": """
        import keras.api._v2.keras as keras

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "tensorflow.python.keras": """
        from tensorflow.python.keras.layers import Dense
        from tensorflow.python.keras.models import Sequential

        model = Sequential()
        model.add(Dense(1, activation="sigmoid"))
        model.compile(optimizer="adam", loss="categorical_crossentropy")  # <- BCE106
    """,
    "tensorflow.contrib.keras": """
        from tensorflow.contrib import keras

        net = keras.models.Sequential([keras.layers.Dense(1)])
        net.compile(loss="binary_crossentropy", optimizer="sgd")  # <- BCE102
    """,
    "modules of Keras 1 and 2": """
        from keras.layers.core import Activation, Dense
        from keras.models import Sequential

        model = Sequential()
        model.add(Dense(output_dim=1, input_dim=30))
        model.add(Activation("softmax"))  # <- BCE104
        model.compile(loss="binary_crossentropy", optimizer="sgd")
    """,
    "Keras 1 keywords of Model": """
        from keras.layers import Dense, Input
        from keras.models import Model

        seen = Input(shape=(12,))
        logit = Dense(output_dim=1)(seen)
        model = Model(input=seen, output=logit)
        model.compile("rmsprop", "binary_crossentropy")  # <- BCE102
    """,
    "renamed on import": """
        from keras.layers import Dense as FC
        from keras.losses import BinaryCrossentropy as BCE
        from keras.models import Sequential as Stack

        critic = Stack([FC(1, activation="sigmoid")])
        critic.compile(loss=BCE(from_logits=True))  # <- BCE101
    """,
    "module renamed on import": """
        import keras.layers as kl
        import keras.losses as klo
        from keras import models as km

        net = km.Sequential([kl.Dense(5, activation="softmax")])
        net.compile(loss=klo.CategoricalCrossentropy(from_logits=True))  # <- BCE108
    """,
    "modules kept in variables": """
        import tensorflow as tf

        keras = tf.keras
        tfl, losses = keras.layers, keras.losses
        model = keras.Sequential([tfl.Dense(1, activation="sigmoid")])
        model.compile(loss=losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "star imports": """
        from tensorflow.keras.layers import *
        from tensorflow.keras.losses import *
        from tensorflow.keras.models import *

        inputs = Input((4,))
        model = Model(inputs, Dense(1, activation="sigmoid")(inputs))
        model.compile(loss=BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "a snippet without imports": """
        model = Sequential()
        model.add(Dense(64, activation="relu"))
        model.add(Dense(1))
        model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])  # <- BCE102
    """,
    "a snippet with short module names": """
        model = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(1, activation="sigmoid")])
        model.compile(optimizer="adam", loss=tf.keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "imports inside the function": """
        def train(x, y):
            from keras import Sequential, layers

            model = Sequential([layers.Dense(1, activation="relu")])
            model.compile(loss="binary_crossentropy")  # <- BCE103
            return model.fit(x, y)
    """,
    "tf.compat.v1.keras": """
        import tensorflow.compat.v1 as tf

        tf.disable_v2_behavior()
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "positional optimizer and loss": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1)])
        model.compile("adam", "binary_crossentropy", ["accuracy"])  # <- BCE102
    """,
    "an alias of the loss class": """
        import keras

        Loss = keras.losses.BinaryCrossentropy
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=Loss(from_logits=True))  # <- BCE101
    """,
}

SOUND = {
    "keras": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=False))
    """,
    "a layer under another layer's name": """
        from keras import Sequential
        from keras.layers import Dense as Linear

        model = Sequential([Linear(1)])
        model.compile(loss="mse")
        model = Sequential([Linear(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy")
    """,
    "names rebound like cells of a notebook": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1)])
        model.compile(loss="mse")
        model.fit(x, y)

        model = Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy")
        model.fit(x, y)
    """,
    "the loss rebound before it is used": """
        import keras

        criterion = keras.losses.BinaryCrossentropy(from_logits=True)
        criterion = keras.losses.BinaryCrossentropy()
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=criterion)
    """,
    "star imports": """
        from keras.layers import *
        from keras.models import *

        model = Sequential()
        model.add(Dense(3, activation="softmax"))
        model.compile(loss="categorical_crossentropy")
    """,
    "tf.losses is keras.losses in TensorFlow 2": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.compile(loss=tf.losses.BinaryCrossentropy(from_logits=True))
    """,
    "loss names in Keras's capitals": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(4, activation="softmax")])
        model.compile(loss="SparseCategoricalCrossentropy")
        model.fit(x, y)
    """,
}

NEAR_MISSES = {
    "another framework's Sequential": """
        import torch
        from torch.nn import BCELoss, Linear, Sequential

        model = Sequential(Linear(4, 1))
        criterion = BCELoss()
        loss = criterion(model(torch.zeros(2, 4)), torch.ones(2, 1))
    """,
    "flax": """
        import optax
        from flax import linen as nn

        class Net(nn.Module):
            @nn.compact
            def __call__(self, x):
                return nn.sigmoid(nn.Dense(1)(x))

        loss = optax.sigmoid_binary_cross_entropy(Net().apply({}, x), y)
    """,
    "re.compile": """
        import re

        import keras

        pattern = re.compile("binary_crossentropy")
        words = re.compile(r"loss=(\\w+)", re.IGNORECASE)
    """,
    "builtin compile": """
        import keras

        code = compile("binary_crossentropy", "loss", "eval")
    """,
    "sklearn's loss": """
        from sklearn.linear_model import SGDClassifier

        model = SGDClassifier(loss="log_loss")
        model.fit(X, y)
    """,
    "a Dense of the file": """
        import keras

        class Dense:
            def __init__(self, units, activation=None):
                self.units = units

            def __call__(self, x):
                return external.project(x)

        inputs = keras.Input((3,))
        model = keras.Model(inputs, Dense(1)(inputs))
        model.compile(loss="binary_crossentropy")
    """,
    "a loss of the file under Keras's name": """
        import keras

        def binary_crossentropy(y_true, y_pred):
            return external.stable_bce(y_true, y_pred)

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss=binary_crossentropy)
    """,
    "a class with a compile method of its own": """
        class Pipeline:
            def compile(self, loss):
                self.loss = loss

        pipeline = Pipeline()
        pipeline.compile(loss="binary_crossentropy")
    """,
    "keras shadowed": """
        import keras

        keras = open_session("keras")
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")
    """,
    "another package's layers": """
        import keras
        from mylab.layers import Dense

        model = keras.Sequential([Dense(1)])
        model.compile(loss="binary_crossentropy")
    """,
    "a relative import": """
        import keras
        from .layers import Dense

        model = keras.Sequential([Dense(1)])
        model.compile(loss="binary_crossentropy")
    """,
    "a package with keras in its name": """
        from keras_retro.losses import BinaryCrossentropy
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(loss=BinaryCrossentropy(from_logits=True))
    """,
    "getattr with a name from outside": """
        import sys

        import keras

        loss = getattr(keras.losses, sys.argv[1])()
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss=loss)
    """,
    "words in strings and comments": """
        '''model.compile(loss=BinaryCrossentropy(from_logits=True)) on Dense(1, activation="sigmoid")'''
        # model.compile(loss="binary_crossentropy") with Dense(1)
        import keras
    """,
    "a name deleted and bound anew": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1)])
        del model
        model = build_elsewhere()
        model.compile(loss="binary_crossentropy")
    """,
}

UNDECIDED = {
    "another package's layer": """
        import keras
        from mylab.layers import ClassifierHead

        model = keras.Sequential([keras.layers.Flatten(), ClassifierHead(1)])
        model.compile(loss="binary_crossentropy")
    """,
    "an imported model": """
        from models import build_model

        model = build_model(num_classes=1)
        model.compile(optimizer="adam", loss="binary_crossentropy")
    """,
}


@pytest.mark.parametrize("code", cases(HITS))
def test_found_in_every_spelling(code: str) -> None:
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
