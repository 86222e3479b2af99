"""The user's own losses, layers, activations and metrics, as the configuration describes them.

``[tool.bcelint.losses."my_lib.focal"]`` says of one name what the built-in tables say of Keras's. Here the words are
checked; what they mean is in ``knowledge.user``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from math import isnan

from bcelint.knowledge import activations
from bcelint.settings import KNOWLEDGE, Check, ConfigError, Entry, one_of, strings, suggestion

RANGES = ("probability", "simplex", "log-simplex", "positive", "real")


def _name(value: object) -> str:
    if isinstance(value, str) and value.isidentifier():
        return value
    raise TypeError("the name of a parameter")


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) and item.isidentifier() for item in value):
        return tuple(value)
    raise TypeError("a list of the names of parameters")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not isnan(value)


def _range(value: object) -> object:
    if isinstance(value, str) and value in RANGES:
        return value
    if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]:
        return (float(value[0]), float(value[1]))
    raise TypeError(" or ".join(f'"{word}"' for word in RANGES) + ", or two numbers such as [-1.0, 1.0]")


def _units(value: object) -> object:
    if isinstance(value, str) and value.isidentifier():
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise TypeError("the name of a parameter, or a number of units")


def _true(value: object) -> bool:
    if value is True:
        return True
    raise TypeError("true, or not be there")


def _cut(value: object) -> object:
    if isinstance(value, bool) or _is_number(value):
        return value
    raise TypeError("true, false or a number")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError("a string")


_CHECKS: dict[str, dict[str, Check]] = {
    "losses": {
        "expects": one_of("probabilities", "logits", "other"),
        "family": one_of("binary", "categorical", "sparse"),
        "kind": one_of("class", "function", "factory"),
        "from-logits": _name,
        "parameters": _names,
        "prediction": _name,
        "strings": strings,
    },
    "layers": {
        "activation": _text,
        "activation-parameter": _name,
        "output": _range,
        "keeps-values": _true,
        "units": _units,
        "shape": one_of("same", "flatten", "global", "spatial"),
        "parameters": _names,
    },
    "activations": {"range": _range, "strings": strings},
    "metrics": {
        "expects": one_of("probabilities", "other"),
        "kind": one_of("class", "function"),
        "cut": _name,
        "cut-value": _cut,
        "parameters": _names,
        "strings": strings,
    },
}
# What a layer makes of its input: one of these.
_OUTPUTS = ("activation", "output", "keeps-values")
_NEEDED = {"losses": "expects", "activations": "range", "metrics": "expects"}


def read_entries(config: Mapping[str, object], origin: str) -> tuple[Entry, ...]:
    """The entries of a configuration; a mistake is a ``ConfigError`` that names the whole key."""
    prefix = "tool.bcelint." if os.path.basename(origin) == "pyproject.toml" else ""
    entries: list[Entry] = []
    for table in KNOWLEDGE:
        if table not in config:
            continue
        given = config[table]
        if not isinstance(given, Mapping):
            raise ConfigError(f'{origin}: `{prefix}{table}` must be a table of tables: [{prefix}{table}."my_lib.name"]')
        for name, options in given.items():
            _check_name(str(name), options, f"{prefix}{table}", origin)
            entries.append(_entry(table, str(name), options, origin, f'{prefix}{table}."{name}"'))
    _check_activations(entries, origin, prefix)
    return tuple(entries)


def _check_name(name: str, options: object, table: str, origin: str) -> None:
    if not isinstance(options, Mapping):
        raise ConfigError(f'{origin}: `{table}."{name}"` must be a table')
    if options and all(isinstance(value, Mapping) for value in options.values()):
        # Without quotes TOML takes each dot for a table of its own.
        full = ".".join([name, *_nested(options)])
        raise ConfigError(f'{origin}: `{table}.{full}`: put the name in quotes: [{table}."{full}"]')
    parts = name.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise ConfigError(
            f'{origin}: `{table}."{name}"`: the name must be as it is imported, with its module, such as "my_lib.name"'
        )


def _nested(options: Mapping[str, object]) -> Iterator[str]:
    """The names of tables in tables."""
    first, inner = next(iter(options.items()))
    yield first
    if isinstance(inner, Mapping) and inner and all(isinstance(value, Mapping) for value in inner.values()):
        yield from _nested(inner)


def _entry(table: str, name: str, options: Mapping[str, object], origin: str, key: str) -> Entry:
    checks = _CHECKS[table]
    checked: dict[str, object] = {}
    for option, value in options.items():
        check = checks.get(option)
        if check is None:
            raise ConfigError(f"{origin}: `{key}`: unknown key `{option}`{suggestion(option, checks)}")
        try:
            checked[option] = check(value)
        except TypeError as error:
            raise ConfigError(f"{origin}: `{key}.{option}` must be {error}") from None
    complaint = next(_complaints(table, checked), None)
    if complaint is not None:
        raise ConfigError(f"{origin}: `{key}` {complaint}")
    return Entry(table, name, tuple(checked.items()))


def _complaints(table: str, options: Mapping[str, object]) -> Iterator[str]:
    """What does not go together, or is missing."""
    needed = _NEEDED.get(table)
    if needed is not None and needed not in options:
        yield f"needs `{needed}`"
    if table == "losses":
        if options.get("expects") != "other" and "family" not in options:
            yield "needs `family`"
        parameters = options.get("parameters")
        prediction = options.get("prediction")
        if isinstance(parameters, tuple) and prediction is not None and prediction not in parameters:
            yield f"has no `{prediction}` among its `parameters`"
    elif table == "layers":
        said = [f"`{option}`" for option in _OUTPUTS if option in options]
        if len(said) != 1:
            yield f"needs one of {', '.join(f'`{option}`' for option in _OUTPUTS)}" + (
                f", and has {' and '.join(said)}" if said else ""
            )
        if "activation-parameter" in options and "activation" not in options:
            yield "has `activation-parameter` without `activation`, which says what it is by default"
        if "units" in options and options.get("shape", "same") != "same":
            yield f'cannot have both `units` and `shape = "{options["shape"]}"`'
        if "units" in options and "keeps-values" in options:
            yield "cannot have `units`: what keeps the values keeps their number"
    elif table == "metrics" and ("cut" in options) != ("cut-value" in options):
        yield "needs both `cut` and `cut-value`, or none of them"


def _check_activations(entries: Sequence[Entry], origin: str, prefix: str) -> None:
    """Every activation that a layer names has to be known."""
    known = set(activations.BY_NAME)
    for entry in entries:
        if entry.table == "activations":
            known.add(entry.name)
            known |= {string for option, value in entry.options if option == "strings" for string in strings(value)}
    for entry in entries:
        activation = dict(entry.options).get("activation")
        if isinstance(activation, str) and activation not in known:
            raise ConfigError(
                f'{origin}: `{prefix}layers."{entry.name}".activation` must be an activation of Keras or one of '
                f"[{prefix}activations]{suggestion(activation, sorted(known))}"
            )
