"""A model that is compiled and provably never trained is left alone; one that may be trained elsewhere is not."""

from __future__ import annotations

import pytest

from tests.inference.support import cases, check_hit, check_near_miss

START = """import keras
from keras import layers

generator = keras.Sequential([layers.Dense(784, activation="tanh")])
generator.compile(loss="binary_crossentropy", optimizer="adam"){mark}
"""


def script(rest: str, *, hit: bool) -> str:
    return START.format(mark="  # <- BCE103" if hit else "") + rest


TRAINED = {
    "fit": "generator.fit(z, x)",
    "fit_generator": "generator.fit_generator(batches, steps_per_epoch=10)",
    "train_on_batch": "for z, x in data:\n    generator.train_on_batch(z, x)",
    "evaluate": "score = generator.evaluate(z, x)",
    "test_on_batch": "generator.test_on_batch(z, x)",
    "nothing else happens": "",
    "given to an unknown function": "from helpers import train\nimages = generator(z)\ntrain(generator)",
    "given to an unknown object": "from helpers import Trainer\nimages = generator(z)\nTrainer(model=generator).run()",
    "in a list given away": "from helpers import train_all\nimages = generator(z)\ntrain_all([generator])",
    "in a dict given away": 'from helpers import train_all\nimages = generator(z)\ntrain_all({"g": generator})',
    "trained in a function": "def run(data):\n    generator.fit(data)\nimages = generator(z)",
    "trained under a test": "images = generator(z)\nif training:\n    generator.fit(z, x)",
    "trained under another name": "images = generator(z)\nnet = generator\nnet.fit(z, x)",
    "returned by a function that nobody calls": "images = generator(z)\ndef get():\n    return generator",
    "tuned by scikit-learn": "images = generator(z)\nsearch = GridSearchCV(estimator=generator, param_grid=grid)",
}

NOT_TRAINED = {
    "called only": "fake = generator(z)",
    "called inside another model": (
        "noise = keras.Input((100,))\n"
        "critic = keras.Sequential([layers.Dense(1, activation='sigmoid')])\n"
        "combined = keras.Model(noise, critic(generator(noise)))\n"
        "combined.compile(loss='binary_crossentropy')\n"
        "combined.fit(z, ones)"
    ),
    "predicts only": "images = generator.predict(z)",
    "predicts in a loop": "for epoch in range(100):\n    images = generator.predict_on_batch(z)",
    "predicts in a function": "def sample(n):\n    return generator.predict(noise(n))",
    "summary and predict": "generator.summary()\nimages = generator.predict(z)",
    "weights loaded": "generator.load_weights('g.h5')\nimages = generator.predict(z)",
    "compiled again with the right loss": (
        "images = generator.predict(z)\ngenerator.compile(loss='mse')\nimages = generator.predict(z)"
    ),
    "saved": "images = generator.predict(z)\ngenerator.save('generator.keras')",
    "its layers frozen": "generator.trainable = False\nimages = generator.predict(z)",
}


@pytest.mark.parametrize("rest", cases(TRAINED))
def test_may_be_trained(rest: str) -> None:
    check_hit(script(rest, hit=True))


@pytest.mark.parametrize("rest", cases(NOT_TRAINED))
def test_is_never_trained(rest: str) -> None:
    check_near_miss(script(rest, hit=False))


GANS = {
    "a class whose generator is compiled out of habit": """
        import keras
        from keras import layers

        class GAN:
            def __init__(self):
                self.discriminator = self.build_discriminator()
                self.discriminator.compile(loss="binary_crossentropy", optimizer="adam")
                self.generator = self.build_generator()
                self.generator.compile(loss="binary_crossentropy", optimizer="adam")
                z = keras.Input((100,))
                img = self.generator(z)
                self.discriminator.trainable = False
                self.combined = keras.Model(z, self.discriminator(img))
                self.combined.compile(loss="binary_crossentropy", optimizer="adam")

            def build_generator(self):
                model = keras.Sequential([layers.Dense(784, activation="tanh")])
                noise = keras.Input((100,))
                return keras.Model(noise, model(noise))

            def build_discriminator(self):
                model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
                img = keras.Input((784,))
                return keras.Model(img, model(img))

            def train(self, epochs, batch_size=128):
                for epoch in range(epochs):
                    gen_imgs = self.generator.predict(noise)
                    self.discriminator.train_on_batch(gen_imgs, fake)
                    self.combined.train_on_batch(noise, valid)

            def sample_images(self, epoch):
                return 0.5 * self.generator.predict(noise) + 0.5

        if __name__ == "__main__":
            gan = GAN()
            gan.train(epochs=30000, batch_size=32)
    """,
    "functions that return both": """
        import keras
        from keras import layers

        def build_generator():
            generator = keras.Sequential([layers.Dense(784, activation="tanh")])
            generator.compile(loss="binary_crossentropy", optimizer="adam")
            return generator

        def build_discriminator():
            discriminator = keras.Sequential([layers.Dense(1, activation="sigmoid")])
            discriminator.compile(loss="binary_crossentropy", optimizer="adam")
            return discriminator

        def build_gan(discriminator, generator):
            discriminator.trainable = False
            noise = keras.Input((100,))
            gan = keras.Model(inputs=noise, outputs=discriminator(generator(noise)))
            gan.compile(loss="binary_crossentropy", optimizer="adam")
            return gan

        def train(epochs):
            generator = build_generator()
            discriminator = build_discriminator()
            gan = build_gan(discriminator, generator)
            for _ in range(epochs):
                images = generator.predict(noise)
                discriminator.train_on_batch(images, labels)
                gan.train_on_batch(noise, ones)

        train(400)
    """,
}


@pytest.mark.parametrize("code", cases(GANS))
def test_generators_compiled_out_of_habit(code: str) -> None:
    check_near_miss(code)
