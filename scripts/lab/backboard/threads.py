"""Threads, their messages and runs, in memory: what the real service would have stored."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from lab.backboard.mind.transcript import Line, Speaker

Role = Literal["user", "assistant", "tool"]
ContentStyle = Literal["text", "null", "list"]
RunStatus = Literal["IN_PROGRESS", "REQUIRES_ACTION", "COMPLETED", "FAILED", "CANCELLED"]

_STYLES: dict[ContentStyle, Callable[[str], object]] = {
    "text": str,
    "null": lambda _: None,
    "list": lambda text: [{"type": "text", "text": text}],
}
_SPEAKERS: dict[Role, Speaker] = {"user": "caller", "assistant": "receptionist"}


def _new_id() -> str:
    return str(uuid.uuid4())


def now() -> str:
    """The time as the API writes it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()


@dataclass
class Message:
    """One row of a thread."""

    role: Role
    content: str
    status: RunStatus = "COMPLETED"
    metadata: dict[str, Any] = field(default_factory=dict)
    message_id: str = field(default_factory=_new_id)
    created_at: str = field(default_factory=now)

    def row(self, style: ContentStyle = "text") -> dict[str, Any]:
        """The message as `GET /threads/{id}` shows it; the style is that of an answer."""
        content = self.content if self.role != "assistant" else _STYLES[style](self.content)
        return {
            "message_id": self.message_id,
            "role": self.role,
            "content": content,
            "status": self.status,
            "created_at": self.created_at,
            "metadata_": self.metadata,
            "attachments": [],
        }

    def seen(self) -> dict[str, Any]:
        """The message as the model sees it."""
        told = self.metadata if self.role != "user" else {}
        shown = ("tool_calls", "tool_call_id", "tool_name")
        return {"role": self.role, "content": self.content} | {
            key: told[key] for key in shown if key in told
        }


@dataclass(frozen=True)
class ToolCall:
    """A tool call the client must answer; `arguments` is JSON text, as on the wire."""

    name: str
    arguments: str
    call_id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}")

    def wire(self) -> dict[str, Any]:
        """The call in the OpenAI shape."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.call_id, "type": "function", "function": function}


def tool_row(run_id: str, call: ToolCall, output: str) -> Message:
    """The row that keeps the output of a call."""
    metadata = {"run_id": run_id, "tool_call_id": call.call_id, "tool_name": call.name}
    return Message("tool", output, metadata=metadata)


@dataclass
class Run:
    """One answer in the making, over all its tool rounds."""

    system_prompt: str
    model_provider: str
    model_name: str
    offered: list[str] = field(default_factory=list)
    """Names of the tools its message brought."""
    retrieved: list[dict[str, Any]] = field(default_factory=list)
    memory_operation_id: str | None = None
    status: RunStatus = "IN_PROGRESS"
    pending: list[ToolCall] = field(default_factory=list)
    run_id: str = field(default_factory=_new_id)

    @property
    def open(self) -> bool:
        """Whether the run still holds its thread."""
        return self.status in ("IN_PROGRESS", "REQUIRES_ACTION")


@dataclass
class Thread:
    """One append-only conversation."""

    assistant_id: str
    thread_id: str = field(default_factory=_new_id)
    created_at: str = field(default_factory=now)
    messages: list[Message] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    streams: int = 0
    """Responses about this thread that are being sent."""
    cached: tuple[str, int] = ("", 0)
    """The prompt and the number of tokens that its last run put into the provider's cache."""

    def begin(self, run: Run) -> None:
        """A new run on this thread."""
        self.runs[run.run_id] = run

    def rename(self, run: Run) -> None:
        """The run goes on under a new id."""
        del self.runs[run.run_id]
        run.run_id = _new_id()
        self.begin(run)

    def open_run(self) -> Run | None:
        """The run that has not ended, if there is one."""
        return next((run for run in self.runs.values() if run.open), None)

    def dialogue(self) -> list[Line]:
        """What was said, without tool rows and empty stubs."""
        return list(self._lines())

    def row(self, style: ContentStyle = "text") -> dict[str, Any]:
        """The thread as `GET /threads/{id}` shows it."""
        return {
            "thread_id": self.thread_id,
            "assistant_id": self.assistant_id,
            "created_at": self.created_at,
            "metadata_": self.metadata,
            "messages": [message.row(style) for message in self.messages],
        }

    def summary(self, style: ContentStyle, *, with_messages: bool) -> dict[str, Any]:
        """The thread as a list of threads shows it."""
        asked = [message.content for message in self.messages if message.role == "user"]
        last = self.messages[-1].created_at if self.messages else self.created_at
        row = self.row(style)
        return row | {
            "title": asked[0][:60] if asked else None,
            "first_user_message": asked[0] if asked else None,
            "message_count": len(self.messages),
            "updated_at": last,
            "messages": row["messages"] if with_messages else [],
        }

    def _lines(self) -> Iterator[Line]:
        for message in self.messages:
            speaker = _SPEAKERS.get(message.role)
            if speaker and message.content:
                yield Line(speaker, message.content)


class Threads:
    """Every thread of this emulator, oldest first."""

    def __init__(self) -> None:
        self._threads: dict[str, Thread] = {}

    def __iter__(self) -> Iterator[Thread]:
        return iter([*self._threads.values()])

    def create(self, assistant_id: str) -> Thread:
        """A new, empty thread."""
        thread = Thread(assistant_id)
        self._threads[thread.thread_id] = thread
        return thread

    def get(self, thread_id: str) -> Thread | None:
        """The thread, or None."""
        return self._threads.get(thread_id)

    def delete(self, thread_id: str) -> None:
        """Removes the thread."""
        self._threads.pop(thread_id, None)
