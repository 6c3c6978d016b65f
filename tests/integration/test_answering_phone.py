"""The phone that answers by script, called by the lab's other phone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from lab.clips import Clips
from lab.errors import PortTaken
from lab.phone import (
    AnsweringPhone,
    CallFailed,
    CallOver,
    DialledCall,
    NoFinalAnswer,
    NoSpeech,
    Phone,
    Script,
)
from lab.phone.roles import BEEP_HZ, BEEP_S
from lab.state import Claim, LabState
from tests.checks.wait import eventually

CALLER, CALLEE, OTHER = "+12025550123", "+12025550111", "+12025550112"


@pytest.fixture
async def caller(clips: Clips) -> AsyncIterator[Phone]:
    async with Phone(CALLER, clips=clips) as phone:
        yield phone


@pytest.fixture
async def answerer(clips: Clips) -> AsyncIterator[AnsweringPhone]:
    async with AnsweringPhone({}, clips=clips) as phone:
        yield phone


async def dial(caller: Phone, answerer: AnsweringPhone, script: Script) -> DialledCall:
    answerer.scripts[CALLEE] = script
    return await caller.dial(CALLEE, gateway=answerer.address)


async def test_a_person_rings_answers_speaks_and_listens(
    caller: Phone, answerer: AnsweringPhone, tmp_path: Path
) -> None:
    path = tmp_path / "call.wav"
    script = Script(ring_s=0.3, say="Hello, this is Ann.", after_ms=500, record=path)
    call = await dial(caller, answerer, script)
    rang_s = await call.ringing()
    answered_s = await call.answered()
    assert answered_s - rang_s >= 0.29
    assert await call.hears_speech() - answered_s >= 0.4
    received = await answerer.takes()
    await call.says("Good morning Ann.")
    await call.hangs_up()
    assert (await received.ended()).by == "them"
    assert len(received.utterances()) >= 1
    await eventually(path.exists, "the recording is saved", within_s=5)
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.abs(frames).max(axis=0).min() > 1000, "both directions are on record"


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (Script(role="busy"), 486),
        (Script(role="declined"), 603),
        (Script(role="invalid"), 404),
        (Script(code=503), 503),
        (Script(role="voicemail", code=480, ring_s=0.2), 480),
    ],
)
async def test_refusals(
    caller: Phone, answerer: AnsweringPhone, script: Script, status: int
) -> None:
    call = await dial(caller, answerer, script)
    with pytest.raises(CallFailed) as failure:
        await call.answered()
    assert failure.value.status == status
    assert (call.rang_s is not None) == bool(script.ring_s)


async def test_several_numbers_share_the_port(caller: Phone, answerer: AnsweringPhone) -> None:
    answerer.scripts[OTHER] = Script(role="silent")
    busy = await dial(caller, answerer, Script(role="busy"))
    other = await caller.dial(OTHER, gateway=answerer.address)
    unknown = await caller.dial("+12025550113", gateway=answerer.address)
    await other.answered()
    for call, status in ((busy, 486), (unknown, 404)):
        with pytest.raises(CallFailed) as failure:
            await call.answered()
        assert failure.value.status == status
    with pytest.raises(NoSpeech):
        await other.hears_speech(timeout=0.5)


async def test_no_answer_rings_until_cancelled(caller: Phone, answerer: AnsweringPhone) -> None:
    call = await dial(caller, answerer, Script(role="no-answer"))
    await call.ringing()
    with pytest.raises(NoFinalAnswer):
        await call.answered(timeout=0.5)
    call.cancel()
    ending = await call.ended()
    assert (ending.by, ending.how) == ("us", "cancel")
    assert [event.what for event in call.events if event.direction == "received"][-1] == "487"


@pytest.mark.parametrize(("role", "received"), [("dead", ["100", "180"]), ("unreachable", [])])
async def test_what_does_not_respond(
    caller: Phone, answerer: AnsweringPhone, role: str, received: list[str]
) -> None:
    call = await dial(caller, answerer, Script.model_validate({"as": role}))
    with pytest.raises(NoFinalAnswer):
        await call.answered(timeout=0.5)
    call.cancel()
    await eventually(lambda: len(answerer.invites) == 1, "the INVITE came", within_s=2)
    assert [event.what for event in call.events if event.direction == "received"] == received


async def test_who_hangs_up_sends_bye_and_who_vanishes_does_not(
    caller: Phone, answerer: AnsweringPhone
) -> None:
    call = await dial(caller, answerer, Script(role="hangs-up", say="", stay_s=0.3))
    await call.answered()
    assert (await call.ended(timeout=3)).how == "bye"

    call = await dial(caller, answerer, Script(role="vanishes", say="", stay_s=0.3))
    await call.answered()
    received = answerer.calls[-1]
    assert (await received.ended(timeout=3)).how == "vanished"
    await call.hangs_up()
    assert [event.what for event in call.events][-1] == "BYE", "and nothing answers it"


async def test_voicemail_greets_beeps_and_takes_the_message(
    caller: Phone, answerer: AnsweringPhone
) -> None:
    call = await dial(caller, answerer, Script(role="voicemail", say="Leave a message."))
    await call.answered()
    received = await answerer.takes()
    await eventually(lambda: len(received.spoken) == 2, "greeting and beep are over", within_s=10)
    _, beep = received.spoken
    assert beep.end_s - beep.start_s == pytest.approx(BEEP_S, abs=0.1)
    heard = call.recording.heard(beep.start_s + 0.1, beep.end_s - 0.1).astype(float)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * 8000 / len(heard) == pytest.approx(BEEP_HZ, abs=10)
    said = await call.says("Please call me back.")
    await call.hangs_up()
    await received.ended()
    assert any(span.end_s > said.start_s for span in received.utterances())


async def test_screening_asks_who_is_calling(caller: Phone, answerer: AnsweringPhone) -> None:
    call = await dial(caller, answerer, Script(role="screening"))
    await call.answered()
    await call.hears_speech()
    await call.hears_quiet(timeout=15)
    assert call.ending is None


async def test_a_menu_reacts_to_keys(caller: Phone, answerer: AnsweringPhone) -> None:
    menu = {"1": "Sales.", "2": "Support."}
    call = await dial(caller, answerer, Script(role="ivr", say="Press one or two.", menu=menu))
    await call.answered()
    received = await answerer.takes()
    await eventually(lambda: len(received.spoken) == 1, "the menu is said", within_s=10)
    await call.presses("71")
    await eventually(lambda: len(received.spoken) == 2, "one answer is said", within_s=10)
    assert received.digits == "71"


async def test_a_digest_challenge(answerer: AnsweringPhone, clips: Clips) -> None:
    answerer.scripts[CALLEE] = Script(username="lab", password="secret")
    async with Phone(CALLER, clips=clips, auth=("lab", "secret")) as right:
        call = await right.dial(CALLEE, gateway=answerer.address)
        await call.answered()
    async with Phone(CALLER, clips=clips, auth=("lab", "wrong")) as wrong:
        call = await wrong.dial(CALLEE, gateway=answerer.address)
        with pytest.raises(CallFailed) as failure:
            await call.answered()
    assert failure.value.status == 407
    assert len(answerer.invites) == 2


async def test_calls_above_the_rate_are_refused(caller: Phone, answerer: AnsweringPhone) -> None:
    script = Script(role="silent", calls_per_s=2)
    calls = [await dial(caller, answerer, script) for _ in range(3)]
    await asyncio.gather(*(call.answered() for call in calls[:2]))
    with pytest.raises(CallFailed) as failure:
        await calls[2].answered()
    assert failure.value.status == 503


async def test_headers_go_with_the_answer(caller: Phone, answerer: AnsweringPhone) -> None:
    call = await dial(caller, answerer, Script(role="silent", headers={"X-Region": "west"}))
    await call.answered()
    (answer,) = [event.message for event in call.events if event.what == "200"]
    assert answer.get_header("X-Region") == "west"


async def test_a_caller_who_gives_up_while_the_greeting_is_spoken(
    caller: Phone, answerer: AnsweringPhone
) -> None:
    call = await dial(caller, answerer, Script(role="screening"))
    await call.answered()
    await call.hears_speech()
    await call.hangs_up()
    received = await answerer.takes()
    assert (await received.ended()).by == "them"
    with pytest.raises(CallOver):
        await received.says("Are you there?")


async def test_a_port_in_use_is_told(answerer: AnsweringPhone, clips: Clips) -> None:
    with pytest.raises(PortTaken, match="another answering phone"):
        async with AnsweringPhone({}, port=answerer.address[1], clips=clips):
            pass


async def test_the_command_answers_at_the_labs_outbound_address(
    caller: Phone, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    claim = Claim(tmp_path / "here")
    claim.publish(LabState("here", os.getpid(), "", "", "lab", {"answer": port}, {}))
    script = tmp_path / "phones.toml"
    script.write_text(f'["{CALLEE}"]\nas = "hangs-up"\nsay = "Wrong number."\nstay_s = 1.5\n')
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "lab", "answer", "--script", str(script), "--json"],
        env={**os.environ, "HOTLINE_LAB_DIR": str(tmp_path)},  # noqa: TID251 - a child's
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    assert b"answering" in await process.stderr.readline()
    call = await caller.dial(CALLEE, gateway=("127.0.0.1", port))
    await call.answered()
    await call.hears_speech()
    assert (await call.ended(timeout=10)).by == "them"
    while b"bye by the phone" not in await process.stderr.readline():
        pass
    process.send_signal(signal.SIGTERM)
    out, _ = await process.communicate()
    claim.release()
    (account,) = json.loads(out)
    assert (account["number"], account["caller"]) == (CALLEE, CALLER)
    assert account["ended"] == "bye by the phone"
    assert process.returncode == 0
