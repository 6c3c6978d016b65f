"""Where the phone finds sound."""

from __future__ import annotations

import numpy as np
import pytest

from lab.phone.sound import SAMPLE_RATE, Samples, SoundDetector, levels_dbfs, utterances


def tone(seconds: float, dbfs: float = -20.0, sample_rate: int = SAMPLE_RATE) -> Samples:
    at = np.arange(round(seconds * sample_rate)) / sample_rate
    peak = 32767 * np.sqrt(2) * 10 ** (dbfs / 20)
    samples: Samples = (peak * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
    return samples


def noise(seconds: float, dbfs: float) -> Samples:
    samples = np.random.default_rng(7).normal(size=round(seconds * SAMPLE_RATE))
    return (samples * 32767 * 10 ** (dbfs / 20)).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.int16)


def test_a_level_is_the_rms_over_full_scale_of_each_10_ms() -> None:
    assert levels_dbfs(tone(0.05, -20.0)) == pytest.approx([-20.0] * 5, abs=0.5)


def test_a_short_last_frame_has_a_level_too() -> None:
    assert len(levels_dbfs(tone(0.015))) == 2


def test_silence_has_no_utterance() -> None:
    assert utterances(silence(1.0)) == []
    assert utterances(silence(0.0)) == []


def test_comfort_noise_is_not_sound() -> None:
    assert utterances(noise(2.0, -52.0)) == []


def test_sound_over_comfort_noise_is_found_to_a_frame() -> None:
    samples = noise(2.0, -55.0)
    samples[4000:8000] += tone(0.5)
    assert utterances(samples) == [pytest.approx((0.5, 1.0), abs=0.011)]


def test_a_pause_between_words_does_not_split_an_utterance() -> None:
    samples = np.concatenate([tone(0.3), silence(0.15), tone(0.3)])
    assert utterances(samples) == [pytest.approx((0.0, 0.75), abs=0.011)]


def test_a_longer_pause_splits_it() -> None:
    samples = np.concatenate([tone(0.3), silence(0.4), tone(0.3)])
    assert utterances(samples) == [
        pytest.approx((0.0, 0.3), abs=0.011),
        pytest.approx((0.7, 1.0), abs=0.011),
    ]


def test_a_click_is_not_an_utterance() -> None:
    assert utterances(np.concatenate([silence(0.3), tone(0.02), silence(0.3)])) == []


def test_the_threshold_can_be_moved() -> None:
    assert utterances(tone(0.5, -50.0)) == []
    assert len(utterances(tone(0.5, -50.0), threshold_dbfs=-55.0)) == 1


def test_other_sample_rates_give_the_same_times() -> None:
    samples = np.concatenate([np.zeros(12000, np.int16), tone(0.5, sample_rate=24000)])
    assert utterances(samples, 24000) == [pytest.approx((0.5, 1.0), abs=0.011)]


def test_pieces_give_what_the_whole_gives_on_the_clock_they_lie_on() -> None:
    samples = np.concatenate([silence(0.2), tone(0.3), silence(0.5), tone(0.1), silence(0.1)])
    detector = SoundDetector()
    for start in range(0, len(samples), 160):
        detector.feed(1000.0 + start / SAMPLE_RATE, samples[start : start + 160])
    whole = [(1000 + span.start_s, 1000 + span.end_s) for span in utterances(samples)]
    assert detector.utterances() == [pytest.approx(span) for span in whole]


def test_an_utterance_is_known_while_it_goes_on() -> None:
    detector = SoundDetector()
    detector.feed(5.0, tone(0.04))
    assert detector.utterances() == [pytest.approx((5.0, 5.04))]


def test_no_packets_at_all_count_as_a_pause() -> None:
    detector = SoundDetector()
    detector.feed(1.0, tone(0.1))
    detector.feed(2.0, tone(0.1))
    assert [span.start_s for span in detector.utterances()] == [1.0, 2.0]
