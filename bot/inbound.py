"""A call that came in, from the ringing to the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.agent import Greeting, PhoneAgent
from bot.call import Call, JobMetadata
from bot.dtmf import Keypad
from bot.leg import Leg
from bot.line import Line
from bot.outcome import EndedBy, Ending, Outcome
from bot.session import room_options

if TYPE_CHECKING:
    from livekit.agents import JobContext

    from bot.caller import Recollection
    from bot.persona import Personas
    from bot.settings import Settings


async def answer(
    ctx: JobContext, settings: Settings, personas: Personas, metadata: JobMetadata
) -> None:
    """Answers the call."""
    line = Line(ctx, settings)
    await ctx.connect()
    phone = await Leg.phone_in(ctx)
    if phone is None:
        gone = Ending(Outcome.ABANDONED, EndedBy.CALLER, "gone before the agent came")
        line.hangup.end_call(gone, now=True)
        return

    call = Call.from_job(metadata, ctx.room.name, phone.identity, phone.attributes)
    ctx.log_context_fields = {"call_id": call.call_id}
    persona = personas.wanted(metadata.persona, call.our_number)
    voice = line.speaks_as(persona, call)
    if voice.caller is None:
        voice.prompts.prepare(persona.greeting)
    leg = Leg(
        ctx.room,
        phone.identity,
        phone=phone,
        on_answer=voice.answered,
        on_left=voice.transfers.phone_left,
    )
    line.opened.callback(leg.close)

    async def recalled_late(recollection: Recollection) -> None:
        voice.recalls(recollection)
        await agent.update_instructions(recollection.added_to(persona.instructions))

    instructions, greeting = persona.instructions, persona.greeting
    if voice.caller is not None:
        recollection = await voice.caller.recalled(or_later=recalled_late)
        if recollection is not None:
            voice.recalls(recollection)
            instructions = recollection.added_to(instructions)
            greeting = persona.greets(recollection.name)
        voice.prompts.prepare(greeting, keep=greeting == persona.greeting)
    if line.hangup.begun:
        return
    voice.prompts.prepare(*persona.phrases.all())
    agent = PhoneAgent(
        instructions,
        voice.prompts,
        voice.silence,
        line.hangup,
        voice.transfers,
        voice.tools(),
        begins=Greeting(greeting, leg),
    )
    await voice.session.start(
        agent, room=ctx.room, room_options=room_options(settings, phone.identity), record=False
    )
    keypad = Keypad(ctx.room, phone.identity, on_key=line.record.key_pressed, on_entry=agent.keyed)
    line.opened.callback(keypad.close)
