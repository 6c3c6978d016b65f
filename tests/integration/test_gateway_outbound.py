"""The SIP gateway calls a phone: CreateSIPParticipant, from dialing to hangup."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit import api, rtc
from livekit.protocol import sip as proto_sip

from lab.clips import Clips
from lab.network import Lab
from lab.phone import PhoneCall, Script
from tests.checks.dialler import CALLEE, OURS, ROOM, Dialler, dialling
from tests.checks.room import hears, hum
from tests.checks.wait import eventually

Reason = rtc.DisconnectReason


@pytest.fixture
async def dialler(network: Lab, livekit: api.LiveKitAPI, clips: Clips) -> AsyncIterator[Dialler]:
    async with dialling(network, livekit, clips) as dialler:
        yield dialler


def heard(call: PhoneCall) -> list[str]:
    return [event.what for event in call.events if event.direction == "received"]


async def test_who_answers_and_who_called_hear_each_other(dialler: Dialler) -> None:
    call = await dialler.connect(Script(say="Hello, who is there?", after_ms=300))
    humming = asyncio.create_task(hum(dialler.source))
    await hears(dialler.room)
    await call.hears_speech(timeout=10)
    humming.cancel()
    assert (call.caller, call.number, call.display_name) == (OURS, CALLEE, OURS)


async def test_the_participant_tells_who_is_called_and_how_the_call_stands(
    dialler: Dialler,
) -> None:
    info = await dialler.dial(
        Script(ring_s=0.5, headers={"X-Region": "west"}),
        trunk=dialler.trunk(headers_to_attributes={"X-Region": "region"}),
        participant_name="Bob",
        participant_metadata="vip",
        participant_attributes={"campaign": "7"},
        include_headers=proto_sip.SIP_X_HEADERS,
    )
    call = await dialler.phone.takes()
    phone = dialler.witness.phone
    assert (info.room_name, info.participant_identity) == (ROOM, phone.identity)
    assert info.participant_id == phone.sid
    assert phone.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
    assert (phone.name, phone.metadata) == ("Bob", "vip")
    seen = dialler.witness.attributes
    await eventually(lambda: seen.get("sip.callStatus") == "active", "it is active", within_s=5)
    assert seen["sip.callID"] == info.sip_call_id
    assert seen["sip.callIDFull"] == call.call_id
    assert seen["sip.phoneNumber"] == CALLEE
    assert seen["sip.trunkPhoneNumber"] == OURS
    assert seen["campaign"] == "7"
    assert (seen["region"], seen["sip.h.x-region"]) == ("west", "west")
    await call.hangs_up()
    assert await dialler.is_left() == Reason.CLIENT_INITIATED
    assert dialler.witness.statuses == ["dialing", "ringing", "active", "hangup"]


async def test_a_trunk_gives_address_number_credentials_and_headers(
    dialler: Dialler, livekit: api.LiveKitAPI
) -> None:
    host, port = dialler.phone.address
    trunk = await livekit.sip.create_outbound_trunk(
        proto_sip.CreateSIPOutboundTrunkRequest(
            trunk=proto_sip.SIPOutboundTrunkInfo(
                name="carrier",
                address=f"{host}:{port}",
                transport=proto_sip.SIP_TRANSPORT_UDP,
                numbers=[OURS],
                auth_username="lab",
                auth_password="secret",
                headers={"X-Trunk": "1"},
                attributes_to_headers={"why": "X-Why"},
                from_host="hotline.example",
            )
        )
    )
    call = await dialler.connect(
        Script(username="lab", password="secret"),
        sip_trunk_id=trunk.sip_trunk_id,
        headers={"X-Call": "2"},
        participant_attributes={"why": "done"},
        display_name="Hotline",
    )
    assert call.headers.items() >= {"x-trunk": "1", "x-call": "2"}.items()
    assert (call.caller, call.display_name) == (OURS, "Hotline")
    sender = call.events[0].message.from_addr
    assert sender is not None
    assert sender.uri.host == "hotline.example"
    assert dialler.witness.attributes["sip.trunkID"] == trunk.sip_trunk_id
    assert heard(call)[:3] == ["INVITE", "ACK", "INVITE"]
    await dialler.remove()
    await call.ended(timeout=5)
    bye = call.events[-2].message
    assert (call.events[-2].what, bye.get_header("X-Why")) == ("BYE", "done")


@pytest.mark.parametrize(
    ("script", "status", "code", "http", "left"),
    [
        (Script(role="busy", ring_s=0.5), 486, "resource_exhausted", 429, Reason.USER_REJECTED),
        (Script(code=600, ring_s=0.5), 600, "resource_exhausted", 429, Reason.USER_REJECTED),
        (Script(code=480, ring_s=0.5), 480, "resource_exhausted", 429, Reason.USER_UNAVAILABLE),
        (Script(role="declined", ring_s=0.5), 603, "permission_denied", 403, Reason.USER_REJECTED),
        (Script(role="invalid", ring_s=0.5), 404, "not_found", 404, Reason.USER_UNAVAILABLE),
        (Script(code=408, ring_s=0.5), 408, "deadline_exceeded", 408, Reason.USER_UNAVAILABLE),
        (Script(code=487, ring_s=0.5), 487, "aborted", 409, Reason.USER_REJECTED),
        (Script(code=488, ring_s=0.5), 488, "invalid_argument", 400, Reason.USER_REJECTED),
    ],
    ids=lambda value: str(value.refusal) if isinstance(value, Script) else "",
)
async def test_a_refusal_comes_back_with_its_status(
    dialler: Dialler,
    script: Script,
    status: int,
    code: str,
    http: int,
    left: Reason.ValueType,
) -> None:
    with pytest.raises(api.SipCallError) as failure:
        await dialler.dial(script)
    error = failure.value
    assert (error.sip_status_code, error.code, error.status) == (status, code, http)
    call = await dialler.phone.takes()
    assert await dialler.is_left() == left
    assert heard(call) == ["INVITE", "ACK"]


@pytest.mark.parametrize(
    ("status", "code", "http"), [(503, "failed_precondition", 412), (301, "not_found", 404)]
)
async def test_a_fault_of_the_trunk_comes_back_with_its_status(
    dialler: Dialler, status: int, code: str, http: int
) -> None:
    with pytest.raises(api.SipCallError) as failure:
        await dialler.dial(Script(code=status, ring_s=0.5))
    error = failure.value
    assert (error.sip_status_code, error.code, error.status) == (status, code, http)
    assert await dialler.is_left() == Reason.CLIENT_INITIATED


async def test_calls_above_the_trunks_rate_are_refused(dialler: Dialler) -> None:
    script = Script(calls_per_s=1, code=486)
    with pytest.raises(api.SipCallError) as first:
        await dialler.dial(script)
    with pytest.raises(api.SipCallError) as second:
        await dialler.dial(script)
    assert (first.value.sip_status_code, second.value.sip_status_code) == (486, 503)
    assert len(dialler.phone.invites) == 2


async def test_nobody_answers(dialler: Dialler) -> None:
    with pytest.raises(api.ServerError, match="sip request timed out") as failure:
        await dialler.dial(Script(role="no-answer"), ring_s=1)
    assert (failure.value.code, failure.value.status) == ("canceled", 408)
    assert not isinstance(failure.value, api.SipCallError)
    call = await dialler.phone.takes()
    ending = await call.ended(timeout=5)
    assert (ending.by, ending.how) == ("them", "cancel")
    await eventually(lambda: heard(call) == ["INVITE", "CANCEL", "ACK"], "487 acked", within_s=5)
    assert await dialler.is_left() == Reason.USER_UNAVAILABLE


@pytest.mark.parametrize("role", ["dead", "unreachable"])
async def test_a_phone_that_does_not_respond_is_given_up(dialler: Dialler, role: str) -> None:
    script = Script.model_validate({"as": role})
    with pytest.raises(api.ServerError, match="sip request timed out") as failure:
        await dialler.dial(script, ring_s=1)
    assert failure.value.code == "canceled"
    assert len(dialler.phone.invites) == 1
    assert await dialler.is_left() == Reason.USER_UNAVAILABLE


async def test_an_unknown_host_is_told(dialler: Dialler) -> None:
    with pytest.raises(api.ServerError, match=r"nowhere\.invalid") as failure:
        await dialler.dial(Script(), trunk=dialler.trunk(hostname="nowhere.invalid"))
    assert failure.value.code == "invalid_argument"


@pytest.mark.parametrize(
    ("given", "told", "invites"),
    [
        ({}, "no username or password", 1),
        ({"auth_username": "lab", "auth_password": "wrong"}, "max auth retry", 5),
    ],
    ids=["none", "wrong"],
)
async def test_credentials_that_do_not_do_are_told(
    dialler: Dialler, given: dict[str, str], told: str, invites: int
) -> None:
    with pytest.raises(api.ServerError, match=told) as failure:
        await dialler.dial(Script(username="lab", password="secret"), trunk=dialler.trunk(**given))
    assert failure.value.code == "failed_precondition"
    (first,) = dialler.phone.invites
    sent = [event.what for event in dialler.phone.events(first.call_id or "")]
    assert sent.count("INVITE") == invites
    assert await dialler.is_left() == Reason.USER_REJECTED


async def test_early_media_is_no_answer(dialler: Dialler) -> None:
    dialling = asyncio.create_task(dialler.dial(Script(early_media=True, ring_s=1)))
    call = await dialler.phone.takes()
    await eventually(lambda: "ringing" in dialler.witness.statuses, "it rings", within_s=5)
    assert not dialling.done()
    await dialling
    assert "183" in [event.what for event in call.events]
    assert call.answered_s is not None


async def test_who_does_not_wait_is_told_by_the_participant(dialler: Dialler) -> None:
    await dialler.dial(Script(role="busy", ring_s=1), wait=False)
    call = await dialler.phone.takes()
    assert call.ending is None
    assert await dialler.is_left() == Reason.USER_REJECTED
    assert dialler.witness.statuses == ["dialing", "ringing"]


async def test_a_removed_participant_rings_no_longer(dialler: Dialler) -> None:
    dialling = asyncio.create_task(dialler.dial(Script(role="no-answer")))
    call = await dialler.phone.takes()
    await eventually(lambda: "ringing" in dialler.witness.statuses, "it rings", within_s=5)
    await dialler.remove()
    ending = await call.ended(timeout=1)
    assert ending.how == "cancel"
    with pytest.raises(api.ServerError) as failure:
        await dialling
    assert failure.value.code == "canceled"


@pytest.mark.parametrize("how", ["participant removed", "room deleted"])
async def test_the_rooms_side_hangs_up(dialler: Dialler, how: str) -> None:
    call = await dialler.connect(Script())
    if how == "room deleted":
        await dialler.livekit.room.delete_room(api.DeleteRoomRequest(room=ROOM))
    else:
        await dialler.remove()
    ending = await call.ended(timeout=5)
    assert (ending.by, ending.how) == ("them", "bye")


async def test_a_call_lasts_no_longer_than_it_may_ringing_included(dialler: Dialler) -> None:
    call = await dialler.connect(Script(ring_s=1), max_call_duration=Duration(seconds=2))
    assert call.answered_s is not None
    ending = await call.ended(timeout=5)
    assert (ending.by, ending.how) == ("them", "bye")
    assert ending.at_s - call.answered_s < 1.6
    await dialler.is_left()
    assert dialler.witness.statuses[-1] == "hangup"


async def test_a_phone_that_vanishes_is_missed(dialler: Dialler, network: Lab) -> None:
    if network.livekit_sip is not None:
        pytest.skip("livekit-sip looks for the first time after its 30 s for the first packet")
    await dialler.dial(
        Script(role="vanishes", stay_s=0.5),
        media=proto_sip.SIPMediaConfig(media_timeout=Duration(seconds=1)),
    )
    await dialler.is_left()
    assert dialler.witness.statuses[:3] == ["dialing", "ringing", "active"]


async def test_an_extension_is_dialled_after_the_answer(dialler: Dialler) -> None:
    call = await dialler.connect(Script(role="silent"), dtmf="1w2#")
    assert await call.hears_digits(3) == "12#"
    await eventually(
        lambda: dialler.witness.statuses == ["dialing", "ringing", "automation", "active"],
        "it is active after the keys",
        within_s=5,
    )


async def test_a_menu_is_answered_with_keys(dialler: Dialler) -> None:
    call = await dialler.connect(Script(role="ivr", say="Press one.", menu={"1": "Sales."}))
    await eventually(lambda: bool(call.spoken), "the menu is said", within_s=10)
    await dialler.room.local_participant.publish_dtmf(code=1, digit="1")
    await eventually(lambda: len(call.spoken) == 2, "the answer is said", within_s=10)
    assert call.digits == "1"
