"""The worker: `python -m livekit.agents start bot/worker.py`. Wiring only.

LiveKit imports this module in the worker and in each of its job processes.
"""

from __future__ import annotations

import logging
import math
import sys

from livekit.agents import AgentServer, JobContext, JobProcess, inference
from livekit.agents.tokenize import basic

from bot import backboard, inbound, outbound
from bot.admission import Admission
from bot.call import JobMetadata, JobMetadataError
from bot.persona import PersonaError, Personas
from bot.privacy import redact_logs
from bot.session import register_models
from bot.settings import Settings, SettingsError

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
    """Carries one call."""
    metadata = _metadata(ctx)
    if metadata.outbound is None:
        await inbound.answer(ctx, settings, personas, metadata)
    else:
        await outbound.place(ctx, settings, personas, metadata, metadata.outbound)


def _metadata(ctx: JobContext) -> JobMetadata:
    try:
        return JobMetadata.parse(ctx.job.metadata)
    except JobMetadataError as error:
        log.warning("ignoring the job's metadata", extra={"reason": str(error)})
        return JobMetadata()
