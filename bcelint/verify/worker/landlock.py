"""No changes to files outside one folder, held by the Linux kernel for Python and native code alike."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

from bcelint.verify.worker import libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1

# What each version of the interface can forbid first. Reading and executing stay allowed: libraries load parts of
# themselves when they are needed.
_WRITE_FILE, _TRUNCATE, _IOCTL_DEVICE = 1 << 1, 1 << 14, 1 << 15
_REMOVE_AND_MAKE = 0b1_1111_1111 << 4
_REFER = 1 << 13
_FILES = ((1, _WRITE_FILE | _REMOVE_AND_MAKE), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE))
_BIND_AND_CONNECT = 0b11
_NETWORK = ((4, _BIND_AND_CONNECT),)
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_SCOPES = ((6, _ABSTRACT_SOCKETS_AND_SIGNALS),)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The version of the kernel's interface, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, libc.call("syscall", _CREATE_RULESET, None, 0, _VERSION))


def restrict(folder: str) -> bool:
    """Take away all rights to change files but those below ``folder``, TCP, and signals to other processes.

    Holds for the calling thread and those that it starts, so there should be one. Modes, owners and times of files are
    beyond Landlock.
    """
    known = version()
    if not known:
        return False
    files = _rights(_FILES, known)
    ruleset = _Ruleset(files, _rights(_NETWORK, known), _rights(_SCOPES, known))
    # An older kernel takes a longer structure, as long as the rest is zero.
    handle = libc.call("syscall", _CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    if handle < 0:
        return False
    try:
        return (
            _allow(handle, folder, files)
            and _allow(handle, os.devnull, files & (_WRITE_FILE | _TRUNCATE | _IOCTL_DEVICE))
            and libc.give_up_privileges()
            and libc.call("syscall", _RESTRICT_SELF, handle, 0) == 0
        )
    finally:
        os.close(handle)


def _rights(since: tuple[tuple[int, int], ...], known: int) -> int:
    return sum(rights for version, rights in since if version <= known)


def _allow(handle: int, path: str, rights: int) -> bool:
    with contextlib.suppress(OSError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = _PathBeneath(rights, place)
            return libc.call("syscall", _ADD_RULE, handle, _PATH_BENEATH, ctypes.byref(rule), 0) == 0
        finally:
            os.close(place)
    return False
