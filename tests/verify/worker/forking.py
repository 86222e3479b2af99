"""Imports Keras once, and runs snippets in contained forks of itself: a line of JSON in, a line out.

Run as a script: ``python forking.py tensorflow``. A snippet sets ``result``. It sees what the test gives it
(``outside``, ``port``), and ``folder``, ``parent`` (this process) and ``extra`` (a descriptor of this process's).
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from typing import Any

from bcelint.verify.worker.contain import contain, refused

GIB = 1 << 30


def child(request: dict[str, Any], folder: str, answers_to: int, names: dict[str, Any]) -> None:
    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else threading.active_count()
    started = time.perf_counter()
    in_force = contain(folder, memory=GIB, seconds=request["seconds"], keep_open=answers_to)
    answer: dict[str, Any] = {
        "in_force": in_force,
        "milliseconds": 1000 * (time.perf_counter() - started),
        "threads": threads,
    }
    try:
        exec(compile(request["code"], "<snippet>", "exec"), names)
        answer["result"] = names.get("result")
    except BaseException as error:
        answer["error"] = type(error).__name__
        answer["message"] = str(error)
        answer["traceback"] = traceback.format_exc()
    answer["refused"] = refused()
    os.write(answers_to, json.dumps(answer, default=str).encode())


def run(request: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    folder = tempfile.mkdtemp()
    names = {**request["names"], "parent": os.getpid(), "folder": os.path.realpath(folder), "extra": reading}
    pid = os.fork()
    if pid == 0:
        try:
            child(request, folder, writing, names)
        finally:
            os._exit(0)
    os.close(writing)
    deadline = time.monotonic() + request["wait"]
    received = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            data = os.read(reading, 1 << 16)
            if not data:
                break
            received += data
        else:
            os.killpg(pid, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    left = sorted(os.listdir(folder))
    shutil.rmtree(folder)
    answer: dict[str, Any] = json.loads(received) if received else {}
    answer["left"] = left
    answer["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    answer["status"] = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    return answer


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    importlib.import_module("keras")
    for name in sys.argv[1:]:
        importlib.import_module(name)
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
