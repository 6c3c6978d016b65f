"""Waiting for a condition by probing it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

PROBE_EVERY_S = 0.05


async def eventually(
    probe: Callable[[], bool | Awaitable[bool]], what: str, *, within_s: float
) -> None:
    """Returns once `probe` holds; fails, naming `what`, when it does not in time."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                held = probe()
                if inspect.isawaitable(held):
                    held = await held
                if held:
                    return
                await asyncio.sleep(PROBE_EVERY_S)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:g} s: {what}") from None
