"""Small programs in which a sigmoid or softmax meets a loss that applies it again: one for each way to write the tail.

On TensorFlow, Keras finds the logits behind some of them and uses them; elsewhere nothing is found. What is said here
of a program is held against Keras and against ``bcelint verify`` by ``test_rescue_table.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

# The loss that is meant, the loss of an activation that is applied twice, and what does not exist there.
LOGITS, DOUBLE, NONE = "logits", "double", "-"


@dataclass(frozen=True)
class Row:
    """A program, and the loss that it computes.

    Attributes:
        graph, eager: on TensorFlow, where the loss is compiled as ``fit`` does it, and run eagerly. A program that
            calls the loss itself has only one of them.
        entry: the function of the program that returns its loss; empty where it compiles a model.
        formula: ``binary``, ``weighted``, ``focal``, ``softmax`` or ``categorical focal``: what the loss is of.
        jax: on JAX, and on every other backend.
        evaluated: the loss where the program is evaluated, if that differs from training.
        silent: why ``check`` says nothing about it.
        verdict: of ``verify`` on TensorFlow, where it does not know enough to be right, and ``why``.
    """

    name: str
    text: str
    graph: str
    eager: str
    entry: str = ""
    formula: str = "binary"
    jax: str = DOUBLE
    evaluated: str = ""
    silent: str = ""
    verdict: str = ""
    why: str = ""

    @property
    def needs_tensorflow(self) -> bool:
        """Whether the program can only run on TensorFlow."""
        return "import tensorflow" in self.text


_IMPORTS = """\
import keras
import numpy as np
from keras import layers
"""
_TABLE = """
rng = np.random.default_rng(3)
x = rng.normal(size=(32, 6)).astype("float32")
y = (x[:, :1] > x[:, 1:2]).astype("float32")
"""
_CLASSES = """
rng = np.random.default_rng(3)
x = rng.normal(size=(32, 6)).astype("float32")
y = np.argmax(x[:, :4], axis=-1)
"""
_IMAGES = """
rng = np.random.default_rng(3)
x = rng.normal(size=(4, 8, 8, 3)).astype("float32")
y = (x[..., :1] > 0).astype("float32")
"""
_SERIES = """
rng = np.random.default_rng(3)
x = rng.normal(size=(8, 10, 4)).astype("float32")
y = (x[..., :1] > 0).astype("float32")
"""
_FIT = """
if __name__ == "__main__":
    model.fit(x, y, epochs=5, batch_size=16)
"""
_TF = "import tensorflow as tf\n"
_BINARY = "keras.losses.BinaryCrossentropy(from_logits=True)"
_SPARSE = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
_SIGMOID = 'layers.Dense(1, activation="sigmoid")'
_SOFTMAX = 'layers.Dense(4, activation="softmax")'


def _imports(body: str) -> str:
    return f"{_IMPORTS}{_TF if 'tf.' in body else ''}"


def sequential(*tail: str, loss: str = _BINARY, data: str = _TABLE, before: str = "") -> str:
    """A Sequential that ends in ``tail``."""
    first = {
        _TABLE: ("keras.Input((6,))", 'layers.Dense(12, activation="tanh")'),
        _CLASSES: ("keras.Input((6,))", 'layers.Dense(12, activation="tanh")'),
        _IMAGES: ("keras.Input((8, 8, 3))", 'layers.Conv2D(8, 3, padding="same", activation="relu")'),
        _SERIES: ("keras.Input((10, 4))", "layers.LSTM(8, return_sequences=True)"),
    }[data]
    members = "".join(f"        {layer},\n" for layer in (*first, *tail))
    body = f"model = keras.Sequential(\n    [\n{members}    ]\n)\n"
    compiled = f'model.compile(optimizer="adam", loss={loss})\n'
    return f"{_imports(before + body)}{data}{before}\n{body}{compiled}{_FIT}"


def functional(*rows: str, loss: str = _BINARY, data: str = _TABLE, outputs: str = "outputs", before: str = "") -> str:
    """A functional model: ``rows`` make ``outputs`` of ``h``."""
    body = "\n".join(rows)
    model = f"""
{before}inputs = keras.Input((6,))
h = layers.Dense(12, activation="tanh")(inputs)
{body}
model = keras.Model(inputs, {outputs})
model.compile(optimizer="adam", loss={loss})
"""
    return f"{_imports(body + before)}{data}{model}{_FIT}"


def subclassed(squash: str, before: str = "") -> str:
    """A model with a ``call`` of its own, which ends in ``squash``."""
    return f"""{_imports(squash + before)}{_TABLE}

class Churn(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(12, activation="tanh")
        self.out = layers.Dense(1)

    def call(self, inputs):
        return {squash}


model = Churn()
model.compile(optimizer="adam", loss={_BINARY})
{_FIT}"""


def loop(decorator: str = "", activation: str = '"sigmoid"') -> str:
    """A training loop of the program's own."""
    return f"""{_imports("tf.")}{_TABLE}
head = layers.Dense(1, activation={activation})
model = keras.Sequential([keras.Input((6,)), layers.Dense(12, activation="tanh"), head])
optimizer = keras.optimizers.Adam(1e-3)
bce = {_BINARY}


{decorator}def train_step(batch, labels):
    with tf.GradientTape() as tape:
        predicted = model(batch, training=True)
        loss = bce(labels, predicted)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


if __name__ == "__main__":
    for epoch in range(5):
        train_step(x, y)
"""


def stepping(body: str) -> str:
    """A model with a ``train_step`` of its own."""
    return f"""{_imports("tf.")}{_TABLE}
bce = {_BINARY}


class Stepping(keras.Model):
    def train_step(self, data):
        batch, labels = data
        with tf.GradientTape() as tape:
            predicted = self(batch, training=True)
            loss = {body}
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {{"bce": loss}}


inputs = keras.Input((6,))
outputs = {_SIGMOID}(layers.Dense(12, activation="tanh")(inputs))
model = Stepping(inputs, outputs)
model.compile(optimizer="adam", loss=bce)
{_FIT}"""


def custom_loss(body: str, name: str = "bce_on_logits", tail: str = _SIGMOID) -> str:
    """A model that is trained with a function of the program's own."""
    before = f"\n\ndef {name}(y_true, y_pred):\n    return {body}\n\n"
    return sequential(tail, loss=name, before=before)


def policy(name: str) -> str:
    return f'\nkeras.mixed_precision.set_global_policy("{name}")\n'


_NESTED = f"""
scorer = keras.Sequential([keras.Input((12,)), layers.Dense(8, activation="relu"), {_SIGMOID}])
"""
_NESTED_CLASS = f"""

class Scorer(keras.Model):
    def __init__(self):
        super().__init__()
        self.score = {_SIGMOID}

    def call(self, inputs):
        return self.score(inputs)

"""
_LOADED = f"""{_IMPORTS}import os
import tempfile
{_TABLE}
saved = os.path.join(tempfile.mkdtemp(), "churn.keras")
keras.Sequential([keras.Input((6,)), layers.Dense(12, activation="tanh"), {_SIGMOID}]).save(saved)

model = keras.models.load_model(saved)
model.compile(optimizer="adam", loss={_BINARY})
{_FIT}"""
_PREDICTED = f"""{_IMPORTS}{_TABLE}
model = keras.Sequential([keras.Input((6,)), layers.Dense(12, activation="tanh"), {_SIGMOID}])
model.compile(optimizer="adam", loss="binary_crossentropy")
bce = {_BINARY}


def validation_loss(batch, labels):
    return bce(labels, model.predict(batch, verbose=0))


if __name__ == "__main__":
    model.fit(x, y, epochs=5)
    print(float(validation_loss(x, y)))
"""
_METRIC = f"""{_IMPORTS}{_TABLE}
model = keras.Sequential([keras.Input((6,)), layers.Dense(12, activation="tanh"), {_SIGMOID}])
cost = keras.metrics.BinaryCrossentropy(from_logits=True, name="bce")
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=[cost])


def measured(batch, labels):
    return model.evaluate(batch, labels, verbose=0, return_dict=True)["bce"]


if __name__ == "__main__":
    model.fit(x, y, epochs=5, validation_split=0.25)
"""
_LIST = functional(
    'sick = layers.Dense(1, activation="sigmoid", name="sick")(h)',
    'severe = layers.Dense(1, activation="sigmoid", name="severe")(h)',
    loss=f"[{_BINARY}, {_BINARY}]",
    outputs="[sick, severe]",
).replace("model.fit(x, y, ", "model.fit(x, [y, y], ")
_DICT = functional(
    'sick = layers.Dense(1, activation="sigmoid", name="sick")(h)',
    'severe = layers.Dense(1, activation="sigmoid", name="severe")(h)',
    loss=f'{{"sick": {_BINARY}, "severe": {_BINARY}}}',
    outputs='{"sick": sick, "severe": severe}',
).replace("model.fit(x, y, ", 'model.fit(x, {"sick": y, "severe": y}, ')
_MASKS = _IMAGES + "y = y[..., 0]\n"

L, D = LOGITS, DOUBLE

ROWS: tuple[Row, ...] = (
    # --- the activation belongs to a layer ----------------------------------------------------------------------------
    Row("Dense, string", sequential(_SIGMOID), L, L),
    Row("Dense, keras.activations.sigmoid", sequential("layers.Dense(1, activation=keras.activations.sigmoid)"), L, L),
    Row("Conv2D", sequential('layers.Conv2D(1, 1, activation="sigmoid")', data=_IMAGES), L, L),
    Row("EinsumDense", sequential('layers.EinsumDense("ab,bc->ac", 1, activation="sigmoid")'), L, L),
    Row("Activation", sequential("layers.Dense(1)", 'layers.Activation("sigmoid")'), L, L),
    Row(
        "keras.activations.sigmoid in call()",
        subclassed("keras.activations.sigmoid(self.out(self.hidden(inputs)))"),
        L,
        L,
    ),
    # --- functions ----------------------------------------------------------------------------------------------------
    Row("Dense, tf.nn.sigmoid", sequential("layers.Dense(1, activation=tf.nn.sigmoid)"), L, D),
    Row("Lambda(tf.nn.sigmoid)", sequential("layers.Dense(1)", "layers.Lambda(tf.nn.sigmoid)"), L, D),
    Row("tf.nn.sigmoid in call()", subclassed("tf.nn.sigmoid(self.out(self.hidden(inputs)))"), L, D),
    Row(
        "tf.nn.sigmoid, then Identity",
        sequential("layers.Dense(1, activation=tf.nn.sigmoid)", "layers.Identity()"),
        L,
        D,
    ),
    Row("Dense, keras.ops.sigmoid", sequential("layers.Dense(1, activation=keras.ops.sigmoid)"), L, L),
    Row("Lambda(keras.ops.sigmoid)", sequential("layers.Dense(1)", "layers.Lambda(keras.ops.sigmoid)"), L, L),
    Row("keras.ops.sigmoid in call()", subclassed("keras.ops.sigmoid(self.out(self.hidden(inputs)))"), L, L),
    Row("keras.ops.sigmoid, functional", functional("outputs = keras.ops.sigmoid(layers.Dense(1)(h))"), L, L),
    Row(
        "1 / (1 + exp(-x))",
        sequential("layers.Dense(1)", "layers.Lambda(lambda z: 1 / (1 + keras.ops.exp(-z)))"),
        D,
        D,
    ),
    # --- models in models ---------------------------------------------------------------------------------------------
    Row("nested Sequential", functional("outputs = scorer(h)", before=_NESTED.lstrip()), L, L),
    Row("nested class", functional("outputs = Scorer()(h)", before=_NESTED_CLASS.lstrip() + "\n"), L, L),
    Row("load_model", _LOADED, L, L),
    Row("two outputs, list", _LIST, L, L),
    Row("two outputs, dict", _DICT, L, L),
    # --- what comes after it ------------------------------------------------------------------------------------------
    Row('then Activation("linear")', sequential(_SIGMOID, 'layers.Activation("linear")'), L, L),
    Row("then Identity", sequential(_SIGMOID, "layers.Identity()"), L, L),
    Row("then Dropout(0)", sequential(_SIGMOID, "layers.Dropout(0)"), L, L),
    Row("then Dropout(0.3)", sequential(_SIGMOID, "layers.Dropout(0.3)"), D, D, evaluated=L),
    Row("then Reshape", sequential(_SIGMOID, "layers.Reshape((1,))"), D, D),
    Row("then Flatten", sequential(_SIGMOID, "layers.Flatten()"), D, D),
    Row("then Lambda(x * 1)", sequential(_SIGMOID, "layers.Lambda(lambda p: p * 1.0)"), D, D),
    Row("then * 1.0", functional(f"outputs = {_SIGMOID}(h) * 1.0"), D, D),
    Row("then Rescaling", sequential(_SIGMOID, "layers.Rescaling(1.0)"), D, D),
    Row(
        "then Concatenate",
        functional(f"outputs = layers.Concatenate()([{_SIGMOID}(h), {_SIGMOID}(h)])").replace(
            'astype("float32")\n\n', 'astype("float32")\ny = np.concatenate([y, 1 - y], axis=-1)\n\n'
        ),
        D,
        D,
    ),
    Row("then Average", functional(f"outputs = layers.Average()([{_SIGMOID}(h), {_SIGMOID}(h)])"), D, D),
    Row(
        "then GlobalAveragePooling",
        sequential(_SIGMOID, "layers.GlobalAveragePooling1D()", data=_SERIES).replace(
            "\n\nmodel", "\ny = y[:, 0]\n\nmodel"
        ),
        D,
        D,
    ),
    Row("TimeDistributed", sequential(f"layers.TimeDistributed({_SIGMOID})", data=_SERIES), D, D),
    # --- dtypes -------------------------------------------------------------------------------------------------------
    Row("mixed_float16", sequential(_SIGMOID, before=policy("mixed_float16")), D, D),
    Row("mixed_bfloat16", sequential(_SIGMOID, before=policy("mixed_bfloat16")), D, D),
    Row("float64", sequential(_SIGMOID, before=policy("float64")), D, D),
    Row("float16", sequential(_SIGMOID, before=policy("float16")), D, D),
    Row(
        "mixed, head in float32",
        sequential('layers.Dense(1, activation="sigmoid", dtype="float32")', before=policy("mixed_float16")),
        L,
        L,
    ),
    Row(
        "mixed, activation in float32",
        sequential(
            "layers.Dense(1)",
            'layers.Activation("sigmoid", dtype="float32")',
            before=policy("mixed_bfloat16"),
        ),
        L,
        L,
    ),
    Row(
        "mixed, head in float32, then linear",
        sequential(
            'layers.Dense(1, activation="sigmoid", dtype="float32")',
            'layers.Activation("linear")',
            before=policy("mixed_float16"),
        ),
        D,
        D,
    ),
    Row(
        "policy as an object",
        sequential(
            _SIGMOID,
            before="""
policy = keras.mixed_precision.DTypePolicy("mixed_bfloat16")
keras.mixed_precision.set_global_policy(policy)
""",
        ),
        D,
        D,
    ),
    Row(
        "mixed, then linear in float32",
        sequential(_SIGMOID, 'layers.Activation("linear", dtype="float32")', before=policy("mixed_float16")),
        D,
        D,
    ),
    Row("head in float16", sequential('layers.Dense(1, activation="sigmoid", dtype="float16")'), D, D),
    # --- labels -------------------------------------------------------------------------------------------------------
    Row(
        "labels without the channel",
        sequential('layers.Conv2D(1, 1, activation="sigmoid")', data=_IMAGES).replace(_IMAGES, _MASKS),
        D,
        D,
        verdict="rescued",
        why="the shape of the labels is not known",
    ),
    Row("labels (N,)", sequential(_SIGMOID).replace(_TABLE, _TABLE + "y = y[:, 0]\n"), L, L),
    # --- who calls the loss -------------------------------------------------------------------------------------------
    Row("train_step, loss(y, self(x))", stepping("bce(labels, predicted)"), L, L),
    Row("train_step, compute_loss", stepping("self.compute_loss(y=labels, y_pred=predicted)"), L, L),
    Row("GradientTape", loop(), NONE, L, entry="train_step"),
    Row("GradientTape in tf.function", loop("@tf.function\n"), L, NONE, entry="train_step"),
    Row("GradientTape, tf.nn.sigmoid", loop("", "tf.nn.sigmoid"), NONE, D, entry="train_step"),
    Row(
        "GradientTape in tf.function, tf.nn.sigmoid",
        loop("@tf.function\n", "tf.nn.sigmoid"),
        L,
        NONE,
        entry="train_step",
        verdict="confirmed",
        why="the decorator is not looked at",
    ),
    Row("model.predict", _PREDICTED, NONE, D, entry="validation_loss"),
    # --- losses of the program's own ----------------------------------------------------------------------------------
    Row("lambda, y_pred", sequential(_SIGMOID, loss=f"lambda y_true, y_pred: {_BINARY}(y_true, y_pred)"), L, L),
    Row(
        "lambda, y_pred * 1.0",
        sequential(_SIGMOID, loss=f"lambda y_true, y_pred: {_BINARY}(y_true, y_pred * 1.0)"),
        D,
        D,
    ),
    Row("y_pred[:, :1]", custom_loss(f"{_BINARY}(y_true, y_pred[:, :1])"), D, D),
    Row(
        "stop_gradient",
        _PREDICTED.replace("model.predict(batch, verbose=0)", "keras.ops.stop_gradient(model(batch))"),
        NONE,
        D,
        entry="validation_loss",
    ),
    # --- other losses -------------------------------------------------------------------------------------------------
    Row(
        "tf.nn.sigmoid_cross_entropy_with_logits",
        custom_loss("tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)"),
        D,
        D,
        jax=NONE,
    ),
    Row(
        "tf.nn.weighted_cross_entropy_with_logits",
        custom_loss("tf.nn.weighted_cross_entropy_with_logits(y_true, y_pred, pos_weight=4.0)"),
        D,
        D,
        formula="weighted",
        jax=NONE,
    ),
    Row(
        "BinaryFocalCrossentropy",
        sequential(_SIGMOID, loss="keras.losses.BinaryFocalCrossentropy(from_logits=True)"),
        D,
        D,
        formula="focal",
    ),
    Row(
        "CategoricalFocalCrossentropy",
        sequential(_SOFTMAX, loss="keras.losses.CategoricalFocalCrossentropy(from_logits=True)", data=_CLASSES).replace(
            "y = np.argmax(x[:, :4], axis=-1)", "y = keras.utils.to_categorical(np.argmax(x[:, :4], axis=-1))"
        ),
        D,
        D,
        formula="categorical focal",
    ),
    Row(
        "metrics.BinaryCrossentropy",
        _METRIC,
        L,
        NONE,
        entry="measured",
        silent="what a metric with `from_logits=True` is given is not looked at",
    ),
    # --- softmax ------------------------------------------------------------------------------------------------------
    Row("softmax", sequential(_SOFTMAX, loss=_SPARSE, data=_CLASSES), L, L, formula="softmax"),
    Row(
        "softmax, one-hot",
        sequential(_SOFTMAX, loss=_SPARSE.replace("Sparse", ""), data=_CLASSES).replace(
            "y = np.argmax(x[:, :4], axis=-1)", "y = keras.utils.to_categorical(np.argmax(x[:, :4], axis=-1))"
        ),
        L,
        L,
        formula="softmax",
    ),
    Row(
        "Softmax()",
        sequential("layers.Dense(4)", "layers.Softmax()", loss=_SPARSE, data=_CLASSES),
        L,
        L,
        formula="softmax",
    ),
    Row(
        'Activation("softmax")',
        sequential("layers.Dense(4)", 'layers.Activation("softmax")', loss=_SPARSE, data=_CLASSES),
        L,
        L,
        formula="softmax",
    ),
    Row(
        "Lambda(tf.nn.softmax)",
        sequential("layers.Dense(4)", "layers.Lambda(tf.nn.softmax)", loss=_SPARSE, data=_CLASSES),
        L,
        D,
        formula="softmax",
    ),
    Row(
        "softmax, then Reshape",
        sequential(_SOFTMAX, "layers.Reshape((4,))", loss=_SPARSE, data=_CLASSES),
        D,
        D,
        formula="softmax",
    ),
    Row(
        "softmax, mixed_float16",
        sequential(_SOFTMAX, loss=_SPARSE, data=_CLASSES, before=policy("mixed_float16")),
        D,
        D,
        formula="softmax",
    ),
    Row(
        "softmax, ignore_class",
        sequential(_SOFTMAX, loss=_SPARSE.replace("True", "True, ignore_class=255"), data=_CLASSES),
        D,
        D,
        formula="softmax",
    ),
)
