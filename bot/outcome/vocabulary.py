"""The words for how a call ended, and for who answered it."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How a call ended. What each means for the next call is in `meaning.py`."""

    # It was answered, or came in.
    COMPLETED = "completed"
    """Answered, talked, ended by either side."""
    TRANSFERRED = "transferred"
    """Answered, and put through to somebody else."""
    ABANDONED = "abandoned"
    """The caller hung up before the call was answered."""
    CONNECTION_LOST = "connection-lost"
    """The phone's audio or signalling stopped without a hang-up."""
    OPTED_OUT = "opted-out"
    """The callee wants no more calls; the number is on the suppression list."""
    TIME_LIMIT = "time-limit"
    """The persona's limit on the length of a call was reached."""
    PROVIDER_ERROR = "provider-error"
    """A provider that hears, thinks or speaks for the bot failed for too long."""
    FAILED = "failed"
    """A fault on our side ended it."""
    STOPPED = "stopped"
    """An operator or a worker's shutdown ended it."""

    # A machine answered.
    VOICEMAIL_LEFT = "voicemail-left"
    """The message was spoken after the beep."""
    VOICEMAIL_HUNG_UP = "voicemail-hung-up"
    """A mailbox answered, and nothing was left."""
    MAILBOX_FULL = "mailbox-full"
    """A mailbox answered that takes no messages."""
    FAX = "fax"
    """A fax machine or modem answered."""
    MENU_HUNG_UP = "menu-hung-up"
    """A menu of keys answered, and no person was reached through it."""
    SCREENED = "screened"
    """A machine asked who is calling, and put nobody through."""

    # Nobody answered.
    NO_ANSWER = "no-answer"
    """It rang out, or the phone is off or away."""
    BUSY = "busy"
    DECLINED = "declined"
    """The callee rejected the call."""

    # The number cannot be reached.
    INVALID_NUMBER = "invalid-number"
    """No subscriber has this number."""
    NUMBER_CHANGED = "number-changed"
    """The subscriber has another number now, or none."""
    BLOCKED = "blocked"
    """A carrier or its analytics took the call for spam or fraud; no person decided it."""

    # The carrier did not connect it.
    CARRIER_ERROR = "carrier-error"
    """The carrier failed, or answered what makes no sense."""
    CONGESTION = "congestion"
    """Too many calls: for the carrier, or for the rate that it allows us."""
    TIMEOUT = "timeout"
    """The carrier never answered the INVITE, or its next network did not."""
    NETWORK_ERROR = "network-error"
    """The carrier's address cannot be reached."""

    # We did not place it rightly.
    AUTH_FAILED = "auth-failed"
    """The carrier refuses our account: its password, address, permissions or balance."""
    MISCONFIGURED = "misconfigured"
    """The trunk, its codecs, the caller number or LiveKit's key is wrong."""
    OVERLOADED = "overloaded"
    """No worker, gateway or CPU of ours was free for the call."""
    NOT_ALLOWED = "not-allowed"
    """Refused before dialling; `bot/dial.py` says why."""
    CANCELLED = "cancelled"
    """An operator stopped it before it was answered."""

    UNKNOWN = "unknown"
    """The INVITE may have left, and what became of it is not known."""


class AnsweredBy(StrEnum):
    """What took an outbound call off the hook; the outcome does not say."""

    PERSON = "person"
    MACHINE = "machine"
    """A mailbox, an announcement, a menu, a fax."""
    UNKNOWN = "unknown"
