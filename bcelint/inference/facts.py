"""Facts: what inference proved. Rules see nothing else, and a test can build every one of them by hand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf

from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.places import Place


@dataclass(frozen=True)
class Step:
    """A layer or operation between the output activation and the loss.

    ``kind`` is ``identity`` (the same tensor), ``cast`` (a linear activation in another dtype), ``reshape`` (the same
    values), ``dropout``, ``noise``, ``call`` (a nested model), ``numpy`` (``predict``), ``own`` (a layer that the
    configuration describes) or ``other``.
    """

    kind: str
    name: str
    place: Place | None = None


@dataclass(frozen=True)
class Head:
    """The tensor that meets a loss.

    Attributes:
        activation: the name of the last activation (``linear`` without one; ``""``: not from an activation).
        low, high: bounds of its values.
        units: the length of its last axis, where known.
        place: what makes the domain: the activation argument, the activation layer, or the layer call.
        layer: the call that makes the output layer, and ``layer_name`` its class.
        activation_argument: the value of the layer's ``activation`` argument, where it is written, and
            ``activation_keyword`` the whole ``activation=value``.
        explicit: whether the activation is written out (not a layer's default).
        steps: what comes after the activation, in order.
        literal: the values are written in the source, so that ``low`` and ``high`` are attained.
        eager_only: made by a TensorFlow function, whose logits Keras only finds in a graph.
        policy: the dtype policy that the file sets, if any; ``dtype`` is what the layer of the activation has of its
            own (``"?"``: something that is not known).
        declared: the values are what the configuration says of a layer or an activation of the user's.
        own_layer: the output layer is one that the configuration describes.
    """

    domain: Domain
    activation: str = ""
    low: float = -inf
    high: float = inf
    units: int | None = None
    place: Place | None = None
    layer: Place | None = None
    layer_name: str = ""
    activation_argument: Place | None = None
    activation_keyword: Place | None = None
    explicit: bool = True
    steps: tuple[Step, ...] = ()
    literal: bool = False
    eager_only: bool = False
    policy: str = ""
    dtype: str = ""
    declared: bool = False
    own_layer: bool = False

    @property
    def computed_in(self) -> str:
        """The dtype of the output of the activation's layer; what is not known is taken for float32."""
        named = self.policy if not self.dtype else "" if self.dtype == "?" else self.dtype
        return named.removeprefix("mixed_") or "float32"


class Spelling(str, Enum):
    """How a loss is written."""

    STRING = "string"
    CLASS = "class"
    FUNCTION = "function"
    NAME = "name"  # the class or function itself, not called


@dataclass(frozen=True)
class LossUse:
    """A loss as the code spells it.

    Attributes:
        name: what users call it.
        expects: what the prediction has to be, ``from_logits`` taken into account.
        takes_logits: whether the loss has a ``from_logits`` argument.
        flag: the value of that argument, where it is written, and ``flag_keyword`` the whole ``from_logits=value``
            (``None``: given by position).
        definition: the expression that makes the loss, and ``call`` the call that takes the flag.
        api: the canonical name that the code uses.
        flag_name: what ``from_logits`` is called, and ``default`` its value where it is not given.
        configured: known from the configuration: how it is computed is not known.
    """

    name: str
    family: Family
    expects: Expectation
    takes_logits: bool = False
    from_logits: bool = False
    flag: Place | None = None
    flag_keyword: Place | None = None
    definition: Place | None = None
    call: Place | None = None
    spelling: Spelling = Spelling.CLASS
    api: str = ""
    rescued: bool = False
    flag_name: str = "from_logits"
    default: bool = False
    configured: bool = False


class Context(str, Enum):
    """Where a head and a loss meet."""

    COMPILE = "compile"
    CALL = "call"
    CUSTOM_LOSS = "custom loss"


@dataclass(frozen=True)
class Pairing:
    """A head and a loss that meet at ``site``.

    Attributes:
        branch: the tests that have to come out as said for the two to meet, in words, for example
            ``num_classes == 2``; empty where they always meet.
        output: the name of the output, for a model with several.
        labels: ``one-hot``, ``sparse``, ``binary``, ``multi-hot`` or ``""`` where nothing in the code describes them.
        compile_site: the ``compile`` call that brings a custom loss in.
    """

    head: Head
    loss: LossUse
    site: Place
    context: Context = Context.COMPILE
    branch: tuple[str, ...] = ()
    output: str = ""
    labels: str = ""
    compile_site: Place | None = None
    backend: str = ""
    intent: str = ""


@dataclass(frozen=True)
class MetricUse:
    """A metric in ``compile``, with the losses that train the same output.

    Attributes:
        name: the class name, or ``accuracy`` for the shape-dependent string.
        string: the string as written, for metrics given by string.
        arguments: the arguments that are written, as source text by name.
        cut: the value of the argument that would make the metric right for logits: a number, a bool, ``None`` where it
            is not given, or ``"unknown"``.
        head: the output, ``None`` where nothing is known of it.
    """

    name: str
    place: Place
    loss: LossUse | None
    head: Head | None
    string: str | None = None
    call: Place | None = None
    positional: int = 0
    keywords: tuple[str, ...] = ()
    cut: float | bool | str | None = None
    cut_place: Place | None = None
    argument_text: str = ""
    branch: tuple[str, ...] = ()
    labels: str = ""


@dataclass(frozen=True)
class SingleUnitSoftmax:
    """A softmax over an axis of length 1.

    ``role`` is ``head`` (the output of a model, or what a loss gets) or ``inner`` (for example an attention score).
    """

    place: Place
    layer: Place | None
    role: str
    activation_argument: Place | None = None
    activation_keyword: Place | None = None
    layer_name: str = ""
    branch: tuple[str, ...] = ()
    loss: Place | None = None


@dataclass(frozen=True)
class Spelled:
    """A part of loss code: where it is, and what it says.

    ``atom`` says that an operator behind it takes all of it.
    """

    place: Place
    text: str
    atom: bool = True


@dataclass(frozen=True)
class LossFunction:
    """A function of the file that is a loss: what verification has to call.

    ``roles`` says of each parameter that it is known of whether it takes the ``labels`` or the ``prediction``.
    """

    name: str
    definition: Place
    roles: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Numeric:
    """An operation of loss code whose operand reaches a value that it must not have.

    Attributes:
        kind: ``log``, ``division``, ``power`` or ``where``.
        place: the operation, ``argument`` its operand, and ``statement`` the statement that it is in.
        blocks: the first statements of the blocks around it, the function's body first.
        api, function: the function that the loss code calls, by its canonical name and as it is spelled (``K.log``).
        dtype: what it is computed in.
        low, high: bounds of the operand.
        reached: the value that the operand takes, with ``witness``: inputs by name for which it does.
        compiled: only where a compiler has rewritten the expression; ``shared``: a part of it is used elsewhere too,
            which keeps TensorFlow's graph (but not XLA) from doing so.
        epsilon: the number that was meant to prevent this and rounds away, and ``epsilon_places`` where it is written,
            and as what.
        outside: a small number that is added behind the operation, and ``outer`` the sum; ``subtracted``: it is a
            difference.
        twin: the stable function for what is written out; ``operand`` is what it takes.
        inner: the operation in the branch of a ``where``, with the ``test`` and which ``branch`` that is.
        variable: the local variable that holds the probability, where the operand is made of it alone, and ``bound``
            the statement that gave it its value.
        operator: written as an operator, not as a call.
        labels_only: no prediction is in the operand.
        exponent: of a power.
        loss: the function that the operation makes a loss of, where it is one.
    """

    kind: str
    place: Place
    argument: Spelled | None = None
    statement: Place | None = None
    blocks: tuple[Place, ...] = ()
    bound: Place | None = None
    api: str = ""
    function: str = ""
    dtype: str = "float32"
    low: float = -inf
    high: float = inf
    reached: float = 0.0
    witness: tuple[tuple[str, float], ...] = ()
    compiled: bool = False
    shared: bool = False
    epsilon: float | None = None
    epsilon_places: tuple[tuple[Place, float], ...] = ()
    outside: Spelled | None = None
    outside_value: float = 0.0
    outer: Place | None = None
    subtracted: bool = False
    twin: str = ""
    operand: Spelled | None = None
    inner: Place | None = None
    inner_kind: str = ""
    test: str = ""
    branch: bool = True
    variable: str = ""
    operator: bool = False
    labels_only: bool = False
    exponent: float = 1.0
    loss: LossFunction | None = None


@dataclass(frozen=True)
class CustomLoss:
    """A loss that the file defines itself, as a whole.

    Attributes:
        name: of the function or class.
        place: what it returns (the expression), and ``definition`` its name.
        rises: for which labels (1 or 0) it gets better as the prediction gets worse; empty where it does not, or where
            that cannot be computed.
        cut: the operation that no gradient passes, where nothing else leads from the prediction to the loss.
        reduction: the reduction over the batch, where the loss returns one number for the whole of it, and whether it
            is the only one of all elements.
        compiled: the ``compile`` that it is given to.
        weights: where the model is trained with weights.
        loss: the function, where verification can call it.
    """

    name: str
    place: Place
    definition: Place | None = None
    rises: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    cut: Place | None = None
    cut_name: str = ""
    reduction: Place | None = None
    reduction_is_alone: bool = False
    compiled: Place | None = None
    weights: Place | None = None
    weights_name: str = ""
    loss: LossFunction | None = None


@dataclass(frozen=True)
class SwappedArguments:
    """A loss whose labels and prediction stand in each other's place.

    ``first`` and ``second`` are the two arguments or parameters; ``compiled`` is the ``compile`` that is given a
    function with swapped parameters, and ``function`` that; ``api`` is the canonical name of a loss that is called.
    """

    place: Place
    loss: str
    first: Place
    second: Place
    compiled: Place | None = None
    api: str = ""
    function: LossFunction | None = None


@dataclass(frozen=True)
class UncalledLoss:
    """What makes a loss, given to ``compile`` instead of the loss.

    ``kind`` is ``factory`` or ``class``; ``needs`` are the parameters that a call would have to give.
    """

    place: Place
    name: str
    kind: str
    definition: Place | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unresolved:
    """A head and a loss that meet, of which something could not be decided."""

    place: Place
    why: str


Fact = Pairing | MetricUse | SingleUnitSoftmax | Numeric | CustomLoss | SwappedArguments | UncalledLoss | Unresolved
