"""One file's analysis: syntax tree in, findings out (infer, then check)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bcelint.findings import Applicability, Finding
from bcelint.gate import may_run, may_train
from bcelint.inference.facts import Fact, Pairing, Unresolved
from bcelint.inference.interpreter import Interpreter
from bcelint.inference.model_uses import record_models
from bcelint.inference.numeric.expressions import Expression
from bcelint.inference.recorder import FaultyFormula, Recorder
from bcelint.knowledge.user import installed
from bcelint.places import Place
from bcelint.project import Project
from bcelint.rules import check
from bcelint.settings import Entry
from bcelint.source import Source

_OTHER_FRAMEWORKS = re.compile(r"^\s*(?:import|from)\s+(?:torch|mxnet|paddle|chainer|lasagne)\b", re.MULTILINE)
_KERAS = re.compile(r"\b(?:keras|tensorflow)\b")


@dataclass(frozen=True)
class Analysis:
    """What was found in one file.

    Attributes:
        findings: unsuppressed and unfiltered, sorted, with fix *plans*.
        decided: where head/loss pairs were decided, also in other files of the project.
        undecided: where pairs were seen that could not be decided.
        exhausted: the file took more steps than it may; what was not reached is not in the other figures.
        facts: all that was inferred; ``losses`` the hand-written losses that were judged, and ``formulas`` those of
            reported operations, by the places of these.
    """

    findings: tuple[Finding, ...]
    decided: frozenset[Place] = frozenset()
    undecided: frozenset[Place] = frozenset()
    exhausted: bool = False
    facts: tuple[Fact, ...] = ()
    losses: Sequence[Expression] = ()
    formulas: Mapping[Place, FaultyFormula] = field(default_factory=dict)


def infer(source: Source) -> tuple[Fact, ...]:
    """The facts of a file."""
    return _interpret(source, "").facts


def _interpret(source: Source, backend: str, project: Project | None = None, *, models: bool = False) -> Recorder:
    recorder = Recorder(source.place)
    if source.tree is None:
        return recorder
    # In a file of another framework a bare `Sequential` is that framework's.
    foreign = _OTHER_FRAMEWORKS.search(source.text) is not None and _KERAS.search(source.text) is None
    # Where nothing is trained it is of no use to follow imports, and costs much in libraries.
    is_script = may_run(source.data)
    if not (is_script or may_train(source.data)):
        project = None
    interpreter = Interpreter(
        recorder, project, looks_like_keras=not foreign, complete=not source.problems, is_script=is_script
    )
    interpreter.keras.backend = backend
    try:
        interpreter.run(source.tree)
        if models:
            record_models(interpreter)
    except RecursionError:
        recorder.exhausted = True
    return recorder


def analyse(
    source: Source,
    *,
    backend: str = "",
    project: Project | None = None,
    knowledge: Sequence[Entry] = (),
    models: bool = False,
) -> Analysis:
    """Infer facts and check them against every rule.

    ``backend`` is Keras's, where the user has said it; imports of a ``project`` are followed; ``knowledge`` is what the
    user says of an API of his own. With ``models``, these are among the facts.
    """
    with installed(knowledge):
        return _judged(_interpret(source, backend, project, models=models))


def _judged(recorder: Recorder) -> Analysis:
    facts = recorder.facts
    checked = [_cautious(f) if f.place in recorder.doubted else f for f in check(facts)]
    findings = {(f.code, f.place): f for f in reversed(checked)}
    return Analysis(
        tuple(sorted(findings.values(), key=lambda f: f.sort_key)),
        frozenset(fact.site for fact in facts if isinstance(fact, Pairing)),
        frozenset(fact.place for fact in facts if isinstance(fact, Unresolved)),
        recorder.exhausted,
        facts,
        recorder.losses,
        recorder.formulas,
    )


def _cautious(finding: Finding) -> Finding:
    """A finding whose loss also gets something unknown: what is right here may be wrong there, so no fix is safe."""
    plans = tuple(replace(plan, applicability=Applicability.UNSAFE) for plan in finding.plans)
    return replace(finding, plans=plans)
