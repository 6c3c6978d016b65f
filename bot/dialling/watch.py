"""Looks on at a call from inside its room, unseen: the stages of the phone, and what is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from livekit import api, rtc
from livekit.agents.types import ATTRIBUTE_TRANSCRIPTION_FINAL, TOPIC_TRANSCRIPTION
from livekit.agents.utils.aio import cancel_and_wait

from bot.call import ACTIVE, CALL_STATUS, PICKUP, READY
from bot.dialling.progress import PickedUp, Progress, Said, Stage
from bot.pickup import Pickup

DELETED_WITHIN_S = 15.0
"""From the first one's leaving: a transfer takes its time."""


class Watch:
    """One call's room, as a participant that nobody sees and that sends nothing.

    Args:
        room: the room's name.
        identity: of the phone's participant.
        tell: told of all that happens.
    """

    def __init__(self, room: str, identity: str, tell: Callable[[Progress], None]) -> None:
        self._name = room
        self._identity = identity
        self._tell = tell
        self._room = rtc.Room()
        self._told: set[Progress] = set()
        self._parted = asyncio.Event()
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._readers: set[asyncio.Task[None]] = set()

    async def joins(self, url: str, key: str, secret: str) -> Self:
        """Enters the room.

        Raises:
            rtc.ConnectError: it cannot.
        """
        grants = api.VideoGrants(
            room_join=True, room=self._name, hidden=True, can_publish=False, can_subscribe=True
        )
        token = api.AccessToken(key, secret).with_identity("watch").with_grants(grants)
        self._room.on("participant_connected", self._look_at)
        self._room.on("participant_attributes_changed", lambda _, who: self._look_at(who))
        self._room.on("participant_disconnected", lambda _: self._parted.set())
        self._room.on("disconnected", lambda _: self._over.set())
        self._room.register_text_stream_handler(TOPIC_TRANSCRIPTION, self._on_words)
        await self._room.connect(url, token.to_jwt(), rtc.RoomOptions(auto_subscribe=False))
        for participant in self._room.remote_participants.values():
            self._look_at(participant)
        return self

    async def ready(self, within_s: float) -> bool:
        """Waits until the bot can talk; False when that takes too long, or the room is gone."""
        either = [asyncio.ensure_future(event.wait()) for event in (self._ready, self._over)]
        try:
            await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_and_wait(*either)
        return self._ready.is_set() and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether the room is gone, or the watch is cut off from it."""
        return self._over.is_set()

    async def parted(self) -> bool:
        """Waits until it is over; True when the phone or the bot has left, and the room stays.

        A bot that is well deletes the room at the end of a call.
        """
        either = [asyncio.ensure_future(event.wait()) for event in (self._parted, self._over)]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(either[1:], timeout=DELETED_WITHIN_S)
        finally:
            await cancel_and_wait(*either)
        return not self.is_over

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await cancel_and_wait(*self._readers)
        await self._room.disconnect()

    def _look_at(self, participant: rtc.Participant) -> None:
        attributes = participant.attributes
        if participant.identity == self._identity:
            match attributes.get(CALL_STATUS):
                case "ringing":
                    self._tell_once(Stage("ringing"))
                case status if status == ACTIVE:
                    self._tell_once(Stage("answered"))
        if READY in attributes:
            self._ready.set()
            if who := attributes.get(PICKUP):
                self._tell_once(PickedUp(Pickup(who)))

    def _tell_once(self, progress: Progress) -> None:
        if progress not in self._told:
            self._told.add(progress)
            self._tell(progress)

    def _on_words(self, reader: rtc.TextStreamReader, identity: str) -> None:
        reading = asyncio.create_task(self._read(reader, identity))
        self._readers.add(reading)
        reading.add_done_callback(self._readers.discard)

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        """Of the callee's words LiveKit sends every guess, as a stream of its own."""
        text = " ".join((await reader.read_all()).split())
        final = (reader.info.attributes or {}).get(ATTRIBUTE_TRANSCRIPTION_FINAL) == "true"
        if identity != self._identity:
            self._tell(Said("bot", text))
        elif final and text:
            self._tell(Said("callee", text))
