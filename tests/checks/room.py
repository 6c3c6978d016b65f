"""A plain participant in a room, who talks and listens as an agent would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from livekit import api, rtc

from lab.network import Lab

RATE = 8000
LOUD = 1000


async def publish(room: rtc.Room) -> rtc.AudioSource:
    """A track of silence, until something is captured."""
    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("voice", source)
    await room.local_participant.publish_track(track)
    return source


@contextlib.asynccontextmanager
async def joined(network: Lab, name: str) -> AsyncIterator[rtc.Room]:
    """A participant called `answerer`, in the room until the end."""
    token = (
        api.AccessToken(network.credentials.livekit_key, network.credentials.livekit_secret)
        .with_identity("answerer")
        .with_grants(api.VideoGrants(room_join=True, room=name))
        .to_jwt()
    )
    room = rtc.Room()
    await room.connect(network.environment["LIVEKIT_URL"], token)
    try:
        yield room
    finally:
        await room.disconnect()


@dataclass
class Witness:
    """What a participant sees of the phone that is called: how the call stands, how it left."""

    room: rtc.Room
    statuses: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    left: list[rtc.DisconnectReason.ValueType | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.room.on("participant_connected", self._note)
        self.room.on("participant_attributes_changed", lambda _, who: self._note(who))
        self.room.on(
            "participant_disconnected", lambda who: self.left.append(who.disconnect_reason)
        )

    def _note(self, participant: rtc.Participant) -> None:
        self.attributes |= participant.attributes
        status = participant.attributes.get("sip.callStatus")
        if status and self.statuses[-1:] != [status]:
            self.statuses.append(status)

    @property
    def phone(self) -> rtc.RemoteParticipant:
        """The participant that is the phone's."""
        (phone,) = self.room.remote_participants.values()
        return phone


async def hum(source: rtc.AudioSource, hertz: float = 600.0) -> None:
    """Plays a tone, until cancelled."""
    samples = (8000 * np.sin(2 * np.pi * hertz * np.arange(RATE // 10) / RATE)).astype(np.int16)
    while True:
        await source.capture_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, len(samples)))


async def hears(room: rtc.Room, timeout: float = 10.0) -> None:
    """Returns once the phone's track carries sound."""
    async with asyncio.timeout(timeout):
        while True:
            tracks = [
                publication.track
                for participant in room.remote_participants.values()
                for publication in participant.track_publications.values()
                if publication.track is not None
            ]
            if tracks:
                break
            await asyncio.sleep(0.05)
        stream = rtc.AudioStream(tracks[0], sample_rate=RATE, num_channels=1)
        try:
            async for event in stream:
                if np.abs(np.frombuffer(event.frame.data, np.int16)).max() > LOUD:
                    return
        finally:
            await stream.aclose()
