"""Labelled answers to outbound calls: `answers.toml`, dealt out to speakers and telephone lines."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.pickup import Pickup

TABLE = Path(__file__).with_name("answers.toml")
LEAD_S = 0.4
"""From the answer to the first word; people lift the phone to their ear."""


@dataclass(frozen=True)
class Notes:
    """Frequencies that sound together for some seconds."""

    hz: tuple[float, ...]
    lasts_s: float
    level: float = 0.2
    fades: bool = False


@dataclass(frozen=True)
class Speaker:
    """The one offline voice, made to differ."""

    pitch: float
    pace: float


@dataclass(frozen=True)
class Line:
    """What the telephone network does to a sound."""

    codec: str
    noise: str
    """One of hiss, hum, babble and music."""
    noise_level: float
    """Root mean square of full scale; speech has some 0.1 before the gain."""
    gain: float = 1.0


Part = str | float | Notes
"""Words, seconds of silence, or tones."""


@dataclass(frozen=True)
class Answer:
    """One call that is taken."""

    name: str
    who: Pickup
    parts: tuple[Part, ...]
    speaker: Speaker
    line: Line


SPEAKERS = (
    Speaker(1.0, 1.0),
    Speaker(0.8, 1.0),
    Speaker(0.75, 1.15),
    Speaker(1.15, 1.1),
    Speaker(0.9, 0.85),
    Speaker(0.7, 0.95),
    Speaker(1.25, 1.25),
)
LINES = (
    Line("pcmu", "hiss", 0.0005),
    Line("pcma", "hiss", 0.002),
    Line("pcmu", "babble", 0.006),
    Line("pcmu", "hiss", 0.001, gain=0.3),
    Line("pcma", "hum", 0.01),
    Line("pcmu", "hiss", 0.006),
    Line("pcma", "music", 0.01),
    Line("pcma", "babble", 0.015),
    Line("pcmu", "hiss", 0.001, gain=2.0),
)
BEEPS = (
    Notes((1000,), 0.4),
    Notes((440,), 0.5),
    Notes((850,), 0.25),
    Notes((1400,), 0.2),
    Notes((1000,), 0.8, fades=True),
    Notes((620,), 0.9, level=0.05),
    Notes((1800,), 0.15),
)


def answers() -> Iterator[Answer]:
    """All of them, the same each time."""
    speakers, lines = itertools.cycle(SPEAKERS), itertools.cycle(LINES)
    beeps = itertools.cycle(BEEPS)
    for who, rows in tomllib.loads(TABLE.read_text()).items():
        for number, row in enumerate(rows, 1):
            parts = tuple(_parts(row, beeps))
            if not isinstance(parts[0], float):
                parts = (LEAD_S, *parts)
            name = f"{who}-{number}"
            yield Answer(name, Pickup(who), parts, next(speakers), next(lines))


def _parts(row: str, beeps: Iterator[Notes]) -> Iterator[Part]:
    for bracketed, words in re.findall(r"\[(.+?)\]|([^\[\s][^\[]*)", row):
        match bracketed.split():
            case []:
                yield words.strip()
            case ["beep"]:
                yield next(beeps)
            case [seconds]:
                yield float(seconds)
            case [hz, seconds]:
                yield Notes(tuple(float(each) for each in hz.split("+")), float(seconds), 0.1)
