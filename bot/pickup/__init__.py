"""Who or what took an outbound call: a person, or which kind of machine."""

from __future__ import annotations

from bot.pickup.judgement import Evidence, Judgement, Pickup

__all__ = ["Evidence", "Judgement", "Pickup"]
