"""Outbound calls through a lab's gateway to an answering phone, seen from both ends."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.duration_pb2 import Duration
from livekit import api, rtc
from livekit.protocol import sip as proto_sip

from lab.clips import Clips
from lab.network import Lab
from lab.phone import AnsweringPhone, ReceivedCall, Script
from tests.checks.room import Witness, joined, publish
from tests.checks.wait import eventually

OURS, CALLEE = "+12025550100", "+12025550111"
ROOM, IDENTITY = "outbound", "callee"


@dataclass
class Dialler:
    """A room with somebody in it, an answering phone, and the API that connects the two."""

    livekit: api.LiveKitAPI
    phone: AnsweringPhone
    room: rtc.Room
    source: rtc.AudioSource
    witness: Witness

    def trunk(self, **fields: Any) -> proto_sip.SIPOutboundConfig:
        """An inline trunk to the phone."""
        host, port = self.phone.address
        return proto_sip.SIPOutboundConfig(
            **{"hostname": f"{host}:{port}", "transport": proto_sip.SIP_TRANSPORT_UDP, **fields}
        )

    async def dial(
        self,
        script: Script,
        *,
        trunk: proto_sip.SIPOutboundConfig | None = None,
        ring_s: int = 10,
        wait: bool = True,
        **fields: Any,
    ) -> proto_sip.SIPParticipantInfo:
        """Has CALLEE called, who behaves by `script`."""
        self.phone.scripts[CALLEE] = script
        if "sip_trunk_id" not in fields:
            fields |= {"trunk": trunk or self.trunk(), "sip_number": OURS}
        request = proto_sip.CreateSIPParticipantRequest(
            sip_call_to=CALLEE,
            room_name=ROOM,
            participant_identity=IDENTITY,
            ringing_timeout=Duration(seconds=ring_s),
            wait_until_answered=wait,
            **fields,
        )
        return await self.livekit.sip.create_sip_participant(request, timeout=30)

    async def connect(self, script: Script, **fields: Any) -> ReceivedCall:
        """The same, for calls that are answered; returns the phone's side."""
        await self.dial(script, **fields)
        return await self.phone.takes()

    async def remove(self) -> None:
        """Removes the phone's participant, which is how an agent hangs up."""
        await self.livekit.room.remove_participant(
            api.RoomParticipantIdentity(room=ROOM, identity=IDENTITY)
        )

    async def transfer(self, target: str, *, ring_s: int = 10, **fields: Any) -> None:
        """Transfers the call."""
        await self.livekit.sip.transfer_sip_participant(
            proto_sip.TransferSIPParticipantRequest(
                room_name=ROOM,
                participant_identity=IDENTITY,
                transfer_to=target,
                ringing_timeout=Duration(seconds=ring_s),
                **fields,
            )
        )

    async def is_left(self) -> rtc.DisconnectReason.ValueType | None:
        """Waits until the participant has left; returns its reason."""
        await eventually(lambda: bool(self.witness.left), "the participant left", within_s=10)
        return self.witness.left[-1]


@contextlib.asynccontextmanager
async def dialling(network: Lab, livekit: api.LiveKitAPI, clips: Clips) -> AsyncIterator[Dialler]:
    """A dialler, until the end of the block."""
    async with AnsweringPhone({}, clips=clips) as phone, joined(network, ROOM) as room:
        source = await publish(room)
        try:
            yield Dialler(livekit, phone, room, source, Witness(room))
        finally:
            await source.aclose()
