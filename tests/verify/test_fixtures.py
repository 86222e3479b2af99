"""Every finding in the fixtures and in the rule book, evaluated: it is confirmed or rescued, and its fix passes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from bcelint.findings import Finding
from bcelint.inference.facts import Pairing
from bcelint.linting import Job, lint
from bcelint.rules.common import rescued
from bcelint.selection import RuleSet
from bcelint.source import read
from bcelint.verify.model import BackendVerdict, Verdict
from bcelint.verify.planning import Options
from bcelint.verify.session import Limits
from bcelint.verify.verification import Verifier
from tests.expectations import ALL
from tests.rules import pages
from tests.rules.rescue_cases import CASES, Case

ROOT = Path(__file__).parents[2]
# XLA makes -x / (y * y) of the slope of a division: a `where` does not help where the square of y is 0.
KNOWN = {("BCE204", "p = 1e-30, y = 0: the gradient is NaN (compiled by XLA)")}
FIXTURES = sorted(
    path
    for folder in (ROOT / "fixtures").iterdir()
    if folder.name != "projects"
    for path in folder.rglob("*")
    if path.suffix in (".py", ".ipynb")
)


class Evaluated:
    """The findings of files, each with what it is called and its verdict."""

    def __init__(self, contents: dict[str, bytes], backend: str = "tensorflow", rules: Collection[str] = ALL) -> None:
        files = []
        for name, data in contents.items():
            job = Job(name, name, RuleSet(frozenset(rules), ALL))
            source = read(name, data)
            files.append((source, lint(source, job), job))
        with Verifier(Options((backend,), fixes=True, limits=Limits(seconds=120))) as verifier:
            results = verifier.verify(files)
        self.faults = verifier.faults
        self.verdicts = [
            (f"{source.path}:{found.finding.place.row}: {found.finding.code}", found.finding, found.backends[0])
            for (source, _, _), of_file in zip(files, results, strict=True)
            for found in of_file
        ]

    def __iter__(self) -> Iterator[tuple[str, Finding, BackendVerdict]]:
        return iter(self.verdicts)


@pytest.fixture(scope="module")
def fixtures() -> Evaluated:
    return Evaluated({path.relative_to(ROOT).as_posix(): path.read_bytes() for path in FIXTURES})


@pytest.fixture(scope="module")
def rule_book() -> Evaluated:
    """What the pages show as bad."""
    contents = {}
    for page in map(pages.load, sorted(pages.FOLDER.glob("BCE*.md"))):
        for block in page.part("bad"):
            contents[f"{block.row}_{block.source.path}"] = block.source.data
    return Evaluated(contents)


@pytest.fixture(params=["fixtures", "rule_book"])
def evaluated(request: pytest.FixtureRequest) -> Evaluated:
    found: Evaluated = request.getfixturevalue(request.param)
    return found


def test_every_finding_is_confirmed_or_rescued(evaluated: Evaluated) -> None:
    others = [
        (name, verdict.verdict.value, verdict.reason)
        for name, finding, verdict in evaluated
        if verdict.verdict not in (Verdict.CONFIRMED, Verdict.RESCUED) and finding.fact is not None
    ]
    assert others == []
    assert evaluated.faults == []
    assert len(evaluated.verdicts) > 50


def test_what_is_about_the_file_is_not_evaluated(evaluated: Evaluated) -> None:
    for name, finding, verdict in evaluated:
        assert (finding.fact is None) is finding.code.startswith("BCE9"), name
        assert (finding.fact is None) is (verdict.verdict is Verdict.NOT_EVALUATED), name


def test_every_fix_passes(evaluated: Evaluated) -> None:
    fixes = [(name, verdict.fix) for name, finding, verdict in evaluated if finding.fix and finding.fact]
    failed = [(name, fix and fix.reason) for name, fix in fixes if fix is None or not fix.passed]
    assert [(name, reason) for name, reason in failed if (name.rpartition(" ")[2], reason) not in KNOWN] == []
    assert len(fixes) > 40


def test_every_confirmed_finding_has_a_witness_or_says_what_keras_raises(evaluated: Evaluated) -> None:
    for name, _, verdict in evaluated:
        if verdict.verdict is Verdict.CONFIRMED:
            assert verdict.witness is not None or verdict.reason.startswith("Keras raises "), name


@pytest.mark.parametrize("code", ["BCE101", "BCE108"])
def test_what_is_rescued_is_what_the_rules_say(evaluated: Evaluated, code: str) -> None:
    """Functions of TensorFlow hide the logits from eager code alone: of these the rules speak apart."""
    counted = 0
    for name, finding, verdict in evaluated:
        pairing = finding.fact
        if finding.code == code and isinstance(pairing, Pairing) and not pairing.head.eager_only:
            said = rescued(replace(pairing, backend=""))
            assert said is (verdict.verdict is Verdict.RESCUED), (name, verdict.reason)
            counted += 1
    assert counted


# --- on a backend without a rescue ------------------------------------------------------------------------------------


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
def test_on_jax_every_pair_is_confirmed() -> None:
    pairs = {code for code in ALL if code.startswith("BCE1")}
    found = Evaluated({path.relative_to(ROOT).as_posix(): path.read_bytes() for path in FIXTURES}, "jax", pairs)
    assert found.faults == []
    confirmed = 0
    for name, finding, verdict in found:
        if verdict.verdict is Verdict.NOT_EVALUATED:
            assert finding.fact is None or "TensorFlow" in verdict.reason or "tensorflow" in verdict.reason, name
            continue
        assert verdict.verdict is Verdict.CONFIRMED, (name, verdict.reason)
        assert finding.fix is None or (verdict.fix is not None and verdict.fix.passed), (name, verdict.fix)
        confirmed += 1
    assert confirmed > 50


# --- programs of which it was measured, without bcelint, what Keras computes ------------------------------------------


@pytest.fixture(scope="module")
def programs() -> Evaluated:
    return Evaluated({f"{case.name}.py": case.text.encode() for case in CASES})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdicts_are_what_was_measured(programs: Evaluated, case: Case) -> None:
    found = [
        verdict
        for name, finding, verdict in programs
        if name.startswith(f"{case.name}.py:") and finding.code in ("BCE101", "BCE108")
    ]
    wanted = Verdict.RESCUED if case.keras == "logits" else Verdict.CONFIRMED
    assert [verdict.verdict for verdict in found] == [wanted]
    assert all(verdict.fix is None or verdict.fix.passed for verdict in found), found[0].fix
