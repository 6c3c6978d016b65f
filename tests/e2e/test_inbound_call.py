"""A caller dials, is greeted, is understood and is answered."""

from __future__ import annotations

import asyncio

from lab.clips import Clips
from lab.phone import Phone
from tests.checks.words import assert_heard
from tests.e2e.conftest import CALLER, HOURS, SHIPPED, Line

GREETING = (
    "Thank you for calling Riverside Dental, this is the virtual receptionist. How can I help you?"
)
ANSWERS = {
    "What are your opening hours?": HOURS,
    "Where can I park my car?": "Yes, there is free parking behind our building. "
    "Is there anything else?",
    "What is your address, please?": "We are at twelve River Street, beside the library. "
    "Is there anything else?",
}


async def test_the_caller_is_answered_and_hears_the_whole_greeting(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone, SHIPPED)
    statuses = [event.what for event in call.events if event.direction == "received"]
    assert statuses[:2] == ["100", "180"]
    assert statuses.index("180") < statuses.index("200")
    assert_heard(line.heard(call), GREETING)
    first_sound_s = call.utterances()[0].start_s
    assert call.answered_s is not None
    assert 0 < first_sound_s - call.answered_s < 3


async def test_a_conversation_of_two_turns_is_understood_and_recorded(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone, SHIPPED)
    asked = await line.reply(
        call, "I would like to book an appointment for Tuesday at three thirty, please."
    )
    assert_heard(asked, "Tuesday at three thirty is free. May I have your name, please?")
    confirmed = await line.reply(call, "My name is David Miller.")
    assert_heard(
        confirmed,
        "Thank you, David Miller, you are booked for Tuesday at three thirty. "
        "Is there anything else?",
    )
    await call.hangs_up()

    record = await line.record(call)
    assert (record["from"], record["to"]) == (CALLER, SHIPPED)
    assert (record["outcome"], record["ended_by"]) == ("completed", "caller")
    assert record["direction"] == "inbound"
    assert record["persona"] == "front-desk"
    said = [(turn["who"], turn["text"]) for turn in record["turns"]]
    assert [who for who, _ in said] == ["bot", "caller", "bot", "caller", "bot"]
    assert "Miller" in said[3][1]
    replies = [turn for turn in record["turns"][1:] if turn["who"] == "bot"]
    for reply in replies:
        assert reply["latency"].keys() >= {"llm_first_token_s", "tts_first_byte_s", "reply_s"}
        assert 0 < reply["latency"]["reply_s"] < 5
    times = [turn["at_s"] for turn in record["turns"]]
    assert times == sorted(times)
    assert times[0] >= 0
    assert record["talk_s"] > times[-1]


async def test_a_phone_that_knows_only_a_law_is_heard_and_hears(line: Line, clips: Clips) -> None:
    async with Phone(CALLER, codecs=["PCMA"], clips=clips) as phone:
        call = await line.greeted(phone)
        assert_heard(await line.reply(call, "What are your opening hours?"), HOURS)
        answer = next(event for event in call.events if event.what == "200")
        assert " 8 " in f"{_media_line(answer.message.text)} "
        assert " 0 " not in f"{_media_line(answer.message.text)} "


def _media_line(sdp: str) -> str:
    return next(line for line in sdp.splitlines() if line.startswith("m=audio"))


async def test_three_callers_at_once_each_have_their_own_conversation(
    line: Line, clips: Clips
) -> None:
    numbers = ("+12025550121", "+12025550122", "+12025550124")

    async def converse(number: str, question: str, answer: str) -> None:
        async with Phone(number, clips=clips) as phone:
            call = await line.greeted(phone)
            assert_heard(await line.reply(call, question), answer)
            await call.hangs_up()
            assert (await line.record(call))["from"] == number

    async with asyncio.TaskGroup() as calls:
        for number, (question, answer) in zip(numbers, ANSWERS.items(), strict=True):
            calls.create_task(converse(number, question, answer))
    await line.is_clear()
