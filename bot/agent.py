"""The agent on the line: greets once the call is up, takes turns, offers the persona's tools."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from livekit import rtc
from livekit.agents import Agent, ModelSettings, StopResponse
from livekit.agents.llm import ChatContext, ChatMessage, Tool

from bot.dtmf import note

if TYPE_CHECKING:
    from livekit.agents import AgentSession

    from bot.hangup import Hangup
    from bot.leg import Leg
    from bot.prompts import Prompts
    from bot.silence import Piece, Silence
    from bot.transfer import Transfers

WORD = re.compile(r"\w")


class Beginning(Protocol):
    """How a call begins: what comes before the turns that the model answers."""

    @property
    def conversing(self) -> bool:
        """Whether it is over: the other party and the model talk."""

    def replied(self) -> None:
        """The other party has had a turn that the model answers."""

    async def on_enter(self, session: AgentSession[None]) -> None:
        """The session is up."""


class Greeting:
    """The beginning of a call that came in."""

    conversing = True

    def __init__(self, words: str, leg: Leg) -> None:
        self._words = words
        self._leg = leg

    def replied(self) -> None:
        """Changes nothing."""

    async def on_enter(self, session: AgentSession[None]) -> None:
        """Greets once `sip.callStatus` is active: the gateway discards what is played earlier."""
        if await self._leg.answered():
            session.say(self._words)


class PhoneAgent(Agent):
    """Speaks as one persona on one call.

    Args:
        instructions: the persona's, with what is known of the caller.
        prompts: holds the sentences that are synthesised already.
        silence: keeps the caller from hearing nothing while an answer is late.
        hangup: tells when the call is ending.
        transfers: tells when the caller is being put through.
        tools: what the model may do.
        begins: says what is said first.
    """

    def __init__(
        self,
        instructions: str,
        prompts: Prompts,
        silence: Silence,
        hangup: Hangup,
        transfers: Transfers,
        tools: list[Tool],
        *,
        begins: Beginning,
    ) -> None:
        super().__init__(instructions=instructions, tools=list(tools))
        self._prompts = prompts
        self._silence = silence
        self._hangup = hangup
        self._transfers = transfers
        self._begins = begins

    async def on_enter(self) -> None:
        """Begins the call."""
        await self._begins.on_enter(self.session)

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        """Answers no turn that holds no word, none before there is somebody to talk to, and none
        once they are as good as gone."""
        if not self._answers or not WORD.search(new_message.text_content or ""):
            raise StopResponse
        self._begins.replied()

    @property
    def _answers(self) -> bool:
        over = self._hangup.begun or self._transfers.pending
        return self._begins.conversing and not over

    def keyed(self, keys: str) -> None:
        """Answers an entry on the keypad, at once: pressing a key interrupts the bot."""
        if self._answers:
            self._silence.caller_acted()
            self.session.interrupt()
            self.session.generate_reply(user_input=note(keys))

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[Piece]:
        """Answers, and keeps the line from falling silent meanwhile."""
        if not self._begins.conversing:
            return  # an answer made ahead, to a machine
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
