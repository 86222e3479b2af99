"""Verifies the findings of files: plans experiments, has them evaluated on each backend, and judges the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from bcelint.findings import Finding
from bcelint.inference.facts import Context, CustomLoss, MetricUse, Numeric, Pairing, SingleUnitSoftmax
from bcelint.linting import Job, Linted, fault_of_ours
from bcelint.places import Place
from bcelint.rules.common import verdict
from bcelint.source import Source
from bcelint.verify import loss_verdicts, metric_verdicts, pair_verdicts
from bcelint.verify.after_fix import Fixed, NotFixed, fixed
from bcelint.verify.experiments import (
    Calls,
    CodeExperiment,
    Experiment,
    MetricExperiment,
    PairExperiment,
    Unsupported,
    metric,
    pair,
    single_unit_softmax,
)
from bcelint.verify.model import BackendVerdict, Curve, FixVerdict, Measurement, Verdict, Verification
from bcelint.verify.session import Limits, Session
from bcelint.workers import run_deep

Answer = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass
class _Plan:
    """What is evaluated for a finding: one experiment after the other, until one says something.

    ``reason`` says why there is none. ``after`` holds what the experiments become with the fix, and ``fault`` why that
    is not known.
    """

    finding: Finding
    experiments: list[Experiment] = field(default_factory=list)
    reason: str = ""
    after: list[Experiment] = field(default_factory=list)
    fault: str = ""


@dataclass(frozen=True)
class Options:
    """How findings are verified.

    ``dtype`` replaces the dtype policy of heads and the dtype of what losses are given; ``trust`` lets losses use any
    package.
    """

    backends: tuple[str, ...] = ("tensorflow",)
    limits: Limits = field(default_factory=Limits)
    dtype: str = ""
    trust: bool = False
    fixes: bool = False


# What a fix of a hand-written loss has to keep, by what was asked.
_HELD = {
    "value": "the call gives the exact value",
    "order": "worse predictions cost more for both labels",
    "swapped": "the loss is that of the right order",
    "weights": "the weights make a difference",
    "result": "a model can be compiled and evaluated with it",
}


class Verifier:
    """Verifies findings; use it in a ``with`` statement, which ends the child processes.

    Attributes:
        versions: of Keras and the backends that have evaluated something.
        faults: bugs of ours that kept something from being evaluated, in words.
    """

    def __init__(self, options: Options, progress: Progress = lambda done, total: None) -> None:
        self._options = options
        self._progress = progress
        self._sessions: dict[str, Session] = {}
        self._answers: dict[tuple[str, Experiment], Answer] = {}
        self._total = self._done = 0
        self.faults: list[str] = []
        with ExitStack() as opened:
            for backend in options.backends:
                self._sessions[backend] = opened.enter_context(Session(backend, options.limits))
            self._open = opened.pop_all()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def start(self) -> None:
        """Import the backends now; raises ``BackendError`` where that fails."""
        for session in self._sessions.values():
            session.start()

    @property
    def versions(self) -> dict[str, str]:
        return {backend: session.versions for backend, session in self._sessions.items() if session.versions}

    def verify(self, files: Sequence[tuple[Source, Linted, Job]]) -> list[list[Verification]]:
        """For each file what came of each of its findings, in their order."""
        plans = run_deep(self._plans, files)
        flat = [plan for of_file in plans for plan in of_file]
        depth = max((len(plan.experiments) for plan in flat), default=0)
        for turn in range(depth):
            self._evaluate(flat, turn)
        return [[self._verification(plan) for plan in of_file] for of_file in plans]

    def measure(self, files: Sequence[tuple[Source, Linted, Job]]) -> list[list[Measurement]]:
        """For each file the pairs and hand-written losses that break no rule, evaluated."""
        pairs = [run_deep(lambda file: self._sound(*file), file) for file in files]
        wanted = dict.fromkeys(e for of_file in pairs for _, e in of_file if not isinstance(e, str))
        for backend, session in self._sessions.items():
            self._ask(backend, session, wanted)
        return [[self._measurement(pairing, e) for pairing, e in of_file] for of_file in pairs]

    def _sound(self, source: Source, linted: Linted, job: Job) -> list[tuple[Pairing | CustomLoss, Experiment | str]]:
        """The pairs and hand-written losses without a finding, with their experiments, or why there is none."""
        from bcelint.verify.loss_experiments import function_of

        facts = linted.analysis.facts if linted.analysis is not None else ()
        reported = {f.fact.site for f in linted.findings if isinstance(f.fact, Pairing)}
        faulty = {function_of(f.fact) for f in linted.findings}
        found: dict[Place, tuple[Pairing | CustomLoss, Experiment | str]] = {}
        for fact in facts:
            if isinstance(fact, Pairing) and fact.site not in reported and verdict(fact) is None:
                found.setdefault(fact.site, (fact, self._sound_experiment(fact, source)))
            elif isinstance(fact, CustomLoss) and fact.loss is not None and fact.loss not in faulty:
                found.setdefault(fact.place, (fact, self._sound_loss(fact, source)))
        return [found[site] for site in sorted(found)]

    def _sound_loss(self, fact: CustomLoss, source: Source) -> Experiment | str:
        from bcelint.verify.loss_experiments import sound

        try:
            return sound(fact, source, trust=self._options.trust, dtype=self._options.dtype)
        except Unsupported as error:
            return str(error)

    def _sound_experiment(self, pairing: Pairing, source: Source) -> Experiment | str:
        from bcelint.verify.loss_experiments import is_light, literal_call

        calls = Calls(source)
        try:
            if pairing.context is Context.CALL:
                made = literal_call(pairing, source, calls, trust=self._options.trust)
                if is_light(made):
                    return made
        except Unsupported:
            pass
        try:
            return pair(pairing, calls, self._options.dtype)
        except Unsupported as error:
            return str(error)

    def _measurement(self, fact: Pairing | CustomLoss, experiment: Experiment | str) -> Measurement:
        site, quality = (fact.site, "exact") if isinstance(fact, Pairing) else (fact.place, "finite")
        if isinstance(experiment, str):
            nothing = tuple((backend, None, experiment) for backend in self._sessions)
            return Measurement(site, "", quality, nothing)
        found: list[tuple[str, bool | None, str]] = []
        for backend in self._sessions:
            answer = self._answers[backend, experiment]
            if "failure" in answer:
                found.append((backend, None, str(answer["failure"])))
            elif isinstance(fact, CustomLoss):
                found.append((backend, *loss_verdicts.bounds(answer)))
            elif backend != "tensorflow" and fact.loss.api.startswith(("tf.", "keras.backend.")):
                found.append((backend, None, f"`{fact.loss.api}` is TensorFlow's"))
            elif isinstance(experiment, PairExperiment):
                found.append((backend, *pair_verdicts.measured(experiment, answer)))
            else:
                found.append((backend, *loss_verdicts.measured(fact, answer)))
        return Measurement(site, experiment.describe(), quality, tuple(found))

    # --- planning -----------------------------------------------------------------------------------------------------

    def _plans(self, files: Sequence[tuple[Source, Linted, Job]]) -> list[list[_Plan]]:
        return [[self._plan(finding, *file) for finding in file[1].findings] for file in files]

    def _plan(self, finding: Finding, source: Source, linted: Linted, job: Job) -> _Plan:
        plan = _Plan(finding)
        if finding.fact is None:
            plan.reason = "it is about the file, not about a value"
            return plan
        try:
            plan.experiments = self._experiments(finding, source, linted)
        except Unsupported as error:
            plan.reason = str(error)
        except Exception as error:
            plan.reason = self._fault(error)
        if plan.experiments and self._options.fixes and finding.fix is not None:
            try:
                plan.after = self._after(plan, fixed(source, finding, job), linted)
            except (NotFixed, Unsupported) as error:
                plan.fault = str(error)
            except Exception as error:
                plan.fault = self._fault(error)
        return plan

    def _fault(self, error: Exception) -> str:
        words = fault_of_ours(error)
        self.faults.append(words)
        return words

    def _experiments(self, finding: Finding, source: Source, linted: Linted) -> list[Experiment]:
        fact, calls, options = finding.fact, Calls(source), self._options
        if isinstance(fact, Pairing) and fact.head.literal:
            from bcelint.verify.loss_experiments import literal_call

            return [literal_call(fact, source, calls, trust=options.trust)]
        if isinstance(fact, Pairing):
            return [pair(fact, calls, options.dtype)]
        if isinstance(fact, SingleUnitSoftmax):
            return [single_unit_softmax(fact, options.dtype)]
        if isinstance(fact, MetricUse):
            return [metric(fact, calls)]
        from bcelint.verify.loss_experiments import of_finding

        analysis = linted.analysis
        faulty = analysis.formulas.get(fact.place) if analysis is not None and isinstance(fact, Numeric) else None
        return [*of_finding(finding, source, faulty, trust=options.trust, dtype=options.dtype)]

    def _after(self, plan: _Plan, after: Fixed, linted: Linted) -> list[Experiment]:
        """The experiments for the code after the fix; as many as before, in the same order."""
        finding, calls, options = plan.finding, Calls(after.source), self._options
        fact = finding.fact
        if isinstance(fact, Pairing):
            now = after.pairing(fact)
            if now.head.literal:
                from bcelint.verify.loss_experiments import literal_call

                return [literal_call(now, after.source, calls, trust=options.trust)]
            return [pair(now, calls, options.dtype)]
        if isinstance(fact, MetricUse):
            return [metric(after.metric(fact), calls)]
        if isinstance(fact, SingleUnitSoftmax):
            row = after.row(fact.place.row)
            pairs = (f for f in after.facts if isinstance(f, Pairing) and f.head.place is not None)
            for pairing in pairs:
                if pairing.head.place is not None and abs(pairing.head.place.row - row) <= 2:
                    return [pair(pairing, calls, options.dtype)]
            # The loss is out of sight, as it was before.
            return [replace(single_unit_softmax(fact, options.dtype), activation="sigmoid")]
        from bcelint.verify import loss_experiments

        analysis = linted.analysis
        faulty = analysis.formulas.get(fact.place) if analysis is not None and isinstance(fact, Numeric) else None
        before = [experiment for experiment in plan.experiments if isinstance(experiment, CodeExperiment)]
        made = loss_experiments.after_fix(finding, after, before, faulty, trust=options.trust, dtype=options.dtype)
        return [*made]

    # --- evaluating ---------------------------------------------------------------------------------------------------

    def _evaluate(self, plans: Iterable[_Plan], turn: int) -> None:
        """Evaluate the experiments whose turn it is, each once, on every backend."""
        for backend, session in self._sessions.items():
            wanted: dict[Experiment, None] = {}
            for plan in plans:
                if turn and self._decided(plan, backend, turn):
                    continue
                wanted |= dict.fromkeys(plan.experiments[turn : turn + 1])
                wanted |= dict.fromkeys(plan.after[turn : turn + 1])
            self._ask(backend, session, wanted)

    def _ask(self, backend: str, session: Session, wanted: Iterable[Experiment]) -> None:
        """Evaluate what is not known yet."""
        missing = [experiment for experiment in wanted if (backend, experiment) not in self._answers]
        self._total += len(missing)
        self._progress(self._done, self._total)
        for index, answer in session.evaluate([experiment.request() for experiment in missing]):
            self._answers[backend, missing[index]] = answer
            self._done += 1
            self._progress(self._done, self._total)

    def _decided(self, plan: _Plan, backend: str, turn: int) -> bool:
        """Whether an experiment before ``turn`` has shown the fault."""
        for experiment in plan.experiments[:turn]:
            found = self._judge(plan.finding, experiment, self._answers[backend, experiment], backend)
            if found.verdict in (Verdict.CONFIRMED, Verdict.RESCUED):
                return True
        return False

    # --- judging ------------------------------------------------------------------------------------------------------

    def _verification(self, plan: _Plan) -> Verification:
        verdicts = tuple(self._verdict(plan, backend) for backend in self._sessions)
        evaluated = plan.experiments[0].describe() if plan.experiments else ""
        return Verification(plan.finding, evaluated, verdicts)

    def _judge(self, finding: Finding, experiment: Experiment, answer: Answer, backend: str) -> BackendVerdict:
        try:
            return _judge(finding, experiment, answer, backend)
        except Exception as error:
            return BackendVerdict(backend, Verdict.NOT_EVALUATED, self._fault(error))

    def _verdict(self, plan: _Plan, backend: str) -> BackendVerdict:
        if not plan.experiments:
            return BackendVerdict(backend, Verdict.NOT_EVALUATED, plan.reason)
        first: BackendVerdict | None = None
        for turn, experiment in enumerate(plan.experiments):
            answer = self._answers.get((backend, experiment))
            if answer is None:
                continue
            found = self._judge(plan.finding, experiment, answer, backend)
            first = first or found
            if found.verdict in (Verdict.CONFIRMED, Verdict.RESCUED) or found.verdict is Verdict.REFUTED:
                if turn and found.verdict is not Verdict.REFUTED:
                    found = replace(found, reason=f"{experiment.describe()}: {found.reason}")
                if found.verdict is Verdict.REFUTED and turn + 1 < len(plan.experiments):
                    continue
                return self._with_fix(plan, found, backend, turn)
        assert first is not None
        return first

    def _with_fix(self, plan: _Plan, found: BackendVerdict, backend: str, turn: int) -> BackendVerdict:
        fix = plan.finding.fix
        if not self._options.fixes or fix is None:
            return found
        if plan.fault or turn >= len(plan.after):
            return replace(found, fix=FixVerdict(fix.message, False, plan.fault or "it could not be evaluated"))
        before, after = plan.experiments[turn], plan.after[turn]
        answer = self._answers[backend, after]
        try:
            fault = _fault_after(plan.finding, before, after, self._answers[backend, before], answer)
        except Exception as error:
            fault = self._fault(error)
        reason = fault or "the loss has its exact values, and finite gradients"
        if isinstance(after, MetricExperiment) and not fault:
            reason = "the metric reads what it should"
        elif isinstance(after, CodeExperiment) and not fault:
            reason = _HELD.get(after.checks[0], "finite in all cases, and unchanged where it was sound")
        curves = found.curves
        if not fault:
            curves = (*curves, *_after_curves(after, answer))
        return replace(found, curves=curves, fix=FixVerdict(fix.message, not fault, reason))


def _judge(finding: Finding, experiment: Experiment, answer: Answer, backend: str) -> BackendVerdict:
    if isinstance(experiment, PairExperiment):
        return pair_verdicts.judge(finding.code, experiment, answer, backend)
    if isinstance(experiment, MetricExperiment):
        return metric_verdicts.judge(experiment, answer, backend)
    return loss_verdicts.judge(finding.code, experiment, answer, backend)


def _fault_after(finding: Finding, before: Experiment, after: Experiment, old: Answer, new: Answer) -> str:
    if isinstance(after, PairExperiment):
        return pair_verdicts.agrees(after, new)
    if isinstance(after, MetricExperiment):
        return metric_verdicts.agrees(new)
    # A formula of other inputs (logits instead of their softmax) has nothing to be compared with.
    if isinstance(before, CodeExperiment) and before.inputs != after.inputs:
        old = {}
    return loss_verdicts.is_sound(finding.code, old, new)


def _after_curves(after: Experiment, answer: Answer) -> tuple[Curve, ...]:
    if isinstance(after, PairExperiment):
        made = pair_verdicts.curves_of(after, answer)
    elif isinstance(after, CodeExperiment):
        made = loss_verdicts.curves_of(answer)
    else:
        made = ()
    return tuple(replace(curve, name="after the fix") for curve in made if curve.name == "as written")
