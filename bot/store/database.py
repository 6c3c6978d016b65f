"""The database that DATABASE_URL names: SQLite in one file, or Postgres."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from bot.store.errors import StoreError
from bot.store.migration import HEAD, migrate, revision

BUSY_S = 10.0
"""How long a writer waits for another process's write; each takes milliseconds."""
WRITES = "hotline_writes"

PRAGMAS = (
    f"busy_timeout = {BUSY_S * 1000:.0f}",
    "journal_mode = WAL",  # readers and the writer do not wait for each other
    "synchronous = FULL",  # an attempt that was committed is there after a power cut
    "foreign_keys = ON",
)


class Database:
    """One database, whose tables are those of this code. Open it with `opened`.

    Usable by any number of tasks of one event loop, threads and processes each with their own.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator[Self]:
        """Opens the database, brings its tables up to date, and closes it in the end.

        Raises:
            StoreError: it cannot be reached, or is newer than this code.
        """
        place = _url(url)
        engine = create_async_engine(place)
        if place.get_backend_name() == "sqlite":
            _prepare_file(place)
            event.listen(engine.sync_engine, "connect", _on_connect)
            event.listen(engine.sync_engine, "begin", _on_begin)
        database = cls(engine)
        try:
            await database._ensure(place)
            yield database
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that is committed in the end, or rolled back by an exception.

        On SQLite it is the only one that writes from its first statement on: what it reads does
        not change before it writes.
        """
        engine = self._engine.execution_options(**{WRITES: True})
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def _ensure(self, place: URL) -> None:
        try:
            async with self.reading() as session:
                if await (await session.connection()).run_sync(revision) == HEAD:
                    return
            async with self.writing() as session:
                await (await session.connection()).run_sync(migrate)
        except (DBAPIError, OSError) as error:
            cause = getattr(error, "orig", error)
            raise StoreError(
                f"The database {place.render_as_string()} cannot be used "
                f"({str(cause).strip().splitlines()[0]}): check DATABASE_URL."
            ) from error


def _url(text: str) -> URL:
    """The address with the driver that speaks asyncio."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StoreError("DATABASE_URL is no address of a database.") from error
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            if importlib.util.find_spec("psycopg") is None:
                raise StoreError("Postgres needs its driver: pip install -e '.[postgres]'.")
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise StoreError(f"DATABASE_URL names {other}: take sqlite:///PATH or postgresql://….")


def _prepare_file(url: URL) -> None:
    """Makes the file, readable by its owner alone: it holds numbers."""
    if url.database is None or url.database == ":memory:":
        raise StoreError("DATABASE_URL needs a path: sqlite:///PATH.")
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be made ({error.strerror}): check DATABASE_URL."
        ) from error


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours: the driver would delay it to the first write
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # A transaction that turns from reading to writing fails at once when another has written.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
