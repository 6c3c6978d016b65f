"""What is never dialled, whoever asks."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dial import Allowed, Policy, Refused, may_dial

NANP = Policy()
WORLD = Policy(frozenset(phonenumbers.SUPPORTED_REGIONS))


def _refusal(number: str, policy: Policy = NANP, *, suppressed: bool = False) -> str:
    answer = may_dial(number, policy, suppressed=suppressed)
    assert isinstance(answer, Refused), answer
    assert answer.reason.endswith(".")
    assert answer.reason.count(". ") == 0
    return answer.reason


@pytest.mark.parametrize(
    "number", ["+12025550123", "+14165550199", "+18005550100", "+1 (202) 555-0100"]
)
def test_ordinary_numbers_may_be_dialled(number: str) -> None:
    answer = may_dial(number, NANP, suppressed=False)
    assert isinstance(answer, Allowed)
    assert answer.number.removeprefix("+").isdecimal()


@pytest.mark.parametrize("number", ["911", "112", "+1911", "9-1-1", "+44999", "+44112"])
def test_emergency_numbers(number: str) -> None:
    assert "an emergency number" in _refusal(number, WORLD)


@pytest.mark.parametrize(
    ("national", "country_code", "words"),
    [
        (9005550100, 1, "premium-rate"),
        (2029765501, 1, "pay-per-call"),
        (2025551212, 1, "pay-per-call"),
        (5005550123, 1, "follow-me"),
        (6005550123, 1, "satellite"),
        (773111632, 870, "satellite"),
        (612345678, 881, "satellite"),
        (16123456, 882, "satellite"),
        (12345678, 808, "shared-cost"),
        (8712345678, 44, "premium-rate"),
        (7012345678, 44, "follow-me"),
        (3001234567, 44, "UAN"),
    ],
)
def test_costly_numbers_whatever_countries_are_allowed(
    national: int, country_code: int, words: str
) -> None:
    assert words in _refusal(f"+{country_code}{national}", WORLD)


@pytest.mark.parametrize(
    "number", ["+15555550100", "+12021", "2025550123", "", "+", "sip:bot", "+1202555012345678"]
)
def test_what_is_no_number(number: str) -> None:
    assert "number" in _refusal(number, WORLD)


@pytest.mark.parametrize(
    ("number", "country"),
    [("+18765550123", "JM"), ("+17875550123", "PR"), ("+442079460000", "GB")],
)
def test_countries_that_are_not_allowed(number: str, country: str) -> None:
    assert f"{country}; HOTLINE_DIAL_COUNTRIES allows CA, US" in _refusal(number)
    assert isinstance(may_dial(number, Policy(frozenset({country})), suppressed=False), Allowed)


def test_the_suppression_list_has_the_last_word() -> None:
    assert "suppression list" in _refusal("+12025550123", suppressed=True)


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True),
        st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True),
    ),
    st.booleans(),
)
def test_whatever_is_typed_is_allowed_whole_or_refused_in_words(
    number: str, suppressed: bool
) -> None:
    answer = may_dial(number, WORLD, suppressed=suppressed)
    if isinstance(answer, Refused):
        assert answer.reason
        return
    assert not suppressed
    parsed = phonenumbers.parse(answer.number, None)
    assert phonenumbers.is_valid_number(parsed)
    assert phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.PREMIUM_RATE
    assert may_dial(answer.number, WORLD, suppressed=True) != answer


@given(st.integers(min_value=2, max_value=9), st.integers(0, 9), st.integers(0, 99))
def test_fictional_numbers_are_allowed_wherever_their_area_code_is(
    hundreds: int, tens: int, line: int
) -> None:
    number = f"+1{hundreds}{tens}25550100"[:-2] + f"{line:02}"
    parsed = phonenumbers.parse(number, None)
    ordinary = phonenumbers.region_code_for_number(parsed) in NANP.countries
    kind = phonenumbers.number_type(parsed)
    if ordinary and kind == phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE:
        assert may_dial(number, NANP, suppressed=False) == Allowed(number)
