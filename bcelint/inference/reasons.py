"""Words for what is not known, and where it comes from: what users read about pairs that could not be decided.

Names stand in backticks, so that reasons can be counted without them.
"""

from __future__ import annotations

import ast

from bcelint.inference.values import (
    Api,
    Const,
    DictValue,
    Instance,
    Layer,
    ListValue,
    Method,
    Sequence,
    Tensor,
    Unknown,
    Value,
)

# Where values come from that no reading of the code can tell.
_COMMAND_LINE = "it comes from the command line"
_SETTINGS = "it is read from a file"
_ENVIRONMENT = "it comes from the environment"
_SOURCES = (
    ("argparse.", _COMMAND_LINE),
    ("sys.argv", _COMMAND_LINE),
    ("absl.flags", _COMMAND_LINE),
    ("absl.app.flags", _COMMAND_LINE),
    ("tf.app.flags", _COMMAND_LINE),
    ("tf.flags", _COMMAND_LINE),
    ("click.", _COMMAND_LINE),
    ("docopt.", _COMMAND_LINE),
    ("gin.", _SETTINGS),
    ("os.environ", _ENVIRONMENT),
    ("os.getenv", _ENVIRONMENT),
    ("json.load", _SETTINGS),
    ("yaml.", _SETTINGS),
    ("toml.", _SETTINGS),
    ("tomllib.", _SETTINGS),
    ("tomli.", _SETTINGS),
    ("configparser.", _SETTINGS),
    ("omegaconf.", _SETTINGS),
    ("pickle.", _SETTINGS),
    ("joblib.", _SETTINGS),
    ("builtins.open", _SETTINGS),
    ("builtins.input", "it is typed in by the user"),
    ("random.", "it is drawn at random"),
    ("tf.saved_model.", "the model is loaded from a file"),
    ("tensorflow_hub.", "it comes from TensorFlow Hub"),
)
_LONGEST = 40

# How reasons begin that name a thing; the others are sentences.
_THINGS = ("a ", "an ", "arithmetic", "batches", "code", "data", "features", "initial", "labels")


def about(subject: str, why: str) -> str:
    """A sentence: what is not known, and why. Reasons that are a sentence about something stay as they are."""
    if not why:
        return f"{subject} is not known"
    if why.startswith("the "):
        return why
    return f"{subject} is not known: {'it is ' if why.startswith(_THINGS) else ''}{why}"


def of_api(name: str) -> str:
    """Why nothing is known of what an API gives."""
    return source(name) or f"it comes from `{name}`, which is unknown"


def of_activation(value: Value) -> str:
    """Why the activation of a layer is not known."""
    if isinstance(value, Api) and not source(value.name) and value.name[:1] != ".":
        return unknown_activation(f"`{value.name}`")
    return about("the activation", of_value(value))


def source(name: str) -> str:
    """Where what an API gives comes from, if no code says what it is."""
    return next((f"{words} (`{name}`)" for prefix, words in _SOURCES if name.startswith(prefix)), "")


def of_value(value: Value) -> str:
    """Why a value is no tensor of which something is known; empty where there is nothing to say."""
    if isinstance(value, Unknown):
        return value.why
    if isinstance(value, Api):
        return of_api(value.name)
    if isinstance(value, Layer):
        return f"the layer `{value.class_name}` is not called on anything"
    if isinstance(value, Const):
        text = repr(value.value)
        return f"it is `{text}`" if len(text) <= _LONGEST else "it is a constant"
    if isinstance(value, Instance):
        return f"it is an object of `{value.cls.name}`, and what that gives is not known"
    if isinstance(value, (ListValue, Sequence, DictValue)):
        return "it is a list or dict"
    if isinstance(value, Method):
        return f"it comes from the method `.{value.name}`, which is unknown"
    return value.why if isinstance(value, Tensor) else ""


def unknown_layer(name: str) -> str:
    return f"the layer `{name}` is unknown: add it under [tool.bcelint.layers]"


def unknown_model(name: str) -> str:
    return f"the model `{name}` is unknown: add it under [tool.bcelint.layers]"


def unknown_loss(name: str) -> str:
    """``name`` is in quotes or backticks; one with a leading dot is none that the configuration could have."""
    return f"the loss {name} is unknown" + ("" if name.startswith("`.") else ": add it under [tool.bcelint.losses]")


def unknown_activation(name: str) -> str:
    """``name`` is in quotes or backticks."""
    return f"the activation {name} is unknown: add it under [tool.bcelint.activations]"


def as_written(node: ast.AST) -> str:
    """An expression in a few words of its own."""
    text = " ".join(ast.unparse(node).split()) if isinstance(node, ast.expr) else ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
