"""Attributes of the SIP participant: from the INVITE and the rule, and back into headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aiosipua import SipMessage, SipRequest, SipResponse
from livekit.protocol.sip import SIPHeaderOptions

from lab.gateway.dispatch import Dispatch

CALL_STATUS = "sip.callStatus"
CallStatus = Literal["dialing", "ringing", "automation", "active", "hangup"]

_KNOWN_HEADERS = {
    "X-Twilio-AccountSid": "sip.twilio.accountSid",
    "X-Twilio-CallSid": "sip.twilio.callSid",
    "X-Lk-Test-Id": "lktest.id",
}
"""Headers that livekit-sip maps without being asked to (pkg/sip/participant.go)."""


def of_known_headers(invite: SipRequest) -> dict[str, str]:
    """Attributes that need no rule; they go to livekit-server with the question where to go."""
    return _mapped(invite, _KNOWN_HEADERS)


def at_join(invite: SipRequest, dispatch: Dispatch) -> dict[str, str]:
    """The participant's attributes as it joins; livekit-server gave those of trunk and rule."""
    from_tag = invite.from_addr.tag if invite.from_addr else None
    return {
        **dispatch.attributes,
        "sip.callIDFull": invite.call_id or "",
        "sip.callTag": from_tag or "",
        CALL_STATUS: "ringing",
        **_included(invite, dispatch.include_headers),
        **_mapped(invite, dispatch.headers_to_attributes),
    }


def at_answer(
    answer: SipResponse, include_headers: int, headers_to_attributes: Mapping[str, str]
) -> dict[str, str]:
    """What the answer of a called phone adds to its participant's attributes."""
    return {
        "sip.callIDFull": answer.call_id or "",
        "sip.callTag": (answer.to_addr and answer.to_addr.tag) or "",
        **_included(answer, include_headers),
        **_mapped(answer, _KNOWN_HEADERS),
        **_mapped(answer, headers_to_attributes),
    }


def to_headers(attributes: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Headers made of the participant's attributes; `names` maps attribute to header."""
    return {
        header: attributes[attribute]
        for attribute, header in names.items()
        if attribute in attributes
    }


def _mapped(message: SipMessage, names: Mapping[str, str]) -> dict[str, str]:
    values = {attribute: message.get_header(header) for header, attribute in names.items()}
    return {attribute: value for attribute, value in values.items() if value is not None}


def _included(message: SipMessage, option: int) -> dict[str, str]:
    if option == SIPHeaderOptions.SIP_NO_HEADERS:
        return {}
    return {
        f"sip.h.{name.lower()}": values[0]
        for name, values in message.headers.items()
        if values and (option == SIPHeaderOptions.SIP_ALL_HEADERS or name.lower().startswith("x-"))
    }
