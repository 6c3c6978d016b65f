"""What integration tests share: a network without a bot on it, and the plugin on a Backboard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings
from sip.remote import Remote, connect
from tests.checks.gateways import GATEWAYS, livekit_sip
from tests.checks.plugin import Line, plugged_in


@pytest.fixture(scope="module", params=GATEWAYS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A lab with the one gateway and with the other."""
    program = livekit_sip(request.param)
    home = tmp_path_factory.mktemp(request.param)
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server(), program) as lab:
        yield lab


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab for its livekit-server alone."""
    home = tmp_path_factory.mktemp("livekit")
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server()) as lab:
        yield lab


@pytest.fixture
async def remote(server: Lab) -> AsyncIterator[Remote]:
    """The server's SIP objects; none is left behind."""
    env = server.environment
    keys = (env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"])
    async with connect(*keys) as remote:
        yield remote
        for item in sorted(await remote.fetch(), key=lambda item: item.id):  # SDR_ before ST_
            await remote.delete(item)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """The plugin, on an emulated Backboard that is asked for no sin."""
    async with plugged_in() as line:
        yield line
