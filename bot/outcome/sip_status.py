"""From the SIP status that refused an INVITE to the outcome.

Codes follow RFC 3261 and the IANA registry; what telephone networks mean by them follows RFC 3398
(ISUP causes). What is not listed counts as the x00 of its class (RFC 3261, 8.1.3.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.outcome.verdict import Verdict
from bot.outcome.vocabulary import Outcome

FINAL = range(300, 700)
"""Statuses that end an INVITE without an answer."""

TWILIO_ERROR = "X-Twilio-Error"
"""Response header with Twilio's own error number; livekit-sip makes it the status text."""

_ROWS: Mapping[Outcome, tuple[int, ...]] = MappingProxyType(
    {
        Outcome.BUSY: (486, 600),
        # 480 is ISUP's "no answer" and "subscriber absent"; 487 follows our own CANCEL.
        Outcome.NO_ANSWER: (408, 480, 487),
        # 607 is the callee's word that the call is unwanted (RFC 8197).
        Outcome.DECLINED: (603, 607),
        # 428-438: what STIR/SHAKEN says of our number (RFC 8224). 608: an analytics engine (8688).
        Outcome.BLOCKED: (428, 436, 437, 438, 470, 608),
        Outcome.INVALID_NUMBER: (404, 416, 484, 485, 604),
        # ISUP's "number changed" becomes 410, and 301 when the new number is known.
        Outcome.NUMBER_CHANGED: (301, 410),
        # 403 is what carriers say to a wrong address, caller number, destination or balance.
        Outcome.AUTH_FAILED: (401, 402, 403, 407),
        Outcome.MISCONFIGURED: (
            *(305, 400, 405, 406, 411, 412, 413, 414, 415, 417, 420, 421, 422, 423, 424, 425),
            *(429, 433, 439, 469, 488, 489, 493, 494, 513, 606),
        ),
        Outcome.CONGESTION: (440, 503),
        Outcome.TIMEOUT: (504,),
        Outcome.CARRIER_ERROR: (
            *(300, 302, 380, 409, 430, 481, 482, 483, 491),
            *(500, 501, 502, 505, 555, 580),
        ),
    }
)
_OUTCOMES = {code: outcome for outcome, codes in _ROWS.items() for code in codes}

_WORDS = (
    # 32203 is Twilio's fraud block inside a 603; "Network Blocked" is ATIS-1000099's 603+.
    (r"\b32203\b|\bblock(ed|ing|list)|blacklist|\bspam|\bfraud|robo-?call|analytics", "BLOCKED"),
    # 10001: the account is not active, which Twilio answers with 603.
    (
        r"\b10001\b|\baccount\b.*(suspend|inactive|not active|closed)",
        "AUTH_FAILED",
    ),
    (r"\bcps\b|calls per second|rate limit|too many (calls|requests)", "CONGESTION"),
)
_EVIDENCE = tuple((re.compile(words, re.IGNORECASE), Outcome[name]) for words, name in _WORDS)
"""What a carrier's words tell more truly than its code: carriers reuse 403, 480, 503 and 603."""


def of_sip_status(
    code: int, reason: str = "", headers: Mapping[str, str] = MappingProxyType({})
) -> Verdict:
    """The verdict on an INVITE that was refused with a status.

    Args:
        code: the SIP status.
        reason: its reason phrase, or what livekit-sip put there: the body or X-Twilio-Error.
        headers: response headers, if they are known.
    """
    twilio = next((v for k, v in headers.items() if k.lower() == TWILIO_ERROR.lower()), "")
    told = " ".join(filter(None, (reason, twilio)))
    return Verdict(_evident(told) or _of_code(code), code, told)


def _of_code(code: int) -> Outcome:
    if code not in FINAL:  # a provisional or successful status refuses nothing
        return Outcome.UNKNOWN
    return _OUTCOMES.get(code) or _OUTCOMES[code // 100 * 100]


def _evident(told: str) -> Outcome | None:
    return next((outcome for words, outcome in _EVIDENCE if words.search(told)), None)
