"""Runs one function over many inputs: deep enough for any code, on as many processors as asked for, in order."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

# Thousand-term sums and 500 `elif` arms nest a syntax tree as deeply: the default stack would overflow, and kill the
# process, long before Python's recursion limit is any use. Memory is only used as far as the stack really grows.
# Where so much cannot be reserved, less is better than nothing.
_MIB = 1024 * 1024
_STACKS_AND_DEPTHS = ((512 * _MIB, 20_000), (64 * _MIB, 2_500))
# Starting workers costs about as much as checking this many files.
_WORTH_WORKERS = 24
_MOST_PER_BATCH = 16


def available_processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_deep(function: Callable[[Task], Result], task: Task) -> Result:
    """Call ``function`` in a thread whose stack is deep enough for any code."""
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def call() -> None:
        try:
            outcome.append(function(task))
        except BaseException as error:
            failure.append(error)

    _start(call).join()
    if failure:
        raise failure[0]
    return outcome[0]


def _start(call: Callable[[], None]) -> threading.Thread:
    usual = threading.stack_size()
    try:
        for stack, depth in _STACKS_AND_DEPTHS:
            threading.stack_size(stack)
            sys.setrecursionlimit(depth)
            thread = threading.Thread(target=call, daemon=True)
            with contextlib.suppress(RuntimeError):
                thread.start()
                return thread
    finally:
        threading.stack_size(usual)
    raise MemoryError("no room for a thread")


def run_all(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    processes: int | None,
    lost: Callable[[Task], Result],
) -> Iterator[Result]:
    """The results in the order of the tasks, whatever the number of processes.

    ``None`` processes: as many as there are processors, where the number of tasks makes that worth it. ``lost`` gives
    the result for a task whose worker died: the system ran out of memory, or a C extension crashed.
    """
    count = available_processors() if processes is None else processes
    if processes is None and len(tasks) < _WORTH_WORKERS:
        count = 1
    count = min(count, len(tasks))
    if count <= 1:
        for task in tasks:
            yield run_deep(function, task)
        return
    yield from _run_in_processes(function, tasks, count, lost)


def _run_in_processes(
    function: Callable[[Task], Result], tasks: Sequence[Task], count: int, lost: Callable[[Task], Result]
) -> Iterator[Result]:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    size = max(1, min(_MOST_PER_BATCH, len(tasks) // (count * 4)))
    batches = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    pool = ProcessPoolExecutor(count)
    try:
        futures = [pool.submit(_run_batch, function, batch) for batch in batches]
        for batch, future in zip(batches, futures, strict=True):
            if not isinstance(future.exception(), BrokenProcessPool):
                yield from future.result()
            else:
                # All that was under way is lost with the one worker that died: find out which task it was.
                yield from _run_again(function, batch, lost)
    finally:
        pool.shutdown(cancel_futures=True)


def _run_batch(function: Callable[[Task], Result], batch: Sequence[Task]) -> list[Result]:
    return [run_deep(function, task) for task in batch]


def _run_again(
    function: Callable[[Task], Result], batch: Sequence[Task], lost: Callable[[Task], Result]
) -> list[Result]:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(_run_batch, function, batch).result()
        except BrokenProcessPool:
            if len(batch) == 1:
                return [lost(batch[0])]
    return [result for task in batch for result in _run_again(function, [task], lost)]
