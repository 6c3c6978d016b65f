"""Calls that the operator places, heard by the phone that is called."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab.clips import Clips
from lab.phone import AnsweringPhone, ReceivedCall, Script
from lab.recognizer import Recognizer
from lab.stand import Stand
from tests.checks.words import assert_heard
from tests.e2e.conftest import settings
from tests.e2e.operator import Operator

CALLEE = "+12025550111"
OPENING = (
    "Hello Ann, this is the automated assistant of Riverside Dental, calling about your "
    "appointment on Tuesday. Can you come?"
)
MESSAGE = (
    "This is Riverside Dental with a reminder of your appointment on Tuesday. "
    "Please call us back if you cannot come. Goodbye."
)
QUIET_S = 0.8


@pytest.fixture
async def callee(stand: Stand, clips: Clips) -> AsyncIterator[AnsweringPhone]:
    """Where the trunk's calls go."""
    async with AnsweringPhone({}, port=stand.lab.ports.answer, clips=clips) as phone:
        yield phone


@pytest.fixture
def operator(stand: Stand) -> Operator:
    return Operator(stand, **settings(stand.lab.home))


def call_as(persona: str) -> list[str]:
    return ["call", CALLEE, "--persona", persona, "--var", "name=Ann", "--json"]


def heard(call: ReceivedCall, recognizer: Recognizer, since_s: float) -> str:
    """What the phone heard from a time on, in words."""
    samples = call.recording.heard(since_s, call.utterances()[-1].end_s + 0.2)
    return recognizer.transcribe(samples, 8000).lower()


async def test_a_person_hears_the_opening_and_talks(
    callee: AnsweringPhone, operator: Operator, recognizer: Recognizer
) -> None:
    callee.scripts[CALLEE] = Script(ring_s=0.5, say="Hello?", after_ms=300)
    async with operator.types(*call_as("reminder")) as terminal:
        call = await callee.takes()
        await call.hears_speech()
        await call.hears_quiet(QUIET_S)
        assert_heard(heard(call, recognizer, call.answered_s or 0.0), OPENING)
        await call.says("No, that's all. Goodbye.")
        told = await terminal.ends()
    assert (told.exit_code, told.data["outcome"], told.data["answered_by"]) == (
        0,
        "completed",
        "person",
    ), told
