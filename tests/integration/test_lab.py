"""The lab as a person runs it: side by side, and gone without a trace in every way it can end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.ports import PortBlock, Ports
from lab.settings import LabSettings, inherited_environment
from tests.checks import processes
from tests.checks.wait import eventually


@pytest.fixture
def labs_dir(tmp_path: Path) -> Iterator[Path]:
    """Where the labs of one test live; those that a failed test leaves are ended."""
    folder = tmp_path / "labs"
    yield folder
    for lab in json.loads(_bot_lab(folder, "status", "--json").stdout):
        _bot_lab(folder, "down", "--name", lab["name"])


def _bot_lab(labs_dir: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    settings = LabSettings.load()
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        env={
            **inherited_environment(),
            "LIVEKIT_SERVER_BIN": str(settings.livekit_server()),
            "HOTLINE_LAB_DIR": str(labs_dir),
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _up(labs_dir: Path, name: str) -> dict[str, Any]:
    done = _bot_lab(labs_dir, "up", "--detach", "--ports", "auto", "--name", name, "--json")
    assert done.returncode == 0, done.stderr
    state: dict[str, Any] = json.loads(done.stdout)
    return state


async def test_two_labs_live_side_by_side_and_end_one_by_one(labs_dir: Path) -> None:
    one, two = _up(labs_dir, "one"), _up(labs_dir, "two")
    assert not set(one["ports"].values()) & set(two["ports"].values())
    listed = json.loads(_bot_lab(labs_dir, "status", "--json").stdout)
    assert [lab["name"] for lab in listed] == ["one", "two"]

    os.kill(one["pid"], signal.SIGKILL)
    await eventually(
        lambda: processes.of_lab(labs_dir / "one") == [], "the killed lab is gone", within_s=8
    )
    assert Ports(**one["ports"]).taken() == []
    listed = json.loads(_bot_lab(labs_dir, "status", "--json").stdout)
    assert [lab["name"] for lab in listed] == ["two"]

    faults = _bot_lab(labs_dir, "fault", "backboard", "stall", "--after-chunks", "2")
    assert json.loads(faults.stdout)["fault"] == "stall"
    logs = _bot_lab(labs_dir, "logs", "livekit-server").stdout
    assert "starting LiveKit server" in logs

    assert _bot_lab(labs_dir, "down").returncode == 0
    assert Ports(**two["ports"]).taken() == []
    assert processes.of_lab(labs_dir) == []
    assert not (labs_dir / "two/env").exists()


def test_a_second_lab_of_a_name_is_refused_in_a_sentence(labs_dir: Path) -> None:
    _up(labs_dir, "one")
    refused = _bot_lab(labs_dir, "up", "--ports", "auto", "--name", "one")
    assert refused.returncode == 1
    assert "The lab one is up already" in refused.stderr
    assert _bot_lab(labs_dir, "down").returncode == 0


def test_taken_ports_are_named(labs_dir: Path) -> None:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", Ports().backboard))
        except OSError:
            pytest.skip("something else holds the port already")
        refused = _bot_lab(labs_dir, "up")
    assert refused.returncode == 1
    assert f"backboard {Ports().backboard}" in refused.stderr
    assert "--ports auto" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_livekit_server_that_dies_is_told_with_its_last_words(
    labs_dir: Path, tmp_path: Path
) -> None:
    server = tmp_path / "livekit-server"
    server.write_text("#!/bin/sh\necho it has no wings\n")
    server.chmod(0o755)
    refused = _bot_lab(labs_dir, "up", "--ports", "auto", LIVEKIT_SERVER_BIN=str(server))
    assert refused.returncode == 1
    assert "livekit-server ended while starting" in refused.stderr
    assert "it has no wings" in refused.stderr
    assert processes.of_lab(labs_dir) == []


def test_a_missing_program_is_named(labs_dir: Path) -> None:
    refused = _bot_lab(labs_dir, "up", "--ports", "auto", LIVEKIT_SERVER_BIN="/nowhere/server")
    assert refused.returncode == 1
    assert "LIVEKIT_SERVER_BIN is /nowhere/server" in refused.stderr


def test_without_a_lab_the_commands_say_so(labs_dir: Path) -> None:
    for arguments in (["down"], ["dial", "+12025550100"], ["fault", "cartesia", "stall"]):
        refused = _bot_lab(labs_dir, *arguments)
        assert refused.returncode == 1
        assert "There is no lab up" in refused.stderr


def test_port_blocks_are_given_once() -> None:
    one, two = PortBlock.auto(), PortBlock.auto()
    try:
        assert one.ports.livekit != two.ports.livekit
    finally:
        one.release()
        two.release()
