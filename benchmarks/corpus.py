"""The files to measure on: a made corpus that is the same everywhere, and what of a corpus is there to be parsed."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".py", ".pyw", ".ipynb")
_NAMES = ("orders", "sensors", "patients", "tweets", "trips", "parcels", "prices", "spectra", "matches", "reviews")
_PER_FOLDER = 40

# Plain Python as it lies around training code, without a word of Keras's: files of nothing else do not matter.
_PLAIN = (
    '''\
def read_{name}_{number}(path, limit=None):
    """Rows of a table as dictionaries, numbers where they are numbers."""
    rows = []
    with open(path, newline="") as opened:
        for count, row in enumerate(csv.DictReader(opened)):
            if limit is not None and count >= limit:
                break
            rows.append({{key: float(value) if value.isdigit() else value for key, value in row.items()}})
    return rows
''',
    '''\
class {title}Store{number}:
    """Keeps {name} by identifier and writes them out on demand."""

    def __init__(self, folder, *, suffix=".json"):
        self.folder = Path(folder)
        self.suffix = suffix
        self._items = {{}}

    def __getitem__(self, key):
        if key not in self._items:
            with (self.folder / f"{{key}}{{self.suffix}}").open() as opened:
                self._items[key] = json.load(opened)
        return self._items[key]

    def save(self):
        for key, item in sorted(self._items.items()):
            target = self.folder / f"{{key}}{{self.suffix}}"
            target.write_text(json.dumps(item, indent=2, sort_keys=True))
        return len(self._items)
''',
    '''\
def summarise_{name}_{number}(table, by="day", window={window}):
    """Rolling means per group, with gaps filled from both sides."""
    frame = table.sort_values(by).reset_index(drop=True)
    numeric = frame.select_dtypes("number")
    means = numeric.rolling(window, min_periods=1).mean().add_suffix("_mean")
    spread = numeric.rolling(window, min_periods=1).std().fillna(0.0).add_suffix("_std")
    joined = pd.concat([frame, means, spread], axis=1)
    return joined[(joined != np.inf).all(axis=1)].ffill().bfill()
''',
    '''\
def plot_{name}_{number}(series, title="{name}", columns={window}):
    """A grid of histograms, one for each series."""
    rows = -(-len(series) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3 * columns, 2.5 * rows), squeeze=False)
    for axis, (label, values) in zip(axes.flat, series.items()):
        axis.hist(values, bins=30, color="#4477aa", alpha=0.8)
        axis.set_title(f"{{title}}: {{label}}", fontsize=8)
    for axis in axes.flat[len(series):]:
        axis.set_visible(False)
    figure.tight_layout()
    return figure
''',
)
_IMPORTS = """\
import csv
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
"""


@dataclass(frozen=True)
class Corpus:
    """A corpus to run on.

    Attributes:
        folders: what is given to the linters.
        files: how many scripts and notebooks there are in them.
        gated: those that pass the gate.
        parsed: a script for each of ``gated``: the file itself, or the code cells of a notebook, magics blanked.
        lines: the number of lines of ``parsed``.
    """

    name: str
    folders: tuple[Path, ...]
    files: int
    gated: tuple[Path, ...]
    parsed: tuple[Path, ...]
    lines: int

    @property
    def scripts(self) -> list[Path]:
        return [path for path in self.gated if path.suffix != ".ipynb"]


def build(fixtures: Path, target: Path, count: int) -> None:
    """Write ``count`` scripts and notebooks, made of ``fixtures``, below ``target``.

    Three in five are training code: every fixture in turn, each time with a different amount of plain code around it,
    from nothing to a few hundred lines, and sometimes with a second fixture behind it. The others do not matter. The
    same fixtures and count give the same bytes.
    """
    scripts = sorted(path for path in fixtures.rglob("*.py") if path.stat().st_size)
    notebooks = sorted(fixtures.rglob("*.ipynb"))
    # Notebooks are one file in three: fewer than among public training code.
    turns = zip(scripts, scripts[1:] + scripts[:1], itertools.cycle(notebooks), strict=False)
    training = [path for turn in turns for path in turn]
    chance = random.Random(2016)
    used = 0
    for number in range(count):
        folder = target / f"part_{number // _PER_FOLDER:03}"
        folder.mkdir(parents=True, exist_ok=True)
        if number % 5 in (1, 3):
            (folder / f"tools_{number:04}.py").write_text(_plain_module(chance, number), encoding="utf-8")
            continue
        source = training[used % len(training)]
        used += 1
        if source.suffix == ".ipynb":
            data = _varied_notebook(source.read_bytes(), number)
        else:
            second = chance.choice(scripts) if chance.random() < 0.2 else None
            data = _varied_script(source, second, chance, number)
        (folder / f"{source.stem}_{number:04}{source.suffix}").write_bytes(data)


def build_plain(target: Path, count: int) -> None:
    """Write ``count`` scripts that do not matter."""
    target.mkdir()
    chance = random.Random(2016)
    for number in range(count):
        (target / f"tools_{number:04}.py").write_text(_plain_module(chance, number), encoding="utf-8")


def examine(name: str, folders: Sequence[Path], scratch: Path, *, env: Mapping[str, str]) -> Corpus:
    """What there is in ``folders``. bcelint itself is asked, in another process: this one has to stay small."""
    scratch.mkdir()
    arguments = [sys.executable, str(Path(__file__).resolve()), str(scratch), *map(str, folders)]
    found = json.loads(subprocess.run(arguments, check=True, capture_output=True, env=dict(env)).stdout)
    return Corpus(
        name,
        tuple(folders),
        found["files"],
        tuple(map(Path, found["gated"])),
        tuple(map(Path, found["parsed"])),
        found["lines"],
    )


def _plain_module(chance: random.Random, number: int) -> str:
    return f"# Part {number}.\n{_IMPORTS}\n\n{_plain_code(chance, number, chance.randint(2, 14))}"


def _plain_code(chance: random.Random, number: int, pieces: int) -> str:
    return "\n\n".join(_pieces(chance, number, pieces))


def _pieces(chance: random.Random, number: int, pieces: int) -> Iterator[str]:
    for piece in range(pieces):
        name = chance.choice(_NAMES)
        form = chance.choice(_PLAIN)
        yield form.format(name=name, title=name.title(), number=f"{number}_{piece}", window=chance.randint(2, 9))


def _varied_script(first: Path, second: Path | None, chance: random.Random, number: int) -> bytes:
    """Code behind the training code leaves the rows of the fixture, its coding cookie and its future imports alone."""
    data = first.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        return data
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    parts = [data]
    if second is not None and b"__future__" not in (more := second.read_bytes()) and more.isascii():
        parts.append(more)
    plain = _plain_code(chance, number, chance.randint(0, 8))
    if plain:
        parts.append(f"{_IMPORTS}\n\n{plain}".encode())
    parts.append(f"# Part {number}.\n".encode())
    separated = (newline * 3).join(part.replace(b"\r\n", b"\n").replace(b"\n", newline).strip() for part in parts)
    return separated + newline


def _varied_notebook(data: bytes, number: int) -> bytes:
    notebook = json.loads(data)
    notebook.setdefault("metadata", {})["part"] = number
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode()


def _examine(scratch: Path, folders: Sequence[str]) -> dict[str, object]:
    from bcelint.discovery import discover
    from bcelint.gate import may_matter
    from bcelint.settings import Resolver
    from bcelint.source import read

    cwd = os.getcwd()
    found = discover(folders, cwd, Resolver(cwd, isolated=True).for_directory)
    gated, parsed, lines = [], [], 0
    for number, file in enumerate(found.files):
        path = Path(file.path)
        data = path.read_bytes()
        if not may_matter(data):
            continue
        gated.append(str(path))
        if path.suffix == ".ipynb":
            path = scratch / f"{number:05}.py"
            data = read(file.shown, data).parsed.encode("utf-8", "surrogatepass")
            path.write_bytes(data)
        parsed.append(str(path))
        lines += data.count(b"\n")
    return {"files": len(found.files), "gated": gated, "parsed": parsed, "lines": lines}


if __name__ == "__main__":
    print(json.dumps(_examine(Path(sys.argv[1]), sys.argv[2:])))
