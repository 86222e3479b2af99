"""Losses that meet their prediction outside ``compile``: GradientTape, train_step, GANs."""

from __future__ import annotations

import pytest

from bcelint.inference.facts import Context
from tests.inference.support import cases, check_hit, check_near_miss, check_sound, check_undecided, pairings

HITS = {
    "gradient tape at module level": """
        import tensorflow as tf
        from tensorflow import keras

        model = keras.Sequential([keras.layers.Dense(10, activation="softmax")])
        loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.Adam()

        for epoch in range(2):
            for x_batch, y_batch in train_dataset:
                with tf.GradientTape() as tape:
                    logits = model(x_batch, training=True)
                    loss_value = loss_fn(y_batch, logits)  # <- BCE108
                grads = tape.gradient(loss_value, model.trainable_weights)
                optimizer.apply_gradients(zip(grads, model.trainable_weights))
    """,
    "train step in a tf.function": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        bce = tf.keras.losses.BinaryCrossentropy()

        @tf.function
        def train_step(images, labels):
            with tf.GradientTape() as tape:
                predictions = model(images, training=True)
                loss = bce(labels, predictions)  # <- BCE102
            gradients = tape.gradient(loss, model.trainable_variables)
            return loss

        for images, labels in dataset:
            train_step(images, labels)
    """,
    "train step with a signature": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
        bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)

        @tf.function(input_signature=[tf.TensorSpec([None, 8])])
        def train_step(x):
            return bce(tf.ones((8, 1)), model(x))  # <- BCE101
    """,
    "nested functions": """
        import tensorflow as tf

        def fit(data):
            model = tf.keras.Sequential([tf.keras.layers.Dense(1, activation="sigmoid")])
            criterion = tf.keras.losses.BinaryCrossentropy(from_logits=True)

            def step(x, y):
                def objective():
                    return criterion(y, model(x))  # <- BCE101

                return objective()

            for x, y in data:
                step(x, y)
    """,
    "model and loss as parameters": """
        import tensorflow as tf

        def train_step(model, loss_fn, x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(loss_fn(y, model(x)))  # <- BCE102
            return tape.gradient(loss, model.trainable_variables)

        net = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        train_step(net, tf.keras.losses.binary_crossentropy, x, y)
    """,
    "train_step of a subclass": """
        import keras
        import tensorflow as tf

        class CustomModel(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1, activation="sigmoid")
                self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

            def call(self, x):
                return self.dense(x)

            def train_step(self, data):
                x, y = data
                with tf.GradientTape() as tape:
                    y_pred = self(x, training=True)
                    loss = self.bce(y, y_pred)  # <- BCE101
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                return {"loss": loss}
    """,
    "GAN with functions": """
        import tensorflow as tf
        from tensorflow.keras import layers

        def make_discriminator_model():
            model = tf.keras.Sequential()
            model.add(layers.Conv2D(64, 5, strides=2, padding="same"))
            model.add(layers.LeakyReLU())
            model.add(layers.Flatten())
            model.add(layers.Dense(1, activation="sigmoid"))
            return model

        cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        discriminator = make_discriminator_model()

        def discriminator_loss(real_output, fake_output):
            real_loss = cross_entropy(tf.ones_like(real_output), real_output)  # <- BCE101
            fake_loss = cross_entropy(tf.zeros_like(fake_output), fake_output)  # <- BCE101
            return real_loss + fake_loss

        def generator_loss(fake_output):
            return cross_entropy(tf.ones_like(fake_output), fake_output)  # <- BCE101

        @tf.function
        def train_step(images):
            noise = tf.random.normal([256, 100])
            with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
                generated = generator(noise, training=True)
                real_output = discriminator(images, training=True)
                fake_output = discriminator(generated, training=True)
                gen_loss = generator_loss(fake_output)
                disc_loss = discriminator_loss(real_output, fake_output)
    """,
    "GAN as a class": """
        import keras
        from keras import layers

        class GAN:
            def __init__(self):
                self.discriminator = self.build_discriminator()
                self.discriminator.compile(loss="binary_crossentropy", optimizer="adam")  # <- BCE102
                self.generator = self.build_generator()
                z = keras.Input((100,))
                self.discriminator.trainable = False
                valid = self.discriminator(self.generator(z))
                self.combined = keras.Model(z, valid)
                self.combined.compile(loss="binary_crossentropy", optimizer="adam")  # <- BCE102

            def build_generator(self):
                model = keras.Sequential([layers.Dense(784, activation="tanh"), layers.Reshape((28, 28, 1))])
                noise = keras.Input((100,))
                return keras.Model(noise, model(noise))

            def build_discriminator(self):
                model = keras.Sequential([layers.Flatten(), layers.Dense(512), layers.Dense(1)])
                img = keras.Input((28, 28, 1))
                return keras.Model(img, model(img))

            def train(self, epochs):
                for epoch in range(epochs):
                    self.discriminator.train_on_batch(imgs, valid)
                    self.combined.train_on_batch(noise, valid)

        if __name__ == "__main__":
            GAN().train(1000)
    """,
    "GAN as a keras.Model": """
        import keras
        import tensorflow as tf
        from keras import layers

        discriminator = keras.Sequential([layers.Flatten(), layers.Dense(1, activation="sigmoid")])

        class GAN(keras.Model):
            def __init__(self, discriminator, generator):
                super().__init__()
                self.discriminator = discriminator
                self.generator = generator

            def compile(self, d_optimizer, g_optimizer, loss_fn):
                super().compile()
                self.loss_fn = loss_fn

            def train_step(self, real_images):
                with tf.GradientTape() as tape:
                    predictions = self.discriminator(real_images)
                    d_loss = self.loss_fn(tf.ones((32, 1)), predictions)  # <- BCE101
                return {"d_loss": d_loss}

        gan = GAN(discriminator, generator)
        gan.compile("adam", "adam", keras.losses.BinaryCrossentropy(from_logits=True))
        gan.fit(dataset)
    """,
    "TF 1 session": """
        import tensorflow as tf

        x = tf.placeholder(tf.float32, [None, 784])
        W = tf.Variable(tf.zeros([784, 10]))
        b = tf.Variable(tf.zeros([10]))
        y = tf.nn.softmax(tf.matmul(x, W) + b)
        y_ = tf.placeholder(tf.float32, [None, 10])
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y))  # <- BCE108
    """,
    "loss as an attribute, called from another method": """
        import tensorflow as tf

        class Trainer:
            def __init__(self, model):
                self.model = model
                self.loss_object = tf.keras.losses.SparseCategoricalCrossentropy()

            def compute_loss(self, x, y):
                logits = self.model(x)
                return self.loss_object(y, logits)  # <- BCE109

            def train(self, ds):
                for x, y in ds:
                    self.compute_loss(x, y)

        trainer = Trainer(tf.keras.Sequential([tf.keras.layers.Dense(10)]))
        trainer.train(ds)
    """,
    "add_loss of a functional model": """
        import keras
        from keras import layers, ops

        inputs = keras.Input((784,))
        code = layers.Dense(2)(inputs)
        decoded = layers.Dense(784, activation="sigmoid")(code)
        model = keras.Model(inputs, decoded)
        reconstruction = keras.losses.BinaryCrossentropy(from_logits=True)(inputs, decoded)  # <- BCE101
        model.add_loss(reconstruction)
    """,
    "keyword arguments of the call": """
        import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        bce = keras.losses.BinaryCrossentropy()
        loss = bce(y_true=y, y_pred=model(x))  # <- BCE102
    """,
    "the prediction sliced": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="sigmoid")])
        scores = model(x)
        loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=scores[:, 0])  # <- BCE101
    """,
}

SOUND = {
    "gradient tape": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(10)])
        loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            tape.gradient(loss, model.trainable_variables)
    """,
    "GAN with logits": """
        import tensorflow as tf
        from tensorflow.keras import layers

        cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        generator = tf.keras.Sequential([layers.Dense(784, activation="sigmoid")])
        discriminator = tf.keras.Sequential([layers.Flatten(), layers.Dense(1)])

        def discriminator_loss(real, fake):
            return cross_entropy(tf.ones_like(real), real) + cross_entropy(tf.zeros_like(fake), fake)

        def train_step(images):
            fake = generator(tf.random.normal([32, 100]))
            return discriminator_loss(discriminator(images), discriminator(fake))
    """,
    "sigmoid before the probability loss": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        bce = tf.keras.losses.BinaryCrossentropy()

        def step(x, y):
            logits = model(x)
            return bce(y, tf.sigmoid(logits))
    """,
    "logits for the loss, sigmoid for the metric": """
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        accuracy = tf.keras.metrics.BinaryAccuracy()

        def step(x, y):
            logits = model(x)
            accuracy.update_state(y, tf.sigmoid(logits))
            return bce(y, logits)
    """,
    "prob and logit returned together": """
        import tensorflow as tf

        def discriminator(x):
            logit = tf.keras.layers.Dense(1)(x)
            return tf.nn.sigmoid(logit), logit

        D_real, D_logit_real = discriminator(X)
        D_loss = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(logits=D_logit_real, labels=tf.ones_like(D_logit_real))
        )
    """,
    "TF 1 session": """
        import tensorflow as tf

        W = tf.Variable(tf.zeros([784, 10]))
        logits = tf.matmul(x, W)
        probabilities = tf.nn.softmax(logits)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=logits))
    """,
    "two losses for two heads": """
        import keras

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.kind = keras.layers.Dense(10, activation="softmax")
                self.score = keras.layers.Dense(1)

            def call(self, x):
                return self.kind(x), self.score(x)

        net = Net()
        cce = keras.losses.SparseCategoricalCrossentropy()
        bce = keras.losses.BinaryCrossentropy(from_logits=True)
        kind, score = net(x)
        loss = cce(y_kind, kind) + bce(y_score, score)
    """,
    "train_step": """
        import keras

        class CustomModel(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1)
                self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

            def call(self, x):
                return self.dense(x)

            def train_step(self, data):
                x, y = data
                return {"loss": self.bce(y, self(x))}
    """,
}

NEAR_MISSES = {
    "generator and discriminator are not mixed up": """
        import tensorflow as tf
        from tensorflow.keras import layers

        bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)

        def generator_loss(disc_generated_output, gen_output, target):
            gan_loss = bce(tf.ones_like(disc_generated_output), disc_generated_output)
            l1_loss = tf.reduce_mean(tf.abs(target - gen_output))
            return gan_loss + 100 * l1_loss
    """,
    "a loss object that is never called": """
        import keras

        bce = keras.losses.BinaryCrossentropy(from_logits=True)
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        predictions = model.predict(x)
    """,
    "the labels are probabilities": """
        import keras

        teacher = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        student = keras.Sequential([keras.layers.Dense(1)])
        bce = keras.losses.BinaryCrossentropy(from_logits=True)
        loss = bce(teacher(x), student(x))
    """,
    "distillation with KL": """
        import keras
        from keras import ops

        kl = keras.losses.KLDivergence()
        student = keras.Sequential([keras.layers.Dense(10)])
        loss = kl(ops.softmax(teacher_logits / 3), ops.softmax(student(x) / 3))
    """,
    "least-squares GAN": """
        import keras

        mse = keras.losses.MeanSquaredError()
        discriminator = keras.Sequential([keras.layers.Dense(1)])
        loss = mse(ones, discriminator(images))
    """,
}

UNDECIDED = {
    "a model from outside": """
        import keras

        bce = keras.losses.BinaryCrossentropy()

        def step(model, x, y):
            return bce(y, model(x))
    """,
    "a generator from another module": """
        import tensorflow as tf
        from networks import Discriminator

        disc = Discriminator()
        bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        loss = bce(tf.ones((4, 1)), disc(images))
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


def test_a_direct_call_is_its_own_context() -> None:
    made = pairings(
        """
        import keras

        model = keras.Sequential([keras.layers.Dense(1)])
        loss = keras.losses.BinaryCrossentropy()(y, model(x))
        """
    )
    assert [(pair.context, pair.site.row) for pair in made] == [(Context.CALL, 4)]
    assert [step.kind for step in made[0].head.steps] == ["call"]


def test_predict_is_a_step() -> None:
    made = pairings(
        """
        import keras

        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        loss = keras.losses.binary_crossentropy(y, model.predict(x), from_logits=True)
        """
    )
    assert "numpy" in [step.kind for step in made[0].head.steps]
