"""From any deployment to any declaration: the plan's changes, made in their order, get there."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sip.clash import Places
from sip.declaration import Declaration
from sip.deployment import Deployed, Deployment
from sip.errors import ObstacleError
from sip.model import Agent, DispatchRule, InboundTrunk, OutboundTrunk, Resource
from sip.reconcile import apply, plan

NUMBERS = [f"+120255501{n:02}" for n in range(6)]
NAMES = ["a", "b", "c"]
SOME_NUMBERS = st.lists(st.sampled_from(NUMBERS), max_size=3, unique=True).map(sorted).map(tuple)


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    """Declarations that could be loaded: none of them clash."""
    inbound = [
        InboundTrunk.model_construct(name=name, numbers=draw(SOME_NUMBERS))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    outbound = [
        OutboundTrunk.model_construct(
            name=name, address=draw(st.sampled_from(["x", "y"])), numbers=("+12025550100",)
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    agents = (Agent.model_construct(name="hotline"),)
    trunks = [trunk.name for trunk in inbound]
    rules = [
        DispatchRule.model_construct(
            name=name,
            trunks=tuple(sorted(draw(st.sets(st.sampled_from(trunks), min_size=1)))),
            numbers=draw(SOME_NUMBERS),
            agents=agents,
        )
        for name in (draw(st.lists(st.sampled_from(NAMES), unique=True)) if trunks else [])
    ]
    places = Places()
    for resource in (*inbound, *rules):
        assume(not list(places.rivals(resource)))
        places.add(resource)
    return Declaration(tuple(inbound), tuple(outbound), tuple(rules))


class Server:
    """Keeps objects, and refuses what LiveKit refuses."""

    def __init__(self) -> None:
        self.items: dict[str, Deployed[Resource]] = {}
        self._made = 0

    async def fetch(self) -> Deployment:
        def of(kind: type) -> tuple[object, ...]:
            return tuple(i for i in self.items.values() if isinstance(i.resource, kind))

        return Deployment(of(InboundTrunk), of(OutboundTrunk), of(DispatchRule))  # type: ignore[arg-type]

    async def create(self, resource: Resource, trunk_ids: dict[str, str]) -> str:
        self._made += 1
        object_id = f"{resource.kind}-{self._made:03}"
        self._keep(Deployed(object_id, resource, resource.name), trunk_ids)
        return object_id

    async def replace(self, object_id: str, resource: Resource, trunk_ids: dict[str, str]) -> None:
        self._keep(replace(self.items[object_id], resource=resource), trunk_ids)

    async def delete(self, existing: Deployed[Resource]) -> None:
        del self.items[existing.id]

    def _keep(self, item: Deployed[Resource], trunk_ids: dict[str, str]) -> None:
        others = Places(other.resource for other in self.items.values() if other.id != item.id)
        assert not list(others.rivals(item.resource)), "LiveKit refuses this"
        if isinstance(item.resource, DispatchRule):
            assert {trunk_ids[name] for name in item.resource.trunks} <= self.items.keys()
        self.items[item.id] = item


async def _reached(first: Declaration, second: Declaration) -> None:
    server = Server()
    for declared in (first, second):
        shown = await plan(declared, server, prune=True)
        async for _ in apply(shown, server):
            pass
        assert (await plan(declared, server, prune=True)).in_sync
        kept = sorted((i.resource.kind, i.resource.name) for i in server.items.values())
        assert kept == sorted((r.kind, r.name) for r in declared)


@settings(max_examples=300, deadline=None)
@given(declarations(), declarations())
def test_every_declaration_is_reached_from_every_other(
    first: Declaration, second: Declaration
) -> None:
    with contextlib.suppress(ObstacleError):  # a swap has no order; another test has its words
        asyncio.run(_reached(first, second))
