"""Every way in which a call ends leaves nothing behind, and one record."""

from __future__ import annotations

import asyncio

import httpx
from livekit import api

from lab.phone import Phone
from tests.checks.wait import eventually
from tests.e2e.conftest import MEDIA_TIMEOUT_S, Line


async def test_a_caller_who_gives_up_while_it_rings_leaves_nothing(
    line: Line, phone: Phone
) -> None:
    call = await line.dial(phone)
    await call.ringing()
    call.cancel()
    ending = await call.ended()
    assert (ending.by, ending.how) == ("us", "cancel")
    await eventually(
        lambda: "487" in [event.what for event in call.events], "the 487 comes", within_s=5
    )
    await line.is_clear()


async def test_a_caller_who_hangs_up_while_the_bot_speaks_leaves_nothing(
    line: Line, phone: Phone
) -> None:
    call = await line.dial(phone)
    await call.answered()
    await call.hears_speech()
    await call.hangs_up()
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("completed", "caller")
    await line.is_clear()


async def test_a_caller_who_hangs_up_while_the_bot_thinks_leaves_nothing(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone)
    line.faults("backboard", first_byte_s=30)
    await call.says("What are your opening hours?")
    asked = line.stand.lab.control_url("backboard")
    await eventually(lambda: _waiting(asked), "the bot asks Backboard", within_s=10)
    await call.hangs_up()
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("completed", "caller")
    await line.is_clear()


def _waiting(control: str) -> bool:
    return any(entry.get("ended_at") is None for entry in httpx.get(f"{control}/requests").json())


async def test_the_bot_says_goodbye_to_its_last_word_and_hangs_up(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    said = await call.says("No, that's all, thank you. Goodbye.")
    ending = await call.ended(timeout=15)
    assert (ending.by, ending.how) == ("them", "bye")
    goodbye = line.heard(call, said.end_s)
    assert goodbye.rstrip(".! ").replace("-", "").endswith("goodbye")
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("completed", "bot")
    await line.is_clear()


async def test_a_deleted_room_hangs_up_the_phone(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone)
    env = line.stand.lab.environment
    async with api.LiveKitAPI(
        env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"]
    ) as livekit:
        rooms = await livekit.room.list_rooms(api.ListRoomsRequest())
        for room in rooms.rooms:
            await livekit.room.delete_room(api.DeleteRoomRequest(room=room.name))
    ending = await call.ended(timeout=5)
    assert (ending.by, ending.how) == ("them", "bye")
    record = await line.record(call)
    assert (record["outcome"], record["ended_by"]) == ("stopped", "operator")
    await line.is_clear()


async def test_a_phone_that_vanishes_is_hung_up_after_the_media_timeout(
    line: Line, phone: Phone
) -> None:
    call = await line.greeted(phone)
    call.stops_sending()
    ending = await call.ended(timeout=MEDIA_TIMEOUT_S + 10)
    assert (ending.by, ending.how) == ("them", "bye")
    await line.record(call)
    await line.is_clear()


async def test_a_trunk_limits_the_length_of_a_call(line: Line, phone: Phone) -> None:
    call = await line.dial(phone, "+12025550104")
    answered_s = await call.answered()
    ending = await call.ended(timeout=12)
    assert ending.by == "them"
    assert 3 < ending.at_s - answered_s < 9
    await line.record(call)
    await line.is_clear()


async def test_two_calls_of_one_caller_at_once_both_live(line: Line, phone: Phone) -> None:
    first, second = await asyncio.gather(line.greeted(phone), line.greeted(phone))
    assert first.ending is None
    assert second.ending is None
    await asyncio.gather(first.hangs_up(), second.hangs_up())
    await line.is_clear()
