"""From the numbers of a head and a loss to a verdict: pure decisions over what the child process has sent."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from math import inf, isfinite
from typing import Any

from bcelint.verify import exact, symptoms
from bcelint.verify.experiments import STAND_INS, SWEEP, PairExperiment
from bcelint.verify.model import BackendVerdict, Curve, Verdict, Witness
from bcelint.verify.symptoms import number

# Where a sound loss on probabilities agrees with the exact one as closely as float32 lets it.
_INNER = 10.0
_RELATIVE, _ABSOLUTE = 0.02, 2e-3
_REPAIRED = "Keras finds the logits behind the activation and uses them"

Losses = Mapping[int, Sequence[float]]


def exact_curves(experiment: PairExperiment) -> tuple[Losses, Losses]:
    """The losses and gradients that are meant, by label, over ``SWEEP``."""
    form = experiment.form
    arguments = _arguments(experiment)
    values = {y: [exact.loss(form, z, y, units=experiment.units, arguments=arguments) for z in SWEEP] for y in (0, 1)}
    slopes = {
        y: [exact.gradient(form, z, y, units=experiment.units, arguments=arguments) for z in SWEEP] for y in (0, 1)
    }
    return values, slopes


def judge(code: str, experiment: PairExperiment, answer: Mapping[str, Any], backend: str) -> BackendVerdict:
    """The verdict on one backend."""
    if "failure" in answer:
        return BackendVerdict(backend, Verdict.NOT_EVALUATED, answer["failure"])
    result = answer["result"]
    if code == "BCE104":
        return _constant(result, backend)
    meant, slopes = exact_curves(experiment)
    modes = result["modes"]
    faults = {mode: _fault(modes[mode], meant) for mode in ("graph", "eager") if mode in modes}
    # What fit runs decides; where the file calls the loss itself, it may do so in either way.
    deciding = [mode for mode in faults if not experiment.in_fit or mode == next(iter(faults))]
    mode = max(deciding, key=lambda m: _size(faults[m]), default="")
    if not mode or not modes[mode]:
        return _raises(code, result, backend)
    curves = _curves(modes[mode], meant, slopes)
    seen = _symptoms(modes[mode], meant, slopes)
    measured = _measured(modes, meant, experiment)
    fault = faults[mode]
    if fault is not None:
        z, y = fault
        witness = _witness(modes[mode], meant, slopes, z, y, _mode_name(mode, experiment, faults))
        others = _other_modes(faults, mode, experiment)
        right = number(meant[y][SWEEP.index(z)])
        reason = f"z = {z:g}, y = {y}: the loss is {number(witness.loss or 0.0)}, and should be {right}"
        return BackendVerdict(backend, Verdict.CONFIRMED, reason + others, witness, seen, measured, curves)
    if len(modes[mode]) < len(meant):
        return _raises(code, result, backend)
    detached = _fault(modes["detached"], meant)
    if detached is not None:
        z, y = detached
        witness = _witness(modes["detached"], meant, slopes, z, y, "on the numbers that the model predicts")
        eager = faults.get("eager") if mode != "eager" else None
        also = "; run eagerly it does not" if eager is not None else ""
        return BackendVerdict(backend, Verdict.RESCUED, _REPAIRED + also, witness, (), measured, curves)
    return BackendVerdict(backend, Verdict.REFUTED, "the loss has its exact values", None, (), measured, curves)


def agrees(experiment: PairExperiment, answer: Mapping[str, Any]) -> str:
    """Why a pair does not compute the exact loss with a finite gradient; empty where it does.

    The relative error may be 1e-5, and what rounding a probability to the dtype costs.
    """
    if "failure" in answer:
        return str(answer["failure"])
    modes = answer["result"]["modes"]
    mode = next((mode for mode in ("graph", "eager") if modes.get(mode)), "")
    if not mode:
        return "it cannot be computed"
    meant, _ = exact_curves(experiment)
    is_detached = any(kind == "numpy" for kind, _, _ in experiment.steps)
    for y in (0, 1):
        curve = modes[mode].get(str(y))
        if curve is None:
            return f"it cannot be computed for y = {y}"
        for i, z in enumerate(SWEEP):
            is_off = abs(z) <= 15 and not abs(curve["loss"][i] - meant[y][i]) <= _allowed(experiment, z, y, meant[y][i])
            if is_off:
                return f"z = {z:g}, y = {y}: the loss is {number(curve['loss'][i])} instead of {number(meant[y][i])}"
            # What a metric measures needs no gradient.
            if not is_detached and (curve["gradient"] is None or not isfinite(curve["gradient"][i])):
                return f"z = {z:g}, y = {y}: there is no finite gradient"
    return ""


def _allowed(experiment: PairExperiment, z: float, y: int, meant: float) -> float:
    """How far a loss may be from the exact one."""
    arguments, dtype = _arguments(experiment), experiment.rounded_to
    smoothing = arguments.pop("label_smoothing", 0.0)
    cost = exact.loss(experiment.form, z, y, units=experiment.units)
    # Weights make the loss larger, and what rounding costs with it.
    weight = exact.loss(experiment.form, z, y, units=experiment.units, arguments=arguments) / cost
    allowed = 1e-5 * abs(meant) + max(1.0, weight) * exact.rounding(z, cost, dtype)
    if smoothing:
        # The other label counts as well, with the smaller of the two probabilities.
        allowed += smoothing * exact.rounding(z, exact.softplus(abs(z)), dtype)
    return allowed


def measured(experiment: PairExperiment, answer: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a pair computes the exact loss, and how far down and up it does."""
    fault = agrees(experiment, answer)
    if fault:
        return False, fault
    modes = answer["result"]["modes"]
    curves = modes[next(mode for mode in ("graph", "eager") if modes.get(mode))]
    floors = {y: min(curves[str(y)]["loss"]) for y in (0, 1)}
    ceilings = {y: max(curves[str(y)]["loss"]) for y in (0, 1)}
    said = ["for z from -15 to 15, as far as float32 goes"]
    if max(floors.values()) > _FLOOR:
        said.append(f"no lower than {floors[1]:.4g} for y = 1 and {floors[0]:.4g} for y = 0")
    if max(ceilings.values()) < _CEILING:
        said.append(
            f"no higher than {ceilings[1]:.4f} for y = 1 and {ceilings[0]:.4f} for y = 0, without a gradient there"
        )
    return True, "; ".join(said)


# At z = 100 an exact loss is below 1e-43, or 100.
_FLOOR, _CEILING = 1e-12, 50.0


def curves_of(experiment: PairExperiment, answer: Mapping[str, Any]) -> tuple[Curve, ...]:
    """The curves of a pair as it is, for the plots."""
    modes = answer["result"]["modes"]
    mode = next((mode for mode in ("graph", "eager") if modes.get(mode)), "")
    return _curves(modes[mode], *exact_curves(experiment)) if mode else ()


# --- parts ------------------------------------------------------------------------------------------------------------


def _arguments(experiment: PairExperiment) -> dict[str, float]:
    """The arguments that change the exact value, with the defaults of focal losses."""
    given = {key: float(value) for key, value in experiment.loss.arguments if key != "from_logits"}
    if "ocal" in experiment.loss.target:
        given = {"gamma": 2.0, "alpha": 0.25, **given}
    if experiment.loss.target in STAND_INS:
        given["apply_class_balancing"] = 1.0
    return given


def _fault(curves: Mapping[str, Any], meant: Losses) -> tuple[float, int] | None:
    """Where a loss is furthest from what is meant; ``None`` where it is nowhere."""
    worst: tuple[float, float, int] | None = None
    for y in (0, 1):
        curve = curves.get(str(y))
        if curve is None:
            continue
        for z, value, right in zip(SWEEP, curve["loss"], meant[y], strict=True):
            if abs(z) > _INNER:
                continue
            off = abs(value - right) if isfinite(value) else inf
            if off > _RELATIVE * abs(right) + _ABSOLUTE and (worst is None or off > worst[0]):
                worst = (off, z, y)
    return None if worst is None else worst[1:]


def _size(fault: tuple[float, int] | None) -> int:
    return fault is not None


def _witness(curves: Mapping[str, Any], meant: Losses, slopes: Losses, z: float, y: int, mode: str) -> Witness:
    at = SWEEP.index(z)
    curve = curves[str(y)]
    gradient = curve["gradient"][at] if curve["gradient"] is not None else None
    return Witness((("z", z), ("y", float(y))), mode, curve["loss"][at], gradient, meant[y][at], slopes[y][at])


def _mode_name(mode: str, experiment: PairExperiment, modes: Container[str]) -> str:
    if not ("graph" in modes and "eager" in modes):
        return "fit" if experiment.in_fit else "called"
    if experiment.in_fit:
        return "fit" if mode == "graph" else "fit, run eagerly"
    return {"graph": "called in a compiled function", "eager": "called eagerly"}[mode]


def _other_modes(faults: Mapping[str, Any], mode: str, experiment: PairExperiment) -> str:
    """How it is in the other mode, where that differs."""
    for other, fault in faults.items():
        if other != mode and fault is None:
            return f"; {_mode_name(other, experiment, faults)} it is repaired"
    return ""


def _curves(curves: Mapping[str, Any], meant: Losses, slopes: Losses) -> tuple[Curve, ...]:
    made = []
    for y in (1, 0):
        curve = curves.get(str(y))
        if curve is not None:
            made.append(Curve("as written", y, SWEEP, tuple(curve["loss"]), tuple(curve["gradient"] or ())))
        made.append(Curve("exact", y, SWEEP, tuple(meant[y]), tuple(slopes[y])))
    return tuple(made)


def _symptoms(curves: Mapping[str, Any], meant: Losses, slopes: Losses) -> tuple[str, ...]:
    losses = {int(y): curve["loss"] for y, curve in curves.items()}
    gradients = {int(y): curve["gradient"] for y, curve in curves.items()}
    return symptoms.of_curves(SWEEP, losses, gradients, meant, slopes)


def _measured(modes: Mapping[str, Any], meant: Losses, experiment: PairExperiment) -> tuple[tuple[str, str], ...]:
    """The loss at a few pre-activations, in every way in which it was computed."""
    rows = []
    names = {
        "graph": _mode_name("graph", experiment, modes),
        "eager": _mode_name("eager", experiment, modes),
        "called": "called on the model's output",
        "detached": "called on the numbers that the model predicts",
    }
    for y in (1, 0):
        for z in (-10.0, 0.0, 10.0):
            at = SWEEP.index(z)
            rows.append((f"z = {z:g}, y = {y}: exact", number(meant[y][at])))
            for mode, name in names.items():
                curve = modes.get(mode, {}).get(str(y))
                if curve is not None:
                    rows.append((f"z = {z:g}, y = {y}: {name}", number(curve["loss"][at])))
    for y in (1, 0):
        batch = modes.get("batch", {}).get(str(y))
        if batch is not None:
            value = number(batch["loss"][0]) if "loss" in batch else batch["error"]
            rows.append((f"test_on_batch, z = -4, -1, 0.5, 3, y = {y}", value))
    return tuple(rows)


def _constant(result: Mapping[str, Any], backend: str) -> BackendVerdict:
    """A softmax over one unit."""
    predictions = result["predictions"]
    if max(predictions) - min(predictions) > 1e-6:
        return BackendVerdict(backend, Verdict.REFUTED, "the predictions differ")
    value = predictions[0]
    witness = Witness((("z", SWEEP[0]),), "predict", value, expression="the prediction")
    seen: tuple[str, ...] = (f"the model predicts {number(value)} for every input",)
    graph: Mapping[str, Any] = next(iter(result["modes"].values()), {})
    rows = tuple((f"predicted for z = {z:g}", number(predictions[SWEEP.index(z)])) for z in (-100.0, -1.0, 0.0, 100.0))
    curve = graph.get("1")
    if curve is not None and max(curve["loss"]) - min(curve["loss"]) > 1:
        seen += ("the loss is computed on the logits and falls all the same, so training looks as if it worked",)
    reason = f"the prediction is {number(value)} at every z from -100 to 100"
    return BackendVerdict(backend, Verdict.CONFIRMED, reason, witness, seen, rows)


def _raises(code: str, result: Mapping[str, Any], backend: str) -> BackendVerdict:
    errors = list(result["errors"].values())
    if not errors:
        return BackendVerdict(backend, Verdict.NOT_EVALUATED, "nothing was computed")
    reason = f"Keras raises {errors[0]}"
    if code not in _OF_UNITS:
        return BackendVerdict(backend, Verdict.NOT_EVALUATED, reason)
    return BackendVerdict(backend, Verdict.CONFIRMED, reason, None, ("training does not start",))


# A loss and a number of units that do not go together: what these are about, Keras may refuse. Elsewhere it is the
# experiment that went wrong.
_OF_UNITS = ("BCE105", "BCE106", "BCE107")
