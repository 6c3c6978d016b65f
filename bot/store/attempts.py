"""Outbound attempts, written ahead: an attempt is on disk before anything is dialled for it.

A process that dies leaves the attempt in the state that it had reached. Who finds it asks LiveKit
about `room` before doing anything else; nothing here dials again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, exists, select, true, update

from bot.outcome import AnsweredBy, Verdict
from bot.store.database import Database
from bot.store.errors import IllegalChange, NoSuchAttempt, NumberSuppressed
from bot.store.models import Attempt, AttemptState, Suppressed
from bot.store.suppression import in_force, now_utc
from bot.store.ulid import ulid

COMES_AFTER: Mapping[AttemptState, frozenset[AttemptState]] = MappingProxyType(
    {
        AttemptState.CREATED: frozenset(),
        AttemptState.DIALLING: frozenset({AttemptState.CREATED}),
        AttemptState.ANSWERED: frozenset({AttemptState.DIALLING, AttemptState.UNKNOWN}),
        AttemptState.UNKNOWN: frozenset({AttemptState.DIALLING, AttemptState.ANSWERED}),
        AttemptState.ENDED: frozenset(AttemptState) - {AttemptState.ENDED},
    }
)
"""Which states each can follow. Nothing follows an end, so no outcome is written twice; nothing
but `created` is dialled, so no attempt is dialled twice."""


class Attempts:
    """Every attempt to call. Every change is committed when the method returns.

    Args:
        database: where they are kept.
        clock: tells the time, aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = now_utc) -> None:
        self._database = database
        self._clock = clock

    async def begin(
        self,
        *,
        number: str,
        persona: str,
        trunk: str,
        from_number: str | None = None,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> Attempt:
        """Writes down an attempt that is about to be made; its room and identity are new.

        Args:
            number: who is called, in E.164.
            persona: who speaks.
            trunk: name or id of the outbound trunk.
            from_number: the number of ours to show, in E.164; None leaves it to the trunk.
            variables: for the persona's sentences.
        """
        now = self._clock()
        id_ = ulid(int(now.timestamp() * 1000))
        attempt = Attempt(
            id=id_,
            state=AttemptState.CREATED,
            number=number,
            persona=persona,
            trunk=trunk,
            from_number=from_number,
            variables=dict(variables),
            room=f"call-{id_}",
            identity=f"phone-{id_}",
            created_at=now,
            changed_at=now,
        )
        async with self._database.writing() as session:
            session.add(attempt)
        return attempt

    async def dialling(self, id_: str) -> Attempt:
        """The INVITE is about to leave: to be called last before it, and once.

        The suppression list is looked at in the same transaction.

        Raises:
            NumberSuppressed: it must not leave.
            IllegalChange: it may have left already.
        """
        now = self._clock()
        listed = exists().where(Suppressed.number == Attempt.number, in_force(now))
        return await self._change(id_, AttemptState.DIALLING, ~listed, dialled_at=now)

    async def answered(self, id_: str, by: AnsweredBy = AnsweredBy.UNKNOWN) -> Attempt:
        """Somebody or something picked up."""
        now = self._clock()
        return await self._change(id_, AttemptState.ANSWERED, answered_at=now, answered_by=by)

    async def lost(self, id_: str, reason: str) -> Attempt:
        """Contact was lost while it rang or talked: what becomes of it has to be looked up."""
        return await self._change(id_, AttemptState.UNKNOWN, reason=reason)

    async def ended(
        self,
        id_: str,
        verdict: Verdict,
        *,
        answered_by: AnsweredBy | None = None,
        record: str | None = None,
    ) -> Attempt:
        """It is over.

        Args:
            id_: the attempt's.
            verdict: what became of it.
            answered_by: who answered, when that is known better than at the answer.
            record: path of the call record, if a call came about.

        Raises:
            IllegalChange: it has an outcome already.
        """
        values: dict[str, Any] = {
            "ended_at": self._clock(),
            "outcome": verdict.outcome,
            "sip_code": verdict.sip_code,
            "reason": verdict.reason,
            "record": record,
        }
        if answered_by is not None:
            values["answered_by"] = answered_by
        return await self._change(id_, AttemptState.ENDED, **values)

    async def get(self, id_: str) -> Attempt:
        """One attempt.

        Raises:
            NoSuchAttempt: there is none of this id.
        """
        async with self._database.reading() as session:
            attempt = await session.get(Attempt, id_)
        if attempt is None:
            raise NoSuchAttempt(f"There is no attempt {id_}.")
        return attempt

    async def open(self, idle_for: timedelta = timedelta()) -> Sequence[Attempt]:
        """Attempts without an end, the oldest first: those to look up after a crash.

        `idle_for` leaves out what changed more recently, which a living process may be at.
        """
        query = (
            select(Attempt)
            .where(
                Attempt.state != AttemptState.ENDED,
                Attempt.changed_at <= self._clock() - idle_for,
            )
            .order_by(Attempt.id)
        )
        async with self._database.reading() as session:
            return (await session.scalars(query)).all()

    async def _change(
        self,
        id_: str,
        to: AttemptState,
        condition: ColumnElement[bool] = true(),  # noqa: B008  a constant
        **values: Any,
    ) -> Attempt:
        """One conditional UPDATE: of two processes that try, one succeeds."""
        statement = (
            update(Attempt)
            .where(Attempt.id == id_, Attempt.state.in_(COMES_AFTER[to]), condition)
            .values(state=to, changed_at=self._clock(), **values)
            .returning(Attempt)
        )
        async with self._database.writing() as session:
            changed = await session.scalar(statement)
        if changed is not None:
            return changed
        found = await self.get(id_)
        if found.state in COMES_AFTER[to]:
            raise NumberSuppressed(f"{found.number} is on the suppression list.")
        raise IllegalChange(f"Attempt {id_} is {found.state}: it does not become {to} any more.")
