"""Identifiers that sort by when they were made (ULID: 48 bits of milliseconds, 80 of chance)."""

from __future__ import annotations

import secrets
import time

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base 32 without i, l, o and u, which are misread; lower-case, as room names are."""
LENGTH = 26


def ulid(at_ms: int | None = None) -> str:
    """A new identifier; `at_ms` is the Unix time in milliseconds, by default now."""
    now_ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    number = now_ms << 80 | secrets.randbits(80)
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(LENGTH)))
