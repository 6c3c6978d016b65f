"""What integration tests share: a network without a bot on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings
from tests.checks.gateways import GATEWAYS, livekit_sip


@pytest.fixture(scope="module", params=GATEWAYS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A lab with the one gateway and with the other."""
    program = livekit_sip(request.param)
    home = tmp_path_factory.mktemp(request.param)
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server(), program) as lab:
        yield lab
