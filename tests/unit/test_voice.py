from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.clips import SAMPLE_RATE, Clips
from lab.voice import EDGE_S, PAUSE_S, SILENCE, Voice, trimmed

TEXT = "Thank you for calling. How can I help you?"


def quiet_edges_s(samples: NDArray[np.int16], sample_rate: int) -> tuple[float, float]:
    """Seconds of silence before and after the speech."""
    loud = np.flatnonzero(np.abs(samples.astype(float)) > SILENCE * 32768)
    return loud[0] / sample_rate, (len(samples) - loud[-1]) / sample_rate


def pitch_hz(samples: NDArray[np.int16], sample_rate: int) -> float:
    """The strongest periodicity between 80 and 300 Hz, by autocorrelation."""
    signal = samples.astype(float)
    spectrum = np.abs(np.fft.rfft(signal, 2 * len(signal))) ** 2
    correlation = np.fft.irfft(spectrum)
    shortest, longest = sample_rate // 300, sample_rate // 80
    return sample_rate / (shortest + int(correlation[shortest:longest].argmax()))


def test_silence_is_cut_down_to_a_narrow_edge() -> None:
    tone = np.full(1000, 0.5, np.float32)
    padded = np.concatenate([np.zeros(9000, np.float32), tone, np.zeros(9000, np.float32)])
    assert len(trimmed(padded, 1000)) == len(tone) + 2 * EDGE_S * 1000


def test_silence_alone_becomes_nothing() -> None:
    assert len(trimmed(np.zeros(100, np.float32), 1000)) == 0


@pytest.mark.parametrize("sample_rate", [8000, 44100])
def test_speech_starts_and_ends_with_its_words(sample_rate: int) -> None:
    samples = Voice().say(TEXT, sample_rate)
    assert samples.dtype == np.int16
    assert 1.5 < len(samples) / sample_rate < 4.0
    assert max(quiet_edges_s(samples, sample_rate)) < 0.08


def test_the_models_own_silence_can_be_kept() -> None:
    assert min(quiet_edges_s(Voice(trim=False).say(TEXT, 8000), 8000)) > 0.2


def test_sentences_come_one_by_one_and_are_joined_with_a_pause() -> None:
    first, second = Voice().sentences(TEXT, 8000)
    joined = Voice().say(TEXT, 8000)
    assert len(joined) == len(first) + PAUSE_S * 8000 + len(second)
    assert np.array_equal(joined[: len(first)], first)


def test_the_same_text_always_gives_the_same_samples() -> None:
    assert np.array_equal(Voice().say(TEXT, 8000), Voice().say(TEXT, 8000))


@pytest.mark.parametrize("text", ["", "  ", "...", "?!"])
def test_text_without_words_is_silent(text: str) -> None:
    assert len(Voice().say(text, 8000)) == 0


def test_the_caller_sounds_lower_and_speaks_no_slower() -> None:
    bot, caller = Voice().say(TEXT, 8000), Voice.caller().say(TEXT, 8000)
    assert pitch_hz(caller, 8000) < 0.9 * pitch_hz(bot, 8000)
    assert len(caller) < 1.2 * len(bot)


def test_a_voice_that_hurries_takes_less_time_at_the_same_pitch() -> None:
    calm, hurried = Voice().say(TEXT, 8000), Voice(pace=1.25).say(TEXT, 8000)
    assert len(hurried) < 0.9 * len(calm)
    assert pitch_hz(hurried, 8000) == pytest.approx(pitch_hz(calm, 8000), rel=0.1)


def test_a_clip_is_the_callers_voice_and_is_rendered_once() -> None:
    clips = Clips()
    clip = clips.clip(TEXT)
    assert np.array_equal(clip, Voice.caller().say(TEXT, SAMPLE_RATE))
    assert clips.clip(TEXT) is clip


def test_a_clip_is_found_again_by_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = Clips(tmp_path / "clips").clip(TEXT)
    monkeypatch.setattr(Voice, "say", lambda *_: pytest.fail("the clip was rendered again"))
    assert np.array_equal(Clips(tmp_path / "clips").clip(TEXT), spoken)
