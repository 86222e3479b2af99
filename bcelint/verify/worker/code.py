"""Runs a loss of the user's: its corner values, its gradient, its sign, its weights.

What is asked for is in ``request["checks"]``; each check fills the key of its name in the result. The caller has
contained the process before.
"""

from __future__ import annotations

import importlib
import linecache
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from bcelint.verify.worker.backends import Backend, listed
from bcelint.verify.worker.contain import refused
from bcelint.verify.worker.errors import REWRITTEN, in_words, message_of, name_of, one_line, text_of


class Shape(NamedTuple):
    """The shapes of a prediction and of its labels; the first axis counts the examples."""

    prediction: tuple[int, ...]
    labels: tuple[int, ...]


# What a loss may be given: one unit, several, images, sequences, a bare vector; then labels that are class numbers.
_ALIKE = ((1, 1), (1, 2), (1, 4), (1, 4, 4, 1), (1, 4, 4, 2), (1,), (1, 3, 2), (3, 1), (3, 2), (2, 4, 4, 4, 1))
_SHAPES = (
    *(Shape(shape, shape) for shape in _ALIKE),
    *(Shape(shape, shape[:-1]) for shape in ((1, 4), (1, 3, 4), (1, 4, 4, 4))),
)
_FILE = "<the loss>"
_MOST_FAULTS = 4

Array = Any
Loss = Callable[..., Any]


class Failed(Exception):
    """The code cannot be run; the message is one line for the user."""


def evaluate(request: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """The results of all checks."""
    try:
        run = _Run(request, backend)
        checks = {
            "value": run.value,
            "corners": run.corners,
            "sweep": run.sweep,
            "order": run.order,
            "swapped": run.swapped,
            "weights": run.weights,
            "result": run.result,
            "witness": run.witness,
            "double": run.double,
        }
        return {check: checks[check]() for check in request["checks"]}
    except Failed:
        raise
    except BaseException as error:
        raise Failed(_words(error, request)) from None


def _load(request: dict[str, Any], backend: Backend) -> Any:
    """Run the program, and return what its entry gives; what is drawn at random is the same each time."""
    if backend.name == "tensorflow":
        _complete_keras()
    source = request["source"]
    # Keras looks at the source of functions (autograph): it has to be found somewhere.
    linecache.cache[_FILE] = (len(source), None, source.splitlines(keepends=True), _FILE)
    namespace: dict[str, Any] = {"__name__": "loss_under_test"}
    backend.seed()
    # A call of a loss on values may make these with TensorFlow; what computes a loss must not.
    may_use_it = backend.name == "tensorflow" or request["checks"] == ["value"]
    with nullcontext() if may_use_it else _without_tensorflow():
        exec(compile(source, _FILE, "exec", dont_inherit=True), namespace)
        return eval(compile(request["entry"], _FILE, "eval", dont_inherit=True), namespace)


def _complete_keras() -> None:
    """Give ``keras.backend`` the functions of Keras 2 that TensorFlow still has: losses are full of ``K.mean``."""
    import keras
    import tensorflow as tf

    old = tf.keras.backend
    for name in dir(old):
        if not name.startswith("_") and not hasattr(keras.backend, name):
            setattr(keras.backend, name, getattr(old, name))


class _OnlyKeras(ModuleType):
    """What ``tensorflow`` is to a loss on another backend: the Keras in it, which computes with that backend."""

    def __getattr__(self, name: str) -> Any:
        import keras

        if name == "keras":
            return keras
        if name.startswith("__"):
            raise AttributeError(name)
        raise Failed(f"the code computes with TensorFlow (`{self.__name__}.{name}`)")


@contextmanager
def _without_tensorflow() -> Iterator[None]:
    """Let ``tensorflow.keras`` be Keras, and the rest of TensorFlow out of reach: importing it takes seconds, too."""
    before = dict(sys.modules)
    hidden: dict[str, ModuleType] = {"tensorflow": _OnlyKeras("tensorflow")}
    for name, module in before.items():
        if name == "keras" or name.startswith("keras."):
            hidden[f"tensorflow.{name}"] = module
    sys.modules.update(hidden)
    try:
        yield
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("tensorflow."):
            raise
        raise Failed(f"the code computes with TensorFlow (`{error.name}`)") from None
    finally:
        # Keras itself looks for TensorFlow now and then.
        for name in hidden:
            sys.modules.pop(name, None)
            if name in before:
                sys.modules[name] = before[name]


def _words(error: BaseException, request: dict[str, Any]) -> str:
    """What the code raised or tried, and where, in one line."""
    words = message_of(error)
    rows = [row for frame, row in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == _FILE]
    if text_of(error).startswith(REWRITTEN):
        rows += [int(row) for row in re.findall(rf'File "{_FILE}", line (\d+)', text_of(error))]
    place = request.get("rows", {}).get(str(rows[-1])) if rows else None
    where = f" in row {place}" if place is not None else ""
    tried = [one_line(what) for what in refused()]
    for what in tried:
        if what in words:
            what, colon, shown = what.partition(":")
            return f"the code {what}{where}{colon}{shown}, which is not allowed"
    also = f"; before, it {tried[-1]}, which is not allowed" if tried else ""
    if isinstance(error, SystemExit):
        return f"the code calls `sys.exit`{where}{also}"
    if isinstance(error, MemoryError) or _NO_MEMORY.search(f"{name_of(error)} {words}"):
        return f"it needs more memory than it may have{where}{also}"
    return f"the code raises {name_of(error)}{where}{': ' + words[:200] if words else ''}{also}"


_NO_MEMORY = re.compile(r"ResourceExhausted|RESOURCE_EXHAUSTED|\bOOM\b|std::bad_alloc")


class _Run:
    def __init__(self, request: dict[str, Any], backend: Backend) -> None:
        self._request = request
        self._backend = backend
        self._entry = _load(request, backend)
        self._roles: list[str] = request["roles"]
        self._logits = request["domain"] == "logits"
        self._dtype: str = request["dtype"]

    # --- calling ------------------------------------------------------------------------------------------------------

    def _call(self, y: Any, p: Any) -> Any:
        """The loss for labels and a prediction; other parameters are given ones of the same shape."""
        given = {"labels": y, "prediction": p}
        return self._entry(*(given[role] if role in given else _ones_like(p) for role in self._roles))

    def _compiled(self, mode: str, *, squash: bool = False, exchanged: bool = False) -> Callable[[Array, Array], Any]:
        """The loss and its gradient for a prediction and labels; with ``squash`` for pre-activations."""
        import keras

        def function(x: Any, y: Any) -> Any:
            p = keras.activations.sigmoid(x) if squash and not self._logits else x
            return keras.ops.convert_to_tensor(self._call(p, y) if exchanged else self._call(y, p))

        run = self._backend.compiled(function, mode)

        def evaluate(x: Array, y: Array) -> tuple[Any, Any]:
            with self._backend.untracked():
                return run(self._backend.tensor(x, self._dtype), self._backend.tensor(y, self._dtype))

        return evaluate

    def _shapes(self) -> Iterator[Shape]:
        """The shapes that the loss can be given; raises what the first one raises where there is none."""
        first: Exception | None = None
        any_works = False
        for shape in _SHAPES:
            try:
                self._compiled("eager")(np.full(shape.prediction, 0.5), np.ones(shape.labels))
            except Exception as error:
                first = first or error
                continue
            any_works = True
            yield shape
        if not any_works and first is not None:
            raise first

    # --- checks -------------------------------------------------------------------------------------------------------

    def value(self) -> dict[str, Any]:
        """The entry is no loss, but a call of one, with its labels and prediction: their values."""
        value, labels, prediction = (self._backend.array(part) for part in self._entry)
        labels, prediction = np.broadcast_arrays(labels, prediction)
        return {
            "value": float(np.mean(value)),
            "labels": listed(labels)[:1000],
            "prediction": listed(prediction)[:1000],
        }

    def corners(self) -> dict[str, Any]:
        """Where the loss or its gradient is not finite: eagerly, for all shapes, then as the compilers make it."""
        faults: list[dict[str, Any]] = []
        evaluated = 0
        shapes: list[Shape] = []
        modes = ("eager", "graph", "XLA") if self._request["xla"] else ("eager", "graph")
        for mode in (mode for mode in modes if mode in self._backend.modes):
            # Tracing and compiling cost far more than computing.
            for shape in _one_and_several(shapes) if shapes else self._shapes():
                if mode == "eager":
                    shapes.append(shape)
                run = self._compiled(mode)
                for y, p, pattern in self._cases(shape):
                    value, gradient = run(_filled(shape.prediction, p, pattern), _filled(shape.labels, y, pattern))
                    evaluated += 1
                    bad_value = not np.isfinite(value).all()
                    if bad_value or (gradient is not None and not np.isfinite(gradient).all()):
                        faults.append(
                            {
                                "mode": mode,
                                "shape": list(shape.prediction),
                                "y": y,
                                "p": p,
                                "pattern": pattern,
                                "loss": _first_bad(value),
                                "gradient": None if gradient is None else _first_bad(gradient),
                                "value_is_finite": not bad_value,
                            }
                        )
                if len(faults) >= _MOST_FAULTS:
                    break
            if faults:
                break
        return {"faults": faults[:12], "evaluated": evaluated}

    def witness(self) -> dict[str, Any]:
        """A formula at the inputs at which it is said to fail: for one example, and for three that are alike."""
        values = np.asarray(self._request["witness"])[:, None]
        rows = list(self._request["predictions"])
        tried = []
        for mode in ("eager", "graph", "XLA"):
            if mode not in self._backend.modes:
                continue
            run = self._compiled_formula(mode)
            for count in (1, 3):
                value, gradient = run(np.repeat(values, count, axis=1))
                slopes = None if gradient is None else gradient[rows]
                finite = np.isfinite(value).all() and (slopes is None or np.isfinite(slopes).all())
                tried.append(
                    {
                        "mode": mode,
                        "count": count,
                        "loss": float(np.ravel(value)[0]),
                        "gradient": None if slopes is None or not len(slopes) else _first_bad(slopes),
                        "finite": bool(finite),
                    }
                )
                if not finite:
                    return {"tried": tried, "faulty": True, "interior": self._interior()}
        return {"tried": tried, "faulty": False, "interior": self._interior()}

    def _interior(self) -> float:
        """A formula where nothing is special."""
        value, _ = self._compiled_formula("eager")(np.asarray(self._request["interior"])[:, None])
        return float(np.ravel(value)[0])

    def _compiled_formula(self, mode: str) -> Callable[[Array], Any]:
        run = self._backend.compiled(lambda x, _: self._entry(x), mode)
        nothing = self._backend.tensor(0.0)
        return lambda x: run(self._backend.tensor(x, self._dtype), nothing)

    def _cases(self, shape: Shape) -> Iterator[tuple[float, float, str]]:
        """Labels, predictions, and how an array is filled with them."""
        if self._request["domain"] != "distribution":
            for case in self._request["cases"]:
                yield case["y"], case["p"], "all"
        if shape.prediction[-1] > 1 and not self._logits:
            for y, p in ((1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.5), (0.0, 0.5)):
                yield y, p, "distribution"
        if shape.prediction[-1] > 1 and self._logits:
            for y in (1.0, 0.0):
                for p in (-200.0, 200.0):
                    yield y, p, "one"

    def double(self) -> dict[str, Any]:
        """The same as ``sweep``, in double precision; empty where the code or the backend does not take it."""
        self._dtype, before = "float64", self._dtype
        try:
            return self.sweep() if self._backend.name != "jax" else {}
        except Exception:
            return {}
        finally:
            self._dtype = before

    def sweep(self) -> dict[str, Any]:
        """The loss and its gradient over pre-activations, with a sigmoid before it unless it takes logits."""
        z = np.asarray(self._request["z"], dtype="float32")
        shape = next(self._shapes())
        mode = "graph" if "graph" in self._backend.modes else "eager"
        found: dict[str, Any] = {"z": listed(z), "mode": mode, "shape": list(shape.prediction)}
        run = self._compiled(mode, squash=True)
        for label in (0, 1):
            losses, slopes = [], []
            for one in z:
                value, gradient = run(np.full(shape.prediction, one), np.full(shape.labels, float(label)))
                losses.append(float(np.mean(value)))
                # All elements are alike: what one example does is what they do together.
                slopes.append(float("nan") if gradient is None else float(np.sum(gradient)) / shape.prediction[0])
                if gradient is None:
                    found["without_gradient"] = True
            found[str(label)] = {"loss": losses, "gradient": slopes}
        return found

    def order(self) -> dict[str, Any]:
        """The loss of good and bad predictions for both labels."""
        shape = next(self._shapes())
        low, high = (-2.0, 2.0) if self._logits else (0.1, 0.9)
        found: dict[str, Any] = {"shape": list(shape.prediction)}
        run = self._compiled("eager")
        for label in (0, 1):
            labels = np.full(shape.labels, float(label))
            values = [float(np.mean(run(np.full(shape.prediction, p), labels)[0])) for p in (low, high)]
            good, bad = values if label == 0 else values[::-1]
            found[str(label)] = {"good": good, "bad": bad}
        found["low"], found["high"] = low, high
        return found

    def swapped(self) -> dict[str, Any]:
        """The loss as it is called, and with labels and prediction exchanged."""
        shape = next(self._shapes())
        found = []
        as_called, exchanged = self._compiled("eager"), self._compiled("eager", exchanged=True)
        for y in (0.0, 1.0):
            for p in (0.1, 0.3, 0.6, 0.9):
                labels, prediction = np.full(shape.labels, y), np.full(shape.prediction, p)
                value, gradient = as_called(prediction, labels)
                other, slope = exchanged(prediction, labels)
                found.append(
                    {
                        "y": y,
                        "p": p,
                        "loss": float(np.mean(value)),
                        "gradient": None if gradient is None else float(np.sum(gradient)) / shape.prediction[0],
                        "exchanged": float(np.mean(other)),
                        "exchanged_gradient": None if slope is None else float(np.sum(slope)) / shape.prediction[0],
                    }
                )
        return {"shape": list(shape.prediction), "cases": found}

    def weights(self) -> dict[str, Any]:
        """``test_on_batch`` of a compiled model, two examples, with all the weight on one or on the other."""
        keras = _keras_of(self._entry)
        # An object of a loss class reduces over the batch itself where it is called; ``fit`` does not call it so.
        loss = self._entry if isinstance(self._entry, keras.losses.Loss) else self._call
        shape = next(self._shapes())
        rest = shape.prediction[1:] or (1,)
        y = np.ones((2, *shape.labels[1:]) if shape.prediction[1:] else (2, 1))
        p = np.stack([np.full(rest, 0.9), np.full(rest, 0.1)])
        found: dict[str, Any] = {}
        for name, weights in (("none", None), ("first", [1.0, 0.0]), ("second", [0.0, 1.0])):
            inputs = keras.Input(rest)
            model = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
            model.compile(loss=loss)
            given = None if weights is None else np.asarray(weights, "float32")
            found[name] = float(np.ravel(model.test_on_batch(p, y, sample_weight=given))[0])
        return found

    def result(self) -> dict[str, Any]:
        """What compiling with the entry itself leads to."""
        keras = _keras_of(self._entry)
        inputs = keras.Input((1,))
        model = keras.Model(inputs, keras.layers.Activation("sigmoid")(inputs))
        try:
            model.compile(loss=self._entry)
            value = model.test_on_batch(np.zeros((2, 1), "float32"), np.ones((2, 1), "float32"))
        except Exception as error:
            return {"raises": in_words(error)}
        return {"value": float(np.ravel(value)[0])}


def _keras_of(loss: Any) -> Any:
    """The Keras that a loss is made for: losses of tf_keras are given to models of tf_keras."""
    classes = loss.__mro__ if isinstance(loss, type) else type(loss).__mro__
    is_old = any(each.__module__.partition(".")[0] == "tf_keras" for each in classes)
    return importlib.import_module("tf_keras" if is_old else "keras")


def _one_and_several(shapes: list[Shape]) -> list[Shape]:
    """A shape with one unit and one with several, where there are both."""
    one = next((shape for shape in shapes if shape.prediction[-1] == 1), None)
    several = next((shape for shape in shapes if shape.prediction[-1] > 1), None)
    return [shape for shape in (one, several) if shape is not None]


def _ones_like(p: Any) -> Any:
    import keras

    return keras.ops.ones_like(p)


def _filled(shape: tuple[int, ...], value: float, pattern: str) -> Array:
    """An array of one value; as a distribution, or alone among zeros, only the first unit has it."""
    if pattern == "all" or shape[-1:] in ((), (1,)):
        return np.full(shape, value)
    others = (1.0 - value) / (shape[-1] - 1) if pattern == "distribution" else 0.0
    made = np.full(shape, others)
    made[..., 0] = value
    return made


def _first_bad(values: Array) -> float:
    flat = np.ravel(values)
    bad = flat[~np.isfinite(flat)]
    return float(bad[0]) if len(bad) else float(flat[0])
