"""SIP messages as they passed the phone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from aiosipua import SipRequest, SipResponse

Message = SipRequest | SipResponse
Direction = Literal["sent", "received"]


@dataclass(frozen=True)
class SipEvent:
    """One SIP message of a call. A second message with the same content is a second event."""

    at_s: float  # on the phone's clock, time.monotonic
    direction: Direction
    what: str  # a method or a status: "INVITE", "180"
    method: str  # the request's method, also of a response: the 200 to a BYE has "BYE"
    message: Message = field(repr=False)  # it names numbers: not for logs

    @classmethod
    def of(cls, message: Message, direction: Direction, at_s: float) -> SipEvent:
        """Stamps `message`."""
        what = message.method if isinstance(message, SipRequest) else str(message.status_code)
        return cls(at_s, direction, what, method_of(message), message)


def method_of(message: Message) -> str:
    """The method of a request, or of the request that a response answers; empty when unnamed."""
    if isinstance(message, SipRequest):
        return message.method
    return message.cseq.method if message.cseq is not None else ""
