"""How long an answer may take. LiveKit leaves this to the plugin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
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
    stall_s: float = 3.0
    """From one piece of the answer to the next."""
    total_s: float = 20.0
    """From the request to the end of the answer."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"Deadlines.{field.name} must be more than 0 seconds.")


@asynccontextmanager
async def enforced(
    deadlines: Deadlines, *, first_token_within_s: float
) -> AsyncIterator[Callable[[], None]]:
    """Holds the body to the deadlines; the body calls what it is given at each sign of progress.

    Args:
        first_token_within_s: may shorten the first deadline, never lengthen it.

    Raises:
        APITimeoutError: the body was cut off.
    """
    now = asyncio.get_running_loop().time
    end = now() + deadlines.total_s
    first = now() + min(deadlines.first_token_s, first_token_within_s)
    missed = "sent no first token"
    try:
        async with asyncio.timeout_at(min(first, end)) as scope:

            def progress() -> None:
                nonlocal missed
                next_due = now() + deadlines.stall_s
                missed = "stalled" if next_due < end else "did not finish"
                scope.reschedule(min(next_due, end))

            yield progress
    except TimeoutError as error:
        raise APITimeoutError(f"Backboard {missed} in time.") from error
