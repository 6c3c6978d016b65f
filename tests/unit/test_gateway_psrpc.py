from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from livekit.protocol.sip import SIPUri

from lab.gateway import psrpc, wire
from lab.gateway.bus import Handler
from lab.gateway.psrpc import Client, RpcError, channel


class Server:
    """A bus with one psrpc server on it, which answers or does not."""

    def __init__(self, response: dict[str, Any] | None) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.handlers: dict[str, Handler] = {}
        self.published: list[tuple[str, Any]] = []
        self._response = response

    def subscribe(self, name: str, handler: Handler) -> None:
        self.handlers[name] = handler

    async def publish(self, name: str, message: Any) -> None:
        self.published.append((name, message))
        claim, answers = self.handlers
        if name.endswith("|REQ"):
            offer = wire.ClaimRequest(request_id=message.request_id, server_id="SRV_1")
            self.handlers[claim](offer)
        elif name.endswith("|RCLAIM") and self._response is not None:
            response = wire.Response(request_id=message.request_id, **self._response)
            self.handlers[answers](response)


def client_of(server: Server) -> Client:
    return Client(server, "IOInfo")  # type: ignore[arg-type]  # a bus in all that a client uses


def test_channel_names_escape_what_psrpc_escapes() -> None:
    assert channel("IOInfo", "GetSIPTrunkAuthentication", "REQ") == (
        "IOInfo|GetSIPTrunkAuthentication|REQ"
    )
    assert channel("SIPInternal", "TransferSIPParticipant", "SCL_a-b", "REQ") == (
        "SIPInternal|TransferSIPParticipant|SCL_au+002db|REQ"
    )


def test_a_message_survives_the_wire_under_its_go_name() -> None:
    call = wire.SIPCall(source_ip="127.0.0.1", via=[SIPUri(host="127.0.0.1", port=5060)])
    packed = wire.pack(wire.GetSIPTrunkAuthenticationRequest(call=call))
    assert b"type.googleapis.com/rpc.GetSIPTrunkAuthenticationRequest" in packed
    assert wire.unpack(packed).call == call


def test_field_numbers_are_those_of_livekit_protocol() -> None:
    """Tag and length, then the text: field 7 is 0x3a, field 9 is 0x4a."""
    assert wire.SIPCall(sip_call_id="x").SerializeToString() == b"\x3a\x01x"
    assert wire.GetSIPTrunkAuthenticationResponse(realm="x").SerializeToString() == b"\x4a\x01x"
    answer = wire.EvaluateSIPDispatchRulesResponse(participant_attributes={"a": "b"})
    assert answer.SerializeToString() == b"\x5a\x06\x0a\x01a\x12\x01b"


def test_an_unknown_message_is_not_for_us() -> None:
    assert (
        wire.unpack(wire.Msg(type_url="type.googleapis.com/rpc.Other").SerializeToString()) is None
    )


async def test_a_call_claims_the_server_that_offers_itself() -> None:
    raw = wire.GetSIPTrunkAuthenticationResponse(sip_trunk_id="ST_1").SerializeToString()
    server = Server({"raw_response": raw})
    answer = await client_of(server).call(
        "GetSIPTrunkAuthentication",
        wire.GetSIPTrunkAuthenticationRequest(),
        wire.GetSIPTrunkAuthenticationResponse,
    )
    assert answer.sip_trunk_id == "ST_1"
    (request_channel, request), (claim_channel, claim) = server.published
    assert request_channel == "IOInfo|GetSIPTrunkAuthentication|REQ"
    assert claim_channel == "IOInfo|GetSIPTrunkAuthentication|RCLAIM"
    assert (claim.request_id, claim.server_id) == (request.request_id, "SRV_1")
    assert request.expiry > time.time_ns()


async def test_an_error_comes_back_with_its_code() -> None:
    server = Server({"code": "not_found", "error": "no such trunk"})
    with pytest.raises(RpcError, match="no such trunk") as raised:
        await client_of(server).call("Any", wire.SIPCall(), wire.SIPCall)
    assert raised.value.code == "not_found"


async def test_silence_is_an_error_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psrpc, "TIMEOUT_S", 0.02)
    with pytest.raises(RpcError, match="no answer to Any"):
        await client_of(Server(None)).call("Any", wire.SIPCall(), wire.SIPCall)
