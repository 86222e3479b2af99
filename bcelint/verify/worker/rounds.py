"""Runs the experiments of a round in forked children, so that none can harm another or outlive its time.

The process that forks has imported Keras but computed nothing: TensorFlow and JAX start their threads with the first
operation, and a process with threads must not fork.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bcelint.verify.worker.backends import Backend
from bcelint.verify.worker.contain import contain

_MOST_BYTES = 64_000_000
# What a process may take to compute its first operation, in seconds.
_START = 30.0

Request = dict[str, Any]
Send = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Limits:
    """For one experiment: seconds, and bytes beyond what Keras itself takes."""

    seconds: float = 30.0
    memory: int = 4 << 30
    children: int = 2


@dataclass
class _Child:
    """A process at work on requests, the first of which it is busy with."""

    pid: int
    requests: list[Request]
    folder: str
    deadline: float
    received: bytes = b""
    total: int = 0
    fault: str = ""
    answered: set[int] = field(default_factory=set)


def run_round(requests: list[Request], limits: Limits, backend: Backend, send: Send) -> None:
    """Evaluate all requests and ``send`` an answer for each, in any order."""
    waiting = _tasks(requests, limits)
    selector = selectors.DefaultSelector()
    children: dict[int, _Child] = {}
    while waiting or children:
        while waiting and len(children) < limits.children:
            fd, child = _start(waiting.pop(0), limits, backend)
            children[fd] = child
            selector.register(fd, selectors.EVENT_READ)
        now = time.monotonic()
        pause = max(0.0, min(child.deadline for child in children.values()) - now)
        for key, _ in selector.select(min(pause, 1.0)):
            fd = int(key.fd)
            if not _receive(fd, children[fd], limits, send):
                selector.unregister(fd)
                waiting[:0] = _ended(fd, children.pop(fd), send)
        now = time.monotonic()
        for child in children.values():
            if child.deadline < now and not child.fault:
                child.fault = f"it did not end within {limits.seconds:g} seconds"
                _kill(child)


def _tasks(requests: list[Request], limits: Limits) -> list[list[Request]]:
    """Code of users gets a process for each piece; everything else shares a few."""
    own = [[request] for request in requests if request["kind"] == "code"]
    shared = [request for request in requests if request["kind"] != "code"]
    parts = 1 if len(shared) < 12 else limits.children
    return [task for task in (shared[i::parts] for i in range(parts)) if task] + own


def _start(requests: list[Request], limits: Limits, backend: Backend) -> tuple[int, _Child]:
    reading, writing = os.pipe()
    folder = tempfile.mkdtemp(prefix="bcelint-")
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            os.close(reading)
            _work(requests, limits, backend, writing, folder)
            status = 0
        except BaseException:
            pass
        finally:
            os._exit(status)
    os.close(writing)
    return reading, _Child(pid, list(requests), folder, time.monotonic() + limits.seconds + _START)


def _work(requests: list[Request], limits: Limits, backend: Backend, fd: int, folder: str) -> None:
    if any(request["kind"] == "code" for request in requests):
        contain(folder, memory=limits.memory, seconds=int(limits.seconds) + 1, keep_open=fd)
    else:
        os.setsid()
    for request in requests:
        for answer in answers(request, backend):
            data = (json.dumps(answer) + "\n").encode()
            while data:
                data = data[os.write(fd, data) :]


def answers(request: Request, backend: Backend) -> Iterator[dict[str, Any]]:
    """The answer to a request: a result, or why there is none."""
    from bcelint.verify.worker import code, metrics, pairs

    evaluate = {"pair": pairs.evaluate, "metric": metrics.evaluate, "code": code.evaluate}[request["kind"]]
    started = time.monotonic()
    answer: dict[str, Any]
    try:
        answer = {"result": evaluate(request, backend)}
    except pairs.Unavailable as error:
        answer = {"failure": str(error)}
    except code.Failed as error:
        answer = {"failure": str(error)}
    except MemoryError:
        answer = {"failure": "it needs more memory than it may have"}
    except SystemExit:
        answer = {"failure": "the code calls `sys.exit`"}
    except BaseException as error:
        answer = {"failure": describe_unexpected(error)}
    yield {"id": request["id"], "seconds": round(time.monotonic() - started, 3), **answer}


def describe_unexpected(error: BaseException) -> str:
    """An error in one line."""
    words = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _receive(fd: int, child: _Child, limits: Limits, send: Send) -> bool:
    """Pass on what a child has written; false where it has ended."""
    data = os.read(fd, 1 << 20)
    if not data:
        return False
    child.total += len(data)
    if child.total > _MOST_BYTES:
        child.fault = "it answered with too much"
        _kill(child)
        return True
    child.received += data
    *lines, child.received = child.received.split(b"\n")
    for line in lines:
        answer = _understood(line, child)
        if answer is None or child.fault:
            child.fault = child.fault or "the code disturbed the experiment"
            _kill(child)
            return True
        child.answered.add(answer["id"])
        child.requests = [request for request in child.requests if request["id"] != answer["id"]]
        child.deadline = time.monotonic() + limits.seconds
        send(answer)
    return True


def _understood(line: bytes, child: _Child) -> dict[str, Any] | None:
    """An answer of a child, unless something else has written it."""
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    if not isinstance(answer, dict) or answer.get("id") not in [request["id"] for request in child.requests]:
        return None
    return answer


def _ended(fd: int, child: _Child, send: Send) -> list[list[Request]]:
    """Clear up behind a child; what it left undone, but for what it died of, is tried again."""
    os.close(fd)
    _kill(child)
    _, status = os.waitpid(child.pid, 0)
    shutil.rmtree(child.folder, ignore_errors=True)
    if not child.requests:
        return []
    first, rest = child.requests[0], child.requests[1:]
    send({"id": first["id"], "failure": child.fault or _cause(status)})
    return [rest] if rest else []


def _cause(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == getattr(signal, "SIGXCPU", -1):
            return "it did not end in time"
        return f"its process was killed by {signal.Signals(number).name}"
    return f"the code ended its process with status {os.WEXITSTATUS(status)}"


def _kill(child: _Child) -> None:
    """End a child and everything that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(child.pid, signal.SIGKILL)


def can_fork() -> bool:
    """Whether a process may fork after it has imported Keras."""
    return sys.platform.startswith("linux")
