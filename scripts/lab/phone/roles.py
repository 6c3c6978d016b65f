"""What the one who answered does on the line, role by role."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import numpy as np

from lab.phone.errors import CallOver, NoDigits, StillUp
from lab.phone.received import ReceivedCall
from lab.phone.script import Role, Script
from lab.phone.sound import SAMPLE_RATE, Samples

BEEP_HZ = 1000
BEEP_S = 0.5
_FOREVER_S = 24 * 3600.0

Act = Callable[[ReceivedCall, Script], Awaitable[None]]


CED_HZ, CED_S = 2100, 3.0
"""What a fax machine answers with (ITU-T T.30)."""
SIT_HZ, SIT_S = (950, 1400, 1800), 0.33
"""The special information tones before an announcement (ITU-T E.180)."""


def beep() -> Samples:
    """The tone after which a voicemail listens."""
    return tone(BEEP_HZ, BEEP_S)


def tone(hertz: float, for_s: float) -> Samples:
    """A sine at half of full scale."""
    at = np.arange(round(for_s * SAMPLE_RATE)) / SAMPLE_RATE
    return (16000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


async def perform(call: ReceivedCall, script: Script) -> None:
    """Plays the role of an answered call until it is over, or it is time to leave."""
    acting = asyncio.create_task(_act(call, script))
    try:
        with contextlib.suppress(StillUp):
            stay_s = script.leaves_after_s
            await call.ended(_FOREVER_S if stay_s is None else stay_s)
    finally:
        acting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await acting
    if script.role == "vanishes":
        call.vanishes()
    else:
        await call.hangs_up()


async def _act(call: ReceivedCall, script: Script) -> None:
    with contextlib.suppress(CallOver):  # the caller may hang up at any word
        await asyncio.sleep(script.after_ms / 1000)
        if script.role in _BEFORE:
            await call.says(_BEFORE[script.role])
        if script.words:
            await call.says(script.words)
        await _THEN.get(script.role, _listens)(call, script)


async def _listens(_: ReceivedCall, __: Script) -> None:
    """The recording hears all."""


async def _takes_a_message(call: ReceivedCall, _: Script) -> None:
    await call.says(beep())


async def _obeys_keys(call: ReceivedCall, script: Script) -> None:
    for count in range(1, 1000):
        try:
            digits = await call.hears_digits(count, _FOREVER_S)
        except NoDigits:
            return
        answer = script.menu.get(digits[count - 1])
        if answer:
            await call.says(answer)


_BEFORE: Mapping[Role, Samples] = {
    "fax": tone(CED_HZ, CED_S),
    "not-in-service": np.concatenate([tone(hertz, SIT_S) for hertz in SIT_HZ]),
}
_THEN: Mapping[Role, Act] = {"voicemail": _takes_a_message, "ivr": _obeys_keys}
