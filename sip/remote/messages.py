"""LiveKit's messages to our model and back.

Generated messages claim to live in a module called `sip`, as this package is called; they stay
inside `sip.remote`.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from livekit.protocol import agent_dispatch as proto_dispatch
from livekit.protocol import room as proto_room
from livekit.protocol import sip as proto_sip

from sip.deployment import Deployed
from sip.model import DispatchRule, InboundTrunk, Resource
from sip.ownership import Mark
from sip.secret import SealedSecret, Secret

SERVER_FILLED = {"sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"}


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
