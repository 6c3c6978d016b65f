"""What integration tests share: a network without a bot on it, and a scripted Backboard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.backboard import LLM
from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings
from tests.checks.gateways import GATEWAYS, livekit_sip
from tests.fakes.backboard import API_KEY, ScriptedBackboard, serving


@pytest.fixture(scope="module", params=GATEWAYS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A lab with the one gateway and with the other."""
    program = livekit_sip(request.param)
    home = tmp_path_factory.mktemp(request.param)
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server(), program) as lab:
        yield lab


@pytest.fixture
async def backboard() -> AsyncIterator[ScriptedBackboard]:
    """A Backboard that answers as the test scripts it."""
    async with serving() as fake:
        yield fake


@pytest.fixture
async def llm(backboard: ScriptedBackboard) -> AsyncIterator[LLM]:
    """The plugin, on the scripted Backboard."""
    async with LLM(api_key=API_KEY, base_url=backboard.url) as llm:
        assert isinstance(llm, LLM)
        yield llm
