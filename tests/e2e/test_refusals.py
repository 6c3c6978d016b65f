"""Calls that must not be let in, and calls that nobody can take."""

from __future__ import annotations

import pytest

from lab.clips import Clips
from lab.phone import CallFailed, NoFinalAnswer, Phone
from tests.e2e.conftest import CALLER, Line

DIGEST, ELSEWHERE, UNSERVED, UNKNOWN = (f"+1202555010{n}" for n in (1, 2, 3, 9))


@pytest.mark.parametrize("number", [UNKNOWN, ELSEWHERE])
async def test_a_call_that_matches_no_trunk_is_never_answered(
    line: Line, phone: Phone, number: str
) -> None:
    """livekit-server answers DROP, which is silence after 180; an address counts like a number."""
    call = await line.dial(phone, number)
    with pytest.raises(NoFinalAnswer):
        await call.answered(timeout=3)
    statuses = [event.what for event in call.events if event.direction == "received"]
    assert statuses[:2] == ["100", "180"]
    assert all(status < "200" for status in statuses)
    await line.is_clear()


async def test_the_right_password_is_let_in(line: Line, clips: Clips) -> None:
    credentials = line.stand.lab.credentials
    auth = (credentials.sip_username, credentials.sip_password)
    async with Phone(CALLER, auth=auth, clips=clips) as phone:
        call = await line.dial(phone, DIGEST)
        await call.answered()
        assert "407" in [event.what for event in call.events]


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_a_wrong_password_is_refused(line: Line, clips: Clips, password: str) -> None:
    auth = (line.stand.lab.credentials.sip_username, password)
    async with Phone(CALLER, auth=auth, clips=clips) as phone:
        call = await line.dial(phone, DIGEST)
        with pytest.raises(CallFailed, match="401"):
            await call.answered()
    await line.is_clear()


async def test_without_an_agent_the_caller_hears_busy_within_the_ringing_timeout(
    line: Line, phone: Phone
) -> None:
    call = await line.dial(phone, UNSERVED)
    rang_s = await call.ringing()
    with pytest.raises(CallFailed, match="486"):
        await call.answered(timeout=10)
    assert call.ending is not None
    assert 2 < call.ending.at_s - rang_s < 6
    await line.is_clear()
