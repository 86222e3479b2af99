"""Fixtures with the Keras that is installed: Keras 3 on TensorFlow, and tf_keras (Keras 2), in one process.

Importing TensorFlow takes seconds, so that each process does it once. Both come with the ``test`` extra; where they are
missing the tests fail and say so, because a contract that is not checked is not kept.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType, SimpleNamespace

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

KERAS_3, KERAS_2 = "keras", "tf_keras"


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.fail(f"{error}: these tests need the `test` extra (pip install -e '.[test]')", pytrace=False)


@pytest.fixture(scope="session")
def tensorflow() -> ModuleType:
    module = _import("tensorflow")
    module.get_logger().setLevel("ERROR")
    return module


@pytest.fixture(scope="session")
def libraries(tensorflow: ModuleType) -> SimpleNamespace:
    """Both Keras, by the name under which they are imported."""
    keras, tf_keras = _import("keras"), _import("tf_keras")
    assert keras.__version__.startswith("3."), "`keras` has to be Keras 3"
    assert keras.backend.backend() == "tensorflow", "the tables are held against Keras 3 on TensorFlow"
    return SimpleNamespace(keras=keras, tf_keras=tf_keras)


@pytest.fixture(scope="session")
def keras3(libraries: SimpleNamespace) -> ModuleType:
    return libraries.keras


@pytest.fixture(scope="session")
def tf_keras(libraries: SimpleNamespace) -> ModuleType:
    return libraries.tf_keras


@pytest.fixture(scope="session", params=[KERAS_3, KERAS_2])
def library(request: pytest.FixtureRequest, libraries: SimpleNamespace) -> ModuleType:
    """Keras 3, then tf_keras."""
    return getattr(libraries, request.param)


def leaf(name: str) -> str:
    """``keras.losses.BinaryCrossentropy`` -> ``BinaryCrossentropy``."""
    return name.rpartition(".")[2]
