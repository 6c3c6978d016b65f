"""Lints of trunks and rules that do not get along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sip.clash import Places, clash
from sip.deployment import Deployed
from sip.lint.finding import Flaw, Scene, lint_for, named
from sip.match import lists, normalised, serves
from sip.model import DispatchRule, InboundTrunk, Resource

R = TypeVar("R", bound=Resource)


@lint_for(
    "overlapping-trunks",
    "error",
    why="LiveKit refuses to create the second, and where both are there every such call gets 503",
    remedy="leave the number to one of them",
)
def overlapping_trunks(scene: Scene) -> Iterator[Flaw]:
    """Trunks with one number and the same callers."""
    for one, other in _rivals(scene.deployment.inbound_trunks):
        if bool(one.resource.allowed_numbers) == bool(other.resource.allowed_numbers):
            yield one, _shared(one, other)


@lint_for(
    "conflict-at-call-time",
    "error",
    why="LiveKit creates both, then finds two trunks for one call and answers 503",
    remedy="leave the number to one of them, or give both disjoint allowed_numbers",
)
def conflict_at_call_time(scene: Scene) -> Iterator[Flaw]:
    """Trunks with one number, of which only one says whose calls it takes."""
    for one, other in _rivals(scene.deployment.inbound_trunks):
        if bool(one.resource.allowed_numbers) != bool(other.resource.allowed_numbers):
            yield one, f"{_shared(one, other)}, and only one of them has allowed_numbers"


@lint_for(
    "overlapping-rules",
    "error",
    why="LiveKit refuses to create the second, and where both are there every such call gets 503",
    remedy="tell them apart by numbers or pin, or remove one",
)
def overlapping_rules(scene: Scene) -> Iterator[Flaw]:
    """Rules that take the same calls, or one that names a number in two forms."""
    for one, other in _rivals(scene.deployment.rules):
        yield one, _shared(one, other)
    for rule in scene.deployment.rules:
        for numbers in (rule.resource.numbers, rule.resource.inbound_numbers):
            if len({normalised(number) for number in numbers}) < len(numbers):
                yield rule, "names one number in two forms, which clash with each other"


@lint_for(
    "own-number-as-caller",
    "error",
    why="The inbound_numbers are those of callers, so nobody else ever reaches the rule",
    remedy="write our own numbers as numbers",
)
def own_number_as_caller(scene: Scene) -> Iterator[Flaw]:
    """Rules that mistake called for caller."""
    ours = [
        number
        for trunk in scene.deployment.inbound_trunks
        if trunk.owner_name is not None
        for number in trunk.resource.numbers
    ]
    for rule in scene.deployment.rules:
        callers = rule.resource.inbound_numbers
        if own := [number for number in callers if lists(ours, number)]:
            yield rule, f"takes calls only from {', '.join(own)}, which is our own"


@lint_for(
    "media-encryption-mismatch",
    "error",
    why="The rule's word holds unless it is disable, so one of the two does not do what it says",
    remedy="say the same in both, or in one of them only",
)
def media_encryption_mismatch(scene: Scene) -> Iterator[Flaw]:
    """Rules and trunks that disagree on SRTP."""
    for rule in scene.deployment.rules:
        wanted = rule.resource.media.encryption
        for trunk in scene.deployment.inbound_trunks if wanted else ():
            said = trunk.resource.media.encryption
            if said not in (None, wanted) and serves(rule, trunk):
                yield rule, f"says encryption {wanted}, and {named(trunk)} says {said}"


def _rivals(items: Sequence[Deployed[R]]) -> Iterator[tuple[Deployed[R], Deployed[R]]]:
    """Pairs that clash, ours first."""
    by_resource = {id(item.resource): item for item in items}
    places = Places()
    for item in items:
        for rival in places.rivals(item.resource):
            other = by_resource[id(rival)]
            pair = (other, item) if item.owner_name is None else (item, other)
            yield pair
        places.add(item.resource)


def _shared(
    one: Deployed[InboundTrunk] | Deployed[DispatchRule],
    other: Deployed[InboundTrunk] | Deployed[DispatchRule],
) -> str:
    shared = ", ".join(clash(one.resource, other.resource))
    return f"shares {shared} with {named(other)}"
