"""Why an outbound call did not come about: what its API caller is told, what the room sees."""

from __future__ import annotations

from livekit import rtc

from lab.gateway.psrpc import RpcError
from lab.gateway.refusal_status import rpc_error

_INVITE_FAILED = frozenset({400, 404, 480, 486, 488})
"""livekit-sip words these refusals of an INVITE differently."""
_UNAVAILABLE = frozenset({404, 408, 480})


class NotConnected(Exception):
    """The call did not come about.

    `error` goes to livekit-server, `left_as` is the participant's disconnect reason.
    """

    def __init__(
        self,
        error: RpcError,
        left_as: rtc.DisconnectReason.ValueType = rtc.DisconnectReason.UNKNOWN_REASON,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.left_as = left_as


def refused(status: int, reason: str) -> NotConnected:
    """The phone refused with a final status of 300 or more."""
    usual = "INVITE failed: "
    other = "unexpected status from INVITE response: "
    prefix = usual if status in _INVITE_FAILED else other
    return NotConnected(rpc_error(status, reason, prefix=prefix), _left_as(status))


def unanswered() -> NotConnected:
    """The phone rang, or did not even do that, for too long."""
    error = RpcError("canceled", "sip request timed out")
    return NotConnected(error, rtc.DisconnectReason.USER_UNAVAILABLE)


def rejected(why: str) -> NotConnected:
    """The two sides cannot agree: on credentials, on a codec."""
    error = RpcError("failed_precondition", why)
    return NotConnected(error, rtc.DisconnectReason.USER_REJECTED)


def _left_as(status: int) -> rtc.DisconnectReason.ValueType:
    """livekit-sip's choice (pkg/sip/participant.go)."""
    if status in _UNAVAILABLE:
        return rtc.DisconnectReason.USER_UNAVAILABLE
    if 400 <= status < 500 or status >= 600:
        return rtc.DisconnectReason.USER_REJECTED
    return rtc.DisconnectReason.UNKNOWN_REASON
