"""What code can do to the machine once its process is contained, in forks of a process that has imported Keras."""

from __future__ import annotations

import ctypes
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bcelint.verify.worker import landlock, libc, seccomp
from bcelint.verify.worker.audit import Contained, Guard

ON_LINUX = sys.platform == "linux"
forks = pytest.mark.skipif(not ON_LINUX, reason="forks after importing Keras")
needs_landlock = pytest.mark.skipif(landlock.version() < 3, reason="the kernel has no Landlock that is new enough")
needs_seccomp = pytest.mark.skipif(
    not ON_LINUX or os.uname().machine not in ("x86_64", "aarch64", "riscv64"), reason="no filter for this processor"
)

Answer = dict[str, Any]

PYTHON = [
    ("import os; os.remove(outside + '/kept')", "tried to remove a file: {outside}/kept"),
    ("import pathlib; pathlib.Path(outside, 'kept').unlink()", "tried to remove a file: {outside}/kept"),
    ("import os; os.chdir(outside); os.remove('kept')", "tried to remove a file: kept"),
    ("import shutil; shutil.rmtree(outside)", "tried to remove a folder: {outside}"),
    ("import os; os.rename(outside + '/kept', 'mine')", "tried to move a file: {outside}/kept"),
    ("open(outside + '/kept', 'w')", "tried to write to a file: {outside}/kept"),
    ("open(outside + '/new', 'xb')", "tried to write to a file: {outside}/new"),
    (
        "import os; os.symlink(outside, 'link'); open('link/kept', 'a')",
        "tried to write to a file: link/kept",
    ),
    ("import os; os.open(outside + '/kept', os.O_RDWR)", "tried to write to a file: {outside}/kept"),
    ("import os; os.truncate(outside + '/kept', 0)", "tried to write to a file: {outside}/kept"),
    ("import os; os.chmod(outside, 0)", "tried to change the mode of a file: {outside}"),
    ("import os; os.mkdir(outside + '/new')", "tried to make a folder: {outside}/new"),
    (
        "import socket; socket.create_connection(('127.0.0.1', port))",
        "tried to open a network connection: 127.0.0.1",
    ),
    (
        "import urllib.request; urllib.request.urlopen('http://x.example')",
        "tried to open a network connection: http://x.example",
    ),
    ("import os; os.fork()", "tried to start a process"),
    ("import os; os.system('touch x')", "tried to start a process: touch x"),
    ("import subprocess; subprocess.run(['touch', 'x'])", "tried to start a process: touch x"),
    ("import os; os.execv('/bin/ls', ['ls'])", "tried to start a process: ls"),
    ("import os; os.kill(parent, 9)", "tried to send a signal to another process"),
]

# What native code does, by a name of the C library and arguments; -1 is what it should get.
NATIVE_FILES = [
    "c.unlink(kept)",
    "c.rename(kept, b'mine')",
    "c.open(kept, 1)",
    "c.open(kept, 512)",
    "c.mkdir(outside.encode() + b'/new', 0o777)",
    "c.symlink(b'x', outside.encode() + b'/new')",
    "c.link(kept, b'mine')",
]
NATIVE_CALLS = [
    "c.fork()",
    "c.vfork()",
    "c.execv(b'/bin/ls', None)",
    "c.socket(2, 1, 0)",
    "c.socket(1, 1, 0)",
    "c.kill(parent, 9)",
    "c.kill(-1, 0)",
    "c.chmod(kept, 0)",
    "c.utime(kept, None)",
    "c.truncate(kept, 0)",
    "c.prlimit(parent, 7, bytes(16), None)",
]

TENSORFLOW = {
    "eager": "import tensorflow as tf\nresult = float(tf.reduce_sum(tf.ones((300, 300)) @ tf.ones((300, 300))))",
    "graph": """
import tensorflow as tf
@tf.function
def total(x):
    return tf.reduce_sum(tf.exp(x) @ tf.exp(x))
result = float(total(tf.zeros((300, 300))))
""",
    "XLA": """
import tensorflow as tf
@tf.function(jit_compile=True)
def total(x):
    return tf.reduce_sum(tf.exp(x) @ tf.exp(x))
result = float(total(tf.zeros((300, 300))))
""",
}
MODEL = """
import keras, numpy as np
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
model.compile(loss="binary_crossentropy", optimizer="sgd")
zeros, ones = np.zeros((2, 4)), np.ones((2, 1))
result = float(model.test_on_batch(zeros, ones)), float(model.train_on_batch(zeros, ones))
"""


ALLOCATE = {
    "numpy": "import numpy as np; result = float(np.ones((50, 1 << 28), 'float32').sum())",
    "tensorflow": "import tensorflow as tf; result = float(tf.reduce_sum(tf.zeros((50, 1 << 28))))",
    "jax": "import jax.numpy as jnp; result = float(jnp.zeros((50, 1 << 28)).sum())",
    "python": "result = len(bytearray(50 << 30))",
    "little by little": "result = []\nwhile True: result.append(bytearray(100 << 20))",
}


class Forking:
    """A process with Keras imported, and what its forks are told about the world outside."""

    def __init__(self, process: subprocess.Popen[str], names: dict[str, Any]) -> None:
        self._process = process
        self.names = names

    def run(self, code: str, *, seconds: int = 20, wait: float = 60.0) -> Answer:
        request = {"code": code, "seconds": seconds, "wait": wait, "names": self.names}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: Answer = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def forking(backend: str, names: dict[str, Any]) -> Iterator[Forking]:
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        # With oneDNN a failed allocation is tried again for ten seconds.
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }
    script = Path(__file__).with_name("forking.py")
    process = subprocess.Popen(
        [sys.executable, script, backend],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield Forking(process, names)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture(scope="module")
def tensorflow(tmp_path_factory: pytest.TempPathFactory, listener: socket.socket) -> Iterator[Forking]:
    outside = tmp_path_factory.mktemp("outside")
    with forking("tensorflow", {"outside": str(outside), "port": listener.getsockname()[1]}) as process:
        yield process


@pytest.fixture
def outside(tensorflow: Forking) -> Iterator[str]:
    """A folder with one file, which has to look the same afterwards."""
    folder = Path(tensorflow.names["outside"])
    kept = folder / "kept"
    kept.write_text("kept")
    kept.chmod(0o644)
    before = kept.stat()
    yield str(folder)
    after = kept.stat()
    assert [path.name for path in folder.iterdir()] == ["kept"]
    assert kept.read_text() == "kept"
    assert (after.st_mode, after.st_mtime_ns, after.st_nlink) == (before.st_mode, before.st_mtime_ns, 1)


# --- what has to go on working ----------------------------------------------------------------------------------------


@forks
@pytest.mark.parametrize("mode", TENSORFLOW)
def test_tensorflow_computes(tensorflow: Forking, mode: str) -> None:
    answer = tensorflow.run(TENSORFLOW[mode])
    assert (answer["threads"], answer["result"], answer["refused"]) == (1, 300.0**3, [])


@forks
def test_keras_trains(tensorflow: Forking) -> None:
    answer = tensorflow.run(MODEL)
    assert answer["result"] == pytest.approx([0.693147, 0.693147])
    assert answer["refused"] == []


@forks
def test_the_folder_can_be_used(tensorflow: Forking, outside: str) -> None:
    answer = tensorflow.run("""
import os, tempfile
import tensorflow as tf
with tempfile.TemporaryDirectory() as made:
    os.mkdir("a")
    with open("a/x", "w") as file:
        file.write("1")
    os.rename("a/x", made + "/y")
tf.io.write_file(folder + "/z", "2")
result = os.getcwd() == folder, made.startswith(folder), open(outside + "/kept").read()
""")
    assert (answer["result"], answer["left"]) == ([True, True, "kept"], ["a", "z"])


@forks
def test_threads_and_what_python_waits_with(tensorflow: Forking) -> None:
    answer = tensorflow.run("""
import asyncio, os, platform, signal
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    result = list(pool.map(abs, [-1, 2]))
async def three():
    return await asyncio.to_thread(abs, -3)
result.append(asyncio.run(three()))
platform.uname()
signal.signal(signal.SIGUSR1, lambda *_: result.append(4))
os.kill(os.getpid(), signal.SIGUSR1)
with open(os.devnull, "w") as nowhere:
    result.append(nowhere.write("12345"))
""")
    assert answer["result"] == [1, 2, 3, 4, 5], answer


@forks
def test_jax() -> None:
    pytest.importorskip("jax")
    with forking("jax", {}) as process:
        answer = process.run("""
import jax, jax.numpy as jnp
result = float(jax.jit(lambda x: jnp.sum(jnp.exp(x) @ jnp.exp(x)))(jnp.zeros((300, 300))))
""")
        assert (answer["threads"], answer["result"]) == (1, 300.0**3)
        assert process.run(MODEL)["result"] == pytest.approx([0.693147, 0.693147])
        assert "Out of memory" in process.run(ALLOCATE["jax"])["message"]


@forks
def test_torch() -> None:
    pytest.importorskip("torch")
    with forking("torch", {}) as process:
        assert process.run(MODEL)["result"] == pytest.approx([0.693147, 0.693147])


@forks
def test_what_is_in_force(tensorflow: Forking) -> None:
    answer = tensorflow.run("pass")
    expected = {"session", "descriptors", "limits", "audit"}
    if landlock.version():
        expected.add("landlock")
    assert set(answer["in_force"]) - {"seccomp"} == expected
    # It is paid for each piece of code.
    assert answer["milliseconds"] < 500


# --- what has to fail -------------------------------------------------------------------------------------------------


@forks
@pytest.mark.parametrize(("code", "words"), PYTHON, ids=[code for code, _ in PYTHON])
def test_python_refuses_in_words(tensorflow: Forking, outside: str, code: str, words: str) -> None:
    answer = tensorflow.run(code)
    words = words.format(outside=outside)
    assert (answer.get("error"), answer.get("message")) == ("Contained", words)
    assert answer["refused"] == [words]


@forks
def test_what_was_refused_is_known_though_it_was_caught(tensorflow: Forking, outside: str) -> None:
    answer = tensorflow.run("""
import os
try:
    os.remove(outside + "/kept")
except OSError:
    result = 1
""")
    assert (answer["result"], answer["refused"]) == (1, [f"tried to remove a file: {outside}/kept"])


@forks
@needs_landlock
@pytest.mark.parametrize(
    "code",
    [
        "tf.io.gfile.remove(outside + '/kept')",
        "tf.io.gfile.rmtree(outside)",
        "tf.io.gfile.makedirs(outside + '/new')",
        "tf.io.gfile.rename(outside + '/kept', folder + '/mine')",
        "tf.io.write_file(outside + '/kept', 'x')",
        "tf.io.write_file(outside + '/new', 'x')",
    ],
)
def test_tensorflow_cannot_write(tensorflow: Forking, outside: str, code: str) -> None:
    answer = tensorflow.run(f"import tensorflow as tf; {code}")
    assert "Permission denied" in answer["message"]


@forks
@needs_landlock
@pytest.mark.parametrize("call", NATIVE_FILES)
def test_native_code_cannot_change_files(tensorflow: Forking, outside: str, call: str) -> None:
    assert tensorflow.run(native(call)).get("result") == -1


@forks
@needs_seccomp
@pytest.mark.parametrize("call", NATIVE_CALLS)
def test_native_code_cannot_reach_out(tensorflow: Forking, outside: str, call: str) -> None:
    assert tensorflow.run(native(call)).get("result") == -1


@forks
@needs_seccomp
def test_native_code_cannot_use_a_shell(tensorflow: Forking, outside: str) -> None:
    assert tensorflow.run(native("c.system(f'touch {outside}/new'.encode())"))["result"] != 0


def native(call: str) -> str:
    return f"import ctypes; c = ctypes.CDLL(None); kept = (outside + '/kept').encode(); result = {call}"


@forks
def test_nobody_was_called(tensorflow: Forking, listener: socket.socket) -> None:
    for code in (
        "import socket; socket.create_connection(('127.0.0.1', port), timeout=1)",
        "import socket; socket.socket().connect(('127.0.0.1', port))",
    ):
        assert tensorflow.run(code)["error"] == "Contained"
    assert select.select([listener], [], [], 0.2)[0] == []


@forks
def test_an_endless_loop_ends_by_its_own_limit(tensorflow: Forking) -> None:
    started = time.monotonic()
    answer = tensorflow.run("while True: pass", seconds=1)
    assert answer["signal"] in (24, 9)
    assert time.monotonic() - started < 20


@forks
def test_waiting_is_ended_by_the_parent(tensorflow: Forking) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(100)"
    assert tensorflow.run(code, wait=0.5)["signal"] == 9


@forks
@pytest.mark.parametrize("by", ["numpy", "tensorflow", "python", "little by little"])
def test_memory_runs_out_for_this_process_only(tensorflow: Forking, by: str) -> None:
    answer = tensorflow.run(ALLOCATE[by])
    assert answer["error"] in ("MemoryError", "_ArrayMemoryError", "ResourceExhaustedError"), answer


@forks
def test_files_have_a_limit(tensorflow: Forking) -> None:
    answer = tensorflow.run("with open('x', 'wb') as file: file.write(bytes(200 << 20))")
    assert (answer["error"], answer["message"]) == ("OSError", "[Errno 27] File too large")


@forks
@pytest.mark.parametrize(
    ("code", "status", "signal"),
    [("import os; os._exit(3)", 3, 0), ("import os; os.abort()", None, 6), ("import os; os.kill(0, 9)", None, 9)],
)
def test_an_end_of_its_own(tensorflow: Forking, code: str, status: int | None, signal: int) -> None:
    answer = tensorflow.run(code)
    assert (answer["status"], answer["signal"]) == (status, signal)
    assert tensorflow.run("result = 1")["result"] == 1


@forks
def test_leaving_is_an_exception(tensorflow: Forking) -> None:
    assert tensorflow.run("import sys; sys.exit(3)")["error"] == "SystemExit"


@forks
def test_output_and_inherited_files_lead_nowhere(tensorflow: Forking) -> None:
    answer = tensorflow.run("""
import os, sys
for _ in range(3000):
    print("x" * 1000)
    print("y" * 1000, file=sys.stderr)
sys.stdout.flush()
os.write(1, b"z" * 1_000_000)
places = []
for name in os.listdir("/proc/self/fd"):
    try:
        places.append(os.readlink(f"/proc/self/fd/{name}"))
    except OSError:
        pass
result = sorted(place.split(":")[0] for place in set(places)), os.write(extra, b"x"), sys.stdin.read()
""")
    # The one pipe is the way back.
    places, written, read = answer["result"]
    assert set(places) - {"/proc/self/fd"} == {"/dev/null", "pipe"}
    assert (places.count("pipe"), written, read) == (1, 1, "")


# --- the layers by themselves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "arguments", "words"),
    [
        ("open", ("{outside}/x", "r", os.O_RDONLY), ""),
        ("open", ("{outside}/x", None, os.O_CREAT | os.O_WRONLY), "tried to write to a file: {outside}/x"),
        ("open", (b"/x", "r+", 0), "tried to write to a file: /x"),
        ("open", ("{folder}/x", "w", os.O_WRONLY), ""),
        ("open", ("{folder}/../x", "w", os.O_WRONLY), "tried to write to a file: {folder}/../x"),
        ("open", ("{folder}x", "w", os.O_WRONLY), "tried to write to a file: {folder}x"),
        ("open", (os.devnull, "w", os.O_WRONLY), ""),
        ("open", (3, "w", os.O_WRONLY), ""),
        ("os.remove", ("{folder}/x", -1), ""),
        ("os.link", ("{outside}/x", "{folder}/x", -1, -1), "tried to make a link: {outside}/x"),
        ("os.utime", ("{outside}/x", None, None, -1), "tried to change the times of a file: {outside}/x"),
        ("shutil.move", ("{folder}/x", "{outside}/x"), "tried to move a file: {outside}/x"),
        ("subprocess.Popen", ("ls", ["ls", "a b"], None, None), "tried to start a process: ls 'a b'"),
        ("subprocess.Popen", ("ls", "ls -l", None, None), "tried to start a process: ls -l"),
        ("os.fork", (), "tried to start a process"),
        ("socket.connect", (None, ("::1", 80)), "tried to open a network connection: ::1:80"),
        ("socket.connect", (None, "/run/x"), "tried to open a network connection: /run/x"),
        ("socket.__new__", (None, int(socket.AF_INET), 1, 0), "tried to open a network connection"),
        ("os.kill", (os.getpid(), 9), ""),
        ("os.kill", (1, 9), "tried to send a signal to another process"),
        ("import", ("os", None, None, None, None), ""),
    ],
)
def test_audit(tmp_path: Path, event: str, arguments: tuple[Any, ...], words: str) -> None:
    def placed(value: Any) -> Any:
        places = {"outside": tmp_path, "folder": tmp_path / "folder"}
        return value.format_map(places) if isinstance(value, str) else value

    (tmp_path / "folder").mkdir()
    guard = Guard(str(tmp_path / "folder"))
    message = ""
    try:
        guard.hear(event, tuple(placed(argument) for argument in arguments))
    except Contained as error:
        message = str(error)
    assert message == placed(words)
    assert guard.refused == ([message] if message else [])


@pytest.mark.skipif(not ON_LINUX, reason="Landlock is Linux's")
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (1, (0x1FF2, 0, 0)),
        (2, (0x3FF2, 0, 0)),
        (3, (0x7FF2, 0, 0)),
        (4, (0x7FF2, 3, 0)),
        (5, (0xFFF2, 3, 0)),
        (6, (0xFFF2, 3, 3)),
        (9, (0xFFF2, 3, 3)),
    ],
)
def test_landlock_asks_for_what_the_kernel_knows(
    version: int, expected: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def call(name: str, number: int, first: Any, *rest: Any) -> int:
        if first is None:
            return version
        asked.append((first._obj.files, first._obj.network, first._obj.scopes))
        return -1

    monkeypatch.setattr(libc, "call", call)
    assert not landlock.restrict(str(tmp_path))
    assert asked == [expected]


EPERM, ENOSYS, ALLOWED = 0x50001, 0x50026, 0x7FFF0000
THREAD, PROCESS = 0x3D0F00, 0x1200011


@pytest.mark.parametrize(
    ("machine", "call", "argument", "expected"),
    [
        ("x86_64", 0, 0, ALLOWED),  # read
        ("x86_64", 57, 0, EPERM),  # fork
        ("x86_64", 59, 0, EPERM),  # execve
        ("x86_64", 56, THREAD, ALLOWED),
        ("x86_64", 56, PROCESS, EPERM),
        ("x86_64", 435, 0, ENOSYS),  # clone3
        ("x86_64", 62, 77, ALLOWED),  # kill, itself
        ("x86_64", 62, 0, ALLOWED),
        ("x86_64", 62, 78, EPERM),
        ("x86_64", 62, 2**32 - 1, EPERM),
        ("x86_64", 41, 2, EPERM),  # socket
        ("x86_64", 53, 1, ALLOWED),  # socketpair
        ("x86_64", 0x40000000 + 59, 0, EPERM),
        ("aarch64", 57, 0, ALLOWED),  # close
        ("aarch64", 221, 0, EPERM),  # execve
        ("aarch64", 220, THREAD, ALLOWED),  # clone
        ("aarch64", 220, PROCESS, EPERM),
        ("aarch64", 435, 0, ENOSYS),
        ("aarch64", 129, 78, EPERM),  # kill
        ("aarch64", 198, 2, EPERM),  # socket
    ],
)
def test_filter_of_calls(machine: str, call: int, argument: int, expected: int) -> None:
    processor, column = seccomp._PROCESSORS[machine]
    instructions = seccomp._assembled(seccomp._parts(processor, column, process=77))
    assert filtered(instructions, {0: call, 4: processor, 16: argument}) == expected
    assert filtered(instructions, {0: call, 4: 0x40000003, 16: argument}) == EPERM


def filtered(instructions: list[Any], memory: dict[int, int]) -> int:
    """What the kernel would make of a call."""
    tests = {0x15: int.__eq__, 0x35: int.__ge__, 0x45: lambda value, bits: value & bits != 0}
    at, value = 0, 0
    while True:
        step = instructions[at]
        at += 1
        if step.code == 0x20:
            value = memory[step.value]
        elif step.code == 0x06:
            return int(step.value)
        else:
            at += step.yes if tests[step.code](value, step.value) else step.no


def test_an_instruction_is_as_the_kernel_reads_it() -> None:
    assert ctypes.sizeof(seccomp._Instruction) == 8


def test_functions_that_do_not_exist_fail() -> None:
    assert libc.call("no_such_function") == -1
