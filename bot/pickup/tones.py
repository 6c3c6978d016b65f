"""Hears the tones of machines on a telephone line: beeps, special information tones, fax tones.

Pure. Each 64 ms of sound is looked at every 20 ms. What has nearly all its power at one frequency,
which does not move, is a tone: a voice has overtones and never stands still, a DTMF key, ringback
and busy tones have two frequencies (ITU-T Q.23, E.180 annex for North America).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 8000  # Hz, the telephone's
WINDOW = 512
HOP = 160
HOP_S = HOP / SAMPLE_RATE
SHAPE = np.hanning(WINDOW + 1)[:-1]
BIN_HZ = SAMPLE_RATE / WINDOW
LOWEST, HIGHEST = round(300 / BIN_HZ), round(3400 / BIN_HZ)
"""The bins that are looked at; below are hum and the fundamentals of most voices."""

PURE = 0.72
"""Share of the power in the strongest bin and its two neighbours; a clean tone has 0.98."""
QUIETEST = 60.0
"""Root mean square of int16 samples: -55 dB of full scale."""
ALONE = 0.4
"""How loud it may be before and after a beep, against the beep: notes of music and the vowel that
somebody draws out have sound about them."""
STEADY_HZ = 4.0
"""How far a tone's frequency may lie from its mean so far; noise moves it by 2 Hz."""
ROWS_HZ, COLUMNS_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
TWIST = 0.1
"""ITU-T Q.24: the weaker of a key's two tones may be 8 dB down."""
DROPOUT = 2
"""Windows that a tone may miss: a click, or the phase reversals of ITU-T V.8's answer tone."""
APART_S = 0.1
"""Tones that are closer follow upon each other: the three of a SIT are at most 30 ms apart."""
EDGE_S = 0.01
"""From a tone's edge to the middle of the first or last window that is told to be it."""

BEEP = ((390.0, 2050.0), (0.11, 2.5))
"""Hz and seconds, as in those that follow."""
RINGING = ((417.0, 433.0), (0.2, 2.5))
"""425 Hz is ringing and busy in most of the world (ITU-T E.180): no mailbox beeps in it."""
CNG = ((1080.0, 1120.0), (0.42, 0.58))
"""ITU-T T.30: 1100 Hz, half a second with a tolerance of 15 %."""
CED = ((2080.0, 2120.0), (0.8, 30.0))
"""ITU-T T.30: 2100 Hz for 2.6 to 4 s; told after 0.8 s, for nothing else sounds like it."""
SIT_HZ = ((890.0, 1010.0), (1345.0, 1455.0), (1745.0, 1810.0))
SIT_S = (0.2, 0.45)
"""ITU-T E.180: 950, 1400 and 1800 Hz with tolerances; Telcordia SR-2275: 913.8 or 985.2, 1370.6 or
1428.5, and 1776.7 Hz, each 274 or 380 ms."""

Pcm = npt.NDArray[np.int16]


class Sound(StrEnum):
    """What a tone on the line is."""

    BEEP = "beep"
    SIT = "sit"
    """The special information tones: three that rise."""
    CNG = "cng"
    """A fax machine that calls; a beep of 1100 Hz may sound the same."""
    CED = "ced"
    """A fax machine or a modem that answers."""


@dataclass(frozen=True)
class Tone:
    """A tone and when it sounded, in seconds from the first sample that was fed."""

    sound: Sound
    began_s: float
    ended_s: float
    """For CED, which is told while it sounds, up to now."""


@dataclass
class _Note:
    """One frequency that is held."""

    hz: float
    """The mean so far."""
    level: float
    """Root mean square, likewise."""
    began_s: float
    ended_s: float
    before: float
    """The level before it began, and the one when it was over."""
    after: float = 0.0
    windows: int = 1
    missed: int = 0
    told: bool = False

    def goes_on(self, hz: float, level: float, now_s: float) -> None:
        self.windows += 1
        self.hz += (hz - self.hz) / self.windows
        self.level += (level - self.level) / self.windows
        self.ended_s, self.missed = now_s, 0

    def fits(self, band_hz: tuple[float, float], for_s: tuple[float, float]) -> bool:
        lasted_s = self.ended_s - self.began_s
        return band_hz[0] <= self.hz <= band_hz[1] and for_s[0] <= lasted_s <= for_s[1]


class Tones:
    """Hears the tones in one call's sound: feed it as it comes."""

    def __init__(self) -> None:
        self._sound = np.zeros(0)
        self._windows = 0
        self._note: _Note | None = None
        self._tune: list[_Note] = []
        """Notes that follow upon each other, and are over."""
        self._levels = deque([0.0] * (DROPOUT + 2), maxlen=DROPOUT + 2)

    def feed(self, pcm: Pcm) -> list[Tone]:
        """The tones that these samples bring to an end: int16 mono at SAMPLE_RATE, any number."""
        self._sound = np.concatenate([self._sound, pcm])
        told: list[Tone] = []
        while len(self._sound) >= WINDOW:
            middle_s = (self._windows * HOP + WINDOW / 2) / SAMPLE_RATE
            window = self._sound[:WINDOW]
            self._levels.append(math.sqrt(np.dot(window, window) / WINDOW))
            told += self._look(_frequency(window), middle_s)
            self._sound = self._sound[HOP:]
            self._windows += 1
        return told

    def _look(self, hz: float | None, now_s: float) -> list[Tone]:
        note, level = self._note, self._levels[-1]
        if note and hz is not None and abs(hz - note.hz) <= STEADY_HZ:
            note.goes_on(hz, level, now_s + EDGE_S)
            return self._answer_tone(note)
        if note and note.missed < DROPOUT:
            note.missed += 1
            return []
        if note and note.fits(*BEEP) and not note.told:
            note.after = level
            self._tune.append(note)
        self._note = None
        if hz is not None and level > QUIETEST:
            self._note = _Note(hz, level, now_s - EDGE_S, now_s + EDGE_S, self._levels[0])
        latest = self._note.began_s if self._note else now_s
        if not self._tune or latest - self._tune[-1].ended_s <= APART_S:
            return []
        tune, self._tune = self._tune, []
        return _recognised(tune)

    def _answer_tone(self, note: _Note) -> list[Tone]:
        if note.told or not note.fits(*CED):
            return []
        note.told = True
        return [Tone(Sound.CED, note.began_s, note.ended_s)]


def _frequency(window: npt.NDArray[np.float64]) -> float | None:
    """Where nearly all power of `window` is, in Hz, or None if it is spread."""
    power = np.abs(np.fft.rfft(window * SHAPE)) ** 2 + 1.0
    top = LOWEST + int(power[LOWEST:HIGHEST].argmax())
    left, middle, right = power[top - 1 : top + 2]
    if left + middle + right < PURE * power[LOWEST:HIGHEST].sum():
        return None
    slope, bend = np.log(left / right), np.log(left * right / middle**2)
    hz = float((top + slope / bend / 2) * BIN_HZ)  # the top of the parabola through the three
    power[top - 3 : top + 4] = 0.0
    second = LOWEST + int(power[LOWEST:HIGHEST].argmax())
    is_key = power[second] > TWIST * middle and _is_key(*sorted((hz, second * BIN_HZ)))
    return None if is_key else hz


def _is_key(low_hz: float, high_hz: float) -> bool:
    """Whether the two are a DTMF key's, which need not be equally strong."""
    to_row_hz, to_column_hz = (
        float(np.abs(np.subtract(group, hz)).min())
        for group, hz in ((ROWS_HZ, low_hz), (COLUMNS_HZ, high_hz))
    )
    return max(to_row_hz, to_column_hz) < 1.6 * BIN_HZ


def _recognised(tune: list[_Note]) -> list[Tone]:
    """What notes in a row are; a melody of three is music, unless it is known."""
    began_s, ended_s = tune[0].began_s, tune[-1].ended_s
    for first in (0, 1):  # of the first one a part may be missing
        if len(tune) == 3 - first and all(
            note.fits(band, SIT_S) for note, band in zip(tune, SIT_HZ[first:], strict=True)
        ):
            return [Tone(Sound.SIT, began_s, ended_s)]
    alone = tune[0].before < ALONE * tune[0].level and tune[-1].after < ALONE * tune[-1].level
    if len(tune) > 2 or not alone or any(note.fits(*RINGING) for note in tune):
        return []
    sound = Sound.CNG if len(tune) == 1 and tune[0].fits(*CNG) else Sound.BEEP
    return [Tone(sound, began_s, ended_s)]
