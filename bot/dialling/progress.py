"""What becomes of a call while it is placed, as it happens. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.pickup import Pickup


@dataclass(frozen=True)
class Stage:
    """How far the call has come."""

    name: Literal["waiting-for-the-bot", "dialling", "ringing", "answered"]


@dataclass(frozen=True)
class PickedUp:
    """Who or what took it, as it is judged now."""

    who: Pickup


@dataclass(frozen=True)
class Said:
    """A sentence, when it is complete."""

    who: Literal["bot", "callee"]
    text: str


Progress = Stage | PickedUp | Said
