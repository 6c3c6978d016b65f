"""Where calls go, in words; that it is as the server does is tested against the server."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from sip import plan
from sip.declaration import Declaration
from sip.deployment import Deployed, Deployment
from sip.model import Agent, DispatchRule, InboundTrunk
from sip.route import IncomingCall, route
from sip.secret import SealedSecret, Secret, fingerprint

OURS, CALLER = "+12025550100", "+12025550123"
CALL = IncomingCall(CALLER, OURS)


def trunk(**fields: Any) -> InboundTrunk:
    return InboundTrunk.model_construct(**{"name": "main", "numbers": (OURS,), **fields})


def rule(**fields: Any) -> DispatchRule:
    agents = (Agent.model_construct(name="hotline", metadata='{"persona": "front-desk"}'),)
    return DispatchRule.model_construct(
        **{"name": "main", "trunks": ("main",), "agents": agents, **fields}
    )


def planned(*resources: InboundTrunk | DispatchRule) -> Deployment:
    trunks = tuple(item for item in resources if isinstance(item, InboundTrunk))
    rules = tuple(item for item in resources if isinstance(item, DispatchRule))
    return plan.make(Declaration(trunks, rules=rules), Deployment()).outcome


def test_what_would_be_deployed_is_matched_by_name() -> None:
    found = route(planned(trunk(), rule()), CALL)

    assert found.outcome == "accepted"
    assert (found.agents, found.persona, found.room) == (
        ("hotline",),
        "front-desk",
        f"call-_{CALLER}",
    )
    assert "busy (486) after 180 s" in found.experience


def test_a_carrier_that_leaves_the_plus_out_passes_the_trunk_and_not_the_rules_numbers() -> None:
    call = replace(CALL, to_number=OURS[1:])

    assert route(planned(trunk(), rule()), call).answers
    found = route(planned(trunk(), rule(numbers=(OURS,))), call)
    assert found.outcome == "dropped"
    assert found.trunk is not None
    assert "letter by letter" in found.lost_rules[0].sentence
    assert route(planned(trunk(), rule(numbers=(OURS,), without_plus=True)), call).answers


def test_a_call_that_no_trunk_lets_in_and_a_rule_takes_says_so() -> None:
    guarded = trunk(allowed_addresses=("192.0.2.0/24",))
    call = replace(CALL, source_ip=ip_address("198.51.100.7"))

    found = route(planned(guarded, rule(trunks=())), call)

    assert (found.outcome, found.trunk) == ("accepted", None)
    assert "neither address nor password is asked" in found.experience
    assert found.lost_trunks[0].reason == "address"


@pytest.mark.parametrize(("knows", "outcome"), [(True, "accepted"), (False, "wrong-password")])
def test_a_password_is_asked_first(knows: bool, outcome: str) -> None:
    asking = trunk(auth_username=Secret("u"), auth_password=SealedSecret(""))

    found = route(planned(asking, rule()), replace(CALL, authenticated=knows))

    assert (found.challenged, found.outcome) == (True, outcome)
    assert "407" in found.experience


def test_a_pin_that_the_server_keeps_to_itself_is_known_by_its_fingerprint() -> None:
    sealed = SealedSecret(fingerprint(Secret("1234")))
    deployment = planned(trunk(), rule(pin=sealed))

    assert route(deployment, CALL).outcome == "asked-for-pin"
    assert route(deployment, replace(CALL, pin="1234")).outcome == "accepted"
    assert route(deployment, replace(CALL, pin="4321")).outcome == "wrong-pin"
    assert "1234" not in repr(route(deployment, replace(CALL, pin="1234")))


def test_two_trunks_that_match_are_both_named() -> None:
    both = Deployment(
        (Deployed("ST_1", trunk(), None), Deployed("ST_2", trunk(numbers=(OURS[1:],)), None))
    )

    found = route(both, CALL)

    assert found.outcome == "unavailable"
    assert "503" in found.experience
    assert [lost.item.id for lost in found.lost_trunks] == ["ST_1", "ST_2"]


def test_each_rule_that_loses_says_why() -> None:
    first, *others = (
        rule(name="first", numbers=(OURS,), inbound_numbers=(CALLER,)),
        rule(name="trunk", trunks=("other",)),
        rule(name="number", numbers=("+12025550109",)),
        rule(name="caller", inbound_numbers=("+12025550109",)),
        rule(name="wide"),
        rule(name="any", trunks=(), numbers=(OURS,)),
    )
    deployment = planned(trunk(), trunk(name="other", numbers=("+12025550108",)), first, *others)

    found = route(deployment, CALL)

    assert found.rule is not None
    assert found.rule.resource.name == "first"
    assert {lost.item.resource.name: lost.reason for lost in found.lost_rules} == {
        "trunk": "trunk",
        "number": "called-number",
        "caller": "caller",
        "wide": "precedence",
        "any": "any-trunk",
    }
