"""The results of one stream, recognised and sent in order, as fast as the faults in force allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lab.deepgram import messages
from lab.deepgram.messages import Message
from lab.deepgram.options import ListenOptions
from lab.deepgram.speech import Segment, Span
from lab.deepgram.wording import wording_of
from lab.faults import Answer, Control
from lab.recognizer import SILENCE, Pcm, Transcript


class Recognizes(Protocol):
    """What a RecognizerProcess does."""

    async def recognize(self, pcm: Pcm, sample_rate: int) -> Transcript:
        """The words in int16 mono `pcm`."""


@dataclass(frozen=True)
class Hearing:
    """A result to be made: of `segment`'s audio, or empty when that is None."""

    segment: Segment | None
    pcm: Pcm | None
    until_s: float
    is_final: bool
    speech_final: bool = False
    from_finalize: bool = False


class Delivery:
    """Turns hearings into Results messages; `put` what is to be sent, and let `run` run.

    An utterance is one answer to the lab's faults, its Results the chunks; empty results between
    utterances are not delayed. `run` raises Dropped when the connection must close,
    RecognizerEnded and ConnectionError.
    """

    def __init__(
        self,
        send: Callable[[Message], Awaitable[None]],
        recognizer: Recognizes,
        options: ListenOptions,
        sample_rate: int,
        control: Control,
        entry: dict[str, Any],
    ) -> None:
        self._send = send
        self._recognizer = recognizer
        self._options = options
        self._sample_rate = sample_rate
        self._control = control
        self._entry = entry
        self._queue: asyncio.Queue[Hearing | Message | None] = asyncio.Queue()
        self._working = False
        self._answer: Answer | None = None
        self._heard: tuple[Segment, Transcript] | None = None
        self._final_until_s = 0.0

    @property
    def busy(self) -> bool:
        """Whether something waits or is being worked on: not the time for an interim result."""
        return self._working or not self._queue.empty()

    def put(self, item: Hearing | Message | None) -> None:
        """Queues a result or a ready message; None is the end."""
        self._queue.put_nowait(item)

    async def run(self) -> None:
        """Works until the end has come."""
        while (item := await self._queue.get()) is not None:
            self._working = True
            if isinstance(item, Hearing):
                await self._report(item)
            else:
                await self._send(item)
            self._working = False

    async def _report(self, hearing: Hearing) -> None:
        heard = await self._recognize(hearing)
        if not hearing.is_final and not (heard.text and self._options.interim_results):
            return
        if self._answer is None and hearing.segment is not None:
            self._answer = self._begin_answer()
        if self._answer is not None:
            await self._answer.pace()
        await self._send(self._message(hearing, heard))
        if hearing.is_final:
            self._final_until_s = hearing.until_s
        if hearing.speech_final or hearing.from_finalize:
            self._answer = None

    def _begin_answer(self) -> Answer | None:
        if self._control.faults.fault == "status":  # waits for the next request, not for us
            return None
        return self._control.answer()

    async def _recognize(self, hearing: Hearing) -> Transcript:
        segment, pcm = hearing.segment, hearing.pcm
        if segment is None or pcm is None:
            return SILENCE
        if self._heard is not None and self._heard[0].voiced == segment.voiced:
            return self._heard[1]  # only silence came since
        heard = await self._recognizer.recognize(pcm, self._sample_rate)
        self._heard = (segment, heard)
        return heard

    def _message(self, hearing: Hearing, heard: Transcript) -> Message:
        wording = wording_of(heard.text, self._options)
        self._entry["results"] += 1
        if hearing.is_final and wording.words:
            self._entry["transcripts"].append(wording.transcript)
        return messages.results(
            {
                "span": Span(self._final_until_s, hearing.until_s),
                "wording": wording,
                "voiced": hearing.segment.voiced if hearing.segment else (),
                "confidence": heard.confidence,
                "is_final": hearing.is_final,
                "speech_final": hearing.speech_final,
                "from_finalize": hearing.from_finalize,
            },
            self._options,
            self._entry["request_id"],
        )
