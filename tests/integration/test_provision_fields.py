"""Every field goes to LiveKit and comes back: no drift where there is none, and none overlooked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from livekit import api
from livekit.protocol import sip as proto_sip

from lab.network import Lab
from sip import declaration, reconcile
from sip.declaration import Declaration
from sip.diff import Replace
from sip.remote import Remote

WHOLE = Path(__file__).parent / "declarations_whole"
ENVIRONMENT = {
    "HOTLINE_SIP_USERNAME": "carrier-user",
    "HOTLINE_SIP_PASSWORD": "correct horse battery staple",
    "HOTLINE_SIP_PIN": "4711",
}
FILLED = {"sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"}
TWINS = {"media_encryption"}
"""Deprecated; the server keeps it equal to media.encryption."""
OURS = {"metadata"}
"""Holds our mark: without it the object is not ours."""
MESSAGES: dict[str, type[Message]] = {
    "inbound trunk": proto_sip.SIPInboundTrunkInfo,
    "outbound trunk": proto_sip.SIPOutboundTrunkInfo,
    "dispatch rule": proto_sip.SIPDispatchRuleInfo,
}
FIELDS = [
    (kind, field.name)
    for kind, message in MESSAGES.items()
    for field in message.DESCRIPTOR.fields
    if field.name not in FILLED | TWINS | OURS
]


@pytest.fixture
async def livekit(server: Lab) -> AsyncIterator[api.LiveKitAPI]:
    env = server.environment
    keys = (env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"])
    async with api.LiveKitAPI(*keys) as livekit:
        yield livekit


@pytest.fixture
def whole() -> Declaration:
    return declaration.load(WHOLE, ENVIRONMENT)


async def applied(declared: Declaration, remote: Remote) -> None:
    shown = await reconcile.plan(declared, remote, prune=True)
    async for _ in reconcile.apply(shown, remote):
        pass


async def listed(livekit: api.LiveKitAPI, kind: str) -> list[Any]:
    sip = livekit.sip
    match kind:
        case "inbound trunk":
            found: Any = await sip.list_inbound_trunk(proto_sip.ListSIPInboundTrunkRequest())
        case "outbound trunk":
            found = await sip.list_outbound_trunk(proto_sip.ListSIPOutboundTrunkRequest())
        case _:
            found = await sip.list_dispatch_rule(proto_sip.ListSIPDispatchRuleRequest())
    return list(found.items)


async def overwritten(livekit: api.LiveKitAPI, message: Any) -> None:
    sip = livekit.sip
    match message:
        case proto_sip.SIPInboundTrunkInfo():
            await sip.update_inbound_trunk(message.sip_trunk_id, message)
        case proto_sip.SIPOutboundTrunkInfo():
            await sip.update_outbound_trunk(message.sip_trunk_id, message)
        case _:
            await sip.update_dispatch_rule(message.sip_dispatch_rule_id, message)


def changed_by_hand(message: Message, name: str) -> None:
    """Gives one field another value, whatever its type."""
    field = message.DESCRIPTOR.fields_by_name[name]
    value = getattr(message, name)
    if field.message_type and field.message_type.GetOptions().map_entry:
        value["X-By-Hand"] = "changed"
    elif field.is_repeated:
        value[:] = value[:-1] if name == "trunk_ids" else [*value, "+12025550199"]
        if name == "allowed_addresses":
            value[-1] = "203.0.113.0/24"
    elif name == "rule":
        message.rule.dispatch_rule_callee.room_prefix = "by-hand-"  # type: ignore[attr-defined]
    elif name == "room_config":
        message.room_config.max_participants = 9  # type: ignore[attr-defined]
    elif name == "media":
        message.media.codecs.add(name="opus")  # type: ignore[attr-defined]
    elif field.message_type:
        value.seconds += 7
    elif field.type == FieldDescriptor.TYPE_BOOL:
        setattr(message, name, not value)
    elif field.type == FieldDescriptor.TYPE_ENUM:
        assert field.enum_type is not None
        numbers = [entry.number for entry in field.enum_type.values]
        setattr(message, name, next(number for number in numbers if number != value))
    else:
        setattr(message, name, "GB" if name == "destination_country" else f"{value}-by-hand")


def test_the_declaration_says_something_of_every_field(whole: Declaration) -> None:
    silent = {
        (resource.kind, name)
        for resource in whole
        if resource.name == "all"
        for name, value in resource.deployed_fields()
        if not value
    }
    assert silent == {
        ("dispatch rule", "room_name"),  # type direct alone
        ("dispatch rule", "without_plus"),
        ("dispatch rule", "room.name"),
        ("dispatch rule", "agents[1].metadata"),
        ("dispatch rule", "agents[1].deployment"),
        ("dispatch rule", "media.only_listed_codecs"),
        ("outbound trunk", "media.codecs"),
        ("outbound trunk", "media.only_listed_codecs"),
        ("outbound trunk", "media.timeout_s"),
    }


async def test_what_is_applied_comes_back_as_it_was_declared(
    whole: Declaration, remote: Remote
) -> None:
    await applied(whole, remote)
    shown = await reconcile.plan(whole, remote, prune=True)
    assert shown.changes == ()


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=lambda value: value.replace(" ", "-"))
async def test_a_field_that_was_changed_by_hand_is_drift_and_is_repaired(
    whole: Declaration, remote: Remote, livekit: api.LiveKitAPI, kind: str, name: str
) -> None:
    await applied(whole, remote)
    message = next(item for item in await listed(livekit, kind) if item.name == "all")
    before = type(message).FromString(message.SerializeToString())
    changed_by_hand(message, name)
    assert message != before
    await overwritten(livekit, message)

    shown = await reconcile.plan(whole, remote, prune=True)
    (change,) = shown.changes
    assert isinstance(change, Replace)
    assert change.resource.name == "all"
    await applied(whole, remote)
    assert (await reconcile.plan(whole, remote)).in_sync
