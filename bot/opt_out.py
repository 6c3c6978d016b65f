"""When somebody wants no more calls: written down before the line goes dead, then confirmed once.

47 CFR 64.1200(b)(3) wants an automated way to opt out that records the number at once and then ends
the call; (d)(6) wants it kept for years: the suppression list forgets nothing by itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.outcome import EndedBy, Ending, Outcome

if TYPE_CHECKING:
    from livekit.agents import AgentSession, UserInputTranscribedEvent

    from bot.hangup import Hangup
    from bot.record import CallRecord
    from bot.store.ledger import Ledger

_NEVER = r"(?:do not|don't|dont|never|stop|quit|no more)"
_ASKS = re.compile(
    rf"\b{_NEVER}\s+(?:ever\s+)?(?:call(?:ing|s)?|phon(?:e|ing)|ring(?:ing)?|contact(?:ing)?)"
    r"(?:\s+(?:me|us|here|this number|my (?:number|house|phone)))?\s*"
    r"(?:again|any ?more|ever|please|thanks?|thank you|now|ok(?:ay)?|[.,!?]|$)"
    r"|\b(?:take|remove|delete)\s+(?:me|us|my (?:name|number)|this number)\s+(?:off|from)\b"
    r"|\b(?:do[- ]not[- ]call|no[- ]call)\s+list\b"
    r"|\bunsubscribe\b|\bopt (?:me )?out\b",
    re.IGNORECASE,
)
_BESIDES = re.compile(
    r"\b(?:don't|do not|never)\s+call\s+(?:it|that|him|her|them)\b", re.IGNORECASE
)


def asks_to_stop(words: str) -> bool:
    """Whether somebody says, in words that mean nothing else, that they want no more calls."""
    return bool(_ASKS.search(words.replace("\u2019", "'"))) and not _BESIDES.search(words)


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
        """The other party wants no more calls; `how` is a word for the list, such as `said so`."""
        if self._writing is None and not self._hangup.begun:
            self._record.opted_out = True
            self._writing = asyncio.create_task(self._stop(how))

    def _on_words(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final and not self._is_machine() and asks_to_stop(event.transcript):
            self.asked("said so on the phone")

    async def _stop(self, how: str) -> None:
        self._session.interrupt(force=True)
        await self._ledger.suppress(self._number, how)  # else it is read from the record
        ending = Ending(Outcome.OPTED_OUT, EndedBy.CALLEE, how)
        self._hangup.end_call(ending, farewell=self._confirmation)
