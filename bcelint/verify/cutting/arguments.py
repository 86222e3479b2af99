"""Which calls of the file say what the arguments of a function or class are."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from bcelint.reading.parsing import Unparsable, parse
from bcelint.verify.cutting.names import FUNCTIONS, FunctionNode, Reader, bindings, parameters
from bcelint.verify.cutting.outline import Outline, last_name
from bcelint.verify.cutting.slicing import Arguments, default_of, init_of, receiver_of, required, required_keywords

_MOST = 6
_LONGEST_EXAMPLE = 400
_LOSS = re.compile(r"loss|objective|criterion|cost", re.I)


def candidates(outline: Outline, reader: Reader, slot: ast.AST, visible: Sequence[ast.AST]) -> list[Arguments]:
    """The calls of a function, or those that make an instance of a class, best first.

    Best is what ``compile`` is given as its loss, and what is written out in literals; an example in a docstring only
    counts where there is nothing else. ``visible`` are the scopes in which the arguments will be evaluated, innermost
    first; names in them have to mean the same there.
    """
    around = outline.around.get(slot, (None, ""))[0]
    if isinstance(slot, ast.ClassDef):
        function: FunctionNode | None = init_of(outline, slot)
        name, is_bound, is_method = slot.name, True, isinstance(around, ast.ClassDef)
    else:
        assert isinstance(slot, FUNCTIONS)
        function = slot
        name, is_method = function_name(outline, slot), isinstance(around, ast.ClassDef)
        is_bound = is_method and bool(receiver_of(slot))
        if name == "__init__" and isinstance(around, ast.ClassDef):
            name, is_method = around.name, False
    if not name:
        return []
    found: dict[str, tuple[tuple[bool, ...], Arguments]] = {}
    for call in _calls(outline, slot, name, is_method=is_method):
        arguments = _arguments(outline, reader, call, function, visible, is_bound=is_bound)
        if arguments is not None:
            given = [*arguments.args, *(keyword.value for keyword in arguments.keywords)]
            needs = any(reader.read([value]).all() for value in given)
            rank = (not arguments.is_complete, not _is_loss(outline, call), needs)
            found.setdefault(ast.dump(ast.Call(call.func, arguments.args, arguments.keywords)), (rank, arguments))
    best = [arguments for _, arguments in sorted(found.values(), key=lambda pair: pair[0])][:_MOST]
    if best or function is None or not [*required(function, bound=is_bound), *required_keywords(function)]:
        return best
    examples = (_arguments(outline, reader, e, function, visible, is_bound=is_bound) for e in _examples(slot, name))
    return [example for example in examples if example is not None and example.is_complete][:1]


def function_name(outline: Outline, node: FunctionNode) -> str:
    """The name of a function, or the variable that a lambda is bound to."""
    if not isinstance(node, ast.Lambda):
        return node.name
    around = outline.around.get(node, (None, ""))[0]
    target = around.targets[0] if isinstance(around, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else ""


def _calls(outline: Outline, slot: ast.AST, name: str, *, is_method: bool) -> Iterator[ast.Call]:
    """The calls of something by its name, and of what a factory returns: ``outer(2.0)(0.7)``."""
    around = outline.around.get(slot, (None, ""))[0]
    scopes = outline.scopes(around if around is not None and getattr(slot, "name", "") == "__init__" else slot)
    home = scopes[-1] if scopes else outline.tree
    same = [d for d in outline.definitions.get(name, ()) if outline.scopes(d) == scopes]
    for call in outline.calls.get(name, ()):
        if isinstance(call.func, ast.Attribute) != is_method:
            continue
        before = [definition for definition in same if definition.lineno <= call.lineno]
        if not is_method and before and before[-1] is not slot and outline.scopes(call) == scopes:
            continue  # of another definition with the same name
        if is_method or outline.owner(name, call) is home:
            yield call
    factories = [scope for scope in scopes if isinstance(scope, FUNCTIONS)]
    if factories:
        for call in outline.calls.get(function_name(outline, factories[-1]), ()):
            around, field = outline.around.get(call, (None, ""))
            if isinstance(around, ast.Call) and field == "func":
                yield around


def _examples(slot: ast.AST, name: str) -> Iterator[ast.Call]:
    """The calls with literal arguments that a docstring shows."""
    text = ast.get_docstring(slot) if isinstance(slot, (ast.FunctionDef, ast.ClassDef)) else None
    for match in itertools.islice(re.finditer(rf"\b{re.escape(name)}\(", text or ""), _MOST):
        rest = (text or "")[match.start() : match.start() + _LONGEST_EXAMPLE]
        for end in (m.end() for m in re.finditer(r"\)", rest)):
            with suppress(Unparsable):
                statement = parse(rest[:end]).body[0]
                call = statement.value if isinstance(statement, ast.Expr) else None
                given = [*call.args, *(k.value for k in call.keywords)] if isinstance(call, ast.Call) else []
                if isinstance(call, ast.Call) and all(map(_is_literal, given)):
                    yield call
                break


def partials(
    outline: Outline, reader: Reader, function: ast.FunctionDef, visible: Sequence[ast.AST]
) -> Iterator[Arguments]:
    """The calls ``partial(function, w=2.0)``."""
    for call in outline.calls.get("partial", ()):
        if not call.args or not isinstance(call.args[0], ast.Name) or call.args[0].id != function.name:
            continue
        given = _arguments(outline, reader, call, function, visible, is_bound=False, is_partial=True)
        if given is not None and given.is_complete:
            whole = ast.Call(call.func, [call.args[0], *given.args], given.keywords)
            yield Arguments(whole, whole.args, whole.keywords, given.values, True)


def _arguments(
    outline: Outline,
    reader: Reader,
    call: ast.Call,
    function: FunctionNode | None,
    visible: Sequence[ast.AST],
    *,
    is_bound: bool,
    is_partial: bool = False,
) -> Arguments | None:
    if any(isinstance(argument, ast.Starred) for argument in call.args) or any(k.arg is None for k in call.keywords):
        return None
    written = call.args[1:] if is_partial else call.args
    args = [_moved(outline, reader, argument, call, visible) for argument in written]
    named = [(k.arg or "", _moved(outline, reader, k.value, call, visible)) for k in call.keywords]
    values = {name: value for name, value in named if value is not None}
    missing: set[str] = set()
    if function is not None:
        spec = function.args
        positional = [p.arg for p in (*spec.posonlyargs, *spec.args)]
        positional = positional[1:] if is_bound else positional
        if len(args) > len(positional):
            return None
        values.update({name: value for name, value in zip(positional, args, strict=False) if value is not None})
        missing = {*required(function, bound=is_bound), *required_keywords(function)} - values.keys()
    moved = [value for value in args if value is not None]
    keywords = [ast.keyword(name, value) for name, value in named if value is not None]
    is_complete = len(moved) == len(args) and len(keywords) == len(named) and (is_partial or not missing)
    return Arguments(call, moved, keywords, values, is_complete)


def _moved(
    outline: Outline, reader: Reader, argument: ast.expr, call: ast.Call, visible: Sequence[ast.AST]
) -> ast.expr | None:
    """An argument as it can be evaluated in another scope; local constants are written out."""
    constants: dict[str, ast.expr] = {}
    for name in reader.read([argument]).all():
        owner = outline.owner(name, call)
        there = next((scope for scope in visible if name in outline.bound(scope).names), outline.tree)
        if owner is there:
            continue
        constant = _constant(owner, name)
        if constant is None:
            return None
        constants[name] = constant
    return _Replace(constants).visit(_copy(argument)) if constants else argument


def _constant(scope: ast.AST, name: str) -> ast.expr | None:
    """The literal that a function binds a name to, if it binds it once; of a parameter the default."""
    if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    found: list[ast.expr | None] = []
    if name in {parameter.arg for parameter in parameters(scope)}:
        found.append(default_of(scope, name))
    for node in ast.walk(scope):
        if isinstance(node, ast.stmt) and node is not scope and not hasattr(node, "body"):
            if name in bindings([node]).names:
                simple = isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets)
                found.append(node.value if isinstance(node, ast.Assign) and simple else None)
        elif isinstance(node, (ast.For, ast.With)) and name in bindings([node]).names:
            found.append(None)
    value = found[0] if len(found) == 1 else None
    return value if value is not None and _is_literal(value) else None


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


class _Replace(ast.NodeTransformer):
    def __init__(self, constants: dict[str, ast.expr]) -> None:
        self.constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.constants.get(node.id, node)


def _copy(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


def _is_loss(outline: Outline, call: ast.Call) -> bool:
    """Whether the result is what ``compile`` gets as its loss, or what something called a loss is bound to."""
    node: ast.AST = call
    while True:
        around, field = outline.around.get(node, (None, ""))
        if isinstance(around, ast.keyword) and around.arg:
            return _LOSS.search(around.arg) is not None
        if isinstance(around, ast.Call):
            return last_name(around.func) == "compile" and field == "args"
        if isinstance(around, ast.Assign):
            return any(isinstance(target, ast.Name) and _LOSS.search(target.id) for target in around.targets)
        if not isinstance(around, (ast.Dict, ast.List, ast.Tuple)):
            return False
        node = around
