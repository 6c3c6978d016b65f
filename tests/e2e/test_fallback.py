"""A worker with a second model: while Backboard fails, callers notice nothing but a filler."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.phone import Phone
from lab.stand import Stand, start_worker
from tests.checks.emulator import emulated
from tests.checks.words import assert_heard
from tests.e2e.conftest import HOURS, Line

pytestmark = pytest.mark.any_gateway

SPARE = "+12025550108"
"""Its dispatch rule asks for the agent that this module starts."""


@pytest.fixture(scope="module")
def spare(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with emulated("openai", tmp_path_factory.mktemp("spare")) as url:
        worker = start_worker(
            stand.lab,
            stand.records,
            log="spare-worker",
            HOTLINE_AGENT_NAME="hotline-spare",
            HOTLINE_FALLBACK_MODEL="small",
            HOTLINE_FALLBACK_BASE_URL=f"{url}/v1",
            HOTLINE_IDLE_PROCESSES="1",
            HOTLINE_HEALTH_PORT="0",
        )
        try:
            yield
        finally:
            worker.stop()


@pytest.mark.usefixtures("spare")
async def test_the_call_goes_on_with_the_second_model(line: Line, phone: Phone) -> None:
    call = await line.greeted(phone, SPARE)
    line.faults("backboard", fault="stall")
    heard = await line.reply(call, "What are your opening hours?")
    assert_heard(heard.replace("one moment please", ""), HOURS)
    heard = await line.reply(call, "Where can I park my car?")
    assert_heard(heard, "Yes, there is free parking behind our building. Is there anything else?")
    line.faults("backboard", fault="none")
    await call.hangs_up()
    assert (await line.record(call))["outcome"] == "completed"
