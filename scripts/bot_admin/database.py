"""The database, opened for a command; what it refuses becomes one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import typer

from bot_admin.command import OperatorError

if TYPE_CHECKING:
    from bot.store.database import Database


@asynccontextmanager
async def opened_database(context: typer.Context) -> AsyncIterator[Database]:
    """The database of DATABASE_URL, its tables up to date."""
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  loads slowly

    from bot.settings import OperatorSettings  # noqa: PLC0415
    from bot.store.database import Database  # noqa: PLC0415
    from bot.store.errors import StoreError  # noqa: PLC0415

    settings = OperatorSettings.load(context.obj)
    try:
        async with Database.opened(settings.database_url.get_secret_value()) as database:
            yield database
    except StoreError as error:
        raise OperatorError(str(error)) from error
    except DBAPIError as error:
        cause = str(error.orig).strip().splitlines()[0]
        raise OperatorError(f"The database failed ({cause}): check DATABASE_URL.") from error
