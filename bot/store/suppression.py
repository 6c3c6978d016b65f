"""The suppression list: numbers that must not be dialled, by anybody, for anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.database import Database
from bot.store.models import Suppressed

E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
BATCH = 1000
"""Rows of one INSERT; databases bound how many values it may have."""


def now_utc() -> datetime:
    """The time, aware and in UTC."""
    return datetime.now(UTC)


def in_force(at: datetime) -> ColumnElement[bool]:
    """The condition that an entry holds at a time."""
    return or_(Suppressed.until.is_(None), Suppressed.until > at)


class Suppression:
    """The list. Every change is committed when the method returns.

    Args:
        database: where it is kept.
        clock: tells the time, aware.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = now_utc) -> None:
        self._database = database
        self._clock = clock

    async def check(self, number: str) -> Suppressed | None:
        """The entry that forbids to dial a number (E.164), if there is one: one indexed query."""
        query = select(Suppressed).where(Suppressed.number == number, in_force(self._clock()))
        async with self._database.reading() as session:
            return await session.scalar(query)

    async def all(self) -> Sequence[Suppressed]:
        """Every entry in force, the newest first."""
        query = (
            select(Suppressed)
            .where(in_force(self._clock()))
            .order_by(Suppressed.since.desc(), Suppressed.number)
        )
        async with self._database.reading() as session:
            return (await session.scalars(query)).all()

    async def add(
        self,
        numbers: Collection[str],
        *,
        reason: str,
        source: str,
        until: datetime | None = None,
    ) -> int:
        """Puts numbers (E.164) on the list, all or none; returns how many that changed.

        Of two entries for a number the one that lasts longer is kept, as it was.

        Raises:
            ValueError: a number is not in E.164 form, or `until` is past: it protects nobody.
        """
        now = self._clock()
        if until is not None and until <= now:
            raise ValueError("until is past")
        for number in numbers:
            if not E164.fullmatch(number):
                raise ValueError(f"{number} is not in E.164 form")
        entry = {"reason": reason, "source": source, "since": now, "until": until}
        rows = [{"number": number, **entry} for number in dict.fromkeys(numbers)]
        async with self._database.writing() as session:
            return sum(
                [await _upsert(session, rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]
            )

    async def remove(self, number: str) -> bool:
        """Takes a number off the list; returns whether an entry for it was in force."""
        query = delete(Suppressed).where(Suppressed.number == number)
        async with self._database.writing() as session:
            found = await session.scalar(
                select(Suppressed).where(Suppressed.number == number, in_force(self._clock()))
            )
            await session.execute(query)
        return found is not None


async def _upsert(session: AsyncSession, rows: Sequence[dict[str, object]]) -> int:
    """Writes entries; returns how many are new or last longer than what was there."""
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if postgres else sqlite.insert)(Suppressed).values(rows)
    new, old = insert.excluded, Suppressed
    statement = insert.on_conflict_do_update(
        index_elements=[old.number],
        set_={"reason": new.reason, "source": new.source, "since": new.since, "until": new.until},
        where=old.until.is_not(None) & or_(new.until.is_(None), new.until > old.until),
    ).returning(old.number)
    return len((await session.execute(statement)).all())
