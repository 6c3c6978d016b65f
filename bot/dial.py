"""What must never be dialled, whoever asks: emergency numbers, costly ones, countries. Pure.

Ranges are those of libphonenumber. Toll fraud (IRSF) earns on numbers that are billed to who calls
them, so a kind of number that is not known to be ordinary is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, shortnumberinfo

ORDINARY = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.VOIP,
    }
)
KINDS = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal (follow-me) number",
    PhoneNumberType.UAN: "a company-wide number of its own rate (UAN)",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a mailbox",
}
SATELLITE = re.compile(r"\+(870|88[123]|1600)")
"""Inmarsat, the global mobile satellite systems, and Canada's satellite area code 600."""
PAY_PER_CALL = re.compile(r"\+1\d{3}(976|5551212$)")
"""976 is North America's local pay-per-call exchange; 555-1212 is directory assistance."""


@dataclass(frozen=True)
class Policy:
    """What the operator allows."""

    countries: frozenset[str] = frozenset({"US", "CA"})
    """Two letters each. Territories and islands of +1 count by themselves, as PR and JM do."""


@dataclass(frozen=True)
class Allowed:
    """It may be dialled."""

    number: str
    """In E.164 form."""


@dataclass(frozen=True)
class Refused:
    """It must not be dialled."""

    reason: str
    """One sentence for the operator, which names the number."""


def may_dial(number: str, policy: Policy, *, suppressed: bool) -> Allowed | Refused:
    """Whether a number may be dialled.

    Args:
        number: in E.164 form.
        policy: what the operator allows.
        suppressed: whether the number is on the suppression list.
    """
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        if _connects_to_emergency(number, policy.countries):
            return Refused(f"{number} is an emergency number.")
        return Refused(f"{number} is not a number in E.164 form, like +12025550100.")
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if fault := _emergency(parsed) or _costly(parsed, e164):
        return Refused(f"{e164} is {fault}.")
    country = phonenumbers.region_code_for_number(parsed)
    if country not in policy.countries:
        allowed = ", ".join(sorted(policy.countries))
        return Refused(f"{e164} is a number of {country}; HOTLINE_DIAL_COUNTRIES allows {allowed}.")
    if suppressed:
        return Refused(f"{e164} is on the suppression list.")
    return Allowed(e164)


def _connects_to_emergency(number: str, countries: frozenset[str]) -> bool:
    """Whether these digits, dialled as they are, reach help; some countries ignore what follows."""
    return any(shortnumberinfo.connects_to_emergency_number(number, c) for c in countries)


def _emergency(parsed: PhoneNumber) -> str | None:
    """An emergency number behind a country's code, which a carrier may strip."""
    digits = phonenumbers.national_significant_number(parsed)
    regions = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
    if any(shortnumberinfo.is_emergency_number(digits, region) for region in regions):
        return "an emergency number"
    return None


def _costly(parsed: PhoneNumber, e164: str) -> str | None:
    """Why a number is not an ordinary one."""
    if SATELLITE.match(e164):
        return "a satellite phone, which has a rate of its own"
    if not phonenumbers.is_valid_number(parsed):
        return "no number that a subscriber can have"
    if PAY_PER_CALL.match(e164):
        return "a pay-per-call number"
    kind = phonenumbers.number_type(parsed)
    return None if kind in ORDINARY else KINDS.get(kind, "a number of unknown kind")
