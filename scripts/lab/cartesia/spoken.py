"""The request log's line about one context or one HTTP answer."""

from __future__ import annotations

import time

from lab.cartesia.messages import Speak
from lab.faults import Control


class Spoken:
    """What was asked for and how far it got, in the request log as kind `speak`."""

    def __init__(self, control: Control, first: Speak, context_id: str | None) -> None:
        self._began = time.perf_counter()
        self._entry = control.record(
            "speak",
            context_id=context_id,
            text="",
            model=first.model_id,
            voice=first.voice_id,
            sample_rate=first.output_format.sample_rate,
            chunks=0,
            first_byte_ms=None,
            cancelled=False,
            done=False,
        )

    def heard(self, transcript: str) -> None:
        """A transcript came."""
        self._entry["text"] += transcript

    def sent(self) -> None:
        """A chunk of audio went out."""
        if not self._entry["chunks"]:
            self._entry["first_byte_ms"] = round((time.perf_counter() - self._began) * 1000, 1)
        self._entry["chunks"] += 1

    def done(self) -> None:
        """All of it went out."""
        self._entry["done"] = True

    def cancelled(self) -> None:
        """The client wanted no more of it, or hung up, before all of it went out."""
        self._entry["cancelled"] = not self._entry["done"]
