"""The greeting, made while the phone still rings, so that it is heard as soon as the call is up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livekit import rtc
    from livekit.agents import tts


class Greeting:
    """One sentence being synthesised ahead of time; iterate `audio` once to play it."""

    def __init__(self, text: str, voice: tts.TTS[Any]) -> None:
        self.text = text
        self._voice = voice
        self._frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._synthesise())

    async def _synthesise(self) -> None:
        try:
            async with self._voice.stream() as stream:
                stream.push_text(self.text)
                stream.end_input()
                async for synthesised in stream:
                    self._frames.put_nowait(synthesised.frame)
        finally:
            self._frames.put_nowait(None)

    async def audio(self) -> AsyncIterator[rtc.AudioFrame]:
        """The frames, as they become ready.

        Raises:
            APIError: the voice failed; it fails here, where the session can report it.
        """
        while (frame := await self._frames.get()) is not None:
            yield frame
        await self._task

    async def aclose(self) -> None:
        """Stops the synthesis of a greeting that will not be played."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
