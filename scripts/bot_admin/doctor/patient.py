"""What is examined: this machine's settings, as far as they can be read, and the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError

from bot.settings import Settings, environment
from sip import declaration
from sip.declaration import Declaration
from sip.errors import DeclarationError, Fault


class Readable(Settings):
    """The settings without their faults: what is missing or wrong counts as not set.

    One wrong value must not keep the other checks from their work.
    """

    livekit_url: str = Field(default="", validation_alias="LIVEKIT_URL")
    livekit_api_key: str = Field(default="", validation_alias="LIVEKIT_API_KEY")
    livekit_api_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="LIVEKIT_API_SECRET"
    )

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """What can be read of `values`."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = {str(fault["loc"][0]) for fault in error.errors()}
            return cls.model_validate({k: v for k, v in values.items() if k not in wrong})

    @property
    def has_livekit(self) -> bool:
        """Whether LiveKit can be asked at all."""
        secret = self.livekit_api_secret.get_secret_value()
        return bool(self.livekit_url and self.livekit_api_key and secret)


@dataclass(frozen=True)
class Patient:
    """What the checks look at."""

    settings: Readable
    environment: Mapping[str, str]
    env_file: Path | None
    declarations: Path
    declared: Declaration | None
    """None when the declarations have faults."""
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, env_file: Path | None, declarations: Path) -> Self:
        """This machine, as its environment and env file describe it.

        Raises:
            SettingsError: the env file is named but is not there.
        """
        values = environment(env_file)
        declared: Declaration | None = None
        faults: tuple[Fault, ...] = ()
        try:
            declared = declaration.load(declarations, values)
        except DeclarationError as error:
            faults = error.faults
        return cls(Readable.of(values), values, env_file, declarations, declared, faults)
