"""Shuts a process in, just before it runs code that a user wrote.

Several layers, each as far as the system has it: limits of what it may use up; what Linux refuses to Python and to
native code alike (Landlock: files; seccomp: processes, sockets, signals); and, everywhere, what Python itself refuses,
which gives the reasons in words.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile

from bcelint.verify.worker import landlock, libc, seccomp
from bcelint.verify.worker.audit import Contained, Guard

__all__ = ["Contained", "contain", "refused"]

_MIB = 1024 * 1024
_LARGEST_FILE = 64 * _MIB
# Libraries start a few threads per processor. A thread reserves a stack, and its share of the C library's heaps, which
# is address space but no memory.
_STACKS_PER_PROCESSOR = 64 * _MIB
_RESERVED_PER_PROCESSOR = 512 * _MIB

_guards: list[Guard] = []


def contain(folder: str, *, memory: int, seconds: int, keep_open: int) -> tuple[str, ...]:
    """Apply everything that the system has, and return the names of what is in force; there is no way back.

    To be called after ``fork``, while there is one thread: restrictions hold for the threads that this one starts.

    Args:
        folder: an empty folder; becomes the current one and the only one that can be written to.
        memory: bytes that the process may take on top of what it has now.
        seconds: of processor time, summed over all threads. Waiting is not counted: the parent has to watch the clock.
        keep_open: the file descriptor of the way back to the parent; all others lead nowhere afterwards.
    """
    layers: tuple[tuple[str, bool], ...] = ()
    _move_to(folder)
    if sys.platform != "win32":
        layers = (
            ("session", _own_session()),
            ("descriptors", _disconnect(keep_open)),
            ("limits", _limit(memory, seconds)),
            ("landlock", landlock.restrict(folder)),
            ("seccomp", seccomp.restrict()),
        )
    guard = Guard(folder)
    guard.install()
    _guards.append(guard)
    return (*(name for name, applied in layers if applied), "audit")


def refused() -> tuple[str, ...]:
    """What Python has refused so far (``tried to remove a file: /x``), also where the code caught the exception."""
    return tuple(what for guard in _guards for what in guard.refused)


def _own_session() -> bool:
    """A process group that the parent can kill as a whole, out of reach of the terminal, and gone with the parent."""
    with contextlib.suppress(OSError):
        os.setsid()
    libc.end_with_parent(signal.SIGKILL)
    # If memory runs out all the same, this is the process to take.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    return os.getpgrp() == os.getpid()


def _disconnect(keep_open: int) -> bool:
    """Point every descriptor but one to nowhere.

    They are not closed: whoever closes one later, believing that it is its own, would close another file with its
    number.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    listed = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    try:
        numbers = {int(name) for name in os.listdir(listed)}
    except OSError:
        numbers = set(range(3, 256))
    for number in ({0, 1, 2} | numbers) - {nowhere, keep_open}:
        with contextlib.suppress(OSError):
            if number > 2:
                os.fstat(number)
            os.dup2(nowhere, number, inheritable=number < 3)
    if nowhere > 2:
        os.close(nowhere)
    return True


def _move_to(folder: str) -> None:
    os.chdir(folder)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    # Else each module that is imported late would be refused the writing of its bytecode.
    sys.dont_write_bytecode = True


def _limit(memory: int, seconds: int) -> bool:
    import resource

    processors = os.cpu_count() or 1
    limits = [
        # The first ends the process with a signal of its own, the second cannot be caught.
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE, _LARGEST_FILE),
        (resource.RLIMIT_CORE, 0, 0),
    ]
    used = _memory_in_use()
    if used:
        size, data = used
        data += memory + processors * _STACKS_PER_PROCESSOR
        size += memory + processors * _RESERVED_PER_PROCESSOR
        limits += [(resource.RLIMIT_DATA, data, data), (resource.RLIMIT_AS, size, size)]
    if sys.platform == "darwin":
        # It counts processes there. On Linux it counts threads too, and those of all processes of the user.
        limits.append((resource.RLIMIT_NPROC, 0, 0))
    for which, soft, hard in limits:
        with contextlib.suppress(ValueError, OSError):
            highest = resource.getrlimit(which)[1]
            if highest != resource.RLIM_INFINITY:
                soft, hard = min(soft, highest), min(hard, highest)
            resource.setrlimit(which, (soft, hard))
    return True


def _memory_in_use() -> tuple[int, int] | None:
    """The bytes of address space, and of private memory that can be written to."""
    try:
        with open("/proc/self/status") as status:
            values = dict(line.split(":", 1) for line in status)
        return int(values["VmSize"].split()[0]) * 1024, int(values["VmData"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
