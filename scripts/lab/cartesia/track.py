"""The audio of one context: its pieces one after another, with the pauses between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.voice import PAUSE_S

CHUNK_MS = 100


@dataclass(frozen=True)
class Part:
    """A piece in its place: mono samples, pause first, and when its words begin and end."""

    samples: NDArray[np.int16]
    sample_rate: int
    start_s: float
    end_s: float

    def chunks(self) -> Iterator[bytes]:
        """The samples as little-endian bytes, CHUNK_MS at a time; the last chunk is shorter."""
        size = self.sample_rate * CHUNK_MS // 1000
        for start in range(0, len(self.samples), size):
            yield self.samples[start : start + size].astype("<i2").tobytes()


class Track:
    """Lays pieces end to end, at `sample_rate` Hz."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._length = 0

    def add(self, samples: NDArray[np.int16]) -> Part:
        """Places the next piece, after a pause unless it is the first."""
        pause = round(PAUSE_S * self._sample_rate) if self._length else 0
        start = self._length + pause
        self._length = start + len(samples)
        return Part(
            np.concatenate([np.zeros(pause, np.int16), samples]),
            self._sample_rate,
            start / self._sample_rate,
            self._length / self._sample_rate,
        )
