"""One sentence is one turn, however it is spoken."""

from __future__ import annotations

import asyncio

import numpy as np

from lab.clips import SAMPLE_RATE, Clips
from lab.phone import Phone
from lab.phone.sound import Samples
from tests.checks.words import assert_heard
from tests.e2e.conftest import Line

GROUP_PAUSE_S = 0.6


async def _callers_turns(line: Line, phone: Phone, samples: Samples) -> list[str]:
    call = await line.greeted(phone)
    await call.says(samples)
    await call.hears_speech()  # of a split turn the last part has been taken by now, too
    await call.hangs_up()
    turns = (await line.record(call))["turns"]
    return [turn["text"] for turn in turns if turn["who"] == "caller"]


async def test_a_sentence_is_not_split_at_its_comma(line: Line, phone: Phone, clips: Clips) -> None:
    sentence = "I would like to book an appointment for Tuesday at three thirty, please."
    turns = await _callers_turns(line, phone, clips.clip(sentence))
    assert len(turns) == 1, turns
    assert_heard(turns[0], sentence)


async def test_a_phone_number_is_not_split_at_its_groups(
    line: Line, phone: Phone, clips: Clips
) -> None:
    pause = np.zeros(int(GROUP_PAUSE_S * SAMPLE_RATE), np.int16)
    groups = ["My number is two oh two,", "five five five,", "zero one two three."]
    spoken = [part for group in groups for part in (clips.clip(group), pause)]
    turns = await _callers_turns(line, phone, np.concatenate(spoken[:-1]))
    assert len(turns) == 1, turns


async def test_a_pause_before_the_missing_word_is_waited_out(
    line: Line, phone: Phone, clips: Clips
) -> None:
    pause = np.zeros(int(GROUP_PAUSE_S * SAMPLE_RATE), np.int16)
    spoken = [clips.clip("I would like to book an appointment for"), pause, clips.clip("Thursday.")]
    turns = await _callers_turns(line, phone, np.concatenate(spoken))
    assert len(turns) == 1, turns


async def test_who_cuts_in_is_told_what_was_really_heard(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    await call.says("What are your opening hours?")
    began_s = await call.hears_speech()
    await asyncio.sleep(1.2)  # into the sentence, which takes over four seconds
    cut_in = await call.says("What did you just say?")
    cut_off = line.heard(call, began_s)
    await call.hears_speech()
    await call.hears_quiet(1.0)
    repeated = line.heard(call, cut_in.end_s)
    await call.hangs_up()
    assert_heard(repeated, f"I said: {cut_off}")
    assert "five" not in repeated
    turns = (await line.record(call))["turns"]
    (told,) = [turn["text"] for turn in turns if turn["interrupted"]]
    assert_heard(cut_off, told)
