"""Who or what took an outbound call: a person, or which kind of machine."""

from __future__ import annotations

from bot.pickup.judge import Judge
from bot.pickup.judgement import Evidence, Judgement, Pickup
from bot.pickup.tones import Sound, Tone, Tones

__all__ = [
    "Evidence",
    "Judge",
    "Judgement",
    "Pickup",
    "Sound",
    "Tone",
    "Tones",
]
