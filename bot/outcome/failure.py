"""From LiveKit's refusal to place a call to the outcome.

CreateSIPParticipant fails as a Twirp error: its code, its message, and in its metadata the SIP
status when the carrier answered one. The messages are those of livekit-server v1.13 and
livekit-sip v1.11. Whatever cannot be told from them may be a call that rings: it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bot.outcome.sip_status import of_sip_status
from bot.outcome.verdict import Verdict
from bot.outcome.vocabulary import Outcome

SIP_STATUS_CODE = "sip_status_code"
SIP_STATUS = "sip_status"


class _Row(NamedTuple):
    code: str
    """A Twirp code."""
    words: re.Pattern[str]
    """What its message says."""
    outcome: Outcome


def _row(code: str, words: str, outcome: Outcome) -> _Row:
    return _Row(code, re.compile(words, re.IGNORECASE), outcome)


_ROWS = (
    # livekit-sip's own ends of an INVITE: the ringing timeout, and Timer B after 32 s.
    _row("canceled", r"timed out", Outcome.NO_ANSWER),
    _row("canceled", r"transaction failed .*\b0 intermediate", Outcome.TIMEOUT),
    _row("canceled", r"transaction failed", Outcome.NO_ANSWER),
    _row("failed_precondition", r"\bauth\b|authoriz|password", Outcome.AUTH_FAILED),
    _row("failed_precondition", r"sdp|codec|encryption|\bmtu\b|no numbers", Outcome.MISCONFIGURED),
    # Nothing was sent; a connection that is reset or closed may have carried the INVITE.
    _row("failed_precondition", r"refused|unreachable|\bdial\b|x509", Outcome.NETWORK_ERROR),
    _row("invalid_argument", r"lookup|no such host|\bdns\b", Outcome.NETWORK_ERROR),
    # The request, the trunk or LiveKit's key is wrong.
    _row("invalid_argument", r"", Outcome.MISCONFIGURED),
    _row("malformed", r"", Outcome.MISCONFIGURED),
    _row("bad_route", r"", Outcome.MISCONFIGURED),
    _row("unimplemented", r"", Outcome.MISCONFIGURED),
    _row("not_found", r"", Outcome.MISCONFIGURED),
    _row("unauthenticated", r"", Outcome.MISCONFIGURED),
    _row("permission_denied", r"", Outcome.MISCONFIGURED),
    # No gateway took the call, or LiveKit's plan allows no more of them.
    _row("resource_exhausted", r"", Outcome.OVERLOADED),
    _row("unavailable", r"cpu exhausted|no response from|no servers", Outcome.OVERLOADED),
)


def of_failure(
    code: str,
    message: str = "",
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> Verdict:
    """The verdict on a CreateSIPParticipant that failed.

    Args:
        code: the Twirp code, such as `canceled`; `ServerError.code`. Anything that is none, such
            as a transport error's name, is unknown: the INVITE may have left.
        message: the Twirp message; `ServerError.message`.
        metadata: `ServerError.metadata`, with `sip_status_code` and `sip_status` when the carrier
            answered.
    """
    status = metadata.get(SIP_STATUS_CODE, "")
    if re.fullmatch(r"[3-6]\d\d", status, re.ASCII):
        return of_sip_status(int(status), metadata.get(SIP_STATUS) or message)
    for row in _ROWS:
        if row.code == code and row.words.search(message):
            return Verdict(row.outcome, reason=message)
    return Verdict(Outcome.UNKNOWN, reason=message or code)
