"""Speech made beside the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lab.voice import Voice


class Synthesis:
    """One thread that speaks for all contexts, first come first served (some 30 ms a piece).

    `voice` may be exchanged between two pieces.
    """

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voice")

    async def load(self) -> None:
        """Loads the voice, so that the first caller does not wait for it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.voice.load)

    async def say(self, piece: str, sample_rate: int) -> NDArray[np.int16]:
        """The samples of `piece` (mono, `sample_rate` in Hz); empty when it has no sound."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self.voice.say, piece, sample_rate)

    def close(self) -> None:
        """Ends the thread once the piece in hand is spoken; those that wait are dropped."""
        self._thread.shutdown(cancel_futures=True)
