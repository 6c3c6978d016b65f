"""What an assistant remembers over all its threads, and the background work that fills it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.backboard.facts import Fact
from lab.backboard.mind.acquaintance import name_told
from lab.backboard.threads import now

Change = Literal["ADD", "UPDATE", "NONE"]

_LIMIT = 5


@dataclass
class Memory:
    """One remembered sentence."""

    content: str
    metadata: dict[str, Any] = field(default_factory=dict)
    memory_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)

    def row(self, score: float | None = None) -> dict[str, Any]:
        """The memory as the API shows it; with its score, as a search does."""
        return {
            "id": self.memory_id,
            "content": self.content,
            "score": score,
            "metadata": self.metadata,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }

    def retrieved(self, score: float) -> dict[str, Any]:
        """The memory as a run's events show it."""
        return {"id": self.memory_id, "memory": self.content, "score": score}


class Memories:
    """The memory of one assistant, oldest first."""

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}

    def __iter__(self) -> Iterator[Memory]:
        return iter([*self._memories.values()])

    def __len__(self) -> int:
        return len(self._memories)

    def get(self, memory_id: str) -> Memory | None:
        """The memory, or None."""
        return self._memories.get(memory_id)

    def add(self, content: str, metadata: dict[str, Any] | None = None) -> Memory:
        """Remembers a sentence."""
        memory = Memory(content, metadata or {})
        self._memories[memory.memory_id] = memory
        return memory

    def update(self, memory: Memory, content: str) -> None:
        """Puts a sentence in the place of another."""
        memory.content, memory.updated_at = content, now()

    def delete(self, memory_id: str) -> None:
        """Forgets one."""
        self._memories.pop(memory_id, None)

    def clear(self) -> None:
        """Forgets all."""
        self._memories.clear()

    def search(self, query: str, limit: int = _LIMIT) -> list[tuple[Memory, float]]:
        """The memories nearest to the query with their scores, the nearest first."""
        scored = [(memory, _score(query, memory.content)) for memory in self]
        return sorted(scored, key=lambda pair: -pair[1])[:limit]

    def learn(self, fact: Fact) -> dict[str, Any]:
        """Takes a fact up; a caller has one name, and nothing is remembered twice."""
        known = self._known(fact)
        change: Change = "ADD"
        if known is None:
            known = self.add(fact.text)
        elif known.content == fact.text or (fact.name and name_told([known.content]) == fact.name):
            change = "NONE"
        else:
            change = "UPDATE"
            self.update(known, fact.text)
        return {"id": known.memory_id, "event": change, "memory": known.content}

    def copy(self) -> Memories:
        """The same sentences, for another assistant."""
        copied = Memories()
        for memory in self:
            copied.add(memory.content, dict(memory.metadata))
        return copied

    def _known(self, fact: Fact) -> Memory | None:
        if fact.name:
            return next((memory for memory in self if name_told([memory.content])), None)
        return next((memory for memory in self if memory.content == fact.text), None)


@dataclass
class Operation:
    """A write to a memory that is under way or done."""

    status: Literal["IN_PROGRESS", "COMPLETED"] = "IN_PROGRESS"
    changes: list[dict[str, Any]] = field(default_factory=list)
    operation_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def complete(self, memories: Memories, found: Sequence[Fact]) -> None:
        """Writes what was found."""
        self.changes = [memories.learn(fact) for fact in found]
        self.status = "COMPLETED"

    def row(self) -> dict[str, Any]:
        """The operation as the API shows it."""
        return {
            "operation_id": self.operation_id,
            "status": self.status,
            "memory_ids": self.changes,
        }


def _score(query: str, content: str) -> float:
    asked, told = (set(re.findall(r"\w+", text.casefold())) for text in (query, content))
    return round(0.5 + len(asked & told) / (2 * len(asked | told) or 1), 3)
