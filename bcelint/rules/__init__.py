"""The rules: one line each here, one module each beside this file.

Only metadata is imported with this module; ``check`` loads the modules of the rules that have something to decide.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from bcelint.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bcelint.findings import Finding
    from bcelint.inference.facts import Fact


class Rule(NamedTuple):
    """What is public about a rule.

    ``fixable`` is ``safe``, ``unsafe``, ``sometimes`` (safe where the file shows what is meant) or ``no``. ``module``
    has ``check(facts) -> Iterator[Finding]``; it is empty for the rules about the file itself, which the pipeline
    reports.
    """

    code: str
    name: str
    severity: Severity
    fixable: str
    summary: str
    module: str = ""
    default: bool = True


_E, _W = Severity.ERROR, Severity.WARNING

RULES: tuple[Rule, ...] = (
    Rule(
        "BCE101",
        "double-sigmoid",
        _E,
        "sometimes",
        "a sigmoid output meets a loss that applies another",
        "double_sigmoid",
    ),
    Rule(
        "BCE102",
        "missing-sigmoid",
        _E,
        "sometimes",
        "an output without a sigmoid meets a probability loss",
        "missing_sigmoid",
    ),
    Rule(
        "BCE103",
        "wrong-range-output",
        _E,
        "unsafe",
        "relu, tanh ... as the output of a binary loss",
        "wrong_range_output",
    ),
    Rule(
        "BCE104",
        "single-unit-softmax",
        _E,
        "unsafe",
        "a softmax over one unit is the constant 1",
        "single_unit_softmax",
    ),
    Rule(
        "BCE105",
        "softmax-with-binary-loss",
        _W,
        "unsafe",
        "a softmax output meets a binary loss",
        "softmax_with_binary_loss",
    ),
    Rule(
        "BCE106",
        "single-unit-categorical-loss",
        _E,
        "unsafe",
        "one unit meets a categorical loss",
        "single_unit_categorical_loss",
    ),
    Rule(
        "BCE107",
        "sigmoid-with-categorical-loss",
        _W,
        "unsafe",
        "sigmoid units meet a categorical loss",
        "sigmoid_with_categorical_loss",
    ),
    Rule(
        "BCE108",
        "double-softmax",
        _E,
        "sometimes",
        "a softmax output meets a loss that applies another",
        "double_softmax",
    ),
    Rule(
        "BCE109",
        "missing-softmax",
        _E,
        "sometimes",
        "an output without a softmax meets a probability loss",
        "missing_softmax",
    ),
    Rule(
        "BCE110",
        "wrong-range-categorical",
        _E,
        "unsafe",
        "relu, tanh ... as the output of a categorical loss",
        "wrong_range_categorical",
    ),
    Rule(
        "BCE111",
        "dropout-after-output",
        _W,
        "unsafe",
        "dropout between the output activation and the loss",
        "dropout_after_output",
    ),
    Rule("BCE201", "unclipped-log", _E, "safe", "the argument of a log can be 0", "unclipped_log"),
    Rule("BCE202", "vanishing-epsilon", _E, "safe", "the epsilon before a log rounds away", "vanishing_epsilon"),
    Rule(
        "BCE203",
        "misplaced-epsilon",
        _E,
        "safe",
        "the epsilon is added behind the log or division",
        "misplaced_epsilon",
    ),
    Rule("BCE204", "nan-gradient-where", _E, "unsafe", "`where` lets a NaN gradient through", "nan_gradient_where"),
    Rule("BCE205", "unstable-log", _W, "safe", "the log of a sigmoid or softmax is written out", "unstable_log"),
    Rule(
        "BCE206", "unguarded-division", _W, "unsafe", "a ratio of sums whose denominator can be 0", "unguarded_division"
    ),
    Rule("BCE207", "negated-loss", _E, "unsafe", "a cross-entropy with the wrong sign", "negated_loss"),
    Rule(
        "BCE208",
        "swapped-loss-arguments",
        _E,
        "unsafe",
        "the prediction stands where the labels belong",
        "swapped_loss_arguments",
    ),
    Rule(
        "BCE209",
        "non-differentiable-loss",
        _E,
        "no",
        "no gradient leads from the loss to the prediction",
        "non_differentiable_loss",
    ),
    Rule(
        "BCE210",
        "scalar-loss-drops-weights",
        _W,
        "unsafe",
        "a loss of the whole batch ignores weights",
        "scalar_loss_drops_weights",
    ),
    Rule(
        "BCE211",
        "uncalled-loss-factory",
        _E,
        "safe",
        "what makes a loss is given instead of the loss",
        "uncalled_loss_factory",
    ),
    Rule("BCE212", "fractional-power", _W, "safe", "a fractional power of what can be 0", "fractional_power"),
    Rule(
        "BCE401",
        "probability-metric-on-logits",
        _E,
        "sometimes",
        "a metric that expects probabilities measures logits",
        "probability_metric_on_logits",
    ),
    Rule(
        "BCE402", "exact-match-accuracy", _E, "safe", "Accuracy() compares floats for equality", "exact_match_accuracy"
    ),
    Rule(
        "BCE405",
        "argmax-accuracy-on-multilabel",
        _W,
        "unsafe",
        '"accuracy" on several sigmoids compares the argmax',
        "argmax_accuracy_on_multilabel",
    ),
    Rule("BCE900", "invalid-syntax", _E, "no", "the file does not parse"),
    Rule("BCE901", "unused-suppression", _W, "safe", "a suppression comment that suppresses nothing"),
    Rule("BCE902", "unreadable-file", _E, "no", "the file cannot be read, decoded or understood as a notebook"),
)

BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}


def check(facts: Sequence[Fact]) -> list[Finding]:
    """All findings for the facts of a file."""
    if not facts:
        return []
    from bcelint.rules.common import without_shared_edits

    modules = (import_module(f"bcelint.rules.{rule.module}") for rule in RULES if rule.module)
    findings = [finding for module in modules for finding in module.check(facts)]
    return without_shared_edits(findings, facts)
