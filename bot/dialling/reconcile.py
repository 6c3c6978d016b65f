"""Settles attempts whose end was never written, from LiveKit and the records. Dials nobody.

A command that is killed after the INVITE leaves an attempt that may ring, talk, or be over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NamedTuple

from livekit import api
from livekit.protocol import room as proto_room

from bot.outcome import AnsweredBy, Outcome, Verdict
from bot.store.attempts import Attempts
from bot.store.calls import CallRecords, StoredCall, Wanted
from bot.store.models import Attempt, AttemptState
from bot.store.suppression import Suppression

SETUP_S = 90.0
"""From an attempt's last change until a living command has dialled or given up: the bot gets ready,
it rings, LiveKit answers."""
OPT_OUTS_SINCE = timedelta(days=30)


class Settled(NamedTuple):
    """What was found of one attempt."""

    attempt: Attempt
    """As it is now."""
    live: bool
    """Whether it goes on: nothing was changed."""


async def settled(
    livekit: api.LiveKitAPI, attempts: Attempts, records: CallRecords, now: datetime
) -> AsyncIterator[Settled]:
    """Looks up every attempt without an end, and writes the end of those that are over."""
    for attempt in await attempts.open():
        idle_s = (now - attempt.changed_at).total_seconds()
        if await _is_live(livekit, attempt, settling=idle_s < SETUP_S):
            yield Settled(attempt, live=True)
        else:
            verdict, record = _found(attempt, records)
            answered_by = record.data.get("answered_by") if record else None
            yield Settled(
                await attempts.ended(
                    attempt.id,
                    verdict,
                    answered_by=AnsweredBy(answered_by) if answered_by else None,
                    record=str(record.path) if record else None,
                ),
                live=False,
            )


async def write_opt_outs(records: CallRecords, suppression: Suppression, now: datetime) -> int:
    """Puts those on the suppression list who opted out of a call when it could not be written;
    returns how many."""
    numbers = {
        call.their_number
        for call in records.newest(Wanted(since=now - OPT_OUTS_SINCE))
        if call.data.get("opted_out") and call.their_number is not None
    }
    reason = "asked for on the phone"
    return await suppression.add(sorted(filter(None, numbers)), reason=reason, source="record")


async def _is_live(livekit: api.LiveKitAPI, attempt: Attempt, *, settling: bool) -> bool:
    """Whether the call goes on. A room that only the bot is in is one that nobody dials from."""
    rooms = await livekit.room.list_rooms(proto_room.ListRoomsRequest(names=[attempt.room]))
    if not rooms.rooms:
        return settling and attempt.state is AttemptState.CREATED
    there = await livekit.room.list_participants(
        proto_room.ListParticipantsRequest(room=attempt.room)
    )
    if settling or any(who.identity == attempt.identity for who in there.participants):
        return True
    await livekit.room.delete_room(proto_room.DeleteRoomRequest(room=attempt.room))
    return False


def _found(attempt: Attempt, records: CallRecords) -> tuple[Verdict, StoredCall | None]:
    """What the records say of an attempt whose room is gone."""
    begun = Wanted(since=attempt.created_at, direction="outbound")
    calls = (call for call in records.newest(begun) if call.data.get("attempt") == attempt.id)
    record = next(calls, None)
    if record is not None and record.data.get("outcome"):
        outcome = Outcome(record.data["outcome"])
        return Verdict(outcome, reason=str(record.data.get("detail") or "")), record
    if attempt.state is AttemptState.CREATED:
        return Verdict(Outcome.CANCELLED, reason="it was never dialled"), record
    return Verdict(Outcome.UNKNOWN, reason="over, without a record on this machine"), record
