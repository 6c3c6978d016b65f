"""Numbers as operators type them."""

from __future__ import annotations

from bot_admin.command import USAGE, OperatorError


def e164(number: str) -> str:
    """The number in E.164 form, from any way to write it with a leading +.

    Raises:
        OperatorError: it is no number; wrong usage.
    """
    from bot.e164 import e164 as parsed  # noqa: PLC0415  loads phonenumbers

    try:
        return parsed(number)
    except ValueError as error:
        raise OperatorError(f"{error}.", USAGE) from error
