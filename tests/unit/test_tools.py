"""What the model may do on a call."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit.agents.llm import ChatMessage, FunctionCallOutput, Tool, ToolContext

from bot import tools
from bot.hangup import Hangup
from bot.outcome import EndedBy, Ending, Outcome, Transferred
from bot.persona import Persona
from bot.record import CallRecord
from bot.tools import UNDER_WAY, offered
from bot.transfer import Transfers

PERSONA = Persona(name="desk", default=True, greeting="Hello.", instructions="Be kind.")
GOODBYE = ChatMessage(role="assistant", content=["Goodbye."])
SWITCHBOARD = Persona.model_validate(
    {
        "name": "desk",
        "greeting": "Hello.",
        "instructions": "Be kind.",
        "tools": ["transfer_call", "end_call"],
        "transfer": {"front-desk": {"to": "+12025550130", "description": "the practice"}},
    }
)
CUT_OFF = ChatMessage(role="assistant", content=["Good"], interrupted=True)
OUTPUT = FunctionCallOutput(call_id="c", name="take_message", output="saved", is_error=False)


class Switch:
    """Puts nobody through: every transfer has one result."""

    def __init__(self, result: Transferred | None = None, *, pending: bool = False) -> None:
        self.result = result
        self.pending = pending
        self.asked: list[str] = []

    async def put_through(self, name: str, announce: Any) -> Transferred | None:
        await announce()
        self.asked.append(name)
        return self.result


class Session:
    """Keeps what was said and done, in order."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.input = SimpleNamespace(set_audio_enabled=self.done.append)

    def say(self, text: str, *, allow_interruptions: bool) -> Any:
        assert not allow_interruptions
        self.done.append(text)
        return _nothing()

    def context(self) -> Any:
        return SimpleNamespace(
            session=self,
            wait_for_playout=_nothing,
            disallow_interruptions=lambda: self.done.append("held"),
            speech_handle=SimpleNamespace(chat_items=[]),
        )


class Line:
    """Keeps what the call was ended with."""

    ended: tuple[Ending, str | None] | None = None

    @property
    def begun(self) -> bool:
        return self.ended is not None

    def end_call(self, ending: Ending, *, farewell: str | None = None) -> None:
        self.ended = (ending, farewell)


async def _nothing() -> None:
    """The speech is over."""


def _tools(persona: Persona, line: Line, switch: Switch) -> list[Tool]:
    record = CallRecord(job_id="j", room="r")
    return offered(persona, cast(Hangup, line), cast(Transfers, switch), record)


@pytest.mark.parametrize(
    ("said", "farewell"),
    [
        ([GOODBYE], None),
        ([OUTPUT, GOODBYE], None),
        ([CUT_OFF], PERSONA.phrases.farewell),
        ([GOODBYE, OUTPUT], PERSONA.phrases.farewell),
        ([], PERSONA.phrases.farewell),
    ],
    ids=["said", "said-after-a-tool", "cut-off", "said-before-a-tool", "silent"],
)
async def test_nobody_is_hung_up_on_without_a_whole_goodbye(
    said: list[Any], farewell: str | None
) -> None:
    line = Line()
    (end_call,) = _tools(PERSONA, line, Switch())
    speech = SimpleNamespace(chat_items=said)
    context = SimpleNamespace(wait_for_playout=_nothing, speech_handle=speech)
    await cast(Any, end_call)(context)
    assert line.ended is not None
    assert (line.ended[0].outcome, line.ended[1]) == (Outcome.COMPLETED, farewell)


async def _put_through(
    switch: Switch, session: Session, target: object = "front-desk", line: Line | None = None
) -> str | None:
    transfer_call, _ = _tools(SWITCHBOARD, line or Line(), switch)
    told: str | None = await cast(Any, transfer_call)({"target": target}, session.context())
    return told


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "TAIL_S", 0)


def test_the_model_sees_names_and_descriptions_and_no_number() -> None:
    context = ToolContext(_tools(SWITCHBOARD, Line(), Switch()))
    schema = context.parse_function_tools("openai", strict=False)[0]["function"]
    target = schema["parameters"]["properties"]["target"]
    assert (schema["name"], target["enum"]) == ("transfer_call", ["front-desk"])
    assert "the practice" in target["description"]
    assert "2025550130" not in str(schema)


async def test_a_transfer_is_announced_to_a_caller_who_is_not_listened_to() -> None:
    switch, session = Switch(Transferred.DONE), Session()
    assert await _put_through(switch, session) is None  # nothing more is to be said
    assert switch.asked == ["front-desk"]
    assert session.done[:3] == ["held", False, SWITCHBOARD.phrases.transfer]


@pytest.mark.parametrize("result", [r for r in Transferred if r is not Transferred.DONE])
async def test_of_every_failure_the_model_is_told_and_the_caller_is_heard_again(
    result: Transferred,
) -> None:
    session = Session()
    told = await _put_through(Switch(result), session)
    assert told is not None
    assert told.endswith("Tell the caller, and offer other help.")
    assert session.done[-1] is True


async def test_a_target_that_is_not_in_the_table_is_not_called() -> None:
    switch, session = Switch(), Session()
    for target in ("sales", "+12025550199", None, ["front-desk"]):
        told = await _put_through(switch, session, target)
        assert told == "There is no such target. The targets are: front-desk."
    assert switch.asked == session.done == []


async def test_while_a_caller_is_put_through_nothing_else_is_done() -> None:
    switch, line, session = Switch(pending=True), Line(), Session()
    assert await _put_through(switch, session, line=line) == UNDER_WAY
    _, end_call = _tools(SWITCHBOARD, line, switch)
    assert await cast(Any, end_call)(session.context()) == UNDER_WAY
    assert switch.asked == session.done == []
    assert not line.begun


async def test_a_call_that_is_ending_is_not_given_away_with_a_word() -> None:
    switch, line, session = Switch(), Line(), Session()
    line.ended = (Ending(Outcome.COMPLETED, EndedBy.BOT), None)
    assert await _put_through(switch, session, line=line) is None
    assert session.done == ["held"]
