"""What can go wrong on a phone.

LabError
└── PhoneError            the phone cannot do what was asked of it
    ├── CallFailed        the far end refused the call, with a SIP status
    ├── CallOver          the call ended before what was asked of it could happen
    └── TookTooLong       what was waited for did not come in time (also a TimeoutError)
        ├── NoCall        nobody dialled this phone
        ├── NotRinging    the far end sent neither 180 nor 183
        ├── NoFinalAnswer the far end neither answered nor refused
        ├── NoSpeech      the far end said nothing new
        ├── NoQuiet       the far end did not fall silent
        ├── NoDigits      too few digits were received
        └── StillUp       the call did not end
"""

from __future__ import annotations

from lab.errors import LabError


class PhoneError(LabError):
    """The phone cannot do what was asked of it."""


class CallFailed(PhoneError):
    """The far end refused the call with a final SIP status (300 to 699)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"the far end refused the call: {status} {reason}")
        self.status = status
        self.reason = reason


class CallOver(PhoneError):
    """The call ended before what was asked of it could happen."""


class TookTooLong(PhoneError, TimeoutError):
    """What was waited for did not come in time."""


class NoCall(TookTooLong):
    """Nobody dialled this phone."""


class NotRinging(TookTooLong):
    """The far end sent neither 180 nor 183."""


class NoFinalAnswer(TookTooLong):
    """The far end neither answered nor refused the call."""


class NoSpeech(TookTooLong):
    """The far end said nothing new."""


class NoQuiet(TookTooLong):
    """The far end did not fall silent."""


class NoDigits(TookTooLong):
    """Too few digits were received."""


class StillUp(TookTooLong):
    """The call did not end."""
