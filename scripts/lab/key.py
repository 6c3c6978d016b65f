"""Which API keys the emulated providers take: every one but `wrong`."""

from __future__ import annotations

WRONG = "wrong"


def is_right(key: str) -> bool:
    """Whether a provider takes this key."""
    return key.strip() not in ("", WRONG)
