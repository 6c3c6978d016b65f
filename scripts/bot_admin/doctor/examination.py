"""All checks at once, each under its own deadline; a broken one is a finding and hides no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot_admin.doctor.finding import Finding, fail
from bot_admin.doctor.patient import Patient

DEADLINE_S = 5.0

Findings = Sequence[Finding]


@dataclass(frozen=True)
class Check:
    """One thing to examine."""

    id: str
    title: str
    examine: Callable[[Patient], Awaitable[Findings]]
    deadline_s: float = DEADLINE_S


async def examine(
    patient: Patient, checks: Sequence[Check]
) -> AsyncIterator[tuple[Check, Findings]]:
    """Each check with what it found, in the order of `checks`, as soon as it is known."""
    under_way = [(check, asyncio.create_task(_examined(patient, check))) for check in checks]
    try:
        for check, task in under_way:
            await asyncio.wait([task])
            error = task.exception()
            yield check, task.result() if error is None else [_broken(check, error)]
    finally:
        for _, task in under_way:
            task.cancel()


async def _examined(patient: Patient, check: Check) -> Findings:
    try:
        async with asyncio.timeout(check.deadline_s):
            return await check.examine(patient)
    except TimeoutError:
        return [
            fail(
                f"It was not done within {check.deadline_s:g} s.",
                "Look at what it asks: something there hangs.",
            )
        ]


def _broken(check: Check, error: BaseException) -> Finding:
    # The text of an unforeseen error may hold anything, a secret too.
    return fail(
        f"The check {check.id} is broken ({type(error).__name__}).",
        "Report it; what it looks at is not known to be well.",
    )
