"""The only reader of the environment: frozen settings, every missing or wrong value named at once.

An env file that is given outright (`--env-file`) wins over the process's environment: who names a
lab's file must not change a real project because its keys are exported. The env file that
HOTLINE_ENV_FILE names, else `.env`, only fills in what the environment lacks.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import phonenumbers
from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

ENV_FILE_NAME = "HOTLINE_ENV_FILE"
MULTILINGUAL = "livekit.plugins.turn_detector.multilingual"
OWN_PREFIX = "HOTLINE_"
OTHERS_PREFIXES = ("HOTLINE_SIP_", "HOTLINE_LAB_")
"""Of values that sip/*.toml refer to, and of the lab's own."""


class SettingsError(Exception):
    """The environment cannot be used; the message lists every missing, wrong and unknown value."""

    def __init__(self, sentence: str, faults: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.faults = tuple(faults)


def environment(env_file: Path | None = None) -> Mapping[str, str]:
    """The process's environment and the env file's values; empty values count as absent.

    Raises:
        SettingsError: the env file is named but is not there.
    """
    process, file = os.environ, dotenv_values(_env_file(env_file))  # noqa: TID251
    values = {**process, **file} if env_file else {**file, **process}
    return {name: value for name, value in values.items() if value}


def _env_file(given: Path | None) -> Path:
    named = given or os.environ.get(ENV_FILE_NAME)  # noqa: TID251
    if named is None:
        return Path(".env")
    if not Path(named).is_file():
        raise SettingsError(f"There is no env file {named}: name one that exists.")
    return Path(named)


def _is_http(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return url


BaseUrl = Annotated[str, AfterValidator(_is_http)]


class _Environment(BaseModel):
    """Settings read from the environment, all faults at once."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def load(cls, env_file: Path | None = None) -> Self:
        """Reads the environment.

        Raises:
            SettingsError: with every fault in one message.
        """
        values = environment(env_file)
        faults = list(cls._faults(values))
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            faults = [*_validation_faults(error), *faults]
        if faults:
            listed = "\n".join(f"  - {fault}" for fault in faults)
            raise SettingsError(
                f"Hotline cannot start. Put these right in the environment or in "
                f"{_env_file(env_file)} (see .env.example):\n{listed}",
                faults,
            )
        return settings

    @classmethod
    def _faults(cls, values: Mapping[str, str]) -> Iterable[str]:
        """What is wrong beyond single fields."""
        return _unknown_names(values)


class LiveKitSettings(_Environment):
    """Where LiveKit is, and the key that opens it."""

    livekit_url: str = Field(validation_alias="LIVEKIT_URL")
    """ws(s):// or http(s):// address of the server."""
    livekit_api_key: str = Field(validation_alias="LIVEKIT_API_KEY")
    livekit_api_secret: SecretStr = Field(validation_alias="LIVEKIT_API_SECRET")

    @field_validator("livekit_url")
    @classmethod
    def _url_is_absolute(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
            raise ValueError("must look like wss://NAME.livekit.cloud or ws://127.0.0.1:7880")
        return url

    @property
    def on_livekit_cloud(self) -> bool:
        """Whether the server is LiveKit Cloud, which brings inference and noise cancellation."""
        host = urlsplit(self.livekit_url).hostname or ""
        return host.endswith(".livekit.cloud")


class BackboardSettings(_Environment):
    """Where Backboard is, and for whom it remembers callers."""

    backboard_api_key: SecretStr | None = Field(default=None, validation_alias="BACKBOARD_API_KEY")
    backboard_base_url: BaseUrl | None = Field(default=None, validation_alias="BACKBOARD_BASE_URL")
    personas_dir: Path = Field(
        default=Path(__file__).parent / "personas", validation_alias="HOTLINE_PERSONAS_DIR"
    )

    @property
    def backboard_secret(self) -> str:
        """The key; an emulated service at a base URL of its own may go without one."""
        key = self.backboard_api_key
        return key.get_secret_value() if key is not None else "none"

    @classmethod
    def _faults(cls, values: Mapping[str, str]) -> Iterable[str]:
        yield from super()._faults(values)
        if not (values.get("BACKBOARD_API_KEY") or values.get("BACKBOARD_BASE_URL")):
            yield "BACKBOARD_API_KEY is missing: callers are remembered at Backboard"


def _countries(value: str) -> frozenset[str]:
    countries = frozenset(
        country.strip().upper() for country in value.split(",") if country.strip()
    )
    if unknown := sorted(countries - phonenumbers.SUPPORTED_REGIONS):
        raise ValueError(f"{unknown[0]} is no country: give two letters each, such as US,CA")
    return countries


class OperatorSettings(_Environment):
    """What the operator's tools keep, and whom they may dial; needs no account."""

    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///var/hotline.db"), validation_alias="DATABASE_URL"
    )
    """sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."""
    records_dir: Path = Field(default=Path("var/records"), validation_alias="HOTLINE_RECORDS_DIR")
    dial_countries: Annotated[frozenset[str], BeforeValidator(_countries)] = Field(
        default=frozenset({"US", "CA"}), validation_alias="HOTLINE_DIAL_COUNTRIES"
    )
    """Two letters each, by commas; numbers of all others are never dialled."""

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url


class Settings(LiveKitSettings, BackboardSettings, OperatorSettings):
    """All that the worker needs to answer calls."""

    agent_name: str = Field(default="hotline", min_length=1, validation_alias="HOTLINE_AGENT_NAME")
    """The name that dispatch rules ask for; LiveKit dispatches to it explicitly."""

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
        yield from _unknown_names(values)
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


def _validation_faults(error: ValidationError) -> Iterable[str]:
    for fault in error.errors():
        name = str(fault["loc"][0]) if fault["loc"] else "settings"
        if fault["type"] == "missing":
            yield f"{name} is missing"
        else:
            yield f"{name}: {fault['msg'].removeprefix('Value error, ')}"


def _unknown_names(values: Mapping[str, str]) -> Iterable[str]:
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    known.add(ENV_FILE_NAME)
    for name in sorted(values):
        if not name.startswith(OWN_PREFIX) or name.startswith(OTHERS_PREFIXES):
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": do you mean {near[0]}?" if near else ""
            yield f"{name} is not a setting{hint}"
