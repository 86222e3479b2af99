"""Many tasks on several processes, in order, whatever happens to one of them."""

from __future__ import annotations

import os
import threading

import pytest

from bcelint import workers
from bcelint.workers import available_processors, run_all, run_deep


def square(number: int) -> int:
    return number * number


def die_at_seven(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def depth(levels: int) -> int:
    return 0 if levels == 0 else 1 + depth(levels - 1)


def fail(number: int) -> int:
    raise LookupError(number)


@pytest.mark.parametrize("processes", [None, 1, 2, 50])
def test_results_come_in_order(processes: int | None) -> None:
    tasks = range(40)
    assert list(run_all(square, tasks, processes=processes, lost=fail)) == [square(task) for task in tasks]


def test_no_tasks() -> None:
    assert list(run_all(square, [], processes=4, lost=fail)) == []


def test_a_worker_that_dies_costs_one_task() -> None:
    results = list(run_all(die_at_seven, range(20), processes=2, lost=lambda task: -task))
    assert results == [-7 if task == 7 else task for task in range(20)]


def test_deep_recursion() -> None:
    assert run_deep(depth, 15_000) == 15_000
    assert threading.stack_size() == 0


def test_failures_are_passed_on() -> None:
    with pytest.raises(LookupError):
        run_deep(fail, 1)


def test_there_is_a_processor() -> None:
    assert available_processors() >= 1


def test_a_smaller_stack_where_the_large_one_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    petabyte = 1 << 50
    monkeypatch.setattr(workers, "_STACKS_AND_DEPTHS", ((petabyte, 20_000), (64 << 20, 2_500)))
    assert run_deep(square, 3) == 9
    monkeypatch.setattr(workers, "_STACKS_AND_DEPTHS", ((petabyte, 20_000),))
    with pytest.raises(MemoryError):
        run_deep(square, 3)
