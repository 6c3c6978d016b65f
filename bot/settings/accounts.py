"""Where LiveKit and Backboard are, and the keys that open them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from bot.settings.environment import BaseUrl, Environment


class LiveKitSettings(Environment):
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


class BackboardSettings(Environment):
    """Where Backboard is."""

    backboard_api_key: SecretStr | None = Field(default=None, validation_alias="BACKBOARD_API_KEY")
    backboard_base_url: BaseUrl | None = Field(default=None, validation_alias="BACKBOARD_BASE_URL")

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
