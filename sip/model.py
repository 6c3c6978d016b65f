"""What can be declared: inbound trunks and the dispatch rules that send their calls to an agent.

Validation turns text into the one form used everywhere: E.164 numbers, CIDR ranges, sorted lists.
What is read back from LiveKit is built with `model_construct`: it is compared, never trusted.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationInfo,
)

from sip.secret import SealedSecret, Secret, is_reference, resolve


def _resolved(value: object, info: ValidationInfo) -> object:
    environment = (info.context or {}).get("environment", {})
    return resolve(value, environment) if is_reference(value) else value


def _secret(value: object, info: ValidationInfo) -> Secret:
    if not isinstance(value, str) or not value:
        raise ValueError('must be text, or a reference such as "env/NAME"')
    return Secret(str(_resolved(value, info)))


def _referred_secret(value: object, info: ValidationInfo) -> Secret:
    if not is_reference(value):
        raise ValueError('must not stand here in clear; write a reference such as "env/NAME"')
    return _secret(value, info)


def _spread(value: object, info: ValidationInfo) -> object:
    """A reference inside a list may stand for several values, separated by commas."""
    if not isinstance(value, list):
        return value
    items: list[object] = []
    for item in value:
        if not is_reference(item):
            items.append(item)
            continue
        found = [part.strip() for part in str(_resolved(item, info)).split(",") if part.strip()]
        if not found:
            raise ValueError(f"{item!r} stands for nothing; give it a value")
        items += found
    return items


def _e164(text: str) -> str:
    remedy = "write it in E.164 form with the leading +, such as +12025550100"
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise ValueError(f"{text!r} is not a phone number; {remedy}") from None
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError(f"{text!r} has the wrong number of digits for its country; {remedy}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _cidr(text: str) -> str:
    """Only ranges: LiveKit compares anything else with the From host, which the caller chooses."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not an IP range; write CIDR without host bits, such as 192.0.2.0/24"
        ) from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} lets everyone in; name the carrier's own ranges")
    return str(network)


def _sorted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Text = Annotated[str, BeforeValidator(_resolved)]
Name = Annotated[Text, Field(pattern=r"^\S(.*\S)?$")]
PhoneNumber = Annotated[str, AfterValidator(_e164)]
AddressRange = Annotated[str, AfterValidator(_cidr)]
Credential = InstanceOf[Secret] | InstanceOf[SealedSecret] | None
Listed = (BeforeValidator(_spread), AfterValidator(_sorted))


class Resource(BaseModel):
    """Something that can be declared and deployed; known by its kind and name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name


class InboundTrunk(Resource):
    """Which calls of a carrier are let in: our numbers, and how the carrier proves itself."""

    numbers: Annotated[tuple[PhoneNumber, ...], Field(min_length=1), *Listed]
    """Our numbers that callers dial. LiveKit takes a list without entries as "any number"."""
    allowed_addresses: Annotated[tuple[AddressRange, ...], *Listed] = ()
    """Where INVITEs may come from."""
    allowed_numbers: Annotated[tuple[PhoneNumber, ...], *Listed] = ()
    """Callers let in; none means everybody."""
    auth_username: Annotated[Credential, BeforeValidator(_secret)] = None
    auth_password: Annotated[Credential, BeforeValidator(_referred_secret)] = None
    auth_realm: Text = ""
    ringing_timeout_s: float | None = Field(default=None, ge=1)
    """How long a caller hears ringing before 486 when no agent answers; 180 when not said."""
    max_call_duration_s: float | None = Field(default=None, ge=1, le=86_400)


class DispatchRule(Resource):
    """Which agent answers the calls of which trunks, and in what room."""

    trunks: Annotated[tuple[Name, ...], Field(min_length=1), *Listed]
    """Names of inbound trunks. Never empty: LiveKit lets callers past every trunk otherwise."""
    type: Literal["individual"] = "individual"
    """A room of its own for every call."""
    room_prefix: Annotated[Text, Field(min_length=1)] = "call-"
    agent: Name
    """The name that the worker registers under."""


KINDS: dict[type[Resource], str] = {
    InboundTrunk: "inbound trunk",
    DispatchRule: "dispatch rule",
}


def label(resource: Resource) -> str:
    """Such as `inbound trunk "hotline"`."""
    return f'{KINDS[type(resource)]} "{resource.name}"'
