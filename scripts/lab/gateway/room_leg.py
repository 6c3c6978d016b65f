"""The room's side of the call: the SIP participant, its track, and what the others say."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import numpy as np
from aiortp import DtmfEvent
from livekit import rtc

from lab.gateway.attributes import CALL_STATUS, CallStatus
from lab.gateway.mixer import Mixer, Samples
from lab.gateway.sdp import FRAME_MS

log = logging.getLogger("lab.gateway.room")

SAMPLE_RATE_HZ = 8000
SOURCE_QUEUE_MS = 100
"""Room for jitter in the track's own queue; a longer one would add its length to the delay."""
BACKLOG_FRAMES = 5
STATUS_TIMEOUT_S = 1.0
NOTICE_S = 0.5


async def warm_up() -> None:
    """Loads the native library, which would otherwise delay the first call."""
    await rtc.AudioSource(SAMPLE_RATE_HZ, 1).aclose()


class RoomLeg:
    """One SIP participant in a room.

    `answerable` is set once somebody's audio can be heard or another phone is there; `closed` once
    the room is gone or the participant was removed.
    """

    def __init__(self) -> None:
        self.mixer = Mixer()
        self.answerable = asyncio.Event()
        self.closed = asyncio.Event()
        self._room = rtc.Room()
        self._source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=SOURCE_QUEUE_MS)
        self._audio: asyncio.Queue[Samples] = asyncio.Queue(BACKLOG_FRAMES)
        self._key_presses: asyncio.Queue[DtmfEvent] = asyncio.Queue()
        self._publication: rtc.LocalTrackPublication | None = None
        self._joining: asyncio.Task[None] | None = None
        self._players: dict[str, asyncio.Task[None]] = {}

    @property
    def participant_id(self) -> str:
        """The participant's id in the room; raises before `join`."""
        return self._room.local_participant.sid

    @property
    def attributes(self) -> dict[str, str]:
        """The participant's attributes, as they are or as they were last; raises before `join`."""
        return dict(self._room.local_participant.attributes)

    async def join(self, url: str, token: str, on_digits: Callable[[str], None]) -> None:
        """Enters the room and publishes the phone's track; digits from others go to `on_digits`.

        Raises:
            rtc.ConnectError: the room cannot be entered.
            rtc.PublishTrackError: the track cannot be published.
        """
        # A join that is broken off half-way would leave a participant behind that nobody ends.
        self._joining = asyncio.create_task(self._join(url, token, on_digits))
        await asyncio.shield(self._joining)

    async def noticed(self) -> None:
        """Waits until somebody subscribes to the phone's track, at most NOTICE_S.

        livekit-server announces a participant some 100 ms after it has joined, with the attributes
        that it has then: whoever rings sooner is never seen to dial.
        """
        if self._publication is not None and self._room.remote_participants:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._publication.wait_for_subscription(), NOTICE_S)

    async def run(self) -> None:
        """Carries the phone's audio and digits into the room, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry_audio())
            group.create_task(self._carry_digits())

    def hear(self, samples: Samples) -> None:
        """Takes audio from the phone; the oldest goes when the room cannot keep up."""
        if self._audio.full():
            self._audio.get_nowait()
        self._audio.put_nowait(samples)

    def press(self, event: DtmfEvent) -> None:
        """Takes a digit from the phone."""
        self._key_presses.put_nowait(event)

    async def set_status(self, status: CallStatus) -> None:
        """Tells the room how the call stands; silently nothing when the room is gone."""
        await self.set_attributes({CALL_STATUS: status})

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        """Adds to the participant's attributes; silently nothing when the room is gone."""
        if self._room.isconnected():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STATUS_TIMEOUT_S):
                    await self._room.local_participant.set_attributes(attributes)

    async def leave(self, reason: rtc.DisconnectReason.ValueType) -> None:
        """Leaves the room, telling why, and ends everything begun in it."""
        if self._joining is not None:
            await asyncio.wait({self._joining})
            if not self._joining.cancelled() and self._joining.exception():
                log.debug("left a room that was never joined")
        players = list(self._players.values())
        for player in players:
            player.cancel()
        if players:  # before the room is gone: their streams belong to it
            await asyncio.wait(players)
        await self._room.disconnect(reason=reason)
        await self._source.aclose()

    async def _join(self, url: str, token: str, on_digits: Callable[[str], None]) -> None:
        room = self._room
        room.on("disconnected", lambda _reason: self.closed.set())
        room.on("participant_connected", self._on_participant)
        room.on("track_subscribed", self._on_track)
        room.on("track_unsubscribed", self._on_track_gone)
        room.on("sip_dtmf_received", lambda dtmf: on_digits(dtmf.digit))
        await room.connect(url, token)
        for participant in room.remote_participants.values():
            self._on_participant(participant)
        track = rtc.LocalAudioTrack.create_audio_track("phone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        self._publication = await room.local_participant.publish_track(track, options)

    def _on_participant(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP:
            self.answerable.set()

    def _on_track(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, _: rtc.RemoteParticipant
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            player = self._players[publication.sid] = asyncio.create_task(self._play(track))
            player.add_done_callback(lambda _: self._players.pop(publication.sid, None))
            self.answerable.set()

    def _on_track_gone(
        self, _: rtc.Track, publication: rtc.RemoteTrackPublication, __: rtc.RemoteParticipant
    ) -> None:
        player = self._players.get(publication.sid)
        if player is not None:
            player.cancel()

    async def _play(self, track: rtc.Track) -> None:
        lane = self.mixer.open()
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=FRAME_MS
        )
        try:
            async for event in stream:
                lane.push(np.frombuffer(event.frame.data, np.int16))
        finally:
            self.mixer.close(lane)
            await stream.aclose()

    async def _carry_audio(self) -> None:
        while True:
            samples = await self._audio.get()
            frame = rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE_HZ, 1, len(samples))
            await self._source.capture_frame(frame)

    async def _carry_digits(self) -> None:
        while True:
            event = await self._key_presses.get()
            digit = event.digit.lower()
            await self._room.local_participant.publish_dtmf(code=event.event, digit=digit)
