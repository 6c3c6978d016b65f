"""Offline speech: hibari's one bundled voice, as the bot's voice and, lowered, as a caller's."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import soxr
from hibari import SAMPLE_RATE as MODEL_RATE
from hibari import Hibari
from numpy.typing import NDArray

SILENCE = 0.01  # of full scale; hibari's own padding stays below it
EDGE_S = 0.03  # kept on either side, so that soft consonants are not cut
PAUSE_S = 0.2  # between two sentences, in place of the padding that was cut away
CALLER_PITCH = 0.8
_SEED = 0  # fixes hibari's noise component: the same text always gives the same samples

_lock = threading.Lock()


@functools.cache
def _model() -> Any:
    # No `voice=`: the default is in the wheel, every other voice is downloaded on first use.
    model = Hibari(threads=1)
    next(model.stream("Ready."), None)  # loads the pronunciation rules, and warms the session
    return model


def trimmed(audio: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Cuts leading and trailing silence down to EDGE_S; silence alone becomes an empty array."""
    loud = np.flatnonzero(np.abs(audio) > SILENCE)
    if not len(loud):
        return audio[:0]
    edge = round(EDGE_S * sample_rate)
    return audio[max(0, loud[0] - edge) : loud[-1] + 1 + edge]


class Voice:
    """Speaks English text. All instances share the process's one model, one sentence at a time.

    `pitch` below 1 lowers the voice at much the same pace; `pace` above 1 hurries it. `trim`
    removes hibari's silence of about 320 ms before each sentence and 490 ms after it.
    """

    def __init__(self, *, pitch: float = 1.0, pace: float = 1.0, trim: bool = True) -> None:
        self._pitch = pitch
        self._pace = pace
        self._trim = trim

    @classmethod
    def caller(cls) -> Self:
        """A voice that is told apart from the bot's."""
        return cls(pitch=CALLER_PITCH)

    def load(self) -> None:
        """Loads the model now (about a second) rather than with the first sentence."""
        with _lock:
            _model()

    def sentences(self, text: str, sample_rate: int) -> Iterator[NDArray[np.int16]]:
        """Yields each sentence's samples (mono, `sample_rate` in Hz) as soon as they are there."""
        for sentence in Hibari.split_sentences(text):
            audio = self._render(sentence)
            if len(audio):
                yield self._finished(audio, sample_rate)

    def say(self, text: str, sample_rate: int) -> NDArray[np.int16]:
        """The whole text's samples (mono, `sample_rate` in Hz), its sentences PAUSE_S apart."""
        pause = np.zeros(round(PAUSE_S * sample_rate) if self._trim else 0, np.int16)
        parts: list[NDArray[np.int16]] = []
        for sentence in self.sentences(text, sample_rate):
            parts += [pause, sentence] if parts else [sentence]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def _render(self, sentence: str) -> NDArray[np.float32]:
        if not any(character.isalnum() for character in sentence):
            return np.zeros(0, np.float32)  # hibari breathes on bare punctuation
        with _lock:
            speed = self._pace / self._pitch
            audio: NDArray[np.float32] = _model()(sentence, speed=speed, seed=_SEED)
        return trimmed(audio, MODEL_RATE) if self._trim else audio

    def _finished(self, audio: NDArray[np.float32], sample_rate: int) -> NDArray[np.int16]:
        # Played `pitch` times as fast as it was made, speech keeps its shape at a lower pitch.
        resampled = soxr.resample(audio, MODEL_RATE * self._pitch, sample_rate)
        samples: NDArray[np.int16] = (np.clip(resampled, -1.0, 1.0) * 32767).astype(np.int16)
        return samples
