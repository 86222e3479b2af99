from tests.installed_keras import keras3, libraries, library, tensorflow, tf_keras

__all__ = ["keras3", "libraries", "library", "tensorflow", "tf_keras"]
