"""The outcome of one attempt to call, with what the network said."""

from __future__ import annotations

from dataclasses import dataclass

from bot.outcome.meaning import Meaning, Party, Retry
from bot.outcome.vocabulary import Outcome


@dataclass(frozen=True)
class Verdict:
    """What became of an attempt to call."""

    outcome: Outcome
    sip_code: int | None = None
    """The SIP status that the carrier answered, when it answered one."""
    reason: str = ""
    """The carrier's or LiveKit's own words. They may name a number: never log them."""

    @property
    def retry(self) -> Retry:
        """When the number may be dialled again."""
        return Meaning.of(self.outcome).retry

    @property
    def whose(self) -> Party:
        """Whose decision or fault it is."""
        return Meaning.of(self.outcome).whose

    @property
    def exit_code(self) -> int:
        """How `bot-admin call` exits."""
        return Meaning.of(self.outcome).exit_code
