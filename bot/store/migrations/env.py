"""What Alembic runs; the connection and its transaction are those of `bot.store.migration`."""

from __future__ import annotations

from alembic import context

from bot.store.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
