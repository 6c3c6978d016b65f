"""A caller is put through to somebody else, or told why not.

On the lab's own gateway alone: livekit-sip v1.11 now and then loses a REFER's transaction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bot.persona import Phrases
from lab.phone import DialledCall, Phone
from tests.checks.wait import eventually
from tests.checks.words import assert_heard
from tests.e2e.conftest import HOURS, SWITCHBOARD, Line, script

pytestmark = pytest.mark.any_gateway

ASKS = "Can I speak to a real person, please?"
ANNOUNCEMENT = Phrases().transfer
RATE_HZ = 8000
RINGING_HZ = 425
LONGEST_PAUSE_S = 3.5
"""Longer than billing is rung for."""


async def _asks(line: Line, phone: Phone, transfer: Any) -> DialledCall:
    """A caller who has just asked for somebody, and whose phone takes REFER like that."""
    call = await line.greeted(phone, SWITCHBOARD)
    call.transfer = transfer
    await call.says(ASKS)
    await call.hears_speech()
    return call


async def _referred(call: DialledCall) -> float:
    await eventually(lambda: call.referred_to is not None, "REFER comes", within_s=10)
    return next(event.at_s for event in call.events if event.what == "REFER")


def _results(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(transfer["target"], transfer["result"]) for transfer in record["transfers"]]


@pytest.mark.parametrize(("transfer", "ended_by"), [("done", "them"), ("hangs-up", "us")])
async def test_a_caller_is_put_through(
    line: Line, phone: Phone, transfer: str, ended_by: str
) -> None:
    call = await _asks(line, phone, transfer)
    referred_s = await _referred(call)
    assert call.referred_to == "tel:+12025550130"
    assert (await call.ended(timeout=15)).by == ended_by
    assert call.spoken
    assert_heard(line.heard(call, call.spoken[-1].end_s), ANNOUNCEMENT)
    assert call.utterances()[0].start_s < referred_s
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("transferred", "bot")
    assert record["transferred_to"] == "front-desk"
    assert _results(record) == [("front-desk", "transferred")]
    assert "12025550130" not in str(record)
    await line.is_clear()


@pytest.mark.parametrize(
    ("transfer", "result", "told"),
    [
        ("busy", "busy", "The line of the front desk is busy."),
        ("declined", "refused", "The front desk did not take the call."),
        ("not-allowed", "not-supported", "Calls on this line are not put through to anybody."),
    ],
)
async def test_who_cannot_be_put_through_is_told_and_the_call_goes_on(
    line: Line, phone: Phone, transfer: str, result: str, told: str
) -> None:
    call = await _asks(line, phone, transfer)
    referred_s = await _referred(call)
    assert_heard(line.heard(call, call.spoken[-1].end_s), ANNOUNCEMENT)
    await call.hears_quiet(LONGEST_PAUSE_S)
    regret = f"I am sorry. {told} Would you like to leave a message?"
    heard = line.heard(call, referred_s)
    assert_heard(heard, regret)
    assert "moment" not in heard
    assert_heard(await line.reply(call, "What are your opening hours?"), HOURS)
    await call.hangs_up()
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("completed", "caller")
    assert record["transferred_to"] is None
    assert _results(record) == [("front-desk", result)]
    await line.is_clear()


async def test_who_waits_hears_ringing_until_the_bot_is_back(line: Line, phone: Phone) -> None:
    billing = {"name": "transfer_call", "arguments": {"target": "billing"}}
    script(line, {"match": "person", "tool_calls": [billing]})
    call = await _asks(line, phone, "no-notify")
    referred_s = await _referred(call)
    assert call.referred_to == "<sip:billing@pbx.example.com>"
    await call.says("Hello? Is anybody there?")
    await call.presses("5#")
    await call.hears_quiet(LONGEST_PAUSE_S)
    ringing = call.recording.heard(referred_s + 0.3, referred_s + 0.8)
    loudest = np.argmax(np.abs(np.fft.rfft(ringing))) * RATE_HZ / len(ringing)
    assert loudest == pytest.approx(RINGING_HZ, abs=10)
    heard = line.heard(call, referred_s + 1.2)
    assert_heard(
        heard,
        "I am sorry. No answer has come from the billing. Would you like to leave a message?",
    )
    assert "moment" not in heard
    assert_heard(await line.reply(call, "What are your opening hours?"), HOURS)
    await call.hangs_up()
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("completed", "caller")
    assert _results(record) == [("billing", "unknown")]
    asked = [turn["text"] for turn in record["turns"] if turn["who"] == "caller"]
    assert len(asked) == 2, asked  # what is said or pressed into the ringing is no turn
    assert record["keypresses"] == 2
    await line.is_clear()


async def test_who_hangs_up_while_it_is_announced_is_not_transferred(
    line: Line, phone: Phone
) -> None:
    call = await _asks(line, phone, "done")
    await call.hangs_up()
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("completed", "caller")
    assert record["transfers"] == []
    assert call.referred_to is None
    await line.is_clear()


async def test_who_hangs_up_while_it_rings_leaves_nothing(line: Line, phone: Phone) -> None:
    call = await _asks(line, phone, "no-notify")
    await _referred(call)
    await call.hangs_up()
    record = await line.record(call)
    # a phone that has accepted REFER and hangs up counts as transferred
    assert (record["outcome"], record["transferred_to"]) == ("transferred", "front-desk")
    await line.is_clear()
