"""`sip.route` against the real livekit-server, asked as a gateway asks: every cell must agree."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit import api
from livekit.protocol import sip as proto
from valkey.asyncio import Valkey

from lab.errors import ProcessFailed
from lab.gateway import dispatch, wire
from lab.gateway.bus import Bus
from lab.gateway.psrpc import Client, RpcError
from lab.network import Lab
from lab.ports import PortBlock
from lab.settings import LabSettings
from sip.deployment import Deployment
from sip.errors import UnreachableError
from sip.remote import Remote, connect
from sip.route import IncomingCall, Outcome, Route, route

OURS, OTHER, UNKNOWN = "+12025550100", "+12025550101", "+12025550109"
ALICE, BOB = "+12025550123", "+12025550124"
Trunk = proto.SIPInboundTrunkInfo
Rule = proto.SIPDispatchRuleInfo
Where = proto.SIPDispatchRule
Direct = proto.SIPDispatchRuleDirect
Individual = proto.SIPDispatchRuleIndividual
Callee = proto.SIPDispatchRuleCallee


@dataclass(frozen=True)
class Matrix:
    """What is deployed, and the calls that are tried on it; rules name trunks by theirs."""

    trunks: tuple[Trunk, ...]
    rules: tuple[Rule, ...]
    callers: tuple[str, ...] = (ALICE, BOB, ALICE[1:])
    called: tuple[str, ...] = (OURS, OURS[1:], OTHER, UNKNOWN)
    sources: tuple[str | None, ...] = ("192.0.2.7",)
    hosts: tuple[str, ...] = ("carrier.example",)
    pins: tuple[str | None, ...] = (None,)
    stored: tuple[Rule, ...] = field(default=())
    """Rules put into the store past the server, as an older release may have left them."""

    def calls(self) -> Iterator[IncomingCall]:
        for caller, called, source, host, pin in product(
            self.callers, self.called, self.sources, self.hosts, self.pins
        ):
            yield IncomingCall(caller, called, ip_address(source) if source else None, host, pin)


def where(kind: str, name: str, pin: str = "", *, random: bool = False) -> Where:
    if kind == "direct":
        return Where(dispatch_rule_direct=Direct(room_name=name, pin=pin))
    if kind == "callee":
        callee = Callee(room_prefix=name, pin=pin, randomize=random)
        return Where(dispatch_rule_callee=callee)
    individual = Individual(room_prefix=name, pin=pin, no_randomness=not random)
    return Where(dispatch_rule_individual=individual)


def rule(name: str, *trunks: str, kind: str = "direct", pin: str = "", **fields: Any) -> Rule:
    random = fields.pop("random", False)
    return Rule(name=name, trunk_ids=trunks, rule=where(kind, name, pin, random=random), **fields)


PLAIN = Trunk(name="plain", numbers=[OURS])
MATRICES = {
    "numbers-with-and-without-plus": Matrix(
        (
            Trunk(name="plus", numbers=[OURS]),
            Trunk(name="bare", numbers=[OTHER[1:], "(202) 555-0102"]),
            Trunk(name="named", numbers=["sales", "SUPPORT+1"]),
        ),
        (rule("all", "plus", "bare", "named"),),
        called=(
            *(OURS, OURS[1:], OTHER, OTHER[1:], "+1-202-555-0101", "2025550102", "+2025550102"),
            *("sales", "Sales", "support+1", UNKNOWN, ""),
        ),
    ),
    "allowed-numbers": Matrix(
        (
            Trunk(name="alice", numbers=[OURS], allowed_numbers=[ALICE]),
            Trunk(name="bob", numbers=[OURS], allowed_numbers=[BOB[1:]]),
            Trunk(name="either", numbers=[OTHER], allowed_numbers=[ALICE, BOB]),
        ),
        (rule("alice", "alice"), rule("bob", "bob"), rule("either", "either")),
        callers=(ALICE, ALICE[1:], BOB, BOB[1:], UNKNOWN, "anonymous", ""),
    ),
    "addresses": Matrix(
        (
            Trunk(name="range", numbers=[OURS], allowed_addresses=["192.0.2.0/24"]),
            Trunk(name="one", numbers=[OTHER], allowed_addresses=["198.51.100.7", "2001:db8::/32"]),
            Trunk(
                name="host", numbers=[UNKNOWN], allowed_addresses=["carrier.example", "10.0.0.1/8"]
            ),
            Trunk(name="dropped", numbers=["+12025550102"], allowed_addresses=["192.0.2.1,a"]),
            Trunk(
                name="odd",
                numbers=["+12025550103"],
                allowed_addresses=[
                    *("192.0.2.1;x", "[2001:db8::]/32", "192.0.2.0/255.255.255.0", "300.1.1.1"),
                    *("192.0.2.0/024", "192.0.2.7/33", "0.0.0.0/0 "),
                ],
            ),
        ),
        (rule("all", "range", "one", "host", "dropped", "odd"),),
        callers=(ALICE,),
        called=(OURS, OTHER, UNKNOWN, "+12025550102", "+12025550103"),
        sources=("192.0.2.7", "198.51.100.7", "2001:db8::1", "10.9.9.9", "::ffff:192.0.2.7", None),
        hosts=("carrier.example", "Carrier.example", "192.0.2.0/024", "[2001:db8::]/32", ""),
    ),
    "passwords": Matrix(
        (
            Trunk(name="whole", numbers=[OURS], auth_username="u", auth_password="p" * 12),
            Trunk(name="half", numbers=[OTHER], auth_username="u"),
            Trunk(
                name="both",
                numbers=[UNKNOWN],
                auth_username="u",
                auth_password="p" * 12,
                allowed_addresses=["192.0.2.0/24"],
            ),
        ),
        (rule("all", "whole", "half", "both"),),
        sources=("192.0.2.7", "198.51.100.7"),
    ),
    "wildcards": Matrix(
        (PLAIN, Trunk(name="elsewhere", numbers=[OTHER], allowed_addresses=["203.0.113.0/24"])),
        (rule("named", "plain"), rule("any"), rule("any-unknown", numbers=[UNKNOWN])),
        callers=(ALICE, ""),
    ),
    "catch-all-trunks": Matrix(
        (
            PLAIN,
            Trunk(name="any", auth_username="u", auth_password="p" * 12),
            Trunk(name="any-bob", allowed_numbers=[BOB], allowed_addresses=["192.0.2.0/24"]),
        ),
        (rule("plain", "plain"), rule("any", "any"), rule("any-bob", "any-bob")),
        sources=("192.0.2.7", "198.51.100.7"),
    ),
    "two-trunks": Matrix(
        (
            PLAIN,
            Trunk(name="alice", numbers=[OURS[1:]], allowed_numbers=[ALICE]),
            Trunk(name="far", numbers=[OTHER], allowed_addresses=["203.0.113.0/24"]),
            Trunk(name="near", numbers=[OTHER], allowed_numbers=[BOB]),
        ),
        (rule("all", "plain", "alice", "far", "near"),),
        sources=("192.0.2.7", "203.0.113.1"),
    ),
    "rules-with-numbers": Matrix(
        (Trunk(name="two", numbers=[OURS, OTHER, UNKNOWN]),),
        (
            rule("ours", "two", numbers=[OURS]),
            rule("bare", "two", numbers=[OTHER[1:]]),
            rule("rest", "two", kind="individual"),
        ),
        called=(OURS, OURS[1:], OTHER, OTHER[1:], UNKNOWN, "1 202 555-0100"),
    ),
    "rules-with-callers": Matrix(
        (Trunk(name="two", numbers=[OURS, OTHER]),),
        (
            rule("alice", "two", inbound_numbers=[ALICE]),
            rule("bob-ours", "two", inbound_numbers=[BOB[1:]], numbers=[OURS]),
            rule("other", "two", numbers=[OTHER], kind="callee"),
            rule("alice-other", "two", inbound_numbers=[ALICE], numbers=[OTHER], kind="callee"),
        ),
        callers=(ALICE, ALICE[1:], BOB, BOB[1:], ""),
        called=(OURS, OURS[1:], OTHER, OTHER[1:]),
    ),
    "pins": Matrix(
        (PLAIN, Trunk(name="second", numbers=[OTHER]), Trunk(name="third", numbers=[UNKNOWN])),
        (
            rule("pinned", "plain", pin="1234"),
            rule("other-pin", "plain", pin="777"),
            rule("open", "plain"),
            rule("only-pinned", "second", pin="1234", kind="callee"),
            rule("only-open", "third"),
            rule("any", pin="999"),
        ),
        callers=(ALICE,),
        pins=(None, "1234", "777", "999", "0000", ""),
    ),
    "types": Matrix(
        (PLAIN,),
        (
            rule("c", "plain", kind="callee", numbers=[OURS], random=True),
            rule("b", "plain", kind="individual", numbers=[OURS, UNKNOWN], pin="1"),
            rule("a", "plain", kind="direct", numbers=[OURS], inbound_numbers=[BOB]),
            rule("z", "plain", kind="direct", inbound_numbers=[ALICE]),
            rule("y", "plain", kind="individual", random=True),
        ),
        called=(OURS, OURS[1:]),
        pins=(None, "1", ""),
    ),
    "equal-rules": Matrix(
        (PLAIN,),
        (
            rule("b", "plain", pin="1"),
            rule("a", "plain", pin="2"),
            rule("a", "plain", pin="3"),
            rule("B", "plain", pin="4"),
        ),
        callers=(ALICE,),
        called=(OURS,),
        pins=(None, "1", "2", "3", "4", "5", ""),
    ),
    "rooms": Matrix(
        (Trunk(name="all", numbers=[OURS, OTHER, UNKNOWN, "+12025550102"]),),
        (
            rule("call", "all", kind="individual", numbers=[OURS], hide_phone_number=True),
            rule("", "all", kind="individual", numbers=[OTHER], random=True),
            rule("", "all", kind="callee", numbers=[UNKNOWN], random=True, hide_phone_number=True),
            rule("desk", "all", kind="callee", numbers=["+12025550102"], hide_phone_number=True),
        ),
        callers=(ALICE, "+123", "1", "12345"),
        called=(OURS, OTHER, UNKNOWN, "+12025550102"),
    ),
    "no-rules": Matrix((PLAIN,), ()),
    "no-trunks": Matrix((), (rule("any", numbers=[OURS]), rule("dangling", "ST_gone"))),
    "nothing": Matrix((), ()),
    "left-by-an-older-release": Matrix(
        (PLAIN, Trunk(name="other", numbers=[OTHER])),
        (rule("other", "other"),),
        stored=(rule("forms", "plain", numbers=[OURS, OURS[1:]]),),
    ),
    "two-rules-in-one-place": Matrix(
        (PLAIN, Trunk(name="other", numbers=[OTHER])),
        (rule("other", "other"), rule("one", "plain")),
        stored=(rule("two", "plain", kind="callee"),),
    ),
}


@dataclass(frozen=True)
class Verdict:
    """What the server, or our replay of it, says of a call."""

    outcome: Outcome
    trunk_id: str = ""
    challenged: bool = False
    rule_id: str = ""
    room: str = ""


class Server:
    """A livekit-server: its API, its store, and the side on which gateways ask."""

    def __init__(self, lab: Lab, livekit: api.LiveKitAPI, remote: Remote, bus: Bus) -> None:
        self._livekit, self.remote = livekit, remote
        self._io_info = Client(bus, "IOInfo")
        self._rules = dispatch.CallRules(self._io_info)
        self._redis = lab.ports.redis

    async def deploy(self, matrix: Matrix, *, what_it_takes: bool = False) -> Deployment:
        """Creates a matrix' trunks and rules, after removing all there are; `what_it_takes` leaves
        out those that the server refuses."""
        await self.clear()
        refused = (api.ServerError,) if what_it_takes else ()
        ids: dict[str, str] = {}
        for trunk in matrix.trunks:
            with suppress(*refused):
                made = await self._livekit.sip.create_inbound_trunk(
                    proto.CreateSIPInboundTrunkRequest(trunk=trunk)
                )
                ids[trunk.name] = made.sip_trunk_id
        for wanted in matrix.rules:
            with suppress(*refused):
                await self._livekit.sip.create_dispatch_rule(
                    proto.CreateSIPDispatchRuleRequest(dispatch_rule=_with_ids(wanted, ids))
                )
        for wanted in matrix.stored:
            await self._store(_with_ids(wanted, ids))
        return await self.remote.fetch()

    async def clear(self) -> None:
        for item in await self.remote.fetch():
            await self.remote.delete(item)

    async def _store(self, wanted: Rule) -> None:
        wanted.sip_dispatch_rule_id = f"SDR_{secrets.token_hex(6)}"
        async with Valkey(port=self._redis) as store:
            await store.execute_command(  # type: ignore[no-untyped-call]
                "HSET", "sip_dispatch_rule", wanted.sip_dispatch_rule_id, wanted.SerializeToString()
            )

    async def verdict(self, call: IncomingCall) -> Verdict:
        """What a gateway is told, step by step, as it would ask."""
        sip_call = wire.SIPCall(
            lk_call_id="SCL_test", source_ip=str(call.source_ip or ""), sip_call_id="test"
        )
        getattr(sip_call, "from").CopyFrom(
            proto.SIPUri(user=call.from_number, host=call.from_host or "")
        )
        sip_call.to.CopyFrom(proto.SIPUri(user=call.to_number, host="gateway.example"))
        try:
            trunk = await self._rules.authentication(sip_call)
            assert not trunk.drop
            told = Verdict("dropped", trunk.trunk_id, trunk.wants_password)
        except RpcError:
            return Verdict("unavailable")
        try:
            answer = await self._evaluate(sip_call, trunk.trunk_id, None)
            if answer.result == REQUEST_PIN:
                if call.pin is None:
                    rule_id = answer.sip_dispatch_rule_id
                    return replace(told, outcome="asked-for-pin", rule_id=rule_id)
                told = replace(told, outcome="wrong-pin")
                answer = await self._evaluate(sip_call, trunk.trunk_id, call.pin)
        except RpcError:
            return replace(told, outcome="unavailable")
        if answer.result == DROP:
            return told
        assert answer.result == ACCEPT
        rule_id = answer.participant_attributes["sip.ruleID"]
        return replace(told, outcome="accepted", rule_id=rule_id, room=answer.room_name)

    async def _evaluate(self, call: Any, trunk_id: str, pin: str | None) -> Any:
        return await self._io_info.call(
            "EvaluateSIPDispatchRules",
            dispatch.evaluation(call, trunk_id, {}, pin),
            wire.EvaluateSIPDispatchRulesResponse,
        )


ACCEPT, REQUEST_PIN, DROP = (
    next(n for n in range(9) if wire.dispatch_result(n) == name)
    for name in ("ACCEPT", "REQUEST_PIN", "DROP")
)


def _with_ids(wanted: Rule, ids: dict[str, str]) -> Rule:
    changed = Rule()
    changed.CopyFrom(wanted)
    changed.trunk_ids[:] = [ids.get(name, name) for name in wanted.trunk_ids]
    return changed


def replayed(found: Route) -> Verdict:
    """Our replay, in the server's terms."""
    return Verdict(
        found.outcome,
        found.trunk.id if found.trunk else "",
        found.challenged,
        found.rule.id if found.rule else "",
        (found.room or "") if found.outcome == "accepted" else "",
    )


def agree(told: Verdict, ours: Route) -> bool:
    """Whether the two verdicts are one; a random ending of the room's name is the server's own."""
    expected = replayed(ours)
    if ours.rule is not None and ours.rule.resource.randomize and told.outcome == "accepted":
        stem, _, ending = told.room.rpartition("_")
        assert len(ending) > 8
        told = replace(told, room=stem)
    return told == expected


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("route")
    with Lab(home, PortBlock.auto(), LabSettings.load().livekit_server()) as lab:
        yield lab


@asynccontextmanager
async def _server(lab: Lab) -> AsyncIterator[Server]:
    env = lab.environment
    account = env["LIVEKIT_URL"], env["LIVEKIT_API_KEY"], env["LIVEKIT_API_SECRET"]
    bus = Bus(f"127.0.0.1:{lab.ports.redis}")
    async with api.LiveKitAPI(*account) as livekit, connect(*account) as remote:
        server = Server(lab, livekit, remote, bus)
        listening = asyncio.create_task(bus.run())
        try:
            yield server
            await server.clear()
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await bus.close()


async def _differences(server: Server, matrix: Matrix, deployment: Deployment) -> list[str]:
    """The calls on which server and replay differ."""
    wrong = []
    for call in matrix.calls():
        told, ours = await server.verdict(call), route(deployment, call)
        if not agree(told, ours):
            wrong.append(f"{call}\n  server {told}\n  ours   {replayed(ours)}")
    return wrong


@pytest.mark.parametrize("name", MATRICES)
async def test_every_cell_agrees_with_the_server(network: Lab, name: str) -> None:
    async with _server(network) as server:
        deployment = await server.deploy(MATRICES[name])
        wrong = await _differences(server, MATRICES[name], deployment)
    assert not wrong, "\n".join(wrong)


def test_there_are_several_hundred_cells() -> None:
    assert sum(1 for matrix in MATRICES.values() for _ in matrix.calls()) > 400


def subset(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=len(values))


TRUNKS = st.builds(
    Trunk,
    name=st.sampled_from("stu"),
    numbers=subset(OURS, OTHER, "sales"),
    allowed_numbers=subset(ALICE, BOB[1:]),
    allowed_addresses=subset("192.0.2.0/24", "198.51.100.7", "carrier.example", "a b"),
    auth_username=st.sampled_from(["", "u"]),
    auth_password=st.sampled_from(["", "p"]),
)
RULES = st.builds(
    rule,
    st.sampled_from("ab"),
    st.sampled_from(["s", "t", "u", "ST_gone"]),
    kind=st.sampled_from(["direct", "individual", "callee"]),
    pin=st.sampled_from(["", "", "1", "2"]),
    random=st.booleans(),
    numbers=subset(OURS, OTHER[1:]),
    inbound_numbers=subset(ALICE, BOB[1:]),
)
WILDCARDS = st.builds(rule, st.sampled_from("ab"), numbers=subset(OURS, UNKNOWN))
MANY = st.builds(
    Matrix,
    st.lists(TRUNKS, max_size=3, unique_by=lambda trunk: trunk.name).map(tuple),
    st.lists(RULES | WILDCARDS, max_size=6).map(tuple),
    callers=st.just((ALICE, BOB[1:])),
    called=st.just((OURS, OTHER[1:], "sales")),
    sources=st.just(("192.0.2.7", "198.51.100.7")),
    pins=st.sampled_from([(None,), ("1",), ("",)]),
)


def test_whatever_the_server_takes_is_replayed(network: Lab) -> None:
    """Found by chance rather than by us; the same chances every time."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        server = runner.run(stack.enter_async_context(_server(network)))

        async def agrees(matrix: Matrix) -> None:
            deployment = await server.deploy(matrix, what_it_takes=True)
            wrong = await _differences(server, matrix, deployment)
            assert not wrong, "\n".join([str(deployment), *wrong])

        @settings(max_examples=150, deadline=None, derandomize=True, database=None)
        @given(MANY)
        def whatever(matrix: Matrix) -> None:
            runner.run(agrees(matrix))

        try:
            whatever()
        finally:
            runner.run(stack.aclose())


async def test_a_number_that_is_hidden_and_not_there_ends_the_server(tmp_path: Path) -> None:
    """A fault of livekit-server v1.13.5: when this fails, lint `hidden-caller-crash` can go."""
    hiding = Matrix((PLAIN,), (rule("lobby", "plain", hide_phone_number=True),))
    call = IncomingCall("", OURS)
    with Lab(tmp_path, PortBlock.auto(), LabSettings.load().livekit_server()) as lab:
        with suppress(UnreachableError):  # there is nothing left to tidy up
            async with _server(lab) as server:
                deployment = await server.deploy(hiding)
                assert (await server.verdict(call)).outcome == "unavailable"
                assert route(deployment, call).outcome == "crash"
        with pytest.raises(ProcessFailed, match="livekit-server"):
            lab.check()
