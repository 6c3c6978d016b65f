"""The words for who or what took a call, and for how that was told. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Pickup(StrEnum):
    """What took the call off the hook."""

    PERSON = "person"
    VOICEMAIL = "voicemail"
    """A mailbox that takes a message."""
    MAILBOX_FULL = "mailbox-full"
    SCREENING = "screening"
    """A machine that asks who is calling, and puts a person through, or not."""
    MENU = "menu"
    """It wants keys pressed (IVR)."""
    NOT_IN_SERVICE = "not-in-service"
    """The network's announcement that nobody can be reached: SIT tones, or their words."""
    FAX = "fax"

    @property
    def is_machine(self) -> bool:
        """Whether no person is on the line yet."""
        return self is not Pickup.PERSON


class Evidence(StrEnum):
    """What told it."""

    GREETING = "greeting"
    """Something short was said, then silence: people do that."""
    WORDS = "words"
    """What was said."""
    HOLD = "hold"
    """A machine that has had its answer asked to wait: it is what it was."""
    BEEP = "beep"
    SIT = "sit"
    """Special information tones (ITU-T E.180): three rising ones."""
    FAX_TONE = "fax-tone"
    """CNG or CED (ITU-T T.30)."""
    SILENCE = "silence"
    """Nobody said anything."""
    DEADLINE = "deadline"
    """Nothing told it in time; who is uncertain is treated as a person."""


@dataclass(frozen=True)
class Judgement:
    """Who or what took the call, as far as could be told at a time."""

    who: Pickup
    evidence: Evidence
    after_s: float
    """From the answer to the judgement, in seconds."""
