"""A loss that cannot be cut out, as bcelint reads it: the inferred expression, written down with ``keras.ops``.

That is code in the middle of a training step, in a session of TensorFlow 1, or of a layer. What is evaluated is the
formula, on the backend, at the inputs at which it is said to fail; whether the file was read rightly is not tested.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import isfinite

from bcelint.inference.numeric.expressions import Expression, Input, Role, walk

_CALLS = {
    **{
        name: f"ops.{name}({{0}})"
        for name in (
            *("abs", "square", "sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "sigmoid"),
            *("log_sigmoid", "softplus", "tanh", "relu", "sign", "round", "floor", "ceil", "stop_gradient"),
            *("ones_like", "zeros_like", "sum", "mean", "max", "min"),
        )
    },
    **{name: f"ops.{name}({{0}}, {{1}})" for name in ("maximum", "minimum", "divide_no_nan", "power")},
    # All elements of an input are alike here: the softmax of two classes, the other of which has the logit 0.
    "log_softmax": "ops.log_sigmoid({0})",
    "negative": "-{0}",
    "reciprocal": "1.0 / {0}",
    "not": "ops.logical_not({0})",
    "product": "ops.prod({0})",
    "identity": "{0}",
    "part": "{0}",
    "cast": 'ops.cast({0}, "{dtype}")',
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "squared_difference": "ops.square({0} - {1})",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "ops.equal({0}, {1})",
    "not_equal": "ops.not_equal({0}, {1})",
    "and": "ops.logical_and({0}, {1})",
    "or": "ops.logical_or({0}, {1})",
    "clip": "ops.clip({0}, {1}, {2})",
    "where": "ops.where({0}, {1}, {2})",
}
_ENTRY = "formula"


@dataclass(frozen=True)
class Formula:
    """The program: ``entry`` takes one tensor, whose rows are the values of ``inputs`` (each of any length)."""

    source: str
    entry: str
    inputs: tuple[Input, ...]

    def values(self, witness: Mapping[Hashable, float]) -> tuple[float, ...]:
        """The witness, by the keys of inputs, with something harmless for those that it does not have."""
        return tuple(witness.get(source.key, _harmless(source)) for source in self.inputs)

    @property
    def names(self) -> tuple[str, ...]:
        """What the inputs are called; what has no name is the prediction, as in ``facts.Numeric.witness``."""
        return tuple(source.name or "the prediction" for source in self.inputs)

    @property
    def predictions(self) -> tuple[int, ...]:
        """The rows through which training goes."""
        return tuple(i for i, source in enumerate(self.inputs) if source.role is Role.PREDICTION)


def formula(root: Expression) -> Formula | None:
    """The formula of an expression; ``None`` where it has an operation that Keras has no function for."""
    names: dict[int, str] = {}
    inputs: dict[Hashable, tuple[str, Input]] = {}
    lines: list[str] = []
    for part in walk(root):
        if part.source is not None:
            name, _ = inputs.setdefault(part.source.key, (f"values[{len(inputs)}]", part.source))
            names[id(part)] = name if part.dtype in ("", "float32") else f'ops.cast({name}, "{part.dtype}")'
        elif part.operation == "number":
            value = repr(part.number) if isfinite(part.number) else f'float("{part.number}")'
            names[id(part)] = f"({value})" if part.number < 0 else value
        elif part.operation in _CALLS:
            operands = [names[id(operand)] for operand in part.operands]
            template = _CALLS[part.operation]
            if "{2}" in template and len(operands) < 3:
                return None
            names[id(part)] = f"v{len(lines)}"
            dtype = part.dtype or "float32"
            lines.append(f"    v{len(lines)} = {template.format(*operands, dtype=dtype)}")
        else:
            return None
    body = "\n".join(lines)
    source = f"from keras import ops\n\n\ndef {_ENTRY}(values):\n{body}\n    return ops.sum({names[id(root)]})\n"
    return Formula(source, _ENTRY, tuple(source for _, source in inputs.values()))


def _harmless(source: Input) -> float:
    """A value from the middle of the range of an input."""
    if source.role is Role.PREDICTION and source.low < 0.5 < source.high:
        return 0.5
    if source.known and isfinite(source.low) and isfinite(source.high):
        return (source.low + source.high) / 2
    if source.known and isfinite(source.low):
        return source.low + 1.0
    if source.known and isfinite(source.high):
        return source.high - 1.0
    return 1.0
