"""Small programs in which an activation meets a loss that applies it again, for ``test_numbers.py``.

Each is run with Keras and read by bcelint. Kernels are ones or the identity and biases 0, so that the logits are the
inputs. A program compiles ``model``, or sets ``value`` to the loss itself.
"""

from __future__ import annotations

from typing import NamedTuple

SIGMOID = 'layers.Dense(1, kernel_initializer="ones", activation="sigmoid")'
LINEAR = 'layers.Dense(1, kernel_initializer="ones")'
SOFTMAX = 'layers.Dense(3, kernel_initializer="identity", activation="softmax")'
LOGITS = 'layers.Dense(3, kernel_initializer="identity")'
BINARY = "keras.losses.BinaryCrossentropy(from_logits=True)"
SPARSE = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
ONE_HOT = "keras.losses.CategoricalCrossentropy(from_logits=True)"

HEADER = """\
import functools
import numpy as np
import tensorflow as tf
import keras
from keras import layers

"""


class Case(NamedTuple):
    """A program.

    ``keras`` says what Keras 3 on TensorFlow computes in a graph, ``tf_keras`` what tf_keras does: ``logits`` (it finds
    them, and the activation does no harm) or ``double``.
    """

    name: str
    text: str
    keras: str
    tf_keras: str | None
    classes: int = 1


def sequential(name: str, *members: str, loss: str = BINARY, keras: str, tf_keras: str | None, head: str = "") -> Case:
    """A Sequential on one number, or on three where it ends in a softmax."""
    classes = 1 if "Binary" in loss or "binary" in loss or "sigmoid" in loss else 3
    lines = "".join(f"    {member},\n" for member in members)
    text = f"{HEADER}{head}model = keras.Sequential([\n    keras.Input(({classes},)),\n{lines}])\n"
    return Case(name, f'{text}model.compile("sgd", loss={loss})\n', keras, tf_keras, classes)


def functional(name: str, *body: str, loss: str = BINARY, keras: str, tf_keras: str | None, classes: int = 1) -> Case:
    lines = "\n".join(body)
    text = f"{HEADER}inputs = keras.Input(({classes},))\n{lines}\nmodel = keras.Model(inputs, outputs)\n"
    return Case(name, f'{text}model.compile("sgd", loss={loss})\n', keras, tf_keras, classes)


L, D = "logits", "double"
MIXED = 'keras.mixed_precision.set_global_policy("mixed_bfloat16")\n'
LAMBDA = "layers.Lambda(lambda t: t * 1.0)"
TF_LOSS = "def bce(y_true, y_pred):\n    return {}\n\n"
TF_SIGMOID = TF_LOSS.format("tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)")
CALL = f"{HEADER}model = keras.Sequential([\n    keras.Input((1,)),\n    {SIGMOID},\n])\n"
DATA = 'x, y = np.array([[-2.0], [3.0]], "float32"), np.array([[1.0], [0.0]], "float32")\n'

CASES: tuple[Case, ...] = (
    sequential("string", SIGMOID, keras=L, tf_keras=L),
    sequential("function", SIGMOID.replace('"sigmoid"', "keras.activations.sigmoid"), keras=L, tf_keras=L),
    sequential("layer", LINEAR, 'layers.Activation("sigmoid")', keras=L, tf_keras=L),
    sequential("keras.ops", SIGMOID.replace('"sigmoid"', "keras.ops.sigmoid"), keras=L, tf_keras=None),
    sequential("then linear", SIGMOID, 'layers.Activation("linear")', keras=L, tf_keras=L),
    sequential("then linear in float32", SIGMOID, 'layers.Activation("linear", dtype="float32")', keras=L, tf_keras=L),
    sequential("then Identity", SIGMOID, "layers.Identity()", keras=L, tf_keras=D),
    sequential("then ActivityRegularization", SIGMOID, "layers.ActivityRegularization()", keras=L, tf_keras=L),
    sequential("then Dropout(0)", SIGMOID, "layers.Dropout(0)", keras=L, tf_keras=D),
    sequential("then Reshape", SIGMOID, "layers.Reshape((1,))", keras=D, tf_keras=D),
    sequential("then Flatten", SIGMOID, "layers.Flatten()", keras=D, tf_keras=D),
    sequential("then Lambda", SIGMOID, LAMBDA, keras=D, tf_keras=D),
    sequential("then Rescaling", SIGMOID, "layers.Rescaling(1.0)", keras=D, tf_keras=D),
    sequential("nested", f"keras.Sequential([keras.Input((1,)), {SIGMOID}])", keras=L, tf_keras=L),
    functional(
        "Concatenate",
        f"outputs = layers.Concatenate()([{SIGMOID}(inputs), {SIGMOID}(inputs)])",
        keras=D,
        tf_keras=D,
    ),
    functional(
        "TimeDistributed",
        "steps = layers.Reshape((1, 1))(inputs)",
        f"steps = layers.TimeDistributed({SIGMOID})(steps)",
        "outputs = layers.GlobalMaxPooling1D()(steps)",
        keras=D,
        tf_keras=D,
    ),
    functional("times one", f"outputs = {SIGMOID}(inputs) * 1.0", keras=D, tf_keras=D),
    sequential("by hand", LINEAR, "layers.Lambda(lambda t: 1 / (1 + tf.exp(-t)))", keras=D, tf_keras=D),
    sequential("mixed precision", SIGMOID, head=MIXED, keras=D, tf_keras=L),
    sequential(
        "mixed precision, float32 head",
        SIGMOID.replace(")", ', dtype="float32")'),
        head=MIXED,
        keras=L,
        tf_keras=L,
    ),
    sequential(
        "mixed precision, float32 activation",
        LINEAR,
        'layers.Activation("sigmoid", dtype="float32")',
        head=MIXED,
        keras=L,
        tf_keras=L,
    ),
    sequential(
        "mixed precision, then linear in float32",
        SIGMOID,
        'layers.Activation("linear", dtype="float32")',
        head=MIXED,
        keras=D,
        tf_keras=D,
    ),
    sequential(
        "tf.nn loss", SIGMOID, loss="bce_sigmoid", head=TF_SIGMOID.replace("bce", "bce_sigmoid"), keras=D, tf_keras=D
    ),
    sequential(
        "custom loss",
        SIGMOID,
        loss="my_binary",
        head=TF_LOSS.replace("bce", "my_binary").format(f"{BINARY}(y_true, y_pred)"),
        keras=L,
        tf_keras=L,
    ),
    sequential(
        "custom loss that touches the output",
        SIGMOID,
        loss="my_binary",
        head=TF_LOSS.replace("bce", "my_binary").format(f"{BINARY}(y_true, y_pred * 1.0)"),
        keras=D,
        tf_keras=D,
    ),
    sequential(
        "partial",
        SIGMOID,
        loss="functools.partial(keras.losses.binary_crossentropy, from_logits=True)",
        keras=L,
        tf_keras=L,
    ),
    Case("called", f"{CALL}{DATA}value = {BINARY}(y, model(x))\n", L, L),
    Case("called on predict", f"{CALL}{DATA}value = {BINARY}(y, model.predict(x, verbose=0))\n", D, D),
    Case("called on numpy", f"{CALL}{DATA}value = {BINARY}(y, model(x).numpy())\n", D, D),
    sequential("softmax", SOFTMAX, loss=SPARSE, keras=L, tf_keras=L),
    sequential("softmax layer", LOGITS, "layers.Softmax()", loss=SPARSE, keras=L, tf_keras=L),
    sequential("softmax, one-hot", SOFTMAX, loss=ONE_HOT, keras=L, tf_keras=L),
    sequential("softmax, then Reshape", SOFTMAX, "layers.Reshape((3,))", loss=SPARSE, keras=D, tf_keras=D),
    sequential("softmax, mixed precision", SOFTMAX, loss=SPARSE, head=MIXED, keras=D, tf_keras=L),
    sequential(
        "softmax, ignore_class",
        SOFTMAX,
        loss=SPARSE.replace("True", "True, ignore_class=-1"),
        keras=D,
        tf_keras=L,
    ),
)

# Made by a function of TensorFlow: found in a graph, where the operation is seen, and not when it runs eagerly.
TENSORFLOW_FUNCTIONS: tuple[Case, ...] = (
    sequential("tf.nn.sigmoid", SIGMOID.replace('"sigmoid"', "tf.nn.sigmoid"), keras=L, tf_keras=L),
    sequential("tf.nn.sigmoid in a Lambda", LINEAR, "layers.Lambda(tf.nn.sigmoid)", keras=L, tf_keras=L),
    sequential("tf.nn.softmax", SOFTMAX.replace('"softmax"', "tf.nn.softmax"), loss=SPARSE, keras=L, tf_keras=L),
)
