"""The models of a file as facts: what ``inspect`` lists, and no rule looks at."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from bcelint.inference import facts, reasons
from bcelint.inference.guards import ALWAYS
from bcelint.inference.recorder import BudgetExceeded
from bcelint.inference.values import DictValue, Instance, ListValue, Model, Mutable, Sequence, Tensor, Value, options
from bcelint.knowledge.domains import Domain
from bcelint.places import Place
from bcelint.project import ORIGIN
from bcelint.source import Source

if TYPE_CHECKING:
    from bcelint.inference.interpreter import Interpreter

_KINDS = {
    "sequential": "Sequential",
    "functional": "functional",
    "ready": "ready-made",
    "loaded": "loaded",
    "clone": "copy",
}


def record_models(interpreter: Interpreter) -> None:
    """Record every model that is more than a part of another one. To be called when everything else is done."""
    recorder = interpreter.recorder
    interpreter.path = ALWAYS
    met = {(head.place, head.layer) for fact in recorder.facts if (head := getattr(fact, "head", None)) is not None}
    names: dict[int, str] = {}
    trees = {id(tree): tree for tree in (interpreter.main.tree, *map(_tree_of, _models(interpreter)))}
    for tree in trees.values():
        names |= _names(tree)
    for model in _models(interpreter):
        usage = interpreter.keras.models.usage(model)
        compiled = any(model is other for other in interpreter.keras.pairing.compiled)
        place = recorder.place(model.node)
        if place is None:
            continue
        # Looking at the outputs of a model runs its code once more.
        recorder.muted = True
        try:
            outputs = tuple(dict.fromkeys(_outputs(interpreter, model)))
        except BudgetExceeded:
            return
        finally:
            recorder.muted = False
        if usage.nested and not (compiled or usage.trained or _meets_a_loss(outputs, met)):
            continue
        name = names.get(id(model.node), "")
        known = any(output.head is not None for output in outputs)
        if not (compiled or usage.trained or usage.escaped or (name and known)):
            continue  # made for a look at its shape, or to prepare data
        kind = model.cls.name if isinstance(model, Instance) else _KINDS.get(getattr(model, "kind", ""), "model")
        recorder.add(facts.ModelUse(place, kind, name, outputs, compiled, usage.trained))


def _tree_of(model: Mutable) -> ast.Module | None:
    """The syntax tree that a model of another file of the project is made in."""
    origin: Source | None = getattr(model.node, ORIGIN, None)
    return origin.tree if origin is not None else None


def _models(interpreter: Interpreter) -> list[Mutable]:
    models = interpreter.keras.models
    instances = [instance for cls in interpreter.classes for instance in cls.instances if models.is_model(instance)]
    found = {
        id(model): model for model in (*models.made, *models.used, *interpreter.keras.pairing.compiled, *instances)
    }
    return [model for model in found.values() if isinstance(model, (Model, Instance))]


def _meets_a_loss(outputs: Iterable[facts.Output], met: Collection[tuple[Place | None, Place | None]]) -> bool:
    """Whether an output is the head of a pair: a model that a training loop calls, not a part of another one."""
    return any(output.head is not None and (output.head.place, output.head.layer) in met for output in outputs)


def _outputs(interpreter: Interpreter, model: Mutable) -> Iterator[facts.Output]:
    for guard, option in options(interpreter.keras.models.outputs(model)):
        branch = interpreter.keras.pairing.describe(guard)
        for number, (name, value) in enumerate(_members(interpreter, option), 1):
            for inner, one in options(value):
                more = interpreter.keras.pairing.describe(inner)
                yield _output(interpreter, name, one, tuple(dict.fromkeys(branch + more)), number)


def _members(interpreter: Interpreter, value: Value) -> list[tuple[str, Value]]:
    """The outputs by their names."""
    if isinstance(value, DictValue):
        return [(name.strip("'\""), item) for name, item in value.store.items()]
    items = interpreter.keras.items_of(value) if isinstance(value, (ListValue, Sequence)) else None
    if items is None:
        return [("", value)]
    return [((item.name or "") if isinstance(item, Tensor) else "", item) for item in items]


def _output(interpreter: Interpreter, name: str, value: Value, branch: tuple[str, ...], number: int) -> facts.Output:
    if isinstance(value, Tensor) and value.domain is not Domain.UNKNOWN:
        return facts.Output(name, interpreter.keras.pairing.head_fact(value), "", branch, number)
    return facts.Output(name, None, reasons.about("the output", reasons.of_value(value)), branch, number)


def _names(tree: ast.Module | None) -> dict[int, str]:
    """What the calls of a file are assigned to (``model``, ``self.model``), or the function that returns them."""
    names: dict[int, str] = {}
    pending: list[tuple[ast.AST, str]] = [(tree, "")] if tree is not None else []
    while pending:
        node, function = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function = node.name
        elif isinstance(node, ast.Return) and node.value is not None and function:
            names[id(node.value)] = f"{function}()"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Name, ast.Attribute)):
            names[id(node.value)] = ast.unparse(node.targets[0])
        pending += [(child, function) for child in ast.iter_child_nodes(node)]
    return names
