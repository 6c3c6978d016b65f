"""The lab's Backboard inside a test: the handle, a client, and what came over the wire."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp.test_utils import TestServer

from lab.backboard.api import Backboard
from lab.backboard.script import ScriptLine
from lab.faults import Control

MESSAGES = "/api/threads/messages"
COMPLETE = {"stream": True, "llm_provider": "openai", "model_name": "gpt-4o"}
"""What no message may lack."""


def tool(name: str) -> dict[str, Any]:
    """A tool without parameters, as a request offers it."""
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


@dataclass
class Wire:
    """One response, as far as it came."""

    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    chunks: list[bytes] = field(default_factory=list)
    ending: str = ""
    """`whole`, `broken`, `quiet` when nothing came for a while, or `left`."""

    @property
    def data(self) -> bytes:
        """All bytes of the body."""
        return b"".join(self.chunks)

    @property
    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.data)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events, in plain framing."""
        frames = self.data.decode().split("\n\n")
        return [json.loads(frame.removeprefix("data: ")) for frame in frames if frame]

    @property
    def types(self) -> list[str]:
        """The events' types, with a stretch of the same as one."""
        found: list[str] = []
        for event in self.events:
            if found[-1:] != [event["type"]]:
                found.append(event["type"])
        return found

    @property
    def text(self) -> str:
        """The words that were streamed."""
        parts = [event for event in self.events if event["type"] == "content_streaming"]
        return "".join(event["content"] for event in parts)

    def only(self, event_type: str) -> dict[str, Any]:
        """The one event of this type."""
        (event,) = [event for event in self.events if event["type"] == event_type]
        return event

    @property
    def thread_id(self) -> str:
        """The thread, as `user_message` names it."""
        return str(self.only("user_message")["thread_id"])

    @property
    def run_path(self) -> str:
        """The path of the run."""
        return f"/api/threads/{self.thread_id}/runs/{self.only('run_started')['run_id']}"


@dataclass
class Served:
    """A Backboard that is being served, and a client of it."""

    backboard: Backboard
    client: httpx.AsyncClient

    @property
    def last(self) -> dict[str, Any]:
        """The newest entry of the request log."""
        return self.backboard.control.requests[-1]

    def script(self, *lines: dict[str, Any]) -> None:
        """Puts lines into the model's mouth."""
        self.backboard.script.lines = [ScriptLine.model_validate(line) for line in lines]

    async def send(self, content: str = "What are your hours?", **body: Any) -> Wire:
        """Posts a message and reads the answer to its end."""
        return await self.post(MESSAGES, COMPLETE | {"content": content} | body)

    async def post(
        self, path: str, body: dict[str, Any], *, quiet_s: float = 5, leave_after: int | None = None
    ) -> Wire:
        """Posts JSON; reads until the end, until nothing came for `quiet_s`, or so many chunks."""
        wire = Wire()
        try:
            async with self.client.stream("POST", path, json=body, timeout=quiet_s) as response:
                wire.status, wire.headers = response.status_code, response.headers
                async for chunk in response.aiter_raw():
                    wire.chunks.append(chunk)
                    if len(wire.chunks) == leave_after:
                        wire.ending = "left"
                        return wire
            wire.ending = "whole"
        except (httpx.RemoteProtocolError, httpx.NetworkError):
            wire.ending = "broken"
        except httpx.ReadTimeout:
            wire.ending = "quiet"
        return wire

    async def submit(self, asked: Wire, output: str = "done", **body: Any) -> Wire:
        """Submits an output for every pending call of a run."""
        calls = asked.only("tool_submit_required")["tool_calls"]
        outputs = [{"tool_call_id": call["id"], "output": output} for call in calls]
        path = f"{asked.run_path}/submit-tool-outputs?stream=true"
        return await self.post(path, {"tool_outputs": outputs} | body)

    def rows(self, thread_id: str) -> list[tuple[str, str]]:
        """Roles and contents of a thread's messages."""
        thread = self.backboard.threads.get(thread_id)
        assert thread is not None
        return [(message.role, message.content) for message in thread.messages]


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[Served]:
    """A fresh Backboard, served in this process."""
    backboard = Backboard(Control())
    async with (
        TestServer(backboard.application()) as server,
        httpx.AsyncClient(
            base_url=str(server.make_url("/")), headers={"X-API-Key": "lab"}, trust_env=False
        ) as client,
    ):
        yield Served(backboard, client)
