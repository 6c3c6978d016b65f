"""When speech starts, pauses and ends: voice probabilities in, events out; no audio, no clock.

Deepgram ends a segment after `endpointing` ms without voice, 25 ms in LiveKit's plugin. Our
recogniser hears whole segments, not a stream, and words suffer when it gets half a phrase: a pause
shorter than SHORTEST_PAUSE_S ends nothing, however small `endpointing` is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

WINDOW_S = 0.032  # Silero's window: 512 samples at 16 kHz, 256 at 8 kHz
VOICE_BEGINS = 0.5  # Silero's own threshold
VOICE_STAYS = 0.35  # and its hysteresis: 0.15 less
ONSET_WINDOWS = 2  # a single window of voice is a click
SHORTEST_PAUSE_S = 0.192
HINT_S = 0.064  # a gap this long is worth a transcript: often it becomes the final one
INTERIM_S = 0.3
LONG_S = 7.0  # from here on a segment ends at the next gap
LONGEST_S = 10.0
SILENCE_S = 5.0  # between the empty results sent while nobody speaks
PRE_ROLL_S = 0.25
TAIL_S = 0.2


@dataclass(frozen=True)
class Span:
    """A stretch of the stream, in seconds from its beginning."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Segment:
    """Voice to be transcribed together: where to listen, and the voiced spans in it."""

    listen: Span
    voiced: tuple[Span, ...]


@dataclass(frozen=True)
class SpeechStarted:
    """The caller began to speak."""

    at_s: float


@dataclass(frozen=True)
class SpeechGoesOn:
    """More of an open segment was heard; `pausing` when it may be the whole of it."""

    segment: Segment
    pausing: bool


@dataclass(frozen=True)
class SegmentEnded:
    """No more voice joins this segment; None when all of the utterance's voice was final before."""

    segment: Segment | None
    speech_final: bool


@dataclass(frozen=True)
class UtteranceEnded:
    """`utterance_end_ms` passed since the last voice."""

    last_voice_end_s: float


@dataclass(frozen=True)
class NobodySpeaks:
    """Some seconds passed without any speech."""


Event = SpeechStarted | SpeechGoesOn | SegmentEnded | UtteranceEnded | NobodySpeaks


@dataclass
class Segmenter:
    """Follows one stream, window by window.

    `endpointing_ms` None: pauses end no segment. `utterance_end_ms` None: no UtteranceEnded.
    """

    endpointing_ms: int | None
    utterance_end_ms: int | None = None
    _now: int = 0
    _run: int = 0  # voiced windows in a row
    _quiet: int = 0  # windows since the last voice
    _voiced: list[tuple[int, int]] = field(default_factory=list)  # spans of the open segment
    _free_from: int = 0  # audio before it belongs to a segment that has ended
    _last_voice_end: int = 0
    _next_interim: int = 0
    _next_silence: int = 0
    _in_utterance: bool = False
    _utterance_end_due: bool = False

    def __post_init__(self) -> None:
        self._pause = (
            None
            if self.endpointing_ms is None
            else _windows(max(self.endpointing_ms / 1000, SHORTEST_PAUSE_S))
        )
        self._utterance_gap = (
            None if self.utterance_end_ms is None else _windows(self.utterance_end_ms / 1000)
        )
        self._next_silence = _windows(SILENCE_S)

    @property
    def now_s(self) -> float:
        """How much of the stream was fed, in seconds."""
        return self._now * WINDOW_S

    @property
    def needed_from_s(self) -> float:
        """Audio before this moment can be forgotten."""
        first = self._voiced[0][0] if self._voiced else self._now - self._run
        return max(self._free_from * WINDOW_S, first * WINDOW_S - PRE_ROLL_S, 0.0)

    def feed(self, probability: float) -> list[Event]:
        """Takes the voice probability of the next WINDOW_S of audio."""
        self._now += 1
        if probability >= (VOICE_STAYS if self._run else VOICE_BEGINS):
            self._run += 1
            return self._hear_voice()
        self._run = 0
        self._quiet += 1
        return self._hear_quiet()

    def finalize(self) -> Segment | None:
        """Ends the open segment because the client says so; returns it."""
        if self._pause is None:
            self._in_utterance = False  # no pause will ever end it
        return self._close()

    def _hear_voice(self) -> list[Event]:
        if self._run < ONSET_WINDOWS and not self._voiced:
            return []
        events: list[Event] = []
        start = self._now - self._run
        if not self._in_utterance:
            self._in_utterance = True
            events.append(SpeechStarted(start * WINDOW_S))
        if not self._voiced:
            self._next_interim = max(start, self._free_from) + _windows(INTERIM_S)
        self._extend(start)
        if self._now - self._voiced[0][0] >= _windows(LONGEST_S):
            return [*events, SegmentEnded(self._close(), speech_final=False)]
        if self._now >= self._next_interim:
            self._next_interim = self._now + _windows(INTERIM_S)
            events.append(SpeechGoesOn(self._segment(), pausing=False))
        return events

    def _extend(self, start: int) -> None:
        if self._voiced and self._quiet == 0:
            self._voiced[-1] = (self._voiced[-1][0], self._now)
        else:
            self._voiced.append((max(start, self._free_from), self._now))
        self._quiet = 0
        self._last_voice_end = self._now
        self._utterance_end_due = True

    def _hear_quiet(self) -> list[Event]:
        events: list[Event] = []
        if self._voiced:
            events += self._hear_gap()
        elif self._in_utterance and self._pause is not None and self._quiet >= self._pause:
            self._in_utterance = False
            events.append(SegmentEnded(None, speech_final=True))
        events += self._hear_utterance_end()
        if self._in_utterance:
            self._next_silence = self._now + _windows(SILENCE_S)
        elif self._now >= self._next_silence:
            self._next_silence = self._now + _windows(SILENCE_S)
            events.append(NobodySpeaks())
        return events

    def _hear_gap(self) -> list[Event]:
        if self._pause is not None and self._quiet >= self._pause:
            self._in_utterance = False
            return [SegmentEnded(self._close(), speech_final=True)]
        if self._quiet < _windows(HINT_S):
            return []
        if self._now - self._voiced[0][0] >= _windows(LONG_S):
            return [SegmentEnded(self._close(), speech_final=False)]
        if self._quiet == _windows(HINT_S):
            self._next_interim = self._now + _windows(INTERIM_S)
            return [SpeechGoesOn(self._segment(), pausing=True)]
        return []

    def _hear_utterance_end(self) -> list[Event]:
        if self._utterance_gap is None or self._quiet < self._utterance_gap:
            return []
        if not self._utterance_end_due:
            return []
        self._utterance_end_due = False
        events: list[Event] = []
        if self._voiced:
            events.append(SegmentEnded(self._close(), speech_final=False))
        self._in_utterance = False
        return [*events, UtteranceEnded(self._last_voice_end * WINDOW_S)]

    def _close(self) -> Segment | None:
        if not self._voiced:
            return None
        segment = self._segment()
        self._free_from = self._last_voice_end  # the silence since may be the next one's pre-roll
        self._voiced = []
        return segment

    def _segment(self) -> Segment:
        voiced = tuple(Span(start * WINDOW_S, end * WINDOW_S) for start, end in self._voiced)
        end_s = min(voiced[-1].end_s + TAIL_S, self.now_s)
        return Segment(Span(self.needed_from_s, end_s), voiced)


def _windows(seconds: float) -> int:
    return math.ceil(round(seconds / WINDOW_S, 6))
