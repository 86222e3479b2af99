"""Canonical names: one spelling for each API object, whatever module it was imported through.

``tensorflow.keras.layers.Dense``, ``tf_keras.layers.core.Dense`` and ``keras.layers.Dense`` are all
``keras.layers.Dense``; ``tensorflow.compat.v1.log`` is ``tf.log``. Names of other packages stay as they are.
"""

from __future__ import annotations

from functools import lru_cache

# Module paths that are another module under a different name. The longest match wins; each result is looked up again,
# so that ``tensorflow.compat.v1.keras`` becomes ``tf.keras`` and then ``keras``.
MODULE_ALIASES: dict[str, str] = {
    "tensorflow": "tf",
    "tensorflow_core": "tf",
    "tf.v1": "tf",
    "tf.v2": "tf",
    "tf.compat.v1": "tf",
    "tf.compat.v2": "tf",
    "tf.compat": "tf",
    "tf._api.v2": "tf",
    "tf._api.v1": "tf",
    "tf.keras": "keras",
    "tf.python.keras": "keras",
    "tf.contrib.keras.python.keras": "keras",
    "tf.contrib.keras.api.keras": "keras",
    "tf.contrib.keras": "keras",
    "tf.python.framework.ops": "tf",
    "tf.python.ops.math_ops": "tf",
    "tf.python.ops.array_ops": "tf",
    "tf.python.ops.nn_ops": "tf.nn",
    "tf.python.ops.nn": "tf.nn",
    "tf.python.ops.nn_impl": "tf.nn",
    "tf.python.ops.losses.losses": "tf.losses",
    "tf.python.ops.losses.losses_impl": "tf.losses",
    "tf.python.ops.clip_ops": "tf",
    "tf_keras": "keras",
    "tf_keras.src": "keras",
    "keras_core": "keras",
    "keras.src": "keras",
    "keras.api": "keras",
    "keras._tf_keras.keras": "keras",
    "keras.api._v1.keras": "keras",
    "keras.api._v2.keras": "keras",
    "keras._v1.keras": "keras",
    "keras._v2.keras": "keras",
    "keras_applications": "keras.applications",
    "efficientnet.keras": "keras.applications",
    "efficientnet.tfkeras": "keras.applications",
    "keras.objectives": "keras.losses",
    "keras.engine.training": "keras.engine",
    "keras.engine.topology": "keras.engine",
    "keras.engine.base_layer": "keras.engine",
    "keras.engine.input_layer": "keras.engine",
    "keras.engine.sequential": "keras.engine",
    "keras.engine.functional": "keras.engine",
    "keras.ops.nn": "keras.ops",
    "keras.ops.numpy": "keras.ops",
    "keras.ops.math": "keras.ops",
    "keras.ops.core": "keras.ops",
    "keras.backend.tensorflow_backend": "keras.backend",
    "keras.layers.experimental.preprocessing": "keras.layers",
    "keras.layers.experimental": "keras.layers",
    "keras.layers.merge": "keras.layers",
    "keras.layers.merging": "keras.layers",
    "keras.utils.numerical_utils": "keras.utils",
    "tf.contrib.layers.python.layers": "tf.contrib.layers",
    "tf.contrib.slim": "tf.contrib.layers",
    "tf_slim": "tf.contrib.layers",
    "tensorflow_addons": "tfa",
    "tensorflow_probability": "tfp",
    "tensorflow_hub": "hub",
    "segmentation_models": "sm",
    "segmentation_models_3D": "sm",
    "keras_nlp": "keras_hub",
    "kerastuner": "keras_tuner",
    "keras_tuner.backend.keras": "keras",
    "keras_cv.src": "keras_cv",
    "keras_cv.backend.keras": "keras",
    "keras_cv.backend.ops": "keras.ops",
    "keras_hub.src": "keras_hub",
    "keras.backend.tf": "tf",
    "bert4keras.backend.keras": "keras",
    "bert4keras.backend.K": "keras.backend",
    "tensorflow_transform.keras_lib.tf_keras": "keras",
    "jax.numpy": "jnp",
    "numpy": "np",
    "autograd.numpy": "np",
}

# Where the objects that live at several addresses are at home.
OBJECT_HOMES: dict[str, str] = {
    "keras.models.Model": "keras.Model",
    "keras.models.Sequential": "keras.Sequential",
    "keras.models.Functional": "keras.Model",
    "keras.engine.Model": "keras.Model",
    "keras.engine.Sequential": "keras.Sequential",
    "keras.engine.Functional": "keras.Model",
    "keras.engine.Input": "keras.Input",
    "keras.engine.Layer": "keras.layers.Layer",
    "keras.engine.InputLayer": "keras.layers.InputLayer",
    "keras.layers.Input": "keras.Input",
    "keras.Layer": "keras.layers.Layer",
    "keras.Loss": "keras.losses.Loss",
    "keras.Metric": "keras.metrics.Metric",
    "keras.config.epsilon": "keras.backend.epsilon",
} | {
    # The layer classes of TF 1; its functions (tf.layers.dense) are objects of their own.
    f"tf.layers.{name}": f"keras.layers.{name}"
    for name in [
        "Dense",
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "Conv2DTranspose",
        "Flatten",
        "Dropout",
        "BatchNormalization",
        "MaxPooling2D",
    ]
}

# Packages below which the modules between the package and the object carry no meaning: ``keras.layers.core.Dense``.
FLAT_PACKAGES: tuple[str, ...] = (
    "keras.layers.",
    "keras.losses.",
    "keras.metrics.",
    "keras.activations.",
    "keras.applications.",
    "keras.models.",
    "tfa.losses.",
    "tfa.metrics.",
    "tfa.activations.",
    "spektral.layers.",
    "spektral.models.",
)

# What only Keras 1 and 2.0 have: arguments, and names of functions, layers and modules.
KERAS_1_KEYWORDS = frozenset(
    {
        "nb_epoch",
        "border_mode",
        "nb_filter",
        "nb_row",
        "nb_col",
        "subsample",
        "samples_per_epoch",
        "nb_val_samples",
        "dim_ordering",
        "W_regularizer",
        "b_regularizer",
        "inner_init",
        "nb_classes",
    }
)
KERAS_1_NAMES = frozenset(
    {
        "Convolution1D",
        "Convolution2D",
        "Convolution3D",
        "MaxoutDense",
        "TimeDistributedDense",
        "Deconvolution2D",
        "image_dim_ordering",
        "set_image_dim_ordering",
        "np_utils",
        "objectives",
        "Graph",
    }
)


@lru_cache(maxsize=8192)
def canonical(path: str) -> str:
    """The canonical name for a dotted path (``tensorflow.keras.losses`` -> ``keras.losses``)."""
    for _ in range(8):
        replaced = _replace_prefix(path)
        if replaced == path:
            break
        path = replaced
    for package in FLAT_PACKAGES:
        if path.startswith(package) and path.count(".") > package.count("."):
            last = path.rpartition(".")[2]
            if last[:1].isupper() or package not in ("keras.layers.", "keras.applications."):
                path = package + last
            break
    return OBJECT_HOMES.get(path, path)


def _replace_prefix(path: str) -> str:
    end = len(path)
    while end > 0:
        alias = MODULE_ALIASES.get(path[:end])
        if alias is not None:
            return alias + path[end:]
        end = path.rfind(".", 0, end)
    return path
