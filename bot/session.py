"""The AgentSession of one call: ears, mind and voice, chosen by the settings."""

from __future__ import annotations

import importlib
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, APIConnectOptions, inference, llm, room_io, stt, tts, vad
from livekit.agents.types import NOT_GIVEN
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.turn import TurnHandlingOptions
from livekit.plugins import cartesia, deepgram

from bot import backboard
from bot.persona import Persona
from bot.settings import MULTILINGUAL, Settings
from bot.turns import SETTLED

SAMPLE_RATE = 16000
"""Hz between LiveKit and the models: twice a telephone's 8000, so nothing is lost on the way."""
FRAME_MS = 20
"""Audio handed to the models at a time; LiveKit's default of 50 ms is heard as delay."""

CLOSE_TRANSCRIPT_S = 0.3
"""How long the end of a call waits for the transcript of what was said into it."""

CLOUD_STT = "deepgram/nova-3"
CLOUD_LLM = "openai/gpt-4.1-mini"
CLOUD_TTS = "cartesia/sonic-3"

RETRY_ONCE = APIConnectOptions(max_retry=1, retry_interval=0.3, timeout=5.0)
"""LiveKit's default of 3 retries of 10 s each can leave a caller in silence for 44 s."""


def build_session(settings: Settings, persona: Persona, ears: vad.VAD) -> AgentSession[None]:
    """A session that is ready to start; it owns its own Backboard conversation."""
    return AgentSession[None](
        stt=_stt(settings, persona),
        llm=_llm(settings),
        tts=_tts(settings, persona),
        vad=ears,
        turn_handling=turn_handling(settings),
        # The warm-up deafens the session for the first 3 s of speech, in case a browser's echo
        # canceller adapts; a telephone line has none.
        aec_warmup_duration=None,
        session_close_transcript_timeout=CLOSE_TRANSCRIPT_S,
        conn_options=SessionConnectOptions(
            stt_conn_options=RETRY_ONCE, llm_conn_options=RETRY_ONCE, tts_conn_options=RETRY_ONCE
        ),
    )


def turn_handling(settings: Settings) -> TurnHandlingOptions:
    """How turns are taken; versions and modes are pinned because LIVEKIT_DEV_MODE changes them."""
    return {
        "turn_detection": _turn_detector(settings),
        "endpointing": {"min_delay": SETTLED.min_delay_s, "max_delay": SETTLED.max_delay_s},
        "interruption": {"mode": "vad"},
    }


async def close_models(session: AgentSession[None]) -> None:
    """Ends what the models have open: AgentSession closes none of them."""
    for model in (session.stt, session.llm, session.tts):
        if model is not None:
            await model.aclose()


def register_models(settings: Settings) -> None:
    """Makes the text turn detector known to the worker, which serves it to all jobs.

    Importing the plugin does that, and loads its weights: so only when it is asked for.
    """
    if settings.turn_detector == "multilingual":
        importlib.import_module(MULTILINGUAL)


def room_options(settings: Settings, identity: str) -> room_io.RoomOptions:
    """What the session hears and how it is bound to the phone's participant."""
    return room_io.RoomOptions(
        participant_identity=identity,
        audio_input=room_io.AudioInputOptions(
            sample_rate=SAMPLE_RATE,
            frame_size_ms=FRAME_MS,
            noise_cancellation=_noise_cancellation(settings),
            pre_connect_audio=False,  # a browser's feature
        ),
        audio_output=room_io.AudioOutputOptions(sample_rate=SAMPLE_RATE),
        # LiveKit closes the session for some disconnect reasons only; bot.leg ends it for all.
        close_on_disconnect=False,
    )


def _stt(settings: Settings, persona: Persona) -> stt.STT[Any]:
    if not (settings.deepgram_api_key or settings.deepgram_base_url):
        return inference.STT(CLOUD_STT, language=persona.language)
    options: dict[str, Any] = {}
    if settings.deepgram_base_url:
        options["base_url"] = settings.deepgram_base_url
    return deepgram.STT(
        model=settings.deepgram_model,
        language=persona.language,
        sample_rate=SAMPLE_RATE,
        api_key=_secret(settings.deepgram_api_key),
        **options,
    )


def _llm(settings: Settings) -> llm.LLM[Any]:
    if not (settings.backboard_api_key or settings.backboard_base_url):
        return inference.LLM(CLOUD_LLM)
    return backboard.LLM(
        api_key=_secret(settings.backboard_api_key),
        base_url=settings.backboard_base_url,
        llm_provider=settings.backboard_llm_provider,
        model=settings.backboard_model,
    )


def _tts(settings: Settings, persona: Persona) -> tts.TTS[Any]:
    voice = persona.voice
    if not (settings.cartesia_api_key or settings.cartesia_base_url):
        return inference.TTS(
            CLOUD_TTS, voice=voice.id or NOT_GIVEN, language=voice.language, sample_rate=SAMPLE_RATE
        )
    options: dict[str, Any] = {}
    if settings.cartesia_base_url:
        options["base_url"] = settings.cartesia_base_url
    if voice.id:
        options["voice"] = voice.id
    return cartesia.TTS(
        model=settings.cartesia_model,
        language=voice.language,
        speed=voice.speed,
        sample_rate=SAMPLE_RATE,
        api_key=_secret(settings.cartesia_api_key),
        **options,
    )


def _secret(value: Any) -> str:
    """A key for a plugin; an emulated provider at a base URL of its own may go without one."""
    return value.get_secret_value() if value is not None else "none"


def _turn_detector(settings: Settings) -> Any:
    if settings.turn_detector == "multilingual":
        return importlib.import_module(MULTILINGUAL).MultilingualModel()
    return inference.TurnDetector(version="v1-mini")


def _noise_cancellation(settings: Settings) -> rtc.NoiseCancellationOptions | None:
    """BVCTelephony on LiveKit Cloud; elsewhere it would log errors and do nothing."""
    if settings.noise_cancellation == "off" or not settings.on_livekit_cloud:
        return None
    from livekit.plugins import noise_cancellation  # noqa: PLC0415 - loads 41 MB of models

    return noise_cancellation.BVCTelephony()
