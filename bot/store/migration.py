"""Brings a database's tables to this code's, once, however many processes start together."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.store.errors import StoreError

HEAD = "0001"
"""The newest of `migrations/versions`."""
SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 0x686F746C696E65
"""Key of the Postgres advisory lock: `hotline` in ASCII."""


def migrate(connection: Connection) -> None:
    """Upgrades to HEAD in the connection's transaction, which must be the only one that writes.

    Raises:
        StoreError: the database is newer than this code.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    found = revision(connection)
    if found == HEAD:
        return

    from alembic import command  # noqa: PLC0415  loads slowly, and is needed once a release
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"The database was made by a newer Hotline (its revision is {found}, this one's is "
            f"{HEAD}): update this one."
        )
    command.upgrade(config, HEAD)


def revision(connection: Connection) -> str | None:
    """The revision of the tables that are there; None when there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)
