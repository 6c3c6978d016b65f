from __future__ import annotations

from aiosipua import SipDigestAuth, build_credentials, parse_auth, stringify_auth

from lab.digest import RETRY_S, Challenges

CALL_ID = "call@127.0.0.1"
URI = "sip:+12025550100@127.0.0.1"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def answer(challenge: str, username: str = "user", password: str = "secret") -> str:
    credentials = build_credentials(
        SipDigestAuth(username, password), parse_auth(challenge), "INVITE", URI
    )
    assert credentials is not None
    return stringify_auth(credentials)


def test_accepts_the_right_password() -> None:
    challenges = Challenges()
    challenge = challenges.issue(CALL_ID, "")
    assert challenges.accepts(CALL_ID, answer(challenge), "user", "secret")


def test_refuses_a_wrong_password_and_a_wrong_user() -> None:
    challenges = Challenges()
    wrong_password = answer(challenges.issue(CALL_ID, ""), password="guess")
    assert not challenges.accepts(CALL_ID, wrong_password, "user", "secret")
    wrong_user = answer(challenges.issue(CALL_ID, ""), username="other")
    assert not challenges.accepts(CALL_ID, wrong_user, "user", "secret")


def test_asks_in_the_trunks_realm_or_livekits() -> None:
    challenges = Challenges()
    assert parse_auth(challenges.issue(CALL_ID, "example")).params["realm"] == "example"
    assert parse_auth(challenges.issue(CALL_ID, "")).params["realm"] == "LiveKit"


def test_an_answer_is_good_once_and_for_its_own_call_only() -> None:
    challenges = Challenges()
    given = answer(challenges.issue(CALL_ID, ""))
    assert not challenges.accepts("another@127.0.0.1", given, "user", "secret")
    assert challenges.accepts(CALL_ID, given, "user", "secret")
    assert not challenges.accepts(CALL_ID, given, "user", "secret")


def test_an_answer_that_comes_late_is_refused() -> None:
    clock = Clock()
    challenges = Challenges(clock)
    given = answer(challenges.issue(CALL_ID, ""))
    clock.now += RETRY_S
    assert not challenges.accepts(CALL_ID, given, "user", "secret")


def test_rubbish_is_refused() -> None:
    challenges = Challenges()
    challenges.issue(CALL_ID, "")
    assert not challenges.accepts(CALL_ID, "Digest", "user", "secret")
