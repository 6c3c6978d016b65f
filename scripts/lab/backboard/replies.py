"""What goes back to the client: a stream of events, or one JSON document."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from lab.backboard import sse
from lab.backboard.behaviour import Behaviour
from lab.backboard.frames import plain
from lab.backboard.leg import Leg
from lab.backboard.scenarios import UNSUPPORTED, Scenario
from lab.backboard.threads import Message, Run, Thread, now

Entry = dict[str, Any]

_DETAILS = {
    400: "Documents are not indexed yet",
    401: "Invalid or missing API key",
    402: "Insufficient credits",
    403: "Not allowed",
    404: "Thread not found",
    422: "Unprocessable",
    429: "Rate limit exceeded",
    500: "Something went wrong. Please try again later.",
}
_HTML = "<html><body><h1>{status}</h1><p>The gateway did not get an answer.</p></body></html>"


# aiohttp's TestServer cancels the handler of a lost connection; a server proper does not.
_LEFT = (ConnectionResetError, asyncio.CancelledError)


class _Chunks:
    """Sends frames in the chunks that the behaviour wants."""

    def __init__(self, response: web.StreamResponse, behaviour: Behaviour) -> None:
        self._response = response
        self._behaviour = behaviour
        self._frames: list[bytes] = []

    async def send(self, frame: bytes) -> None:
        """Sends the frame now, or with the next ones."""
        self._frames.append(frame)
        if len(self._frames) >= self._behaviour.frames_per_write:
            await self.flush()

    async def flush(self) -> None:
        """Sends what is held back."""
        data, self._frames = b"".join(self._frames), []
        size = self._behaviour.split_bytes or max(len(data), 1)
        for start in range(0, len(data), size):
            await self._response.write(data[start : start + size])


async def stream(
    request: web.Request, leg: Leg, entry: Entry, behaviour: Behaviour
) -> web.StreamResponse:
    """Sends the leg's events until it ends or the client leaves; raises Dropped."""
    response = await _event_stream(request)
    chunks = _Chunks(response, behaviour)
    try:
        async for item in leg.items(lambda: _connected(request)):
            if item is None:
                await chunks.flush()
                continue
            event = item if isinstance(item, dict) else {}
            await chunks.send(item if isinstance(item, bytes) else leg.scenario.frame(item))
            if event.get("type") in sse.ANSWERING:
                entry["first_event_at"] = entry["first_event_at"] or time.time()
        await chunks.flush()
        await response.write_eof()
    except _LEFT as left:
        await _leave(leg, entry, left)
    return response


async def whole(request: web.Request, leg: Leg, entry: Entry) -> web.StreamResponse:
    """Waits for the leg's end and sends one document; raises Dropped."""
    try:
        async for _ in leg.items(lambda: _connected(request)):
            pass
    except _LEFT as left:
        await _leave(leg, entry, left)
    run, usage = leg.run, leg.usage
    document = acknowledgement(leg.thread, leg.message, run.memory_operation_id) | {
        "status": run.status,
        "run_id": run.run_id,
        "tool_calls": [call.wire() for call in leg.calls] or None,
        "retrieved_memories": run.retrieved,
        "model_provider": run.model_provider,
        "model_name": run.model_name,
        **usage,
        "context_usage": sse.context_usage(usage),
    }
    if run.status == "FAILED":
        document["content"] = leg.scenario.say or UNSUPPORTED
    return web.json_response(document)


async def saved(
    request: web.Request,
    thread: Thread,
    message: Message,
    operation_id: str | None,
    *,
    stream: bool,
) -> web.StreamResponse:
    """Answers a message that is stored without a run."""
    if not stream:
        return web.json_response(acknowledgement(thread, message, operation_id))
    response = await _event_stream(request)
    for event in [*sse.accepted(thread, message), sse.message_saved(message, operation_id)]:
        await response.write(plain(event))
    await response.write_eof()
    return response


def acknowledgement(thread: Thread, message: Message, operation_id: str | None) -> dict[str, Any]:
    """A document's constant part; its `message` is no answer."""
    return {
        "message": "Message added successfully",
        "thread_id": thread.thread_id,
        "assistant_id": thread.assistant_id,
        "message_id": message.message_id,
        "role": message.role,
        "content": message.content,
        "status": message.status,
        "run_id": None,
        "tool_calls": None,
        "reasoning": None,
        "memory_operation_id": operation_id,
        "retrieved_memories": [],
        "retrieved_files": [],
        "created_at": message.created_at,
        "timestamp": message.created_at,
        "attachments": [],
    }


def deleted(kind: str, **ids: str) -> web.Response:
    """Answers a DELETE."""
    message = f"{kind} deleted successfully"
    return web.json_response({"message": message, **ids, "deleted_at": now()})


def fault(status: int) -> web.Response:
    """A refusal made on purpose, in the words the real service uses where they are known."""
    return web.json_response({"detail": _detail(status)}, status=status)


def refusal(scenario: Scenario) -> web.Response:
    """The refusal a scenario wants: status, kind of body, and when to try again."""
    response = _refusal_body(scenario)
    if scenario.retry_after_s is not None:
        response.headers["Retry-After"] = f"{scenario.retry_after_s:g}"
    return response


def abort(request: web.Request) -> web.StreamResponse:
    """Closes the connection without a goodbye; the response given back goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def tool_names(tools: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """The names of the tools offered, for the request log."""
    return [tool.get("function", tool).get("name", "") for tool in tools or []]


def seen(thread: Thread, run: Run, tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Exactly what the model is given, for the request log."""
    return {
        "system_prompt": run.system_prompt,
        "tools": tool_names(tools),
        "memories": [memory["memory"] for memory in run.retrieved],
        "messages": [message.seen() for message in thread.messages],
    }


def _refusal_body(scenario: Scenario) -> web.Response:
    status = scenario.status
    match scenario.body:
        case "html":
            text = _HTML.format(status=status)
            return web.Response(text=text, status=status, content_type="text/html")
        case "empty":
            return web.Response(status=status)
        case "list":
            fault = {"loc": ["body", "content"], "msg": "Field required", "type": "missing"}
            return web.json_response({"detail": [fault]}, status=status)
        case "detail":
            return web.json_response({"detail": _detail(status)}, status=status)


def _detail(status: int) -> str:
    return _DETAILS.get(status, f"HTTP {status}")


async def _leave(leg: Leg, entry: Entry, left: BaseException) -> None:
    entry["disconnected_at"] = time.time()
    await leg.leave()
    if isinstance(left, asyncio.CancelledError):
        raise left


def _connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


async def _event_stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    return response
