"""Where heads meet losses and metrics: direct calls, ``compile``, custom losses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bcelint.inference import builtin_calls, facts, reasons
from bcelint.inference.guards import ALWAYS, FALL_THROUGH, Guard, Literal, conjoin, related
from bcelint.inference.numeric.expressions import Role
from bcelint.inference.recorder import BudgetExceeded
from bcelint.inference.values import (
    PLACEHOLDER,
    Api,
    Argument,
    Arguments,
    Bound,
    Choice,
    Class,
    Const,
    DictValue,
    Function,
    Instance,
    ListValue,
    Loss,
    LossSum,
    Metric,
    Model,
    Mutable,
    Partial,
    Sequence,
    Tensor,
    Unknown,
    Value,
    choice,
    each,
    maker_of,
    options,
    unknown_tensor,
)
from bcelint.knowledge import activations, losses, metrics
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.places import Place
from bcelint.project import ORIGIN

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi


_DIFFERENT_NUMBERS = "the model does not have as many outputs as there are losses"


@dataclass
class _Compiled:
    """What a ``compile`` call brought together; reported once it is known whether the model is used."""

    model: Value
    facts: list[facts.Fact] = field(default_factory=list)


@dataclass(frozen=True)
class _Meeting:
    """The surroundings in which a loss is evaluated.

    ``guard`` is what the output needs, ``base`` the path of the ``compile`` without that, and ``chosen`` what was
    tested between the model and its ``compile``.
    """

    context: facts.Context = facts.Context.CALL
    compile_node: ast.AST | None = None
    output: str = ""
    guard: Guard = ALWAYS
    chosen: Guard = ALWAYS
    base: Guard | None = None
    model: Value | None = None


class Pairings:
    """Brings heads and losses together, and settles at the end what is reported."""

    def __init__(self, keras: KerasApi) -> None:
        self.keras = keras
        self.interpreter = keras.interpreter
        self._compiled: list[_Compiled] = []
        self._sinks: list[list[facts.Fact]] = []
        self._meetings: list[_Meeting] = [_Meeting()]

    def make_loss(self, spec: losses.Loss, arguments: Arguments, node: ast.AST, api: str) -> Value:
        flag = arguments.by_parameters(spec.class_parameters, spec.flag) if spec.takes_logits else None
        return self._flagged(spec, flag, arguments, node, api, "class")

    def _flagged(
        self,
        spec: losses.Loss,
        flag: Argument | None,
        arguments: Arguments,
        node: ast.AST,
        api: str,
        spelling: str,
    ) -> Value:
        """A loss with its flag; alternatives of the flag are alternatives of the loss."""
        rescued = spec.rescued and "ignore_class" not in arguments.keywords
        made = Loss(spec, spec.default, node, spelling, node, None, api, rescued)
        axis = arguments.keywords.get("axis")
        # A binary loss that is averaged over several axes has no class axis.
        averaged = axis is not None and spec.family is Family.BINARY and isinstance(axis.value, (ListValue, Sequence))
        if axis is not None and not averaged and not (isinstance(axis.value, Const) and axis.value.value == -1):
            return Unknown("the classes lie on another axis than the last")
        if not spec.takes_logits:
            return made
        if flag is None:
            return made if arguments.complete else replace(made, from_logits=None)

        def with_flag(value: Value) -> Value:
            given = replace(made, flag=flag)
            if isinstance(value, Const):
                return replace(given, from_logits=builtin_calls.known_truth(value))
            true, false = self.interpreter.truth(value, node)
            if not true or not false:
                return replace(given, from_logits=None)
            # Either may hold; it is only spoken of where the head depends on the same test.
            arms = [
                (true, replace(given, from_logits=True, split=true)),
                (false, replace(given, from_logits=False, split=false)),
            ]
            return choice([*arms])

        return each(flag.value, with_flag)

    def loss_function(self, spec: losses.Loss, api: str, node: ast.AST) -> Loss:
        return Loss(spec, spec.default, node, "function", None, None, api, spec.rescued)

    def loss_of(self, value: Value, node: ast.AST | None) -> Value:
        """What ``compile(loss=value)`` trains: a table loss, something callable, or unknown."""
        if isinstance(value, Const):
            if isinstance(value.value, str):
                spec = losses.BY_STRING.get(value.value)
                if spec is not None:
                    where = node or value.node or ast.Pass()
                    return Loss(spec, spec.default, where, "string", rescued=spec.rescued)
                return Unknown(reasons.unknown_loss(repr(value.value)))
            return value
        if isinstance(value, Api):
            if value.name in losses.BY_FUNCTION:
                spec = losses.BY_FUNCTION[value.name]
                where = node or value.node or ast.Pass()
                return Loss(spec, spec.default, where, "name", api=value.name, rescued=spec.rescued)
            if value.name in losses.COMPOSITE:
                parts = tuple(
                    Loss(losses.BY_FUNCTION[name], False, node or ast.Pass(), "name", api=name)
                    for name in losses.COMPOSITE[value.name]
                )
                return LossSum(parts)
            made = losses.BY_CLASS.get(value.name)
            keras_2 = self.interpreter.module.imports_tf_keras
            if made is not None and node is not None and (made.factory or keras_2):
                # Keras 3 makes an object of a class; Keras 2 does not.
                kind = "factory" if made.factory else "class"
                self.keras.loss_code.uncalled(value, value.name.rpartition(".")[2], node, kind)
            if made is not None:
                return Unknown(f"the loss `{value.name}` is not called")
            return Unknown(reasons.unknown_loss(f"`{value.name}`"))
        if isinstance(value, Partial) and isinstance(value.function, Api) and value.function.name in losses.BY_FUNCTION:
            spec = losses.BY_FUNCTION[value.function.name]
            flag = value.arguments.keywords.get(spec.flag) if spec.takes_logits else None
            return self._flagged(spec, flag, value.arguments, value.node, value.function.name, "function")
        return value

    def call_loss(self, loss: Value, arguments: Arguments, node: ast.AST) -> Value:
        """A loss called on labels and a prediction."""
        if isinstance(loss, LossSum):
            for part in loss.parts:
                resolved = self.loss_of(part, node)
                if isinstance(resolved, (Loss, LossSum)):
                    self.call_loss(resolved, arguments, node)
            return unknown_tensor("a loss")
        assert isinstance(loss, Loss)
        spec = loss.spec
        if loss.spelling in ("class", "string"):
            prediction = arguments.get("y_pred", position=1)
            made: Value = loss
        else:
            prediction = arguments.by_parameters(spec.function_parameters, *spec.predictions)
            flag = arguments.by_parameters(spec.function_parameters, spec.flag) if spec.takes_logits else None
            if loss.spelling == "function":
                made = self._flagged(spec, flag, arguments, node, loss.api, "function")
        if prediction is not None:
            first = arguments.positional[0].value if arguments.positional else None
            fed = isinstance(prediction.value, Tensor) and prediction.value.why == PLACEHOLDER
            # (logits, labels), as in the first releases of TensorFlow: what is fed are the labels.
            swapped = fed and isinstance(first, Tensor) and first.why != PLACEHOLDER
            self._meet(first if swapped and first is not None else prediction.value, made, node)
        if not arguments.open_positional:
            self.keras.loss_code.swapped(loss, arguments, node)
        labels = self._labels_argument(loss, arguments)
        if prediction is None or labels is None or not isinstance(made, Loss):
            return unknown_tensor("a loss")
        return self.keras.over([labels, prediction.value], lambda y, p: self.keras.arithmetic.loss(made, y, p, node))

    def _labels_argument(self, loss: Loss, arguments: Arguments) -> Value | None:
        """The labels that a loss is called with."""
        names = ("y_true", "labels", "target", "targets", "multi_class_labels", "onehot_labels", "gt")
        first, *others = loss.spec.function_parameters or ("",)
        # (prediction, labels), in some losses of the user's.
        swapped = loss.spec.configured and loss.spelling in ("function", "name") and first in loss.spec.predictions
        given = arguments.get(*names, *others[:1], position=1) if swapped else arguments.get(*names, position=0)
        return given.value if given is not None else None

    @contextmanager
    def _within(self, meeting: _Meeting) -> Iterator[None]:
        self._meetings.append(meeting)
        try:
            yield
        finally:
            self._meetings.pop()

    def emit(self, fact: facts.Fact) -> None:
        """Record a fact, which is only reported if the model that is being compiled is used."""
        self._emit(fact)

    def _emit(self, fact: facts.Fact) -> None:
        if self._sinks:
            self._sinks[-1].append(fact)
        else:
            self.interpreter.recorder.add(fact)

    def _meet(self, head: Value, loss: Value, site: ast.AST) -> None:
        """A head and a loss meet: every combination of their alternatives that can occur."""
        place = self.interpreter.recorder.place(site)
        if place is None:
            return
        for loss_guard, loss_option in options(loss):
            resolved = self.loss_of(loss_option, site)
            if isinstance(resolved, Const):
                continue
            if isinstance(resolved, LossSum):
                for part in resolved.parts:
                    self._meet(head, part, site)
                continue
            if isinstance(resolved, (ListValue, Sequence, DictValue)):
                self._meet_structure(head, resolved, site)
                continue
            if not isinstance(resolved, Loss):
                self._meet_callable(head, resolved, site, loss_guard)
                continue
            if resolved.spec.family is Family.OTHER:
                self._emit(self._unjudged(place, resolved.spec.name, head))
                continue
            for head_guard, head_option in options(head):
                self._pair(head_option, head_guard, resolved, loss_guard, site, place)

    def _meet_structure(self, head: Value, losses_of: Value, site: ast.AST) -> None:
        """Losses in a list or dict that is itself the loss of an output: one for each part of it."""
        for guard, option in options(head):
            path = conjoin(self.interpreter.path, guard)
            if path is None:
                continue
            outer, self.interpreter.path = self.interpreter.path, path
            for part, loss in self._parts(option, losses_of):
                self._meet(part, loss, getattr(loss, "node", None) or site)
            self.interpreter.path = outer

    def _parts(self, head: Value, losses_of: Value) -> list[tuple[Value, Value]]:
        """The parts of an output, each with its loss."""
        why = head.why if isinstance(head, (Tensor, Unknown)) else ""
        apart = Unknown(why or _DIFFERENT_NUMBERS)
        if isinstance(losses_of, DictValue):
            known = head.store if isinstance(head, DictValue) else {}
            return [(known.get(name, apart), loss) for name, loss in losses_of.store.items() if name != "*"]
        repeated = self.keras.repeated_in(losses_of)
        items = [repeated] if repeated is not None else self.keras.items_of(losses_of) or []
        heads = self.keras.items_of(head) if isinstance(head, (ListValue, Sequence)) else None
        if heads is None and len(items) == 1:
            heads = [head]
        if heads is not None and len(heads) == len(items):
            return list(zip(heads, items, strict=True))
        return [(apart, item) for item in items]

    def _pair(self, head: Value, head_guard: Guard, loss: Loss, loss_guard: Guard, site: ast.AST, place: Place) -> None:
        """One head and one loss, and the tests that have to come out right for each."""
        meeting, path = self._meetings[-1], self.interpreter.path
        needed = conjoin(head_guard, meeting.guard)
        both = None if needed is None else conjoin(needed, loss_guard)
        full = None if both is None else conjoin(both, path)
        if needed is None or both is None or full is None:
            return
        tensor = self._as_head(head)
        why = self._undecided(head, tensor, loss)
        base = path if meeting.base is None else meeting.base
        settled = base - meeting.chosen  # what was decided before there was a model
        if not why and any(_is_fall_through(literal) for literal in full):
            why = "no arm of a chain of tests was taken"
        elif not why and self._is_assumed(tensor, loss) and both - base:
            why = "it rests on a default argument and on a branch"
        elif not why and self._is_of_others(needed):
            why = "it is an option of another module, and nothing here says which it is"
        elif not why and not related(needed - settled, (loss_guard | meeting.chosen) - settled):
            why = "head and loss are chosen by different tests"
        elif not why and loss.split and not loss.split & needed:
            why = _about_the_flag(loss)
        if why or tensor is None:
            self._emit(
                facts.Unresolved(
                    place,
                    why,
                    head=self._known_head(head),
                    loss=self.loss_fact(loss) if loss.from_logits is not None and not loss.split else None,
                    loss_name=loss.spec.name,
                    output=meeting.output,
                    branch=self.describe(needed),
                    model=self._compiled_model(),
                )
            )
            return
        self.keras.models.note_heads(tensor, site)
        at_top = self.interpreter.frames[-1].function is None
        self._emit(
            facts.Pairing(
                head=self.head_fact(tensor),
                loss=self.loss_fact(loss),
                site=place,
                context=meeting.context,
                branch=self.describe(both | path if at_top else both),
                output=meeting.output,
                compile_site=self.interpreter.recorder.place(meeting.compile_node),
                backend=self.keras.backend,
            )
        )

    def _undecided(self, head: Value, tensor: Tensor | None, loss: Loss) -> str:
        """Why nothing can be said of a head and a loss; empty where something can."""
        if loss.from_logits is None:
            return _about_the_flag(loss)
        if tensor is None:
            return reasons.about("the output", reasons.of_value(head))
        if tensor.domain is not Domain.UNKNOWN:
            return ""
        # Of one unit it is enough to know that it is one.
        single = tensor.last == 1 and loss.spec.family.is_categorical
        return "" if single else reasons.about("the output", tensor.why)

    def _is_assumed(self, tensor: Tensor | None, loss: Loss | None) -> bool:
        """Whether a side rests on the default of a parameter of a function that nobody calls.

        Such a call is possible; that it also takes a certain branch is one assumption too many.
        """
        nodes = self.interpreter.assumed_nodes
        if not nodes:
            return False
        values: list[Value] = []
        if tensor is not None and tensor.argument is not None:
            values.append(tensor.argument.value)
        if loss is not None and loss.flag is not None:
            values.append(loss.flag.value)
        return any(id(getattr(option, "node", None)) in nodes for v in values for _, option in options(v))

    def _meet_callable(self, head: Value, function: Value, site: ast.AST, guard: Guard) -> None:
        """A custom loss: what it does with the head is found by running it."""
        call: Value | None = None
        if isinstance(function, (Function, Bound, Partial)):
            call = function
        elif isinstance(function, Instance) and isinstance(function.cls.lookup("call"), Function):
            member = function.cls.lookup("call")
            call = Bound(member, function) if member is not None else None
        elif isinstance(function, Instance) and isinstance(function.cls.lookup("__call__"), Function):
            member = function.cls.lookup("__call__")
            call = Bound(member, function) if member is not None else None
        place = self.interpreter.recorder.place(site)
        output = self._meetings[-1].output
        if isinstance(function, Class) and function.is_a("keras.losses.Loss"):
            self.keras.loss_code.uncalled(function, "", site)
        if call is None:
            if place is not None and not isinstance(function, (Class,)):
                made_by = maker_of(function)
                why = reasons.unknown_loss(f"`{made_by}`") if made_by else reasons.of_value(function)
                why = reasons.about("the loss", why)
                known = self._known_head(head)
                name, model = reasons.as_written(site), self._compiled_model()
                self._emit(facts.Unresolved(place, why, known, None, name, output, model=model))
            return
        if place is not None:
            definition = _function_node(call)
            name = function.cls.name if isinstance(function, Instance) else _function_name(call)
            where = self.interpreter.recorder.place(definition)
            self._emit(self._unjudged(place, name or reasons.as_written(site), head, written=True, definition=where))
        for head_guard, option in options(head):
            both = conjoin(guard, head_guard)
            path = None if both is None else conjoin(self.interpreter.path, both)
            if path is None:
                continue
            prediction = (
                option
                if isinstance(option, Tensor)
                else unknown_tensor(option.why if isinstance(option, Unknown) else "")
            )
            given = self.keras.arithmetic.given
            names = _parameter_names(call)
            labels = given(Role.LABELS, "labels", names[0])
            prediction = given(Role.PREDICTION, prediction.why, names[1], prediction)
            outer, self.interpreter.path = self.interpreter.path, path
            outer_meeting = self._meetings[-1]
            with self._within(
                _Meeting(facts.Context.CUSTOM_LOSS, site, outer_meeting.output, model=outer_meeting.model)
            ):
                result = self.interpreter.call(call, Arguments((Argument(labels), Argument(prediction))), site)
                made = [option for _, option in options(result)]
                if made and all(isinstance(option, (Function, Bound)) for option in made):
                    self.keras.loss_code.uncalled(function, "", site)
                else:
                    self.keras.loss_code.compiled(function, result, site)
            self.interpreter.path = outer

    def _unjudged(
        self, place: Place, name: str, head: Value, *, written: bool = False, definition: Place | None = None
    ) -> facts.Unjudged:
        output, model = self._meetings[-1].output, self._compiled_model()
        return facts.Unjudged(place, name, self._known_head(head), written, definition, output, model)

    def _compiled_model(self) -> Place | None:
        """Where the model is made that is being compiled."""
        return self.interpreter.recorder.place(getattr(self._meetings[-1].model, "node", None))

    def _known_head(self, value: Value) -> facts.Head | None:
        """The one head that a value is, if anything is known of it."""
        tensor = self._as_head(value)
        if tensor is None or tensor.domain is Domain.UNKNOWN:
            return None
        return self.head_fact(tensor)

    def _as_head(self, value: Value) -> Tensor | None:
        if isinstance(value, Tensor):
            return value
        if isinstance(value, (Const, ListValue, Sequence)):
            tensor = self.keras.as_tensor(value)
            return tensor if tensor.literal else None
        return None

    def compile(self, model: Value, arguments: Arguments, node: ast.AST) -> None:
        """``model.compile``: pair each output with its loss and its metrics."""
        record = _Compiled(model)
        self._compiled.append(record)
        for keyword in ("metrics", "weighted_metrics"):
            measures = arguments.get(keyword, position=2 if keyword == "metrics" else None)
            if measures is not None:
                self.keras.loss_code.measured(measures.value)
        loss = arguments.get("loss", position=1)
        self._sinks.append(record.facts)
        try:
            if loss is None:
                return
            outputs = self.keras.models.outputs(model)
            chosen = self.keras.models.tests_since(model)
            for output_guard, option in options(outputs):
                full = conjoin(self.interpreter.path, output_guard)
                if full is None:
                    continue
                surroundings = _Meeting(
                    facts.Context.COMPILE, None, "", output_guard, chosen, base=self.interpreter.path, model=model
                )
                outer, self.interpreter.path = self.interpreter.path, full
                try:
                    pairs = self._assign_losses(
                        option, self.interpreter.feasible(loss.value), loss.node or node, surroundings
                    )
                    self._compile_metrics(pairs, arguments, node)
                finally:
                    self.interpreter.path = outer
        finally:
            self._sinks.pop()

    def _named_outputs(self, outputs: Value) -> list[tuple[str | None, Value]]:
        repeated = self.keras.repeated_in(outputs)
        if repeated is not None:
            return [(None, repeated)]
        if isinstance(outputs, DictValue):
            return [(n[1:-1] if n[:1] in "'\"" else None, v) for n, v in outputs.store.items()]
        items = self.keras.items_of(outputs) if isinstance(outputs, (ListValue, Sequence)) else None
        if items is None:
            items = [outputs]
        return [(item.name if isinstance(item, Tensor) else None, item) for item in items]

    def _assign_losses(
        self, outputs: Value, loss: Value, node: ast.AST, surroundings: _Meeting
    ) -> list[tuple[str | None, Value, Value, ast.AST, list[facts.Fact]]]:
        """Pairs of (output name, head, loss, loss expression, facts), after reporting where they meet."""
        named = self._named_outputs(outputs)
        assigned: list[tuple[str | None, Value, Value, ast.AST]] = []
        if isinstance(outputs, Unknown):
            assigned = self._assign_to_unknown(outputs, loss, node)
        elif isinstance(loss, DictValue):
            for name, head in named:
                key = repr(name) if name is not None else None
                if key is not None and key in loss.store:
                    value = loss.store[key]
                    assigned.append((name, head, value, _entry_node(loss, key) or node))
                elif len(named) == 1 and len(loss.store) == 1 and "*" not in loss.store:
                    only = next(iter(loss.store))
                    assigned.append((name, head, loss.store[only], _entry_node(loss, only) or node))
            met = {id(value) for _, _, value, _ in assigned}
            # Where all outputs are made alike, their names do not matter.
            other = self.keras.repeated_in(outputs) or Unknown("the names of the outputs are not known")
            for key, value in loss.store.items():
                if id(value) not in met:
                    assigned.append((None, other, value, _entry_node(loss, key) or node))
        else:
            items = self.keras.items_of(loss) if isinstance(loss, (ListValue, Sequence)) else None
            repeated = self.keras.repeated_in(loss)
            if repeated is not None:
                assigned = [(name, head, repeated, node) for name, head in named]
            elif items is not None:
                nodes = _element_nodes(loss)
                if len(items) != len(named):
                    why = next((head.why for _, head in named if isinstance(head, Tensor)), "")
                    named = [(None, Unknown(why or _DIFFERENT_NUMBERS)) for _ in items]
                for i, ((name, head), value) in enumerate(zip(named, items, strict=True)):
                    assigned.append((name, head, value, nodes[i] if nodes and len(nodes) == len(items) else node))
            else:
                assigned = [(name, head, loss, node) for name, head in named]
        result = []
        for name, head, value, expression in assigned:
            sink: list[facts.Fact] = []
            self._sinks.append(sink)
            try:
                with self._within(replace(surroundings, output=name or "" if len(named) > 1 else "")):
                    self._meet(head, self.interpreter.feasible(value), expression)
            finally:
                self._sinks.pop()
            for fact in sink:
                self._emit(fact)
            result.append((name, head, value, expression, sink))
        return result

    def _assign_to_unknown(
        self, outputs: Unknown, loss: Value, node: ast.AST
    ) -> list[tuple[str | None, Value, Value, ast.AST]]:
        """The losses of a model of which nothing is known: one output for each."""
        if isinstance(loss, DictValue):
            entries = [(name, value) for name, value in loss.store.items() if name != "*"]
            return [(name[1:-1], outputs, value, _entry_node(loss, name) or node) for name, value in entries]
        items = self.keras.items_of(loss) if isinstance(loss, (ListValue, Sequence)) else None
        if items is None:
            return [(None, outputs, loss, node)]
        nodes: list[ast.expr] | None = _element_nodes(loss)
        expressions: list[ast.AST] = [*nodes] if nodes and len(nodes) == len(items) else [node] * len(items)
        return [(None, outputs, value, expression) for value, expression in zip(items, expressions, strict=True)]

    def _compile_metrics(
        self,
        pairs: list[tuple[str | None, Value, Value, ast.AST, list[facts.Fact]]],
        arguments: Arguments,
        node: ast.AST,
    ) -> None:
        for keyword in ("metrics", "weighted_metrics"):
            given = arguments.get(keyword, position=2 if keyword == "metrics" else None)
            if given is None:
                continue
            for _, option in options(self.interpreter.feasible(given.value)):
                self._assign_metrics(pairs, option)

    def _assign_metrics(
        self, pairs: list[tuple[str | None, Value, Value, ast.AST, list[facts.Fact]]], value: Value
    ) -> None:
        if isinstance(value, DictValue):
            for name, head, loss, _, found in pairs:
                entry = value.store.get(repr(name)) if name else None
                if entry is not None:
                    self._measure(entry, _entry_node(value, repr(name)), head, loss, found)
            return
        items = self.keras.items_of(value)
        if items is None:
            items = [value]
        nested = [self.keras.items_of(item) for item in items]
        if len(pairs) == 1:
            name, head, loss, _, found = pairs[0]
            nodes = _element_nodes(value)
            for i, item in enumerate(items):
                node = nodes[i] if nodes and len(nodes) == len(items) else getattr(item, "node", None)
                self._measure(item, node, head, loss, found)
        elif len(items) == len(pairs) and any(n is not None for n in nested):
            for item, (_, head, loss, _, found) in zip(items, pairs, strict=True):
                self._measure(item, getattr(item, "node", None), head, loss, found)

    def _measure(self, metric: Value, node: ast.AST | None, head: Value, loss: Value, found: list[facts.Fact]) -> None:
        members = self.keras.items_of(metric) if isinstance(metric, (ListValue, Sequence)) else None
        if members is not None:
            nodes = _element_nodes(metric)
            for i, member in enumerate(members):
                inner = nodes[i] if nodes and len(nodes) == len(members) else getattr(member, "node", None)
                self._measure(member, inner, head, loss, found)
            return
        for _, option in options(metric):
            self._measure_one(option, node, head, loss, found)

    def _measure_one(
        self, metric: Value, node: ast.AST | None, head: Value, loss: Value, found: list[facts.Fact]
    ) -> None:
        resolved = _metric_of(metric, node)
        if resolved is None:
            return
        place = self.interpreter.recorder.place(node or resolved.node)
        if place is None:
            return
        loss_use, branch = self._trained_by(loss, found)
        head_options = [self._as_head(o) for _, o in options(head)]
        head_tensor = head_options[0] if len(head_options) == 1 else None
        pairing = next((f for f in found if isinstance(f, facts.Pairing)), None)
        domain = head_tensor.domain if head_tensor is not None else Domain.UNKNOWN
        if pairing is not None and pairing.context is facts.Context.CUSTOM_LOSS and pairing.head.domain is not domain:
            # The loss makes something else of the output, and the metric gets the output.
            return
        head_fact = pairing.head if pairing is not None else None
        if head_fact is None and head_tensor is not None and head_tensor.domain is not Domain.UNKNOWN:
            head_fact = self.head_fact(head_tensor)
        if loss_use is None and head_fact is None:
            return
        spec = resolved.spec
        cut = resolved.arguments.by_parameters(spec.parameters, spec.cut) if spec.cut else None
        recorder = self.interpreter.recorder
        value: float | bool | str | None = None
        if cut is not None:
            value = "unknown"
            if isinstance(cut.value, Const):
                value = cut.value.value if isinstance(cut.value.value, (int, float, bool, type(None))) else "unknown"
        elif not resolved.arguments.complete:
            value = "unknown"
        call = resolved.node if resolved.called and resolved.string is None else None
        self._emit(
            facts.MetricUse(
                name=spec.name,
                place=place,
                loss=loss_use,
                head=head_fact,
                string=resolved.string,
                call=recorder.place(call),
                positional=len(resolved.arguments.positional),
                keywords=tuple(resolved.arguments.keywords),
                cut=value,
                cut_place=recorder.place(cut.node) if cut is not None else None,
                argument_text=_argument_text(call),
                branch=branch,
            )
        )

    def _trained_by(self, loss: Value, found: list[facts.Fact]) -> tuple[facts.LossUse | None, tuple[str, ...]]:
        """The one loss that trains an output, be it inside a custom loss."""
        resolved = self.loss_of(loss, None) if not isinstance(loss, Choice) else loss
        if isinstance(resolved, Loss) and resolved.from_logits is not None:
            return self.loss_fact(resolved), ()
        uses = {f.loss for f in found if isinstance(f, facts.Pairing)}
        if len(uses) == 1 and not any(isinstance(f, facts.Unresolved) for f in found):
            pairing = next(f for f in found if isinstance(f, facts.Pairing))
            return pairing.loss, pairing.branch
        return None, ()

    def head_fact(self, tensor: Tensor) -> facts.Head:
        place = self.interpreter.recorder.place
        known, spec = activations.BY_NAME.get(tensor.activation), tensor.layer.spec if tensor.layer else None
        return facts.Head(
            domain=tensor.domain,
            activation=tensor.activation,
            low=tensor.low,
            high=tensor.high,
            units=tensor.last,
            place=place(tensor.node),
            layer=place(tensor.layer_node),
            layer_name=tensor.layer_name,
            activation_argument=place(tensor.argument.node) if tensor.argument else None,
            activation_keyword=place(tensor.argument.keyword) if tensor.argument else None,
            explicit=tensor.explicit,
            steps=tuple(facts.Step(s.kind, s.name, place(s.node)) for s in tensor.steps),
            literal=tensor.literal,
            eager_only=tensor.tensorflow_function,
            policy=self.keras.policy,
            dtype=tensor.dtype,
            declared=known is not None and known.configured,
            own_layer=spec is not None and spec.configured,
        )

    def loss_fact(self, loss: Loss) -> facts.LossUse:
        place = self.interpreter.recorder.place
        spec = loss.spec
        return facts.LossUse(
            name=spec.name,
            family=spec.family,
            expects=Expectation.LOGITS if loss.from_logits else spec.expects,
            takes_logits=spec.takes_logits,
            from_logits=bool(loss.from_logits) or spec.expects is Expectation.LOGITS,
            flag=place(loss.flag.node) if loss.flag else None,
            flag_keyword=place(loss.flag.keyword) if loss.flag else None,
            definition=place(loss.node),
            call=place(loss.call),
            spelling=facts.Spelling(loss.spelling),
            api=loss.api,
            rescued=loss.rescued,
            flag_name=spec.flag,
            default=spec.default,
            configured=spec.configured,
        )

    def _is_of_others(self, guard: Guard) -> bool:
        """Whether a test in another module has to come out right: those are for all who use it."""
        nodes = (self.interpreter.test_nodes.get(literal.test, (None, False))[0] for literal in guard)
        return any(getattr(node, ORIGIN, None) is not None for node in nodes)

    def describe(self, guard: Guard) -> tuple[str, ...]:
        """The tests of a guard in words, in the order of the file."""
        texts: list[tuple[int, str]] = []
        for literal in guard:
            node, negated = self.interpreter.test_nodes.get(literal.test, (None, False))
            if not isinstance(node, ast.expr):
                continue
            text = ast.unparse(node)
            if len(text) > 80:
                continue
            holds = literal.outcome is not negated
            texts.append((getattr(node, "lineno", 0), f"`{text}`" if holds else f"not `{text}`"))
        return tuple(dict.fromkeys(text for _, text in sorted(texts)))

    @property
    def compiled(self) -> list[Value]:
        """The models that are given a loss."""
        return [record.model for record in self._compiled]

    def settle(self) -> None:
        """Report what was compiled, now that it is known what became of each model."""
        add = self.interpreter.recorder.add
        try:
            for model in self.keras.models.made:
                if isinstance(model, Model):
                    self.keras.models.outputs(model)
        except BudgetExceeded:
            self.interpreter.recorder.exhausted = True
        logits = self._meant_as_logits()
        trains = self.keras.models.something_is_trained
        for record in self._compiled:
            usage = self.keras.models.usage(record.model)
            followed = self.interpreter.complete and isinstance(record.model, Mutable)
            idle = followed and not usage.trained and (usage.used or trains)
            if (idle and not usage.escaped) or self._trains_by_itself(record.model):
                continue
            for fact in record.facts:
                if idle and usage.nested and isinstance(fact, facts.Pairing) and _is_inner(fact):
                    # An encoder or generator that is a part of another model, compiled out of habit.
                    continue
                # Of a model that is trained out of sight, the file's weights may be those.
                weights = usage.weights or (None if usage.trained else self.keras.models.weights)
                if isinstance(fact, facts.CustomLoss) and weights is not None:
                    name, node = weights
                    fact = replace(fact, weights=self.interpreter.recorder.place(node), weights_name=name)
                if isinstance(fact, (facts.Pairing, facts.MetricUse)) and usage.labels:
                    fact = replace(fact, labels=usage.labels)
                add(fact)
        self.interpreter.recorder.revise(
            lambda fact: (
                replace(fact, intent="logits")
                if isinstance(fact, facts.Pairing) and fact.head.place in logits
                else fact
            )
        )
        place = self.interpreter.recorder.place
        for tensor, path, assumed in self.keras.layers.single_softmaxes.values():
            where = place(tensor.node)
            if where is not None and not (path and (assumed or where.path)):
                is_head = id(tensor.node) in self.keras.models.heads
                add(
                    facts.SingleUnitSoftmax(
                        where,
                        place(tensor.layer_node),
                        "head" if is_head else "inner",
                        place(tensor.argument.node) if tensor.argument else None,
                        place(tensor.argument.keyword) if tensor.argument else None,
                        tensor.layer_name,
                        self.describe(path),
                        place(self.keras.models.heads.get(id(tensor.node))),
                    )
                )

    def _trains_by_itself(self, model: Value) -> bool:
        """Whether a model's own ``train_step`` leaves the compiled loss aside."""
        step = model.cls.lookup("train_step") if isinstance(model, Instance) else None
        if not isinstance(step, Function):
            return False
        used = {child.attr for child in ast.walk(step.node) if isinstance(child, ast.Attribute)}
        return not used & {"compiled_loss", "compute_loss", "_compute_loss", "loss", "train_step"}

    def _meant_as_logits(self) -> set[Place | None]:
        """The heads that the rest of the file takes for logits: a sigmoid on ``predict()``, a metric that cuts at 0."""
        place = self.interpreter.recorder.place
        found = {place(node) for node in self.keras.layers.logit_heads}
        for record in self._compiled:
            for fact in record.facts:
                if isinstance(fact, facts.MetricUse) and fact.head is not None:
                    cut_at_zero = (
                        isinstance(fact.cut, (int, float)) and not isinstance(fact.cut, bool) and fact.cut == 0
                    )
                    if fact.head.domain is Domain.REAL and (fact.cut is True or cut_at_zero):
                        found.add(fact.head.place)
        return found


def _parameter_names(call: Value) -> tuple[str, str]:
    """The names of the parameters that take the labels and the prediction."""
    function = call.function if isinstance(call, (Bound, Partial)) else call
    if not isinstance(function, Function):
        return "", ""
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    names = names[1:] if isinstance(call, Bound) else names
    return (names[0], names[1]) if len(names) > 1 else ("", "")


def _about_the_flag(loss: Loss) -> str:
    """Why it is not known what ``from_logits`` is."""
    return reasons.about("`from_logits`", reasons.of_value(loss.flag.value) if loss.flag is not None else "")


def _function_node(call: Value) -> ast.AST | None:
    """The ``def`` of what is called as a loss."""
    function = call.function if isinstance(call, (Bound, Partial)) else call
    return function.node if isinstance(function, Function) else None


def _function_name(call: Value) -> str:
    function = call.function if isinstance(call, (Bound, Partial)) else call
    return function.name if isinstance(function, Function) else ""


def _is_inner(pairing: facts.Pairing) -> bool:
    """Whether a head that meets a loss for probabilities is that of a hidden layer."""
    squashed = pairing.head.domain in (Domain.PROBABILITY, Domain.SIMPLEX)
    return not squashed and pairing.loss.expects is not Expectation.LOGITS


def _is_fall_through(literal: Literal) -> bool:
    subject = literal.test.subject
    return isinstance(subject, tuple) and subject[:1] == (FALL_THROUGH,)


def _element_nodes(value: Value) -> list[ast.expr] | None:
    """The expressions of a list literal."""
    node = getattr(value, "node", None)
    if isinstance(node, (ast.List, ast.Tuple)):
        return None if any(isinstance(e, ast.Starred) for e in node.elts) else list(node.elts)
    return None


def _entry_node(value: DictValue, key: str) -> ast.AST | None:
    """The expression of an entry in a dict literal."""
    node = value.node
    if isinstance(node, ast.Dict):
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            if isinstance(key_node, ast.Constant) and repr(key_node.value) == key:
                return value_node
    return getattr(value.store.get(key), "node", None)


def _metric_of(value: Value, node: ast.AST | None) -> Metric | None:
    """The metric that an element of ``metrics=[...]`` stands for."""
    if isinstance(value, Metric):
        return value
    if isinstance(value, Const) and isinstance(value.value, str):
        name = value.value
        spec = metrics.ACCURACY if name.lower() in metrics.ACCURACY_STRINGS else metrics.BY_STRING.get(name)
        return Metric(spec, Arguments(), node or value.node or ast.Pass(), name) if spec is not None else None
    if isinstance(value, Api):
        spec = metrics.BY_FUNCTION.get(value.name) or metrics.BY_CLASS.get(value.name)
        if spec is not None:
            return Metric(spec, Arguments(), node or value.node or ast.Pass(), None, called=False)
    return None


def _argument_text(call: ast.AST | None) -> str:
    """The arguments of a call as written, joined by commas."""
    if not isinstance(call, ast.Call):
        return ""
    parts = [ast.unparse(a) for a in call.args]
    parts += [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}" for k in call.keywords]
    return ", ".join(parts)
