"""`bot-admin provision` against a real livekit-server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from livekit import api
from livekit.protocol import sip as proto_sip
from typer.testing import CliRunner, Result

from bot_admin.app import app
from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings

USERNAME = "carrier-user"
PASSWORD = "correct horse battery staple"
NUMBER = "+12025550100"
DECLARATIONS = Path(__file__).parent / "declarations"
T = TypeVar("T")


@dataclass(frozen=True)
class LiveKit:
    url: str
    api_key: str
    api_secret: str


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKit]:
    home = tmp_path_factory.mktemp("livekit")
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server()) as lab:
        env = lab.environment
        yield LiveKit(env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"])


Provision = Callable[..., Result]


def ask(livekit: LiveKit, request: Callable[[api.LiveKitAPI], Awaitable[T]]) -> T:
    """One API call past bot-admin, as another tool would make it."""

    async def asked() -> T:
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as client:
            return await request(client)

    return asyncio.run(asked())


def trunks(livekit: LiveKit) -> list[proto_sip.SIPInboundTrunkInfo]:
    request = proto_sip.ListSIPInboundTrunkRequest()
    return list(ask(livekit, lambda client: client.sip.list_inbound_trunk(request)).items)


def rules(livekit: LiveKit) -> list[proto_sip.SIPDispatchRuleInfo]:
    request = proto_sip.ListSIPDispatchRuleRequest()
    return list(ask(livekit, lambda client: client.sip.list_dispatch_rule(request)).items)


def create_trunk(livekit: LiveKit, **fields: object) -> proto_sip.SIPInboundTrunkInfo:
    trunk = proto_sip.SIPInboundTrunkInfo(**fields)  # type: ignore[arg-type]  # any field
    request = proto_sip.CreateSIPInboundTrunkRequest(trunk=trunk)
    return ask(livekit, lambda client: client.sip.create_inbound_trunk(request))


def overwrite_trunk(livekit: LiveKit, trunk: proto_sip.SIPInboundTrunkInfo) -> None:
    ask(livekit, lambda client: client.sip.update_inbound_trunk(trunk.sip_trunk_id, trunk))


def overwrite_rule(livekit: LiveKit, rule: proto_sip.SIPDispatchRuleInfo) -> None:
    ask(livekit, lambda client: client.sip.update_dispatch_rule(rule.sip_dispatch_rule_id, rule))


@pytest.fixture(autouse=True)
def empty_project(livekit: LiveKit) -> Iterator[None]:
    yield
    for rule in rules(livekit):
        gone = proto_sip.DeleteSIPDispatchRuleRequest(
            sip_dispatch_rule_id=rule.sip_dispatch_rule_id
        )
        ask(livekit, lambda client, gone=gone: client.sip.delete_dispatch_rule(gone))  # type: ignore[misc]
    for trunk in trunks(livekit):
        left = proto_sip.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id)
        ask(livekit, lambda client, left=left: client.sip.delete_trunk(left))  # type: ignore[misc]


@pytest.fixture
def provision(livekit: LiveKit) -> Provision:
    """Runs the command, on DECLARATIONS unless others are named."""

    def run(*options: str, **environment: str) -> Result:
        known = {
            "LIVEKIT_URL": livekit.url,
            "LIVEKIT_API_KEY": livekit.api_key,
            "LIVEKIT_API_SECRET": livekit.api_secret,
            "HOTLINE_SIP_USERNAME": USERNAME,
            "HOTLINE_SIP_PASSWORD": PASSWORD,
        }
        folder = [] if "--declarations" in options else ["--declarations", str(DECLARATIONS)]
        command = ["provision", *options, *folder]
        result = CliRunner().invoke(app, command, env={**known, **environment})
        for secret in (USERNAME, PASSWORD, livekit.api_secret):
            assert secret not in result.output
        return result

    return run


def test_creates_the_trunk_and_the_rule_that_are_declared(
    livekit: LiveKit, provision: Provision
) -> None:
    result = provision("--yes")

    assert result.exit_code == 0, result.output
    (trunk,) = trunks(livekit)
    assert list(trunk.numbers) == [NUMBER]
    assert (trunk.auth_username, trunk.auth_password) == (USERNAME, PASSWORD)
    assert trunk.ringing_timeout.seconds == 20
    assert trunk.max_call_duration.seconds == 3600
    (rule,) = rules(livekit)
    assert list(rule.trunk_ids) == [trunk.sip_trunk_id]
    assert rule.rule.dispatch_rule_individual.room_prefix == "call-"
    assert [agent.agent_name for agent in rule.room_config.agents] == ["hotline"]


def test_a_second_run_is_in_sync(livekit: LiveKit, provision: Provision) -> None:
    provision("--yes")
    before = [*trunks(livekit), *rules(livekit)]

    result = provision("--yes")

    assert result.exit_code == 0
    assert "in sync" in result.stdout
    assert [*trunks(livekit), *rules(livekit)] == before


def test_plan_and_check_show_and_change_nothing(livekit: LiveKit, provision: Provision) -> None:
    plan, check = provision("--plan"), provision("--check")

    assert (plan.exit_code, check.exit_code) == (0, 3)
    assert '+ inbound trunk "hotline"' in plan.stdout
    assert NUMBER in check.stdout
    assert not trunks(livekit)
    assert not rules(livekit)
    provision("--yes")
    assert provision("--check").exit_code == 0


def test_drift_by_hand_is_shown_and_repaired(livekit: LiveKit, provision: Provision) -> None:
    provision("--yes")
    (trunk,) = trunks(livekit)
    trunk.name = "renamed"
    trunk.auth_password = "changed by hand"
    trunk.max_call_duration.seconds = 60
    trunk.headers["X-Odd"] = "1"
    trunk.allowed_addresses.append("198.51.100.0/24")
    overwrite_trunk(livekit, trunk)
    (rule,) = rules(livekit)
    rule.rule.dispatch_rule_direct.room_name = "lobby"
    rule.hide_phone_number = True
    del rule.trunk_ids[:]
    overwrite_rule(livekit, rule)

    shown = provision("--plan").stdout
    result = provision("--yes")

    assert result.exit_code == 0, result.output
    for line in ("60 -> 3600", "renamed -> hotline", "198.51.100.0/24 -> none", "none -> hotline"):
        assert line in shown
    assert "direct -> individual" in shown
    assert "changed by hand" not in shown
    (repaired,) = trunks(livekit)
    assert repaired.auth_password == PASSWORD
    assert not repaired.headers
    (repaired_rule,) = rules(livekit)
    assert repaired_rule.rule.dispatch_rule_individual.room_prefix == "call-"
    assert not repaired_rule.hide_phone_number
    assert provision("--check").exit_code == 0


def test_a_changed_password_is_a_change(livekit: LiveKit, provision: Provision) -> None:
    provision("--yes")

    assert provision("--check", HOTLINE_SIP_PASSWORD="another one").exit_code == 3
    assert provision("--yes", HOTLINE_SIP_PASSWORD="another one").exit_code == 0

    assert trunks(livekit)[0].auth_password == "another one"


def test_what_is_not_ours_stays_untouched_even_when_pruning(
    livekit: LiveKit, provision: Provision
) -> None:
    foreign = create_trunk(livekit, name="hotline", numbers=["+12025550199"], metadata="theirs")

    result = provision("--yes", "--prune")

    assert result.exit_code == 0, result.output
    assert foreign in trunks(livekit)
    assert f'Not ours, left alone: inbound trunk "hotline" ({foreign.sip_trunk_id})' in (
        result.stdout
    )


@pytest.mark.parametrize("spelling", [NUMBER, "12025550100"])
def test_a_foreign_trunk_with_our_number_is_named_and_nothing_is_changed(
    livekit: LiveKit, provision: Provision, spelling: str
) -> None:
    foreign = create_trunk(livekit, name="theirs", numbers=[spelling])

    result = provision("--yes")

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    for word in ('"theirs"', foreign.sip_trunk_id, NUMBER, "not ours"):
        assert word in result.stderr
    assert trunks(livekit) == [foreign]


def test_a_foreign_rule_on_our_trunk_is_named(livekit: LiveKit, provision: Provision) -> None:
    provision("--yes")
    (rule,) = rules(livekit)
    rule.metadata = ""
    overwrite_rule(livekit, rule)

    result = provision("--yes")

    assert result.exit_code == 1
    assert rule.sip_dispatch_rule_id in result.stderr


def test_what_is_no_longer_declared_goes_only_with_prune(
    livekit: LiveKit, provision: Provision, tmp_path: Path
) -> None:
    provision("--yes")
    declared = tmp_path / "other.toml"
    declared.write_text(
        '[inbound_trunk.other]\nnumbers = ["+12025550101"]\nallowed_addresses = ["192.0.2.7"]\n'
    )

    kept = provision("--yes", "--declarations", str(tmp_path))
    assert kept.exit_code == 0, kept.output
    assert sorted(trunk.name for trunk in trunks(livekit)) == ["hotline", "other"]
    assert "kept without --prune" in kept.stdout

    refused = provision("--yes", "--prune", "--declarations", str(tmp_path))
    assert refused.exit_code == 1
    assert "add --force" in refused.stderr
    assert len(trunks(livekit)) == 2
    pruned = provision("--yes", "--prune", "--force", "--declarations", str(tmp_path))
    assert pruned.exit_code == 0, pruned.output
    assert [trunk.name for trunk in trunks(livekit)] == ["other"]
    assert not rules(livekit)


def test_an_interrupted_run_is_finished_by_the_next(livekit: LiveKit, provision: Provision) -> None:
    provision("--yes")
    gone = proto_sip.DeleteSIPDispatchRuleRequest(
        sip_dispatch_rule_id=rules(livekit)[0].sip_dispatch_rule_id
    )
    ask(livekit, lambda client: client.sip.delete_dispatch_rule(gone))

    result = provision("--yes", "--json")

    assert json.loads(result.stdout)["counts"] == {"create": 1, "replace": 0, "delete": 0}
    assert len(trunks(livekit)) == len(rules(livekit)) == 1
    assert provision("--check").exit_code == 0


def test_json_holds_the_plan_and_no_secret(provision: Provision) -> None:
    data = json.loads(provision("--plan", "--json").stdout)

    assert not data["in_sync"]
    assert data["applied"] == 0
    trunk = data["changes"][0]
    assert trunk["fields"]["numbers"] == {"from": None, "to": [NUMBER]}
    assert trunk["fields"]["auth_password"]["to"] == "********"


@pytest.mark.parametrize(
    ("environment", "remedy"),
    [
        ({"LIVEKIT_API_SECRET": "not-the-secret-not-the-secret-not"}, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_URL": "ws://127.0.0.1:9"}, "LIVEKIT_URL"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_sentence(
    provision: Provision, environment: dict[str, str], remedy: str
) -> None:
    result = provision("--yes", **environment)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert remedy in result.stderr
