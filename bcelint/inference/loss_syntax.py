"""How loss code is written: the syntax around an operation, for messages and fixes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from bcelint.inference.numeric import sites
from bcelint.inference.numeric.expressions import Expression, stripped, walk
from bcelint.knowledge.operations import OPERATIONS


def argument_node(part: Expression) -> ast.AST | None:
    """The expression whose value is the operand."""
    node = part.node
    if isinstance(node, ast.Call):
        index = 1 if part.operation in ("divide", "xlogy", "xlog1py") else 0
        names = OPERATIONS[part.api].parameters[index].split("|") if part.api in OPERATIONS else []
        named = next((keyword.value for keyword in node.keywords if keyword.arg in names), None)
        return named or (node.args[index] if index < len(node.args) else None)
    if isinstance(node, ast.BinOp):
        return node.right if part.operation == "divide" else node.left
    return None


def statements_to(function: ast.AST | None, node: ast.AST | None) -> list[tuple[list[ast.stmt], ast.stmt]]:
    """The statements that a node is in, from a function's body inwards, each with the block that it belongs to."""
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or node is None:
        return []
    chain: list[tuple[list[ast.stmt], ast.stmt]] = []
    blocks: list[list[ast.stmt]] = [function.body]
    while blocks:
        found = next(((b, s) for b in blocks for s in b if any(child is node for child in ast.walk(s))), None)
        if found is None:
            break
        chain.append(found)
        inner = (getattr(found[1], name, []) for name in ("body", "orelse", "finalbody"))
        blocks = [block for block in inner if isinstance(block, list) and block]
        blocks += [handler.body for handler in getattr(found[1], "handlers", [])]
    return chain


def returned_by(function: ast.AST | None, node: ast.AST | None) -> ast.AST | None:
    """The value of the ``return`` that gives a loss."""
    if isinstance(function, ast.Lambda):
        return function.body
    if function is None:
        return None
    values = [child.value for child in ast.walk(function) if isinstance(child, ast.Return) and child.value is not None]
    same = [value for value in values if any(child is node for child in ast.walk(value))]
    return same[0] if same else values[-1] if values else None


def only_variable(function: ast.AST | None, argument: ast.AST | None, statement: ast.AST | None) -> str:
    """The one local variable in an operand like ``p``, ``1 - p`` or ``p / (1 - p)``."""
    if argument is None or statement is None or not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ""
    if any(
        not isinstance(n, (ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context))
        for n in ast.walk(argument)
    ):
        return ""
    names = {child.id for child in ast.walk(argument) if isinstance(child, ast.Name)}
    spec = function.args
    own = {parameter.arg for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    own |= {
        child.id for child in ast.walk(function) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
    }
    return next(iter(names)) if len(names) == 1 and names <= own else ""


def small_literals(literals: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, float]]:
    """The literals that are an epsilon, or 1 less one, with their values."""
    for literal in literals:
        value = literal.value if isinstance(literal, ast.Constant) else None
        if isinstance(value, float) and sites.is_epsilon(value):
            yield literal, value


def last_binding(chain: list[tuple[list[ast.stmt], ast.stmt]], variable: str) -> ast.stmt | None:
    """The last statement before that binds a variable, in the blocks that lead there."""
    last: ast.stmt | None = None
    for block, statement in chain:
        for earlier in block[: block.index(statement)]:
            if any(
                isinstance(child, ast.Name) and child.id == variable and isinstance(child.ctx, ast.Store)
                for child in ast.walk(earlier)
            ):
                last = earlier
    return last


def spelling(part: Expression) -> str:
    """How the code writes an operation."""
    node = part.node
    if isinstance(node, ast.Call):
        return ast.unparse(node.func)
    return ast.unparse(node) if isinstance(node, ast.expr) else part.operation


def text_of(node: ast.AST | None) -> str:
    """An expression as source text, with numbers as people write them (``1e-7``)."""
    return re.sub(r"(\d)e-0(\d)", r"\1e-\2", ast.unparse(node)) if isinstance(node, ast.expr) else ""


def spelling_example(part: Expression, root: Expression) -> Expression | None:
    """A call that shows how this loss spells the functions of tensors: the operation's own, or the nearest one."""
    calls = [p for p in (part, *part.operands, *walk(root)) if p.api and isinstance(p.node, ast.Call)]
    same = [p for p in calls if p.function is part.function]
    return next(iter(same or calls), None)


def twin_argument(site: sites.Site) -> ast.AST | None:
    """What a stable twin would take, where the code that it replaces takes nothing else and stands inside the log."""
    inner = stripped(site.argument)
    if inner.operation in ("add", "subtract"):
        inner = next((p for p in map(stripped, inner.operands) if p.operation in ("exp", "sigmoid")), inner)
    call, outer = inner.node, site.part.node
    if not site.twin or outer is None or not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
        return None
    return call.args[0] if any(child is call for child in ast.walk(outer)) else None
