"""Made-up US numbers for sale: +1 NXX 555 01xx, which belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass

_PLACES = {
    "202": ("WASHINGTON", "DC"),
    "212": ("NEW YORK CITY", "NY"),
    "312": ("CHICAGO", "IL"),
    "415": ("SAN FRANCISCO", "CA"),
}
_TOLL_FREE = ("800", "888")


@dataclass(frozen=True)
class Item:
    """A number that exists, bought or not."""

    e164: str
    area_code: str
    type: str
    locality: str = ""
    region: str = ""


def _items(area_code: str, kind: str, locality: str = "", region: str = "") -> list[Item]:
    numbers = [f"+1{area_code}55501{line:02}" for line in range(100)]
    return [Item(number, area_code, kind, locality, region) for number in numbers]


ITEMS = {
    item.e164: item
    for items in (
        *(_items(code, "PHONE_NUMBER_TYPE_LOCAL", *place) for code, place in _PLACES.items()),
        *(_items(code, "PHONE_NUMBER_TYPE_TOLL_FREE") for code in _TOLL_FREE),
    )
    for item in items
}
"""By number."""
