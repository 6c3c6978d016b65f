"""The answers of `livekit.PhoneNumberService` as LiveKit Cloud writes them.

Fields go by their own names, not in camelCase; empty ones are written, absent messages as null.
Searches say country USA, lists US.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from lab.phone_numbers.bodies import PAGE, Paged, PageToken
from lab.phone_numbers.inventory import Item
from lab.phone_numbers.project import Holding

T = TypeVar("T")

_EMPTY: dict[str, Any] = {
    "id": "",
    "e164_format": "",
    "country_code": "",
    "area_code": "",
    "number_type": "PHONE_NUMBER_TYPE_UNKNOWN",
    "locality": "",
    "region": "",
    "spam_score": 0,
    "created_at": None,
    "updated_at": None,
    "capabilities": [],
    "status": "PHONE_NUMBER_STATUS_UNSPECIFIED",
    "assigned_at": None,
    "released_at": None,
    "sip_dispatch_rule_id": "",
    "sip_dispatch_rule_ids": [],
}


def offer(item: Item) -> dict[str, Any]:
    """A number in a search."""
    return {**_EMPTY, **_described(item), "country_code": "USA"}


def holding(number: Holding) -> dict[str, Any]:
    """A number in a list."""
    released = number.released_at.isoformat() if number.released_at else None
    return {**_EMPTY, **_described(number.item), **_routed(number), "released_at": released}


def updated(number: Holding) -> dict[str, Any]:
    """A number after an update: no more than its id, status and rules."""
    return {**_EMPTY, **_routed(number)}


def bought(number: Holding) -> dict[str, Any]:
    """A number just bought: no more than its id and status."""
    return {**_EMPTY, **_known(number)}


def _described(item: Item) -> dict[str, Any]:
    return {
        "e164_format": item.e164,
        "country_code": "US",
        "area_code": item.area_code,
        "number_type": item.type,
        "locality": item.locality,
        "region": item.region,
        "capabilities": ["voice"],
    }


def _known(number: Holding) -> dict[str, Any]:
    return {"id": number.id, "e164_format": number.e164, "status": number.status}


def _routed(number: Holding) -> dict[str, Any]:
    only = number.rule_ids[0] if number.rule_ids else ""
    return {
        **_known(number),
        "sip_dispatch_rule_id": only,
        "sip_dispatch_rule_ids": number.rule_ids,
    }


def page(body: Paged, items: Sequence[T], shown: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """The page that was asked for, and the token of the next."""
    size = min(body.limit, PAGE)
    start = body.page_token.offset() if body.page_token else 0
    end = start + size
    token = PageToken.at(end, size).model_dump() if end < len(items) else None
    return {"items": [shown(item) for item in items[start:end]], "next_page_token": token}
