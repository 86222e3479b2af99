"""Losses that do what no loss should: the command ends in time, says what happened, and nothing is harmed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from tests.verify.surroundings import ROOT, marked, tree

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks after importing Keras")

TIMEOUT = 8
OPTIONS = ("--isolated", "--output-format=json", "--select=BCE101,BCE201", f"--timeout={TIMEOUT}", "--memory=1")
HEAD = """\
import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import tensorflow as tf

OUTSIDE = {outside!r}
PORT = {port}
"""
# What does not import anything but packages that compute, and is therefore run without being asked.
PLAIN_HEAD = """\
import random

import keras
import numpy as np
import tensorflow as tf

OUTSIDE = {outside!r}
"""
LOSS = """

def {name}(y_true, y_pred):
{body}
    return -tf.reduce_mean(y_true * tf.math.log(y_pred) + (1 - y_true) * tf.math.log(1 - y_pred), axis=-1)


model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", loss={name})
"""
PAIR = """\
import keras

model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
"""

# What became of the function itself; SOUND: it was evaluated as if nothing else were in it.
SOUND = "p = 0, y = 0: the loss is NaN (eager)"
LATE = f"it did not end within {TIMEOUT} seconds"
MEMORY = "it needs more memory than it may have"
DISTURBED = "the code disturbed the experiment"
# To wherever the way back to the command may be.
WRITE = """\
for fd in range(3, 64):
    try:
        os.write(fd, {0})
    except OSError:
        pass
"""
HOSTILE = {
    "endless": ("while True:\n    pass", LATE),
    "sleeps": ("time.sleep(10_000)", LATE),
    "ignores_signals": ("for n in (2, 15):\n    signal.signal(n, signal.SIG_IGN)\ntime.sleep(10_000)", LATE),
    "stops": ("os.kill(os.getpid(), signal.SIGSTOP)", LATE),
    "allocates_with_numpy": ("np.ones((50, 1 << 28), 'float32').sum()", MEMORY),
    "allocates_with_tensorflow": ("tf.reduce_sum(tf.zeros((50, 1 << 28)))", MEMORY),
    "allocates_bit_by_bit": ("parts = []\nwhile True:\n    parts.append(bytearray(500 << 20))", MEMORY),
    "removes_a_file": ("os.remove(OUTSIDE + '/kept')", "the code tried to remove a file in row {row}: {outside}/kept"),
    "removes_a_folder": ("shutil.rmtree(OUTSIDE)", "the code tried to remove a folder in row {row}: {outside}"),
    "overwrites": ("open(OUTSIDE + '/kept', 'w')", "the code tried to write to a file in row {row}: {outside}/kept"),
    "writes_in_a_graph": ("tf.io.write_file(OUTSIDE + '/kept', 'x')", "the code raises PermissionDeniedError"),
    "removes_with_c": ("ctypes.CDLL(None).unlink((OUTSIDE + '/kept').encode())", SOUND),
    "removes_and_goes_on": ("try:\n    os.remove(OUTSIDE + '/kept')\nexcept OSError:\n    pass", SOUND),
    "removes_its_folder": ("shutil.rmtree(os.getcwd())", "the code raises PermissionError"),
    "connects": (
        "socket.create_connection(('127.0.0.1', PORT))",
        "the code tried to open a network connection in row {row}: 127.0.0.1",
    ),
    "exits": ("if len(y_pred.shape) > 0:\n    sys.exit(3)", "the code calls `sys.exit` in row {next}"),
    "exits_at_once": ("if len(y_pred.shape) > 0:\n    os._exit(0)", "the code ended its process with status 0"),
    "forks": ("while True:\n    os.fork()", "the code tried to start a process in row {next}, which is not allowed"),
    "forks_stubbornly": (
        "while True:\n    try:\n        os.fork()\n    except BaseException:\n        pass",
        LATE,
    ),
    "runs_a_program": ("subprocess.run(['touch', OUTSIDE + '/new'])", "the code tried to start a process in row {row}"),
    "kills_its_parent": ("os.kill(os.getppid(), 9)", "the code tried to send a signal to another process"),
    "dies_of_an_unnamed_signal": ("os.kill(os.getpid(), 40)", "its process was killed by signal 40"),
    "crashes": ("ctypes.string_at(0)", "its process was killed by SIGSEGV"),
    "prints_megabytes": (
        "print('x' * 20_000_000)\nos.write(2, b'y' * 20_000_000)\nprint('z', file=sys.stderr)",
        SOUND,
    ),
    "changes_the_folder": ("os.chdir('/')", SOUND),
    "changes_keras": (
        "keras.losses.binary_crossentropy = keras.losses.BinaryCrossentropy = lambda *given, **named: 1 / 0\n"
        "keras.layers.Dense.call = keras.Model.compute_loss = lambda *given, **named: 1 / 0",
        SOUND,
    ),
    "forges_answers": (
        WRITE.format("""b'{"id": 0, "result": {}}\\n{"id": 1, "result": 7}\\n'"""),
        DISTURBED,
    ),
    "answers_with_brackets": (WRITE.format("b'[' * 1_000_000 + b'\\n'"), DISTURBED),
    "answers_without_end": (WRITE.format("b'x' * 40_000_000"), "it answered with too much"),
    "hangs_up": ("os.closerange(0, 200)\ntime.sleep(10_000)", DISTURBED),
    "raises_what_cannot_be_said": (
        "class Mute(BaseException):\n    def __str__(self):\n        raise ValueError\n\n"
        "if len(y_pred.shape) > 0:\n    raise Mute",
        "the code raises Mute in row",
    ),
    "interrupts": (
        "if len(y_pred.shape) > 0:\n    raise KeyboardInterrupt",
        "the code raises KeyboardInterrupt in row {next}",
    ),
    "raises_escapes": (
        "if len(y_pred.shape) > 0:\n    raise ValueError('\\x1b[2J\\ud800')",
        "the code raises ValueError in row {next}: \ufffd[2J\ufffd",
    ),
    "recurses": ("def deeper():\n    return deeper()\ndeeper()", "the code raises RecursionError"),
    "leaves_threads": ("threading.Thread(target=time.sleep, args=(10_000,), daemon=False).start()", SOUND),
    "raises_its_limits": ("resource.setrlimit(resource.RLIMIT_AS, (1 << 45, 1 << 45))", "the code raises ValueError"),
    "returns_text": ("if len(y_pred.shape) > 0:\n    return 'no loss'", "the code raises ValueError"),
    "returns_nothing": ("if len(y_pred.shape) > 0:\n    return None", "the code raises ValueError"),
    "returns_ragged": (
        "if len(y_pred.shape) > 0:\n    return tf.ragged.constant([[1.0], [1.0, 2.0]])",
        "the code raises ValueError",
    ),
    "returns_whole_numbers": ("if len(y_pred.shape) > 0:\n    return tf.cast(y_pred, tf.int32)", "finite in all"),
    "returns_complex_numbers": (
        "if len(y_pred.shape) > 0:\n    return tf.cast(y_pred, tf.complex64)",
        "finite in all",
    ),
    "returns_far_too_much": (
        "if len(y_pred.shape) > 0:\n    return tf.zeros((1 << 30,)) + tf.reduce_sum(y_pred)",
        MEMORY,
    ),
}
# Reading the program, nothing is wrong with these.
UNSEEN = {
    "finds_os": (
        "match random:\n    case object(_os=found):\n        found.remove(OUTSIDE + '/kept')",
        "the code tried to remove a file in row",
    ),
    "dumps_an_array": ("np.ones(2).dump(OUTSIDE + '/kept')", "the code tried to write to a file in row {row}"),
    "prints_to_a_file": ("tf.print('x', output_stream='file://' + OUTSIDE + '/kept')", ""),
    "leaves": ("if len(y_pred.shape) > 0:\n    raise SystemExit(0)", "the code calls `sys.exit` in row {next}"),
    "exits": ("if len(y_pred.shape) > 0:\n    exit(0)", "the code calls `sys.exit`"),
    "changes_tensorflow": ("tf.reduce_mean = lambda *given, **named: 1 / 0", "the code raises ZeroDivisionError"),
    "endless": ("while True:\n    pass", LATE),
}


@dataclass(frozen=True)
class Run:
    """A run of the command over a project, and what was there before it and after it."""

    result: subprocess.CompletedProcess[str]
    seconds: float
    before: dict[str, str]
    after: dict[str, str]
    left: list[str]
    processes: list[str]
    visitors: int
    outside: str
    rows: dict[str, int]

    @property
    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.result.stdout, parse_constant=pytest.fail)
        return found

    def reasons(self, name: str) -> set[str]:
        """What is said of the findings of a file."""
        own = [finding for finding in self.findings if finding["filename"] == f"{name}.py"]
        assert own, f"nothing was found in {name}.py"
        return {finding["verification"]["backends"][0]["reason"] for finding in own}


def run(folder: Path, losses: dict[str, tuple[str, str]], head: str, *options: str) -> Run:
    project, outside, temporary = (folder / name for name in ("project", "outside", "temporary"))
    for each in (project, outside / "deep", temporary):
        each.mkdir(parents=True)
    (outside / "kept").write_text("as it was")
    (outside / "deep" / "kept").write_text("as it was")
    visitors = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def welcome() -> None:
            with suppress(OSError):
                while True:
                    visitors.append(server.accept())

        threading.Thread(target=welcome, daemon=True).start()
        rows = {}
        for name, (body, _) in losses.items():
            text = head.format(outside=str(outside), port=server.getsockname()[1])
            text += LOSS.format(name=name, body=indent(body, "    "))
            rows[name] = text[: text.index(f"def {name}(")].count("\n") + 2
            (project / f"{name}.py").write_text(text, encoding="utf-8")
        (project / "sound.py").write_text(head.format(outside="", port=0) + LOSS.format(name="sound", body="    pass"))
        (project / "pair.py").write_text(PAIR)
        mark = f"BCELINT_MARK={folder}"
        before = tree(folder)
        started = time.monotonic()
        result = subprocess.run(
            [sys.executable, "-m", "bcelint", "verify", *OPTIONS, *options],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary), "BCELINT_MARK": str(folder)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        seconds = time.monotonic() - started
        time.sleep(0.2)
        processes = marked(mark)
    left = sorted(path.name for path in temporary.iterdir())
    return Run(result, seconds, before, tree(folder), left, processes, len(visitors), str(outside), rows)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("trusted"), HOSTILE, HEAD, "--trust")


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("unseen"), UNSEEN, PLAIN_HEAD)


def wanted(made: Run, name: str, words: str) -> str:
    row = made.rows[name]
    return words.format(row=row, next=row + 1, outside=made.outside)


def check(made: Run, name: str, words: str) -> None:
    expected = wanted(made, name, words)
    reasons = made.reasons(name)
    if words == SOUND:
        assert expected in reasons
        return
    for reason in reasons:
        # The formula is evaluated instead, and it is said what the function did.
        assert reason.startswith("the formula of row "), reason
        assert f"`{name}` itself: " in reason
        assert expected in reason.partition(" itself: ")[2]
        assert "\n" not in reason


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_said_what_happened(trusted: Run, name: str) -> None:
    check(trusted, name, HOSTILE[name][1])


@pytest.mark.parametrize("name", UNSEEN)
def test_what_reading_does_not_show_is_contained_as_well(unseen: Run, name: str) -> None:
    if name == "prints_to_a_file":
        assert unseen.reasons(name)  # TensorFlow may or may not say that it could not
        return
    check(unseen, name, UNSEEN[name][1])


@pytest.fixture(params=["trusted", "unseen"])
def made(request: pytest.FixtureRequest) -> Run:
    found: Run = request.getfixturevalue(request.param)
    return found


def test_the_others_are_unharmed(made: Run) -> None:
    assert made.reasons("sound") == {SOUND, "p = 1, y = 0: the loss is inf (eager)"}
    assert made.reasons("pair") == {"Keras finds the logits behind the activation and uses them"}


def test_the_run_ends_in_time_and_in_order(made: Run) -> None:
    """Each loss may take the timeout, two at a time; importing TensorFlow is slow on a busy machine."""
    assert made.seconds < 60 + (TIMEOUT + 2) * (len(made.rows) + 2)
    assert made.result.returncode == 1
    assert "Traceback" not in made.result.stderr
    assert "internal error" not in made.result.stderr
    assert made.result.stderr.startswith("Evaluated ")


def test_nothing_is_changed_and_nothing_is_left(made: Run) -> None:
    assert made.after == made.before
    assert made.left == []
    assert made.processes == []
    assert made.visitors == 0
