"""One request being answered, read by a task of its own so that it can be left at any moment.

Who interrupts an answer, or discards a speculation, often does so before Backboard has named the
run, and a run without a name cannot be cancelled. So a reading that is left goes on, unheard,
until it knows the name, and then cancels the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from livekit.agents import APIError
from livekit.agents.llm import ChatChunk

from . import errors
from .client import Client, Exchange, OnSent
from .models import Event
from .run import Run
from .usage import Usage

NAMED_WITHIN_S = 2.0
"""How long a reading that was left waits for the run's name."""


class Reading:
    """Reads one exchange into chunks, until the run has ended or nobody listens any more.

    Args:
        client: cancels the run of a reading that was left, or that failed.
        run: keeps what is read.
        exchange: makes the request; it is given the callback for when it leaves.
        hear: takes each chunk.
        on_progress: called for every event that brings the end of the silence nearer.
        on_used: called with what the run used, also when it failed or nobody listened.
        on_end: called when the run has ended well, before `heard` returns.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        exchange: Callable[[OnSent], Exchange],
        *,
        hear: Callable[[ChatChunk], None],
        on_progress: Callable[[], None],
        on_used: Callable[[Usage], None],
        on_end: Callable[[], None],
    ) -> None:
        self._client = client
        self.run = run
        self._hear = hear
        self._on_progress = on_progress
        self._on_used = on_used
        self._on_end = on_end
        self._sent = False
        self._left = False
        self._given_up: asyncio.TimerHandle | None = None
        self._heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._read(exchange))
        """Over when nothing of the exchange is under way any more, its cancellation included."""

    async def heard(self) -> None:
        """Waits for the end of the run; cancelling this wait leaves the reading.

        Raises:
            APIError: there is no answer, or no more of it.
        """
        try:
            await asyncio.shield(self._heard)
        except asyncio.CancelledError:
            self._leave()
            raise

    def _leave(self) -> None:
        self._left = True
        if self.run.ended:
            return
        if self.run.named or not self._sent:  # what has not been sent yet need not be
            self.task.cancel()
        else:
            loop = asyncio.get_running_loop()
            self._given_up = loop.call_later(NAMED_WITHIN_S, self.task.cancel)

    def _on_sent(self) -> None:
        self._sent = True

    async def _read(self, exchange: Callable[[OnSent], Exchange]) -> None:
        try:
            async with exchange(self._on_sent) as events:
                async for event in events:
                    self._take(event)
                    if self.run.ended or (self._left and self.run.named):
                        break
                else:
                    raise errors.early_end()
                if self.run.ended and not self._left:
                    self._on_end()
                    self._heard.set_result(None)
        except APIError as error:
            self._fail(error)
        except Exception as error:
            self._fail(error)
            raise
        finally:
            await self._cancel()

    def _take(self, event: Event) -> None:
        try:
            for chunk in self.run.read(event):
                if not self._left:
                    self._hear(chunk)
        finally:
            if self.run.ended:
                self._on_used(self.run.usage)
        if self.run.advances(event) and not self._left:
            self._on_progress()

    def _fail(self, error: Exception) -> None:
        if not (self._left or self._heard.done()):
            self._heard.set_exception(error)

    async def _cancel(self) -> None:
        if self._given_up is not None:
            self._given_up.cancel()
        run = self.run
        if not run.ended and run.thread_id is not None and run.run_id is not None:
            await self._client.cancel_run(run.thread_id, run.run_id)
