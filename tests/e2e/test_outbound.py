"""Calls that the operator places, heard by the phone that is called."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.store.attempts import Attempts
from bot.store.database import Database
from lab.clips import Clips
from lab.phone import AnsweringPhone, ReceivedCall, Script
from lab.recognizer import Recognizer
from lab.stand import Stand
from tests.checks.wait import eventually
from tests.checks.words import assert_heard
from tests.e2e.conftest import Line, settings
from tests.e2e.operator import Operator, Terminal, Told

CALLEE = "+12025550111"
OPENING = "Hello Ann, this is the automated assistant of Riverside Dental."
PURPOSE = "This is Riverside Dental, calling about an appointment."
MESSAGE = "This is Riverside Dental with a reminder of your appointment on Tuesday. Goodbye."
OPTED_OUT = "I understand. You will not be called again. Goodbye."
OPENED_WITHIN_S = 1.5
"""From the end of the callee's hello to the first sound of the opening."""
SILENT_WITHIN_S = 4.0
CANCELLED_WITHIN_S = 1.0
QUIET_S = 0.8


class Callee:
    """The phone that is called, and what a test does with its calls."""

    def __init__(self, phone: AnsweringPhone, recognizer: Recognizer) -> None:
        self.phone = phone
        self._recognizer = recognizer

    def behaves(self, script: Script) -> None:
        self.phone.scripts[CALLEE] = script

    def heard(self, call: ReceivedCall, since_s: float | None = None) -> str:
        """What it heard from a time on, else from the answer, in words."""
        start_s = call.answered_s if since_s is None else since_s
        assert start_s is not None
        samples = call.recording.heard(start_s, call.utterances()[-1].end_s + 0.2)
        return self._recognizer.transcribe(samples, 8000).lower()

    async def is_opened(self, call: ReceivedCall) -> float:
        """Hears the opening out; returns when it began."""
        began_s = await call.hears_speech()
        await call.hears_quiet(QUIET_S)
        assert_heard(self.heard(call), OPENING)
        return began_s


@pytest.fixture
async def callee(stand: Stand, clips: Clips, recognizer: Recognizer) -> AsyncIterator[Callee]:
    """Where the trunk's calls go."""
    async with AnsweringPhone({}, port=stand.lab.ports.answer, clips=clips) as phone:
        yield Callee(phone, recognizer)


@pytest.fixture
def operator(stand: Stand) -> Operator:
    return Operator(stand, **settings(stand.lab.home))


def call_as(persona: str, number: str = CALLEE) -> list[str]:
    return ["call", number, "--persona", persona, "--var", "name=Ann", "--json"]


def ended(told: Told) -> tuple[int, str, str | None]:
    return told.exit_code, told.data["outcome"], told.data["answered_by"]


def record(told: Told) -> dict[str, Any]:
    """The record that the command names."""
    data: dict[str, Any] = json.loads(Path(told.data["record"]).read_text())
    assert data["attempt"] == told.data["attempt"]
    return data


async def test_a_person_hears_the_opening_soon_after_hello_and_talks(
    callee: Callee, operator: Operator
) -> None:
    callee.behaves(Script(ring_s=1.5, early_media=True, say="Hello?", after_ms=300))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.phone.takes()
        began_s = await callee.is_opened(call)
        assert began_s == pytest.approx(call.utterances()[0].start_s, abs=0.1), "nothing before"
        (hello,) = call.spoken
        assert began_s - hello.end_s < OPENED_WITHIN_S
        await call.says("No, that's all. Goodbye.")
        told = await terminal.ends()
    assert ended(told) == (0, "completed", "person"), told
    for stage in ("dialling", "ringing", "answered", "a person answered", "bot: Hello Ann, this"):
        assert stage in told.talk
    (pickup,) = record(told)["pickup"]
    assert (pickup["who"], pickup["evidence"]) == ("person", "greeting")
    assert pickup["after_s"] < 4.0


@pytest.mark.parametrize("after_ms", [0, 800])
async def test_hello_is_heard_however_soon_it_is_said(
    callee: Callee, operator: Operator, after_ms: int
) -> None:
    callee.behaves(Script(say="Hello?", after_ms=after_ms))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.phone.takes()
        began_s = await callee.is_opened(call)
        assert began_s - call.spoken[0].end_s < OPENED_WITHIN_S
        await call.hangs_up()
        told = await terminal.ends()
    assert ended(told) == (0, "completed", "person"), told
    assert record(told)["pickup"][0]["evidence"] == "greeting"
    assert record(told)["ended_by"] == "callee"


@pytest.mark.any_gateway
async def test_who_says_nothing_is_spoken_to(callee: Callee, operator: Operator) -> None:
    callee.behaves(Script(role="silent"))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.phone.takes()
        began_s = await callee.is_opened(call)
        assert call.answered_s is not None
        assert began_s - call.answered_s < SILENT_WITHIN_S
        await call.hangs_up()
        told = await terminal.ends()
    assert record(told)["pickup"][0]["evidence"] == "silence"


async def test_a_voicemail_gets_the_message_after_its_beep(
    callee: Callee, operator: Operator
) -> None:
    callee.behaves(Script(role="voicemail"))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.phone.takes()
        told = await terminal.ends()
    assert ended(told) == (0, "voicemail-left", "machine"), told
    beep = call.spoken[-1]
    assert_heard(callee.heard(call, beep.end_s), MESSAGE)
    assert record(told)["pickup"][-1]["who"] == "voicemail"


@pytest.mark.any_gateway
async def test_a_voicemail_is_hung_up_on_by_who_has_no_message(
    callee: Callee, operator: Operator
) -> None:
    callee.behaves(Script(role="voicemail"))
    async with operator.types(*call_as("discreet")) as terminal:
        call = await callee.phone.takes()
        told = await terminal.ends()
    assert ended(told) == (13, "voicemail-hung-up", "machine"), told
    assert call.utterances() == []


@pytest.mark.any_gateway
async def test_a_screener_is_told_who_calls_and_the_person_hears_the_opening(
    callee: Callee, operator: Operator
) -> None:
    callee.behaves(Script(role="screening"))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.phone.takes()
        await call.hears_speech()
        await call.hears_quiet(QUIET_S)
        assert_heard(callee.heard(call), PURPOSE)
        hello = await call.says("Hello?")
        await call.hears_speech()
        await call.hears_quiet(QUIET_S)
        assert_heard(callee.heard(call, hello.end_s), OPENING)
        await call.hangs_up()
        told = await terminal.ends()
    assert ended(told) == (0, "completed", "person"), told
    assert [each["who"] for each in record(told)["pickup"]] == ["screening", "person"]


async def test_a_menu_gets_its_key_and_the_person_behind_it_the_opening(
    callee: Callee, operator: Operator
) -> None:
    callee.behaves(Script(role="ivr", menu={"2": "Support, this is Ben."}))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.phone.takes()
        assert await call.hears_digits(1, 20.0) == "2"
        await callee.is_opened(call)
        await call.hangs_up()
        told = await terminal.ends()
    assert ended(told) == (0, "completed", "person"), told
    assert [each["who"] for each in record(told)["pickup"]] == ["menu", "person"]


FULL = "The mailbox of the person you have called is full and cannot accept any messages."


@pytest.mark.any_gateway
async def test_announcements_are_named_for_what_they_say(
    callee: Callee, operator: Operator
) -> None:
    scripts = {
        "+12025550114": Script(say=FULL),
        "+12025550115": Script(role="not-in-service", after_ms=800),
        "+12025550116": Script(role="fax", after_ms=800),
    }
    callee.phone.scripts |= scripts
    full, no_service, fax = await asyncio.gather(
        *(operator.runs(*call_as("reminder", number)) for number in scripts)
    )
    assert ended(full) == (14, "mailbox-full", "machine"), full
    assert ended(no_service) == (20, "invalid-number", "machine"), no_service
    assert record(no_service)["pickup"][-1]["who"] == "not-in-service"
    assert ended(fax) == (15, "fax", "machine"), fax


@pytest.mark.any_gateway
async def test_stop_calling_me_is_written_before_the_line_goes_dead(
    callee: Callee, operator: Operator, stand: Stand
) -> None:
    number = "+12025550112"
    await operator.runs("suppression", "remove", number, "--yes", "--json")
    callee.phone.scripts[number] = Script(say="Hello?")
    async with operator.types(*call_as("reminder", number)) as terminal:
        call = await callee.phone.takes()
        await callee.is_opened(call)
        said = await call.says("Please stop calling me.")
        bye = await call.ended()
        told = await terminal.ends()
    assert ended(told) == (17, "opted-out", "person"), told
    assert_heard(callee.heard(call, said.end_s), OPTED_OUT)
    listed = await operator.runs("suppression", "check", number, "--json")
    written = datetime.fromisoformat(listed.data["entry"]["since"]).timestamp()
    assert written < time.time() - (time.monotonic() - bye.at_s), "written before the BYE"
    refused = await operator.runs(*call_as("reminder", number))
    assert refused.exit_code == 37
    assert "said so on the phone" in refused.talk
    assert len(callee.phone.invites) == 1


async def test_the_key_nine_stops_calls_also_of_who_hangs_up_at_once(
    callee: Callee, operator: Operator
) -> None:
    number = "+12025550113"
    await operator.runs("suppression", "remove", number, "--yes", "--json")
    callee.phone.scripts[number] = Script(say="Hello?")
    async with operator.types(*call_as("reminder", number)) as terminal:
        call = await callee.phone.takes()
        await callee.is_opened(call)
        await call.presses("9")
        await call.hangs_up()
        told = await terminal.ends()
    assert ended(told) == (17, "opted-out", "person"), told
    assert (await operator.runs(*call_as("reminder", number))).exit_code == 37


NOT_ANSWERED = {
    "+12025550121": (Script(role="busy"), 11, "busy", 486),
    "+12025550122": (Script(role="declined"), 12, "declined", 603),
    "+12025550123": (Script(role="invalid"), 20, "invalid-number", 404),
    "+12025550124": (Script(code=503), 24, "congestion", 503),
    "+12025550125": (Script(role="no-answer"), 10, "no-answer", None),
}


async def test_who_does_not_answer_is_told_apart(
    callee: Callee, operator: Operator, line: Line
) -> None:
    await line.is_clear()  # the worker's five seats are all wanted
    callee.phone.scripts |= {number: row[0] for number, row in NOT_ANSWERED.items()}
    calls = await asyncio.gather(
        *(operator.runs(*call_as("reminder", number), "--ring", "5") for number in NOT_ANSWERED)
    )
    for (_, exit_code, outcome, sip_code), told in zip(NOT_ANSWERED.values(), calls, strict=True):
        assert ended(told) == (exit_code, outcome, None), told
        assert told.data["sip_code"] == sip_code
        filed, *_ = await operator.calls("--number", told.data["number"])
        assert filed["outcome"] == outcome, "the record says so too"


@pytest.mark.any_gateway
async def test_who_hangs_up_has_completed_the_call(callee: Callee, operator: Operator) -> None:
    callee.behaves(Script(role="hangs-up"))
    told = await operator.runs(*call_as("reminder"))
    assert ended(told) == (0, "completed", "person"), told


async def _ringing(callee: Callee, terminal: Terminal) -> ReceivedCall:
    call = await callee.phone.takes()
    await terminal.says("ringing")
    return call


async def test_ctrl_c_while_it_rings_cancels_at_once(callee: Callee, operator: Operator) -> None:
    callee.behaves(Script(role="no-answer"))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await _ringing(callee, terminal)
        pressed_s = time.monotonic()
        terminal.interrupt()
        ending = await call.ended()
        told = await terminal.ends()
    assert ending.at_s - pressed_s < CANCELLED_WITHIN_S
    assert ending.how == "cancel"
    assert ended(told) == (36, "cancelled", None), told


async def test_a_command_that_is_killed_leaves_a_call_that_can_be_settled(
    callee: Callee, operator: Operator
) -> None:
    callee.behaves(Script(say="Hello?", ring_s=1.0))
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.phone.takes()
        terminal.process.kill()
        await terminal.process.wait()
    await callee.is_opened(call)  # the bot talks on
    going_on = await operator.runs("call", "reconcile", "--json")
    assert [each["live"] for each in going_on.data["attempts"]] == [True]
    await call.hangs_up()
    settled = await operator.runs("call", "reconcile", "--json")
    assert settled.exit_code == 0
    assert len(callee.phone.invites) == 1


@pytest.mark.any_gateway
async def test_a_call_that_nobody_waits_for_is_settled_by_the_bot(
    callee: Callee, operator: Operator, stand: Stand
) -> None:
    callee.behaves(Script(role="busy", ring_s=1.0))
    told = await operator.runs(*call_as("reminder"), "--no-wait")
    assert (told.exit_code, told.data["outcome"]) == (0, None)
    async with Database.opened(settings(stand.lab.home)["DATABASE_URL"]) as database:

        async def has_ended() -> bool:
            return (await Attempts(database).get(told.data["attempt"])).outcome is not None

        await eventually(has_ended, "the bot has written the end", within_s=20)
        assert (await Attempts(database).get(told.data["attempt"])).outcome == "declined"
