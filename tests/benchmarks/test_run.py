"""The benchmark does its job on a few files. What it measures is not looked at: that depends on the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="the benchmark needs POSIX")

from benchmarks.corpus import build
from benchmarks.measure import BenchmarkError, Command, Cost, compare, environment, imported, run
from benchmarks.run import Results, Target, at_most, evenly, group

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "benchmarks" / "run.py"
KERAS = """\
from keras import Sequential, layers

model = Sequential([layers.Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy")
"""


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(RUNNER), *arguments], capture_output=True, text=True, check=False)


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_help() -> None:
    result = start("--help")
    assert result.returncode == 0
    assert "--quick" in result.stdout


def test_quick_run(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(KERAS, encoding="utf-8")
    (folder / "notes.py").write_text("print('nothing')\n", encoding="utf-8")
    written = tmp_path / "results.json"
    # pylint reads all of Keras where that is installed, which takes longer than everything else here.
    result = start("--quick", "--without", "pylint", "--files", "5", "--json", str(written), str(folder))
    assert result.returncode in (0, 1), result.stderr
    results = json.loads(written.read_text(encoding="utf-8"))
    assert results["quick"]
    assert "flake8" in result.stdout
    assert "pylint" not in result.stdout
    titles = [measured["title"] for measured in results["groups"]]
    assert "corpus made of fixtures: 5 files" in result.stdout
    assert any(title.startswith("corpus project: 2 files, 1 pass the gate") for title in titles)
    for measured in results["groups"]:
        rows = {row["label"]: row for row in measured["rows"]}
        assert rows[measured["reference"]]["ratio"] == 1
        assert all(row["cpu_seconds"] > 0 and row["peak_mib"] > 0 for row in rows.values())
    assert (result.returncode == 1) == any(not target["met"] for target in results["targets"])
    assert result.stdout.count("MISSED") == sum(not target["met"] for target in results["targets"])


def test_light_runs_import_nothing_heavy(tmp_path: Path) -> None:
    env = environment(ROOT, tmp_path)
    (tmp_path / "notes.py").write_text("print('nothing')\n", encoding="utf-8")
    assert imported(["-m", "bcelint", "--help"], {"libcst", "keras"}, cwd=tmp_path, env=env) == []
    assert imported(["-m", "bcelint", "check", "notes.py"], {"click"}, cwd=tmp_path, env=env) == ["click"]


@pytest.mark.parametrize("arguments", [["--files", "0", "no/such/folder"], ["--files", "0", "--quick", "{empty}"]])
def test_nothing_to_measure(tmp_path: Path, arguments: list[str]) -> None:
    result = start(*(argument.format(empty=tmp_path) for argument in arguments))
    assert result.returncode == 2
    assert "error:" in result.stderr


def test_the_corpus_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        build(ROOT / "fixtures", tmp_path / name, 60)
    first = bytes_below(tmp_path / "first")
    assert first == bytes_below(tmp_path / "second")
    assert len(first) == len(set(first.values())) == 60
    assert {Path(name).suffix for name in first} == {".py", ".ipynb"}


def test_commands_take_turns(tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = [
        Command(name, (sys.executable, "-c", f"open({str(log)!r}, 'a').write({name!r})"), frozenset({0}))
        for name in "abc"
    ]
    costs = compare(commands, rounds=2, cwd=tmp_path, env=environment(ROOT, tmp_path))
    assert log.read_text(encoding="utf-8") == "abccbaabc"
    assert all(len(cost.cpu) == 2 for cost in costs.values())


def test_a_command_may_measure_itself(tmp_path: Path) -> None:
    command = Command("parse", (sys.executable, "-c", "print('3 files'); print(0.25)"), reports_cost=True)
    cpu, whole, _ = run(command, cwd=tmp_path, env=environment(ROOT, tmp_path))
    assert cpu == 0.25
    assert whole != cpu


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    command = Command("broken", (sys.executable, "-c", "raise SystemExit('error: no such thing')"))
    with pytest.raises(BenchmarkError, match="broken: exit status 1: error: no such thing"):
        run(command, cwd=tmp_path, env=environment(ROOT, tmp_path))


def test_ratios_are_of_the_best_runs() -> None:
    costs = {"unit": Cost([4.0, 2.0], [], [10.0, 9.0]), "double": Cost([9.0, 4.0], [], [8.0, 8.0])}
    measured = group("title", "unit", costs)
    assert [row.ratio for row in measured.rows] == [1, 2]
    assert measured.ratio("double") == 2


def test_targets() -> None:
    met, missed = at_most(1.5, "corpus", 1.5), at_most(1.5, "corpus", 1.6)
    assert met == Target("corpus", "1.50x", "at most 1.5x", True)
    assert Results({}, False, targets=[met, missed]).missed == [missed]


def test_evenly() -> None:
    paths = [Path(str(number)) for number in range(10)]
    assert evenly(paths, 3) == [paths[0], paths[3], paths[6]]
    assert evenly(paths, 10) == paths
