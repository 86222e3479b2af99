"""The head: activations in every form, layers that keep or lose the range, units."""

from __future__ import annotations

from math import inf

import pytest

from bcelint.knowledge.domains import Domain
from tests.inference.support import (
    as_regression,
    cases,
    check_hit,
    check_near_miss,
    check_sound,
    check_undecided,
    pairing,
)

HITS = {
    "function of keras.activations": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation=keras.activations.sigmoid)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "function of tf.nn": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(10, tf.nn.softmax)])
        model.compile(loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # <- BCE108
    """,
    "function of keras.ops": """
        import keras
        from keras import ops

        model = keras.Sequential([keras.layers.Dense(1, activation=ops.sigmoid)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "bare name of a star-imported activation": """
        import keras
        from keras.activations import sigmoid

        model = keras.Sequential([keras.layers.Dense(1, activation=sigmoid)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "activation layer as the argument": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation=layers.LeakyReLU(0.2))])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "keras.activations.get": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation=keras.activations.get("tanh"))])
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "separate Activation layer": """
        from keras.layers import Activation, Dense
        from keras.models import Sequential

        model = Sequential()
        model.add(Dense(10))
        model.add(Activation("relu"))
        model.compile(loss="categorical_crossentropy", optimizer="sgd")  # <- BCE110
    """,
    "separate Softmax layer": """
        import keras

        model = keras.Sequential([keras.layers.Dense(10), keras.layers.Softmax()])
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # <- BCE108
    """,
    "the odds": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        p = layers.Dense(1, activation="sigmoid")(inputs)
        keras.Model(inputs, p / (1 - p)).compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "Dot of two embeddings": """
        import keras
        from keras import layers

        user, item = keras.Input((1,)), keras.Input((1,))
        a = layers.Flatten()(layers.Embedding(1000, 64)(user))
        b = layers.Flatten()(layers.Embedding(1000, 64)(item))
        model = keras.Model([user, item], layers.Dot(axes=1)([a, b]))
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "cosine of two embeddings": """
        import keras
        from keras import layers

        user, item = keras.Input((1,)), keras.Input((1,))
        a = layers.Flatten()(layers.Embedding(1000, 64)(user))
        b = layers.Flatten()(layers.Embedding(1000, 64)(item))
        model = keras.Model([user, item], layers.Dot(axes=1, normalize=True)([a, b]))
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "separate ReLU layer": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1), keras.layers.ReLU()])
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "Lambda with a lambda": """
        import tensorflow as tf
        from tensorflow.keras.layers import Dense, Lambda

        model = tf.keras.Sequential([Dense(1), Lambda(lambda z: tf.sigmoid(z))])
        model.compile(loss=tf.keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "Lambda with a function": """
        import tensorflow as tf
        from tensorflow.keras.layers import Dense, Lambda

        model = tf.keras.Sequential([Dense(1), Lambda(tf.nn.sigmoid)])
        model.compile(loss=tf.keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "activation called on a symbolic tensor": """
        import keras
        from keras import layers, ops

        inputs = keras.Input((16,))
        logits = layers.Dense(1)(inputs)
        model = keras.Model(inputs, ops.sigmoid(logits))
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "layers.Activation called at once": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        outputs = layers.Activation("sigmoid", dtype="float32")(layers.Dense(1)(inputs))
        model = keras.Model(inputs, outputs)
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "softmax and an identity in float32": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        x = layers.Dense(10, activation="softmax")(inputs)
        outputs = layers.Activation("linear", dtype="float32")(x)
        model = keras.Model(inputs, outputs)
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # <- BCE108
    """,
    "Reshape keeps the range": """
        import keras
        from keras import layers

        model = keras.Sequential(
            [layers.Dense(784, activation="sigmoid"), layers.Reshape((28, 28, 1))]
        )
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "Flatten keeps the range": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Conv2D(1, 1, activation="sigmoid"), layers.Flatten()])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "max pooling keeps the range": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Conv1D(1, 3, activation="sigmoid"), layers.GlobalMaxPooling1D()])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "nearest upsampling and cropping keep the range": """
        import keras
        from keras import layers

        model = keras.Sequential(
            [layers.Conv2D(1, 1, activation="sigmoid"), layers.UpSampling2D(), layers.Cropping2D(2)]
        )
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "average pooling of scores stays unbounded": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Conv2D(1, 1), layers.GlobalAveragePooling2D()])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "BatchNormalization after a sigmoid gives any number": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="sigmoid"), layers.BatchNormalization()])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "Add of two scores": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        total = layers.Add()([layers.Dense(1)(inputs), layers.Dense(1)(inputs)])
        model = keras.Model(inputs, total)
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "a residual behind the head": """
        import keras
        from keras import layers

        inputs = keras.Input((1,))
        outputs = layers.Dense(1)(inputs) + inputs
        model = keras.Model(inputs, outputs)
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "bare LSTM": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Embedding(1000, 32), layers.LSTM(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "TimeDistributed": """
        import keras
        from keras import layers

        model = keras.Sequential(
            [layers.LSTM(8, return_sequences=True), layers.TimeDistributed(layers.Dense(1, activation="sigmoid"))]
        )
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "Dropout behind the head": """
        import keras
        from keras import layers

        model = keras.Sequential(
            [
                layers.Dense(1, activation="sigmoid"),
                layers.Dropout(0.5),  # <- BCE111
            ]
        )
        model.compile(loss="binary_crossentropy")
    """,
    "noise behind the head": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        p = layers.Dense(1, activation="sigmoid")(inputs)
        p = layers.GaussianNoise(0.1)(p)  # <- BCE111
        model = keras.Model(inputs, p)
        model.compile(loss="binary_crossentropy")
    """,
    "single softmax unit": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="softmax")])  # <- BCE104
        model.compile(loss="binary_crossentropy")
    """,
    "softmax on one unit of a variable": """
        import keras

        CLASSES = ["defect"]
        model = keras.Sequential([keras.layers.Dense(len(CLASSES), activation="softmax")])  # <- BCE104
        model.compile(loss="categorical_crossentropy")  # <- BCE106
    """,
    "units from a constant": """
        import keras

        NUM_TAGS = 20
        model = keras.Sequential([keras.layers.Dense(NUM_TAGS, activation="sigmoid")])
        model.compile(loss="categorical_crossentropy")  # <- BCE107
    """,
    "units from len of a tuple": """
        import keras

        classes = ("cat", "dog", "bird")
        model = keras.Sequential([keras.layers.Dense(len(classes), activation="softmax")])
        model.compile(loss="binary_crossentropy")  # <- BCE105
    """,
    "units from arithmetic": """
        import keras

        BACKGROUND = 1
        model = keras.Sequential([keras.layers.Conv2D(4 + BACKGROUND, 1, activation="softmax")])
        model.compile(loss=keras.losses.BinaryCrossentropy())  # <- BCE105
    """,
    "sigmoid sliced to one unit": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        both = layers.Dense(2, activation="sigmoid")(inputs)
        model = keras.Model(inputs, both[:, :1])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "sigmoid in call": """
        import keras

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.out = keras.layers.Dense(1)

            def call(self, x):
                return keras.activations.sigmoid(self.out(x))

        model = Net()
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "log_sigmoid is not logits": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="log_sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE103
    """,
    "softplus": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="softplus")])
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "swish has no bound above": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="swish")])
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "hard_sigmoid with logits": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="hard_sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
}

SOUND = {
    "tanh mapped to the unit interval": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        t = layers.Dense(1, activation="tanh")(inputs)
        model = keras.Model(inputs, (t + 1.0) / 2.0)
        model.compile(loss="binary_crossentropy")
    """,
    "tanh mapped in a Lambda": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="tanh"), layers.Lambda(lambda t: 0.5 * (t + 1))])
        model.compile(loss="binary_crossentropy")
    """,
    "a probability clipped": """
        import keras
        from keras import layers, ops

        inputs = keras.Input((16,))
        p = layers.Dense(1, activation="sigmoid")(inputs)
        model = keras.Model(inputs, ops.clip(p, 1e-6, 1 - 1e-6))
        model.compile(loss="binary_crossentropy")
    """,
    "product of probabilities": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        click = layers.Dense(1, activation="sigmoid")(inputs)
        buy = layers.Dense(1, activation="sigmoid")(inputs)
        model = keras.Model(inputs, layers.Multiply()([click, buy]))
        model.compile(loss="binary_crossentropy")
    """,
    "maximum of probabilities": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        a = layers.Dense(1, activation="sigmoid")(inputs)
        b = layers.Dense(1, activation="sigmoid")(inputs)
        model = keras.Model(inputs, layers.maximum([a, b]))
        model.compile(loss="binary_crossentropy")
    """,
    "one minus a probability": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        p = layers.Dense(1, activation="sigmoid")(inputs)
        model = keras.Model(inputs, 1.0 - p)
        model.compile(loss="binary_crossentropy")
    """,
    "concatenated probabilities": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        a = layers.Dense(2, activation="sigmoid")(inputs)
        b = layers.Dense(3, activation="sigmoid")(inputs)
        model = keras.Model(inputs, layers.Concatenate()([a, b]))
        model.compile(loss="binary_crossentropy")
    """,
    "average pooling of probabilities": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Conv2D(1, 1, activation="sigmoid"), layers.GlobalAveragePooling2D()])
        model.compile(loss="binary_crossentropy")
    """,
    "zero padding of probabilities": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Conv2D(1, 3, activation="sigmoid"), layers.ZeroPadding2D(1)])
        model.compile(loss="binary_crossentropy")
    """,
    "activation None and a Sigmoid behind it": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        x = layers.Dense(1, activation=None)(inputs)
        x = layers.Activation(keras.activations.sigmoid)(x)
        model = keras.Model(inputs, x)
        model.compile(loss="binary_crossentropy")
    """,
    "BatchNormalization before the sigmoid": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1), layers.BatchNormalization(), layers.Activation("sigmoid")])
        model.compile(loss="binary_crossentropy")
    """,
    "Dropout before the head": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dropout(0.5), layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy")
    """,
    "hidden relu": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy")
    """,
    "LSTM with a sigmoid": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Embedding(1000, 32), layers.LSTM(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy")
    """,
    "logit path for the loss": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        logits = layers.Dense(1)(inputs)
        training = keras.Model(inputs, logits)
        serving = keras.Model(inputs, layers.Activation("sigmoid")(logits))
        training.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "softmax over time, then a sigmoid": """
        import keras
        from keras import layers

        inputs = keras.Input((20, 16))
        weights = layers.Softmax(axis=1)(layers.Dense(1)(inputs))
        pooled = layers.Dot(axes=1)([weights, inputs])
        model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Flatten()(pooled)))
        model.compile(loss="binary_crossentropy")
    """,
    "a temperature before the softmax": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        logits = layers.Dense(10)(inputs)
        model = keras.Model(inputs, keras.ops.softmax(logits / 2.0))
        model.compile(loss="sparse_categorical_crossentropy")
    """,
    "evidence against one more class, as in a semi-supervised GAN": """
        import keras
        from keras import backend as K
        from keras import layers

        inputs = keras.Input((16,))
        logits = layers.Dense(10)(inputs)

        def real(x):
            evidence = K.sum(K.exp(x), axis=-1, keepdims=True)
            return evidence / (evidence + 1.0)

        model = keras.Model(inputs, layers.Lambda(real)(logits))
        model.compile(loss="binary_crossentropy")
    """,
    "the same as a complement": """
        import keras
        from keras import layers, ops

        inputs = keras.Input((16,))
        logits = layers.Dense(10)(inputs)
        outputs = 1.0 - 1.0 / (ops.sum(ops.exp(logits), axis=-1, keepdims=True) + 1.0)
        keras.Model(inputs, outputs).compile(loss="binary_crossentropy")
    """,
    "similarities of unit vectors over a temperature": """
        import keras
        import tensorflow as tf

        def train_step(images, texts, encoder, temperature):
            a = tf.math.l2_normalize(keras.layers.Dense(64)(images), axis=1)
            b = tf.math.l2_normalize(keras.layers.Dense(64)(texts), axis=1)
            logits = tf.matmul(a, b, transpose_b=True) / temperature
            return keras.losses.categorical_crossentropy(tf.eye(32), logits, from_logits=True)
    """,
    "logits as an einsum of embeddings": """
        import keras
        import tensorflow as tf
        from keras import layers

        target, context = keras.Input((1,)), keras.Input((5,))
        a = layers.Embedding(1000, 64)(target)
        b = layers.Embedding(1000, 64)(context)
        model = keras.Model([target, context], tf.einsum("bie,bje->bij", a, b))
        model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    """,
    "logits under a weight that is not known": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        logits = load_scale() * layers.Dense(10)(inputs)
        model = keras.Model(inputs, logits)
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    """,
    "a softmax of the file's own, which looks at the rank": """
        from keras import Input, Model
        from keras import backend as K
        from keras.layers import Activation, Dense

        def softmax(x, axis=1):
            if K.ndim(x) == 2:
                return K.softmax(x)
            e = K.exp(x - K.max(x, axis=axis, keepdims=True))
            return e / K.sum(e, axis=axis, keepdims=True)

        sequence, vector = Input((20, 16)), Input((16,))
        weights = Activation(softmax)(Dense(1)(sequence))
        model = Model([sequence, vector], Dense(10, activation=softmax)(vector))
        model.compile(loss="categorical_crossentropy")
    """,
    "softmax of one wide reshape": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(10 * 26), layers.Reshape((10, 26)), layers.Softmax()])
        model.compile(loss="sparse_categorical_crossentropy")
    """,
}

NEAR_MISSES = {
    "capsule lengths": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        v = layers.Dense(10)(inputs)
        lengths = layers.Lambda(lambda z: keras.ops.sqrt(keras.ops.sum(z * z, axis=-1)))(v)
        model = keras.Model(inputs, lengths)
        model.compile(loss="binary_crossentropy")
        model.fit(x, y)
    """,
    "the gate of a highway": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        gate = layers.Dense(16, activation="sigmoid")(inputs)
        mixed = gate * layers.Dense(16, activation="relu")(inputs) + (1 - gate) * inputs
        model = keras.Model(inputs, layers.Dense(1)(mixed))
        model.compile(loss="mse")
        model.fit(x, y)
    """,
    "softmax over one unit of two axes": """
        import keras
        from keras import layers

        inputs = keras.Input((20, 16))
        scores = layers.Dense(1)(inputs)
        weights = keras.ops.softmax(scores, axis=1)
        model = keras.Model(inputs, keras.ops.sum(weights * inputs, axis=1))
        model.compile(loss="mse")
        model.fit(x, y)
    """,
}

UNDECIDED = {
    "activation from the command line": """
        import sys

        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation=sys.argv[1])])
        model.compile(loss="binary_crossentropy")
    """,
    "an unknown Lambda": """
        import keras
        from keras import layers
        from tricks import squash

        model = keras.Sequential([layers.Dense(1), layers.Lambda(squash)])
        model.compile(loss="binary_crossentropy")
    """,
    "an unknown layer after the head": """
        import keras
        from keras import layers
        from tricks import Calibration

        model = keras.Sequential([layers.Dense(1, activation="sigmoid"), Calibration()])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "a fraction of a part of the denominator": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        z = layers.Dense(1, activation="relu")(inputs)
        keras.Model(inputs, 3 * z / (z + 1)).compile(loss="binary_crossentropy")
    """,
    "the sum of some of the probabilities of a softmax": """
        import keras
        from keras import layers, ops

        inputs = keras.Input((16,))
        p = layers.Dense(10, activation="softmax")(inputs)
        keras.Model(inputs, ops.sum(p[:, :3], axis=-1)).compile(loss="binary_crossentropy")
    """,
    "unit vectors of data": """
        import keras
        from keras import layers

        model = keras.Sequential([keras.Input((8,)), layers.UnitNormalization()])
        model.compile(loss="binary_crossentropy")
    """,
    "Dot of two embeddings with cosine": """
        import keras
        from keras import layers

        a, b = keras.Input((8,)), keras.Input((8,))
        model = keras.Model([a, b], layers.Dot(axes=1, normalize=True)([a, b]))
        model.compile(loss="binary_crossentropy")
    """,
}


@pytest.mark.parametrize("code", cases(HITS))
def test_faults_are_found(code: str) -> None:
    check_hit(code)


@pytest.mark.parametrize("code", as_regression(HITS))
def test_regression_on_the_same_models_is_left_alone(code: str) -> None:
    check_near_miss(code)


@pytest.mark.parametrize("code", cases(SOUND))
def test_understood_and_sound(code: str) -> None:
    check_sound(code)


@pytest.mark.parametrize("code", cases(NEAR_MISSES))
def test_left_alone(code: str) -> None:
    check_near_miss(code)


@pytest.mark.parametrize("code", cases(UNDECIDED))
def test_counted_as_undecided(code: str) -> None:
    check_undecided(code)


def head_of(layers: str, before: str = ""):  # type: ignore[no-untyped-def]
    code = f"import keras\nfrom keras.layers import *\n{before}model = keras.Sequential([{layers}])\n"
    return pairing(f'{code}model.compile(loss="binary_crossentropy")\n').head


@pytest.mark.parametrize(
    ("activation", "domain", "low", "high"),
    [
        ("None", Domain.REAL, -inf, inf),
        ('"linear"', Domain.REAL, -inf, inf),
        ('"sigmoid"', Domain.PROBABILITY, 0, 1),
        ('"hard_sigmoid"', Domain.PROBABILITY, 0, 1),
        ('"softmax"', Domain.SIMPLEX, 0, 1),
        ('"tanh"', Domain.INTERVAL, -1, 1),
        ('"softsign"', Domain.INTERVAL, -1, 1),
        ('"relu"', Domain.INTERVAL, 0, inf),
        ('"relu6"', Domain.INTERVAL, 0, 6),
        ('"elu"', Domain.INTERVAL, -1, inf),
        ('"softplus"', Domain.INTERVAL, 0, inf),
        ('"exponential"', Domain.INTERVAL, 0, inf),
    ],
)
def test_domains_of_activations(activation: str, domain: Domain, low: float, high: float) -> None:
    head = head_of(f"Dense(4, activation={activation})")
    assert (head.domain, head.low, head.high) == (domain, low, high)


@pytest.mark.parametrize(
    ("units", "before", "expected"),
    [
        ("1", "", 1),
        ("N", "N = 4\n", 4),
        ("2 * N + 1", "N = 4\n", 9),
        ("len(NAMES)", 'NAMES = ["a", "b"]\n', 2),
        ("len(NAMES)", 'NAMES = {"a": 0, "b": 1, "c": 2}\n', 3),
        ("config['classes']", "config = {'classes': 6}\n", 6),
        ("len(sorted(NAMES))", 'NAMES = ["a", "b"]\n', 2),
        ("y_train.shape[1]", "", None),
        ("len(set(labels))", "", None),
        ("int(args.classes)", "", None),
        ("np.unique(y).size", "", None),
        ("labels.nunique()", "", None),
    ],
)
def test_units(units: str, before: str, expected: int | None) -> None:
    assert head_of(f'Dense({units}, activation="sigmoid")', before).units == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("Dense(3, activation='sigmoid')", []),
        ("Dense(4, activation='sigmoid'), Reshape((2, 2))", ["reshape"]),
        ("Conv2D(1, 1, activation='sigmoid'), Flatten()", ["reshape"]),
        ("Dense(3, activation='sigmoid'), Dropout(0.2)", ["dropout"]),
        ("Dense(3, activation='sigmoid'), GaussianNoise(0.2)", ["noise"]),
        ("Dense(3, activation='sigmoid'), Activation('linear', dtype='float32')", ["cast"]),
        ("Dense(3, activation='sigmoid'), Dropout(0.2), Reshape((3, 1))", ["dropout", "reshape"]),
    ],
)
def test_steps_after_the_activation(layers: str, expected: list[str]) -> None:
    assert [step.kind for step in head_of(layers).steps] == expected


def test_places_of_an_activation() -> None:
    code = 'import keras\nmodel = keras.Sequential([\n    keras.layers.Dense(1, activation="tanh"),\n])\n'
    head = pairing(code + 'model.compile(loss="binary_crossentropy")\n').head
    row = code.splitlines()[2]
    assert head.activation_argument is not None
    assert head.activation_keyword is not None
    assert head.layer is not None
    assert (head.activation_argument.row, head.activation_argument.column) == (3, row.index('"tanh"') + 1)
    assert (head.activation_keyword.row, head.activation_keyword.column) == (3, row.index("activation") + 1)
    assert (head.layer.row, head.layer.column) == (3, 5)
    assert head.layer_name == "Dense"


def test_intent_is_read_from_a_sigmoid_on_the_prediction() -> None:
    pair = pairing(
        """
        import keras
        import tensorflow as tf

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")
        model.fit(x, y)
        probabilities = tf.sigmoid(model.predict(x_test))
        """
    )
    assert pair.intent == "logits"


def test_no_intent_without_a_sign_of_it() -> None:
    pair = pairing(
        """
        import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")
        model.fit(x, y)
        scores = model.predict(x_test)
        """
    )
    assert pair.intent == ""


@pytest.mark.parametrize(
    ("fit", "labels"),
    [
        ("model.fit(x, keras.utils.to_categorical(y))", "one-hot"),
        ("model.fit(x, y)", ""),
        ("model.fit(x, tf.one_hot(y, 3))", "one-hot"),
    ],
)
def test_labels_of_fit(fit: str, labels: str) -> None:
    code = 'import keras\nimport tensorflow as tf\nmodel = keras.Sequential([keras.layers.Dense(3, "softmax")])\n'
    assert pairing(f'{code}model.compile(loss="binary_crossentropy")\n{fit}\n').labels == labels
