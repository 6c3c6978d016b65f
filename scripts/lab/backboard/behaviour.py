"""What nobody outside can know of the real service, as switches of `/_lab/behaviour`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Rule = Literal["replace", "merge"]


class Behaviour(BaseModel):
    """The switches; every default is the pessimistic or the documented reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    busy: Literal[400, 409, "accept"] = 400
    """What a message gets on a thread whose run has not ended."""
    on_disconnect: Literal["continue", "partial", "none"] = "continue"
    """What is stored of an answer whose client leaves: all of it, what was said, or nothing."""
    cancel_event: bool = True
    """Whether a cancelled run's open stream ends in `run_cancelled`, or is only closed."""
    cancel: Literal["ok", "slow", 404, 500] = "ok"
    """How the cancel endpoint answers; 404 and 500 cancel nothing."""
    cancel_s: float = Field(default=3.0, ge=0)
    """How long a slow cancel takes, in seconds."""
    usage_on_tool_submit: bool = True
    """Whether `tool_submit_required` carries token counts."""
    empty_content: Literal["accept", 400] = "accept"
    """What a message without content gets."""
    assistant_prompt: Rule = "replace"
    """Whether a request's system_prompt replaces the assistant's or is added to it."""
    assistant_tools: Rule = "replace"
    """The same for tools."""
    prompt_in_tool_round: bool = True
    """Whether the system_prompt of the message still holds after tool outputs."""
    new_run_in_tool_round: bool = False
    """Whether a run goes on under a new id after tool outputs."""
    thread_content: Literal["text", "null", "list"] = "text"
    """How `GET /threads/{id}` writes what the assistant said."""
    lookup_s: float = Field(default=0.0, ge=0)
    """How long everything but turns and cancellations takes, in seconds."""
    memory_delay_s: float = Field(default=0.2, ge=0)
    """How long after a message its facts are in the memory, in seconds."""
    split_bytes: int | None = Field(default=None, ge=1)
    """Bytes of the stream sent in one chunk, wherever that cuts it; absent: whole frames."""
    frames_per_write: int = Field(default=1, ge=1)
    """Frames sent in one chunk, as far as they are there."""
    idle_close_s: float | None = Field(default=None, gt=0)
    """When an idle connection is closed, in seconds after its last answer."""
    drop_reused: bool = False
    """Whether a request on a used connection finds it closing: a pooled connection gone stale."""
