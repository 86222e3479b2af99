"""Domains: the sets of numbers that an output can be in, as far as losses care."""

from __future__ import annotations

from enum import Enum


class Domain(str, Enum):
    """What is known of the values of a tensor (RULES.md gives the words)."""

    REAL = "real"  # any number: a layer without activation
    PROBABILITY = "probability"  # each element in [0, 1]
    SIMPLEX = "simplex"  # in [0, 1], and sums to 1 over the class axis
    LOG_SIMPLEX = "log-simplex"  # the log of a simplex: valid logits for a softmax
    INTERVAL = "interval"  # another known range: tanh, relu, softplus ...
    UNKNOWN = "unknown"


class Expectation(str, Enum):
    """What a loss or metric takes its second argument to be."""

    PROBABILITY = "probability"
    SIMPLEX = "simplex"
    LOGITS = "logits"
    OTHER = "other"  # regression, hinge, embeddings ...: nothing that bcelint judges


class Family(str, Enum):
    """Which classification problem a loss is for."""

    BINARY = "binary"
    CATEGORICAL = "categorical"  # one-hot labels
    SPARSE = "sparse"  # integer labels
    OTHER = "other"

    @property
    def is_categorical(self) -> bool:
        return self in (Family.CATEGORICAL, Family.SPARSE)

    @property
    def is_crossentropy(self) -> bool:
        return self is not Family.OTHER
