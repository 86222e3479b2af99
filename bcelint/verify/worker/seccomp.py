"""No processes, no sockets, no signals to others: a filter over the calls that reach the Linux kernel."""

from __future__ import annotations

import ctypes
import errno
import os
import sys

from bcelint.verify.worker import libc

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

# What the kernel calls the processor, and which column of numbers below is its own.
_PROCESSORS = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "riscv64": (0xC00000F3, 1)}

# Numbers of the calls on x86_64, and where else a kernel is new enough to have common numbers.
_FORBIDDEN = {
    # starts a process, or becomes another program
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    # reaches out of the process; io_uring would do all of these without a call that can be seen here
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    "ptrace": (101, 117),
    "process_vm_writev": (311, 271),
    # changes what files are, which Landlock lets pass
    "truncate": (76, 45),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
# Their first argument is a process, which has to be this one.
_ONLY_SELF = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "prlimit64": (302, 261),
}
_CLONE = (56, 220)
_CLONE_THREAD = 0x10000
# The flags of clone3 are out of a filter's sight. Where it seems not to exist, the C library uses clone.
_CLONE3 = 435
_X32_CALLS = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_CALL, _PROCESSOR, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


# An instruction: its code and value, and where it goes on if its test holds and if not ("": to the next one).
_Step = tuple[int, int, str, str]


def restrict() -> bool:
    """Install the filter, for the calling thread and those that it starts. Threads go on working."""
    if sys.platform != "linux" or os.uname().machine not in _PROCESSORS or sys.maxsize < 2**32:
        return False
    instructions = _assembled(_parts(*_PROCESSORS[os.uname().machine], process=os.getpid()))
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    return (
        libc.give_up_privileges()
        and libc.call("prctl", _PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    )


def _parts(processor: int, column: int, *, process: int) -> dict[str, list[_Step]]:
    """The filter: named runs of instructions, one after the other."""
    start = [
        (_LOAD, _PROCESSOR, "", ""),
        (_EQUAL, processor, "", "refuse"),
        (_LOAD, _CALL, "", ""),
        (_AT_LEAST, _X32_CALLS, "refuse", ""),
        (_EQUAL, _CLONE3, "unknown", ""),
        (_EQUAL, _CLONE[column], "clone", ""),
    ]
    for table, then in ((_FORBIDDEN, "refuse"), (_ONLY_SELF, "self")):
        for numbers in table.values():
            number = numbers[column]
            if number is not None:
                start.append((_EQUAL, number, then, ""))
    return {
        "start": start,
        "allow": [(_RETURN, _ALLOW, "", "")],
        "clone": [(_LOAD, _FIRST_ARGUMENT, "", ""), (_HAS_BITS, _CLONE_THREAD, "done", "refuse")],
        "self": [
            (_LOAD, _FIRST_ARGUMENT, "", ""),
            (_EQUAL, 0, "done", ""),
            (_EQUAL, process, "done", "refuse"),
        ],
        "done": [(_RETURN, _ALLOW, "", "")],
        "refuse": [(_RETURN, _FAIL | errno.EPERM, "", "")],
        "unknown": [(_RETURN, _FAIL | errno.ENOSYS, "", "")],
    }


def _assembled(parts: dict[str, list[_Step]]) -> list[_Instruction]:
    starts: dict[str, int] = {}
    count = 0
    for name, steps in parts.items():
        starts[name] = count
        count += len(steps)
    assembled: list[_Instruction] = []
    for steps in parts.values():
        for code, value, yes, no in steps:
            after = len(assembled) + 1
            assembled.append(
                _Instruction(code, starts[yes] - after if yes else 0, starts[no] - after if no else 0, value)
            )
    return assembled
