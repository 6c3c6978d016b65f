"""The agent on the line: greets once the call is up, takes turns, offers the persona's tools."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from livekit import rtc
from livekit.agents import Agent, ModelSettings, StopResponse
from livekit.agents.llm import ChatContext, ChatMessage, Tool

from bot.dtmf import note

if TYPE_CHECKING:
    from bot.hangup import Hangup
    from bot.leg import Leg
    from bot.prompts import Prompts
    from bot.silence import Piece, Silence
    from bot.transfer import Transfers

WORD = re.compile(r"\w")


class PhoneAgent(Agent):
    """Speaks as one persona on one call.

    Args:
        instructions: the persona's, with what is known of the caller.
        greeting: said once the call is up.
        prompts: holds the sentences that are synthesised already.
        silence: keeps the caller from hearing nothing while an answer is late.
        leg: tells when the call is up.
        hangup: tells when it is ending.
        transfers: tells when the caller is being put through.
        tools: what the model may do.
    """

    def __init__(
        self,
        instructions: str,
        greeting: str,
        prompts: Prompts,
        silence: Silence,
        leg: Leg,
        hangup: Hangup,
        transfers: Transfers,
        tools: list[Tool],
    ) -> None:
        super().__init__(instructions=instructions, tools=list(tools))
        self._greeting = greeting
        self._prompts = prompts
        self._silence = silence
        self._leg = leg
        self._hangup = hangup
        self._transfers = transfers

    async def on_enter(self) -> None:
        """Greets once `sip.callStatus` is active: the gateway discards what is played earlier."""
        if await self._leg.answered():
            self.session.say(self._greeting)

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        """Answers no turn that holds no word, and none once the caller is as good as gone."""
        if self._is_over or not WORD.search(new_message.text_content or ""):
            raise StopResponse

    def keyed(self, keys: str) -> None:
        """Answers an entry on the keypad, at once: pressing a key interrupts the bot."""
        if not self._is_over:
            self._silence.caller_acted()
            self.session.interrupt()
            self.session.generate_reply(user_input=note(keys))

    @property
    def _is_over(self) -> bool:
        return self._hangup.begun or self._transfers.pending

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[Piece]:
        """Answers, and keeps the line from falling silent meanwhile."""
        answer = Agent.default.llm_node(self, chat_ctx, tools, model_settings)
        async with aclosing(self._silence.filled(answer)) as pieces:
            async for piece in pieces:
                yield piece

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame]:
        """Speaks; a sentence that is synthesised already is played."""
        words = aiter(text)
        said = ""
        async for piece in words:
            said += piece
            if not self._prompts.begins(said):
                break
        else:
            if prompt := await self._prompts.get(said):
                async for frame in prompt.audio():
                    yield frame
                return
        voiced = Agent.default.tts_node(self, _resumed(said, words), model_settings)
        async with aclosing(voiced) as frames:
            async for frame in frames:
                yield frame


async def _resumed(said: str, words: AsyncIterator[str]) -> AsyncGenerator[str]:
    if said:
        yield said
    async for piece in words:
        yield piece
