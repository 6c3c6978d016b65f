"""What takes the line, one packet of 20 ms at a time: clips and digits."""

from __future__ import annotations

import asyncio

import numpy as np
from aiortp import DtmfEvent
from aiortp.dtmf import DTMF_EVENTS

from lab.phone.errors import PhoneError
from lab.phone.sound import SAMPLE_RATE, Samples, Span, utterances

PACKET_S = 0.02
PACKET_SAMPLES = round(PACKET_S * SAMPLE_RATE)
SILENCE: Samples = np.zeros(PACKET_SAMPLES, np.int16)

_DIGIT_PACKETS = 8  # 160 ms of tone
_PAUSE_PACKETS = 4  # 80 ms until the next digit
_VOLUME = 10  # -10 dBm0 (RFC 4733 section 2.3.3)
_LAST_PACKETS = 3  # the end is sent thrice, against loss (RFC 4733 section 2.5.1.4)


class Clip:
    """Audio on its way out.

    `done` becomes the span of its sound on the phone's clock when its last sample has left;
    cancelling `done` takes it off the line. Raises PhoneError for anything but int16 mono samples.
    """

    def __init__(self, samples: Samples) -> None:
        if samples.dtype != np.int16 or samples.ndim != 1 or not len(samples):
            raise PhoneError("only int16 mono audio at 8 kHz with at least one sample can be said")
        self.done: asyncio.Future[Span] = asyncio.get_running_loop().create_future()
        self._samples = samples
        self._left_s: list[float] = []  # when each packet left

    def packet(self, now_s: float) -> Samples:
        """The samples that leave at `now_s`, filled up with silence."""
        start = len(self._left_s) * PACKET_SAMPLES
        piece = self._samples[start : start + PACKET_SAMPLES]
        self._left_s.append(now_s)
        if start + PACKET_SAMPLES >= len(self._samples):
            self.done.set_result(self._sound())
        return np.pad(piece, (0, PACKET_SAMPLES - len(piece)))

    def _sound(self) -> Span:
        """From its first sound to its last; the whole clip when it is all silence."""
        sounds = utterances(self._samples)
        first = round(sounds[0].start_s * SAMPLE_RATE) if sounds else 0
        end = round(sounds[-1].end_s * SAMPLE_RATE) if sounds else len(self._samples)
        last = min(end, len(self._samples)) - 1
        return Span(self._clock(first), self._clock(last) + 1 / SAMPLE_RATE)

    def _clock(self, index: int) -> float:
        packet, within = divmod(index, PACKET_SAMPLES)
        return self._left_s[packet] + within / SAMPLE_RATE


class Digit:
    """A telephone-event (RFC 4733) on its way out, with the pause after it.

    `done` becomes true then; cancelling it takes the rest off the line. Raises PhoneError for
    anything that is no key of a telephone.
    """

    def __init__(self, digit: str) -> None:
        if digit.upper() not in DTMF_EVENTS:
            raise PhoneError("a phone has the keys 0-9, *, # and A-D only")
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.began = 0  # the RTP timestamp that all its packets carry
        self._event = DTMF_EVENTS[digit.upper()]
        self._packets = 0

    def payloads(self, timestamp: int) -> list[tuple[int, bytes]]:
        """The event's packets for this tick as (marker, payload): none in the pause after it."""
        self._packets += 1
        if self._packets == 1:
            self.began = timestamp
        if self._packets == _DIGIT_PACKETS + _PAUSE_PACKETS:
            self.done.set_result(True)
        if self._packets > _DIGIT_PACKETS:
            return []
        end = self._packets == _DIGIT_PACKETS
        duration = self._packets * PACKET_SAMPLES
        event = DtmfEvent(event=self._event, end=end, volume=_VOLUME, duration=duration)
        marker = int(self._packets == 1)
        return [(marker, event.serialize())] * (_LAST_PACKETS if end else 1)
