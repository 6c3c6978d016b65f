"""SIP over UDP on loopback, for the gateway and the phones."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from aiosipua.transport import UdpSipTransport

log = logging.getLogger("lab.sip")


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, owner: LoopbackSipTransport) -> None:
        self._owner = owner

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # On Python 3.11 the selector's transport is a DatagramTransport in all but its base class,
        # so aiosipua's own isinstance check refuses it.
        self._owner.adopt(cast(asyncio.DatagramTransport, transport))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._owner.receive(data, (str(addr[0]), int(addr[1])))

    def error_received(self, exc: Exception) -> None:
        log.debug("UDP error", extra={"error": str(exc)})


class LoopbackSipTransport(UdpSipTransport):
    """A UDP transport whose `local_addr` names the real port once started (0 picks a free one).

    Raises OSError from `start` when the port is taken.
    """

    async def start(self) -> None:
        """Binds the socket."""
        await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=self.local_addr
        )

    def adopt(self, transport: asyncio.DatagramTransport) -> None:
        """Takes the bound socket."""
        self._udp_transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self.local_addr = (host, port)

    def receive(self, data: bytes, addr: tuple[str, int]) -> None:
        """Parses one datagram and hands it on; CR LF keep-alives are dropped (RFC 5626 3.5.1)."""
        if data.strip():
            self._dispatch(data, addr)
