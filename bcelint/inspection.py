"""What was understood of a file: its models, losses, metrics and pairs, and what could not be decided, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

from bcelint.findings import Finding
from bcelint.inference import facts
from bcelint.inference.facts import (
    CustomLoss,
    Fact,
    MetricUse,
    ModelUse,
    Pairing,
    SingleUnitSoftmax,
    UncalledLoss,
    Unjudged,
    Unresolved,
)
from bcelint.knowledge.domains import Domain, Expectation
from bcelint.linting import Job, Linted, content, fault_of_ours, lint, report_on, unreadable, whereabouts
from bcelint.places import Place
from bcelint.reporting.model import FileReport
from bcelint.rules import check
from bcelint.source import Position, Source, read


@dataclass(frozen=True)
class Spot:
    """The start of something: in which file, as it is shown, and where there."""

    shown: str
    position: Position


@dataclass(frozen=True)
class Mark:
    """A finding in short. ``reported``: `check` reports it too (it is selected, and not suppressed)."""

    code: str
    name: str
    severity: str
    reported: bool
    message: str
    spot: Spot


@dataclass(frozen=True)
class HeadSeen:
    """An output that is known, and what makes it so. ``low`` and ``high`` are ``None`` where there is no bound."""

    domain: str
    activation: str
    units: int | None
    low: float | None
    high: float | None
    layer: str
    spot: Spot | None


@dataclass(frozen=True)
class OutputSeen:
    """What a model may return as its output ``number``; ``reason`` says why there is no ``head``.

    It returns that where one of the ``branches`` is taken.
    """

    number: int
    name: str
    head: HeadSeen | None
    reason: str
    branches: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ModelSeen:
    """A model; ``name`` is the variable that holds it or the function that returns it, and may be empty."""

    name: str
    kind: str
    spot: Spot
    compiled: bool
    trained: bool
    outputs: tuple[OutputSeen, ...]


@dataclass(frozen=True)
class LossSeen:
    """A loss and what it expects; ``told`` is where its ``from_logits`` stands.

    ``expects`` is ``other`` for a loss that is not judged, and empty where it is not known.
    """

    name: str
    spot: Spot
    expects: str
    from_logits: bool | None = None
    told: Spot | None = None
    written: bool = False
    findings: tuple[Mark, ...] = ()


class Verdict(str, Enum):
    """What came of a head and a loss that meet. ``NOT_JUDGED``: the loss is none that rules are about."""

    FITS = "fits"
    FAULT = "fault"
    UNDECIDED = "undecided"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class MetricSeen:
    """A metric in ``compile``; ``known`` says whether the output that it measures is known."""

    name: str
    spot: Spot
    known: bool
    findings: tuple[Mark, ...]


@dataclass(frozen=True)
class PairSeen:
    """A head and a loss that meet; ``model`` is the name of the head's model, where there is one."""

    spot: Spot
    verdict: Verdict
    loss: str
    model: str = ""
    output: str = ""
    head: HeadSeen | None = None
    expects: str = ""
    context: str = ""
    branch: tuple[str, ...] = ()
    reason: str = ""
    findings: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """What was understood of one file; ``others`` are findings that are about none of the rest."""

    report: FileReport
    models: tuple[ModelSeen, ...] = ()
    losses: tuple[LossSeen, ...] = ()
    metrics: tuple[MetricSeen, ...] = ()
    pairs: tuple[PairSeen, ...] = ()
    others: tuple[Mark, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show of the file, and it was analysed to its end."""
        seen = self.models or self.losses or self.metrics or self.pairs or self.others
        return not (seen or self.report.exhausted or self.report.failure)


def inspect_file(job: Job) -> Inspection:
    """The inspection of one file; what goes wrong is in its report."""
    try:
        source = read(job.shown, content(job))
    except OSError as error:
        report = unreadable(job.shown, error.strerror or str(error), job.rules)
        marks = _Marks(read(job.shown, b""), Linted(report.findings))
        return Inspection(report, others=marks.rest())
    try:
        linted = lint(source, job, models=True)
        return understood(source, linted, report_on(job, source, linted))
    except Exception as error:
        return Inspection(FileReport(job.shown, failure=fault_of_ours(error)))


def lost(job: Job) -> Inspection:
    """The inspection of a file whose worker process died."""
    from bcelint.linting import lost as lost_report

    return Inspection(lost_report(job))


def understood(source: Source, linted: Linted, report: FileReport) -> Inspection:
    """Puts the facts of a file, and the findings that rules made of them, in order."""
    found = linted.analysis.facts if linted.analysis is not None else ()
    marks = _Marks(source, linted)
    view = _View(source, found, marks)
    return Inspection(
        report,
        tuple(view.models()),
        metrics=tuple(view.metrics()),
        pairs=tuple(view.pairs()),
        losses=tuple(view.losses()),
        others=marks.rest(),
    )


def in_project(inspected: Sequence[tuple[Job, Inspection]], reports: Mapping[str, FileReport]) -> list[Inspection]:
    """The inspections of several files: what one of them proves about another is shown there, and counted once.

    ``reports`` are those of the files, merged, by path.
    """
    names = {each.report.shown for _, each in inspected}
    told: set[tuple[str, ModelSeen | LossSeen]] = set()
    for _, each in inspected:
        told |= {(each.report.shown, model) for model in each.models}
        told |= {(each.report.shown, loss) for loss in each.losses}
    arriving: dict[str, _Arriving] = {name: _Arriving() for name in names}
    for _, each in inspected:
        for pair in each.pairs:
            if pair.spot.shown in names:
                arriving[pair.spot.shown].pairs.setdefault(pair)
        for loss in each.losses:
            if loss.spot.shown in names:
                arriving[loss.spot.shown].losses.setdefault(loss)
        for metric in each.metrics:
            if metric.spot.shown in names:
                arriving[metric.spot.shown].metrics.setdefault(metric)
        for mark in each.others:
            if mark.spot.shown in names:
                arriving[mark.spot.shown].others.setdefault(mark)
    settled = []
    for job, each in inspected:
        # What another file says of itself is not said again.
        models = tuple(model for model in each.models if _is_new(model, each, told))
        losses = tuple(loss for loss in each.losses if _is_new(loss, each, told))
        own = replace(each, report=reports[job.path], models=models, losses=losses)
        settled.append(_settled(own, arriving, names))
    return settled


def _is_new(seen: ModelSeen | LossSeen, of: Inspection, told: Set[tuple[str, ModelSeen | LossSeen]]) -> bool:
    return seen.spot.shown == of.report.shown or (seen.spot.shown, seen) not in told


@dataclass
class _Arriving:
    """What files prove about one of them, itself included; dictionaries keep the order."""

    pairs: dict[PairSeen, None] = field(default_factory=dict)
    losses: dict[LossSeen, None] = field(default_factory=dict)
    metrics: dict[MetricSeen, None] = field(default_factory=dict)
    others: dict[Mark, None] = field(default_factory=dict)


def _settled(seen: Inspection, arriving: Mapping[str, _Arriving], names: Set[str]) -> Inspection:
    """One of several inspections with what the others have shown of its file, and without what is shown there."""
    report = seen.report
    own = arriving[report.shown]
    reported = {
        (finding.code, report.listing.position(*finding.place.start))
        for finding in report.findings
        if not finding.place.path
    }

    def marked(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        return tuple(
            replace(mark, reported=(mark.code, mark.spot.position) in reported)
            if mark.spot.shown == report.shown
            else mark
            for mark in marks
        )

    pairs = [*own.pairs, *(pair for pair in seen.pairs if pair.spot.shown not in names)]
    decided = {pair.spot for pair in pairs if pair.verdict is not Verdict.UNDECIDED}
    pairs = [pair for pair in pairs if pair.verdict is not Verdict.UNDECIDED or pair.spot not in decided]
    pairs = sorted(dict.fromkeys(pairs), key=lambda pair: _order(pair.spot))
    metrics = [*own.metrics, *(metric for metric in seen.metrics if metric.spot.shown not in names)]
    others = [*own.others, *(mark for mark in seen.others if mark.spot.shown not in names)]
    losses = [*own.losses, *(loss for loss in seen.losses if loss.spot.shown != report.shown)]
    known = {loss.spot for loss in losses if loss.expects}
    return replace(
        seen,
        losses=tuple(
            replace(loss, findings=marked(loss.findings))
            for loss in sorted(dict.fromkeys(losses), key=lambda loss: _order(loss.spot))
            if loss.expects or loss.spot not in known
        ),
        metrics=tuple(
            replace(metric, findings=marked(metric.findings))
            for metric in sorted(dict.fromkeys(metrics), key=lambda metric: _order(metric.spot))
        ),
        pairs=tuple(replace(pair, findings=marked(pair.findings)) for pair in pairs),
        others=marked(tuple(sorted(dict.fromkeys(others), key=lambda mark: _order(mark.spot)))),
    )


def _order(spot: Spot) -> tuple[str, int, int, int]:
    return (spot.shown, spot.position.cell or 0, spot.position.row, spot.position.column)


class _Marks:
    """The findings of a file, each to be shown once where it belongs."""

    def __init__(self, source: Source, linted: Linted) -> None:
        self._source = source
        self._reported = {(finding.code, finding.place) for finding in (*linted.findings, *linted.elsewhere)}
        # One that is reported at a place stands for others there, which are about other facts.
        judged = check(linted.analysis.facts) if linted.analysis is not None else []
        self._findings = sorted((*linted.findings, *judged), key=lambda finding: finding.sort_key)
        self._shown: set[tuple[str, Place]] = set()

    def of(self, wanted: Iterable[Fact]) -> tuple[Mark, ...]:
        """Those that were decided on one of the facts."""
        facts = set(wanted)
        found = [finding for finding in self._findings if finding.fact is not None and finding.fact in facts]
        return tuple(dict.fromkeys(self._mark(finding) for finding in found))

    def rest(self) -> tuple[Mark, ...]:
        """Those that were not shown so far."""
        shown = set(self._shown)
        left = [finding for finding in self._findings if (finding.code, finding.place) not in shown]
        return tuple(dict.fromkeys(self._mark(finding) for finding in left))

    def _mark(self, finding: Finding) -> Mark:
        key = (finding.code, finding.place)
        self._shown.add(key)
        spot = _spot(self._source, finding.place)
        return Mark(finding.code, finding.name, finding.severity.value, key in self._reported, finding.message, spot)


class _View:
    """The facts of a file as they are shown."""

    def __init__(self, source: Source, found: Sequence[Fact], marks: _Marks) -> None:
        self._source = source
        self._facts = found
        self._marks = marks
        self._models = [fact for fact in found if isinstance(fact, ModelUse)]
        self._owners = _owners(self._models)

    def models(self) -> Iterator[ModelSeen]:
        grouped: dict[Place, list[ModelUse]] = {}
        for model in self._models:
            grouped.setdefault(model.place, []).append(model)
        for place in sorted(grouped):
            same = grouped[place]
            outputs = [output for model in same for output in model.outputs]
            # What a builder returns for unknown arguments is of no interest where it is called with known ones.
            known = {output.number for output in outputs if output.head is not None}
            outputs = [output for output in outputs if output.head is not None or output.number not in known]
            yield ModelSeen(
                same[0].name,
                same[0].kind,
                self._spot(place),
                any(model.compiled for model in same),
                any(model.trained for model in same),
                tuple(self._outputs(outputs)),
            )

    def _outputs(self, outputs: Iterable[facts.Output]) -> Iterator[OutputSeen]:
        branches: dict[OutputSeen, dict[tuple[str, ...], None]] = {}
        for output in outputs:
            seen = OutputSeen(output.number, output.name, self._head(output.head), output.why, ())
            branches.setdefault(seen, {})[output.branch] = None
        for seen in sorted(branches, key=lambda seen: seen.number):
            yield replace(seen, branches=tuple(branches[seen]))

    def losses(self) -> Iterator[LossSeen]:
        seen: dict[tuple[Place, str], LossSeen] = {}
        for fact in self._facts:
            if isinstance(fact, Pairing):
                self._note(seen, fact.loss, fact.site)
            elif isinstance(fact, Unresolved) and fact.loss is not None:
                self._note(seen, fact.loss, fact.place)
            elif isinstance(fact, Unresolved) and fact.loss_name:
                made = LossSeen(fact.loss_name, self._spot(fact.place), "")
                seen.setdefault((fact.place, fact.loss_name), made)
            elif isinstance(fact, Unjudged):
                place = fact.definition or fact.place
                made = LossSeen(fact.loss_name, self._spot(place), "other", written=fact.written)
                seen.setdefault((place, fact.loss_name if not fact.written else ""), made)
            elif isinstance(fact, CustomLoss):
                place = fact.definition or fact.place
                name = fact.name.removesuffix(".call").removesuffix(".__call__")
                seen.setdefault((place, ""), LossSeen(name, self._spot(place), "other", written=True))
        for place, name in sorted(seen):
            loss = seen[place, name]
            if not loss.written:
                yield loss
                continue
            about = [fact for fact in self._facts if _definition(fact) == place]
            findings = self._marks.of(about)
            yield LossSeen(loss.name, loss.spot, loss.expects, written=True, findings=findings)

    def _note(self, seen: dict[tuple[Place, str], LossSeen], loss: facts.LossUse, site: Place) -> None:
        place = loss.definition or site
        told = self._spot(loss.flag) if loss.flag is not None else None
        made = LossSeen(loss.name, self._spot(place), _expects(loss), loss.from_logits, told)
        seen.setdefault((place, f"{loss.name}{loss.from_logits}"), made)

    def metrics(self) -> Iterator[MetricSeen]:
        grouped: dict[tuple[Place, str], list[Fact]] = {}
        for fact in self._facts:
            if isinstance(fact, MetricUse):
                grouped.setdefault((fact.place, fact.string or fact.name), []).append(fact)
        for (place, name), same in sorted(grouped.items(), key=lambda item: item[0]):
            findings = self._marks.of(same)
            known = all(isinstance(fact, MetricUse) and fact.head is not None for fact in same)
            yield MetricSeen(name, self._spot(place), known, findings)

    def pairs(self) -> list[PairSeen]:
        through = {fact.compile_site for fact in self._facts if isinstance(fact, Pairing)}
        made: dict[PairSeen, Place] = {}
        for fact in self._facts:
            if isinstance(fact, Pairing):
                made.setdefault(self._pairing(fact), fact.site)
            elif isinstance(fact, Unresolved):
                made.setdefault(self._unresolved(fact), fact.place)
            elif isinstance(fact, Unjudged) and not (fact.written and fact.place in through):
                made.setdefault(self._unjudged(fact), fact.place)
        return sorted(made, key=lambda pair: made[pair])

    def _pairing(self, fact: Pairing) -> PairSeen:
        softmaxes = (f for f in self._facts if isinstance(f, SingleUnitSoftmax) and f.place == fact.head.place)
        findings = self._marks.of((fact, *softmaxes))
        return PairSeen(
            self._spot(fact.site),
            Verdict.FAULT if findings else Verdict.FITS,
            fact.loss.name,
            self._owner(fact.head),
            fact.output,
            self._head(fact.head),
            _expects(fact.loss),
            fact.context.value,
            fact.branch,
            findings=findings,
        )

    def _unresolved(self, fact: Unresolved) -> PairSeen:
        return PairSeen(
            self._spot(fact.place),
            Verdict.UNDECIDED,
            fact.loss_name,
            self._name(fact.model) or self._owner(fact.head),
            fact.output,
            self._head(fact.head),
            _expects(fact.loss) if fact.loss is not None else "",
            branch=fact.branch,
            reason=fact.why,
        )

    def _unjudged(self, fact: Unjudged) -> PairSeen:
        uncalled = (f for f in self._facts if isinstance(f, UncalledLoss) and f.place == fact.place)
        findings = self._marks.of(uncalled)
        return PairSeen(
            self._spot(fact.place),
            Verdict.FAULT if findings else Verdict.NOT_JUDGED,
            fact.loss_name,
            self._name(fact.model) or self._owner(fact.head),
            fact.output,
            self._head(fact.head),
            "other",
            reason="" if findings else "the loss is written by hand" if fact.written else "not a cross-entropy",
            findings=findings,
        )

    def _name(self, model: Place | None) -> str:
        """The name of the model that is made somewhere."""
        return next((known.name or known.kind for known in self._models if known.place == model), "")

    def _owner(self, head: facts.Head | None) -> str:
        return self._owners.get((head.place, head.layer), "") if head is not None else ""

    def _head(self, head: facts.Head | None) -> HeadSeen | None:
        if head is None:
            return None
        return HeadSeen(
            head.domain.value,
            head.activation,
            head.units,
            None if head.low == -inf or head.domain is Domain.REAL else head.low,
            None if head.high == inf or head.domain is Domain.REAL else head.high,
            head.layer_name,
            self._spot(head.place) if head.place is not None else None,
        )

    def _spot(self, place: Place) -> Spot:
        return _spot(self._source, place)


def _spot(source: Source, place: Place) -> Spot:
    return Spot(*whereabouts(source, place))


def _expects(loss: facts.LossUse) -> str:
    return "other" if loss.expects is Expectation.OTHER else loss.expects.value


def _definition(fact: Fact) -> Place | None:
    """The function that is the loss which a fact is about."""
    if isinstance(fact, CustomLoss) and fact.definition is not None:
        return fact.definition
    if isinstance(fact, facts.SwappedArguments):
        return fact.function.definition if fact.function is not None else None
    if isinstance(fact, (facts.Numeric, CustomLoss)) and fact.loss is not None:
        return fact.loss.definition
    return None


def _owners(models: Iterable[ModelUse]) -> Mapping[tuple[Place | None, Place | None], str]:
    """The names of models by what makes their outputs; outputs that several models share have no owner."""
    names: dict[tuple[Place | None, Place | None], set[str]] = {}
    for model in models:
        for output in model.outputs:
            if output.head is not None and output.head.place is not None:
                names.setdefault((output.head.place, output.head.layer), set()).add(model.name or model.kind)
    return {key: next(iter(owners)) for key, owners in names.items() if len(owners) == 1}
