"""What LiveKit refuses to keep side by side, or keeps and then cannot decide between.

Two inbound trunks clash over a number, whatever their addresses or credentials; only callers told
apart by `allowed_numbers` avoid it (a trunk with them beside one without passes creation, and then
every call fails with 503). Two dispatch rules clash when they answer one trunk under the same pin,
called number and caller. The source of both is livekit/protocol, sip/sip.go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import product

from sip.match import normalised
from sip.model import DispatchRule, InboundTrunk, Resource
from sip.secret import Secret


def clash(one: Resource, other: Resource) -> tuple[str, ...]:
    """What both claim: numbers of trunks, trunks of rules; empty when they get along."""
    match one, other:
        case InboundTrunk(), InboundTrunk():
            return _shared_numbers(one, other)
        case DispatchRule(), DispatchRule():
            shared = slots(one) & slots(other)
            return tuple(sorted({str(slot[1]) for slot in shared if isinstance(slot, tuple)}))
    return ()


def slots(resource: Resource) -> set[Hashable]:
    """The places that a resource takes; only resources that share one can clash."""
    match resource:
        case InboundTrunk():
            return {("number", number) for number in _plain(resource.numbers) or {""}}
        case DispatchRule():
            pin = resource.pin.value if isinstance(resource.pin, Secret) else str(resource.pin)
            trunks = resource.trunks or ("any trunk",)
            filters = (_plain(resource.numbers) or {""}, _plain(resource.inbound_numbers) or {""})
            return {("rule", trunk, pin, *rest) for trunk, *rest in product(trunks, *filters)}
    return set()


class Places:
    """Resources by the places they take."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._holders: dict[Hashable, list[Resource]] = defaultdict(list)
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Puts it into its places."""
        for slot in slots(resource):
            self._holders[slot].append(resource)

    def remove(self, resource: Resource) -> None:
        """Frees its places."""
        for slot in slots(resource):
            self._holders[slot] = [one for one in self._holders[slot] if one is not resource]

    def rivals(self, resource: Resource) -> Iterator[Resource]:
        """Every other resource that clashes with it, once each."""
        seen: set[int] = {id(resource)}
        for slot in slots(resource):
            for other in self._holders[slot]:
                if id(other) not in seen and clash(resource, other):
                    yield other
                seen.add(id(other))


def _shared_numbers(one: InboundTrunk, other: InboundTrunk) -> tuple[str, ...]:
    told_apart = one.allowed_numbers and other.allowed_numbers
    if told_apart and not _plain(one.allowed_numbers) & _plain(other.allowed_numbers):
        return ()
    if not one.numbers and not other.numbers:
        return ("every number",)
    return tuple(sorted(_plain(one.numbers) & _plain(other.numbers)))


def _plain(numbers: tuple[str, ...]) -> set[str]:
    """As LiveKit tells numbers apart when it looks for clashes."""
    return {normalised(number) for number in numbers}
