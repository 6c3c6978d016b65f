"""The phone's leg in the room: when it is answered, and when and why it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from livekit import rtc

from bot.call import ACTIVE, CALL_STATUS
from bot.outcome import Ending, called_phone_left, phone_left

if TYPE_CHECKING:
    from livekit.agents import JobContext

JOINS_WITHIN_S = 10.0
"""The phone's participant joins before the agent is dispatched; later means that it is gone."""


class Leg:
    """Watches the phone's participant.

    Args:
        room: where it is, or will be.
        identity: the participant's.
        phone: the participant; None of a phone that we call: it has yet to join.
        on_joined: told of the participant once it is in the room.
        on_answer: told when the call is up.
        on_left: told when it is over, and why.
    """

    def __init__(
        self,
        room: rtc.Room,
        identity: str,
        *,
        phone: rtc.RemoteParticipant | None = None,
        on_joined: Callable[[rtc.RemoteParticipant], None] = lambda _: None,
        on_answer: Callable[[], None],
        on_left: Callable[[Ending], None],
    ) -> None:
        self._joined = asyncio.Event()
        self._decided = asyncio.Event()
        self._answered = False
        self._room = room
        self._identity = identity
        self._called_by_us = phone is None
        self._on_joined = on_joined
        self._on_answer = on_answer
        self._on_left = on_left
        room.on("participant_connected", self._connected)
        room.on("participant_attributes_changed", self._attributes_changed)
        room.on("participant_disconnected", self._disconnected)
        room.on("disconnected", self._room_ended)
        here = room.remote_participants.get(identity)
        if here is not None:
            self._connected(here)
        elif phone is not None:  # it left before we listened
            self._connected(phone)
            self._disconnected(phone)

    async def joined(self, within_s: float) -> bool:
        """Waits until the phone that is called has joined, or has failed to; False at the limit."""
        try:
            async with asyncio.timeout(within_s):
                await self._joined.wait()
        except TimeoutError:
            return False
        return True

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
        self._room.off("participant_connected", self._connected)
        self._room.off("participant_attributes_changed", self._attributes_changed)
        self._room.off("participant_disconnected", self._disconnected)
        self._room.off("disconnected", self._room_ended)

    def _connected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._identity:
            self._joined.set()
            self._on_joined(participant)
            self._attributes_changed({}, participant)

    def _attributes_changed(self, _: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity != self._identity or self._answered:
            return
        if participant.attributes.get(CALL_STATUS) == ACTIVE:
            self._answered = True
            self._decided.set()
            self._on_answer()

    def _disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._identity:
            self._left(participant.disconnect_reason)

    def _room_ended(self, reason: rtc.DisconnectReason.ValueType) -> None:
        """A deleted room may end for us before we are told that the phone left it."""
        if reason == rtc.DisconnectReason.ROOM_DELETED:
            self._left(reason)

    def _left(self, reason: rtc.DisconnectReason.ValueType | None) -> None:
        self._joined.set()
        self._decided.set()
        name = rtc.DisconnectReason.Name(reason) if reason is not None else None
        why = called_phone_left if self._called_by_us else phone_left
        self._on_left(why(name, answered=self._answered))
