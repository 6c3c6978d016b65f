"""Whatever fails, the caller hears a sentence and never a dead line."""

from __future__ import annotations

import shutil

import pytest

from bot.persona import Phrases
from lab.phone import DialledCall, Phone
from tests.checks.words import assert_heard
from tests.e2e.conftest import HOURS, HURRIED, Line, script

pytestmark = pytest.mark.any_gateway

QUESTION = "What are your opening hours?"
APOLOGY = Phrases().apology
GIVING_UP = Phrases().giving_up


async def _gives_up(line: Line, call: DialledCall) -> str:
    """Asks again after the apology; returns what was heard until the bot hung up."""
    said = await call.says(QUESTION)
    ending = await call.ended(timeout=25)
    assert ending.by == "them"
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("provider-error", "bot")
    await line.is_clear()
    return line.heard(call, said.end_s)


async def test_a_model_that_fails_is_apologised_for_and_then_given_up(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone)
    line.faults("backboard", fault="status", status=500)
    assert_heard(await line.reply(call, QUESTION), APOLOGY)
    assert_heard(await _gives_up(line, call), GIVING_UP)


async def test_a_key_that_is_refused_ends_the_call_at_once(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    line.faults("backboard", fault="status", status=401)
    assert_heard(await _gives_up(line, call), GIVING_UP)


async def test_a_model_that_answers_nothing_is_apologised_for(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    script(line, *[{"say": ""}] * 3)
    assert_heard(await line.reply(call, QUESTION), APOLOGY)
    await call.hangs_up()


async def test_a_model_that_hangs_up_without_a_word_still_says_goodbye(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone)
    script(line, *[{"say": "", "tool_calls": [{"name": "end_call"}]}] * 3)
    said = await call.says("I think that is all.")
    ending = await call.ended(timeout=15)
    assert (ending.by, ending.how) == ("them", "bye")
    assert_heard(line.heard(call, said.end_s), "Thank you for calling. Goodbye.")
    assert (await line.record(call))["outcome"] == "completed"
    await line.is_clear()


async def test_a_voice_that_fails_at_the_greeting_is_tried_again(line: Line, phone: Phone) -> None:
    shutil.rmtree(line.stand.lab.home / "prompts", ignore_errors=True)  # of earlier calls
    line.faults("cartesia", fault="close", times=1)
    call = await line.greeted(phone)
    assert_heard(line.heard(call), "Riverside Dental, how can I help you?")
    await call.hangs_up()


async def test_a_voice_that_is_lost_in_the_call_still_apologises_and_says_goodbye(
    line: Line, phone: Phone
) -> None:
    """Its sentences were made when the call began, or in an earlier one."""
    call = await line.greeted(phone)
    assert_heard(await line.reply(call, QUESTION), HOURS)
    line.faults("cartesia", fault="close")
    assert_heard(await line.reply(call, "Where can I park my car?"), APOLOGY)
    assert_heard(await _gives_up(line, call), GIVING_UP)


async def test_a_call_that_takes_too_long_ends_with_a_sentence(line: Line, phone: Phone) -> None:
    call = await line.dial(phone, HURRIED)
    answered_s = await call.answered()
    ending = await call.ended(timeout=20)
    assert ending.by == "them"
    assert ending.at_s - answered_s > 4
    assert_heard(line.heard(call), "Hello. I am sorry, our time is up. Goodbye.")
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("time-limit", "bot")
    assert record["talk_s"] > record["turns"][-1]["at_s"]
    await line.is_clear()
