"""Which programs may run without asking."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

from bcelint.verify.policy import objections

ALLOWED = {
    "Keras's backend": """
        from keras import backend as K
        def loss(y_true, y_pred):
            return -K.mean(y_true * K.log(y_pred + K.epsilon()))
    """,
    "tf.math": """
        import tensorflow as tf
        @tf.function
        def loss(y_true, y_pred):
            return tf.reduce_mean(tf.math.squared_difference(tf.cast(y_true, tf.float32), y_pred), axis=-1)
    """,
    "focal, with a factory and a name of its own": """
        import tensorflow.keras.backend as K
        import tensorflow as tf
        def focal_loss(gamma=2.0, alpha=0.25):
            def focal_loss_fixed(y_true, y_pred):
                pt = tf.where(tf.equal(y_true, 1), y_pred, tf.ones_like(y_pred))
                return -K.mean(alpha * K.pow(1.0 - pt, gamma) * K.log(pt))
            focal_loss_fixed.__name__ = f"focal_{gamma}"
            return focal_loss_fixed
    """,
    "a class": """
        import keras
        from keras import ops
        @keras.saving.register_keras_serializable(package="mine")
        class Dice(keras.losses.Loss):
            def __init__(self, smooth=1.0, name="dice", **kwargs):
                super().__init__(name=name, **kwargs)
                self.smooth = smooth
            def call(self, y_true, y_pred):
                return 1 - (2 * ops.sum(y_true * y_pred) + self.smooth) / (ops.sum(y_true + y_pred) + self.smooth)
            def get_config(self):
                return {**super().get_config(), "smooth": self.smooth}
    """,
    "a named tuple, partial, itertools, typing, warnings": """
        from __future__ import annotations
        import itertools, functools, warnings, operator
        from collections import namedtuple
        from dataclasses import dataclass
        from typing import Callable, Optional
        import tensorflow as tf
        Weights = namedtuple("Weights", "a b")
        @dataclass(frozen=True)
        class Settings:
            gamma: float = 2.0
        def make(w: Optional[Weights] = None, s: Settings = Settings()) -> Callable:
            warnings.warn(type(s).__name__)
            power = functools.reduce(operator.mul, [s.gamma])
            return functools.partial(lambda y, p, g: tf.reduce_mean((y - p) ** g), g=power)
    """,
    "numpy": """
        import numpy as np
        from numpy.lib.stride_tricks import as_strided
        def loss(y, p):
            return -np.mean(y * np.log(np.clip(p, 1e-7, 1 - 1e-7)))
    """,
    "tf.py_function and scipy": """
        import tensorflow as tf
        from scipy.ndimage import distance_transform_edt as distance
        def boundary(y_true, y_pred):
            d = tf.py_function(func=lambda y: distance(y), inp=[y_true], Tout=tf.float32)
            return tf.reduce_mean(d * y_pred)
    """,
    "TensorFlow 1": """
        import tensorflow.compat.v1 as tf
        def loss(labels, logits):
            optimizer = tf.train.AdamOptimizer(1e-3)
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))
    """,
    "TensorFlow's inside": """
        from tensorflow.python.ops import math_ops, array_ops
        from tensorflow.python.keras import backend as K
        from tensorflow.python.framework import ops
        def loss(y, p):
            return K.mean(math_ops.square(ops.convert_to_tensor(p) - array_ops.identity(y)))
    """,
    "Keras's inside": """
        from keras.src import ops
        from keras.src.api_export import keras_export
        from keras.src.losses.loss import squeeze_or_expand_to_same_rank
        @keras_export("losses.mine")
        def loss(y, p):
            y, p = squeeze_or_expand_to_same_rank(y, p)
            return ops.mean(ops.abs(y - p), axis=-1)
    """,
    "star imports": """
        from keras.layers import *
        from keras.losses import *
        from math import *
        def loss(y, p):
            return binary_crossentropy(y, p) * exp(1)
    """,
    "jax": """
        import jax
        import jax.numpy as jnp
        from jax import lax
        @jax.jit
        def loss(y, p):
            return jnp.mean(jax.nn.softplus(p) - y * p) + lax.stop_gradient(0.0)
    """,
    "torch": """
        import torch
        import torch.nn.functional as F
        class Loss(torch.nn.Module):
            def forward(self, logits, target):
                return F.binary_cross_entropy_with_logits(logits, target.data)
    """,
    "losses of other packages": """
        import segmentation_models as sm
        import tensorflow_addons as tfa
        import tensorflow_probability as tfp
        from keras_cv.src.backend import ops
        from keras_cv.losses import FocalLoss
        sm.set_framework("tf.keras")
        tfd = tfp.distributions
        loss = sm.losses.DiceLoss() + 2 * sm.losses.BinaryFocalLoss()
        other = tfa.losses.SigmoidFocalCrossEntropy()
        def nll(y, p):
            return -tfd.Bernoulli(logits=p).log_prob(y)
    """,
    "limits of numbers": """
        import sys
        from sys import maxsize
        import keras.backend as K
        def loss(y, p):
            return -K.log(p + sys.float_info.epsilon)
    """,
    "names of builtins that are the program's own": """
        import tensorflow as tf
        def loss(input, target, vars=None, compile=True):
            open, high = 1.0, 2.0
            return tf.reduce_mean(input - target) * open
    """,
    "logging and printing": """
        import logging, time
        logger = logging.getLogger(__name__)
        def loss(y, p):
            logger.info("%s", p)
            print(p, time.time())
            return p - y
        if __name__ == "__main__":
            pass
    """,
    "attributes by a literal name": """
        import tensorflow as tf
        def loss(y, p):
            return getattr(tf.nn, "relu")(p) - y if hasattr(tf, "nn") else getattr(p, "mean", None)
    """,
    "a model with two outputs": """
        import keras
        from keras import layers
        inputs = keras.Input((4,))
        model = keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1, "sigmoid")(inputs)])
        model.compile(loss=["mse", "binary_crossentropy"], loss_weights=[1, 2])
    """,
    "monkeypatching": """
        import tensorflow as tf
        tf.log = tf.math.log
        setattr(tf, "mul", tf.multiply)
        def loss(y, p):
            return -tf.log(p)
    """,
    "names without imports, as snippets have them": """
        def loss(y, p):
            return K.mean(tf.square(y - p)) + np.pi
    """,
    "six": """
        from six.moves import range
        def loss(y, p):
            return sum((p - y) ** i for i in range(3))
    """,
    "nothing": "",
}

FORBIDDEN = [
    ("import os", "imports `os`"),
    ("import os.path as p", "imports `os`"),
    ("from os import environ", "imports `os`"),
    ("import subprocess as s", "imports `subprocess`"),
    ("import pandas as pd", "imports `pandas`"),
    ("from utils import dice", "imports `utils`"),
    ("from .utils import dice", "imports `.utils`"),
    ("from . import dice", "imports `.`"),
    ("import sys\nsys.path.append('x')", "uses `sys.path`"),
    ("from sys import modules", "imports `sys.modules`"),
    ("import sys\nf(sys)", "uses `sys`"),
    ("open('x')", "uses `open`"),
    ("def loss(y, p):\n    eval('p')", "uses `eval`"),
    ("exec('x')", "uses `exec`"),
    ("__import__('os')", "uses `__import__`"),
    ("x = __builtins__", "uses `__builtins__`"),
    ("[globals() for x in y]", "uses `globals`"),
    ("breakpoint()", "uses `breakpoint`"),
    ("def f(open):\n    return open\nopen('x')", "uses `open`"),
    ("().__class__.__base__.__subclasses__()", "uses `.__class__.__base__`"),
    ("def f(): pass\nf.__globals__", "uses `f.__globals__`"),
    ("import tensorflow as tf\ngetattr(tf, name)", "uses `getattr` with a computed name"),
    ("import tensorflow as tf\ngetattr(tf, 'io')", "uses `tf.io`"),
    ("getattr(f(), '__dict__')", "uses `.__dict__`"),
    ("list(map(getattr, x, y))", "uses `getattr` with a computed name"),
    ("import operator\noperator.attrgetter('io')(x)", "uses `operator.attrgetter`"),
    ("import tensorflow as tf\ntf.io.gfile.remove('x')", "uses `tf.io`"),
    ("import tensorflow as t\nt.compat.v1.gfile.Remove('x')", "uses `t.compat.v1.gfile`"),
    ("import tensorflow as tf\nq = tf\nq.io.read_file('x')", "uses `q.io`"),
    ("import tensorflow as tf\nv1 = tf.compat.v1\nw = v1\nw.gfile.Remove('x')", "uses `w.gfile`"),
    ("from tensorflow import io as q\nq.read_file('x')", "imports `tensorflow.io`"),
    ("import tensorflow.io", "imports `tensorflow.io`"),
    ("from tensorflow.io import gfile", "imports `tensorflow.io`"),
    ("from tensorflow.io import *", "imports `tensorflow.io`"),
    ("from tensorflow import *\nf(io)", "uses `io`"),
    ("from keras.backend import *\nos.remove('x')", "uses `os`"),
    ("from torch import *", "imports everything of `torch`"),
    ("tf.data.TFRecordDataset('x')", "uses `tf.data`"),
    ("import tensorflow as tf\ntf.raw_ops.WriteFile(filename='x', contents='')", "uses `tf.raw_ops`"),
    ("import tensorflow as tf\ntf.load_op_library('x')", "uses `tf.load_op_library`"),
    ("import tensorflow as tf\ntf.train.Checkpoint()", "uses `tf.train`"),
    ("from tensorflow.python.lib.io import file_io", "imports `tensorflow.python.lib`"),
    ("from tensorflow.python.ops import gen_io_ops", "imports `tensorflow.python.ops.gen_io_ops`"),
    ("import keras\nkeras.utils.get_file('x', 'https://x')", "uses `keras.utils.get_file`"),
    ("from keras.models import load_model", "imports `keras.models.load_model`"),
    ("from keras.applications import VGG16", "imports `keras.applications`"),
    ("import keras\nkeras.src.utils.file_utils.makedirs('x')", "uses `keras.src.utils.file_utils`"),
    ("from keras.src import saving", "imports `keras.src.saving`"),
    ("import keras_hub\nkeras_hub.models.Backbone.from_preset('x')", "uses `keras_hub.models`"),
    ("model.save('x')", "uses `model.save`"),
    ("f(x).save_weights('x')", "uses `.save_weights`"),
    ("import numpy as np\nnp.load('x')", "uses `np.load`"),
    ("import numpy as np\nnp.ones(3).tofile('x')", "uses `.tofile`"),
    ("import numpy.ctypeslib", "imports `numpy.ctypeslib`"),
    ("import numpy as np\nnp.lib.npyio.DataSource()", "uses `np.lib`"),
    ("from scipy.io import loadmat", "imports `scipy.io`"),
    ("import torch\ntorch.hub.load('x', 'y')", "uses `torch.hub`"),
    ("from jax import distributed", "imports `jax.distributed`"),
    ("import functools\nfunctools.sys.modules", "uses `functools.sys`"),
    ("import random\nrandom._os.remove('x')", "uses `random._os`"),
    ("from six.moves import urllib", "imports `six.moves.urllib`"),
    ("import typing\ntyping.get_type_hints(f)", "uses `typing.get_type_hints`"),
    ("def loss(:", "cannot be read"),
    ("x = '\0'", "cannot be read"),
    ("-" * 100_000 + "1", "cannot be read"),
]


@pytest.mark.parametrize("name", ALLOWED)
def test_losses_may_run(name: str) -> None:
    assert objections(textwrap.dedent(ALLOWED[name])) == ()


@pytest.mark.parametrize(("program", "objection"), FORBIDDEN, ids=[program[:40] for program, _ in FORBIDDEN])
def test_what_does_more_may_not(program: str, objection: str) -> None:
    assert objections(program) == (objection,)
    assert objections(program, trust=True) == ()


def test_objections_are_in_order_and_said_once() -> None:
    program = "import os\nimport tensorflow as tf\ndef f():\n    open('x')\n    tf.io.x()\n    open('y')\nimport csv\n"
    expected = ("imports `os`", "uses `open`", "uses `tf.io`", "imports `csv`")
    assert objections(program) == objections(ast.parse(program)) == expected


def test_assignments_that_feed_each_other() -> None:
    assert objections("import tensorflow as a\n" + "b = a.x\na = b.y\n" * 200) == ()


def test_warnings_about_the_code_are_not_ours(recwarn: pytest.WarningsRecorder) -> None:
    assert objections("x = '\\d'\nassert (x, 1)") == ()
    assert not recwarn


def test_hand_written_losses_of_the_fixtures_may_run() -> None:
    """Whole scripts are not what runs; this is only that nothing in their functions is taken amiss."""
    root = Path(__file__).parents[2] / "fixtures"
    programs = 0
    for path in sorted(root.rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError:
            continue
        losses = [node for node in tree.body if isinstance(node, ast.FunctionDef) and "loss" in node.name]
        for loss in losses:
            programs += 1
            assert objections(ast.Module([loss], [])) == (), f"{path}: {loss.name}"
    assert programs > 10
