"""Which ears, mind and voice a call gets, by the settings."""

from __future__ import annotations

import pytest
from livekit.agents import inference, llm
from livekit.plugins import cartesia, deepgram

from bot import backboard
from bot.models import Models
from bot.persona import Persona
from bot.session import build_session, room_options, turn_handling
from bot.settings import Settings
from bot.turns import SETTLED

PERSONA = Persona(name="desk", default=True, greeting="Hello.", instructions="Be kind.")
CLOUD = {
    "LIVEKIT_URL": "wss://demo.livekit.cloud",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "0123456789abcdef0123456789abcdef",
}
OWN = {
    **CLOUD,
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "DEEPGRAM_API_KEY": "key",
    "BACKBOARD_BASE_URL": "http://127.0.0.1:7903/api",
    "CARTESIA_API_KEY": "key",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiveKit Inference reads its key there; the worker puts it there for its jobs."""
    for name, value in CLOUD.items():
        monkeypatch.setenv(name, value)


async def test_with_keys_the_providers_own_plugins_are_used() -> None:
    settings = Settings.model_validate(OWN)
    models = Models.of(settings, PERSONA)
    session = build_session(settings, models, inference.VAD(model="silero"))
    assert isinstance(session.stt, deepgram.STT)
    assert isinstance(session.llm, backboard.LLM)
    assert isinstance(session.tts, cartesia.TTS)
    assert session.conn_options.llm_conn_options.max_retry == 1
    await models.aclose()


async def test_a_second_mind_takes_the_place_of_a_second_try() -> None:
    spare = {
        "HOTLINE_FALLBACK_MODEL": "small",
        "HOTLINE_FALLBACK_BASE_URL": "http://127.0.0.1:1/v1",
    }
    settings = Settings.model_validate({**OWN, **spare})
    models = Models.of(settings, PERSONA)
    session = build_session(settings, models, inference.VAD(model="silero"))
    assert isinstance(session.llm, llm.FallbackAdapter)
    assert isinstance(models.conversation, backboard.LLM)
    assert session.conn_options.llm_conn_options.max_retry == 0
    await models.aclose()


async def test_on_livekit_cloud_inference_serves_what_has_no_key() -> None:
    some = Settings.model_validate({**CLOUD, "DEEPGRAM_API_KEY": "key"})
    models = Models.of(some, PERSONA)
    assert isinstance(models.ears, deepgram.STT)
    assert isinstance(models.mind, inference.LLM)
    assert isinstance(models.voice, inference.TTS)
    assert models.memories is None
    await models.aclose()


def test_noise_is_cancelled_on_livekit_cloud_only_and_can_be_off() -> None:
    def cancels(settings: dict[str, str]) -> bool:
        options = room_options(Settings.model_validate(settings), "sip_x").get_audio_input_options()
        assert options is not None
        return options.noise_cancellation is not None

    assert cancels(CLOUD)
    assert not cancels(OWN)
    assert not cancels({**CLOUD, "HOTLINE_NOISE_CANCELLATION": "off"})


def test_the_turn_detector_runs_on_this_machine_even_on_livekit_cloud(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIVEKIT_DEV_MODE", "1")  # would make LiveKit's default a remote one
    handling = turn_handling(Settings.model_validate(CLOUD))
    assert getattr(handling["turn_detection"], "model", "") == "turn-detector-v1-mini"
    assert handling["endpointing"]["min_delay"] == SETTLED.min_delay_s
