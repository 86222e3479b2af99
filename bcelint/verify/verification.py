"""Verifies the findings of files: has what is planned evaluated on each backend, and judges the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from bcelint.findings import Finding
from bcelint.inference.facts import CustomLoss, Numeric, Pairing
from bcelint.linting import Job, Linted, fault_of_ours
from bcelint.source import Source
from bcelint.verify import loss_verdicts, metric_verdicts, pair_verdicts
from bcelint.verify.experiments import CodeExperiment, Experiment, MetricExperiment, PairExperiment
from bcelint.verify.model import BackendVerdict, Curve, FixVerdict, Measurement, Verdict, Verification
from bcelint.verify.planning import Options, Plan, Sound, plan_for, sound
from bcelint.verify.session import Session
from bcelint.workers import run_deep

Answer = dict[str, Any]
Progress = Callable[[int, int], None]


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
        self.faults += [bug for plan in flat for bug in plan.bugs]
        depth = max((len(plan.experiments) for plan in flat), default=0)
        for turn in range(depth):
            self._evaluate(flat, turn)
        return [[self._verification(plan) for plan in of_file] for of_file in plans]

    def measure(self, files: Sequence[tuple[Source, Linted, Job]]) -> list[list[Measurement]]:
        """For each file the pairs and hand-written losses that break no rule, evaluated."""
        pairs = [run_deep(lambda file: sound(file[0], file[1], self._options), file) for file in files]
        wanted = dict.fromkeys(e for of_file in pairs for _, e in of_file if not isinstance(e, str))
        for backend, session in self._sessions.items():
            self._ask(backend, session, wanted)
        return [[self._measurement(pairing, e) for pairing, e in of_file] for of_file in pairs]

    def _plans(self, files: Sequence[tuple[Source, Linted, Job]]) -> list[list[Plan]]:
        return [[plan_for(finding, *file, self._options) for finding in file[1].findings] for file in files]

    def _measurement(self, fact: Sound, experiment: Experiment | str) -> Measurement:
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

    def _fault(self, error: Exception) -> str:
        words = fault_of_ours(error)
        self.faults.append(words)
        return words

    # --- evaluating ---------------------------------------------------------------------------------------------------

    def _evaluate(self, plans: Iterable[Plan], turn: int) -> None:
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

    def _decided(self, plan: Plan, backend: str, turn: int) -> bool:
        """Whether an experiment before ``turn`` has shown the fault."""
        for experiment in plan.experiments[:turn]:
            found = self._judge(plan.finding, experiment, self._answers[backend, experiment], backend)
            if found.verdict in (Verdict.CONFIRMED, Verdict.RESCUED):
                return True
        return False

    # --- judging ------------------------------------------------------------------------------------------------------

    def _verification(self, plan: Plan) -> Verification:
        verdicts = tuple(self._verdict(plan, backend) for backend in self._sessions)
        evaluated = plan.experiments[0].describe() if plan.experiments else ""
        return Verification(plan.finding, evaluated, verdicts)

    def _judge(self, finding: Finding, experiment: Experiment, answer: Answer, backend: str) -> BackendVerdict:
        try:
            return _judge(finding, experiment, answer, backend)
        except Exception as error:
            return BackendVerdict(backend, Verdict.NOT_EVALUATED, self._fault(error))

    def _verdict(self, plan: Plan, backend: str) -> BackendVerdict:
        found = BackendVerdict(backend, Verdict.NOT_EVALUATED, plan.reason)
        for turn, experiment in enumerate(plan.experiments):
            answer = self._answers.get((backend, experiment))
            if answer is None:
                break
            judged = self._judge(plan.finding, experiment, answer, backend)
            if judged.verdict in (Verdict.CONFIRMED, Verdict.RESCUED):
                if turn:
                    itself = f"{plan.experiments[0].describe()} itself: {found.reason}"
                    judged = replace(judged, reason=f"{experiment.describe()}: {judged.reason}; {itself}")
                return self._with_fix(plan, judged, backend, turn)
            # What was computed counts more than what could not be, and the first more than the others.
            if not turn or (found.verdict is Verdict.NOT_EVALUATED and judged.verdict is Verdict.REFUTED):
                found = judged
        return found

    def _with_fix(self, plan: Plan, found: BackendVerdict, backend: str, turn: int) -> BackendVerdict:
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
    by_compiler = isinstance(finding.fact, Numeric) and finding.fact.compiled
    return loss_verdicts.judge(finding.code, experiment, answer, backend, by_compiler=by_compiler)


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
