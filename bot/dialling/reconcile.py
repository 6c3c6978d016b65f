"""Settles attempts whose end was never written, from LiveKit and the records. Dials nobody.

A command that is killed after the INVITE leaves an attempt that may ring, talk, or be over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NamedTuple

from livekit import api
from livekit.protocol import room as proto_room

from bot.dialling.placing import FILED_S, LONGEST_CALL_S
from bot.outcome import AnsweredBy, Outcome, Verdict
from bot.store.attempts import Attempts
from bot.store.calls import CallRecords, StoredCall, Wanted
from bot.store.errors import IllegalChange
from bot.store.models import Attempt, AttemptState
from bot.store.suppression import Suppression

SETUP_S = 90.0
"""From an attempt's last change until a living command has dialled or given up: the bot gets ready,
it rings, LiveKit answers."""
LOOK_EVERY_S = 0.5
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
    """Looks up every attempt without an end, and writes the end of those that are over.

    Raises:
        api.ServerError, aiohttp.ClientError: LiveKit cannot be asked.
    """
    for attempt in await attempts.open():
        idle_s = (now - attempt.changed_at).total_seconds()
        if await _goes_on(livekit, attempt, idle_s):
            yield Settled(attempt, live=True)
            continue
        record = await _filed(attempt, attempts, records, wait=idle_s < LONGEST_CALL_S)
        answered_by = record.data.get("answered_by") if record else None
        with contextlib.suppress(IllegalChange):  # the bot has written it
            await attempts.ended(
                attempt.id,
                _verdict(attempt, record),
                answered_by=AnsweredBy(answered_by) if answered_by else None,
                record=str(record.path) if record else None,
            )
        yield Settled(await attempts.get(attempt.id), live=False)


async def write_opt_outs(records: CallRecords, suppression: Suppression, now: datetime) -> int:
    """Puts those on the suppression list whose opt-out could not be written; returns how many."""
    numbers = {
        call.their_number
        for call in records.newest(Wanted(since=now - OPT_OUTS_SINCE))
        if call.data.get("opted_out") and not call.data.get("suppressed")
    }
    reason = "asked for on the phone"
    return await suppression.add(sorted(filter(None, numbers)), reason=reason, source="record")


async def _goes_on(livekit: api.LiveKitAPI, attempt: Attempt, idle_s: float) -> bool:
    """Whether it rings or talks, or a living command is about to dial.

    A room without a phone, from which nobody dials any more, is deleted.
    """
    rooms = await livekit.room.list_rooms(proto_room.ListRoomsRequest(names=[attempt.room]))
    if not rooms.rooms:
        return attempt.state is AttemptState.CREATED and idle_s < SETUP_S
    try:
        there = await livekit.room.list_participants(
            proto_room.ListParticipantsRequest(room=attempt.room)
        )
        if idle_s < SETUP_S or any(who.identity == attempt.identity for who in there.participants):
            return True
        await livekit.room.delete_room(proto_room.DeleteRoomRequest(room=attempt.room))
    except api.ServerError as error:
        if error.code != "not_found":  # it has ended meanwhile
            raise
    return False


async def _filed(
    attempt: Attempt, attempts: Attempts, records: CallRecords, *, wait: bool
) -> StoredCall | None:
    """The record of a call that is over; a bot may be about to file it."""
    record = _record(attempt, records)
    if attempt.state is AttemptState.CREATED or not wait:
        return record
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FILED_S):
            while record is None and (await attempts.get(attempt.id)).outcome is None:
                await asyncio.sleep(LOOK_EVERY_S)
                record = _record(attempt, records)
    return record


def _record(attempt: Attempt, records: CallRecords) -> StoredCall | None:
    begun = Wanted(since=attempt.created_at, direction="outbound")
    calls = records.newest(begun)
    return next((call for call in calls if call.data.get("attempt") == attempt.id), None)


def _verdict(attempt: Attempt, record: StoredCall | None) -> Verdict:
    """What became of an attempt whose room is gone."""
    if record is not None and record.data.get("outcome"):
        outcome = Outcome(record.data["outcome"])
        return Verdict(outcome, reason=str(record.data.get("detail") or ""))
    if attempt.state is AttemptState.CREATED:
        return Verdict(Outcome.CANCELLED, reason="it was never dialled")
    return Verdict(Outcome.UNKNOWN, reason="over, without a record on this machine")
