"""The fixtures: scripts and notebooks give the findings that their comments name, and the fixes of these work."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from bcelint.analysis import infer
from bcelint.cli.app import cli
from bcelint.findings import Applicability, Finding, Fix
from bcelint.fixing.converge import FixOutcome, fix
from bcelint.inference.facts import Fact, MetricUse, Pairing
from bcelint.knowledge.domains import Domain, Family
from bcelint.rules import BY_CODE
from bcelint.source import Source, read
from tests.expectations import codes, expected, findings, fixed, reported

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "fixtures"
FOLDERS = sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name != "projects")
"""Those whose files are looked at one by one; for projects there is tests/test_fixture_projects.py."""
FIXTURES = sorted(path for folder in FOLDERS for path in folder.rglob("*") if path.suffix in (".py", ".ipynb"))
PLANNED = {"BCE301", "BCE502"}
"""Codes that fixtures expect already, of rules that do not exist yet."""

every_fixture = pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.relative_to(FOLDER).as_posix())


@cache
def load(path: Path) -> Source:
    return read(path.relative_to(ROOT).as_posix(), path.read_bytes())


@cache
def found(path: Path) -> tuple[Finding, ...]:
    return findings(load(path))


@cache
def wanted(path: Path) -> frozenset[tuple[int, str]]:
    return frozenset(pair for pair in expected(load(path).text) if pair[1] not in PLANNED)


# --- what is found ----------------------------------------------------------------------------------------------------


def test_planned_rules_do_not_exist_yet() -> None:
    named = {code for path in FIXTURES for _, code in expected(load(path).text)}
    assert PLANNED.isdisjoint(BY_CODE)
    assert named - BY_CODE.keys() == PLANNED


@every_fixture
def test_findings(path: Path) -> None:
    assert reported(load(path)) == wanted(path)


def test_every_pairing_and_metric_rule_has_fixtures() -> None:
    # What a tool leaves behind, and what cannot be read, is tested with files made for it.
    assert BY_CODE.keys() - {code for path in FIXTURES for _, code in wanted(path)} <= {"BCE901", "BCE902"}


def test_most_fixtures_are_clean() -> None:
    clean = sum(not wanted(path) for path in FIXTURES)
    assert len(FIXTURES) >= 80
    assert clean > len(FIXTURES) / 2


def _pairing(*families: Family) -> Callable[[Fact], bool]:
    return lambda fact: isinstance(fact, Pairing) and fact.loss.family in families


def _metric(fact: Fact) -> bool:
    return isinstance(fact, MetricUse)


def _softmax(fact: Fact) -> bool:
    return isinstance(fact, Pairing) and fact.head.domain is Domain.SIMPLEX


def _activated(fact: Fact) -> bool:
    return isinstance(fact, Pairing) and fact.head.domain in (Domain.SIMPLEX, Domain.PROBABILITY)


_CATEGORICAL = _pairing(Family.CATEGORICAL, Family.SPARSE)
# What a rule has to decide about.
CASES: dict[str, Callable[[Fact], bool]] = {
    **dict.fromkeys(("BCE101", "BCE102", "BCE103", "BCE105"), _pairing(Family.BINARY)),
    "BCE104": _softmax,
    **dict.fromkeys(("BCE106", "BCE107", "BCE108", "BCE109", "BCE110"), _CATEGORICAL),
    "BCE111": _activated,
    **dict.fromkeys(("BCE401", "BCE402", "BCE405"), _metric),
}


@pytest.mark.parametrize("code", [*CASES])
def test_each_rule_has_more_good_than_bad_fixtures(code: str) -> None:
    bad = {path for path in FIXTURES if any(pair[1] == code for pair in wanted(path))}
    good = {path for path in FIXTURES if any(CASES[code](fact) for fact in infer(load(path)))} - bad
    assert len(good) > len(bad) > 0


# --- fixes ------------------------------------------------------------------------------------------------------------


def _safe(finding: Finding) -> Fix | None:
    return finding.fix if finding.fix and finding.fix.applicability is Applicability.SAFE else None


def _unsafe(path: Path) -> Iterator[tuple[Finding, Fix]]:
    for finding in found(path):
        fixes = (finding.fix, *finding.alternatives) if finding.fix else ()
        for each in fixes:
            if each.applicability is Applicability.UNSAFE:
                yield finding, each


def _fix_all(path: Path, only: str | None = None) -> FixOutcome:
    """What ``--fix`` makes of a fixture, or ``--select CODE --fix --unsafe-fixes``."""
    if only is None:
        return fix(load(path), findings, _safe)
    return fix(load(path), lambda source: findings(source, [only]), lambda finding: finding.fix)


@pytest.mark.parametrize(
    "path", [path for path in FIXTURES if any(map(_safe, found(path)))], ids=lambda path: path.name
)
def test_safe_fixes(path: Path) -> None:
    outcome = _fix_all(path)
    assert not outcome.taken_back
    assert not any(map(_safe, outcome.remaining))
    # Gone is what had a safe fix, or what a fix of something else has put right; nothing is new.
    before, after = codes(found(path)), codes(outcome.remaining)
    assert after <= before - Counter(finding.code for finding in found(path) if _safe(finding))
    assert outcome.source.problems == load(path).problems
    assert fix(outcome.source, findings, _safe).data == outcome.data


@pytest.mark.parametrize(
    ("path", "number"),
    [(path, number) for path in FIXTURES for number, _ in enumerate(_unsafe(path))],
    ids=lambda value: value.name if isinstance(value, Path) else str(value),
)
def test_each_unsafe_fix_by_itself(path: Path, number: int) -> None:
    finding, its_fix = list(_unsafe(path))[number]
    source = fixed(load(path), its_fix)
    assert source.problems == load(path).problems
    before = codes(findings(load(path), [finding.code]))
    after = codes(findings(source, [finding.code]))
    assert after[finding.code] < before[finding.code]
    # An alternative may leave work, such as a metric that has to learn of the logits; the fix itself may not.
    if its_fix is finding.fix:
        assert findings_but(source, finding.code) <= findings_but(load(path), finding.code)
    again = [other.fix for other in findings(source, [finding.code]) if other.fix]
    assert its_fix not in again


def findings_but(source: Source, code: str) -> Counter[str]:
    counts = codes(findings(source))
    del counts[code]
    return counts


@pytest.mark.parametrize(
    ("path", "code"),
    [(path, code) for path in FIXTURES for code in sorted({finding.code for finding, _ in _unsafe(path)})],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_unsafe_fixes_of_a_rule(path: Path, code: str) -> None:
    outcome = _fix_all(path, code)
    assert not outcome.taken_back
    assert not [finding for finding in outcome.remaining if finding.fix]
    assert outcome.source.problems == load(path).problems
    assert _again(outcome, code).data == outcome.data


def _again(outcome: FixOutcome, code: str) -> FixOutcome:
    return fix(outcome.source, lambda source: findings(source, [code]), lambda finding: finding.fix)


# --- the same by the command ------------------------------------------------------------------------------------------

BY_COMMAND = [
    "sequential/rain_tomorrow.py",
    "gan/anime_faces_sigmoid_critic.py",
    "notebooks/transfer_learning_dogs.ipynb",
]


def test_the_command_finds_the_same() -> None:
    result = CliRunner().invoke(cli, ["check", *map(str, FOLDERS), "--isolated", "--output-format", "json"])
    assert result.exit_code == 1
    shown = Counter((Path(each["filename"]).resolve(), each["code"]) for each in json.loads(result.stdout))
    assert shown == Counter((path, finding.code) for path in FIXTURES for finding in found(path))


@pytest.mark.parametrize("name", BY_COMMAND)
def test_the_command_fixes_the_same(name: str, tmp_path: Path) -> None:
    copy = tmp_path / Path(name).name
    copy.write_bytes((FOLDER / name).read_bytes())
    command = [sys.executable, "-m", "bcelint", "check", "--isolated", "--fix", str(copy)]
    first = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    outcome = _fix_all(FOLDER / name)
    assert outcome.applied
    assert copy.read_bytes() == outcome.data
    assert first.returncode == (1 if outcome.remaining else 0), first.stderr
    subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert copy.read_bytes() == outcome.data


@pytest.mark.parametrize("name", ["sequential/fashion_no_softmax.py", "notebooks/kaggle_digits_sigmoid.ipynb"])
def test_the_command_leaves_unsafe_fixes_until_they_are_asked_for(name: str, tmp_path: Path) -> None:
    copy = tmp_path / Path(name).name
    original = (FOLDER / name).read_bytes()
    copy.write_bytes(original)
    (code,) = {finding.code for finding in found(FOLDER / name)}
    options = ["check", "--isolated", "--select", code, "--fix", str(copy)]
    assert CliRunner().invoke(cli, options).exit_code == 1
    assert copy.read_bytes() == original
    assert CliRunner().invoke(cli, [*options, "--unsafe-fixes"]).exit_code == 0
    assert copy.read_bytes() == _fix_all(FOLDER / name, code).data
