"""From what a hand-written loss did in the child process to a verdict: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isclose, isfinite, isnan, log, log1p
from typing import Any

from bcelint.inference.facts import Pairing
from bcelint.knowledge.domains import Family
from bcelint.verify import exact, symptoms
from bcelint.verify.experiments import CodeExperiment
from bcelint.verify.model import BackendVerdict, Curve, Verdict, Witness
from bcelint.verify.symptoms import number

_MODES = {"eager": "eager", "graph": "fit (compiled)", "XLA": "compiled by XLA"}
Result = Mapping[str, Any]
# The backends on which ``fit`` compiles the loss.
_COMPILING = ("tensorflow", "jax")
# Keras keeps probabilities this far away from 0 and 1.
_EPSILON = 1e-7


def judge(
    code: str, experiment: CodeExperiment, answer: Mapping[str, Any], backend: str, *, by_compiler: bool = False
) -> BackendVerdict:
    """The verdict on one backend; ``by_compiler``: the fault is one that a compiler brings in."""
    if "failure" in answer:
        return BackendVerdict(backend, Verdict.NOT_EVALUATED, answer["failure"])
    result = answer["result"]
    judges = {
        "witness": _formula,
        "order": _order,
        "swapped": _swapped,
        "weights": _weights,
        "result": _result,
        "corners": _corners,
        "sweep": _gradient,
        "value": _value,
    }
    decide = judges[experiment.checks[0]]
    verdict, reason, witness, seen, measured = decide(experiment, result)
    if by_compiler and verdict is Verdict.REFUTED and backend not in _COMPILING:
        verdict, reason = Verdict.RESCUED, f"{reason}, as it runs here; a compiler rewrites it"
    if "sweep" in result and decide is not _gradient:
        seen = (*seen, *_seen(result["sweep"]))
    return BackendVerdict(backend, verdict, reason, witness, seen, measured, _curves(result))


def is_sound(code: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Why a loss is not right after its fix; empty where it is: finite, and otherwise what it was meant to be."""
    if "failure" in after:
        return str(after["failure"])
    result, old = after["result"], before.get("result", {})
    if "witness" in result:
        return _formula_is_sound(result["witness"], old.get("witness", {}))
    if "order" in result:
        wrong = [y for y in (0, 1) if not result["order"][str(y)]["good"] < result["order"][str(y)]["bad"]]
        return f"for y = {wrong[0]} the loss still falls as the predictions get worse" if wrong else ""
    if "swapped" in result:
        return _exchange_is_sound(result["swapped"], old.get("swapped"))
    if "weights" in result:
        values = result["weights"]
        return "all weights still count the same" if _same(values["first"], values["second"]) else ""
    if "result" in result:
        found = result["result"]
        return str(found["raises"]) if "raises" in found else _not_finite(found["value"])
    if "value" in result:
        found = result["value"]
        meant = exact_mean(found["labels"], found["prediction"], logits=True)
        return "" if _close(found["value"], meant) else f"it gives {number(found['value'])} instead of {number(meant)}"
    if "corners" in result:
        faults = result["corners"]["faults"]
        if faults:
            fault = faults[0]
            what, mode = "gradient" if fault["value_is_finite"] else "loss", _MODES[fault["mode"]]
            return f"p = {fault['p']:g}, y = {fault['y']:g}: the {what} is {number(fault[_key(fault)])} ({mode})"
        # A power below 1 of an epsilon is not small.
        return _still_the_same(result, old, 5e-3 if code == "BCE212" else 2e-6)
    return "" if _has_slope(result["sweep"]) else "there is still no gradient"


# --- one decision for each check --------------------------------------------------------------------------------------

_Decision = tuple[Verdict, str, Witness | None, tuple[str, ...], tuple[tuple[str, str], ...]]


def _corners(experiment: CodeExperiment, result: Result) -> _Decision:
    """Whether the loss or its gradient is not finite for a prediction and a label that can occur."""
    corners = result["corners"]
    if not corners["faults"]:
        return Verdict.REFUTED, f"finite in all {corners['evaluated']} cases", None, (), ()
    fault = corners["faults"][0]
    name = "z" if experiment.domain == "logits" else "p"
    mode = _MODES[fault["mode"]]
    what = "gradient" if fault["value_is_finite"] else "loss"
    others = {"distribution": ", the rest on the other units", "one": ", the other units 0"}.get(fault["pattern"], "")
    value = number(fault[_key(fault)])
    reason = f"{name} = {number(fault['p'])}, y = {fault['y']:g}{others}: the {what} is {value} ({mode})"
    witness = Witness(((name, fault["p"]), ("y", fault["y"])), mode, fault["loss"], fault["gradient"])
    seen: tuple[str, ...] = ()
    if not fault["value_is_finite"]:
        seen = ("one such example makes the loss of its batch inf or NaN, and then all weights NaN",)
    else:
        seen = ("the loss looks normal, and one such example makes all weights NaN",)
    rows = tuple(
        (
            f"{name} = {number(f['p'])}, y = {f['y']:g}, {_MODES[f['mode']]}, shape {tuple(f['shape'])}",
            f"{number(f['loss'])}, gradient {'none' if f['gradient'] is None else number(f['gradient'])}",
        )
        for f in corners["faults"]
    )
    return Verdict.CONFIRMED, reason, witness, seen, rows


def _formula(experiment: CodeExperiment, result: Result) -> _Decision:
    found = result["witness"]
    every = tuple(zip(experiment.inputs, experiment.witness, strict=True))
    # The others are anywhere in the middle.
    given = tuple(pair for pair, usual in zip(every, experiment.interior, strict=True) if pair[1] != usual) or every
    words = ", ".join(f"{name} = {number(value)}" for name, value in given)
    rows = tuple(
        (
            f"{_MODES[t['mode']]}, {t['count']} example{'s' if t['count'] > 1 else ''}",
            f"{number(t['loss'])}, gradient {'none' if t['gradient'] is None else number(t['gradient'])}",
        )
        for t in found["tried"]
    )
    if not found["faulty"]:
        return Verdict.REFUTED, f"{words}: finite", None, (), rows
    fault = found["tried"][-1]
    mode = _MODES[fault["mode"]]
    what, value = _worse(fault)
    witness = Witness(given, mode, fault["loss"], fault["gradient"])
    seen = ("one such example makes the loss of its batch inf or NaN, and then all weights NaN",)
    return Verdict.CONFIRMED, f"{words}: the {what} is {number(value)} ({mode})", witness, seen, rows


def _order(experiment: CodeExperiment, result: Result) -> _Decision:
    """Whether a worse prediction costs less."""
    order = result["order"]
    rows = []
    wrong: list[tuple[int, float, float]] = []
    for y in (1, 0):
        good, bad = order[str(y)]["good"], order[str(y)]["bad"]
        right, other = (order["high"], order["low"])[:: 1 if y else -1]
        rows += [(f"p = {right:g}, y = {y}", number(good)), (f"p = {other:g}, y = {y}", number(bad))]
        if not good <= bad:
            wrong.append((y, good, bad))
    if not wrong:
        return Verdict.REFUTED, "worse predictions cost more for both labels", None, (), tuple(rows)
    y, good, bad = wrong[0]
    right, other = (order["high"], order["low"])[:: 1 if y else -1]
    witness = Witness((("p", other), ("y", float(y))), "eager", bad)
    reason = f"y = {y}: the loss is {number(good)} for p = {right:g}, and {number(bad)} for p = {other:g}"
    return Verdict.CONFIRMED, reason, witness, ("training makes the predictions worse",), tuple(rows)


def _swapped(experiment: CodeExperiment, result: Result) -> _Decision:
    """Whether exchanging labels and prediction makes a difference, and what the gradient is as written."""
    cases = result["swapped"]["cases"]
    rows = tuple(
        (f"y = {c['y']:g}, p = {c['p']:g}", f"{number(c['loss'])}, the right way round {number(c['exchanged'])}")
        for c in cases
    )
    different = [c for c in cases if not _same(c["loss"], c["exchanged"])]
    if not different:
        return Verdict.REFUTED, "the order makes no difference", None, (), rows
    worst = max(different, key=lambda c: abs(c["loss"] - c["exchanged"]) if isfinite(c["loss"]) else 1e300)
    witness = Witness(
        (("p", worst["p"]), ("y", worst["y"])),
        "eager",
        worst["loss"],
        worst["gradient"],
        worst["exchanged"],
        worst["exchanged_gradient"],
    )
    reason = (
        f"p = {worst['p']:g}, y = {worst['y']:g}: the loss is {number(worst['loss'])}, and the right way round "
        f"{number(worst['exchanged'])}"
    )
    slopes = {y: [c["gradient"] for c in cases if c["y"] == y] for y in (0.0, 1.0)}
    constant = [
        f"the gradient is {number(values[0])} for y = {y:g}, whatever the prediction is"
        for y, values in slopes.items()
        if None not in values and max(values) - min(values) <= 1e-4 * max(1.0, abs(values[0]))
    ]
    return Verdict.CONFIRMED, reason, witness, tuple(constant), rows


def _gradient(experiment: CodeExperiment, result: Result) -> _Decision:
    """Whether any gradient reaches the prediction."""
    sweep = result["sweep"]
    if _has_slope(sweep):
        return Verdict.REFUTED, "there is a gradient", None, (), ()
    at = sweep["z"].index(0.0)
    slopes = [slope for y in ("0", "1") for slope in sweep[y]["gradient"]]
    witness = Witness((("z", 0.0), ("y", 1.0)), _MODES[sweep["mode"]], sweep["1"]["loss"][at])
    if sweep.get("without_gradient"):
        seen = ("TensorFlow says that no gradients are provided, or the weights never change",)
        return Verdict.CONFIRMED, "there is no gradient for any prediction", witness, seen, ()
    witness = replace(witness, gradient=sweep["1"]["gradient"][at])
    what = "0" if all(slope == 0 for slope in slopes) else "0 or not finite"
    seen = ("the loss never changes, and neither do the weights",)
    return Verdict.CONFIRMED, f"the gradient is {what} at all {len(slopes)} points", witness, seen, ()


def _weights(experiment: CodeExperiment, result: Result) -> _Decision:
    """Whether two examples weigh the same whatever their weights."""
    values = result["weights"]
    rows = (
        ("p = 0.9 and 0.1 for y = 1, no weights", number(values["none"])),
        ("weights 1 and 0", number(values["first"])),
        ("weights 0 and 1", number(values["second"])),
    )
    if not _same(values["first"], values["second"]):
        return Verdict.REFUTED, "the weights make a difference", None, (), rows
    witness = Witness((("weight of the first", 1.0), ("weight of the second", 0.0)), "test_on_batch", values["first"])
    reason = f"the loss is {number(values['first'])} whether all weight is on the good prediction or on the bad one"
    return Verdict.CONFIRMED, reason, witness, ("class_weight and sample_weight have no effect",), rows


def _result(experiment: CodeExperiment, result: Result) -> _Decision:
    """Whether a model can be trained with it."""
    found = result["result"]
    if "raises" in found:
        reason = f"Keras raises {found['raises']}"
        return Verdict.CONFIRMED, reason, None, ("training does not start",), ()
    return Verdict.REFUTED, f"the loss is {number(found['value'])}", None, (), ()


def _value(experiment: CodeExperiment, result: Result) -> _Decision:
    """A loss that is called on numbers that are no probabilities."""
    found = result["value"]
    meant = exact_mean(found["labels"], found["prediction"], logits=True)
    rows = (("the call", number(found["value"])), ("exact, with the prediction as logits", number(meant)))
    witness = Witness((), "eager", found["value"], None, meant)
    if _close(found["value"], meant):
        return Verdict.REFUTED, f"the call gives the exact {number(meant)}", None, (), rows
    outside = [p for p in found["prediction"] if not 0 <= p <= 1]
    seen = (f"{len(outside)} of {len(found['prediction'])} values are clipped to [1e-7, 1 - 1e-7] and get no gradient",)
    reason = f"the call gives {number(found['value'])}, and should give {number(meant)}"
    return Verdict.CONFIRMED, reason, witness, seen, rows


def measured(pairing: Pairing, answer: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether a call of a loss on known values gives the exact value, and what it gives."""
    found = answer["result"]["value"]
    labels, prediction, value = found["labels"], found["prediction"], found["value"]
    words = f"the call gives {value:.7g}"
    if pairing.loss.family is not Family.BINARY:
        return None, words
    if any(not 0 <= y <= 1 for y in labels):
        return False, f"{words}: the labels are not between 0 and 1, so that is no cross-entropy"
    logits = pairing.loss.from_logits
    meant = exact_mean(labels, prediction, logits=logits)
    if _rounds_to(value, meant, labels, prediction, logits=logits):
        return True, f"{words}, as far as float32 goes"
    words += f", and the exact value is {meant:.7g}"
    clipped = [min(max(p, _EPSILON), 1 - _EPSILON) for p in prediction]
    if not logits and _rounds_to(value, exact_mean(labels, clipped, logits=False), labels, clipped, logits=False):
        words += ": Keras keeps probabilities 1e-7 away from 0 and 1"
    return False, words


def bounds(answer: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a hand-written loss is finite wherever it was evaluated, and between which values it lies."""
    result = answer["result"]
    corners = result["corners"]
    values = [value for y in ("0", "1") for value in result["sweep"][y]["loss"] if isfinite(value)]
    words = f"between {min(values):.4g} and {max(values):.4g}" if values else "never finite"
    if not corners["faults"]:
        return True, f"in all {corners['evaluated']} cases, {words} for z from -100 to 100"
    fault = corners["faults"][0]
    what = "gradient" if fault["value_is_finite"] else "loss"
    return False, f"p = {fault['p']:g}, y = {fault['y']:g}: the {what} is {number(fault[_key(fault)])}; {words}"


def _rounds_to(
    value: float, meant: float, labels: Sequence[float], prediction: Sequence[float], *, logits: bool
) -> bool:
    """Whether float32 may give ``value`` for ``meant``: a probability is off by half a unit in its last place."""
    pairs = zip(labels, prediction, strict=True)
    allowed = 0.0 if logits else sum(2.4e-7 / max(p if y else 1 - p, _EPSILON) for y, p in pairs) / len(labels)
    return abs(value - meant) <= 1e-5 * abs(meant) + allowed


def exact_mean(labels: Sequence[float], prediction: Sequence[float], *, logits: bool) -> float:
    """The binary cross-entropy of a batch in double precision; inf where a probability of 0 is true."""
    terms = [_exact(y, p, logits=logits) for y, p in zip(labels, prediction, strict=True)]
    return sum(terms) / len(terms)


def _exact(y: float, p: float, *, logits: bool) -> float:
    if logits:
        return exact.softplus(p) - y * p
    if (p <= 0 and y) or (p >= 1 and y != 1):
        return inf
    return (-y * log(p) if y else 0.0) + (-(1 - y) * log1p(-p) if y != 1 else 0.0)


# --- after a fix ------------------------------------------------------------------------------------------------------


def _formula_is_sound(after: Result, before: Result) -> str:
    if after["faulty"]:
        fault = after["tried"][-1]
        what, value = _worse(fault)
        return f"at the same inputs the {what} is {number(value)} ({_MODES[fault['mode']]})"
    if isfinite(before.get("interior", inf)) and not _close(after["interior"], before["interior"]):
        return f"it changes a sound value from {number(before['interior'])} to {number(after['interior'])}"
    return ""


def _exchange_is_sound(after: Result, before: Result | None) -> str:
    if before is None:
        return ""
    for new, old in zip(after["cases"], before["cases"], strict=True):
        if not _same(new["loss"], old["exchanged"]) and not _close(new["loss"], old["exchanged"]):
            return f"p = {new['p']:g}, y = {new['y']:g}: the loss is {number(new['loss'])}"
    return ""


def _still_the_same(result: Result, old: Result, allowed: float) -> str:
    """A fix for the corners must not change what was sound."""
    if "sweep" not in result or "sweep" not in old:
        return ""
    for y in ("0", "1"):
        for z, new, before in zip(
            result["sweep"]["z"], result["sweep"][y]["loss"], old["sweep"][y]["loss"], strict=True
        ):
            if abs(z) <= 6 and isfinite(before) and not _close(new, before, allowed):
                return f"z = {z:g}, y = {y}: it changes a sound value from {number(before)} to {number(new)}"
    return ""


# --- parts ------------------------------------------------------------------------------------------------------------


def _key(fault: Mapping[str, Any]) -> str:
    return "gradient" if fault["value_is_finite"] else "loss"


def _worse(fault: Mapping[str, Any]) -> tuple[str, float]:
    """What of a formula is not finite, and its value."""
    return ("loss", fault["loss"]) if not isfinite(fault["loss"]) else ("gradient", fault["gradient"])


def _has_slope(sweep: Result) -> bool:
    """Whether a gradient reaches any prediction."""
    slopes = [slope for y in ("0", "1") for slope in sweep[y]["gradient"]]
    return not sweep.get("without_gradient") and any(isfinite(slope) and slope != 0 for slope in slopes)


def _not_finite(value: float) -> str:
    return "" if isfinite(value) else f"the loss is {number(value)}"


def _same(a: float, b: float) -> bool:
    """Equal to what float32 has digits for; NaN is NaN."""
    return isclose(a, b, rel_tol=1e-6) or (isnan(a) and isnan(b))


def _close(a: float, b: float, allowed: float = 2e-6) -> bool:
    """Equal to 1e-5, and up to what an epsilon may have changed."""
    return isfinite(b) and abs(a - b) <= 1e-5 * abs(b) + allowed


def curves_of(answer: Mapping[str, Any]) -> tuple[Curve, ...]:
    """The curves of a loss as it is, for the plots."""
    return _curves(answer.get("result", {}))


def _curves(result: Result) -> tuple[Curve, ...]:
    """The loss over pre-activations, and the same in double precision where it was computed."""
    made = []
    for name, check in (("as written", "sweep"), ("exact", "double")):
        sweep = result.get(check)
        if not sweep:
            continue
        for y in (1, 0):
            curve = sweep[str(y)]
            slopes = () if sweep.get("without_gradient") else tuple(curve["gradient"])
            made.append(Curve(name, y, tuple(sweep["z"]), tuple(curve["loss"]), slopes))
    return tuple(made)


def _seen(sweep: Result) -> tuple[str, ...]:
    """Where the loss over pre-activations is not finite, and how it starts."""
    z = sweep["z"]
    losses = {y: sweep[str(y)]["loss"] for y in (0, 1)}
    said = symptoms.not_finite(z, losses)
    return (*said, *symptoms.start(z, losses))
