"""All that the worker needs: what hears, thinks and speaks, and how many calls it takes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from bot.settings.accounts import BackboardSettings
from bot.settings.environment import BaseUrl, unknown_names
from bot.settings.operator import DialSettings

MULTILINGUAL = "livekit.plugins.turn_detector.multilingual"


class Settings(DialSettings, BackboardSettings):
    """All that the worker needs to answer calls."""

    deepgram_api_key: SecretStr | None = Field(default=None, validation_alias="DEEPGRAM_API_KEY")
    deepgram_base_url: BaseUrl | None = Field(default=None, validation_alias="DEEPGRAM_BASE_URL")
    deepgram_model: str = Field(default="nova-3", validation_alias="DEEPGRAM_MODEL")

    cartesia_api_key: SecretStr | None = Field(default=None, validation_alias="CARTESIA_API_KEY")
    cartesia_base_url: BaseUrl | None = Field(default=None, validation_alias="CARTESIA_BASE_URL")
    cartesia_model: str = Field(default="sonic-3", validation_alias="CARTESIA_MODEL")

    backboard_llm_provider: str = Field(default="openai", validation_alias="BACKBOARD_LLM_PROVIDER")
    backboard_model: str = Field(default="gpt-4o", validation_alias="BACKBOARD_MODEL")

    fallback_model: str | None = Field(default=None, validation_alias="HOTLINE_FALLBACK_MODEL")
    """Answers while Backboard fails; on LiveKit Cloud one of LiveKit Inference, such as
    openai/gpt-4.1-mini."""
    fallback_base_url: BaseUrl | None = Field(
        default=None, validation_alias="HOTLINE_FALLBACK_BASE_URL"
    )
    """Where it is served instead, by OpenAI's chat completions protocol."""
    fallback_api_key: SecretStr | None = Field(
        default=None, validation_alias="HOTLINE_FALLBACK_API_KEY"
    )

    turn_detector: Literal["v1-mini", "multilingual"] = Field(
        default="v1-mini", validation_alias="HOTLINE_TURN_DETECTOR"
    )
    noise_cancellation: Literal["auto", "off"] = Field(
        default="auto", validation_alias="HOTLINE_NOISE_CANCELLATION"
    )
    """`auto`: BVCTelephony on LiveKit Cloud, nothing elsewhere."""

    prompts_dir: Path = Field(default=Path("var/prompts"), validation_alias="HOTLINE_PROMPTS_DIR")
    """Where the personas' fixed sentences are kept once they are synthesised."""
    max_calls: int = Field(default=5, ge=1, validation_alias="HOTLINE_MAX_CALLS")
    """Calls this worker takes at once; the free LiveKit plan allows 5 sessions."""
    idle_processes: int = Field(default=2, ge=0, validation_alias="HOTLINE_IDLE_PROCESSES")
    """Warm processes that wait for the next call; each holds the models in memory."""
    health_host: str = Field(default="0.0.0.0", validation_alias="HOTLINE_HEALTH_HOST")
    """Where `GET /` answers probes; those of a container come from outside it."""
    health_port: int = Field(default=8082, ge=0, le=65535, validation_alias="HOTLINE_HEALTH_PORT")
    """0 takes a free port. LiveKit's own default, 8081, is also livekit-sip's."""

    @classmethod
    def _faults(cls, values: Mapping[str, str]) -> Iterable[str]:
        yield from unknown_names(values)
        if values.get("HOTLINE_TURN_DETECTOR") == "multilingual" and not _installed(MULTILINGUAL):
            yield (
                "HOTLINE_TURN_DETECTOR is multilingual, which is not installed: "
                "pip install -e '.[multilingual]'"
            )
        yield from _fallback_faults(values)
        if _on_cloud(values):
            return  # LiveKit Inference serves whatever has no key of its own
        for provider, role in (
            ("DEEPGRAM", "hear"),
            ("BACKBOARD", "think"),
            ("CARTESIA", "speak"),
        ):
            if not (values.get(f"{provider}_API_KEY") or values.get(f"{provider}_BASE_URL")):
                yield (
                    f"{provider}_API_KEY is missing: the bot cannot {role} without it unless "
                    "LIVEKIT_URL is a LiveKit Cloud project (the lab needs no key: bot-lab up)"
                )


def _on_cloud(values: Mapping[str, str]) -> bool:
    return ".livekit.cloud" in values.get("LIVEKIT_URL", "")


def _fallback_faults(values: Mapping[str, str]) -> Iterable[str]:
    model, url = (values.get(f"HOTLINE_FALLBACK_{name}") for name in ("MODEL", "BASE_URL"))
    if url and not model:
        yield "HOTLINE_FALLBACK_MODEL is missing: name what HOTLINE_FALLBACK_BASE_URL serves"
    if model and not url and not _on_cloud(values):
        yield (
            "HOTLINE_FALLBACK_BASE_URL is missing: only on LiveKit Cloud is HOTLINE_FALLBACK_MODEL "
            "served without one"
        )


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it is absent
        return False
