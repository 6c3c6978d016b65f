"""The only module that talks to LiveKit: its messages to our model and back.

Generated messages claim to live in a module called `sip`, as this package is called; they stay
inside this module.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from livekit import api
from livekit.protocol import agent_dispatch as proto_dispatch
from livekit.protocol import room as proto_room
from livekit.protocol import sip as proto_sip

from sip.deployment import Deployed, Deployment
from sip.errors import KeyRefusedError, RefusedError, RemoteError, UnreachableError
from sip.model import DispatchRule, InboundTrunk, Resource, label
from sip.ownership import Mark
from sip.secret import SealedSecret, Secret

SERVER_FILLED = {"sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"}
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
        listed = await self._ask(
            "list inbound trunks",
            self._sip.list_inbound_trunk(proto_sip.ListSIPInboundTrunkRequest()),
        )
        trunks = tuple(deployed_trunk(message) for message in listed.items)
        names = {trunk.id: trunk.owner_name for trunk in trunks if trunk.owner_name}
        found = await self._ask(
            "list dispatch rules",
            self._sip.list_dispatch_rule(proto_sip.ListSIPDispatchRuleRequest()),
        )
        return Deployment(trunks, tuple(deployed_rule(message, names) for message in found.items))

    async def create(self, resource: Resource, trunk_ids: dict[str, str]) -> str:
        """Deploys a new object under our mark and returns its id.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        message = to_message(resource, trunk_ids)
        what = f"create {label(resource)}"
        if isinstance(message, proto_sip.SIPInboundTrunkInfo):
            trunk = proto_sip.CreateSIPInboundTrunkRequest(trunk=message)
            return (await self._ask(what, self._sip.create_inbound_trunk(trunk))).sip_trunk_id
        rule = proto_sip.CreateSIPDispatchRuleRequest(dispatch_rule=message)
        return (await self._ask(what, self._sip.create_dispatch_rule(rule))).sip_dispatch_rule_id

    async def replace(self, object_id: str, resource: Resource, trunk_ids: dict[str, str]) -> None:
        """Overwrites every field of a deployed object.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        message = to_message(resource, trunk_ids)
        what = f"replace {label(resource)}"
        if isinstance(message, proto_sip.SIPInboundTrunkInfo):
            await self._ask(what, self._sip.update_inbound_trunk(object_id, message))
        else:
            await self._ask(what, self._sip.update_dispatch_rule(object_id, message))

    async def delete(self, existing: Deployed[Resource]) -> None:
        """Removes a deployed object.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        what = f"delete {label(existing.resource)}"
        if isinstance(existing.resource, InboundTrunk):
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


def to_message(
    resource: Resource, trunk_ids: dict[str, str]
) -> proto_sip.SIPInboundTrunkInfo | proto_sip.SIPDispatchRuleInfo:
    """The resource as LiveKit stores it, under a fresh mark; trunk names become ids."""
    if isinstance(resource, InboundTrunk):
        return _trunk_message(resource, Mark.of(resource.name, resource.auth_password).text())
    if isinstance(resource, DispatchRule):
        ids = [trunk_ids[name] for name in resource.trunks]
        return _rule_message(resource, ids, Mark(resource.name).text())
    raise TypeError(f"{type(resource).__name__} cannot be deployed")


def deployed_trunk(message: proto_sip.SIPInboundTrunkInfo) -> Deployed[InboundTrunk]:
    """A trunk as LiveKit lists it, in our words."""
    mark = Mark.read(message.metadata)
    trunk = InboundTrunk.model_construct(
        name=message.name,
        numbers=tuple(sorted(message.numbers)),
        allowed_addresses=tuple(sorted(message.allowed_addresses)),
        allowed_numbers=tuple(sorted(message.allowed_numbers)),
        auth_username=_credential(message.auth_username, ""),
        auth_password=_credential(message.auth_password, mark.password if mark else ""),
        auth_realm=message.auth_realm,
        ringing_timeout_s=_seconds(message.ringing_timeout),
        max_call_duration_s=_seconds(message.max_call_duration),
    )
    rebuilt = _trunk_message(trunk, mark.text() if mark else message.metadata)
    rebuilt.auth_password = message.auth_password
    undeclared = _undeclared(message, rebuilt)
    return Deployed(message.sip_trunk_id, trunk, mark.name if mark else None, undeclared)


def deployed_rule(
    message: proto_sip.SIPDispatchRuleInfo, trunk_names: dict[str, str]
) -> Deployed[DispatchRule]:
    """A rule as LiveKit lists it, in our words; trunks that are not ours stay ids."""
    mark = Mark.read(message.metadata)
    kind = message.rule.WhichOneof("rule") or ""
    details = getattr(message.rule, kind) if kind else proto_sip.SIPDispatchRuleIndividual()
    agents = message.room_config.agents
    rule = DispatchRule.model_construct(
        name=message.name,
        trunks=tuple(sorted(trunk_names.get(id_, id_) for id_ in message.trunk_ids)),
        type=kind.removeprefix("dispatch_rule_"),
        room_prefix=getattr(details, "room_prefix", ""),
        agent=agents[0].agent_name if agents else "",
    )
    rebuilt = _rule_message(
        rule, list(message.trunk_ids), mark.text() if mark else message.metadata
    )
    if kind != "dispatch_rule_individual":
        rebuilt.rule.CopyFrom(message.rule)
    return Deployed(
        message.sip_dispatch_rule_id,
        rule,
        mark.name if mark else None,
        _undeclared(message, rebuilt),
        narrowed=bool(details.pin or message.numbers or message.inbound_numbers),
    )


def _trunk_message(trunk: InboundTrunk, metadata: str) -> proto_sip.SIPInboundTrunkInfo:
    return proto_sip.SIPInboundTrunkInfo(
        name=trunk.name,
        metadata=metadata,
        numbers=trunk.numbers,
        allowed_addresses=trunk.allowed_addresses,
        allowed_numbers=trunk.allowed_numbers,
        auth_username=_clear(trunk.auth_username),
        auth_password=_clear(trunk.auth_password),
        auth_realm=trunk.auth_realm,
        ringing_timeout=_duration(trunk.ringing_timeout_s),
        max_call_duration=_duration(trunk.max_call_duration_s),
    )


def _rule_message(
    rule: DispatchRule, trunk_ids: list[str], metadata: str
) -> proto_sip.SIPDispatchRuleInfo:
    individual = proto_sip.SIPDispatchRuleIndividual(room_prefix=rule.room_prefix)
    agents = [proto_dispatch.RoomAgentDispatch(agent_name=rule.agent)] if rule.agent else []
    return proto_sip.SIPDispatchRuleInfo(
        name=rule.name,
        metadata=metadata,
        trunk_ids=trunk_ids,
        rule=proto_sip.SIPDispatchRule(dispatch_rule_individual=individual),
        room_config=proto_room.RoomConfiguration(agents=agents),
    )


def _undeclared(actual: Message, rebuilt: Message) -> tuple[str, ...]:
    """Top-level fields that the model cannot say; an empty `media` is the server's own filling."""
    found, known = _comparable(actual), _comparable(rebuilt)
    return tuple(name for name in sorted(found) if found[name] != known.get(name))


def _comparable(message: Message) -> dict[str, Any]:
    content: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return {
        name: sorted(value, key=str) if isinstance(value, list) else value
        for name, value in content.items()
        if value and name not in SERVER_FILLED
    }


def _credential(text: str, fingerprint: str) -> Secret | SealedSecret | None:
    """LiveKit's open server gives passwords back; asterisks are a server that does not."""
    if text and not text.strip("*"):
        return SealedSecret(fingerprint)
    return Secret(text) if text else None


def _clear(credential: object) -> str:
    return credential.value if isinstance(credential, Secret) else ""


def _seconds(duration: Duration) -> float | None:
    return duration.ToTimedelta().total_seconds() or None


def _duration(seconds: float | None) -> Duration | None:
    if seconds is None:
        return None
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration
