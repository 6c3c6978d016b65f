"""What is wanted: whom to call, as whom, over which trunk. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RING_S = 30
"""How long it rings; a US mailbox takes the call after 20 to 25 s, a hang-up before 15 s may not
count as unanswered: 47 CFR 64.1200(a)(6)."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """One call that is wanted and may be placed: `bot/dial.py` has allowed it."""

    number: str
    """Who is called, in E.164."""
    from_number: str
    """The number of ours that is shown, in E.164."""
    persona: str
    variables: Mapping[str, str] = field(default_factory=dict)
    trunk: str
    """The outbound trunk's name, for people."""
    trunk_id: str
    ring_s: int = RING_S
