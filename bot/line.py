"""All that one call opens: what hears, thinks and speaks on it. Closed when the job ends."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from livekit.agents.utils.aio import cancel_and_wait

from bot import backboard
from bot.caller import Caller, Recollection, assistant_name, remembered_number
from bot.hangup import Hangup
from bot.models import Models
from bot.outcome import EndedBy, Ending, Outcome
from bot.prompts import Prompts
from bot.record import CallRecord
from bot.session import build_session
from bot.silence import Silence
from bot.tools import offered
from bot.transfer import Transfers, refer
from bot.trouble import Trouble
from bot.turns import TurnTaking

if TYPE_CHECKING:
    from livekit.agents import JobContext
    from livekit.agents.llm import Tool

    from bot.call import Call
    from bot.persona import Persona
    from bot.settings import Settings


log = logging.getLogger("hotline.line")


class Line:
    """One call's record, and its way out.

    Args:
        ctx: the job.
        settings: the worker's.
    """

    def __init__(self, ctx: JobContext, settings: Settings) -> None:
        self.settings = settings
        self.record = CallRecord(job_id=ctx.job.id, room=ctx.job.room.name)
        self.hangup = Hangup(ctx, self.record)
        self.opened = contextlib.AsyncExitStack()
        self.learns: Callable[[], Awaitable[None]] | None = None
        """Called when the call is over, for what is to be known before the record is filed."""
        self._ctx = ctx
        ctx.add_shutdown_callback(self._finish)

    def speaks_as(self, persona: Persona, call: Call) -> Voice:
        """Puts the persona on the line."""
        self.record.call, self.record.persona = call, persona.name
        return Voice(self, persona, call, self._ctx)

    def starts(self, work: Coroutine[None, None, None]) -> None:
        """Runs something beside the call, for no longer than it; a fault in it ends the call."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._check)
        self.opened.push_async_callback(cancel_and_wait, task)

    def _check(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a part of the call failed", exc_info=fault)
            self.hangup.end_call(Ending(Outcome.FAILED, EndedBy.BOT, "a fault of ours"))

    async def _finish(self, reason: str) -> None:
        try:
            await self.hangup.on_shutdown(reason)
            if self.learns is not None:
                await self.learns()
        finally:
            self.record.write(self.settings.records_dir)
            await self.opened.aclose()


class Voice:
    """A persona on a line: its models, its session, and what watches over them.

    `caller` is the other party as somebody to be remembered, if the persona remembers such people.
    """

    def __init__(self, line: Line, persona: Persona, call: Call, ctx: JobContext) -> None:
        self._line = line
        self._persona = persona
        self.models = Models.of(line.settings, persona)
        line.opened.push_async_callback(self.models.aclose)
        self.caller = self._remembered(call)
        self.session = build_session(line.settings, self.models, ctx.proc.userdata["vad"])
        line.hangup.speaks_through(self.session)
        line.record.follow(self.session, self.models.conversation)
        self.turns = TurnTaking(self.session)
        Trouble(self.session, persona.phrases, line.hangup)
        self.silence = Silence(self.session, persona.phrases.fillers)
        refers = functools.partial(refer, call.room, call.identity)
        self.transfers = Transfers(persona.transfer, refers, line.record, line.hangup)
        line.opened.push_async_callback(self.transfers.aclose)
        self.prompts = Prompts(self.models.announcer, line.settings.prompts_dir, self.models.sound)
        line.opened.push_async_callback(self.prompts.aclose)

    def tools(self) -> list[Tool]:
        """What the model may do."""
        line = self._line
        return offered(self._persona, line.hangup, self.transfers, line.record)

    def answered(self) -> None:
        """The call is up: its time begins."""
        self._line.record.answered()
        over = Ending(Outcome.TIME_LIMIT, EndedBy.BOT, "max_call_s")
        farewell = self._persona.phrases.time_limit
        end = functools.partial(self._line.hangup.end_call, over, farewell=farewell)
        limits = self._persona.limits
        limit = asyncio.get_running_loop().call_later(limits.max_call_s, end)
        self._line.opened.callback(limit.cancel)

    def recalls(self, recollection: Recollection) -> None:
        """From the next turn on the conversation is the caller's own."""
        self._line.record.recalled_facts = len(recollection.facts)
        if self.models.conversation is not None:
            memory: backboard.Memory = "Readonly" if recollection.facts else "off"
            self.models.conversation.update_options(
                assistant_id=recollection.assistant_id, memory=memory
            )

    def _remembered(self, call: Call) -> Caller | None:
        number, memories = remembered_number(call, self._persona), self.models.memories
        if number is None or memories is None:
            return None
        caller = Caller(memories, assistant_name(self._persona.name, number))
        self._line.opened.push_async_callback(caller.aclose)
        record = self._line.record
        self._line.opened.push_async_callback(lambda: caller.remember(record.transcript()))
        return caller
