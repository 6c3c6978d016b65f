"""When a provider fails: the caller hears a fixed sentence; after a few the call ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from livekit.agents import CloseReason

from bot import backboard
from bot.outcome import EndedBy, Ending, Outcome

if TYPE_CHECKING:
    from livekit.agents import AgentSession, CloseEvent, ErrorEvent, SpeechCreatedEvent
    from livekit.agents.voice import SpeechHandle

    from bot.hangup import Hangup
    from bot.persona import Phrases

log = logging.getLogger("hotline.trouble")

PATIENCE = 2
"""Failed replies in a row after which the bot gives up."""


class Trouble:
    """Speaks for a session whose reply failed, and ends a call that cannot go on.

    A reply is judged when it is over, not at the error event: a speculative reply (preemptive
    generation) may fail before the caller's turn is complete, or may never be used. Trouble with
    hearing is left to LiveKit, which reconnects and in the end closes the session.
    """

    def __init__(self, session: AgentSession[None], phrases: Phrases, hangup: Hangup) -> None:
        self._session = session
        self._phrases = phrases
        self._hangup = hangup
        self._failed_replies = 0
        self._voice_is_lost = False
        session.on("speech_created", self._on_speech)
        session.on("error", self._on_error)
        session.on("close", self._on_close)

    def _on_speech(self, event: SpeechCreatedEvent) -> None:
        if event.source == "generate_reply":
            event.speech_handle.add_done_callback(self._on_reply_done)

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        if getattr(error, "type", "") == "tts_error" and not getattr(error, "recoverable", True):
            self._voice_is_lost = True

    def _on_reply_done(self, reply: SpeechHandle) -> None:
        if self._hangup.begun or reply.interrupted or not reply.scheduled:
            return
        if reply.exception() is None and not self._voice_is_lost:
            self._failed_replies = 0
            return
        self._failed_replies += 1
        lasting = backboard.is_lasting(reply.exception())
        log.warning("a reply failed", extra={"in_a_row": self._failed_replies, "lasting": lasting})
        if self._failed_replies < PATIENCE and not lasting:
            self._voice_is_lost = False
            self._session.say(self._phrases.apology)
            return
        ending = Ending(Outcome.PROVIDER_ERROR, EndedBy.BOT, "a provider failed")
        self._hangup.end_call(ending, farewell=self._phrases.giving_up)

    def _on_close(self, event: CloseEvent) -> None:
        if event.reason is CloseReason.ERROR:
            ending = Ending(Outcome.PROVIDER_ERROR, EndedBy.BOT, "the session failed")
            self._hangup.end_call(ending, now=True)
