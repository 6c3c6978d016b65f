"""What the receptionist knows of the fictional practice, by subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Offer = Literal["nothing", "more", "booking", "message"]

ANYTHING_ELSE = "Is there anything else?"

_LEAVE_ONE = "Would you like to leave a message?"
_BOOK_ONE = "Would you like to book an appointment?"


@dataclass(frozen=True)
class Subject:
    """One thing callers ask about: how it sounds, the answer, and what the answer offers next."""

    asked: re.Pattern[str]
    answer: str
    offer: Offer = "nothing"

    def follow_up(self) -> str:
        """The question that makes the offer; empty when there is none."""
        return {"booking": _BOOK_ONE, "message": _LEAVE_ONE}.get(self.offer, "")


HOURS = Subject(
    re.compile(
        r"\b(?:opening|open|opens|hours|business hours|closing|closed?|closes)\b"
        r"|\bwhen are you (?:there|in)\b"
    ),
    "We are open Monday to Friday, from nine A M to five P M.",
)
ADDRESS = Subject(
    re.compile(
        r"\b(?:address|located|location|directions|find you|how do i get|get there)\b"
        r"|\bwhere exactly\b|\bwhere are you\b"
        r"|\bwhere is (?:your|the) (?:practice|office|clinic|surgery|dentist)\b"
    ),
    "We are at twelve River Street, beside the library.",
)
PERSON = Subject(
    re.compile(
        r"\b(?:speak|talk) (?:to|with) (?:a|an|the|some|somebody|someone|my|your|doctor)\b"
        r"|\b(?:real|human|actual) (?:person|being)\b|\b(?:operator|representative)\b"
        r"|\b(?:put me through|transfer me|connect me)\b"
    ),
    "I cannot connect you from here, but I can take a message.",
    "message",
)
SUBJECTS = (
    HOURS,
    ADDRESS,
    Subject(
        re.compile(r"\b(?:park|parking|car park|garage)\b"),
        "Yes, there is free parking behind our building.",
    ),
    Subject(
        re.compile(r"\b(?:insurance|insured|insurer|dental plan|coverage|medicare)\b"),
        "We accept most dental insurance plans, so please bring your insurance card.",
    ),
    Subject(
        re.compile(r"\b(?:bill|bills|billing|billed|invoice|overcharged|charged)\b"),
        "Our billing team answers questions about bills.",
        "message",
    ),
    Subject(
        re.compile(r"\b(?:cost|costs|price|prices|how much|fee|fees|pay|payment|credit card)\b"),
        "Our team will gladly tell you about prices and payment.",
        "message",
    ),
    Subject(
        re.compile(
            r"\b(?:emergency|urgent|toothache|hurts?|pain|painful|swollen|bleeding|broke|broken|chipped)\b"
        ),
        "I am sorry to hear that, and we keep time free for emergencies every day.",
        "booking",
    ),
    Subject(
        re.compile(r"\bnew patients?\b|\baccepting patients\b|\bfirst visit\b"),
        "Yes, new patients are very welcome.",
        "booking",
    ),
    Subject(
        re.compile(
            r"\b(?:services|treatments?|whitening|braces|crowns?|implants?|fillings?|root canal)\b"
        ),
        "We offer check-ups, cleaning, fillings, crowns and whitening.",
        "booking",
    ),
    PERSON,
)


def subjects_in(words: str) -> list[Subject]:
    """The subjects plain `words` ask about: at most two, so that the answer stays short."""
    return [subject for subject in SUBJECTS if subject.asked.search(words)][:2]
