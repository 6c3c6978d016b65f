"""Calls refused a moment ago: the same INVITE again gets the same answer, without a new call."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiosipua import Dialog, IncomingCall, SipRequest, SipResponse

from lab.gateway.ending import Ending

REPEAT_S = 60.0
"""How long livekit-sip answers the same Call-ID and From tag as before."""
ASKS_AGAIN = frozenset({401, 407})
"""Answers after which a phone may well come back with the same Call-ID."""


class Refusals:
    """Remembers how calls were refused, by Call-ID and From tag."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[Dialog, Ending, float]] = {}

    def remember(self, sip: IncomingCall, how: Ending) -> None:
        """Keeps an ending that came before the call was answered."""
        now = self._clock()
        self._known = {key: entry for key, entry in self._known.items() if entry[2] > now}
        if not how.by_phone and how.status not in ASKS_AGAIN:
            key = (sip.call_id, sip.dialog.remote_tag)
            self._known[key] = (sip.dialog, how, now + REPEAT_S)

    def knows(self, request: SipRequest) -> bool:
        """Whether a request belongs to a refused call."""
        return self._find(request) is not None

    def answer(self, invite: SipRequest) -> SipResponse | None:
        """The answer to repeat; None when the call was dropped without one, or is not known."""
        found = self._find(invite)
        if found is None or found[1].status is None:
            return None
        dialog, how = found
        return dialog.create_response(invite, found[1].status, how.reason)

    def _find(self, request: SipRequest) -> tuple[Dialog, Ending] | None:
        tag = request.from_addr.tag if request.from_addr else None
        entry = self._known.get((request.call_id or "", tag or ""))
        if entry is None or entry[2] <= self._clock():
            return None
        return entry[0], entry[1]
