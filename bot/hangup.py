"""The only way out of a call: last word heard, leg hung up, room gone, job ended."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp
from livekit import api

from bot.outcome import Ending, job_ended

if TYPE_CHECKING:
    from livekit.agents import AgentSession, JobContext

    from bot.record import CallRecord

log = logging.getLogger("hotline.hangup")

PLAYOUT_LIMIT_S = 20.0
"""The longest farewell that is waited for."""
TAIL_S = 0.7
"""From our queue running empty to the phone hearing it: SFU, the gateway's mixer and its RTP are
behind the queue, and deleting the room cuts them off (livekit/livekit#4737)."""
DELETE_WITHIN_S = 3.0
DELETE_AGAIN_AFTER_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
SHUTDOWN_S = 8.0
"""A worker that ends gives its jobs 10 s before it kills them."""


class Hangup:
    """Ends one call, once, whoever asks first."""

    def __init__(self, ctx: JobContext, record: CallRecord) -> None:
        self._ctx = ctx
        self._record = record
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
            now: nobody can hear the bot any more: say nothing and wait for nothing.
        """
        if self._task is not None:
            return
        self._record.ends(ending)
        log.info("ending the call", extra={"outcome": ending.outcome, "by": ending.ended_by})
        self._task = asyncio.create_task(self._end(ending, farewell, now))

    async def on_shutdown(self, reason: str) -> None:
        """Completes the end of a call whose job ends, also when it is ended from outside."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=SHUTDOWN_S)
            return
        self._record.ends(job_ended(reason))
        try:
            async with asyncio.timeout(SHUTDOWN_S):
                await self._delete_room()
        except TimeoutError:
            log.error("the room is still there: the caller's leg may stay up")

    async def _end(self, ending: Ending, farewell: str | None, now: bool) -> None:
        try:
            if not now:
                await self._last_words(farewell)
            await self._delete_room()
        finally:
            self._ctx.shutdown(reason=ending.outcome)

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
                    # A speech that is done stays the current one for a few turns of the loop.
                    await asyncio.sleep(0.01)
        except (TimeoutError, RuntimeError):  # RuntimeError: the session has closed already
            log.warning("the last words were cut short")
        await asyncio.sleep(TAIL_S)

    async def _delete_room(self) -> None:
        """The room's end is the phone's BYE: livekit-sip never hangs up because an agent left."""
        for again_after_s in DELETE_AGAIN_AFTER_S:
            if await self._room_is_gone():
                self._record.ended()
                return
            await asyncio.sleep(again_after_s)
        log.error("the room is still there: the caller's leg may stay up")

    async def _room_is_gone(self) -> bool:
        request = api.DeleteRoomRequest(room=self._ctx.room.name)
        try:
            async with asyncio.timeout(DELETE_WITHIN_S):
                await self._ctx.api.room.delete_room(request)
        except api.ServerError as error:
            if error.code == "not_found":
                return True
            log.warning("could not delete the room", extra={"code": error.code})
            return False
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("could not delete the room", extra={"kind": type(error).__name__})
            return False
        return True
