from __future__ import annotations

import asyncio

import pytest
from livekit import rtc

import bot.dtmf
from bot.dtmf import Keypad, masked, note


class Pressed:
    """A keypad on a real room, and what came of the keys."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.keys = 0
        self.entries: list[str] = []
        self.keypad = Keypad(self.room, "phone", on_key=self._count, on_entry=self.entries.append)

    def _count(self) -> None:
        self.keys += 1

    def press(self, keys: str, identity: str = "phone") -> None:
        for key in keys:
            participant = type("Participant", (), {"identity": identity})()
            event = rtc.SipDTMF(code=0, digit=key, participant=participant)
            self.room.emit("sip_dtmf_received", event)


async def test_a_pause_ends_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.dtmf, "ENTRY_PAUSE_S", 0.01)
    pressed = Pressed()
    pressed.press("12")
    assert pressed.entries == []
    await asyncio.sleep(0.05)
    assert pressed.entries == ["12"]
    assert pressed.keys == 2


async def test_a_hash_ends_an_entry_at_once() -> None:
    pressed = Pressed()
    pressed.press("12#3")
    assert pressed.entries == ["12#"]
    pressed.keypad.close()


async def test_other_participants_keys_are_not_the_callers() -> None:
    pressed = Pressed()
    pressed.press("1#", identity="somebody")
    assert pressed.entries == []


async def test_a_closed_keypad_drops_what_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.dtmf, "ENTRY_PAUSE_S", 0.01)
    pressed = Pressed()
    pressed.press("1")
    pressed.keypad.close()
    pressed.press("2#")
    await asyncio.sleep(0.03)
    assert pressed.entries == []


def test_the_model_reads_the_keys_and_the_record_does_not() -> None:
    assert note("12#") == "[The caller pressed 1 2 #]"
    assert masked(f"well {note('4*')}") == "well [The caller pressed keys]"
