"""From what the network said to the one vocabulary: complete, and words count over codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outcome import (
    AnsweredBy,
    Meaning,
    Outcome,
    Party,
    Retry,
    Verdict,
    of_failure,
    of_sip_status,
)
from bot.outcome.meaning import MEANINGS
from bot.outcome.sip_status import FINAL

TRANSPORT = "failed_precondition"

SIP = {
    Outcome.BUSY: [486, 600, 699],
    Outcome.NO_ANSWER: [408, 480, 487],
    Outcome.DECLINED: [603, 607],
    Outcome.BLOCKED: [428, 436, 437, 438, 608],
    Outcome.INVALID_NUMBER: [404, 484, 485, 604],
    Outcome.NUMBER_CHANGED: [301, 410],
    Outcome.AUTH_FAILED: [401, 402, 403, 407],
    Outcome.MISCONFIGURED: [305, 400, 415, 420, 488, 499, 513, 606],
    Outcome.CONGESTION: [503],
    Outcome.TIMEOUT: [504],
    Outcome.CARRIER_ERROR: [300, 302, 399, 482, 500, 502, 599],
}

LIVEKIT = [
    ("canceled", "sip request timed out", Outcome.NO_ANSWER),
    ("canceled", "transaction failed to complete (0 intermediate responses)", Outcome.TIMEOUT),
    ("canceled", "transaction failed to complete (2 intermediate responses)", Outcome.NO_ANSWER),
    (TRANSPORT, "sip server required auth, but no username was provided", Outcome.AUTH_FAILED),
    (TRANSPORT, "max auth retry attempts reached", Outcome.AUTH_FAILED),
    (TRANSPORT, "no common audio codec found", Outcome.MISCONFIGURED),
    (TRANSPORT, "cannot parse SDP", Outcome.MISCONFIGURED),
    (TRANSPORT, "no numbers on outbound trunk", Outcome.MISCONFIGURED),
    (TRANSPORT, "size of packet larger than MTU", Outcome.MISCONFIGURED),
    (TRANSPORT, "dial tcp 192.0.2.1:5060: connect: connection refused", Outcome.NETWORK_ERROR),
    (TRANSPORT, "write udp: network is unreachable", Outcome.NETWORK_ERROR),
    (TRANSPORT, "x509: certificate signed by unknown authority", Outcome.NETWORK_ERROR),
    (TRANSPORT, "read tcp: connection reset by peer", Outcome.UNKNOWN),
    (TRANSPORT, "unexpected EOF", Outcome.UNKNOWN),
    (TRANSPORT, "something new", Outcome.UNKNOWN),
    ("invalid_argument", "lookup sip.example.invalid: no such host", Outcome.NETWORK_ERROR),
    ("invalid_argument", "missing sip callee number", Outcome.MISCONFIGURED),
    ("unavailable", "no response from servers", Outcome.OVERLOADED),
    ("unavailable", "cpu exhausted", Outcome.OVERLOADED),
    ("unavailable", "unexpected EOF", Outcome.UNKNOWN),
    ("not_found", "requested sip trunk does not exist", Outcome.MISCONFIGURED),
    ("unauthenticated", "permissions denied", Outcome.MISCONFIGURED),
    ("deadline_exceeded", "request timed out", Outcome.UNKNOWN),
    ("canceled", "request canceled", Outcome.UNKNOWN),
    ("internal", "", Outcome.UNKNOWN),
    ("TimeoutError", "", Outcome.UNKNOWN),
]


def test_every_outcome_says_what_follows() -> None:
    assert set(MEANINGS) == set(Outcome)


def test_exit_codes_tell_outcomes_apart_and_leave_the_commands_own_alone() -> None:
    codes = [meaning.exit_code for meaning in MEANINGS.values() if meaning.exit_code]
    assert len(codes) == len(set(codes))
    assert not {1, 2, 3} & set(codes)
    assert max(codes) < 126  # a shell's own begin there


def test_only_a_conversation_or_a_message_is_success() -> None:
    success = {outcome for outcome in Outcome if Meaning.of(outcome).exit_code == 0}
    talked = {Outcome.COMPLETED, Outcome.TRANSFERRED, Outcome.TIME_LIMIT}
    assert success == talked | {Outcome.VOICEMAIL_LEFT}


def test_what_may_still_ring_or_was_refused_is_never_dialled_again_by_itself() -> None:
    for outcome in (Outcome.UNKNOWN, Outcome.DECLINED, Outcome.INVALID_NUMBER, Outcome.NOT_ALLOWED):
        assert Meaning.of(outcome).retry is Retry.NEVER


def test_every_sip_status_has_an_outcome_and_is_kept() -> None:
    for code in FINAL:
        verdict = of_sip_status(code, "words")
        assert verdict.outcome is not Outcome.UNKNOWN
        assert (verdict.sip_code, verdict.reason) == (code, "words")


@pytest.mark.parametrize(
    ("code", "outcome"), [(code, outcome) for outcome, codes in SIP.items() for code in codes]
)
def test_what_a_sip_status_means(code: int, outcome: Outcome) -> None:
    assert of_sip_status(code).outcome is outcome


@pytest.mark.parametrize(
    ("code", "reason", "outcome"),
    [
        (603, "Decline", Outcome.DECLINED),
        (603, "Network Blocked", Outcome.BLOCKED),
        (603, "32203 Call blocked by fraud guard", Outcome.BLOCKED),
        (607, "Unwanted", Outcome.DECLINED),
        (607, "analytics", Outcome.BLOCKED),
        (403, "Phone number is blacklisted", Outcome.BLOCKED),
        (480, "Suspected spam", Outcome.BLOCKED),
        (603, "10001 Account is not active", Outcome.AUTH_FAILED),
        (503, "Account suspended", Outcome.AUTH_FAILED),
        (403, "Calls per second limit exceeded", Outcome.CONGESTION),
        (500, "CPS limit exceeded", Outcome.CONGESTION),
        (486, "Busy Here", Outcome.BUSY),
    ],
)
def test_a_carriers_words_tell_more_than_its_code(code: int, reason: str, outcome: Outcome) -> None:
    assert of_sip_status(code, reason).outcome is outcome


def test_twilios_header_is_read_whatever_its_case() -> None:
    verdict = of_sip_status(603, "Decline", {"x-twilio-error": "32203 Blocked"})
    assert verdict == Verdict(Outcome.BLOCKED, 603, "Decline 32203 Blocked")
    assert verdict.whose is Party.CARRIER


@pytest.mark.parametrize(("code", "message", "outcome"), LIVEKIT)
def test_livekits_failures(code: str, message: str, outcome: Outcome) -> None:
    verdict = of_failure(code, message)
    assert verdict.outcome is outcome
    assert verdict.sip_code is None
    assert verdict.reason == (message or code)


@pytest.mark.parametrize(
    "code",
    ["resource_exhausted", "permission_denied", "not_found", "deadline_exceeded", "unknown"],
)
def test_the_carriers_status_wins_over_livekits_code(code: str) -> None:
    metadata = {"sip_status_code": "486", "sip_status": "Busy Here", "error_details": "x"}
    assert of_failure(code, "sip status 486: Busy Here", metadata) == Verdict(
        Outcome.BUSY, 486, "Busy Here"
    )


@given(st.text(), st.text(), st.dictionaries(st.text() | st.just("sip_status_code"), st.text()))
def test_every_failure_has_a_verdict(code: str, message: str, metadata: dict[str, str]) -> None:
    verdict = of_failure(code, message, metadata)
    assert verdict.outcome in Outcome
    assert verdict.retry in Retry
    assert 0 <= verdict.exit_code < 126


@given(st.integers(), st.text())
def test_every_number_and_text_has_a_verdict(code: int, reason: str) -> None:
    assert of_sip_status(code, reason).sip_code == code


def test_words_are_lower_case_with_hyphens() -> None:
    for word in [*Outcome, *Retry, *Party, *AnsweredBy]:
        assert word == word.lower()
        assert "_" not in word
