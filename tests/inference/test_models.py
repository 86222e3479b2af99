"""Models in every construction: Sequential, functional, subclassed, builders, classes that hold models."""

from __future__ import annotations

import pytest

from tests.inference.support import (
    as_regression,
    cases,
    check_hit,
    check_near_miss,
    check_sound,
    check_undecided,
    pairings,
)

HITS = {
    "add in a loop": """
        from keras import Sequential, layers

        model = Sequential()
        for width in [128, 64, 32]:
            model.add(layers.Dense(width, activation="relu"))
        model.add(layers.Dense(1))
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "pop takes the activation away": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1), layers.Activation("sigmoid")])
        model.pop()
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "pop and a new head": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
        model.pop()
        model.add(layers.Dense(2))
        model.compile(loss="sparse_categorical_crossentropy")  # <- BCE109
    """,
    "Sequential of a list built before": """
        import keras
        from keras import layers

        stack = [layers.Flatten()]
        stack += [layers.Dense(w, activation="relu") for w in (64, 32)]
        stack.append(layers.Dense(1, activation="sigmoid"))
        model = keras.Sequential(stack)
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "Sequential of Sequentials": """
        import keras
        from keras import layers

        encoder = keras.Sequential([layers.Flatten(), layers.Dense(32, activation="relu")])
        decoder = keras.Sequential([layers.Dense(784, activation="sigmoid"), layers.Reshape((28, 28))])
        autoencoder = keras.Sequential([encoder, decoder])
        autoencoder.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "functional": """
        import keras
        from keras import layers

        inputs = keras.Input(shape=(784,))
        x = layers.Dense(64, activation="relu")(inputs)
        outputs = layers.Dense(10)(x)
        model = keras.Model(inputs=inputs, outputs=outputs, name="mnist")
        model.compile(
            loss=keras.losses.SparseCategoricalCrossentropy(),  # <- BCE109
            optimizer=keras.optimizers.RMSprop(),
        )
    """,
    "several inputs": """
        import keras
        from keras import layers

        title = keras.Input((None,), name="title")
        tags = keras.Input((12,), name="tags")
        t = layers.LSTM(32)(layers.Embedding(10000, 64)(title))
        x = layers.concatenate([t, tags])
        priority = layers.Dense(1, name="priority")(x)
        model = keras.Model(inputs=[title, tags], outputs=[priority])
        model.compile(loss={"priority": "binary_crossentropy"})  # <- BCE102
    """,
    "dict of outputs": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        outputs = {
            "age": layers.Dense(1)(inputs),
            "sick": layers.Dense(1, activation="tanh")(inputs),
        }
        model = keras.Model(inputs, outputs)
        model.compile(
            loss={
                "age": "mse",
                "sick": "binary_crossentropy",  # <- BCE103
            }
        )
    """,
    "nested model as the head": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        head = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(inputs))
        pixels = keras.Input((64,))
        model = keras.Model(pixels, head(layers.Dense(16)(pixels)))
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "shared layer": """
        import keras
        from keras import layers

        classify = layers.Dense(1)
        left, right = keras.Input((16,)), keras.Input((16,))
        model = keras.Model([left, right], [classify(left), classify(right)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "subclassed": """
        import keras
        from keras import layers

        class Classifier(keras.Model):
            def __init__(self, num_classes=10):
                super(Classifier, self).__init__()
                self.hidden = layers.Dense(32, activation="relu")
                self.out = layers.Dense(num_classes)

            def call(self, inputs, training=False):
                return self.out(self.hidden(inputs))

        model = Classifier()
        model.compile(optimizer="adam", loss="categorical_crossentropy")  # <- BCE109
    """,
    "subclassed with layers in a list": """
        import keras
        from keras import layers

        class MLP(keras.Model):
            def __init__(self, widths):
                super().__init__()
                self.blocks = [layers.Dense(w, activation="relu") for w in widths]
                self.blocks.append(layers.Dense(1, activation="sigmoid"))

            def call(self, x):
                for block in self.blocks:
                    x = block(x)
                return x

        model = MLP([64, 32])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "subclassed with build": """
        import keras
        from keras import layers

        class Net(keras.Model):
            def build(self, input_shape):
                self.out = layers.Dense(1, activation="sigmoid")

            def call(self, x):
                return self.out(x)

        net = Net()
        net.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "subclassed with a Sequential inside": """
        import keras
        from keras import layers

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.seq = keras.Sequential([layers.Flatten(), layers.Dense(1)])

            def call(self, x):
                return self.seq(x)

        net = Net()
        net.compile("adam", "binary_crossentropy")  # <- BCE102
    """,
    "subclassed from a base of the file": """
        import keras
        from keras import layers

        class Base(keras.Model):
            def __init__(self, activation):
                super().__init__()
                self.out = layers.Dense(1, activation=activation)

            def call(self, x):
                return self.out(self.features(x))

        class Small(Base):
            def __init__(self):
                super().__init__(activation="sigmoid")
                self.features = layers.Dense(8, activation="relu")

        model = Small()
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "custom layer as the head": """
        import keras
        from keras import layers

        class Head(layers.Layer):
            def __init__(self, units, **kwargs):
                super().__init__(**kwargs)
                self.dense = layers.Dense(units)

            def call(self, x):
                return keras.ops.softmax(self.dense(x))

        inputs = keras.Input((16,))
        model = keras.Model(inputs, Head(10)(inputs))
        model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))  # <- BCE108
    """,
    "builder function with defaults": """
        import keras
        from keras import layers

        def build_model(hidden=64, activation="sigmoid"):
            model = keras.Sequential()
            model.add(layers.Dense(hidden, activation="relu"))
            model.add(layers.Dense(1, activation=activation))
            return model

        model = build_model(hidden=128)
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "builder function with a keyword": """
        import keras
        from keras import layers

        def build_model(n_classes, head_activation="softmax"):
            inputs = keras.Input((32,))
            return keras.Model(inputs, layers.Dense(n_classes, activation=head_activation)(inputs))

        model = build_model(5, head_activation=None)
        model.compile(loss="sparse_categorical_crossentropy")  # <- BCE109
    """,
    "builder that compiles": """
        import keras
        from keras import layers

        def create_model(input_dim):
            model = keras.Sequential([layers.Input((input_dim,)), layers.Dense(1)])
            model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])  # <- BCE102
            return model

        model = create_model(x_train.shape[1])
        model.fit(x_train, y_train)
    """,
    "nested builder": """
        import keras
        from keras import layers

        def head(x, units):
            x = layers.Dense(64, activation="relu")(x)
            return layers.Dense(units)(x)

        def network(units):
            inputs = keras.Input((32,))
            return keras.Model(inputs, head(inputs, units))

        model = network(3)
        model.compile(loss="categorical_crossentropy")  # <- BCE109
    """,
    "blocks as closures": """
        import keras
        from keras import layers

        def dense_block(units, activation):
            def apply(x):
                x = layers.Dense(units)(x)
                x = layers.BatchNormalization()(x)
                return layers.Activation(activation)(x)

            return apply

        inputs = keras.Input((32,))
        outputs = dense_block(1, "tanh")(dense_block(64, "relu")(inputs))
        model = keras.Model(inputs, outputs)
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "class that holds a model": """
        import keras
        from keras import layers

        class Trainer:
            def __init__(self):
                self.model = self._build()

            def _build(self):
                inputs = keras.Input((10,))
                return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(inputs))

            def train(self, x, y):
                self.model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
                self.model.fit(x, y)
    """,
    "attributes of the class decide": """
        import keras
        from keras import layers

        class Config:
            classes = 4
            activation = "softmax"
            loss = keras.losses.CategoricalCrossentropy(from_logits=True)

        model = keras.Sequential([layers.Dense(Config.classes, activation=Config.activation)])
        model.compile(loss=Config.loss)  # <- BCE108
    """,
    "dataclass configuration": """
        from dataclasses import dataclass

        import keras
        from keras import layers

        @dataclass
        class Config:
            units: int = 1
            activation: str = "sigmoid"

        cfg = Config()
        model = keras.Sequential([layers.Dense(cfg.units, activation=cfg.activation)])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))  # <- BCE101
    """,
    "strategy scope": """
        import tensorflow as tf

        strategy = tf.distribute.MirroredStrategy()
        with strategy.scope():
            model = tf.keras.Sequential([tf.keras.layers.Dense(10, activation="softmax")])
            model.compile(
                loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),  # <- BCE108
                optimizer="adam",
            )
    """,
    "transfer learning on base.output": """
        from tensorflow.keras.applications import VGG16
        from tensorflow.keras.layers import Dense, Flatten
        from tensorflow.keras.models import Model

        base = VGG16(include_top=False, input_shape=(150, 150, 3))
        for layer in base.layers:
            layer.trainable = False
        x = Flatten()(base.output)
        prediction = Dense(1)(x)
        model = Model(inputs=base.input, outputs=prediction)
        model.compile(loss="binary_crossentropy", optimizer="adam")  # <- BCE102
    """,
    "transfer learning in a Sequential": """
        import tensorflow as tf

        base = tf.keras.applications.MobileNetV2(include_top=False, weights="imagenet")
        base.trainable = False
        model = tf.keras.Sequential([base, tf.keras.layers.GlobalAveragePooling2D(), tf.keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="binary_crossentropy")  # <- BCE102
    """,
    "layers cut from a model": """
        import keras
        from keras import layers

        full = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(1), layers.Activation("sigmoid")])
        scores = keras.Sequential(full.layers[:-1])
        scores.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "keras-tuner": """
        import keras
        import keras_tuner as kt
        from keras import layers

        def build_model(hp):
            model = keras.Sequential()
            for i in range(hp.Int("layers", 1, 3)):
                model.add(layers.Dense(hp.Int(f"units_{i}", 32, 512), activation=hp.Choice("act", ["relu", "tanh"])))
            model.add(layers.Dense(10))
            model.compile(
                optimizer=keras.optimizers.Adam(hp.Float("lr", 1e-4, 1e-2)),
                loss="sparse_categorical_crossentropy",  # <- BCE109
            )
            return model

        tuner = kt.RandomSearch(build_model, objective="val_accuracy")
    """,
    "compiled twice, the second time wrong": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy")
        model.fit(x, y, epochs=5)
        model.compile(optimizer=keras.optimizers.Adam(1e-5), loss=keras.losses.BinaryCrossentropy(True))  # <- BCE101
        model.fit(x, y, epochs=5)
    """,
    "model returned with others": """
        import keras
        from keras import layers

        def build():
            inputs = keras.Input((8,))
            code = layers.Dense(2)(inputs)
            out = layers.Dense(8, activation="relu")(code)
            return keras.Model(inputs, code), keras.Model(inputs, out)

        encoder, autoencoder = build()
        autoencoder.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "compile on the builder's result": """
        import keras
        from keras import layers

        def build():
            return keras.Sequential([layers.Dense(1)])

        build().compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "models in a dict": """
        import keras
        from keras import layers

        models = {
            "sigmoid": keras.Sequential([layers.Dense(1, activation="sigmoid")]),
            "linear": keras.Sequential([layers.Dense(1)]),
        }
        models["linear"].compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "models compiled in a loop": """
        import keras
        from keras import layers

        small = keras.Sequential([layers.Dense(1)])
        large = keras.Sequential([layers.Dense(64), layers.Dense(1)])
        for model in (small, large):
            model.compile(loss="binary_crossentropy")  # <- BCE102
            model.fit(x, y)
    """,
    "multi-gpu clone": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="relu")])
        copy = keras.models.clone_model(model)
        copy.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "compute_loss, which Keras calls with the prediction": """
        import keras
        from keras import layers

        class Classifier(keras.Model):
            def __init__(self):
                super().__init__()
                self.head = layers.Dense(1)
                self.loss_fn = keras.losses.BinaryCrossentropy()

            def call(self, x):
                return self.head(x)

            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
                return self.loss_fn(y, y_pred)  # <- BCE102

        model = Classifier()
        model.compile(optimizer="adam")
        model.fit(x, y)
    """,
    "an ensemble behind a progress bar": """
        import keras
        from tqdm import tqdm

        models = [keras.Sequential([keras.layers.Dense(1)]) for _ in range(COUNT)]
        for model in tqdm(models):
            model.compile(loss="binary_crossentropy")  # <- BCE102
            model.fit(x, y)
    """,
    "saved and loaded": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        model.save("model.keras")
        loaded = keras.models.load_model("model.keras")
        loaded.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "saved by a function and loaded from a variable": """
        import os

        import keras
        from keras import layers

        path = os.path.join("runs", "model.keras")
        model = keras.Sequential([layers.Dense(1)])
        keras.saving.save_model(model, path)
        loaded = keras.saving.load_model(path)
        loaded.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "saved by a callback": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        model.compile(loss="mse")
        best = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)
        model.fit(x, y, callbacks=[best])
        loaded = keras.models.load_model("best.keras")
        loaded.compile(loss="binary_crossentropy")  # <- BCE102
        loaded.fit(x, y)
    """,
    "copied through JSON": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        copy = keras.models.model_from_json(model.to_json())
        copy.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "copied through its configuration": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        model = keras.Model(inputs, layers.Dense(1)(inputs))
        config = model.get_config()
        copy = keras.Model.from_config(config)
        copy.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "a layer on top of a model that was changed": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(10, activation="softmax")])
        model.layers[-1].activation = keras.activations.linear
        model.add(layers.Dense(1))
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "outputs named after the models that make them": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        decoder = keras.Model(inputs, layers.Dense(16, activation="sigmoid")(inputs), name="ae")
        classifier = keras.Sequential([layers.Dense(1)], name="cnn")
        model = keras.Model(inputs, [decoder(inputs), classifier(inputs)])
        model.compile(
            loss={
                "ae": "binary_crossentropy",
                "cnn": "binary_crossentropy",  # <- BCE102
            }
        )
    """,
    "losses nested like the outputs": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        a, b, c = layers.Dense(4)(inputs), layers.Dense(1)(inputs), layers.Dense(1, activation="sigmoid")(inputs)
        model = keras.Model(inputs, [a, [b, c]])
        model.compile(loss=["mse", ["binary_crossentropy", "binary_crossentropy"]])  # <- BCE102
    """,
    "a loss in a list of its own": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        a, b = layers.Dense(4)(inputs), layers.Dense(1)(inputs)
        model = keras.Model(inputs, [a, b])
        model.compile(loss=["mse", ["binary_crossentropy"]])  # <- BCE102
    """,
    "an output for each of an unknown number of steps": """
        import keras
        from keras import layers

        def build(steps):
            inputs = keras.Input((16,))
            head = layers.Dense(10, activation="sigmoid")
            outputs = []
            for t in range(steps):
                outputs.append(head(inputs[:, t]))
            return keras.Model(inputs, outputs)

        model = build(steps=30)
        model.compile(loss="categorical_crossentropy")  # <- BCE107
    """,
    "an output for each of an unknown number of labels": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        outputs = [layers.Dense(1, name=label)(inputs) for label in load_labels()]
        model = keras.Model(inputs, outputs)
        model.compile(loss=["binary_crossentropy"] * len(outputs))  # <- BCE102
    """,
    "outputs of an unknown number, with losses by name": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        outputs = [layers.Dense(1, name=label)(inputs) for label in load_labels()]
        model = keras.Model(inputs, outputs)
        model.compile(
            loss={
                "income": "binary_crossentropy",  # <- BCE102
                "marital": keras.losses.BinaryCrossentropy(from_logits=True),
            }
        )
    """,
    "the concatenation of an unknown number of outputs": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        outputs = [layers.Dense(1)(inputs) for label in load_labels()]
        model = keras.Model(inputs, layers.Concatenate()(outputs))
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "Bidirectional of an LSTM as the head": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Embedding(100, 8), layers.Bidirectional(layers.LSTM(1))])
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
}

SOUND = {
    "pop and the right head": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(64, activation="relu"), layers.Dense(1)])
        model.pop()
        model.add(layers.Dense(1, activation="sigmoid"))
        model.compile(loss="binary_crossentropy")
    """,
    "several inputs": """
        import keras
        from keras import layers

        a, b = keras.Input((4,)), keras.Input((6,))
        x = layers.Concatenate()([layers.Dense(8)(a), layers.Dense(8)(b)])
        model = keras.Model([a, b], layers.Dense(3, activation="softmax")(x))
        model.compile(loss="categorical_crossentropy")
    """,
    "dict of outputs": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        outputs = {
            "kind": layers.Dense(4, activation="softmax")(inputs),
            "sick": layers.Dense(1, activation="sigmoid")(inputs),
        }
        model = keras.Model(inputs, outputs)
        model.compile(loss={"kind": "categorical_crossentropy", "sick": "binary_crossentropy"})
    """,
    "names of the outputs cross the order": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        box = layers.Dense(4, name="box")(inputs)
        kind = layers.Dense(4, activation="softmax", name="kind")(inputs)
        model = keras.Model(inputs, [box, kind])
        losses = {"kind": "categorical_crossentropy", "box": "mse"}
        model.compile(loss=losses)
    """,
    "subclassed": """
        import keras
        from keras import layers

        class Classifier(keras.Model):
            def __init__(self, num_classes):
                super().__init__()
                self.out = layers.Dense(num_classes, activation="softmax")

            def call(self, x):
                return self.out(x)

        model = Classifier(10)
        model.compile(loss="sparse_categorical_crossentropy")
    """,
    "builder with another activation than its default": """
        import keras
        from keras import layers

        def build_model(activation="sigmoid"):
            return keras.Sequential([layers.Dense(1, activation=activation)])

        model = build_model(activation=None)
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "two instances of one builder": """
        import keras
        from keras import layers

        def build_model(activation, units):
            return keras.Sequential([layers.Dense(units, activation=activation)])

        binary = build_model("sigmoid", 1)
        binary.compile(loss="binary_crossentropy")
        multi = build_model("softmax", 7)
        multi.compile(loss="categorical_crossentropy")
    """,
    "two models of one class": """
        import keras
        from keras import layers

        class Net(keras.Model):
            def __init__(self, activation):
                super().__init__()
                self.out = layers.Dense(1, activation=activation)

            def call(self, x):
                return self.out(x)

        probability, logits = Net("sigmoid"), Net(None)
        probability.compile(loss="binary_crossentropy")
        logits.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "the return prob and logit idiom": """
        import keras
        from keras import layers

        def classifier(x):
            logit = layers.Dense(1)(x)
            return keras.ops.sigmoid(logit), logit

        inputs = keras.Input((16,))
        prob, logit = classifier(inputs)
        model = keras.Model(inputs, logit)
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "transfer learning": """
        import keras
        from keras import layers

        base = keras.applications.ResNet50(include_top=False, pooling="avg")
        outputs = layers.Dense(37, activation="softmax")(base.output)
        model = keras.Model(base.input, outputs)
        model.compile(loss="categorical_crossentropy")
    """,
    "the last layer replaced": """
        import keras
        from keras import layers

        base = keras.applications.VGG16()
        x = base.layers[-2].output
        model = keras.Model(base.input, layers.Dense(1, activation="sigmoid")(x))
        model.compile(loss="binary_crossentropy")
    """,
    "keras-tuner with a fixed head": """
        import keras
        from keras import layers

        def build_model(hp):
            model = keras.Sequential()
            model.add(layers.Dense(hp.Int("units", 32, 512), activation=hp.Choice("act", ["relu", "tanh"])))
            model.add(layers.Dense(10, activation="softmax"))
            model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
            return model
    """,
    "a nested function of the same name": """
        import keras
        from keras import layers

        def build_model():
            return keras.Sequential([layers.Dense(1)])

        def train():
            def build_model():
                return keras.Sequential([layers.Dense(1, activation="sigmoid")])

            model = build_model()
            model.compile(loss="binary_crossentropy")
            return model.fit(x, y)
    """,
    "the builder defined again": """
        import keras
        from keras import layers

        def build_model():
            return keras.Sequential([layers.Dense(1)])

        def build_model():
            return keras.Sequential([layers.Dense(1, activation="sigmoid")])

        model = build_model()
        model.compile(loss="binary_crossentropy")
    """,
    "strategy scope": """
        import tensorflow as tf

        strategy = tf.distribute.TPUStrategy(resolver)
        with strategy.scope():
            model = tf.keras.Sequential([tf.keras.layers.Dense(10)])
            model.compile(loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    """,
}

NEAR_MISSES = {
    "VAE with a custom train_step": """
        import keras
        from keras import layers, ops

        class VAE(keras.Model):
            def __init__(self, encoder, decoder):
                super().__init__()
                self.encoder, self.decoder = encoder, decoder

            def call(self, x):
                mean, log_var, z = self.encoder(x)
                return self.decoder(z)

        vae = VAE(external_encoder, external_decoder)
        vae.compile(optimizer="adam")
        vae.fit(x)
    """,
    "the activation changed on the finished model": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        model.layers[-1].activation = keras.activations.linear
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "a sub-model's own head": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        gate = keras.Model(inputs, layers.Dense(1)(inputs))
        model = keras.Model(inputs, layers.Dense(1)(gate(inputs) * inputs))
        model.compile(loss="mse")
        model.fit(x, y)
    """,
    "an abstract base class": """
        import keras

        class BaseModel:
            def build_model(self):
                raise NotImplementedError

            def train(self, x, y):
                model = self.build_model()
                model.compile(loss="binary_crossentropy")
                model.fit(x, y)
    """,
}

UNDECIDED = {
    "a loaded model": """
        import keras

        model = keras.models.load_model("classifier.keras")
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "a model from JSON": """
        from keras.models import model_from_json

        model = model_from_json(open("model.json").read())
        model.compile(loss="binary_crossentropy", optimizer="adam")
    """,
    "a loaded model that something else was saved as": """
        import keras
        from keras import layers

        keras.Sequential([layers.Dense(1)]).save("first.keras")
        model = keras.models.load_model("second.keras")
        model.compile(loss="binary_crossentropy")
    """,
    "a loaded model of which there are two": """
        import keras
        from keras import layers

        small = keras.Sequential([layers.Dense(1)])
        large = keras.Sequential([layers.Dense(64), layers.Dense(1, activation="sigmoid")])
        small.save("model.keras")
        large.save("model.keras")
        model = keras.models.load_model("model.keras")
        model.compile(loss="binary_crossentropy")
    """,
    "a checkpoint of weights": """
        import keras
        from keras import layers

        model = keras.Sequential([layers.Dense(1)])
        best = keras.callbacks.ModelCheckpoint("best.keras", save_weights_only=True)
        model.fit(x, y, callbacks=[best])
        model = keras.models.load_model("best.keras")
        model.compile(loss="binary_crossentropy")
        model.fit(x, y)
    """,
    "a list of outputs that grows in more than one way": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        outputs = []
        for label in load_labels():
            outputs.append(layers.Dense(1)(inputs))
            outputs.append(layers.Dense(1, activation="sigmoid")(inputs))
        model = keras.Model(inputs, outputs)
        model.compile(loss="binary_crossentropy")
    """,
    "more losses than outputs": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        model = keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])
        model.compile(loss=["mse", "binary_crossentropy", "mae"])
    """,
    "losses by names that no output has": """
        import keras
        from keras import layers

        inputs = keras.Input((16,))
        model = keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])
        model.compile(loss={"price": "mse", "bought": "binary_crossentropy"})
    """,
    "a model as a parameter": """
        def compile_model(model):
            model.compile(optimizer="adam", loss="binary_crossentropy")
            return model
    """,
    "a tuned head": """
        import keras

        def build_model(hp):
            model = keras.Sequential([keras.layers.Dense(1, activation=hp.get("head"))])
            model.compile(loss="binary_crossentropy")
            return model
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


def test_each_call_of_a_builder_is_a_pairing_of_its_own() -> None:
    made = pairings(
        """
        import keras
        from keras import layers

        def train(activation, loss):
            model = keras.Sequential([layers.Dense(1, activation=activation)])
            model.compile(loss=loss)
            model.fit(x, y)

        train("sigmoid", "binary_crossentropy")
        train("tanh", "hinge")
        train("relu", "binary_crossentropy")
        """
    )
    assert sorted(pair.head.activation for pair in made) == ["relu", "sigmoid"]
