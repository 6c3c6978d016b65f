"""The offline recogniser, and the process it works in."""

from __future__ import annotations

import asyncio
import functools

import jiwer
import numpy as np
import pytest
import soxr
from hibari import SAMPLE_RATE, Hibari

from lab.recognizer import LONGEST_S, Pcm, Recognizer
from lab.recognizer_process import RecognizerEnded, RecognizerProcess

SENTENCES = (
    "Hello, this is John, and I am calling about my order.",
    "I would like to know where it is, because it should have been here last week.",
    "Could you transfer me to a person in billing, please?",
)


@functools.cache
def speech(sample_rate: int, *sentences: str) -> Pcm:
    voice = Hibari()
    audio = np.concatenate([np.asarray(voice(sentence)).ravel() for sentence in sentences])
    pcm: Pcm = (soxr.resample(audio, SAMPLE_RATE, sample_rate) * 16_000).astype(np.int16)
    return pcm


def word_errors(said: str, heard: str) -> float:
    def plain(text: str) -> str:
        return "".join(c for c in text.lower() if c.isalpha() or c == " ")

    return float(jiwer.wer(plain(said), plain(heard)))


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 48_000])
def test_speech_of_any_sample_rate_is_understood(recognizer: Recognizer, sample_rate: int) -> None:
    heard = recognizer.transcribe(speech(sample_rate, SENTENCES[0]), sample_rate)

    assert word_errors(SENTENCES[0], heard) < 0.1


def test_speech_longer_than_the_model_can_follow_is_understood(recognizer: Recognizer) -> None:
    pcm = speech(8_000, *SENTENCES * 3)
    assert len(pcm) / 8_000 > 2 * LONGEST_S

    assert word_errors(" ".join(SENTENCES * 3), recognizer.transcribe(pcm, 8_000)) < 0.1


@pytest.mark.parametrize("samples", [0, 10, 8_000])
def test_silence_has_no_words(recognizer: Recognizer, samples: int) -> None:
    assert recognizer.transcribe(np.zeros(samples, np.int16), 8_000) == ""


def test_a_dtmf_digit_has_no_words(recognizer: Recognizer) -> None:
    seconds = np.arange(4_000) / 8_000
    tone = np.sin(2 * np.pi * 697 * seconds) + np.sin(2 * np.pi * 1209 * seconds)

    assert recognizer.transcribe((tone * 8_000).astype(np.int16), 8_000) == ""


async def test_a_process_recognizes_for_several_callers() -> None:
    async with RecognizerProcess() as process:
        heard = await asyncio.gather(
            *(process.recognize(speech(16_000, said), 16_000) for said in SENTENCES)
        )

    for said, transcript in zip(SENTENCES, heard, strict=True):
        assert word_errors(said, transcript.text) < 0.1
        assert 0.5 < transcript.confidence <= 1


async def test_a_caller_that_gives_up_does_not_disturb_the_next() -> None:
    async with RecognizerProcess() as process:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(process.recognize(speech(16_000, SENTENCES[1]), 16_000), 0.001)

        heard = await process.recognize(speech(16_000, SENTENCES[0]), 16_000)

    assert word_errors(SENTENCES[0], heard.text) < 0.1


async def test_callers_learn_that_the_process_has_ended() -> None:
    process = RecognizerProcess()
    async with process:
        waiting = asyncio.create_task(process.recognize(speech(16_000, *SENTENCES), 16_000))
        await asyncio.sleep(0)  # the task has asked

    with pytest.raises(RecognizerEnded, match="process ended"):
        await waiting
    with pytest.raises(RecognizerEnded):
        await process.recognize(speech(16_000, SENTENCES[0]), 16_000)
