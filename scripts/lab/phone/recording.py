"""Both directions of a call on one clock, as they passed the phone."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from lab.phone.sound import SAMPLE_RATE, Samples


class Track:
    """One direction: int16 samples at 8 kHz, the first at `origin_s` of the phone's clock."""

    def __init__(self, origin_s: float) -> None:
        self.origin_s = origin_s
        self._samples: Samples = np.zeros(SAMPLE_RATE, np.int16)
        self._length = 0

    @property
    def samples(self) -> Samples:
        """Everything so far; silence where nothing passed."""
        return self._samples[: self._length].copy()

    def write(self, at_s: float, samples: Samples) -> None:
        """Puts `samples` at `at_s` of the phone's clock; what lies before the origin is dropped."""
        start = self._index(at_s)
        samples = samples[max(0, -start) :]
        start = max(0, start)
        end = start + len(samples)
        if end > len(self._samples):
            grown = np.zeros(max(end, 2 * len(self._samples)), np.int16)
            grown[: self._length] = self._samples[: self._length]
            self._samples = grown
        self._samples[start:end] = samples
        self._length = max(self._length, end)

    def read(self, start_s: float, end_s: float) -> Samples:
        """The samples between two times of the phone's clock, silence where nothing passed."""
        start, end = self._index(start_s), self._index(end_s)
        found = np.zeros(max(0, end - start), np.int16)
        inside = self._samples[max(0, start) : max(0, min(end, self._length))]
        first = max(0, -start)
        found[first : first + len(inside)] = inside
        return found

    def _index(self, at_s: float) -> int:
        return round((at_s - self.origin_s) * SAMPLE_RATE)


class Recording:
    """What was said and what was heard, from the moment the call was begun.

    A sample lies where the packet with it left or reached the phone's socket: no playout delay is
    added, so times in the two tracks can be subtracted from each other.
    """

    def __init__(self, origin_s: float) -> None:
        self.sent = Track(origin_s)
        self.received = Track(origin_s)

    def heard(self, start_s: float, end_s: float) -> Samples:
        """What the far end sent between two times of the phone's clock (int16, 8 kHz)."""
        return self.received.read(start_s, end_s)

    def save(self, path: Path) -> None:
        """Writes a stereo WAV file: left is this phone, right the far end."""
        left, right = self.sent.samples, self.received.samples
        stereo = np.zeros((max(len(left), len(right)), 2), "<i2")
        stereo[: len(left), 0] = left
        stereo[: len(right), 1] = right
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(stereo.tobytes())
