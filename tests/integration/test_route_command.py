"""`bot-admin route` and `lint`, and what `provision` refuses, against a real livekit-server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from livekit import api
from livekit.protocol import sip as proto
from typer.testing import CliRunner, Result

from bot_admin.app import app
from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings
from sip.remote import connect

OURS, CALLER, NEAR, FAR = "+12025550100", "+12025550123", "192.0.2.7", "198.51.100.7"
PIN, PASSWORD = "918273", "correct horse battery staple"
GUARDED = f"""
[inbound_trunk.main]
numbers = ["{OURS}"]
allowed_addresses = ["192.0.2.0/24"]
ringing_timeout_s = 20
max_call_duration_s = 3600
[dispatch_rule.main]
trunks = ["main"]
agent = "hotline"
persona = "front-desk"
"""
OPEN = GUARDED.replace('allowed_addresses = ["192.0.2.0/24"]\n', "")
ASKING = (
    GUARDED
    + """
pin = "env/PIN"
[inbound_trunk.digest]
numbers = ["+12025550101"]
auth_username = "env/USERNAME"
auth_password = "env/PASSWORD"
[dispatch_rule.digest]
trunks = ["digest"]
agent = "hotline"
"""
)
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("route-command")
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server()) as lab:
        yield lab


@pytest.fixture
def account(network: Lab) -> Iterator[tuple[str, str, str]]:
    env = network.environment
    account = env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"]
    yield account

    async def clear() -> None:
        async with connect(*account) as remote:
            for item in await remote.fetch():
                await remote.delete(item)

    asyncio.run(clear())


@pytest.fixture
def run(account: tuple[str, str, str], tmp_path: Path) -> Run:
    """Runs bot-admin with declarations of one file."""

    def run(command: str, *options: str, text: str | None = None) -> Result:
        if text is not None:
            (tmp_path / "all.toml").write_text(text)
            options = (*options, "--declarations", str(tmp_path))
        names = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
        env = dict(zip(names, account, strict=True))
        env |= {"PIN": PIN, "USERNAME": "carrier", "PASSWORD": PASSWORD}
        result = CliRunner().invoke(app, [command, *options], env=env)
        assert PASSWORD not in result.output
        assert PIN not in result.output
        return result

    return run


def route(run: Run, *options: str, to: str = OURS, text: str | None = None) -> Result:
    return run("route", "--from", CALLER, "--to", to, *options, text=text)


def test_the_path_of_a_call_is_shown(run: Run) -> None:
    run("provision", "--yes", text=GUARDED)

    result = route(run, "--ip", NEAR)

    assert result.exit_code == 0, result.output
    path = f'{OURS} -> trunk "main" -> rule "main" -> agent hotline -> persona front-desk'
    assert result.stdout.splitlines()[0] == path
    assert "busy (486) after 20 s" in result.stdout


def test_a_call_that_is_never_answered_ends_with_1_and_says_why(run: Run) -> None:
    run("provision", "--yes", text=GUARDED)

    result = route(run, "--ip", FAR)

    assert result.exit_code == 1
    assert f"{OURS} -> no trunk -> no rule" in result.stdout
    assert "lets in only calls from 192.0.2.0/24" in result.stdout
    assert "serves only the trunks main" in result.stdout


def test_what_would_be_deployed_can_be_asked_before(run: Run) -> None:
    assert route(run).exit_code == 1
    assert route(run, "--declared", text=GUARDED).exit_code == 0
    assert "Without --ip" in route(run, "--declared", text=GUARDED).stdout


def test_challenge_and_pin_are_foretold_and_no_secret_is_shown(run: Run) -> None:
    run("provision", "--yes", text=ASKING)

    asked = json.loads(route(run, "--json").stdout)
    right = route(run, "--json", "--pin", PIN)
    wrong = route(run, "--pin", "1")
    challenged = json.loads(route(run, "--json", to="12025550101").stdout)

    assert asked["outcome"] == "asked-for-pin"
    assert json.loads(right.stdout)["outcome"] == "accepted"
    assert wrong.exit_code == 1
    assert (challenged["challenged"], challenged["outcome"]) == (True, "accepted")
    assert challenged["trunk"]["name"] == "digest"


def test_what_is_no_address_is_wrong_usage(run: Run) -> None:
    assert route(run, "--ip", "carrier").exit_code == 2


def test_an_open_trunk_is_refused_and_nothing_is_changed(run: Run) -> None:
    refused = run("provision", "--yes", text=OPEN)

    assert refused.exit_code == 1
    assert "unguarded-trunk" in refused.stderr
    assert "set allowed_addresses" in refused.stderr
    assert run("provision", "--plan", text=OPEN).exit_code == 1
    assert route(run).exit_code == 1


def test_an_exception_is_made_by_the_declaration_or_for_once(run: Run) -> None:
    table = OPEN.replace("[dispatch_rule", 'allow = ["unguarded-trunk"]\n[dispatch_rule')
    by_table = run("provision", "--yes", text=table)
    by_option = run("provision", "--yes", "--allow", "unguarded-trunk", text=OPEN)
    unknown = run("provision", "--yes", "--allow", "ungarded-trunk", text=OPEN)

    assert (by_table.exit_code, by_option.exit_code, unknown.exit_code) == (0, 0, 2)
    assert "allowed error unguarded-trunk" in by_table.stdout
    assert "'unguarded-trunk'" in unknown.stderr


def test_json_holds_the_findings_even_of_a_refused_plan(run: Run) -> None:
    result = run("provision", "--yes", "--json", text=OPEN)

    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data["applied"] == 0
    assert [finding["lint"] for finding in data["findings"]] == ["unguarded-trunk"]


def test_lint_looks_at_all_that_is_deployed(run: Run, account: tuple[str, str, str]) -> None:
    async def create() -> None:
        async with api.LiveKitAPI(*account) as livekit:
            wildcard = proto.SIPDispatchRule(
                dispatch_rule_direct=proto.SIPDispatchRuleDirect(room_name="lobby")
            )
            await livekit.sip.create_dispatch_rule(
                proto.CreateSIPDispatchRuleRequest(
                    dispatch_rule=proto.SIPDispatchRuleInfo(name="theirs", rule=wildcard)
                )
            )

    asyncio.run(create())
    foreign = run("lint")
    run("provision", "--yes", "--allow", "unguarded-trunk", text=OPEN)
    ours = run("lint", "--json")

    assert foreign.exit_code == 0
    assert 'error rule-without-trunk: dispatch rule "theirs"' in foreign.stdout
    assert ours.exit_code == 1
    assert "unguarded-trunk" in ours.stderr
    found = {finding["lint"] for finding in json.loads(ours.stdout)["findings"]}
    assert {"rule-without-trunk", "unguarded-trunk", "direct-room-shared"} <= found
