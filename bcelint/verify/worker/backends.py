"""Keras's backends behind one interface: a function of a tensor, its values and its gradient, however it is run."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

Tensor = Any
Function = Callable[[Tensor, Tensor], Tensor]
Evaluate = Callable[[Tensor, Tensor], tuple[Any, Any]]

# XLA's older way to generate code for operations that are computed together: in a third less time, to the same bits.
_QUICK = {"xla_cpu_use_fusion_emitters": False}


class Backend:
    """What evaluating needs of a backend.

    ``modes`` are the ways in which a function can be run, the one that ``fit`` uses first.
    """

    name = ""
    modes: tuple[str, ...] = ()

    def tensor(self, values: Any, dtype: str = "float32") -> Tensor:
        """A tensor of the backend."""
        import keras

        return keras.ops.convert_to_tensor(np.asarray(values), dtype=dtype)

    def array(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """A tensor (or number) in double precision."""
        import keras

        if "bfloat16" in str(getattr(tensor, "dtype", "")):
            tensor = keras.ops.cast(tensor, "float32")  # numpy does not know it
        return np.asarray(keras.ops.convert_to_numpy(tensor), dtype="float64")

    def start(self) -> None:
        """Compute something: libraries start their threads with the first operation, and take their time."""
        self.array(self.tensor([0.0]))

    def compiled(self, function: Function, mode: str, *, quickly: bool = False) -> Evaluate:
        """Makes of ``function(x, y)`` one that returns its value, and the gradient of its sum with respect to ``x``.

        Both are arrays; the gradient is ``None`` where there is none. It is traced once for each shape. With
        ``quickly``, the compiler may take less trouble.
        """
        raise NotImplementedError

    def forward(self, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """A function for its values alone, run as it is, or compiled quickly where that takes less time."""
        return function

    def seed(self) -> None:
        """Make what is drawn at random the same each time."""
        random.seed(0)
        np.random.seed(0)

    def untracked(self) -> Any:
        """A context in which the state of layers (seeds of random numbers) may change inside of compiled code."""
        return nullcontext()


class TensorFlow(Backend):
    name = "tensorflow"
    modes = ("graph", "eager", "XLA")

    def seed(self) -> None:
        import tensorflow as tf

        super().seed()
        tf.random.set_seed(0)

    def compiled(self, function: Function, mode: str, *, quickly: bool = False) -> Evaluate:
        import tensorflow as tf

        def run(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = tf.convert_to_tensor(function(x, y))
            return value, tape.gradient(value, x)

        if mode != "eager":
            run = tf.function(run, jit_compile=mode == "XLA")

        def evaluate(x: Tensor, y: Tensor) -> tuple[Any, Any]:
            value, gradient = run(x, y)
            if isinstance(gradient, tf.IndexedSlices):
                gradient = tf.convert_to_tensor(gradient)
            return self.array(value), None if gradient is None else self.array(gradient)

        return evaluate


class Jax(Backend):
    name = "jax"
    modes = ("graph", "eager")

    def compiled(self, function: Function, mode: str, *, quickly: bool = False) -> Evaluate:
        import jax
        import jax.numpy as jnp

        def total(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            value = jnp.asarray(function(x, y))
            return value.astype("float32").sum(), value

        run = jax.value_and_grad(total, has_aux=True)
        if mode != "eager":
            run = _quick_jit(run) if quickly else jax.jit(run)

        def evaluate(x: Tensor, y: Tensor) -> tuple[Any, Any]:
            (_, value), gradient = run(x, y)
            return self.array(value), self.array(gradient)

        return evaluate

    def forward(self, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        return _quick_jit(function)

    def untracked(self) -> Any:
        import keras

        return keras.StatelessScope()


def _quick_jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """``jax.jit`` with an option of the compiler, which other versions may not have."""
    import jax

    try:
        quick = jax.jit(function, compiler_options=_QUICK)
    except TypeError:
        return jax.jit(function)  # type: ignore[no-any-return]

    def run(*arguments: Any) -> Any:
        try:
            return quick(*arguments)
        except Exception as error:
            if not any(option in str(error) for option in _QUICK):
                raise
            return jax.jit(function)(*arguments)

    return run


class Torch(Backend):
    name = "torch"
    modes = ("eager",)

    def seed(self) -> None:
        import torch

        super().seed()
        torch.manual_seed(0)

    def compiled(self, function: Function, mode: str, *, quickly: bool = False) -> Evaluate:
        import torch

        def evaluate(x: Tensor, y: Tensor) -> tuple[Any, Any]:
            inputs = x.detach().clone().requires_grad_(True)
            value = torch.as_tensor(function(inputs, y))
            if value.requires_grad:
                value.sum().backward()
            gradient = inputs.grad
            return self.array(value.detach()), None if gradient is None else self.array(gradient)

        return evaluate


BACKENDS: dict[str, type[Backend]] = {backend.name: backend for backend in (TensorFlow, Jax, Torch)}


def listed(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float]:
    """Numbers for JSON (which Python writes with NaN and Infinity)."""
    return [float(value) for value in np.asarray(values, dtype="float64").ravel()]
