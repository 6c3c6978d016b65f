"""An INVITE that the gateway sends: challenges answered, refusals acknowledged, CANCEL in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiosipua import (
    CSeq,
    Dialog,
    DialogState,
    SdpMessage,
    SipDigestAuth,
    SipRequest,
    SipResponse,
    serialize_sdp,
    stringify_cseq,
    stringify_uri,
)
from aiosipua.auth import answer_challenge

from lab import ack
from lab.gateway.client_transaction import Address, ClientTransactions
from lab.gateway.not_connected import refused, rejected

MAX_TRIES = 5
"""INVITEs that one call may send, the repetitions with credentials included."""
NO_CREDENTIALS = "sip server required auth, but no username or password was provided"
TRIED_ENOUGH = "max auth retry attempts reached for SIP invite"


class Invitation:
    """One INVITE and its answer.

    `answer` becomes the 2xx, acknowledged already, or raises NotConnected.
    """

    def __init__(
        self,
        dialog: Dialog,
        remote: Address,
        offer: SdpMessage,
        *,
        headers: Mapping[str, str],
        display_name: str,
        auth: SipDigestAuth | None,
        transactions: ClientTransactions,
        on_ringing: Callable[[], None],
    ) -> None:
        self.answer: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()
        self._dialog = dialog
        self._remote = remote
        self._offer = offer
        self._headers = headers
        self._display_name = display_name
        self._auth = auth
        self._transactions = transactions
        self._on_ringing = on_ringing
        self._invite: SipRequest | None = None
        self._tries = 0
        self._provisional = False
        self._cancelling = False

    def send(self, credentials: tuple[str, str] | None = None) -> None:
        """Sends the INVITE, in a repetition with the name and value of a header for it."""
        host, port = self._transactions.local_address
        invite = self._dialog.create_request("INVITE", via_host=host, via_port=port)
        if self._display_name:
            sender = invite.headers.get_first("From")
            invite.headers.set_single("From", f'"{self._display_name}" {sender}')
        invite.headers.set_single("Contact", f"<sip:{host}:{port}>")
        for name, value in self._headers.items():
            invite.headers.set_single(name, value)
        if credentials is not None:
            invite.headers.set_single(*credentials)
        invite.headers.set_single("Content-Type", "application/sdp")
        invite.text = serialize_sdp(self._offer)
        self._invite, self._provisional = invite, False
        self._tries += 1
        self._transactions.send(invite, self._remote, self._receive)

    def cancel(self) -> None:
        """Sends CANCEL, once the phone has responded at all (RFC 3261 section 9.1)."""
        if not self._cancelling and not self.answer.done():
            self._cancelling = True
            if self._provisional:
                self._send_cancel()

    def _receive(self, response: SipResponse) -> None:
        if response.status_code < 200:
            self._progressed(response.status_code)
        elif response.status_code < 300:
            self._accepted(response)
        else:
            self._declined(response)

    def _progressed(self, status: int) -> None:
        first, self._provisional = not self._provisional, True
        if self._cancelling and first:
            self._send_cancel()
        elif status > 100 and not self.answer.done():
            self._on_ringing()

    def _accepted(self, response: SipResponse) -> None:
        """Acknowledges each copy of the 2xx; one that crossed a CANCEL ends with BYE."""
        dialog, local = self._dialog, self._transactions.local_address
        if response.contact:
            dialog.remote_target = stringify_uri(response.contact[0].uri)
        count = dialog.local_cseq  # an ACK has the INVITE's number, and uses up none
        self._transactions.send(ack.of_answer(dialog, response, local), self._remote)
        dialog.local_cseq = count
        if dialog.state is not DialogState.EARLY:
            return
        dialog.confirm()
        if not self._cancelling:
            self.answer.set_result(response)
            return
        bye = dialog.create_request("BYE", via_host=local[0], via_port=local[1])
        self._transactions.send(bye, self._remote)
        dialog.terminate()

    def _declined(self, response: SipResponse) -> None:
        invite, status = self._invite, response.status_code
        cseq = response.cseq.seq if response.cseq else 0
        if invite is None or not invite.cseq or cseq != invite.cseq.seq:
            return  # an earlier try's, repeated
        self._transactions.send(ack.of_refusal(invite, response), self._remote)
        if self.answer.done() or self._cancelling:
            return
        if status not in (401, 407):
            self.answer.set_exception(refused(status, response.reason_phrase))
        elif self._auth is None:
            self.answer.set_exception(rejected(NO_CREDENTIALS))
        elif self._tries >= MAX_TRIES:
            self.answer.set_exception(rejected(TRIED_ENOUGH))
        else:
            credentials = answer_challenge(self._auth, response, status, "INVITE", invite.uri)
            self.send(credentials)

    def _send_cancel(self) -> None:
        """Asks to end the INVITE: same branch, same number (RFC 3261 section 9.1)."""
        invite = self._invite
        if invite is None or invite.cseq is None:
            return
        cancel = SipRequest(method="CANCEL", uri=invite.uri)
        for name in ("Via", "From", "To", "Call-ID", "Max-Forwards"):
            cancel.headers.set_single(name, invite.headers.get_first(name) or "")
        cancel.headers.set_single("CSeq", stringify_cseq(CSeq(invite.cseq.seq, "CANCEL")))
        self._transactions.send(cancel, self._remote)
