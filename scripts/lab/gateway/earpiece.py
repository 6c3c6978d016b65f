"""What the phone hears: the room, or the ringing tone while it is being put through."""

from __future__ import annotations

import itertools

import numpy as np

from lab.gateway.mixer import Mixer, Samples
from lab.gateway.telephone_event import FRAME_SAMPLES

TONE_HZ = 425
ON_S, OFF_S = 1, 4
"""Europe's ringing tone (ETSI TR 101 041), which is livekit-sip's dial tone."""
RATE_HZ = 8000
AMPLITUDE = 8000


def ringing() -> list[Samples]:
    """One period of the tone, in frames of 20 ms."""
    at = np.arange(ON_S * RATE_HZ) / RATE_HZ
    sound = (AMPLITUDE * np.sin(2 * np.pi * TONE_HZ * at)).astype(np.int16)
    period = np.concatenate([sound, np.zeros(OFF_S * RATE_HZ, np.int16)])
    return np.split(period, len(period) // FRAME_SAMPLES)


class Earpiece:
    """Gives one frame of 20 ms after the other.

    `rings` makes it the ringing tone, from its beginning; the room is not heard and not kept.
    """

    def __init__(self, room: Mixer) -> None:
        self._room = room
        self._tone = itertools.cycle(ringing())
        self._rings = False

    @property
    def rings(self) -> bool:
        """Whether the phone hears ringing."""
        return self._rings

    @rings.setter
    def rings(self, rings: bool) -> None:
        self._rings = rings
        self._tone = itertools.cycle(ringing())

    def frame(self) -> Samples:
        """What is heard next."""
        room = self._room.mix()
        return next(self._tone) if self._rings else room
