"""When a provider fails: the caller hears a fixed sentence; after a few the call ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from livekit.agents import CloseReason

from bot.outcome import EndedBy, Ending, Outcome

if TYPE_CHECKING:
    from livekit.agents import AgentSession, AgentStateChangedEvent, CloseEvent, ErrorEvent

    from bot.hangup import Hangup
    from bot.persona import Phrases

log = logging.getLogger("hotline.trouble")

PATIENCE = 2
"""Failed turns in a row after which the bot gives up."""


class Trouble:
    """Speaks for a session whose model failed, and ends a call that cannot go on."""

    def __init__(self, session: AgentSession[None], phrases: Phrases, hangup: Hangup) -> None:
        self._session = session
        self._phrases = phrases
        self._hangup = hangup
        self._failed_turns = 0
        session.on("error", self._on_error)
        session.on("agent_state_changed", self._on_state)
        session.on("close", self._on_close)

    def _on_error(self, event: ErrorEvent) -> None:
        if getattr(event.error, "recoverable", True) or self._hangup.begun:
            return
        self._failed_turns += 1
        log.warning("a provider failed", extra={"kind": getattr(event.error, "type", "unknown")})
        if self._failed_turns >= PATIENCE:
            ending = Ending(Outcome.FAILED, EndedBy.BOT, "a provider failed")
            self._hangup.end_call(ending, farewell=self._phrases.giving_up)
        else:
            self._session.say(self._phrases.apology, add_to_chat_ctx=False)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if event.old_state == "thinking" and event.new_state == "speaking":
            self._failed_turns = 0

    def _on_close(self, event: CloseEvent) -> None:
        if event.reason is CloseReason.ERROR:
            ending = Ending(Outcome.FAILED, EndedBy.BOT, "the session failed")
            self._hangup.end_call(ending, now=True)
