"""What evaluating costs: ``bcelint verify`` on fifty findings, as a multiple of the time for one.

    python -m benchmarks.verify [--findings N] [--rounds N] [--fixes] [--backend BACKEND]

Both commands import the backend. Wall-clock times of whole commands, in turns, the best run of each. Exits with 1 if
the ratio is above the target.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
MOST = 3.0
_COMMAND = (sys.executable, "-m", "bcelint")


def findings() -> dict[str, int]:
    """How many findings that can be evaluated each fixture has, by its path."""
    command = [*_COMMAND, "check", "--isolated", "--ignore", "BCE9", "--output-format", "json", "-q", "--exit-zero"]
    done = subprocess.run([*command, str(FIXTURES)], cwd=ROOT, capture_output=True, text=True, check=True)
    counts: dict[str, int] = {}
    for record in json.loads(done.stdout):
        counts[record["filename"]] = counts.get(record["filename"], 0) + 1
    return counts


def spread(counts: dict[str, int], wanted: int) -> list[str]:
    """Files from all folders with about ``wanted`` findings together."""
    share = min(1.0, wanted / sum(counts.values()))
    chosen: list[str] = []
    found = passed = 0
    for path, count in sorted(counts.items()):
        passed += count
        if found < passed * share and found < wanted:
            chosen.append(path)
            found += count
    return chosen


def seconds(paths: Sequence[str], options: Sequence[str]) -> float:
    """The time that the command takes."""
    started = time.monotonic()
    command = [*_COMMAND, "verify", "--isolated", "--ignore", "BCE9", "-q", "--output-format", "json", *options]
    done = subprocess.run([*command, *paths], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 1:
        raise SystemExit(f"verify ended with {done.returncode}: {done.stderr[-500:]}")
    return time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--findings", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fixes", action="store_true")
    parser.add_argument("--backend", default="tensorflow")
    arguments = parser.parse_args()
    options = ["--backend", arguments.backend, *(["--fixes"] if arguments.fixes else [])]
    counts = findings()
    one = [next(path for path, count in sorted(counts.items()) if count == 1)]
    many = spread(counts, arguments.findings)
    number = sum(counts[path] for path in many)
    best = {"one": float("inf"), "many": float("inf")}
    for turn in range(arguments.rounds):
        for name in ("one", "many") if turn % 2 == 0 else ("many", "one"):
            best[name] = min(best[name], seconds(one if name == "one" else many, options))
    ratio = best["many"] / best["one"]
    print(f"1 finding: {best['one']:.1f} s; {number} findings in {len(many)} files: {best['many']:.1f} s")
    met = ratio <= MOST
    print(f"{ratio:.2f}x, target at most {MOST:g}x: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
