"""Every finding in the fixture projects, evaluated: both ends are looked for in their own files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from bcelint.cli.app import cli
from tests.test_fixture_projects import FOLDER, PROJECTS, Spot, wanted

# What is cut out of a file may not import the project's own modules.
OUT_OF_REACH = ("salt/notebooks/03_focal.ipynb", 2, "BCE211", "it imports `losses`: needs --trust")


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """The findings of the projects with their verdicts, from one run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(FOLDER)
        arguments = ["verify", "--isolated", "--fixes", "--output-format", "json", "--timeout", "120", "."]
        result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("project", PROJECTS)
def test_what_check_finds_is_evaluated(records: list[dict[str, Any]], project: str) -> None:
    spots = {Spot.of(record) for record in records if record["filename"].startswith(f"{project}/")}
    assert spots == {Spot(f"{project}/{spot.file}", spot.cell, spot.row, spot.code) for spot in wanted(project)}


def test_every_finding_is_confirmed_or_rescued(records: list[dict[str, Any]]) -> None:
    others = [
        (record["filename"], record["location"]["row"], record["code"], backend["reason"])
        for record in records
        for backend in record["verification"]["backends"]
        if backend["verdict"] not in ("confirmed", "rescued")
    ]
    assert others == [OUT_OF_REACH]


def test_every_fix_passes(records: list[dict[str, Any]]) -> None:
    """Also one that changes another file than the finding is in."""
    failed = [
        (record["filename"], record["location"]["row"], record["code"], backend["fix"] and backend["fix"]["reason"])
        for record in records
        for backend in record["verification"]["backends"]
        if record["fix"] and not (backend["fix"] and backend["fix"]["passed"])
    ]
    assert failed == [(*OUT_OF_REACH[:3], None)]


@pytest.mark.parametrize("project", ["dcgan", "course"])
def test_pairs_in_other_files_that_fit_are_shown(project: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(FOLDER / project)
        result = CliRunner().invoke(cli, ["verify", "--isolated", "--sound", "--output-format", "concise", "."])
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
