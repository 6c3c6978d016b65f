"""What LiveKit's phone numbers cost, as far as it was published.

The API tells no prices. These are of LiveKit's pricing page, as quoted by others who read it on the
date below, and of its documentation of phone numbers; `SOURCE` goes wherever a figure is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import phonenumbers

SOURCE = "livekit.com/pricing, as it was on 2026-09-17"
FREE = "Every plan includes one US local number; the free plan has no more."
UNTIL_MONTH_END = "A number released early is paid for until the end of the month."


@dataclass(frozen=True)
class NumberPrice:
    """US dollars, before tax."""

    month_usd: Decimal
    inbound_minute_usd: Decimal

    def __str__(self) -> str:
        return f"${self.month_usd} a month, ${self.inbound_minute_usd} a minute of inbound calls"


PRICES = {
    "local": NumberPrice(Decimal("1.00"), Decimal("0.01")),
    "toll-free": NumberPrice(Decimal("2.00"), Decimal("0.02")),
}
"""Of US numbers, by type. Toll-free ones are not sold to the cheaper plans."""


def quoted(e164: str) -> tuple[str, str]:
    """A number's type, told from its digits, and its price in words; only US ones have one."""
    number = phonenumbers.parse(e164)
    if phonenumbers.region_code_for_number(number) != "US":
        return "unknown", "price not known"
    toll_free = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.TOLL_FREE
    kind = "toll-free" if toll_free else "local"
    return kind, str(PRICES[kind])
