"""A LiveKit phone number read from the wire, and what is said of its price."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sip.number_price import quoted
from sip.phone_number import PhoneNumber, wire_status

SNAKE = {
    "id": "PN_1",
    "e164_format": "+14155550100",
    "country_code": "US",
    "area_code": "415",
    "number_type": "PHONE_NUMBER_TYPE_TOLL_FREE",
    "locality": "SAN FRANCISCO",
    "region": "CA",
    "spam_score": 0.5,
    "created_at": None,
    "capabilities": ["voice"],
    "status": "PHONE_NUMBER_STATUS_OFFLINE",
    "assigned_at": "2026-09-24T19:39:32.739773Z",
    "released_at": None,
    "sip_dispatch_rule_id": "",
    "sip_dispatch_rule_ids": ["SDR_1", "SDR_2"],
}
CAMEL = {
    "id": "PN_1",
    "e164Format": "+14155550100",
    "countryCode": "USA",
    "areaCode": "415",
    "numberType": 3,
    "locality": "SAN FRANCISCO",
    "region": "CA",
    "spamScore": 0.5,
    "capabilities": ["voice"],
    "status": 4,
    "assignedAt": "2026-09-24T19:39:32.739773Z",
    "sipDispatchRuleIds": ["SDR_1", "SDR_2"],
}


@pytest.mark.parametrize("item", [SNAKE, CAMEL], ids=["by-name", "camel-case"])
def test_both_ways_to_write_it_are_read_alike(item: dict[str, Any]) -> None:
    number = PhoneNumber.model_validate(item)
    assert (number.id, number.e164, number.country) == ("PN_1", "+14155550100", "US")
    assert (number.area_code, number.place) == ("415", "San Francisco, CA")
    assert (number.type, number.status) == ("toll-free", "offline")
    assert (number.capabilities, number.spam_score) == (("voice",), 0.5)
    assert number.rule_ids == ("SDR_1", "SDR_2")
    assert number.assigned_at is not None
    assert number.assigned_at.year == 2026
    assert number.released_at is None


@pytest.mark.parametrize("name", ["sip_dispatch_rule_id", "sipDispatchRuleId"])
def test_the_older_single_rule_counts_where_there_is_no_list(name: str) -> None:
    older = {"e164_format": "+14155550100", "sip_dispatch_rule_ids": [], name: "SDR_1"}
    assert PhoneNumber.model_validate(older).rule_ids == ("SDR_1",)


def test_what_an_answer_leaves_out_is_empty() -> None:
    number = PhoneNumber.model_validate({"e164_format": "+14155550100"})
    assert (number.id, number.type, number.status) == ("", "unknown", "unspecified")
    assert (number.place, number.rule_ids) == ("", ())


def test_a_status_of_tomorrow_is_shown_as_it_is() -> None:
    item = {"e164_format": "+14155550100", "status": "PHONE_NUMBER_STATUS_PORTED_OUT"}
    assert PhoneNumber.model_validate(item).status == "ported-out"


def test_something_without_a_number_is_not_one() -> None:
    with pytest.raises(ValidationError):
        PhoneNumber.model_validate({"id": "PN_1"})


def test_requests_name_statuses_as_the_enum_does() -> None:
    assert wire_status("offline") == "PHONE_NUMBER_STATUS_OFFLINE"


@pytest.mark.parametrize(
    ("number", "quote"),
    [
        ("+14155550100", ("local", "$1.00 a month, $0.01 a minute of inbound calls")),
        ("+18885550100", ("toll-free", "$2.00 a month, $0.02 a minute of inbound calls")),
        ("+442079460100", ("unknown", "price not known")),
    ],
)
def test_a_price_is_told_only_where_one_is_published(number: str, quote: tuple[str, str]) -> None:
    assert quoted(number) == quote
