"""What is evaluated: experiments are data, built from facts, and sent to the child process as JSON."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import takewhile
from math import inf
from typing import Any

from bcelint.inference.facts import Context, Head, LossUse, MetricUse, Pairing, SingleUnitSoftmax
from bcelint.knowledge import losses, metrics
from bcelint.knowledge.domains import Domain, Family
from bcelint.places import Place
from bcelint.source import Source

# Classes of a categorical output whose number the code does not tell.
_USUAL_CLASSES = 3
_USUAL_RATE = 0.5
_USUAL_NOISE = 0.1
# The dtype policies that an experiment takes over.
_POLICIES = ("float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16")
# Arguments that change the value of a loss, and that an experiment takes over where they are written out.
_ARGUMENTS = ("label_smoothing", "gamma", "alpha", "apply_class_balancing", "pos_weight", "ignore_class", "q")
# The values for which an exact loss is known, where not all numbers are.
_RANGES = {"label_smoothing": (0.0, 1.0), "gamma": (0.0, inf)}
# The labels of experiments are 0 and 1.
_OTHER_CLASS = -1
_LARGEST = 1e6
# From which z on float32 rounds sigmoid(z) to 1, and where exp(z) overflows: keras_facts 2.1, 2.3.
_CORNERS = (16.0, 16.6, 16.75, 17.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 87.5, 88.75, 100.0)
# Between 0 and 1 a clipped loss on a linear output has all of its slope.
_FINE = (0.001, 0.01, 0.1, 0.25, 0.75, 0.9, 0.99)


def sweep() -> tuple[float, ...]:
    """The pre-activations that losses are evaluated at: every half from -15 to 15, and the corners."""
    half = [i / 2 for i in range(31)]
    positive = {*half, *_FINE, *_CORNERS}
    return tuple(sorted({-z for z in positive if z} | positive))


SWEEP = sweep()
# The pre-activations of which a compiled model is asked the loss.
BATCH = (-4.0, -1.0, 0.5, 3.0)


@dataclass(frozen=True)
class LossSpec:
    """A loss of the tables: where it is imported from, whether a class, and its arguments.

    ``order`` names the parameters of a function that take the labels and the prediction.
    """

    target: str
    is_class: bool
    order: tuple[str, str] = ("y_true", "y_pred")
    arguments: tuple[tuple[str, float | bool], ...] = ()


@dataclass(frozen=True)
class PairExperiment:
    """A head and a loss, rebuilt from what was inferred.

    Attributes:
        activation: its Keras name; ``applied`` is ``layer``, ``function`` or ``tensorflow function``, and ``layer`` the
            class of the output layer.
        steps: what comes after it: kind, name, and a rate where there is one.
        form: ``binary``, ``categorical`` or ``sparse``: what the labels look like, and which exact loss is meant.
        in_fit: whether ``fit`` computes the loss (not code of the file).
        policy: the dtype policy of the layers; ``dtype`` is that of the output layer, where it has one of its own.
    """

    activation: str
    applied: str
    layer: str
    steps: tuple[tuple[str, str, float], ...]
    units: int
    form: str
    loss: LossSpec
    in_fit: bool
    policy: str = "float32"
    dtype: str = ""

    @property
    def rounded_to(self) -> str:
        """The coarsest dtype that the output passes through. Losses compute in float32, whatever the policy is."""
        layers = any(kind not in ("call", "cast", "numpy") and name != "linear" for kind, name, _ in self.steps)
        passed = {(self.dtype or self.policy), *([self.policy] if layers else [])}
        names = {name.removeprefix("mixed_") for name in passed}
        return next((name for name in ("bfloat16", "float16") if name in names), "float32")

    def request(self) -> dict[str, Any]:
        """The experiment for the child process."""
        return {
            "kind": "pair",
            "activation": self.activation,
            "applied": self.applied,
            "layer": self.layer,
            "steps": self.steps,
            "units": self.units,
            "form": self.form,
            "loss": {
                "target": self.loss.target,
                "is_class": self.loss.is_class,
                "order": self.loss.order,
                "arguments": self.loss.arguments,
            },
            "in_fit": self.in_fit,
            "policy": self.policy,
            "dtype": self.dtype,
            "z": SWEEP,
            "batch": BATCH,
        }

    def describe(self) -> str:
        """What is evaluated, in the words of Keras."""
        units = f"{self.units} unit{'s' if self.units > 1 else ''}"
        name = self.activation or "linear"
        head = f"{units}, {name}{f' in {self.dtype}' if self.dtype else ''}"
        after = [f"{name}({amount:g})" if kind == "dropout" else name or kind for kind, name, amount in self.steps]
        arguments = ", ".join(f"{key}={value}" for key, value in self.loss.arguments if value is not False)
        loss = (
            f"{self.loss.target.rpartition('.')[2]}({arguments})"
            if arguments or self.loss.is_class
            else (self.loss.target)
        )
        policy = "" if self.policy == "float32" else f" under {self.policy}"
        return f"{', '.join([head, *after])}, with {loss}{policy}"


@dataclass(frozen=True)
class MetricSpec:
    """A metric as ``compile`` is given it: a string, or a class with arguments."""

    name: str
    is_class: bool
    arguments: tuple[tuple[str, float | bool | str], ...] = ()

    def __str__(self) -> str:
        if not self.is_class:
            return f'"{self.name}"'
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.arguments)})"


@dataclass(frozen=True)
class MetricExperiment:
    """A metric on outputs, next to the one that is right for probabilities."""

    metric: MetricSpec
    right: MetricSpec
    logits: bool
    units: int = 1

    def request(self) -> dict[str, Any]:
        """The experiment for the child process."""
        return {
            "kind": "metric",
            "metric": _metric_request(self.metric),
            "right": _metric_request(self.right),
            "logits": self.logits,
            "batches": _multilabel_batches(self.units) if self.units > 1 else _BATCHES,
        }

    def describe(self) -> str:
        """What is evaluated, in words."""
        return f"{self.metric} on {'logits' if self.logits else 'probabilities'}"


@dataclass(frozen=True)
class CodeExperiment:
    """A loss of the file's own, cut out with what it needs.

    Attributes:
        source: the module text that defines it, ``entry`` the expression that gives the loss, ``rows`` where each row
            of the text is in the file.
        roles: what each positional argument is: ``labels``, ``prediction`` or ``other``.
        domain: ``probability`` or ``logits``: what the prediction is.
        cases: labels and predictions at which the loss is evaluated.
        checks: what is asked (see ``worker.code``).
        xla: whether the corners are looked at as XLA compiles them, too: that takes seconds.
        instead: of a formula: why it is not the function that is evaluated.
        witness, interior, inputs, predictions: of a formula: the values of its inputs where it fails and where it
            should not, their names, and which of them training goes through.
    """

    name: str
    source: str
    entry: str
    roles: tuple[str, ...]
    checks: tuple[str, ...]
    xla: bool = False
    domain: str = "probability"
    cases: tuple[tuple[float, float], ...] = ()
    dtype: str = "float32"
    rows: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    is_formula: bool = False
    instead: str = field(default="", compare=False)
    witness: tuple[float, ...] = ()
    interior: tuple[float, ...] = ()
    inputs: tuple[str, ...] = ()
    predictions: tuple[int, ...] = ()

    def request(self) -> dict[str, Any]:
        """The experiment for the child process."""
        return {
            "kind": "code",
            "source": self.source,
            "entry": self.entry,
            "roles": self.roles,
            "checks": self.checks,
            "xla": self.xla,
            "domain": self.domain,
            "cases": [{"y": y, "p": p} for y, p in self.cases],
            "dtype": self.dtype,
            "witness": self.witness,
            "interior": self.interior,
            "predictions": self.predictions,
            "rows": {str(row): place for row, place in self.rows},
            "z": _PLOTTED,
        }

    def describe(self) -> str:
        """What is evaluated, in words."""
        if not self.is_formula:
            return f"`{self.name}`"
        instead = f" (the function itself is not run: {self.instead})" if self.instead else ""
        return f"the formula of {self.name} as bcelint reads it{instead}"


Experiment = PairExperiment | MetricExperiment | CodeExperiment

# Losses of packages that are no longer released: evaluated by their documented formula (``worker.stand_ins``).
STAND_INS = frozenset({"tfa.losses.SigmoidFocalCrossEntropy", "tfa.losses.sigmoid_focal_crossentropy"})

# A user's loss is called once for each of these: fewer than SWEEP, and of the corners those that matter to it.
_PLOTTED = tuple(sorted({*range(-15, 16), *(-20, 20, -40, 40, -88.75, 88.75, -100, 100), -0.5, 0.5, -16.75, 16.75}))

# Twelve logits whose ranking is nearly right; all above 1; all below 0.
_LABELS = ([0], [0], [0], [1], [0], [1], [1], [0], [1], [1], [1], [1])
_BATCHES: list[dict[str, Any]] = [
    {"z": [[z] for z in (-3.0, -2.0, -1.5, 0.1, 0.2, 0.3, 0.4, -0.2, 0.7, 1.5, 2.0, 3.0)], "y": _LABELS},
    {"z": [[1.5 + z / 4] for z in range(12)], "y": [[0]] * 6 + [[1]] * 6},
    {"z": [[-9.0 + z / 2] for z in range(12)], "y": [[0]] * 6 + [[1]] * 6},
]


def _multilabel_batches(units: int) -> list[dict[str, Any]]:
    """Rows with several labels, all of them right: their first label is the largest output in half of the rows only."""
    rows = []
    labels = []
    for row in range(8):
        on = [1.0 if (row + unit) % 2 == 0 or unit == 0 else 0.0 for unit in range(units)]
        labels.append(on)
        rows.append([(2.0 + unit * (1 if row % 2 else -1) / units) if bit else -2.0 for unit, bit in enumerate(on)])
    return [{"z": rows, "y": labels}]


def _metric_request(metric: MetricSpec) -> dict[str, Any]:
    return {"name": metric.name, "is_class": metric.is_class, "arguments": metric.arguments}


# --- from facts -------------------------------------------------------------------------------------------------------


# What the configuration says of a name is enough to judge it, and not to compute with it.
KNOWN_BY_ENTRY = "`{}` is only known from the configuration"


class Unsupported(Exception):
    """There is no experiment for a fact; the message says why."""


class Calls:
    """The calls of a file, by their places: experiments take over the arguments that are written out.

    ``others`` are the other files of the project that places may be in, by their paths.
    """

    def __init__(self, source: Source, others: Mapping[str, Source] | None = None) -> None:
        self._source = source
        self._others = others or {}

    @cached_property
    def _by_place(self) -> dict[Place, ast.Call]:
        return _calls_of(self._source)

    def at(self, place: Place | None) -> ast.Call | None:
        """The call at a place."""
        if place is not None and place.path:
            other = self._others.get(place.path)
            return _calls_of(other).get(replace(place, path="")) if other is not None else None
        return self._by_place.get(place) if place is not None else None

    def starting_at(self, row: int, column: int) -> Place | None:
        """The place of the longest call that starts somewhere."""
        return max((place for place in self._by_place if place.start == (row, column)), default=None)

    def literals(self, place: Place | None, positional: Iterable[str] = ()) -> dict[str, Any]:
        """The arguments of the call at ``place`` that are numbers, strings or truth values."""
        call = self.at(place)
        if call is None:
            return {}
        known = takewhile(lambda argument: not isinstance(argument, ast.Starred), call.args)
        given = {**dict(zip(positional, known, strict=False)), **{k.arg: k.value for k in call.keywords if k.arg}}
        found = {}
        for name, node in given.items():
            try:
                value = ast.literal_eval(node)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
            if isinstance(value, (bool, int, float, str)):
                found[name] = value
        return found


def _calls_of(source: Source) -> dict[Place, ast.Call]:
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call)) if source.tree is not None else ()
    return {source.place(call): call for call in calls}


def pair(pairing: Pairing, calls: Calls, dtype: str = "") -> PairExperiment:
    """The experiment for a head and a loss; raises ``Unsupported``."""
    head, loss = pairing.head, pairing.loss
    if loss.configured:
        raise Unsupported(KNOWN_BY_ENTRY.format(loss.name))
    if head.declared or head.own_layer:
        raise Unsupported(KNOWN_BY_ENTRY.format(head.activation if head.declared else head.layer_name))
    if head.literal:
        raise Unsupported("the prediction is written out")
    form = {Family.BINARY: "binary", Family.CATEGORICAL: "categorical", Family.SPARSE: "sparse"}.get(loss.family)
    if form is None:
        raise Unsupported(f"no exact value is known for `{loss.name}`")
    units = head.units or (_USUAL_CLASSES if form != "binary" or head.domain is Domain.SIMPLEX else 1)
    if head.domain is Domain.SIMPLEX and form == "binary" and units > 1:
        form = "categorical"  # what sums to 1 is about classes, whatever the loss is
    return PairExperiment(
        activation=_activation(head),
        applied=_applied(head, pairing),
        layer=head.layer_name,
        steps=_steps(head, calls),
        units=min(units, 1000),
        form=form,
        loss=_loss(loss, calls),
        in_fit=pairing.context is not Context.CALL,
        policy=dtype or (head.policy if head.policy in _POLICIES else "float32"),
        dtype=head.dtype if head.dtype in _POLICIES and not dtype else "",
    )


def single_unit_softmax(fact: SingleUnitSoftmax, dtype: str = "") -> PairExperiment:
    """The experiment for a softmax over one unit: what it predicts."""
    return PairExperiment(
        activation="softmax",
        applied="layer",
        layer=fact.layer_name,
        steps=(),
        units=1,
        form="binary",
        loss=LossSpec("keras.losses.BinaryCrossentropy", True),
        in_fit=True,
        policy=dtype or "float32",
    )


def metric(use: MetricUse, calls: Calls) -> MetricExperiment:
    """The experiment for a metric."""
    spec = metrics.BY_CLASS.get(f"keras.metrics.{use.name}")
    if "." in use.name:
        raise Unsupported(KNOWN_BY_ENTRY.format(use.name))
    given = {k: v for k, v in calls.literals(use.call).items() if k not in ("name", "dtype")}
    written = MetricSpec(use.name, True, tuple(sorted(given.items())))
    if use.string is not None:
        written = MetricSpec(use.string, False)
    head = use.head
    logits = use.loss is not None and use.loss.from_logits
    if use.name == metrics.ACCURACY.name:
        units = head.units if head is not None and head.units else 1
        return MetricExperiment(written, MetricSpec("BinaryAccuracy", True), logits, min(units, 64))
    if use.name == "Accuracy":
        return MetricExperiment(written, MetricSpec("BinaryAccuracy", True), logits)
    if spec is None:
        raise Unsupported(f"`{use.name}` is not a metric of Keras")
    right = {k: v for k, v in given.items() if k != spec.cut}
    if use.name in ("F1Score", "FBetaScore"):
        right["threshold"] = 0.5
    return MetricExperiment(written, MetricSpec(use.name, True, tuple(sorted(right.items()))), logits)


def _activation(head: Head) -> str:
    if head.activation:
        return head.activation
    names = {Domain.REAL: "linear", Domain.PROBABILITY: "sigmoid", Domain.SIMPLEX: "softmax"}
    if head.domain not in names:
        raise Unsupported("the output is made by arithmetic of the file's own")
    return names[head.domain]


def _applied(head: Head, pairing: Pairing) -> str:
    if head.eager_only:
        return "tensorflow function"
    return "layer" if head.layer_name or pairing.context is Context.COMPILE else "function"


def _steps(head: Head, calls: Calls) -> tuple[tuple[str, str, float], ...]:
    made = []
    for step in head.steps:
        amount = 0.0
        if step.kind == "own":
            raise Unsupported(KNOWN_BY_ENTRY.format(step.name))
        if step.kind in ("dropout", "noise"):
            given = calls.literals(step.place, ("rate" if step.kind == "dropout" else "stddev",))
            usual, most = (_USUAL_RATE, 1.0) if step.kind == "dropout" else (_USUAL_NOISE, _LARGEST)
            value = given.get("rate", given.get("stddev", usual))
            if not isinstance(value, (int, float)) or not 0 <= value <= most:
                raise Unsupported(f"`{step.name}` cannot take {value!r}")
            amount = float(value)
        made.append((step.kind, step.name, amount))
    return tuple(made)


def _loss(loss: LossUse, calls: Calls) -> LossSpec:
    spec = losses.BY_CLASS.get(loss.api) or losses.BY_FUNCTION.get(loss.api) or losses.BY_STRING.get(loss.name)
    if spec is None:
        raise Unsupported(f"no exact value is known for `{loss.name}`")
    is_class = loss.api in losses.BY_CLASS or (not loss.api and bool(spec.classes))
    target = loss.api or (spec.classes or spec.functions)[0]
    package = target.partition(".")[0]
    if package not in ("keras", "tf") and target not in STAND_INS:
        raise Unsupported(f"`{target}` is not a loss of Keras or TensorFlow")
    parameters = spec.class_parameters if is_class else spec.function_parameters
    given: dict[str, Any] = {}
    if loss.call is not None:
        written = calls.literals(loss.call, parameters)
        given = {name: _possible(name, written[name]) for name in _ARGUMENTS if name in written}
    if spec.takes_logits:
        given[spec.flag] = loss.from_logits
    if spec.name.startswith("weighted"):
        given.setdefault("pos_weight", 1.0)
    if is_class and target.startswith("tf.losses."):
        target = f"keras.losses.{target.rpartition('.')[2]}"
    order = (spec.function_parameters[0], spec.predictions[0])
    return LossSpec(target, is_class, order, tuple(sorted(given.items())))


def _possible(name: str, value: Any) -> float | bool:
    """An argument, if there is an exact loss for it; raises ``Unsupported``."""
    low, high = _RANGES.get(name, (-inf, inf))
    if not isinstance(value, (bool, int, float)) or not low <= value <= high or abs(value) > _LARGEST:
        raise Unsupported(f"no exact value is known for `{name}={value!r}`")
    return _OTHER_CLASS if name == "ignore_class" and value in (0, 1) else value
