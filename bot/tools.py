"""What the model may do on a call; a persona names the tools it offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from livekit.agents import RunContext, function_tool
from livekit.agents.llm import ChatItem, Tool

from bot.outcome import EndedBy, Ending, Outcome
from bot.record import CallRecord, Message

if TYPE_CHECKING:
    from bot.hangup import Hangup
    from bot.persona import Persona, ToolName


def offered(persona: Persona, hangup: Hangup, record: CallRecord) -> list[Tool]:
    """The tools that `persona` offers, bound to this call."""
    makers: dict[ToolName, Callable[[], Tool]] = {
        "end_call": lambda: _end_call(hangup, persona.phrases.farewell),
        "take_message": lambda: _take_message(record),
    }
    return [makers[name]() for name in persona.tools]


def _end_call(hangup: Hangup, farewell: str) -> Tool:
    @function_tool
    async def end_call(context: RunContext[None]) -> None:
        """End the phone call. Use it when the caller is done, with a short goodbye said first."""
        await context.wait_for_playout()
        hangup.end_call(
            Ending(Outcome.COMPLETED, EndedBy.BOT, "end_call tool"),
            farewell=None if _spoke_last(context.speech_handle.chat_items) else farewell,
        )

    return end_call


def _spoke_last(items: Sequence[ChatItem]) -> bool:
    """Whether the bot has said something since the last tool's answer, and was let finish."""
    told = [item for item in items if item.type in ("message", "function_call_output")]
    return bool(told) and told[-1].type == "message" and not told[-1].interrupted


def _take_message(record: CallRecord) -> Tool:
    @function_tool
    async def take_message(name: str, message: str) -> str:
        """Take a message for the staff, who read it and call back.

        Args:
            name: The caller's name.
            message: What they want to be told or asked, in their words.
        """
        record.messages.append(Message(name=name, text=message))
        return "The message is saved. The staff will call back."

    return take_message
