from __future__ import annotations

from aiosipua import IncomingCall, SipMessage, SipRequest, create_dialog_from_request

from lab.gateway import ending
from lab.gateway.ending import Ending
from lab.gateway.refusals import REPEAT_S, Refusals


def invite(call_id: str = "one", tag: str = "a") -> SipRequest:
    message = SipMessage.parse(
        "INVITE sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
        f"From: <sip:y@127.0.0.1>;tag={tag}\r\nTo: <sip:x@127.0.0.1>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\n\r\n"
    )
    assert isinstance(message, SipRequest)
    return message


def refused(how: Ending, now: list[float]) -> Refusals:
    refusals = Refusals(clock=lambda: now[0])
    first = invite()
    refusals.remember(IncomingCall(create_dialog_from_request(first), first), how)
    return refusals


def test_the_same_call_gets_the_same_answer_for_a_minute() -> None:
    now = [0.0]
    refusals = refused(ending.NO_ANSWER, now)
    answer = refusals.answer(invite())
    assert answer is not None
    assert (answer.status_code, answer.reason_phrase) == (486, "Rejected")
    now[0] = REPEAT_S
    assert not refusals.knows(invite())


def test_another_call_is_another_call() -> None:
    refusals = refused(ending.NO_ANSWER, [0.0])
    assert not refusals.knows(invite(call_id="two"))
    assert not refusals.knows(invite(tag="b"))


def test_a_dropped_call_stays_without_an_answer() -> None:
    refusals = refused(ending.DROPPED, [0.0])
    assert refusals.knows(invite())
    assert refusals.answer(invite()) is None


def test_a_phone_that_must_authenticate_may_come_back() -> None:
    for how in (ending.challenged("Digest"), ending.UNAUTHORIZED, ending.CANCELLED):
        assert not refused(how, [0.0]).knows(invite())
