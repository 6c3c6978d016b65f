"""What an LLM was asked to be, and how a turn's plan becomes the body that is posted."""

from __future__ import annotations

from dataclasses import dataclass

from .models import (
    MEMORY_SPELLINGS,
    Json,
    Memory,
    MessageRequest,
    ToolOutput,
    ToolOutputsRequest,
)
from .thread import NewThread, NextMessage, ToolOutputs


@dataclass(frozen=True, kw_only=True)
class Options:
    """The constructor's arguments that every request depends on; see `LLM`.

    Raises:
        ValueError: a value that Backboard does not know, or memory without an assistant.
    """

    model: str
    llm_provider: str
    assistant_id: str | None = None
    memory: Memory = "off"
    thinking: Json | None = None

    def __post_init__(self) -> None:
        if self.memory not in MEMORY_SPELLINGS:  # Backboard takes any other spelling for off
            raise ValueError(
                f"Backboard does not know memory={self.memory!r}: use 'off', 'Readonly' or 'Auto'."
            )
        if self.memory != "off" and self.assistant_id is None:
            raise ValueError(f"memory={self.memory!r} is an assistant's: pass its assistant_id.")

    def message(
        self, plan: NewThread | NextMessage, prompt: str, tools: list[Json], token: str
    ) -> Json:
        """The body of `POST /threads/messages`.

        Memory is never written by a turn: Backboard would write down speculation too.
        """
        thread_id = plan.thread_id if isinstance(plan, NextMessage) else None
        request = MessageRequest(
            content=plan.content,
            system_prompt=prompt or None,
            thread_id=thread_id,
            assistant_id=self.assistant_id if thread_id is None else None,
            llm_provider=self.llm_provider,
            model_name=self.model,
            memory="off" if self.memory == "off" else "Readonly",
            thinking=self.thinking,
            tools=tools,
            metadata={"turn": token},
        )
        return request.model_dump(exclude_none=True)

    def tool_outputs(self, plan: ToolOutputs, tools: list[Json]) -> Json:
        """The body of `POST …/submit-tool-outputs`."""
        outputs = [
            ToolOutput(tool_call_id=call_id, output=output)
            for call_id, output in plan.outputs.items()
        ]
        request = ToolOutputsRequest(tool_outputs=outputs, tools=tools, thinking=self.thinking)
        return request.model_dump(exclude_none=True)
