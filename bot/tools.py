"""What the model may do on a call; a persona names the tools it offers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from livekit.agents import RunContext, function_tool
from livekit.agents.llm import ChatItem, Tool

from bot.hangup import TAIL_S
from bot.outcome import EndedBy, Ending, Outcome, Transferred
from bot.record import CallRecord, Message

if TYPE_CHECKING:
    from bot.hangup import Hangup
    from bot.opt_out import OptOut
    from bot.persona import Persona, ToolName
    from bot.transfer import Transfers

UNDER_WAY = "The caller is being put through already. Do nothing more."
UNSUCCESSFUL: Mapping[Transferred, str] = MappingProxyType(
    {
        Transferred.BUSY: "The line of the {name} is busy.",
        Transferred.REFUSED: "The {name} did not take the call.",
        Transferred.UNANSWERED: "The {name} did not answer.",
        Transferred.NOT_SUPPORTED: "Calls on this line are not put through to anybody.",
        Transferred.FAILED: "The {name} was not reached.",
        Transferred.UNKNOWN: "No answer has come from the {name}.",
    }
)
"""What the model is told of a transfer after which the caller is still there."""


def offered(
    persona: Persona, hangup: Hangup, transfers: Transfers, record: CallRecord
) -> list[Tool]:
    """The tools that `persona` offers, bound to this call."""
    makers: dict[ToolName, Callable[[], Tool]] = {
        "end_call": lambda: _end_call(hangup, transfers, persona.phrases.farewell),
        "take_message": lambda: _take_message(record),
        "transfer_call": lambda: _transfer_call(persona, hangup, transfers),
    }
    return [makers[name]() for name in persona.tools]


def _end_call(hangup: Hangup, transfers: Transfers, farewell: str) -> Tool:
    @function_tool
    async def end_call(context: RunContext[None]) -> str | None:
        """End the phone call. Use it when the caller is done, with a short goodbye said first."""
        await context.wait_for_playout()
        if transfers.pending:
            return UNDER_WAY
        hangup.end_call(
            Ending(Outcome.COMPLETED, EndedBy.BOT, "end_call tool"),
            farewell=None if _spoke_last(context.speech_handle.chat_items) else farewell,
        )
        return None

    return end_call


def _spoke_last(items: Sequence[ChatItem]) -> bool:
    """Whether the bot has said something since the last tool's answer, and was let finish."""
    told = [item for item in items if item.type in ("message", "function_call_output")]
    return bool(told) and told[-1].type == "message" and not told[-1].interrupted


def stop_calls(opt_out: OptOut) -> Tool:
    """The tool by which somebody whom we have called gets no more calls, however they put it."""

    @function_tool
    async def stop_calling() -> None:
        """The person wants no more calls from us. Use it at once: it confirms, and hangs up."""
        opt_out.asked("told the bot")

    return stop_calling


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


def _transfer_call(persona: Persona, hangup: Hangup, transfers: Transfers) -> Tool:
    targets = persona.transfer
    known = ", ".join(targets)
    offer = "offer to take a message" if "take_message" in persona.tools else "offer other help"
    target_schema = {
        "type": "string",
        "enum": list(targets),
        "description": "; ".join(f"{name}: {targets[name].description}" for name in targets),
    }
    schema = {
        "name": "transfer_call",
        "description": "Put the caller through to somebody else. Say nothing before it: the "
        "caller is told. If it does not come about you hear why, and the call goes on.",
        "parameters": {
            "type": "object",
            "properties": {"target": target_schema},
            "required": ["target"],
        },
    }

    @function_tool(raw_schema=schema)
    async def transfer_call(
        raw_arguments: dict[str, object], context: RunContext[None]
    ) -> str | None:
        name = raw_arguments.get("target")
        if not isinstance(name, str) or name not in targets:
            return f"There is no such target. The targets are: {known}."
        if transfers.pending:
            return UNDER_WAY
        context.disallow_interruptions()  # an interrupted answer's tools are cancelled
        session = context.session

        async def announce() -> None:
            await context.wait_for_playout()
            if hangup.begun:
                return
            # Nobody listens to the caller until somebody has answered, or the transfer failed.
            session.input.set_audio_enabled(False)
            await session.say(persona.phrases.transfer, allow_interruptions=False)
            await asyncio.sleep(TAIL_S)  # what the phone has not heard by then the ringing hides

        try:
            result = await transfers.put_through(name, announce)
        finally:
            if not hangup.begun:
                session.input.set_audio_enabled(True)
        if result is None or result is Transferred.DONE:
            return None
        told = UNSUCCESSFUL[result].format(name=name.replace("-", " "))
        return f"{told} Tell the caller, and {offer}."

    return transfer_call
