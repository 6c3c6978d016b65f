"""The SIP port: which request belongs to which call, and what is answered without one."""

from __future__ import annotations

import asyncio
import logging
import time

from aiosipua import Dialog, IncomingCall, SipRequest, SipResponse
from aiosipua.sdp import parse_sdp
from aiosipua.transport import MessageCallback
from aiosipua.uas import SipUAS
from aiosipua.utils import generate_tag

from lab.gateway import ending
from lab.gateway.ending import Ending
from lab.gateway.inbound import Exchange, InboundCall
from lab.sip_transport import LoopbackSipTransport

log = logging.getLogger("lab.gateway.sip")

NOT_ALLOWED = frozenset({"REFER", "INFO", "UPDATE", "MESSAGE", "SUBSCRIBE", "PRACK"})
"""livekit-sip answers these 405, whatever its Allow header says."""
REPEAT_S = 60.0
"""How long an INVITE with the Call-ID and From tag of a refused one gets the same answer again."""

CallKey = tuple[str, str]


class SipPort:
    """Listens for calls and owns them until they have ended."""

    def __init__(self, exchange: Exchange) -> None:
        config = exchange.config
        self._exchange = exchange
        self._transport = LoopbackSipTransport(local_addr=(config.listen_ip, config.sip_port))
        self._uas = SipUAS(self._transport, user_agent="LiveKit")
        self._uas.on_invite = self._on_invite
        self._uas.on_reinvite = self._on_reinvite
        self._uas.on_bye = lambda call, _: self._end(call.call_id, ending.HUNG_UP)
        self._uas.on_cancel = lambda request, _: self._end(request.call_id or "", ending.CANCELLED)
        self._uas.on_ack_timeout = lambda call: self._end(call.call_id, ending.NO_ACK)
        self._calls: dict[str, InboundCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: dict[CallKey, tuple[Dialog, Ending, float]] = {}
        self._to_uas: MessageCallback | None = None

    async def start(self) -> None:
        """Binds the port; raises OSError when it is taken."""
        await self._uas.start()
        self._to_uas = self._transport.on_message
        self._transport.on_message = self._receive

    async def stop(self) -> None:
        """Ends every call, then the port."""
        for call in list(self._calls.values()):
            call.end(ending.SHUTDOWN)
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._uas.stop()

    def _receive(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        handled = isinstance(message, SipRequest) and self._answer_here(message)
        if not handled and self._to_uas is not None:
            self._to_uas(message, addr)

    def _answer_here(self, request: SipRequest) -> bool:
        """Deals with what aiosipua would answer otherwise than livekit-sip; True when it did."""
        call = self._calls.get(request.call_id or "")
        if request.method in NOT_ALLOWED:
            self._respond(request, 405, "Method Not Allowed")
            return True
        if request.method == "CANCEL" and call is not None and call.answered:
            self._respond(request, 200, "OK")  # too late to change anything: RFC 3261 9.2
            return True
        return request.method == "INVITE" and self._screen(request, call)

    def _screen(self, invite: SipRequest, call: InboundCall | None) -> bool:
        """Answers an INVITE that begins no call and changes none; True when it did."""
        tag = invite.from_addr.tag if invite.from_addr else None
        if not (invite.call_id and tag and invite.to_addr):
            self._respond(invite, 400, "Bad Request")
            return True
        refused = self._refused.get((invite.call_id, tag))
        if refused is not None and refused[2] > time.monotonic():
            dialog, how, _ = refused
            self._transport.send_reply(
                dialog.create_response(invite, how.status or 486, how.reason)
            )
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
        task = asyncio.create_task(self._carry(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, call: InboundCall) -> None:
        how = await call.run()
        now = time.monotonic()
        self._refused = {key: entry for key, entry in self._refused.items() if entry[2] > now}
        repeatable = how.status is not None and how.status not in {401, 407}
        if repeatable and not (call.answered or how.by_phone):
            key = (call.sip.call_id, call.sip.dialog.remote_tag)
            self._refused[key] = (call.sip.dialog, how, now + REPEAT_S)
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
