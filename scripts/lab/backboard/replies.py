"""What goes back to the client: a stream of events, or one JSON document."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from lab.backboard import sse
from lab.backboard.leg import Leg
from lab.backboard.threads import Message, Thread, now

Entry = dict[str, Any]

_DETAILS = {
    401: "Invalid or missing API key",
    404: "Thread not found",
    429: "Rate limit exceeded",
    500: "Something went wrong. Please try again later.",
}


async def stream(request: web.Request, leg: Leg, entry: Entry) -> web.StreamResponse:
    """Sends the leg's events until it ends or the client leaves; raises Dropped."""
    response = await _event_stream(request)
    try:
        async for event in leg.events(lambda: _connected(request)):
            await response.write(sse.frame(event))
            if event["type"] in sse.ANSWERING:
                entry["first_event_at"] = entry["first_event_at"] or time.time()
        await response.write_eof()
    except ConnectionResetError:
        entry["disconnected_at"] = time.time()
    return response


async def whole(request: web.Request, leg: Leg, entry: Entry) -> web.StreamResponse:
    """Waits for the leg's end and sends one document; raises Dropped."""
    try:
        async for _ in leg.events(lambda: _connected(request)):
            pass
    except ConnectionResetError:
        entry["disconnected_at"] = time.time()
    run, usage = leg.run, leg.usage
    document = acknowledgement(leg.thread, leg.message) | {
        "status": run.status,
        "run_id": run.run_id,
        "tool_calls": [call.wire() for call in leg.calls] or None,
        "model_provider": run.model_provider,
        "model_name": run.model_name,
        **usage,
        "context_usage": sse.context_usage(usage),
    }
    return web.json_response(document)


async def saved(
    request: web.Request, thread: Thread, message: Message, *, stream: bool
) -> web.StreamResponse:
    """Answers a message that is stored without a run."""
    if not stream:
        return web.json_response(acknowledgement(thread, message))
    response = await _event_stream(request)
    for event in [*sse.accepted(thread, message), sse.message_saved(message)]:
        await response.write(sse.frame(event))
    await response.write_eof()
    return response


def acknowledgement(thread: Thread, message: Message) -> dict[str, Any]:
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
        "memory_operation_id": None,
        "retrieved_memories": [],
        "retrieved_files": [],
        "created_at": message.created_at,
        "timestamp": message.created_at,
        "attachments": [],
    }


def deleted(thread: Thread) -> web.Response:
    """Answers `DELETE /threads/{id}`."""
    message = "Thread deleted successfully"
    return web.json_response(
        {"message": message, "thread_id": thread.thread_id, "deleted_at": now()}
    )


def fault(status: int) -> web.Response:
    """A refusal made on purpose, in the words the real service uses where they are known."""
    return web.json_response({"detail": _DETAILS.get(status, f"HTTP {status}")}, status=status)


def abort(request: web.Request) -> web.StreamResponse:
    """Closes the connection without a goodbye; the response given back goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def tool_names(tools: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """The names of the tools offered, for the request log."""
    return [tool.get("function", tool).get("name", "") for tool in tools or []]


def _connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


async def _event_stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    return response
