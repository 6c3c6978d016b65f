"""What integration tests share: a network without a bot on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings

GATEWAYS = ["lab", "livekit-sip"]


@pytest.fixture(scope="module", params=GATEWAYS)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A lab with the one gateway and with the other."""
    settings = LabSettings.load()
    livekit_sip = settings.livekit_sip() if request.param == "livekit-sip" else None
    if request.param == "livekit-sip" and livekit_sip is None:
        pytest.skip("no livekit-sip: set LIVEKIT_SIP_BIN to test against the real one too")
    home = tmp_path_factory.mktemp(request.param)
    with Lab(home, PortBlock.auto(), settings.livekit_server(), livekit_sip) as lab:
        yield lab
