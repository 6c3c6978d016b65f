"""DTMF as RTP telephone events (RFC 4733), in both directions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from aiortp import DtmfEvent, RtpPacket
from aiortp.dtmf import DTMF_EVENTS

from lab.gateway.sdp import FRAME_MS

FRAME_SAMPLES = 8 * FRAME_MS
TONE_MS = 250
PAUSE_MS = 250
"""livekit-sip plays each digit 250 ms and then waits as long."""
WAIT = "W"
WAIT_MS = 500
"""A `w` in a dial string is half a second of nothing."""
_VOLUME = 10  # dBm0 below zero
_END_COPIES = 3  # RFC 4733 2.5.1.4: the last packet is sent three times


class DigitReceiver:
    """Tells each digit once, at key-down; packets of one event share their timestamp."""

    def __init__(self) -> None:
        self._timestamp: int | None = None

    def receive(self, packet: RtpPacket) -> DtmfEvent | None:
        """The event, if this packet is the first one seen of a digit."""
        try:
            event = DtmfEvent.parse(packet.payload)
        except ValueError:
            return None
        if packet.timestamp == self._timestamp or event.digit == "?":
            return None
        self._timestamp = packet.timestamp
        return event


@dataclass(frozen=True)
class EventPacket:
    """One packet's worth of an event, due in place of an audio frame."""

    payload: bytes
    first: bool
    copies: int


class DigitSender:
    """Plays digits one after the other, one step for each audio frame."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._playing: Iterator[EventPacket | None] = iter(())

    def play(self, digits: str) -> None:
        """Queues digits, and `w` for a pause; other characters are left out."""
        known = {*DTMF_EVENTS, WAIT}
        self._waiting.extend(digit for digit in digits.upper() if digit in known)

    def step(self) -> EventPacket | None:
        """What to send now instead of audio; None: audio."""
        for packet in self._playing:
            return packet
        if not self._waiting:
            return None
        digit = self._waiting.popleft()
        if digit == WAIT:
            self._playing = iter([None] * (WAIT_MS // FRAME_MS))
        else:
            self._playing = _event(DTMF_EVENTS[digit])
        return next(self._playing)


def _event(code: int) -> Iterator[EventPacket | None]:
    duration = 8 * TONE_MS
    for so_far in range(FRAME_SAMPLES, duration, FRAME_SAMPLES):
        payload = DtmfEvent(code, end=False, volume=_VOLUME, duration=so_far).serialize()
        yield EventPacket(payload, first=so_far == FRAME_SAMPLES, copies=1)
    end = DtmfEvent(code, end=True, volume=_VOLUME, duration=duration).serialize()
    yield EventPacket(end, first=False, copies=_END_COPIES)
    for _ in range(0, PAUSE_MS, FRAME_MS):
        yield None
