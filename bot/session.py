"""The AgentSession of one call: how its models are put together, and how turns are taken."""

from __future__ import annotations

import importlib
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, APIConnectOptions, inference, room_io, vad
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.turn import TurnHandlingOptions

from bot.models import SAMPLE_RATE, Models
from bot.settings import MULTILINGUAL, Settings
from bot.turns import SETTLED

FRAME_MS = 20
"""Audio handed to the models at a time; LiveKit's default of 50 ms is heard as delay."""

CLOSE_TRANSCRIPT_S = 0.3
"""How long the end of a call waits for the transcript of what was said into it."""

RETRY_ONCE = APIConnectOptions(max_retry=1, retry_interval=0.3, timeout=5.0)
"""LiveKit's default of 3 retries of 10 s each can leave a caller in silence for 44 s."""
NO_RETRY = APIConnectOptions(max_retry=0, timeout=5.0)


def build_session(settings: Settings, models: Models, activity: vad.VAD) -> AgentSession[None]:
    """A session that is ready to start."""
    # two minds in turn take no longer than one that is asked twice
    llm_options = NO_RETRY if models.has_spare else RETRY_ONCE
    return AgentSession[None](
        stt=models.ears,
        llm=models.mind,
        tts=models.voice,
        vad=activity,
        turn_handling=turn_handling(settings),
        # The warm-up deafens the session for the first 3 s of speech, in case a browser's echo
        # canceller adapts; a telephone line has none.
        aec_warmup_duration=None,
        session_close_transcript_timeout=CLOSE_TRANSCRIPT_S,
        conn_options=SessionConnectOptions(
            stt_conn_options=RETRY_ONCE, llm_conn_options=llm_options, tts_conn_options=RETRY_ONCE
        ),
    )


def turn_handling(settings: Settings) -> TurnHandlingOptions:
    """How turns are taken; versions and modes are pinned because LIVEKIT_DEV_MODE changes them."""
    return {
        "turn_detection": _turn_detector(settings),
        "endpointing": {"min_delay": SETTLED.min_delay_s, "max_delay": SETTLED.max_delay_s},
        "interruption": {"mode": "vad"},
    }


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
