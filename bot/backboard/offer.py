"""The tools offered for one answer, as near to LiveKit's `tool_choice` as Backboard can come.

Backboard has no `tool_choice`. What is not offered cannot be called, so `none` offers nothing and
a named function offers itself alone. Nothing makes a model call a tool, so `required` and a named
function also demand it in the system prompt; tool outputs carry no prompt, so there it is `auto`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from livekit.agents.llm import Tool, ToolChoice, ToolContext

from .models import Json


@dataclass(frozen=True)
class Offer:
    """Schemas in OpenAI's form, and the sentence that asks for their use."""

    schemas: list[Json]
    demand: str = ""

    @classmethod
    def of(cls, tools: list[Tool], choice: ToolChoice) -> Self:
        """The offer that comes nearest to `choice`."""
        if choice == "none":
            return cls([])
        # not strict: each provider behind Backboard reads plain JSON schema
        schemas = ToolContext(tools).parse_function_tools("openai", strict=False)
        if choice == "auto" or not schemas:
            return cls(schemas)
        if choice == "required":
            return cls(schemas, "Answer by using one of your tools.")
        name = choice["function"]["name"]
        wanted = [schema for schema in schemas if schema["function"]["name"] == name]
        return cls(wanted, f"Answer by using the tool {name}." if wanted else "")
