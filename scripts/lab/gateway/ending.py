"""How a call ends: what the phone is told, and what the room sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from livekit import rtc


@dataclass(frozen=True)
class Ending:
    """One way a call ends.

    `status`, `reason` and `headers` answer an INVITE without a final answer; with None it stays
    without one. After a 200 OK a BYE is sent instead, unless the phone sent one.
    """

    word: str
    status: int | None = 486
    reason: str = "Rejected"
    headers: Mapping[str, str] = field(default_factory=dict)
    by_phone: bool = False
    hangup: bool = True
    """Whether the room sees `sip.callStatus` = `hangup` before the participant leaves."""
    left_as: rtc.DisconnectReason.ValueType = rtc.DisconnectReason.CLIENT_INITIATED
    """The disconnect reason that the room sees."""


HUNG_UP = Ending("phone hung up", by_phone=True)
CANCELLED = Ending("phone cancelled", by_phone=True)
NO_ANSWER = Ending("nobody in the room answered", hangup=False)
ROOM_CLOSED = Ending("room closed", hangup=False)
SHUTDOWN = Ending("gateway stops")
TOO_LONG = Ending("longest call duration reached")
TRANSFERRED = Ending("transferred")
MEDIA_TIMEOUT = Ending("no RTP from the phone", left_as=rtc.DisconnectReason.UNKNOWN_REASON)
DROPPED = Ending("dropped", status=None, hangup=False)
NO_RULE = Ending("rejected", 404, "Does not match Trunks or Dispatch Rules", hangup=False)
TRY_LATER = Ending("livekit-server did not say", 503, "Try again later", hangup=False)
UNACCEPTABLE = Ending("no usable SDP offer", 400, "Bad Request", hangup=False)
NOT_IMPLEMENTED = Ending("rule wants a pin", 501, "Not Implemented", hangup=False)
NOT_JOINED = Ending("room could not be joined", hangup=False)
NO_ACK = Ending("phone never acknowledged the answer")
OF_DISPATCH = {"DROP": DROPPED, "REJECT": NO_RULE}
NO_PORT = Ending("no RTP port free", 500, "Server Internal Error", hangup=False)
CHALLENGED = Ending("must authenticate", 407, "Unauthorized", hangup=False)
UNAUTHORIZED = Ending("wrong credentials", 401, "Unauthorized", hangup=False)
FAULT = Ending("fault in the gateway", 500, "Server Internal Error")


def challenged(challenge: str) -> Ending:
    """The phone is asked for its credentials, and calls anew."""
    return replace(CHALLENGED, headers={"Proxy-Authenticate": challenge})
