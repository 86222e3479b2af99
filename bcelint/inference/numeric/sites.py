"""Where a loss can leave the numbers: logs, divisions, powers and ``where`` whose operand can reach 0 or infinity.

A site is only reported with a witness: inputs within their ranges for which the machine gets there. Intervals decide
where no witness has to be looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import inf, isnan

from bcelint.inference.numeric.compiled import compiled
from bcelint.inference.numeric.evaluation import evaluate, evaluate_all
from bcelint.inference.numeric.expressions import (
    Expression,
    Input,
    Role,
    apply,
    inputs,
    number,
    predicts,
    rebuild,
    stripped,
    walk,
)
from bcelint.inference.numeric.inputs import assignments, holds, values_to_try
from bcelint.inference.numeric.intervals import Interval, bound_all

# A number of this size added to something is there to keep it off 0.
LARGEST_EPSILON = 1e-2
# Where larger epsilons are tried, to see whether one in this place would help.
_TRIAL_EPSILON = 2.0**-8
_NUDGE = 0.125
# Small enough to be lost beside 1, large enough that its square is not lost.
_LEAST_EXPONENTIAL = 1e-12

_LOGS = frozenset({"log", "log2", "log10", "log1p", "xlogy", "xlog1py"})
# A site below more tests than this, or reached on more ways, is taken as it is.
_MOST_WAYS = 4

Condition = tuple[Expression, bool, Expression]
Way = tuple[Condition, ...]
Values = dict[Hashable, float]


@dataclass(frozen=True, eq=False)
class Site:
    """An operation whose operand reaches a value that it must not have.

    Attributes:
        kind: ``log``, ``division``, ``power`` or ``where``.
        part: the operation; of a ``where``, the whole of it, and ``inner`` what lies in its branch.
        argument: the operand, its ``interval``, and the value ``reached`` by it with ``witness``.
        compiled: only reached where a compiler has rewritten the expression; ``shared``: a part of it has other uses.
        epsilons: numbers that were meant to prevent this and round away.
        outside: a small number that is added behind the operation instead of before, and ``outer`` the sum.
        branch: of a ``where``: which outcome of its test leads to ``inner``.
        twin: the stable function for what is written out (``log_sigmoid`` ...), with its ``operand``.
    """

    kind: str
    part: Expression
    argument: Expression
    interval: Interval
    reached: float
    witness: tuple[tuple[Input, float], ...]
    compiled: bool = False
    shared: bool = False
    epsilons: tuple[Expression, ...] = ()
    outside: Expression | None = None
    outer: Expression | None = None
    branch: bool = True
    twin: str = ""
    operand: Expression | None = None
    inner: Expression | None = None


def find(root: Expression) -> Iterator[Site]:
    """The sites of a loss, operands first."""
    intervals = bound_all(root)
    parents = _parents(root)
    for part, ways in _reached(root):
        site = _site(part, intervals)
        if site is None:
            continue
        free, guarded = _search(site, ways)
        if free is not None:
            outer, outside = _outside(part, parents)
            shared = free.compiled and _is_shared(root, part)
            yield replace(free, outer=outer, outside=outside, shared=shared)
        elif guarded is not None:
            yield guarded


def _parents(root: Expression) -> dict[int, list[Expression]]:
    found: dict[int, list[Expression]] = {}
    for part in walk(root):
        for operand in part.operands:
            found.setdefault(id(operand), []).append(part)
    return found


def _reached(root: Expression) -> Iterable[tuple[Expression, list[Way]]]:
    """Every part with the tests of ``where`` that lead to it, on each way there."""
    ways: dict[int, list[Way]] = {id(root): [()]}
    order = list(walk(root))
    for part in reversed(order):
        own = ways.get(id(part), [()])
        for index, operand in enumerate(part.operands):
            for way in own:
                further = (*way, (part.operands[0], index == 1, part)) if part.operation == "where" and index else way
                known = ways.setdefault(id(operand), [])
                if len(known) >= _MOST_WAYS:
                    ways[id(operand)] = [()]
                elif further not in known:
                    known.append(further)
    return [(part, ways.get(id(part), [()])) for part in order]


# --- what must not happen ---------------------------------------------------------------------------------------------


def _site(part: Expression, intervals: dict[int, Interval]) -> Site | None:
    """An operation that has a forbidden operand, unless its interval keeps it away from there."""
    name = part.operation
    if name in _LOGS:
        argument = part.operands[-1]
        interval = intervals[id(argument)]
        if name in ("log1p", "xlog1py"):
            argument = apply("add", number(1.0), argument, node=part.node)
            interval = Interval(interval.low + 1, interval.high + 1, interval.nan)
        kind = "log"
    elif name == "divide" or name == "reciprocal":
        argument, kind = part.operands[-1], "division"
        interval = intervals[id(argument)]
    elif name in ("sqrt", "rsqrt"):
        argument, kind = part.operands[0], "root"
        interval = intervals[id(argument)]
    elif name == "power" and part.operands[1].operation == "number" and 0 < part.operands[1].number < 1:
        argument, kind = part.operands[0], "power"
        interval = intervals[id(argument)]
    else:
        return None
    if interval.low > 0 and not interval.nan and not _may_move(argument) and interval.high < inf:
        return None
    return Site(kind, part, argument, interval, 0.0, ())


def _may_move(argument: Expression) -> bool:
    """Whether a compiler may rewrite an operand, so that its interval is not the last word."""
    return any(part.operation in ("add", "subtract") for part in walk(argument))


def _is_quotient(argument: Expression) -> bool:
    """Whether an operand is a quotient that only a denominator of 0 makes infinite."""
    return stripped(argument).operation == "divide" and not any(part.operation == "exp" for part in walk(argument))


def _is_forbidden(site: Site, value: float) -> bool:
    if site.kind == "log":
        return value <= 0 or (value == inf and (_written_out(site.argument) is not None or _is_quotient(site.argument)))
    if site.kind in ("division", "root"):
        return value == 0
    return value <= 0


# --- witnesses --------------------------------------------------------------------------------------------------------


def _search(site: Site, ways: list[Way]) -> tuple[Site | None, Site | None]:
    """The site with a witness, or the ``where`` that keeps its value, but not its gradient, away from it."""
    if (
        not predicts(site.argument)
        and site.kind != "division"
        and not _is_twin(site)
        and not _is_squashed(site.argument)
    ):
        return None, None
    for way in ways:
        found = _witness(site, way)
        if found is not None and site.kind != "root":
            return found, None
    for way in ways:
        if way:
            guarded = _where(site, way)
            if guarded is not None:
                return None, guarded
    return None, None


def _guess(source: Input) -> tuple[float, ...]:
    if source.known:
        return values_to_try(source)
    # Every output that is compared with labels can be 0 and 1; of others nothing is known.
    return (0.0, 1.0) if source.role is Role.PREDICTION else ()


def _logits(source: Input) -> tuple[float, ...]:
    return values_to_try(source) or (0.0, 200.0, -200.0)


def _is_twin(site: Site) -> bool:
    """Whether this is a log that a stable function should take the place of."""
    return site.kind == "log" and _written_out(site.argument) is not None and _is_together(site.part, site.argument)


def _is_squashed(argument: Expression) -> bool:
    """Whether an operand is made of probabilities that this code itself makes of logits."""
    return any(part.operation in ("sigmoid", "softmax") for part in walk(argument))


def _without_underflow(argument: Expression) -> Expression:
    """The operand with exponentials that stay above 0: what only gets there by underflow is left alone."""
    return rebuild(
        argument,
        lambda part: apply("maximum", part, number(_LEAST_EXPONENTIAL)) if part.operation == "exp" else part,
    )


def _witness(site: Site, way: Way) -> Site | None:
    guess = _guess if site.kind == "division" else _logits if _is_twin(site) else values_to_try
    if site.kind == "division" and not _is_ratio_of_sums(site.part):
        return None
    as_written = _without_underflow(site.argument)
    machine_code = _without_underflow(compiled(site.argument))
    if site.part.operation in ("xlogy", "xlog1py"):
        way = (*way, (site.part.operands[0], True, site.part))
    sources = _sources(site.argument, *(test for test, _, _ in way), known_only=True)
    late: Site | None = None
    for values in assignments(sources, guess):
        if not all(holds(test, values, wanted) for test, wanted, _ in way):
            continue
        eager = _value(site, as_written, values)
        if eager is not None and _is_forbidden(site, eager):
            if _is_isolated(site, values, sources):
                continue
            return _described(site, values, eager, compiled=False)
        if late is None and machine_code is not as_written:
            rewritten = _value(site, machine_code, values)
            if rewritten is not None and _is_forbidden(site, rewritten):
                late = _described(site, values, rewritten, compiled=True)
    return late


def _is_isolated(site: Site, values: Values, sources: list[Input]) -> bool:
    """Whether only one number of a whole line gets there (``log(z ** 2)`` at z = 0), which nothing drives it to."""
    nudged = {
        source.key: values[source.key] + _NUDGE
        for source in sources
        if source.known and source.low == -inf and source.high == inf and source.key in values
    }
    if not nudged:
        return False
    found = _value(site, site.argument, {**values, **nudged})
    return found is None or not _is_forbidden(site, found)


def _sources(argument: Expression, *tests: Expression, known_only: bool) -> list[Input]:
    """The inputs of an operand, and those of the tests that it depends on; unknown inputs of tests are left out."""
    found = dict(inputs(argument))
    for test in tests:
        for key, source in inputs(test).items():
            if source.known or not known_only:
                found.setdefault(key, source)
    return list(found.values())


def _value(site: Site, argument: Expression, values: Values) -> float | None:
    """The operand; a value that it must not have only where batches of one and of three elements agree on it."""
    weighed = site.kind == "division"  # a sum of zeros is 0, whatever they are weighed with
    one = evaluate(argument, values, finite=weighed)
    if one is None or isnan(one):
        return None
    if not _is_forbidden(site, one):
        return one
    three = evaluate(argument, values, count=3, finite=weighed)
    return one if three is not None and not isnan(three) and _is_forbidden(site, three) else None


def _described(site: Site, values: Values, reached: float, *, compiled: bool) -> Site:
    known = inputs(site.argument)
    witness = tuple((known[key], value) for key, value in values.items() if key in known)
    twin, operand = _written_out(site.argument) or ("", None)
    if not _is_twin(site):
        twin, operand = "", None
    return replace(
        site,
        reached=reached,
        witness=witness,
        compiled=compiled,
        epsilons=_epsilons(site, values) if not twin else (),
        twin=twin,
        operand=operand,
    )


# --- ratios of sums ---------------------------------------------------------------------------------------------------


def _is_ratio_of_sums(part: Expression) -> bool:
    """Whether a division is one of sums over many elements: dice, a mean over a mask ..."""
    if part.operation != "divide" or not _is_reduced(part.operands[1]):
        return False
    numerator, denominator = stripped(part.operands[0]), part.operands[1]
    if _is_reduced(numerator):
        return True
    if any(source.role is not Role.LABELS for source in inputs(denominator).values()):
        return False
    # A mask that is normalised (x / mean(mask)), or weights by frequency (1 / sum(y)).
    tests = any(p.operation in ("equal", "not_equal", "greater", "greater_equal", "less") for p in walk(denominator))
    return tests or numerator.operation == "number"


def _is_reduced(expression: Expression) -> bool:
    expression = stripped(expression)
    if expression.operation in ("sum", "mean"):
        return any(source.role is not Role.OTHER for source in inputs(expression).values())
    if expression.operation == "number":
        return False
    sides = [stripped(operand) for operand in expression.operands]
    plain = [side for side in sides if side.operation != "number"]
    return bool(plain) and expression.source is None and all(_is_reduced(side) for side in plain)


# --- epsilons ---------------------------------------------------------------------------------------------------------


def is_epsilon(value: float) -> bool:
    """Whether a number is one that keeps something off 0 or off 1."""
    return 0 < abs(value) <= LARGEST_EPSILON or (0 < abs(1 - value) <= LARGEST_EPSILON)


def _epsilons(site: Site, values: Values) -> tuple[Expression, ...]:
    """The numbers below an operand that would keep it off 0 if they were larger."""
    small = [
        part for part in walk(site.argument) if part.operation == "number" and is_epsilon(part.number) and part.node
    ]
    if not small:
        return ()
    together = rebuild(site.argument, lambda part: _enlarged(part) if part in small else part)
    if not _is_positive(site, together, values):
        return ()
    needed = [
        one
        for one in small
        if len(small) == 1
        or not _is_positive(site, rebuild(site.argument, _all_but(one, small)), values)
        or _is_positive(site, rebuild(site.argument, _only(one)), values)
    ]
    # The other bound of a clip is meant to be as far away.
    partners = [
        bound
        for part in walk(site.argument)
        if part.operation == "clip" and any(bound in needed for bound in part.operands)
        for bound in part.operands[1:]
        if bound in small and bound not in needed
    ]
    return (*needed, *partners)


def _all_but(one: Expression, small: list[Expression]) -> Callable[[Expression], Expression]:
    return lambda part: _enlarged(part) if part in small and part is not one else part


def _only(one: Expression) -> Callable[[Expression], Expression]:
    return lambda part: _enlarged(part) if part is one else part


def _enlarged(part: Expression) -> Expression:
    """The epsilon, larger: ``1 - 1e-15`` becomes ``1 - 2**-8``."""
    value = part.number
    if abs(value) <= LARGEST_EPSILON:
        return replace(part, number=_TRIAL_EPSILON if value > 0 else -_TRIAL_EPSILON)
    return replace(part, number=1 - _TRIAL_EPSILON if value < 1 else 1 + _TRIAL_EPSILON)


def _is_positive(site: Site, argument: Expression, values: Values) -> bool:
    return all(
        value is not None and 0 < value < inf
        for value in (evaluate(argument, values), evaluate(compiled(argument), values))
    )


def _outside(part: Expression, parents: dict[int, list[Expression]]) -> tuple[Expression | None, Expression | None]:
    """The sum of the result of an operation and a small number, and that number."""
    for parent in parents.get(id(part), ()):
        if parent.operation in ("add", "subtract"):
            for operand in parent.operands:
                if operand.operation == "number" and 0 < abs(operand.number) <= LARGEST_EPSILON:
                    return parent, operand
    return None, None


def _is_shared(root: Expression, part: Expression) -> bool:
    """Whether the ``1 - p`` in an operand is used elsewhere in the loss, be it written out again."""
    complements = [p for p in walk(part) if _complement(p) is not None]
    users = {
        id(parent)
        for parent in walk(root)
        for operand in parent.operands
        if any(_complement(operand) is _complement(inner) for inner in complements if _complement(operand) is not None)
    }
    return len(users) > 1


def _complement(part: Expression) -> Expression | None:
    """The p of ``1 - p``."""
    if part.operation != "subtract" or part.operands[0].operation != "number" or part.operands[0].number != 1:
        return None
    return stripped(part.operands[1])


# --- stable twins -----------------------------------------------------------------------------------------------------


def _written_out(argument: Expression) -> tuple[str, Expression] | None:
    """The function that computes the log of this without its overflow, and what it takes."""
    inner = stripped(argument)
    if inner.operation == "sigmoid":
        return "log_sigmoid", inner.operands[0]
    if inner.operation == "softmax":
        return "log_softmax", inner.operands[0]
    if inner.operation in ("add", "subtract"):
        first, second = (stripped(operand) for operand in inner.operands)
        if first.operation != "number":
            first, second = second, first
        if first.operation == "number" and first.number == 1:
            if second.operation == "exp" and inner.operation == "add":
                return "softplus", second.operands[0]
            if second.operation == "sigmoid" and inner.operation == "subtract":
                return "log_sigmoid of the negative", second.operands[0]
    return None


def _is_together(part: Expression, argument: Expression) -> bool:
    """Whether a log and what it is taken of are written in one function, or one in the other."""
    inner = stripped(argument)
    if inner.operation in ("add", "subtract"):
        sides = [stripped(operand) for operand in inner.operands]
        inner = next((side for side in sides if side.operation in ("exp", "sigmoid")), inner)
    if part.function is not None and part.function is inner.function:
        return True
    outer_node, inner_node = part.node, inner.node
    if outer_node is None or inner_node is None:
        return False
    start, end = _span(outer_node)
    inner_start, inner_end = _span(inner_node)
    return start <= inner_start and inner_end <= end


def _span(node: object) -> tuple[tuple[int, int], tuple[int, int]]:
    return (
        (getattr(node, "lineno", 0), getattr(node, "col_offset", 0)),
        (getattr(node, "end_lineno", 0) or 0, getattr(node, "end_col_offset", 0) or 0),
    )


# --- where ------------------------------------------------------------------------------------------------------------


def _where(site: Site, way: Way) -> Site | None:
    """The ``where`` whose test keeps the operand off 0 in the value, while the gradient still goes through it."""
    test, wanted, whole = way[-1]
    if not predicts(site.part):
        return None
    shared = set(inputs(test)) & set(inputs(site.argument))
    if not shared:
        return None

    def guess(source: Input) -> tuple[float, ...]:
        # What is not known is tested by the author: it can be 0.
        return values_to_try(source) or ((0.0, 1.0, -1.0) if source.key in shared else (1.0,))

    avoided: Site | None = None
    for values in assignments(_sources(site.argument, test, known_only=False), guess):
        results = evaluate_all(apply("where", test, site.argument, site.argument), values)
        decided, reached = results.get(id(test)), results.get(id(site.argument))
        if decided is None or reached is None or isnan(reached) or not _is_forbidden(site, reached):
            continue
        if bool(decided) is wanted:
            return None
        if avoided is not None:
            continue
        described = _described(site, values, reached, compiled=False)
        avoided = replace(described, kind="where", part=whole, inner=site.part, branch=wanted)
    return avoided
