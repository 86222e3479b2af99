"""Writing a changed file whole or not at all, and showing what would change."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import stat
import tempfile

from bcelint.source import Source

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace the content of a file in one step, keeping its mode; a symbolic link stays, and its target is replaced.

    Raises ``OSError``, with the file as it was, where that is not possible.
    """
    target = os.path.realpath(path)
    mode = stat.S_IMODE(os.stat(target).st_mode)
    if not os.access(target, os.W_OK):  # a rename would not ask
        raise PermissionError(13, "the file is read-only", os.fspath(path))
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".bcelint-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def diff(before: Source, after: Source) -> str:
    """What changed, as a unified diff; in a notebook one for each cell, headed ``path:cell 3``."""
    pairs = zip(before.parts(), after.parts(), strict=True)
    return "".join(_diff(name, old, new) for (name, old), (_, new) in pairs if old != new)


def _diff(name: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
