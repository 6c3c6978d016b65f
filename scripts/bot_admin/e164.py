"""Numbers as operators type them."""

from __future__ import annotations

from bot_admin.command import USAGE, OperatorError


def e164(number: str, region: str | None = None) -> str:
    """The number in E.164 form, from any way to write it: with a leading +, or as in a region.

    Raises:
        OperatorError: it is no number; wrong usage.
    """
    from bot.e164 import e164 as parsed  # noqa: PLC0415  loads phonenumbers

    try:
        return parsed(number, region)
    except ValueError as error:
        raise OperatorError(f"{error}.", USAGE) from error


def region(code: str | None) -> str | None:
    """The region for numbers without a leading +, as two letters in capitals.

    Raises:
        OperatorError: there is none of this code; wrong usage.
    """
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415

    if code is None:
        return None
    if code.upper() not in SUPPORTED_REGIONS:
        raise OperatorError(f"--region is two letters such as US, not {code}.", USAGE)
    return code.upper()
