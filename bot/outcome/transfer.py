"""From LiveKit's refusal to transfer a call to what became of the transfer.

TransferSIPParticipant fails as a Twirp error, with the SIP status in its metadata when one came:
the phone's or carrier's answer to REFER, or the new callee's, which NOTIFY reported (RFC 3515).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from bot.outcome.failure import of_failure
from bot.outcome.vocabulary import Outcome

NO_REFER = frozenset({405, 501})
"""What answers a REFER where the method is not allowed, or not known."""


class Transferred(StrEnum):
    """What became of one transfer."""

    DONE = "transferred"
    BUSY = "busy"
    REFUSED = "refused"
    """The new callee or a carrier on the way turned it down."""
    UNANSWERED = "unanswered"
    NOT_SUPPORTED = "not-supported"
    """The phone or its carrier takes no REFER."""
    FAILED = "failed"
    """It did not come about, and trying again is no use."""
    UNKNOWN = "unknown"
    """REFER may have left, and nobody has said what came of it."""


_OF_OUTCOME: Mapping[Outcome, Transferred] = MappingProxyType(
    {
        Outcome.BUSY: Transferred.BUSY,
        Outcome.NO_ANSWER: Transferred.UNANSWERED,
        Outcome.TIMEOUT: Transferred.UNANSWERED,
        Outcome.DECLINED: Transferred.REFUSED,
        Outcome.BLOCKED: Transferred.REFUSED,
        Outcome.AUTH_FAILED: Transferred.REFUSED,
        Outcome.UNKNOWN: Transferred.UNKNOWN,
    }
)


def of_transfer_failure(
    code: str,
    message: str = "",
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> Transferred:
    """What became of a TransferSIPParticipant that failed; the arguments are `of_failure`'s."""
    verdict = of_failure(code, message, metadata)
    if verdict.sip_code in NO_REFER:
        return Transferred.NOT_SUPPORTED
    # Without a status a time has run out, which ends our waiting and not the transfer.
    if verdict.sip_code is None and code in ("canceled", "deadline_exceeded"):
        return Transferred.UNKNOWN
    return _OF_OUTCOME.get(verdict.outcome, Transferred.FAILED)
