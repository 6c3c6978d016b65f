"""A second mind answers while Backboard fails, and Backboard comes back by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from livekit.agents import Agent, AgentSession, APIConnectOptions, function_tool, inference
from livekit.agents.voice.run_result import RunResult

from bot.models import Models
from bot.persona import Persona
from bot.session import build_session
from bot.settings import Settings
from tests.checks.emulator import emulated
from tests.checks.plugin import Line
from tests.checks.wait import eventually

PERSONA = Persona(name="desk", default=True, greeting="Hello.", instructions="Be kind.")
ANSWER = "We are open Monday to Friday, from nine A M to five P M. Is there anything else?"


class Desk(Agent):
    """Can end the call."""

    ended = False

    def __init__(self) -> None:
        super().__init__(instructions="You are the receptionist of Riverside Dental.")

    @function_tool
    async def end_call(self) -> str:
        """Ends the call."""
        self.ended = True
        return "The call ends."


@pytest.fixture(scope="module")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("openai", tmp_path_factory.mktemp("spare")) as url:
        yield url


@pytest.fixture
async def models(line: Line, spare: str) -> AsyncIterator[Models]:
    settings = Settings.model_validate(
        {
            "LIVEKIT_URL": "ws://127.0.0.1:7880",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef",
            "DEEPGRAM_API_KEY": "key",
            "CARTESIA_API_KEY": "key",
            "BACKBOARD_BASE_URL": line.url,
            "HOTLINE_FALLBACK_MODEL": "small",
            "HOTLINE_FALLBACK_BASE_URL": f"{spare}/v1",
        }
    )
    models = Models.of(settings, PERSONA)
    yield models
    await models.aclose()


@pytest.fixture
async def session(models: Models) -> AsyncIterator[AgentSession[None]]:
    session = AgentSession[None](llm=models.mind)
    await session.start(Desk())
    yield session
    await session.aclose()


async def said(session: AgentSession[None], words: str) -> str:
    result: RunResult[Any] = await session.run(user_input=words)
    assert result.done()
    return session.history.messages()[-1].text_content or ""


@pytest.mark.parametrize("scenario", ["stall-first", "cut-at-once", "billing-error", "status"])
async def test_the_second_mind_answers_and_the_first_one_comes_back(
    line: Line, session: AgentSession[None], spare: str, scenario: str
) -> None:
    async with httpx.AsyncClient(base_url=f"{spare}/_lab") as lab:
        before = len((await lab.get("/requests")).json())
    line.script({"scenario": scenario}, {"say": "Hello from Backboard.", "times": None})
    assert await said(session, "What are your opening hours?") == ANSWER
    async with httpx.AsyncClient(base_url=f"{spare}/_lab") as lab:
        (asked,) = (await lab.get("/requests", params={"since": before})).json()
    assert asked["messages"][-1]["content"] == "What are your opening hours?"
    await eventually(lambda: len(line.posted()) == 2, "Backboard is asked again", within_s=10)
    await eventually(lambda: line.posted()[1]["ended_at"], "and it has answered", within_s=5)
    assert await said(session, "And on Sunday?") == "Hello from Backboard."
    seen = line.posted()[-1]["seen"]["messages"]
    assert ANSWER in seen[-1]["content"]
    assert "Hello from Backboard." not in seen[-1]["content"]


async def test_the_second_mind_uses_tools(line: Line, session: AgentSession[None]) -> None:
    line.script({"scenario": "status", "status": 503, "times": None})
    await said(session, "Thank you, goodbye.")
    desk = session.current_agent
    assert isinstance(desk, Desk)
    assert desk.ended


async def test_two_minds_are_asked_once_each(models: Models) -> None:
    settings = Settings.model_construct(turn_detector="v1-mini")
    session = build_session(settings, models, inference.VAD(model="silero"))
    assert session.conn_options.llm_conn_options == APIConnectOptions(max_retry=0, timeout=5.0)
