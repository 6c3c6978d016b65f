"""A SIP refusal as livekit-server's API reports it (livekit/protocol, livekit/sip.go)."""

from __future__ import annotations

from collections.abc import Mapping

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


def rpc_error(status: int, reason: str, *, prefix: str = "") -> RpcError:
    """The error of a call that the far end refused with `status`."""
    told = f"{status}: {reason}" if reason else f"{status} ({_short_name(status)})"
    detail = SIPStatus(status=reason)
    detail.code = status  # type: ignore[assignment]  # proto3 enums are open: any status fits
    return RpcError(_word(status), f"{prefix}sip status: {told}", detail)


def _word(status: int) -> str:
    if 500 <= status < 600:
        return _WORD.get(status, "failed_precondition")
    return _WORD.get(status, "invalid_argument")


def _short_name(status: int) -> str:
    try:
        return SIPStatusCode.Name(status).removeprefix("SIP_STATUS_")
    except ValueError:
        return str(status)
