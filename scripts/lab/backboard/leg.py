"""One request's share of a run: the model's answer, word by word, as long as the run lasts.

The answer is made by a task of its own, so it goes on when the client leaves (the pessimistic
reading of what Backboard does), and ends when the run is cancelled.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from lab.backboard import sse
from lab.backboard.behaviour import Behaviour
from lab.backboard.frames import Event
from lab.backboard.scenarios import PLAIN, Scenario
from lab.backboard.shapes import Item, Items, Mark, Pause
from lab.backboard.threads import Message, Run, Thread, ToolCall
from lab.backboard.usage import count
from lab.faults import Answer, Dropped

_WORD = re.compile(r"\s*\S+")

# aiohttp tells a handler of a lost connection only when it writes; a stalled answer writes nothing.
_CONNECTION_PROBE_S = 0.02


class _End(Enum):
    CLOSED = auto()
    DROPPED = auto()


@dataclass(frozen=True)
class Saying:
    """What the model says and calls, and what becomes of it on the way."""

    text: str
    calls: Sequence[ToolCall] = ()
    scenario: Scenario = PLAIN


class Leg:
    """Speaks, then asks for the outputs of its calls or ends the run."""

    def __init__(self, thread: Thread, run: Run, saying: Saying, behaviour: Behaviour) -> None:
        self.thread = thread
        self.run = run
        self.scenario = saying.scenario
        self.message = Message("assistant", "", metadata={"run_id": run.run_id})
        forced = self.scenario.say
        self.calls = [] if forced is not None else list(saying.calls)
        self._text = saying.text if forced is None else forced
        self.usage = count(thread, run, self._text)
        self._behaviour = behaviour
        self._queue: asyncio.Queue[Event | bytes | _End] = asyncio.Queue()
        self._unseen = False
        self._chunks = 0
        self._task: asyncio.Task[None] | None = None

    def start(self, opening: Sequence[Event], answer: Answer, ended: Callable[[], object]) -> None:
        """Sends the opening events at once, the rest as `answer` paces it; then calls `ended`."""
        self._task = asyncio.create_task(self._perform(opening, answer))
        self._task.add_done_callback(lambda _: ended())

    async def items(self, connected: Callable[[], bool]) -> AsyncIterator[Event | bytes | None]:
        """The events and raw bytes to send; None when there is nothing to send for a moment.

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
                yield None
                continue
            if item is _End.DROPPED:
                raise Dropped
            if isinstance(item, _End):
                return
            yield item

    async def cancel(self) -> None:
        """Ends the run as cancelled, unless it has just ended; what was said stays stored."""
        if not await self._interrupt(keep=True):
            return
        if self._behaviour.cancel_event:
            self._queue.put_nowait(sse.run_cancelled(self.run))
        self._queue.put_nowait(_End.CLOSED)

    async def leave(self) -> None:
        """The client has left the stream."""
        if self._behaviour.on_disconnect != "continue":
            await self._interrupt(keep=self._behaviour.on_disconnect == "partial")

    async def abandon(self) -> None:
        """Stops without a word: the emulator is going down."""
        await self._stop()
        self._queue.put_nowait(_End.DROPPED)

    async def _perform(self, opening: Sequence[Event], answer: Answer) -> None:
        items = self.scenario.shape(self._items(opening), self.scenario.after_chunks)
        for item in items:
            await self._do(item, answer)
        if self.run.status == "IN_PROGRESS":  # the scenario stopped before its end
            self._fail()
        self._queue.put_nowait(_End.CLOSED)

    def _items(self, opening: Sequence[Event]) -> Items:
        yield from opening
        yield sse.message_start(self.run, self.message)
        for word in _WORD.findall(self._text):
            yield Mark.CHUNK
            self.message.content += word
            yield sse.content_streaming(word, self.message.content)
        yield Mark.END
        yield from self._finish()

    def _finish(self) -> Iterator[Event]:
        outcome = self.scenario.outcome
        if outcome in ("FAILED", "CANCELLED"):
            self._fail()
            yield sse.run_ended(self.run, self.message, self.usage)
            return
        self.thread.messages.append(self.message)
        if not self.calls and outcome == "COMPLETED":
            self.run.status = "COMPLETED"
            yield sse.run_ended(self.run, self.message, self.usage)
            return
        self.run.status = self.message.status = "REQUIRES_ACTION"
        self.run.pending = self.calls
        self.message.metadata["tool_calls"] = [call.wire() for call in self.calls]
        usage = self.usage if self._behaviour.usage_on_tool_submit else {}
        yield from sse.tool_calls(self.run, self.calls, usage)

    async def _do(self, item: Item, answer: Answer) -> None:
        if item in (Mark.CHUNK, Mark.END):
            await self._pace(answer)
        elif item is Mark.STALL:
            await asyncio.Event().wait()
        elif item is Mark.CUT:
            self._vanish(_End.DROPPED)
        elif item is Mark.EOF:
            self._vanish(_End.CLOSED)
        elif isinstance(item, Pause):
            await asyncio.sleep(item.seconds)
        elif isinstance(item, dict | bytes):
            self._queue.put_nowait(item)

    async def _pace(self, answer: Answer) -> None:
        if self._unseen:
            return
        first, self._chunks = self._chunks == 0, self._chunks + 1
        await asyncio.sleep(self.scenario.first_token_s if first else self.scenario.chunk_s)
        try:
            await answer.pace()
        except Dropped:
            self._vanish(_End.DROPPED)

    def _vanish(self, end: _End) -> None:
        self._unseen = True
        self._queue.put_nowait(end)

    def _fail(self) -> None:
        """The run ends badly; a cancelled answer is stored as far as it was said."""
        self.run.status = self.message.status = self.scenario.outcome
        if self.scenario.outcome == "CANCELLED" and self.message.content:
            self.thread.messages.append(self.message)

    async def _interrupt(self, *, keep: bool) -> bool:
        """Cancels the run unless it has ended; returns whether it did."""
        if self._task is None or self._task.done():
            return False
        self.run.status = self.message.status = "CANCELLED"
        await self._stop()
        if keep and self.message.content:
            self.thread.messages.append(self.message)
        return True

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
