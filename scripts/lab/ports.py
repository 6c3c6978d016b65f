"""The loopback ports of one lab: the well-known ones, or free ones for labs side by side."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, fields

from lab.errors import PortTaken

LOOPBACK = "127.0.0.1"
RTP_PORTS = 200
"""Ports in a lab's RTP block; a call takes one even port, so 100 calls at once."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where each part of a lab listens."""

    livekit: int = 7880
    rtc_udp: int = 7882
    redis: int = 6379
    sip: int = 5060
    sip_health: int = 7904
    deepgram: int = 7901
    cartesia: int = 7902
    backboard: int = 7903
    rtp_first: int = 20000

    @property
    def rtp_last(self) -> int:
        """Last port of the RTP block."""
        return self.rtp_first + RTP_PORTS - 1


class PortBlock:
    """A lab's ports, chosen and, for the RTP block, reserved until `release`."""

    def __init__(self, ports: Ports, reservation: socket.socket) -> None:
        self.ports = ports
        self._reservation = reservation

    @classmethod
    def default(cls) -> PortBlock:
        """The well-known ports.

        Raises:
            PortTaken: naming every one that is in use.
        """
        ports = Ports()
        taken = [
            f"{field.name} {getattr(ports, field.name)}"
            for field in fields(ports)
            if not _free(getattr(ports, field.name))
        ]
        if taken:
            raise PortTaken(
                f"In use already: {', '.join(taken)}. Stop what holds them (another lab? "
                "bot-lab status) or let the lab choose: bot-lab up --ports auto."
            )
        return cls(ports, _reserve(ports.rtp_first))

    @classmethod
    def auto(cls) -> PortBlock:
        """Free ports, none shared with another lab."""
        first, reservation = next(_free_rtp_blocks())
        names = [field.name for field in fields(Ports) if field.name != "rtp_first"]
        with contextlib.ExitStack() as held:  # all at once, so that no port is given twice
            chosen = {name: held.enter_context(_bound()).getsockname()[1] for name in names}
        return cls(Ports(rtp_first=first, **chosen), reservation)

    def release(self) -> None:
        """Lets another lab have the RTP block."""
        self._reservation.close()


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.bind((LOOPBACK, 0))
    return sock


def _free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as sock:
            if kind == socket.SOCK_STREAM:
                # as servers do: a port whose last connection is in TIME_WAIT counts as free
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((LOOPBACK, port))
            except OSError:
                return False
    return True


def _reserve(first: int) -> socket.socket:
    """RTP runs over UDP, so a TCP socket on the block's first port marks it without using it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind((LOOPBACK, first))
    except OSError as error:
        sock.close()
        raise PortTaken(f"Another lab holds the RTP ports from {first}.") from error
    return sock


def _free_rtp_blocks() -> Iterator[tuple[int, socket.socket]]:
    """Blocks below the range that the kernel hands out by itself (from 32768 on Linux)."""
    for first in range(20200, 32000, RTP_PORTS):
        if all(_free(port) for port in range(first, first + RTP_PORTS, 10)):
            with contextlib.suppress(PortTaken):
                yield first, _reserve(first)
    raise PortTaken("No free block of RTP ports between 20200 and 32000: stop some labs.")
