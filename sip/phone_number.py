"""A LiveKit phone number: one that the project holds, or one that can be bought.

LiveKit Cloud writes field names as the protocol does (`e164_format`); JSON of protobuf may as well
be in camelCase. Both are read. Enums come by name, absent timestamps as null.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

STATUSES = ("unspecified", "active", "pending", "released", "offline")
"""By value of the enum; `offline` has no dispatch rule, so calls to it fail."""
HELD = ("active", "pending", "offline")
"""The statuses of numbers that the project has now."""
TYPES = ("unknown", "mobile", "local", "toll-free")

_STATUS = "PHONE_NUMBER_STATUS_"
_TYPE = "PHONE_NUMBER_TYPE_"


def wire_status(status: str) -> str:
    """The enum's name for a status, as requests say it."""
    return f"{_STATUS}{status.upper()}"


def _word(prefix: str, words: tuple[str, ...]) -> Callable[[object], object]:
    """Reads an enum into a lower-case word with hyphens; words not known here pass."""

    def read(value: object) -> object:
        if isinstance(value, int):
            return words[value] if 0 <= value < len(words) else str(value)
        if isinstance(value, str):
            return value.removeprefix(prefix).lower().replace("_", "-")
        return value

    return read


def _country(value: object) -> object:
    """A search says USA where a list says US."""
    return "US" if value == "USA" else value


def _wire(name: str, camel: str, **options: Any) -> Any:
    return Field(validation_alias=AliasChoices(name, camel), **options)


class PhoneNumber(BaseModel):
    """A number as LiveKit tells of it; what an answer leaves out is empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = ""
    """Empty while nobody has bought it."""
    e164: str = _wire("e164_format", "e164Format", pattern=r"^\+\d+$")
    country: Annotated[str, BeforeValidator(_country)] = _wire(
        "country_code", "countryCode", default=""
    )
    area_code: str = _wire("area_code", "areaCode", default="")
    type: Annotated[str, BeforeValidator(_word(_TYPE, TYPES))] = _wire(
        "number_type", "numberType", default="unknown"
    )
    locality: str = ""
    region: str = ""
    status: Annotated[str, BeforeValidator(_word(_STATUS, STATUSES))] = "unspecified"
    capabilities: tuple[str, ...] = ()
    spam_score: float = _wire("spam_score", "spamScore", default=0.0)
    rule_ids: tuple[str, ...] = _wire("sip_dispatch_rule_ids", "sipDispatchRuleIds", default=())
    """The dispatch rules that take its calls."""
    assigned_at: datetime | None = _wire("assigned_at", "assignedAt", default=None)
    released_at: datetime | None = _wire("released_at", "releasedAt", default=None)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        known = {name: value for name, value in item.items() if value is not None}
        names = {"sip_dispatch_rule_ids", "sipDispatchRuleIds"}
        only = known.get("sip_dispatch_rule_id") or known.get("sipDispatchRuleId")
        if only and not any(known.get(name) for name in names):  # the older, single field
            return {name: known[name] for name in known.keys() - names} | {
                "sip_dispatch_rule_ids": [only]
            }
        return known

    @property
    def place(self) -> str:
        """Such as `San Francisco, CA`; LiveKit writes localities in capitals."""
        return ", ".join(part for part in (self.locality.title(), self.region) if part)
