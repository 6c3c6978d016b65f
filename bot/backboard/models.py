"""What is posted to Backboard, and the events it streams back.

Events carry only the fields the plugin reads; `parse` ignores every kind it does not know, as
the service adds kinds at will and repeats the whole answer in some of them.
"""

from __future__ import annotations

import json
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

Memory = Literal["off", "Readonly", "Auto"]
MEMORY_SPELLINGS: tuple[str, ...] = get_args(Memory)

Json = dict[str, Any]


class MessageRequest(BaseModel):
    """`POST /threads/messages`: one user message; without `thread_id` on a thread it creates."""

    content: str
    system_prompt: str | None = None
    thread_id: str | None = None
    assistant_id: str | None = None
    llm_provider: str
    model_name: str
    memory: Memory
    thinking: Json | None = None
    tools: list[Json]
    metadata: Json
    stream: Literal[True] = True


class ToolOutput(BaseModel):
    """What one tool call came to."""

    tool_call_id: str
    output: str


class ToolOutputsRequest(BaseModel):
    """`POST /threads/{t}/runs/{r}/submit-tool-outputs`: the outputs a waiting run asked for.

    Tools not given again are forgotten for the rest of the run.
    """

    tool_outputs: list[ToolOutput]
    tools: list[Json]
    thinking: Json | None = None
    stream: Literal[True] = True


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class UserMessage(_Event):
    """The message is stored. No other event names the thread."""

    thread_id: str | None = None


class RunStarted(_Event):
    """A run began, or goes on after tool outputs."""

    run_id: str | None = None


class ContentStreaming(_Event):
    """The next piece of the answer: the only text that is ever spoken."""

    content: str | None = None
    accumulated_content: str | None = None


class ToolCallProgress(_Event):
    """The model is writing a tool call: a sign of life, nothing more."""


class Function(_Event):
    """The function a tool call names; `arguments` is JSON text, as the model wrote it."""

    name: str
    arguments: str = ""

    @field_validator("arguments", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return value if isinstance(value, str) else json.dumps(value or {})


class ToolCall(_Event):
    """A tool call, whole: Backboard does not stream arguments."""

    id: str
    function: Function


class Tokens(_Event):
    """The end of a leg, and what it used."""

    run_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cost_usd: float | None = None


class ToolSubmitRequired(Tokens):
    """The run waits for the outputs of these calls; the stream ends here."""

    tool_calls: list[ToolCall] = Field(default_factory=list)


class RunEnded(Tokens):
    """The run is over; without a `status` it is completed, as Backboard's own clients take it."""

    status: str | None = None
    content: str | None = None
    final_content: str | None = None
    error: Any = None
    message: Any = None

    @property
    def completed(self) -> bool:
        """Whether the answer is whole."""
        return (self.status or "completed").lower() == "completed"


class Failed(_Event):
    """`error`, `run_failed` or `run_cancelled`: no answer, or no more of it."""

    type: str
    error: Any = None
    message: Any = None


Event = (
    UserMessage
    | RunStarted
    | ContentStreaming
    | ToolCallProgress
    | ToolSubmitRequired
    | RunEnded
    | Failed
)


class _Kind(_Event):
    type: Any = None


_KINDS: dict[str, type[Event]] = {
    "user_message": UserMessage,
    "run_started": RunStarted,
    "run_continuing": RunStarted,
    "content_streaming": ContentStreaming,
    "tool_call_start": ToolCallProgress,
    "tool_call_ready": ToolCallProgress,
    "tool_submit_required": ToolSubmitRequired,
    "run_ended": RunEnded,
    "message_complete": RunEnded,
    "run_failed": Failed,
    "run_cancelled": Failed,
    "error": Failed,
}


class Unreadable(ValueError):
    """The data of an event is not a JSON object, or lacks what its kind must have."""


def parse(data: str) -> Event | None:
    """Reads one event; None for a kind that is not read here, and for `[DONE]`.

    Raises:
        Unreadable: without its cause, which would repeat what was said.
    """
    if data == "[DONE]":
        return None
    try:
        kind = _Kind.model_validate_json(data).type
        shape = _KINDS.get(kind) if isinstance(kind, str) else None
        return shape.model_validate_json(data) if shape else None
    except ValueError:
        raise Unreadable("Backboard sent an event that cannot be read.") from None
