"""From what is declared and what is deployed to the changes between them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sip.deployment import Deployed
from sip.model import Resource
from sip.secret import SealedSecret, Secret


@dataclass(frozen=True)
class FieldChange:
    """One field that differs; `old` and `new` hide secrets when shown as text."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Create:
    """Declared, and not deployed by us."""

    resource: Resource


@dataclass(frozen=True)
class Replace:
    """Deployed, and different: by us, or by somebody else whose object the declaration adopts.

    Only a full replace reaches every field in LiveKit's API.
    """

    existing: Deployed[Resource]
    resource: Resource
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True)
class Delete:
    """Deployed by us, and no longer declared."""

    existing: Deployed[Resource]


Change = Create | Replace | Delete


def diff(declared: Sequence[Resource], deployed: Sequence[Deployed[Resource]]) -> list[Change]:
    """Changes that turn our deployed objects of one kind into the declared ones.

    Objects that are not ours take no part unless a declaration adopts them. Of two with the same
    mark, left by an interrupted or doubled run, the lowest id stays.
    """
    ours: dict[str, Deployed[Resource]] = {}
    surplus: list[Deployed[Resource]] = []
    names = {resource.name for resource in declared}
    for existing in sorted(deployed, key=lambda item: item.id):
        if existing.owner_name is None:
            continue
        if existing.owner_name in names and existing.owner_name not in ours:
            ours[existing.owner_name] = existing
        else:
            surplus.append(existing)
    foreign = {item.id: item for item in deployed if item.owner_name is None}
    changes: list[Change] = []
    for resource in declared:
        if resource.name not in ours and (adopted := foreign.get(resource.adopt)):
            ownership = FieldChange("owner", "somebody else", "us")
            changes.append(
                Replace(adopted, resource, (ownership, *field_changes(adopted, resource)))
            )
        elif resource.name not in ours:
            changes.append(Create(resource))
        elif differing := field_changes(ours[resource.name], resource):
            changes.append(Replace(ours[resource.name], resource, differing))
    return changes + [Delete(existing) for existing in surplus]


def field_changes(existing: Deployed[Resource], declared: Resource) -> tuple[FieldChange, ...]:
    """The fields in which a deployed object differs from its declaration."""
    old, new = dict(existing.resource.deployed_fields()), dict(declared.deployed_fields())
    old["name"], new["name"] = existing.resource.name, declared.name
    found = [
        FieldChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*new, *old])
        if not _equal(old.get(name), new.get(name))
    ]
    found += [FieldChange(name, "set by hand", None) for name in existing.undeclared]
    return tuple(found)


def _equal(old: object, new: object) -> bool:
    if isinstance(old, SealedSecret) and isinstance(new, Secret):
        return old.opens_with(new)
    if isinstance(old, Secret) and isinstance(new, str):  # a header that is declared in clear
        return old.value == new
    return (old or None) == (new or None)
