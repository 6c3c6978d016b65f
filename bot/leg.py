"""The phone's leg in the room: when it is answered, and when and why it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from livekit import rtc

from bot.call import ACTIVE, CALL_STATUS
from bot.outcome import Ending, phone_left

if TYPE_CHECKING:
    from livekit.agents import JobContext

JOINS_WITHIN_S = 10.0
"""The phone's participant joins before the agent is dispatched; later means that it is gone."""


class Leg:
    """Watches the phone's participant."""

    def __init__(
        self,
        room: rtc.Room,
        phone: rtc.RemoteParticipant,
        *,
        on_answer: Callable[[], None],
        on_left: Callable[[Ending], None],
    ) -> None:
        self._decided = asyncio.Event()
        self._answered = False
        self._room = room
        self._phone = phone
        self._on_answer = on_answer
        self._on_left = on_left
        room.on("participant_attributes_changed", self._attributes_changed)
        room.on("participant_disconnected", self._disconnected)
        room.on("disconnected", self._room_ended)
        self._attributes_changed({}, phone)
        if phone.identity not in room.remote_participants:  # it left before we listened
            self._disconnected(phone)

    async def answered(self) -> bool:
        """Waits until the call is up; False when the caller gave up instead."""
        await self._decided.wait()
        return self._answered

    @staticmethod
    async def phone_in(ctx: JobContext) -> rtc.RemoteParticipant | None:
        """The phone's participant, or None when the caller has hung up already."""
        try:
            async with asyncio.timeout(JOINS_WITHIN_S):
                return await ctx.wait_for_participant(kind=rtc.ParticipantKind.PARTICIPANT_KIND_SIP)
        except (TimeoutError, RuntimeError):  # RuntimeError: the room closed while waiting
            return None

    def close(self) -> None:
        """Stops watching."""
        self._room.off("participant_attributes_changed", self._attributes_changed)
        self._room.off("participant_disconnected", self._disconnected)
        self._room.off("disconnected", self._room_ended)

    def _attributes_changed(self, _: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity != self._phone.identity or self._answered:
            return
        if participant.attributes.get(CALL_STATUS) == ACTIVE:
            self._answered = True
            self._decided.set()
            self._on_answer()

    def _disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._phone.identity:
            return
        self._left(participant.disconnect_reason)

    def _room_ended(self, reason: rtc.DisconnectReason.ValueType) -> None:
        """A deleted room may end for us before we are told that the phone left it."""
        if reason == rtc.DisconnectReason.ROOM_DELETED:
            self._left(reason)

    def _left(self, reason: rtc.DisconnectReason.ValueType | None) -> None:
        self._decided.set()
        name = rtc.DisconnectReason.Name(reason) if reason is not None else None
        self._on_left(phone_left(name, answered=self._answered))
