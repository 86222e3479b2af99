"""Hand-written losses: where their code lives, how numbers reach it, and what guards them (BCE201 to BCE212)."""

from __future__ import annotations

import pytest

from bcelint.inference.facts import CustomLoss, Numeric, SwappedArguments, UncalledLoss
from tests.inference.support import cases, check_hit, check_near_miss, expected, facts

HITS = {
    # --- where loss code lives
    "a function with the names of Keras": """
        from tensorflow.keras import backend as K

        def bce(y_true, y_pred):
            return -K.mean(y_true * K.log(y_pred) + (1 - y_true) * K.log(1 - y_pred), axis=-1)  # <- BCE201
    """,
    "a function that is only compiled": """
        import keras
        from keras import ops

        def objective(a, b):
            good = ops.log(b)  # <- BCE201
            return -ops.mean(a * good, axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=objective)
    """,
    "the call of a Loss": """
        import tensorflow as tf

        class WeightedBCE(tf.keras.losses.Loss):
            def __init__(self, weight=2.0):
                super().__init__()
                self.weight = weight

            def call(self, y_true, y_pred):
                positive = self.weight * y_true * tf.math.log(y_pred)  # <- BCE201
                negative = (1.0 - y_true) * tf.math.log(1.0 - y_pred)  # <- BCE201
                return -tf.reduce_mean(positive + negative, axis=-1)
    """,
    "a Loss with a method that helps": """
        import keras
        from keras import ops

        class FocalLoss(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return -ops.mean(y_true * self._log(y_pred), axis=-1)

            def _log(self, p):
                return ops.log(p)  # <- BCE201
    """,
    "a static method of a Loss": """
        import keras
        from keras import ops

        class FocalLoss(keras.losses.Loss):
            @staticmethod
            def log(p):
                return ops.log(p)  # <- BCE201

            def call(self, y_true, y_pred):
                return -ops.mean(y_true * self.log(y_pred), axis=-1)
    """,
    "an object that is called": """
        import keras
        from keras import ops

        class Likelihood:
            def __call__(self, y_true, y_pred):
                return -ops.mean(y_true * ops.log(y_pred), axis=-1)  # <- BCE201

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
        model.compile(loss=Likelihood())
    """,
    "a factory": """
        from tensorflow.keras import backend as K

        def weighted(weights):
            weights = K.variable(weights)

            def loss(y_true, y_pred):
                return -K.sum(y_true * K.log(y_pred) * weights, -1)  # <- BCE201

            return loss
    """,
    "a closure over a clip that is wrong": """
        from tensorflow.keras import backend as K

        def focal(gamma=2.0, eps=1e-12):
            def focal_fixed(y_true, y_pred):
                p = K.clip(y_pred, eps, 1.0 - eps)
                return -K.mean((1 - y_true) * K.pow(p, gamma) * K.log(1 - p), axis=-1)  # <- BCE202

            return focal_fixed
    """,
    "a lambda in compile": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3, activation="softmax")])
        model.compile("adam", loss=lambda y, p: -tf.reduce_sum(y * tf.math.log(p), axis=-1))  # <- BCE201
    """,
    "a lambda with a name": """
        import tensorflow as tf

        nll = lambda y_true, y_pred: -tf.reduce_sum(y_true * tf.math.log(y_pred), axis=-1)  # <- BCE201
        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3, activation="softmax")])
        model.compile("adam", loss=nll)
    """,
    "a partial": """
        from functools import partial

        import keras
        from keras import ops

        def weighted(weight, truth, guess):
            return -weight * ops.mean(truth * ops.log(guess), axis=-1)  # <- BCE201

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=partial(weighted, 2.0))
    """,
    "a partial with keywords": """
        from functools import partial

        from keras import ops

        def clipped_bce(y_true, y_pred, eps):
            p = ops.clip(y_pred, eps, 1 - eps)
            return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p), axis=-1)  # <- BCE202

        import keras

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=partial(clipped_bce, eps=1e-9))
    """,
    "a train_step": """
        import tensorflow as tf

        class Classifier(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.head = tf.keras.layers.Dense(1, activation="sigmoid")

            def call(self, x):
                return self.head(x)

            def train_step(self, data):
                x, y = data
                with tf.GradientTape() as tape:
                    p = self(x, training=True)
                    loss = -tf.reduce_mean(y * tf.math.log(p))  # <- BCE201
                self.optimizer.apply_gradients(
                    zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
                )
                return {"loss": loss}
    """,
    "a training loop": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])
        optimizer = tf.keras.optimizers.Adam()

        for x, y in dataset:
            with tf.GradientTape() as tape:
                p = model(x)
                loss = -tf.reduce_mean(y * tf.math.log(p + 1e-7) + (1 - y) * tf.math.log(1 - p))  # <- BCE201
            optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    """,
    "add_loss": """
        import tensorflow as tf

        class Head(tf.keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.dense = tf.keras.layers.Dense(1, activation="sigmoid")

            def call(self, x):
                p = self.dense(x)
                self.add_loss(-tf.reduce_mean(p * tf.math.log(p)))  # <- BCE201
                return p
    """,
    "the losses of a GAN by their parameters": """
        import tensorflow as tf

        def discriminator_loss(real_output, fake_output):
            real = tf.math.log(real_output)  # <- BCE201
            fake = tf.math.log(1.0 - fake_output)  # <- BCE201
            return -tf.reduce_mean(real + fake)
    """,
    "the losses of a GAN from its models": """
        import tensorflow as tf

        discriminator = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(1, activation="sigmoid")])
        optimizer = tf.keras.optimizers.Adam()

        def step(images, generated):
            with tf.GradientTape() as tape:
                loss = -tf.reduce_mean(
                    tf.math.log(discriminator(images))  # <- BCE201
                    + tf.math.log(1.0 - discriminator(generated))  # <- BCE201
                )
            gradients = tape.gradient(loss, discriminator.trainable_variables)
            optimizer.apply_gradients(zip(gradients, discriminator.trainable_variables))
    """,
    "TensorFlow 1: a softmax and its log": """
        import tensorflow as tf

        def train(x, y_):
            y = tf.nn.softmax(tf.layers.dense(x, 10))
            cross_entropy = -tf.reduce_sum(y_ * tf.log(y))  # <- BCE205
            return tf.train.GradientDescentOptimizer(0.5).minimize(cross_entropy)
    """,
    "TensorFlow 1: a loss by name": """
        import tensorflow as tf

        def loss(labels, predictions):
            return -tf.reduce_mean(labels * tf.log(predictions), reduction_indices=[1])  # <- BCE201
    """,
    "TensorFlow 1 in version 2": """
        import tensorflow.compat.v1 as tf

        def d_loss(d_real, d_fake):
            return -tf.reduce_mean(tf.log(d_real) + tf.log(1.0 - d_fake))  # <- BCE201
    """,
    "in a list of losses": """
        import keras
        from keras import layers, ops

        def first(y_true, y_pred):
            return -ops.mean(y_true * ops.log(y_pred), axis=-1)  # <- BCE201

        x = keras.Input((4,))
        model = keras.Model(x, [layers.Dense(1, activation="sigmoid")(x), layers.Dense(1)(x)])
        model.compile(loss=[first, "mse"])
    """,
    "in a dict of losses": """
        import keras
        from keras import layers, ops

        def second(a, b):
            return -ops.mean(a * ops.log(b), axis=-1)  # <- BCE201

        x = keras.Input((4,))
        outputs = {"p": layers.Dense(1, activation="sigmoid", name="p")(x), "v": layers.Dense(1, name="v")(x)}
        model = keras.Model(x, outputs)
        model.compile(loss={"p": second, "v": "mse"})
    """,
    "a helper of a helper": """
        import tensorflow as tf

        def safe(p):
            return tf.clip_by_value(p, 1e-15, 1.0 - 1e-15)

        def terms(a, b):
            return a * tf.math.log(b) + (1.0 - a) * tf.math.log(1.0 - b)  # <- BCE202

        def total_loss(y_true, y_pred):
            return -tf.reduce_mean(terms(y_true, safe(y_pred)), axis=-1)
    """,
    "a sum of losses": """
        import tensorflow as tf
        from tensorflow.keras import backend as K

        def dice_loss(y_true, y_pred):
            overlap = K.sum(y_true * y_pred)
            return 1 - 2 * overlap / (K.sum(y_true) + K.sum(y_pred))  # <- BCE206

        def bce_dice_loss(y_true, y_pred):
            return tf.keras.losses.binary_crossentropy(y_true, y_pred) + dice_loss(y_true, y_pred)
    """,
    "one arm of a conditional": """
        import tensorflow as tf

        def bce(y_true, y_pred, clip=False):
            if clip:
                y_pred = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return -tf.reduce_mean(y_true * tf.math.log(y_pred), axis=-1)  # <- BCE201
    """,
    "an epsilon that a conditional chooses": """
        import tensorflow as tf

        def bce(y_true, y_pred, tight=True):
            eps = 1e-12 if tight else 1e-6
            p = tf.clip_by_value(y_pred, eps, 1 - eps)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)  # <- BCE202
    """,
    "a method that is compiled": """
        import keras
        from keras import ops

        class Trainer:
            def __init__(self):
                self.eps = 1e-10
                self.model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
                self.model.compile("adam", loss=self.loss)

            def loss(self, y_true, y_pred):
                p = ops.clip(y_pred, self.eps, 1 - self.eps)
                return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p), axis=-1)  # <- BCE202
    """,
    "numpy of JAX": """
        import jax.numpy as jnp

        def bce_loss(y_true, y_pred):
            return -jnp.mean(y_true * jnp.log(y_pred) + (1 - y_true) * jnp.log(1 - y_pred))  # <- BCE201
    """,
    "a decorated loss": """
        import keras
        import tensorflow as tf

        @keras.saving.register_keras_serializable()
        @tf.function
        def bce(y_true, y_pred):
            return -tf.reduce_mean(y_true * tf.math.log(y_pred), axis=-1)  # <- BCE201
    """,
    # --- how numbers reach it
    "an epsilon of the module": """
        import tensorflow as tf

        EPS = 1e-15

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, EPS, 1 - EPS)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)  # <- BCE202
    """,
    "an epsilon of the class": """
        import keras
        from keras import ops

        class BCE(keras.losses.Loss):
            eps = 1e-12

            def call(self, y_true, y_pred):
                positive = y_true * ops.log(y_pred + self.eps)
                negative = (1 - y_true) * ops.log(1 + self.eps - y_pred)  # <- BCE202
                return -ops.mean(positive + negative, axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=BCE())
    """,
    "set_epsilon": """
        from tensorflow.keras import backend as K

        K.set_epsilon(1e-9)

        def bce(y_true, y_pred):
            p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            return -K.mean((1 - y_true) * K.log(1 - p), axis=-1)  # <- BCE202
    """,
    "set_epsilon of Keras 3": """
        import keras
        from keras import ops

        keras.config.set_epsilon(1e-9)

        def bce(y_true, y_pred):
            p = ops.clip(y_pred, keras.config.epsilon(), 1 - keras.config.epsilon())
            return -ops.mean((1 - y_true) * ops.log(1 - p), axis=-1)  # <- BCE202
    """,
    "the epsilon in floatx float16": """
        from tensorflow.keras import backend as K

        K.set_floatx("float16")

        def bce(y_true, y_pred):
            p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            return -K.mean((1 - y_true) * K.log(1 - p), axis=-1)  # <- BCE202
    """,
    "a cast to float16": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.cast(y_pred, tf.float16)
            return -tf.reduce_mean(tf.math.log(p + 1e-8))  # <- BCE202
    """,
    "a cast to bfloat16 by its name": """
        from keras import ops

        def bce(y_true, y_pred):
            p = ops.clip(ops.cast(y_pred, "bfloat16"), 1e-3, 1 - 1e-3)
            return -ops.mean((1 - y_true) * ops.log(1 - p), axis=-1)  # <- BCE202
    """,
    "the epsilon of float64": """
        import numpy as np
        import tensorflow as tf

        def bce(y_true, y_pred):
            eps = np.finfo(float).eps
            p = tf.clip_by_value(y_pred, eps, 1 - eps)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)  # <- BCE202
    """,
    "a bound that is folded by hand": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 0.000000001, 0.999999999)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)  # <- BCE202
    """,
    "a power of ten": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            eps = 10 ** -10
            p = tf.clip_by_value(y_pred, eps, 1 - eps)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)  # <- BCE202
    """,
    "an epsilon as a tensor": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            eps = tf.constant(1e-10)
            positive = y_true * tf.math.log(y_pred + eps)
            negative = (1 - y_true) * tf.math.log(1 + eps - y_pred)  # <- BCE202
            return -tf.reduce_mean(positive + negative, axis=-1)

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce)
    """,
    "an epsilon that a compiler moves": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - y_pred + 1e-8), axis=-1)  # <- BCE202
    """,
    "ones_like for the 1": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            return -tf.reduce_mean((1 - y_true) * tf.math.log(tf.ones_like(y_pred) - y_pred), axis=-1)  # <- BCE201
    """,
    # --- guards
    "a clip of the wrong end": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1.0)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)  # <- BCE201
    """,
    "a clip whose result is not used": """
        from tensorflow.keras import backend as K

        def bce(y_true, y_pred):
            K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            return -K.mean(y_true * K.log(y_pred), axis=-1)  # <- BCE201
    """,
    "a clip after the log": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            return -tf.reduce_mean(y_true * tf.clip_by_value(tf.math.log(y_pred), -100.0, 0.0), axis=-1)  # <- BCE201
    """,
    "the guard of another variable": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - y_pred))  # <- BCE201
    """,
    "log1p of -p": """
        import keras
        from keras import ops

        def bce(y_true, y_pred):
            positive = y_true * ops.log(y_pred + 1e-7)
            negative = (1 - y_true) * ops.log1p(-y_pred)  # <- BCE201
            return -ops.mean(positive + negative, axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce)
    """,
    "the log of the odds": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            logits = tf.math.log(y_pred / (1 - y_pred))  # <- BCE201
            return tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=logits)
    """,
    "where chooses between p and 1 - p": """
        import tensorflow as tf

        def focal(y_true, y_pred):
            p_t = tf.where(tf.equal(y_true, 1), y_pred, 1 - y_pred)
            return -tf.reduce_mean((1 - p_t) ** 2 * tf.math.log(p_t), axis=-1)  # <- BCE201
    """,
    "a sum chooses between p and 1 - p": """
        from keras import ops

        def focal(y_true, y_pred):
            p_t = y_true * y_pred + (1 - y_true) * (1 - y_pred)
            return -ops.mean(ops.square(1 - p_t) * ops.log(p_t), axis=-1)  # <- BCE201
    """,
    # --- outside
    "an epsilon behind the log": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            return -tf.reduce_mean(y_true * (tf.math.log(y_pred) + 1e-10), axis=-1)  # <- BCE203
    """,
    "an epsilon in front of the log": """
        from tensorflow.keras import backend as K

        def bce(y_true, y_pred):
            return -K.mean(y_true * (K.epsilon() + K.log(y_pred)), axis=-1)  # <- BCE203
    """,
    "an epsilon behind the division": """
        import tensorflow as tf

        def dice_loss(y_true, y_pred):
            overlap = tf.reduce_sum(y_true * y_pred)
            return 1 - (2 * overlap / (tf.reduce_sum(y_true) + tf.reduce_sum(y_pred)) + 1e-7)  # <- BCE203
    """,
    # --- where
    "where around the log": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            safe = tf.where(y_pred > 0, tf.math.log(y_pred), tf.zeros_like(y_pred))  # <- BCE204
            return -tf.reduce_mean(y_true * safe, axis=-1)
    """,
    "where around the log, the other way round": """
        import keras
        from keras import ops

        def bce(y_true, y_pred):
            safe = ops.where(ops.equal(y_pred, 0), 0.0, ops.log(y_pred))  # <- BCE204
            return -ops.mean(y_true * safe, axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce)
    """,
    "where around the division": """
        import tensorflow as tf

        def dice_loss(y_true, y_pred):
            total = tf.reduce_sum(y_true) + tf.reduce_sum(y_pred)
            overlap = tf.reduce_sum(y_true * y_pred)
            return 1 - tf.where(total > 0, 2 * overlap / total, 1.0)  # <- BCE204
    """,
    "switch around the log": """
        from tensorflow.keras import backend as K

        def bce(y_true, y_pred):
            safe = K.switch(K.greater(y_pred, 0), K.log(y_pred), K.zeros_like(y_pred))  # <- BCE204
            return -K.mean(y_true * safe, axis=-1)
    """,
    # --- stable twins
    "the log of a sigmoid": """
        import tensorflow as tf

        def bce(y_true, logits):
            return -tf.reduce_mean(y_true * tf.math.log(tf.sigmoid(logits)), axis=-1)  # <- BCE205
    """,
    "the log of a softmax in two steps": """
        from keras import ops

        def distillation_loss(y_true, y_pred):
            p = ops.softmax(y_pred)
            return -ops.sum(y_true * ops.log(p), axis=-1)  # <- BCE205
    """,
    "the log of 1 + exp": """
        from tensorflow.keras import backend as K

        def logistic(y_true, y_pred):
            return K.mean(K.log(1.0 + K.exp(-y_true * y_pred)), axis=-1)  # <- BCE205
    """,
    "the log of 1 - sigmoid": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.nn.sigmoid(y_pred)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)  # <- BCE205
    """,
    # --- ratios
    "intersection over union": """
        import tensorflow as tf

        def iou_loss(y_true, y_pred):
            overlap = tf.reduce_sum(y_true * y_pred, axis=[1, 2, 3])
            union = tf.reduce_sum(y_true + y_pred, axis=[1, 2, 3]) - overlap
            return 1 - overlap / union  # <- BCE206
    """,
    "tversky": """
        from tensorflow.keras import backend as K

        def tversky_loss(y_true, y_pred, alpha=0.7):
            tp = K.sum(y_true * y_pred)
            fn = K.sum(y_true * (1 - y_pred))
            fp = K.sum((1 - y_true) * y_pred)
            return 1 - tp / (tp + alpha * fn + (1 - alpha) * fp)  # <- BCE206
    """,
    "a mean over the labels that are there": """
        import tensorflow as tf

        def masked_loss(y_true, y_pred):
            mask = tf.cast(tf.not_equal(y_true, -1), tf.float32)
            error = tf.square(y_true - y_pred) * mask
            return tf.reduce_sum(error) / tf.reduce_sum(mask)  # <- BCE206
    """,
    "a function that divides": """
        import tensorflow as tf

        def dice_loss(y_true, y_pred):
            overlap = tf.reduce_sum(y_true * y_pred)
            total = tf.reduce_sum(y_true) + tf.reduce_sum(y_pred)
            return 1 - tf.divide(2 * overlap, total)  # <- BCE206
    """,
    # --- signs
    "no minus sign": """
        import tensorflow as tf

        def bce_loss(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p))  # <- BCE207
    """,
    "a minus sign in one term of two": """
        import tensorflow as tf

        def bce_loss(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return -tf.reduce_mean(y_true * tf.math.log(p) - (1 - y_true) * tf.math.log(1 - p))  # <- BCE207
    """,
    "a minus sign before a cross-entropy of Keras": """
        import keras
        from keras import ops

        class NegativeLoss(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return -ops.binary_crossentropy(y_true, y_pred)  # <- BCE207
    """,
    "two minus signs": """
        from tensorflow.keras import backend as K

        def log_loss(y_true, y_pred):
            p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            terms = -(y_true * K.log(p) + (1 - y_true) * K.log(1 - p))
            return -K.mean(terms, axis=-1)  # <- BCE207
    """,
    # --- swapped
    "the arguments of the backend": """
        from tensorflow.keras import backend as K

        def loss(y_true, y_pred):
            return K.mean(K.binary_crossentropy(y_pred, y_true), axis=-1)  # <- BCE208
    """,
    "the arguments of a loss object": """
        import tensorflow as tf

        bce = tf.keras.losses.BinaryCrossentropy()
        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])

        def step(x, labels):
            return bce(model(x), labels)  # <- BCE208
    """,
    "parameters in the other order": """
        import keras
        from keras import ops

        def bce(y_pred, y_true):  # <- BCE208
            p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
            return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p), axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce)
    """,
    # --- no gradient
    "rounded predictions": """
        from tensorflow.keras import backend as K

        def f1_loss(y_true, y_pred):
            predicted = K.round(y_pred)
            tp = K.sum(y_true * predicted)
            return 1 - 2 * tp / (K.sum(y_true) + K.sum(predicted) + K.epsilon())  # <- BCE209
    """,
    "a threshold": """
        import tensorflow as tf

        def error_loss(y_true, y_pred):
            return tf.reduce_mean(tf.abs(y_true - tf.cast(y_pred > 0.5, tf.float32)), axis=-1)  # <- BCE209
    """,
    "argmax": """
        import keras
        from keras import ops

        class ClassLoss(keras.losses.Loss):
            def call(self, y_true, y_pred):
                guess = ops.cast(ops.argmax(y_pred, axis=-1), "float32")
                return ops.square(y_true - guess)  # <- BCE209
    """,
    # --- weights
    "a mean and class weights": """
        import keras
        from keras import ops

        def loss(y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred))  # <- BCE210

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("adam", loss=loss)
        model.fit(x, y, class_weight={0: 1.0, 1: 5.0})
    """,
    "a sum and sample weights": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            error = tf.square(y_true - y_pred)
            return tf.reduce_sum(error) / 32.0  # <- BCE210

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
        model.compile("adam", loss=loss)
        model.train_on_batch(x, y, sample_weight=w)
    """,
    # --- not called
    "a factory that is not called": """
        import keras
        from keras import ops

        def smooth(factor=0.1):
            def loss(y_true, y_pred):
                return ops.mean(ops.square(y_true * (1 - factor) - y_pred), axis=-1)

            return loss

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=smooth)  # <- BCE211
    """,
    "a class of tf_keras": """
        import tf_keras

        model = tf_keras.Sequential([tf_keras.layers.Dense(1, activation="sigmoid", input_shape=(4,))])
        model.compile(loss=tf_keras.losses.BinaryCrossentropy)  # <- BCE211
    """,
    "a factory in a list": """
        import keras
        from keras import layers, ops

        def focal(gamma):
            return lambda y_true, y_pred: ops.mean(ops.abs(y_true - y_pred) ** gamma, axis=-1)

        x = keras.Input((4,))
        model = keras.Model(x, [layers.Dense(1)(x), layers.Dense(1)(x)])
        model.compile(loss=["mse", focal])  # <- BCE211
    """,
    "a class of the file that needs arguments": """
        import keras
        from keras import ops

        class Scaled(keras.losses.Loss):
            def __init__(self, scale):
                super().__init__()
                self.scale = scale

            def call(self, y_true, y_pred):
                return self.scale * ops.mean(ops.square(y_true - y_pred), axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(loss=Scaled)  # <- BCE211
    """,
    # --- powers
    "a root of p": """
        import tensorflow as tf

        def generalised_loss(y_true, y_pred):
            return tf.reduce_sum(y_true * (1 - y_pred**0.7) / 0.7, axis=-1)  # <- BCE212

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3, activation="softmax")])
        model.compile(loss=generalised_loss)
    """,
    "a gamma below 1": """
        from tensorflow.keras import backend as K

        def focal(gamma=0.5):
            def loss(y_true, y_pred):
                p = K.clip(y_pred, K.epsilon(), 1.0)
                return -K.mean(y_true * K.pow(1.0 - y_pred, gamma) * K.log(p), axis=-1)  # <- BCE212

            return loss
    """,
    "the power of ops": """
        from keras import ops

        def loss(y_true, y_pred):
            return ops.mean(y_true * ops.power(1.0 - y_pred, 0.75), axis=-1)  # <- BCE212
    """,
    # --- marks of labels, and conditionals
    "labels that are marked, in a mean": """
        import tensorflow as tf

        def masked_bce(y_true, y_pred):
            there = tf.cast(y_true >= 0, tf.float32)
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            losses = -(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p))
            return tf.reduce_sum(losses * there) / tf.reduce_sum(there)  # <- BCE206
    """,
    "labels that are marked, before the log": """
        import tensorflow as tf

        def masked_bce(y_true, y_pred):
            known = tf.cast(tf.not_equal(y_true, -1), tf.float32)
            return -tf.reduce_mean(known * (1 - y_true) * tf.math.log(1 - y_pred), axis=-1)  # <- BCE201
    """,
    "where leaves the marked labels out, not the wrong predictions": """
        import tensorflow as tf

        def masked_bce(y_true, y_pred):
            losses = tf.where(y_true == -1, 0.0, -y_true * tf.math.log(y_pred))  # <- BCE201
            return tf.reduce_mean(losses, axis=-1)
    """,
    "the last arm of a chain": """
        import tensorflow as tf

        def make(kind):
            def loss(y_true, y_pred):
                if kind == "squared":
                    return tf.square(y_true - y_pred)
                elif kind == "clipped":
                    p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
                    return -y_true * tf.math.log(p)
                else:
                    return -y_true * tf.math.log(y_pred)  # <- BCE201

            return loss
    """,
    "a loop over the outputs": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            total = 0.0
            for i in range(3):
                total += -tf.reduce_mean(y_true[:, i] * tf.math.log(y_pred[:, i]))  # <- BCE201
            return total
    """,
    "names of columns": """
        from tensorflow.keras import backend as K

        def loss(y_true, y_pred):
            target, weight = y_true[:, 0], y_true[:, 1]
            return -K.mean(weight * target * K.log(y_pred[:, 0]))  # <- BCE201
    """,
    "names that mean the same": """
        import tensorflow as tf

        def log_loss(labels, logits):
            probabilities = tf.nn.softmax(logits)
            return -tf.reduce_sum(labels * tf.math.log(probabilities), axis=-1)  # <- BCE205
    """,
    "short names": """
        from keras import ops

        def cross_entropy(t, p):
            return -ops.sum(t * ops.log(p), axis=-1)  # <- BCE201
    """,
    "a sign": """
        import tensorflow as tf

        def hinge_loss(y_true, y_pred):
            return tf.reduce_mean(tf.abs(y_true - tf.sign(y_pred)), axis=-1)  # <- BCE209
    """,
    "integers": """
        import keras
        from keras import ops

        def error(y_true, y_pred):
            return ops.mean(ops.abs(y_true - ops.cast(ops.cast(y_pred, "int32"), "float32")), axis=-1)  # <- BCE209

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(loss=error)
    """,
    "a mean in a Loss, and sample weights": """
        import keras
        from keras import ops

        class Squares(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return ops.mean(ops.square(y_true - y_pred))  # <- BCE210

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("adam", loss=Squares())
        model.fit(x, y, sample_weight=w)
    """,
    "a factory in a dict": """
        import keras
        from keras import layers, ops

        def smooth(factor=0.1):
            def loss(y_true, y_pred):
                return ops.mean(ops.square(y_true * (1 - factor) - y_pred), axis=-1)

            return loss

        x = keras.Input((4,))
        model = keras.Model(x, {"a": layers.Dense(1, name="a")(x), "b": layers.Dense(1, name="b")(x)})
        model.compile(loss={"a": "mse", "b": smooth})  # <- BCE211
    """,
    "the arguments of a loss with weights": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return tf.nn.weighted_cross_entropy_with_logits(y_pred, y_true, pos_weight=2.0)  # <- BCE208
    """,
    "the arguments of ops": """
        from keras import ops

        def loss(y_true, y_pred):
            return ops.mean(ops.binary_crossentropy(y_pred, y_true), axis=-1)  # <- BCE208
    """,
}

NEAR_MISSES = {
    # --- where loss code lives: no loss, or none of the prediction
    "a metric may take the log of anything": """
        from tensorflow.keras import backend as K

        def perplexity(y_true, y_pred):
            return K.exp(-K.mean(y_true * K.log(y_pred)))
    """,
    "a metric class": """
        import tensorflow as tf

        class Dice(tf.keras.metrics.Metric):
            def update_state(self, y_true, y_pred, sample_weight=None):
                overlap = tf.reduce_sum(y_true * tf.round(y_pred))
                self.value = 2 * overlap / (tf.reduce_sum(y_true) + tf.reduce_sum(tf.round(y_pred)))
    """,
    "a metric that counts": """
        from tensorflow.keras import backend as K

        def precision(y_true, y_pred):
            tp = K.sum(K.round(y_true * y_pred))
            return tp / K.sum(K.round(y_pred))
    """,
    "a coefficient": """
        from tensorflow.keras import backend as K

        def iou_score(y_true, y_pred):
            overlap = K.sum(y_true * y_pred)
            return overlap / (K.sum(y_true) + K.sum(y_pred) - overlap)
    """,
    "a function of no loss": """
        import tensorflow as tf

        def entropy_of(counts, total):
            return -tf.reduce_sum(counts / total * tf.math.log(counts / total))
    """,
    "numpy in a report": """
        import numpy as np

        def log_loss(y_true, y_pred):
            return -np.mean(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))
    """,
    "numpy with an epsilon that float64 keeps": """
        import numpy as np

        def log_loss(y_true, y_pred, eps=1e-15):
            p = np.clip(y_pred, eps, 1 - eps)
            return -np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))
    """,
    "the log of labels": """
        import tensorflow as tf

        def kl_loss(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1.0)
            return tf.reduce_sum(y_true * (tf.math.log(y_true) - tf.math.log(p)), axis=-1)
    """,
    "the log of targets and of outputs that are not in the unit interval": """
        from keras import ops

        def log_error(y_true, y_pred):
            return ops.mean(ops.square(ops.log(y_true + 1) - ops.log(y_pred + 1)), axis=-1)
    """,
    "the log of a variance that was exponentiated": """
        import tensorflow as tf

        def gaussian_loss(y_true, y_pred):
            mean, log_variance = y_pred[:, 0], y_pred[:, 1]
            variance = tf.exp(log_variance)
            return tf.reduce_mean(tf.math.log(variance) + tf.square(y_true - mean) / variance)
    """,
    "the log of a softplus": """
        import keras
        from keras import ops

        def poisson(y_true, y_pred):
            return ops.mean(y_pred - y_true * ops.log(y_pred), axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="softplus")])
        model.compile(loss=poisson)
    """,
    "the log of weights": """
        import numpy as np
        import tensorflow as tf

        WEIGHTS = tf.math.log(tf.constant([9.0, 1.0]))

        def loss(y_true, y_pred):
            return tf.reduce_sum(WEIGHTS * tf.square(y_true - y_pred), axis=-1)
    """,
    "the entropy of something else": """
        import tensorflow as tf

        def attention_entropy(weights):
            return -tf.reduce_sum(weights * tf.math.log(weights), axis=-1)
    """,
    "the terms of a VAE": """
        import tensorflow as tf

        def kl_loss(mean, log_var):
            return -0.5 * tf.reduce_mean(1 + log_var - tf.square(mean) - tf.exp(log_var))
    """,
    "a loop with a loss of Keras": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])
        bce = tf.keras.losses.BinaryCrossentropy()

        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = bce(y, model(x))
            tape.gradient(loss, model.trainable_variables)
    """,
    "a loop whose log is guarded": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])

        for x, y in dataset:
            with tf.GradientTape() as tape:
                p = tf.clip_by_value(model(x), 1e-6, 1 - 1e-6)
                loss = -tf.reduce_mean(y * tf.math.log(p) + (1 - y) * tf.math.log(1 - p))
            tape.gradient(loss, model.trainable_variables)
    """,
    "the critics of a WGAN": """
        import tensorflow as tf

        def discriminator_loss(real_output, fake_output):
            return tf.reduce_mean(fake_output) - tf.reduce_mean(real_output)

        def generator_loss(fake_output):
            return -tf.reduce_mean(fake_output)
    """,
    "a GAN with losses of Keras": """
        import tensorflow as tf

        bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)

        def discriminator_loss(real_output, fake_output):
            return bce(tf.ones_like(real_output), real_output) + bce(tf.zeros_like(fake_output), fake_output)
    """,
    "the generator of the first GAN": """
        import tensorflow as tf

        def generator_loss(fake_output):
            return tf.reduce_mean(tf.math.log(1 - fake_output + 1e-6))
    """,
    "a policy gradient of drawn actions": """
        import tensorflow as tf

        policy = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2, activation="softmax")])
        optimizer = tf.keras.optimizers.Adam()

        def step(states, actions, returns):
            with tf.GradientTape() as tape:
                p = tf.reduce_sum(policy(states) * tf.one_hot(actions, 2), axis=-1)
                loss = -tf.reduce_mean(tf.math.log(p + 1e-10) * returns)
            optimizer.apply_gradients(zip(tape.gradient(loss, policy.trainable_variables), policy.trainable_variables))
    """,
    "TensorFlow 1 with a clip": """
        import tensorflow as tf

        def loss(labels, predictions):
            return -tf.reduce_sum(labels * tf.log(tf.clip_by_value(predictions, 1e-10, 1.0)))
    """,
    "a log of another library": """
        import logging as K

        def bce_loss(y_true, y_pred):
            K.log(10, y_pred)
            return (y_true - y_pred) ** 2
    """,
    "a log of the file": """
        import tensorflow as tf

        def log(p):
            return tf.math.log(tf.maximum(p, 1e-7))

        def bce_loss(y_true, y_pred):
            return -tf.reduce_mean(y_true * log(y_pred) + (1 - y_true) * log(1 - y_pred))
    """,
    "a log of a star import": """
        from tensorflow.keras.backend import *
        from helpers import *

        def bce_loss(y_true, y_pred):
            y_pred = squashed(y_pred)
            return -mean(y_true * log(y_pred))
    """,
    # --- how numbers reach it
    "an epsilon of the module": """
        import tensorflow as tf

        EPS = 1e-6

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, EPS, 1 - EPS)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "an epsilon that comes from outside": """
        import tensorflow as tf
        from settings import EPS

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, EPS, 1 - EPS)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "an epsilon of the command line": """
        import argparse

        import tensorflow as tf

        parser = argparse.ArgumentParser()
        parser.add_argument("--eps", type=float, default=1e-12)
        args = parser.parse_args()

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, args.eps, 1 - args.eps)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "an epsilon without a default": """
        import tensorflow as tf

        def make(eps):
            def bce(y_true, y_pred):
                p = tf.clip_by_value(y_pred, eps, 1 - eps)
                return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)

            return bce
    """,
    "a default that the call replaces": """
        import keras
        from keras import ops

        def make(eps=1e-15):
            def bce(y_true, y_pred):
                p = ops.clip(y_pred, eps, 1 - eps)
                return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p), axis=-1)

            return bce

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=make(1e-6))
    """,
    "an epsilon of the instance": """
        import keras
        from keras import ops

        class BCE(keras.losses.Loss):
            def __init__(self, eps=1e-7):
                super().__init__()
                self.eps = eps

            def call(self, y_true, y_pred):
                p = ops.clip(y_pred, self.eps, 1 - self.eps)
                return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p), axis=-1)
    """,
    "the epsilon of the backend": """
        from tensorflow.keras import backend as K

        def bce(y_true, y_pred):
            p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            return -K.mean(y_true * K.log(p) + (1 - y_true) * K.log(1 - p), axis=-1)
    """,
    "set_epsilon to something larger": """
        from tensorflow.keras import backend as K

        K.set_epsilon(1e-5)

        def bce(y_true, y_pred):
            p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            return -K.mean(y_true * K.log(p) + (1 - y_true) * K.log(1 - p), axis=-1)
    """,
    "set_epsilon to something unknown": """
        from tensorflow.keras import backend as K
        from settings import EPSILON

        K.set_epsilon(EPSILON)

        def bce(y_true, y_pred):
            p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            return -K.mean(y_true * K.log(p) + (1 - y_true) * K.log(1 - p), axis=-1)
    """,
    "floatx float64": """
        from tensorflow.keras import backend as K

        K.set_floatx("float64")

        def bce(y_true, y_pred):
            p = K.clip(y_pred, 1e-15, 1 - 1e-15)
            return -K.mean(y_true * K.log(p) + (1 - y_true) * K.log(1 - p), axis=-1)
    """,
    "floatx float16 with an epsilon that it keeps": """
        from tensorflow.keras import backend as K

        K.set_floatx("float16")
        K.set_epsilon(1e-3)

        def bce(y_true, y_pred):
            p = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
            return -K.mean((1 - y_true) * K.log(1 - p), axis=-1)
    """,
    "a cast to float64": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.clip_by_value(tf.cast(y_pred, tf.float64), 1e-15, 1 - 1e-15)
            return -tf.reduce_mean((1 - tf.cast(y_true, tf.float64)) * tf.math.log(1 - p), axis=-1)
    """,
    "a cast of float16 to float32": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.clip_by_value(tf.cast(y_pred, tf.float32), 1e-7, 1 - 1e-7)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "the epsilon of float32": """
        import numpy as np
        import tensorflow as tf

        EPS = np.finfo(np.float32).eps

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, EPS, 1 - EPS)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "the epsilon of the dtype": """
        import numpy as np
        import tensorflow as tf

        def bce(y_true, y_pred):
            eps = np.finfo(y_pred.dtype.as_numpy_dtype).eps
            p = tf.clip_by_value(y_pred, eps, 1 - eps)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    # --- guards
    "the smallest epsilon that a compiler keeps": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - y_pred + 6e-8), axis=-1)
    """,
    "an upper bound that vanishes where only log(p) follows": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-15, 1 - 1e-15)
            return -tf.reduce_sum(y_true * tf.math.log(p), axis=-1)
    """,
    "a tiny epsilon inside the log of p": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return -tf.reduce_sum(y_true * tf.math.log(1e-30 + y_pred), axis=-1)
    """,
    "a maximum after the difference": """
        from keras import ops

        def bce(y_true, y_pred):
            return -ops.mean(
                y_true * ops.log(ops.maximum(y_pred, 1e-12)) + (1 - y_true) * ops.log(ops.maximum(1 - y_pred, 1e-12)),
                axis=-1,
            )
    """,
    "a minimum before the difference": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.minimum(y_pred, 1 - 1e-6)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "the absolute value and an epsilon": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            return -tf.reduce_mean(y_true * tf.math.log(tf.abs(y_pred) + 1e-8), axis=-1)
    """,
    "a guard that a helper applies": """
        import tensorflow as tf

        def clipped(p, eps=1e-7):
            return tf.clip_by_value(p, eps, 1.0 - eps)

        def bce(y_true, y_pred):
            y_pred = clipped(y_pred)
            return -tf.reduce_mean(y_true * tf.math.log(y_pred) + (1 - y_true) * tf.math.log(1 - y_pred), axis=-1)
    """,
    "a guard that a helper applies from the second line on": """
        import tensorflow as tf

        def safe_log(p):
            p = tf.cast(p, tf.float32)
            p = tf.maximum(p, 1e-7)
            return tf.math.log(p)

        def bce(y_true, y_pred):
            return -tf.reduce_mean(y_true * safe_log(y_pred) + (1 - y_true) * safe_log(1 - y_pred), axis=-1)
    """,
    "a guard that other functions see through": """
        import tensorflow as tf
        from tensorflow.keras import backend as K

        def bce(y_true, y_pred):
            p = K.clip(K.flatten(y_pred), K.epsilon(), 1 - K.epsilon())
            p = tf.reshape(p, (-1,))
            p_t = tf.where(K.flatten(y_true) > 0.5, p, 1 - p)
            return -K.mean(K.log(p_t))
    """,
    "a clip of numpy's names": """
        from keras import ops

        def bce(y_true, y_pred):
            p = ops.clip(y_pred, x_min=1e-7, x_max=1 - 1e-7)
            return -ops.mean((1 - y_true) * ops.log(1 - p), axis=-1)
    """,
    "a clip by keywords": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, clip_value_min=1e-7, clip_value_max=1 - 1e-7)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "an affine squeeze": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = 0.999 * y_pred + 0.0005
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "the model squeezes its output": """
        import keras
        from keras import layers, ops

        def bce(y_true, y_pred):
            return -ops.mean(y_true * ops.log(y_pred) + (1 - y_true) * ops.log(1 - y_pred), axis=-1)

        x = keras.Input((4,))
        p = layers.Dense(1, activation="sigmoid")(x)
        p = layers.Lambda(lambda t: ops.clip(t, 1e-6, 1 - 1e-6))(p)
        model = keras.Model(x, p)
        model.compile(loss=bce)
    """,
    "the guards of both arms": """
        import tensorflow as tf

        def bce(y_true, y_pred, tight=False):
            if tight:
                p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            else:
                p = tf.clip_by_value(y_pred, 1e-4, 1 - 1e-4)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "an epsilon that a conditional chooses": """
        import tensorflow as tf

        def bce(y_true, y_pred, half=False):
            eps = 1e-3 if half else 1e-7
            p = tf.clip_by_value(y_pred, eps, 1 - eps)
            return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "an epsilon behind a log that has a guard": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            return -tf.reduce_mean(y_true * (tf.math.log(y_pred + 1e-7) + 1e-7), axis=-1)
    """,
    "multiply_no_nan of a clipped log": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.maximum(y_pred, 1e-7)
            return -tf.reduce_mean(tf.math.multiply_no_nan(tf.math.log(p), y_true), axis=-1)
    """,
    # --- where
    "two wheres": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            inner = tf.where(y_pred > 0, y_pred, 1.0)
            safe = tf.where(y_pred > 0, tf.math.log(inner), 0.0)
            return -tf.reduce_mean(y_true * safe, axis=-1)
    """,
    "where between finite branches": """
        import tensorflow as tf

        def huber_loss(y_true, y_pred):
            error = tf.abs(y_true - y_pred)
            return tf.reduce_mean(tf.where(error < 1, 0.5 * error * error, error - 0.5), axis=-1)
    """,
    "where chooses the weight": """
        import tensorflow as tf

        def weighted_loss(y_true, y_pred):
            weights = tf.where(y_true > 0.5, 4.0, 1.0)
            return tf.reduce_mean(weights * tf.square(y_true - y_pred), axis=-1)
    """,
    "where around the log of labels": """
        import tensorflow as tf

        def kl_loss(y_true, y_pred):
            known = tf.where(y_true > 0, tf.math.log(y_true), 0.0)
            return tf.reduce_sum(y_true * (known - tf.nn.log_softmax(y_pred)), axis=-1)
    """,
    "where around a clipped log": """
        from keras import ops

        def bce(y_true, y_pred):
            p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
            return -ops.mean(ops.where(y_true > 0.5, ops.log(p), ops.log(1 - p)), axis=-1)
    """,
    # --- stable twins
    "the functions made for it": """
        import tensorflow as tf

        def bce(y_true, logits):
            return -tf.reduce_mean(
                y_true * tf.math.log_sigmoid(logits) + (1 - y_true) * tf.math.log_sigmoid(-logits), axis=-1
            )
    """,
    "log1p of exp of what is never positive": """
        import tensorflow as tf

        def bce(y_true, logits):
            return tf.reduce_mean(
                tf.maximum(logits, 0.0) - logits * y_true + tf.math.log1p(tf.exp(-tf.abs(logits))), axis=-1
            )
    """,
    "a sigmoid that is clipped": """
        import tensorflow as tf

        def bce(y_true, logits):
            p = tf.clip_by_value(tf.sigmoid(logits), 1e-7, 1 - 1e-7)
            return -tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)
    """,
    "a softmax with an epsilon": """
        from keras import ops

        def loss(y_true, logits):
            return -ops.sum(y_true * ops.log(ops.softmax(logits) + 1e-9), axis=-1)
    """,
    "a log of a sum of exponentials": """
        import tensorflow as tf

        def loss(y_true, logits):
            shifted = logits - tf.reduce_max(logits, axis=-1, keepdims=True)
            total = tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=-1))
            return total - tf.reduce_sum(y_true * shifted, axis=-1)
    """,
    # --- ratios
    "smoothed on both sides": """
        import tensorflow as tf

        def dice_loss(y_true, y_pred, smooth=1.0):
            overlap = tf.reduce_sum(y_true * y_pred)
            return 1 - (2 * overlap + smooth) / (tf.reduce_sum(y_true) + tf.reduce_sum(y_pred) + smooth)
    """,
    "an epsilon in the denominator": """
        from tensorflow.keras import backend as K

        def tversky_loss(y_true, y_pred):
            tp = K.sum(y_true * y_pred)
            fn = K.sum(y_true * (1 - y_pred))
            fp = K.sum((1 - y_true) * y_pred)
            return 1 - tp / (tp + 0.7 * fn + 0.3 * fp + K.epsilon())
    """,
    "divide_no_nan": """
        import tensorflow as tf

        def masked_loss(y_true, y_pred):
            mask = tf.cast(tf.not_equal(y_true, -1), tf.float32)
            return tf.math.divide_no_nan(tf.reduce_sum(tf.square(y_true - y_pred) * mask), tf.reduce_sum(mask))
    """,
    "a maximum around the count": """
        from keras import ops

        def masked_loss(y_true, y_pred):
            mask = ops.cast(ops.not_equal(y_true, -1), "float32")
            return ops.sum(ops.square(y_true - y_pred) * mask) / ops.maximum(ops.sum(mask), 1.0)
    """,
    "a sum divided by a number": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return tf.reduce_sum(tf.square(y_true - y_pred)) / 128.0
    """,
    "a sum divided by a size": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return tf.reduce_sum(tf.square(y_true - y_pred)) / tf.cast(tf.shape(y_true)[0], tf.float32)
    """,
    "an unknown smoothing constant": """
        import tensorflow as tf

        def make(smooth):
            def dice_loss(y_true, y_pred):
                overlap = tf.reduce_sum(y_true * y_pred)
                return 1 - (2 * overlap + smooth) / (tf.reduce_sum(y_true) + tf.reduce_sum(y_pred) + smooth)

            return dice_loss
    """,
    "a softmax by hand": """
        import tensorflow as tf

        def loss(y_true, logits):
            powers = tf.exp(logits - tf.reduce_max(logits, axis=-1, keepdims=True))
            p = powers / tf.reduce_sum(powers, axis=-1, keepdims=True)
            return tf.reduce_sum(tf.square(y_true - p), axis=-1)
    """,
    # --- signs
    "a negative dice": """
        import tensorflow as tf

        def dice_loss(y_true, y_pred):
            overlap = tf.reduce_sum(y_true * y_pred)
            return -(2 * overlap + 1) / (tf.reduce_sum(y_true) + tf.reduce_sum(y_pred) + 1)
    """,
    "a minus sign in each term": """
        from keras import ops

        def bce(y_true, y_pred):
            p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
            return ops.mean(-y_true * ops.log(p) - (1 - y_true) * ops.log(1 - p), axis=-1)
    """,
    "a likelihood that a loss negates": """
        import tensorflow as tf

        def log_likelihood(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return tf.reduce_mean(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p), axis=-1)

        def bce(y_true, y_pred):
            return -log_likelihood(y_true, y_pred)

        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce)
    """,
    "a minus sign in the weights": """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return tf.reduce_mean(-1.0 * (y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p)), axis=-1)
    """,
    "a reward for uncertainty": """
        import keras
        from keras import ops

        def confident(y_true, y_pred):
            p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
            entropy = -(p * ops.log(p) + (1 - p) * ops.log(1 - p))
            return ops.mean(ops.binary_crossentropy(y_true, y_pred) - 0.1 * entropy, axis=-1)
    """,
    "a sign that is not known": """
        import keras
        from keras import ops

        def make(sign):
            def loss(y_true, y_pred):
                return sign * ops.mean(ops.binary_crossentropy(y_true, y_pred), axis=-1)

            return loss
    """,
    # --- roles
    "other names in the right order": """
        import keras
        from keras import ops

        def bce(a, b):
            return ops.mean(ops.binary_crossentropy(a, b), axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=bce)
    """,
    "keywords in the other order": """
        from keras import losses

        def loss(y_true, y_pred):
            return losses.binary_crossentropy(y_pred=y_pred, y_true=y_true)
    """,
    "parameters in the other order, of a function that is called": """
        import tensorflow as tf

        def bce(y_pred, y_true):
            return tf.keras.losses.binary_crossentropy(y_true, y_pred)

        def step(model, x, y):
            return bce(model(x), y)
    """,
    "parameters in the other order, of a symmetric loss": """
        import keras
        from keras import ops

        def squared(y_pred, y_true):
            return ops.mean(ops.square(y_pred - y_true), axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(loss=squared)
    """,
    "the labels of a GAN": """
        import tensorflow as tf

        def generator_loss(fake_output):
            return tf.keras.losses.binary_crossentropy(tf.ones_like(fake_output), fake_output)
    """,
    "a teacher and a student": """
        import tensorflow as tf

        bce = tf.keras.losses.BinaryCrossentropy()
        teacher = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])
        student = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")])

        def step(x):
            return bce(teacher(x), student(x))
    """,
    "the function of TensorFlow takes the labels by name": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return tf.nn.sigmoid_cross_entropy_with_logits(logits=y_pred, labels=y_true)
    """,
    # --- gradients
    "a comparison that chooses a weight": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            hard = tf.cast(tf.abs(y_true - y_pred) > 0.5, tf.float32)
            return tf.reduce_mean(hard * tf.square(y_true - y_pred), axis=-1)
    """,
    "straight through": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            hard = y_pred + tf.stop_gradient(tf.round(y_pred) - y_pred)
            return tf.reduce_mean(tf.square(y_true - hard), axis=-1)
    """,
    "argmax of the labels": """
        from keras import ops

        def loss(y_true, y_pred):
            weights = ops.cast(ops.argmax(y_true, axis=-1), "float32") + 1.0
            return weights * ops.sum(ops.square(y_true - y_pred), axis=-1)
    """,
    "rounded in one of two terms": """
        from tensorflow.keras import backend as K

        def loss(y_true, y_pred):
            return K.mean(K.abs(K.round(y_pred) - y_true) + K.square(y_pred - y_true), axis=-1)
    """,
    "a cast to another float": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return tf.reduce_mean(tf.square(tf.cast(y_true, tf.float32) - tf.cast(y_pred, tf.float32)), axis=-1)
    """,
    # --- weights
    "a mean without weights": """
        import keras
        from keras import ops

        def loss(y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred))

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("adam", loss=loss)
        model.fit(x, y)
    """,
    "a mean over the last axis, with weights": """
        import keras
        from keras import ops

        def loss(y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred), axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("adam", loss=loss)
        model.fit(x, y, class_weight={0: 1.0, 1: 5.0})
    """,
    "a sum over the image, with weights": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            return tf.reduce_sum(tf.square(y_true - y_pred), axis=[1, 2, 3])

        model = tf.keras.Sequential([tf.keras.Input((8, 8, 1)), tf.keras.layers.Conv2D(1, 1, activation="sigmoid")])
        model.compile("adam", loss=loss)
        model.fit(x, y, sample_weight=w)
    """,
    "the weights of another model": """
        import keras
        from keras import ops

        def loss(y_true, y_pred):
            return ops.mean(ops.square(y_true - y_pred))

        one = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        one.compile("adam", loss=loss)
        one.fit(x, y)
        other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        other.compile("adam", loss="binary_crossentropy")
        other.fit(x, y, class_weight={0: 1.0, 1: 5.0})
    """,
    # --- not called
    "a factory that is called": """
        import keras
        from keras import ops

        def focal(gamma=2.0):
            def loss(y_true, y_pred):
                return ops.mean(ops.abs(y_true - y_pred) ** gamma, axis=-1)

            return loss

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(loss=focal())
    """,
    "a class that Keras 3 calls": """
        import keras

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss=keras.losses.BinaryCrossentropy)
    """,
    "a function with more parameters": """
        import keras
        from keras import ops

        def loss(y_true, y_pred, scale=2.0):
            return scale * ops.mean(ops.square(y_true - y_pred), axis=-1)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(loss=loss)
    """,
    "a factory of a model": """
        import keras

        def build(units=4):
            def head(x):
                return keras.layers.Dense(units)(x)

            return head

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(loss="mse", metrics=[build])
    """,
    # --- powers
    "a power of 2": """
        import tensorflow as tf

        def focal_loss(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return -tf.reduce_mean(y_true * (1 - y_pred) ** 2 * tf.math.log(p), axis=-1)
    """,
    "a power of 1": """
        from tensorflow.keras import backend as K

        def focal(gamma=1.0):
            def loss(y_true, y_pred):
                p = K.clip(y_pred, K.epsilon(), 1.0)
                return -K.mean(y_true * K.pow(1.0 - y_pred, gamma) * K.log(p), axis=-1)

            return loss
    """,
    "a root of what is clipped": """
        import tensorflow as tf

        def loss(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return tf.reduce_sum(y_true * (1 - p) ** 0.5 + (1 - y_true) * p ** 0.5, axis=-1)
    """,
    "a root of an error that nothing is known of": """
        import tensorflow as tf

        def charbonnier_loss(y_true, y_pred):
            return tf.reduce_mean((tf.square(y_true - y_pred) + 1e-6) ** 0.45, axis=-1)
    """,
    "a gamma that is not known": """
        import tensorflow as tf

        def make(gamma):
            def focal_loss(y_true, y_pred):
                p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
                return -tf.reduce_mean(y_true * (1 - y_pred) ** gamma * tf.math.log(p), axis=-1)

            return focal_loss
    """,
    "a root of labels": """
        from keras import ops

        def loss(y_true, y_pred):
            return ops.mean(ops.square(ops.power(y_true, 0.5) - y_pred), axis=-1)
    """,
    "the square root of an error": """
        import tensorflow as tf

        def rmse_loss(y_true, y_pred):
            return tf.sqrt(tf.reduce_mean(tf.square(y_true - y_pred)))
    """,
    # --- marks of labels, and conditionals
    "marked labels and at least one": """
        import tensorflow as tf

        def masked_bce(y_true, y_pred):
            there = tf.cast(y_true != -1, tf.float32)
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            losses = -(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p))
            return tf.reduce_sum(losses * there) / (tf.reduce_sum(there) + 1e-6)
    """,
    "marked labels are set to 0": """
        import tensorflow as tf

        def masked_bce(y_true, y_pred):
            y_true = tf.where(y_true == -1, 0.0, y_true)
            return tf.keras.losses.binary_crossentropy(y_true, y_pred)
    """,
    "marked labels are left out": """
        import tensorflow as tf

        def masked_bce(y_true, y_pred):
            there = tf.not_equal(y_true, -1)
            return tf.keras.losses.binary_crossentropy(tf.boolean_mask(y_true, there), tf.boolean_mask(y_pred, there))
    """,
    "a weight for each label": """
        import tensorflow as tf

        def weighted_bce(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            weights = tf.where(tf.equal(y_true, -1), 0.0, tf.where(tf.equal(y_true, 1), 5.0, 1.0))
            losses = -(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p))
            return tf.reduce_mean(weights * losses, axis=-1)
    """,
    "every arm of a chain": """
        import tensorflow as tf

        def make(kind):
            def loss(y_true, y_pred):
                if kind == "squared":
                    return tf.square(y_true - y_pred)
                p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
                if kind == "focal":
                    return -y_true * (1 - p) ** 2 * tf.math.log(p)
                return -y_true * tf.math.log(p)

            return loss
    """,
    "the clip of the same test": """
        import tensorflow as tf

        def loss(y_true, y_pred, from_logits=False):
            if not from_logits:
                y_pred = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            if from_logits:
                return tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)
            return -tf.reduce_mean(y_true * tf.math.log(y_pred) + (1 - y_true) * tf.math.log(1 - y_pred), axis=-1)
    """,
    "the arguments of Keras 1": """
        from keras import backend as K
        from keras.layers import Convolution2D

        def loss(y_true, y_pred):
            return K.mean(K.binary_crossentropy(y_pred, y_true), axis=-1)
    """,
    "a function that a callback calls": """
        import keras
        import numpy as np

        class Report(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                p = self.model.predict(self.x)
                print(-np.mean(self.y * np.log(p) + (1 - self.y) * np.log(1 - p)))
    """,
    "a loss that is a metric in compile": """
        import keras
        from keras import ops

        def rounded(y_true, y_pred):
            return ops.mean(ops.abs(y_true - ops.round(y_pred)))

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", metrics=[rounded])
    """,
    "a regularizer": """
        import keras
        from keras import ops

        class Sparse(keras.regularizers.Regularizer):
            def __call__(self, x):
                return ops.sum(ops.log(1.0 + ops.abs(x)))
    """,
    "the logs of a schedule": """
        import tensorflow as tf

        class Decay(tf.keras.optimizers.schedules.LearningRateSchedule):
            def __call__(self, step):
                return 0.1 / tf.math.log(tf.cast(step, tf.float32) + 2.0)
    """,
    "the distance of two embeddings": """
        import tensorflow as tf

        def contrastive_loss(y_true, y_pred):
            margin = tf.square(tf.maximum(1.0 - y_pred, 0.0))
            return tf.reduce_mean(y_true * tf.square(y_pred) + (1 - y_true) * margin)
    """,
    "hinge": """
        import tensorflow as tf

        def hinge_loss(y_true, y_pred):
            return tf.reduce_mean(tf.maximum(1.0 - y_true * y_pred, 0.0), axis=-1)
    """,
    "a quantile": """
        from keras import ops

        def pinball(q):
            def loss(y_true, y_pred):
                error = y_true - y_pred
                return ops.mean(ops.maximum(q * error, (q - 1) * error), axis=-1)

            return loss
    """,
    "cosine similarity": """
        import tensorflow as tf

        def cosine_loss(y_true, y_pred):
            a = tf.math.l2_normalize(y_true, axis=-1)
            b = tf.math.l2_normalize(y_pred, axis=-1)
            return -tf.reduce_sum(a * b, axis=-1)
    """,
    "a Wasserstein loss": """
        from tensorflow.keras import backend as K

        def wasserstein_loss(y_true, y_pred):
            return K.mean(y_true * y_pred)
    """,
    "symmetric cross-entropy": """
        import tensorflow as tf

        def symmetric_loss(y_true, y_pred):
            p = tf.clip_by_value(y_pred, 1e-7, 1.0)
            y = tf.clip_by_value(y_true, 1e-4, 1.0)
            forward = -tf.reduce_sum(y_true * tf.math.log(p), axis=-1)
            return forward - tf.reduce_sum(y_pred * tf.math.log(y), axis=-1)
    """,
}


@pytest.mark.parametrize("code", cases(HITS))
def test_faults_are_found(code: str) -> None:
    check_hit(code)


@pytest.mark.parametrize("code", cases(NEAR_MISSES))
def test_left_alone(code: str) -> None:
    check_near_miss(code)


@pytest.mark.parametrize("code", [f"BCE{number}" for number in range(201, 213)])
def test_each_rule_is_tried_several_times(code: str) -> None:
    assert sum(any(found == code for found, _ in expected(snippet)) for snippet in HITS.values()) >= 3


def test_more_near_misses_than_hits() -> None:
    assert len(NEAR_MISSES) > len(HITS)


# --- what the facts say -----------------------------------------------------------------------------------------------


def numerics(code: str) -> list[Numeric]:
    return [fact for fact in facts(code) if isinstance(fact, Numeric)]


def numeric(body: str, parameters: str = "y_true, y_pred", before: str = "") -> Numeric:
    """The only operation that a loss is found fault with."""
    made = numerics(f"import numpy as np\nimport tensorflow as tf\n{before}\ndef bce({parameters}):\n{body}\n")
    assert len(made) == 1, made
    return made[0]


def test_the_operand_and_its_witness() -> None:
    fact = numeric("    return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - y_pred))")
    assert (fact.kind, fact.dtype, fact.low, fact.high, fact.reached) == ("log", "float32", 0.0, 1.0, 0.0)
    assert fact.witness == (("y_pred", 1.0),)
    assert fact.argument is not None
    assert (fact.argument.text, fact.argument.atom, fact.variable) == ("1 - y_pred", False, "y_pred")
    assert (fact.api, fact.function) == ("tf.math.log", "tf.math.log")
    assert not fact.compiled
    assert fact.epsilon is None


# How an epsilon is written: what is known of its value, and of the places where it can be changed.
EPSILONS = {
    "literals": ("", "y_true, y_pred", "1e-15, 1 - 1e-15", 2),
    "a default": ("", "y_true, y_pred, eps=1e-12", "eps, 1 - eps", 1),
    "a constant of the module": ("EPS = 1e-10\n", "y_true, y_pred", "EPS, 1 - EPS", 1),
    "a constant made of others": ("EPS = 1e-4 * 1e-6\n", "y_true, y_pred", "EPS, 1 - EPS", 2),
    "a function of numpy": ("", "y_true, y_pred", "np.finfo(float).eps, 1 - np.finfo(float).eps", 0),
    "a bound that is written out": ("", "y_true, y_pred", "1e-15, 0.999999999999999", 2),
}


@pytest.mark.parametrize(("before", "parameters", "bounds", "places"), EPSILONS.values(), ids=EPSILONS)
def test_where_an_epsilon_is_written(before: str, parameters: str, bounds: str, places: int) -> None:
    body = f"    p = tf.clip_by_value(y_pred, {bounds})\n    return -tf.reduce_mean((1 - y_true) * tf.math.log(1 - p))"
    fact = numeric(body, parameters, before)
    assert fact.epsilon is not None
    assert 0 < min(abs(fact.epsilon), abs(1 - fact.epsilon)) < 1e-8
    assert len(set(fact.epsilon_places)) == places
    assert not fact.compiled


@pytest.mark.parametrize(
    ("operand", "compiled"),
    [("1 - y_pred + 1e-8", True), ("1e-8 + (1 - y_pred)", True), ("1 - tf.minimum(y_pred, 1 - 1e-8)", False)],
)
def test_an_epsilon_that_only_a_compiler_loses(operand: str, compiled: bool) -> None:
    positive = "    first = y_true * tf.math.log(y_pred + 1e-7)\n"
    fact = numeric(f"{positive}    return -tf.reduce_mean(first + (1 - y_true) * tf.math.log({operand}))")
    assert (fact.compiled, fact.shared) == (compiled, False)
    assert fact.epsilon is not None


def test_a_difference_that_is_used_twice() -> None:
    fact = numeric("    q = 1 - y_pred\n    return -tf.reduce_mean((1 - y_true) * q * tf.math.log(q + 1e-8))")
    assert (fact.compiled, fact.shared) == (True, True)


@pytest.mark.parametrize(("dtype", "epsilon"), [("float16", 1e-4), ("bfloat16", 1e-3), ("half", 1e-7)])
def test_the_type_that_it_is_computed_in(dtype: str, epsilon: float) -> None:
    fact = numeric(
        f"    p = tf.clip_by_value(tf.cast(y_pred, tf.{dtype}), {epsilon}, 1 - {epsilon})\n"
        "    return -tf.reduce_mean(tf.math.log(1 - p))"
    )
    assert fact.dtype == {"half": "float16"}.get(dtype, dtype)
    assert fact.epsilon is not None


TWINS = {
    "tf.math.log(tf.sigmoid(y_pred))": ("log_sigmoid", "y_pred"),
    "tf.math.log(tf.nn.softmax(2 * y_pred))": ("log_softmax", "2 * y_pred"),
    "tf.math.log(1 - tf.sigmoid(y_pred))": ("log_sigmoid of the negative", "y_pred"),
    "tf.math.log(1.0 + tf.exp(-y_true * y_pred))": ("softplus", "-y_true * y_pred"),
}


@pytest.mark.parametrize("operation", TWINS)
def test_the_stable_twin(operation: str) -> None:
    fact = numeric(f"    return -tf.reduce_mean({operation})")
    assert fact.operand is not None
    assert (fact.twin, fact.operand.text) == TWINS[operation]


def test_what_lies_in_a_branch() -> None:
    fact = numeric("    return -tf.where(y_true * y_pred > 0, tf.math.log(y_true * y_pred), 0.0)")
    assert (fact.kind, fact.inner_kind, fact.branch, fact.test) == ("where", "log", True, "y_true * y_pred > 0")
    assert fact.inner is not None
    assert fact.place.contains(fact.inner)


def test_what_is_added_behind() -> None:
    fact = numeric("    return -tf.reduce_mean(y_true * (tf.math.log(y_pred) + 1e-9))")
    assert fact.outside is not None
    assert (fact.outside.text, fact.outside_value) == ("1e-9", 1e-9)
    assert fact.outer is not None
    assert fact.outer.contains(fact.place)


@pytest.mark.parametrize(
    ("text", "operator"), [("total / tf.reduce_sum(y_pred)", True), ("tf.divide(total, tf.reduce_sum(y_pred))", False)]
)
def test_a_ratio_of_sums(text: str, operator: bool) -> None:
    fact = numeric(f"    total = tf.reduce_sum(y_true * y_pred)\n    return 1 - {text}")
    assert (fact.kind, fact.operator, fact.reached) == ("division", operator, 0.0)
    assert fact.argument is not None
    assert fact.argument.text == "tf.reduce_sum(y_pred)"


def test_statements_of_a_variable_that_is_bound_again() -> None:
    made = numerics(
        """
        import tensorflow as tf

        def bce(y_true, y_pred):
            p = tf.squeeze(y_pred)
            first = tf.math.log(p)
            p = tf.reshape(y_pred, (-1,))
            return -tf.reduce_mean(y_true * (first + tf.math.log(p) + tf.math.log(1 - p)))
        """
    )
    bound = [fact.bound.row if fact.bound is not None else 0 for fact in made]
    assert sorted(bound) == [4, 6, 6]
    assert {fact.variable for fact in made} == {"p"}
    assert {fact.statement.row for fact in made if fact.statement is not None} == {5, 7}


def whole(code: str) -> CustomLoss:
    made = [fact for fact in facts(code) if isinstance(fact, CustomLoss)]
    assert len(made) == 1, made
    return made[0]


@pytest.mark.parametrize(
    ("sign", "terms", "rises"),
    [
        ("-", "y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p)", ()),
        ("", "y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p)", (1, 0)),
        ("-", "y_true * tf.math.log(p) - (1 - y_true) * tf.math.log(1 - p)", (0,)),
        ("", "y_true * tf.math.log(p) - (1 - y_true) * tf.math.log(1 - p)", (1,)),
    ],
)
def test_which_labels_have_the_wrong_sign(sign: str, terms: str, rises: tuple[int, ...]) -> None:
    fact = whole(
        "import tensorflow as tf\ndef bce(y_true, y_pred):\n    p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)\n"
        f"    return {sign}tf.reduce_mean({terms}, axis=-1)\n"
    )
    assert fact.rises == rises
    if rises:
        best, worst = fact.values
        assert best == pytest.approx(-0.0513, abs=1e-4)
        assert worst == pytest.approx(-2.9957, abs=1e-4)
    assert (fact.name, fact.place.row, fact.cut, fact.reduction) == ("bce", 4, None, None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("K.mean(K.square(y_true - y_pred))", True),
        ("K.sum(K.square(y_true - y_pred)) / 32.0", True),
        ("1 - K.sum(y_true * y_pred, axis=(0, 1))", True),
        ("K.mean(K.square(y_true - y_pred), axis=-1)", False),
        ("K.mean(K.square(y_true - y_pred)) + K.square(y_true - y_pred)", False),
        ("K.square(y_true - y_pred)", False),
    ],
)
def test_what_makes_one_number_of_the_batch(text: str, found: bool) -> None:
    fact = whole(f"from tensorflow.keras import backend as K\ndef loss(y_true, y_pred):\n    return {text}\n")
    assert (fact.reduction is not None) is found


def test_what_a_factory_needs() -> None:
    code = """
        import keras

        def focal(gamma, alpha=0.25):
            return lambda y_true, y_pred: alpha * (y_true - y_pred) ** gamma

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(loss=focal)
    """
    made = [fact for fact in facts(code) if isinstance(fact, UncalledLoss)]
    assert [(fact.name, fact.kind, fact.needs) for fact in made] == [("focal", "factory", ("gamma",))]


def test_the_two_that_change_places() -> None:
    code = """
        import keras

        def loss(y_true, y_pred):
            return keras.losses.binary_crossentropy(y_pred, y_true)
    """
    made = [fact for fact in facts(code) if isinstance(fact, SwappedArguments)]
    assert [(fact.loss, fact.first.column, fact.second.column) for fact in made] == [("binary_crossentropy", 45, 53)]
