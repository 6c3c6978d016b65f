"""Points in time as operators type them: 2d, 12h, 30m, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from bot_admin.command import USAGE, OperatorError

AGE = re.compile(r"(?P<count>\d{1,6})(?P<unit>[wdhm])", re.ASCII)
UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


def ago(text: str, option: str) -> datetime:
    """The time that `text` names: so long ago, or a date.

    Raises:
        OperatorError: it names none; `option` is named with it. Wrong usage.
    """
    return _moment(text, option, -1)


def ahead(text: str, option: str) -> datetime:
    """The time that `text` names: so far ahead, or a date; raises as `ago` does."""
    return _moment(text, option, +1)


def _moment(text: str, option: str, sign: int) -> datetime:
    try:
        if age := AGE.fullmatch(text):
            span = timedelta(**{UNITS[age["unit"]]: int(age["count"])})
            return datetime.now(UTC) + sign * span
        # A date without a zone is one of this machine's.
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise OperatorError(
            f"{option} wants a time such as 2d, 12h, 30m or 2026-03-01, not {text}.", USAGE
        ) from error
