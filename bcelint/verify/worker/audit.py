"""No changes outside one folder, no network, no processes: what Python itself can refuse, on every system.

It sees what Python code does, says so in words, and misses what native code does.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
from collections.abc import Callable
from typing import Any

_Arguments = tuple[Any, ...]

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_MOST_SHOWN = 120

# Events about one path: what was tried, which argument is the path, and which the folder that it starts from.
_CHANGES = {
    "os.remove": ("remove a file", 0, 1),
    "os.rmdir": ("remove a folder", 0, 1),
    "shutil.rmtree": ("remove a folder", 0, 1),
    "os.mkdir": ("make a folder", 0, 2),
    "os.symlink": ("make a link", 1, 2),
    "os.chmod": ("change the mode of a file", 0, 2),
    "os.chown": ("change the owner of a file", 0, 3),
    "os.chflags": ("change the flags of a file", 0, None),
    "os.utime": ("change the times of a file", 0, 3),
    "os.truncate": ("write to a file", 0, None),
    "os.setxattr": ("change the attributes of a file", 0, None),
    "os.removexattr": ("change the attributes of a file", 0, None),
    "sqlite3.connect": ("write to a file", 0, None),
}
_MOVES = {"os.rename": "move a file", "os.link": "make a link", "shutil.move": "move a file"}
_PROCESSES = {
    "subprocess.Popen": 1,
    "os.system": 0,
    "os.exec": 1,
    "os.posix_spawn": 1,
    "os.spawn": 2,
    "os.startfile": 0,
    "pty.spawn": 0,
    "os.fork": None,
    "os.forkpty": None,
}
_NETWORK = {
    "urllib.Request": 0,
    "http.client.connect": 1,
    "socket.connect": 1,
    "socket.bind": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
_INTERNET = (socket.AF_INET, socket.AF_INET6)


class Contained(PermissionError):
    """The code tried what it may not do; the message says what, in words."""


class Guard:
    """Refuses events that reach beyond ``folder``, and remembers them: code may catch the exception.

    Attributes:
        refused: what was tried, in order (``tried to remove a file: /x``).
    """

    def __init__(self, folder: str) -> None:
        self.refused: list[str] = []
        self._folder = os.path.normcase(os.path.realpath(folder))
        self._checks: dict[str, Callable[[_Arguments], str]] = {"open": self._open, "socket.__new__": _socket}
        for event, (what, path, start) in _CHANGES.items():
            self._checks[event] = self._change(what, path, start)
        for event, what in _MOVES.items():
            self._checks[event] = self._move(what)
        for event, shown in _PROCESSES.items():
            self._checks[event] = _with_argument("start a process", shown)
        for event, shown in _NETWORK.items():
            self._checks[event] = _with_argument("open a network connection", shown)
        for event in ("os.kill", "os.killpg"):
            self._checks[event] = _signal

    def install(self) -> None:
        """From now on, for the rest of the process."""
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: _Arguments) -> None:
        """Raise ``Contained`` for an event that reaches too far."""
        check = self._checks.get(event)
        what = check(arguments) if check is not None else ""
        if what:
            self.refused.append(f"tried to {what}")
            raise Contained(self.refused[-1])

    def _open(self, arguments: _Arguments) -> str:
        path, mode, flags = arguments
        writes = (isinstance(flags, int) and flags & _WRITING) or (isinstance(mode, str) and set(mode) & set("wax+"))
        return self._unless_inside("write to a file", path) if writes else ""

    def _change(self, what: str, path: int, start: int | None) -> Callable[[_Arguments], str]:
        return lambda arguments: self._unless_inside(
            what, arguments[path], arguments[start] if start is not None and start < len(arguments) else None
        )

    def _move(self, what: str) -> Callable[[_Arguments], str]:
        def check(arguments: _Arguments) -> str:
            source, target, *starts = arguments
            source_start, target_start = starts if len(starts) == 2 else (None, None)
            return self._unless_inside(what, source, source_start) or self._unless_inside(what, target, target_start)

        return check

    def _unless_inside(self, what: str, path: Any, start: Any = None) -> str:
        if isinstance(path, int):
            # An open file was checked when it was opened.
            return ""
        shown = os.fsdecode(path)
        full = shown
        if isinstance(start, int) and start >= 0:
            # Where there is no /proc, this is outside: wrong only for code that goes about it in a rare way.
            full = os.path.join(f"/proc/self/fd/{start}", shown)
        full = os.path.normcase(os.path.realpath(full))
        inside = full in (self._folder, os.devnull) or full.startswith(self._folder + os.sep)
        return "" if inside else f"{what}: {shown[:_MOST_SHOWN]}"


def _socket(arguments: _Arguments) -> str:
    # Pairs of local sockets are part of how Python waits for threads.
    return "open a network connection" if arguments[1] in _INTERNET else ""


def _signal(arguments: _Arguments) -> str:
    return "" if arguments[0] in (0, os.getpid()) else "send a signal to another process"


def _with_argument(what: str, index: int | None) -> Callable[[_Arguments], str]:
    def check(arguments: _Arguments) -> str:
        if index is None or index >= len(arguments):
            return what
        return f"{what}: {_shown(arguments[index])[:_MOST_SHOWN]}"

    return check


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)) and all(isinstance(part, (str, bytes, os.PathLike)) for part in value):
        return shlex.join(os.fsdecode(part) for part in value)
    if isinstance(value, tuple):
        return ":".join(str(part) for part in value)
    return os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)
