"""One TTS websocket, on which any number of contexts are spoken side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from lab.cartesia import messages
from lab.cartesia.messages import BadRequest, Cancel, Generation
from lab.cartesia.speech import Speech
from lab.cartesia.spoken import Spoken
from lab.cartesia.synthesis import Synthesis
from lab.faults import Control, Dropped


@dataclass(frozen=True)
class _Context:
    speech: Speech
    task: asyncio.Task[None]

    def cancel(self) -> None:
        if not self.task.done():
            self.speech.cancel()
            self.task.cancel()


class Session:
    """Serves one open websocket; `drop` closes its connection without a goodbye.

    Contexts do not expire here: Cartesia's one second after the last audio would race with a slow
    language model.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        control: Control,
        synthesis: Synthesis,
        drop: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._control = control
        self._synthesis = synthesis
        self._drop = drop
        self._contexts: dict[str, _Context] = {}

    async def serve(self) -> None:
        """Reads and answers until the client hangs up, which cancels what is still being spoken."""
        async with asyncio.TaskGroup() as tasks:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._handle(message.data, tasks)
            for context in self._contexts.values():
                context.cancel()

    async def _handle(self, text: str, tasks: asyncio.TaskGroup) -> None:
        context_id = None
        try:
            request = messages.parse_request(text)
            context_id = request.context_id
            if isinstance(request, Generation):
                self._generate(request, tasks)
            else:
                self._cancel(request)
        except BadRequest as bad:
            error = messages.error(bad.context_id or context_id, 400, str(bad))
            await self._socket.send_str(error)

    def _generate(self, request: Generation, tasks: asyncio.TaskGroup) -> None:
        context = self._contexts.get(request.context_id)
        if context is None:
            request.require_words()
            context = self._begin(request, tasks)
        elif context.speech.ended:
            raise BadRequest("the context has ended: use a new context_id for new speech")
        context.speech.feed(request)

    def _cancel(self, request: Cancel) -> None:
        context = self._contexts.get(request.context_id)
        if context is not None:
            context.cancel()

    def _begin(self, first: Generation, tasks: asyncio.TaskGroup) -> _Context:
        spoken = Spoken(self._control, first, first.context_id)
        send, answer = self._socket.send_str, self._control.answer()
        speech = Speech(first, send, self._synthesis, answer, spoken)
        context = _Context(speech, tasks.create_task(self._run(speech)))
        self._contexts[first.context_id] = context
        return context

    async def _run(self, speech: Speech) -> None:
        try:
            await speech.run()
        except Dropped:
            self._drop()
        except ConnectionResetError:
            speech.cancel()  # the client hung up between two chunks
