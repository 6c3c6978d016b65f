"""The changes in the order they can be made, counted and checksummed; or why there can be none."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sip.clash import rules_clash, shared_numbers
from sip.declaration import Declaration
from sip.deployment import Deployed, Deployment
from sip.diff import Change, Create, Delete, FieldChange, Replace, diff
from sip.errors import ObstacleError
from sip.model import DispatchRule, InboundTrunk, Resource, label
from sip.secret import SealedSecret, Secret

ACTIONS: dict[type[Change], str] = {Create: "create", Replace: "replace", Delete: "delete"}


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

    @property
    def in_sync(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes

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
    the rules that name them.

    Raises:
        ObstacleError: something that stays claims a declared number or trunk.
    """
    trunks = diff(declaration.trunks, deployment.trunks)
    rules = diff(declaration.rules, deployment.rules)
    deletes = [change for change in [*rules, *trunks] if isinstance(change, Delete)]
    writes = [change for change in [*trunks, *rules] if not isinstance(change, Delete)]
    leftover = () if prune else tuple(change.existing for change in deletes)
    everything: list[Deployed[Resource]] = [*deployment.trunks, *deployment.rules]
    foreign = tuple(item for item in everything if item.owner_name is None)
    if obstacle := next(_obstacles(declaration, [*foreign, *leftover]), None):
        raise obstacle
    changes = (*deletes, *writes) if prune else tuple(writes)
    return Plan(declaration, prune, changes, leftover, foreign)


def _obstacles(
    declaration: Declaration, staying: Iterable[Deployed[Resource]]
) -> Iterator[ObstacleError]:
    for item in staying:
        if isinstance(item.resource, InboundTrunk):
            for trunk in declaration.trunks:
                if numbers := shared_numbers(item.resource, trunk):
                    yield _obstacle(item, f"has the number {', '.join(numbers)}", trunk)
        elif isinstance(item.resource, DispatchRule) and not item.narrowed:
            for rule in declaration.rules:
                if rules_clash(item.resource, rule):
                    yield _obstacle(item, "answers the trunk", rule)


def _obstacle(item: Deployed[Resource], claim: str, wanted: Resource) -> ObstacleError:
    if item.owner_name is None:
        remedy = "it is not ours, so delete it or free it by hand"
    else:
        remedy = "it is ours but no longer declared, so run again with --prune"
    return ObstacleError(
        f"{label(item.resource)} ({item.id}) {claim} that {label(wanted)} asks for, "
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
    described["fields"] = {
        field.name: {"from": _shown(field.old), "to": _shown(field.new)}
        for field in _field_changes(change)
    }
    return described


def _field_changes(change: Change) -> tuple[FieldChange, ...]:
    if isinstance(change, Replace):
        return change.fields
    resource = change.resource if isinstance(change, Create) else change.existing.resource
    values = {name: getattr(resource, name) for name in type(resource).model_fields}
    filled = {name: value for name, value in values.items() if name != "name" and value}
    if isinstance(change, Create):
        return tuple(FieldChange(name, None, value) for name, value in filled.items())
    return tuple(FieldChange(name, value, None) for name, value in filled.items())


def _shown(value: object) -> object:
    if isinstance(value, Secret | SealedSecret):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
