"""The user's entries as records of the tables, and in the tables for as long as one file is analysed.

The tables belong to the process, and the files of one run may have different configurations: what is put in is taken
out again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Any

from bcelint.knowledge import activations, layers, losses, metrics
from bcelint.knowledge.activations import Activation
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.knowledge.layers import Effect, Layer, ShapeRule
from bcelint.knowledge.losses import Loss
from bcelint.knowledge.metrics import Metric, Reading
from bcelint.knowledge.names import canonical

if TYPE_CHECKING:
    from bcelint.settings import Entry

_DOMAINS: dict[object, tuple[Domain, float, float]] = {
    "probability": (Domain.PROBABILITY, 0.0, 1.0),
    "simplex": (Domain.SIMPLEX, 0.0, 1.0),
    "log-simplex": (Domain.LOG_SIMPLEX, -inf, 0.0),
    "positive": (Domain.INTERVAL, 0.0, inf),
    "real": (Domain.REAL, -inf, inf),
}
_PAIR = ("y_true", "y_pred")

# The canonical names that the entries are about, as long as they are in the tables.
NAMES: dict[str, Entry] = {}

Options = Mapping[str, Any]
# A table, a key of it, and the record that it is to have; ``None``: none at all.
_Change = tuple[dict[str, Any], str, object]


@contextmanager
def installed(entries: Sequence[Entry]) -> Iterator[None]:
    """The tables with the user's entries in them; an entry wins over what is there by the same name."""
    replaced: list[_Change] = []
    try:
        for entry in entries:
            changes = _CHANGES[entry.table](entry.name, dict(entry.options))
            for table, key, record in (*changes, (NAMES, canonical(entry.name), entry)):
                replaced.append((table, key, table.get(key)))
                _set(table, key, record)
        yield
    finally:
        for table, key, record in reversed(replaced):
            _set(table, key, record)


def _set(table: dict[str, Any], key: str, record: object) -> None:
    if record is None:
        table.pop(key, None)
    else:
        table[key] = record


def _is_class(name: str, options: Options) -> bool:
    """Whether an entry is about a class, or a factory, which is called like one."""
    kind = options.get("kind")
    return kind != "function" if kind is not None else name.rpartition(".")[2][:1].isupper()


def _loss(name: str, options: Options) -> Iterator[_Change]:
    is_class, path = _is_class(name, options), canonical(name)
    family = Family(options.get("family", "other"))
    wants_logits = options["expects"] == "logits"
    flag = options.get("from-logits", "")
    if options["expects"] == "other":
        family, expects = Family.OTHER, Expectation.OTHER
    elif wants_logits and not flag:
        expects = Expectation.LOGITS
    else:
        expects = Expectation.PROBABILITY if family is Family.BINARY else Expectation.SIMPLEX
    parameters = options.get("parameters", () if is_class else _PAIR)
    signature = _PAIR if is_class else parameters
    usual = signature[1] if len(signature) > 1 and "y_pred" not in signature else "y_pred"
    spec = Loss(
        name,
        family,
        expects,
        bool(flag),
        class_parameters=parameters if is_class else (),
        function_parameters=signature,
        predictions=(options.get("prediction", usual),),
        flag=flag,
        default=wants_logits and bool(flag),
        configured=True,
        factory=options.get("kind") == "factory",
    )
    yield losses.BY_CLASS, path, spec if is_class else None
    yield losses.BY_FUNCTION, path, None if is_class else spec
    yield losses.COMPOSITE, path, None
    for string in options.get("strings", ()):
        yield losses.BY_STRING, string, spec


def _layer(name: str, options: Options) -> Iterator[_Change]:
    path, units = canonical(name), options.get("units")
    shape = ShapeRule(options.get("shape", "unknown"))
    if units is not None:
        shape = ShapeRule.UNITS if shape is ShapeRule.SAME else ShapeRule.LENGTH
    activation = options.get("activation")
    if "output" in options:
        # What comes out has no name but the layer's.
        activation = name if options["output"] != "real" else "linear"
        yield activations.BY_NAME, name, _activation_of(name, options["output"])
    spec = Layer(
        name,
        Effect.KEEP if "keeps-values" in options else Effect.AFFINE,
        shape,
        options.get("parameters", ()),
        (units,) if isinstance(units, str) else (),
        activation,
        activation_parameter=options.get("activation-parameter", "activation" if "activation" in options else ""),
        length=units if isinstance(units, int) else None,
        configured=True,
    )
    yield layers.LAYERS, path, spec


def _activation(name: str, options: Options) -> Iterator[_Change]:
    spec = _activation_of(name, options["range"])
    yield activations.BY_FUNCTION, canonical(name), spec
    for string in (name, *options.get("strings", ())):
        yield activations.BY_NAME, string, spec


def _activation_of(name: str, span: object) -> Activation:
    """An activation with the values that an entry says; ``span`` is a word, or a low and a high end."""
    if isinstance(span, tuple):
        low, high = span
        inside, everywhere = low >= 0 and high <= 1, low == -inf and high == inf
        domain = Domain.PROBABILITY if inside else Domain.REAL if everywhere else Domain.INTERVAL
    else:
        domain, low, high = _DOMAINS[span]
    return Activation(name, domain, low, high, monotone=False, configured=True)


def _metric(name: str, options: Options) -> Iterator[_Change]:
    is_class, path = _is_class(name, options), canonical(name)
    spec = Metric(
        path,
        Reading.PROBABILITY if options["expects"] == "probabilities" else Reading.OTHER,
        options.get("parameters", ()),
        options.get("cut"),
        repr(options["cut-value"]) if "cut-value" in options else None,
        configured=True,
    )
    yield metrics.BY_CLASS, path, spec if is_class else None
    yield metrics.BY_FUNCTION, path, None if is_class else spec
    for string in options.get("strings", ()):
        yield metrics.BY_STRING, string, spec


_CHANGES: dict[str, Callable[[str, Options], Iterator[_Change]]] = {
    "losses": _loss,
    "layers": _layer,
    "activations": _activation,
    "metrics": _metric,
}
