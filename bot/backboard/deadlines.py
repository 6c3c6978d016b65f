"""How long an answer may take. LiveKit leaves this to the plugin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields

from livekit.agents import APITimeoutError


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """The longest waits for one attempt at an answer, in seconds.

    A keep-alive, a reasoning step or an acknowledgement does not count as progress: only text
    and tool calls do, because only they end the silence at the phone.
    """

    first_token_s: float = 2.5
    """From the request to the first text or tool call."""
    stall_s: float = 2.0
    """From one piece of the answer to the next."""
    total_s: float = 20.0
    """From the request to the end of the answer."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"Deadlines.{field.name} must be more than 0 seconds.")


class Watch:
    """The deadline now in force; the one who waits tells it what arrives."""

    def __init__(self, deadlines: Deadlines, *, first_token_within_s: float) -> None:
        self._now = asyncio.get_running_loop().time
        self._stall_s = deadlines.stall_s
        self._end = self._now() + deadlines.total_s
        first = self._now() + min(deadlines.first_token_s, first_token_within_s)
        self._scope = asyncio.timeout_at(min(first, self._end))
        self._missed = "sent no first token"

    def progress(self) -> None:
        """A piece of the answer arrived: the next one is due."""
        due = self._now() + self._stall_s
        self._missed = "stalled" if due < self._end else "did not finish"
        self._reschedule(min(due, self._end))

    def finished(self) -> None:
        """The answer is whole: nothing is due any more."""
        self._reschedule(None)

    def _reschedule(self, due: float | None) -> None:
        if not self._scope.expired():  # what arrives in the instant of the deadline is too late
            self._scope.reschedule(due)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Cuts the body off at the deadline.

        Raises:
            APITimeoutError: the body was cut off.
        """
        try:
            async with self._scope:
                yield
        except TimeoutError as error:
            raise APITimeoutError(f"Backboard {self._missed} in time.") from error
