"""The SIP port: which request belongs to which call, and what is answered without one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiosipua import Dialog, IncomingCall, SipRequest, SipResponse
from aiosipua.sdp import parse_sdp
from aiosipua.transport import MessageCallback
from aiosipua.uas import SipUAS
from aiosipua.utils import generate_tag

from lab.digest import Challenges
from lab.errors import PortTaken
from lab.gateway import ending
from lab.gateway.call import Call, Exchange
from lab.gateway.client_transaction import ClientTransactions
from lab.gateway.config import GatewayConfig
from lab.gateway.dispatch import CallRules
from lab.gateway.ending import Ending
from lab.gateway.inbound import InboundCall
from lab.gateway.outbound import OutboundCall
from lab.gateway.phone_leg import RtpPorts
from lab.gateway.refusals import Refusals
from lab.sip_transport import LoopbackSipTransport

log = logging.getLogger("lab.gateway.sip")

NOT_ALLOWED = frozenset({"REFER", "INFO", "UPDATE", "MESSAGE", "SUBSCRIBE", "PRACK"})
"""livekit-sip answers these 405, whatever its Allow header says."""


class SipPort:
    """Listens for calls and owns them until they have ended."""

    def __init__(self, config: GatewayConfig, rules: CallRules) -> None:
        self._transport = LoopbackSipTransport(local_addr=(config.listen_ip, config.sip_port))
        self._transactions = ClientTransactions(self._transport)
        self._exchange = Exchange(
            config=config,
            rules=rules,
            challenges=Challenges(),
            rtp_ports=RtpPorts(config.listen_ip, *config.rtp_port),
            transactions=self._transactions,
        )
        self._uas = SipUAS(self._transport, user_agent="LiveKit")
        self._uas.on_invite = self._on_invite
        self._uas.on_reinvite = self._on_reinvite
        self._uas.on_bye = lambda call, _: self._end(call.call_id, ending.HUNG_UP)
        self._uas.on_cancel = lambda request, _: self._end(request.call_id or "", ending.CANCELLED)
        self._uas.on_ack_timeout = lambda call: self._end(call.call_id, ending.NO_ACK)
        self._calls: dict[str, InboundCall] = {}
        self._placed: dict[str, OutboundCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusals = Refusals()
        self._to_uas: MessageCallback | None = None

    async def start(self) -> None:
        """Binds the port; raises PortTaken."""
        host, port = self._transport.local_addr
        try:
            await self._uas.start()
        except OSError as error:
            raise PortTaken(
                f"SIP port {port} of {host} is in use: stop what holds it or change sip_port."
            ) from error
        self._to_uas = self._transport.on_message
        self._transport.on_message = self._receive

    async def stop(self) -> None:
        """Ends every call, then the port."""
        for call in [*self._calls.values(), *self._placed.values()]:
            call.end(ending.SHUTDOWN)
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._transactions.stop()
        await self._uas.stop()

    def place(self, request: Any) -> OutboundCall:
        """Begins the call that an InternalCreateSIPParticipantRequest asks for."""
        call = OutboundCall(request, self._exchange)
        self._placed[call.dialog.call_id] = call
        log.info("call %s is placed", call.id)
        self._spawn(self._carry_placed(call))
        return call

    def find(self, call_id: str) -> Call | None:
        """The call with that `SCL_...` id, while it lasts."""
        calls: list[Call] = [*self._calls.values(), *self._placed.values()]
        return next((call for call in calls if call.id == call_id), None)

    def _receive(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        if isinstance(message, SipResponse):
            self._transactions.receive(message)
            return
        placed = self._placed.get(message.call_id or "")
        if placed is not None:
            answer = placed.requested(message)
            if answer is not None:
                self._transport.send_reply(answer)
        elif not self._answer_here(message) and self._to_uas is not None:
            self._to_uas(message, addr)

    def _answer_here(self, request: SipRequest) -> bool:
        """Deals with what aiosipua would answer otherwise than livekit-sip; True when it did."""
        call = self._calls.get(request.call_id or "")
        if request.method == "NOTIFY" and call is not None:
            self._respond(request, call.transfers.notified(request), "")
            return True
        if request.method in NOT_ALLOWED:
            self._respond(request, 405, "Method Not Allowed")
            return True
        if request.method == "CANCEL" and call is not None and call.answered:
            self._respond(request, 200, "OK")  # too late to change anything: RFC 3261 9.2
            return True
        if request.method in {"INVITE", "CANCEL"} and self._refusals.knows(request):
            self._answer_again(request)
            return True
        return request.method == "INVITE" and self._screen(request, call)

    def _answer_again(self, request: SipRequest) -> None:
        """livekit-sip leaves even the CANCEL of a dropped call without an answer."""
        answer = self._refusals.answer(request)
        if answer is None:
            return
        if request.method == "CANCEL":
            self._respond(request, 200, "OK")  # too late, as above
        else:
            self._transport.send_reply(answer)

    def _screen(self, invite: SipRequest, call: InboundCall | None) -> bool:
        """Answers an INVITE that begins no call and changes none; True when it did."""
        tag = invite.from_addr.tag if invite.from_addr else None
        if not (invite.call_id and tag and invite.to_addr):
            self._respond(invite, 400, "Bad Request")
            return True
        if call is not None and invite.cseq == call.sip.invite.cseq:
            return True  # a retransmission: 180 and 200 are repeated anyway
        try:
            parse_sdp(invite.text)
        except ValueError:
            invite.body = b""  # answered like a missing one, in its turn
        return False

    def _on_invite(self, sip: IncomingCall) -> None:
        call = InboundCall(sip, self._exchange)
        self._calls[sip.call_id] = call
        log.info("call %s begins", call.id)
        self._spawn(self._carry(call))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_placed(self, call: OutboundCall) -> None:
        await call.run()
        del self._placed[call.dialog.call_id]

    async def _carry(self, call: InboundCall) -> None:
        how = await call.run()
        if not call.answered:
            self._refusals.remember(call.sip, how)
        if self._calls.get(call.sip.call_id) is call:
            del self._calls[call.sip.call_id]

    def _on_reinvite(self, sip: IncomingCall) -> None:
        call = self._calls.get(sip.call_id)
        if call is not None:
            call.reinvited()

    def _end(self, call_id: str, how: Ending) -> None:
        call = self._calls.get(call_id)
        if call is not None:
            call.end(how)

    def _respond(self, request: SipRequest, status: int, reason: str) -> None:
        dialog = Dialog(call_id=request.call_id or "", local_tag=generate_tag())
        to = request.to_addr
        if to is not None and to.tag:
            dialog.local_tag = to.tag  # inside a dialog the tag is given
        self._transport.send_reply(dialog.create_response(request, status, reason))
