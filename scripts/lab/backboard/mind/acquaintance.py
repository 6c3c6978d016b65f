"""Who the caller is, as a memory or the system prompt tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(
    r"(?:\b[Nn]ame:|(?<!\byour )(?<!\bYour )\bname is)\s+"
    r"(?P<name>[A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,2})"
)


def name_told(texts: Iterable[str]) -> str | None:
    """The caller's name in the first text with `Name: X` or "name is X"; "your name" is not it."""
    found = (_NAME.search(text) for text in texts)
    return next((match["name"] for match in found if match), None)
