"""Keys the caller presses reach the agent."""

from __future__ import annotations

from lab.phone import Phone
from tests.checks.words import assert_heard
from tests.e2e.conftest import HOURS, Line


async def test_a_pressed_key_is_answered_and_its_digit_kept_out_of_the_record(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone)
    pressed_s = call.utterances()[-1].end_s
    await call.presses("2")
    await call.hears_speech()
    await call.hears_quiet()
    assert_heard(line.heard(call, pressed_s), f"You pressed two. {HOURS}")
    await call.hangs_up()
    record = await line.record(call)
    assert record["keypresses"] == 1
    keyed = [turn["text"] for turn in record["turns"] if turn["who"] == "caller"]
    assert keyed == ["[The caller pressed keys]"]


async def test_keys_up_to_the_hash_are_one_entry(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    await call.presses("12#")
    await call.hears_speech()
    await call.hangs_up()
    record = await line.record(call)
    assert record["keypresses"] == 3
    assert [turn["who"] for turn in record["turns"]].count("caller") == 1
