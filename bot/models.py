"""What hears, thinks and speaks on one call, chosen by the settings."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Self

import httpx
from livekit.agents import inference, llm, stt, tts
from livekit.agents.types import NOT_GIVEN
from livekit.plugins import cartesia, deepgram

from bot import backboard
from bot.caller import memories_over
from bot.persona import Persona
from bot.settings import Settings

SAMPLE_RATE = 16000
"""Hz between LiveKit and the models: twice a telephone's 8000, so nothing is lost on the way."""

CLOUD_STT = "deepgram/nova-3"
CLOUD_LLM = "openai/gpt-4.1-mini"
CLOUD_TTS = "cartesia/sonic-3"


@dataclass(frozen=True)
class Models:
    """The models of one call. Whoever made them closes them: AgentSession does not."""

    ears: stt.STT[Any]
    mind: llm.LLM[Any]
    voice: tts.TTS[Any]
    announcer: tts.TTS[Any]
    """The same voice for what is synthesised ahead: the session counts the failures of its own."""
    sound: str
    """All that decides how the voice sounds."""
    conversation: backboard.LLM | None
    """The mind, or the first of its two, where that is Backboard."""
    memories: backboard.Memories | None
    """Where callers are remembered, where the mind is Backboard."""
    _spare: llm.LLM[Any] | None
    _http: httpx.AsyncClient

    @classmethod
    def of(cls, settings: Settings, persona: Persona) -> Self:
        """The models that the settings ask for, with the persona's voice and language."""
        http = backboard.shared_http()
        conversation, memories = _backboard(settings, http)
        first = conversation or inference.LLM(CLOUD_LLM)
        spare = _spare(settings)
        return cls(
            ears=_ears(settings, persona),
            mind=first if spare is None else _with_spare(first, spare),
            voice=_voice(settings, persona),
            announcer=_voice(settings, persona),
            sound=_sound(settings, persona),
            conversation=conversation,
            memories=memories,
            _spare=spare,
            _http=http,
        )

    @property
    def has_spare(self) -> bool:
        """Whether another mind takes over when the first one fails."""
        return self._spare is not None

    async def aclose(self) -> None:
        """Ends what the models have open."""
        models = (self.ears, self.mind, self.conversation, self._spare, self.voice, self.announcer)
        for model in models:
            if model is not None:
                await model.aclose()
        await self._http.aclose()


def _ears(settings: Settings, persona: Persona) -> stt.STT[Any]:
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


def _backboard(
    settings: Settings, http: httpx.AsyncClient
) -> tuple[backboard.LLM, backboard.Memories] | tuple[None, None]:
    if not (settings.backboard_api_key or settings.backboard_base_url):
        return None, None
    mind = backboard.LLM(
        api_key=settings.backboard_secret,
        base_url=settings.backboard_base_url or backboard.DEFAULT_BASE_URL,
        llm_provider=settings.backboard_llm_provider,
        model=settings.backboard_model,
        http_client=http,
    )
    return mind, memories_over(settings, http)


def _spare(settings: Settings) -> llm.LLM[Any] | None:
    if settings.fallback_model is None:
        return None
    if settings.fallback_base_url is None:
        return inference.LLM(settings.fallback_model)
    openai = importlib.import_module("livekit.plugins.openai")  # slow, and mostly not needed
    spare: llm.LLM[Any] = openai.LLM(
        model=settings.fallback_model,
        base_url=settings.fallback_base_url,
        api_key=_secret(settings.fallback_api_key),
    )
    return spare


def _with_spare(first: llm.LLM[Any], spare: llm.LLM[Any]) -> llm.FallbackAdapter:
    """LiveKit's adapter asks the failed one again in the background, so it comes back by itself.

    Backboard takes that for one more speculation, which it is: nobody hears it.
    """
    return llm.FallbackAdapter(
        [first, spare], attempt_timeout=backboard.Deadlines().first_token_s, max_retry_per_llm=0
    )


def _voice(settings: Settings, persona: Persona) -> tts.TTS[Any]:
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


def _sound(settings: Settings, persona: Persona) -> str:
    own = settings.cartesia_api_key or settings.cartesia_base_url
    model = settings.cartesia_model if own else CLOUD_TTS
    voice = persona.voice
    parts = (settings.cartesia_base_url, model, voice.id, voice.language, voice.speed, SAMPLE_RATE)
    return "\n".join(map(str, parts))


def _secret(value: Any) -> str:
    """A key for a plugin; an emulated provider at a base URL of its own may go without one."""
    return value.get_secret_value() if value is not None else "none"
