"""Fixed sentences: made once, kept, and never the cause of silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, tts

from bot.prompts import Prompt, Prompts

RATE = 16000
ONCE = APIConnectOptions(max_retry=0)


class Voice(tts.TTS[None]):
    """Says each sentence as one frame whose every sample is its length; counts what it said."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True), sample_rate=RATE, num_channels=1
        )
        self.said: list[str] = []
        self.fails = False
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = ONCE) -> tts.ChunkedStream:
        raise NotImplementedError

    def stream(self, *, conn_options: APIConnectOptions = ONCE) -> tts.SynthesizeStream:
        return _Stream(self, conn_options)


class _Stream(tts.SynthesizeStream):
    def __init__(self, voice: Voice, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=voice, conn_options=conn_options)
        self._voice = voice

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="r", sample_rate=RATE, num_channels=1, mime_type="audio/pcm", stream=True
        )
        output_emitter.start_segment(segment_id="s")
        text = "".join([part async for part in self._input_ch if isinstance(part, str)])
        if self._voice.fails:
            raise APIConnectionError("no voice", retryable=False)
        self._voice.said.append(text)
        output_emitter.push(len(text).to_bytes(2, "little") * RATE)
        output_emitter.flush()
        await self._voice.may_go_on.wait()
        output_emitter.end_input()


@pytest.fixture
async def voice() -> Voice:
    return Voice()


@pytest.fixture
async def prompts(voice: Voice, tmp_path: Path) -> AsyncIterator[Prompts]:
    prompts = Prompts(voice, tmp_path, "model voice speed")
    yield prompts
    await prompts.aclose()


async def heard(prompt: Prompt | None) -> bytes:
    assert prompt is not None
    return b"".join([bytes(frame.data) async for frame in prompt.audio()])


async def test_a_sentence_is_said_once_and_played_as_often_as_it_is_wanted(
    voice: Voice, prompts: Prompts
) -> None:
    prompts.prepare("Hello.", "Goodbye.")
    first = await heard(await prompts.get("Hello. "))
    assert first == await heard(await prompts.get("Hello."))
    assert first[0] == len("Hello.")
    await prompts.get("Goodbye.")
    assert voice.said == ["Hello.", "Goodbye."]


async def test_it_plays_while_it_is_still_being_made(voice: Voice, prompts: Prompts) -> None:
    voice.may_go_on.clear()
    prompts.prepare("Hello.")
    prompt = await asyncio.wait_for(prompts.get("Hello."), 5)
    assert prompt is not None
    audio = prompt.audio()
    assert isinstance(await asyncio.wait_for(anext(audio), 5), rtc.AudioFrame)
    voice.may_go_on.set()
    assert sum([frame.samples_per_channel async for frame in audio]) > 0


async def test_a_later_call_takes_it_from_its_file(voice: Voice, tmp_path: Path) -> None:
    for _ in range(2):
        prompts = Prompts(voice, tmp_path, "model voice speed")
        prompts.prepare("Hello.")
        assert (await heard(await prompts.get("Hello.")))[0] == len("Hello.")
        await prompts.aclose()
    assert voice.said == ["Hello."]


async def test_another_voice_has_files_of_its_own(voice: Voice, tmp_path: Path) -> None:
    for sound in ("slow", "fast"):
        prompts = Prompts(voice, tmp_path, sound)
        prompts.prepare("Hello.")
        await heard(await prompts.get("Hello."))
        await prompts.aclose()
    assert voice.said == ["Hello.", "Hello."]


async def test_what_is_personal_leaves_no_file(
    voice: Voice, prompts: Prompts, tmp_path: Path
) -> None:
    prompts.prepare("Welcome back, David.", keep=False)
    await heard(await prompts.get("Welcome back, David."))
    assert list(tmp_path.iterdir()) == []


async def test_a_damaged_file_is_made_anew(voice: Voice, tmp_path: Path) -> None:
    first = Prompts(voice, tmp_path, "sound")
    first.prepare("Hello.")
    await heard(await first.get("Hello."))
    await first.aclose()
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"RIFF")
    again = Prompts(voice, tmp_path, "sound")
    again.prepare("Hello.")
    assert await heard(await again.get("Hello."))
    await again.aclose()
    assert voice.said == ["Hello.", "Hello."]


async def test_a_sentence_that_was_not_made_has_to_be_said_otherwise(
    voice: Voice, prompts: Prompts, tmp_path: Path
) -> None:
    voice.fails = True
    prompts.prepare("Hello.")
    assert await prompts.get("Hello.") is None
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_cannot_be_read_is_made_anew(voice: Voice, tmp_path: Path) -> None:
    for _ in range(2):
        prompts = Prompts(voice, tmp_path, "sound")
        prompts.prepare("Hello.")
        assert await heard(await prompts.get("Hello."))
        await prompts.aclose()
        for file in tmp_path.glob("*.wav"):
            if file.is_file():
                file.unlink()
                file.mkdir()
    assert voice.said == ["Hello.", "Hello."]


async def test_nobody_waits_long_for_a_voice_that_stalls(
    voice: Voice, prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.prompts.FIRST_SOUND_S", 0.05)
    voice.may_go_on.clear()
    prompts.prepare("Hello.", "Goodbye.")
    assert await prompts.get("Goodbye.") is None


async def test_what_is_no_fixed_sentence_is_known_by_its_first_words(prompts: Prompts) -> None:
    prompts.prepare("Hello, how can I help?")
    assert prompts.begins("Hello, how")
    assert not prompts.begins("Hello. We")
    assert await prompts.get("Hello, how") is None
