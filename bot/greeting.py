"""The greeting, made while the phone still rings, so that it is heard as soon as the call is up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from livekit.agents import APIError

from bot.session import RETRY_ONCE

if TYPE_CHECKING:
    from livekit import rtc
    from livekit.agents import tts


class Greeting:
    """One sentence being synthesised ahead of time; iterate `audio` once to play it."""

    def __init__(self, text: str, voice: tts.TTS[Any]) -> None:
        self.text = text
        self._voice = voice
        self._frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()
        self._begun = asyncio.Event()
        self._error: APIError | None = None
        self._task = asyncio.create_task(self._synthesise())

    async def _synthesise(self) -> None:
        try:
            async with self._voice.stream(conn_options=RETRY_ONCE) as stream:
                stream.push_text(self.text)
                stream.end_input()
                async for synthesised in stream:
                    self._frames.put_nowait(synthesised.frame)
                    self._begun.set()
        except APIError as error:
            self._error = error
        finally:
            self._frames.put_nowait(None)
            self._begun.set()

    async def failed(self) -> bool:
        """Waits for the first sound; whether there will be none."""
        await self._begun.wait()
        return self._error is not None

    async def audio(self) -> AsyncIterator[rtc.AudioFrame]:
        """The frames, as they become ready; what comes before a failure is played."""
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def aclose(self) -> None:
        """Stops the synthesis of a greeting that will not be played."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
