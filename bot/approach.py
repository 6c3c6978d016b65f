"""How a call that we place begins: who took it decides what is said, and whether anything is.

The bot listens first. A person hears the opening; a machine is met as the persona's errand says,
and whoever comes after it is judged anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from livekit.agents.utils.aio import cancel_and_wait

from bot.outcome import EndedBy, Ending, Outcome
from bot.pickup import Evidence, Judgement, Pickup
from bot.pickup.listening import Listening

if TYPE_CHECKING:
    from livekit import rtc
    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle

    from bot.errand import Errand
    from bot.hangup import Hangup
    from bot.record import CallRecord

UNINTERRUPTED_S = 1.5
"""How long the opening lets nobody cut in: what the callee said before it ends as a turn only now,
and a turn's end stops the bot's speech."""
REVISED_WITHIN_S = 30.0
"""After the answer; a greeting that lasts longer ends in a beep."""
BEEP_WITHIN_S = 30.0
GREETING_OVER_S = 2.5
"""A mailbox that has been silent so long beeps no more."""
SHORTLY_S = (0.8, 6.0)
"""The same where no message is left: only what kind of mailbox it is matters."""
SCREENED_WITHIN_S = 45.0
"""Screening services drop the call after some 30 s."""
MENU_WITHIN_S = 20.0
KEY_AFTER_S = 0.5
"""From the end of a menu's words to the key; some do not listen while they talk."""

GIVES_UP = {
    Pickup.VOICEMAIL: Outcome.VOICEMAIL_HUNG_UP,
    Pickup.MAILBOX_FULL: Outcome.MAILBOX_FULL,
    Pickup.SCREENING: Outcome.SCREENED,
    Pickup.MENU: Outcome.MENU_HUNG_UP,
    Pickup.NOT_IN_SERVICE: Outcome.INVALID_NUMBER,
    Pickup.FAX: Outcome.FAX,
}
"""How a call ends on which nobody but that machine was met."""


class Approach:
    """The beginning of one call that we place.

    Args:
        errand: what is said, its variables filled in.
        session: speaks and hears.
        room: where the phone's participant is.
        identity: the participant's.
        hangup: ends the call.
        record: is told of every judgement.
        tell: is told of it too, for who watches the call.
    """

    def __init__(
        self,
        errand: Errand,
        session: AgentSession[None],
        room: rtc.Room,
        identity: str,
        hangup: Hangup,
        record: CallRecord,
        tell: Callable[[Judgement], Awaitable[None]],
    ) -> None:
        self._errand = errand
        self._session = session
        self._room = room
        self._identity = identity
        self._hangup = hangup
        self._record = record
        self._tell = tell
        self._met: Judgement | None = None
        self._menus = 0
        self.conversing = False
        """Whether the bot is talking with a person, whom the model answers."""

    async def on_enter(self, session: AgentSession[None]) -> None:
        """Says nothing: it begins with the answer."""

    async def run(self) -> None:
        """Begins the conversation, or ends the call; to be started at the answer.

        It goes on listening for a while: a mailbox may sound like a person at first.
        """
        async with Listening(self._session, self._room, self._identity) as listening:
            judged: Judgement | None = await listening.judgement()
            while judged is not None and not self._hangup.begun:
                await self._note(judged)
                judged = await self._meet(judged, listening)

    def left(self, ending: Ending) -> Ending:
        """The end of a call whose phone left: a machine that hangs up ends no conversation."""
        if self._met is None or not self._met.who.is_machine or ending.outcome != Outcome.COMPLETED:
            return ending
        return Ending(GIVES_UP[self._met.who], ending.ended_by, f"the {self._met.who} hung up")

    async def _note(self, judged: Judgement) -> None:
        self._met = judged
        self._record.judgements.append(judged)
        await self._tell(judged)

    async def _meet(self, judged: Judgement, listening: Listening) -> Judgement | None:
        """Does what is to be done with who is there; returns who is there instead, if anybody."""
        match judged.who:
            case Pickup.PERSON:
                return await self._open(listening)
            case Pickup.VOICEMAIL:
                refined = await self._greeted_out(judged, listening)
                if refined is None:
                    await self._leave(listening)
                return refined
            case Pickup.SCREENING:
                await self._say(self._errand.purpose)
                return await self._next(listening, SCREENED_WITHIN_S)
            case Pickup.MENU if self._menus < len(self._errand.menu_keys or ""):
                await listening.quiet(KEY_AFTER_S)
                await self._press((self._errand.menu_keys or "")[self._menus])
                self._menus += 1
                return await self._next(listening, MENU_WITHIN_S)
            case machine:
                self._give_up(machine)
                return None

    async def _open(self, listening: Listening) -> Judgement | None:
        """Says the opening, and watches for a sign that it is no person after all."""
        opening = self._session.say(self._errand.opening, allow_interruptions=False)
        interruptible = asyncio.get_running_loop().call_later(UNINTERRUPTED_S, _let_cut_in, opening)
        self.conversing = True
        try:
            async with asyncio.timeout(REVISED_WITHIN_S - listening.since_answer_s):
                judged = await listening.judgement(other_than=Pickup.PERSON)
        except TimeoutError:
            return None
        finally:
            interruptible.cancel()
        self.conversing = False
        await self._session.interrupt(force=True)
        return judged

    async def _greeted_out(self, judged: Judgement, listening: Listening) -> Judgement | None:
        """Waits for a mailbox's beep, for a silence in its place, or for the limit.

        What says "you have reached" may yet say that it is full: that is returned.
        """
        if judged.evidence is Evidence.BEEP:
            return None
        silence_s, limit_s = (GREETING_OVER_S, BEEP_WITHIN_S) if self._errand.message else SHORTLY_S
        beep = asyncio.ensure_future(listening.beep())
        silence = asyncio.ensure_future(listening.quiet(silence_s))
        other = asyncio.ensure_future(listening.judgement(other_than=judged.who))
        waits = {beep, silence, other}
        try:
            await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            return other.result() if other.done() else None
        finally:
            await cancel_and_wait(*waits)

    async def _leave(self, listening: Listening) -> None:
        """Leaves the message, whole: a beep into it begins it again."""
        if self._errand.message is None:
            self._give_up(Pickup.VOICEMAIL)
            return
        while True:
            speech = self._session.say(self._errand.message, allow_interruptions=False)
            beep = asyncio.ensure_future(listening.beep())
            played = asyncio.ensure_future(speech.wait_for_playout())
            try:
                await asyncio.wait({beep, played}, return_when=asyncio.FIRST_COMPLETED)
                if played.done():
                    break
                speech.interrupt(force=True)
                await played
            finally:
                await cancel_and_wait(beep, played)
        self._hangup.end_call(Ending(Outcome.VOICEMAIL_LEFT, EndedBy.BOT, "message left"))

    async def _say(self, sentence: str) -> None:
        await self._session.say(sentence, allow_interruptions=False).wait_for_playout()

    async def _press(self, key: str) -> None:
        code = {"*": 10, "#": 11}.get(key) or int(key)  # RFC 4733, section 3.2
        await self._room.local_participant.publish_dtmf(code=code, digit=key)

    async def _next(self, listening: Listening, within_s: float) -> Judgement | None:
        """Who comes to the phone after a machine."""
        listening.restart()
        try:
            async with asyncio.timeout(within_s):
                return await listening.judgement()
        except TimeoutError:
            assert self._met is not None
            self._give_up(self._met.who)
            return None

    def _give_up(self, machine: Pickup) -> None:
        self._hangup.end_call(Ending(GIVES_UP[machine], EndedBy.BOT, f"hung up on the {machine}"))


def _let_cut_in(speech: SpeechHandle) -> None:
    if not speech.done():
        speech.allow_interruptions = True
