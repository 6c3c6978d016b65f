"""The changes in the order they can be made, counted and checksummed; or why there can be none."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar, cast

from sip.clash import Places, clash
from sip.declaration import Declaration
from sip.deployment import Deployed, Deployment
from sip.diff import Change, Create, Delete, FieldChange, Replace, diff
from sip.errors import ObstacleError
from sip.model import DispatchRule, InboundTrunk, OutboundTrunk, Resource, label
from sip.secret import SealedSecret, Secret

R = TypeVar("R", bound=Resource)

ACTIONS: dict[type[Change], str] = {Create: "create", Replace: "replace", Delete: "delete"}

MOST_DELETED = 0.3
"""Of what is ours; a plan that deletes more is more often a mistake than a wish."""


@dataclass(frozen=True)
class Plan:
    """What applying the declarations would change, and what it would leave alone."""

    declaration: Declaration
    prune: bool
    changes: tuple[Change, ...]
    leftover: tuple[Deployed[Resource], ...]
    """Ours, no longer declared, kept because deletes were not asked for."""
    foreign: tuple[Deployed[Resource], ...]
    """Not ours: never touched."""
    outcome: Deployment
    """What is deployed once it is applied; what it creates has no id yet."""
    owned: int
    """How many objects are ours before it."""

    @property
    def in_sync(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes

    @property
    def deletes_much(self) -> bool:
        """Whether more than MOST_DELETED of what is ours would be gone."""
        return self.counts()["delete"] > MOST_DELETED * self.owned

    def counts(self) -> dict[str, int]:
        """How many changes of each action, zeros included."""
        found = Counter(ACTIONS[type(change)] for change in self.changes)
        return {action: found[action] for action in ACTIONS.values()}

    def checksum(self) -> str:
        """Twelve hex digits that differ when the plan does; made without the secrets."""
        text = json.dumps([describe(change) for change in self.changes], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def make(declaration: Declaration, deployment: Deployment, *, prune: bool = False) -> Plan:
    """Plans the way from `deployment` to `declaration`; deletes only when `prune`.

    Deletes come first and rules before trunks, so that what they held is free; then trunks before
    the rules that name them, and of one kind first those that free what another one asks for.

    Raises:
        ObstacleError: something that stays claims a declared number or trunk.
    """
    inbound = diff(declaration.inbound_trunks, deployment.inbound_trunks)
    outbound = diff(declaration.outbound_trunks, deployment.outbound_trunks)
    rules = diff(declaration.rules, deployment.rules)
    deletes = [c for c in [*rules, *inbound, *outbound] if isinstance(c, Delete)]
    leftover = () if prune else tuple(change.existing for change in deletes)
    taken = {id(c.existing) for c in [*inbound, *outbound, *rules] if isinstance(c, Replace)}
    foreign = tuple(i for i in deployment if i.owner_name is None and id(i) not in taken)
    lost = _lost_adoptions([*inbound, *outbound, *rules])
    if obstacle := next(chain(lost, _obstacles(declaration, [*foreign, *leftover])), None):
        raise obstacle
    writes: list[Change] = []
    for kind in (inbound, outbound, rules):
        wanted = [change for change in kind if not isinstance(change, Delete)]
        writes += _freeing_first(wanted)
    owned = sum(1 for item in deployment if item.owner_name is not None)
    changes = (*deletes, *writes) if prune else tuple(writes)
    outcome = _outcome(declaration, deployment, [*leftover, *foreign])
    return Plan(declaration, prune, changes, leftover, foreign, outcome, owned)


def unmake(deployment: Deployment) -> Plan:
    """Plans the end of everything that is ours."""
    return make(Declaration(), deployment, prune=True)


def _outcome(
    declaration: Declaration, deployment: Deployment, staying: Sequence[Deployed[Resource]]
) -> Deployment:
    ids = {(item.resource.kind, item.owner_name): item.id for item in deployment}
    deployed = {item.id for item in deployment}
    all_of_it = [
        *staying,
        *(
            Deployed(
                ids.get((r.kind, r.name)) or (r.adopt if r.adopt in deployed else ""), r, r.name
            )
            for r in declaration
        ),
    ]

    def of(kind: type[R]) -> tuple[Deployed[R], ...]:
        return tuple(cast("Deployed[R]", d) for d in all_of_it if isinstance(d.resource, kind))

    return Deployment(of(InboundTrunk), of(OutboundTrunk), of(DispatchRule))


def _freeing_first(changes: Sequence[Create | Replace]) -> Iterator[Change]:
    """The changes in an order in which none asks for what another one has yet to free.

    Raises:
        ObstacleError: they ask each other for what they hold.
    """
    places = Places(c.existing.resource for c in changes if isinstance(c, Replace))
    waiting = list(changes)
    while waiting:
        blocked: list[Create | Replace] = []
        for change in waiting:
            own = change.existing.resource if isinstance(change, Replace) else None
            rivals = (rival for rival in places.rivals(change.resource) if rival is not own)
            if next(rivals, None) is not None:
                blocked.append(change)
                continue
            if own is not None:
                places.remove(own)
            yield change
        if len(blocked) == len(waiting):
            first, second = blocked[0].resource, blocked[1].resource
            raise ObstacleError(
                f"{label(first)} and {label(second)} ask each other for what they hold, and "
                "LiveKit lets nobody hold it twice; take it out of both, provision, then put it in."
            )
        waiting = blocked


def _lost_adoptions(changes: Sequence[Change]) -> Iterator[ObstacleError]:
    for change in changes:
        if isinstance(change, Create) and change.resource.adopt:
            yield ObstacleError(
                f"{label(change.resource)} adopts {change.resource.adopt}, which is not there to "
                "be adopted; remove adopt from the declaration to create it. Nothing was changed."
            )


def _obstacles(
    declaration: Declaration, staying: Sequence[Deployed[Resource]]
) -> Iterator[ObstacleError]:
    by_resource = {id(item.resource): item for item in staying}
    places = Places(item.resource for item in staying)
    for wanted in declaration:
        for rival in places.rivals(wanted):
            yield _obstacle(by_resource[id(rival)], wanted)


def _obstacle(item: Deployed[Resource], wanted: Resource) -> ObstacleError:
    claim = f"holds {', '.join(clash(item.resource, wanted))}"
    if item.owner_name is None:
        remedy = "it is not ours, so delete it or free it by hand, or --import it"
    else:
        remedy = "it is ours but no longer declared, so run again with --prune"
    return ObstacleError(
        f"{label(item.resource)} ({item.id}) {claim}, which {label(wanted)} asks for, "
        f"and LiveKit allows only one; {remedy}. Nothing was changed."
    )


def describe(change: Change) -> dict[str, Any]:
    """The change as plain JSON values, secrets masked."""
    resource = change.existing.resource if isinstance(change, Delete) else change.resource
    described: dict[str, Any] = {
        "action": ACTIONS[type(change)],
        "resource": label(resource),
        "id": None if isinstance(change, Create) else change.existing.id,
    }
    described["why"] = _why(change)
    described["fields"] = {
        field.name: {"from": _shown(field.old), "to": _shown(field.new)}
        for field in _field_changes(change)
    }
    return described


def _why(change: Change) -> str:
    match change:
        case Create():
            return "declared, not deployed"
        case Delete():
            return "ours, no longer declared"
        case Replace(existing) if existing.owner_name is None:
            return "deployed by somebody else, adopted by the declaration"
        case Replace():
            return "deployed, not as declared"


def _field_changes(change: Change) -> tuple[FieldChange, ...]:
    if isinstance(change, Replace):
        return change.fields
    resource = change.resource if isinstance(change, Create) else change.existing.resource
    filled = {name: value for name, value in resource.deployed_fields() if value}
    if isinstance(change, Create):
        return tuple(FieldChange(name, None, value) for name, value in filled.items())
    return tuple(FieldChange(name, value, None) for name, value in filled.items())


def _shown(value: object) -> object:
    if isinstance(value, Secret | SealedSecret):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
