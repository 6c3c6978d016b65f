"""Where there is sound in telephone audio: energy in 10 ms frames, a threshold and a hangover."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

SAMPLE_RATE = 8000  # G.711, in Hz
FRAME_S = 0.01
THRESHOLD_DBFS = -45.0  # comfort noise (RFC 3389) is usually at -50 or less, speech above
HANGOVER_S = 0.2  # a shorter pause is within an utterance: between words, or a stop consonant
MIN_LOUD_S = 0.03  # less is a click

_FULL_SCALE = 32768.0
_INAUDIBLE = 1e-6  # keeps the logarithm of digital silence finite, at -120 dBFS


class Span(NamedTuple):
    """A stretch of time, in seconds."""

    start_s: float
    end_s: float


def levels_dbfs(samples: Samples, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float64]:
    """The level of each 10 ms frame (RMS over full scale, in dB), a short last one included."""
    size = round(sample_rate * FRAME_S)
    wanted = -(-len(samples) // size) * size
    frames = np.pad(samples.astype(np.float64), (0, wanted - len(samples))).reshape(-1, size)
    rms = np.sqrt(np.mean(frames * frames, axis=1)) / _FULL_SCALE
    levels: NDArray[np.float64] = 20 * np.log10(np.maximum(rms, _INAUDIBLE))
    return levels


class SoundDetector:
    """Finds utterances in audio that arrives in pieces, each at its place on some clock.

    A frame at or above `threshold_dbfs` is sound. Sounds less than `hangover_s` apart are one
    utterance; one with less than MIN_LOUD_S of sound in it is dropped.
    """

    def __init__(
        self, threshold_dbfs: float = THRESHOLD_DBFS, hangover_s: float = HANGOVER_S
    ) -> None:
        self._threshold_dbfs = threshold_dbfs
        self._hangover_s = hangover_s
        self._sounds: list[tuple[Span, float]] = []  # with the seconds of loud frames in each

    def feed(self, at_s: float, samples: Samples, sample_rate: int = SAMPLE_RATE) -> None:
        """Takes the next piece, whose first sample lies at `at_s`."""
        loud = np.flatnonzero(levels_dbfs(samples, sample_rate) >= self._threshold_dbfs)
        for frame in loud:
            self._hear(at_s + int(frame) * FRAME_S)

    def utterances(self) -> list[Span]:
        """Every utterance so far, oldest first; the last one may be going on."""
        return [span for span, loud_s in self._sounds if loud_s >= MIN_LOUD_S - FRAME_S / 2]

    def _hear(self, at_s: float) -> None:
        end_s = at_s + FRAME_S
        if not self._sounds or at_s - self._sounds[-1][0].end_s > self._hangover_s:
            self._sounds.append((Span(at_s, end_s), FRAME_S))
            return
        last, loud_s = self._sounds[-1]
        self._sounds[-1] = (Span(last.start_s, max(last.end_s, end_s)), loud_s + FRAME_S)


def utterances(
    samples: Samples,
    sample_rate: int = SAMPLE_RATE,
    *,
    threshold_dbfs: float = THRESHOLD_DBFS,
    hangover_s: float = HANGOVER_S,
) -> list[Span]:
    """The stretches of sound in `samples`, in seconds from the first sample."""
    detector = SoundDetector(threshold_dbfs, hangover_s)
    detector.feed(0.0, samples, sample_rate)
    return detector.utterances()
