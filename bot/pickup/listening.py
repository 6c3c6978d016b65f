"""Feeds a judge with what is heard on the line: the session's words and silences, and tones."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from livekit import rtc
from livekit.agents.utils.aio import cancel_and_wait

from bot.pickup.judge import Judge
from bot.pickup.judgement import Evidence, Judgement, Pickup
from bot.pickup.tones import SAMPLE_RATE, Sound, Tone, Tones

if TYPE_CHECKING:
    from livekit.agents import AgentSession, UserInputTranscribedEvent, UserStateChangedEvent

FRAME_MS = 20


class Listening:
    """Listens from the answer on, until the end of the block.

    Args:
        session: tells words and silences.
        room: where the phone's participant is.
        identity: the participant's; tones are sought in its own track, before any noise filter.
    """

    def __init__(self, session: AgentSession[None], room: rtc.Room, identity: str) -> None:
        self._session = session
        self._room = room
        self._identity = identity
        self._now = asyncio.get_running_loop().time
        self._answered = self._now()
        self._judge = Judge()
        self._finals: list[str] = []
        self._beep_at_s: float | None = None
        self._silent_since_s: float | None = 0.0
        self._awaits_voice = False
        self._changed = asyncio.Event()
        self._tap: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._session.on("user_state_changed", self._on_user)
        self._session.on("user_input_transcribed", self._on_words)
        self._room.on("track_subscribed", self._on_track)
        phone = self._room.remote_participants.get(self._identity)
        for publication in phone.track_publications.values() if phone else ():
            if publication.track is not None and phone is not None:
                self._on_track(publication.track, publication, phone)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.off("user_state_changed", self._on_user)
        self._session.off("user_input_transcribed", self._on_words)
        self._room.off("track_subscribed", self._on_track)
        if self._tap is not None:
            await cancel_and_wait(self._tap)

    @property
    def since_answer_s(self) -> float:
        """Seconds since the answer: the clock of judgements."""
        return self._now() - self._answered

    async def judgement(self, *, other_than: Pickup | None = None) -> Judgement:
        """Waits until it is judged who is on the line, or that it is somebody else than thought.

        Machines that only ask to wait are waited for.
        """
        while True:
            changed = self._changed
            judged = self._judge.judgement(self.since_answer_s)
            if judged is not None and not _is_old(judged, other_than):
                return judged
            await self._change(changed, self._judge.wakes_s)

    def restart(self) -> None:
        """What is heard from now on is judged anew: the bot has spoken to a machine.

        The machine's last words may be transcribed only now: none count before the next voice.
        """
        self._finals.clear()
        self._judge.restart(self.since_answer_s)
        self._awaits_voice = self._silent_since_s is not None
        if not self._awaits_voice:
            self._judge.speech_began(self.since_answer_s)
        self._wake()

    async def beep(self) -> Judgement:
        """Waits for the end of the next beep, which is a mailbox's."""
        since_s = self.since_answer_s
        while self._beep_at_s is None or self._beep_at_s < since_s:
            await self._changed.wait()
        return Judgement(Pickup.VOICEMAIL, Evidence.BEEP, self._beep_at_s)

    async def quiet(self, for_s: float) -> None:
        """Waits until nothing has been said for so long."""
        while True:
            changed = self._changed
            since_s = self._silent_since_s
            until_s = None if since_s is None else since_s + for_s
            if until_s is not None and until_s <= self.since_answer_s:
                return
            await self._change(changed, until_s)

    async def _change(self, changed: asyncio.Event, until_s: float | None) -> None:
        deadline = None if until_s is None else self._answered + until_s
        try:
            async with asyncio.timeout_at(deadline):
                await changed.wait()
        except TimeoutError:
            pass

    def _on_user(self, event: UserStateChangedEvent) -> None:
        known_s = self.since_answer_s
        # told late: the voice activity detector wants some speech, and some silence, to be sure
        at_s = known_s - (time.time() - event.created_at)
        if event.new_state == "speaking":
            self._silent_since_s = None
            self._awaits_voice = False
            self._judge.speech_began(at_s)
        elif event.old_state == "speaking":
            self._silent_since_s = at_s
            self._judge.speech_ended(at_s, known_s)
        self._wake()

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if self._awaits_voice:
            return
        self._judge.heard(" ".join([*self._finals, event.transcript]), self.since_answer_s)
        if event.is_final:
            self._finals.append(event.transcript)
        self._wake()

    def _on_tone(self, tone: Tone) -> None:
        if tone.sound in (Sound.BEEP, Sound.CNG):  # a beep of 1100 Hz is told as CNG
            self._beep_at_s = self.since_answer_s
        self._judge.tone(tone.sound, self.since_answer_s)
        self._wake()

    def _on_track(
        self,
        track: rtc.Track,
        _: rtc.TrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        if participant.identity == self._identity and self._tap is None:
            self._tap = asyncio.create_task(self._listen(track))

    async def _listen(self, track: rtc.Track) -> None:
        tones = Tones()
        stream = rtc.AudioStream.from_track(
            track=track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=FRAME_MS
        )
        try:
            async for event in stream:
                for tone in tones.feed(np.frombuffer(event.frame.data, np.int16)):
                    self._on_tone(tone)
        finally:
            await stream.aclose()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _is_old(judged: Judgement, known: Pickup | None) -> bool:
    return judged.evidence is Evidence.HOLD or judged.who is known
