"""Headers that a trunk adds to the 200 OK of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiosipua import SipRequest, SipResponse
from aiosipua.transport import SipTransport


class HeaderedTransport(SipTransport):
    """Another transport that adds `headers()` to 2xx responses."""

    def __init__(self, inner: SipTransport, headers: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(local_addr=inner.local_addr)
        self._inner = inner
        self._headers = headers

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        """Sends a request or a response."""
        if isinstance(message, SipResponse) and 200 <= message.status_code < 300:
            for name, value in self._headers().items():
                message.set_header(name, value)
        self._inner.send(message, addr)
