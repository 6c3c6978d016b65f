"""A SIP refusal as livekit-server's API reports it (livekit/protocol, livekit/sip.go)."""

from __future__ import annotations

from collections.abc import Mapping

from livekit import rtc
from livekit.protocol.sip import SIPStatus, SIPStatusCode

from lab.gateway.psrpc import RpcError

_WORDS: Mapping[str, tuple[int, ...]] = {
    "not_found": (301, 302, 404, 410, 481, 604),
    "permission_denied": (401, 402, 403, 433, 470, 603, 607, 608),
    "unauthenticated": (407, 428, 436, 437, 438, 494),
    "deadline_exceeded": (408, 504),
    "resource_exhausted": (440, 480, 486, 600),
    "failed_precondition": (409, 412, 482, 483),
    "aborted": (487, 491),
    "out_of_range": (416,),
    "invalid_argument": (505, 513),
}
_WORD = {status: word for word, statuses in _WORDS.items() for status in statuses}

_INVITE_FAILED = frozenset({400, 404, 480, 486, 488})
"""livekit-sip words these refusals of an INVITE differently."""

_UNAVAILABLE = frozenset({404, 408, 480})


def rpc_error(status: int, reason: str, *, prefix: str = "") -> RpcError:
    """The error of a call that the far end refused with `status`."""
    told = f"{status}: {reason}" if reason else f"{status} ({_short_name(status)})"
    detail = SIPStatus(status=reason)
    detail.code = status  # type: ignore[assignment]  # proto3 enums are open: any status fits
    return RpcError(_word(status), f"{prefix}sip status: {told}", detail)


def of_invite(status: int, reason: str) -> RpcError:
    """The error of an INVITE that was refused."""
    usual = "INVITE failed: "
    other = "unexpected status from INVITE response: "
    return rpc_error(status, reason, prefix=usual if status in _INVITE_FAILED else other)


def left_as(status: int) -> rtc.DisconnectReason.ValueType:
    """The disconnect reason of a participant whose phone refused (pkg/sip/participant.go)."""
    if status in _UNAVAILABLE:
        return rtc.DisconnectReason.USER_UNAVAILABLE
    if 400 <= status < 500 or status >= 600:
        return rtc.DisconnectReason.USER_REJECTED
    return rtc.DisconnectReason.UNKNOWN_REASON


def _word(status: int) -> str:
    if 500 <= status < 600:
        return _WORD.get(status, "failed_precondition")
    return _WORD.get(status, "invalid_argument")


def _short_name(status: int) -> str:
    try:
        return SIPStatusCode.Name(status).removeprefix("SIP_STATUS_")
    except ValueError:
        return str(status)
