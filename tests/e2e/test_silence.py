"""However late an answer is, the line is never silent for longer than a caller bears."""

from __future__ import annotations

import asyncio

import pytest

from bot.persona import Phrases
from lab.phone import DialledCall, Phone
from tests.checks.words import assert_heard
from tests.e2e.conftest import Line, script

pytestmark = pytest.mark.any_gateway

QUESTION = "What are your opening hours?"
LONGEST_S = 4.0
PHRASES = Phrases()


async def _until_it_ends(call: DialledCall) -> None:
    ending = await call.ended(timeout=40)
    assert ending.by == "them"


async def test_a_mind_that_stalls_is_covered_by_fillers_then_apologised_for_then_given_up(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone)
    line.faults("backboard", fault="stall")
    first = await call.says(QUESTION)
    await call.hears_speech()
    await call.hears_quiet(LONGEST_S - 0.5)
    heard = line.heard(call, first.end_s)
    assert_heard(heard, " ".join([*PHRASES.fillers, PHRASES.apology]))
    assert max(line.silences(call, first.end_s)) < LONGEST_S
    second = await call.says(QUESTION)
    await _until_it_ends(call)
    assert_heard(line.heard(call, second.end_s), " ".join([*PHRASES.fillers, PHRASES.giving_up]))
    assert max(line.silences(call, second.end_s)) < LONGEST_S
    assert (await line.record(call))["outcome"] == "provider-error"
    await line.is_clear()


async def test_an_answer_that_stops_in_mid_sentence_is_heard_so_far_then_apologised_for(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone)
    line.faults("backboard", fault="stall", after_chunks=4, times=1)
    asked = await call.says(QUESTION)
    await call.hears_speech()
    await call.hears_quiet(LONGEST_S - 0.5)
    assert_heard(line.heard(call, asked.end_s), f"We are open Monday. {PHRASES.apology}")
    assert max(line.silences(call, asked.end_s)) < LONGEST_S
    await call.hangs_up()


async def test_an_answer_that_drips_is_heard_as_it_comes(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    script(line, {"say": "Yes, we are open today."})
    line.faults("backboard", chunk_s=1.6)
    asked = await call.says("Are you open today?")
    await call.hears_speech()
    await call.hears_quiet(LONGEST_S - 0.5)
    assert max(line.silences(call, asked.end_s)) < LONGEST_S
    await call.hangs_up()
    said = [turn["text"] for turn in (await line.record(call))["turns"] if turn["who"] == "bot"]
    assert said[-1].endswith("Yes, we are open today.")


async def test_an_answer_in_good_time_has_no_filler_before_it(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    line.faults("backboard", first_byte_s=0.6)
    heard = await line.reply(call, QUESTION)
    assert "moment" not in heard
    await call.hangs_up()
    await asyncio.wait_for(line.is_clear(), 30)
