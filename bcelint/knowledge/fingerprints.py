"""Fingerprints: the numbers that a loss prints when something is wrong, each computed from its closed form.

Measured with Keras 3.15.1 (TensorFlow and JAX; PyTorch by hand), tf_keras 2.21.0 and TensorFlow 2.21, in float32.
``share`` is the share of positive examples, in (0, 1); ``classes`` is a number of classes of the same size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import e, exp, inf, log, log1p, nan


@dataclass(frozen=True)
class Fingerprint:
    """A number and something that prints it.

    Attributes:
        name: what tests and JSON call it.
        value: the mean loss.
        form: the closed form of ``value``, in words.
        title: what prints it, in half a line.
        cause: why it does.
        tell: how to tell it from whatever else prints the number.
        rules: the rules that find it in code, some of which may not be built yet.
        fault: false where nothing is wrong.
    """

    name: str
    value: float
    form: str
    title: str
    cause: str
    tell: str
    rules: tuple[str, ...] = ()
    fault: bool = True


@dataclass(frozen=True)
class Region:
    """Numbers from ``low`` to ``high`` (the ends are not in it) that mean something, none of them more than others."""

    name: str
    low: float
    high: float
    title: str
    cause: str
    tell: str
    rules: tuple[str, ...] = ()
    fault: bool = True


@dataclass(frozen=True)
class Mixture:
    """A loss that lies between two numbers, and says how many examples cost the one and how many the other.

    Attributes:
        nobody, everybody: the loss when no example, and when every example, is of the kind.
        form: ``everybody`` in words; ``{share}`` where it has to be said what is multiplied.
        meaning: a sentence about ``{share}`` (``47.8 %``) of the examples.
        kind: which labels these examples have, which bounds how many there can be.
    """

    name: str
    nobody: float
    everybody: float
    form: str
    meaning: str
    rules: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Exclusion:
    """Something whose mean loss lies from ``low`` to ``high``, so that a number outside rules it out."""

    name: str
    low: float
    high: float
    what: str


# --- closed forms -----------------------------------------------------------------------------------------------------

EPSILON = 1e-7  # keras.config.epsilon()
# In float32 1 - 1e-7 is 1 - STEP, and 1 + 1e-7 is 1 + STEP.
STEP = 2.0**-23

# What a wrong and saturated example costs. Keras 3 clips to [1e-7, 1 - 1e-7]; tf_keras adds another 1e-7 inside the
# log, which a compiled graph adds to the 1 of ``1 - p`` first, and there it rounds to STEP.
KERAS_POSITIVE, KERAS_NEGATIVE = -log(EPSILON), -log(STEP)
TF_KERAS_POSITIVE, TF_KERAS_NEGATIVE, TF_KERAS_NEGATIVE_EAGER = (
    -log(2 * EPSILON),
    -log(2 * STEP),
    -log(STEP + EPSILON),
)
TORCH_CEILING = 100.0  # torch.nn.BCELoss: log is clamped at -100

# What an example costs when its probability p is taken for a logit: ln(1 + exp(-p)) or ln(1 + exp(p)).
TWICE_POSITIVE, TWICE_NEGATIVE, TWICE_CEILING = log1p(1 / e), log(2), log1p(e)


@dataclass(frozen=True)
class _Library:
    """``positive``, ``negative``: what a positive example predicted as 0, and a negative one predicted as 1, costs."""

    name: str
    title: str
    positive: float
    negative: float
    positive_form: str
    negative_form: str


_LIBRARIES = (
    _Library("keras", "Keras 3", KERAS_POSITIVE, KERAS_NEGATIVE, "ln 1e-7", "ln 2^-23"),
    _Library("tf-keras", "tf_keras, compiled", TF_KERAS_POSITIVE, TF_KERAS_NEGATIVE, "ln 2e-7", "ln 2^-22"),
    _Library(
        "tf-keras-eager",
        "tf_keras, eager",
        TF_KERAS_POSITIVE,
        TF_KERAS_NEGATIVE_EAGER,
        "ln 2e-7",
        "ln(2^-23 + 1e-7)",
    ),
)


def entropy(share: float) -> float:
    """The binary entropy, in nats: the least that a constant prediction can cost."""
    return -share * log(share) - (1 - share) * log1p(-share)


def percent(share: float) -> str:
    """``47.8 %``."""
    return f"{100 * share:.3g} %"


# --- words that several entries share ---------------------------------------------------------------------------------

_TWICE = (
    "look at predict(): it stays between 0 and 1, so the model ends in a sigmoid, and the loss has from_logits=True "
    "(or is one of tf.nn) and applies another. Keras on TensorFlow undoes the plain case, with a warning, and then "
    "the number has another cause; any op behind the sigmoid (Reshape, * 1.0) ends that. JAX and PyTorch never undo "
    "it."
)
_OUTSIDE = (
    "look at predict(): numbers below 0 or above 1 mean that the output has no sigmoid, or relu or tanh in its place; "
    "exactly 0 or 1 everywhere is a saturated or dead output."
)
_TF_KERAS = "tf_keras (Keras 2, tf.keras before TensorFlow 2.16) clips at 1e-7 and adds 1e-7 inside the log as well"
_NO_GRADIENT = "Outside the clip there is no gradient, so that it stays."
_LABELS = "look at the labels: y.min(), y.max()."
_PROBABILITY_LOSS = ("BCE102", "BCE103")

# --- numbers that depend on nothing -----------------------------------------------------------------------------------

_TWO = (
    Fingerprint(
        "even-odds",
        log(2),
        "ln 2",
        "every prediction is 0.5",
        "p = 0.5 costs ln 2 whatever the label. The first batches of a binary model print about this, so that it says "
        "something only when it stays: nothing is learnt, or no more than that half of the examples are positive.",
        "look at predict(). Exactly 0.5 everywhere: the output is stuck at a logit of 0, and no gradient arrives. "
        "Close to 0.5 everywhere: labels and examples do not belong together (shuffled apart, or a loss of your own "
        "that broadcasts labels (N,) against predictions (N, 1)), or the learning rate does not fit. A softmax over "
        "2 classes prints the same.",
        ("BCE209", "BCE304"),
    ),
    Fingerprint(
        "twice-negative",
        TWICE_NEGATIVE,
        "ln 2",
        "a sigmoid applied twice: the floor for negative examples",
        "A probability of 0 is taken for a logit of 0, which is a probability of 0.5. No negative example can cost "
        "less, and every example costs this while the model says 0.",
        _TWICE,
        ("BCE101",),
    ),
    Fingerprint(
        "twice-positive",
        TWICE_POSITIVE,
        "ln(1 + 1/e)",
        "a sigmoid applied twice: the floor for positive examples",
        "A probability of 1 is taken for a logit of 1, which is a probability of 0.7311. No example can cost less, "
        "however good the model is.",
        _TWICE,
        ("BCE101",),
    ),
    Fingerprint(
        "twice-ceiling",
        TWICE_CEILING,
        "ln(1 + e)",
        "a sigmoid applied twice: the most that an example can cost",
        "A negative example with a prediction of 1. Between 0.3133 and this the loss moves, and nowhere else.",
        _TWICE,
        ("BCE101",),
    ),
    Fingerprint(
        "focal-even-odds",
        log(2) / 4,
        "ln 2 / 4",
        "a binary focal loss (gamma=2) with every prediction 0.5",
        "The factor (1 - p)^2 makes a quarter of ln 2. With from_logits=True on a sigmoid output it is also the "
        "least that a negative example can cost.",
        "look at predict(): near 0 for the negatives and not 0.5 means a sigmoid applied twice.",
        ("BCE101", "BCE209"),
    ),
    Fingerprint(
        "focal-twice-positive",
        TWICE_POSITIVE * (1 / (1 + e)) ** 2,
        "ln(1 + 1/e) / (1 + e)^2",
        "a binary focal loss (gamma=2) after a sigmoid applied twice: the floor for positive examples",
        "A probability of 1 is taken for a logit of 1. Keras 3 does not undo it for focal losses on any backend.",
        "look at predict(): it stays between 0 and 1, and the loss has from_logits=True.",
        ("BCE101",),
    ),
)

_SATURATED = (
    Fingerprint(
        "keras-positive",
        KERAS_POSITIVE,
        "-ln 1e-7",
        "Keras: the right answer has probability 0, for every example",
        "Keras 3 clips probabilities at 1e-7. A positive example predicted as 0 costs this, and so does a row of a "
        "categorical loss whose class got 0 (there in tf_keras as well). " + _NO_GRADIENT,
        _OUTSIDE + " That all examples cost it means that all are positive, or that labels or classes are mixed up.",
        (*_PROBABILITY_LOSS, "BCE109", "BCE110"),
    ),
    Fingerprint(
        "keras-negative",
        KERAS_NEGATIVE,
        "-ln 2^-23 = 23 ln 2",
        "Keras 3: every example is negative and predicted as 1",
        "1 - 1e-7 is 1 - 2^-23 in float32, so that a negative example predicted as 1 costs a little less than a "
        "positive one predicted as 0. " + _NO_GRADIENT,
        _OUTSIDE,
        (*_PROBABILITY_LOSS, "BCE104"),
    ),
    Fingerprint(
        "tf-keras-positive",
        TF_KERAS_POSITIVE,
        "-ln 2e-7",
        "tf_keras: every example is positive and predicted as 0",
        f"{_TF_KERAS}. {_NO_GRADIENT}",
        _OUTSIDE,
        _PROBABILITY_LOSS,
    ),
    Fingerprint(
        "tf-keras-negative",
        TF_KERAS_NEGATIVE,
        "-ln 2^-22 = 22 ln 2",
        "tf_keras, compiled: every example is negative and predicted as 1",
        f"{_TF_KERAS}, and in a graph (fit, evaluate) the two meet before p is subtracted. {_NO_GRADIENT}",
        _OUTSIDE,
        (*_PROBABILITY_LOSS, "BCE104"),
    ),
    Fingerprint(
        "tf-keras-negative-eager",
        TF_KERAS_NEGATIVE_EAGER,
        "-ln(2^-23 + 1e-7)",
        "tf_keras, eager: every example is negative and predicted as 1",
        f"{_TF_KERAS}. {_NO_GRADIENT} Compiled, the same examples cost 15.2492.",
        _OUTSIDE,
        (*_PROBABILITY_LOSS, "BCE104"),
    ),
)

_BEST = (
    Fingerprint(
        "zero-one-unit",
        0.0,
        "-ln(p / p) = -ln 1",
        "a categorical loss on one unit",
        "The share of the only unit is always 1, whatever it says. There is no gradient. Keras on TensorFlow prints "
        "exactly 0.0 behind a sigmoid or softmax, and 1.19e-7 times the share of positives otherwise.",
        "the loss is 0 from the first batch; accuracy may read anything. Look at the last layer: Dense(1).",
        ("BCE106",),
    ),
    Fingerprint(
        "zero-tf-keras",
        0.0,
        "-ln(1 - 1e-7 + 1e-7) = -ln 1",
        "tf_keras: every prediction is 0 or 1, and right",
        f"{_TF_KERAS}: for the right answer that makes 1.",
        "accuracy reads 1.0. If that is too good to be true, look for the label among the inputs.",
        fault=False,
    ),
    Fingerprint(
        "zero-logits",
        0.0,
        "ln(1 + exp(-z)) for a large z",
        "a loss that gets logits: every answer is right, with a large margin",
        "From a logit of about 88 ln(1 + exp(-z)) is 0 in float32.",
        "accuracy (with a threshold of 0) reads 1.0. If that is too good to be true, look for the label among the "
        "inputs.",
        fault=False,
    ),
    Fingerprint(
        "keras-floor",
        -log1p(-STEP),
        "-ln(1 - 2^-23)",
        "Keras 3: every prediction is 0 or 1, and right",
        "The clip at 1 - 1e-7 ends here: the best that Keras 3 can print on TensorFlow and JAX where the loss gets "
        "probabilities. (On TensorFlow it sees through a plain sigmoid, and goes lower.)",
        "accuracy reads 1.0. One unit with a categorical loss prints the same when all labels are 1 (BCE106).",
        ("BCE106",),
        fault=False,
    ),
    Fingerprint(
        "torch-backend-floor-negative",
        -log1p(-EPSILON),
        "-ln(1 - 1e-7)",
        "Keras 3 on PyTorch: every example is negative and predicted as 0",
        "PyTorch computes ln(1 - p) of the smallest p that the clip leaves. The best that can be had there.",
        "accuracy reads 1.0.",
        fault=False,
    ),
)


def _smoothing(amount: float) -> Fingerprint:
    return Fingerprint(
        f"label-smoothing-{amount:g}",
        entropy(amount / 2),
        f"H({amount / 2:g}), the entropy of {amount / 2:g}",
        f"the floor of label_smoothing={amount:g}",
        f"The labels are {amount / 2:g} and {1 - amount / 2:g}, and this is what the best prediction of them costs. "
        "Nothing is wrong.",
        "look at the loss for label_smoothing.",
        fault=False,
    )


SMOOTHINGS = (0.05, 0.1, 0.2, 0.3)
# Epsilons that people write. 1e-7 is that of Keras and has entries of its own.
OWN_EPSILONS = (1e-8, 1e-10, 1e-12, 1e-15, 1e-6, 1e-5, 1e-4, 1e-3)


def _word(number: float) -> str:
    """``1e-7`` as people write it."""
    mantissa, _, exponent = f"{number:e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _own_epsilon(epsilon: float, share: float | None = None) -> Fingerprint:
    word = _word(epsilon)
    vanishing = epsilon < EPSILON
    who = (
        "every example is positive and predicted as 0"
        if share is None
        else f"everything predicted as 0, {percent(share)} positive"
    )
    limit = (
        f"The epsilon in log(p + {word}), or a clip at {word}, limits what a positive example predicted as 0 can cost."
    )
    other = (
        f" It does not protect log(1 - p): in float32 1 - {word} is 1, so that in fit a negative example predicted as "
        "1 costs inf."
        if vanishing
        else ""
    )
    return Fingerprint(
        f"own-epsilon-{word}" + ("" if share is None else "-always-negative"),
        (share or 1) * -log(epsilon),
        ("" if share is None else f"{share:g} x ") + f"-ln {word}",
        f"a loss with an epsilon of {word}: {who}",
        limit + other,
        f"look for {word} in the code of the loss, and at predict() for exact zeros.",
        ("BCE202",) if vanishing else (),
    )


def _added_epsilon(epsilon: float) -> Fingerprint:
    word = _word(epsilon)
    return Fingerprint(
        f"added-epsilon-{word}",
        -log1p(round(epsilon / STEP) * STEP),
        f"-ln(1 + {word}), 1 + {word} as float32 has it",
        f"log(p + {word}) at p = 1",
        f"A loss of your own adds {word} to a probability of 1, and the log of more than 1 is positive. Every answer "
        "is right. Slightly negative is harmless.",
        f"look for + {word} in the code of the loss. A number that keeps falling has another cause.",
        fault=False,
    )


_NOT_FINITE = (
    Fingerprint(
        "nan-log-of-zero",
        nan,
        "0 x ln 0",
        "a loss of your own takes the log of 0",
        "y * log(p) with y = 0 and p = 0, or (1 - y) * log(1 - p) with y = 1 and p = 1: 0 times minus infinity is "
        "nan. In float32 a sigmoid is exactly 1 from a logit of about 17, and a clip at 1 - 1e-8 or closer does not "
        "act.",
        "all is well for some epochs, and nan comes when the first prediction is exactly 0 or 1. The losses of Keras "
        "clip.",
        ("BCE201", "BCE202", "BCE203"),
    ),
    Fingerprint(
        "nan-weights",
        nan,
        "0 x inf",
        "a gradient was nan, and so are the weights since",
        "The loss itself was finite: where() around a log or a division lets the nan of the other branch through, the "
        "slope of sqrt or of a power below 1 is infinite at 0, 0 / 0 in a ratio of sums, exp of a large logit.",
        "predict() says nan for everything. Train again with keras.callbacks.TerminateOnNaN and look at the batch.",
        ("BCE204", "BCE205", "BCE206", "BCE212"),
    ),
    Fingerprint(
        "nan-data",
        nan,
        "nan",
        "nan in the inputs or labels",
        "One nan in a batch makes its loss nan, and the weights with it. A sample weight of 0 does not help: 0 x nan "
        "is nan.",
        "nan comes in the first epoch: np.isnan(x).any(), np.isnan(y).any(). Otherwise the learning rate is too "
        "high, or float16 overflows.",
    ),
    Fingerprint(
        "infinite",
        inf,
        "-ln 0",
        "a loss of your own takes the log of 0",
        "A prediction of exactly 0 for a positive example, or 1 for a negative one, in a log that nothing guards, or "
        "whose guard rounds away: 1 - 1e-8 is 1 in float32.",
        "the losses of Keras clip, so that the log is in your code. log(1 + exp(z)) overflows as well, from z = 89.",
        ("BCE201", "BCE202", "BCE205"),
    ),
    Fingerprint(
        "minus-infinite",
        -inf,
        "ln 0",
        "the log of 0 with the wrong sign, or with labels outside [0, 1]",
        "The minus sign of the cross-entropy is missing, or 1 - y is negative.",
        "look at the sign of each log in the loss, and at the labels: y.min(), y.max().",
        ("BCE207", "BCE301"),
    ),
)

# What is common, and what is tried after everything that is.
FIXED: tuple[Fingerprint, ...] = (*_TWO, *_SATURATED, *_BEST, *_NOT_FINITE)
RARE: tuple[Fingerprint, ...] = (
    *(_smoothing(amount) for amount in SMOOTHINGS),
    Fingerprint(
        "tf-keras-one-hot-0",
        TF_KERAS_POSITIVE / 2,
        "0.5 x -ln 2e-7",
        "tf_keras: one-hot labels (N, 2) against one unit that says 0",
        "The unit is compared with both columns, of which one is always wrong: exactly half of 15.4249 in each row.",
        "accuracy reads exactly 0.5000 whatever the labels are. Keras 3 raises an error in place of it.",
        ("BCE303",),
    ),
    Fingerprint(
        "tf-keras-one-hot-1",
        TF_KERAS_NEGATIVE / 2,
        "0.5 x -ln 2^-22",
        "tf_keras, compiled: one-hot labels (N, 2) against one unit that says 1",
        "The unit is compared with both columns, of which one is always wrong: exactly half of 15.2492 in each row. "
        "Older versions of Keras are reported to print 7.9712 for it.",
        "accuracy reads exactly 0.5000 whatever the labels are. Keras 3 raises an error in place of it.",
        ("BCE303",),
    ),
    Fingerprint(
        "tf-keras-one-hot-1-eager",
        TF_KERAS_NEGATIVE_EAGER / 2,
        "0.5 x -ln(2^-23 + 1e-7)",
        "tf_keras, eager: one-hot labels (N, 2) against one unit that says 1",
        "The unit is compared with both columns, of which one is always wrong: exactly half of 15.3332 in each row.",
        "accuracy reads exactly 0.5000 whatever the labels are. Keras 3 raises an error in place of it.",
        ("BCE303",),
    ),
    Fingerprint(
        "torch-ceiling",
        TORCH_CEILING,
        "100",
        "PyTorch's own BCELoss: every prediction is 0 or 1, and wrong",
        "torch.nn.BCELoss clamps the log at -100. Keras on PyTorch clips at 1e-7 first and does not print this.",
        "look at the output of the model: exactly 0.0 and 1.0.",
    ),
    *(_own_epsilon(epsilon) for epsilon in OWN_EPSILONS),
    *(_added_epsilon(epsilon) for epsilon in (EPSILON, 1e-6, 1e-5, 1e-4, 1e-3)),
    Fingerprint(
        "float64-epsilon",
        52 * log(2),
        "-ln 2^-52 = 52 ln 2",
        "log_loss of scikit-learn: every prediction is 0 or 1, and wrong",
        "It clips at the epsilon of float64. (On float32 predictions it clips at 2^-23 and prints 15.9424.)",
        "this is no loss of Keras. Older versions (1.1 for one) clip at 1e-15 and print 34.5388.",
    ),
)

# --- numbers that depend on the share of positives --------------------------------------------------------------------


def for_share(share: float) -> Iterator[Fingerprint]:
    """The mean losses of a data set with this share of positives."""
    rest = 1 - share
    positives = f"{percent(share)} positive"
    first, second = f"{share:g} x", f"{rest:g} x"

    yield Fingerprint(
        "base-rate",
        entropy(share),
        f"H({share:g}), the entropy of {share:g}",
        f"every prediction is the base rate, {positives}",
        "The model has learnt how many examples are positive, and nothing else. Labels that do not belong to their "
        "examples (shuffled apart, or broadcast as (N,) against (N, 1)) end here as well.",
        f"look at predict(): close to {share:g} for every example.",
        ("BCE209", "BCE304"),
    )
    yield Fingerprint(
        "twice-floor",
        share * TWICE_POSITIVE + rest * TWICE_NEGATIVE,
        f"{first} ln(1 + 1/e) + {second} ln 2",
        f"a sigmoid applied twice: the floor with {positives}",
        "0.3133 for each positive example and 0.6931 for each negative one, however good the model is.",
        _TWICE,
        ("BCE101",),
    )
    yield Fingerprint(
        "twice-start",
        share * log1p(exp(-0.5)) + rest * log1p(exp(0.5)),
        f"{first} ln(1 + exp(-1/2)) + {second} ln(1 + exp(1/2))",
        f"a sigmoid applied twice: the start, every prediction is 0.5, {positives}",
        "The 0.5 is taken for a logit. A model that has learnt nothing yet prints about this.",
        _TWICE,
        ("BCE101",),
    )
    for library in _LIBRARIES:
        yield from _stuck(library, share)


def rare_for_share(share: float) -> Iterator[Fingerprint]:
    """Those that are tried after everything that is common."""
    rest = 1 - share
    positives = f"{percent(share)} positive"
    first, second = f"{share:g} x", f"{rest:g} x"
    yield Fingerprint(
        "twice-always-positive",
        share * TWICE_POSITIVE + rest * TWICE_CEILING,
        f"{first} ln(1 + 1/e) + {second} ln(1 + e)",
        f"a sigmoid applied twice: everything predicted as 1, {positives}",
        "0.3133 for each positive example and 1.3133 for each negative one.",
        _TWICE,
        ("BCE101",),
    )
    yield Fingerprint(
        "twice-inverted",
        share * TWICE_NEGATIVE + rest * TWICE_CEILING,
        f"{first} ln 2 + {second} ln(1 + e)",
        f"a sigmoid applied twice: everything wrong, {positives}",
        "0.6931 for each positive example and 1.3133 for each negative one: the loss cannot rise higher.",
        _TWICE,
        ("BCE101",),
    )
    for library in _LIBRARIES:
        yield from _mixed(library, share)
    torch = "torch.nn.BCELoss clamps the log at -100. Keras on PyTorch clips at 1e-7 first and does not print this."
    for name, amount, says in (("negative", share, 0), ("positive", rest, 1)):
        yield Fingerprint(
            f"torch-always-{name}",
            amount * TORCH_CEILING,
            f"{amount:g} x 100",
            f"PyTorch's own BCELoss: everything predicted as {says}, {positives}",
            torch,
            f"look at the output of the model: exactly {says}.0.",
        )
    yield Fingerprint(
        "one-unit-categorical",
        share * STEP,
        f"{first} 2^-23",
        f"a categorical loss on one unit, {positives}",
        "The share of the only unit is always 1, clipped to 1 - 2^-23 where the label is 1. There is no gradient.",
        "the loss is this from the first batch, on JAX and PyTorch, and on TensorFlow where the output has no "
        "sigmoid or softmax.",
        ("BCE106",),
    )
    yield Fingerprint(
        "torch-backend-floor",
        share * STEP + rest * EPSILON,
        f"{first} 2^-23 + {second} 1e-7",
        f"Keras 3 on PyTorch: every prediction is 0 or 1, and right, {positives}",
        "The clip ends here: the best that a probability loss of Keras 3 can print on PyTorch.",
        "accuracy reads 1.0.",
        fault=False,
    )
    yield Fingerprint(
        "focal-balanced-even-odds",
        (0.25 * share + 0.75 * rest) * log(2) / 4,
        f"({first} 1/4 + {second} 3/4) x ln 2 / 4",
        f"a balanced binary focal loss (gamma=2, alpha=0.25) with every prediction 0.5, {positives}",
        "(1 - p)^2 makes a quarter of ln 2; alpha takes another quarter of that for positives, three for negatives.",
        "look at predict(): 0.5 everywhere. The first batches print about this.",
        ("BCE209",),
    )
    yield Fingerprint(
        "focal-twice-floor",
        share * TWICE_POSITIVE / (1 + e) ** 2 + rest * log(2) / 4,
        f"{first} ln(1 + 1/e) / (1 + e)^2 + {second} ln 2 / 4",
        f"a binary focal loss (gamma=2) after a sigmoid applied twice: the floor with {positives}",
        "0.0227 for each positive example and 0.1733 for each negative one, however good the model is.",
        "look at predict(): it stays between 0 and 1, and the loss has from_logits=True. Keras 3 does not undo it "
        "for focal losses on any backend.",
        ("BCE101",),
    )
    for library in _LIBRARIES[:2]:
        yield from _labels_outside(library, share)
    for epsilon in OWN_EPSILONS:
        yield _own_epsilon(epsilon, share)
    for name, amount, says in (("negative", share, 0), ("positive", rest, 1)):
        yield Fingerprint(
            f"float64-epsilon-always-{name}",
            amount * 52 * log(2),
            f"{amount:g} x -ln 2^-52",
            f"log_loss of scikit-learn: everything predicted as {says}, {positives}",
            "It clips at the epsilon of float64.",
            "this is no loss of Keras.",
        )


def _stuck(library: _Library, share: float) -> Iterator[Fingerprint]:
    """One answer for every example, with certainty."""
    rest = 1 - share
    positives = f"{percent(share)} positive"
    if library.name != "tf-keras-eager":  # the same as compiled
        yield Fingerprint(
            f"{library.name}-always-negative",
            share * library.positive,
            f"{share:g} x -{library.positive_form}",
            f"{library.title.partition(',')[0]}: everything predicted as 0, {positives}",
            f"The clip makes each positive example cost {library.positive:.4f}, and each negative one nothing. "
            + _NO_GRADIENT,
            f"{_OUTSIDE} Accuracy reads the share of negatives.",
            _PROBABILITY_LOSS,
        )
    yield Fingerprint(
        f"{library.name}-always-positive",
        rest * library.negative,
        f"{rest:g} x -{library.negative_form}",
        f"{library.title}: everything predicted as 1, {positives}",
        f"The clip makes each negative example cost {library.negative:.4f}, and each positive one nothing. "
        f"{_NO_GRADIENT}",
        f"{_OUTSIDE} A softmax over one unit says exactly 1.0; on TensorFlow Keras trains its logits, so that it "
        "prints this only on JAX and PyTorch, or with an op behind it. Accuracy reads the share of positives.",
        (*_PROBABILITY_LOSS, "BCE104"),
    )


def _mixed(library: _Library, share: float) -> Iterator[Fingerprint]:
    """Both kinds of examples cost something."""
    rest = 1 - share
    positives = f"{percent(share)} positive"
    first, second = f"{share:g} x", f"{rest:g} x"
    both = f"{first} -{library.positive_form} + {second} -{library.negative_form}"
    yield Fingerprint(
        f"{library.name}-inverted",
        share * library.positive + rest * library.negative,
        both,
        f"{library.title}: everything wrong, every prediction 0 or 1, {positives}",
        "Each example costs what the clip allows.",
        "accuracy reads 0: labels and predictions are the wrong way round.",
    )
    yield Fingerprint(
        f"{library.name}-guessing",
        (share * library.positive + rest * library.negative) / 2,
        f"({both}) / 2",
        f"{library.title}: every prediction 0 or 1, half of each kind wrong, {positives}",
        "Each wrong example costs what the clip allows.",
        f"{_OUTSIDE} Accuracy reads 0.5.",
        _PROBABILITY_LOSS,
    )
    yield Fingerprint(
        f"{library.name}-swapped",
        (share * library.negative + rest * library.positive) / 2,
        f"({first} -{library.negative_form} + {second} -{library.positive_form}) / 2",
        f"{library.title}: labels and predictions swapped, every prediction 0.5, {positives}",
        "The log is taken of the labels, clipped, and multiplied by the prediction: a model that has learnt nothing "
        "yet prints this.",
        "look at the order of arguments: (y_true, y_pred). It was (output, target) in the backend of Keras before "
        "2.0.7. predict() is near 0.5, not 0 or 1.",
        ("BCE208",),
    )


def _labels_outside(library: _Library, share: float) -> Iterator[Fingerprint]:
    rest = 1 - share
    positives = f"{percent(share)} positive"
    title = library.title.partition(",")[0]
    yield Fingerprint(
        f"{library.name}-labels-minus-one",
        rest * -library.positive,
        f"{rest:g} x {library.positive_form}",
        f"{title}: labels -1 and 1, every prediction 0 or 1, and right, {positives}",
        "The loss of a label of -1 falls without bound as the prediction goes to 0; only the clip ends it.",
        f"{_LABELS} On PyTorch labels outside [0, 1] raise an error. From logits there is no clip, and it falls "
        "further.",
        ("BCE301",),
    )
    yield Fingerprint(
        f"{library.name}-labels-two",
        share * -library.negative,
        f"{share:g} x {library.negative_form}",
        f"{library.title}: labels 1 and 2 (or 0 and 2), the 2 predicted as 1, {positives}",
        "The loss of a label of 2 falls without bound as the prediction goes to 1; only the clip ends it. With "
        "labels 1 and 2 the model says 1 for everything.",
        f"{_LABELS} Labels of several classes, 1 to K, do the same with other numbers.",
        ("BCE301",),
    )
    yield Fingerprint(
        f"{library.name}-labels-255",
        share * -254 * library.negative,
        f"{share:g} x 254 {library.negative_form}",
        f"{library.title}: labels 0 and 255, every prediction 0 or 1, and right, {positives}",
        "A mask that nobody divided by 255: 1 - y is -254.",
        f"{_LABELS} Dice or IoU above 1 shows the same fault.",
        ("BCE301", "BCE302"),
    )


# --- numbers that depend on the number of classes ---------------------------------------------------------------------

# Beyond 20 the values lie so close together that any number is one of them: only the counts of well-known data sets.
COMMON_CLASSES = (*range(2, 21), 100, 1000)
# Where the number has too few digits for those.
ROUND_CLASSES = (2, 10, 100, 1000)


def for_classes(classes: int) -> Iterator[Fingerprint]:
    """The mean losses of a categorical problem whose classes are all of the same size."""
    others = classes - 1
    if classes > 2:  # for 2 it is ln 2, which has an entry
        yield Fingerprint(
            f"uniform-{classes}",
            log(classes),
            f"ln {classes}",
            f"a categorical loss: each of {classes} classes has the same probability",
            f"Every class gets 1/{classes}. The first batches of a model print about this, so that it says something "
            "only when it stays. A softmax applied twice starts here as well.",
            f"look at predict(): close to {1 / classes:.3g} everywhere. Then no gradient arrives, labels and examples "
            "do not belong together, or the learning rate does not fit.",
            ("BCE209", "BCE108"),
        )
    yield Fingerprint(
        f"softmax-twice-{classes}",
        log1p(others / e),
        f"ln(1 + {others}/e)",
        f"a softmax applied twice: the floor with {classes} classes",
        "The probabilities 1 and 0 are taken for logits. No row can cost less, however good the model is.",
        "look at predict(): rows that sum to 1, so the model ends in a softmax, and the loss has from_logits=True. "
        "Keras on TensorFlow undoes the plain case, with a warning; JAX and PyTorch never do.",
        ("BCE108",),
    )
    yield Fingerprint(
        f"softmax-twice-ceiling-{classes}",
        log(e + others),
        f"ln(e + {others})",
        f"a softmax applied twice: the most that a row can cost with {classes} classes",
        f"All of the probability is on a wrong class. Between {log1p(others / e):.4f} and this the loss moves.",
        "look at predict(): rows that sum to 1, and the loss has from_logits=True.",
        ("BCE108",),
    )
    share = "0.5" if classes == 2 else f"{others}/{classes}"
    yield Fingerprint(
        f"one-class-{classes}",
        others / classes * KERAS_POSITIVE,
        f"{share} x -ln 1e-7",
        f"a categorical loss: the same one of {classes} classes is always predicted, with certainty",
        "Keras (tf_keras as well) clips at 1e-7, and each row of another class costs 16.1181. " + _NO_GRADIENT,
        f"accuracy reads {1 / classes:.4g}. Look at predict(): rows that do not sum to 1 mean that the softmax is "
        "missing; a 1 and zeros mean that it is saturated: unscaled inputs, or a learning rate that is too high.",
        ("BCE109", "BCE110"),
    )
    if classes > 2:
        yield Fingerprint(
            f"one-hot-columns-{classes}",
            entropy(1 / classes),
            f"H(1/{classes}), the entropy of 1/{classes}",
            f"a binary loss on {classes} one-hot columns, each predicted as 1/{classes}",
            "Each column has learnt its base rate and nothing else. That the number is lower than ln "
            f"{classes} = {log(classes):.4f} does not make the model better.",
            f"look at predict(): close to {1 / classes:.3g} everywhere. The labels are one-hot and the loss is binary.",
            ("BCE105",),
        )


def smoothed_classes(classes: int) -> Iterator[Fingerprint]:
    """The floors of label smoothing: too many to try for numbers of classes that nobody spoke of."""
    for amount in SMOOTHINGS if classes > 2 else ():  # for 2 it is the binary one, which has an entry
        wrong = amount / classes
        right = 1 - (classes - 1) * wrong
        yield Fingerprint(
            f"label-smoothing-{amount:g}-{classes}",
            -right * log(right) - (classes - 1) * wrong * log(wrong),
            f"the entropy of {right:.4g} and {classes - 1} times {wrong:.4g}",
            f"the floor of label_smoothing={amount:g} with {classes} classes",
            "This is what the best prediction of the smoothed labels costs. Nothing is wrong.",
            "look at the loss for label_smoothing.",
            fault=False,
        )


# --- numbers that say a share -----------------------------------------------------------------------------------------

_ZERO = "{share} of the examples are positive and predicted as 0"
_ONE = "{share} of the examples are negative and predicted as 1"

# Wrong examples at the end of the clip, and all others for nothing.
SATURATED_MIXTURES: tuple[Mixture, ...] = (
    Mixture(
        "keras-positive",
        0,
        KERAS_POSITIVE,
        "-ln 1e-7",
        f"{_ZERO} (Keras 3), or of the rows of a categorical loss have 0 for their class",
        _PROBABILITY_LOSS,
        "positive",
    ),
    Mixture("keras-negative", 0, KERAS_NEGATIVE, "-ln 2^-23", f"{_ONE} (Keras 3)", _PROBABILITY_LOSS, "negative"),
    Mixture(
        "tf-keras-positive", 0, TF_KERAS_POSITIVE, "-ln 2e-7", f"{_ZERO} (tf_keras)", _PROBABILITY_LOSS, "positive"
    ),
    Mixture(
        "tf-keras-negative",
        0,
        TF_KERAS_NEGATIVE,
        "-ln 2^-22",
        f"{_ONE} (tf_keras, compiled)",
        _PROBABILITY_LOSS,
        "negative",
    ),
    Mixture(
        "tf-keras-negative-eager",
        0,
        TF_KERAS_NEGATIVE_EAGER,
        "-ln(2^-23 + 1e-7)",
        f"{_ONE} (tf_keras, eager)",
        _PROBABILITY_LOSS,
        "negative",
    ),
)
TORCH_MIXTURE = Mixture(
    "torch", 0, TORCH_CEILING, "100", "{share} of the predictions are 0 or 1, and wrong (PyTorch's own BCELoss)"
)
LABEL_MIXTURES: tuple[Mixture, ...] = (
    Mixture(
        "keras-labels-minus-one",
        0,
        -KERAS_POSITIVE,
        "ln 1e-7",
        "{share} of the labels are -1, and predicted as 0 (Keras 3)",
        ("BCE301",),
        "negative",
    ),
    Mixture(
        "keras-labels-two",
        0,
        -KERAS_NEGATIVE,
        "ln 2^-23",
        "{share} of the labels are 2, and predicted as 1 (Keras 3)",
        ("BCE301",),
        "positive",
    ),
    Mixture(
        "tf-keras-labels-minus-one",
        0,
        -TF_KERAS_POSITIVE,
        "ln 2e-7",
        "{share} of the labels are -1, and predicted as 0 (tf_keras)",
        ("BCE301",),
        "negative",
    ),
    Mixture(
        "tf-keras-labels-two",
        0,
        -TF_KERAS_NEGATIVE,
        "ln 2^-22",
        "{share} of the labels are 2, and predicted as 1 (tf_keras)",
        ("BCE301",),
        "positive",
    ),
    Mixture(
        "keras-labels-255",
        0,
        -254 * KERAS_NEGATIVE,
        "254 ln 2^-23",
        "{share} of the labels are 255, and predicted as 1 (Keras 3)",
        ("BCE301", "BCE302"),
        "positive",
    ),
)
TWICE_MIXTURE = Mixture(
    "twice-floor",
    TWICE_NEGATIVE,
    TWICE_POSITIVE,
    "{share} x ln(1 + 1/e) + {rest} x ln 2",
    "the floor of a sigmoid applied twice, if {share} of the examples are positive (with more it is lower)",
    ("BCE101",),
)

# --- numbers of which none says more than the others ------------------------------------------------------------------

REGIONS: tuple[Region, ...] = (
    Region(
        "labels-outside",
        -inf,
        -0.001,
        "labels outside [0, 1], or a wrong sign",
        "With labels from 0 to 1 no cross-entropy is negative. With -1, 2, class numbers, pixels up to 255 or "
        "z-scores it has no minimum and falls as long as it is trained. So does one whose minus sign is missing.",
        f"{_LABELS} Soft labels from 0 to 1 are fine. On PyTorch Keras raises an error for labels outside, though not "
        "from logits.",
        ("BCE301", "BCE302", "BCE207"),
    ),
    Region(
        "negated-similarity",
        -1.0000001,
        -0.001,
        "a negated similarity: -dice, -IoU, CosineSimilarity",
        "Such a loss goes from 0 to -1, and -1 is as good as it gets. Nothing is wrong.",
        "look at what the loss returns. Dice or IoU above 1 (a loss below -1) means labels outside [0, 1].",
        fault=False,
    ),
    Region(
        "beyond-the-clip",
        KERAS_POSITIVE * 1.0001,
        inf,
        "more than a clipped cross-entropy can cost",
        "From logits a wrong example costs as much as its logit is large: unscaled inputs, or a learning rate that "
        "is too high. Labels outside [0, 1] have no upper limit either. Sums over pixels or outputs, class weights "
        "and regularisers add up.",
        "look at predict() for large numbers, at y.min() and y.max(), and at the loss for sums.",
        ("BCE301", "BCE302"),
    ),
)


_LABELLED = "with labels from 0 to 1 it prints"


def exclusions(share: float | None, classes: int | None) -> Iterator[Exclusion]:
    """What has its mean loss between two numbers."""
    low, high = TWICE_POSITIVE, TWICE_CEILING
    if share is not None:
        low = share * TWICE_POSITIVE + (1 - share) * TWICE_NEGATIVE
        high = share * TWICE_NEGATIVE + (1 - share) * TWICE_CEILING
    yield Exclusion("sigmoid-twice", low, high, f"a sigmoid applied twice ({_LABELLED} {low:.4f} to {high:.4f})")
    if classes is not None:
        low, high = log1p((classes - 1) / e), log(e + classes - 1)
        yield Exclusion("softmax-twice", low, high, f"a softmax applied twice ({_LABELLED} {low:.4f} to {high:.4f})")
    yield Exclusion(
        "labels-in-range",
        -0.0011,
        inf,
        "a cross-entropy with labels from 0 to 1 and the right sign (it is not negative)",
    )
    yield Exclusion("similarity", -1.0001, inf, "a negated dice, IoU or cosine similarity (none falls below -1)")
    yield Exclusion(
        "keras-clipped",
        -inf,
        KERAS_POSITIVE * 1.0001,
        f"a cross-entropy of Keras on probabilities ({_LABELLED} 16.1181 at most)",
    )
    yield Exclusion(
        "tf-keras-clipped",
        -inf,
        TF_KERAS_POSITIVE * 1.0001,
        f"the binary cross-entropy of tf_keras on probabilities ({_LABELLED} 15.4249 at most)",
    )
