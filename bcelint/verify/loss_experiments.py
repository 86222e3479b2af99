"""Experiments for hand-written losses: what of the file has to run, and what is asked of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Mapping
from dataclasses import replace

from bcelint.findings import Finding
from bcelint.inference.facts import CustomLoss, LossFunction, Numeric, Pairing, SwappedArguments, UncalledLoss
from bcelint.inference.numeric.expressions import Expression
from bcelint.inference.recorder import FaultyFormula
from bcelint.knowledge import losses
from bcelint.source import Source
from bcelint.verify.after_fix import Fixed, NotFixed
from bcelint.verify.experiments import Calls, CodeExperiment, Unsupported
from bcelint.verify.formulas import formula
from bcelint.verify.policy import objections
from bcelint.verify.programs import Program, Refusal, cut_expression, cut_function

# What is asked about each rule's findings; see ``worker.code``.
_CHECKS: dict[str, tuple[str, ...]] = {
    "BCE207": ("order", "sweep"),
    "BCE208": ("swapped",),
    "BCE209": ("sweep",),
    "BCE210": ("weights", "sweep"),
    "BCE211": ("result",),
}
_NUMBERS = ("corners", "sweep")

# The corners of a probability in float32, some ordinary values, and logits up to where exp overflows.
_PROBABILITIES = (0.0, 1e-30, 1e-7, 0.1, 0.5, 0.9, 1 - 2.0**-24, 1.0)
_LOGITS = (-200.0, -100.0, -88.75, -20.0, -1.0, 0.0, 1.0, 20.0, 88.75, 100.0, 200.0)


def of_finding(
    finding: Finding, source: Source, faulty: FaultyFormula | None, *, trust: bool, dtype: str
) -> list[CodeExperiment]:
    """What to evaluate, best first: the function itself, then the formula. Raises ``Unsupported`` where nothing can be.

    A formula comes second even where the function can be cut out: running it may fail. ``faulty`` is the loss that
    the reported operation is a part of.
    """
    fact = finding.fact
    if isinstance(fact, UncalledLoss):
        return [_uncalled(fact, source, trust=trust)]
    if isinstance(fact, SwappedArguments) and fact.function is None:
        return [_swapped_call(fact)]
    function = function_of(fact)
    checks = _CHECKS.get(finding.code, _NUMBERS)
    found: list[CodeExperiment] = []
    reason = ""
    if function is not None:
        try:
            found.append(_function(function, source, checks, fact, trust=trust, dtype=dtype))
        except Unsupported as error:
            reason = str(error)
    if isinstance(fact, Numeric) and faulty is not None:
        made = _formula(fact, faulty.root, faulty.witness)
        if made is not None:
            found.append(replace(made, instead=reason))
    if not found:
        raise Unsupported(reason or "it is not in a function of its own")
    return found


def after_fix(
    finding: Finding,
    after: Fixed,
    before: list[CodeExperiment],
    faulty: FaultyFormula | None,
    *,
    trust: bool,
    dtype: str,
) -> list[CodeExperiment]:
    """The same experiments for the code after the fix, in the same order."""
    fact = finding.fact
    if isinstance(fact, UncalledLoss):
        source = after.file(fact.place.path)
        place = Calls(source).starting_at(after.row(fact.place), fact.place.column)
        if place is None:
            raise NotFixed("after the fix, the loss is not found any more")
        return [_uncalled(replace(fact, place=place), source, trust=trust)]
    if isinstance(fact, SwappedArguments) and fact.function is None:
        return [_swapped_call(fact, exchanged=False)]
    made = []
    for experiment in before:
        if experiment.is_formula:
            assert isinstance(fact, Numeric)
            formula_after = None
            if faulty is not None:
                formula_after = _formula(fact, after.formula(faulty.root), {}, experiment.witness)
            if formula_after is None:
                raise NotFixed("after the fix, the loss cannot be evaluated")
            made.append(formula_after)
            continue
        function = function_of(fact)
        assert function is not None
        if isinstance(fact, SwappedArguments):
            (first, labels), (second, prediction) = function.roles
            function = replace(function, roles=((second, labels), (first, prediction)))
        checks = _CHECKS.get(finding.code, _NUMBERS)
        function = after.function(function)
        source = after.file(function.definition.path)
        made.append(_function(function, source, checks, fact, trust=trust, dtype=dtype))
    return made


def sound(fact: CustomLoss, source: Source, *, trust: bool, dtype: str) -> CodeExperiment:
    """The experiment for a loss without a finding: its corners."""
    if fact.loss is None:
        raise Unsupported("it is not in a function of its own")
    return _function(fact.loss, source, _NUMBERS, fact, trust=trust, dtype=dtype)


def function_of(fact: object) -> LossFunction | None:
    """The function that a fact about a hand-written loss is about."""
    if isinstance(fact, SwappedArguments):
        return fact.function
    return fact.loss if isinstance(fact, (Numeric, CustomLoss)) else None


def literal_call(pairing: Pairing, source: Source, calls: Calls, *, trust: bool) -> CodeExperiment:
    """The experiment for a loss that is called on values that are written out: its value, and what it is of."""
    if source.tree is None:
        raise Unsupported("the file does not parse")
    program = _permitted(cut_expression(source.tree, source.text, replace(pairing.site, path="")), trust=trust)
    call = calls.at(pairing.site)
    labels, prediction = (None, None) if call is None else _arguments(call)
    if labels is None or prediction is None:
        raise Unsupported("what the loss is called on is not written in the call")
    entry = f"({program.entry}, {ast.unparse(labels)}, {ast.unparse(prediction)})"
    return CodeExperiment(program.name, program.source, entry, (), ("value",), rows=_rows(program))


def is_light(experiment: CodeExperiment) -> bool:
    """Whether a call that was cut out needs no model."""
    return _HEAVY.search(experiment.source) is None


# A model would have to be built, and may be trained, before the call has a value.
_HEAVY = re.compile(r"\b(?:layers|Sequential|Model|applications|fit|load\w*|read_\w+)\b")


def _arguments(call: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
    """The labels and the prediction that a loss is called with."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    found: list[ast.expr | None] = [*call.args[:2], None, None]
    labels = next((named[name] for name in _LABELS if name in named), found[0])
    prediction = next((named[name] for name in _PREDICTIONS if name in named), found[1])
    return labels, prediction


_LABELS = ("y_true", "labels", "target", "multi_class_labels", "onehot_labels")
_PREDICTIONS = ("y_pred", "logits", "output", "predictions")


def _function(
    function: LossFunction, source: Source, checks: tuple[str, ...], fact: object, *, trust: bool, dtype: str
) -> CodeExperiment:
    if source.tree is None:
        raise Unsupported("the file does not parse")
    definition = function.definition
    program = _permitted(cut_function(source.tree, source.text, (definition.row, definition.column)), trust=trust)
    roles = dict(function.roles)
    given = tuple(roles.get(name, "other") for name in program.parameters)
    if "prediction" not in given:
        raise Unsupported(f"which argument of `{program.name}` is the prediction is not known")
    witness = dict(fact.witness) if isinstance(fact, Numeric) else {}
    domain = "logits" if isinstance(fact, Numeric) and _takes_logits(fact, function) else "probability"
    if domain == "probability" and _OVER_CLASSES.search(program.source):
        domain = "distribution"
    return CodeExperiment(
        function.name,
        program.source,
        program.entry,
        given,
        checks,
        isinstance(fact, Numeric) and (fact.compiled or fact.kind == "where"),
        domain,
        _cases(domain, function, witness),
        # Keras 3 casts what compiled losses get to float32 under a mixed policy.
        "float32" if not dtype or dtype.startswith("mixed") else dtype,
        _rows(program),
    )


# Losses whose predictions sum to 1: they divide by that sum.
_OVER_CLASSES = re.compile(r"categorical_cross_?entropy|kullback|kl_?div", re.IGNORECASE)


def _cases(domain: str, function: LossFunction, witness: Mapping[str, float]) -> tuple[tuple[float, float], ...]:
    """Labels and predictions to evaluate at: those of the witness first."""
    named = {role: name for name, role in function.roles}
    p, y = witness.get(named.get("prediction", "")), witness.get(named.get("labels", ""))
    predictions = [p] if p is not None else [0.5]
    cases = [(label, each) for each in predictions for label in ((0.0, 1.0) if y is None else (y,))]
    points = _LOGITS if domain == "logits" else _PROBABILITIES
    cases += [(y, p) for p in points for y in (0.0, 1.0)]
    return tuple(dict.fromkeys(cases))


def _takes_logits(fact: Numeric, function: LossFunction) -> bool:
    """Whether the prediction is no probability: it leaves [0, 1] in the witness, or goes through a sigmoid."""
    named = {name for name, role in function.roles if role == "prediction"}
    outside = any(name in named and not 0 <= value <= 1 for name, value in fact.witness)
    return outside or bool(fact.twin)


def _uncalled(fact: UncalledLoss, source: Source, *, trust: bool) -> CodeExperiment:
    """What ``compile`` is given: the factory itself."""
    if source.tree is None:
        raise Unsupported("the file does not parse")
    program = _permitted(cut_expression(source.tree, source.text, replace(fact.place, path="")), trust=trust)
    return CodeExperiment(fact.name, program.source, program.entry, (), ("result",), rows=_rows(program))


def _swapped_call(fact: SwappedArguments, *, exchanged: bool = True) -> CodeExperiment:
    """A loss of the tables, called with the prediction first: no code of the file is needed."""
    spec = losses.BY_CLASS.get(fact.api) or losses.BY_FUNCTION.get(fact.api)
    if spec is None or not fact.api.startswith(("keras.", "tf.")):
        raise Unsupported(f"`{fact.loss}` is not a loss of Keras or TensorFlow")
    package, _, rest = fact.api.partition(".")
    imports = "import tensorflow as tf" if package == "tf" or rest.startswith("backend.") else "import keras"
    target = {"keras": f"keras.{rest}", "tf": f"tf.{rest}"}[package]
    if rest.startswith("backend."):
        target = f"tf.keras.{rest}"
    if fact.api in losses.BY_CLASS:
        target += "()"
    order = "prediction, labels" if exchanged else "labels, prediction"
    text = f"{imports}\n\n\ndef loss(labels, prediction):\n    return {target}({order})\n"
    return CodeExperiment(f"{fact.loss}({order})", text, "loss", ("labels", "prediction"), ("swapped",))


def _formula(
    fact: Numeric, root: Expression, witness: Mapping[Hashable, float], same: tuple[float, ...] = ()
) -> CodeExperiment | None:
    """The formula of a loss at the witness of an operation; ``None`` where it cannot be written down.

    ``same`` are the values of the inputs before a fix, which are kept where the formula has as many.
    """
    made = formula(root)
    if made is None:
        return None
    interior = made.values({})
    return CodeExperiment(
        f"row {fact.place.row}",
        made.source,
        made.entry,
        ("values",),
        ("witness",),
        witness=same if len(same) == len(interior) else made.values(witness),
        interior=interior,
        inputs=made.names,
        predictions=made.predictions,
        is_formula=True,
    )


def _permitted(program: Program | Refusal, *, trust: bool) -> Program:
    if isinstance(program, Refusal):
        raise Unsupported(program.reason)
    against = objections(program.source, trust=trust)
    if against:
        raise Unsupported(f"it {' and '.join(against[:3])}: needs --trust")
    return program


def _rows(program: Program) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(program.rows.items()))
