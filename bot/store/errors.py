"""What the database refuses."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot do it; the text is one sentence for the operator."""


class NoSuchAttempt(StoreError):
    """No attempt has this id."""


class IllegalChange(StoreError):
    """An attempt does not go from the state that it is in to the one that is wanted."""


class NumberSuppressed(StoreError):
    """The number is on the suppression list: it must not be dialled."""
