"""An INVITE of the gateway, with the far end played by the test."""

from __future__ import annotations

import pytest
from aiosipua import Dialog, SipDigestAuth, SipRequest, SipResponse
from aiosipua.transport import SipTransport

from lab.gateway.client_transaction import Address, ClientTransactions
from lab.gateway.invitation import MAX_TRIES, Invitation
from lab.gateway.not_connected import NotConnected
from lab.gateway.sdp import offer

PHONE = ("127.0.0.1", 5080)


class FarEnd(SipTransport):
    """Keeps what the gateway sends, and answers as told."""

    def __init__(self) -> None:
        super().__init__(local_addr=("127.0.0.1", 5060))
        self.sent: list[SipRequest] = []
        self.transactions = ClientTransactions(self)
        self.rang = 0
        self.invitation = Invitation(
            Dialog(
                call_id="1@lab",
                local_tag="SCL_1",
                local_uri="sip:+12025550100@lab",
                remote_uri="sip:+12025550111@lab",
            ),
            PHONE,
            offer("127.0.0.1", 20000),
            headers={"X-Call": "1"},
            display_name="",
            auth=SipDigestAuth("lab", "secret"),
            transactions=self.transactions,
            on_ringing=self.ring,
        )
        self.invitation.send()

    def ring(self) -> None:
        self.rang += 1

    def send(self, message: SipRequest | SipResponse, addr: Address) -> None:
        assert isinstance(message, SipRequest)
        self.sent.append(message)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.sent]

    def answers(self, status: int, **headers: str) -> None:
        """Answers the last INVITE."""
        invite = [request for request in self.sent if request.method == "INVITE"][-1]
        response = Dialog(call_id="1@lab", local_tag="them").create_response(invite, status)
        for name, value in headers.items():
            response.headers.set_single(name.replace("_", "-"), value)
        self.transactions.receive(response)


@pytest.fixture
async def far_end() -> FarEnd:
    return FarEnd()


async def test_an_answer_is_acknowledged_each_time_it_comes(far_end: FarEnd) -> None:
    far_end.answers(100)
    far_end.answers(180)
    far_end.answers(200, Contact="<sip:them@127.0.0.1:5999>")
    far_end.answers(200, Contact="<sip:them@127.0.0.1:5999>")
    assert far_end.methods == ["INVITE", "ACK", "ACK"]
    assert far_end.rang == 1
    invite, ack, _ = far_end.sent
    assert (await far_end.invitation.answer).status_code == 200
    assert ack.uri == "sip:them@127.0.0.1:5999"
    assert ack.cseq is not None
    assert invite.cseq is not None
    assert ack.cseq.seq == invite.cseq.seq
    assert ack.via[0].branch != invite.via[0].branch


async def test_a_refusal_is_acknowledged_in_its_transaction(far_end: FarEnd) -> None:
    far_end.answers(486)
    with pytest.raises(NotConnected, match="486"):
        await far_end.invitation.answer
    invite, ack = far_end.sent
    assert ack.via[0].branch == invite.via[0].branch
    assert ack.to_addr is not None
    assert ack.to_addr.tag == "them"


async def test_cancel_waits_for_the_first_response(far_end: FarEnd) -> None:
    far_end.invitation.cancel()
    assert far_end.methods == ["INVITE"]
    far_end.answers(100)
    assert far_end.methods == ["INVITE", "CANCEL"]
    assert far_end.sent[1].via[0].branch == far_end.sent[0].via[0].branch
    far_end.answers(487)
    assert far_end.methods == ["INVITE", "CANCEL", "ACK"]


async def test_an_answer_that_crosses_the_cancel_is_ended(far_end: FarEnd) -> None:
    far_end.answers(180)
    far_end.invitation.cancel()
    far_end.answers(200)
    assert far_end.methods == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert not far_end.invitation.answer.done()


async def test_a_challenge_is_answered_and_not_for_ever(far_end: FarEnd) -> None:
    for _ in range(MAX_TRIES):
        far_end.answers(401, WWW_Authenticate='Digest realm="lab", nonce="n", algorithm=MD5')
    with pytest.raises(NotConnected, match="max auth retry"):
        await far_end.invitation.answer
    invites = [request for request in far_end.sent if request.method == "INVITE"]
    assert len(invites) == MAX_TRIES
    assert invites[0].get_header("Authorization") is None
    assert all(invite.get_header("Authorization") for invite in invites[1:])
    assert {invite.get_header("X-Call") for invite in invites} == {"1"}
    assert len({invite.via[0].branch for invite in invites}) == MAX_TRIES
    await far_end.transactions.stop()
