"""One context being spoken: its transcripts come in, its messages go out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import Enum, auto

from lab.cartesia import messages, words
from lab.cartesia.context import Context
from lab.cartesia.messages import Generation
from lab.cartesia.spoken import Spoken
from lab.cartesia.synthesis import Synthesis
from lab.cartesia.track import Track
from lab.faults import Answer, Refused

Send = Callable[[str], Awaitable[None]]


class _Mark(Enum):
    FLUSH = auto()
    END = auto()


class Speech:
    """Speaks one context, faster than real time, at the pace of its Answer.

    The format, timestamps and buffering of the context's `first` request hold for all later ones:
    their other fields stay the same (docs.cartesia.ai, "Contexts").
    """

    def __init__(
        self, first: Generation, send: Send, synthesis: Synthesis, answer: Answer, spoken: Spoken
    ) -> None:
        self._first = first
        self._send = send
        self._synthesis = synthesis
        self._answer = answer
        self._spoken = spoken
        self._context = Context(managed=first.max_buffer_delay_ms > 0)
        self._track = Track(first.output_format.sample_rate)
        self._queue: asyncio.Queue[str | _Mark] = asyncio.Queue()
        self._overdue: asyncio.TimerHandle | None = None
        self._flush_id = 1
        self.ended = False
        """Whether the context takes no more transcripts."""

    def feed(self, request: Generation) -> None:
        """Takes the next transcript."""
        self._spoken.heard(request.transcript)
        self._speak_soon(self._context.push(request.transcript))
        if request.flush or not request.more:
            self._drain()
        if request.flush:
            self._queue.put_nowait(_Mark.FLUSH)
        if not request.more:
            self.ended = True
            self._queue.put_nowait(_Mark.END)
        self._watch()

    def cancel(self) -> None:
        """Notes that the client wants no more; the owner of `run` ends it."""
        self.ended = True
        self._unwatch()
        self._spoken.cancelled()

    async def run(self) -> None:
        """Sends all there is to hear, up to the context's last message.

        Raises Dropped for the fault `close`, and ConnectionResetError when the client has hung up.
        """
        try:
            self._answer.admit()
            await self._speak_all()
        except Refused as refused:
            self.ended = True
            await self._send(messages.error(self._first.context_id, refused.status, str(refused)))
        finally:
            self._unwatch()

    async def _speak_all(self) -> None:
        while (item := await self._queue.get()) is not _Mark.END:
            if isinstance(item, str):
                await self._speak(item)
            else:
                await self._send(messages.flush_done(self._first.context_id, self._flush_id))
                self._flush_id += 1
        await self._send(messages.done(self._first.context_id))
        self._spoken.done()

    async def _speak(self, piece: str) -> None:
        context_id = self._first.context_id
        step_at = time.perf_counter()
        samples = await self._synthesis.say(piece, self._first.output_format.sample_rate)
        if not len(samples):
            return
        part = self._track.add(samples)
        for index, audio in enumerate(part.chunks()):
            await self._answer.pace()
            if index == 0 and self._first.add_timestamps:
                timed = words.timed(piece, part.start_s, part.end_s)
                await self._send(messages.timestamps(context_id, timed))
            step_ms, step_at = round((time.perf_counter() - step_at) * 1000), time.perf_counter()
            await self._send(messages.chunk(context_id, audio, self._flush_id, step_ms))
            self._spoken.sent()

    def _speak_soon(self, pieces: list[str]) -> None:
        if pieces:
            self._unwatch()  # what is left has only now begun to wait
        for piece in pieces:
            self._queue.put_nowait(piece)

    def _drain(self) -> None:
        self._unwatch()
        self._speak_soon(self._context.drain())

    def _watch(self) -> None:
        """Text whose sentence does not end is spoken after `max_buffer_delay_ms` all the same."""
        if self._context.waiting and self._overdue is None:
            delay_s = self._first.max_buffer_delay_ms / 1000
            self._overdue = asyncio.get_running_loop().call_later(delay_s, self._drain)

    def _unwatch(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
