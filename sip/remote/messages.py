"""Our model as LiveKit's messages, which is what is created and replaced.

Generated messages claim to live in a module called `sip`, as this package is called; they stay
inside `sip.remote`.
"""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict
from livekit.protocol import agent_dispatch as proto_dispatch
from livekit.protocol import room as proto_room
from livekit.protocol import sip as proto_sip

from sip.model import Agent, DispatchRule, InboundTrunk, Media, OutboundTrunk, Resource, Room
from sip.ownership import Mark
from sip.secret import Secret

Info = (
    proto_sip.SIPInboundTrunkInfo | proto_sip.SIPOutboundTrunkInfo | proto_sip.SIPDispatchRuleInfo
)

ENCRYPTION = {
    "disable": proto_sip.SIP_MEDIA_ENCRYPT_DISABLE,
    "allow": proto_sip.SIP_MEDIA_ENCRYPT_ALLOW,
    "require": proto_sip.SIP_MEDIA_ENCRYPT_REQUIRE,
}
HEADERS = {
    "none": proto_sip.SIP_NO_HEADERS,
    "x": proto_sip.SIP_X_HEADERS,
    "all": proto_sip.SIP_ALL_HEADERS,
}
TRANSPORTS = {
    "auto": proto_sip.SIP_TRANSPORT_AUTO,
    "udp": proto_sip.SIP_TRANSPORT_UDP,
    "tcp": proto_sip.SIP_TRANSPORT_TCP,
    "tls": proto_sip.SIP_TRANSPORT_TLS,
}
RESTARTS = {"on-failure": proto_dispatch.JRP_ON_FAILURE, "never": proto_dispatch.JRP_NEVER}


def to_message(resource: Resource, trunk_ids: Mapping[str, str]) -> Info:
    """The resource as LiveKit stores it, under a fresh mark; trunk names become ids."""
    match resource:
        case InboundTrunk():
            return inbound_trunk(resource, Mark.of(resource).text())
        case OutboundTrunk():
            return outbound_trunk(resource, Mark.of(resource).text())
        case DispatchRule():
            ids = [trunk_ids[name] for name in resource.trunks]
            return dispatch_rule(resource, ids, Mark.of(resource).text())
    raise TypeError(f"{type(resource).__name__} cannot be deployed")


def inbound_trunk(trunk: InboundTrunk, metadata: str) -> proto_sip.SIPInboundTrunkInfo:
    """The trunk, with this metadata instead of its own."""
    return proto_sip.SIPInboundTrunkInfo(
        name=trunk.name,
        metadata=metadata,
        numbers=trunk.numbers,
        allowed_addresses=trunk.allowed_addresses,
        allowed_numbers=trunk.allowed_numbers,
        auth_username=_clear(trunk.auth_username),
        auth_password=_clear(trunk.auth_password),
        auth_realm=trunk.auth_realm,
        headers=_clear_values(trunk.headers),
        headers_to_attributes=trunk.headers_to_attributes,
        attributes_to_headers=trunk.attributes_to_headers,
        include_headers=HEADERS[trunk.include_headers],
        ringing_timeout=_duration(trunk.ringing_timeout_s),
        max_call_duration=_duration(trunk.max_call_duration_s),
        krisp_enabled=trunk.krisp_enabled,
        media=_media(trunk.media),
    )


def outbound_trunk(trunk: OutboundTrunk, metadata: str) -> proto_sip.SIPOutboundTrunkInfo:
    """The trunk, with this metadata instead of its own."""
    return proto_sip.SIPOutboundTrunkInfo(
        name=trunk.name,
        metadata=metadata,
        address=trunk.address,
        destination_country=trunk.destination_country,
        transport=TRANSPORTS[trunk.transport],
        numbers=trunk.numbers,
        auth_username=_clear(trunk.auth_username),
        auth_password=_clear(trunk.auth_password),
        headers=_clear_values(trunk.headers),
        headers_to_attributes=trunk.headers_to_attributes,
        attributes_to_headers=trunk.attributes_to_headers,
        include_headers=HEADERS[trunk.include_headers],
        media=_media(trunk.media),
        from_host=trunk.from_host,
    )


def dispatch_rule(
    rule: DispatchRule, trunk_ids: list[str], metadata: str
) -> proto_sip.SIPDispatchRuleInfo:
    """The rule, with this metadata instead of its own."""
    return proto_sip.SIPDispatchRuleInfo(
        name=rule.name,
        metadata=metadata,
        rule=_where(rule),
        trunk_ids=trunk_ids,
        hide_phone_number=rule.hide_phone_number,
        inbound_numbers=[_as_sent(number, rule) for number in rule.inbound_numbers],
        numbers=[_as_sent(number, rule) for number in rule.numbers],
        attributes=rule.attributes,
        room_preset=rule.room_preset,
        room_config=_room_config(rule.room, rule.agents),
        krisp_enabled=rule.krisp_enabled,
        media=_media(rule.media),
    )


def _as_sent(number: str, rule: DispatchRule) -> str:
    return number.removeprefix("+") if rule.without_plus else number


def _where(rule: DispatchRule) -> proto_sip.SIPDispatchRule:
    pin = _clear(rule.pin)
    if rule.type == "direct":
        direct = proto_sip.SIPDispatchRuleDirect(room_name=rule.room_name, pin=pin)
        return proto_sip.SIPDispatchRule(dispatch_rule_direct=direct)
    if rule.type == "callee":
        callee = proto_sip.SIPDispatchRuleCallee(
            room_prefix=rule.room_prefix, pin=pin, randomize=rule.randomize
        )
        return proto_sip.SIPDispatchRule(dispatch_rule_callee=callee)
    individual = proto_sip.SIPDispatchRuleIndividual(
        room_prefix=rule.room_prefix, pin=pin, no_randomness=not rule.randomize
    )
    return proto_sip.SIPDispatchRule(dispatch_rule_individual=individual)


def _room_config(room: Room, agents: tuple[Agent, ...]) -> proto_room.RoomConfiguration:
    config = proto_room.RoomConfiguration(
        name=room.name,
        empty_timeout=room.empty_timeout_s,
        departure_timeout=room.departure_timeout_s,
        max_participants=room.max_participants,
        metadata=room.metadata,
        min_playout_delay=room.min_playout_delay_ms,
        max_playout_delay=room.max_playout_delay_ms,
        sync_streams=room.sync_streams,
        tags=room.tags,
        agents=[
            proto_dispatch.RoomAgentDispatch(
                agent_name=agent.name,
                metadata=agent.metadata,
                attributes=agent.attributes,
                deployment=agent.deployment,
                restart_policy=RESTARTS[agent.restart_policy],
            )
            for agent in agents
        ],
    )
    if room.egress:
        ParseDict(room.egress, config.egress)
    return config


def _media(media: Media) -> proto_sip.SIPMediaConfig:
    message = proto_sip.SIPMediaConfig(only_listed_codecs=media.only_listed_codecs)
    for codec in media.codecs:
        name, _, rate = codec.partition("/")
        message.codecs.add(name=name, rate=int(rate or 0))
    if media.encryption is not None:
        message.encryption = ENCRYPTION[media.encryption]
    if media.timeout_s is not None:
        message.media_timeout.CopyFrom(_some_duration(media.timeout_s))
    return message


def _clear(credential: object) -> str:
    return credential.value if isinstance(credential, Secret) else ""


def _clear_values(headers: Mapping[str, Secret | str]) -> dict[str, str]:
    return {name: v.value if isinstance(v, Secret) else v for name, v in headers.items()}


def _duration(seconds: float | None) -> Duration | None:
    return None if seconds is None else _some_duration(seconds)


def _some_duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration
