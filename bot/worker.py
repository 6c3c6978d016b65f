"""The worker: `python -m livekit.agents start bot/worker.py`. Wiring only.

LiveKit imports this module in the worker and in each of its job processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import sys

from livekit.agents import AgentServer, JobContext, JobProcess, inference
from livekit.agents.tokenize import basic

from bot import backboard
from bot.admission import Admission
from bot.agent import PhoneAgent
from bot.call import Call, JobMetadata, JobMetadataError
from bot.caller import Caller, Recollection, assistant_name, remembered_number
from bot.dtmf import Keypad
from bot.hangup import Hangup
from bot.leg import Leg
from bot.models import Models
from bot.outcome import EndedBy, Ending, Outcome
from bot.persona import Persona, PersonaError, Personas
from bot.privacy import redact_logs
from bot.prompts import Prompts
from bot.record import CallRecord
from bot.session import build_session, register_models, room_options
from bot.settings import Settings, SettingsError
from bot.silence import Silence
from bot.tools import offered
from bot.transfer import Transfers, refer
from bot.trouble import Trouble
from bot.turns import TurnTaking

log = logging.getLogger("hotline.worker")

try:
    settings = Settings.load()
    personas = Personas.load(settings.personas_dir)
except (SettingsError, PersonaError) as error:
    sys.exit(str(error))
register_models(settings)


def prewarm(process: JobProcess) -> None:
    """Loads what every call needs before a call is waiting for it."""
    backboard.preload()
    basic.hyphenate_word("hyphenation")  # its patterns are read at the first word spoken
    process.userdata["vad"] = inference.VAD(model="silero")


admission = Admission(settings.max_calls)
server = AgentServer(
    ws_url=settings.livekit_url,
    api_key=settings.livekit_api_key,
    api_secret=settings.livekit_api_secret.get_secret_value(),
    setup_fnc=prewarm,
    load_fnc=admission.load,
    load_threshold=math.inf,  # admission counts seats instead
    num_idle_processes=settings.idle_processes,
    host=settings.health_host,
    port=settings.health_port,
)
# LiveKit sets up logging after it has imported this module; all job processes log through here.
server.on("worker_started", redact_logs)


@server.rtc_session(agent_name=settings.agent_name, on_request=admission.answer)
async def entrypoint(ctx: JobContext) -> None:
    """Answers one call."""
    record = CallRecord(job_id=ctx.job.id, room=ctx.job.room.name)
    hangup = Hangup(ctx, record)
    line = contextlib.AsyncExitStack()  # everything that this call opens

    async def finish(reason: str) -> None:
        try:
            await hangup.on_shutdown(reason)
        finally:
            record.write(settings.records_dir)
            await line.aclose()

    ctx.add_shutdown_callback(finish)

    await ctx.connect()
    phone = await Leg.phone_in(ctx)
    if phone is None:
        gone = Ending(Outcome.ABANDONED, EndedBy.CALLER, "gone before the agent came")
        hangup.end_call(gone, now=True)
        return

    call = Call.from_job(_metadata(ctx), ctx.room.name, phone.identity, phone.attributes)
    ctx.log_context_fields = {"call_id": call.call_id}
    persona = _persona(call)
    record.call, record.persona = call, persona.name

    models = Models.of(settings, persona)
    line.push_async_callback(models.aclose)
    caller = _caller(call, persona, models)
    if caller is not None:
        line.push_async_callback(caller.aclose)
        line.push_async_callback(lambda: caller.remember(record.transcript()))

    session = build_session(settings, models, ctx.proc.userdata["vad"])
    hangup.speaks_through(session)
    record.follow(session, models.conversation)
    TurnTaking(session)
    Trouble(session, persona.phrases, hangup)
    silence = Silence(session, persona.phrases.fillers)
    prompts = Prompts(models.announcer, settings.prompts_dir, models.sound)
    line.push_async_callback(prompts.aclose)
    if caller is None:
        prompts.prepare(persona.greeting)

    def answered() -> None:
        record.answered()
        over = Ending(Outcome.TIME_LIMIT, EndedBy.BOT, "max_call_s")
        end = functools.partial(hangup.end_call, over, farewell=persona.phrases.time_limit)
        limit = asyncio.get_running_loop().call_later(persona.limits.max_call_s, end)
        line.callback(limit.cancel)

    sends_refer = functools.partial(refer, ctx.room.name, phone.identity)
    transfers = Transfers(persona.transfer, sends_refer, record, hangup)
    line.push_async_callback(transfers.aclose)
    leg = Leg(ctx.room, phone, on_answer=answered, on_left=transfers.phone_left)
    line.callback(leg.close)

    async def recalled_late(recollection: Recollection) -> None:
        _recalls(recollection, models, record)
        await agent.update_instructions(recollection.instructions(persona))

    instructions, greeting = persona.instructions, persona.greeting
    if caller is not None:
        recollection = await caller.recalled(or_later=recalled_late)
        if recollection is not None:
            _recalls(recollection, models, record)
            instructions = recollection.instructions(persona)
            greeting = persona.greets(recollection.name)
        prompts.prepare(greeting, keep=greeting == persona.greeting)
    if hangup.begun:
        return
    prompts.prepare(*persona.phrases.all())
    tools = offered(persona, hangup, transfers, record)
    agent = PhoneAgent(instructions, greeting, prompts, silence, leg, hangup, transfers, tools)
    await session.start(
        agent, room=ctx.room, room_options=room_options(settings, phone.identity), record=False
    )
    keypad = Keypad(ctx.room, phone.identity, on_key=record.key_pressed, on_entry=agent.keyed)
    line.callback(keypad.close)


def _persona(call: Call) -> Persona:
    """The persona that the dispatch names, else the one of the number."""
    wanted = call.metadata.persona
    if wanted and (named := personas.named(wanted)):
        return named
    if wanted:
        log.warning("the job asks for a persona that is not there", extra={"persona": wanted})
    return personas.for_number(call.our_number)


def _caller(call: Call, persona: Persona, models: Models) -> Caller | None:
    """The other party as somebody to be remembered, if the persona remembers such a caller."""
    number = remembered_number(call, persona)
    if number is None or models.memories is None:
        return None
    return Caller(models.memories, assistant_name(persona.name, number))


def _recalls(recollection: Recollection, models: Models, record: CallRecord) -> None:
    """From the next turn on the conversation is the caller's own."""
    record.recalled_facts = len(recollection.facts)
    if models.conversation is not None:
        memory: backboard.Memory = "Readonly" if recollection.facts else "off"
        models.conversation.update_options(assistant_id=recollection.assistant_id, memory=memory)


def _metadata(ctx: JobContext) -> JobMetadata:
    try:
        return JobMetadata.parse(ctx.job.metadata)
    except JobMetadataError as error:
        log.warning("ignoring the job's metadata", extra={"reason": str(error)})
        return JobMetadata()
