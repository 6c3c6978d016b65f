"""Which trunk lets a call in."""

from __future__ import annotations

from collections.abc import Sequence

from sip.deployment import Deployed
from sip.match import lets_in, lists
from sip.model import InboundTrunk
from sip.route.call import IncomingCall, Lost
from sip.route.words import listed


def trunk_of(
    trunks: Sequence[Deployed[InboundTrunk]], call: IncomingCall
) -> tuple[Deployed[InboundTrunk] | None, tuple[Lost[InboundTrunk], ...]]:
    """The trunk that lets the call in: one with the number before one without numbers."""
    lost = [found for trunk in trunks if (found := _trunk_loss(trunk, call))]
    left = [trunk for trunk in trunks if all(trunk is not one.item for one in lost)]
    specific = [trunk for trunk in left if trunk.resource.numbers]
    first = specific or left
    for trunk in left if specific else ():
        if not trunk.resource.numbers:
            lost.append(Lost(trunk, "any-number", "a trunk that names the number goes first"))
    if len(first) > 1:
        lost += [Lost(t, "two-match", "another trunk matches just as well") for t in first]
    return (first[0] if len(first) == 1 else None), tuple(lost)


def _trunk_loss(trunk: Deployed[InboundTrunk], call: IncomingCall) -> Lost[InboundTrunk] | None:
    declared = trunk.resource
    if declared.numbers and not lists(declared.numbers, call.to_number):
        return Lost(trunk, "called-number", f"its numbers are {listed(declared.numbers)}")
    if declared.allowed_numbers and not lists(declared.allowed_numbers, call.from_number):
        allowed = listed(declared.allowed_numbers)
        return Lost(trunk, "caller", f"it lets in only the callers {allowed}")
    if not lets_in(declared, call.source_ip, call.from_host):
        allowed = listed(declared.allowed_addresses)
        return Lost(trunk, "address", f"it lets in only calls from {allowed}")
    return None
