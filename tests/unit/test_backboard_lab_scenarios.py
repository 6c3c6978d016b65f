"""The table of scenarios: the names that scripts, tests and people use."""

from __future__ import annotations

from lab.backboard.scenarios import SCENARIOS

NAMES = """
    plain slow-first-token stall-first keep-alive-only stall-mid slow-drip
    cut-at-once cut-after-user-message cut-mid-text cut-before-end
    eof-at-once eof-mid eof-before-end error-first error-mid run-failed-error run-failed-message
    ended-failed ended-failed-upper ended-cancelled ended-completed-upper ended-without-status
    run-cancelled status landed billing-error billing-content json-failed
    call-without-type empty-tool-calls without-tool-events
    without-accumulated only-accumulated cumulative-content reasoning memory-retrieved
    unknown-events comments crlf cr no-space multi-line-data unterminated done-line
    summary-frames message-complete rubbish final-content-only empty
    without-user-message without-run-started
"""


def test_every_name_is_there_and_says_what_it_means() -> None:
    assert set(SCENARIOS) == set(NAMES.split())
    assert all(scenario.meaning for scenario in SCENARIOS.values())


def test_the_numbers_of_the_contract_are_covered() -> None:
    """23 to 26 are about other requests than the one answered: switches and sins."""
    assert {scenario.number for scenario in SCENARIOS.values()} == set(range(1, 23))
