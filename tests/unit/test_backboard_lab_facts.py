"""What the lab's Backboard takes for a fact about the caller."""

from __future__ import annotations

import pytest

from lab.backboard.facts import facts
from lab.backboard.memories import Memories
from lab.backboard.mind import Line
from lab.backboard.mind.acquaintance import name_told


def told(*lines: str, prompt: str | None = None) -> list[str]:
    """The facts of a call; a line is the caller's unless it begins with `R:`."""
    call = [
        Line("receptionist", line[2:].strip()) if line.startswith("R:") else Line("caller", line)
        for line in lines
    ]
    return [fact.text for fact in facts(call, prompt)]


@pytest.mark.parametrize(
    "lines",
    [
        ["My name is David Miller."],
        ["hello my name's david miller"],
        ["R: May I have your name, please?", "David Miller"],
        ["R: What's your full name?", "It's David Miller, thanks."],
        ["My name is Ann Lee.", "Sorry, my name is David Miller."],
    ],
)
def test_the_callers_name_is_a_fact(lines: list[str]) -> None:
    assert told(*lines) == ["The user's name is David Miller"]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["R: My name is Hotline."],
        ["R: Thank you, David Miller.", "Where can I park?"],
        ["What is my name?"],
        ["This is urgent"],
        ["David Miller"],
    ],
)
def test_what_the_caller_does_not_say_is_none(lines: list[str]) -> None:
    assert told(*lines) == []


def test_a_booking_is_a_fact_once_day_and_time_are_known() -> None:
    asked = "I would like to book an appointment"
    assert told(asked, "Tuesday") == []
    booked = ["Booked an appointment for Tuesday at three thirty."]
    assert told(asked, "Tuesday", "at three thirty") == booked
    assert told("R: Shall I book you for Friday at ten?", "Where are you?") == []
    assert told("Book me for Tuesday at ten", "Never mind, forget it") == []


def test_the_prompt_labels_the_name() -> None:
    assert told("My name is Ann.", prompt="Facts like Name: <name>.") == ["Name: Ann"]
    assert told("My name is Ann.", prompt="Any facts.") == ["The user's name is Ann"]


def test_a_fact_is_added_once_and_a_new_name_replaces_the_old() -> None:
    memories = Memories()
    memories.add("Likes tea.")

    def learned(said: str, prompt: str | None = None) -> list[str]:
        found = facts([Line("caller", said)], prompt)
        return [memories.learn(fact)["event"] for fact in found]

    assert learned("My name is Ann.") == ["ADD"]
    assert learned("My name is Ann.") == ["NONE"]
    assert learned("My name is Ann.", "Name: ") == ["NONE"]
    assert learned("My name is Zoe.", "Name: ") == ["UPDATE"]
    assert [memory.content for memory in memories] == ["Likes tea.", "Name: Zoe"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Known of the caller:\n- Name: David Miller\n- Likes tea.", "David Miller"),
        ("The user's name is David Miller", "David Miller"),
        ("The caller's name is Ann. Be brief.", "Ann"),
        ("Your name is Riley. Be brief.", None),
        ("The caller's name is not known.", None),
    ],
)
def test_a_name_is_read_from_prompt_and_memory(text: str, name: str | None) -> None:
    assert name_told([text]) == name
