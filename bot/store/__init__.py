"""What outlives a call: the database, a module for each aggregate, and the records on disk."""

from __future__ import annotations

from bot.store.attempts import Attempts
from bot.store.database import Database
from bot.store.errors import IllegalChange, NoSuchAttempt, NumberSuppressed, StoreError
from bot.store.models import Attempt, AttemptState, Suppressed
from bot.store.suppression import Suppression

__all__ = [
    "Attempt",
    "AttemptState",
    "Attempts",
    "Database",
    "IllegalChange",
    "NoSuchAttempt",
    "NumberSuppressed",
    "StoreError",
    "Suppressed",
    "Suppression",
]
