"""What the lab's callers say, rendered once."""

from __future__ import annotations

import hashlib
import io
import os
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.voice import CALLER_PITCH, Voice

SAMPLE_RATE = 8000  # Hz, the telephone's


class Clips:
    """Texts in the caller's voice: int16 mono at SAMPLE_RATE, kept in memory.

    With `folder` they are kept there too, for the next process; several may share it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._voice = Voice.caller()
        self._clips: dict[str, NDArray[np.int16]] = {}

    def clip(self, text: str) -> NDArray[np.int16]:
        """The samples of `text`, read-only; the first time takes some 30 ms a sentence."""
        if text not in self._clips:
            samples = self._kept(text, self._folder) if self._folder else self._spoken(text)
            samples.flags.writeable = False
            self._clips[text] = samples
        return self._clips[text]

    def _spoken(self, text: str) -> NDArray[np.int16]:
        return self._voice.say(text, SAMPLE_RATE)

    def _kept(self, text: str, folder: Path) -> NDArray[np.int16]:
        path = folder / f"{_name(text)}.npy"
        if path.exists():
            samples: NDArray[np.int16] = np.load(path, allow_pickle=False)
            return samples
        samples = self._spoken(text)
        content = io.BytesIO()
        np.save(content, samples, allow_pickle=False)
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")  # readers see a whole clip or none
        draft.write_bytes(content.getvalue())
        draft.replace(path)
        return samples


def _name(text: str) -> str:
    """A name that changes with whatever changes the sound."""
    sound = f"{version('hibari-tts')} {CALLER_PITCH} {text}"
    return hashlib.sha256(sound.encode()).hexdigest()[:32]
