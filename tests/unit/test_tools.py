"""What the model may do on a call."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit.agents.llm import ChatMessage, FunctionCallOutput

from bot.hangup import Hangup
from bot.outcome import Ending, Outcome
from bot.persona import Persona
from bot.record import CallRecord
from bot.tools import offered

PERSONA = Persona(name="desk", default=True, greeting="Hello.", instructions="Be kind.")
GOODBYE = ChatMessage(role="assistant", content=["Goodbye."])
CUT_OFF = ChatMessage(role="assistant", content=["Good"], interrupted=True)
OUTPUT = FunctionCallOutput(call_id="c", name="take_message", output="saved", is_error=False)


class Line:
    """Keeps what the call was ended with."""

    ended: tuple[Ending, str | None] | None = None

    def end_call(self, ending: Ending, *, farewell: str | None = None) -> None:
        self.ended = (ending, farewell)


async def _nothing() -> None:
    """The speech is over."""


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
    record = CallRecord(job_id="j", room="r")
    (end_call,) = offered(PERSONA, cast(Hangup, line), record)
    speech = SimpleNamespace(chat_items=said)
    context = SimpleNamespace(wait_for_playout=_nothing, speech_handle=speech)
    await cast(Any, end_call)(context)
    assert line.ended is not None
    assert (line.ended[0].outcome, line.ended[1]) == (Outcome.COMPLETED, farewell)
