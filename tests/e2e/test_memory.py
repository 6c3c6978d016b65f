"""Callers are known from one call to the next, and nobody is taken for somebody else."""

from __future__ import annotations

import asyncio
import sys

import httpx
import pytest

from bot.caller import assistant_name
from lab.clips import Clips
from lab.phone import Phone
from lab.settings import ROOT
from tests.checks.wait import eventually
from tests.checks.words import assert_heard
from tests.e2e.conftest import REMEMBERING, Line

pytestmark = pytest.mark.any_gateway

GREETING = "Riverside Dental, how can I help you?"
ASKS = "Do you know my name? Please tell me, what is my name?"
WELCOME_BACK = "Welcome back to Riverside Dental, David Miller. How can I help you?"


async def _admin(line: Line, *arguments: str) -> str:
    """What `bot-admin caller …` prints."""
    lab = line.stand.lab
    command = ["-m", "bot_admin", "--env-file", str(lab.env_file), "caller", *arguments]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=ROOT,
        env=lab.child_environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return output.decode()


async def test_a_caller_who_comes_back_is_greeted_by_name_until_forgotten(
    line: Line, clips: Clips
) -> None:
    number = "+12025550131"
    known = ("show", number, "--persona", "returning")
    async with Phone(number, clips=clips) as phone:
        call = await line.greeted(phone, REMEMBERING)
        assert_heard(line.heard(call), GREETING)
        await line.reply(call, "I would like to book an appointment for Tuesday, please.")
        await line.reply(call, "At three thirty.")
        await line.reply(call, "My name is David Miller.")
        await call.hangs_up()

        async def remembered() -> bool:
            return "Name: David" in await _admin(line, *known)

        await eventually(remembered, "the name is remembered", within_s=20)

        call = await line.greeted(phone, REMEMBERING)
        assert_heard(line.heard(call), WELCOME_BACK)
        assert_heard(await line.reply(call, ASKS), "Your name is David Miller.")
        await call.hangs_up()
        record = await line.record(call)
        assert record["recalled_facts"] == 2
        assert record["usage"]["cost_usd"] > 0

        await line.is_clear()  # the second call is written down too before it is forgotten
        await _admin(line, "forget", number, "--persona", "returning", "--yes")
        call = await line.greeted(phone, REMEMBERING)
        assert_heard(line.heard(call), GREETING)
        await call.hangs_up()


async def test_two_callers_at_once_never_hear_of_each_other(line: Line, clips: Clips) -> None:
    async def converse(number: str, name: str) -> None:
        async with Phone(number, clips=clips) as phone:
            call = await line.greeted(phone, REMEMBERING)
            await line.reply(call, f"Hello, my name is {name}.")
            assert_heard(await line.reply(call, ASKS), f"Your name is {name}.")
            await call.hangs_up()

    async with asyncio.TaskGroup() as calls:
        calls.create_task(converse("+12025550132", "Martha Jones"))
        calls.create_task(converse("+12025550133", "Peter Baker"))
    await line.is_clear()
    for number, theirs, other in (
        ("+12025550132", "Martha", "Peter"),
        ("+12025550133", "Peter", "Martha"),
    ):

        async def remembered(number: str = number, theirs: str = theirs) -> bool:
            return theirs in await _admin(line, "show", number, "--persona", "returning")

        await eventually(remembered, f"{theirs} is remembered", within_s=20)
        assert other not in await _admin(line, "show", number, "--persona", "returning")


async def test_a_service_that_is_slow_to_recall_delays_no_answer_and_is_heard_later(
    line: Line, clips: Clips
) -> None:
    number, lab = "+12025550134", line.stand.lab
    url = lab.environment["BACKBOARD_BASE_URL"]
    async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": "lab"}) as backboard:
        name = assistant_name("returning", number)
        keeper = (await backboard.post("/assistants", json={"name": name})).json()["assistant_id"]
        fact = {"content": "Name: Martha Jones"}
        (await backboard.post(f"/assistants/{keeper}/memories", json=fact)).raise_for_status()
        control = f"{lab.control_url('backboard')}/behaviour"
        (await backboard.put(control, json={"lookup_s": 1.0})).raise_for_status()
        try:
            async with Phone(number, clips=clips) as phone:
                call = await line.greeted(phone, REMEMBERING)
                assert call.answered_s is not None
                assert call.answered_s - call.events[0].at_s < 2  # looking up takes two seconds
                assert_heard(line.heard(call), GREETING)
                assert_heard(await line.reply(call, ASKS), "Your name is Martha Jones.")
                await call.hangs_up()
        finally:
            await backboard.delete(control)
