"""A scripted call against a phone that answers."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from lab.dial import dial
from lab.phone import CallFailed, Phone, Samples

CALLER, CALLEE = "+12025550123", "+12025550100"


@pytest.fixture
async def callee() -> AsyncIterator[Phone]:
    async with Phone(CALLEE) as phone:
        yield phone


def words(seconds: float) -> Samples:
    at = np.arange(round(seconds * 8000)) / 8000
    return (8000 * np.sin(2 * np.pi * 500 * at)).astype(np.int16)


async def converse(callee: Phone, replies: int) -> str:
    """Greets, replies so often, hangs up; returns the digits received."""
    call = await callee.answers(after_s=0.2, timeout=10)
    await call.says(words(0.4))
    for _ in range(replies):
        await call.hears_speech(timeout=10)
        await call.hears_quiet(for_s=0.5, timeout=10)
        await call.says(words(0.3))
    await call.hangs_up()
    return call.digits


async def test_a_scripted_call_reports_what_happened(callee: Phone, tmp_path: Path) -> None:
    conversing = asyncio.create_task(converse(callee, replies=1))
    path = tmp_path / "call.wav"
    report = await dial(CALLEE, callee.address, CALLER, say=["Yes."], listen_s=5, record=path)
    await conversing

    assert 0.19 < report.invite_to_answer_s < 2
    assert report.answer_to_first_sound_s is not None
    assert report.answer_to_first_sound_s < 0.5
    (gap_s,) = report.gaps_s
    assert gap_s is not None
    assert 0.45 < gap_s < 1.5
    assert report.ended_by == "them"
    reply = report.turns[1].heard
    assert reply is not None
    assert reply.end_s - reply.start_s == pytest.approx(0.3, abs=0.06)
    assert np.abs(report.recording.heard(*reply)).max() > 7000
    assert report.events[0].what == "INVITE"
    with wave.open(str(path)) as file:
        assert file.getnchannels() == 2
        assert file.getnframes() / 8000 > reply.end_s - report.began_s


async def test_keys_are_pressed_after_the_greeting(callee: Phone) -> None:
    async def menu() -> str:
        call = await callee.answers(timeout=10)
        await call.says(words(0.3))
        digits = await call.hears_digits(2, timeout=10)
        await call.says(words(0.3))
        await call.ended(timeout=10)
        return digits

    listening = asyncio.create_task(menu())
    report = await dial(CALLEE, callee.address, CALLER, press="4#")
    assert await listening == "4#"
    assert [turn.said for turn in report.turns] == [None, "[pressed 4#]"]
    assert report.turns[1].heard is not None
    assert report.ended_by == "us"


async def test_a_far_end_that_hangs_up_ends_the_script(callee: Phone) -> None:
    conversing = asyncio.create_task(converse(callee, replies=0))
    report = await dial(CALLEE, callee.address, CALLER, say=["Yes.", "No."])
    await conversing
    assert report.ended_by == "them"
    assert report.gaps_s == []
    assert report.turns[0].heard is not None


async def test_a_refused_call_raises(callee: Phone) -> None:
    refusing = asyncio.create_task(callee.rejects(603, timeout=10))
    with pytest.raises(CallFailed) as failure:
        await dial(CALLEE, callee.address, CALLER)
    await refusing
    assert failure.value.status == 603
