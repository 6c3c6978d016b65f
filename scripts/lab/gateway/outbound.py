"""One outbound call, in livekit-sip's order (pkg/sip/outbound.go)."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aiosipua import Dialog, SipDigestAuth, SipRequest, SipResponse
from aiosipua.sdp import SdpMessage, parse_sdp, serialize_sdp
from aiosipua.utils import format_addr, generate_call_id
from google.protobuf.duration_pb2 import Duration
from livekit import rtc
from livekit.protocol.sip import SIPTransport
from livekit.rtc.participant import PublishTrackError

from lab.gateway import attributes, ending
from lab.gateway.access_token import Guest, access_token
from lab.gateway.call import Call, Exchange
from lab.gateway.client_transaction import Address
from lab.gateway.dispatch import MAX_CALL_S, RINGING_TIMEOUT_S
from lab.gateway.ending import Ending
from lab.gateway.invitation import Invitation
from lab.gateway.not_connected import NotConnected, rejected, unanswered
from lab.gateway.phone_leg import NoPortFree, PhoneLeg
from lab.gateway.psrpc import RpcError
from lab.gateway.room_leg import RoomLeg
from lab.gateway.sdp import Terms, Unacceptable, offer

SIP_PORT = 5060
UDP = frozenset({SIPTransport.SIP_TRANSPORT_AUTO, SIPTransport.SIP_TRANSPORT_UDP})
DIGIT_S = 0.5  # a digit with its pause, and a `w`


class OutboundCall(Call):
    """A call that livekit-server asked for.

    `joined` is done once the participant is in the room, `established` once the phone has
    answered; each raises RpcError when that is not to be.
    """

    def __init__(self, request: Any, exchange: Exchange) -> None:
        super().__init__(request.sip_call_id, exchange)
        loop = asyncio.get_running_loop()
        self.joined: asyncio.Future[str] = loop.create_future()
        self.established: asyncio.Future[None] = loop.create_future()
        self._wanted = request
        self._invitation: Invitation | None = None
        self._proposal: SdpMessage | None = None
        self._has_rung = False
        self.attributes_to_headers = dict(request.attributes_to_headers)
        self.dialog = self._new_dialog()

    def requested(self, request: SipRequest) -> SipResponse | None:
        """Answers a request within the dialog: BYE, NOTIFY, re-INVITE."""
        if request.method == "ACK":
            return None
        if request.method == "BYE":
            self.end(ending.HUNG_UP)
            return self.dialog.create_response(request, 200)
        if request.method == "NOTIFY":
            return self.dialog.create_response(request, self.transfers.notified(request))
        if request.method == "INVITE":
            return self._reinvited(request)
        return self.dialog.create_response(request, 405)

    async def _live(self) -> None:
        try:
            room, phone, address = await self._take_port()
            await self._join(room, phone)
            self._spawn(self._watch_room(room))
            self._spawn(self._limit(_seconds(self._wanted.max_call_duration) or MAX_CALL_S))
            self.joined.set_result(room.participant_id)
            self.remote = await self._resolved()
            answer = await self._invite(room, address)
            await self._begin(room, phone, answer)
        except NotConnected as failure:
            self._give_up(failure.error)
            how = f"not connected: {failure.error.code}"
            self.end(Ending(how, hangup=False, left_as=failure.left_as))

    def _tell_phone(self, how: Ending) -> None:
        if self.answered:
            if not how.by_phone:
                self._say_bye()
        elif self._invitation is not None:
            self._invitation.cancel()
        at_fault = RpcError("internal", how.word)
        self._give_up(at_fault if how is ending.FAULT else unanswered().error)

    async def _take_port(self) -> tuple[RoomLeg, PhoneLeg, Address]:
        try:
            return await self._open_legs()
        except NoPortFree as error:
            raise NotConnected(RpcError("resource_exhausted", str(error))) from error

    async def _resolved(self) -> Address:
        """Where the INVITE goes."""
        wanted = self._wanted
        if wanted.transport not in UDP:
            udp_only = "the lab's gateway speaks SIP over UDP only"
            raise NotConnected(RpcError("failed_precondition", udp_only))
        host, _, port = wanted.address.partition(":")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(
                host, int(port or SIP_PORT), family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
        except OSError as error:
            told = f'fail to resolve target for "{host}": {error.strerror}'
            raise NotConnected(RpcError("invalid_argument", told)) from error
        return str(found[0][4][0]), int(found[0][4][1])

    async def _join(self, room: RoomLeg, phone: PhoneLeg) -> None:
        """Enters the room, where the call is seen as `dialing`."""
        wanted, config = self._wanted, self._exchange.config
        guest = Guest(
            room_name=wanted.room_name,
            identity=wanted.participant_identity,
            name=wanted.participant_name,
            metadata=wanted.participant_metadata,
            attributes={**wanted.participant_attributes, attributes.CALL_STATUS: "dialing"},
        )
        token = wanted.token or access_token(config.api_key, config.api_secret, guest)
        try:
            await room.join(wanted.ws_url or config.ws_url, token, phone.play_digits)
        except (rtc.ConnectError, PublishTrackError) as error:
            told = f"the room cannot be joined: {error}"
            raise NotConnected(RpcError("internal", told)) from error
        await room.noticed()

    async def _invite(self, room: RoomLeg, address: Address) -> SipResponse:
        """Rings until the phone answers."""
        wanted = self._wanted
        self._proposal = offer(*address)
        named = wanted.HasField("display_name")
        self._invitation = Invitation(
            self.dialog,
            self.remote,
            self._proposal,
            headers=wanted.headers,
            display_name=wanted.display_name if named else wanted.number,
            auth=SipDigestAuth(wanted.username, wanted.password) if wanted.username else None,
            transactions=self._exchange.transactions,
            on_ringing=lambda: self._rang(room),
        )
        self._invitation.send()
        patience_s = _seconds(wanted.ringing_timeout) or RINGING_TIMEOUT_S
        try:
            async with asyncio.timeout(patience_s):
                return await asyncio.shield(self._invitation.answer)
        except TimeoutError:
            raise unanswered() from None

    def _rang(self, room: RoomLeg) -> None:
        if not self._has_rung:
            self._has_rung = True
            self._spawn(room.set_status("ringing"))

    async def _begin(self, room: RoomLeg, phone: PhoneLeg, answer: SipResponse) -> None:
        """Connects both sides, dials the extension, and counts as active."""
        wanted = self._wanted
        self.answered = True  # from here on it ends with BYE
        try:
            terms = Terms.of(parse_sdp(answer.text) if answer.text else None)
        except Unacceptable as error:
            raise rejected(str(error)) from error
        self._connect(room, phone, terms, _seconds(wanted.media.media_timeout))
        await room.set_attributes(
            attributes.at_answer(answer, wanted.include_headers, dict(wanted.headers_to_attributes))
        )
        if wanted.dtmf:
            await room.set_status("automation")
            phone.play_digits(wanted.dtmf)
            await asyncio.sleep(DIGIT_S * len(wanted.dtmf))
        await self._until_heard(phone)
        await room.set_status("active")
        self.established.set_result(None)

    def _give_up(self, error: RpcError) -> None:
        for waited in (self.joined, self.established):
            if not waited.done():
                waited.set_exception(error)
                waited.exception()  # nobody need be waiting

    def _reinvited(self, request: SipRequest) -> SipResponse:
        """Answers with the offer in force; only the phone's RTP address is taken over."""
        self.follow(parse_sdp(request.text) if request.text else None)
        host, port = self._exchange.transactions.local_address
        response = self.dialog.create_response(
            request, 200, contact=f"<sip:{format_addr(host, port)}>"
        )
        if self._proposal is not None:
            response.text = serialize_sdp(self._proposal)
            response.set_header("Content-Type", "application/sdp")
        return response

    def _new_dialog(self) -> Dialog:
        """livekit-sip's From tag is its call id."""
        wanted, host = self._wanted, self._exchange.transactions.local_address[0]
        return Dialog(
            call_id=generate_call_id(host),
            local_tag=self.id,
            local_uri=f"sip:{wanted.number}@{wanted.hostname or host}",
            remote_uri=f"sip:{wanted.call_to}@{wanted.address}",
        )


def _seconds(duration: Duration) -> float:
    return duration.ToTimedelta().total_seconds()
