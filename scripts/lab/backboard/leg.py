"""One request's share of a run: the model's answer, word by word, as long as the run lasts.

The answer is made by a task of its own, so it goes on when the client leaves (the pessimistic
reading of what Backboard does), and ends when the run is cancelled.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from enum import Enum, auto

from lab.backboard import sse
from lab.backboard.sse import Event
from lab.backboard.threads import Message, Run, Thread, ToolCall
from lab.faults import Answer, Dropped

_WORD = re.compile(r"\s*\S+")

# aiohttp tells a handler of a lost connection only when it writes; a stalled answer writes nothing.
_CONNECTION_PROBE_S = 0.02


class _End(Enum):
    CLOSED = auto()
    DROPPED = auto()


class Leg:
    """Speaks `text`, then asks for the outputs of `calls` or ends the run."""

    def __init__(self, thread: Thread, run: Run, text: str, calls: Sequence[ToolCall]) -> None:
        self.thread = thread
        self.run = run
        self.calls = list(calls)
        self.message = Message("assistant", "", metadata={"run_id": run.run_id})
        self.usage: dict[str, int] = {}
        self._text = text
        self._queue: asyncio.Queue[Event | _End] = asyncio.Queue()
        self._dropped = False
        self._task: asyncio.Task[None] | None = None

    def start(self, opening: Sequence[Event], answer: Answer, ended: Callable[[], object]) -> None:
        """Sends the opening events at once, the rest as `answer` paces it; then calls `ended`."""
        self.usage = self._count()
        for event in [*opening, sse.message_start(self.run, self.message)]:
            self._queue.put_nowait(event)
        self._task = asyncio.create_task(self._perform(answer))
        self._task.add_done_callback(lambda _: ended())

    async def events(self, connected: Callable[[], bool]) -> AsyncIterator[Event]:
        """The events to send.

        Raises:
            Dropped: the connection must be closed now.
            ConnectionResetError: the client has left, says `connected`.
        """
        while True:
            try:
                async with asyncio.timeout(_CONNECTION_PROBE_S):
                    item = await self._queue.get()
            except TimeoutError:
                if not connected():
                    raise ConnectionResetError from None
                continue
            if item is _End.DROPPED:
                raise Dropped
            if isinstance(item, _End):
                return
            yield item

    async def cancel(self) -> None:
        """Ends the run as cancelled, unless it has just ended; what was said stays stored."""
        if self._task is None or self._task.done():
            return
        self.run.status = self.message.status = "CANCELLED"
        await self._stop()
        if self.message.content:
            self.thread.messages.append(self.message)
        self._queue.put_nowait(sse.run_cancelled(self.run))
        self._queue.put_nowait(_End.CLOSED)

    async def abandon(self) -> None:
        """Stops without a word: the emulator is going down."""
        await self._stop()
        self._queue.put_nowait(_End.DROPPED)

    def _count(self) -> dict[str, int]:
        """Tokens of this leg, counted as words."""
        heard = [self.run.system_prompt, *(line.text for line in self.thread.dialogue())]
        tokens = {
            "input_tokens": sum(len(text.split()) for text in heard),
            "output_tokens": len(self._text.split()),
        }
        return tokens | {"total_tokens": sum(tokens.values())}

    async def _perform(self, answer: Answer) -> None:
        for word in _WORD.findall(self._text):
            await self._pace(answer)
            self.message.content += word
            self._emit(sse.content_streaming(word, self.message.content))
        await self._pace(answer)
        self._emit(*self._finish())
        self._queue.put_nowait(_End.CLOSED)

    def _finish(self) -> list[Event]:
        self.thread.messages.append(self.message)
        if not self.calls:
            self.run.status = "COMPLETED"
            return [sse.run_ended(self.run, self.message, self.usage)]
        self.run.status = self.message.status = "REQUIRES_ACTION"
        self.run.pending = self.calls
        self.message.metadata["tool_calls"] = [call.wire() for call in self.calls]
        return sse.tool_calls(self.run, self.calls, self.usage)

    async def _pace(self, answer: Answer) -> None:
        if self._dropped:
            return
        try:
            await answer.pace()
        except Dropped:
            self._dropped = True
            self._queue.put_nowait(_End.DROPPED)

    def _emit(self, *events: Event) -> None:
        for event in events:
            self._queue.put_nowait(event)

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
