"""What integration tests share: a network without a bot on it, and the plugin on a Backboard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from livekit import api
from livekit.protocol import sip as proto_sip

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
async def livekit(network: Lab) -> AsyncIterator[api.LiveKitAPI]:
    """The server's API; every trunk, rule and room is removed afterwards."""
    env = network.environment
    async with api.LiveKitAPI(
        env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"]
    ) as livekit:
        yield livekit
        rules = await livekit.sip.list_dispatch_rule(proto_sip.ListSIPDispatchRuleRequest())
        for rule in rules.items:
            await livekit.sip.delete_dispatch_rule(
                proto_sip.DeleteSIPDispatchRuleRequest(
                    sip_dispatch_rule_id=rule.sip_dispatch_rule_id
                )
            )
        trunks = await livekit.sip.list_inbound_trunk(proto_sip.ListSIPInboundTrunkRequest())
        outbound = await livekit.sip.list_outbound_trunk(proto_sip.ListSIPOutboundTrunkRequest())
        ids = [trunk.sip_trunk_id for trunk in trunks.items]
        ids += [trunk.sip_trunk_id for trunk in outbound.items]
        for trunk_id in ids:
            await livekit.sip.delete_trunk(proto_sip.DeleteSIPTrunkRequest(sip_trunk_id=trunk_id))
        rooms = await livekit.room.list_rooms(api.ListRoomsRequest())
        for room in rooms.rooms:
            await livekit.room.delete_room(api.DeleteRoomRequest(room=room.name))


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """The plugin, on an emulated Backboard that is asked for no sin."""
    async with plugged_in() as line:
        yield line
