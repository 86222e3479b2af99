"""Functions of Python, TensorFlow, Keras and numpy: one small function for each kind of effect, and tables of names."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from bcelint.inference import builtin_calls, paths, tensors
from bcelint.inference.model_calls import CHECKPOINT
from bcelint.inference.paths import PATH_CALLS
from bcelint.inference.values import (
    ENCODER,
    NONE,
    PLACEHOLDER,
    Api,
    Argument,
    Arguments,
    Class,
    Const,
    DictValue,
    Instance,
    ListValue,
    Model,
    Partial,
    Sequence,
    Super,
    Tensor,
    Unknown,
    Value,
    each,
    unknown_tensor,
)
from bcelint.knowledge import activations, operations
from bcelint.knowledge.domains import Domain
from bcelint.knowledge.names import canonical
from bcelint.reading.magics import RUN

if TYPE_CHECKING:
    from bcelint.inference.keras_api import KerasApi

ApiCall = Callable[["KerasApi", Arguments, ast.AST], Value]
TensorFunction = Callable[["KerasApi", Tensor, Arguments, ast.AST], Value]

# --- Python -----------------------------------------------------------------------------------------------------------


def _first(arguments: Arguments) -> Value:
    return arguments.positional[0].value if arguments.positional else Unknown("no argument")


def _len(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    value = _first(arguments)
    items = keras.items_of(value)
    if items is not None:
        return Const(len(items), node)
    if isinstance(value, Const) and isinstance(value.value, str):
        return Const(len(value.value), node)
    return Unknown("a length", ("len", value.key))


def _range(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    numbers = [
        a.value.value for a in arguments.positional if isinstance(a.value, Const) and isinstance(a.value.value, int)
    ]
    if len(numbers) == len(arguments.positional) and 1 <= len(numbers) <= 3 and (len(numbers) < 3 or numbers[2] != 0):
        span = range(*numbers)
        if not span or abs(span[-1] - span[0]) < 64 * abs(span.step):
            return Sequence(tuple(Const(i, node) for i in span))
    return Unknown("a range")


def _sequence(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    items = keras.items_of(_first(arguments)) if arguments.positional else []
    contents: Value = Sequence(tuple(items)) if items is not None else Unknown("a list")
    return ListValue(contents, node, keras.interpreter.open_loops)


def _zip(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    columns = [keras.items_of(a.value) for a in arguments.positional]
    known = [c for c in columns if c is not None]
    if len(known) != len(columns) or not known:
        return Unknown("a zip")
    return ListValue(Sequence(tuple(Sequence(row) for row in zip(*known, strict=False))))


def _enumerate(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    items = keras.items_of(_first(arguments))
    if items is None:
        return Unknown("an enumeration")
    return ListValue(Sequence(tuple(Sequence((Const(i, node), item)) for i, item in enumerate(items))))


def _reversed(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    items = keras.items_of(_first(arguments))
    return ListValue(Sequence(tuple(reversed(items)))) if items is not None else Unknown("a list")


def _dict(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    result = DictValue(node)
    first = _first(arguments)
    if arguments.positional:
        if isinstance(first, DictValue):
            result.store.update(first.store)
        else:
            result.store["*"] = Unknown("a dict")
    for name, argument in arguments.keywords.items():
        result.store[repr(name)] = argument.value
    if not arguments.complete:
        result.store["*"] = Unknown("a dict")
    return result


def _number(kind: type) -> ApiCall:
    def convert(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
        value = _first(arguments)
        if isinstance(value, Const):
            try:
                return Const(kind(value.value), node)
            except (TypeError, ValueError, OverflowError):
                return Unknown("a conversion")
        return Unknown("a conversion", (kind.__name__, value.key))

    return convert


def _bool(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    known = builtin_calls.known_truth(_first(arguments))
    return Const(known, node) if known is not None else Unknown("a truth value", ("bool", _first(arguments).key))


def _isinstance(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    value = _first(arguments)
    kind = arguments.positional[1].value if len(arguments.positional) > 1 else NONE
    if isinstance(kind, Api) and isinstance(value, Const):
        types = {"builtins.str": str, "builtins.int": int, "builtins.float": float, "builtins.bool": bool}
        if kind.name in types:
            return Const(isinstance(value.value, types[kind.name]), node)
    return Unknown("isinstance", ("isinstance", value.key, kind.key))


def _getattr(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    name = arguments.positional[1].value if len(arguments.positional) > 1 else NONE
    if isinstance(name, Const) and isinstance(name.value, str):
        return keras.get_attribute(_first(arguments), name.value, node)
    return Unknown("getattr")


def _setattr(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    if len(arguments.positional) == 3:
        owner, name, value = (a.value for a in arguments.positional)
        if isinstance(name, Const) and isinstance(name.value, str):
            keras.set_attribute(owner, name.value, value)
    return NONE


def _super(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``super()`` inside a method: the first parameter and the class of the running function."""
    frame = keras.interpreter.frames[-1]
    function = frame.function
    if len(arguments.positional) == 2:
        cls, instance = arguments.positional[0].value, arguments.positional[1].value
        if isinstance(cls, Class):
            return Super(instance, cls)
    if function is None or function.owner is None:
        return Unknown("super")
    names = function.node.args.args
    scope = keras.interpreter.scope
    while scope.function is not function and scope.parent is not None:
        scope = scope.parent
    instance = scope.store.get(names[0].arg, NONE) if names else NONE
    return Super(instance, function.owner)


def _exits(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    return Unknown("exits")


def _map(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    if len(arguments.positional) == 2:
        items = keras.items_of(arguments.positional[1].value)
        if items is not None and len(items) <= 12:
            function = arguments.positional[0].value
            return ListValue(
                Sequence(tuple(keras.interpreter.call(function, Arguments((Argument(i),)), node) for i in items))
            )
    return Unknown("a map")


def _partial(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    if not arguments.positional:
        return Unknown("partial")
    rest = Arguments(arguments.positional[1:], arguments.keywords, arguments.open_positional, arguments.open_keywords)
    return Partial(arguments.positional[0].value, rest, node)


def _pass_through(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """Decorators and wrappers that return what they are given (``tf.function(f)``, ``tqdm(items)``)."""
    first = arguments.get("func", "f", "iterable", position=0)
    return first.value if first is not None else Unknown("a decorator")


# --- Keras ------------------------------------------------------------------------------------------------------------


def _labelled_files(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``image_dataset_from_directory``: the labels are as ``label_mode`` says."""
    mode = arguments.keywords.get("label_mode")
    known = mode.value.value if mode is not None and isinstance(mode.value, Const) else None
    kinds = {"categorical": "one-hot", "int": "sparse", "binary": "binary"}
    kind = "sparse" if mode is None else kinds.get(known, "") if isinstance(known, str) else ""
    return unknown_tensor("batches", labels=kind)


def _encoder(kind: str) -> ApiCall:
    """An encoder of scikit-learn: what its ``fit_transform`` and ``transform`` return are labels of one kind."""

    def make(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
        return Unknown("an encoder of labels", (ENCODER, kind, id(node)))

    return make


def _dataset(*shape: int) -> ApiCall:
    """``keras.datasets.*.load_data()``: images, and class numbers."""

    def load(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
        part = Sequence((unknown_tensor("data", (None, *shape)), unknown_tensor("labels", labels="sparse")))
        return Sequence((part, part))

    return load


def _split(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``train_test_split``: each array in two parts, which keep all axes but the first."""

    def part(value: Value) -> Value:
        if isinstance(value, Tensor):
            return value.shaped((None, *value.dims[1:]) if value.dims else None, value.last)
        return Unknown("a part of an array")

    return Sequence(tuple(part(argument.value) for argument in arguments.positional for _ in range(2)))


def _placeholder(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    return keras.layers.reshaped(unknown_tensor(PLACEHOLDER), arguments.get("shape", position=1), with_batch=True)


def _get_loss(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = arguments.get("identifier", position=0)
    if first is None:
        return Unknown("losses.get")
    return each(first.value, lambda v: keras.pairing.loss_of(v, node))


def _get_metric(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = arguments.get("identifier", position=0)
    return first.value if first is not None else Unknown("metrics.get")


def _get_activation(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = arguments.get("identifier", position=0)
    if first is None:
        return Unknown("activations.get")
    if isinstance(first.value, Const) and isinstance(first.value.value, str):
        known = activations.BY_NAME.get(first.value.value)
        if known is None:
            return Unknown("an unknown activation")
        return Api(canonical(known.name) if known.configured else f"keras.activations.{known.name}", node)
    if isinstance(first.value, Const) and first.value.value is None:
        return Api("keras.activations.linear", node)
    return first.value


def _input(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    return keras.layers.input_tensor(arguments)


def _clone_model(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = arguments.get("model", "to_quantize", "to_prune", position=0)
    if first is None or not isinstance(first.value, (Model, Instance)):
        return Unknown("a copy of an unknown model")
    copy = Model("clone", node)
    copy.store["$outputs"] = keras.models.outputs(first.value)
    return copy


def _save_model(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    keras.models.save(arguments)
    return NONE


def _load_model(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    return keras.models.load(arguments, node)


def _from_configuration(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    return keras.models.from_configuration(_first(arguments), node)


def _checkpoint(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``ModelCheckpoint(path)``, which saves the model that it is given to."""
    path = arguments.get("filepath", position=0)
    weights = arguments.keywords.get("save_weights_only")
    if path is None or (weights is not None and builtin_calls.known_truth(weights.value) is not False):
        return Unknown("a callback")
    return Unknown("a callback", (CHECKPOINT, path.value.key))


def _set_policy(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = arguments.get("policy", "name", "dtype_policy", position=0)
    if first is not None and isinstance(first.value, Const) and isinstance(first.value.value, str):
        keras.policy = first.value.value
    return NONE


def _policy(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """A dtype policy: as good as its name."""
    first = arguments.get("name", position=0)
    return first.value if first is not None else Unknown("a dtype policy")


def _text(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = _first(arguments)
    return Const(first.path) if isinstance(first, paths.FilePath) else _number(str)(keras, arguments, node)


def _import_module(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``importlib.import_module("models.unet")``, and with ``package="models"`` one that is relative to it."""
    name, package = arguments.get("name", position=0), arguments.get("package", position=1)
    path = paths.text_of(name.value) if name is not None else None
    if path is None:
        return Unknown("a module")
    within = paths.text_of(package.value) if package is not None else None
    dotted = path.lstrip(".")
    level = len(path) - len(dotted)
    if level and within:
        parts = within.split(".")
        path, level = ".".join([*parts[: len(parts) - level + 1], dotted]), 0
    own = keras.interpreter.modules.find(path.lstrip("."), level)
    return own if own is not None else Api(canonical(path), node)


def _import_top(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``__import__("models.unet")`` gives ``models``."""
    name = paths.text_of(_first(arguments))
    if name is None:
        return Unknown("a module")
    top = name.partition(".")[0]
    return keras.interpreter.modules.find(top) or Api(canonical(top), node)


def _add_to_path(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``sys.path.append(folder)``, ``sys.path.insert(0, folder)``, ``sys.path.extend([folder])``."""
    if arguments.positional:
        keras.extend_path(arguments.positional[-1].value)
    return NONE


def _run_file(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``%run`` in a notebook."""
    path = _first(arguments)
    if isinstance(path, Const) and isinstance(path.value, str):
        keras.interpreter.modules.take_over(path.value)
    return NONE


def _set_backend(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = _first(arguments)
    if isinstance(first, Const) and isinstance(first.value, str):
        keras.backend = first.value
    return NONE


def _setdefault_environment(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    if len(arguments.positional) == 2:
        keras.set_item(Api("os.environ"), arguments.positional[0].value, arguments.positional[1].value)
    return Unknown("the environment")


def _labels(kind: str) -> ApiCall:
    def make(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
        count = arguments.get("num_classes", "nb_classes", "depth", position=1)
        length = count.value.value if count and isinstance(count.value, Const) else None
        return unknown_tensor("labels", last=length if isinstance(length, int) else None, labels=kind)

    return make


_INITIAL = "initial values"


def _variable(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """A trainable variable, made from initial values or from a shape; a variable that holds data is unknown."""
    initial = arguments.get("initial_value", "value", position=0)
    if initial is not None and isinstance(initial.value, Tensor):
        if initial.value.why == _INITIAL:
            return replace(initial.value, domain=Domain.REAL, low=-inf, high=inf, why="", node=node)
        return initial.value
    if initial is not None and not isinstance(initial.value, (Unknown, Const)):
        return keras.as_tensor(initial.value)
    shape = arguments.get("shape", position=1)
    return keras.variable(shape, node) if shape is not None else unknown_tensor("a variable")


def _random(domain: Domain = Domain.UNKNOWN) -> ApiCall:
    """Random or constant numbers of a given shape."""

    def make(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
        made = Tensor(domain, node=node, why=_INITIAL)
        shape = arguments.get("shape", "size", position=0)
        return keras.layers.reshaped(made, shape, with_batch=True)

    return make


# The first part of the symbol of what ``np.finfo`` returns; the second is the dtype.
FLOAT_INFO = "float info"


def _float_info(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    dtype = keras.arithmetic.dtype_named(_first(arguments))
    if isinstance(arguments.positional[0].value if arguments.positional else None, Api) and dtype == "float":
        dtype = "float64"
    return Unknown("np.finfo", (FLOAT_INFO, dtype)) if dtype in operations.FLOATS else Unknown("np.finfo")


def _epsilon(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    return Const(keras.arithmetic.epsilon, node) if keras.arithmetic.epsilon is not None else Unknown("the epsilon")


def _set_epsilon(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = _first(arguments)
    is_number = isinstance(first, Const) and isinstance(first.value, (int, float))
    keras.arithmetic.epsilon = float(first.value) if isinstance(first, Const) and is_number else None
    return NONE


def _floatx(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    return Const(keras.arithmetic.floatx, node)


def _set_floatx(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    first = _first(arguments)
    if isinstance(first, Const) and first.value in operations.FLOATS:
        keras.arithmetic.floatx = str(first.value)
    return NONE


API_CALLS: dict[str, ApiCall] = {
    "np.finfo": _float_info,
    "tf.experimental.numpy.finfo": _float_info,
    "jnp.finfo": _float_info,
    "keras.backend.epsilon": _epsilon,
    "keras.backend.set_epsilon": _set_epsilon,
    "keras.config.set_epsilon": _set_epsilon,
    "keras.backend.floatx": _floatx,
    "keras.config.floatx": _floatx,
    "keras.backend.set_floatx": _set_floatx,
    "keras.config.set_floatx": _set_floatx,
    "builtins.len": _len,
    "builtins.range": _range,
    "builtins.list": _sequence,
    "builtins.tuple": _sequence,
    "builtins.sorted": _sequence,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.reversed": _reversed,
    "builtins.dict": _dict,
    "builtins.int": _number(int),
    "builtins.float": _number(float),
    "builtins.str": _text,
    "builtins.bool": _bool,
    "builtins.isinstance": _isinstance,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.super": _super,
    "builtins.map": _map,
    "builtins.exit": _exits,
    "builtins.quit": _exits,
    "sys.exit": _exits,
    "os._exit": _exits,
    "collections.OrderedDict": _dict,
    "functools.partial": _partial,
    "tf.function": _pass_through,
    "tf.autograph.experimental.do_not_convert": _pass_through,
    "tf.recompute_grad": _pass_through,
    "jax.jit": _pass_through,
    "tqdm.tqdm": _pass_through,
    "tqdm.auto.tqdm": _pass_through,
    "tqdm.notebook.tqdm": _pass_through,
    "tqdm.tqdm_notebook": _pass_through,
    "keras.losses.get": _get_loss,
    "keras.losses.deserialize": _get_loss,
    "tf.losses.get": _get_loss,
    "keras.metrics.get": _get_metric,
    "tf.metrics.get": _get_metric,
    "keras.activations.get": _get_activation,
    "keras.activations.deserialize": _get_activation,
    "keras.Input": _input,
    "keras.models.clone_model": _clone_model,
    "keras.utils.multi_gpu_model": _clone_model,
    "tensorflow_model_optimization.sparsity.keras.prune_low_magnitude": _clone_model,
    "tensorflow_model_optimization.sparsity.keras.strip_pruning": _clone_model,
    "tensorflow_model_optimization.quantization.keras.quantize_model": _clone_model,
    "keras.models.load_model": _load_model,
    "keras.saving.load_model": _load_model,
    "keras.models.save_model": _save_model,
    "keras.saving.save_model": _save_model,
    "tf.saved_model.save": _save_model,
    "keras.callbacks.ModelCheckpoint": _checkpoint,
    "keras.models.model_from_config": _from_configuration,
    "keras.models.model_from_json": _from_configuration,
    "keras.models.model_from_yaml": _from_configuration,
    "keras.Model.from_config": _from_configuration,
    "keras.Sequential.from_config": _from_configuration,
    "keras.models.from_config": _from_configuration,
    "keras.mixed_precision.Policy": _policy,
    "keras.mixed_precision.DTypePolicy": _policy,
    "keras.mixed_precision.experimental.Policy": _policy,
    "keras.DTypePolicy": _policy,
    "keras.dtype_policies.DTypePolicy": _policy,
    "keras.mixed_precision.set_global_policy": _set_policy,
    "keras.mixed_precision.set_dtype_policy": _set_policy,
    "keras.mixed_precision.experimental.set_policy": _set_policy,
    "keras.config.set_dtype_policy": _set_policy,
    "keras.config.set_backend": _set_backend,
    "keras.utils.set_backend": _set_backend,
    "os.environ.setdefault": _setdefault_environment,
    "importlib.import_module": _import_module,
    "sys.path.append": _add_to_path,
    "sys.path.insert": _add_to_path,
    "sys.path.extend": _add_to_path,
    "builtins.__import__": _import_top,
    **PATH_CALLS,
    f"builtins.{RUN}": _run_file,
    "keras.utils.to_categorical": _labels("one-hot"),
    "keras.utils.np_utils.to_categorical": _labels("one-hot"),
    "keras.ops.one_hot": _labels("one-hot"),
    "keras.backend.one_hot": _labels("one-hot"),
    "tf.one_hot": _labels("one-hot"),
    "pandas.get_dummies": _labels("one-hot"),
    "keras.utils.image_dataset_from_directory": _labelled_files,
    "keras.utils.text_dataset_from_directory": _labelled_files,
    "keras.utils.audio_dataset_from_directory": _labelled_files,
    "keras.preprocessing.image_dataset_from_directory": _labelled_files,
    "keras.preprocessing.text_dataset_from_directory": _labelled_files,
    "sklearn.preprocessing.LabelBinarizer": _encoder("one-hot"),
    "sklearn.preprocessing.MultiLabelBinarizer": _encoder("multi-hot"),
    "keras.datasets.mnist.load_data": _dataset(28, 28),
    "keras.datasets.fashion_mnist.load_data": _dataset(28, 28),
    "keras.datasets.cifar10.load_data": _dataset(32, 32, 3),
    "keras.datasets.cifar100.load_data": _dataset(32, 32, 3),
    "sklearn.model_selection.train_test_split": _split,
    "sklearn.cross_validation.train_test_split": _split,
    "tf.placeholder": _placeholder,
    "keras.backend.placeholder": _placeholder,
    "tf.Variable": _variable,
    "tf.get_variable": _variable,
    "tf.contrib.eager.Variable": _variable,
    "keras.Variable": _variable,
    "keras.backend.variable": _variable,
}
_NORMAL = [
    "tf.random.normal",
    "tf.random.truncated_normal",
    "tf.random.stateless_normal",
    "tf.random_normal",
    "tf.truncated_normal",
    "keras.backend.random_normal",
    "keras.backend.truncated_normal",
    "keras.random.normal",
    "keras.random.truncated_normal",
    "np.random.normal",
    "np.random.randn",
    "np.random.standard_normal",
]
_INITIALISERS = [
    "tf.random.uniform",
    "tf.random_uniform",
    "tf.zeros",
    "tf.ones",
    "tf.fill",
    "np.zeros",
    "np.ones",
    "keras.backend.random_uniform",
    "keras.backend.zeros",
    "keras.backend.ones",
    "keras.ops.zeros",
    "keras.ops.ones",
    "keras.random.uniform",
]
API_CALLS |= dict.fromkeys(_NORMAL, _random(Domain.REAL)) | dict.fromkeys(_INITIALISERS, _random())


def _rank(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``K.ndim(x)``."""

    def of(value: Value) -> Value:
        if isinstance(value, Tensor) and value.dims is not None:
            return Const(len(value.dims), node)
        return Unknown("a rank", ("rank", value.serial if isinstance(value, Tensor) else value.key))

    first = arguments.get("x", "input", "a", position=0)
    return each(first.value, of) if first is not None else Unknown("a rank")


API_CALLS |= dict.fromkeys(("keras.backend.ndim", "keras.ops.ndim", "np.ndim"), _rank)


def _einsum(keras: KerasApi, arguments: Arguments, node: ast.AST) -> Value:
    """``tf.einsum("bik,bjk->bij", a, b)``: sums of products."""
    operands = [argument.value for argument in arguments.positional[1:]]
    if not operands:
        return unknown_tensor("a product of tensors of unknown range")

    def product(*parts: Value) -> Value:
        given = [keras.as_tensor(part) for part in parts]
        result = given[0]
        for other in given[1:]:
            result = keras.matrix_product(result, other, node)
        return tensors.without_shape(result) if len(given) > 1 else unknown_tensor("an einsum of one tensor")

    return keras.over(operands, product)


API_CALLS |= dict.fromkeys(("tf.einsum", "tf.linalg.einsum", "keras.ops.einsum", "np.einsum"), _einsum)

# --- tensors ----------------------------------------------------------------------------------------------------------


def _keep(kind: str, *, keeps_shape: bool = True) -> TensorFunction:
    def apply(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
        result = tensor.after(kind, _function_name(node), node)
        return result if keeps_shape else tensors.without_shape(result)

    return apply


def _literal(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return tensor


def _reshape(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    result = tensor.after("reshape", "reshape", node)
    return keras.layers.reshaped(result, arguments.get("shape", "newshape", position=1), with_batch=True)


def _flatten(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return tensors.flattened(tensor.after("reshape", "flatten", node))


def _expand(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    axis = arguments.get("axis", position=1)
    position = axis.value.value if axis and isinstance(axis.value, Const) else -1 if axis is None else None
    result = tensor.after("reshape", "expand_dims", node)
    if position == -1:
        return result.shaped((*tensor.dims, 1) if tensor.dims else None, 1)
    if isinstance(position, int) and tensor.dims and 0 <= position <= len(tensor.dims):
        return result.shaped((*tensor.dims[:position], 1, *tensor.dims[position:]))
    return tensors.without_shape(result)


def _reduce(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    """Mean, max and min: within the range of the values."""
    result = tensors.without_shape(tensor.after("other", _function_name(node), node))
    if tensor.domain in (Domain.SIMPLEX, Domain.LOG_SIMPLEX):
        return replace(result, domain=Domain.PROBABILITY if tensor.domain is Domain.SIMPLEX else Domain.INTERVAL)
    return result


def _sum(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    result = unknown_tensor("a sum over an axis")
    if tensor.domain is Domain.REAL:
        result = tensors.without_shape(tensor.after("other", "sum", node))
    elif tensors.is_known(tensor) and tensor.low >= 0 and tensor.high == inf:
        # Of probabilities it may be a few that exclude each other.
        result = Tensor(Domain.INTERVAL, 0.0, inf, node=node)
    return replace(result, below=tensor)


def _matmul(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    other = arguments.get("b", "y", "x2", "weights", position=1)
    return keras.matrix_product(tensor, keras.as_tensor(other.value) if other else unknown_tensor(), node)


def _unit_vectors(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return tensors.unit_vectors(tensor, node)


def _bias(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return (
        tensor.after("other", "bias_add", node)
        if tensor.domain is Domain.REAL
        else tensors.without_activation(tensor, node)
    )


def _convolution(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return Tensor(
        domain=Domain.REAL,
        activation="linear",
        node=node,
        layer_node=node,
        layer_name=_function_name(node),
        explicit=False,
    )


def _batch_norm(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return Tensor(
        domain=Domain.REAL,
        activation="linear",
        dims=tensor.dims,
        last=tensor.last,
        node=node,
        layer_node=node,
        layer_name=_function_name(node),
        explicit=False,
    )


def _binary(operator: str) -> TensorFunction:
    def apply(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
        first = arguments.get("x", "x1", "a", position=0)
        second = arguments.get("y", "x2", "b", position=1)
        if first is None or second is None:
            return unknown_tensor("arithmetic")
        left: Value = tensor if isinstance(first.value, Tensor) else first.value
        return keras.binary(operator, left, second.value, node)

    return apply


def _square(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return tensors.with_number("Pow", tensor, 2.0, node, reflected=False)


def _negative(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return tensors.negated(tensor, node)


def _absolute(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return tensors.absolute(tensor, node) if tensors.is_known(tensor) else tensors.without_activation(tensor, node)


def _log(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return tensors.logarithm(tensor, node)


def _number_of(argument: Argument | None) -> float | None:
    if argument is not None and isinstance(argument.value, Const) and isinstance(argument.value.value, (int, float)):
        return float(argument.value.value)
    return None


def _clip(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    low = arguments.get("clip_value_min", "min_value", "x_min", "a_min", position=1)
    high = arguments.get("clip_value_max", "max_value", "x_max", "a_max", position=2)
    return tensors.clipped(tensor, _number_of(low), _number_of(high), node)


def _maximum(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    other = arguments.get("y", "x2", position=1)
    number = _number_of(other)
    if number is None:
        return tensors.without_activation(tensor, node)
    return (
        tensors.clipped(tensor, number, inf, node)
        if tensors.is_known(tensor)
        else tensors.without_activation(tensor, node)
    )


def _minimum(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    other = arguments.get("y", "x2", position=1)
    number = _number_of(other)
    if number is None:
        return tensors.without_activation(tensor, node)
    return (
        tensors.clipped(tensor, -inf, number, node)
        if tensors.is_known(tensor)
        else tensors.without_activation(tensor, node)
    )


def _concatenate(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    values = arguments.get("values", "tensors", "xs", "arrays", position=0)
    items = keras.items_of(values.value) if values is not None else None
    if not items:
        return unknown_tensor("a concatenation")
    if isinstance(items[0], Const) and isinstance(items[0].value, int) and len(arguments.positional) > 1:
        items = keras.items_of(arguments.positional[1].value) or []  # TF 0: tf.concat(axis, values)
    return keras.over(
        items, lambda *parts: tensors.without_shape(tensors.union([keras.as_tensor(p) for p in parts], node))
    )


def _ones_like(keras: KerasApi, tensor: Tensor, arguments: Arguments, node: ast.AST) -> Value:
    return unknown_tensor("labels")


def _function_name(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _everywhere(*leaves: str) -> tuple[str, ...]:
    homes = ("tf", "tf.math", "keras.ops", "keras.backend", "np", "jnp")
    return tuple(leaf if "." in leaf else f"{home}.{leaf}" for leaf in leaves for home in homes)


_TENSOR_TABLE: tuple[tuple[TensorFunction, tuple[str, ...]], ...] = (
    (
        _literal,
        _everywhere(
            "tf.constant",
            "np.array",
            "np.asarray",
            "tf.convert_to_tensor",
            "keras.backend.constant",
            "keras.ops.array",
            "keras.ops.convert_to_tensor",
            "jnp.array",
            "keras.backend.get_value",
            "np.float32",
            "np.float64",
            "keras.ops.convert_to_numpy",
        ),
    ),
    (
        _keep("other"),
        _everywhere(
            "cast",
            "tf.dtypes.cast",
            "tf.dtypes.saturate_cast",
            "tf.to_float",
            "tf.to_double",
            "tf.broadcast_to",
            "stop_gradient",
            "ensure_shape",
            "tf.debugging.check_numerics",
            "tf.check_numerics",
            "astype",
            "keras.backend.cast_to_floatx",
        ),
    ),
    (_reshape, _everywhere("reshape")),
    (_flatten, ("keras.backend.batch_flatten", "tf.layers.flatten", "tf.contrib.layers.flatten")),
    (
        _keep("reshape", keeps_shape=False),
        _everywhere(
            "squeeze",
            "flatten",
            "ravel",
            "transpose",
            "gather",
            "take",
            "boolean_mask",
            "repeat",
            "tile",
            "permute_dimensions",
            "tf.gather_nd",
            "unstack",
            "split",
            "swapaxes",
            "moveaxis",
            "slice",
            "tf.strided_slice",
            "keras.backend.repeat_elements",
            "tf.image.resize_bilinear",
            "tf.image.resize_nearest_neighbor",
            "tf.reverse",
            "flip",
        ),
    ),
    (_expand, _everywhere("expand_dims")),
    (_reduce, _everywhere("reduce_mean", "reduce_max", "reduce_min", "mean", "max", "min", "amax", "amin")),
    (_sum, _everywhere("reduce_sum", "sum")),
    (_matmul, _everywhere("matmul", "dot", "tf.linalg.matmul", "tf.nn.xw_plus_b")),
    (_unit_vectors, _everywhere("l2_normalize", "tf.nn.l2_normalize")),
    (_bias, _everywhere("tf.nn.bias_add", "bias_add")),
    (_convolution, ("tf.nn.conv1d", "tf.nn.conv2d", "tf.nn.conv3d", "tf.nn.conv2d_transpose", "keras.backend.conv2d")),
    (_batch_norm, ("tf.layers.batch_normalization", "tf.contrib.layers.batch_norm", "tf.nn.batch_normalization")),
    (_binary("Add"), _everywhere("add")),
    (_binary("Sub"), _everywhere("subtract")),
    (_binary("Mult"), _everywhere("multiply")),
    (_binary("Div"), _everywhere("divide", "div", "truediv")),
    (_square, _everywhere("square")),
    (_negative, _everywhere("negative")),
    (_absolute, _everywhere("abs", "absolute")),
    (_log, _everywhere("log")),
    (_clip, _everywhere("clip", "clip_by_value")),
    (_maximum, _everywhere("maximum")),
    (_minimum, _everywhere("minimum")),
    (_concatenate, _everywhere("concat", "concatenate", "stack")),
    (_ones_like, _everywhere("ones_like", "zeros_like")),
)

TENSOR_FUNCTIONS: dict[str, TensorFunction] = {name: function for function, names in _TENSOR_TABLE for name in names}
