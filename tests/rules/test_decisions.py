"""The decisions of the rules, on facts that are made by hand: nothing is parsed here."""

from __future__ import annotations

from math import inf

import pytest

from bcelint.inference.facts import Head, LossUse, MetricUse, Pairing, Step
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.places import Place
from bcelint.rules.argmax_accuracy_on_multilabel import is_argmax
from bcelint.rules.common import set_activation, verdict
from bcelint.rules.probability_metric_on_logits import is_blind

HERE = Place(1, 1, 1, 2)

# --- heads ------------------------------------------------------------------------------------------------------------

UNKNOWN = Head(Domain.UNKNOWN)


def linear(units: int | None = 1) -> Head:
    return Head(Domain.REAL, "linear", units=units)


def sigmoid(units: int | None = 1, name: str = "sigmoid") -> Head:
    return Head(Domain.PROBABILITY, name, 0.0, 1.0, units)


def declared(units: int | None = 1) -> Head:
    """A layer that the configuration says to give probabilities."""
    return Head(Domain.PROBABILITY, "my_lib.Head", 0.0, 1.0, units, declared=True)


def softmax(units: int | None) -> Head:
    return Head(Domain.SIMPLEX, "softmax", 0.0, 1.0, units)


def log_softmax(units: int | None) -> Head:
    return Head(Domain.LOG_SIMPLEX, "log_softmax", -inf, 0.0, units)


def ranged(activation: str, low: float, high: float, units: int | None = 1) -> Head:
    return Head(Domain.INTERVAL, activation, low, high, units)


def values(low: float, high: float) -> Head:
    """Predictions that are written in the source."""
    domain = Domain.PROBABILITY if low >= 0 and high <= 1 else Domain.REAL
    return Head(domain, low=low, high=high, literal=True)


# --- losses -----------------------------------------------------------------------------------------------------------


def loss(family: Family, expects: Expectation) -> LossUse:
    return LossUse("loss", family, expects, takes_logits=True, from_logits=expects is Expectation.LOGITS)


BINARY = loss(Family.BINARY, Expectation.PROBABILITY)
BINARY_LOGITS = loss(Family.BINARY, Expectation.LOGITS)
CATEGORICAL = loss(Family.CATEGORICAL, Expectation.SIMPLEX)
CATEGORICAL_LOGITS = loss(Family.CATEGORICAL, Expectation.LOGITS)
SPARSE = loss(Family.SPARSE, Expectation.SIMPLEX)
SPARSE_LOGITS = loss(Family.SPARSE, Expectation.LOGITS)
OTHER = loss(Family.OTHER, Expectation.OTHER)

# --- a head and a loss ------------------------------------------------------------------------------------------------

MISMATCHES = [
    ("BCE101", sigmoid(), BINARY_LOGITS),
    ("BCE101", sigmoid(6), BINARY_LOGITS),
    ("BCE101", sigmoid(None), BINARY_LOGITS),
    ("BCE101", sigmoid(name="hard_sigmoid"), BINARY_LOGITS),
    ("BCE101", declared(), BINARY_LOGITS),
    ("BCE101", softmax(2), BINARY_LOGITS),
    ("BCE102", linear(), BINARY),
    ("BCE102", linear(5), BINARY),
    ("BCE102", linear(None), BINARY),
    ("BCE102", values(-2.0, 3.0), BINARY),
    ("BCE102", values(0.1, 1.2), BINARY),
    ("BCE103", ranged("relu", 0.0, inf), BINARY),
    ("BCE103", ranged("tanh", -1.0, 1.0), BINARY),
    ("BCE103", ranged("relu", 0.0, inf), BINARY_LOGITS),
    ("BCE103", ranged("tanh", -1.0, 1.0), BINARY_LOGITS),
    ("BCE103", ranged("", -3.0, 3.0), BINARY),
    ("BCE103", log_softmax(3), BINARY),
    ("BCE105", softmax(3), BINARY),
    ("BCE105", softmax(10), BINARY_LOGITS),
    ("BCE106", sigmoid(), CATEGORICAL),
    ("BCE106", linear(), SPARSE_LOGITS),
    ("BCE106", ranged("relu", 0.0, inf), SPARSE),
    ("BCE107", sigmoid(4), CATEGORICAL),
    ("BCE107", sigmoid(10), SPARSE),
    ("BCE107", declared(10), SPARSE),
    ("BCE107", sigmoid(10), SPARSE_LOGITS),
    ("BCE108", softmax(10), SPARSE_LOGITS),
    ("BCE108", softmax(None), CATEGORICAL_LOGITS),
    ("BCE109", linear(10), SPARSE),
    ("BCE109", linear(None), CATEGORICAL),
    ("BCE109", values(-0.5, 2.0), CATEGORICAL),
    ("BCE110", ranged("relu", 0.0, inf, 10), SPARSE),
    ("BCE110", ranged("tanh", -1.0, 1.0, 3), CATEGORICAL_LOGITS),
    ("BCE110", log_softmax(10), SPARSE),
]

# Every head with the losses that it fits, or that nothing is proved about.
MATCHES = [
    *[(sigmoid(units), BINARY) for units in (1, 2, 80, None)],
    *[(declared(units), BINARY) for units in (1, 2, 80, None)],
    *[(sigmoid(name=name), BINARY) for name in ("hard_sigmoid", "sparse_sigmoid")],
    # In [0, 1], but not by a sigmoid: a ratio, a clip, an average of probabilities.
    *[(sigmoid(name=""), each) for each in (BINARY, BINARY_LOGITS)],
    *[(sigmoid(4, ""), each) for each in (CATEGORICAL, CATEGORICAL_LOGITS, SPARSE, SPARSE_LOGITS)],
    *[(linear(units), BINARY_LOGITS) for units in (1, 2, 80, None)],
    *[(linear(units), each) for units in (2, 10, None) for each in (CATEGORICAL_LOGITS, SPARSE_LOGITS)],
    # Two one-hot units, or perhaps two: the value is that of the categorical loss.
    *[(softmax(units), BINARY) for units in (2, None)],
    # One unit: BCE104 says so.
    *[(softmax(1), each) for each in (BINARY, BINARY_LOGITS)],
    *[(softmax(units), each) for units in (2, 10, None) for each in (CATEGORICAL, SPARSE)],
    *[(log_softmax(units), each) for units in (3, None) for each in (CATEGORICAL_LOGITS, SPARSE_LOGITS)],
    # exp(z) divided by its sum is a softmax.
    *[(ranged("exponential", 0.0, inf, 5), each) for each in (CATEGORICAL, SPARSE)],
    # Arithmetic such as 10 * tanh(z) makes logits on purpose, and x / sum(x) a softmax.
    (ranged("", -10.0, 10.0), BINARY_LOGITS),
    *[(ranged("", 0.0, 1.5, 5), each) for each in (CATEGORICAL, CATEGORICAL_LOGITS)],
    # Values that are written down and fit.
    *[(values(0.0, 1.0), each) for each in (BINARY, BINARY_LOGITS, CATEGORICAL, SPARSE)],
    (values(-2.0, 3.0), BINARY_LOGITS),
    (values(-2.0, 3.0), SPARSE_LOGITS),
    *[(UNKNOWN, each) for each in (BINARY, BINARY_LOGITS, CATEGORICAL, CATEGORICAL_LOGITS, SPARSE, SPARSE_LOGITS)],
    *[
        (head, OTHER)
        for head in (
            UNKNOWN,
            linear(),
            linear(4),
            sigmoid(),
            sigmoid(4),
            softmax(1),
            softmax(3),
            log_softmax(3),
            values(-2.0, 3.0),
            ranged("tanh", -1.0, 1.0),
            ranged("relu", 0.0, inf, 4),
        )
    ],
]


@pytest.mark.parametrize(("code", "head", "used"), MISMATCHES)
def test_mismatch(code: str, head: Head, used: LossUse) -> None:
    assert verdict(Pairing(head, used, HERE)) == code


@pytest.mark.parametrize(("head", "used"), MATCHES)
def test_match(head: Head, used: LossUse) -> None:
    assert verdict(Pairing(head, used, HERE)) is None


def test_more_than_twice_as_many_negatives() -> None:
    assert len(MATCHES) >= 2 * len(MISMATCHES)


@pytest.mark.parametrize(("code", "head", "used"), MISMATCHES)
def test_the_verdict_is_about_the_values_alone(code: str, head: Head, used: LossUse) -> None:
    """Steps that keep the values, places, branches and names change nothing."""
    seen_through = Head(
        head.domain,
        head.activation,
        head.low,
        head.high,
        head.units,
        place=HERE,
        layer=HERE,
        layer_name="Dense",
        steps=(Step("reshape", "Flatten"), Step("dropout", "Dropout", HERE)),
        literal=head.literal,
        declared=head.declared,
    )
    pairing = Pairing(seen_through, used, HERE, branch=("a == 1",), output="x", labels="binary", intent="logits")
    assert verdict(pairing) == code


# --- metrics on logits ------------------------------------------------------------------------------------------------


def metric(name: str, head: Head | None, used: LossUse | None, **more: object) -> MetricUse:
    return MetricUse(name, HERE, used, head, **more)  # type: ignore[arg-type]


BLIND = [
    metric("accuracy", linear(), BINARY_LOGITS, string="accuracy"),
    metric("accuracy", linear(None), BINARY_LOGITS, string="acc"),
    metric("accuracy", None, BINARY_LOGITS, string="accuracy"),
    metric("BinaryAccuracy", linear(), BINARY_LOGITS),
    metric("BinaryAccuracy", linear(5), BINARY_LOGITS),
    metric("BinaryAccuracy", linear(), BINARY_LOGITS, cut=0.5),
    metric("AUC", None, BINARY_LOGITS),
    metric("AUC", linear(), BINARY_LOGITS, cut=False),
    metric("Precision", linear(), BINARY_LOGITS),
    metric("Recall", linear(), BINARY_LOGITS, cut=0.5),
    metric("F1Score", linear(), BINARY_LOGITS),
    metric("PrecisionAtRecall", linear(), BINARY_LOGITS),
    metric("BinaryIoU", linear(), BINARY_LOGITS),
    metric("BinaryCrossentropy", linear(), BINARY_LOGITS),
]
METRICS = (
    "accuracy",
    "BinaryAccuracy",
    "AUC",
    "Precision",
    "Recall",
    "F1Score",
    "PrecisionAtRecall",
    "BinaryCrossentropy",
)
SEEING = [
    # The output is, or may be, a probability.
    *[metric(name, sigmoid(), BINARY) for name in METRICS],
    *[metric(name, None, BINARY) for name in METRICS],
    *[metric(name, UNKNOWN, BINARY_LOGITS) for name in METRICS],
    # The pairing is what is wrong, and BCE101 to BCE103 say so.
    *[metric(name, sigmoid(), BINARY_LOGITS) for name in METRICS],
    *[metric(name, linear(), BINARY) for name in METRICS],
    *[metric(name, ranged("tanh", -1.0, 1.0), BINARY_LOGITS) for name in METRICS],
    # The loss is not known, or has no logits.
    *[metric(name, linear(), None) for name in METRICS],
    *[metric(name, linear(), OTHER) for name in METRICS],
    # The largest of several logits is the largest of the probabilities.
    *[metric("accuracy", linear(units), each) for units in (10, None) for each in (CATEGORICAL_LOGITS, SPARSE_LOGITS)],
    metric("accuracy", linear(5), BINARY_LOGITS),
    *[metric(name, linear(), BINARY_LOGITS) for name in ("CategoricalAccuracy", "SparseCategoricalAccuracy")],
    metric("TopKCategoricalAccuracy", linear(10), BINARY_LOGITS),
    # They have been told.
    metric("BinaryAccuracy", linear(), BINARY_LOGITS, cut=0.0),
    metric("BinaryAccuracy", linear(), BINARY_LOGITS, cut=0),
    metric("Precision", linear(), BINARY_LOGITS, cut=0.0),
    metric("Recall", linear(), BINARY_LOGITS, cut=1.5),
    metric("Recall", linear(), BINARY_LOGITS, cut=0.3),
    metric("BinaryIoU", linear(), BINARY_LOGITS, cut=0.0),
    metric("AUC", linear(), BINARY_LOGITS, cut=True),
    metric("BinaryCrossentropy", linear(), BINARY_LOGITS, cut=True),
    metric("BinaryAccuracy", linear(), BINARY_LOGITS, cut="unknown"),
    metric("AUC", None, BINARY_LOGITS, cut="unknown"),
    metric("Precision", linear(5), BINARY_LOGITS, keywords=("top_k",)),
    # Metrics with a rule of their own, or none.
    *[metric(name, linear(), BINARY_LOGITS) for name in ("Accuracy", "CategoricalAccuracy")],
]


@pytest.mark.parametrize("use", BLIND, ids=lambda use: use.name)
def test_blind_to_logits(use: MetricUse) -> None:
    assert is_blind(use)


@pytest.mark.parametrize("use", SEEING, ids=lambda use: use.name)
def test_not_blind_to_logits(use: MetricUse) -> None:
    assert not is_blind(use)


# --- "accuracy" on several sigmoids -----------------------------------------------------------------------------------

ARGMAX = [
    metric("accuracy", sigmoid(3), BINARY, string="accuracy"),
    metric("accuracy", sigmoid(2), BINARY, string="accuracy", labels="multi-hot"),
    metric("accuracy", sigmoid(80), BINARY, string="acc"),
    metric("accuracy", sigmoid(7), BINARY, string="accuracy", labels="multi-hot"),
    metric("accuracy", sigmoid(7, "hard_sigmoid"), BINARY),
    metric("accuracy", linear(5), BINARY_LOGITS),
]
NOT_ARGMAX = [
    # Two units may be the two classes of one question.
    metric("accuracy", sigmoid(2), BINARY),
    metric("accuracy", sigmoid(), BINARY),
    metric("accuracy", sigmoid(None), BINARY),
    metric("accuracy", linear(), BINARY_LOGITS),
    metric("accuracy", linear(None), BINARY_LOGITS),
    metric("accuracy", None, BINARY),
    metric("accuracy", UNKNOWN, BINARY),
    metric("accuracy", sigmoid(5), None),
    metric("accuracy", sigmoid(5), OTHER),
    # One class for each example.
    metric("accuracy", sigmoid(10), BINARY, labels="one-hot"),
    metric("accuracy", linear(10), BINARY_LOGITS, labels="one-hot"),
    metric("accuracy", softmax(10), CATEGORICAL),
    metric("accuracy", softmax(3), BINARY),
    metric("accuracy", linear(10), SPARSE_LOGITS),
    # The pairing is what is wrong.
    metric("accuracy", sigmoid(5), CATEGORICAL),
    metric("accuracy", sigmoid(5), BINARY_LOGITS),
    metric("accuracy", linear(5), BINARY),
    metric("accuracy", ranged("relu", 0.0, inf, 5), BINARY),
    # In [0, 1], but not by a sigmoid.
    metric("accuracy", sigmoid(5, ""), BINARY),
    # Metrics that say what they count.
    *[metric(name, sigmoid(5), BINARY) for name in ("BinaryAccuracy", "AUC", "Precision", "F1Score", "Accuracy")],
    metric("CategoricalAccuracy", sigmoid(5), BINARY),
]


@pytest.mark.parametrize("use", ARGMAX)
def test_argmax_of_separate_outputs(use: MetricUse) -> None:
    assert is_argmax(use)


@pytest.mark.parametrize("use", NOT_ARGMAX)
def test_no_argmax_of_separate_outputs(use: MetricUse) -> None:
    assert not is_argmax(use)


def test_the_metric_rules_do_not_meet() -> None:
    for use in (*BLIND, *SEEING, *ARGMAX, *NOT_ARGMAX):
        assert not (is_blind(use) and is_argmax(use))
    assert len(SEEING) >= 2 * len(BLIND)
    assert len(NOT_ARGMAX) >= 2 * len(ARGMAX)


@pytest.mark.parametrize(
    ("step", "gets_one"),
    [
        (Step("reshape", "Reshape"), True),
        (Step("other", "TimeDistributed"), True),
        (Step("other", "arithmetic"), False),
        (Step("other", "addition"), False),
        (Step("other", "negation"), False),
    ],
)
def test_an_activation_comes_last(step: Step, gets_one: bool) -> None:
    head = Head(Domain.REAL, "linear", layer=HERE, layer_name="Dense", explicit=False, steps=(step,))
    assert (set_activation(head, "sigmoid", "end the model in a sigmoid") is not None) is gets_one
