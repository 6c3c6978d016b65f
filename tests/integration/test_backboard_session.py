"""The plugin in a real AgentSession: LiveKit makes the contexts and runs the tools."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice.run_result import RunResult

from tests.checks.plugin import Line


class Receptionist(Agent):
    """Greets with fixed words, looks things up, hands over, and can end the call."""

    def __init__(self) -> None:
        super().__init__(instructions="You are the receptionist of a dental practice.")
        self.looked_up: list[str] = []

    @function_tool
    async def look_up(self, day: str) -> str:
        """Looks up the free times of a day."""
        self.looked_up.append(day)
        return f"{day} is free"

    @function_tool
    async def end_call(self) -> str:
        """Ends the call."""
        return "The call ends."

    @function_tool
    async def hand_over(self) -> Agent:
        """Hands the caller over to the accountant."""
        return Agent(instructions="You are the accountant.", chat_ctx=self.chat_ctx)


@pytest.fixture
def receptionist() -> Receptionist:
    return Receptionist()


@pytest.fixture
async def session(line: Line, receptionist: Receptionist) -> AsyncIterator[AgentSession[None]]:
    session = AgentSession[None](llm=line.llm)
    await session.start(receptionist)
    await session.say("Hello, how can I help?")
    yield session
    await session.aclose()


async def said(session: AgentSession[None], words: str) -> RunResult[Any]:
    result: RunResult[Any] = await session.run(user_input=words)
    return result


def last_words(session: AgentSession[None]) -> str:
    return session.history.messages()[-1].text_content or ""


async def test_a_whole_call_stays_on_the_thread_of_its_first_turn(
    line: Line, session: AgentSession[None]
) -> None:
    hours = await said(session, "What are your hours?")
    hours.expect.next_event().is_message(role="assistant")
    repeated = await said(session, "What did you say?")
    repeated.expect.next_event().is_message(role="assistant")
    goodbye = await said(session, "Thanks, goodbye.")
    goodbye.expect.contains_function_call(name="end_call")
    ((first, *others),) = line.threads
    assert others == ["What did you say?", "Thanks, goodbye."]
    assert "Assistant: Hello, how can I help?" in first
    (submitted,) = line.posted("tool-outputs")
    assert submitted["status"] == 200
    assert sorted(submitted["tools"]) == ["end_call", "hand_over", "look_up"]


async def test_the_call_goes_on_after_a_fault_with_all_that_was_said(
    line: Line, session: AgentSession[None]
) -> None:
    await said(session, "What are your hours?")
    line.script({"scenario": "status", "status": 500})
    await said(session, "What did you say?")
    first, *_, last = line.posted()
    assert last["thread_id"] != first["thread_id"]
    assert last["content"].splitlines()[-1] == "User: What did you say?"
    assert "open" in last_words(session)


@pytest.mark.parametrize("arguments", ["{", "", '{"night": "Monday"}', "[]"])
async def test_arguments_that_make_no_sense_are_an_error_for_the_model(
    line: Line, session: AgentSession[None], receptionist: Receptionist, arguments: str
) -> None:
    line.script(
        {"tool_calls": [{"name": "look_up", "arguments": arguments}]}, {"say": "Sorry, again?"}
    )
    await said(session, "Is Monday free?")
    assert receptionist.looked_up == []
    assert last_words(session) == "Sorry, again?"
    (submitted,) = line.posted("tool-outputs")
    assert submitted["tool_outputs"][0]["output"]
    line.script({"say": "Goodbye."})
    await said(session, "Never mind.")
    assert line.threads[-1][-1] == "Never mind."
    assert len(line.threads) == 1


async def test_a_model_that_calls_for_ever_is_stopped_and_heard(
    line: Line, session: AgentSession[None], receptionist: Receptionist
) -> None:
    again = {"tool_calls": [{"name": "look_up", "arguments": {"day": "Monday"}}]}
    line.script(*[again] * 4, {"say": "It is free."})
    await said(session, "Is Monday free?")
    assert len(receptionist.looked_up) == 4
    assert last_words(session) == "It is free."
    assert line.posted("tool-outputs")[-1]["tools"] == []


async def test_the_next_agent_has_its_own_instructions_and_knows_what_was_said(
    line: Line, session: AgentSession[None]
) -> None:
    line.script({"tool_calls": [{"name": "hand_over"}]}, {"say": "The accountant speaking."})
    await said(session, "I have a question about my bill.")
    line.script({"say": "Five dollars."})
    await said(session, "How much is it?")
    seen = line.posted()[-1]["seen"]
    assert seen["system_prompt"] == "You are the accountant."
    assert "question about my bill" in seen["messages"][0]["content"]
    assert last_words(session) == "Five dollars."
