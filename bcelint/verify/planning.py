"""What has to be evaluated for a finding, before and after its fix, and for what has no finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bcelint.findings import Finding
from bcelint.inference.facts import Context, CustomLoss, MetricUse, Numeric, Pairing, SingleUnitSoftmax
from bcelint.inference.recorder import FaultyFormula
from bcelint.linting import Job, Linted, fault_of_ours
from bcelint.places import Place
from bcelint.rules.common import verdict
from bcelint.source import Source
from bcelint.verify import loss_experiments
from bcelint.verify.after_fix import Fixed, NotFixed, fixed
from bcelint.verify.experiments import (
    Calls,
    CodeExperiment,
    Experiment,
    Unsupported,
    metric,
    pair,
    single_unit_softmax,
)
from bcelint.verify.session import Limits


@dataclass(frozen=True)
class Options:
    """How findings are verified.

    ``dtype`` replaces the dtype policy of heads and the dtype of what losses are given; ``trust`` lets losses use any
    package; ``fixes`` says whether the code is evaluated after its fix as well.
    """

    backends: tuple[str, ...] = ("tensorflow",)
    limits: Limits = field(default_factory=Limits)
    dtype: str = ""
    trust: bool = False
    fixes: bool = False


@dataclass
class Plan:
    """What is evaluated for a finding: one experiment after the other, until one says something.

    ``reason`` says why there is none. ``after`` holds what the experiments become with the fix, and ``fault`` why that
    is not known. ``bugs`` are faults of ours that were met.
    """

    finding: Finding
    experiments: list[Experiment] = field(default_factory=list)
    reason: str = ""
    after: list[Experiment] = field(default_factory=list)
    fault: str = ""
    bugs: list[str] = field(default_factory=list)


def plan_for(finding: Finding, source: Source, linted: Linted, job: Job, options: Options) -> Plan:
    """The plan for one finding of a file; nothing is raised."""
    made = Plan(finding)
    if finding.fact is None:
        made.reason = "it is about the file, not about a value"
        return made
    try:
        made.experiments = _experiments(finding, source, linted, options)
    except Unsupported as error:
        made.reason = str(error)
    except Exception as error:
        made.reason = _bug(made, error)
    if made.experiments and options.fixes and finding.fix is not None:
        try:
            made.after = _after(made, fixed(source, linted, finding, job), linted, options)
        except (NotFixed, Unsupported) as error:
            made.fault = str(error)
        except Exception as error:
            made.fault = _bug(made, error)
    return made


def _bug(plan: Plan, error: Exception) -> str:
    words = fault_of_ours(error)
    plan.bugs.append(words)
    return words


def _experiments(finding: Finding, source: Source, linted: Linted, options: Options) -> list[Experiment]:
    fact = finding.fact
    if isinstance(fact, Pairing):
        return [_pair(fact, source, options, linted.sources)]
    if isinstance(fact, SingleUnitSoftmax):
        return [single_unit_softmax(fact, options.dtype)]
    if isinstance(fact, MetricUse):
        return [metric(fact, Calls(source, linted.sources))]
    faulty = _faulty(fact, linted)
    source = linted.sources[finding.place.path] if finding.place.path else source
    return [*loss_experiments.of_finding(finding, source, faulty, trust=options.trust, dtype=options.dtype)]


def _after(plan: Plan, after: Fixed, linted: Linted, options: Options) -> list[Experiment]:
    """The experiments for the code after the fix; as many as before, in the same order."""
    fact = plan.finding.fact
    if isinstance(fact, Pairing):
        return [_pair(after.pairing(fact), after.source, options, after.linted.sources)]
    if isinstance(fact, MetricUse):
        return [metric(after.metric(fact), Calls(after.source, after.linted.sources))]
    if isinstance(fact, SingleUnitSoftmax):
        pairing = after.pairing_of_head(fact.place)
        if pairing is not None:
            return [_pair(pairing, after.source, options, after.linted.sources)]
        # The loss is out of sight, as it was before.
        return [replace(single_unit_softmax(fact, options.dtype), activation="sigmoid")]
    before = [experiment for experiment in plan.experiments if isinstance(experiment, CodeExperiment)]
    faulty = _faulty(fact, linted)
    made = loss_experiments.after_fix(plan.finding, after, before, faulty, trust=options.trust, dtype=options.dtype)
    return [*made]


def _pair(pairing: Pairing, source: Source, options: Options, others: Mapping[str, Source]) -> Experiment:
    if pairing.head.literal:
        source = others[pairing.site.path] if pairing.site.path else source
        return loss_experiments.literal_call(pairing, source, Calls(source), trust=options.trust)
    return pair(pairing, Calls(source, others), options.dtype)


def _faulty(fact: object, linted: Linted) -> FaultyFormula | None:
    """The loss that a reported operation is a part of."""
    if not isinstance(fact, Numeric) or linted.analysis is None:
        return None
    return linted.analysis.formulas.get(fact.place)


# --- what has no finding ----------------------------------------------------------------------------------------------

Sound = Pairing | CustomLoss


def sound(source: Source, linted: Linted, options: Options) -> list[tuple[Sound, Experiment | str]]:
    """The pairs and hand-written losses without a finding, with their experiments, or why there is none."""
    facts = linted.analysis.facts if linted.analysis is not None else ()
    reported = {f.fact.site for f in linted.findings if isinstance(f.fact, Pairing)}
    faulty = {loss_experiments.function_of(f.fact) for f in linted.findings}
    found: dict[Place, tuple[Sound, Experiment | str]] = {}
    for fact in facts:
        # What is in another file is shown when that file is verified.
        if isinstance(fact, Pairing) and fact.site.path:
            continue
        if isinstance(fact, CustomLoss) and fact.place.path:
            continue
        if isinstance(fact, Pairing) and fact.site not in reported and verdict(fact) is None:
            found.setdefault(fact.site, (fact, _sound_experiment(fact, source, options, linted.sources)))
        elif isinstance(fact, CustomLoss) and fact.loss is not None and fact.loss not in faulty:
            found.setdefault(fact.place, (fact, _sound_experiment(fact, source, options, linted.sources)))
    return [found[place] for place in sorted(found)]


def _sound_experiment(fact: Sound, source: Source, options: Options, others: Mapping[str, Source]) -> Experiment | str:
    try:
        if isinstance(fact, CustomLoss):
            return loss_experiments.sound(fact, source, trust=options.trust, dtype=options.dtype)
        return _call(fact, source, options) or pair(fact, Calls(source, others), options.dtype)
    except Unsupported as error:
        return str(error)
    except Exception as error:
        return fault_of_ours(error)


def _call(pairing: Pairing, source: Source, options: Options) -> Experiment | None:
    """The call of a loss itself, where it is one and can be cut out."""
    if pairing.context is not Context.CALL:
        return None
    try:
        made = loss_experiments.literal_call(pairing, source, Calls(source), trust=options.trust)
    except Unsupported:
        return None
    return made if loss_experiments.is_light(made) else None
