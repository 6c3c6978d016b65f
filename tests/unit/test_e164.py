from __future__ import annotations

import pytest

from bot.e164 import e164


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+12025550123", None),
        ("+1 (202) 555-0123", None),
        ("202.555.0123", "US"),
        ("1-202-555-0123", "US"),
        ("+1 202 555 0123", "GB"),
    ],
)
def test_all_ways_to_write_a_number_are_one(number: str, region: str | None) -> None:
    assert e164(number, region) == "+12025550123"


@pytest.mark.parametrize(
    ("number", "region", "words"),
    [
        ("2025550123", None, "not a number in E.164 form"),
        ("", None, "not a number"),
        ("anna", "US", "not a number of US"),
        ("5550123", "US", "too few or too many digits"),
        ("+15550123", None, "too few or too many digits"),
        ("+120255501234", None, "too few or too many digits"),
    ],
)
def test_what_is_no_number_is_said(number: str, region: str | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        e164(number, region)
