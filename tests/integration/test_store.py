"""The database, on SQLite and where there is one on Postgres."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.outcome import AnsweredBy, Outcome, Verdict
from bot.store.attempts import COMES_AFTER, Attempts
from bot.store.database import Database
from bot.store.errors import IllegalChange, NoSuchAttempt, NumberSuppressed, StoreError
from bot.store.migration import HEAD, SCRIPTS
from bot.store.models import Attempt, AttemptState, Base
from bot.store.suppression import Suppression
from tests.checks.postgres import postgres

NUMBER = "+12025550123"
BUSY = Verdict(Outcome.BUSY, 486, "Busy Here")
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("server"))
    return f"sqlite:///{tmp_path}/deep/hotline.db"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with Database.opened(url) as database:
        async with database.writing() as session:
            for table in Base.metadata.sorted_tables:
                await session.execute(table.delete())
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(database: Database, clock: Clock) -> Attempts:
    return Attempts(database, clock)


@pytest.fixture
def suppression(database: Database, clock: Clock) -> Suppression:
    return Suppression(database, clock)


async def begin(attempts: Attempts, number: str = NUMBER) -> Attempt:
    return await attempts.begin(
        number=number, persona="front-desk", trunk="main", variables={"name": "Ann"}
    )


# --- Attempts -------------------------------------------------------------------------------------


async def test_an_attempt_is_on_disk_before_anything_is_dialled(
    attempts: Attempts, url: str, clock: Clock
) -> None:
    begun = await begin(attempts)
    async with Database.opened(url) as another:
        found = await Attempts(another).get(begun.id)
    assert (found.state, found.number, found.variables) == ("created", NUMBER, {"name": "Ann"})
    assert begun.id in found.room
    assert begun.id in found.identity
    assert found.created_at == clock.now
    assert found.created_at.tzinfo is not None


async def test_an_attempts_life(attempts: Attempts, clock: Clock) -> None:
    begun = await begin(attempts)
    await attempts.dialling(begun.id)
    clock.advance(timedelta(seconds=9))
    await attempts.answered(begun.id)
    clock.advance(timedelta(seconds=60))
    over = await attempts.ended(
        begun.id,
        Verdict(Outcome.VOICEMAIL_LEFT),
        answered_by=AnsweredBy.MACHINE,
        record="var/records/x.json",
    )
    assert over.dialled_at is not None
    assert over.answered_at == over.dialled_at + timedelta(seconds=9)
    assert over.ended_at == over.answered_at + timedelta(seconds=60)
    assert (over.outcome, over.answered_by) == (Outcome.VOICEMAIL_LEFT, AnsweredBy.MACHINE)
    assert over.record == "var/records/x.json"
    assert (await attempts.get(begun.id)).outcome is Outcome.VOICEMAIL_LEFT


async def test_what_the_network_said_is_kept(attempts: Attempts) -> None:
    begun = await begin(attempts)
    await attempts.dialling(begun.id)
    over = await attempts.ended(begun.id, BUSY)
    assert (over.outcome, over.sip_code, over.reason) == (Outcome.BUSY, 486, "Busy Here")
    assert over.answered_by is None


async def reach(attempts: Attempts, state: AttemptState) -> str:
    """A new attempt in a state."""
    id_ = (await begin(attempts)).id
    if state is not AttemptState.CREATED:
        await attempts.dialling(id_)
    if state is not AttemptState.DIALLING:
        await go(attempts, id_, state)
    return id_


async def go(attempts: Attempts, id_: str, to: AttemptState) -> None:
    match to:
        case AttemptState.DIALLING:
            await attempts.dialling(id_)
        case AttemptState.ANSWERED:
            await attempts.answered(id_)
        case AttemptState.UNKNOWN:
            await attempts.lost(id_, "the server did not answer")
        case AttemptState.ENDED:
            await attempts.ended(id_, BUSY)
        case AttemptState.CREATED:
            pass


@pytest.mark.parametrize("before", AttemptState)
async def test_only_legal_changes_are_made(attempts: Attempts, before: AttemptState) -> None:
    for after in AttemptState:
        id_ = await reach(attempts, before)
        if after is AttemptState.CREATED:
            continue
        if before in COMES_AFTER[after]:
            await go(attempts, id_, after)
            assert (await attempts.get(id_)).state is after
        else:
            with pytest.raises(IllegalChange, match=id_):
                await go(attempts, id_, after)
            assert (await attempts.get(id_)).state is before


async def test_what_has_no_end_is_listed_oldest_first(attempts: Attempts, clock: Clock) -> None:
    ids = []
    for state in AttemptState:
        ids.append((state, await reach(attempts, state)))
        clock.advance(timedelta(seconds=1))
    wanted = [id_ for state, id_ in ids if state is not AttemptState.ENDED]
    assert [attempt.id for attempt in await attempts.open()] == wanted
    assert [a.id for a in await attempts.open(timedelta(seconds=5))] == wanted[:1]


async def test_an_attempt_that_never_was(attempts: Attempts) -> None:
    for change in (attempts.get, attempts.dialling):
        with pytest.raises(NoSuchAttempt):
            await change("nobody")


async def test_who_is_suppressed_at_the_last_moment_is_not_dialled(
    attempts: Attempts, suppression: Suppression, clock: Clock
) -> None:
    begun = await begin(attempts)
    until = clock.now + timedelta(days=1)
    await suppression.add([NUMBER], reason="asked", source="call", until=until)
    with pytest.raises(NumberSuppressed):
        await attempts.dialling(begun.id)
    assert (await attempts.get(begun.id)).state is AttemptState.CREATED
    clock.advance(timedelta(days=2))
    await attempts.dialling(begun.id)


# --- Suppression ----------------------------------------------------------------------------------


async def test_a_number_is_on_the_list_until_it_is_taken_off(suppression: Suppression) -> None:
    assert await suppression.check(NUMBER) is None
    assert await suppression.add([NUMBER, NUMBER], reason="asked", source="call") == 1
    found = await suppression.check(NUMBER)
    assert found is not None
    assert (found.reason, found.source, found.until) == ("asked", "call", None)
    assert await suppression.remove(NUMBER)
    assert not await suppression.remove(NUMBER)
    assert await suppression.check(NUMBER) is None


async def test_the_entry_that_lasts_longer_is_kept_as_it_was(
    suppression: Suppression, clock: Clock
) -> None:
    first, day = clock.now, timedelta(days=1)
    assert await suppression.add([NUMBER], reason="later", source="a", until=first + 3 * day) == 1
    clock.advance(day)
    assert await suppression.add([NUMBER], reason="sooner", source="b", until=first + 2 * day) == 0
    assert [(e.reason, e.since) for e in await suppression.all()] == [("later", first)]
    assert await suppression.add([NUMBER], reason="for good", source="c") == 1
    assert await suppression.add([NUMBER], reason="again", source="d") == 0
    (kept,) = await suppression.all()
    assert (kept.reason, kept.source, kept.until) == ("for good", "c", None)


async def test_an_entry_that_is_over_is_replaced(suppression: Suppression, clock: Clock) -> None:
    await suppression.add([NUMBER], reason="a", source="a", until=clock.now + timedelta(hours=1))
    clock.advance(timedelta(hours=1))
    assert await suppression.check(NUMBER) is None
    assert await suppression.all() == []
    assert not await suppression.remove(NUMBER)


async def test_an_entry_that_is_over_before_it_begins_is_refused(
    suppression: Suppression, clock: Clock
) -> None:
    with pytest.raises(ValueError, match="past"):
        await suppression.add([NUMBER], reason="a", source="a", until=clock.now)


@pytest.mark.parametrize("number", ["2025550123", "+1 202 555 0123", "", "+0123456", "+٣٣٣٣"])
async def test_only_e164_protects_anybody(suppression: Suppression, number: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        await suppression.add([NUMBER, number], reason="asked", source="call")
    assert await suppression.all() == []


async def test_a_long_list_is_written_whole(suppression: Suppression) -> None:
    numbers = [f"+1202555{line:04}" for line in range(3500)]
    assert await suppression.add(numbers, reason="list", source="file") == 3500
    assert await suppression.add(numbers, reason="list", source="file") == 0
    assert len(await suppression.all()) == 3500


async def test_the_check_is_one_indexed_query(database: Database) -> None:
    if database._engine.dialect.name != "sqlite":
        pytest.skip("a Postgres planner scans small tables")
    query = "EXPLAIN QUERY PLAN SELECT * FROM suppressed WHERE number = 'x'"
    async with database.reading() as session:
        plan = str((await session.execute(text(query))).all())
    assert "USING INDEX" in plan


# --- Several processes and threads ----------------------------------------------------------------


def _write(url: str, worker: int) -> None:
    async def run() -> None:
        async with Database.opened(url) as database:
            attempts, suppression = Attempts(database), Suppression(database)
            for line in range(20):
                number = f"+1202555{worker}{line:03}"
                await suppression.add([number, NUMBER], reason="asked", source=str(worker))
                id_ = (await begin(attempts, number)).id
                await attempts.ended(id_, BUSY)

    asyncio.run(run())


def _race(url: str, id_: str, won: multiprocessing.SimpleQueue[bool]) -> None:
    async def run() -> bool:
        async with Database.opened(url) as database:
            try:
                await Attempts(database).dialling(id_)
            except IllegalChange:
                return False
            return True

    won.put(asyncio.run(run()))


async def _all(jobs: Sequence[BaseProcess | threading.Thread]) -> None:
    for job in jobs:
        job.start()
    for job in jobs:
        await asyncio.to_thread(job.join, 60)
        assert getattr(job, "exitcode", 0) == 0


async def test_processes_lose_no_writes(database: Database, url: str) -> None:
    await _all([PROCESSES.Process(target=_write, args=(url, worker)) for worker in range(3)])
    assert len(await Suppression(database).all()) == 3 * 20 + 1
    assert await Attempts(database).open() == []
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM attempts")) == 3 * 20


async def test_threads_lose_no_writes(database: Database, url: str) -> None:
    await _all([threading.Thread(target=_write, args=(url, worker)) for worker in range(3)])
    assert len(await Suppression(database).all()) == 3 * 20 + 1


async def test_tasks_lose_no_writes(suppression: Suppression) -> None:
    numbers = [f"+1202555{line:04}" for line in range(30)]
    await asyncio.gather(
        *(suppression.add([number], reason="asked", source="call") for number in numbers)
    )
    assert len(await suppression.all()) == len(numbers)


async def test_of_processes_that_dial_the_same_attempt_one_does(
    attempts: Attempts, url: str
) -> None:
    id_ = (await begin(attempts)).id
    won: multiprocessing.SimpleQueue[bool] = PROCESSES.SimpleQueue()
    await _all([PROCESSES.Process(target=_race, args=(url, id_, won)) for _ in range(3)])
    assert sorted(won.get() for _ in range(3)) == [False, False, True]


def _open(url: str) -> None:
    async def run() -> None:
        async with Database.opened(url) as database:
            assert await Attempts(database).open() == []

    asyncio.run(run())


async def test_processes_that_start_together_make_the_tables_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hotline.db"
    await _all([PROCESSES.Process(target=_open, args=(url,)) for _ in range(3)])


async def test_postgres_tables_are_made_once_too(server: str) -> None:
    async with Database.opened(server) as database, database.writing() as session:
        for table in ("attempts", "suppressed", "alembic_version"):
            await session.execute(text(f"DROP TABLE IF EXISTS {table}"))
    await _all([PROCESSES.Process(target=_open, args=(server,)) for _ in range(3)])


# --- The schema -----------------------------------------------------------------------------------


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


async def test_migrations_make_what_the_models_say(database: Database) -> None:
    async with database.reading() as session:
        assert await (await session.connection()).run_sync(_differences) == []


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_a_newer_database_is_refused_and_left_alone(database: Database, url: str) -> None:
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(StoreError, match=r"newer Hotline.*9999"):
            async with Database.opened(url):
                pass
    finally:
        async with database.writing() as session:
            await session.execute(text(f"UPDATE alembic_version SET version_num = '{HEAD}'"))


async def test_the_file_is_its_owners_and_keeps_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "hotline.db"
    async with Database.opened(f"sqlite:///{path}") as database:
        async with database.writing() as session:
            assert await session.scalar(text("PRAGMA synchronous")) == 2
            assert await session.scalar(text("PRAGMA foreign_keys")) == 1
        for file in tmp_path.iterdir():
            assert file.stat().st_mode & 0o077 == 0, file
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = Attempts(database, lambda: datetime(2026, 1, 1))
    with pytest.raises(Exception, match="without a zone"):
        await begin(naive)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rubbish", "no address"),
        ("mysql://x/y", "mysql"),
        ("sqlite://", "needs a path"),
        ("sqlite:////proc/none/hotline.db", "cannot be made"),
        ("postgresql://hotline:secret@127.0.0.1:9/x", "cannot be used"),
    ],
)
async def test_what_cannot_be_opened_is_one_sentence(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        async with Database.opened(url):
            pass
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "hotline.db").write_text("a letter, not a database" * 100)
    with pytest.raises(StoreError, match="check DATABASE_URL"):
        async with Database.opened(f"sqlite:///{tmp_path}/hotline.db"):
            pass
