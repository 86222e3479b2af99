"""Losses in every form: what they expect, where their flag sits, how they are handed on."""

from __future__ import annotations

import pytest

from bcelint.inference.facts import Context, Spelling
from bcelint.knowledge.domains import Expectation, Family
from tests.inference.support import (
    as_regression,
    cases,
    check_hit,
    check_near_miss,
    check_sound,
    check_undecided,
    pairing,
    pairings,
    unresolved,
)

HITS = {
    "class name as a string": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1)])
        model.compile(loss="BinaryCrossentropy")  # <- BCE102
    """,
    "short string": """
        from tensorflow.keras import Sequential, layers

        model = Sequential([layers.Dense(1, activation="elu")])
        model.compile(loss="bce")  # <- BCE103
    """,
    "focal string": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1)])
        model.compile(loss="binary_focal_crossentropy")  # <- BCE102
    """,
    "function object": """
        from keras import Sequential, layers, losses

        model = Sequential([layers.Dense(1)])
        model.compile(optimizer="adam", loss=losses.binary_crossentropy)  # <- BCE102
    """,
    "uncalled class": """
        from keras import Sequential, layers, losses

        model = Sequential([layers.Dense(1)])
        model.compile(optimizer="adam", loss=losses.get("binary_crossentropy"))  # <- BCE102
    """,
    "positional from_logits of the class": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(True))  # <- BCE101
    """,
    "from_logits from a constant": """
        import keras

        FROM_LOGITS = True
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=FROM_LOGITS))  # <- BCE101
    """,
    "from_logits from a negated constant": """
        import keras

        use_sigmoid = True
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=use_sigmoid))  # <- BCE101
    """,
    "functools.partial": """
        from functools import partial

        import keras

        logit_loss = partial(keras.losses.binary_crossentropy, from_logits=True)
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=logit_loss)  # <- BCE101
    """,
    "functools.partial of a class": """
        import functools

        import keras

        make_loss = functools.partial(keras.losses.BinaryCrossentropy, from_logits=True)
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=make_loss(label_smoothing=0.1))  # <- BCE101
    """,
    "lambda": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(
            loss=lambda y, p: keras.losses.binary_crossentropy(y, p, from_logits=True),  # <- BCE101
        )
    """,
    "custom loss function": """
        import tensorflow as tf

        def weighted_bce(y_true, y_pred):
            bce = tf.keras.losses.binary_crossentropy(y_true, y_pred, from_logits=True)  # <- BCE101
            return tf.reduce_mean(bce * (1.0 + 4.0 * y_true))

        model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=weighted_bce)
    """,
    "custom loss that adds a dice loss": """
        import keras
        from keras import backend as K

        def dice_loss(y_true, y_pred, smooth=1.0):
            overlap = K.sum(y_true * y_pred)
            return 1 - (2.0 * overlap + smooth) / (K.sum(y_true) + K.sum(y_pred) + smooth)

        def bce_dice(y_true, y_pred):
            bce = keras.losses.BinaryCrossentropy(from_logits=True)
            return bce(y_true, y_pred) + dice_loss(y_true, y_pred)  # <- BCE101

        model = keras.Sequential([keras.layers.Conv2D(1, 1, activation="sigmoid")])
        model.compile(loss=bce_dice)
    """,
    "loss factory": """
        import keras

        def smoothed_bce(smoothing, from_logits=True):
            def loss(y_true, y_pred):
                return keras.losses.binary_crossentropy(  # <- BCE101
                    y_true, y_pred, from_logits=from_logits, label_smoothing=smoothing
                )

            return loss

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=smoothed_bce(0.1))
    """,
    "Loss subclass": """
        import keras

        class WeightedBCE(keras.losses.Loss):
            def __init__(self, weight):
                super().__init__()
                self.weight = weight
                self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

            def call(self, y_true, y_pred):
                return self.weight * self.bce(y_true, y_pred)  # <- BCE101

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=WeightedBCE(2.0))
    """,
    "keras.losses.get of a config-free name": """
        import keras

        loss = keras.losses.get("categorical_crossentropy")
        model = keras.Sequential([keras.layers.Dense(7)])
        model.compile(loss=loss)  # <- BCE109
    """,
    "list per output": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        kind = layers.Dense(4, activation="softmax", name="kind")(inputs)
        flag = layers.Dense(1, name="flag")(inputs)
        model = keras.Model(inputs, [kind, flag])
        model.compile(loss=["categorical_crossentropy", "binary_crossentropy"])  # <- BCE102
    """,
    "dict per output": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        kind = layers.Dense(4, activation="softmax", name="kind")(inputs)
        flag = layers.Dense(1, activation="sigmoid", name="flag")(inputs)
        model = keras.Model(inputs=inputs, outputs=[kind, flag])
        model.compile(
            optimizer="adam",
            loss={
                "flag": keras.losses.BinaryCrossentropy(from_logits=True),  # <- BCE101
                "kind": keras.losses.CategoricalCrossentropy(),
            },
        )
    """,
    "one loss for every output": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        a = layers.Dense(1, activation="sigmoid", name="a")(inputs)
        b = layers.Dense(1, name="b")(inputs)
        model = keras.Model(inputs, [a, b])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "tf.nn in a custom loss": """
        import tensorflow as tf

        def loss_fn(labels, logits):
            return tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)  # <- BCE101
            )

        model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=loss_fn)
    """,
    "tf.nn.weighted_cross_entropy_with_logits": """
        import tensorflow as tf

        def weighted(y_true, y_pred):
            return tf.nn.weighted_cross_entropy_with_logits(y_true, y_pred, pos_weight=5.0)  # <- BCE101

        model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=weighted)
    """,
    "tf.nn.softmax_cross_entropy_with_logits": """
        import tensorflow as tf

        def ce(y, p):
            return tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=p)  # <- BCE108

        model = tf.keras.Sequential([tf.keras.layers.Dense(10, activation="softmax")])
        model.compile(loss=ce)
    """,
    "tf.nn.sparse_softmax_cross_entropy_with_logits": """
        import tensorflow as tf

        def ce(y, p):
            return tf.nn.sparse_softmax_cross_entropy_with_logits(y, p)  # <- BCE108

        model = tf.keras.Sequential([tf.keras.layers.Dense(10, activation="softmax")])
        model.compile(loss=ce)
    """,
    "tf.compat.v1.losses": """
        import tensorflow as tf

        def ce(y, p):
            return tf.compat.v1.losses.sigmoid_cross_entropy(y, p)  # <- BCE101

        model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=ce)
    """,
    "backend function": """
        from keras import backend as K
        from keras.layers import Dense
        from keras.models import Sequential

        def mean_bce(y_true, y_pred):
            return K.mean(K.binary_crossentropy(y_true, y_pred), axis=-1)  # <- BCE102

        model = Sequential([Dense(1)])
        model.compile(loss=mean_bce)
    """,
    "keras.ops function": """
        import keras
        from keras import ops

        def bce(y_true, y_pred):
            return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=True))  # <- BCE101

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce)
    """,
    "keras.ops positional flag": """
        import keras

        def bce(y_true, y_pred):
            return keras.ops.categorical_crossentropy(y_true, y_pred, True)  # <- BCE108

        model = keras.Sequential([keras.layers.Dense(6, activation="softmax")])
        model.compile(loss=bce)
    """,
    "tfa focal loss": """
        import tensorflow as tf
        import tensorflow_addons as tfa

        model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=tfa.losses.SigmoidFocalCrossEntropy(from_logits=True))  # <- BCE101
    """,
    "applications keep their softmax": """
        import keras

        model = keras.applications.ResNet50(weights=None, classes=10)
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))  # <- BCE108
    """,
    "applications without an activation": """
        import keras

        model = keras.applications.MobileNetV2(weights=None, classes=10, classifier_activation=None)
        model.compile(loss="sparse_categorical_crossentropy")  # <- BCE109
    """,
    "keras_hub classifier gives logits": """
        import keras
        import keras_hub

        classifier = keras_hub.models.BertClassifier.from_preset("bert_base_en", num_classes=4)
        classifier.compile(loss=keras.losses.SparseCategoricalCrossentropy())  # <- BCE109
    """,
    "keras_unet_collection with the name of a layer class": """
        from keras_unet_collection import models

        model = models.att_unet_2d((128, 128, 3), [64, 128], n_labels=3, output_activation="Sigmoid")
        model.compile(loss="categorical_crossentropy")  # <- BCE107
    """,
    "keras_unet_collection without an activation": """
        from keras_unet_collection import models

        model = models.unet_2d((128, 128, 3), [64, 128], n_labels=1, output_activation=None)
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "a graph convolution without an activation": """
        import keras
        from spektral.layers import GATConv, GCNConv

        x, a = keras.Input((16,)), keras.Input((None,))
        hidden = GATConv(8, attn_heads=4, activation="elu")([x, a])
        model = keras.Model([x, a], GCNConv(3)([hidden, a]))
        model.compile(loss="categorical_crossentropy")  # <- BCE109
    """,
    "BERT of the Model Garden": """
        import keras
        from official.nlp import modeling

        model = modeling.models.BertClassifier(encoder, num_classes=3)
        model.compile(loss="sparse_categorical_crossentropy")  # <- BCE109
    """,
    "registered name of TensorFlow Addons": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="Addons>sigmoid_focal_crossentropy")  # <- BCE102
    """,
    "segmentation_models without an activation": """
        import segmentation_models as sm

        model = sm.Unet("resnet34", classes=1, activation=None)
        model.compile("Adam", loss="binary_crossentropy")  # <- BCE102
    """,
    "label smoothing beside the flag": """
        import keras

        model = keras.Sequential([keras.layers.Dense(12, activation="softmax")])
        model.compile(
            optimizer=keras.optimizers.Adam(1e-4),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1, from_logits=True),  # <- BCE108
        )
    """,
    "loss through several parameters": """
        import keras

        def compile_and_fit(model, loss_fn):
            model.compile(optimizer="adam", loss=loss_fn)  # <- BCE101
            model.fit(x, y)

        def experiment(criterion):
            net = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
            compile_and_fit(net, criterion)

        experiment(keras.losses.BinaryCrossentropy(from_logits=True))
    """,
    "loss in a table": """
        import keras

        LOSSES = {
            "binary": keras.losses.BinaryCrossentropy(from_logits=True),
            "multi": keras.losses.CategoricalCrossentropy(),
        }
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=LOSSES["binary"])  # <- BCE101
    """,
}

SOUND = {
    "from_logits written out as False": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=False))
    """,
    "flag of a partial overridden": """
        from functools import partial

        import keras

        bce = partial(keras.losses.BinaryCrossentropy, from_logits=True)
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce(from_logits=False))
    """,
    "factory told that there are no logits": """
        import keras

        def make(from_logits=True):
            return keras.losses.BinaryCrossentropy(from_logits=from_logits)

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=make(from_logits=False))
    """,
    "sigmoid inside the custom loss": """
        import keras

        def loss(y_true, y_pred):
            return keras.losses.binary_crossentropy(y_true, keras.activations.sigmoid(y_pred))

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss=loss)
    """,
    "logits in a custom loss": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)

        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.compile(loss=loss)
    """,
    "two outputs in the right order": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        kind = layers.Dense(4, activation="softmax")(inputs)
        flag = layers.Dense(1)(inputs)
        model = keras.Model(inputs, [kind, flag])
        model.compile(
            loss=["categorical_crossentropy", keras.losses.BinaryCrossentropy(from_logits=True)],
            loss_weights=[1.0, 0.2],
        )
    """,
    "losses by name in another order than the outputs": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        a = layers.Dense(4, activation="softmax", name="a")(inputs)
        b = layers.Dense(1, activation="sigmoid", name="b")(inputs)
        model = keras.Model(inputs, [a, b])
        model.compile(loss={"b": "binary_crossentropy", "a": "categorical_crossentropy"})
    """,
    "applications with their softmax": """
        import keras

        model = keras.applications.EfficientNetB0(weights=None, classes=10)
        model.compile(loss="sparse_categorical_crossentropy")
    """,
    "logits made of probabilities": """
        import keras
        import tensorflow as tf
        from keras import backend as K

        def weighted(y_true, y_pred):
            y_pred = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            logits = tf.math.log(y_pred / (1 - y_pred))
            return tf.nn.weighted_cross_entropy_with_logits(y_true, logits, pos_weight=2.0)

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=weighted)
    """,
    "mean over the pixels of a binary loss": """
        import keras

        model = keras.Sequential([keras.layers.Conv2D(1, 3, activation="sigmoid")])

        def train_step(images):
            return keras.losses.binary_crossentropy(images, model(images), axis=(1, 2, 3))
    """,
    "a graph convolution with a softmax": """
        import keras
        from spektral.layers.convolutional import GATConv

        x, a = keras.Input((16,)), keras.Input((None,))
        model = keras.Model([x, a], GATConv(3, attn_heads=1, activation="softmax")([x, a]))
        model.compile(loss="categorical_crossentropy")
    """,
    "keras_unet_collection with its softmax": """
        from keras_unet_collection import models

        model = models.unet_2d((None, None, 3), [64, 128, 256], n_labels=3)
        model.compile(loss="categorical_crossentropy")
    """,
    "logits of transformers": """
        import keras
        from transformers import TFAutoModelForQuestionAnswering

        model = TFAutoModelForQuestionAnswering.from_pretrained("distilbert-base-uncased")
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    """,
    "segmentation_models with their sigmoid": """
        import segmentation_models as sm

        model = sm.Unet("resnet34", classes=1)
        model.compile("Adam", loss="binary_crossentropy")
    """,
    "keras_hub classifier told so": """
        import keras
        import keras_hub

        classifier = keras_hub.models.BertClassifier.from_preset("bert_base_en", num_classes=4)
        classifier.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    """,
    "two-way softmax with a binary loss": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(2, activation="softmax")])
        model.compile(loss="binary_crossentropy")
    """,
    "log_softmax with logits is exact": """
        import keras

        model = keras.Sequential([keras.layers.Dense(5, activation="log_softmax")])
        model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    """,
}

NEAR_MISSES = {
    "regression losses": """
        from keras import Sequential, layers

        for name in ["mse", "mae", "huber"]:
            model = Sequential([layers.Dense(1)])
            model.compile(loss=name)
            model.fit(x, y)
    """,
    "hinge on tanh": """
        from keras import Sequential, layers

        model = Sequential([layers.Dense(1, activation="tanh")])
        model.compile(loss="hinge")
        model.fit(x, y)
    """,
    "hinge on scores": """
        import keras

        model = keras.Sequential([keras.layers.Dense(10)])
        model.compile(loss=keras.losses.CategoricalHinge())
        model.fit(x, y)
    """,
    "negative dice": """
        import keras
        from keras import backend as K

        def dice(y_true, y_pred):
            return (2 * K.sum(y_true * y_pred) + 1) / (K.sum(y_true) + K.sum(y_pred) + 1)

        def loss(y_true, y_pred):
            return -dice(y_true, y_pred)

        model = keras.Sequential([keras.layers.Conv2D(1, 1, activation="sigmoid")])
        model.compile(loss=loss)
        model.fit(x, y)
    """,
    "Wasserstein": """
        import keras
        from keras import backend as K

        def wasserstein(y_true, y_pred):
            return K.mean(y_true * y_pred)

        critic = keras.Sequential([keras.layers.Dense(1)])
        critic.compile(loss=wasserstein)
        critic.fit(x, y)
    """,
    "no loss at all": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(optimizer="adam", metrics=["accuracy"])
    """,
    "loss is None for an output": """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        features = layers.Dense(16)(inputs)
        label = layers.Dense(1, activation="sigmoid")(features)
        model = keras.Model(inputs, [features, label])
        model.compile(loss=[None, "binary_crossentropy"])
        model.fit(x, y)
    """,
    "a loss that the file imports": """
        import keras
        from losses import focal_loss

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss=focal_loss(alpha=0.25))
    """,
    "losses of other packages that are not cross-entropies": """
        import keras
        import tensorflow_addons as tfa
        from keras_unet_collection.losses import dice
        from tensorflow_similarity.losses import TripletLoss

        for loss in (tfa.losses.TripletSemiHardLoss(), TripletLoss(), dice, "Addons>triplet_hard_loss"):
            model = keras.Sequential([keras.layers.Dense(1)])
            model.compile(loss=loss)
    """,
    "segmentation_models losses that are not cross-entropies": """
        import segmentation_models as sm

        model = sm.Unet("resnet34", classes=1, activation=None)
        model.compile("Adam", loss=sm.losses.DiceLoss())
    """,
    "binary softmax head with three rows of labels on another axis": """
        import keras

        model = keras.Sequential([keras.layers.Conv2D(3, 1, activation="softmax", data_format="channels_first")])
        model.compile(loss=keras.losses.BinaryCrossentropy(axis=1))
    """,
}

UNDECIDED = {
    "from_logits from the command line": """
        import argparse

        import keras

        parser = argparse.ArgumentParser()
        parser.add_argument("--from-logits", action="store_true")
        args = parser.parse_args()
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=args.from_logits))
    """,
    "keyword arguments from outside": """
        import json

        import keras

        options = json.load(open("loss.json"))
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy(**options))
    """,
    "flag as a parameter without a default": """
        import keras

        def build(from_logits):
            model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=from_logits))
            return model
    """,
    "a head of another package's layer": """
        import keras
        import keras_cv

        model = keras.Sequential([keras_cv.layers.DropPath(0.2), external_head(1)])
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


HEAD = "import keras\nmodel = keras.Sequential([keras.layers.Dense(3)])\n"


@pytest.mark.parametrize(
    ("loss", "family", "expects", "spelling"),
    [
        ('"binary_crossentropy"', Family.BINARY, Expectation.PROBABILITY, Spelling.STRING),
        ("keras.losses.binary_crossentropy", Family.BINARY, Expectation.PROBABILITY, Spelling.NAME),
        ("keras.losses.BinaryCrossentropy()", Family.BINARY, Expectation.PROBABILITY, Spelling.CLASS),
        ("keras.losses.BinaryCrossentropy(from_logits=True)", Family.BINARY, Expectation.LOGITS, Spelling.CLASS),
        ("keras.losses.BinaryFocalCrossentropy(from_logits=True)", Family.BINARY, Expectation.LOGITS, Spelling.CLASS),
        ('"categorical_crossentropy"', Family.CATEGORICAL, Expectation.SIMPLEX, Spelling.STRING),
        ("keras.losses.CategoricalCrossentropy(True)", Family.CATEGORICAL, Expectation.LOGITS, Spelling.CLASS),
        ('"sparse_categorical_crossentropy"', Family.SPARSE, Expectation.SIMPLEX, Spelling.STRING),
        ("keras.losses.SparseCategoricalCrossentropy(from_logits=True)", Family.SPARSE, Expectation.LOGITS, "class"),
    ],
)
def test_what_a_loss_expects(loss: str, family: Family, expects: Expectation, spelling: Spelling) -> None:
    use = pairing(f"{HEAD}model.compile(loss={loss})\n").loss
    assert (use.family, use.expects, use.spelling) == (family, expects, spelling)


def test_places_of_the_flag() -> None:
    code = HEAD + "bce = keras.losses.BinaryCrossentropy(from_logits=True)\nmodel.compile('adam', bce)\n"
    made = pairing(code)
    flag, keyword, definition = made.loss.flag, made.loss.flag_keyword, made.loss.definition
    assert flag is not None
    assert keyword is not None
    assert definition is not None
    assert (flag.row, flag.column) == (3, code.splitlines()[2].index("True") + 1)
    assert (keyword.row, keyword.column) == (3, code.splitlines()[2].index("from_logits") + 1)
    assert (definition.row, definition.column) == (3, 7)
    assert made.site.row == 4


def test_a_custom_loss_says_where_it_is_compiled() -> None:
    made = pairing(
        """
        import keras

        def loss(y_true, y_pred):
            return keras.losses.binary_crossentropy(y_true, y_pred)

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss=loss)
        """
    )
    assert made.context is Context.CUSTOM_LOSS
    assert made.site.row == 4
    assert made.compile_site is not None
    assert made.compile_site.row == 7


def test_the_output_of_each_pairing_is_named() -> None:
    made = pairings(
        """
        import keras
        from keras import layers

        inputs = keras.Input((8,))
        a = layers.Dense(1, name="left")(inputs)
        b = layers.Dense(1, name="right")(inputs)
        model = keras.Model(inputs, [a, b])
        model.compile(loss={"left": "binary_crossentropy", "right": "mse"})
        """
    )
    assert [pair.output for pair in made if pair.loss.family is Family.BINARY] == ["left"]


def test_an_undecided_flag_is_said_to_be_so() -> None:
    facts = unresolved(
        """
        import keras

        def build(from_logits):
            model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
            model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=from_logits))
            return model
        """
    )
    assert [fact.place.row for fact in facts] == [5]
    assert all(fact.why for fact in facts)
