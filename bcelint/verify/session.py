"""A child process with one backend of Keras, which evaluates experiments for as long as it is kept open."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any

BACKENDS = ("tensorflow", "jax", "torch")
_INSTALL = {
    "tensorflow": "pip install 'bcelint[verify]'",
    "jax": "pip install jax keras",
    "torch": "pip install torch keras",
}
_TITLES = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
# Importing TensorFlow takes a few seconds, on a cold disk many.
_IMPORT_SECONDS = 300.0
# What the process may say nothing for, beyond what an experiment may take: starting others, and ending them.
_SILENT_SECONDS = 120.0
# Variables that change what libraries compute (JAX_DEBUG_NANS, XLA_FLAGS), or turn their warnings into errors.
_ALTERING = ("JAX_", "KERAS_", "TF_", "XLA_", "PYTHONWARNINGS")


class BackendError(Exception):
    """A backend cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one experiment may take: seconds, and bytes beyond what Keras itself needs."""

    seconds: float = 30.0
    memory: int = 4 << 30


def title(backend: str) -> str:
    """The backend as its makers write it."""
    return _TITLES[backend]


def require(backend: str) -> None:
    """Raise ``BackendError`` unless the backend and Keras are installed. Nothing is imported."""
    for package in (backend, "keras"):
        if find_spec(package) is None:
            message = f"{_TITLES[package]} is not installed, and evaluating on {backend} needs it: {_INSTALL[backend]}"
            raise BackendError(message)


class Session:
    """The process; use it in a ``with`` statement.

    Attributes:
        versions: of Keras and the backend, in words.
    """

    def __init__(self, backend: str, limits: Limits) -> None:
        require(backend)
        self.backend = backend
        self._limits = limits
        self._folder = tempfile.mkdtemp(prefix="bcelint-verify-")
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._forks = True
        self.versions = ""

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Import the backend now; raises ``BackendError`` where that fails."""
        self._start()

    def evaluate(self, requests: Sequence[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The answers to requests, with the requests' positions, in the order in which they are ready."""
        if not requests:
            return
        self._start()
        if self._forks:
            yield from self._round([{**request, "id": i} for i, request in enumerate(requests)])
            return
        # Without fork each piece of a user's code gets a process of its own.
        shared = [{**request, "id": i} for i, request in enumerate(requests) if request["kind"] != "code"]
        yield from self._round(shared)
        for i, request in enumerate(requests):
            if request["kind"] == "code":
                self._stop()
                self._start()
                yield from self._round([{**request, "id": i}])

    def close(self) -> None:
        """End the process, and remove its folder."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- the process --------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._process is not None:
            return
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(_ALTERING)},
            "KERAS_BACKEND": self.backend,
            "KERAS_HOME": self._folder,
            # TensorFlow leaves what it has made of functions in there.
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._folder),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "CUDA_VISIBLE_DEVICES": "",
            "JAX_PLATFORMS": "cpu",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bcelint.verify.worker", self.backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env=environment,
        )
        self._lines = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True).start()
        hello = self._next(_IMPORT_SECONDS)
        if hello is None or "failure" in hello:
            reason = hello["failure"] if hello else "its process ended, or took too long"
            self._stop()
            raise BackendError(f"{_TITLES[self.backend]} cannot be imported: {reason}")
        self._forks = hello["forks"]
        self.versions = ", ".join(f"{_TITLES[name]} {version}" for name, version in hello["ready"].items())

    @staticmethod
    def _read(process: subprocess.Popen[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
        lines.put(None)

    def _next(self, seconds: float) -> dict[str, Any] | None:
        """The next message; ``None`` where the process has ended or says nothing for too long."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return None
        if line is None:
            return None
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        # Without fork, the code of a user can reach where this comes from.
        return message if isinstance(message, dict) else None

    def _round(self, requests: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        if not requests:
            return
        process = self._process
        assert process is not None
        assert process.stdin is not None
        limits = {"seconds": self._limits.seconds, "memory": self._limits.memory}
        # A process that has ended says nothing either.
        with suppress(OSError):
            process.stdin.write((json.dumps({"requests": requests, "limits": limits}) + "\n").encode())
            process.stdin.flush()
        left = {request["id"] for request in requests}
        patience = self._limits.seconds + _SILENT_SECONDS
        while left:
            message = self._next(patience)
            if message is None:
                ended = self._end()
                if self._forks:
                    does = ended or "says nothing any more"
                    raise BackendError(f"the process that evaluates on {_TITLES[self.backend]} {does}")
                # It was busy with a user's code.
                late = f"it did not end within {self._limits.seconds:g} seconds"
                reason = f"its process {ended}" if ended else late
                yield from ((i, {"failure": reason}) for i in sorted(left))
                return
            if not self._forks:
                # The process does not watch over itself.
                patience = self._limits.seconds
            position = message.get("id")
            if isinstance(position, int) and position in left:
                left.discard(position)
                yield position, message
        self._next(patience)  # that the round is over

    def _end(self) -> str:
        """How the process has come to its end, in words; empty where it had to be ended."""
        process = self._process
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        status = process.returncode
        self._stop()
        if status is None:
            return ""
        return f"has ended with status {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
