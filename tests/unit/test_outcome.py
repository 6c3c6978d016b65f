from __future__ import annotations

import pytest

from bot.outcome import EndedBy, Outcome, called_phone_left, phone_left


@pytest.mark.parametrize(
    ("reason", "answered", "outcome", "ended_by"),
    [
        ("CLIENT_INITIATED", True, Outcome.COMPLETED, EndedBy.CALLER),
        ("CLIENT_INITIATED", False, Outcome.ABANDONED, EndedBy.CALLER),
        (None, True, Outcome.CONNECTION_LOST, EndedBy.NETWORK),
        ("CONNECTION_TIMEOUT", True, Outcome.CONNECTION_LOST, EndedBy.NETWORK),
        ("PARTICIPANT_REMOVED", True, Outcome.STOPPED, EndedBy.OPERATOR),
        ("ROOM_DELETED", False, Outcome.STOPPED, EndedBy.OPERATOR),
    ],
)
def test_why_the_phone_left(
    reason: str | None, answered: bool, outcome: Outcome, ended_by: EndedBy
) -> None:
    ending = phone_left(reason, answered=answered)
    assert (ending.outcome, ending.ended_by) == (outcome, ended_by)


@pytest.mark.parametrize(
    ("reason", "answered", "outcome", "ended_by"),
    [
        ("CLIENT_INITIATED", True, Outcome.COMPLETED, EndedBy.CALLEE),
        ("CLIENT_INITIATED", False, Outcome.CARRIER_ERROR, EndedBy.NETWORK),
        (None, False, Outcome.CARRIER_ERROR, EndedBy.NETWORK),
        ("USER_UNAVAILABLE", False, Outcome.NO_ANSWER, EndedBy.NETWORK),
        ("USER_REJECTED", False, Outcome.DECLINED, EndedBy.CALLEE),
        ("ROOM_DELETED", False, Outcome.CANCELLED, EndedBy.OPERATOR),
        ("ROOM_DELETED", True, Outcome.STOPPED, EndedBy.OPERATOR),
        (None, True, Outcome.CONNECTION_LOST, EndedBy.NETWORK),
    ],
)
def test_why_a_phone_that_we_called_left(
    reason: str | None, answered: bool, outcome: Outcome, ended_by: EndedBy
) -> None:
    ending = called_phone_left(reason, answered=answered)
    assert (ending.outcome, ending.ended_by) == (outcome, ended_by)


def test_outcomes_are_lower_case_with_hyphens() -> None:
    for word in [*Outcome, *EndedBy]:
        assert word == word.lower()
        assert "_" not in word
