"""An appointment in the making: what is known of it, and the next sentence about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from lab.backboard.mind import appointments, hearing
from lab.backboard.mind.knowledge import ANYTHING_ELSE

Asked = Literal["nothing", "day", "time", "name"]

_WANTED = re.compile(
    r"\b(?:book|booking|appointments?|schedule|reschedule|reservation|checkup|cleaning|come in|slot"
    r"|see (?:the|a) (?:dentist|doctor|hygienist)|dentist appointment)\b"
)
_CHANGED = re.compile(r"\b(?:change|move|reschedule|instead|rather|make it|actually|switch)\b")
_ASKED_WHEN = re.compile(r"\bwhen (?:is|was) my\b|\bwhat time (?:is|was) (?:my|it|that)\b")


def wants_booking(words: str) -> bool:
    """Whether plain `words` ask for an appointment."""
    return bool(_WANTED.search(words))


@dataclass
class Booking:
    """One caller's appointment; `begun` until it is `booked` or given up."""

    day: str | None = None
    time_min: int | None = None
    name: str | None = None
    begun: bool = False
    booked: bool = False
    asked: Asked = "nothing"

    def hear(self, text: str, words: str) -> str | None:
        """Takes what the caller says about the appointment; None when it is about other things."""
        if self.booked:
            return self._hear_after_booking(words)
        wanted = wants_booking(words)
        if not (self.begun or wanted):
            return None
        heard = self._fill(text, words)
        if not (heard or wanted):
            return None
        self.begun = True
        return self._next_sentence()

    def ask_again(self) -> str:
        """The open question once more, for a caller who said something else in between."""
        return self._question(again=True)

    def give_up(self) -> None:
        """Forgets the appointment, but not who the caller is."""
        self.day, self.time_min, self.begun, self.booked, self.asked = (
            None,
            None,
            False,
            False,
            "nothing",
        )

    def when(self) -> str:
        """Day and time for the voice: "on Tuesday at three thirty"."""
        return f"{appointments.on_day(self.day or '')} at {self._spoken_time()}"

    def slot(self) -> str:
        """Day and time for the voice: "Tuesday at three thirty"."""
        return f"{self.day} at {self._spoken_time()}"

    def _hear_after_booking(self, words: str) -> str | None:
        if _ASKED_WHEN.search(words):
            return f"Your appointment is {self.when()}. {ANYTHING_ELSE}"
        changed = _CHANGED.search(words) or wants_booking(words)
        if not (changed and self._fill("", words)):
            return None
        if complaint := self._refuse_closed():
            self.booked = False
            return complaint
        return f"No problem, you are now booked for {self.slot()}. {ANYTHING_ELSE}"

    def _fill(self, text: str, words: str) -> bool:
        day = appointments.day_in(words)
        time_min = appointments.time_in(words, asked=self.asked == "time")
        name = hearing.name_in(text, asked=self.asked == "name")
        self.day, self.name = day or self.day, name or self.name
        self.time_min = self.time_min if time_min is None else time_min
        return bool(day or name) or time_min is not None

    def _next_sentence(self) -> str:
        if complaint := self._refuse_closed():
            return complaint
        if self.day and self.time_min is not None and self.name:
            self.begun, self.booked, self.asked = False, True, "nothing"
            return f"Thank you, {self.name}, you are booked for {self.slot()}. {ANYTHING_ELSE}"
        return self._question(again=False)

    def _refuse_closed(self) -> str | None:
        if self.day and self.day.removeprefix("next ") in appointments.WEEKEND:
            self.day, self.asked = None, "day"
            return "I am sorry, we are closed at the weekend. Which day of the week suits you?"
        if self.time_min is None:
            return None
        if appointments.OPENS_MIN <= self.time_min < appointments.CLOSES_MIN:
            return None
        self.time_min, self.asked = None, "time"
        return "I am sorry, we are open from nine A M to five P M. What time suits you?"

    def _question(self, *, again: bool) -> str:
        if self.day and self.time_min is not None:
            self.asked = "name"
            if again:
                return "What name shall I book under?"
            slot = self.slot()
            return f"{slot[0].upper()}{slot[1:]} is free. May I have your name, please?"
        if self.day:
            self.asked = "time"
            return f"What time {appointments.on_day(self.day)} would suit you?"
        self.asked = "day"
        if self.time_min is not None:
            return f"Which day would you like to come at {self._spoken_time()}?"
        return "Which day and what time would suit you?"

    def _spoken_time(self) -> str:
        return appointments.spoken_time(self.time_min or 0)
