"""What LiveKit lists, in our words; whatever our words cannot say is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from livekit.protocol import room as proto_room
from livekit.protocol import sip as proto_sip

from sip.deployment import Deployed
from sip.model import Agent, DispatchRule, InboundTrunk, Media, OutboundTrunk, Room
from sip.ownership import Mark
from sip.remote import messages
from sip.secret import SealedSecret, Secret

SERVER_FILLED = {"sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"}
MIRRORED = {"media_encryption"}
"""The deprecated twin of `media.encryption`, which the server keeps equal."""

K = TypeVar("K")


def inbound_trunk(message: proto_sip.SIPInboundTrunkInfo) -> Deployed[InboundTrunk]:
    """An inbound trunk as it is deployed."""
    mark = Mark.read(message.metadata)
    trunk = InboundTrunk.model_construct(
        name=message.name,
        numbers=tuple(sorted(message.numbers)),
        allowed_addresses=tuple(sorted(message.allowed_addresses)),
        allowed_numbers=tuple(sorted(message.allowed_numbers)),
        auth_username=_credential(message.auth_username, ""),
        auth_password=_credential(message.auth_password, mark.password if mark else ""),
        auth_realm=message.auth_realm,
        headers=_headers(message.headers),
        headers_to_attributes=dict(message.headers_to_attributes),
        attributes_to_headers=dict(message.attributes_to_headers),
        include_headers=_word(messages.HEADERS, message.include_headers, "none"),
        ringing_timeout_s=_seconds(message.ringing_timeout),
        ringing_timeout_status=int(message.ringing_timeout_status) or None,
        max_call_duration_s=_seconds(message.max_call_duration),
        krisp_enabled=message.krisp_enabled,
        media=_media(message.media, message.media_encryption),
        metadata=_own_metadata(mark, message.metadata),
    )
    rebuilt = messages.inbound_trunk(trunk, message.metadata)
    rebuilt.auth_password = message.auth_password
    return Deployed(
        message.sip_trunk_id, trunk, mark.name if mark else None, _undeclared(message, rebuilt)
    )


def outbound_trunk(message: proto_sip.SIPOutboundTrunkInfo) -> Deployed[OutboundTrunk]:
    """An outbound trunk as it is deployed."""
    mark = Mark.read(message.metadata)
    trunk = OutboundTrunk.model_construct(
        name=message.name,
        address=message.address,
        destination_country=message.destination_country,
        transport=_word(messages.TRANSPORTS, message.transport, "auto"),
        numbers=tuple(sorted(message.numbers)),
        auth_username=_credential(message.auth_username, ""),
        auth_password=_credential(message.auth_password, mark.password if mark else ""),
        headers=_headers(message.headers),
        headers_to_attributes=dict(message.headers_to_attributes),
        attributes_to_headers=dict(message.attributes_to_headers),
        include_headers=_word(messages.HEADERS, message.include_headers, "none"),
        media=_media(message.media, message.media_encryption),
        from_host=message.from_host,
        metadata=_own_metadata(mark, message.metadata),
    )
    rebuilt = messages.outbound_trunk(trunk, message.metadata)
    rebuilt.auth_password = message.auth_password
    return Deployed(
        message.sip_trunk_id, trunk, mark.name if mark else None, _undeclared(message, rebuilt)
    )


def dispatch_rule(
    message: proto_sip.SIPDispatchRuleInfo, trunk_names: Mapping[str, str]
) -> Deployed[DispatchRule]:
    """A rule as it is deployed; trunks that are not ours stay ids."""
    mark = Mark.read(message.metadata)
    kind = message.rule.WhichOneof("rule") or "dispatch_rule_individual"
    where = getattr(message.rule, kind)
    every_number = [*message.numbers, *message.inbound_numbers]
    without_plus = bool(every_number) and all(number.isdigit() for number in every_number)
    rule = DispatchRule.model_construct(
        name=message.name,
        trunks=tuple(sorted(trunk_names.get(id_, id_) for id_ in message.trunk_ids)),
        numbers=_with_plus(message.numbers, without_plus),
        inbound_numbers=_with_plus(message.inbound_numbers, without_plus),
        without_plus=without_plus,
        type=cast("Literal['individual', 'direct', 'callee']", kind[len("dispatch_rule_") :]),
        room_name=getattr(where, "room_name", ""),
        room_prefix=getattr(where, "room_prefix", ""),
        randomize=_randomize(where),
        pin=_credential(where.pin, mark.pin if mark else ""),
        hide_phone_number=message.hide_phone_number,
        attributes=dict(message.attributes),
        room_preset=message.room_preset,
        room=_room(message.room_config),
        agents=tuple(
            Agent.model_construct(
                name=agent.agent_name,
                metadata=agent.metadata,
                attributes=dict(agent.attributes),
                deployment=agent.deployment,
                restart_policy=_word(messages.RESTARTS, agent.restart_policy, "on-failure"),
            )
            for agent in message.room_config.agents
        ),
        media=_media(message.media, message.media_encryption),
        krisp_enabled=message.krisp_enabled,
        metadata=_own_metadata(mark, message.metadata),
    )
    rebuilt = messages.dispatch_rule(rule, list(message.trunk_ids), message.metadata)
    if where.pin:
        getattr(rebuilt.rule, kind).pin = where.pin
    return Deployed(
        message.sip_dispatch_rule_id,
        rule,
        mark.name if mark else None,
        _undeclared(message, rebuilt),
        trunk_ids=tuple(message.trunk_ids),
    )


def _randomize(where: object) -> bool:
    if isinstance(where, proto_sip.SIPDispatchRuleIndividual):
        return not where.no_randomness
    return isinstance(where, proto_sip.SIPDispatchRuleCallee) and where.randomize


def _with_plus(numbers: Iterable[str], without_plus: bool) -> tuple[str, ...]:
    return tuple(sorted(f"+{number}" if without_plus else number for number in numbers))


def _room(message: proto_room.RoomConfiguration) -> Room:
    return Room.model_construct(
        name=message.name,
        empty_timeout_s=message.empty_timeout,
        departure_timeout_s=message.departure_timeout,
        max_participants=message.max_participants,
        metadata=message.metadata,
        min_playout_delay_ms=message.min_playout_delay,
        max_playout_delay_ms=message.max_playout_delay,
        sync_streams=message.sync_streams,
        tags=dict(message.tags),
        egress=MessageToDict(message.egress, preserving_proto_field_name=True),
    )


def _media(message: proto_sip.SIPMediaConfig, deprecated: int) -> Media:
    """An encryption that was never said is told from one that was switched off."""
    encryption = message.encryption if message.HasField("encryption") else deprecated or None
    timeout = message.media_timeout if message.HasField("media_timeout") else Duration()
    return Media.model_construct(
        codecs=tuple(f"{c.name}/{c.rate}" if c.rate else c.name for c in message.codecs),
        only_listed_codecs=message.only_listed_codecs,
        encryption=None if encryption is None else _word(messages.ENCRYPTION, encryption, None),
        timeout_s=_seconds(timeout),
    )


def _own_metadata(mark: Mark | None, text: str) -> str:
    return mark.metadata if mark else text


def _undeclared(actual: Message, rebuilt: Message) -> tuple[str, ...]:
    """Top-level fields that the model cannot say."""
    found, known = _comparable(actual), _comparable(rebuilt)
    return tuple(name for name in sorted(found) if found[name] != known.get(name))


def _comparable(message: Message) -> dict[str, Any]:
    content: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return {
        name: sorted(value, key=str) if isinstance(value, list) else value
        for name, value in content.items()
        if value and name not in SERVER_FILLED | MIRRORED
    }


def _word(words: Mapping[str, Any], value: int, unknown: Any) -> Any:
    """Our word for an enum's value."""
    return next((word for word, known in words.items() if known == value), unknown)


def _headers(headers: Mapping[str, str]) -> dict[str, Secret | str]:
    """Any value may be a carrier's token, so none is shown."""
    return {name: Secret(value) for name, value in headers.items()}


def _credential(text: str, fingerprint: str) -> Secret | SealedSecret | None:
    """LiveKit's open server gives passwords back; asterisks are a server that does not."""
    if text and not text.strip("*"):
        return SealedSecret(fingerprint)
    return Secret(text) if text else None


def _seconds(duration: Duration) -> float | None:
    return duration.ToTimedelta().total_seconds() or None
