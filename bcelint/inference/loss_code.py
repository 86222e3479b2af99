"""Hand-written losses: which values are losses, and the facts about how they are computed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bcelint.inference import facts, loss_syntax
from bcelint.inference.numeric import expressions, sites, whole
from bcelint.inference.numeric.expressions import Expression, Role, predicts
from bcelint.inference.numeric.inputs import with_implied_ranges
from bcelint.inference.recorder import FaultyFormula
from bcelint.inference.values import (
    Bound,
    Class,
    Const,
    DictValue,
    Function,
    Instance,
    ListValue,
    Partial,
    Scope,
    Sequence,
    Tensor,
    Unknown,
    Value,
    options,
)
from bcelint.knowledge import operations
from bcelint.knowledge.domains import Domain

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi
    from bcelint.inference.values import Argument, Arguments, Loss

# What an operator behind it would tear apart, and what therefore stands in parentheses before one.
_LOOSE = (ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda)

# Methods that are given what is to be minimised.
SINKS = frozenset({"gradient", "minimize", "compute_gradients", "add_loss", "get_updates", "get_scaled_loss"})
_MEASURES = re.compile(
    r"metric|score|coef|iou|jacc?ard|accuracy|acc\b|precision|recall|sensitivity|specificity|f1|f2|fbeta|auc|index"
    r"|error|perplexity|m[as]e\b|rmse|mape|r2|r_square",
    re.I,
)
_LOSSES = re.compile(r"loss|entropy|bce|focal|nll|likelihood|criterion|objective|cost", re.I)
_TO_BE_RAISED = re.compile(r"(?<!neg)(?<!neg_)(?<!negative_)log_?(?:likelihood|prob)|reward|utility|gain", re.I)
# Losses that only count are known by these names as measures too.
_COUNTS = re.compile(r"hamming|zero_?one|0_?1|hard", re.I)
_NAMED_LOSS = re.compile(r"loss|cost|objective", re.I)


# How often the result of one function is looked at, and how many parts it may have: real losses have a hundred.
_MOST_RETURNS = 12
_MOST_PARTS = 3000


@dataclass(frozen=True)
class _Use:
    """How a loss is used: its name, where it is defined, and the ``compile`` that takes it.

    ``assumed``: nobody was seen to use it, and its arguments are what their names say. ``roles`` says what the
    parameters are.
    """

    name: str = ""
    definition: ast.AST | None = None
    compiled: ast.AST | None = None
    is_loss: bool = False
    is_named: bool = True
    in_class: bool = False
    assumed: bool = False
    roles: tuple[tuple[str, str], ...] = ()


class LossCode:
    """Turns the results of hand-written losses into facts."""

    def __init__(self, keras: KerasApi) -> None:
        self.keras = keras
        self.interpreter = keras.interpreter
        # What was judged already, by identity: the expressions are kept, so that no other one gets their place.
        self._judged: dict[tuple[int, bool], Expression] = {}
        # Functions that are only ever measured with.
        self.metrics: set[int] = set()
        # Functions that others of the file call, and what was found out about those that nobody called so far.
        self._called: set[ast.AST] = set()
        self._pending: list[tuple[ast.AST | None, facts.Fact]] = []
        self._returns: Counter[ast.AST] = Counter()

    # --- what a custom loss is given ----------------------------------------------------------------------------------

    def give_roles(self, function: Function, scope: Scope) -> None:
        """Let the parameters of a loss be labels and predictions, by their names."""
        for name, role in roles_of(function).items():
            value = scope.store.get(name)
            like = value if isinstance(value, Tensor) else None
            is_none = isinstance(value, Const) and value.value is None  # a default
            if is_none or isinstance(value, Unknown) or (like is not None and like.expression is None):
                why = value.why if isinstance(value, (Unknown, Tensor)) else ""
                scope.store[name] = self.keras.arithmetic.given(role, why, name, like)

    def measured(self, metrics: Value) -> None:
        """What ``compile`` is given as metrics: functions that are no losses, whatever their signature."""
        for _, option in options(metrics):
            function = _function_of(option)
            if function is not None:
                self.metrics.add(id(function.node))
            elif isinstance(option, (ListValue, Sequence)):
                for item in self.keras.items_of(option) or ():
                    self.measured(item)
            elif isinstance(option, DictValue):
                for item in option.store.values():
                    self.measured(item)

    # --- what is a loss -----------------------------------------------------------------------------------------------

    def returned(self, function: Function, value: Value, *, called: bool) -> None:
        """What a function returns, if its signature is that of a loss."""
        roles = roles_of(function)
        if called:
            self._called.add(function.node)
        self._returns[function.node] += 1
        if not roles or id(function.node) in self.metrics or self._returns[function.node] > _MOST_RETURNS:
            return
        if function.decorated and not called:
            return  # what the decorator hands to it is not known
        name = _qualified(function)
        own = name if function.name in ("call", "__call__", "<lambda>") else function.name
        named = _LOSSES.search(own) is not None
        in_class = function.owner is not None and function.owner.is_a("keras.losses.Loss")
        if not named and not in_class and _MEASURES.search(own):
            return
        if function.owner is not None and function.owner.is_a("keras.metrics.Metric"):
            return
        is_loss = in_class or (not called and _is_named_loss(own))
        given = tuple((parameter, role.value) for parameter, role in roles.items())
        use = _Use(name, function.node, None, is_loss, in_class=in_class, assumed=not called, roles=given)
        for item in self._members(value):
            self.judge(item, use)

    def _members(self, value: Value) -> list[Value]:
        """The values of a loss that returns several."""
        members = self.keras.items_of(value) if isinstance(value, (ListValue, Sequence)) else None
        return [value] if members is None else members

    def settle(self) -> None:
        """Report what was found out about functions that nobody called in the end."""
        for definition, fact in self._pending:
            if definition not in self._called:
                self.interpreter.recorder.add(fact)

    def minimised(self, argument: Argument, sink: str) -> None:
        """What an optimiser or ``add_loss`` is given; a ``gradient`` is that of a loss where it is called one."""
        named = not isinstance(argument.node, ast.Name) or _LOSSES.search(argument.node.id) is not None
        for item in self._members(argument.value):
            self.judge(item, _Use(is_named=named or sink != "gradient"))

    def compiled(self, function: Value, value: Value, site: ast.AST) -> None:
        """What a loss returns that ``compile`` is given."""
        inner = _function_of(function)
        name = function.cls.name if isinstance(function, Instance) else _qualified(inner) if inner else "the loss"
        if inner is not None and self._takes_prediction_first(inner, value, site):
            return
        roles = tuple(zip(_parameters(inner)[:2], ("labels", "prediction"), strict=False)) if inner else ()
        self.judge(value, _Use(name, inner.node if inner else None, site, is_loss=True, roles=roles))

    def _takes_prediction_first(self, function: Function, value: Value, site: ast.AST) -> bool:
        """A compiled ``def loss(y_pred, y_true)``, unless the order makes no difference to it."""
        spec = function.node.args
        parameters = [*spec.posonlyargs, *spec.args][1 if function.owner is not None else 0 :][:2]
        if len(parameters) < 2:
            return False
        first, second = parameters
        if not (operations.means_prediction(first.arg) and operations.means_labels(second.arg)):
            return False
        place = self.interpreter.recorder.place
        where, a, b, compiled = place(function.node), place(first), place(second), place(site)
        if where is None or a is None or b is None:
            return False
        asymmetric = any(
            isinstance(option, Tensor) and option.expression is not None and whole.is_asymmetric(option.expression)
            for _, option in options(value)
        )
        if asymmetric:
            roles = ((first.arg, "labels"), (second.arg, "prediction"))
            loss = facts.LossFunction(function.name, where, roles)
            self.keras.pairing.emit(facts.SwappedArguments(where, function.name, a, b, compiled, function=loss))
        return True

    def judge(self, value: Value, use: _Use) -> None:
        """Record what is wrong with the way in which a loss is computed."""
        for _, option in options(value):
            if not isinstance(option, Tensor) or option.expression is None:
                continue
            judged = (id(option.expression), use.is_loss)
            if judged in self._judged:
                continue
            self._judged[judged] = option.expression
            if expressions.exceeds(option.expression, _MOST_PARTS):
                continue
            root = with_implied_ranges(option.expression)
            self.interpreter.recorder.losses.append(root)
            for site in sites.find(root):
                if not use.is_named and not predicts(site.part):
                    continue  # the gradient of some function
                fact = self._numeric(site, root, use)
                if fact is not None and use.assumed:
                    self._pending.append((use.definition, fact))
                elif fact is not None:
                    self.interpreter.recorder.add(fact)
            if use.is_loss and use.definition is not None:
                self._whole(root, use)

    def swapped(self, loss: Loss, arguments: Arguments, node: ast.AST) -> None:
        """A loss of the table called with the prediction where it takes the labels."""
        parameters = loss.spec.function_parameters if loss.spelling in ("function", "name") else ("y_true", "y_pred")
        if not loss.spec.family.is_crossentropy or len(arguments.positional) < 2:
            return
        if loss.api.startswith("tf.nn.") and loss.spec.name not in ("weighted_cross_entropy_with_logits",):
            return  # before TensorFlow 1.0 the logits came first
        prediction_at = next((parameters.index(p) for p in loss.spec.predictions if p in parameters), 1)
        if prediction_at != 1 or (loss.api.startswith("keras.backend.") and self.interpreter.module.is_keras_1):
            return
        first, second = arguments.positional[:2]
        proven = _is_proven(first)
        if not (_is_prediction(first) and _is_labels(second, proven=proven)):
            return
        if _is_labels(first) or _is_prediction(second):
            return
        place = self.interpreter.recorder.place
        where, a, b = place(node), place(first.node), place(second.node)
        if where is not None and a is not None and b is not None:
            name = loss.api.rpartition(".")[2] or loss.spec.name
            api = loss.api or next(iter(loss.spec.classes), "")
            self.interpreter.recorder.add(facts.SwappedArguments(where, name, a, b, api=api))

    def uncalled(self, function: Value, name: str, site: ast.AST, kind: str = "class") -> None:
        """``compile`` is given what makes a loss; ``kind`` says what that is where it is not of the file."""
        place = self.interpreter.recorder.place
        where, inner = place(site), _function_of(function)
        if where is None:
            return
        if isinstance(function, Class):
            needs = tuple(_required(init)) if isinstance(init := function.lookup("__init__"), Function) else ()
            if not needs and not self.interpreter.module.imports_tf_keras:
                return  # Keras 3 makes an object of the class
            fact = facts.UncalledLoss(where, function.name, "class", place(function.node), needs)
        elif inner is not None:
            fact = facts.UncalledLoss(where, inner.name, "factory", place(inner.node), tuple(_required(inner)))
        else:
            fact = facts.UncalledLoss(where, name, kind)
        self.keras.pairing.emit(fact)

    # --- numbers ------------------------------------------------------------------------------------------------------

    def _numeric(self, site: sites.Site, root: Expression, use: _Use) -> facts.Numeric | None:
        place = self.interpreter.recorder.place
        part, operation = site.part, site.inner or site.part
        where = place(part.node)
        if where is None or operation.dtype == "float64" or operation.api.startswith("np."):
            return None  # numpy computes in double precision, and in no loss that trains
        witness = {source.key: value for source, value in site.witness}
        self.interpreter.recorder.formulas.setdefault(where, FaultyFormula(root, witness))
        argument = loss_syntax.argument_node(operation)
        chain = loss_syntax.statements_to(part.function, part.node)
        statement = chain[-1][1] if chain else None
        literals = loss_syntax.small_literals(part for n in site.epsilons for part in n.literals)
        spelling = loss_syntax.spelling_example(part, root)
        variable = loss_syntax.only_variable(part.function, argument, statement)
        return facts.Numeric(
            kind=site.kind,
            place=where,
            argument=self._spelled(argument),
            statement=place(statement),
            blocks=tuple(p for block, _ in chain if (p := place(block[0])) is not None),
            api=spelling.api if spelling is not None else "",
            function=loss_syntax.spelling(spelling) if spelling is not None else "",
            dtype=operation.dtype or "float32",
            low=site.interval.low,
            high=site.interval.high,
            reached=site.reached,
            witness=tuple((source.name or "the prediction", value) for source, value in site.witness),
            compiled=site.compiled,
            shared=site.shared,
            epsilon=site.epsilons[0].number if site.epsilons else None,
            epsilon_places=tuple((p, value) for node, value in literals if (p := place(node)) is not None),
            outside=self._spelled(site.outside.node) if site.outside is not None else None,
            outside_value=site.outside.number if site.outside is not None else 0.0,
            outer=place(site.outer.node) if site.outer is not None else None,
            subtracted=site.outer is not None and site.outer.operation == "subtract",
            twin=site.twin,
            operand=self._spelled(loss_syntax.twin_argument(site)),
            inner=place(site.inner.node) if site.inner is not None else None,
            inner_kind=site.inner.operation if site.inner is not None else "",
            test=loss_syntax.text_of(part.operands[0].node) if site.inner is not None else "",
            branch=site.branch,
            variable=variable,
            bound=place(loss_syntax.last_binding(chain, variable)),
            labels_only=not predicts(site.argument),
            operator=isinstance(operation.node, ast.BinOp),
            exponent=part.operands[1].number if site.kind == "power" else 1.0,
            loss=self._function_fact(use),
        )

    def _function_fact(self, use: _Use) -> facts.LossFunction | None:
        where = self.interpreter.recorder.place(use.definition)
        return facts.LossFunction(use.name, where, use.roles) if where is not None and use.roles else None

    def _spelled(self, node: ast.AST | None) -> facts.Spelled | None:
        place = self.interpreter.recorder.place(node)
        if place is None or not isinstance(node, ast.expr):
            return None
        is_sum = isinstance(node, _LOOSE) or (isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow))
        return facts.Spelled(place, loss_syntax.text_of(node), not is_sum)

    # --- the whole ----------------------------------------------------------------------------------------------------

    def _whole(self, root: Expression, use: _Use) -> None:
        place = self.interpreter.recorder.place
        where = place(root.node)
        returned = loss_syntax.returned_by(use.definition, root.node)
        where = place(returned) or where
        if where is None:
            return
        if any(part.api.startswith("np.") for part in expressions.walk(root)):
            return  # no loss that trains
        rises, values = whole.falls_when_worse(root)
        if whole.is_scaled_loss(root) or (use.compiled is None and _TO_BE_RAISED.search(use.name)):
            rises = ()  # a part of the model may be trained to fail; a likelihood is negated elsewhere
        used = use.compiled is not None or use.in_class
        cut = whole.cut(root) if used or not _COUNTS.search(use.name) else None
        reduction = whole.reduction_over_batch(root)
        fact = facts.CustomLoss(
            name=use.name,
            place=where,
            definition=place(use.definition),
            rises=rises,
            values=values,
            cut=place(cut.node) if cut is not None else None,
            cut_name=loss_syntax.spelling(cut) if cut is not None else "",
            reduction=place(reduction.node) if reduction is not None else None,
            reduction_is_alone=reduction is not None
            and bool(reduction.api)
            and whole.is_only_reduction(root, reduction),
            compiled=place(use.compiled),
            loss=self._function_fact(use),
        )
        if use.compiled is None and not use.in_class and use.definition is not None:
            self._pending.append((use.definition, fact))
        else:
            self.keras.pairing.emit(fact)


# --- signatures -------------------------------------------------------------------------------------------------------


def roles_of(function: Function) -> dict[str, Role]:
    """The parameters of a loss by what they are; empty for a function that is none."""
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    if names[:1] in (["self"], ["cls"]) or (function.owner is not None and function.kind == "function"):
        names = names[1:]
    if len(names) == 1 and _NAMED_LOSS.search(function.name) and operations.names_critic_output(names[0]):
        return {names[0]: Role.PREDICTION}
    if len(names) < 2:
        return {}
    if function.name in ("compute_loss", "_compute_loss") and "y_pred" in names:
        return {n: role for n, role in (("y", Role.LABELS), ("y_pred", Role.PREDICTION)) if n in names}
    first, second = names[:2]
    if operations.means_labels(first) or (operations.names_labels(first) and operations.names_prediction(second)):
        return {first: Role.LABELS, second: Role.PREDICTION}
    if operations.names_prediction(first) and operations.names_labels(second):
        return {second: Role.LABELS, first: Role.PREDICTION}
    if _NAMED_LOSS.search(function.name):
        return {
            name: Role.PREDICTION if operations.names_critic_output(name) else Role.OTHER
            for name in names
            if name not in function.defaults
        }
    return {}


def _is_named_loss(name: str) -> bool:
    """Whether the last word of a name that says what it is says loss: ``f1_loss``, not ``bce_accuracy``."""
    loss, measure = (max((m.start() for m in words.finditer(name)), default=-1) for words in (_LOSSES, _MEASURES))
    return loss > measure


def _parameters(function: Function) -> list[str]:
    """The positional parameters, without ``self``."""
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    return names[1:] if function.owner is not None and function.kind != "static" else names


def _required(function: Function) -> list[str]:
    """The parameters of a factory that have no default."""
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    names = names[1:] if function.owner is not None else names
    return [name for name in names if name not in function.defaults]


def _is_prediction(argument: Argument) -> bool:
    """Whether an argument is a prediction: by where it comes from, or by its name."""
    value = argument.value
    if isinstance(value, Tensor):
        if value.role is not Role.OTHER:
            return value.role is Role.PREDICTION
        if _is_proven(argument):
            return True
    return isinstance(argument.node, ast.Name) and operations.means_prediction(argument.node.id)


def _is_proven(argument: Argument) -> bool:
    """Whether an argument is the output of a model, whatever it is called."""
    value = argument.value
    return isinstance(value, Tensor) and value.layer_node is not None and value.domain is not Domain.UNKNOWN


def _is_labels(argument: Argument, *, proven: bool = False) -> bool:
    """Whether an argument is labels; a looser name will do where the other is ``proven`` to be a prediction."""
    value = argument.value
    if isinstance(value, Tensor):
        if value.role is not Role.OTHER:
            return value.role is Role.LABELS
        if value.labels:
            return True
        if _is_proven(argument):
            return False
    if isinstance(argument.node, ast.Call):
        return ast.unparse(argument.node.func).rpartition(".")[2] in ("ones_like", "zeros_like", "one_hot")
    names = operations.names_labels if proven else operations.means_labels
    return isinstance(argument.node, ast.Name) and names(argument.node.id)


def _function_of(value: Value) -> Function | None:
    if isinstance(value, Partial):
        value = value.function
    if isinstance(value, Bound):
        value = value.function
    if isinstance(value, Instance):
        member = value.cls.lookup("call") or value.cls.lookup("__call__")
        return member if isinstance(member, Function) else None
    return value if isinstance(value, Function) else None


def _qualified(function: Function) -> str:
    return f"{function.owner.name}.{function.name}" if isinstance(function.owner, Class) else function.name
