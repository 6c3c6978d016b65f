from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from bot.leg import Leg
from bot.outcome import EndedBy, Ending, Outcome


class RoomWithPhone(rtc.Room):
    """A room that is not connected, with the phone's participant in it."""

    def __init__(self) -> None:
        super().__init__()
        self.phone: Any = SimpleNamespace(identity="phone", attributes={}, disconnect_reason=None)

    @property
    def remote_participants(self) -> Any:
        return {"phone": self.phone}


def _leg(room: RoomWithPhone) -> tuple[Leg, list[Ending]]:
    endings: list[Ending] = []
    phone = cast(rtc.RemoteParticipant, room.phone)
    leg = Leg(room, phone.identity, phone=phone, on_answer=lambda: None, on_left=endings.append)
    return leg, endings


async def test_the_call_is_up_when_its_status_is_active() -> None:
    room = RoomWithPhone()
    leg, _ = _leg(room)
    room.phone.attributes["sip.callStatus"] = "active"
    room.emit("participant_attributes_changed", {}, room.phone)
    assert await leg.answered()


async def test_a_phone_that_we_call_is_waited_for() -> None:
    room = RoomWithPhone()
    room.phone.identity = "somebody else"
    joined: list[str] = []
    endings: list[Ending] = []
    leg = Leg(
        room,
        "callee",
        on_joined=lambda who: joined.append(who.identity),
        on_answer=lambda: None,
        on_left=endings.append,
    )
    assert not await leg.joined(0.01)
    callee: Any = SimpleNamespace(identity="callee", attributes={}, disconnect_reason=None)
    room.emit("participant_connected", callee)
    assert await leg.joined(0.01)
    assert joined == ["callee"]
    callee.attributes["sip.callStatus"] = "active"
    room.emit("participant_attributes_changed", {}, callee)
    assert await leg.answered()
    callee.disconnect_reason = rtc.DisconnectReason.CLIENT_INITIATED
    room.emit("participant_disconnected", callee)
    assert [(e.outcome, e.ended_by) for e in endings] == [(Outcome.COMPLETED, EndedBy.CALLEE)]


async def test_a_caller_who_gives_up_is_not_waited_for() -> None:
    room = RoomWithPhone()
    leg, endings = _leg(room)
    room.phone.disconnect_reason = rtc.DisconnectReason.CLIENT_INITIATED
    room.emit("participant_disconnected", room.phone)
    assert not await leg.answered()
    assert [ending.outcome for ending in endings] == [Outcome.ABANDONED]


@pytest.mark.parametrize(
    ("reason", "endings"),
    [
        (rtc.DisconnectReason.ROOM_DELETED, [(Outcome.STOPPED, EndedBy.OPERATOR)]),
        (rtc.DisconnectReason.CLIENT_INITIATED, []),
    ],
)
async def test_a_deleted_room_ends_the_call_and_our_own_leaving_does_not(
    reason: rtc.DisconnectReason.ValueType, endings: list[tuple[Outcome, EndedBy]]
) -> None:
    room = RoomWithPhone()
    _, heard = _leg(room)
    room.emit("disconnected", reason)
    assert [(ending.outcome, ending.ended_by) for ending in heard] == endings
