"""Each lint finds its flaw, and nothing in what is right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import sip
from sip import plan
from sip.declaration import load
from sip.deployment import Deployed, Deployment
from sip.errors import DeclarationError, LintError
from sip.lint import LINTS, lint, refuse
from sip.model import Agent, DispatchRule, InboundTrunk, Media, OutboundTrunk
from sip.secret import SealedSecret, Secret

ROOT = Path(sip.__file__).parents[1]
DECLARATIONS = sorted(
    {
        path.parent
        for path in ROOT.glob("**/*.toml")
        if ".venv" not in path.parts and "[inbound_trunk." in path.read_text()
    }
)
ENVIRONMENT = {
    "HOTLINE_SIP_PIN": "4711",
    "HOTLINE_SIP_ADDRESSES": "192.0.2.0/24",
    "HOTLINE_SIP_OUTBOUND_ADDRESS": "sip.carrier.example",
    "HOTLINE_SIP_USERNAME": "carrier",
    "HOTLINE_SIP_PASSWORD": "correct horse battery staple",
}
OURS, OTHER, CALLER = "+12025550100", "+12025550101", "+12025550123"
GOOD: dict[str, Any] = {
    "name": "main",
    "numbers": (OURS,),
    "allowed_addresses": ("192.0.2.0/24",),
    "ringing_timeout_s": 20,
    "max_call_duration_s": 3600,
}
RULE: dict[str, Any] = {
    "name": "main",
    "trunks": ("main",),
    "agents": (Agent.model_construct(name="hotline"),),
}
OUT: dict[str, Any] = {"name": "out", "address": "sip.example.com", "numbers": (OURS,)}


def trunk(id_: str = "ST_1", **fields: Any) -> Deployed[InboundTrunk]:
    built = InboundTrunk.model_construct(**{**GOOD, **fields})
    return Deployed(id_, built, built.name)


def rule(id_: str = "SDR_1", **fields: Any) -> Deployed[DispatchRule]:
    built = DispatchRule.model_construct(**{**RULE, **fields})
    return Deployed(id_, built, built.name)


def outbound(**fields: Any) -> Deployed[OutboundTrunk]:
    built = OutboundTrunk.model_construct(**{**OUT, **fields})
    return Deployed("ST_9", built, built.name)


def foreign(item: Deployed[Any]) -> Deployed[Any]:
    return replace(item, owner_name=None)


def encrypted(how: str) -> Media:
    return Media.model_construct(encryption=how)


@dataclass(frozen=True)
class Case:
    """A deployment with one flaw, and the words that tell which."""

    lint: str
    deployment: Deployment
    words: str


def case(lint_id: str, words: str, *items: Deployed[Any]) -> Case:
    """Where the items have no trunk or no rule, there is a good one."""
    inbound = [item for item in items if isinstance(item.resource, InboundTrunk)]
    rules = [item for item in items if isinstance(item.resource, DispatchRule)]
    outbounds = [item for item in items if isinstance(item.resource, OutboundTrunk)]
    deployment = Deployment(tuple(inbound or [trunk()]), tuple(outbounds), tuple(rules or [rule()]))
    return Case(lint_id, deployment, words)


SECOND = {"name": "second"}
CASES = [
    case("unguarded-trunk", "neither", trunk(allowed_addresses=())),
    case("unguarded-trunk", "neither", trunk(allowed_addresses=(), auth_username=Secret("half"))),
    case("unguarded-trunk", "neither", trunk(allowed_addresses=("0.0.0.0/0",))),
    case("unguarded-trunk", "neither", trunk(allowed_addresses=("192.0.2.1,192.0.2.2",))),
    case("address-by-host-name", "'sip.ex", trunk(allowed_addresses=("sip.example.com",))),
    case("malformed-address", "'192.0.2.*'", trunk(allowed_addresses=("192.0.2.*", "192.0.2.7"))),
    case("malformed-address", "/33", trunk(allowed_addresses=("192.0.2.0/33",))),
    case("malformed-address", "300.1.1.1", trunk(allowed_addresses=("300.1.1.1",))),
    case(
        "number-without-plus", "12025550101", trunk(), foreign(trunk("ST_2", numbers=(OTHER[1:],)))
    ),
    case(
        "number-without-plus",
        "12025550100",
        foreign(rule(numbers=(OURS,), without_plus=True)),
    ),
    case("unlimited-duration", "max_call_duration_s", trunk(max_call_duration_s=None)),
    case("unlimited-ringing", "ringing_timeout_s", trunk(ringing_timeout_s=None)),
    case(
        "weak-password",
        "fewer than 12",
        trunk(auth_username=Secret("carrier"), auth_password=Secret("hunter2")),
    ),
    case(
        "weak-password",
        "user name",
        outbound(auth_username=Secret("carrier-carrier"), auth_password=Secret("carrier-carrier")),
    ),
    case("media-keys-in-clear", "udp", outbound(media=encrypted("require"), transport="udp")),
    case("callback-unanswered", OTHER, outbound(numbers=(OURS, OTHER))),
    case("rule-without-trunk", "no trunk", rule(trunks=())),
    case("rule-without-trunk", "no trunk", foreign(rule(trunks=(), inbound_numbers=(CALLER,)))),
    case("dangling-trunk", "ST_gone", rule(trunks=("main", "ST_gone"))),
    case(
        "dangling-trunk",
        "ST_gone",
        rule(trunk_ids=()),
        rule("SDR_2", name="b", trunks=("ST_gone",)),
    ),
    case("rule-without-agent", "no agent", rule(agents=())),
    case("rule-without-agent", "no agent", rule(agents=(Agent.model_construct(name=""),))),
    case(
        "rule-names-agent-nobody-serves", "typo", rule(agents=(Agent.model_construct(name="typo"),))
    ),
    case("direct-room-shared", "'lobby'", rule(type="direct", room_name="lobby", randomize=False)),
    case("direct-room-shared", "one called number", rule(type="callee", randomize=False)),
    case("hidden-caller-crash", "hides", rule(hide_phone_number=True)),
    case("overlapping-trunks", OURS, trunk(), trunk("ST_2", name="second")),
    case(
        "conflict-at-call-time",
        "only one of them",
        trunk(),
        trunk("ST_2", name="second", allowed_numbers=(CALLER,)),
    ),
    case("overlapping-rules", "main", rule(), rule("SDR_2", name="second", type="callee")),
    case("overlapping-rules", "two forms", rule(numbers=(OURS, OURS[1:]))),
    case("own-number-as-caller", OURS, rule(inbound_numbers=(OURS, CALLER))),
    case(
        "media-encryption-mismatch",
        'inbound trunk "main" (ST_1) says require',
        trunk(media=encrypted("require")),
        rule(media=encrypted("disable")),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.lint}-{n}" for n, case in enumerate(CASES)])
def test_each_flaw_is_found_with_the_words_that_tell_it(case: Case) -> None:
    findings = lint(case.deployment, {"hotline"})

    found = [finding for finding in findings if finding.lint == case.lint]
    assert len(found) == 1
    assert found[0].level == LINTS[case.lint].level
    assert case.words in found[0].what
    errors = {finding.lint for finding in findings if finding.level == "error"}
    # A trunk whose addresses are not heeded is unguarded too.
    assert errors - {case.lint} <= {"unguarded-trunk", "malformed-address"}


def test_every_lint_has_a_case_and_words_of_its_own() -> None:
    assert {case.lint for case in CASES} == set(LINTS)
    for one in LINTS.values():
        assert not one.why.endswith(".")
        assert not one.remedy.endswith(".")


@pytest.mark.parametrize(
    "deployment",
    [
        Deployment((trunk(),), (outbound(),), (rule(),)),
        Deployment((trunk(numbers=()),), (outbound(numbers=(OTHER,)),), (rule(),)),
        Deployment((trunk(allowed_addresses=("2001:db8::/32", "192.0.2.7")),), (), (rule(),)),
        Deployment(
            (
                trunk(
                    allowed_addresses=(),
                    auth_username=Secret("u"),
                    auth_password=SealedSecret(""),
                ),
            )
        ),
        Deployment(
            (trunk(allowed_numbers=(CALLER,)), trunk("ST_2", name="b", allowed_numbers=(OTHER,))),
            rules=(rule(hide_phone_number=True),),
        ),
        Deployment((trunk(),), rules=(rule(trunk_ids=("ST_1",)), rule("SDR_2", pin=Secret("1")))),
        Deployment((trunk(),), rules=(rule(agents=(), room_preset="desk"),)),
        Deployment((trunk("ST_2", name="sales", numbers=("sales",)),)),
    ],
    ids=range(8),
)
def test_what_is_right_is_left_alone(deployment: Deployment) -> None:
    assert lint(deployment, {"hotline"}) == []


def test_whether_an_agent_is_served_is_not_guessed() -> None:
    deployment = Deployment((trunk(),), (), (rule(agents=(Agent.model_construct(name="x"),)),))

    assert lint(deployment) == []
    assert [finding.lint for finding in lint(deployment, set())] == [
        "rule-names-agent-nobody-serves"
    ]


def test_errors_of_ours_refuse_all_at_once_with_id_and_remedy() -> None:
    open_trunk = trunk(allowed_addresses=(), max_call_duration_s=None)
    findings = lint(Deployment((open_trunk,), rules=(rule(trunks=()),)))

    with pytest.raises(LintError) as caught:
        refuse(findings)
    message = str(caught.value)
    for word in ("unguarded-trunk", "set allowed_addresses", "rule-without-trunk", "ST_1", "SDR_1"):
        assert word in message
    assert "unlimited-duration" not in message


def test_an_allowed_finding_is_shown_and_refuses_nothing() -> None:
    by_table = trunk(allowed_addresses=(), allow=("unguarded-trunk",))
    by_command = rule(trunks=())

    findings = lint(Deployment((by_table,), rules=(by_command,)), allow=["rule-without-trunk"])

    refuse(findings)
    assert all(finding.allowed for finding in findings)
    assert [str(finding)[:13] for finding in findings] == ["allowed error"] * 2


def test_errors_of_others_are_shown_and_refuse_nothing() -> None:
    findings = lint(Deployment(rules=(foreign(rule(trunks=())),)))

    refuse(findings)
    assert "not ours" in str(findings[0])


def test_no_finding_holds_a_password() -> None:
    weak = trunk(auth_username=Secret("hunter2"), auth_password=Secret("hunter2"))

    assert "hunter2" not in "".join(map(repr, lint(Deployment((weak,)))))


@pytest.mark.parametrize("folder", DECLARATIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_projects_own_declarations_have_no_errors(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*.toml"):
        if "[inbound_trunk." in path.read_text() or "[dispatch_rule." in path.read_text():
            (tmp_path / path.name).write_text(path.read_text())
    findings = lint(plan.make(load(tmp_path, ENVIRONMENT), Deployment()).outcome)

    assert [finding for finding in findings if finding.level == "error"] == []


def test_an_unknown_lint_in_allow_is_a_fault_that_names_the_near_one(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        f'[inbound_trunk.main]\nnumbers = ["{OURS}"]\nallow = ["ungarded-trunk"]\n'
    )

    with pytest.raises(DeclarationError, match=r"main.allow: .*write 'unguarded-trunk'"):
        load(tmp_path, {})
