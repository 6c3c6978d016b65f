"""What a call writes into the database, each time over a connection of its own.

Calls run in processes of their own and write two or three rows, minutes apart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError

from bot.outcome import AnsweredBy, Verdict
from bot.store.attempts import Attempts
from bot.store.database import Database
from bot.store.errors import IllegalChange, StoreError
from bot.store.models import AttemptState
from bot.store.suppression import Suppression

log = logging.getLogger("hotline.ledger")

LOOK_EVERY_S = 0.1


class Ledger:
    """The database, as a call writes into it. What fails is logged: it must not end a call.

    Args:
        url: DATABASE_URL.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    async def is_begun(self, attempt: str) -> bool:
        """Whether the attempt is there, and nothing was dialled for it."""
        try:
            async with self._opened() as database:
                found = await Attempts(database).get(attempt)
        except StoreError as error:
            _warn("the attempt cannot be read", error)
            return False
        return found.state is AttemptState.CREATED

    async def outcome(self, attempt: str, within_s: float) -> Verdict | None:
        """How an attempt ended, as who dialled it writes; None when that is not there in time."""
        try:
            async with self._opened() as database, asyncio.timeout(within_s):
                while True:
                    found = await Attempts(database).get(attempt)
                    if found.outcome is not None:
                        return Verdict(found.outcome, found.sip_code, found.reason or "")
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            return None
        except StoreError as error:
            _warn("an outcome cannot be read", error)
            return None

    async def answered(self, attempt: str) -> None:
        """Writes that an attempt was answered."""
        try:
            async with self._opened() as database:
                await Attempts(database).answered(attempt)
        except StoreError as error:
            _warn("an answer was not written", error)

    async def ended(
        self, attempt: str, verdict: Verdict, answered_by: AnsweredBy | None, record: str | None
    ) -> None:
        """Writes how an attempt ended, unless it has an outcome already."""
        try:
            async with self._opened() as database:
                attempts = Attempts(database)
                await attempts.ended(attempt, verdict, answered_by=answered_by, record=record)
        except IllegalChange:
            log.info("the attempt has an outcome already")
        except StoreError as error:
            _warn("an outcome was not written", error)

    async def suppress(self, number: str, reason: str) -> bool:
        """Puts a number on the suppression list; returns whether it is there."""
        try:
            async with self._opened() as database:
                await Suppression(database).add([number], reason=reason, source="call")
        except StoreError as error:
            _warn("an opt-out was not written", error)
            return False
        return True

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Database]:
        try:
            async with Database.opened(self._url) as database:
                yield database
        except DBAPIError as error:
            raise StoreError(type(error).__name__) from error


def _warn(what: str, error: StoreError) -> None:
    """Without the error's words, which may hold a number."""
    cause = error.__cause__ or error
    log.error(what, extra={"error": type(cause).__name__})
