"""The bot's own silence: what a caller hears while an answer is late.

Silence on a phone is taken for a dead line after about 4 s. LiveKit speaks an answer sentence by
sentence and says nothing before the first is whole. So an answer that is late is preceded by a
filler, and one that stalls within a sentence is spoken as far as it has come.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from livekit.agents import FlushSentinel
from livekit.agents.llm import ChatChunk
from livekit.agents.utils.aio import cancel_and_wait

if TYPE_CHECKING:
    from livekit.agents import AgentSession, AgentStateChangedEvent, UserStateChangedEvent

FILLER_AFTER_S = 1.8
"""From the last sound of either side to the filler."""
PATIENCE_S = 0.5
"""From the moment the bot took its turn, however long it waited to take it."""
FILLER_EVERY_S = 4.0
"""From one filler to the next, in which the first one is spoken."""
FLUSH_AFTER_S = 1.0
"""Without a new word; a model that is well sends one every 0.05 s."""

Piece = ChatChunk | str | FlushSentinel


class Silence:
    """Watches a session for silence that is the bot's to end.

    Args:
        session: to be watched from its start on.
        fillers: said one after the other while one turn's answer is awaited.
    """

    def __init__(self, session: AgentSession[None], fillers: Sequence[str]) -> None:
        self._session = session
        self._fillers = fillers
        self._said = 0
        self._now = asyncio.get_running_loop().time
        self._due = self._now()
        self._changed = asyncio.Event()
        session.on("agent_state_changed", self._on_agent)
        session.on("user_state_changed", self._on_user)

    async def filled(self, answer: AsyncGenerator[Piece]) -> AsyncGenerator[Piece]:
        """The answer, with fillers before it and flushes in it where nothing would be heard.

        An answer that is made ahead, while it is still the caller's turn, gets no filler before
        the bot has taken its own. The answer is closed with this generator.
        """
        self._due = max(self._due, self._now() + PATIENCE_S)  # a tool may have taken long
        upcoming = asyncio.ensure_future(_next(answer))
        filler = asyncio.ensure_future(self._filler())
        begun = False
        unspoken = False  # words were given that the voice may be holding back
        try:
            while True:
                await asyncio.wait(
                    {upcoming} if begun else {upcoming, filler},
                    timeout=FLUSH_AFTER_S if unspoken else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if upcoming.done():
                    if (piece := upcoming.result()) is None:
                        return
                    begun = True
                    await cancel_and_wait(filler)
                    unspoken = unspoken or _speaks(piece)
                    yield piece
                    upcoming = asyncio.ensure_future(_next(answer))
                elif not begun and filler.done():
                    yield f"{filler.result()} "
                    yield FlushSentinel()
                    filler = asyncio.ensure_future(self._filler())
                else:
                    unspoken = False
                    yield FlushSentinel()
        finally:
            await cancel_and_wait(upcoming, filler)
            await answer.aclose()

    def caller_acted(self) -> None:
        """The caller did something that is no sound, such as pressing a key."""
        self._said = 0
        self._heard_until(self._now())
        self._wake()

    async def _filler(self) -> str:
        """Waits until a filler is due; for ever when none is left."""
        while True:
            changed = self._changed
            ours = self._session.agent_state in ("thinking", "speaking")
            waiting = ours and self._session.user_state != "speaking"
            left = self._fillers[self._said :]
            try:
                async with asyncio.timeout_at(self._due if waiting and left else None):
                    await changed.wait()
            except TimeoutError:
                self._said += 1
                self._due = self._now() + FILLER_EVERY_S
                return left[0]

    def _on_agent(self, event: AgentStateChangedEvent) -> None:
        if event.old_state == "speaking":
            self._heard_until(self._now())
        if event.new_state == "thinking":
            self._due = max(self._due, self._now() + PATIENCE_S)
        self._wake()

    def _on_user(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._said = 0
        elif event.old_state == "speaking":
            # told late: a silence has to last before it is one
            self._heard_until(self._now() - (time.time() - event.created_at))
        self._wake()

    def _heard_until(self, last_sound: float) -> None:
        self._due = last_sound + FILLER_AFTER_S

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


async def _next(answer: AsyncGenerator[Piece]) -> Piece | None:
    return await anext(answer, None)


def _speaks(piece: Piece) -> bool:
    return bool(piece.delta and piece.delta.content if isinstance(piece, ChatChunk) else piece)
