from __future__ import annotations

import pytest

from bot.call import Call, JobMetadata, JobMetadataError, Outbound

INBOUND = {
    "sip.ruleID": "SDR_1",
    "sip.trunkID": "ST_1",
    "sip.phoneNumber": "+12025550123",
    "sip.trunkPhoneNumber": "+12025550100",
    "sip.callID": "SCL_1",
    "sip.callIDFull": "abc@phone",
}


def _call(attributes: dict[str, str]) -> Call:
    return Call.from_job(JobMetadata(), "room", "sip_x", attributes)


def test_a_rule_makes_a_call_inbound_from_the_phone_to_our_trunk() -> None:
    call = _call(INBOUND)
    assert call.direction == "inbound"
    assert (call.from_number, call.to_number) == ("+12025550123", "+12025550100")
    assert call.our_number == "+12025550100"
    assert (call.call_id, call.sip_call_id) == ("SCL_1", "abc@phone")


def test_without_a_rule_the_call_is_outbound_and_the_numbers_change_sides() -> None:
    call = _call({k: v for k, v in INBOUND.items() if k != "sip.ruleID"})
    assert call.direction == "outbound"
    assert (call.from_number, call.to_number) == ("+12025550100", "+12025550123")
    assert call.our_number == "+12025550100"


def test_hidden_numbers_are_absent_not_empty() -> None:
    call = _call({"sip.ruleID": "SDR_1", "sip.phoneNumber": ""})
    assert call.from_number is None
    assert call.our_number is None


def test_metadata_is_empty_or_an_object() -> None:
    assert JobMetadata.parse("  ") == JobMetadata()
    parsed = JobMetadata.parse('{"persona": "front-desk", "variables": {"visits": 3}}')
    assert parsed.persona == "front-desk"
    assert parsed.variables == {"visits": "3"}


OUTBOUND = Outbound(
    attempt="01J", identity="phone-01J", to_number="+12025550111", from_number="+12025550100"
)


def test_an_outbound_call_is_known_before_it_is_dialled() -> None:
    metadata = JobMetadata(persona="caller", variables={"name": "Ann"}, outbound=OUTBOUND)
    assert JobMetadata.parse(metadata.as_json()) == metadata
    call = Call.placed(metadata, OUTBOUND, "call-01J")
    assert (call.direction, call.call_id) == ("outbound", None)
    assert (call.our_number, call.their_number) == ("+12025550100", "+12025550111")
    dialled = call.dialled({"sip.callID": "SCL_2", "sip.trunkID": "ST_2"})
    assert (dialled.call_id, dialled.trunk_id) == ("SCL_2", "ST_2")
    assert dialled.their_number == call.their_number


def test_an_outbound_call_that_lacks_something_is_refused() -> None:
    with pytest.raises(JobMetadataError, match="outbound"):
        JobMetadata.parse('{"outbound": {"attempt": "01J"}}')


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"persona": 4}', '{"variables": "x"}'])
def test_any_other_metadata_is_refused(text: str) -> None:
    with pytest.raises(JobMetadataError):
        JobMetadata.parse(text)
