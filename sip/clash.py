"""What LiveKit refuses to keep side by side.

Two inbound trunks clash over a number, whatever their addresses or credentials; only callers told
apart by `allowed_numbers` avoid it. Two dispatch rules clash when they answer one trunk under the
same pin and number filters. The source of both is livekit/protocol, sip/sip.go.
"""

from __future__ import annotations

import re

from sip.model import DispatchRule, InboundTrunk


def shared_numbers(one: InboundTrunk, other: InboundTrunk) -> tuple[str, ...]:
    """The numbers that both trunks claim; none when their callers are told apart."""
    told_apart = one.allowed_numbers and other.allowed_numbers
    if told_apart and not _plain(one.allowed_numbers) & _plain(other.allowed_numbers):
        return ()
    return tuple(sorted(_plain(one.numbers) & _plain(other.numbers)))


def rules_clash(one: DispatchRule, other: DispatchRule) -> bool:
    """Whether two rules without pin and filters answer the same trunk."""
    return not set(one.trunks).isdisjoint(other.trunks)


def _plain(numbers: tuple[str, ...]) -> set[str]:
    """As LiveKit compares trunk numbers: without punctuation, always with the plus."""
    return {f"+{re.sub(r'[^0-9]', '', number)}" for number in numbers}
