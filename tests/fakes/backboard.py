"""A Backboard that answers by script and keeps what it was asked.

It stores messages as the service does: on acceptance, append-only, whatever becomes of the run.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.agents.llm import LLM, ChatContext, CollectedResponse, function_tool

API_KEY = "key-of-the-fake"


class Step(Enum):
    """What a script may do besides sending an event."""

    STALL = "send nothing until the client has gone"
    CUT = "close the socket without a goodbye"


@dataclass(frozen=True)
class Script:
    """One answer: its HTTP status, or 200 and these steps after the usual opening events."""

    steps: Sequence[dict[str, Any] | Step] = ()
    status: int = 200


@dataclass(frozen=True)
class Request:
    """One request as it arrived; `port` is the client's own, the same on a reused connection."""

    path: str
    body: dict[str, Any]
    port: int


def says(*pieces: str, ends: bool = True) -> Script:
    """Streams the pieces; then ends the run, with usage, or just the stream."""
    events = streams(*pieces)
    if ends:
        events.append(
            {
                "type": "run_ended",
                "status": "completed",
                "content": "".join(pieces),
                "input_tokens": 12,
                "output_tokens": 3,
                "total_tokens": 15,
                "cached_input_tokens": 4,
            }
        )
    return Script(events)


def streams(*pieces: str) -> list[dict[str, Any]]:
    """The `content_streaming` events of the pieces."""
    return [
        {
            "type": "content_streaming",
            "content": piece,
            "accumulated_content": "".join(pieces[: index + 1]),
        }
        for index, piece in enumerate(pieces)
    ]


def calls(*names: str, arguments: str = "{}", preamble: str = "") -> Script:
    """Asks for the outputs of one call to each name; the call ids are `call_` and the name."""
    wanted = [
        {"id": f"call_{name}", "function": {"name": name, "arguments": arguments}} for name in names
    ]
    said = streams(preamble) if preamble else []
    return Script([*said, {"type": "tool_submit_required", "tool_calls": wanted}])


def fails(status: int) -> Script:
    """Answers this HTTP status, after it stored the message all the same."""
    return Script(status=status)


@dataclass
class ScriptedBackboard:
    """The fake: give it scripts in the order of the requests to come."""

    scripts: deque[Script] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    threads: dict[str, list[str]] = field(default_factory=dict)
    """The user messages of every thread, by thread id."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """A client left in the middle of an answer."""
    url: str = ""

    def answers(self, *scripts: Script) -> Self:
        self.scripts.extend(scripts)
        return self

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request.body for request in self.requests]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    async def message(self, request: web.Request) -> web.StreamResponse:
        body = await self._log(request)
        thread_id = body.get("thread_id") or f"thread-{len(self.threads) + 1}"
        self.threads.setdefault(thread_id, []).append(body["content"])
        opening = {"type": "user_message", "thread_id": thread_id, "content": body["content"]}
        return await self._answer(request, opening)

    async def tool_outputs(self, request: web.Request) -> web.StreamResponse:
        await self._log(request)
        return await self._answer(request, {"type": "message_received"})

    async def cancel(self, request: web.Request) -> web.Response:
        self.requests.append(_logged(request, {}))
        self.cancelled.set()
        return web.json_response({"cancelled": True})

    async def providers(self, request: web.Request) -> web.Response:
        self.requests.append(_logged(request, {}))
        return web.json_response({"providers": ["openai"]})

    async def _log(self, request: web.Request) -> dict[str, Any]:
        assert request.headers["X-API-Key"] == API_KEY
        body: dict[str, Any] = await request.json()
        self.requests.append(_logged(request, body))
        return body

    async def _answer(self, request: web.Request, opening: dict[str, Any]) -> web.StreamResponse:
        script = self.scripts.popleft()
        if script.status != 200:
            return web.json_response({"detail": "Something went wrong."}, status=script.status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        run_id = f"run-{len(self.requests)}"
        try:
            for step in (opening, {"type": "run_started", "run_id": run_id}, *script.steps):
                if step is Step.STALL:
                    await asyncio.Event().wait()
                elif step is Step.CUT:
                    assert request.transport is not None
                    request.transport.abort()
                    return response
                else:
                    await response.write(f"data: {json.dumps(step)}\n\n".encode())
        except asyncio.CancelledError:
            self.gone.set()
            raise
        return response


def _logged(request: web.Request, body: dict[str, Any]) -> Request:
    assert request.transport is not None
    _, port = request.transport.get_extra_info("peername")[:2]
    return Request(request.path, body, port)


@asynccontextmanager
async def serving() -> AsyncIterator[ScriptedBackboard]:
    """Serves the fake on a free loopback port."""
    fake = ScriptedBackboard()
    app = web.Application()
    app.add_routes(
        [
            web.post("/api/threads/messages", fake.message),
            web.post("/api/threads/{t}/runs/{r}/submit-tool-outputs", fake.tool_outputs),
            web.post("/api/threads/{t}/runs/{r}/cancel", fake.cancel),
            web.get("/api/models/providers", fake.providers),
        ]
    )
    server = TestServer(app)
    await server.start_server()
    fake.url = str(server.make_url("/api"))
    try:
        yield fake
    finally:
        await server.close()


@function_tool
async def look_up(day: str) -> str:
    """Looks up the free times of a day."""
    return f"{day} is free"


def call(*said: str) -> ChatContext:
    """A context with instructions, then the caller and the receptionist in turn."""
    ctx = ChatContext.empty()
    ctx.add_message(role="system", content="Be kind.")
    for index, words in enumerate(said):
        ctx.add_message(role="assistant" if index % 2 else "user", content=words)
    return ctx


async def answered(llm: LLM[Any], ctx: ChatContext) -> CollectedResponse:
    """Asks, and files the answer in the context as the session does."""
    response = await llm.chat(chat_ctx=ctx, tools=[look_up]).collect()
    if response.text:
        ctx.add_message(role="assistant", content=response.text)
    return response
