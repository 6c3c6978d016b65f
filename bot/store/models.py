"""The tables. A change here needs a migration, and `migration.HEAD` to name it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import JSON, DateTime, Dialect, Enum, Index, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.outcome import AnsweredBy, Outcome


class AttemptState(StrEnum):
    """How far an attempt to call has come. `attempts.py` has the legal changes."""

    CREATED = "created"
    """Written down; nothing has been dialled."""
    DIALLING = "dialling"
    """The INVITE may have left."""
    ANSWERED = "answered"
    ENDED = "ended"
    """It has its outcome, which never changes again."""
    UNKNOWN = "unknown"
    """Contact was lost while it rang or talked; it has to be looked up before anything else."""


class Utc(TypeDecorator[datetime]):
    """A point in time, aware and in UTC on both sides; SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a time without a zone: it would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Puts back the zone that SQLite dropped."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _words(words: type[StrEnum]) -> Enum:
    """An enumeration, kept as its words."""
    return Enum(
        words,
        native_enum=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """What all tables share."""

    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's own name and form
        datetime: Utc,
        AttemptState: _words(AttemptState),
        Outcome: _words(Outcome),
        AnsweredBy: _words(AnsweredBy),
        dict[str, str]: JSON,
    }


class Attempt(Base):
    """One attempt to call a number, written before it is dialled."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index("attempts_by_number", "number", "created_at"),
        Index("attempts_by_state", "state"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    """A ULID: ids sort as the attempts began."""
    state: Mapped[AttemptState]
    number: Mapped[str] = mapped_column(String(16))
    """Who is called, in E.164."""
    persona: Mapped[str]
    trunk: Mapped[str]
    """Name or id of the outbound trunk."""
    from_number: Mapped[str | None] = mapped_column(String(16))
    """The number of ours that is shown; None leaves it to the trunk."""
    variables: Mapped[dict[str, str]]
    """For the persona's sentences."""
    room: Mapped[str]
    identity: Mapped[str]
    """LiveKit identity of the phone's participant."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    dialled_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    answered_by: Mapped[AnsweredBy | None]
    outcome: Mapped[Outcome | None]
    sip_code: Mapped[int | None]
    reason: Mapped[str | None]
    """The network's own words; see `Verdict.reason`."""
    record: Mapped[str | None]
    """Path of the call record."""


class Suppressed(Base):
    """A number that must not be dialled."""

    __tablename__ = "suppressed"

    number: Mapped[str] = mapped_column(String(16), primary_key=True)
    """In E.164."""
    reason: Mapped[str]
    source: Mapped[str]
    """Who put it there: an operator, a file, a call."""
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    """From then on it may be dialled again; None: never."""
