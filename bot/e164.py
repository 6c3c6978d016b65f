"""Phone numbers in the one form that is stored, dialled and compared: E.164. Pure."""

from __future__ import annotations

import phonenumbers
from phonenumbers import ValidationResult


def e164(number: str, region: str | None = None) -> str:
    """The number in E.164 form, from any way to write it.

    Args:
        number: with a leading +, or as it is dialled within `region`.
        region: two letters such as US; None wants the leading +.

    Raises:
        ValueError: saying what is wrong with it.
    """
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException as error:
        form = f"of {region}" if region else "in E.164 form, like +12025550100"
        raise ValueError(f"{number} is not a number {form}") from error
    # A local number, such as seven digits in the US, is possible too, but reaches nobody from here.
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        raise ValueError(f"{number} has too few or too many digits for its country")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
