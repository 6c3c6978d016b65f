"""One scripted call: dial, hear the greeting out, say each sentence in turn, measure every gap."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lab.clips import Clips
from lab.phone import (
    CallOver,
    DialledCall,
    NoSpeech,
    Phone,
    Recording,
    SipEvent,
    Span,
    StillUp,
)

QUIET_S = 0.8  # a longer silence ends the far end's turn
REPLY_TIMEOUT_S = 20.0
TURN_TIMEOUT_S = 90.0  # the longest turn of the far end


@dataclass(frozen=True)
class Turn:
    """What was said or pressed here, and what came back."""

    said: str | None  # None: the greeting
    said_at_s: float | None  # when that began; None: the greeting
    gap_s: float | None  # from our last sound (the answer, for the greeting) to their first
    heard: Span | None  # on the phone's clock, for `recording.heard`; None: nothing came


@dataclass(frozen=True, kw_only=True)
class DialReport:
    """How a call went. Times of events and spans are on the phone's clock, `time.monotonic`."""

    began_s: float  # when the INVITE left
    invite_to_answer_s: float
    turns: list[Turn]
    ended_by: Literal["us", "them"]
    events: list[SipEvent] = field(repr=False)
    recording: Recording = field(repr=False)
    saved: Path | None

    @property
    def answer_to_first_sound_s(self) -> float | None:
        """How long the caller waited for the greeting; None when none came."""
        return self.turns[0].gap_s

    @property
    def gaps_s(self) -> list[float | None]:
        """The gap before each reply, None where none came; the greeting is left out."""
        return [turn.gap_s for turn in self.turns if turn.said is not None]


Follow = Callable[[DialledCall, Turn], Awaitable[None]]


async def _nobody_follows(call: DialledCall, turn: Turn) -> None:
    """The call is for its report alone."""


async def dial(
    number: str,
    gateway: tuple[str, int],
    from_number: str,
    say: Sequence[str] = (),
    press: str = "",
    listen_s: float = 0.0,
    record: Path | None = None,
    *,
    answer_timeout_s: float = 30.0,
    codecs: Sequence[str] = ("PCMU", "PCMA"),
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    clips: Clips | None = None,
    on_turn: Follow = _nobody_follows,
) -> DialReport:
    """Calls `number`, says each of `say` when the far end is quiet, presses keys, hangs up.

    After the last reply it stays for `listen_s`, unless the far end hangs up before. `record` is
    the stereo WAV file to write: left is the caller. `on_turn` is awaited after every turn.

    Raises CallFailed on a refusal, NoFinalAnswer, and NoQuiet when the far end talks for longer
    than TURN_TIMEOUT_S.
    """
    async with Phone(from_number, codecs=codecs, auth=auth, clips=clips) as phone:
        call = await phone.dial(number, gateway=gateway, headers=headers)
        try:
            answered_s = await call.answered(answer_timeout_s)
            turns: list[Turn] = []
            with contextlib.suppress(CallOver):  # a far end that hangs up early ends the script
                async for turn in _talk(call, answered_s, say, press):
                    turns.append(turn)
                    await on_turn(call, turn)
            with contextlib.suppress(StillUp):
                await call.ended(listen_s)
            await call.hangs_up()
            ending = await call.ended()
        finally:
            if record is not None:
                call.recording.save(record)
    return DialReport(
        began_s=call.events[0].at_s,
        invite_to_answer_s=answered_s - call.events[0].at_s,
        turns=turns,
        ended_by=ending.by,
        events=list(call.events),
        recording=call.recording,
        saved=record,
    )


async def _talk(
    call: DialledCall, answered_s: float, say: Sequence[str], press: str
) -> AsyncIterator[Turn]:
    yield await _turn(call, None, None, answered_s)
    for sentence in say:
        said = await call.says(sentence)
        yield await _turn(call, sentence, said.start_s, said.end_s)
    if press:
        began_s = time.monotonic()
        await call.presses(press)
        yield await _turn(call, f"[pressed {press}]", began_s, time.monotonic())


async def _turn(
    call: DialledCall, said: str | None, said_at_s: float | None, since_s: float
) -> Turn:
    """Hears the far end out, up to the end of the call if that comes first."""
    try:
        start_s = await call.hears_speech(REPLY_TIMEOUT_S)
    except (NoSpeech, CallOver):
        return Turn(said, said_at_s, None, None)
    try:
        end_s = await call.hears_quiet(QUIET_S, TURN_TIMEOUT_S)
    except CallOver:
        end_s = call.utterances()[-1].end_s
    return Turn(said, said_at_s, start_s - since_s, Span(start_s, end_s))
