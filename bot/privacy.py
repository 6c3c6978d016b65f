"""Keeps people out of the logs: no number, digit, transcript or secret leaves this process there.

LiveKit marks what identifies a person with keys that begin with `lk.pii.`, and puts the room's
name, which for a dispatch rule of type `individual` holds the caller's number, into every line.
"""

from __future__ import annotations

import logging
import re

MARK = "lk.pii."
NUMBER = re.compile(r"\+?\d{7,15}(?=\D|$)|(?:\+1 ?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?=\D|$)")
"""E.164 allows 15 digits; shorter runs are ports and process ids."""
SPOKEN = re.compile(r"(no audio frames were pushed for text: ).*", re.DOTALL)
"""LiveKit quotes the sentence that a voice failed to say."""
PLAIN = (int, float, type(None))
OWN_FIELDS = frozenset(vars(logging.makeLogRecord({})))


class Redaction(logging.Filter):
    """Drops marked fields and masks phone numbers in all others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the record in place and lets it pass."""
        record.msg, record.args = masked(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        for key, value in list(vars(record).items()):
            if key.startswith(MARK):
                delattr(record, key)
            elif key not in OWN_FIELDS and not isinstance(value, PLAIN):
                self._mask(record, key, value)
        return True

    def _mask(self, record: logging.LogRecord, key: str, value: object) -> None:
        text = str(value)
        if (hidden := masked(text)) != text:
            setattr(record, key, hidden)


def masked(text: str) -> str:
    """`text` with every phone number cut down to its last two digits."""
    return NUMBER.sub(lambda number: f"…{number[0][-2:]}", SPOKEN.sub(r"\1…", text))


def redact_logs() -> None:
    """Puts the redaction before every handler that the process has now."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(present, Redaction) for present in handler.filters):
            handler.addFilter(Redaction())
