"""What an outcome means: whether to try again, who decided it, how a command exits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from bot.outcome.vocabulary import Outcome


class Retry(StrEnum):
    """When the number may be dialled again, as a new attempt."""

    NEVER = "never"
    """Not by itself: it is done, unwanted or useless, or a person has to look first."""
    LATER = "later"
    """At another time of day."""
    SOON = "soon"
    """In minutes: what was in the way passes by itself."""
    AFTER_FIX = "after-fix"
    """Once an operator has put something right; until then the next number fails alike."""


class Party(StrEnum):
    """Whose decision or fault an outcome is."""

    CALLEE = "callee"
    """The person at the other end, or their phone."""
    CARRIER = "carrier"
    US = "us"
    NOBODY = "nobody"


class Meaning(NamedTuple):
    """What follows from an outcome."""

    retry: Retry
    whose: Party
    exit_code: int
    """Of `bot-admin call`: 0 when a conversation or a message happened; 10-19 the callee,
    20-29 the number or the carrier, 30-39 us, 40 not known. 1-3 are every command's own."""

    @classmethod
    def of(cls, outcome: Outcome) -> Meaning:
        """The row of an outcome."""
        return MEANINGS[outcome]


MEANINGS: Mapping[Outcome, Meaning] = MappingProxyType(
    {
        Outcome.COMPLETED: Meaning(Retry.NEVER, Party.NOBODY, 0),
        Outcome.TRANSFERRED: Meaning(Retry.NEVER, Party.NOBODY, 0),
        Outcome.TIME_LIMIT: Meaning(Retry.NEVER, Party.US, 0),
        Outcome.VOICEMAIL_LEFT: Meaning(Retry.NEVER, Party.NOBODY, 0),
        Outcome.NO_ANSWER: Meaning(Retry.LATER, Party.CALLEE, 10),
        Outcome.BUSY: Meaning(Retry.SOON, Party.CALLEE, 11),
        Outcome.DECLINED: Meaning(Retry.NEVER, Party.CALLEE, 12),
        Outcome.VOICEMAIL_HUNG_UP: Meaning(Retry.LATER, Party.CALLEE, 13),
        Outcome.MAILBOX_FULL: Meaning(Retry.LATER, Party.CALLEE, 14),
        Outcome.FAX: Meaning(Retry.NEVER, Party.CALLEE, 15),
        Outcome.ABANDONED: Meaning(Retry.NEVER, Party.CALLEE, 16),
        Outcome.OPTED_OUT: Meaning(Retry.NEVER, Party.CALLEE, 17),
        Outcome.MENU_HUNG_UP: Meaning(Retry.LATER, Party.CALLEE, 18),
        Outcome.SCREENED: Meaning(Retry.LATER, Party.CALLEE, 19),
        Outcome.INVALID_NUMBER: Meaning(Retry.NEVER, Party.NOBODY, 20),
        Outcome.NUMBER_CHANGED: Meaning(Retry.NEVER, Party.NOBODY, 21),
        Outcome.BLOCKED: Meaning(Retry.AFTER_FIX, Party.CARRIER, 22),
        Outcome.CARRIER_ERROR: Meaning(Retry.LATER, Party.CARRIER, 23),
        Outcome.CONGESTION: Meaning(Retry.SOON, Party.CARRIER, 24),
        Outcome.TIMEOUT: Meaning(Retry.LATER, Party.CARRIER, 25),
        Outcome.NETWORK_ERROR: Meaning(Retry.LATER, Party.NOBODY, 26),
        Outcome.CONNECTION_LOST: Meaning(Retry.LATER, Party.NOBODY, 27),
        Outcome.AUTH_FAILED: Meaning(Retry.AFTER_FIX, Party.US, 30),
        Outcome.MISCONFIGURED: Meaning(Retry.AFTER_FIX, Party.US, 31),
        Outcome.OVERLOADED: Meaning(Retry.SOON, Party.US, 32),
        Outcome.PROVIDER_ERROR: Meaning(Retry.LATER, Party.US, 33),
        Outcome.FAILED: Meaning(Retry.AFTER_FIX, Party.US, 34),
        Outcome.STOPPED: Meaning(Retry.LATER, Party.US, 35),
        Outcome.CANCELLED: Meaning(Retry.NEVER, Party.US, 36),
        Outcome.NOT_ALLOWED: Meaning(Retry.NEVER, Party.US, 37),
        Outcome.UNKNOWN: Meaning(Retry.NEVER, Party.NOBODY, 40),
    }
)
