"""Bytes in, "may matter" out: keeps files that hold no Keras loss away from the parser.

The gate may be wrong in one direction only. It works on raw bytes with plain substring searches (a regular expression
over a notebook full of embedded images is slower than parsing a script), so it sees through notebook JSON and through
every encoding that keeps ASCII as it is; files in any other encoding pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words of which a file needs at least one to be Keras code at all. Snippets and notebooks use Keras names without an
# import, and a model may come from another module: hence names and arguments that only such code holds.
_WORLD = (
    b"keras",
    b"Keras",
    b"tensorflow",
    b"tf.",
    b"layers",
    b"Layer",
    b"Model(",
    b"(Model",
    b"Sequential",
    b"Dense",
    b"GradientTape",
    b"from_logits",
    b"rossentropy",
)

# Words of which a file needs at least one to hold a loss, a metric or a softmax.
_MATTER = (
    b"loss",
    b"Loss",
    b"LOSS",
    b"ntropy",
    b"NTROPY",
    b"oftmax",
    b"OFTMAX",
    b"igmoid",
    b"logit",
    b"metric",
    b"Metric",
    b"ccuracy",
    b"bce",
    b"BCE",
    b"y_true",
    b"y_pred",
    b"minimize",
    b"gradient(",
)

# `model.compile(...)` is enough on its own: both the model and the loss may be imported from the project.
_COMPILE = re.compile(rb"(?<!\bre)(?<!\bregex)\s*\.\s*compile\b")

_SUPPRESSION = re.compile(rb"[Bb][Cc][Ee]\d|[Bb][Cc][Ee][Ll][Ii][Nn][Tt]\s*:")

_COOKIE = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
_COOKIE_ROOM = 400  # a coding cookie stands in the first two lines
_ASCII_COMPATIBLE = re.compile(rb"utf-?8|ascii|us-ascii|latin|iso-?8859|cp125|windows-125|koi8|gbk?$|gb2312|euc|big5")


def may_matter(data: bytes, losses: Iterable[str] = ()) -> bool:
    """Whether a file can hold anything that one of the rules, or a suppression comment of ours, is about.

    ``losses`` are the names of the user's own.
    """
    if any(name.rpartition(".")[2].encode() in data for name in losses):
        return True
    if is_of_keras(data) and any(word in data for word in _MATTER):
        return True
    if b"compile" in data and _COMPILE.search(data):
        return True
    return _SUPPRESSION.search(data) is not None or _hides_ascii(data)


def is_of_keras(data: bytes) -> bool:
    """Whether a file can hold Keras code at all."""
    return any(word in data for word in _WORLD)


# What a file must hold to bring a model and a loss together, be it with the help of others.
_TRAINS = re.compile(
    rb"""\.\s*(?:compile|fit\w*|train_on_batch|minimize|add_loss)\b|GradientTape|gradients?\(|rossentropy
    |[Ll]oss\w*\s*\(|\b\w*[Tt]rain\w*\s*\(|\bmain\s*\(|\brun\s*\(""",
    re.VERBOSE,
)


def may_train(data: bytes) -> bool:
    """Whether a file can be one that trains: only there is it of use to follow its imports."""
    return _TRAINS.search(data) is not None


def _hides_ascii(data: bytes) -> bool:
    """Whether the file says that it is in an encoding in which ASCII words look different."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    cookie = _COOKIE.search(data[:_COOKIE_ROOM])
    if cookie is None:
        return False
    return _ASCII_COMPATIBLE.match(cookie[1].lower().replace(b"_", b"-")) is None
