"""How a recognised text is worded."""

from __future__ import annotations

import pytest

from lab.deepgram.numerals import digits_to_words, words_to_digits
from lab.deepgram.options import ListenOptions
from lab.deepgram.wording import wording_of
from lab.recognizer import modern_spelling


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ("at 3:30, please", "at three thirty, please"),
        ("at 9:00", "at nine o'clock"),
        ("at 4:05", "at four oh five"),
        ("555-0123", "five five five zero one two three"),
        ("5550-123.", "five five five zero one two three."),
        ("call 911", "call nine one one"),
        ("24 of 500", "twenty four of five hundred"),
        ("in 1998", "in nineteen ninety eight"),
        ("$42.50", "forty two dollars and fifty cents"),
        ("$1", "one dollar"),
        ("1,250 people", "one thousand two hundred fifty people"),
        ("3.5%", "three point five percent"),
        ("the 21st", "the twenty first"),
        ("the 12th", "the twelfth"),
        ("five, five, one", "five five one"),
        ("no figures", "no figures"),
    ],
)
def test_figures_become_words(figures: str, words: str) -> None:
    assert digits_to_words(figures) == words


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("twenty-four or thirty five", "24 or 35"),
        ("five, five, zero, one", "5 5 0 1"),
        ("one two three", "1 2 3"),
        ("this one is for me", "this one is for me"),
        ("someone often weighs", "someone often weighs"),
        ("Seventeen.", "17."),
    ],
)
def test_words_become_figures(words: str, figures: str) -> None:
    assert words_to_digits(words) == figures


def transcript(text: str, **options: bool) -> str:
    query = {name: str(value).lower() for name, value in options.items()}
    return wording_of(text, ListenOptions.parse({"model": "nova-3", **query})).transcript


def test_without_punctuate_the_text_is_bare_and_lower_case() -> None:
    assert transcript("I'm John. Call me, please!") == "i'm john call me please"


def test_with_punctuate_the_text_is_as_heard() -> None:
    assert transcript("I'm John. Call me!", punctuate=True) == "I'm John. Call me!"


def test_numerals_decide_between_words_and_figures() -> None:
    assert transcript("Room 12 or fourteen") == "room twelve or fourteen"
    assert transcript("Room 12 or fourteen", numerals=True) == "room 12 or 14"


def test_smart_format_punctuates_and_writes_figures() -> None:
    assert transcript("At three o'clock.", smart_format=True) == "At 3 o'clock."


def test_fillers_go_unless_asked_for() -> None:
    assert transcript("Um, I, uh, agree.", punctuate=True) == "I, agree."
    assert transcript("Um, yes.", punctuate=True, filler_words=True) == "Um, yes."


def test_a_sentence_that_began_with_a_figure_begins_with_a_capital() -> None:
    assert transcript("24 people.", punctuate=True) == "Twenty four people."


@pytest.mark.parametrize(
    ("heard", "spelled"),
    [
        ("To-night or to-morrow", "Tonight or tomorrow"),
        ("Good-bye.", "Goodbye."),
        ("Good-morning", "Good morning"),
        ("three thirty-please", "three thirty please"),
        ("ten-fifteen, sixteen-forty", "ten fifteen, sixteen forty"),
        ("twenty-five, thirty-first", "twenty-five, thirty-first"),
    ],
)
def test_old_hyphens_are_undone(heard: str, spelled: str) -> None:
    assert modern_spelling(heard) == spelled
