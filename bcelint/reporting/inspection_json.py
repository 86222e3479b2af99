"""What was understood: an array of objects, one for each file. Rows and columns count from 1, in a notebook per cell.

Every ``location`` stands beside the ``filename`` and the notebook ``cell`` (or null) that it counts in. ``expects`` is
``logits``, ``probability``, ``simplex``, ``other`` (nothing that is judged) or null where the loss is not known;
``verdict`` is ``fits``, ``fault``, ``undecided`` or ``not judged``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bcelint.inspection import HeadSeen, Inspection, LossSeen, Mark, MetricSeen, ModelSeen, PairSeen, Spot
from bcelint.reporting.inspection_text import Figures
from bcelint.reporting.json import dump


def render(inspections: Iterable[Inspection]) -> str:
    """The whole document."""
    return dump([record(inspection) for inspection in inspections])


def record(inspection: Inspection) -> dict[str, Any]:
    """One file."""
    report = inspection.report
    return {
        "filename": report.shown,
        "models": [_model(model) for model in inspection.models],
        "losses": [_loss(loss) for loss in inspection.losses],
        "metrics": [_metric(metric) for metric in inspection.metrics],
        "pairs": [_pair(pair) for pair in inspection.pairs],
        "findings": _marks(inspection.others),
        "decided": len(report.decided),
        "undecided": len(report.undecided),
        "complete": not report.exhausted and not report.failure,
        "failure": report.failure or None,
    }


def statistics(figures: Figures) -> str:
    """What ``--statistics`` prints."""
    return dump(
        {
            "models": figures.models,
            "known_models": figures.known_models,
            "pairs": figures.decided + figures.undecided,
            "decided": figures.decided,
            "undecided": figures.undecided,
            "share": figures.share,
            "not_judged": figures.not_judged,
            "reasons": [{"reason": reason, "count": count} for reason, count in figures.by_frequency()],
        }
    )


def _model(model: ModelSeen) -> dict[str, Any]:
    return {
        "name": model.name or None,
        "kind": model.kind,
        **_spot(model.spot),
        "compiled": model.compiled,
        "trained": model.trained,
        "outputs": [
            {
                "number": output.number,
                "name": output.name or None,
                "head": _head(output.head),
                "reason": output.reason or None,
                "branches": [list(branch) for branch in output.branches],
            }
            for output in model.outputs
        ],
    }


def _head(head: HeadSeen | None) -> dict[str, Any] | None:
    if head is None:
        return None
    return {
        "domain": head.domain,
        "activation": head.activation or None,
        "units": head.units,
        "low": head.low,
        "high": head.high,
        "layer": head.layer or None,
        "made": _maybe(head.spot),
    }


def _loss(loss: LossSeen) -> dict[str, Any]:
    return {
        "name": loss.name,
        **_spot(loss.spot),
        "expects": loss.expects or None,
        "from_logits": loss.from_logits,
        "told": _maybe(loss.told),
        "written": loss.written,
        "findings": _marks(loss.findings),
    }


def _metric(metric: MetricSeen) -> dict[str, Any]:
    return {"name": metric.name, **_spot(metric.spot), "known": metric.known, "findings": _marks(metric.findings)}


def _pair(pair: PairSeen) -> dict[str, Any]:
    return {
        **_spot(pair.spot),
        "verdict": pair.verdict.value,
        "model": pair.model or None,
        "output": pair.output or None,
        "head": _head(pair.head),
        "loss": pair.loss or None,
        "expects": pair.expects or None,
        "context": pair.context or None,
        "branch": list(pair.branch),
        "reason": pair.reason or None,
        "findings": _marks(pair.findings),
    }


def _marks(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    return [
        {
            "code": mark.code,
            "name": mark.name,
            "severity": mark.severity,
            "message": mark.message,
            "reported": mark.reported,
            **_spot(mark.spot),
        }
        for mark in marks
    ]


def _maybe(spot: Spot | None) -> dict[str, Any] | None:
    return None if spot is None else _spot(spot)


def _spot(spot: Spot) -> dict[str, Any]:
    position = spot.position
    return {
        "filename": spot.shown,
        "cell": position.cell,
        "location": {"row": position.row, "column": position.column},
    }
