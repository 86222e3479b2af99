"""Functions of TensorFlow, Keras and numpy as operations on numbers: what each computes, and where its operands are.

The names of the operations are those of ``inference.numeric``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HOMES = ("tf", "tf.math", "tf.nn", "keras.ops", "keras.backend", "np", "jnp", "keras.activations")

_X = ("x|input|a|tensor|logits|features|input_tensor|values|value|t|inputs",)
_XY = (f"{_X[0]}|x1|labels|predictions", "y|x2|b|labels")
_ARGUMENTS = {1: _X, 2: _XY}


class Operation(NamedTuple):
    """An operation, and for each operand the names that its parameter has in one API or another."""

    name: str
    parameters: tuple[str, ...]
    reduces: bool = False


# Operation -> the names of the functions that compute it, in whatever module they are.
_UNARY: dict[str, tuple[str, ...]] = {
    "negative": ("negative", "neg"),
    "abs": ("abs", "absolute", "fabs"),
    "square": ("square",),
    "sqrt": ("sqrt",),
    "rsqrt": ("rsqrt",),
    "reciprocal": ("reciprocal",),
    "exp": ("exp", "exponential"),
    "expm1": ("expm1",),
    "log": ("log",),
    "log1p": ("log1p",),
    "log2": ("log2",),
    "log10": ("log10",),
    "sigmoid": ("sigmoid",),
    "softmax": ("softmax",),
    "log_sigmoid": ("log_sigmoid",),
    "log_softmax": ("log_softmax",),
    "softplus": ("softplus",),
    "tanh": ("tanh",),
    "relu": ("relu",),
    "sign": ("sign",),
    "round": ("round", "rint", "around"),
    "floor": ("floor",),
    "ceil": ("ceil",),
    "not": ("logical_not",),
    "stop_gradient": ("stop_gradient",),
    "ones_like": ("ones_like",),
    "zeros_like": ("zeros_like",),
    "identity": (
        "identity",
        "reshape",
        "squeeze",
        "expand_dims",
        "flatten",
        "ravel",
        "batch_flatten",
        "transpose",
        "permute_dimensions",
        "convert_to_tensor",
        "ensure_shape",
        "broadcast_to",
        "tile",
        "repeat",
        "repeat_elements",
        "check_numerics",
        "array",
        "asarray",
        "convert_to_numpy",
    ),
    "one_hot": ("one_hot",),
    "argmax": ("argmax", "arg_max", "argmin", "argsort"),
}
_BINARY: dict[str, tuple[str, ...]] = {
    "add": ("add",),
    "subtract": ("subtract", "sub"),
    "multiply": ("multiply", "mul"),
    "divide": ("divide", "div", "truediv", "true_divide", "realdiv"),
    "divide_no_nan": ("divide_no_nan", "div_no_nan"),
    "multiply_no_nan": ("multiply_no_nan",),
    "squared_difference": ("squared_difference",),
    "power": ("pow", "power"),
    "maximum": ("maximum",),
    "minimum": ("minimum",),
    "xlogy": ("xlogy",),
    "xlog1py": ("xlog1py",),
    "less": ("less",),
    "less_equal": ("less_equal",),
    "greater": ("greater",),
    "greater_equal": ("greater_equal",),
    "equal": ("equal",),
    "not_equal": ("not_equal",),
    "and": ("logical_and",),
    "or": ("logical_or",),
}
_REDUCING: dict[str, tuple[str, ...]] = {
    "sum": ("sum", "reduce_sum"),
    "mean": ("mean", "reduce_mean", "average"),
    "max": ("max", "reduce_max", "amax"),
    "min": ("min", "reduce_min", "amin"),
    "product": ("prod", "reduce_prod"),
}

OPERATIONS: dict[str, Operation] = {
    f"{home}.{leaf}": Operation(name, _ARGUMENTS[arity], reduces)
    for table, arity, reduces in ((_UNARY, 1, False), (_BINARY, 2, False), (_REDUCING, 1, True))
    for name, leaves in table.items()
    for leaf in leaves
    for home in _HOMES
}
OPERATIONS |= {
    f"{home}.{leaf}": Operation(
        "clip", (*_X, "clip_value_min|min_value|x_min|a_min", "clip_value_max|max_value|x_max|a_max")
    )
    for home in _HOMES
    for leaf in ("clip", "clip_by_value")
}
OPERATIONS |= {
    name: Operation("where", ("condition|pred|cond", "x|x1|then_expression|true_fn", "y|x2|else_expression|false_fn"))
    for name in (
        "tf.where",
        "tf.where_v2",
        "tf.select",
        "keras.ops.where",
        "keras.backend.switch",
        "np.where",
        "jnp.where",
    )
}
# ``pow(x, a)`` and the axis of a power and a sum have names of their own.
OPERATIONS |= {
    "keras.backend.pow": Operation("power", ("x", "a")),
    "tf.to_float": Operation("cast", _X),
    "tf.to_double": Operation("cast", _X),
    "tf.cast": Operation("cast", _X),
    "tf.dtypes.cast": Operation("cast", _X),
    "tf.saturate_cast": Operation("cast", _X),
    "keras.backend.cast": Operation("cast", _X),
    "keras.ops.cast": Operation("cast", _X),
    "keras.backend.cast_to_floatx": Operation("cast", _X),
    "tf.constant": Operation("identity", _X),
    "keras.backend.constant": Operation("identity", _X),
    "builtins.abs": Operation("abs", _X),
    "builtins.pow": Operation("power", _XY),
    "builtins.round": Operation("round", _X),
    "tf.linalg.norm": Operation("opaque", _X),
    "tf.boolean_mask": Operation("part", _X),
    "tf.gather": Operation("part", _X),
    "tf.gather_nd": Operation("part", _X),
    "keras.backend.gather": Operation("part", _X),
    "keras.ops.take": Operation("part", _X),
}

# Operations through which no gradient goes.
WITHOUT_GRADIENT = frozenset(
    {
        "round",
        "floor",
        "ceil",
        "sign",
        "argmax",
        "one_hot",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "and",
        "or",
        "not",
        "integer",
        "ones_like",
        "zeros_like",
    }
)

# Operators of Python.
OPERATORS = {
    "Add": "add",
    "Sub": "subtract",
    "Mult": "multiply",
    "Div": "divide",
    "Pow": "power",
    "USub": "negative",
    "Lt": "less",
    "LtE": "less_equal",
    "Gt": "greater",
    "GtE": "greater_equal",
    "Eq": "equal",
    "NotEq": "not_equal",
    "BitAnd": "and",
    "BitOr": "or",
    "Invert": "not",
}

# Methods of tensors and arrays.
METHODS = {
    "sum": "sum",
    "mean": "mean",
    "max": "max",
    "min": "min",
    "round": "round",
    "argmax": "argmax",
    "reshape": "identity",
    "flatten": "identity",
    "ravel": "identity",
    "squeeze": "identity",
    "transpose": "identity",
    "copy": "identity",
    "numpy": "identity",
    "clip": "clip",
    "astype": "cast",
}

# Numbers by name.
CONSTANTS: dict[str, float] = {
    "sys.float_info.epsilon": 2.0**-52,
    "math.e": 2.718281828459045,
    "math.pi": 3.141592653589793,
    "np.e": 2.718281828459045,
    "np.pi": 3.141592653589793,
}
MACHINE_EPSILON = {"float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52, "bfloat16": 2.0**-7}

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
INTEGERS = frozenset({"int8", "int16", "int32", "int64", "uint8", "uint16", "bool"})

# --- names of parameters ----------------------------------------------------------------------------------------------

_LABELS = re.compile(
    r"(?:y_?)?(?:true|trues|gt|label|labels|target|targets|truth|ground_?truth|actual|onehot|one_hot|real)(?:_y|_true|s|_tensor|_mask|_labels)?"
    r"|y|y_?t|y_?actual|mask_true|true_mask|expected|t|tgt|lab",
    re.IGNORECASE,
)
_PREDICTIONS = re.compile(
    r"(?:y_?|mask_|label_?)?(?:pred|preds|predict|predicted|prediction|predictions|hat|prob|probs|probability|probabilities|logit|logits|output|outputs|out|score|scores)"
    r"(?:_y|_pred|s|_tensor|_mask|_labels|_flat|_f)?|p|y_?p|yhat|model_output|estimated|pred_.*|.*_pred",
    re.IGNORECASE,
)


_CRITIC_OUTPUTS = re.compile(
    r"(?:real|fake|true|generated|gen|disc|d|g|dis)_?(?:real_?|fake_?|generated_?)?"
    r"(?:output|out|logit|pred|prediction|prob|score|decision|judgement|validity)s?|(?:disc|d)_(?:real|fake|generated)"
    r"(?:_output|_pred)?",
    re.IGNORECASE,
)


# Names that mean nothing else, whatever surrounds them.
_SURELY_LABELS = re.compile(
    r"y_?true|true_?y|labels?|targets?|y_?(?:label|target|actual|real|gt)s?|ground_?truth|gt|gt_labels|true_labels?|y_(?:train|test|val|batch)"
    r"|(?:batch|train|test|val)_(?:y|labels?|targets?)|y_batch_train|mask_true|true_mask",
    re.IGNORECASE,
)
_SURELY_PREDICTION = re.compile(
    r"(?:y_?)?pred(?:s|icted|ictions?)?|y_?hat|y_?prob|logits?|outputs?|predicted_(?:y|labels|probs?)|pred_(?:y|labels?|mask|probs?)"
    r"|(?:real|fake)_(?:output|logits|pred)s?|mask_pred",
    re.IGNORECASE,
)


def means_labels(name: str) -> bool:
    """Whether a variable of this name can only be labels."""
    return _SURELY_LABELS.fullmatch(name) is not None


def means_prediction(name: str) -> bool:
    """Whether a variable of this name can only be a prediction."""
    return _SURELY_PREDICTION.fullmatch(name) is not None


def names_labels(name: str) -> bool:
    """Whether a parameter of this name holds labels."""
    return _LABELS.fullmatch(name) is not None


def names_prediction(name: str) -> bool:
    """Whether a parameter of this name holds a prediction."""
    return _PREDICTIONS.fullmatch(name) is not None


def names_critic_output(name: str) -> bool:
    """Whether a parameter of this name holds what the discriminator of a GAN says."""
    return _CRITIC_OUTPUTS.fullmatch(name) is not None or names_prediction(name)
