"""What bcelint costs, as ratios: against bare ``libcst.parse_module`` over the same files, flake8 and pylint.

    python benchmarks/run.py [CORPUS_DIR ...]

README.md beside this file says what each figure means.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.corpus import Corpus, build, build_plain, examine  # noqa: E402
from benchmarks.measure import BenchmarkError, Command, Cost, compare, environment, imported, own_peak_mib  # noqa: E402

MOST_OF_CORPUS = 1.5  # times bare libcst.parse_module on the files that pass the gate
MOST_OF_START = 1.5  # times `python -c "import click"`
CLEAN, FAULTY = "sequential/churn_mlp.py", "sequential/rain_tomorrow.py"
ENOUGH_LINES = 10_000  # a corpus of fewer says more about start-up than about files, and is not judged
HEAVY = ("libcst", "keras", "tf_keras", "tensorflow", "jax", "torch")

_PYTHON = sys.executable
_BCELINT = (_PYTHON, "-m", "bcelint", "check", "--isolated", "--no-respect-gitignore", "--jobs=1")
_FLAKE8 = (_PYTHON, "-m", "flake8", "--isolated", "--jobs=1")
_PYLINT = (_PYTHON, "-m", "pylint", "--rcfile=", "--jobs=1", "--disable=all", "--enable=E,W", "--score=n")
_FOUND = frozenset({0, 1})
_PYLINT_FOUND = frozenset(range(32))
_OTHERS = {"flake8": (_FLAKE8, _FOUND), "pylint": (_PYLINT, _PYLINT_FOUND)}


@dataclass(frozen=True)
class Effort:
    """How much is run: the number of files, and how often."""

    files: int
    sample: int
    start: int
    script: int
    corpus: int


FULL = Effort(files=1000, sample=40, start=15, script=5, corpus=3)
QUICK = Effort(files=40, sample=3, start=2, script=1, corpus=1)


@dataclass(frozen=True)
class Row:
    """One command: CPU seconds of its best run, and those as a multiple of the group's reference."""

    label: str
    cpu_seconds: float
    ratio: float
    peak_mib: float
    runs: int


@dataclass(frozen=True)
class Group:
    """Commands that do the same, or are held against the same reference."""

    title: str
    reference: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def ratio(self, label: str) -> float:
        return next(row.ratio for row in self.rows if row.label == label)


@dataclass(frozen=True)
class Target:
    """Something that was promised, and whether it holds."""

    title: str
    measured: str
    wanted: str
    met: bool


@dataclass
class Results:
    """All that was measured in one run."""

    versions: dict[str, str]
    quick: bool
    groups: list[Group] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    @property
    def missed(self) -> list[Target]:
        return [target for target in self.targets if not target.met]


def group(title: str, reference: str, costs: dict[str, Cost], notes: Iterable[str] = ()) -> Group:
    """The costs of commands as a table."""
    unit = costs[reference].best
    rows = tuple(Row(label, cost.best, cost.best / unit, cost.peak, len(cost.cpu)) for label, cost in costs.items())
    return Group(title, reference, rows, tuple(notes))


def at_most(limit: float, title: str, ratio: float) -> Target:
    """A target for a ratio."""
    return Target(title, f"{ratio:.2f}x", f"at most {limit:.1f}x", ratio <= limit)


class Benchmark:
    """The measurements; everything that is written goes to ``scratch``."""

    def __init__(self, effort: Effort, scratch: Path, results: Results) -> None:
        self._effort = effort
        self._scratch = scratch
        self._results = results
        self._env = environment(ROOT, scratch)
        self._others = [name for name in _OTHERS if name in results.versions]

    def start(self) -> None:
        """What a run costs that has nothing to do."""
        folder = self._scratch / "plain"
        build_plain(folder, 20)
        reference, quiet = 'python -c "import click"', "bcelint check, no Keras files"
        commands = [
            Command("python -c pass", (_PYTHON, "-c", "pass")),
            Command(reference, (_PYTHON, "-c", "import click")),
            Command('python -c "import libcst"', (_PYTHON, "-c", "import libcst")),
            Command("bcelint --help", (_PYTHON, "-m", "bcelint", "--help")),
            Command(quiet, (*_BCELINT, str(folder))),
            *(self._other(name, sorted(folder.iterdir())) for name in self._others),
        ]
        measured = self._compare("start-up, and 20 files without Keras", reference, commands, self._effort.start)
        self._target(at_most(MOST_OF_START, "a run over files without Keras", measured.ratio(quiet)))
        for command in commands[3:5]:
            heavy = imported(command.arguments[1:], HEAVY, cwd=self._scratch, env=self._env)
            title = f"imports of {command.label}"
            self._target(Target(title, ", ".join(heavy) or "none", f"none of {', '.join(HEAVY)}", not heavy))

    def script(self, path: Path, title: str) -> None:
        """What one script costs, the start of the processes included."""
        listing = self._listing([path])
        commands = [
            Command("libcst.parse_module", (_PYTHON, str(_sibling("parse_only.py")), listing)),
            Command("bcelint", (*_BCELINT, str(path)), _FOUND),
            *(self._other(name, [path]) for name in self._others),
        ]
        lines = path.read_bytes().count(b"\n")
        self._compare(f"{title} ({lines} lines), whole processes", commands[0].label, commands, self._effort.script)

    def corpus(self, corpus: Corpus) -> None:
        """What all files cost, and a sample of the scripts with the other linters."""
        reference = "libcst.parse_module alone"
        parse = self._parse(reference, corpus.parsed)
        check = Command("bcelint", (*_BCELINT, *map(str, corpus.folders)), _FOUND)
        title = f"corpus {corpus.name}: {corpus.files} files, {len(corpus.gated)} pass the gate, {corpus.lines} lines"
        measured = self._compare(title, reference, [parse, check], self._effort.corpus)
        if corpus.lines >= ENOUGH_LINES:
            self._target(at_most(MOST_OF_CORPUS, f"corpus {corpus.name}", measured.ratio(check.label)))

        scripts = evenly(corpus.scripts, self._effort.sample)
        if not scripts or not self._others:
            return
        commands = [
            self._parse(reference, scripts),
            Command("bcelint", (*_BCELINT, *map(str, scripts)), _FOUND),
            *(self._other(name, scripts) for name in self._others),
        ]
        title = f"{len(scripts)} scripts of corpus {corpus.name}"
        self._compare(title, reference, commands, min(2, self._effort.corpus))

    def _compare(self, title: str, reference: str, commands: Sequence[Command], rounds: int) -> Group:
        print(f"measuring {title} ...", file=sys.stderr, flush=True)
        costs = compare(commands, rounds=rounds, cwd=self._scratch, env=self._env)
        notes = []
        for command in commands:
            if command.reports_cost:
                ratio = min(costs[command.label].whole) / costs[reference].best
                notes.append(f"{command.label}, with the start of Python and the import: {ratio:.2f}x")
        measured = group(title, reference, costs, notes)
        self._results.groups.append(measured)
        print_group(measured)
        return measured

    def _target(self, target: Target) -> None:
        self._results.targets.append(target)

    def _parse(self, label: str, paths: Sequence[Path]) -> Command:
        arguments = (_PYTHON, str(_sibling("parse_only.py")), self._listing(paths))
        return Command(label, arguments, reports_cost=True)

    def _other(self, name: str, paths: Sequence[Path]) -> Command:
        arguments, statuses = _OTHERS[name]
        return Command(name, (*arguments, *map(str, paths)), statuses)

    def _listing(self, paths: Sequence[Path]) -> str:
        with tempfile.NamedTemporaryFile("w", dir=self._scratch, suffix=".list", delete=False) as file:
            file.writelines(f"{path}\n" for path in paths)
        return file.name


def evenly(paths: Sequence[Path], count: int) -> list[Path]:
    """``count`` of the paths, spread over all of them."""
    if len(paths) <= count:
        return list(paths)
    return [paths[number * len(paths) // count] for number in range(count)]


def versions() -> dict[str, str]:
    """What is measured; another process finds out, so that this one stays small."""
    code = (
        "import json\n"
        "from importlib.metadata import PackageNotFoundError, version\n"
        "found = {}\n"
        "for name in ('libcst', 'click', 'flake8', 'pylint'):\n"
        "    try: found[name] = version(name)\n"
        "    except PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    from bcelint import __version__

    found = json.loads(subprocess.run([_PYTHON, "-c", code], check=True, capture_output=True).stdout)
    return {"bcelint": __version__, "python": platform.python_version(), **found}


def print_group(measured: Group) -> None:
    """One table; CPU time is for orientation, the ratios are what can be compared."""
    width = max(len(row.label) for row in measured.rows)
    print(f"\n{measured.title}")
    print(f"  {'':{width}}  {'ratio':>7}  {'CPU s':>8}  {'peak MiB':>8}")
    least = own_peak_mib()
    for row in measured.rows:
        peak = f"{row.peak_mib:.1f}" if row.peak_mib > least else f"<{least:.0f}"
        print(f"  {row.label:{width}}  {row.ratio:>6.2f}x  {row.cpu_seconds:>8.3f}  {peak:>8}")
    for note in measured.notes:
        print(f"  {note}")
    sys.stdout.flush()


def print_targets(results: Results) -> None:
    """What was promised, and whether it holds."""
    print("\ntargets")
    for target in results.targets:
        print(f"  {'met   ' if target.met else 'MISSED'}  {target.title}: {target.measured} (wanted: {target.wanted})")


def _sibling(name: str) -> Path:
    return Path(__file__).resolve().with_name(name)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run.py",
        description="Measure bcelint's start-up, single scripts, corpora and memory, as ratios of CPU time.",
        epilog="Exit status: 0 all targets met, 1 a target missed, 2 something could not be measured.",
    )
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="CORPUS_DIR", help="a folder of training code, measured as well"
    )
    parser.add_argument(
        "--quick", action="store_true", help="few files and runs: shows that it works, not what it costs"
    )
    parser.add_argument("--files", type=int, metavar="N", help="size of the made corpus; 0: leave it out")
    parser.add_argument(
        "--without", action="append", default=[], choices=sorted(_OTHERS), help="leave out another linter"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the made corpus here, and leave it there")
    return parser.parse_args()


def _corpora(arguments: argparse.Namespace, effort: Effort, scratch: Path) -> Iterator[Corpus]:
    env = environment(ROOT, scratch)
    count = effort.files if arguments.files is None else arguments.files
    if count:
        made = arguments.keep.absolute() if arguments.keep else scratch / "made"
        if made.exists() and any(made.iterdir()):
            raise BenchmarkError(f"{made} is not empty")
        build(ROOT / "fixtures", made, count)
        yield examine("made of fixtures", [made], scratch / "parsed_made", env=env)
    for number, folder in enumerate(arguments.folders):
        if not folder.is_dir():
            raise BenchmarkError(f"{folder} is no folder")
        corpus = examine(folder.name or str(folder), [folder.absolute()], scratch / f"parsed_{number}", env=env)
        if not corpus.gated:
            raise BenchmarkError(f"{folder}: no file passes the gate")
        yield corpus


def _measure(arguments: argparse.Namespace, results: Results) -> None:
    effort = QUICK if arguments.quick else FULL
    with tempfile.TemporaryDirectory(prefix="bcelint-benchmark-") as folder:
        scratch = Path(folder).resolve()
        corpora = list(_corpora(arguments, effort, scratch))
        benchmark = Benchmark(effort, scratch, results)
        benchmark.start()
        benchmark.script(ROOT / "fixtures" / CLEAN, "one clean script")
        benchmark.script(ROOT / "fixtures" / FAULTY, "one script with a fault")
        for corpus in corpora:
            benchmark.corpus(corpus)


def main() -> int:
    """Measure and print; returns the exit status."""
    arguments = _arguments()
    found = versions()
    results = Results({name: found[name] for name in found if name not in arguments.without}, arguments.quick)
    print(", ".join(f"{name} {version}" for name, version in results.versions.items()))
    try:
        _measure(arguments, results)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print_targets(results)
    if arguments.json is not None:
        written = {**asdict(results), "least_peak_mib": own_peak_mib()}
        arguments.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    return 1 if results.missed else 0


if __name__ == "__main__":
    sys.exit(main())
