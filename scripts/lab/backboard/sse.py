"""The events of a stream, as Backboard sends them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.backboard.frames import Event
from lab.backboard.threads import Message, Run, Thread, ToolCall

Usage = dict[str, Any]

# Events that carry what the model says or wants called.
ANSWERING = {"content_streaming", "tool_call_start"}


def accepted(thread: Thread, message: Message) -> list[Event]:
    """The caller's message is stored; only `user_message` names the thread."""
    return [
        {"type": "message_received", "phase": "accepted"},
        {
            "type": "user_message",
            "thread_id": thread.thread_id,
            "message_id": message.message_id,
            "content": message.content,
            "role": message.role,
        },
    ]


def run_started(run: Run) -> Event:
    """A run begins."""
    return {
        "type": "run_started",
        "run_id": run.run_id,
        "provider": run.model_provider,
        "model_name": run.model_name,
    }


def memory_retrieved(run: Run) -> list[Event]:
    """What the model remembers for this run; no event when that is nothing."""
    if not run.retrieved:
        return []
    return [{"type": "memory_retrieved", "memories": run.retrieved}]


def run_continuing(run: Run) -> Event:
    """A run goes on after tool outputs."""
    return {"type": "run_continuing", "run_id": run.run_id}


def message_start(run: Run, message: Message) -> Event:
    """The assistant's message is opened."""
    return {"type": "message_start", "message_id": message.message_id, "run_id": run.run_id}


def message_saved(message: Message, operation_id: str | None) -> Event:
    """The message was stored without a run; the stream ends here."""
    return {
        "type": "message_saved",
        "message_id": message.message_id,
        "memory_operation_id": operation_id,
    }


def content_streaming(delta: str, accumulated: str) -> Event:
    """A piece of the answer, and all of it so far."""
    return {"type": "content_streaming", "content": delta, "accumulated_content": accumulated}


def tool_calls(run: Run, calls: Iterable[ToolCall], usage: Usage) -> list[Event]:
    """The advisory pair of each call, then the event that wants their outputs and ends it."""
    wires = [call.wire() for call in calls]
    events: list[Event] = []
    for wire in wires:
        name = wire["function"]["name"]
        events += [
            {"type": "tool_call_start", "tool_call_id": wire["id"], "name": name},
            {"type": "tool_call_ready", "run_id": run.run_id, "tool_call": wire},
        ]
    required = {"type": "tool_submit_required", "run_id": run.run_id, "tool_calls": wires}
    return [*events, required | usage]


def run_ended(run: Run, message: Message, usage: Usage) -> Event:
    """The run is over; its status is in lower case here, unlike in a JSON reply."""
    return {
        "type": "run_ended",
        "run_id": run.run_id,
        "status": run.status.lower(),
        "content": message.content,
        "message_id": message.message_id,
        "model_provider": run.model_provider,
        "model_name": run.model_name,
        **usage,
        "memory_operation_id": run.memory_operation_id,
        "retrieved_memories": run.retrieved,
        "context_usage": context_usage(usage),
    }


def run_cancelled(run: Run) -> Event:
    """The run was cancelled by its client."""
    return {"type": "run_cancelled", "run_id": run.run_id}


def context_usage(usage: Usage) -> Usage:
    """How full the model's context is."""
    used, limit = usage["total_tokens"], 128_000
    return {
        "used_tokens": used,
        "context_limit": limit,
        "percent": round(100 * used / limit, 2),
        "summary_tokens": 0,
    }
