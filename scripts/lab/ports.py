"""The loopback ports of one lab: the well-known ones, or a block of free ones for each lab."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, fields
from typing import Self

from lab.errors import PortTaken

LOOPBACK = "127.0.0.1"
RTP_PORTS = 200
"""Ports in a lab's RTP block; a call takes one even port, so 100 calls at once."""
SERVICE_PORTS = 16
BLOCK = SERVICE_PORTS + RTP_PORTS
BLOCKS = range(21000, 32000, BLOCK)
"""Below the range that the kernel hands out by itself (from 32768 on Linux)."""


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
    bot_health: int = 8082
    answer: int = 5080
    """Where `bot-lab answer` takes the calls that the gateway places."""
    rtp_first: int = 20000

    @classmethod
    def in_block(cls, first: int) -> Self:
        """The block's first port is its reservation, then the services, then RTP."""
        services = [field.name for field in fields(cls) if field.name != "rtp_first"]
        chosen = {name: first + 1 + index for index, name in enumerate(services)}
        return cls(rtp_first=first + SERVICE_PORTS, **chosen)

    @property
    def rtp_last(self) -> int:
        """Last port of the RTP block."""
        return self.rtp_first + RTP_PORTS - 1

    def taken(self) -> list[str]:
        """Those that something listens on already, each as `name port`."""
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [f"{name} {port}" for name, port in named if not _free(port)]


class PortBlock:
    """A lab's ports, kept from other labs until `release`."""

    def __init__(self, ports: Ports, reservation: socket.socket) -> None:
        self.ports = ports
        self._reservation = reservation

    @classmethod
    def default(cls) -> Self:
        """The well-known ports.

        Raises:
            PortTaken: naming every one that is in use.
        """
        ports = Ports()
        if taken := ports.taken():
            raise PortTaken(
                f"In use already: {', '.join(taken)}. Stop what holds them (another lab? "
                "bot-lab status) or let the lab choose: bot-lab up --ports auto."
            )
        # RTP runs over UDP, so a TCP socket marks a block of it without using it.
        return cls(ports, _reserved(ports.rtp_first))

    @classmethod
    def auto(cls) -> Self:
        """A block of free ports that no other lab has.

        Raises:
            PortTaken: every block is in use.
        """
        for first in BLOCKS:
            with contextlib.suppress(PortTaken):
                reservation = _reserved(first)
                ports = Ports.in_block(first)
                if not ports.taken():
                    return cls(ports, reservation)
                reservation.close()
        raise PortTaken(f"No free block of ports from {BLOCKS.start} to {BLOCKS.stop}.")

    def release(self) -> None:
        """Lets another lab have the ports."""
        self._reservation.close()


def control_url(port: int) -> str:
    """Base of the control API of the emulator on `port`."""
    return f"http://{LOOPBACK}:{port}/_lab"


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


def _reserved(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind((LOOPBACK, port))
    except OSError as error:
        sock.close()
        raise PortTaken(f"Another lab holds the ports from {port}.") from error
    return sock
