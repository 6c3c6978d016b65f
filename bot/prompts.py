"""The persona's fixed sentences, synthesised before they are needed and kept for later calls.

A greeting is heard as soon as the call is up, and an apology even when the voice has failed.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import wave
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import APIError
from livekit.agents.utils.aio import cancel_and_wait

from bot.session import FRAME_MS, RETRY_ONCE

if TYPE_CHECKING:
    from livekit.agents import tts

log = logging.getLogger("hotline.prompts")

FIRST_SOUND_S = 1.0
"""The longest wait for a prompt that is not made yet; then it is said in the ordinary way."""


class Prompts:
    """The fixed sentences of one call.

    Args:
        voice: speaks them; not the session's own, which would count their failures as its own.
        folder: where they are kept, one WAV file each.
        sound: names all that decides how the voice sounds, such as model, voice and speed.
    """

    def __init__(self, voice: tts.TTS[Any], folder: Path, sound: str) -> None:
        self._voice = voice
        self._folder = folder
        self._sound = sound
        self._prompts: dict[str, Prompt] = {}
        self._wanted: asyncio.Queue[Prompt] = asyncio.Queue()
        self._making = asyncio.create_task(self._make())

    def prepare(self, *sentences: str, keep: bool = True) -> None:
        """Makes the sentences ready: at once those that are kept, the others one after the other.

        `keep` is for sentences that hold nothing personal.
        """
        for sentence in sentences:
            prompt = Prompt(sentence, self._file(sentence) if keep else None)
            self._prompts[prompt.text] = prompt
            if not prompt.has_sound:
                self._wanted.put_nowait(prompt)

    def begins(self, text: str) -> bool:
        """Whether one of the sentences begins like `text`."""
        return any(prompt.text.startswith(text.strip()) for prompt in self._prompts.values())

    async def get(self, text: str) -> Prompt | None:
        """The sentence, once its first sound is there; None when it has to be said otherwise."""
        prompt = self._prompts.get(text.strip())
        if prompt is None:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SOUND_S):
                await prompt.begun()
        return prompt if prompt.has_sound else None

    async def made(self, *sentences: str, within_s: float) -> bool:
        """Waits until the sentences are whole; False when one of them is not in time, or at all."""
        prompts = [self._prompts[sentence.strip()] for sentence in sentences]
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for prompt in prompts:
                    await prompt.ended()
        return all(prompt.is_whole for prompt in prompts)

    async def aclose(self) -> None:
        """Stops making sentences that will not be said."""
        await cancel_and_wait(self._making)

    async def _make(self) -> None:
        while True:
            prompt = await self._wanted.get()
            await prompt.make(self._voice)

    def _file(self, sentence: str) -> Path:
        name = hashlib.sha256(f"{self._sound}\n{sentence}".encode()).hexdigest()
        return self._folder / f"{name[:32]}.wav"


class Prompt:
    """One sentence: made once, played any number of times, also while it is still being made."""

    def __init__(self, text: str, file: Path | None) -> None:
        self.text = text.strip()
        self._file = file
        self._frames = _read(file) if file is not None else []
        self._whole = self.has_sound
        self._failed = False
        self._more = asyncio.Event()

    @property
    def has_sound(self) -> bool:
        """Whether some of it can be played."""
        return bool(self._frames)

    @property
    def is_whole(self) -> bool:
        """Whether all of it can be played."""
        return self._whole and self.has_sound and not self._failed

    async def begun(self) -> None:
        """Waits for the first sound, or for the end without one."""
        while not self._frames and not self._whole:
            await self._more.wait()

    async def ended(self) -> None:
        """Waits until it is made, or has failed to be."""
        while not self._whole:
            await self._more.wait()

    async def audio(self) -> AsyncIterator[rtc.AudioFrame]:
        """The frames, as they become ready; what comes before a failure is played."""
        played = 0
        while True:
            while played < len(self._frames):
                yield self._frames[played]
                played += 1
            if self._whole:
                return
            await self._more.wait()

    async def make(self, voice: tts.TTS[Any]) -> None:
        """Has `voice` say the sentence, and files it once it is whole."""
        try:
            async with voice.stream(conn_options=RETRY_ONCE) as stream:
                stream.push_text(self.text)
                stream.end_input()
                async for synthesised in stream:
                    self._frames.append(synthesised.frame)
                    self._announce()
        except APIError as error:
            self._failed = True
            log.warning("a prompt was not made", extra={"error": type(error).__name__})
        else:
            if self._file is not None and self._frames:
                _write(self._file, self._frames)
        finally:
            self._whole = True
            self._announce()

    def _announce(self) -> None:
        more, self._more = self._more, asyncio.Event()
        more.set()


def _read(file: Path) -> list[rtc.AudioFrame]:
    """The frames of a kept prompt; none when there is no such file, or none that can be read."""
    frames: list[rtc.AudioFrame] = []
    try:
        with wave.open(str(file), "rb") as sound:
            rate, channels = sound.getframerate(), sound.getnchannels()
            while data := sound.readframes(rate * FRAME_MS // 1000):
                frames.append(rtc.AudioFrame(data, rate, channels, len(data) // (2 * channels)))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, EOFError, wave.Error) as error:
        log.warning("a kept prompt cannot be read", extra={"error": type(error).__name__})
        return []
    return frames


def _write(file: Path, frames: list[rtc.AudioFrame]) -> None:
    """A reader never sees half a prompt; a disk that is full costs the copy, not the call."""
    draft = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(draft), "wb") as sound:
            sound.setnchannels(frames[0].num_channels)
            sound.setsampwidth(2)  # PCM16
            sound.setframerate(frames[0].sample_rate)
            for frame in frames:
                sound.writeframes(frame.data)
        draft.replace(file)
    except OSError as error:
        log.warning("a prompt was not kept", extra={"error": type(error).__name__})
