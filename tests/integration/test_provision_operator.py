"""`bot-admin provision` in an operator's hands: first steps, adoption, interruption, crowds."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from livekit import api
from livekit.protocol import agent_dispatch as proto_dispatch
from livekit.protocol import room as proto_room
from livekit.protocol import sip as proto_sip
from typer.testing import CliRunner, Result

from bot_admin.app import app
from lab.network import Lab
from sip import declaration, plan, reconcile
from sip.declaration import Declaration
from sip.deployment import Deployed
from sip.errors import RefusedError, StalePlanError, UnreachableError
from sip.model import Resource
from sip.remote import Remote

SECRETS = {"HOTLINE_SIP_USERNAME": "carrier-user", "HOTLINE_SIP_PASSWORD": "correct horse battery"}
TRUNK = """
[inbound_trunk.{name}]
numbers = ["{number}"]
allowed_addresses = ["192.0.2.0/24"]
max_call_duration_s = 3600
"""
RULE = """
[dispatch_rule.{name}]
trunks = ["{name}"]
agent = "hotline"
"""


def admin(server: Lab, *arguments: str, stdin: str | None = None) -> Result:
    names = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
    environment = {name: server.environment[name] for name in names} | SECRETS
    return CliRunner().invoke(app, [*arguments], env=environment, input=stdin)


def declared(folder: Path, *texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "all.toml").write_text("\n".join(texts))
    return folder


def one(name: str = "desk", number: str = "+12025550100") -> str:
    return TRUNK.format(name=name, number=number) + RULE.format(name=name)


async def applied(wanted: Declaration, remote: Remote) -> int:
    shown = await reconcile.plan(wanted, remote, prune=True)
    return len([change async for change in reconcile.apply(shown, remote)])


# --- First steps ----------------------------------------------------------------------------------


def test_init_writes_declarations_that_can_be_planned_at_once(server: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "numbers"
    begun = admin(server, "provision", "--init", "--declarations", str(folder))
    assert begun.exit_code == 0, begun.output
    assert begun.stdout.split() == [
        str(folder / name) for name in ("trunks.toml", "rules.toml", "schema.json")
    ]
    env = {
        **{k: server.environment[k] for k in server.environment},
        "HOTLINE_SIP_ADDRESSES": "192.0.2.0/24",
        "HOTLINE_SIP_OUTBOUND_ADDRESS": "sip.carrier.example",
    }
    shown = CliRunner().invoke(app, ["provision", "--plan", "--declarations", str(folder)], env=env)
    assert shown.exit_code == 0, shown.output
    assert "-> hotline -> hotline" in shown.stdout


def test_init_overwrites_nothing(server: Lab, tmp_path: Path) -> None:
    folder = declared(tmp_path, one())
    refused = admin(server, "provision", "--init", "--declarations", str(folder))
    assert refused.exit_code == 1
    assert "has all.toml already" in refused.stderr
    assert (folder / "all.toml").read_text() == one()


async def test_what_others_deployed_is_imported_adopted_and_then_ours(
    server: Lab, remote: Remote, tmp_path: Path
) -> None:
    env = server.environment
    keys = (env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"])
    async with api.LiveKitAPI(*keys) as livekit:
        trunk = await livekit.sip.create_inbound_trunk(
            proto_sip.CreateSIPInboundTrunkRequest(
                trunk=proto_sip.SIPInboundTrunkInfo(
                    name="Their Trunk",
                    numbers=["+12025550100"],
                    auth_username="u",
                    auth_password="q\"uo'ted\\secret ${HOME}",
                    headers={"X-A": "tok€n"},
                    metadata="theirs",
                )
            )
        )
        agents = [proto_dispatch.RoomAgentDispatch(agent_name="hotline")]
        rule = await livekit.sip.create_dispatch_rule(
            proto_sip.CreateSIPDispatchRuleRequest(
                dispatch_rule=proto_sip.SIPDispatchRuleInfo(
                    name="Their Rule",
                    trunk_ids=[trunk.sip_trunk_id],
                    rule=proto_sip.SIPDispatchRule(
                        dispatch_rule_direct=proto_sip.SIPDispatchRuleDirect(room_name="lobby")
                    ),
                    room_config=proto_room.RoomConfiguration(agents=agents),
                )
            )
        )
    begun = await asyncio.to_thread(
        admin, server, "provision", "--import", "--declarations", str(tmp_path)
    )
    assert begun.exit_code == 0, begun.output
    written, secrets = tmp_path / "imported.toml", tmp_path / "imported.env"
    assert begun.stdout.split() == [str(written), str(secrets)]
    assert "secret" not in written.read_text()
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600

    assert "tok€n" not in written.read_text()
    kept = dotenv_values(secrets, interpolate=False)  # as bot.settings reads it
    environment = {name: value or "" for name, value in kept.items()}
    wanted = declaration.load(tmp_path, environment)
    shown = await reconcile.plan(wanted, remote)
    assert shown.counts() == {"create": 0, "replace": 2, "delete": 0}
    for change in shown.changes:
        fields = plan.describe(change)["fields"]
        assert fields["owner"] == {"from": "somebody else", "to": "us"}
        assert not {"auth_password", "headers.X-A"} & set(fields)  # the secrets are the same
    await applied(wanted, remote)

    after = await remote.fetch()
    assert {item.id for item in after} == {trunk.sip_trunk_id, rule.sip_dispatch_rule_id}
    assert all(item.owner_name for item in after)
    assert after.inbound_trunks[0].resource.metadata == "theirs"
    assert (await reconcile.plan(wanted, remote)).in_sync


async def test_there_is_nothing_to_import_where_all_is_ours(
    server: Lab, remote: Remote, tmp_path: Path
) -> None:
    await applied(declaration.load(declared(tmp_path, one()), {}), remote)
    begun = await asyncio.to_thread(
        admin, server, "provision", "--import", "--declarations", str(tmp_path / "new")
    )
    assert begun.exit_code == 0
    assert "nothing to import" in begun.stderr


# --- At night -------------------------------------------------------------------------------------


async def test_only_the_plan_that_was_seen_is_applied(
    server: Lab, remote: Remote, tmp_path: Path
) -> None:
    folder = declared(tmp_path, one())
    options = ("--declarations", str(folder))
    seen = await asyncio.to_thread(admin, server, "provision", "--plan", "--json", *options)
    checksum = json.loads(seen.stdout)["checksum"]
    declared(tmp_path, one(number="+12025550101"))
    other = await asyncio.to_thread(admin, server, "provision", "--checksum", checksum, *options)
    assert other.exit_code == 3
    assert "look at it again" in other.stderr
    assert not list(await remote.fetch())
    declared(tmp_path, one())
    same = await asyncio.to_thread(admin, server, "provision", "--checksum", checksum, *options)
    assert same.exit_code == 0, same.output
    assert len(list(await remote.fetch())) == 2


async def test_of_two_operators_at_once_the_second_is_told(remote: Remote, tmp_path: Path) -> None:
    wanted = declaration.load(declared(tmp_path, one()), {})
    first, second = [await reconcile.plan(wanted, remote) for _ in range(2)]
    async for _ in reconcile.apply(first, remote):
        pass
    with pytest.raises(StalePlanError):
        await anext(reconcile.apply(second, remote))
    assert len(list(await remote.fetch())) == 2


class Interrupted(Remote):
    """A connection that breaks at a chosen request, before or after LiveKit has done it."""

    def __init__(self, through: Remote, at: int, *, after: bool) -> None:
        self._through = through
        self._left = at
        self._after = after

    async def fetch(self) -> Any:
        return await self._through.fetch()

    async def create(self, resource: Resource, trunk_ids: dict[str, str]) -> str:
        self._break(before=True)
        made = await self._through.create(resource, trunk_ids)
        self._break(before=False)
        return made

    async def replace(self, object_id: str, resource: Resource, trunk_ids: dict[str, str]) -> None:
        self._break(before=True)
        await self._through.replace(object_id, resource, trunk_ids)
        self._break(before=False)

    async def delete(self, existing: Deployed[Resource]) -> None:
        self._break(before=True)
        await self._through.delete(existing)
        self._break(before=False)

    def _break(self, *, before: bool) -> None:
        if self._after is before:
            return
        self._left -= 1
        if self._left < 0:
            raise UnreachableError("the connection broke")


@pytest.mark.parametrize("after", [False, True], ids=["before-it-is-done", "after-it-is-done"])
@pytest.mark.parametrize("at", range(6))
async def test_a_run_that_breaks_at_any_step_is_finished_by_the_next(
    remote: Remote, tmp_path: Path, at: int, after: bool
) -> None:
    old = declaration.load(declared(tmp_path, one("old", "+12025550101"), one("kept")), {})
    await applied(old, remote)
    changed = one("kept", "+12025550102").replace("3600", "60")
    new = declaration.load(declared(tmp_path, changed, one("new", "+12025550101")), {})
    shown = await reconcile.plan(new, remote, prune=True)
    assert len(shown.changes) == 5
    broken = Interrupted(remote, at, after=after)
    made = 0
    try:
        async for _ in reconcile.apply(shown, broken):
            made += 1
    except UnreachableError:
        assert made == at
    else:
        assert at == 5
    await applied(new, remote)
    assert (await reconcile.plan(new, remote)).in_sync
    assert sorted(item.resource.name for item in await remote.fetch()) == ["kept"] * 2 + ["new"] * 2


async def test_destroy_takes_what_is_ours_and_nothing_else(
    server: Lab, remote: Remote, tmp_path: Path
) -> None:
    await applied(declaration.load(declared(tmp_path, one()), {}), remote)
    env = server.environment
    keys = (env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"])
    async with api.LiveKitAPI(*keys) as livekit:
        theirs = proto_sip.SIPInboundTrunkInfo(name="theirs", numbers=["+12025550199"])
        await livekit.sip.create_inbound_trunk(proto_sip.CreateSIPInboundTrunkRequest(trunk=theirs))
    nobody = await asyncio.to_thread(admin, server, "destroy")
    assert nobody.exit_code == 2
    assert len(list(await remote.fetch())) == 3
    gone = await asyncio.to_thread(admin, server, "destroy", "--yes")
    assert gone.exit_code == 0, gone.output
    assert [item.resource.name for item in await remote.fetch()] == ["theirs"]


# --- Many -----------------------------------------------------------------------------------------


async def test_five_hundred_trunks_and_two_thousand_rules_are_planned_in_seconds(
    remote: Remote, tmp_path: Path
) -> None:
    trunks = [
        TRUNK.format(name=f"trunk-{n}", number=f"+1{202 + n // 100}55501{n % 100:02}")
        for n in range(500)
    ]
    rules = [
        f'[dispatch_rule.rule-{n}]\ntrunks = ["trunk-{n % 500}"]\nagent = "hotline"\n'
        f'inbound_numbers = ["+1{302 + n // 100}55501{n % 100:02}"]\n'
        for n in range(2000)
    ]
    folder = declared(tmp_path, *trunks, *rules)
    began = time.monotonic()
    wanted = declaration.load(folder, {})
    shown = await reconcile.plan(wanted, remote)
    assert shown.counts()["create"] == 2500
    assert time.monotonic() - began < 30

    async for _ in reconcile.apply(shown, remote):
        pass
    began = time.monotonic()
    assert (await reconcile.plan(wanted, remote)).in_sync
    assert time.monotonic() - began < 30


async def test_what_livekit_refuses_is_told_with_its_reason(remote: Remote, tmp_path: Path) -> None:
    wanted = declaration.load(declared(tmp_path, one()), {})
    shown = await reconcile.plan(wanted, remote)
    await remote.create(wanted.rules[0].model_copy(update={"trunks": ()}), {})
    twin = wanted.rules[0].model_copy(update={"name": "twin", "trunks": ()})
    with pytest.raises(RefusedError, match="already exists"):
        await remote.create(twin, {})
    assert shown.changes
