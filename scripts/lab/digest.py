"""Digest authentication of an INVITE, seen from the side that asks (RFC 2617, MD5, no qop)."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable

from aiosipua import AuthChallenge, SipDigestAuth, build_credentials, parse_auth, stringify_auth

DEFAULT_REALM = "LiveKit"
RETRY_S = 30.0
"""How long a phone may take to repeat its INVITE, with the same Call-ID, after a 407."""


class Challenges:
    """The challenges that phones have not answered yet, by Call-ID."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, tuple[AuthChallenge, float]] = {}

    def issue(self, call_id: str, realm: str) -> str:
        """A new challenge, as the value of a Proxy-Authenticate header."""
        now = self._clock()
        self._open = {key: entry for key, entry in self._open.items() if entry[1] > now}
        challenge = AuthChallenge(
            scheme="Digest",
            params={
                "realm": realm or DEFAULT_REALM,
                "nonce": secrets.token_hex(16),
                "algorithm": "MD5",
            },
        )
        self._open[call_id] = (challenge, now + RETRY_S)
        return stringify_auth(challenge)

    def accepts(self, call_id: str, answer: str, username: str, password: str) -> bool:
        """Whether a Proxy-Authorization header answers this Call-ID's challenge, in time."""
        challenge, until = self._open.pop(call_id, (None, 0.0))
        if challenge is None or until <= self._clock():
            return False
        given = parse_auth(answer, credentials=True).params
        expected = build_credentials(
            SipDigestAuth(username, password), challenge, "INVITE", given.get("uri", "")
        )
        return (
            expected is not None
            and given.get("username") == username
            and hmac.compare_digest(given.get("response", ""), expected.params["response"])
        )
