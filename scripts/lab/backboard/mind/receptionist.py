"""The receptionist through one call: hears one caller line at a time and answers it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.backboard.mind import hearing, knowledge, switchboard
from lab.backboard.mind.appointments import WEEKEND, day_in, spoken_digits
from lab.backboard.mind.booking import Booking, wants_booking
from lab.backboard.mind.errand import TOOL as TAKE_MESSAGE
from lab.backboard.mind.errand import Errand, offered, wants_message
from lab.backboard.mind.knowledge import ANYTHING_ELSE, Offer
from lab.backboard.mind.transcript import Line

END_CALL = "end_call"

_NOTE = re.compile(r"^\s*[\[(](?P<note>[^\])]*)[\])]\s*$")
_PRESSED = re.compile(r"\bpressed\b(?P<keys>.*)", re.IGNORECASE | re.DOTALL)
_KEYPAD = {  # one spoken request for each key on the menu
    "1": "I would like to book an appointment",
    "2": "What are your opening hours",
    "3": "What is your address",
    "0": "I would like to leave a message",
}
_STILL_THERE = re.compile(
    r"\b(?:can|do) you hear me\b|\bare you (?:still )?there\b|\bany(?:body|one) there\b"
)
_WHO = re.compile(
    r"\bare you (?:a |an )?(?:real|human|robot|machine|bot|person|computer|ai)\b|\bwho are you\b"
    r"|\bwho am i (?:talking|speaking)\b|\byour name\b|\bis this (?:the )?(?:riverside|dentist)\b"
)
_HOW_ARE_YOU = re.compile(r"\bhow are you\b|\bhow is it going\b|\bhows it going\b")
_GREETING = re.compile(r"^(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|there) ?)+$")
_CANCEL = re.compile(r"\bcancel\b")
_HOW_CAN_I_HELP = "How can I help you today?"
_NAMELESS = "I am sorry, I do not know your name yet."
_LOST = "I am sorry, I did not quite understand that. Would you like to book an appointment?"


@dataclass(frozen=True)
class ToolUse:
    """A tool the model wants called."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model says, and the tools it calls after saying it."""

    text: str
    tool_calls: tuple[ToolUse, ...] = ()


@dataclass
class Receptionist:
    """What is known in this call so far."""

    employer: str
    tools: Sequence[Mapping[str, Any]]
    recalled_name: str | None = None
    """The caller's name as memory or prompt tell it."""
    said: str = ""
    introduced: str | None = None
    booking: Booking = field(default_factory=Booking)
    errand: Errand = field(default_factory=Errand)
    offer: Offer = "nothing"

    def follow(self, line: Line) -> None:
        """Goes over something that was said before, by either side.

        What was answered to the caller is known from the receptionist's own lines alone: an answer
        cut short was heard as far as they go.
        """
        if line.speaker in ("caller", "note"):
            heard = self.said
            self.hear(line.text)
            self.said = heard
        elif line.speaker == "receptionist":
            self.said = line.text.removesuffix("—").strip()

    def hear(self, text: str) -> Reply:
        """Answers one line of the caller's."""
        note = _NOTE.match(text)
        reply = self._hear_note(note.group("note")) if note else self._hear_words(text)
        if ANYTHING_ELSE in reply.text:
            self.offer = "more"
        self.said = reply.text
        return reply

    def _hear_note(self, note: str) -> Reply:
        """A note is not speech: it tells of key presses or of silence."""
        pressed = _PRESSED.search(note)
        if not pressed:
            opening = "Are you still there?" if self.said else self._welcome()
            return Reply(f"{opening} {self._open_question()}")
        keys = pressed.group("keys")
        spoken = f"You pressed {spoken_digits(keys)}."
        request = _KEYPAD.get(re.sub(r"[^0-9#*]", "", keys))
        if not request:
            return Reply(f"{spoken} {ANYTHING_ELSE}")
        reply = self._hear_words(request)
        return Reply(f"{spoken} {reply.text}", reply.tool_calls)

    def _hear_words(self, text: str) -> Reply:
        words = hearing.plain(text)
        self.introduced = hearing.introduction(text) or self.introduced
        if hearing.asks_own_name(words):
            return self._tell_name()
        offer, self.offer = self.offer, "nothing"
        if hearing.asks_to_repeat(words):
            self.offer = offer
            return Reply(f"I said: {self._last_said()}")
        if hearing.gives_up(words):
            self._give_up()
            return Reply(f"No problem. {ANYTHING_ELSE}")
        if hearing.says_goodbye(words):
            return self._say_goodbye(text, words)
        if hearing.agrees(words):
            self._begin(offer)
        return self._serve(text, words) or self._chat(offer, words)

    def _tell_name(self) -> Reply:
        name = self._caller()
        return Reply(f"Your name is {name}." if name else _NAMELESS)

    def _caller(self) -> str | None:
        """The caller's name, if it was said or is remembered."""
        said = self.booking.name or self.errand.name or self.introduced
        return said or self.recalled_name

    def _begin(self, offer: Offer) -> None:
        """The caller said yes to what was offered last."""
        if offer == "booking":
            self.booking.begun = True
        elif offer == "message":
            self.errand.begun = True

    def _serve(self, text: str, words: str) -> Reply | None:
        """The caller's business: a message under way, questions, an appointment, a new message."""
        if self.errand.begun:
            return self._take_message(text, words)
        if _CANCEL.search(words):
            return self._cancel()
        if wants_message(words):
            return self._take_message(text, words)
        if knowledge.PERSON.asked.search(words) and (call := self._put_through(words)):
            return call
        subjects = knowledge.subjects_in(words)
        if subjects and not wants_booking(words):
            return self._inform(subjects, words)
        self.booking.name = self._caller()
        booked = self.booking.hear(text, words)
        self.errand.name = self.booking.name or self.errand.name
        return Reply(booked) if booked else None

    def _inform(self, subjects: list[knowledge.Subject], words: str) -> Reply:
        answer = " ".join(subject.answer for subject in subjects)
        if knowledge.HOURS in subjects and day_in(words) in WEEKEND:
            answer = answer.replace("We are open", "We are closed at the weekend, and open")
        if self.booking.begun:
            return Reply(f"{answer} {self.booking.ask_again()}")
        self.offer = subjects[-1].offer
        return Reply(f"{answer} {subjects[-1].follow_up() or ANYTHING_ELSE}")

    def _take_message(self, text: str, words: str) -> Reply:
        tool = offered(self.tools, TAKE_MESSAGE)
        if tool is None:
            self.errand.give_up()
            return Reply(f"I am sorry, I cannot take a message on this line. {ANYTHING_ELSE}")
        question = self.errand.hear(text, words)
        if question:
            return Reply(question)
        arguments = self.errand.arguments(tool)
        self.booking.name = self.booking.name or self.errand.name
        self.errand.give_up()
        self.offer = "more"
        return Reply("One moment, I am writing that down.", (ToolUse(TAKE_MESSAGE, arguments),))

    def _put_through(self, words: str) -> Reply | None:
        tool = offered(self.tools, switchboard.TOOL)
        if tool is None:
            return None
        self.offer = "message"  # which is made if nobody takes the call
        return Reply("", (ToolUse(switchboard.TOOL, switchboard.arguments(tool, words)),))

    def _cancel(self) -> Reply:
        if self.booking.booked:
            when = self.booking.when()
            self.booking.give_up()
            return Reply(f"Your appointment {when} is cancelled. {ANYTHING_ELSE}")
        if self.booking.begun:
            self.booking.give_up()
            return Reply(f"All right, I will not book anything. {ANYTHING_ELSE}")
        self.offer = "message"
        return Reply("Our team cancels appointments for you. Would you like to leave a message?")

    def _say_goodbye(self, text: str, words: str) -> Reply:
        """Leave-taking, after the business that the same breath may hold."""
        business = None
        if not self.errand.begun and (self.booking.begun or knowledge.subjects_in(words)):
            business = self._serve(text, words)
        if business is None or business.tool_calls or ANYTHING_ELSE not in business.text:
            return self._farewell()
        return self._farewell(business.text.replace(ANYTHING_ELSE, "").strip())

    def _farewell(self, first: str = "") -> Reply:
        goodbye = f"Thank you for calling {self.employer}. Goodbye."
        calls = (ToolUse(END_CALL, {}),) if offered(self.tools, END_CALL) else ()
        return Reply(f"{first} {goodbye}".strip(), calls)

    def _chat(self, offer: Offer, words: str) -> Reply:
        if _STILL_THERE.search(words):
            return Reply(f"Yes, I am here. {self._open_question()}")
        if _WHO.search(words):
            return Reply(
                f"I am the automated receptionist of {self.employer}. {self._open_question()}"
            )
        if _HOW_ARE_YOU.search(words):
            return Reply(f"I am very well, thank you. {self._open_question()}")
        if _GREETING.match(words):
            return Reply(f"Hello. {self._open_question()}")
        if hearing.asks_to_wait(words):
            return Reply("Of course, take your time.")
        if hearing.thanks(words):
            return Reply(f"You are welcome. {self._open_question(ANYTHING_ELSE)}")
        if hearing.acknowledges(words):
            return Reply(f"Very good. {self._open_question(ANYTHING_ELSE)}")
        if hearing.agrees(words):
            return Reply(f"Of course. {self._open_question('What can I do for you?')}")
        if offer == "more" and hearing.declines(words):
            return self._farewell()
        if self.booking.begun:
            return Reply(f"I am sorry, I did not catch that. {self.booking.ask_again()}")
        if hearing.declines(words):
            return Reply(f"All right. {ANYTHING_ELSE}")
        self.offer = "booking"
        return Reply(_LOST)

    def _open_question(self, otherwise: str = _HOW_CAN_I_HELP) -> str:
        return self.booking.ask_again() if self.booking.begun else otherwise

    def _give_up(self) -> None:
        self.errand.give_up()
        if not self.booking.booked:
            self.booking.give_up()

    def _welcome(self) -> str:
        return f"Welcome to {self.employer}."

    def _last_said(self) -> str:
        return self.said.removeprefix("I said: ") or f"{self._welcome()} {_HOW_CAN_I_HELP}"
