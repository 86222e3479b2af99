"""Calls of the C library that Python has no function for."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def call(name: str, *arguments: Any) -> int:
    """What the function of that name returns, -1 where it fails or does not exist."""
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return -1
    # Numbers go as C longs: an int would leave half of a register undefined, which some calls look at.
    result = function(*(ctypes.c_long(value) if isinstance(value, int) else value for value in arguments))
    return int(result)


def end_with_parent(signal: int) -> bool:
    """Have the kernel send ``signal`` to this process when the parent ends."""
    return sys.platform == "linux" and call("prctl", _PR_SET_PDEATHSIG, signal, 0, 0, 0) == 0


def give_up_privileges() -> bool:
    """No program that is started gets more rights; the kernel asks for it before it takes restrictions."""
    return call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
