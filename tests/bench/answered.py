"""One answer, played in real time into a session that two judge: ours, and LiveKit's AMD."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import soxr
from livekit import rtc
from livekit.agents import Agent, AgentSession, UserInputTranscribedEvent, UserStateChangedEvent
from livekit.agents.voice import io
from livekit.agents.voice.amd import AMD, AMDPredictionEvent

from bot.models import SAMPLE_RATE
from bot.pickup import Judge, Judgement, Tones
from bot.pickup.judge import DEADLINE_S
from bot.session import FRAME_MS
from tests.bench.answers import Answer
from tests.bench.oracle import Oracle
from tests.bench.sound import heard, lasts_s
from tests.checks.line import SAMPLE_RATE as LINE_RATE
from tests.checks.line import Wave

FRAME_S = FRAME_MS / 1000
AFTERWARDS_S = 1.5
"""How long our judge may still change its mind when the answer is over."""
AMD_LIMIT_S = 21.0
"""Its own limit is 20 s, but not while it takes noise for speech."""


@dataclass
class Verdicts:
    """What both made of one answer."""

    answer: Answer
    over_s: float | None
    """When the first words were over, from the answer; None if nothing was said."""
    ours: list[Judgement] = field(default_factory=list)
    """Each change of mind, the last one counts."""
    amd: AMDPredictionEvent | None = None
    amd_s: float = 0.0
    transcript: str = ""


async def judged(answer: Answer, ears: Any, activity: Any) -> Verdicts:
    """Plays `answer` to a session that hears with `ears` and tells voices by `activity`."""
    wave, over_s = heard(answer)
    verdicts = Verdicts(answer, over_s)
    line = _Line(wave)
    session = AgentSession[None](
        stt=ears,
        vad=activity,
        turn_handling={"turn_detection": "vad", "interruption": {"mode": "vad"}},
        aec_warmup_duration=None,
    )
    session.input.audio = line
    judging = _Judging(session, verdicts, line)
    await session.start(Agent(instructions=""), record=False)
    try:
        oracle = Oracle(answer.who)
        async with AMD(
            session,
            llm=oracle,
            stt=None,
            ivr_detection=False,  # it would go on to press keys
            suppress_compatibility_warning=True,
        ) as amd:
            line.begins.set()
            judging.began_s = time.time()
            over = asyncio.sleep(max(lasts_s(answer), DEADLINE_S) + AFTERWARDS_S)
            (verdicts.amd, verdicts.amd_s), _ = await asyncio.gather(
                _amd_says(amd, judging.began_s), over
            )
        return verdicts
    finally:
        await session.aclose()


async def _amd_says(amd: AMD, began_s: float) -> tuple[AMDPredictionEvent | None, float]:
    try:
        async with asyncio.timeout(AMD_LIMIT_S):
            result = await amd.execute()
    except TimeoutError:
        return None, AMD_LIMIT_S
    return result, time.time() - began_s


class _Line(io.AudioInput):
    """Yields the sound of the line, a frame each FRAME_S once it begins; `tones` hears it too."""

    def __init__(self, wave: Wave) -> None:
        super().__init__(label="line")
        self.begins = asyncio.Event()
        self.line = (np.clip(wave, -1, 1) * 32767).astype(np.int16)
        self._pcm = soxr.resample(self.line, LINE_RATE, SAMPLE_RATE)
        self._sent = 0
        self._began_s: float | None = None
        self.on_frame: Any = None

    async def __anext__(self) -> rtc.AudioFrame:
        if self._began_s is None:
            await self.begins.wait()
            self._began_s = time.monotonic()
        size = round(SAMPLE_RATE * FRAME_S)
        begin = self._sent * size
        if begin + size > len(self._pcm):
            raise StopAsyncIteration
        self._sent += 1
        await asyncio.sleep(self._began_s + self._sent * FRAME_S - time.monotonic())
        step = round(LINE_RATE * FRAME_S)
        self.on_frame(self.line[(self._sent - 1) * step : self._sent * step])
        return rtc.AudioFrame(self._pcm[begin : begin + size].tobytes(), SAMPLE_RATE, 1, size)


class _Judging:
    """Feeds a judge with what a session tells and what is on the line."""

    def __init__(self, session: AgentSession[None], verdicts: Verdicts, line: _Line) -> None:
        self.began_s = time.time()
        self._verdicts = verdicts
        self._judge, self._tones = Judge(), Tones()
        self._finals: list[str] = []
        line.on_frame = self._on_frame
        session.on("user_state_changed", self._on_state)
        session.on("user_input_transcribed", self._on_transcript)

    @property
    def _now_s(self) -> float:
        return time.time() - self.began_s

    def _on_frame(self, pcm: Any) -> None:
        for told in self._tones.feed(pcm):
            self._judge.tone(told.sound, self._now_s)
        self._look()

    def _on_state(self, event: UserStateChangedEvent) -> None:
        at_s = event.created_at - self.began_s
        if event.new_state == "speaking":
            self._judge.speech_began(at_s)
        elif event.old_state == "speaking":
            self._judge.speech_ended(at_s, self._now_s)
        self._look()

    def _on_transcript(self, event: UserInputTranscribedEvent) -> None:
        self._verdicts.transcript = " ".join([*self._finals, event.transcript])
        if event.is_final:
            self._finals.append(event.transcript)
        self._judge.heard(self._verdicts.transcript, self._now_s)
        self._look()

    def _look(self) -> None:
        judgement = self._judge.judgement(self._now_s)
        if judgement and judgement not in self._verdicts.ours[-1:]:
            self._verdicts.ours.append(judgement)
