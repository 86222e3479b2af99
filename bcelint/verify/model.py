"""What verification says about a finding, for reporters: plain data, without Keras."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bcelint.findings import Finding
from bcelint.places import Place
from bcelint.reporting.model import FileReport


class Verdict(str, Enum):
    """What came of evaluating a finding on a backend.

    ``CONFIRMED``: the fault is there. ``RESCUED``: this backend repairs it, others do not. ``REFUTED``: the finding is
    wrong, which is a defect of bcelint. ``NOT_EVALUATED``: nothing was learnt.
    """

    CONFIRMED = "confirmed"
    RESCUED = "rescued"
    REFUTED = "refuted"
    NOT_EVALUATED = "not evaluated"


# The label of curves that are the mean of a positive and a negative example.
BOTH = -1


@dataclass(frozen=True)
class Curve:
    """A loss and its gradient over one variable, for examples with one label.

    Attributes:
        name: ``as written``, ``after the fix`` or ``exact``.
        label: the label of the examples, 0 or 1 (for a categorical loss: whether the swept unit is the true class), or
            ``BOTH``.
        x: values of the variable, rising.
        loss: the loss of one example at each ``x``; may hold inf and NaN.
        gradient: its derivative with respect to the variable; may hold inf and NaN, empty where there is none.
    """

    name: str
    label: int
    x: tuple[float, ...]
    loss: tuple[float, ...]
    gradient: tuple[float, ...] = ()


@dataclass(frozen=True)
class Witness:
    """One evaluation that shows the fault.

    Attributes:
        inputs: what went in, by name (``z``, ``y``, ``p``, ``y_true``, ``sample_weight`` ...), in reading order.
        mode: how it was computed: ``fit``, ``eager``, ``graph``, ``XLA`` ...
        loss, gradient: what came out; ``None`` where there is none.
        expected, expected_gradient: what should have.
        expression: what was computed, where that is not the loss itself (``AUC``, ``the prediction``).
    """

    inputs: tuple[tuple[str, float], ...]
    mode: str
    loss: float | None = None
    gradient: float | None = None
    expected: float | None = None
    expected_gradient: float | None = None
    expression: str = "loss"


@dataclass(frozen=True)
class FixVerdict:
    """Whether the code is right after the fix, evaluated; ``reason`` is a sentence without a full stop."""

    message: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class BackendVerdict:
    """The verdict on one backend.

    Attributes:
        backend: ``tensorflow``, ``jax`` or ``torch``.
        reason: what was seen, or why nothing was, in one line without a full stop.
        witness: the evaluation that shows it.
        symptoms: what a user sees of it, each a short sentence without a full stop.
        measured: rows of the table of numbers: what, and its value as text.
        curves: for the plots; ``axis`` says what they run over (``pre-activation z``).
        fix: with ``--fixes``, what became of the first fix.
    """

    backend: str
    verdict: Verdict
    reason: str
    witness: Witness | None = None
    symptoms: tuple[str, ...] = ()
    measured: tuple[tuple[str, str], ...] = ()
    curves: tuple[Curve, ...] = ()
    axis: str = "pre-activation z"
    fix: FixVerdict | None = None


@dataclass(frozen=True)
class Verification:
    """A finding and what evaluating it has shown.

    ``evaluated`` says what was run, in words (``Dense(1, "sigmoid") with BinaryCrossentropy(from_logits=True)``,
    ``the function my_bce``); it is empty where nothing was.
    """

    finding: Finding
    evaluated: str
    backends: tuple[BackendVerdict, ...]


@dataclass(frozen=True)
class Measurement:
    """A head and a loss that fit, or a hand-written loss without a finding, evaluated.

    Attributes:
        site: where they meet, or what the loss returns.
        evaluated: what was run, in words.
        quality: what was asked: whether the loss is ``exact`` (as far as the dtype goes), or ``finite``.
        backends: for each backend whether it is (``None``: it was not evaluated), and in words what was measured.
    """

    site: Place
    evaluated: str
    quality: str
    backends: tuple[tuple[str, bool | None, str], ...]


@dataclass(frozen=True)
class FileVerifications:
    """What became of the findings of one file."""

    report: FileReport
    verifications: tuple[Verification, ...] = ()
    sound: tuple[Measurement, ...] = ()
