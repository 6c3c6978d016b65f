"""A pair of UDP ports for one media stream."""

from __future__ import annotations

import socket

_TRIES = 50


def port_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Sockets for RTP, on a free even port, and RTCP, on the next (RFC 3550 section 11).

    Raises OSError when no pair is found.
    """
    for _ in range(_TRIES):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
            even = probe.getsockname()[1] & ~1
        pair = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        try:
            for port, sock in enumerate(pair, start=even):
                sock.bind((host, port))
        except OSError:
            for sock in pair:
                sock.close()
            continue
        return pair[0], pair[1]
    raise OSError("no free pair of UDP ports: end some calls first")
