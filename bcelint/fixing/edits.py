"""From what a rule wants (a fix plan) to exact text edits."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from types import MappingProxyType

import libcst as cst

from bcelint.findings import (
    Applicability,
    Change,
    Edit,
    Fix,
    FixPlan,
    InsertBefore,
    RemoveArgument,
    RemoveStatementOrElement,
    Replace,
    ReplaceByApi,
    SetArgument,
    Swap,
    Wrap,
)
from bcelint.fixing.concrete import Concrete, concrete
from bcelint.fixing.imports import spell
from bcelint.fixing.overlap import overlap
from bcelint.places import Place
from bcelint.reading.parsing import Unparsable, parse
from bcelint.source import Source, apply_to_text

_GAP = re.compile(r"(?:[ \t\f\n]|\\\n|\#[^\n]*)*")
_ROW_REST = re.compile(r"[ \t\f]*(?:\#[^\n]*)?(?=\n|\Z)")
_OWN_LINE_COMMENT = re.compile(r"\n[ \t\f]*\#")


class _Impossible(Exception):
    """A change that cannot be carried out safely."""


def to_edits(source: Source, plan: FixPlan, others: Mapping[str, Source] = MappingProxyType({})) -> Fix | None:
    """The plan as text edits, or ``None`` if it cannot be carried out safely.

    ``others`` are the other files of the project that it may be about, by their paths.
    """
    edits: list[Edit] = []
    drops_comment = False
    try:
        for path, changes in _by_file(plan.changes).items():
            file = others.get(path) if path else source
            code = concrete(file) if file is not None and file.fixable else None
            if file is None or code is None:
                return None
            own = sorted({e for change in changes for e in _edits(file, code, change)}, key=_order)
            if not own or any(overlap(a, b) for a, b in pairwise(own)) or not _stays_valid(file, code, own):
                return None
            drops_comment |= any(_drops_comment(code, edit) for edit in own)
            edits += [Edit(replace(edit.place, path=path), edit.content) for edit in own]
    except _Impossible:
        return None
    if not edits:
        return None
    # Other code may use what is in another file, and be right with it as it is.
    is_unsafe = drops_comment or any(edit.place.path for edit in edits)
    applicability = Applicability.UNSAFE if is_unsafe else plan.applicability
    return Fix(plan.message, applicability, tuple(edits))


def _order(edit: Edit) -> tuple[Place, str]:
    return edit.place, edit.content


def _by_file(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The changes to each file, with places that count in that file."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        places = {f.name: value for f in fields(change) if isinstance(value := getattr(change, f.name), Place)}
        paths = {place.path for place in places.values()}
        if len(paths) != 1:
            raise _Impossible  # what is exchanged or removed is in one file, and the call around it in another
        own = replace(change, **{n: replace(place, path="") for n, place in places.items()})  # type: ignore[arg-type]
        found.setdefault(paths.pop(), []).append(own)
    return dict(sorted(found.items()))


def _drops_comment(code: Concrete, edit: Edit) -> bool:
    """Whether a comment goes with the text that an edit replaces."""
    place = edit.place
    removed = code.text[code.offset(place.row, place.column) : code.offset(place.end_row, place.end_column)]
    return "#" in removed and "#" not in edit.content


def _stays_valid(source: Source, code: Concrete, edits: Sequence[Edit]) -> bool:
    """Whether the top-level statements that are edited still parse: the rest of the file is as it was."""
    changed = False
    for first, last, group in _by_statement(source, edits):
        before = "\n".join(code.rows[first - 1 : last]) + "\n"
        shifted = [Edit(_moved(edit.place, 1 - first), edit.content) for edit in group]
        after = apply_to_text(before, shifted)
        try:
            parse(after)
        except Unparsable:
            return False
        changed = changed or after != before
    return changed


def _by_statement(source: Source, edits: Sequence[Edit]) -> Iterator[tuple[int, int, list[Edit]]]:
    """The edits in groups, each with the rows from one top-level statement to another that hold all of its edits."""
    rows = source.statement_rows
    groups: list[tuple[int, int, list[Edit]]] = []
    for edit in edits:
        index = max(bisect_right(rows, edit.place.row) - 1, 0)
        first = min(rows[index] if rows else 1, edit.place.row)
        end = bisect_right(rows, edit.place.end_row)
        last = max(rows[end] - 1 if end < len(rows) else len(source.rows), edit.place.end_row)
        if groups and groups[-1][1] >= first:
            groups[-1] = (groups[-1][0], max(groups[-1][1], last), [*groups[-1][2], edit])
        else:
            groups.append((first, last, [edit]))
    yield from groups


def _moved(place: Place, rows: int) -> Place:
    return Place(place.row + rows, place.column, place.end_row + rows, place.end_column)


def _edits(source: Source, code: Concrete, change: Change) -> list[Edit]:
    match change:
        case Replace():
            return [Edit(change.place, code.in_own_quotes(change.text))]
        case RemoveArgument():
            return _remove_argument(code, change)
        case SetArgument():
            return _set_argument(code, change)
        case ReplaceByApi():
            return _replace_by_api(source, code, change)
        case RemoveStatementOrElement():
            return _remove_expression(code, change.place)
        case Swap():
            return [
                Edit(change.first, source.segment(change.second)),
                Edit(change.second, source.segment(change.first)),
            ]
        case Wrap():
            place = change.place
            start = Place(place.row, place.column, place.row, place.column)
            end = Place(place.end_row, place.end_column, place.end_row, place.end_column)
            edits = (Edit(start, change.before), Edit(end, change.after))
            return [edit for edit in edits if edit.content]
        case InsertBefore():
            return _insert_statement(code, change)


# --- arguments and elements ------------------------------------------------------------------------------------------


def _remove_argument(code: Concrete, change: RemoveArgument) -> list[Edit]:
    call = _call(code, change.call)
    index = next((i for i, arg in enumerate(call.args) if _is_at(code, arg, change.value)), None)
    if index is None:
        raise _Impossible
    if not call.args[index].keyword and any(not arg.keyword and arg.star != "**" for arg in call.args[index + 1 :]):
        raise _Impossible  # the arguments behind it would move up into its meaning
    return _remove_item(code, call.args, index, _inside(code, call))


def _is_at(code: Concrete, arg: cst.Arg, value: Place) -> bool:
    return value in (code.place(arg.value), code.place(arg))


def _call(code: Concrete, place: Place) -> cst.Call:
    call = code.find(place, cst.Call)
    if call is None:
        raise _Impossible
    return call


def _inside(code: Concrete, call: cst.Call) -> tuple[int, int]:
    """The offsets of what is between the parentheses of a call."""
    position = code.span(call.func)[1]
    for _ in call.func.rpar:
        position = _skip_gap(code, position) + 1
    return _skip_gap(code, position) + 1, code.span(call)[1] - 1


def _remove_item(
    code: Concrete, items: Sequence[cst.Arg | cst.BaseElement], index: int, inside: tuple[int, int]
) -> list[Edit]:
    """Remove one of several items, its comma, the comment behind it, and its row where it stands alone there."""
    if len(items) == 1:
        return [_cut(code, *inside)]
    start, end = _start(code, items[index]), _end(code, items[index])
    comma = _comma(code, end)
    tail = comma + 1 if comma is not None else end
    rest = _ROW_REST.match(code.text, tail)
    before = _end(code, items[index - 1]) if index else inside[0]
    comma_before = _comma(code, before) if index else None
    if rest and code.indentation(start) is not None:
        edits = [_cut(code, code.row_start(start), rest.end() + 1)]
        if comma is None and comma_before is not None:
            edits.append(_cut(code, comma_before, comma_before + 1))
        return edits
    if index == 0 or (index < len(items) - 1 and not rest):
        following = _start(code, items[index + 1])
        return [_cut(code, start, tail if _OWN_LINE_COMMENT.search(code.text, tail, following) else following)]
    assert comma_before is not None
    if comma is not None:
        return [_cut(code, comma_before + 1, tail)]
    if "#" in code.text[comma_before:start]:
        return [_cut(code, comma_before, comma_before + 1), _cut(code, start, end)]
    return [_cut(code, before, end)]


def _start(code: Concrete, item: cst.Arg | cst.BaseElement) -> int:
    return code.span(item)[0]


def _end(code: Concrete, item: cst.Arg | cst.BaseElement) -> int:
    return code.span(item)[1]


def _comma(code: Concrete, offset: int) -> int | None:
    """Where the comma behind an item is, if there is one."""
    offset = _skip_gap(code, offset)
    return offset if code.text.startswith(",", offset) else None


def _skip_gap(code: Concrete, offset: int) -> int:
    """Where whitespace, comments and continuations end."""
    gap = _GAP.match(code.text, offset)
    return gap.end() if gap else offset


def _cut(code: Concrete, start: int, end: int) -> Edit:
    return Edit(code.between(start, end), "")


def _insert(code: Concrete, offset: int, content: str) -> Edit:
    return Edit(code.between(offset, offset), content)


def _set_argument(code: Concrete, change: SetArgument) -> list[Edit]:
    call = _call(code, change.call)
    text = code.in_own_quotes(change.text)
    for arg in call.args:
        if arg.keyword and arg.keyword.value == change.name:
            equals = _skip_gap(code, code.span(arg.keyword)[1])
            return [Edit(code.between(_skip_gap(code, equals + 1), _end(code, arg)), text)]
    if any(arg.star == "**" or _is_bare_generator(arg) for arg in call.args):
        raise _Impossible  # the name may be among the keywords already; a bare generator has to stay alone
    return _append_argument(code, call, f"{change.name}={text}")


def _is_bare_generator(arg: cst.Arg) -> bool:
    return isinstance(arg.value, cst.GeneratorExp) and not arg.value.lpar


def _append_argument(code: Concrete, call: cst.Call, argument: str) -> list[Edit]:
    """Add a last argument in the layout of those that are there."""
    inside = _inside(code, call)
    if not call.args:
        return [Edit(code.between(*inside), argument)]
    last = call.args[-1]
    end = _end(code, last)
    comma = _comma(code, end)
    tail = comma + 1 if comma is not None else end
    own_rows = [code.indentation(_start(code, arg)) for arg in call.args]
    indent = own_rows[-1]
    if indent is not None and None not in own_rows[1:]:
        rest = _ROW_REST.match(code.text, tail)
        row_end = rest.end() if rest else tail
        if comma is not None:
            return [_insert(code, row_end, f"\n{indent}{argument},")]
        if row_end == end:
            return [_insert(code, end, f",\n{indent}{argument}")]
        return [_insert(code, end, ","), _insert(code, row_end, f"\n{indent}{argument}")]
    return [_insert(code, tail, f" {argument}," if comma is not None else f", {argument}")]


# --- statements and elements -----------------------------------------------------------------------------------------


def _remove_expression(code: Concrete, place: Place) -> list[Edit]:
    """Remove a layer from where it is used: a list, an ``add`` statement, or a call on a tensor."""
    node: cst.CSTNode | None = code.find(place, cst.BaseExpression)  # type: ignore[type-abstract]  # only for isinstance
    if node is None:
        raise _Impossible
    parent = code.parent(node)
    if isinstance(parent, cst.Expr):
        return _remove_statement(code, parent)
    if isinstance(parent, cst.Element):
        return _remove_element(code, parent)
    if isinstance(parent, cst.Call) and parent.func is node:
        return _unwrap(code, parent)
    if isinstance(parent, cst.Arg) and isinstance(call := code.parent(parent), cst.Call):
        return _remove_added(code, call)
    if isinstance(node, cst.Call):
        return _unwrap(code, node)
    raise _Impossible


def _remove_added(code: Concrete, call: cst.Call) -> list[Edit]:
    statement = code.parent(call)
    is_add = isinstance(call.func, cst.Attribute) and call.func.attr.value == "add" and len(call.args) == 1
    if not is_add or not isinstance(statement, cst.Expr):
        raise _Impossible
    return _remove_statement(code, statement)


def _remove_element(code: Concrete, element: cst.Element) -> list[Edit]:
    sequence = code.parent(element)
    if not isinstance(sequence, cst.List):
        raise _Impossible
    start, end = code.span(sequence)
    return _remove_item(code, sequence.elements, sequence.elements.index(element), (start + 1, end - 1))


def _unwrap(code: Concrete, call: cst.Call) -> list[Edit]:
    """Put what a layer is called on in the place of the call; ``x = layer(x)`` vanishes."""
    if len(call.args) != 1 or call.args[0].keyword or call.args[0].star:
        raise _Impossible
    argument = call.args[0].value
    statement = code.parent(call)
    if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
        target = statement.targets[0].target
        if isinstance(target, cst.Name) and isinstance(argument, cst.Name) and target.value == argument.value:
            return _remove_statement(code, statement)
    start, end = code.span(call.args[0])
    return [Edit(code.place(call), code.text[start:end])]


def _remove_statement(code: Concrete, statement: cst.BaseSmallStatement) -> list[Edit]:
    line = code.parent(statement)
    if not isinstance(line, (cst.SimpleStatementLine, cst.SimpleStatementSuite)) or len(line.body) != 1:
        raise _Impossible
    start, end = code.span(statement)
    block = code.parent(line)
    alone = isinstance(block, cst.IndentedBlock) and len(block.body) == 1
    if alone or isinstance(line, cst.SimpleStatementSuite):
        return [Edit(code.between(start, end), "pass")]
    return [_cut(code, code.row_start(start), code.row_end(end) + 1)]


def _insert_statement(code: Concrete, change: InsertBefore) -> list[Edit]:
    start = code.offset(change.place.row, change.place.column)
    indent = code.indentation(start)
    if indent is None:
        raise _Impossible  # something else stands before it on its row
    return [_insert(code, code.row_start(start), f"{indent}{change.text}\n")]


# --- names of the Keras API ------------------------------------------------------------------------------------------


def _replace_by_api(source: Source, code: Concrete, change: ReplaceByApi) -> list[Edit]:
    spelling = spell(source, change.api, change.place)
    if spelling is None:
        raise _Impossible
    arguments = "" if change.arguments is None else f"({code.in_own_quotes(change.arguments)})"
    return [Edit(change.place, spelling.text + arguments), *spelling.imports]
