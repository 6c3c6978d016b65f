"""What is said, and when, while an answer is late: with a session's states and no audio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    FlushSentinel,
    UserStateChangedEvent,
)
from livekit.agents.llm import ChatChunk, ChoiceDelta, FunctionToolCall

from bot import silence
from bot.silence import Silence

FILLERS = ("One moment.", "Still here.")
WORDS = ChatChunk(id="1", delta=ChoiceDelta(role="assistant", content="We are"))
SOON_S = 0.05


class States(rtc.EventEmitter[str]):
    """The two states that a session tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.agent_state: Any = "listening"
        self.user_state: Any = "listening"

    def agent(self, state: Any) -> None:
        old, self.agent_state = self.agent_state, state
        self.emit("agent_state_changed", AgentStateChangedEvent(old_state=old, new_state=state))

    def user(self, state: Any) -> None:
        old, self.user_state = self.user_state, state
        event = UserStateChangedEvent(old_state=old, new_state=state, created_at=time.time())
        self.emit("user_state_changed", event)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "FILLER_AFTER_S", SOON_S)
    monkeypatch.setattr(silence, "PATIENCE_S", SOON_S / 2)
    monkeypatch.setattr(silence, "FILLER_EVERY_S", 2 * SOON_S)
    monkeypatch.setattr(silence, "FLUSH_AFTER_S", SOON_S)


@pytest.fixture
async def states() -> States:
    return States()


async def answer(*steps: Any) -> AsyncGenerator[Any]:
    """Yields pieces; waits for events; raises errors."""
    for step in steps:
        if isinstance(step, asyncio.Event):
            await step.wait()
        elif isinstance(step, Exception):
            raise step
        else:
            yield step


def watching(states: States) -> Silence:
    return Silence(cast(AgentSession[None], states), FILLERS)


def told(piece: Any) -> str:
    if isinstance(piece, FlushSentinel):
        return "|"
    return piece if isinstance(piece, str) else (piece.delta.content or "(calls)")


async def test_an_answer_in_time_is_left_as_it_is(states: States) -> None:
    watch = watching(states)
    states.agent("thinking")
    assert [told(p) async for p in watch.filled(answer(WORDS, " open."))] == ["We are", " open."]


async def test_each_filler_is_said_once_and_then_no_more(states: States) -> None:
    watch = watching(states)
    late = asyncio.Event()
    states.user("speaking")
    states.user("listening")
    states.agent("thinking")
    pieces = watch.filled(answer(late, WORDS))
    heard = [told(await anext(pieces)) for _ in range(4)]
    assert heard == ["One moment. ", "|", "Still here. ", "|"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(pieces), 6 * SOON_S)
    late.set()


async def test_while_it_is_the_callers_turn_nothing_is_said(states: States) -> None:
    """A speculative answer may take its time: nobody waits for it yet."""
    watch = watching(states)
    late = asyncio.Event()
    pieces = watch.filled(answer(late, WORDS))
    upcoming = asyncio.ensure_future(anext(pieces))
    await asyncio.wait({upcoming}, timeout=4 * SOON_S)
    assert not upcoming.done()
    states.agent("thinking")
    states.user("speaking")
    await asyncio.wait({upcoming}, timeout=4 * SOON_S)
    assert not upcoming.done()
    states.user("listening")
    assert told(await upcoming) == "One moment. "
    await pieces.aclose()


async def test_a_new_turn_begins_with_the_first_filler_again(states: States) -> None:
    watch = watching(states)
    states.agent("thinking")
    for _ in range(2):
        states.user("speaking")
        states.user("listening")
        pieces = watch.filled(answer(asyncio.Event()))
        assert told(await anext(pieces)) == "One moment. "
        await pieces.aclose()


async def test_the_answer_after_a_long_tool_is_not_late_from_the_start(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = watching(states)
    states.agent("thinking")
    await asyncio.sleep(2 * SOON_S)
    monkeypatch.setattr(silence, "PATIENCE_S", 60)
    ready = asyncio.Event()
    pieces = watch.filled(answer(ready, WORDS))
    first = asyncio.ensure_future(anext(pieces))
    await asyncio.wait({first}, timeout=SOON_S)
    ready.set()
    assert told(await first) == "We are"
    await pieces.aclose()


async def test_words_that_stall_are_spoken_as_far_as_they_came(states: States) -> None:
    watch = watching(states)
    more = asyncio.Event()
    pieces = watch.filled(answer(WORDS, more, " open."))
    assert [told(await anext(pieces)) for _ in range(2)] == ["We are", "|"]
    with pytest.raises(TimeoutError):  # once: there is nothing left to be spoken
        await asyncio.wait_for(anext(pieces), 4 * SOON_S)
    more.set()


async def test_a_tool_call_needs_no_flush(states: States) -> None:
    calls = [FunctionToolCall(name="look_up", arguments="{}", call_id="c")]
    call = ChatChunk(id="1", delta=ChoiceDelta(role="assistant", tool_calls=calls))
    more = asyncio.Event()
    pieces = watching(states).filled(answer(call, more))
    assert told(await anext(pieces)) == "(calls)"
    asyncio.get_running_loop().call_later(4 * SOON_S, more.set)
    assert [told(piece) async for piece in pieces] == []


async def test_a_key_press_is_answered_with_the_callers_patience_anew(states: States) -> None:
    watch = watching(states)
    states.agent("thinking")
    for _ in range(2):
        watch.caller_acted()
        pieces = watch.filled(answer(asyncio.Event()))
        assert told(await anext(pieces)) == "One moment. "
        await pieces.aclose()


async def test_a_filler_that_is_due_with_the_first_word_is_left_out(
    states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are ready in one turn of the loop: the answer has begun, so no filler cuts into it."""
    watch = watching(states)
    states.agent("thinking")

    async def due(_: Silence) -> str:
        return FILLERS[0]

    monkeypatch.setattr(Silence, "_filler", due)
    said = [told(piece) async for piece in watch.filled(answer(WORDS, " open."))]
    assert said == ["We are", " open."]


async def test_an_answer_that_fails_fails_here_too(states: States) -> None:
    with pytest.raises(ValueError, match="broken"):
        _ = [piece async for piece in watching(states).filled(answer(ValueError("broken")))]


async def test_an_answer_that_is_left_is_ended(states: States) -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[Any]:
        try:
            yield WORDS
            await asyncio.Event().wait()
        finally:
            ended.set()

    pieces = watching(states).filled(endless())
    await anext(pieces)
    await pieces.aclose()
    assert ended.is_set()
