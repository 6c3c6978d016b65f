"""How a phone takes a transfer: its answers to REFER (RFC 3515)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Transfer = Literal["done", "busy", "declined", "not-allowed", "no-notify", "hangs-up"]
"""What comes of a REFER: 202 then NOTIFY 200 or 486; 603; 405; 202 alone; 202 then BYE."""


class Answer(NamedTuple):
    """The status of the REFER, then those that NOTIFY reports, then perhaps BYE."""

    status: int
    reports: tuple[int, ...] = ()
    hangs_up: bool = False


ANSWERS: Mapping[Transfer, Answer] = {
    "done": Answer(202, (100, 180, 200)),
    "busy": Answer(202, (100, 486)),
    "declined": Answer(603),
    "not-allowed": Answer(405),
    "no-notify": Answer(202),
    "hangs-up": Answer(202, (100,), hangs_up=True),
}
