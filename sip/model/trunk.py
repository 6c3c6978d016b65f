"""Trunks: how calls come in from a carrier, and how they leave to one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from sip.model.fields import (
    AddressRange,
    AttributesToHeaders,
    Credential,
    Headers,
    HeadersToAttributes,
    HiddenCredential,
    Host,
    Listed,
    Numbers,
    Text,
)
from sip.model.resource import Media, Resource


class Trunk(Resource):
    """What both directions have."""

    auth_username: Credential = None
    auth_password: HiddenCredential = None
    headers: Headers = Field(default_factory=dict)
    """Sent with every response or INVITE."""
    headers_to_attributes: HeadersToAttributes = Field(default_factory=dict)
    """Which headers of the other side become which attributes of the participant."""
    attributes_to_headers: AttributesToHeaders = Field(default_factory=dict)
    """Which attributes become which headers of the BYE or INVITE."""
    include_headers: Literal["none", "x", "all"] = "none"
    """Which headers become `sip.h.*` attributes by themselves: none, those with X-, or all."""
    media: Media = Media()
    metadata: Text = ""


class InboundTrunk(Trunk):
    """Which calls of a carrier are let in: our numbers, and how the carrier proves itself."""

    kind: ClassVar[str] = "inbound trunk"

    numbers: Numbers
    """Our numbers that callers dial; an empty list is any number."""
    allowed_addresses: Annotated[tuple[AddressRange, ...], *Listed] = ()
    """Where INVITEs may come from."""
    allowed_numbers: Numbers = ()
    """Callers let in; none means everybody."""
    auth_realm: Text = ""
    ringing_timeout_s: float | None = Field(default=None, ge=1)
    """How long a caller hears ringing before 486 when no agent answers; 180 when not said."""
    ringing_timeout_status: int | None = Field(default=None, ge=400, le=699)
    """The SIP status that then answers, where the gateway knows it."""
    max_call_duration_s: float | None = Field(default=None, ge=1, le=86_400)
    """A day when not said."""
    krisp_enabled: bool = False
    """LiveKit Cloud's noise cancellation on the callers' audio."""


class OutboundTrunk(Trunk):
    """Where calls leave to a carrier, and as whom."""

    kind: ClassVar[str] = "outbound trunk"

    address: Host
    """The carrier's host, with a port if it is not the transport's own."""
    numbers: Annotated[Numbers, Field(min_length=1)]
    """Our numbers that calls may come from."""
    transport: Literal["auto", "udp", "tcp", "tls"] = "auto"
    destination_country: Annotated[Text, Field(pattern=r"^([A-Z]{2})?$")] = ""
    """ISO 3166-1 alpha-2: LiveKit Cloud dials from the nearest region."""
    from_host: Annotated[Text, Field(pattern=r"^\S*$")] = ""
    """The host in the From header, where the carrier wants its own."""
