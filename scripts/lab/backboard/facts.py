"""What is worth remembering of a conversation: the caller's name and what they booked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.backboard.mind import hearing
from lab.backboard.mind.receptionist import Receptionist
from lab.backboard.mind.transcript import Line

_LABELLED = "Name: "
_ASKS_NAME = re.compile(r"\byour (?:full )?name\b[^?]*\?", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """One sentence about the caller; `name` is set when it tells who that is."""

    kind: Literal["name", "booking"]
    text: str
    name: str | None = None


def facts(lines: Sequence[Line], extraction_prompt: str | None = None) -> list[Fact]:
    """The facts in what the caller says; the receptionist's lines only tell what was asked.

    Args:
        lines: the conversation, oldest first.
        extraction_prompt: the assistant's own; one that mentions `Name: ` gets names so.
    """
    found = []
    if name := _name(lines):
        labelled = _LABELLED in (extraction_prompt or "")
        text = f"{_LABELLED}{name}" if labelled else f"The user's name is {name}"
        found.append(Fact("name", text, name))
    if when := _booked(lines):
        found.append(Fact("booking", f"Booked an appointment for {when}."))
    return found


def _name(lines: Sequence[Line]) -> str | None:
    name, asked = None, False
    for line in lines:
        if line.speaker == "caller":
            said = hearing.name_in(line.text, asked) if asked else hearing.introduction(line.text)
            name, asked = said or name, False
        elif line.speaker == "receptionist":
            asked = bool(_ASKS_NAME.search(line.text))
    return name


def _booked(lines: Sequence[Line]) -> str | None:
    receptionist = Receptionist("", ())
    for line in lines:
        if line.speaker == "caller":
            receptionist.follow(line)
    booking = receptionist.booking
    return booking.slot() if booking.day and booking.time_min is not None else None
