"""What the operator's tools keep, and whom they may dial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import phonenumbers
from pydantic import BeforeValidator, Field, SecretStr, field_validator

from bot.settings.accounts import LiveKitSettings
from bot.settings.environment import Environment


def _countries(value: str) -> frozenset[str]:
    countries = frozenset(
        country.strip().upper() for country in value.split(",") if country.strip()
    )
    if unknown := sorted(countries - phonenumbers.SUPPORTED_REGIONS):
        raise ValueError(f"{unknown[0]} is no country: give two letters each, such as US,CA")
    return countries


class OperatorSettings(Environment):
    """What the operator's tools keep, and whom they may dial; needs no account."""

    personas_dir: Path = Field(
        default=Path(__file__).parents[1] / "personas", validation_alias="HOTLINE_PERSONAS_DIR"
    )
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


class DialSettings(LiveKitSettings, OperatorSettings):
    """What it takes to place calls."""

    agent_name: str = Field(default="hotline", min_length=1, validation_alias="HOTLINE_AGENT_NAME")
    """The name that dispatches ask for; LiveKit dispatches to it explicitly."""
