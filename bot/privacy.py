"""Keeps people out of the logs: no number, digit, transcript or secret leaves this process there.

LiveKit marks what identifies a person with keys that begin with `lk.pii.`, and puts the room's
name, which for a dispatch rule of type `individual` holds the caller's number, into every line.
"""

from __future__ import annotations

import logging
import re

MARK = "lk.pii."
NUMBER = re.compile(r"\+?\d{7,15}(?=\D|$)")
"""E.164 allows 15 digits; shorter runs are ports and process ids."""


class Redaction(logging.Filter):
    """Drops marked fields and masks phone numbers in all others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the record in place and lets it pass."""
        for key in [key for key in vars(record) if key.startswith(MARK)]:
            delattr(record, key)
        for key, value in vars(record).items():
            if isinstance(value, str) and key not in ("pathname", "exc_text"):
                setattr(record, key, masked(value))
        return True


def masked(text: str) -> str:
    """`text` with every phone number cut down to its last two digits."""
    return NUMBER.sub(lambda number: f"…{number[0][-2:]}", text)


def redact_logs() -> None:
    """Puts the redaction before every handler that the process has now."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(present, Redaction) for present in handler.filters):
            handler.addFilter(Redaction())
