"""Every tone is heard from sound that was made here, on a line that hisses a little."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from bot.pickup import Sound, Tone, Tones
from bot.pickup.tones import SAMPLE_RATE
from lab.voice import Voice
from tests.checks.line import alaw, mulaw, noise, tone

Wave = npt.NDArray[np.float64]


def heard(*parts: Wave, chunk: int = 160, hiss: float = 0.001) -> list[Tone]:
    quiet = np.zeros(SAMPLE_RATE // 2)
    wave = np.concatenate([quiet, *parts, quiet])
    pcm = ((wave + noise(len(wave), hiss)) * 32767).astype(np.int16)
    tones = Tones()
    chunks = [pcm[begin : begin + chunk] for begin in range(0, len(pcm), chunk)]
    return [told for samples in chunks for told in tones.feed(samples)]


def sounds(*parts: Wave, hiss: float = 0.001) -> list[Sound]:
    return [told.sound for told in heard(*parts, hiss=hiss)]


def pause(seconds: float) -> Wave:
    return np.zeros(round(seconds * SAMPLE_RATE))


@pytest.mark.parametrize("hz", [440, 620, 850, 1000, 1400, 1850, 2000])
@pytest.mark.parametrize("lasts_s", [0.15, 0.3, 1.2])
def test_a_beep_is_told_with_its_ends_when_it_is_over(hz: float, lasts_s: float) -> None:
    (beep,) = heard(tone(hz, lasts_s))

    assert beep.sound is Sound.BEEP
    assert beep.began_s == pytest.approx(0.5, abs=0.03)
    assert beep.ended_s == pytest.approx(0.5 + lasts_s, abs=0.03)


@pytest.mark.parametrize("chunk", [1, 80, 441, 100_000])
def test_the_size_of_the_chunks_changes_nothing(chunk: int) -> None:
    assert heard(tone(1000, 0.3), chunk=chunk) == heard(tone(1000, 0.3))


@pytest.mark.parametrize("codec", [mulaw, alaw])
@pytest.mark.parametrize("level", [0.02, 0.1, 0.5])
def test_beeps_survive_a_codec_and_a_weak_line(codec: Callable[[Wave], Wave], level: float) -> None:
    assert sounds(codec(tone(1000, 0.3, level))) == [Sound.BEEP]


def test_beeps_of_many_kinds_are_beeps() -> None:
    overtone = tone(900, 0.4) + tone(1800, 0.4, 0.06)
    fading = tone(1000, 0.8) * np.exp(-np.arange(round(0.8 * SAMPLE_RATE)) / 1500)
    two = np.concatenate([tone(800, 0.2), tone(1200, 0.2)])
    for beep in (overtone, fading, two):
        assert sounds(beep) == [Sound.BEEP]
    assert sounds(tone(1000, 0.3), hiss=0.05) == [Sound.BEEP]
    assert sounds(tone(1000, 0.2), pause(0.3), tone(1000, 0.2)) == [Sound.BEEP] * 2


@pytest.mark.parametrize(
    ("hz", "lasts_s", "gap_s"),
    [
        ((950, 1400, 1800), (0.33, 0.33, 0.33), 0.0),
        ((913.8, 1370.6, 1776.7), (0.274, 0.274, 0.38), 0.0),
        ((985.2, 1428.5, 1776.7), (0.38, 0.274, 0.38), 0.03),
    ],
)
def test_three_rising_tones_are_one_sit(
    hz: tuple[float, ...], lasts_s: tuple[float, ...], gap_s: float
) -> None:
    steps = [part for pair in zip(hz, lasts_s, strict=True) for part in (tone(*pair), pause(gap_s))]
    assert sounds(*steps) == [Sound.SIT]
    assert sounds(*steps[2:]) == [Sound.SIT]  # the answer came in the middle of the first


def test_fax_machines_are_told_by_their_tones() -> None:
    assert sounds(tone(1100, 0.5), pause(3.0), tone(1100, 0.5)) == [Sound.CNG] * 2
    (answer,) = heard(tone(2100, 3.0))
    assert answer.sound is Sound.CED
    assert answer.ended_s < 2.0  # told while it sounds

    half = round(0.45 * SAMPLE_RATE)  # V.8: the phase is reversed every 450 ms
    reversed_tone = tone(2100, 1.8) * np.repeat([1, -1, 1, -1], half)
    assert sounds(reversed_tone) == [Sound.CED]


def test_tones_of_two_frequencies_are_no_beeps() -> None:
    for low, high in ((440, 480), (480, 620), (350, 440), (400, 450)):
        assert sounds(tone(low, 1.0) + tone(high, 1.0)) == []
    for row in (697, 770, 852, 941):
        for column in (1209, 1336, 1477, 1633):
            for twist in (0.4, 1.0, 2.5):
                assert sounds(tone(row, 0.3, 0.1) + tone(column, 0.3, 0.1 * twist)) == []
    assert sounds(tone(425, 1.0)) == []  # ringing outside North America


@pytest.mark.parametrize("pitch", [0.7, 0.9, 1.2, 1.5])
def test_voices_are_no_beeps(pitch: float) -> None:
    voice = Voice(pitch=pitch)
    for said in (
        "Oh no! Oooooh. Hmmmm. Ahhh, hahahaha, hoohoohoo!",
        "Hellooooo? Who is it?",
        "You who knew, too few, do shoe the moon soon.",
        "She sells sea shells, yes, yes, yes.",
    ):
        assert sounds(voice.say(said, SAMPLE_RATE) / 32768) == []


def test_music_is_no_beep() -> None:
    melody = [tone(hz, 0.3) for hz in (523.3, 587.3, 659.3, 784.0, 659.3)]
    assert sounds(*melody) == []
    chord = tone(660, 0.5) + tone(830, 0.5)
    assert sounds(chord, tone(523.3, 1.0), chord) == []
