"""The plugin in a real AgentSession, against the lab's Backboard: LiveKit makes the contexts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice.run_result import RunResult

from bot.backboard import LLM
from lab.backboard.api import build
from lab.faults import Control, Faults


class Receptionist(Agent):
    """Greets with fixed words, and can end the call."""

    def __init__(self) -> None:
        super().__init__(instructions="You are the receptionist of a dental practice.")

    @function_tool
    async def end_call(self) -> str:
        """Ends the call."""
        return "The call ends."


@pytest.fixture
async def control() -> Control:
    return Control()


@pytest.fixture
async def session(control: Control) -> AsyncIterator[AgentSession[None]]:
    server = TestServer(build(control))
    await server.start_server()
    llm = LLM(api_key="lab-key", base_url=str(server.make_url("/api")))
    session = AgentSession[None](llm=llm)
    await session.start(Receptionist())
    await session.say("Hello, how can I help?")
    yield session
    await session.aclose()
    await llm.aclose()
    await server.close()


def messages(control: Control) -> list[dict[str, Any]]:
    return [entry for entry in control.requests if entry["kind"] == "message"]


async def test_a_whole_call_stays_on_the_thread_of_its_first_turn(
    control: Control, session: AgentSession[None]
) -> None:
    hours: RunResult[Any] = await session.run(user_input="What are your hours?")
    hours.expect.next_event().is_message(role="assistant")
    repeated: RunResult[Any] = await session.run(user_input="What did you say?")
    repeated.expect.next_event().is_message(role="assistant")
    goodbye: RunResult[Any] = await session.run(user_input="Thanks, goodbye.")
    goodbye.expect.contains_function_call(name="end_call")
    posted = messages(control)
    assert [message["content"] for message in posted[1:]] == [
        "What did you say?",
        "Thanks, goodbye.",
    ]
    assert "Receptionist: Hello, how can I help?" in posted[0]["content"]
    assert len({message["thread_id"] for message in posted}) == 1
    submitted = control.requests[-1]
    assert (submitted["kind"], submitted["status"]) == ("tool-outputs", 200)
    assert submitted["tools"] == ["end_call"]


async def test_the_call_goes_on_after_a_fault_with_all_that_was_said(
    control: Control, session: AgentSession[None]
) -> None:
    await session.run(user_input="What are your hours?")
    control.faults = Faults(fault="status", status=500, times=1)
    await session.run(user_input="What did you say?")
    last = messages(control)[-1]
    assert last["thread_id"] != messages(control)[0]["thread_id"]
    history = [item.text_content for item in session.history.messages()]
    assert last["content"].splitlines()[-1] == "Caller: What did you say?"
    assert history[-1] is not None
    assert "open" in history[-1]
