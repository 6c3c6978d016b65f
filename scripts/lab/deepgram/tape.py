"""The end of a stream's audio that may still be needed."""

from __future__ import annotations

import numpy as np

from lab.deepgram.speech import Span
from lab.recognizer import Pcm


class Tape:
    """int16 mono audio, addressed in seconds since the stream began."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._audio: Pcm = np.zeros(0, np.int16)
        self._begins = 0  # sample number of the first one kept

    @property
    def end(self) -> int:
        """The number of samples recorded since the stream began."""
        return self._begins + len(self._audio)

    def append(self, pcm: Pcm) -> None:
        """Records what follows."""
        self._audio = np.concatenate([self._audio, pcm])

    def window(self, begin: int, samples: int) -> Pcm:
        """`samples` samples from sample number `begin` on."""
        return self._audio[begin - self._begins : begin - self._begins + samples]

    def cut(self, span: Span) -> Pcm:
        """A copy of the audio in `span`, as far as it is still there."""
        begin, end = (
            round(at_s * self._sample_rate) - self._begins for at_s in (span.start_s, span.end_s)
        )
        return self._audio[max(begin, 0) : max(end, 0)].copy()

    def forget(self, before_s: float) -> None:
        """Drops audio from before `before_s`."""
        dropped = round(before_s * self._sample_rate) - self._begins
        if dropped > self._sample_rate:  # moving the rest costs something: not for every window
            self._audio = self._audio[dropped:].copy()
            self._begins += dropped
