"""Assistants: the owners of threads and memories."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.backboard.memories import Memories
from lab.backboard.threads import now


@dataclass
class Assistant:
    """One assistant; its prompt and tools serve requests that bring none."""

    name: str
    system_prompt: str = ""
    tools: list[dict[str, Any]] = field(default_factory=list)
    tok_k: int = 10
    custom_fact_extraction_prompt: str | None = None
    custom_update_memory_prompt: str | None = None
    embedding_provider: str = "openai"
    embedding_model_name: str = "text-embedding-3-large"
    embedding_dims: int = 3072
    assistant_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: str = field(default_factory=now)
    memories: Memories = field(default_factory=Memories)

    def row(self) -> dict[str, Any]:
        """The assistant as the API shows it."""
        return {
            "assistant_id": self.assistant_id,
            "name": self.name,
            "description": self.system_prompt,
            "system_prompt": self.system_prompt,
            "tools": self.tools,
            "tok_k": self.tok_k,
            "embedding_provider": self.embedding_provider,
            "embedding_model_name": self.embedding_model_name,
            "embedding_dims": self.embedding_dims,
            "created_at": self.created_at,
        }


class Assistants:
    """Every assistant, oldest first; one is there for threads that name none."""

    def __init__(self) -> None:
        self._default = Assistant("Default")
        self._assistants = {self._default.assistant_id: self._default}

    def __iter__(self) -> Iterator[Assistant]:
        return iter([*self._assistants.values()])

    def get(self, assistant_id: str) -> Assistant | None:
        """The assistant, or None."""
        return self._assistants.get(assistant_id)

    def default(self) -> Assistant:
        """The assistant of threads that name none; made anew when it was deleted."""
        if self._default.assistant_id not in self._assistants:
            self._default = Assistant("Default")
            self.add(self._default)
        return self._default

    def add(self, assistant: Assistant) -> None:
        """Takes in a new assistant."""
        self._assistants[assistant.assistant_id] = assistant

    def delete(self, assistant_id: str) -> None:
        """Removes the assistant with its memories; its threads are not kept here."""
        self._assistants.pop(assistant_id, None)
