"""Evaluates a head with its loss, as ``fit`` does and as a call does, over pre-activations.

No code of the user is run: the head is built from layers whose weights let the pre-activation through unchanged.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bcelint.verify.worker.backends import Backend, Function, Tensor, listed
from bcelint.verify.worker.errors import in_words
from bcelint.verify.worker.stand_ins import STAND_INS

# tf.keras.backend is only there with TensorFlow; what Keras 3 has in its place.
_HOMES_OF_BACKEND = "keras.backend."


class Unavailable(Exception):
    """What an experiment needs is not there on this backend."""


def evaluate(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Losses and gradients for every mode, by label; see ``bcelint.verify.results.PairResult``."""
    import keras

    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(request["policy"])
        return _evaluate(request, backend)
    finally:
        keras.config.set_dtype_policy(before)


def _evaluate(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    loss = _Loss(request, backend)
    head = _Head(request, backend)
    z = np.asarray(request["z"], dtype="float32")
    modes: dict[str, Any] = {}
    errors: dict[str, str] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inputs = _inputs(request, backend, z)
        function = (_in_fit if request["in_fit"] else _in_call)(head, loss)
        for mode in _modes(request, backend):
            if mode == "eager" and backend.name == "jax":
                modes[mode] = _losses(request, backend, mode, function, inputs, errors)
            else:
                modes[mode] = _sweep(request, backend, inputs, mode, function, errors)
        predict = backend.forward(lambda x: head(x, training=False))
        predictions = backend.array(predict(inputs))
        if request["in_fit"]:
            modes["batch"] = _on_batch(request, head, loss)
            if "eager" in modes:
                modes["called"] = _losses(request, backend, "called", _in_call(head, loss), inputs, errors)
        # On the numbers that the head predicts: nothing is known of where they come from.
        numbers = backend.tensor(predictions.astype("float32"))
        modes["detached"] = _losses(request, backend, "detached", _on_numbers(loss), numbers, errors)
    said = list(dict.fromkeys(str(w.message) for w in caught if "logits" in str(w.message)))
    return {
        "modes": modes,
        "predictions": listed(predictions[:, 0]),
        "warnings": said[:3],
        "errors": errors,
        "notes": loss.notes,
    }


def _modes(request: dict[str, Any], backend: Backend) -> tuple[str, ...]:
    """How the loss is run, the way that ``fit`` has first.

    On JAX running eagerly means to compile each operation for itself and for every shape: that takes seconds, and is
    only done where the program may do so, too. What ``predict`` returned cannot get into compiled code.
    """
    if any(kind == "numpy" for kind, _, _ in request["steps"]):
        return ("eager",)
    if backend.name == "jax" and request["in_fit"]:
        return ("graph",)
    return tuple(mode for mode in backend.modes if mode != "XLA")


# --- what goes in -----------------------------------------------------------------------------------------------------


def _inputs(request: dict[str, Any], backend: Backend, z: Any) -> Tensor:
    """Pre-activations of shape (N, units): all units alike for a binary loss, the others 0 for a categorical one."""
    units = request["units"]
    if request["form"] == "binary" or units == 1:
        return backend.tensor(np.repeat(z[:, None], units, axis=1))
    return backend.tensor(np.concatenate([z[:, None], np.zeros((len(z), units - 1), "float32")], axis=1))


def _labels(request: dict[str, Any], count: int, label: int) -> Any:
    """The labels of N examples: ``label`` says whether the unit that is swept is (part of) the true class."""
    units, form = request["units"], request["form"]
    if form == "binary" or (form == "categorical" and units == 1):
        return np.full((count, units), label, dtype="float32")
    index = label if units == 1 else 1 - label
    if form == "sparse":
        return np.full((count,), index, dtype="int32")
    return np.tile(np.eye(units, dtype="float32")[index], (count, 1))


# --- the parts --------------------------------------------------------------------------------------------------------


class _Head:
    """From pre-activations to the prediction: layers, or functions as a training loop calls them."""

    def __init__(self, request: dict[str, Any], backend: Backend) -> None:
        import keras

        self._backend = backend
        self.detaches = any(kind == "numpy" for kind, _, _ in request["steps"])
        inputs = keras.Input((request["units"],))
        outputs = _activated(request, inputs, backend)
        for kind, name, amount in request["steps"]:
            outputs = _after(kind, name, amount, outputs, request["units"])
        self.model = keras.Model(inputs, outputs)
        self.inputs, self.outputs = inputs, outputs
        # A function that is called on a tensor: no layer is in between.
        self._function = None
        if request["applied"] != "layer" and not request["steps"] and not request["in_fit"]:
            self._function = _function_of(request, backend)

    def __call__(self, z: Tensor, *, training: bool) -> Tensor:
        return self.model(z, training=training) if self._function is None else self._function(z)


def _activated(request: dict[str, Any], inputs: Any, backend: Backend) -> Any:
    import keras

    activation = request["activation"]
    dtype = request["dtype"] or None
    if request["applied"] != "layer":
        function = _function_of(request, backend)
        return keras.layers.Activation(function, dtype=dtype)(inputs)
    # On JAX, where no layer leaves a trace, compiling the product with a matrix would take most of the time.
    if request["layer"] == "Dense" and request["units"] <= 64 and backend.name != "jax":
        return keras.layers.Dense(request["units"], activation=activation, kernel_initializer=_identity, dtype=dtype)(
            inputs
        )
    return keras.layers.Activation(activation, dtype=dtype)(inputs)


def _identity(shape: tuple[int, int], dtype: str) -> Tensor:
    """A kernel that changes nothing, made without computing."""
    import keras

    return keras.ops.convert_to_tensor(np.eye(shape[0], shape[1], dtype="float32"), dtype=dtype)


def _function_of(request: dict[str, Any], backend: Backend) -> Callable[[Tensor], Tensor]:
    """The activation as code calls it: TensorFlow's function, or that of Keras."""
    import keras

    name = request["activation"]
    if request["applied"] == "tensorflow function" and backend.name == "tensorflow":
        import tensorflow as tf

        function = getattr(tf.nn, name, None) or getattr(tf.math, name, None)
        if function is not None:
            return function  # type: ignore[no-any-return]
    return keras.activations.get(name)  # type: ignore[no-any-return]


def _after(kind: str, name: str, amount: float, x: Any, units: int) -> Any:
    """What comes after the activation. A step of which only the kind is known stands for all that do the same."""
    import keras

    layers = keras.layers
    if kind == "dropout":
        return layers.Dropout(amount, seed=7)(x)
    if kind == "noise":
        return layers.GaussianNoise(amount, seed=7)(x)
    if kind == "cast":
        return layers.Activation("linear", dtype="float32")(x)
    if kind == "call":
        inner = keras.Input((units,))
        return keras.Model(inner, layers.Activation("linear")(inner))(x) if name == "wrapped" else x
    if kind == "identity":
        if name == "Dropout":
            return layers.Dropout(0.0)(x)
        if name == "Identity":
            return layers.Identity()(x)
        # A function is no layer, which would cast to the dtype of the policy.
        return x if name == "linear" else layers.Activation("linear")(x)
    if kind == "reshape":
        return layers.Reshape((units,))(x)
    if kind == "numpy":
        return x
    return x * 1.0


class _Loss:
    """The loss as the code spells it, for one value per example."""

    def __init__(self, request: dict[str, Any], backend: Backend) -> None:
        import keras

        spec = request["loss"]
        self.notes: list[str] = []
        self.arguments = dict(spec["arguments"])
        self.is_class = spec["is_class"]
        target = self._resolve(spec["target"], backend)
        if self.is_class:
            self._plain: Callable[[], Any] = lambda: target(**self.arguments)
            self.each = target(**self.arguments, reduction=None)
            self._call = self.each
        else:
            first, second = spec["order"]
            extra = self.arguments
            if getattr(target, "__module__", "").startswith("tensorflow.python.ops.losses"):
                extra = {**extra, "reduction": "none"}

            def call(y: Any, p: Any) -> Any:
                return target(**{first: y, second: p}, **extra)

            def compiled(y: Any, p: Any) -> Any:
                # Keras makes the labels of a compiled loss floats; the code around TensorFlow's functions undoes that.
                is_index = spec["target"].startswith("tf.") and request["form"] == "sparse"
                return call(keras.ops.cast(y, "int64") if is_index else y, p)

            self._call = call
            self.each = _each(compiled)
            self._plain = lambda: compiled

    def _resolve(self, target: str, backend: Backend) -> Any:
        import keras

        package, _, rest = target.partition(".")
        if target in STAND_INS:
            self.notes.append(f"`{target}` is evaluated by the formula of its documentation")
            return STAND_INS[target]
        if package == "tf" and backend.name != "tensorflow":
            raise Unavailable(f"`{target}` is TensorFlow's")
        if target.startswith(_HOMES_OF_BACKEND):
            if backend.name != "tensorflow":
                self.notes.append(f"`{target}` is evaluated as `keras.ops.{rest.partition('.')[2]}`")
                root: Any = keras.ops
            else:
                import tensorflow as tf

                root = tf.keras.backend
            names = rest.partition(".")[2]
        elif package == "tf":
            import tensorflow as tf

            root, names = tf, rest
            if rest.startswith("losses."):
                root = keras if hasattr(keras.losses, rest.removeprefix("losses.")) else tf.compat.v1
        else:
            root, names = keras, rest
        for name in names.split("."):
            if not hasattr(root, name):
                raise Unavailable(f"`{target}` does not exist in this version")
            root = getattr(root, name)
        return root

    def as_compiled(self) -> Any:
        """What ``compile`` is given."""
        return self._plain()

    def called(self, y: Any, p: Tensor) -> Tensor:
        """The loss called on a prediction, as a training loop does."""
        return self._call(y, p)


def _each(function: Callable[[Any, Any], Any]) -> Any:
    """What ``compile`` makes of a function, without the mean over the examples."""
    import keras

    class Each(keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return function(y_true, y_pred)

    return Each(reduction=None)


# --- running ----------------------------------------------------------------------------------------------------------


def _in_call(head: _Head, loss: _Loss) -> Function:
    """The loss of each example, called on the tensor that the head returns."""

    def evaluate(z: Tensor, y: Tensor) -> Tensor:
        import keras

        p = head(z, training=True)
        if head.detaches:
            p = keras.ops.stop_gradient(p) * 1.0
        return _for_each(loss.called(y, p))

    return evaluate


def _on_numbers(loss: _Loss) -> Function:
    """The loss of each example, called on numbers."""
    return lambda p, y: _for_each(loss.called(y, p))


def _in_fit(head: _Head, loss: _Loss) -> Function:
    """The loss of each example as ``train_step`` computes it: that of a compiled model, without the mean over them."""
    import keras

    model = keras.Model(head.inputs, head.outputs)
    model.compile(optimizer="sgd", loss=loss.each)

    def evaluate(z: Tensor, y: Tensor) -> Tensor:
        return _for_each(model.compute_loss(x=z, y=y, y_pred=model(z, training=True)))

    return evaluate


def _for_each(value: Tensor) -> Tensor:
    """One loss for each example: the mean over all axes but the first."""
    import keras

    axes = tuple(range(1, len(value.shape)))
    return keras.ops.mean(value, axis=axes) if axes else value


def _sweep(
    request: dict[str, Any], backend: Backend, inputs: Tensor, mode: str, function: Function, errors: dict[str, str]
) -> dict[str, Any]:
    run = backend.compiled(function, mode, quickly=True)
    found: dict[str, Any] = {}
    for label in (0, 1):
        y = _labels(request, len(inputs), label)
        try:
            with backend.untracked():
                values, gradient = run(inputs, backend.tensor(y, str(y.dtype)))
        except Exception as error:
            errors[f"{mode} {label}"] = in_words(error)
            continue
        if gradient is None:
            slopes = None
        elif request["form"] == "binary" or request["units"] == 1:
            slopes = gradient.sum(axis=1)
        else:
            slopes = gradient[:, 0]
        found[str(label)] = {"loss": listed(values), "gradient": None if slopes is None else listed(slopes)}
    return found


def _losses(
    request: dict[str, Any],
    backend: Backend,
    name: str,
    function: Function,
    inputs: Tensor,
    errors: dict[str, str],
) -> dict[str, Any]:
    """What a function gives, without its gradient."""
    run = function if name == "eager" else backend.forward(function)
    found: dict[str, Any] = {}
    for label in (0, 1):
        y = _labels(request, len(inputs), label)
        try:
            with backend.untracked():
                values = run(inputs, backend.tensor(y, str(y.dtype)))
        except Exception as error:
            errors[f"{name} {label}"] = in_words(error)
            continue
        found[str(label)] = {"loss": listed(backend.array(values)), "gradient": None}
    return found


def _on_batch(request: dict[str, Any], head: _Head, loss: _Loss) -> dict[str, Any]:
    """``test_on_batch`` of the compiled model, for a few pre-activations and one label after the other."""
    import keras

    model = keras.Model(head.inputs, head.outputs)
    model.compile(optimizer="sgd", loss=loss.as_compiled())
    found: dict[str, Any] = {}
    some = np.asarray(request["batch"], dtype="float32")
    for label in (0, 1):
        inputs = np.repeat(some[:, None], request["units"], axis=1)
        if request["form"] != "binary":
            inputs[:, 1:] = 0
        try:
            value = model.test_on_batch(inputs, _labels(request, len(some), label))
        except Exception as error:
            found[str(label)] = {"error": in_words(error)}
            continue
        found[str(label)] = {"loss": [float(np.ravel(value)[0])]}
    return found
