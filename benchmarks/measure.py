"""Child processes, and what they cost: CPU time (user and system) and peak memory, never the clock on the wall."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_KIB = 1 if sys.platform != "darwin" else 1 / 1024  # ru_maxrss is in KiB, on macOS in bytes


class BenchmarkError(Exception):
    """A command did not do its job, so that its cost says nothing."""


@dataclass(frozen=True)
class Command:
    """Something to run.

    ``reports_cost`` is for commands that measure a part of themselves and print its CPU seconds as their last line.
    """

    label: str
    arguments: Sequence[str]
    statuses: frozenset[int] = frozenset({0})
    reports_cost: bool = False


@dataclass
class Cost:
    """What the runs of one command cost; ``whole`` is all of the process where ``cpu`` is a part of it."""

    cpu: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The least disturbed run."""
        return min(self.cpu)

    @property
    def peak(self) -> float:
        return min(self.peak_mib)


def environment(root: Path, scratch: Path) -> dict[str, str]:
    """What the commands see: this checkout, no settings of the user, compiled modules kept."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPATH": str(root), "PYLINTHOME": str(scratch), "PYTHONHASHSEED": "0", "NO_COLOR": "1"}


def compare(commands: Sequence[Command], *, rounds: int, cwd: Path, env: Mapping[str, str]) -> dict[str, Cost]:
    """Run all commands in turns, so that whatever else the machine does disturbs all of them alike.

    One round more comes first and does not count: it compiles modules and fills the system's file cache. Every second
    round is run backwards, so that none always follows the same neighbour.
    """
    costs = {command.label: Cost() for command in commands}
    for turn in range(rounds + 1):
        for command in reversed(commands) if turn % 2 else commands:
            cpu, whole, peak = run(command, cwd=cwd, env=env)
            if turn:
                cost = costs[command.label]
                cost.cpu.append(cpu)
                cost.whole.append(whole)
                cost.peak_mib.append(peak)
    return costs


def run(command: Command, *, cwd: Path, env: Mapping[str, str]) -> tuple[float, float, float]:
    """CPU seconds, those of the whole process, and peak MiB of one run.

    The system counts what a child inherits at its birth: a peak below that of this process is not seen.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=dict(env)
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.statuses:
            raise BenchmarkError(f"{command.label}: exit status {process.returncode}: {_complaint(err)}")
        whole = usage.ru_utime + usage.ru_stime
        cpu = float(_last_line(out)) if command.reports_cost else whole
    return cpu, whole, usage.ru_maxrss * _KIB / 1024


def imported(arguments: Sequence[str], names: Iterable[str], *, cwd: Path, env: Mapping[str, str]) -> list[str]:
    """Which of the packages ``names`` a run of Python with ``arguments`` imports, by Python's own account."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=cwd,
        env=dict(env),
        check=False,
    )
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    if not lines:
        raise BenchmarkError(f"no account of the imports of {' '.join(arguments)}")
    packages = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    return sorted(packages.intersection(names))


def own_peak_mib() -> float:
    """The peak of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB / 1024


def _complaint(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no output"])[0]


def _last_line(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"
