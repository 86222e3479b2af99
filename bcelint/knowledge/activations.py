"""Activations: their names, the functions that compute them, and the range of their values.

Ranges are measured with Keras 3.15.1 and tf_keras 2.21.0 and rounded outwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from bcelint.knowledge.domains import Domain


@dataclass(frozen=True)
class Activation:
    """An activation function.

    Attributes:
        name: the string that Keras takes (``activation="relu"``).
        domain, low, high: the values for any real input.
        monotone: never falling, so that an input range maps to an output range end by end.
        functions: canonical names of functions that compute the same.
        configured: an entry of the user's, or what a layer of the user's makes.
    """

    name: str
    domain: Domain
    low: float
    high: float
    monotone: bool = True
    strings: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    configured: bool = False


def _functions(*leaves: str) -> tuple[str, ...]:
    """The usual homes of an activation: ``keras.activations``, ``keras.ops`` and ``keras.backend``, and extra names."""
    names: list[str] = []
    for leaf in leaves:
        if "." in leaf:
            names.append(leaf)
        else:
            names += [f"keras.activations.{leaf}", f"keras.ops.{leaf}", f"keras.backend.{leaf}"]
    return tuple(names)


_P, _S, _R, _I = Domain.PROBABILITY, Domain.SIMPLEX, Domain.REAL, Domain.INTERVAL

ACTIVATIONS: tuple[Activation, ...] = (
    Activation("linear", _R, -inf, inf, functions=_functions("linear", "tf.identity")),
    Activation(
        "sigmoid",
        _P,
        0.0,
        1.0,
        functions=_functions(
            "sigmoid",
            "tf.nn.sigmoid",
            "tf.sigmoid",
            "tf.math.sigmoid",
            "jax.nn.sigmoid",
            "torch.sigmoid",
            "torch.nn.functional.sigmoid",
            "scipy.special.expit",
        ),
    ),
    Activation("hard_sigmoid", _P, 0.0, 1.0, functions=_functions("hard_sigmoid", "jax.nn.hard_sigmoid")),
    Activation("sparse_sigmoid", _P, 0.0, 1.0, functions=_functions("sparse_sigmoid")),
    Activation(
        "softmax",
        _S,
        0.0,
        1.0,
        monotone=False,
        functions=_functions("softmax", "tf.nn.softmax", "tf.math.softmax", "jax.nn.softmax", "scipy.special.softmax"),
    ),
    Activation(
        "sparsemax", _S, 0.0, 1.0, monotone=False, functions=_functions("sparsemax", "tfa.activations.sparsemax")
    ),
    Activation(
        "log_softmax",
        Domain.LOG_SIMPLEX,
        -inf,
        0.0,
        monotone=False,
        functions=_functions("log_softmax", "tf.nn.log_softmax", "tf.math.log_softmax", "jax.nn.log_softmax"),
    ),
    Activation(
        "log_sigmoid",
        _I,
        -inf,
        0.0,
        functions=_functions("log_sigmoid", "tf.math.log_sigmoid", "tf.log_sigmoid", "jax.nn.log_sigmoid"),
    ),
    Activation(
        "tanh",
        _I,
        -1.0,
        1.0,
        functions=_functions("tanh", "tf.nn.tanh", "tf.tanh", "tf.math.tanh", "np.tanh", "jnp.tanh", "jax.nn.tanh"),
    ),
    Activation("hard_tanh", _I, -1.0, 1.0, functions=_functions("hard_tanh", "jax.nn.hard_tanh")),
    Activation("softsign", _I, -1.0, 1.0, functions=_functions("softsign", "tf.nn.softsign", "tf.math.softsign")),
    Activation("tanh_shrink", _R, -inf, inf, functions=_functions("tanh_shrink")),
    Activation("soft_shrink", _R, -inf, inf, functions=_functions("soft_shrink")),
    Activation("hard_shrink", _R, -inf, inf, functions=_functions("hard_shrink")),
    Activation("relu", _I, 0.0, inf, functions=_functions("relu", "tf.nn.relu", "jax.nn.relu")),
    Activation("relu6", _I, 0.0, 6.0, functions=_functions("relu6", "tf.nn.relu6", "jax.nn.relu6")),
    Activation(
        "leaky_relu", _R, -inf, inf, functions=_functions("leaky_relu", "tf.nn.leaky_relu", "jax.nn.leaky_relu")
    ),
    Activation("elu", _I, -1.0, inf, functions=_functions("elu", "tf.nn.elu", "jax.nn.elu")),
    Activation("selu", _I, -1.7581, inf, functions=_functions("selu", "tf.nn.selu", "jax.nn.selu")),
    Activation("celu", _I, -1.0, inf, functions=_functions("celu", "jax.nn.celu")),
    Activation(
        "gelu",
        _I,
        -0.1701,  # with approximate=True; -0.17 without
        inf,
        monotone=False,
        functions=_functions("gelu", "tf.nn.gelu", "jax.nn.gelu", "tfa.activations.gelu"),
    ),
    Activation(
        "silu",
        _I,
        -0.2785,
        inf,
        monotone=False,
        strings=("swish",),
        functions=_functions("silu", "swish", "tf.nn.silu", "tf.nn.swish", "jax.nn.silu", "jax.nn.swish"),
    ),
    Activation(
        "hard_silu",
        _I,
        -0.375,
        inf,
        monotone=False,
        strings=("hard_swish",),
        functions=_functions("hard_silu", "hard_swish"),
    ),
    Activation("mish", _I, -0.3089, inf, monotone=False, functions=_functions("mish", "tfa.activations.mish")),
    Activation("glu", _R, -inf, inf, monotone=False, functions=_functions("glu")),
    Activation(
        "softplus",
        _I,
        0.0,
        inf,
        functions=_functions("softplus", "tf.nn.softplus", "tf.math.softplus", "jax.nn.softplus"),
    ),
    Activation(
        "exponential",
        _I,
        0.0,
        inf,
        functions=_functions(
            "exponential", "keras.ops.exp", "keras.backend.exp", "tf.exp", "tf.math.exp", "np.exp", "jnp.exp"
        ),
    ),
    Activation("squareplus", _I, 0.0, inf, functions=_functions("squareplus")),
    Activation("sparse_plus", _I, 0.0, inf, functions=_functions("sparse_plus")),
    Activation("threshold", _R, -inf, inf, monotone=False, functions=_functions("threshold")),
)

BY_NAME: dict[str, Activation] = {a.name: a for a in ACTIVATIONS} | {s: a for a in ACTIVATIONS for s in a.strings}
BY_FUNCTION: dict[str, Activation] = {f: a for a in ACTIVATIONS for f in a.functions}

# A sigmoid in all but name: what a loss with from_logits=True would squash a second time.
SIGMOIDS = frozenset({"sigmoid", "hard_sigmoid", "sparse_sigmoid"})
