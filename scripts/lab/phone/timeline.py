"""Where a stream's packets lie on the clock: when they passed, straightened by their timestamps."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from lab.phone.sound import SAMPLE_RATE, Samples

HOLD_S = 0.05  # how long a packet waits for later ones to show that it was late itself
TOLERANCE_S = 0.02  # a stream that moves by less goes on without a seam
_EARLY_S = 0.25  # nothing arrives that much too early: the sender restarted its timestamps


@dataclass(frozen=True)
class _Packet:
    at_s: float
    media_s: float  # the unwrapped timestamp, in seconds
    samples: Samples


class Timeline:
    """Places each packet's first sample at the time it passed, and keeps a steady stream seamless.

    A packet may be seen late (a busy event loop, a bursting sender) but never early, so among a
    packet and those after it the smallest difference between clock and timestamp is the true one.
    No playout delay is added. `place(at_s, samples)` is called in order, HOLD_S late.
    """

    def __init__(self, place: Callable[[float, Samples], None]) -> None:
        self._place = place
        self._waiting: deque[_Packet] = deque()
        self._ssrc: int | None = None
        self._last: tuple[float, int, float] | None = None  # at_s, timestamp, media_s
        self._offset_s: float | None = None

    def add(self, at_s: float, timestamp: int, ssrc: int, samples: Samples) -> None:
        """Takes a packet that passed at `at_s` (seconds) with its RTP timestamp and source."""
        media_s = self._unwrap(at_s, timestamp) if ssrc == self._ssrc else None
        if media_s is None:
            self.settle(math.inf)
            self._ssrc, self._offset_s, media_s = ssrc, None, 0.0
        self._last = (at_s, timestamp, media_s)
        self._waiting.append(_Packet(at_s, media_s, samples))

    def settle(self, now_s: float) -> None:
        """Places what has waited for HOLD_S at `now_s`; infinity places everything."""
        while self._waiting and self._waiting[0].at_s <= now_s - HOLD_S:
            offset_s = min(packet.at_s - packet.media_s for packet in self._waiting)
            if self._offset_s is None or abs(offset_s - self._offset_s) > TOLERANCE_S:
                self._offset_s = offset_s
            packet = self._waiting.popleft()
            self._place(self._offset_s + packet.media_s, packet.samples)

    def _unwrap(self, at_s: float, timestamp: int) -> float | None:
        """The packet's time within its stream, or None when the stream began anew."""
        if self._last is None:
            return None
        last_at_s, last_timestamp, last_media_s = self._last
        step = (timestamp - last_timestamp + 0x80000000) % 0x100000000 - 0x80000000
        step_s = step / SAMPLE_RATE
        if abs(step_s) - (at_s - last_at_s) > _EARLY_S:
            return None
        return last_media_s + step_s
