"""What the rules on hand-written losses share: the verdict on an operation, and words and fixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from bcelint.findings import (
    Applicability,
    Change,
    Finding,
    FixPlan,
    InsertBefore,
    Related,
    Wrap,
)
from bcelint.inference.facts import Fact, Numeric
from bcelint.places import Place
from bcelint.rules import BY_CODE

# The smallest powers of ten that 1 - eps and 1 + eps keep in each dtype; tests/numbers/test_rounding.py measures them.
SURVIVING = {"float16": "1e-3", "bfloat16": "1e-2", "float32": "1e-7"}


def verdict(fact: Numeric) -> str:
    """The code of the rule that an operation breaks."""
    if fact.kind == "where":
        return "BCE204"
    if fact.kind == "power":
        return "BCE212"
    if fact.kind == "division":
        return "BCE203" if fact.outside is not None else "BCE206"
    if fact.twin:
        return "BCE205"
    if fact.epsilon is not None:
        return "BCE202"
    return "BCE203" if fact.outside is not None else "BCE201"


def numerics(facts: Sequence[Fact], code: str) -> Iterator[Numeric]:
    """The operations that break the rule ``code``."""
    for fact in facts:
        if isinstance(fact, Numeric) and verdict(fact) == code:
            yield fact


def report(
    code: str,
    fact: Numeric,
    message: str,
    *,
    label: str,
    notes: Sequence[str] = (),
    related: Sequence[Related] = (),
    plans: Sequence[FixPlan | None] = (),
    help: str = "",
) -> Finding:
    """A finding about an operation of loss code."""
    rule = BY_CODE[code]
    argument = fact.argument.place if fact.argument is not None and fact.place.contains(fact.argument.place) else None
    return Finding(
        code=code,
        name=rule.name,
        severity=rule.severity,
        message=message,
        place=fact.place,
        focus=argument,
        label=label,
        related=tuple(dict.fromkeys(r for r in related if not fact.place.contains(r.place))),
        notes=tuple(notes),
        help=help,
        plans=tuple(plan for plan in plans if plan is not None),
        fact=fact,
    )


# --- words ------------------------------------------------------------------------------------------------------------


def operand(fact: Numeric) -> str:
    """The operand as it is written, where it is short."""
    text = fact.argument.text if fact.argument is not None else ""
    return f"`{text}`" if text and len(text) <= 60 else "this"


def when(fact: Numeric) -> str:
    """For which inputs the operand gets there."""
    parts = [f"{name} = {value:g}" for name, value in dict(fact.witness).items()]
    return f" (for {', '.join(parts)})" if parts else ""


def reached(fact: Numeric) -> str:
    if fact.reached == inf:
        return "can overflow" if fact.twin else "can be infinite"
    return "can be negative" if fact.reached < 0 else "can be 0"


# --- fixes ------------------------------------------------------------------------------------------------------------


def surviving(fact: Numeric) -> str:
    return SURVIVING.get(fact.dtype, "1e-7")


def _home(fact: Numeric) -> tuple[str, str]:
    """The library that the loss is written with (``K``, ``tf``, ``ops``, ``np``), and how the file spells it."""
    prefix, _, _ = fact.function.rpartition(".")
    if not prefix:
        return "", ""
    for package, kind in (("keras.backend.", "K"), ("keras.ops.", "ops"), ("np.", "np"), ("jnp.", "np")):
        if fact.api.startswith(package):
            return kind, prefix
    if fact.api.startswith("tf."):
        # tf.math.log: the functions that are needed are a level higher.
        below = fact.api.count(".") - 1
        parts = prefix.split(".")
        return "tf", ".".join(parts[: len(parts) - below]) if below else prefix
    return "", ""


def clipped(fact: Numeric, text: str) -> str:
    """``text`` kept off 0 and 1, in the words of the file; empty where it has none."""
    kind, home = _home(fact)
    epsilon = surviving(fact)
    if kind == "K" and epsilon == "1e-7":
        return f"{home}.clip({text}, {home}.epsilon(), 1 - {home}.epsilon())"
    function = {"K": "clip", "ops": "clip", "np": "clip", "tf": "clip_by_value"}.get(kind)
    return f"{home}.{function}({text}, {epsilon}, 1 - {epsilon})" if function and home else ""


def _around(template: str, change: Place, text: str) -> Wrap:
    before, _, after = template.partition(text)
    return Wrap(change, before, after)


_MARK = "\0"


def at_least_epsilon(fact: Numeric) -> str:
    """A template that keeps ``\\0`` off 0; empty where the file has no words for it."""
    kind, home = _home(fact)
    epsilon = f"{home}.epsilon()" if kind == "K" and surviving(fact) == "1e-7" else surviving(fact)
    return f"{home}.maximum({_MARK}, {epsilon})" if kind and home else ""


def first_use(fact: Numeric, others: Sequence[Numeric]) -> Place | None:
    """The first faulty statement with the same variable from which the one of ``fact`` follows."""
    same = [
        other.statement
        for other in (*others, fact)
        if (other.variable, other.bound) == (fact.variable, fact.bound)
        and other.statement is not None
        and other.blocks == fact.blocks[: len(other.blocks)]
    ]
    return min(same, default=None)


def clip_plan(fact: Numeric, others: Sequence[Numeric]) -> FixPlan | None:
    """Clip what the log is taken of: its variable, once for all logs of a loss, or the operand itself."""
    if fact.argument is None:
        return None
    change: Change
    within = fact.low >= 0 and fact.high <= 1
    statement = first_use(fact, others)
    if fact.variable and statement is not None and (within or fact.argument.text != fact.variable):
        text = clipped(fact, fact.variable)
        if not text:
            return None
        change = InsertBefore(statement, f"{fact.variable} = {text}")
        return FixPlan(f"clip `{fact.variable}` before the log", Applicability.SAFE, (change,))
    if fact.api.endswith("1p") or "/" in fact.argument.text:
        return None  # what has to be clipped lies deeper
    template = clipped(fact, _MARK) if within else at_least_epsilon(fact)
    if not template:
        return None
    change = _around(template, fact.argument.place, _MARK)
    return FixPlan("keep what the log is taken of above 0", Applicability.SAFE, (change,))


def keep_positive(fact: Numeric, message: str, applicability: Applicability) -> FixPlan | None:
    """``x`` -> ``maximum(x, eps)``."""
    template = at_least_epsilon(fact)
    if fact.argument is None or not template:
        return None
    return FixPlan(message, applicability, (_around(template, fact.argument.place, _MARK),))


def add_inside(fact: Numeric, epsilon: str, *, is_call: bool) -> Change | None:
    """``x`` -> ``x + eps``, with the parentheses that it needs."""
    if fact.argument is None:
        return None
    if fact.argument.atom and not is_call:
        return Wrap(fact.argument.place, "(", f" + {epsilon})")
    return Wrap(fact.argument.place, "", f" + {epsilon}")


def without_outside(fact: Numeric) -> Place | None:
    """Where the number that is added behind the operation is, with its operator."""
    outer, inner = fact.outer, fact.place
    if outer is None or fact.outside is None or fact.subtracted:
        return None
    if fact.outside.place > inner:
        return Place(inner.end_row, inner.end_column, outer.end_row, outer.end_column, outer.path)
    return Place(outer.row, outer.column, inner.row, inner.column, outer.path)


def stable_call(fact: Numeric) -> tuple[str, str] | None:
    """What to write before and behind the operand of a stable function, in the words of the file."""
    kind, home = _home(fact)
    simple = fact.operand is not None and fact.operand.atom
    minus, close = ("-", ")") if simple else ("-(", "))")
    is_negative, name = fact.twin.endswith("negative"), fact.twin.split()[0]
    if kind == "K":
        if name == "softplus":
            return f"{home}.softplus(", ")"
        if name == "log_softmax":
            return None
        # log_sigmoid(z) is -softplus(-z)
        return (f"(-{home}.softplus(", "))") if is_negative else (f"(-{home}.softplus({minus}", f"{close})")
    module = {"tf": {"log_sigmoid": f"{home}.math", "log_softmax": f"{home}.nn", "softplus": f"{home}.nn"}}.get(kind)
    place = module[name] if module is not None else home if kind == "ops" else ""
    if not place:
        return None
    return (f"{place}.{name}({minus}", close) if is_negative else (f"{place}.{name}(", ")")
