"""What becomes of a call that is put through, whatever is known first."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import aiohttp
import pytest
from livekit import api
from livekit.protocol import sip as proto_sip

import bot.transfer
from bot.hangup import Hangup
from bot.outcome import EndedBy, Ending, Outcome, Transferred, of_transfer_failure
from bot.record import CallRecord
from bot.target import Target
from bot.transfer import Transfers, refer
from tests.checks.wait import eventually

HUNG_UP = Ending(Outcome.COMPLETED, EndedBy.CALLER, "caller hung up")
OFFICE = Target(to="+12025550130", description="the office")


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (486, Transferred.BUSY),
        (600, Transferred.BUSY),
        (603, Transferred.REFUSED),
        (403, Transferred.REFUSED),
        (480, Transferred.UNANSWERED),
        (408, Transferred.UNANSWERED),
        (487, Transferred.UNANSWERED),
        (405, Transferred.NOT_SUPPORTED),
        (501, Transferred.NOT_SUPPORTED),
        (404, Transferred.FAILED),
        (503, Transferred.FAILED),
    ],
)
def test_a_sip_status_tells_what_became_of_it(status: int, result: Transferred) -> None:
    assert of_transfer_failure("aborted", "", {"sip_status_code": str(status)}) is result


@pytest.mark.parametrize(
    ("code", "message", "result"),
    [
        ("canceled", "transaction failed to complete (0 intermediate responses)", "unknown"),
        ("canceled", "sip request timed out", "unknown"),
        ("deadline_exceeded", "request timed out", "unknown"),
        ("unavailable", "unexpected EOF", "unknown"),
        ("TimeoutError", "", "unknown"),
        ("not_found", "sip call cannot be found", "failed"),
        ("invalid_argument", "call already being transferred elsewhere", "failed"),
        ("unavailable", "no response from servers", "failed"),
    ],
)
def test_without_a_status_it_failed_or_nobody_knows(code: str, message: str, result: str) -> None:
    assert of_transfer_failure(code, message) == result


class Server:
    """A LiveKit that answers every transfer with one thing, and keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.sip = self
        self.asked: list[tuple[api.TransferSIPParticipantRequest, float]] = []
        self.options: dict[str, Any] = {}

    def client(self, **options: Any) -> Server:
        self.options = options
        return self

    async def transfer_sip_participant(
        self, request: api.TransferSIPParticipantRequest, *, timeout: float
    ) -> Any:
        self.asked.append((request, timeout))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def _refer(server: Server, monkeypatch: pytest.MonkeyPatch) -> Transferred:
    monkeypatch.setattr(api, "LiveKitAPI", server.client)
    monkeypatch.setattr(bot.transfer, "http_session", lambda: None)
    return await refer("room", "sip_1", OFFICE)


async def test_refer_is_asked_for_once_and_waited_for_longer_than_it_rings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(proto_sip.TransferSIPParticipantResponse())
    assert await _refer(server, monkeypatch) is Transferred.DONE
    assert server.options["failover"] is False  # which would send it again
    ((request, timeout),) = server.asked
    assert (request.room_name, request.participant_identity) == ("room", "sip_1")
    assert (request.transfer_to, request.play_dialtone) == ("tel:+12025550130", True)
    assert request.ringing_timeout.seconds == OFFICE.ring_timeout_s <= timeout - 2


def _told(status: int, code: int = 0) -> proto_sip.TransferSIPParticipantResponse:
    answer = proto_sip.TransferSIPParticipantResponse(transfer_id="T_1")
    answer.status, answer.sip_status.code = cast(Any, status), cast(Any, code)
    return answer


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (_told(proto_sip.STS_TRANSFER_SUCCESSFUL), Transferred.DONE),
        (_told(proto_sip.STS_TRANSFER_FAILED, 486), Transferred.BUSY),
        (_told(proto_sip.STS_TRANSFER_FAILED), Transferred.UNKNOWN),
        (_told(proto_sip.STS_TRANSFER_ONGOING), Transferred.UNKNOWN),
        (
            api.SipCallError("aborted", "no", status=409, metadata={"sip_status_code": "603"}),
            Transferred.REFUSED,
        ),
        (api.ServerError("deadline_exceeded", "no", status=408), Transferred.UNKNOWN),
        (aiohttp.ServerDisconnectedError(), Transferred.UNKNOWN),
        (TimeoutError(), Transferred.UNKNOWN),
    ],
    ids=["done", "486", "failed", "ongoing", "603", "deadline", "disconnected", "timeout"],
)
async def test_every_answer_to_refer_has_its_result(
    answer: Any, result: Transferred, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _refer(Server(answer), monkeypatch) is result


class Line:
    """A call on which REFER gets `answer`, and which tells how it ended."""

    def __init__(self) -> None:
        self.record = CallRecord(job_id="j", room="r")
        self.referred = asyncio.Event()
        self.answer: asyncio.Future[Transferred] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        hangup = cast(Hangup, self)
        self.transfers = Transfers({"office": OFFICE}, self._refer, self.record, hangup)

    @property
    def begun(self) -> bool:
        return self.ended.done()

    def end_call(self, ending: Ending, *, now: bool) -> None:
        assert now  # the phone is gone: nobody would hear a word
        if not self.begun:
            self.record.ends(ending)
            self.ended.set_result(ending)

    async def _refer(self, target: Target) -> Transferred:
        assert target is OFFICE
        self.referred.set()
        return await self.answer

    async def put_through(self) -> asyncio.Task[Transferred | None]:
        """Begins, and returns once REFER has left."""
        task = asyncio.create_task(self.transfers.put_through("office", _nothing))
        await asyncio.wait_for(self.referred.wait(), 1)
        return task


async def _nothing() -> None:
    """Announces nothing."""


@pytest.fixture
async def line() -> Line:
    return Line()


async def test_a_phone_that_leaves_after_the_result_was_transferred(line: Line) -> None:
    task = await line.put_through()
    line.answer.set_result(Transferred.DONE)
    await eventually(lambda: line.record.ending is not None, "the result is in", within_s=1)
    assert not line.begun  # the phone may hang up by itself
    line.transfers.phone_left(HUNG_UP)
    assert (await asyncio.wait_for(line.ended, 1)).outcome is Outcome.TRANSFERRED
    assert await task is Transferred.DONE


async def test_a_phone_that_leaves_before_the_result_was_transferred_too(line: Line) -> None:
    task = await line.put_through()
    line.transfers.phone_left(HUNG_UP)
    await asyncio.sleep(0)
    assert not line.begun
    line.answer.set_result(Transferred.DONE)
    assert (await asyncio.wait_for(line.ended, 1)).outcome is Outcome.TRANSFERRED
    assert await task is Transferred.DONE
    assert line.record.as_json()["transferred_to"] == "office"


async def test_a_caller_who_hangs_up_before_refer_was_accepted_hung_up(line: Line) -> None:
    task = await line.put_through()
    line.transfers.phone_left(HUNG_UP)
    line.answer.set_result(Transferred.FAILED)
    assert await asyncio.wait_for(line.ended, 1) == HUNG_UP
    assert await task is Transferred.FAILED
    assert line.record.as_json()["transferred_to"] is None


async def test_a_result_that_never_comes_does_not_hold_up_the_end(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.transfer.TOLD_WITHIN_S", 0.01)
    task = await line.put_through()
    line.transfers.phone_left(HUNG_UP)
    assert await asyncio.wait_for(line.ended, 1) == HUNG_UP
    (attempt,) = line.record.as_json()["transfers"]
    assert (attempt["target"], attempt["result"]) == ("office", "unknown")
    await line.transfers.aclose()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_phone_that_stays_is_let_go(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.transfer.LEAVES_WITHIN_S", 0.01)
    await line.put_through()
    line.answer.set_result(Transferred.DONE)
    assert (await asyncio.wait_for(line.ended, 1)).outcome is Outcome.TRANSFERRED


async def test_a_failed_transfer_leaves_the_call_up_and_may_be_tried_again(line: Line) -> None:
    line.answer.set_result(Transferred.BUSY)
    for _ in range(2):
        assert await line.transfers.put_through("office", _nothing) is Transferred.BUSY
    assert [attempt.result for attempt in line.record.transfers] == [Transferred.BUSY] * 2
    assert not line.transfers.pending
    assert not line.begun
    line.transfers.phone_left(HUNG_UP)
    assert await line.ended == HUNG_UP


async def test_who_hangs_up_while_it_is_announced_is_not_referred(line: Line) -> None:
    async def announce() -> None:
        assert line.transfers.pending
        line.transfers.phone_left(HUNG_UP)

    assert await line.transfers.put_through("office", announce) is None
    assert await line.ended == HUNG_UP
    assert line.record.transfers == []
    assert not line.referred.is_set()


async def test_a_tool_that_is_given_up_does_not_lose_the_result(line: Line) -> None:
    task = await line.put_through()
    task.cancel()
    await asyncio.wait({task})
    assert line.transfers.pending
    line.answer.set_result(Transferred.DONE)
    line.transfers.phone_left(HUNG_UP)
    assert (await asyncio.wait_for(line.ended, 1)).outcome is Outcome.TRANSFERRED
