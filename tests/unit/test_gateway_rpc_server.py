"""Serving psrpc methods over a bus that only remembers."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from livekit.protocol.sip import SIPStatus

from lab.gateway import wire
from lab.gateway.bus import Handler
from lab.gateway.psrpc import RpcError
from lab.gateway.refusal_status import rpc_error
from lab.gateway.rpc_server import ANY_TOPIC, Handle, Server

REQUEST = wire.InternalTransferSIPParticipantRequest


class Bus:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.published: list[tuple[str, Any]] = []

    def subscribe(self, channel: str, handler: Handler) -> None:
        self.handlers[channel] = handler

    async def publish(self, channel: str, message: Any) -> None:
        self.published.append((channel, message))


class Served:
    """A server of one method, and the client's side of the handshake."""

    def __init__(self, handle: Handle) -> None:
        self.bus = Bus()
        self.server = Server(self.bus, "SIPInternal")  # type: ignore[arg-type]
        self.server.serve(
            "TransferSIPParticipant",
            REQUEST,
            handle,
            topic=ANY_TOPIC,
            claims=lambda request: request.sip_call_id == "ours",
        )

    async def request(self, call_id: str = "ours", *, expires_in_s: float = 5.0) -> None:
        self.bus.handlers["SIPInternal|TransferSIPParticipant|*|REQ"](
            wire.Request(
                request_id="r",
                client_id="c",
                expiry=time.time_ns() + int(expires_in_s * 1e9),
                raw_request=REQUEST(sip_call_id=call_id).SerializeToString(),
            )
        )
        await asyncio.sleep(0)

    async def choose(self, server_id: str) -> None:
        self.bus.handlers["SIPInternal|TransferSIPParticipant|*|RCLAIM"](
            wire.ClaimResponse(request_id="r", server_id=server_id)
        )
        for _ in range(5):
            await asyncio.sleep(0)


async def _done(_: Any) -> Empty:
    return Empty()


async def test_a_request_is_claimed_then_answered() -> None:
    served = Served(_done)
    await served.request()
    ((channel, claim),) = served.bus.published
    assert channel == "SIPInternal|c|CLAIM"
    await served.choose(claim.server_id)
    channel, response = served.bus.published[1]
    assert (channel, response.error, response.code) == ("SIPInternal|c|RES", "", "")


@pytest.mark.parametrize(("call_id", "expires_in_s"), [("theirs", 5.0), ("ours", -1.0)])
async def test_what_is_not_ours_or_too_late_is_left_alone(
    call_id: str, expires_in_s: float
) -> None:
    served = Served(_done)
    await served.request(call_id, expires_in_s=expires_in_s)
    assert served.bus.published == []


async def test_nothing_is_done_when_another_server_is_chosen() -> None:
    served = Served(_done)
    await served.request()
    await served.choose("another")
    assert len(served.bus.published) == 1


@pytest.mark.parametrize(
    ("status", "reason", "code", "told"),
    [
        (486, "Busy Here", "resource_exhausted", "sip status: 486: Busy Here"),
        (603, "", "permission_denied", "sip status: 603 (GLOBAL_DECLINE)"),
        (402, "Pay", "permission_denied", "sip status: 402: Pay"),
        (404, "No", "not_found", "sip status: 404: No"),
        (499, "", "invalid_argument", "sip status: 499 (499)"),
        (503, "Later", "failed_precondition", "sip status: 503: Later"),
        (504, "Late", "deadline_exceeded", "sip status: 504: Late"),
        (699, "", "invalid_argument", "sip status: 699 (699)"),
    ],
)
async def test_a_sip_status_goes_with_the_error(
    status: int, reason: str, code: str, told: str
) -> None:
    async def refuse(_: Any) -> Empty:
        raise rpc_error(status, reason)

    served = Served(refuse)
    await served.request()
    await served.choose(served.bus.published[0][1].server_id)
    response = served.bus.published[1][1]
    assert (response.code, response.error) == (code, told)
    detail = SIPStatus()
    assert response.error_details[0].Unpack(detail)
    assert (detail.code, detail.status) == (status, reason)


async def test_who_waits_no_longer_gets_no_answer() -> None:
    cancelled = asyncio.Event()

    async def never(_: Any) -> Empty:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise RpcError("internal", "unreachable")

    served = Served(never)
    await served.request(expires_in_s=0.1)
    await served.choose(served.bus.published[0][1].server_id)
    async with asyncio.timeout(5):
        await cancelled.wait()
    assert len(served.bus.published) == 1
    await served.server.close()
