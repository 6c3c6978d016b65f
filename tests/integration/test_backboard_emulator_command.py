"""`bot-lab fault backboard …`, against an emulator in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from lab import control
from lab.app import app
from tests.checks.emulator import emulated


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("backboard", tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture
def lab(emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The control API of an emulator that the command takes for that of a running lab."""
    ports = {"backboard": httpx.URL(emulator).port}
    monkeypatch.setattr(control, "running_lab", lambda *_: SimpleNamespace(ports=ports))
    return f"{emulator}/_lab"


def fault(*arguments: str) -> tuple[int, str]:
    """Exit status and output of `bot-lab fault`."""
    result = CliRunner().invoke(app, ["fault", *arguments])
    return result.exit_code, result.output


def script(lab: str) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = httpx.get(f"{lab}/script", trust_env=False).json()
    return lines


def test_a_scenario_is_in_force_until_it_is_cleared(lab: str) -> None:
    arguments = ["--scenario", "cut-mid-text", "--after-chunks", "3", "--first-byte-s", "0.1"]
    assert fault("backboard", "scenario", *arguments)[0] == 0
    (line,) = script(lab)
    assert (line["scenario"], line["times"], line["match"]) == ("cut-mid-text", None, "")
    assert (line["after_chunks"], line["first_token_s"]) == (3, 0.1)
    assert fault("backboard", "none")[0] == 0
    assert script(lab) == []


def test_a_scenario_may_strike_so_many_answers(lab: str) -> None:
    fault("backboard", "scenario", "--scenario", "status", "--status", "429", "--times", "2")
    (line,) = script(lab)
    assert (line["status"], line["times"]) == (429, 2)
    fault("backboard")


@pytest.mark.parametrize("arguments", [[], ["--scenario", "flood"]])
def test_without_a_known_name_the_names_are_listed(lab: str, arguments: list[str]) -> None:
    status, output = fault("backboard", "scenario", *arguments)
    assert status == 1
    assert "stall-first" in output
    assert script(lab) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["cartesia", "scenario", "--scenario", "plain"],
        ["backboard", "stall", "--scenario", "plain"],
    ],
)
def test_scenarios_belong_to_backboard(lab: str, arguments: list[str]) -> None:
    assert fault(*arguments)[0] == 1


def test_the_other_faults_go_on_working(lab: str) -> None:
    status, output = fault("backboard", "status", "--status", "503", "--times", "1")
    assert status == 0
    taken = json.loads(output)
    assert (taken["fault"], taken["status"], taken["times"]) == ("status", 503, 1)
    assert fault("backboard", "none")[0] == 0
    assert httpx.get(f"{lab}/faults", trust_env=False).json()["fault"] == "none"
