"""What the answers of one conversation cost."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from livekit.agents.llm import CompletionUsage

from .models import Tokens


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens and US dollars, added up as Backboard tells them.

    Backboard tells them at the end of each leg of a run, so an answer with a tool round counts
    twice, and one that was cancelled or failed is billed but not told of.
    """

    legs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    """Of the input, read from the provider's cache."""
    cache_write_input_tokens: int = 0
    """Of the input, written to the provider's cache."""
    cost_usd: float = 0.0

    @classmethod
    def of(cls, told: Tokens) -> Self | None:
        """What one event tells; None when it tells nothing."""
        if told.input_tokens is None and told.output_tokens is None and told.cost_usd is None:
            return None
        return cls(
            legs=1,
            input_tokens=told.input_tokens or 0,
            output_tokens=told.output_tokens or 0,
            cached_input_tokens=told.cached_input_tokens or 0,
            cache_write_input_tokens=told.cache_write_input_tokens or 0,
            cost_usd=told.cost_usd or 0.0,
        )

    def __add__(self, other: Usage) -> Usage:
        names = [field.name for field in fields(self)]
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def as_livekit(self) -> CompletionUsage:
        """The same for LiveKit's metrics, which have no place for money."""
        return CompletionUsage(
            prompt_tokens=self.input_tokens,
            completion_tokens=self.output_tokens,
            prompt_cached_tokens=self.cached_input_tokens,
            cache_read_tokens=self.cached_input_tokens,
            cache_creation_tokens=self.cache_write_input_tokens,
            total_tokens=self.input_tokens + self.output_tokens,
        )
