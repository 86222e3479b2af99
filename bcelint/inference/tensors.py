"""What activations, arithmetic and tensor functions do to the range and the shape of a tensor.

Everything here is a small function from tensors to a tensor; nothing knows of Python scopes or of losses.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf

from bcelint.inference.values import Dims, Step, Tensor, unknown_tensor
from bcelint.knowledge.activations import BY_NAME, Activation
from bcelint.knowledge.domains import Domain

Interval = tuple[float, float]

_KNOWN_UNIT = (Domain.PROBABILITY, Domain.SIMPLEX)


def classify(low: float, high: float) -> Domain:
    """The domain of a tensor whose values are known to fill an interval."""
    if low >= 0.0 and high <= 1.0:
        return Domain.PROBABILITY
    return Domain.REAL if low == -inf and high == inf else Domain.INTERVAL


def is_known(tensor: Tensor) -> bool:
    return tensor.domain is not Domain.UNKNOWN


# --- activations ------------------------------------------------------------------------------------------------------

_MONOTONE: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0,
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0.0),
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "softplus": lambda x: x if x > 700 else math.log1p(math.exp(x)),
    "exponential": lambda x: inf if x > 700 else math.exp(x),
    "softsign": lambda x: 1.0 if x == inf else -1.0 if x == -inf else x / (1 + abs(x)),
}


def activate(
    tensor: Tensor,
    activation: Activation,
    node: ast.AST | None,
    *,
    tensorflow_function: bool = False,
) -> Tensor:
    """The tensor behind an activation; ``linear`` keeps what is there."""
    if activation.name == "linear":
        if tensor.domain is Domain.UNKNOWN:
            return tensor
        return tensor.after("identity", "linear", node)
    low, high, domain = activation.low, activation.high, activation.domain
    image = _MONOTONE.get(activation.name)
    if image is not None and is_known(tensor) and (tensor.low > -inf or tensor.high < inf):
        low, high = max(low, image(tensor.low)), min(high, image(tensor.high))
        domain = classify(low, high)
    elif activation.name == "leaky_relu" and tensor.low >= 0 and is_known(tensor):
        return tensor.after("other", activation.name, node)
    return Tensor(
        domain=domain,
        low=low,
        high=high,
        activation=activation.name,
        dims=tensor.dims,
        last=tensor.last,
        node=node,
        layer=tensor.layer,
        layer_node=tensor.layer_node,
        layer_name=tensor.layer_name,
        argument=None,
        below=tensor,
        tensorflow_function=tensorflow_function,
    )


def named(name: str) -> Activation | None:
    return BY_NAME.get(name)


# --- shapes -----------------------------------------------------------------------------------------------------------


def flattened(tensor: Tensor) -> Tensor:
    """Everything but the batch axis in one."""
    dims = tensor.dims
    if dims is None or len(dims) < 2:
        return tensor.shaped(None, None)
    product: int | None = 1
    for length in dims[1:]:
        product = None if product is None or length is None else product * length
    return tensor.shaped((dims[0], product))


def global_pooled(tensor: Tensor) -> Tensor:
    return tensor.shaped((None, tensor.last))


def spatial(tensor: Tensor) -> Tensor:
    """The axes between batch and channels get other lengths."""
    dims = tensor.dims
    if dims is None or len(dims) < 3:
        return replace(tensor, dims=None)
    return tensor.shaped((dims[0], *(None for _ in dims[1:-1]), dims[-1]))


def with_last(tensor: Tensor, length: int | None) -> Tensor:
    dims = (*tensor.dims[:-1], length) if tensor.dims else None
    return tensor.shaped(dims, length)


def without_shape(tensor: Tensor) -> Tensor:
    return tensor.shaped(None, None)


def indexed(tensor: Tensor, picks: list[str], node: ast.AST) -> Tensor:
    """``tensor[...]``: ``picks`` has ``index``, ``slice``, ``ellipsis`` or ``new`` for each item of the subscript."""
    result = tensor.after("other", "index", node)
    dims: Dims | None = tensor.dims
    if dims is None or "ellipsis" in picks or len(picks) > len(dims) + picks.count("new"):
        touched_last = "ellipsis" in picks or dims is None
        result = result.shaped(None, None)
        if picks and picks[-1] == "new":
            result = replace(result, last=1)
        return _weaker(result) if touched_last else result
    out: list[int | None] = []
    position = 0
    keeps_last = True
    for pick in picks:
        if pick == "new":
            out.append(1)
            continue
        if position == len(dims) - 1 and pick != "full":
            keeps_last = False
        if pick == "full":
            out.append(dims[position])
        elif pick == "slice":
            out.append(None)
        position += 1
    out += dims[position:]
    result = result.shaped(tuple(out)) if out else result.shaped(None, None)
    return result if keeps_last else _weaker(result)


def _weaker(tensor: Tensor) -> Tensor:
    """A simplex of which a part was taken is still a set of probabilities."""
    if tensor.domain is Domain.SIMPLEX:
        return replace(tensor, domain=Domain.PROBABILITY)
    if tensor.domain is Domain.LOG_SIMPLEX:
        return replace(tensor, domain=Domain.INTERVAL)
    return tensor


# --- arithmetic -------------------------------------------------------------------------------------------------------


def _made(low: float, high: float, domain: Domain, base: Tensor, node: ast.AST) -> Tensor:
    """The result of arithmetic on ``base``: its shape, a new range, and no activation of its own."""
    return replace(
        base,
        domain=domain,
        low=low,
        high=high,
        steps=(*base.steps, Step("other", "arithmetic", node)),
        name=None,
        activation=base.activation if (domain, low, high) == (base.domain, base.low, base.high) else "",
        node=base.node if domain is base.domain else node,
        argument=base.argument if domain is base.domain else None,
        below=base,
        labels="",
        literal=False,
    )


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def with_number(operator: str, tensor: Tensor, number: float, node: ast.AST, *, reflected: bool) -> Tensor:
    """``tensor op number``, or ``number op tensor`` where ``reflected``."""
    if not is_known(tensor):
        if operator == "Pow" and not reflected and number > 0 and number % 2 == 0:
            return _made(0.0, inf, Domain.INTERVAL, tensor, node)
        return without_activation(tensor, node)
    low, high = tensor.low, tensor.high
    if operator == "Add":
        ends = (low + number, high + number)
    elif operator == "Sub":
        ends = (number - high, number - low) if reflected else (low - number, high - number)
    elif operator == "Mult":
        ends = (_times(low, number), _times(high, number))
    elif operator == "Div" and not reflected and number:
        ends = (low / number, high / number)
    elif operator == "Div" and reflected and low > 0:
        ends = (number / high if high < inf else 0.0, number / low)
        if number == 1 and low == 1 and high == inf and _has_exponential(tensor):
            made = _made(0.0, 1.0, Domain.PROBABILITY, tensor, node)
            return replace(made, activation="sigmoid", steps=(Step("other", "arithmetic", node),), node=node)
    elif operator == "Div" and reflected and low == 0:
        ends = (0.0 if number >= 0 else -inf, inf if number >= 0 else 0.0)
    elif operator == "Pow" and not reflected:
        ends = _power(low, high, number)
    else:
        return without_activation(tensor, node)
    low, high = min(ends), max(ends)
    if math.isnan(low) or math.isnan(high):
        return without_activation(tensor, node)
    if (low, high) == (tensor.low, tensor.high) and operator in ("Add", "Sub", "Mult", "Div"):
        domain = tensor.domain
        if domain in (Domain.SIMPLEX, Domain.LOG_SIMPLEX) and not _keeps_exactly(operator, number, reflected):
            domain = classify(low, high)
    else:
        domain = classify(low, high)
    # The ends of a literal's range are values of it, and so are their images.
    return replace(_made(low, high, domain, tensor, node), literal=tensor.literal)


def _keeps_exactly(operator: str, number: float, reflected: bool) -> bool:
    return not reflected and (number == 0 if operator in ("Add", "Sub") else number == 1)


def _power(low: float, high: float, exponent: float) -> Interval:
    try:
        if exponent > 0 and exponent % 2 == 0:
            top = max(abs(low), abs(high)) ** exponent
            return (0.0 if low <= 0 <= high else min(abs(low), abs(high)) ** exponent, top)
        if exponent > 0 and low >= 0:
            return (low**exponent, high**exponent)
    except OverflowError:
        pass
    return (-inf, inf)


def _has_exponential(tensor: Tensor | None) -> bool:
    for _ in range(4):
        if tensor is None:
            return False
        if tensor.activation == "exponential":
            return True
        tensor = tensor.below
    return False


def without_activation(tensor: Tensor, node: ast.AST, why: str = "") -> Tensor:
    """Same shape, nothing known of the values."""
    return Tensor(dims=tensor.dims, last=tensor.last, node=node, why=why or tensor.why, below=tensor)


def negated(tensor: Tensor, node: ast.AST) -> Tensor:
    if tensor.domain is Domain.REAL:
        return tensor.after("other", "negation", node)
    return with_number("Sub", tensor, 0.0, node, reflected=True)


def broadcast(a: Tensor, b: Tensor) -> Tensor:
    """The shape of an elementwise result, as far as both shapes tell."""
    if a.dims is not None and b.dims is not None and len(a.dims) == len(b.dims):
        return Tensor().shaped(tuple(_longer(x, y) for x, y in zip(a.dims, b.dims, strict=True)))
    return Tensor().shaped(None, _longer(a.last, b.last))


def _longer(x: int | None, y: int | None) -> int | None:
    """The length of an axis of two operands: an axis of length 1 is stretched."""
    if x == y:
        return x
    if x == 1 or y == 1:
        return y if x == 1 else x  # an unknown length stays unknown: it may be 1 or not
    return x if x is not None else y


def combined(operator: str, a: Tensor, b: Tensor, node: ast.AST) -> Tensor:
    """``a op b`` for two tensors."""
    shape = broadcast(a, b)
    if operator == "Div" and a.activation == "exponential" and b.below is not None and b.below.serial == a.serial:
        # exp(z) / sum(exp(z)): a softmax by hand
        return replace(a, domain=Domain.SIMPLEX, low=0.0, high=1.0, activation="softmax", node=node, below=a)
    if operator == "Div" and _is_complement(b, a):
        # The odds p / (1 - p), whose log are logits: of no layer of their own.
        return Tensor(Domain.INTERVAL, 0.0, inf, dims=shape.dims, last=shape.last, node=node)
    if operator == "Div" and _is_raised(b, a):
        # z / (z + 1) for a z that is not negative
        return _result(Domain.PROBABILITY, 0.0, 1.0, shape, a, node)
    real = Domain.REAL in (a.domain, b.domain)
    both = is_known(a) and is_known(b)
    if operator == "Add" and real:
        return _result(Domain.REAL, -inf, inf, shape, a if a.domain is Domain.REAL else b, node)
    if _stays_real(operator, a):
        return _result(Domain.REAL, -inf, inf, shape, a, node)
    if operator == "Mult" and _stays_real(operator, b):
        return _result(Domain.REAL, -inf, inf, shape, b, node)
    if not both:
        return unknown_tensor("arithmetic on a tensor of unknown range", shape.dims, shape.last)
    if operator == "Add":
        ends = (a.low + b.low, a.high + b.high)
    elif operator == "Sub":
        if real:
            return unknown_tensor("a difference of tensors", shape.dims, shape.last)
        ends = (a.low - b.high, a.high - b.low)
    elif operator == "Mult":
        products = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
        ends = (min(products), max(products))
    else:
        return unknown_tensor("arithmetic on tensors", shape.dims, shape.last)
    if math.isnan(ends[0]) or math.isnan(ends[1]):
        return unknown_tensor("arithmetic on tensors", shape.dims, shape.last)
    return _result(classify(*ends), *ends, shape, a, node)


def _is_raised(tensor: Tensor, base: Tensor) -> bool:
    """Whether a tensor is ``base`` and a positive number, for a ``base`` that is any number from 0 up."""
    return tensor.below is base and 0 <= base.low < tensor.low and base.high == tensor.high == inf


def _is_complement(tensor: Tensor, probability: Tensor) -> bool:
    """Whether a tensor is ``1 - probability``."""
    made_by = tensor.steps[-1].node if tensor.steps else None
    subtracts = isinstance(made_by, ast.BinOp) and isinstance(made_by.op, ast.Sub) and tensor.below is probability
    within = is_known(probability) and probability.low >= 0 and probability.high <= 1
    return subtracts and within and (tensor.low, tensor.high) == (1 - probability.high, 1 - probability.low)


def _stays_real(operator: str, tensor: Tensor) -> bool:
    """Whether a tensor stays one of any number when it is multiplied with or divided by something that is not known."""
    return operator in ("Mult", "Div") and tensor.domain is Domain.REAL


def with_unknown(operator: str, tensor: Tensor, node: ast.AST, *, reflected: bool) -> Tensor:
    """``tensor op x``, or ``x op tensor`` where ``reflected``, for an ``x`` that is not known."""
    if operator == "Add" and tensor.domain is Domain.REAL:
        return tensor.after("other", "addition", node)
    if _stays_real(operator, tensor) and not (reflected and operator == "Div"):
        return _result(Domain.REAL, -inf, inf, tensor, tensor, node)
    return unknown_tensor("arithmetic with an unknown value", tensor.dims, tensor.last)


def unit_vectors(tensor: Tensor, node: ast.AST) -> Tensor:
    """Vectors of length 1: no element is beyond 1, and none has another sign than before."""
    if not is_known(tensor):
        return without_activation(tensor, node)
    low, high = (0.0 if tensor.low >= 0 else -1.0), (0.0 if tensor.high <= 0 else 1.0)
    return Tensor(classify(low, high), low, high, dims=tensor.dims, last=tensor.last, node=node, below=tensor)


def takes_both_signs(tensor: Tensor) -> bool:
    return is_known(tensor) and tensor.low < 0 < tensor.high


def _result(domain: Domain, low: float, high: float, shape: Tensor, base: Tensor, node: ast.AST) -> Tensor:
    return Tensor(
        domain=domain,
        low=low,
        high=high,
        dims=shape.dims,
        last=shape.last,
        node=base.node if domain is Domain.REAL else node,
        layer=base.layer,
        layer_node=base.layer_node,
        layer_name=base.layer_name,
        explicit=base.explicit,
        activation=base.activation if domain is Domain.REAL else "",
        steps=(*base.steps, Step("other", "arithmetic", node)),
    )


def absolute(tensor: Tensor, node: ast.AST) -> Tensor:
    low = 0.0 if tensor.low <= 0 <= tensor.high else min(abs(tensor.low), abs(tensor.high))
    high = max(abs(tensor.low), abs(tensor.high))
    return _made(low, high, classify(low, high) if high < inf else Domain.INTERVAL, tensor, node)


def logarithm(tensor: Tensor, node: ast.AST) -> Tensor:
    """The log of a tensor: of a simplex, valid logits; of a probability, at most 0; otherwise unknown."""
    if tensor.domain is Domain.SIMPLEX:
        made = _made(-inf, 0.0, Domain.LOG_SIMPLEX, tensor, node)
        return replace(made, activation="log_softmax", node=node)
    if tensor.domain is Domain.PROBABILITY:
        made = _made(-inf, 0.0, Domain.INTERVAL, tensor, node)
        return replace(made, activation="log_sigmoid" if tensor.activation == "sigmoid" else "log")
    if tensor.domain is Domain.INTERVAL and tensor.low >= 0 and tensor.high == inf:
        return _made(-inf, inf, Domain.REAL, tensor, node)
    return without_activation(tensor, node)


def clipped(tensor: Tensor, low: float | None, high: float | None, node: ast.AST) -> Tensor:
    """Cut to [low, high]; ``None``: a bound that is not known."""
    if low is None or high is None:
        if tensor.domain in _KNOWN_UNIT:
            return tensor.after("other", "clip", node)
        return without_activation(tensor, node)
    new_low, new_high = max(low, tensor.low), min(high, tensor.high)
    if tensor.domain in _KNOWN_UNIT and new_low >= 0.0 and new_high <= 1.0:
        return tensor.after("other", "clip", node, low=new_low, high=new_high)
    made = _made(new_low, new_high, classify(new_low, new_high), tensor, node)
    return replace(made, activation="")


def union(tensors: Iterable[Tensor], node: ast.AST | None) -> Tensor:
    """One tensor whose values come from several: concatenation, maximum, where."""
    parts = list(tensors)
    if not parts or not all(is_known(part) for part in parts):
        return unknown_tensor("one of several tensors has an unknown range")
    first = parts[0]
    if len(parts) == 1:
        return first
    domains = {part.domain for part in parts}
    low, high = min(part.low for part in parts), max(part.high for part in parts)
    if Domain.REAL in domains:
        domain = Domain.REAL
        low, high = -inf, inf
    elif domains <= {Domain.PROBABILITY, Domain.SIMPLEX}:
        domain = Domain.PROBABILITY
    elif len(domains) == 1:
        domain = first.domain
    else:
        domain = classify(low, high)
    activations = {part.activation for part in parts}
    return Tensor(
        domain=domain,
        low=low,
        high=high,
        activation=first.activation if len(activations) == 1 else "",
        node=first.node,
        layer=first.layer,
        layer_node=first.layer_node,
        layer_name=first.layer_name,
        explicit=first.explicit,
        steps=(*first.steps, Step("other", "combination", node)),
    )
