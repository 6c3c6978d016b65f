"""Which dispatch rule takes a call that was let in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from sip.deployment import Deployed
from sip.match import as_compared, lists, normalised, serves
from sip.model import DispatchRule, InboundTrunk
from sip.route.call import IncomingCall, Lost
from sip.route.words import listed
from sip.secret import SealedSecret, Secret


def collisions(
    rules: Sequence[Deployed[DispatchRule]], trunk: Deployed[InboundTrunk] | None
) -> Iterator[Lost[DispatchRule]]:
    """Rules that share a place: LiveKit refuses to store them, and when they are there all the
    same, such as from an older release, it refuses every call that it would ask them about."""
    holders: dict[tuple[str, ...], Deployed[DispatchRule]] = {}
    for rule in rules:
        if trunk is not None and rule.resource.trunks and not serves(rule, trunk):
            continue
        for place in _places(rule):
            other = holders.setdefault(place, rule)
            if other is not rule or len(set(_places(rule))) < len(_places(rule)):
                yield Lost(rule, "collides", f"it asks for the same calls as {other.id}")
                break


def _places(rule: Deployed[DispatchRule]) -> list[tuple[str, ...]]:
    declared = rule.resource
    pin = declared.pin
    return [
        (
            pin.value if isinstance(pin, Secret) else "",
            trunk,
            normalised(caller),
            normalised(called),
        )
        for trunk, caller, called in product(
            rule.trunk_ids or declared.trunks or ("",),
            as_compared(declared, declared.inbound_numbers) or ("",),
            as_compared(declared, declared.numbers) or ("",),
        )
    ]


def rule_of(
    rules: Sequence[Deployed[DispatchRule]],
    trunk: Deployed[InboundTrunk] | None,
    call: IncomingCall,
    pin: str | None,
) -> tuple[Deployed[DispatchRule] | None, tuple[Lost[DispatchRule], ...]]:
    """The rule that takes the call once the caller has typed `pin`, or nothing yet."""
    lost = [found for rule in rules if (found := _rule_loss(rule, trunk, call, pin))]
    left = [rule for rule in rules if all(rule is not one.item for one in lost)]
    first = min(left, key=_precedence, default=None)
    for rule in left:
        if first is None or rule is first:
            continue
        if first.resource.trunks and not rule.resource.trunks:
            lost.append(Lost(rule, "any-trunk", "a rule that names the trunk goes first"))
        else:
            lost.append(Lost(rule, "precedence", _why_first(first.resource, rule.resource)))
    return first, tuple(lost)


def _rule_loss(
    rule: Deployed[DispatchRule],
    trunk: Deployed[InboundTrunk] | None,
    call: IncomingCall,
    pin: str | None,
) -> Lost[DispatchRule] | None:
    declared = rule.resource
    called = as_compared(declared, declared.numbers)
    callers = as_compared(declared, declared.inbound_numbers)
    if declared.trunks and (trunk is None or not serves(rule, trunk)):
        return Lost(rule, "trunk", f"it serves only the trunks {listed(declared.trunks)}")
    if called and call.to_number not in called:
        return Lost(rule, "called-number", _to_the_letter("numbers", called, call.to_number))
    if callers and call.from_number not in callers:
        return Lost(rule, "caller", _to_the_letter("callers", callers, call.from_number))
    if pin == "" and declared.pin:
        return Lost(rule, "pin", "the caller went on without a pin")
    if pin and not declared.pin:
        return Lost(rule, "pin", "it has no pin, and the caller has typed one")
    if pin and not _opens(declared.pin, pin):
        return Lost(rule, "pin", "the caller has typed another pin")
    return None


def _opens(pin: Secret | SealedSecret | None, typed: str) -> bool:
    if isinstance(pin, SealedSecret):
        return pin.opens_with(Secret(typed))
    return pin == Secret(typed)


def _precedence(rule: Deployed[DispatchRule]) -> tuple[bool, int, str, str]:
    """Rules are asked in this order."""
    declared = rule.resource
    order = {"direct": 0, "individual": 1, "callee": 2}[declared.type]
    order += 0 if declared.pin else 100
    order += 0 if declared.inbound_numbers else 1000
    order += 0 if declared.numbers else 1000
    return not declared.trunks, order, declared.room_name or declared.room_prefix, rule.id


def _why_first(first: DispatchRule, other: DispatchRule) -> str:
    narrowness = bool(first.numbers) + bool(first.inbound_numbers)
    if narrowness > bool(other.numbers) + bool(other.inbound_numbers):
        return "a rule for certain numbers goes first"
    if first.pin and not other.pin:
        return "a rule with a pin goes first"
    if first.type != other.type:
        return f"a rule of type {first.type} goes before one of type {other.type}"
    return "of equal rules the one whose room comes first in the alphabet goes first"


def _to_the_letter(what: str, wanted: Sequence[str], got: str) -> str:
    sentence = f"its {what} are {listed(wanted)}"
    if lists(wanted, got):
        sentence += f", compared letter by letter with {got!r}"
    return sentence
