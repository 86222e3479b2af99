"""Metrics: which of them take the prediction for a probability, and how each is told that it is logits.

Measured with Keras 3.15.1 and tf_keras 2.21.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reading(str, Enum):
    """How a metric reads the prediction."""

    PROBABILITY = "probability"  # cuts or bins it between 0 and 1
    EXACT = "exact"  # compares it for equality
    ARGMAX = "argmax"  # only the order within a row matters
    BY_SHAPE = "by shape"  # "accuracy": binary, sparse or categorical, whatever the last axis says
    OTHER = "other"


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        parameters: leading positional parameters of the class.
        cut: the argument that makes it right for logits, and its value there.
        string: the name under which ``history`` and callbacks see the metric when it is given as a string.
        configured: an entry of the user's; its name is the dotted one.
    """

    name: str
    reading: Reading
    parameters: tuple[str, ...] = ()
    cut: str | None = None
    cut_value: str | None = None
    strings: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    configured: bool = False


_P = Reading.PROBABILITY
_THRESHOLDS = ("thresholds", "top_k", "class_id", "name", "dtype")
_AUC = (
    "num_thresholds",
    "curve",
    "summation_method",
    "name",
    "dtype",
    "thresholds",
    "multi_label",
    "num_labels",
    "label_weights",
    "from_logits",
)

METRICS: tuple[Metric, ...] = (
    Metric(
        "BinaryAccuracy",
        _P,
        ("name", "dtype", "threshold"),
        "threshold",
        "0.0",
        ("BinaryAccuracy", "binary_accuracy"),
        ("keras.metrics.binary_accuracy", "tf.metrics.binary_accuracy"),
    ),
    Metric("Accuracy", Reading.EXACT, ("name", "dtype")),
    Metric("CategoricalAccuracy", Reading.ARGMAX, strings=("categorical_accuracy", "CategoricalAccuracy")),
    Metric(
        "SparseCategoricalAccuracy",
        Reading.ARGMAX,
        strings=("sparse_categorical_accuracy", "SparseCategoricalAccuracy"),
    ),
    Metric("TopKCategoricalAccuracy", Reading.ARGMAX, strings=("top_k_categorical_accuracy",)),
    Metric("SparseTopKCategoricalAccuracy", Reading.ARGMAX, strings=("sparse_top_k_categorical_accuracy",)),
    Metric("AUC", _P, _AUC, "from_logits", "True", ("AUC", "auc")),
    Metric("Precision", _P, _THRESHOLDS, "thresholds", "0.0", ("Precision", "precision")),
    Metric("Recall", _P, _THRESHOLDS, "thresholds", "0.0", ("Recall", "recall")),
    Metric("TruePositives", _P, _THRESHOLDS[:1], "thresholds", "0.0", ("TruePositives", "true_positives")),
    Metric("TrueNegatives", _P, _THRESHOLDS[:1], "thresholds", "0.0", ("TrueNegatives", "true_negatives")),
    Metric("FalsePositives", _P, _THRESHOLDS[:1], "thresholds", "0.0", ("FalsePositives", "false_positives")),
    Metric("FalseNegatives", _P, _THRESHOLDS[:1], "thresholds", "0.0", ("FalseNegatives", "false_negatives")),
    Metric("PrecisionAtRecall", _P, ("recall",), strings=("precision_at_recall",)),
    Metric("RecallAtPrecision", _P, ("precision",), strings=("recall_at_precision",)),
    Metric("SensitivityAtSpecificity", _P, ("specificity",), strings=("sensitivity_at_specificity",)),
    Metric("SpecificityAtSensitivity", _P, ("sensitivity",), strings=("specificity_at_sensitivity",)),
    Metric("F1Score", _P, ("average", "threshold"), strings=("F1Score", "f1_score")),
    Metric("FBetaScore", _P, ("average", "beta", "threshold"), strings=("FBetaScore", "f_beta_score")),
    Metric("BinaryIoU", _P, ("target_class_ids", "threshold"), "threshold", "0.0", ("BinaryIoU", "binary_io_u")),
    Metric(
        "BinaryCrossentropy",
        _P,
        ("name", "dtype", "from_logits"),
        "from_logits",
        "True",
        ("binary_crossentropy", "BinaryCrossentropy", "bce", "BCE"),
        tuple(
            f"{module}.binary_crossentropy" for module in ("keras.losses", "keras.metrics", "tf.losses", "tf.metrics")
        ),
    ),
)

BY_CLASS: dict[str, Metric] = {
    f"{package}.{metric.name}": metric for metric in METRICS for package in ("keras.metrics", "tf.metrics")
}
BY_STRING: dict[str, Metric] = {s: metric for metric in METRICS for s in metric.strings}
BY_FUNCTION: dict[str, Metric] = {f: metric for metric in METRICS for f in metric.functions}


def by_name(name: str) -> Metric | None:
    """The metric of a ``facts.MetricUse``: of Keras by its class name, of the user by its dotted one."""
    return BY_CLASS.get(f"keras.metrics.{name}") or BY_CLASS.get(name) or BY_FUNCTION.get(name)


# ``metrics=["accuracy"]``, in any letter case: the shapes of the prediction and the labels decide, never the loss.
ACCURACY_STRINGS = frozenset({"accuracy", "acc"})
ACCURACY = Metric("accuracy", Reading.BY_SHAPE)
