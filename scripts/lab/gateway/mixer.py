"""Several people in the room, one loudspeaker in the phone: mixing to 20 ms frames of 8 kHz."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from lab.gateway.telephone_event import FRAME_SAMPLES

Samples = NDArray[np.int16]

START_FRAMES = 2
"""Frames in hand before a lane plays: 40 ms against the jitter of two clocks in one process."""
MAX_FRAMES = 5
"""More than this much waiting is delay, not protection: the oldest goes."""


class Lane:
    """The audio of one track, waiting for its turn."""

    def __init__(self) -> None:
        self._frames: deque[Samples] = deque()
        self._playing = False

    def push(self, frame: Samples) -> None:
        """Adds one frame of 20 ms."""
        self._frames.append(frame)
        if len(self._frames) > MAX_FRAMES:
            while len(self._frames) > START_FRAMES:
                self._frames.popleft()

    def pull(self) -> Samples | None:
        """Takes the frame that is due, or None while the lane fills."""
        self._playing = self._playing or len(self._frames) >= START_FRAMES
        if self._playing and self._frames:
            return self._frames.popleft()
        self._playing = False
        return None

    def clear(self) -> None:
        """Forgets what waits."""
        self._frames.clear()
        self._playing = False


class Mixer:
    """Adds up its lanes."""

    def __init__(self) -> None:
        self._lanes: set[Lane] = set()

    def open(self) -> Lane:
        """A lane for one more track."""
        lane = Lane()
        self._lanes.add(lane)
        return lane

    def close(self, lane: Lane) -> None:
        """Takes a track's lane away."""
        self._lanes.discard(lane)

    def clear(self) -> None:
        """Forgets what waits in every lane."""
        for lane in self._lanes:
            lane.clear()

    def mix(self) -> Samples:
        """The next 20 ms: silence when nobody speaks."""
        frames = [frame for lane in self._lanes if (frame := lane.pull()) is not None]
        if not frames:
            return np.zeros(FRAME_SAMPLES, np.int16)
        if len(frames) == 1:
            return frames[0]
        total: NDArray[np.int32] = np.sum(frames, axis=0, dtype=np.int32)
        return np.clip(total, -32768, 32767).astype(np.int16)
