"""When somebody wants no more calls: written down before the line goes dead, then confirmed once.

47 CFR 64.1200(b)(3) wants an automated way to opt out that records the number at once and then ends
the call; (d)(6) wants it kept for years: the suppression list forgets nothing by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.outcome import EndedBy, Ending, Outcome

if TYPE_CHECKING:
    from livekit.agents import AgentSession, UserInputTranscribedEvent

    from bot.hangup import Hangup
    from bot.record import CallRecord
    from bot.store.ledger import Ledger

WRITTEN_WITHIN_S = 3.0

_CALL = r"(?:call|phone|ring|contact|bother)(?:ing|s)?"
_WHOM = (
    r"(?: (?:me|us|back|here|again|any ?more|ever|any further|please|thanks|thank you|ok(?:ay)?"
    r"|(?:at |on )?(?:this|my) (?:number|house|home|phone|cell|line)))*"
)
_ASKS = re.compile(
    rf"(?:^|[.!?,;] *)(?:(?:please|just|so|and|hey|no|okay|look) )*"
    rf"(?:do not|don't|dont|never|stop|quit)(?: ever)? {_CALL}{_WHOM} *(?:[.!?,]|$)"
    rf"|(?:\bnot|n't) (?:want|wish|like) (?:you|any|anybody|anyone|to be|to get|to receive)\b"
    rf".*\b{_CALL}\b"
    rf"|\b(?:ask|told|tell|said)\w*\b.*\b(?:not to|to stop|stop) {_CALL}"
    r"|\b(?:take|remove|delete) (?:me|us|my (?:name|number)|this number) (?:off|from)\b"
    r"|\b(?:do[- ]not[- ]call|no[- ]call) list\b"
    r"|\bno more (?:phone )?calls\b|\bunsubscribe\b|\bopt (?:me )?out\b",
    re.IGNORECASE,
)
_FOR_NOW = re.compile(
    r"\b(?:before|after|until|till|unless|while|during|today|tonight|tomorrow|now)\b"
    r"|\bat the moment\b",
    re.IGNORECASE,
)
"""They want to be called at another time."""


def asks_to_stop(words: str) -> bool:
    """Whether somebody says, in words that mean nothing else, that they want no more calls.

    What is put otherwise is the model's to understand: it has a tool for it.
    """
    plain = " ".join(words.replace("\u2019", "'").split())
    return bool(_ASKS.search(plain)) and not _FOR_NOW.search(plain)


class OptOut:
    """Lets the other party of one call opt out, once.

    Args:
        number: the other party's, in E.164.
        ledger: writes the suppression list.
        session: what is said is heard there, whoever's turn it is.
        confirmation: said before the call ends.
        hangup: ends the call.
        record: keeps that it was asked for, also when the list could not be written.
        is_machine: whether a machine is on the line, whose words are nobody's wish.
    """

    def __init__(
        self,
        number: str,
        ledger: Ledger,
        session: AgentSession[None],
        confirmation: str,
        hangup: Hangup,
        record: CallRecord,
        *,
        is_machine: Callable[[], bool],
    ) -> None:
        self._number = number
        self._ledger = ledger
        self._session = session
        self._confirmation = confirmation
        self._hangup = hangup
        self._record = record
        self._is_machine = is_machine
        self._writing: asyncio.Task[None] | None = None
        session.on("user_input_transcribed", self._on_words)

    def asked(self, how: str) -> None:
        """The other party wants no more calls; `how` is a word for the list, such as `said so`.

        It counts also when the call is ending: who has said it may have hung up at once.
        """
        if self._writing is None:
            self._record.opted_out = True
            ending = Ending(Outcome.OPTED_OUT, EndedBy.CALLEE, how)
            self._record.ending = ending
            self._writing = asyncio.create_task(self._stop(ending))

    async def aclose(self) -> None:
        """Waits until it is written; tries once more if it is not."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=WRITTEN_WITHIN_S)
            if not self._record.suppressed:
                self._record.suppressed = await self._ledger.suppress(self._number, "asked for it")

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final and not self._is_machine() and asks_to_stop(event.transcript):
            self.asked("said so on the phone")

    async def _stop(self, ending: Ending) -> None:
        with contextlib.suppress(RuntimeError):  # the session has closed already
            self._session.interrupt(force=True)
        self._record.suppressed = await self._ledger.suppress(self._number, ending.detail)
        self._hangup.end_call(ending, farewell=self._confirmation)
