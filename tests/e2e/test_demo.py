"""`./scripts/demo`, as a person and as a program runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import wave
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from lab.clips import Clips
from lab.phone import Phone
from lab.settings import ROOT
from tests.checks import processes
from tests.e2e.conftest import CALLER

DEMO = [str(ROOT / "scripts/demo")]
LABS = ROOT / "var/lab"


def _ignore_sigint() -> None:
    """What a shell without job control does to a command that it starts with `&`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _is_greeted(ready: dict[str, str], clips: Clips) -> None:
    host, _, port = ready["sip"].rpartition(":")
    async with Phone(CALLER, clips=clips) as phone:
        call = await phone.dial(ready["number"], gateway=(host, int(port)))
        await call.answered()
        await call.hears_speech()


def test_serve_says_where_it_is_takes_calls_and_leaves_nothing(clips: Clips) -> None:
    with subprocess.Popen(
        [*DEMO, "--serve"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=_ignore_sigint,
    ) as demo:
        assert demo.stdout is not None
        try:
            ready = json.loads(demo.stdout.readline())
            assert ready.keys() == {"sip", "number", "env_file"}
            env = dotenv_values(ready["env_file"])
            assert env["LIVEKIT_URL"]
            assert env["LIVEKIT_API_KEY"]
            asyncio.run(_is_greeted(ready, clips))
            home = Path(ready["env_file"]).parent
            assert processes.of_lab(home)
            os.killpg(demo.pid, signal.SIGINT)
            assert demo.wait(timeout=20) == 0
            assert demo.stdout.read() == ""
            assert processes.of_lab(home) == []
        finally:
            demo.kill()


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """One whole demo."""
    done = subprocess.run(
        [*DEMO, "--json"], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def test_the_demo_holds_a_conversation_and_tells_it_to_programs(report: dict[str, Any]) -> None:
    assert report["outcome"] == "completed"
    assert report["ended_by"] == "bot"
    assert report["faults"] == []
    assert [turn["who"] for turn in report["turns"]] == ["bot", *["caller", "bot"] * 4]
    assert len(report["gaps_s"]) == 4
    assert 0 < report["invite_to_answer_s"] < 10
    assert 0 < report["answer_to_first_sound_s"] < 5
    assert report["sip"][-1]["what"] in {"BYE", "200"}


def test_the_demo_leaves_a_record_and_a_stereo_recording(report: dict[str, Any]) -> None:
    record = json.loads(Path(report["record"]).read_text())
    assert record["outcome"] == "completed"
    with wave.open(report["recording"]) as recording:
        assert recording.getnchannels() == 2
        assert recording.getnframes() / recording.getframerate() > 20
    assert processes.of_lab(LABS) == []
