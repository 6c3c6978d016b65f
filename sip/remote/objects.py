"""The SIP objects of one LiveKit project: listed, created, replaced, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
from livekit import api
from livekit.protocol import sip as proto_sip

from sip.deployment import Deployed, Deployment
from sip.model import DispatchRule, Resource, Trunk, label
from sip.remote import listed
from sip.remote.messages import to_message
from sip.remote.refusal import refusal, unreachable

T = TypeVar("T")


class Remote:
    """The SIP objects of one LiveKit project."""

    def __init__(self, livekit: api.LiveKitAPI, url: str) -> None:
        self._sip = livekit.sip
        self._url = url

    async def fetch(self) -> Deployment:
        """Everything that is deployed, ours or not.

        Raises:
            RemoteError: LiveKit cannot be asked.
        """
        inbound = await self._ask(
            "list inbound trunks",
            self._sip.list_inbound_trunk(proto_sip.ListSIPInboundTrunkRequest()),
        )
        outbound = await self._ask(
            "list outbound trunks",
            self._sip.list_outbound_trunk(proto_sip.ListSIPOutboundTrunkRequest()),
        )
        trunks = tuple(listed.inbound_trunk(message) for message in inbound.items)
        # of two trunks with one mark only one stays, so a rule on the other one has to move
        kept = Deployment(trunks).trunk_ids()
        names = {trunk_id: name for name, trunk_id in kept.items()}
        return Deployment(
            trunks,
            tuple(listed.outbound_trunk(message) for message in outbound.items),
            await self.rules(names),
        )

    async def rules(
        self, trunk_names: dict[str, str] | None = None
    ) -> tuple[Deployed[DispatchRule], ...]:
        """Every dispatch rule, ours or not; trunks without a name in `trunk_names` stay ids.

        Raises:
            RemoteError: LiveKit cannot be asked.
        """
        found = await self._ask(
            "list dispatch rules",
            self._sip.list_dispatch_rule(proto_sip.ListSIPDispatchRuleRequest()),
        )
        names = trunk_names or {}
        return tuple(listed.dispatch_rule(message, names) for message in found.items)

    async def create(self, resource: Resource, trunk_ids: dict[str, str]) -> str:
        """Deploys a new object under our mark and returns its id.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        message = to_message(resource, trunk_ids)
        what = f"create {label(resource)}"
        match message:
            case proto_sip.SIPInboundTrunkInfo():
                inbound = proto_sip.CreateSIPInboundTrunkRequest(trunk=message)
                made = await self._ask(what, self._sip.create_inbound_trunk(inbound))
                return made.sip_trunk_id
            case proto_sip.SIPOutboundTrunkInfo():
                outbound = proto_sip.CreateSIPOutboundTrunkRequest(trunk=message)
                sent = await self._ask(what, self._sip.create_outbound_trunk(outbound))
                return sent.sip_trunk_id
            case _:
                rule = proto_sip.CreateSIPDispatchRuleRequest(dispatch_rule=message)
                ruled = await self._ask(what, self._sip.create_dispatch_rule(rule))
                return ruled.sip_dispatch_rule_id

    async def replace(self, object_id: str, resource: Resource, trunk_ids: dict[str, str]) -> None:
        """Overwrites every field of a deployed object.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        message = to_message(resource, trunk_ids)
        what = f"replace {label(resource)}"
        match message:
            case proto_sip.SIPInboundTrunkInfo():
                await self._ask(what, self._sip.update_inbound_trunk(object_id, message))
            case proto_sip.SIPOutboundTrunkInfo():
                await self._ask(what, self._sip.update_outbound_trunk(object_id, message))
            case _:
                await self._ask(what, self._sip.update_dispatch_rule(object_id, message))

    async def delete(self, existing: Deployed[Resource]) -> None:
        """Removes a deployed object.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        what = f"delete {label(existing.resource)}"
        if isinstance(existing.resource, Trunk):
            trunk = proto_sip.DeleteSIPTrunkRequest(sip_trunk_id=existing.id)
            await self._ask(what, self._sip.delete_trunk(trunk))
        else:
            rule = proto_sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=existing.id)
            await self._ask(what, self._sip.delete_dispatch_rule(rule))

    async def _ask(self, what: str, request: Awaitable[T]) -> T:
        try:
            return await request
        except api.ServerError as error:
            raise refusal(self._url, what, error.status, error.message) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(self._url, error) from None


@asynccontextmanager
async def connect(url: str, api_key: str, api_secret: str) -> AsyncIterator[Remote]:
    """The SIP objects of the project at `url`; the connection closes with the context."""
    async with api.LiveKitAPI(url, api_key, api_secret) as livekit:
        yield Remote(livekit, url)
