"""SIP for one phone: aiosipua's client and server on one socket, with every message stamped."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from aiosipua import (
    Dialog,
    DialogState,
    IncomingCall,
    SdpMessage,
    SipDigestAuth,
    SipRequest,
    SipResponse,
    SipUAC,
    SipUAS,
    serialize_sdp,
    stringify_uri,
)
from aiosipua import OutgoingCall as Invitation
from aiosipua.utils import generate_tag

from lab import ack
from lab.phone.event import Direction, Message, SipEvent, method_of
from lab.phone.sdp import Address
from lab.sip_transport import LoopbackSipTransport

FarEndsWay = Literal["bye", "cancel"]
REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 486: "Busy Here"}


def _takes_nothing(_: SipRequest) -> bool:
    return False


class Party(Protocol):
    """A call, as far as SIP messages concern it."""

    local_sdp: SdpMessage | None

    def responded(self, response: SipResponse) -> None:
        """A response came to a request of ours."""

    def acknowledged(self) -> None:
        """ACK came."""

    def moved(self, remote: Address) -> None:
        """The far end takes media elsewhere from now on."""

    def referred(self, refer: SipRequest) -> None:
        """REFER came, which aiosipua has not seen."""

    def far_end_left(self, how: FarEndsWay) -> None:
        """The far end sent BYE or CANCEL."""


class _StampedTransport(LoopbackSipTransport):
    before_send: Callable[[Message], bool]

    def send(self, message: Message, addr: Address) -> None:
        if self.before_send(message):
            super().send(message, addr)


class Signalling:
    """Sends and receives SIP, and does for a client what aiosipua 0.7.1 leaves out.

    It acknowledges refusals (RFC 3261 section 17.1.1.3) and drops their repetitions, keeps a
    caller's own headers when the INVITE is repeated with credentials, and sends later requests to
    the Contact of the answer (section 12.1.2).
    """

    def __init__(
        self,
        host: str,
        on_invite: Callable[[IncomingCall], None],
        *,
        port: int = 0,
        screen: Callable[[SipRequest], bool] = _takes_nothing,
    ) -> None:
        """Prepares; `port` 0 picks a free one.

        `screen` sees every request that is no repetition; True: it has been dealt with.
        """
        self._transport = _StampedTransport((host, port))
        self._screen = screen
        self._transport.before_send = self._before_send
        self._uac = SipUAC(self._transport)
        self._uas = SipUAS(self._transport, uac=self._uac)
        self._uas.on_invite = on_invite
        self._uas.on_reinvite = self._reinvited
        self._uas.on_bye = lambda call, _: self._left(call.call_id, "bye")
        self._uas.on_cancel = lambda request, _: self._left(request.call_id, "cancel")
        self._deliver: Callable[[Message, Address], None] | None = None
        self._events: defaultdict[str, list[SipEvent]] = defaultdict(list)
        self._parties: dict[str, Party] = {}
        self._headers: dict[str, Mapping[str, str]] = {}
        self._deaf: set[str] = set()
        self._refused: set[str] = set()  # branches of INVITEs that have had their final response

    @property
    def address(self) -> Address:
        """Where this phone takes SIP."""
        return self._transport.local_addr

    async def start(self) -> None:
        """Binds the socket."""
        logging.getLogger("aiosipua").setLevel(logging.WARNING)  # its INFO lines name the numbers
        await self._uas.start()
        self._deliver, self._transport.on_message = self._transport.on_message, self._receive

    async def stop(self) -> None:
        """Closes the socket."""
        await self._uas.stop()

    def join(self, call_id: str, party: Party) -> None:
        """Tells `party` of everything that concerns its call from now on."""
        self._parties[call_id] = party

    def events(self, call_id: str) -> list[SipEvent]:
        """Every message of a call so far; the list goes on growing."""
        return self._events[call_id]

    def add_headers(self, call_id: str, headers: Mapping[str, str]) -> None:
        """Puts `headers` into the INVITE of a call, or into the 2xx that answers it."""
        self._headers[call_id] = headers

    def deafen(self, call_id: str) -> None:
        """Neither sends nor takes anything of a call any more, as if the phone had no network."""
        self._deaf.add(call_id)

    def reply(self, request: SipRequest, status: int, headers: Mapping[str, str]) -> None:
        """Answers a request that aiosipua has not seen; a reason phrase of its own if known."""
        to = request.to_addr
        tag = (to and to.tag) or generate_tag()
        dialog = Dialog(call_id=request.call_id or "", local_tag=tag)
        response = dialog.create_response(request, status)
        for name, value in headers.items():
            response.headers.set_single(name, value)
        self._transport.send_reply(response)

    def announce_media(self, invite: IncomingCall, local: SdpMessage) -> None:
        """Sends 183 with SDP: early media."""
        host, port = self.address
        response = invite.dialog.create_response(invite.invite, 183, contact=f"<sip:{host}:{port}>")
        response.text = serialize_sdp(local)
        response.headers.set_single("Content-Type", "application/sdp")
        self._transport.send_reply(response)

    def notify(self, dialog: Dialog, to: Address, status: int) -> None:
        """Reports how a transfer stands (RFC 3515 section 2.4.5); a final status ends it."""
        host, port = self.address
        notify = dialog.create_request("NOTIFY", via_host=host, via_port=port)
        notify.headers.set_single("Contact", f"<sip:{host}:{port}>")
        notify.headers.set_single("Event", "refer")
        state = "terminated;reason=noresource" if status >= 200 else "active;expires=60"
        notify.headers.set_single("Subscription-State", state)
        notify.headers.set_single("Content-Type", "message/sipfrag;version=2.0")
        notify.text = f"SIP/2.0 {status} {REASONS.get(status, '')}\r\n"
        self._transport.send(notify, to)

    def invite(
        self,
        number: str,
        caller: str,
        gateway: Address,
        offer: SdpMessage,
        headers: Mapping[str, str],
        auth: SipDigestAuth | None,
    ) -> Invitation:
        """Sends an INVITE to `number` at `gateway`."""
        host, port = self.address
        invitation = self._uac.send_invite(
            f"sip:{caller}@{host}:{port}",
            f"sip:{number}@{gateway[0]}:{gateway[1]}",
            gateway,
            offer,
            extra_headers=dict(headers),
            auth=auth,
        )
        self.add_headers(invitation.call_id, headers)
        return invitation

    def cancel(self, invitation: Invitation) -> None:
        """Sends CANCEL; its INVITE's final response still comes to the party."""
        self._uac.send_cancel(invitation)

    def bye(self, invitation: Invitation) -> None:
        """Sends BYE in an answered call."""
        self._uac.send_bye(invitation.dialog, invitation.remote_addr)

    def bye_to_crossing_answer(self, invitation: Invitation, response: SipResponse) -> None:
        """Acknowledges and ends a call whose 2xx crossed our CANCEL (RFC 3261 section 9.1)."""
        answer = ack.of_answer(invitation.dialog, response, self.address)
        self._transport.send(answer, invitation.remote_addr)
        invitation.dialog.state = DialogState.CONFIRMED  # aiosipua ended it with the CANCEL
        self.bye(invitation)

    def _before_send(self, message: Message) -> bool:
        if message.call_id in self._deaf:
            return False
        asks = isinstance(message, SipRequest) and message.method == "INVITE"
        if asks or (method_of(message) == "INVITE" and _is_success(message)):
            for name, value in self._headers.get(message.call_id or "", {}).items():
                message.headers.set_single(name, value)
        self._stamp("sent", message)
        return True

    def _stamp(self, direction: Direction, message: Message) -> None:
        event = SipEvent.of(message, direction, time.monotonic())
        self._events[message.call_id or ""].append(event)

    def _receive(self, message: Message, addr: Address) -> None:
        self._stamp("received", message)
        if message.call_id in self._deaf or self._is_repeated(message, addr):
            return
        if isinstance(message, SipRequest) and (self._refers(message) or self._screen(message)):
            return
        if isinstance(message, SipResponse):
            self._adopt_contact(message)
        if self._deliver is not None:
            self._deliver(message, addr)
        party = self._parties.get(message.call_id or "")
        if party is not None and isinstance(message, SipResponse):
            party.responded(message)
        elif party is not None and isinstance(message, SipRequest) and message.method == "ACK":
            party.acknowledged()

    def _refers(self, request: SipRequest) -> bool:
        party = self._parties.get(request.call_id or "")
        if request.method != "REFER" or party is None:
            return False
        party.referred(request)
        return True

    def _is_repeated(self, message: Message, addr: Address) -> bool:
        if isinstance(message, SipRequest):
            # aiosipua takes a repeated INVITE for another call; its first response is on the way.
            known = self._uas.transactions.match_request(message)
            return message.method == "INVITE" and known is not None
        if method_of(message) != "INVITE" or message.status_code < 300:
            return False
        branch = message.via[0].branch if message.via else None
        transaction = self._uac.transactions.match_response(message)
        if branch is None or transaction is None or transaction.request is None:
            return True
        self._transport.send(ack.of_refusal(transaction.request, message), addr)
        repeated = branch in self._refused
        self._refused.add(branch)
        return repeated

    def _adopt_contact(self, response: SipResponse) -> None:
        invitation = self._uac.get_call(response.call_id or "")
        if invitation is None or not _is_success(response) or not response.contact:
            return
        if method_of(response) == "INVITE":
            invitation.dialog.remote_target = stringify_uri(response.contact[0].uri)

    def _reinvited(self, call: IncomingCall) -> None:
        """Answers with the SDP in force and follows the far end's media (RFC 3264 section 8)."""
        party = self._parties.get(call.call_id)
        if party is None or party.local_sdp is None:
            return
        if call.sdp_offer is not None and (remote := call.sdp_offer.rtp_address) is not None:
            party.moved(remote)
        call.accept(party.local_sdp)

    def _left(self, call_id: str | None, how: FarEndsWay) -> None:
        party = self._parties.get(call_id or "")
        if party is not None:
            party.far_end_left(how)


def _is_success(message: Message) -> bool:
    return isinstance(message, SipResponse) and 200 <= message.status_code < 300
