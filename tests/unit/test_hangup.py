from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from livekit import api
from livekit.agents import JobContext
from livekit.api import DeleteRoomRequest

import bot.hangup
from bot.hangup import Hangup
from bot.outcome import EndedBy, Ending, Outcome
from bot.record import CallRecord

DONE = Ending(Outcome.COMPLETED, EndedBy.BOT, "test")


@dataclass
class FakeContext:
    """A job's context whose DeleteRoom fails as scripted, then works."""

    failures: list[Exception] = field(default_factory=list)
    deletions: int = 0
    shut_down: asyncio.Event = field(default_factory=asyncio.Event)
    room: Any = field(default_factory=lambda: SimpleNamespace(name="room"))

    @property
    def api(self) -> Any:
        return SimpleNamespace(room=self)

    async def delete_room(self, _: DeleteRoomRequest) -> None:
        self.deletions += 1
        if self.failures:
            raise self.failures.pop(0)

    def shutdown(self, reason: str) -> None:
        self.shut_down.set()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.hangup, "DELETE_AGAIN_AFTER_S", (0.0, 0.0, 0.0))


def _hangup(context: FakeContext) -> tuple[Hangup, CallRecord]:
    record = CallRecord(job_id="job", room="room")
    return Hangup(cast(JobContext, context), record), record


@pytest.mark.parametrize(
    "failure",
    [
        aiohttp.ServerDisconnectedError(),
        TimeoutError(),
        ConnectionRefusedError(),
        api.ServerError("internal", "no", status=500),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_room_that_cannot_be_deleted_is_tried_again(failure: Exception) -> None:
    context = FakeContext([failure])
    hangup, record = _hangup(context)
    hangup.end_call(DONE, now=True)
    await asyncio.wait_for(context.shut_down.wait(), 1)
    assert context.deletions == 2
    assert record.ended_at is not None


async def test_the_job_ends_even_when_the_room_never_goes() -> None:
    context = FakeContext([aiohttp.ServerDisconnectedError() for _ in range(9)])
    hangup, record = _hangup(context)
    hangup.end_call(DONE, now=True)
    await asyncio.wait_for(context.shut_down.wait(), 1)
    assert context.deletions == 3
    assert record.ended_at is None


async def test_a_room_that_is_gone_already_is_as_good_as_deleted() -> None:
    context = FakeContext([api.ServerError("not_found", "gone", status=404)])
    hangup, _ = _hangup(context)
    hangup.end_call(DONE, now=True)
    await asyncio.wait_for(context.shut_down.wait(), 1)
    assert context.deletions == 1


async def test_the_first_ending_counts() -> None:
    context = FakeContext()
    hangup, record = _hangup(context)
    hangup.end_call(DONE, now=True)
    hangup.end_call(Ending(Outcome.FAILED, EndedBy.BOT), now=True)
    await asyncio.wait_for(context.shut_down.wait(), 1)
    assert record.ending == DONE
    assert context.deletions == 1


@pytest.mark.parametrize(
    ("reason", "outcome", "ended_by"),
    [
        ("job crashed", Outcome.FAILED, EndedBy.BOT),
        ("room disconnected", Outcome.CONNECTION_LOST, EndedBy.NETWORK),
        ("", Outcome.STOPPED, EndedBy.OPERATOR),
    ],
)
async def test_a_job_ended_from_outside_still_hangs_up(
    reason: str, outcome: Outcome, ended_by: EndedBy
) -> None:
    context = FakeContext()
    hangup, record = _hangup(context)
    await hangup.on_shutdown(reason)
    assert context.deletions == 1
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.ended_by) == (outcome, ended_by)


async def test_a_shutdown_waits_for_the_end_that_has_begun() -> None:
    context = FakeContext()
    hangup, record = _hangup(context)
    hangup.end_call(DONE, now=True)
    await hangup.on_shutdown("completed")
    assert record.ended_at is not None
    assert context.deletions == 1
