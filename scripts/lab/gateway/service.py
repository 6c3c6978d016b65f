"""What livekit-server asks of the gateway: calls and transfers (psrpc service SIPInternal)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from google.protobuf.empty_pb2 import Empty

from lab.gateway import ending, wire
from lab.gateway.bus import Bus
from lab.gateway.psrpc import RpcError
from lab.gateway.rpc_server import ANY_TOPIC, Server
from lab.gateway.signalling import SipPort


class SipInternal:
    """Serves CreateSIPParticipant, and TransferSIPParticipant for the calls that are up."""

    def __init__(self, bus: Bus, port: SipPort) -> None:
        self._port = port
        self._server = Server(bus, "SIPInternal")
        self._server.serve(
            "CreateSIPParticipant", wire.InternalCreateSIPParticipantRequest, self._create
        )
        self._server.serve(
            "TransferSIPParticipant",
            wire.InternalTransferSIPParticipantRequest,
            self._transfer,
            topic=ANY_TOPIC,
            claims=lambda request: self._port.find(request.sip_call_id) is not None,
        )

    async def close(self) -> None:
        """Answers nothing any more."""
        await self._server.close()

    async def _create(self, request: Any) -> Any:
        """Answers once the participant is in the room, or, if wanted, the phone has answered."""
        call = self._port.place(request)
        try:
            participant_id = await asyncio.shield(call.joined)
            if request.wait_until_answered:
                await asyncio.shield(call.established)
        except asyncio.CancelledError:
            call.end(ending.NO_ANSWER)
            raise
        return wire.InternalCreateSIPParticipantResponse(
            participant_id=participant_id,
            participant_identity=request.participant_identity,
            sip_call_id=request.sip_call_id,
        )

    async def _transfer(self, request: Any) -> Empty:
        call = self._port.find(request.sip_call_id)
        if call is None or not call.answered:
            raise RpcError("not_found", "sip call cannot be found")
        with call.ringing() if request.play_dialtone else contextlib.nullcontext():
            await call.transfers.transfer(request.transfer_to, dict(request.headers))
        return Empty()
