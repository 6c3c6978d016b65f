"""Cold transfer: TransferSIPParticipant becomes REFER, and NOTIFY its result (RFC 3515).

On the lab's own gateway alone: on livekit-sip v1.11 these tests failed 4 times in 72, each with
"transaction failed to complete" or a timeout after a REFER. Ours follows its traces.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from livekit import api
from livekit.protocol import sip as proto_sip

from lab.clips import Clips
from lab.network import Lab
from lab.phone import Phone, PhoneCall, Script
from tests.checks.dialler import ROOM, Dialler, dialling
from tests.checks.room import hears
from tests.checks.wait import eventually

pytestmark = pytest.mark.any_gateway

CALLER, NUMBER = "+12025550123", "+12025550100"
TARGET = "tel:+12025550199"


@pytest.fixture
async def dialler(network: Lab, livekit: api.LiveKitAPI, clips: Clips) -> AsyncIterator[Dialler]:
    async with dialling(network, livekit, clips) as dialler:
        yield dialler


def wire(call: PhoneCall) -> list[str]:
    """The call's messages since the first REFER: `>` sent, `<` received."""
    told = [f"{'>' if e.direction == 'sent' else '<'}{e.what}" for e in call.events]
    return told[told.index("<REFER") :]


async def test_a_transferred_phone_is_let_go(dialler: Dialler) -> None:
    call = await dialler.connect(
        Script(transfer="done"),
        trunk=dialler.trunk(attributes_to_headers={"why": "X-Why"}),
        participant_attributes={"why": "sales"},
    )
    await dialler.transfer(TARGET, headers={"X-Call": "7"})
    assert (call.referred_to or "").strip("<>") == TARGET
    (refer,) = [event.message for event in call.events if event.what == "REFER"]
    assert (refer.get_header("X-Call"), refer.get_header("X-Why")) == ("7", "sales")
    ending = await call.ended(timeout=5)
    assert (ending.by, ending.how) == ("them", "bye")
    assert wire(call) == ["<REFER", ">202", *[">NOTIFY", "<200"] * 3, "<BYE", ">200"]
    await dialler.is_left()
    assert dialler.witness.statuses[-1] == "hangup"


async def test_a_phone_that_hangs_up_after_accepting_is_transferred(dialler: Dialler) -> None:
    call = await dialler.connect(Script(transfer="hangs-up"))
    await dialler.transfer(TARGET)
    assert (await call.ended(timeout=5)).by == "us"


@pytest.mark.parametrize(
    ("transfer", "status", "code", "answers"),
    [
        ("busy", 486, "resource_exhausted", [">202", *[">NOTIFY", "<200"] * 2]),
        ("declined", 603, "permission_denied", [">603"]),
        ("not-allowed", 405, "invalid_argument", [">405"]),
    ],
)
async def test_a_failed_transfer_tells_why_and_leaves_the_call_up(
    dialler: Dialler, transfer: str, status: int, code: str, answers: list[str]
) -> None:
    script = Script.model_validate({"as": "silent", "transfer": transfer})
    call = await dialler.connect(script)
    with pytest.raises(api.SipCallError) as failure:
        await dialler.transfer(TARGET)
    assert (failure.value.sip_status_code, failure.value.code) == (status, code)
    await eventually(lambda: wire(call) == ["<REFER", *answers], "no more passes", within_s=2)
    await _is_heard(dialler, call)


async def test_a_transfer_without_notify_is_given_up_and_may_be_tried_again(
    dialler: Dialler,
) -> None:
    call = await dialler.connect(Script(role="silent", transfer="no-notify"))
    with pytest.raises(api.ServerError) as failure:
        await dialler.transfer(TARGET, ring_s=1)
    # the deadlines of the server and of the gateway run out together
    assert failure.value.code in {"deadline_exceeded", "canceled"}
    assert not isinstance(failure.value, api.SipCallError)
    assert wire(call) == ["<REFER", ">202"]
    await _is_heard(dialler, call)
    call.transfer = "done"
    await dialler.transfer(TARGET)


async def test_a_second_transfer_elsewhere_has_to_wait(dialler: Dialler) -> None:
    await dialler.connect(Script(role="silent", transfer="no-notify"))
    first = asyncio.create_task(dialler.transfer(TARGET, ring_s=2))
    call = dialler.phone.calls[-1]
    await eventually(lambda: call.referred_to is not None, "REFER came", within_s=2)
    with pytest.raises(api.ServerError, match="already being transferred") as failure:
        await dialler.transfer("tel:+12025550198", ring_s=1)
    assert failure.value.code == "invalid_argument"
    with pytest.raises(api.ServerError):
        await first


async def test_a_caller_is_transferred_too(
    dialler: Dialler, network: Lab, livekit: api.LiveKitAPI, clips: Clips
) -> None:
    trunk = await livekit.sip.create_inbound_trunk(
        proto_sip.CreateSIPInboundTrunkRequest(
            trunk=proto_sip.SIPInboundTrunkInfo(
                name="in", numbers=[NUMBER], allowed_addresses=["127.0.0.1/32"]
            )
        )
    )
    direct = proto_sip.SIPDispatchRuleDirect(room_name=ROOM)
    await livekit.sip.create_dispatch_rule(
        proto_sip.CreateSIPDispatchRuleRequest(
            dispatch_rule=proto_sip.SIPDispatchRuleInfo(
                name="in",
                rule=proto_sip.SIPDispatchRule(dispatch_rule_direct=direct),
                trunk_ids=[trunk.sip_trunk_id],
            )
        )
    )
    async with Phone(CALLER, clips=clips) as phone:
        call = await phone.dial(NUMBER, gateway=network.sip_address)
        call.transfer = "done"
        await call.answered()
        await livekit.sip.transfer_sip_participant(
            proto_sip.TransferSIPParticipantRequest(
                room_name=ROOM,
                participant_identity=f"sip_{CALLER}",
                transfer_to="sip:sales@carrier.example",
            )
        )
        assert call.referred_to == "<sip:sales@carrier.example>"
        ending = await call.ended(timeout=5)
        assert (ending.by, ending.how) == ("them", "bye")


async def _is_heard(dialler: Dialler, call: PhoneCall) -> None:
    hearing = asyncio.create_task(hears(dialler.room))
    await call.says("I am still here.")
    await hearing
