"""Runs the experiments of a round in forked children, so that none can harm another or outlive its time.

The process that forks has imported Keras but computed nothing: TensorFlow and JAX start their threads with the first
operation, and a process with threads must not fork.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bcelint.verify.worker import libc
from bcelint.verify.worker.backends import Backend
from bcelint.verify.worker.contain import contain
from bcelint.verify.worker.errors import in_words

_LONGEST_ANSWER = 16_000_000
# What a process may take until it has computed its first operation, in seconds.
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
    """A process at work on requests, the first of which it is busy with; what it says begins with ``secret``."""

    pid: int
    requests: list[Request]
    folder: str
    deadline: float
    secret: bytes
    received: bytearray
    fault: str = ""


class ParentGone(Exception):
    """Nobody waits for answers any more."""


def run_round(
    requests: list[Request], limits: Limits, backend: Backend, send: Send, *, parent: int | None = None
) -> None:
    """Evaluate all requests and ``send`` an answer for each, in any order.

    ``parent`` is a descriptor that can be read from when nobody waits for answers any more: ``ParentGone``.
    """
    waiting = _tasks(requests, limits)
    children: dict[int, _Child] = {}
    try:
        with selectors.DefaultSelector() as selector:
            if parent is not None:
                selector.register(parent, selectors.EVENT_READ)
            while waiting or children:
                while waiting and len(children) < limits.children:
                    fd, child = _start(waiting.pop(0), limits, backend)
                    children[fd] = child
                    selector.register(fd, selectors.EVENT_READ)
                pause = min(child.deadline for child in children.values()) - time.monotonic()
                for key, _ in selector.select(max(0.0, pause)):
                    fd = int(key.fd)
                    if fd == parent:
                        raise ParentGone
                    if not _receive(fd, children[fd], limits, send):
                        selector.unregister(fd)
                        waiting[:0] = _ended(fd, children.pop(fd), send)
                _end_late(children.values(), limits)
    finally:
        for child in children.values():
            _kill(child)
            os.waitpid(child.pid, 0)


def _end_late(children: Iterable[_Child], limits: Limits) -> None:
    now = time.monotonic()
    for child in children:
        if child.deadline < now:
            # Once more if it is not gone a second later.
            child.deadline = now + 1.0
            child.fault = child.fault or f"it did not end within {limits.seconds:g} seconds"
            _kill(child)


def _tasks(requests: list[Request], limits: Limits) -> list[list[Request]]:
    """Code of users gets a process for each piece; everything else shares a few."""
    own = [[request] for request in requests if request["kind"] == "code"]
    shared = [request for request in requests if request["kind"] != "code"]
    parts = 1 if len(shared) < 12 else limits.children
    return [task for task in (shared[i::parts] for i in range(parts)) if task] + own


def _start(requests: list[Request], limits: Limits, backend: Backend) -> tuple[int, _Child]:
    reading, writing = os.pipe()
    folder = tempfile.mkdtemp(prefix="experiment-", dir=os.getcwd())
    secret = secrets.token_hex(16).encode()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            os.close(reading)
            # Contained code does not outlive this process; nothing else should, either.
            libc.end_with_parent(signal.SIGKILL)
            if os.getppid() == parent:
                _work(requests, limits, backend, writing, folder, secret)
                status = 0
        except BaseException:
            pass
        finally:
            os._exit(status)
    os.close(writing)
    deadline = time.monotonic() + limits.seconds + _START
    return reading, _Child(pid, list(requests), folder, deadline, secret, bytearray())


def _work(requests: list[Request], limits: Limits, backend: Backend, fd: int, folder: str, secret: bytes) -> None:
    if any(request["kind"] == "code" for request in requests):
        shut_in(folder, limits, fd)
    else:
        os.setsid()

    def send(message: dict[str, Any]) -> None:
        data = secret + json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(fd, data) :]

    backend.start()
    send(BEGUN)
    for request in requests:
        send(answer(request, backend))


def run_here(requests: list[Request], limits: Limits, backend: Backend, send: Send, fd: int) -> None:
    """Evaluate all requests in this process; a user's code, of which there is one piece, does not come out again."""
    backend.start()
    if any(request["kind"] == "code" for request in requests):
        shut_in(tempfile.mkdtemp(prefix="experiment-", dir=os.getcwd()), limits, fd)
        # The parent watches the clock. This ends what nobody watches any more.
        watch = threading.Timer(limits.seconds + _START, os._exit, (70,))
        watch.daemon = True
        watch.start()
    send(BEGUN)
    for request in requests:
        send(answer(request, backend))


def shut_in(folder: str, limits: Limits, fd: int) -> None:
    """Contain this process, which has only ``fd`` to say something."""
    processor = time.process_time() + (limits.seconds + _START) * (os.cpu_count() or 1)
    contain(folder, memory=limits.memory, seconds=int(processor) + 1, keep_open=fd)


# Says that from now on time counts.
BEGUN = {"begun": True}


def answer(request: Request, backend: Backend) -> dict[str, Any]:
    """The answer to a request: a result, or why there is none."""
    from bcelint.verify.worker import code, metrics, pairs

    evaluate = {"pair": pairs.evaluate, "metric": metrics.evaluate, "code": code.evaluate}[request["kind"]]
    started = time.monotonic()
    made: dict[str, Any]
    try:
        made = {"result": evaluate(request, backend)}
    except (pairs.Unavailable, code.Failed) as error:
        made = {"failure": str(error)}
    except MemoryError:
        made = {"failure": "it needs more memory than it may have"}
    except BaseException as error:
        made = {"failure": in_words(error)}
    return {"id": request["id"], "seconds": round(time.monotonic() - started, 3), **made}


def _receive(fd: int, child: _Child, limits: Limits, send: Send) -> bool:
    """Pass on what a child has written; false where it has ended."""
    data = os.read(fd, 1 << 20)
    if not data:
        return False
    child.received += data
    if b"\n" in data:
        *lines, child.received = child.received.split(b"\n")
        for line in lines:
            if not child.fault:
                _hear(line, child, limits, send)
    if len(child.received) > _LONGEST_ANSWER:
        child.fault = child.fault or "it answered with too much"
    if child.fault:
        child.received.clear()
        _kill(child)
    return True


def _hear(line: bytearray, child: _Child, limits: Limits, send: Send) -> None:
    message = _understood(line, child)
    if message is None:
        child.fault = "the code disturbed the experiment"
        return
    child.deadline = time.monotonic() + limits.seconds
    if message != BEGUN:
        child.requests = [request for request in child.requests if request["id"] != message["id"]]
        send(message)


def _understood(line: bytearray, child: _Child) -> dict[str, Any] | None:
    """What a child says, unless something else has written it."""
    if not line.startswith(child.secret):
        return None
    try:
        message = json.loads(line[len(child.secret) :])
    except (ValueError, RecursionError):
        return None
    if message == BEGUN:
        return BEGUN
    known = [request["id"] for request in child.requests]
    return message if isinstance(message, dict) and message.get("id") in known else None


def _ended(fd: int, child: _Child, send: Send) -> list[list[Request]]:
    """Clear up behind a child; what it left undone, but for what it died of, is tried again."""
    os.close(fd)
    status = _exit_status(child)
    shutil.rmtree(child.folder, ignore_errors=True)
    if not child.requests:
        return []
    first, rest = child.requests[0], child.requests[1:]
    send({"id": first["id"], "failure": child.fault or _cause(status)})
    return [rest] if rest else []


def _exit_status(child: _Child) -> int:
    """Of a child that says nothing any more; ends one that goes on, and everything that it has started."""
    for _ in range(100):
        if os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        time.sleep(0.01)
    else:
        child.fault = child.fault or "the code disturbed the experiment"
    _kill(child)
    return os.waitpid(child.pid, 0)[1]


def _cause(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"the code ended its process with status {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"its process was killed by {name}"


def _kill(child: _Child) -> None:
    """End a child and everything that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(child.pid, signal.SIGKILL)


def can_fork() -> bool:
    """Whether a process may fork after it has imported Keras."""
    return sys.platform.startswith("linux")
