"""Methods of lists, dicts and strings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bcelint.inference.values import (
    NONE,
    Arguments,
    Const,
    DictValue,
    ListValue,
    Repeated,
    Sequence,
    Unknown,
    Value,
    each,
)

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi


def container_method(
    keras: KerasApi, owner: ListValue | DictValue, name: str, arguments: Arguments, node: ast.AST
) -> Value:
    if isinstance(owner, ListValue):
        current = owner.store["items"]
        if name == "append" and arguments.positional:
            new: Value = Unknown("a list of unknown length")
            grows = keras.interpreter.open_loops > owner.open_loops
            if isinstance(current, Sequence) and len(current.items) < 256 and not grows:
                new = Sequence((*current.items, arguments.positional[0].value))
            elif isinstance(current, Sequence) and not current.items:
                new = Repeated(arguments.positional[0].value)
            keras.interpreter.write(owner.store, "items", new)
            return NONE
        if name == "extend" and arguments.positional:
            keras.extend(owner, arguments.positional[0].value)
            return NONE
        if name == "pop" and isinstance(current, Sequence) and current.items and not arguments.positional:
            keras.interpreter.write(owner.store, "items", Sequence(current.items[:-1]))
            return current.items[-1]
        if name == "insert" and isinstance(current, Sequence) and len(arguments.positional) == 2:
            where = arguments.positional[0].value
            if isinstance(where, Const) and isinstance(where.value, int):
                changed = list(current.items)
                changed.insert(where.value, arguments.positional[1].value)
                keras.interpreter.write(owner.store, "items", Sequence(tuple(changed)))
                return NONE
        if name in ("pop", "insert", "remove", "sort", "reverse", "clear"):
            keras.interpreter.write(owner.store, "items", Unknown("a list that was changed"))
        return Unknown(f"`.{name}` of a list")
    if name == "get" and arguments.positional:
        key = arguments.positional[0].value
        default = arguments.get("default", position=1)
        if isinstance(key, Const) and repr(key.value) not in owner.store and "*" not in owner.store:
            return default.value if default is not None else NONE
        return each(key, lambda k: keras.dict_item(owner, k))
    if name == "items" and "*" not in owner.store:
        return ListValue(Sequence(tuple(Sequence((Const(ast.literal_eval(n)), v)) for n, v in owner.store.items())))
    if name == "values" and "*" not in owner.store:
        return ListValue(Sequence(tuple(owner.store.values())))
    if name == "keys" and "*" not in owner.store:
        return ListValue(Sequence(tuple(Const(ast.literal_eval(n)) for n in owner.store)))
    if name == "update":
        more = arguments.positional[0].value if arguments.positional else None
        if isinstance(more, DictValue):
            for key_name, item in more.store.items():
                keras.interpreter.write(owner.store, key_name, item)
        elif more is not None:
            keras.interpreter.write(owner.store, "*", Unknown("an update"))
        for key_name, argument in arguments.keywords.items():
            keras.interpreter.write(owner.store, repr(key_name), argument.value)
        return NONE
    if name == "pop" and arguments.positional and isinstance(arguments.positional[0].value, Const):
        key_name = repr(arguments.positional[0].value.value)
        found = owner.store.get(key_name)
        keras.interpreter.remove(owner.store, key_name)
        if found is not None:
            return found
        default = arguments.get("default", position=1)
        return default.value if default is not None and "*" not in owner.store else Unknown("an entry of a dict")
    if name == "copy":
        copy = DictValue(owner.node)
        copy.store.update(owner.store)
        return copy
    return Unknown(f"`.{name}` of a dict")


def string_method(owner: Const, name: str, arguments: Arguments, node: ast.AST) -> Value:
    values = [a.value for a in arguments.positional]
    if name in ("lower", "upper", "strip", "title", "capitalize", "startswith", "endswith", "replace") and all(
        isinstance(v, Const) and isinstance(v.value, str) for v in values
    ):
        try:
            return Const(getattr(owner.value, name)(*(v.value for v in values if isinstance(v, Const))), node)
        except TypeError:
            return Unknown("a string method")
    return Unknown("a string method")
