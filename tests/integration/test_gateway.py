"""The SIP gateway between a phone and a room, with a plain participant answering."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import api, rtc
from livekit.protocol import sip as proto_sip

from lab.clips import Clips
from lab.network import Lab
from lab.phone import DialledCall, NoFinalAnswer, Phone
from tests.checks.room import joined, publish
from tests.checks.wait import eventually

CALLER, NUMBER = "+12025550123", "+12025550100"
Rule = proto_sip.SIPDispatchRule


async def _route(livekit: api.LiveKitAPI, rule: Rule, **filters: Any) -> None:
    """One trunk for NUMBER and one rule for it; `filters` say whose calls the rule takes."""
    trunk = await livekit.sip.create_inbound_trunk(
        proto_sip.CreateSIPInboundTrunkRequest(
            trunk=proto_sip.SIPInboundTrunkInfo(
                name="test", numbers=[NUMBER], allowed_addresses=["127.0.0.1/32"]
            )
        )
    )
    await livekit.sip.create_dispatch_rule(
        proto_sip.CreateSIPDispatchRuleRequest(
            dispatch_rule=proto_sip.SIPDispatchRuleInfo(
                name="test", rule=rule, trunk_ids=[trunk.sip_trunk_id], **filters
            )
        )
    )


def _direct(room: str) -> Rule:
    return Rule(dispatch_rule_direct=proto_sip.SIPDispatchRuleDirect(room_name=room))


def _is_active(room: rtc.Room) -> bool:
    """Whether the phone's call is up, and what it sends is subscribed to."""
    return any(
        participant.attributes.get("sip.callStatus") == "active"
        and any(publication.subscribed for publication in participant.track_publications.values())
        for participant in room.remote_participants.values()
    )


def _statuses(call: DialledCall) -> list[str]:
    return [event.what for event in call.events if event.direction == "received"]


async def test_the_call_is_answered_when_somebody_publishes_audio_and_not_before(
    network: Lab, livekit: api.LiveKitAPI, clips: Clips
) -> None:
    await _route(livekit, _direct("lobby"))
    async with joined(network, "lobby") as room, Phone(CALLER, clips=clips) as phone:
        call = await phone.dial(NUMBER, gateway=network.sip_address)
        with pytest.raises(NoFinalAnswer):
            await call.answered(timeout=2)
        assert _statuses(call).count("180") >= 2
        source = await publish(room)
        await call.answered(timeout=5)
        await source.aclose()


async def test_the_participant_tells_who_calls_and_how_the_call_stands(
    network: Lab, livekit: api.LiveKitAPI, clips: Clips
) -> None:
    await _route(livekit, _direct("lobby"))
    seen: list[str] = []

    def note(participant: rtc.Participant) -> None:
        status = participant.attributes.get("sip.callStatus")
        if status and seen[-1:] != [status]:
            seen.append(status)

    async with joined(network, "lobby") as room, Phone(CALLER, clips=clips) as phone:
        room.on("participant_connected", note)
        room.on("participant_attributes_changed", lambda _, participant: note(participant))
        source = await publish(room)
        call = await phone.dial(NUMBER, gateway=network.sip_address)
        await call.answered()
        await eventually(lambda: _is_active(room), "the call is active", within_s=5)
        (caller,) = room.remote_participants.values()
        assert caller.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
        assert caller.identity == f"sip_{CALLER}"
        assert caller.name == f"Phone {CALLER}"
        assert caller.attributes["sip.phoneNumber"] == CALLER
        assert caller.attributes["sip.trunkPhoneNumber"] == NUMBER
        assert caller.attributes["sip.trunkID"].startswith("ST_")
        assert caller.attributes["sip.ruleID"].startswith("SDR_")
        assert caller.attributes["sip.callID"].startswith("SCL_")
        assert caller.attributes["sip.callIDFull"] == call.events[0].message.call_id
        await call.hangs_up()
        await eventually(lambda: not room.remote_participants, "it left", within_s=5)
        await source.aclose()
    assert seen in (["ringing", "active", "hangup"], ["active", "hangup"])


async def test_keys_cross_in_both_directions(
    network: Lab, livekit: api.LiveKitAPI, clips: Clips
) -> None:
    await _route(livekit, _direct("lobby"))
    pressed: list[str] = []
    async with joined(network, "lobby") as room, Phone(CALLER, clips=clips) as phone:
        room.on("sip_dtmf_received", lambda event: pressed.append(event.digit))
        source = await publish(room)
        call = await phone.dial(NUMBER, gateway=network.sip_address)
        await call.answered()
        await eventually(lambda: _is_active(room), "the call is active", within_s=5)
        await call.presses("0*9#")
        await eventually(lambda: len(pressed) >= 4, "the room got the keys", within_s=5)
        assert "".join(pressed) == "0*9#"
        for digit in "47":
            await room.local_participant.publish_dtmf(code=int(digit), digit=digit)
        assert await call.hears_digits(2) == "47"
        await source.aclose()


@pytest.mark.parametrize(
    ("rule", "room_name"),
    [
        (_direct("lobby"), "lobby"),
        (
            Rule(
                dispatch_rule_individual=proto_sip.SIPDispatchRuleIndividual(room_prefix="caller")
            ),
            f"caller_{CALLER}_",
        ),
        (
            Rule(dispatch_rule_callee=proto_sip.SIPDispatchRuleCallee(room_prefix="callee")),
            f"callee_{NUMBER}",
        ),
    ],
    ids=["direct", "individual", "callee"],
)
async def test_the_rule_names_the_room(
    network: Lab, livekit: api.LiveKitAPI, clips: Clips, rule: Rule, room_name: str
) -> None:
    await _route(livekit, rule)
    async with Phone(CALLER, clips=clips) as phone:
        call = await phone.dial(NUMBER, gateway=network.sip_address)
        await call.ringing()
        names: list[str] = []

        async def named() -> bool:
            rooms = await livekit.room.list_rooms(api.ListRoomsRequest())
            names[:] = [room.name for room in rooms.rooms]
            return any(name.startswith(room_name) for name in names)

        await eventually(named, f"the phone is in a room {room_name}", within_s=5)
        call.cancel()


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"numbers": [NUMBER]}, True),
        ({"inbound_numbers": [CALLER]}, True),
        ({"numbers": [NUMBER[1:]]}, False),
        ({"inbound_numbers": [NUMBER]}, False),
    ],
    ids=["called", "caller", "called-without-plus", "called-as-caller"],
)
async def test_a_rules_numbers_are_compared_letter_by_letter(
    network: Lab,
    livekit: api.LiveKitAPI,
    clips: Clips,
    fields: dict[str, list[str]],
    taken: bool,
) -> None:
    await _route(livekit, _direct("lobby"), **fields)
    async with Phone(CALLER, clips=clips) as phone:
        call = await phone.dial(NUMBER, gateway=network.sip_address)
        await call.ringing()

        async def roomed() -> bool:
            return bool((await livekit.room.list_rooms(api.ListRoomsRequest())).rooms)

        if taken:
            await eventually(roomed, "the phone is in a room", within_s=5)
        else:
            await asyncio.sleep(1)  # silence has no end to wait for
            assert not await roomed()
        call.cancel()


async def test_two_phones_in_one_room_answer_each_other(
    network: Lab, livekit: api.LiveKitAPI, clips: Clips
) -> None:
    await _route(livekit, _direct("lobby"))
    async with Phone(CALLER, clips=clips) as first, Phone("+12025550124", clips=clips) as second:
        one = await first.dial(NUMBER, gateway=network.sip_address)
        two = await second.dial(NUMBER, gateway=network.sip_address)
        await asyncio.gather(one.answered(), two.answered())
        await one.says("Hello, can you hear me?")
        await two.hears_speech(timeout=5)
