from __future__ import annotations

import pytest
from aiosipua import SipMessage, SipRequest
from livekit.protocol.sip import SIPHeaderOptions

from lab.gateway import attributes
from lab.gateway.dispatch import Dispatch, sip_call

INVITE = """INVITE sip:ignored@127.0.0.1:5060 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:15060;branch=z9hG4bK1
From: "A" <sip:+12025550123@carrier.example>;tag=from-tag
To: <sip:+12025550100@127.0.0.1:5060>
Call-ID: id@carrier.example
CSeq: 1 INVITE
X-Account: 7
X-Lk-Test-Id: test-1
Subject: hello

"""


@pytest.fixture
def invite() -> SipRequest:
    message = SipMessage.parse(INVITE.replace("\n", "\r\n"))
    assert isinstance(message, SipRequest)
    return message


def dispatch(
    include: int = SIPHeaderOptions.SIP_NO_HEADERS, mapping: dict[str, str] | None = None
) -> Dispatch:
    return Dispatch(
        result="ACCEPT",
        room_name="r",
        identity="i",
        name="n",
        metadata="",
        attributes={"sip.trunkID": "ST_1"},
        token="",
        ws_url="",
        room_preset="",
        room_config=None,
        headers={},
        headers_to_attributes=mapping or {},
        attributes_to_headers={},
        include_headers=include,
        ringing_timeout_s=180.0,
        max_call_s=60.0,
        media_timeout_s=None,
    )


def test_joins_ringing_with_the_calls_ids_and_the_rules_attributes(invite: SipRequest) -> None:
    assert attributes.at_join(invite, dispatch()) == {
        "sip.trunkID": "ST_1",
        "sip.callIDFull": "id@carrier.example",
        "sip.callTag": "from-tag",
        "sip.callStatus": "ringing",
    }


def test_maps_the_headers_that_the_trunk_names(invite: SipRequest) -> None:
    mapped = attributes.at_join(
        invite, dispatch(mapping={"x-account": "account", "X-None": "none"})
    )
    assert mapped["account"] == "7"
    assert "none" not in mapped


def test_includes_x_headers_or_all(invite: SipRequest) -> None:
    some = attributes.at_join(invite, dispatch(SIPHeaderOptions.SIP_X_HEADERS))
    assert some["sip.h.x-account"] == "7"
    assert "sip.h.subject" not in some
    every = attributes.at_join(invite, dispatch(SIPHeaderOptions.SIP_ALL_HEADERS))
    assert every["sip.h.subject"] == "hello"


def test_knows_some_headers_without_being_asked(invite: SipRequest) -> None:
    assert attributes.of_known_headers(invite) == {"lktest.id": "test-1"}


def test_makes_headers_of_the_attributes_that_are_set() -> None:
    names = {"outcome": "X-Outcome", "missing": "X-Missing"}
    assert attributes.to_headers({"outcome": "booked"}, names) == {"X-Outcome": "booked"}


def test_the_number_called_is_the_to_header_and_not_the_request_line(invite: SipRequest) -> None:
    call = sip_call(invite, "127.0.0.1", "SCL_1")
    assert call.to.user == "+12025550100"
    assert getattr(call, "from").user == "+12025550123"
    assert getattr(call, "from").host == "carrier.example"
    assert (call.source_ip, call.sip_call_id) == ("127.0.0.1", "id@carrier.example")
