"""The ACKs that aiosipua 0.7.1 does not send, for the gateway and the phones."""

from __future__ import annotations

from aiosipua import CSeq, Dialog, SipRequest, SipResponse, stringify_cseq

Address = tuple[str, int]


def of_refusal(invite: SipRequest, response: SipResponse) -> SipRequest:
    """Acknowledges a final status of 300 or more: hop by hop, as RFC 3261 section 17.1.1.3 has it.

    Without it the far end repeats its refusal for 32 s.
    """
    ack = SipRequest(method="ACK", uri=invite.uri)
    ack.headers.append("Via", invite.headers.get("via")[0])
    for name in ("From", "Call-ID", "Max-Forwards"):
        ack.headers.set_single(name, invite.headers.get_first(name) or "")
    ack.headers.set_single("To", response.headers.get_first("to") or "")
    return _numbered(ack, response)


def of_answer(dialog: Dialog, response: SipResponse, local: Address) -> SipRequest:
    """Acknowledges a 2xx that aiosipua no longer expects, since it crossed our CANCEL."""
    dialog.remote_tag = (response.to_addr and response.to_addr.tag) or ""
    ack = dialog.create_request("ACK", via_host=local[0], via_port=local[1])
    return _numbered(ack, response)


def _numbered(ack: SipRequest, response: SipResponse) -> SipRequest:
    """An ACK bears the number of the INVITE it belongs to."""
    number = response.cseq.seq if response.cseq is not None else 1
    ack.headers.set_single("CSeq", stringify_cseq(CSeq(seq=number, method="ACK")))
    return ack
