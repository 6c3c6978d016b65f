"""How a call that we place begins: who took it decides what is said, and whether anything is.

The bot listens first. A person hears the opening; a machine is met as the persona's errand says,
and whoever comes after it is judged anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from livekit.agents.utils.aio import cancel_and_wait

from bot.outcome import EndedBy, Ending, Outcome
from bot.pickup import Evidence, Judgement, Pickup
from bot.pickup.listening import Listening

if TYPE_CHECKING:
    from livekit import rtc
    from livekit.agents import AgentSession, UserInputTranscribedEvent
    from livekit.agents.voice import SpeechHandle

    from bot.errand import Errand
    from bot.hangup import Hangup
    from bot.record import CallRecord
    from bot.turns import TurnTaking

UNINTERRUPTED_S = 1.5
"""How long the opening lets nobody cut in: what the callee said before it ends as a turn only now,
and a turn's end stops the bot's speech."""
PAUSE_S = 0.6
"""Who is silent so long has said what they say."""
HEARD_OUT_WITHIN_S = 10.0
"""The longest greeting or question that is waited for."""
REPLY_S = 1.0
REVISED_WITHIN_S = 30.0
"""A mailbox's greeting that lasts longer is none."""
BEEP_WITHIN_S = 30.0
GREETING_OVER_S = 2.5
"""A mailbox that has been silent so long beeps no more."""
SHORTLY_S = (0.8, 6.0)
"""Silence and limit where no message is left: only what kind of mailbox it is matters."""
SCREENED_WITHIN_S = 45.0
"""Screening services drop the call after some 30 s."""
MENU_WITHIN_S = 20.0

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
        turns: hurries while nobody is talked with.
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
        turns: TurnTaking,
        room: rtc.Room,
        identity: str,
        hangup: Hangup,
        record: CallRecord,
        tell: Callable[[Judgement], None],
    ) -> None:
        self._errand = errand
        self._session = session
        self._turns = turns
        self._room = room
        self._identity = identity
        self._hangup = hangup
        self._record = record
        self._tell = tell
        self._met: Judgement | None = None
        self._menus = 0
        self._opening: SpeechHandle | None = None
        self._with_person = False
        self._replied = asyncio.Event()

    @property
    def conversing(self) -> bool:
        """Whether the bot is talking with a person, whom the model answers."""
        return self._with_person and not self._record.opted_out

    @property
    def met_machine(self) -> bool:
        """Whether a machine is on the line, as it is judged now."""
        return self._met is not None and self._met.who.is_machine

    def replied(self) -> None:
        """The callee has had a turn that the model answers."""
        self._replied.set()

    async def on_enter(self, session: AgentSession[None]) -> None:
        """Says nothing: it begins with the answer."""

    async def run(self) -> None:
        """Begins the conversation, or ends the call; to be started at the answer.

        It goes on listening for a while: a mailbox may sound like a person at first.
        """
        self._turns.hurry(True)
        self._session.on("user_input_transcribed", self._on_words)
        async with Listening(self._session, self._room, self._identity) as listening:
            judged: Judgement | None = await listening.judgement()
            while judged is not None and not self._is_over:
                self._note(judged)
                judged = await self._meet(judged, listening)

    def left(self, ending: Ending) -> Ending:
        """The end of a call whose phone left: a machine that hangs up ends no conversation."""
        if self._met is None or not self.met_machine or ending.outcome != Outcome.COMPLETED:
            return ending
        return Ending(GIVES_UP[self._met.who], ending.ended_by, f"the {self._met.who} hung up")

    @property
    def _is_over(self) -> bool:
        return self._hangup.begun or self._record.opted_out

    def _note(self, judged: Judgement) -> None:
        self._met = judged
        self._record.judgements.append(judged)
        self._tell(judged)

    async def _meet(self, judged: Judgement, listening: Listening) -> Judgement | None:
        """Does what is to be done with who is there; returns who is there instead, if anybody."""
        match judged.who:
            case Pickup.PERSON:
                return await self._open(judged, listening)
            case Pickup.VOICEMAIL:
                refined = await self._greeted_out(judged, listening)
                if refined is None:
                    await self._leave(listening)
                return refined
            case Pickup.SCREENING:
                await _first(listening.quiet(PAUSE_S), within_s=HEARD_OUT_WITHIN_S)
                speech = self._session.say(self._errand.purpose, allow_interruptions=False)
                await speech.wait_for_playout()
                return await self._next(judged, listening, SCREENED_WITHIN_S)
            case Pickup.MENU if self._menus < len(self._errand.menu_keys or ""):
                await _first(listening.quiet(PAUSE_S), within_s=HEARD_OUT_WITHIN_S)
                await self._press((self._errand.menu_keys or "")[self._menus])
                self._menus += 1
                return await self._next(judged, listening, MENU_WITHIN_S)
            case machine:
                self._give_up(machine)
                return None

    async def _open(self, judged: Judgement, listening: Listening) -> Judgement | None:
        """Says the opening, and watches for a sign that it is no person after all.

        Words are one until there was time to reply, for people speak of mailboxes too; a beep is
        one for longer.
        """
        if judged.evidence is Evidence.DEADLINE:  # whoever greets at length is heard out
            machine = listening.judgement(other_than=Pickup.PERSON)
            over = listening.quiet(PAUSE_S)
            if found := await _first(machine, over, within_s=HEARD_OUT_WITHIN_S):
                return found
        self._opening = self._session.say(self._errand.opening, allow_interruptions=False)
        self._with_person = True
        machine = listening.judgement(other_than=Pickup.PERSON)
        found = await _first(machine, self._opened(self._opening, listening))
        if found is None:  # tapes do not converse
            beep, turn = listening.beep(), self._replied.wait()
            found = await _first(beep, turn, within_s=REVISED_WITHIN_S)
        if found is None or self._is_over:
            return None
        self._with_person = False
        self._turns.hurry(True)
        await self._session.interrupt(force=True)
        return found

    async def _opened(self, opening: SpeechHandle, listening: Listening) -> None:
        """Waits until the opening was said and whatever the callee said meanwhile is over."""
        await _first(opening.wait_for_playout(), within_s=UNINTERRUPTED_S)
        opening.allow_interruptions = True
        self._turns.hurry(False)
        await opening.wait_for_playout()
        await listening.quiet(REPLY_S)

    async def _greeted_out(self, judged: Judgement, listening: Listening) -> Judgement | None:
        """Waits for a mailbox's beep, for a silence in its place, or for the limit.

        What says "you have reached" may yet say that it is full: that is returned.
        """
        if judged.evidence is Evidence.BEEP:
            return None
        silence_s, limit_s = (GREETING_OVER_S, BEEP_WITHIN_S) if self._errand.message else SHORTLY_S
        found = await _first(
            listening.beep(),
            listening.quiet(silence_s),
            listening.judgement(other_than=judged.who),
            within_s=limit_s,
        )
        return found if found is not None and found.who is not judged.who else None

    async def _leave(self, listening: Listening) -> None:
        """Leaves the message, whole: a beep into it begins it again."""
        if self._errand.message is None:
            self._give_up(Pickup.VOICEMAIL)
            return
        while True:
            speech = self._session.say(self._errand.message, allow_interruptions=False)
            if await _first(listening.beep(), speech.wait_for_playout()) is None:
                break
            if self._is_over:
                return
            speech.interrupt(force=True)
            await speech.wait_for_playout()
        if not speech.interrupted:
            self._hangup.end_call(Ending(Outcome.VOICEMAIL_LEFT, EndedBy.BOT, "message left"))

    async def _press(self, key: str) -> None:
        code = {"*": 10, "#": 11}.get(key) or int(key)  # RFC 4733, section 3.2
        await self._room.local_participant.publish_dtmf(code=code, digit=key)

    async def _next(
        self, judged: Judgement, listening: Listening, within_s: float
    ) -> Judgement | None:
        """Who comes to the phone after a machine."""
        listening.restart()
        found = await _first(listening.judgement(), within_s=within_s)
        if found is None:
            self._give_up(judged.who)
        return found

    def _give_up(self, machine: Pickup) -> None:
        self._hangup.end_call(Ending(GIVES_UP[machine], EndedBy.BOT, f"hung up on the {machine}"))

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        """Records what the model never hears of."""
        heard_out = self._opening is not None and not self._opening.allow_interruptions
        if event.is_final and (heard_out or not self.conversing):
            self._record.heard(event.transcript)


async def _first(
    *waits: Coroutine[Any, Any, Judgement | None] | Coroutine[Any, Any, object],
    within_s: float | None = None,
) -> Judgement | None:
    """Waits for the first of them, and ends the others; returns a judgement if it is one."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_and_wait(*tasks)
    results = [task.result() for task in tasks if task in done]
    return next((result for result in results if isinstance(result, Judgement)), None)
