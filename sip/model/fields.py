"""The kinds of values in a declaration, each turned into the one form used everywhere."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, ValidationInfo

from sip.secret import SealedSecret, Secret, is_reference, resolve

HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+(?::\d{1,5})?")


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


def _header_value(value: object, info: ValidationInfo) -> object:
    """A value kept elsewhere is a secret, such as a carrier's token in a header."""
    return _secret(value, info) if is_reference(value) else value


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


def _address_range(text: str) -> str:
    """A CIDR range; a host name passes, and is for the lints to judge."""
    if re.search(r"[,;*\s]|://", text):
        raise ValueError(f"{text!r} is not one address; write a list of CIDR ranges")
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        if HOST.fullmatch(text) and not re.fullmatch(r"[\d.:]+", text):
            return text.lower()
        raise ValueError(
            f"{text!r} is not an IP range; write CIDR without host bits, such as 192.0.2.0/24"
        ) from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} lets everyone in; name the carrier's own ranges")
    return str(network)


def _host(text: str) -> str:
    if HOST.fullmatch(text) or re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?", text):
        return text
    raise ValueError(f"{text!r} is not a host; write it without sip: and user, such as a.b.c:5060")


def _header_name(text: str) -> str:
    """RFC 3261, section 25.1: a header's name is a token."""
    if not re.fullmatch(r"[A-Za-z0-9.!%*_+`'~-]{1,255}", text):
        raise ValueError(f"{text!r} is not a header name; use letters, digits and hyphens")
    return text


def _sorted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Text = Annotated[str, BeforeValidator(_resolved)]
Name = Annotated[Text, Field(pattern=r"^\S(.*\S)?$")]
PhoneNumber = Annotated[str, AfterValidator(_e164)]
AddressRange = Annotated[str, AfterValidator(_address_range)]
Host = Annotated[Text, AfterValidator(_host)]
Credential = Annotated[
    InstanceOf[Secret] | InstanceOf[SealedSecret] | None, BeforeValidator(_secret)
]
HiddenCredential = Annotated[
    InstanceOf[Secret] | InstanceOf[SealedSecret] | None, BeforeValidator(_referred_secret)
]
"""One that must not stand in the file."""
HeaderName = Annotated[str, AfterValidator(_header_name)]
Headers = dict[HeaderName, Annotated[InstanceOf[Secret] | str, BeforeValidator(_header_value)]]
HeadersToAttributes = dict[HeaderName, str]
AttributesToHeaders = dict[str, HeaderName]
Attributes = dict[str, Text]
Listed = (BeforeValidator(_spread), AfterValidator(_sorted))
Numbers = Annotated[tuple[PhoneNumber, ...], *Listed]
Names = Annotated[tuple[Name, ...], *Listed]
