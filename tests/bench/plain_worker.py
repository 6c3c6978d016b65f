"""The reference: an agent as LiveKit's documentation writes it, all defaults, same providers."""

from __future__ import annotations

from livekit.agents import Agent, AgentServer, AgentSession, JobContext
from livekit.plugins import cartesia, deepgram

from bot import backboard
from bot.settings import Settings

GREETING = "Riverside Dental, how can I help you?"

settings = Settings.load()
server = AgentServer(
    ws_url=settings.livekit_url,
    api_key=settings.livekit_api_key,
    api_secret=settings.livekit_api_secret.get_secret_value(),
    num_idle_processes=settings.idle_processes,
    host=settings.health_host,
    port=settings.health_port,
    load_fnc=lambda: 0.0,
)


@server.rtc_session(agent_name="plain")
async def entrypoint(ctx: JobContext) -> None:
    """Answers one call."""
    session = AgentSession[None](
        stt=deepgram.STT(api_key="lab", base_url=str(settings.deepgram_base_url)),
        llm=backboard.LLM(api_key="lab", base_url=settings.backboard_base_url),
        tts=cartesia.TTS(api_key="lab", base_url=str(settings.cartesia_base_url)),
    )
    await session.start(Agent(instructions="You are a receptionist."), room=ctx.room)
    session.say(GREETING)
