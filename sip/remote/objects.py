"""The SIP objects of one LiveKit project: listed, created, replaced, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypeVar

import aiohttp
from livekit import api
from livekit.protocol import sip as proto_sip

from sip.deployment import Deployed, Deployment
from sip.errors import KeyRefusedError, RefusedError, RemoteError, UnreachableError
from sip.model import Resource, Trunk, label
from sip.remote import listed
from sip.remote.messages import to_message

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
        rules = await self._ask(
            "list dispatch rules",
            self._sip.list_dispatch_rule(proto_sip.ListSIPDispatchRuleRequest()),
        )
        trunks = tuple(listed.inbound_trunk(message) for message in inbound.items)
        names = {trunk.id: trunk.owner_name for trunk in trunks if trunk.owner_name}
        return Deployment(
            trunks,
            tuple(listed.outbound_trunk(message) for message in outbound.items),
            tuple(listed.dispatch_rule(message, names) for message in rules.items),
        )

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
            raise self._refusal(what, error) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnreachableError(
                f"LiveKit does not answer at {self._url} ({type(error).__name__}); "
                "check LIVEKIT_URL and that the server runs."
            ) from None

    def _refusal(self, what: str, error: api.ServerError) -> RemoteError:
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return KeyRefusedError(
                f"LiveKit at {self._url} refuses the API key; "
                "check LIVEKIT_API_KEY and LIVEKIT_API_SECRET."
            )
        if not error.message:
            return UnreachableError(
                f"{self._url} answers HTTP {error.status}, not as LiveKit does; check LIVEKIT_URL."
            )
        return RefusedError(f"LiveKit refuses to {what}: {error.message.rstrip('.')}.")


@asynccontextmanager
async def connect(url: str, api_key: str, api_secret: str) -> AsyncIterator[Remote]:
    """The SIP objects of the project at `url`; the connection closes with the context."""
    async with api.LiveKitAPI(url, api_key, api_secret) as livekit:
        yield Remote(livekit, url)
