from __future__ import annotations

import pytest

from bot.turns import PAUSING, SETTLED, SPELLING, UNFINISHED, Patience, patience


@pytest.mark.parametrize(
    ("transcript", "expected"),
    [
        ("", SETTLED),
        ("Hello.", SETTLED),
        ("What are your opening hours?", SETTLED),
        ("I would like to book an appointment for", UNFINISHED),
        ("I'd like to change my appointment to", UNFINISHED),
        ("Let me see.", UNFINISHED),
        ("No, that's all. Good-by.", SETTLED),
        ("I'll come by", UNFINISHED),
        ("Well,", PAUSING),
        ("an appointment for Tuesday at three thirty", PAUSING),
        ("an appointment for Tuesday at 3:30.", PAUSING),
        ("My number is", UNFINISHED),
        ("My number is five five five.", SPELLING),
        ("My number is 555, 012,", SPELLING),
        ("five five five zero one two", SPELLING),
        ("My number is two oh two five five five zero one two three", SETTLED),
        ("It's 202-555-0123.", SETTLED),
        ("one two oh two five five five zero one two three", SETTLED),
        ("four two four two four two four two four two four two", SPELLING),
        ("My number is 202 555 0123, thanks", SETTLED),
        ("I numbereth two o two.", SPELLING),
        ("My number is two oh two by five-five", SPELLING),
    ],
)
def test_the_words_so_far_set_the_wait(transcript: str, expected: Patience) -> None:
    assert patience(transcript) == expected


def test_every_wait_is_at_least_livekits_own_and_min_is_below_max() -> None:
    for wait in (SETTLED, PAUSING, UNFINISHED, SPELLING):
        assert SETTLED.min_delay_s <= wait.min_delay_s < wait.max_delay_s
