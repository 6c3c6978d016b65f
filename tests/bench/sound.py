"""An answer as it is heard at the caller's end of the line."""

from __future__ import annotations

import functools

import numpy as np

from lab.voice import Voice
from tests.bench.answers import Answer, Line, Notes, Part, Speaker
from tests.checks.line import SAMPLE_RATE, Wave, alaw, mulaw, noise, tone

BABBLE = (
    "And then she said that the train was late again, so we took the other one.",
    "Do you want another coffee, or should we ask for the bill now?",
    "The meeting was moved to Thursday, but nobody has told the people in Boston.",
)
CHORDS_HZ = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
LONGEST_S = 25.0


@functools.cache
def heard(answer: Answer) -> tuple[Wave, float | None]:
    """LONGEST_S of the line at SAMPLE_RATE, and when the first words are over, in seconds."""
    waves = [_wave(part, answer.speaker) for part in answer.parts]
    ends = np.cumsum([len(wave) for wave in waves]) / SAMPLE_RATE
    over_s = next(
        (float(end) for end, part in zip(ends, answer.parts, strict=True) if isinstance(part, str)),
        None,
    )
    sound = np.zeros(round(LONGEST_S * SAMPLE_RATE))
    spoken = np.concatenate(waves)
    sound[: len(spoken)] = spoken * answer.line.gain
    codec = {"pcmu": mulaw, "pcma": alaw}[answer.line.codec]
    return codec(sound + _noise(answer.line, len(sound))), over_s


def lasts_s(answer: Answer) -> float:
    """Until the last part is over."""
    return sum(len(_wave(part, answer.speaker)) for part in answer.parts) / SAMPLE_RATE


@functools.cache
def _wave(part: Part, speaker: Speaker) -> Wave:
    if isinstance(part, str):
        return _say(part, speaker)
    if isinstance(part, float):
        return np.zeros(round(part * SAMPLE_RATE))
    return _notes(part)


def _say(text: str, speaker: Speaker) -> Wave:
    voice = Voice(pitch=speaker.pitch, pace=speaker.pace)
    return voice.say(text, SAMPLE_RATE).astype(np.float64) / 32768


def _notes(part: Notes) -> Wave:
    wave = sum((tone(hz, part.lasts_s, part.level) for hz in part.hz), np.zeros(1))
    if part.fades:
        wave = wave * np.exp(-np.arange(len(wave)) / (len(wave) / 4))
    return wave


def _noise(line: Line, samples: int) -> Wave:
    wave = _NOISES[line.noise](samples)
    return np.asarray(wave / np.sqrt(np.mean(wave**2)) * line.noise_level)


@functools.cache
def _hiss(samples: int) -> Wave:
    return noise(samples, 1.0)


@functools.cache
def _hum(samples: int) -> Wave:
    seconds = samples / SAMPLE_RATE
    return np.asarray(tone(60, seconds, 1.0) + tone(120, seconds, 0.5) + tone(180, seconds, 0.3))


@functools.cache
def _babble(samples: int) -> Wave:
    talk = np.zeros(samples)
    for index, pitch in enumerate((0.7, 0.85, 1.0, 1.1)):
        voice = Voice(pitch=pitch)
        said = np.concatenate([voice.say(text, SAMPLE_RATE) for text in BABBLE])
        talk += np.resize(np.roll(said, index * SAMPLE_RATE), samples)
    return talk


@functools.cache
def _music(samples: int) -> Wave:
    bars = [sum((tone(hz, 0.6, 1.0) for hz in chord), np.zeros(1)) for chord in CHORDS_HZ]
    return np.resize(np.concatenate(bars), samples)


_NOISES = {"hiss": _hiss, "hum": _hum, "babble": _babble, "music": _music}
