"""The only way out of a call: last word heard, leg hung up, room gone, job ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from livekit import api

from bot.outcome import EndedBy, Ending, Outcome

if TYPE_CHECKING:
    from livekit.agents import AgentSession, JobContext

log = logging.getLogger("hotline.hangup")

PLAYOUT_LIMIT_S = 20.0
"""The longest farewell that is waited for."""
TAIL_S = 0.7
"""From our queue running empty to the phone hearing it: SFU, the gateway's mixer and its RTP are
behind the queue, and deleting the room cuts them off (livekit/livekit#4737)."""
DELETE_ATTEMPTS = 3
DELETE_RETRY_S = 0.5


class Hangup:
    """Ends one call, once, whoever asks first."""

    def __init__(self, ctx: JobContext, on_ending: Callable[[Ending], None]) -> None:
        self._ctx = ctx
        self._on_ending = on_ending
        self._session: AgentSession[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether the call is ending."""
        return self._task is not None

    def speaks_through(self, session: AgentSession[None]) -> None:
        """The session whose last words are to be heard before the line goes dead."""
        self._session = session

    def end_call(self, ending: Ending, *, farewell: str | None = None, now: bool = False) -> None:
        """Begins the end of the call; later requests change nothing.

        Args:
            ending: what goes into the record.
            farewell: a sentence to say first.
            now: nobody is listening any more: say nothing and wait for nothing.
        """
        if self._task is not None:
            return
        self._on_ending(ending)
        log.info("ending the call", extra={"outcome": ending.outcome, "by": ending.ended_by})
        self._task = asyncio.create_task(self._end(ending, farewell, now))

    async def _end(self, ending: Ending, farewell: str | None, now: bool) -> None:
        try:
            if not now:
                await self._last_words(farewell)
        finally:
            await self._delete_room()
            self._ctx.shutdown(reason=ending.outcome)

    async def on_shutdown(self, reason: str) -> None:
        """Completes the end of a call whose job was ended from outside, such as by its worker."""
        if self._task is None:
            crashed = reason == "job crashed"
            outcome = Outcome.FAILED if crashed else Outcome.STOPPED
            self._on_ending(Ending(outcome, EndedBy.OPERATOR, reason))
            await self._delete_room()

    async def _last_words(self, farewell: str | None) -> None:
        session = self._session
        if session is None:
            return
        try:
            async with asyncio.timeout(PLAYOUT_LIMIT_S):
                if farewell is not None:
                    await session.say(farewell, allow_interruptions=False).wait_for_playout()
                while (speech := session.current_speech) is not None:
                    await speech.wait_for_playout()
        except TimeoutError:
            log.warning("the farewell did not end in time")
        await asyncio.sleep(TAIL_S)

    async def _delete_room(self) -> None:
        """The room's end is the phone's BYE: livekit-sip never hangs up because an agent left."""
        request = api.DeleteRoomRequest(room=self._ctx.room.name)
        for attempt in range(1, DELETE_ATTEMPTS + 1):
            try:
                await self._ctx.api.room.delete_room(request)
                return
            except api.ServerError as error:
                if error.code == "not_found":
                    return
                log.warning("could not delete the room", extra={"attempt": attempt})
            except (TimeoutError, OSError):
                log.warning("could not delete the room", extra={"attempt": attempt})
            await asyncio.sleep(DELETE_RETRY_S * attempt)
        log.error("the room is still there: the caller's leg may stay up")
