"""Runs that are cut off: by the user, by the system, and on systems that cannot fork after importing Keras."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.verify.surroundings import ROOT, marked, tree

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

LOSS = """\
import os
import sys
import time

import keras
from keras import ops


def {name}(y_true, y_pred):
    {body}
    return -ops.mean(y_true * ops.log(y_pred) + (1 - y_true) * ops.log(1 - y_pred), axis=-1)


model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", loss={name})
"""
BUSY = {"sleeps": "time.sleep(10_000)", "endless": "while True: pass"}


@dataclass(frozen=True)
class Surroundings:
    """A folder with losses, one for temporary files, and the environment of the command."""

    project: Path
    temporary: Path
    environment: dict[str, str]
    mark: str

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bcelint", "verify", "--trust", "--backend=jax", "--isolated", *options],
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def losses(self, bodies: dict[str, str]) -> None:
        for name, body in bodies.items():
            (self.project / f"{name}.py").write_text(LOSS.format(name=name, body=body))


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    for name in ("project", "temporary", "shim"):
        (tmp_path / name).mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "shim"), str(ROOT)]),
        "TMPDIR": str(tmp_path / "temporary"),
        "BCELINT_MARK": str(tmp_path),
    }
    return Surroundings(tmp_path / "project", tmp_path / "temporary", environment, f"BCELINT_MARK={tmp_path}")


def soon(what: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return what()


def experiments(around: Surroundings) -> list[Path]:
    return [path for path in around.temporary.rglob("experiment-*") if path.is_dir()]


def at_work(around: Surroundings, bodies: dict[str, str]) -> subprocess.Popen[str]:
    """The command, with two losses under way that do not end."""
    around.losses(bodies)
    process = around.start("--timeout", "300")
    assert soon(lambda: len(experiments(around)) == 2, 120), "nothing is evaluated"
    time.sleep(1.0)
    return process


def worker_of(process: subprocess.Popen[str]) -> int:
    """The process that has imported Keras."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def check_nothing_is_left(around: Surroundings) -> None:
    assert soon(lambda: marked(around.mark) == [], 5), marked(around.mark)
    assert list(around.temporary.iterdir()) == []


@pytest.mark.parametrize("whom", ["the terminal", "the command"])
def test_ctrl_c(surroundings: Surroundings, whom: str) -> None:
    process = at_work(surroundings, BUSY)
    before = tree(surroundings.project)
    started = time.monotonic()
    if whom == "the terminal":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert time.monotonic() - started < 10
    assert (output, errors, process.returncode) == ("", "error: interrupted\n", 130)
    check_nothing_is_left(surroundings)
    assert tree(surroundings.project) == before


def test_the_process_with_keras_is_killed(surroundings: Surroundings) -> None:
    process = at_work(surroundings, BUSY)
    started = time.monotonic()
    os.kill(worker_of(process), signal.SIGKILL)
    output, errors = process.communicate(timeout=60)
    assert time.monotonic() - started < 10
    assert errors == "error: the process that evaluates on JAX was killed by SIGKILL\n"
    assert (output, process.returncode) == ("", 2)
    check_nothing_is_left(surroundings)


def test_the_command_is_killed(surroundings: Surroundings) -> None:
    """What it has started ends, too; only its temporary folder is left."""
    process = at_work(surroundings, BUSY)
    process.kill()
    process.communicate(timeout=60)
    assert soon(lambda: marked(surroundings.mark) == [], 5), marked(surroundings.mark)


def test_without_fork(surroundings: Surroundings) -> None:
    """Code runs in the process that has imported Keras, which is contained as well, and replaced each time."""
    (surroundings.project.parent / "shim" / "sitecustomize.py").write_text(
        "from bcelint.verify.worker import rounds\n\nrounds.can_fork = lambda: False\n"
    )
    kept = surroundings.project.parent / "kept"
    kept.write_text("as it was")
    surroundings.losses(
        {
            "a_sound": "pass",
            "b_removes": f"os.remove({str(kept)!r})",
            "c_endless": BUSY["endless"],
            "d_leaves": "os._exit(7) if len(y_pred.shape) > 0 else None",
            "e_prints": "os.write(1, b'x' * 1_000_000)",
        }
    )
    (surroundings.project / "pair.py").write_text(
        "import keras\n\nmodel = keras.Sequential([keras.layers.Dense(1, activation='sigmoid')])\n"
        "model.compile('sgd', keras.losses.BinaryCrossentropy(from_logits=True))\n"
    )
    process = surroundings.start("--timeout", "10", "--output-format", "concise", "--select", "BCE101,BCE201")
    output, errors = process.communicate(timeout=300)
    assert (errors.count("\n"), process.returncode) == (1, 1), errors  # the account of what was looked at
    assert errors.startswith("Checked 6 files")
    reasons = dict.fromkeys("abcdep", "")
    for line in output.splitlines()[:-1]:
        reasons[line[0]] += line.partition(" -- ")[2]
    assert reasons["a"].startswith("confirmed on jax (p = 0, y = 0: the loss is NaN")
    assert f"the code tried to remove a file in row 10: {kept}, which is not allowed" in reasons["b"]
    assert "`c_endless` itself: it did not end within 10 seconds" in reasons["c"]
    assert "`d_leaves` itself: its process has ended with status 7" in reasons["d"]
    assert reasons["e"].startswith("confirmed on jax (p = 0, y = 0: the loss is NaN")
    assert reasons["p"].startswith("confirmed on jax (z = -10, y = 1:")
    assert kept.read_text() == "as it was"
    check_nothing_is_left(surroundings)
