"""The requests of `livekit.PhoneNumberService`, stricter than the real service.

As protobuf's JSON has it, a field goes by its own name or in camelCase, and an enum by its name.
What the real service would pass over in silence, an unknown field or status, is refused.
"""

from __future__ import annotations

import base64
import json
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from lab.phone_numbers.twirp import TwirpError

Status = Literal[
    "PHONE_NUMBER_STATUS_ACTIVE",
    "PHONE_NUMBER_STATUS_PENDING",
    "PHONE_NUMBER_STATUS_RELEASED",
    "PHONE_NUMBER_STATUS_OFFLINE",
]
PAGE = 50
"""Items of a page when a request names no limit, and at most."""


class Body(BaseModel):
    """A request."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", strict=True
    )


class PageToken(Body):
    """`livekit.TokenPagination`: url-safe base64 of the JSON `{offset, limit}`."""

    token: str

    @classmethod
    def at(cls, offset: int, limit: int) -> Self:
        """The token of the page that begins at `offset`."""
        text = json.dumps({"offset": offset, "limit": limit})
        return cls(token=base64.urlsafe_b64encode(text.encode()).decode())

    def offset(self) -> int:
        """Where its page begins."""
        try:
            return int(json.loads(base64.urlsafe_b64decode(self.token))["offset"])
        except (ValueError, KeyError, TypeError):
            raise TwirpError("invalid_argument", "page_token is not one of ours") from None


class Paged(Body):
    """A request for a page."""

    limit: int = Field(default=PAGE, ge=1)
    page_token: PageToken | None = None


class Search(Paged):
    """SearchPhoneNumbers."""

    country_code: str = Field(min_length=2)
    area_code: str | None = None


class Purchase(Body):
    """PurchasePhoneNumber."""

    phone_numbers: list[str] = Field(min_length=1)
    sip_dispatch_rule_id: str | None = None


class Listing(Paged):
    """ListPhoneNumbers."""

    statuses: list[Status] = []
    sip_dispatch_rule_id: str | None = None


class One(Body):
    """GetPhoneNumber: by id or by number."""

    id: str | None = None
    phone_number: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.id is None) == (self.phone_number is None):
            raise ValueError("name either id or phone_number")
        return self


class Update(One):
    """UpdatePhoneNumber."""

    sip_dispatch_rule_id: str | None = None


class Release(Body):
    """ReleasePhoneNumbers: by ids or by numbers."""

    ids: list[str] = []
    phone_numbers: list[str] = []

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if bool(self.ids) == bool(self.phone_numbers):
            raise ValueError("name either ids or phone_numbers")
        return self


B = TypeVar("B", bound=BaseModel)


def read(model: type[B], content: bytes) -> B:
    """The request in `content`; raises TwirpError, saying what is wrong with it."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        faults = error.errors()
        code = "malformed" if faults[0]["type"] == "json_invalid" else "invalid_argument"
        told = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults)
        raise TwirpError(code, told) from None
