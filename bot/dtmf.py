"""Keys the caller presses: gathered into one entry, then told to the model as a turn."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit import rtc

ENTRY_PAUSE_S = 1.5
"""Silence on the keypad that ends an entry."""
TERMINATOR = "#"
NOTE = re.compile(r"\[The caller pressed [0-9*#A-D ]+\]")


def note(keys: str) -> str:
    """What the model reads of an entry; spaced, so that it is digits and not an amount."""
    return f"[The caller pressed {' '.join(keys)}]"


def masked(text: str) -> str:
    """`text` without the keys: an entry may be a card number."""
    return NOTE.sub("[The caller pressed keys]", text)


class Keypad:
    """Gathers the phone's RFC 4733 events, which arrive as the room's `sip_dtmf_received`."""

    def __init__(
        self,
        room: rtc.Room,
        identity: str,
        *,
        on_key: Callable[[], None],
        on_entry: Callable[[str], object],
    ) -> None:
        self._room = room
        self._identity = identity
        self._on_key = on_key
        self._on_entry = on_entry
        self._keys = ""
        self._pause: asyncio.TimerHandle | None = None
        room.on("sip_dtmf_received", self._pressed)

    def close(self) -> None:
        """Stops listening and drops an unfinished entry."""
        self._room.off("sip_dtmf_received", self._pressed)
        if self._pause is not None:
            self._pause.cancel()

    def flush(self) -> None:
        """Tells an unfinished entry now: whoever pressed it may have hung up at once."""
        if self._pause is not None:
            self._pause.cancel()
        if self._keys:
            self._complete()

    def _pressed(self, event: rtc.SipDTMF) -> None:
        if event.participant is None or event.participant.identity != self._identity:
            return
        self._on_key()
        self._keys += event.digit.upper()
        if self._pause is not None:
            self._pause.cancel()
        if event.digit == TERMINATOR:
            self._complete()
        else:
            self._pause = asyncio.get_running_loop().call_later(ENTRY_PAUSE_S, self._complete)

    def _complete(self) -> None:
        keys, self._keys = self._keys, ""
        self._on_entry(keys)
