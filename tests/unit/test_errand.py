from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.errand import Errand, MissingVariables

ERRAND = Errand(
    opening="Hello {name}, this is the assistant of {company}.",
    purpose="This is {company}.",
    message="Your appointment is on {day}.",
    instructions="The appointment is on {day}.",
)


def test_variables_are_filled_in_everywhere() -> None:
    filled = ERRAND.with_values({"name": " Ann ", "company": "Riverside", "day": "Tuesday"})
    assert filled.opening == "Hello Ann, this is the assistant of Riverside."
    assert filled.sentences()[1:] == ("This is Riverside.", "Your appointment is on Tuesday.")
    assert filled.instructions == "The appointment is on Tuesday."


def test_a_value_is_never_read_as_a_variable() -> None:
    filled = ERRAND.with_values({"name": "{day}", "company": r"\1", "day": "Tuesday"})
    assert filled.opening == "Hello {day}, this is the assistant of \\1."


def test_what_is_missing_or_empty_is_named() -> None:
    with pytest.raises(MissingVariables, match="company, day"):
        ERRAND.with_values({"name": "Ann", "day": " "})


@pytest.mark.parametrize(
    "wrong",
    [
        {"opening": "Hello {Name}."},
        {"opening": "Hello {name"},
        {"opening": " "},
        {"menu_keys": "1 2"},
        {"opt_out_key": "99"},
        {"greeting": "Hello."},
    ],
)
def test_a_wrong_table_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Errand.model_validate({"opening": "Hello.", "purpose": "To talk.", **wrong})


def test_without_variables_nothing_is_wanted() -> None:
    plain = Errand(opening="Hello.", purpose="To talk.")
    assert plain.with_values({}) == plain
    assert plain.sentences() == ("Hello.", "To talk.")
