"""The two verbs: plan what would change, and apply the plan that was seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

from sip import plan as planning
from sip.declaration import Declaration
from sip.deployment import Deployed, Deployment
from sip.diff import Change, Create, Delete, Replace
from sip.errors import StalePlanError
from sip.model import InboundTrunk, Resource
from sip.plan import Plan


class Target(Protocol):
    """Where plans are applied: `sip.remote.Remote`."""

    def fetch(self) -> Awaitable[Deployment]:
        """All that is deployed."""

    def create(self, resource: Resource, trunk_ids: dict[str, str]) -> Awaitable[str]:
        """Deploys a new object and returns its id."""

    def replace(
        self, object_id: str, resource: Resource, trunk_ids: dict[str, str]
    ) -> Awaitable[None]:
        """Overwrites a deployed object."""

    def delete(self, existing: Deployed[Resource]) -> Awaitable[None]:
        """Removes a deployed object."""


async def plan(declaration: Declaration, target: Target, *, prune: bool = False) -> Plan:
    """What `apply` would do now.

    Raises:
        SipError: LiveKit cannot be asked, or something stands in the way.
    """
    return planning.make(declaration, await target.fetch(), prune=prune)


async def apply(shown: Plan, target: Target) -> AsyncIterator[Change]:
    """Makes the changes of `shown`, in order, yielding each one once it is made.

    When it ends early, what was made stays; planning again finds the rest.

    Raises:
        StalePlanError: LiveKit changed since; nothing was done.
        RemoteError: LiveKit cannot be asked, or refused one change.
    """
    deployment = await target.fetch()
    current = planning.make(shown.declaration, deployment, prune=shown.prune)
    if current.checksum() != shown.checksum():
        raise StalePlanError(
            "LiveKit was changed by someone else since the plan was shown; "
            "nothing was done, look at the new plan."
        )
    trunk_ids = deployment.trunk_ids()
    trunk_ids |= {
        change.resource.name: change.existing.id
        for change in current.changes
        if isinstance(change, Replace) and isinstance(change.resource, InboundTrunk)
    }
    for change in current.changes:
        await _make(change, target, trunk_ids)
        yield change


async def _make(change: Change, target: Target, trunk_ids: dict[str, str]) -> None:
    match change:
        case Create(resource):
            object_id = await target.create(resource, trunk_ids)
            if isinstance(resource, InboundTrunk):
                trunk_ids[resource.name] = object_id
        case Replace(existing, resource):
            await target.replace(existing.id, resource, trunk_ids)
        case Delete(existing):
            await target.delete(existing)
