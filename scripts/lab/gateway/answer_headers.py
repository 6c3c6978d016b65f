"""Headers that a trunk adds to what the gateway sends in a call: to its 200 OK and its BYE."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiosipua import SipMessage, SipRequest, SipResponse
from aiosipua.transport import SipTransport


class HeaderedTransport(SipTransport):
    """Another transport that adds `headers(message)` to 2xx responses and to requests."""

    def __init__(
        self, inner: SipTransport, headers: Callable[[SipMessage], Mapping[str, str]]
    ) -> None:
        super().__init__(local_addr=inner.local_addr)
        self._inner = inner
        self._headers = headers

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        """Sends a request or a response."""
        if isinstance(message, SipRequest) or 200 <= message.status_code < 300:
            self._dress(message)
        self._inner.send(message, addr)

    def _dress(self, message: SipMessage) -> None:
        for name, value in self._headers(message).items():
            message.set_header(name, value)
