"""The agent on the line: greets once the call is up, takes turns, offers the persona's tools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livekit.agents import Agent, StopResponse
from livekit.agents.llm import ChatContext, ChatMessage, Tool

from bot.dtmf import note

if TYPE_CHECKING:
    from bot.greeting import Greeting
    from bot.hangup import Hangup
    from bot.leg import Leg
    from bot.persona import Persona

WORD = re.compile(r"\w")


class PhoneAgent(Agent):
    """Speaks as one persona on one call."""

    def __init__(
        self, persona: Persona, greeting: Greeting, leg: Leg, hangup: Hangup, tools: list[Tool]
    ) -> None:
        super().__init__(instructions=persona.instructions, tools=list(tools))
        self._greeting = greeting
        self._leg = leg
        self._hangup = hangup

    async def on_enter(self) -> None:
        """Greets once `sip.callStatus` is active: the gateway discards what is played earlier."""
        if not await self._leg.answered():
            return
        if await self._greeting.failed():
            self.session.say(self._greeting.text)
        else:
            self.session.say(self._greeting.text, audio=self._greeting.audio())

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        """Answers no turn that holds no word, and none once the call is ending."""
        if self._hangup.begun or not WORD.search(new_message.text_content or ""):
            raise StopResponse

    def keyed(self, keys: str) -> None:
        """Answers an entry on the keypad, at once: pressing a key interrupts the bot."""
        if not self._hangup.begun:
            self.session.interrupt()
            self.session.generate_reply(user_input=note(keys))
