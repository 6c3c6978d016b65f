"""The plan: order, what stays, what stands in the way, and how it is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sip import plan as planning
from sip.declaration import Declaration
from sip.deployment import Deployed, Deployment
from sip.diff import Change, Create, Delete
from sip.errors import ObstacleError, StalePlanError
from sip.model import Agent, DispatchRule, InboundTrunk, Resource, label
from sip.plan import ACTIONS
from sip.reconcile import apply, plan
from sip.render import as_data, as_text
from sip.secret import Secret


def trunk(name: str = "main", number: str = "+12025550100") -> InboundTrunk:
    return InboundTrunk.model_construct(
        name=name,
        numbers=(number,),
        auth_username=Secret("carrier"),
        auth_password=Secret("hunter2hunter2"),
    )


def rule(name: str = "main", *trunks: str) -> DispatchRule:
    return DispatchRule.model_construct(
        name=name, trunks=trunks or ("main",), agents=(Agent.model_construct(name="hotline"),)
    )


DECLARED = Declaration((trunk(),), rules=(rule(),))
DEPLOYED = Deployment(
    (Deployed("ST_1", trunk(), "main"),), rules=(Deployed("SDR_1", rule(), "main"),)
)
OLD = Deployment(
    (Deployed("ST_9", trunk("old", "+12025550109"), "old"),),
    rules=(Deployed("SDR_9", rule("old", "old"), "old"),),
)


class Memory:
    """A server that keeps what it is told, in memory."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.done: list[str] = []

    async def fetch(self) -> Deployment:
        return self.deployment

    async def create(self, resource: Resource, trunk_ids: dict[str, str]) -> str:
        if isinstance(resource, DispatchRule):
            assert set(resource.trunks) <= trunk_ids.keys()
        self.done.append(f"create {label(resource)}")
        return "ST_new"

    async def replace(self, object_id: str, resource: Resource, trunk_ids: dict[str, str]) -> None:
        self.done.append(f"replace {label(resource)}")

    async def delete(self, existing: Deployed[Resource]) -> None:
        self.done.append(f"delete {label(existing.resource)}")


def steps(changes: tuple[Change, ...]) -> list[str]:
    return [
        f"{ACTIONS[type(change)]} "
        + label(change.existing.resource if isinstance(change, Delete) else change.resource)
        for change in changes
    ]


def test_nothing_differs_means_in_sync() -> None:
    made = planning.make(DECLARED, DEPLOYED)

    assert made.in_sync
    assert "in sync" in as_text(made)


def test_trunks_come_before_rules_and_deletes_the_other_way_round() -> None:
    made = planning.make(DECLARED, OLD, prune=True)

    assert steps(made.changes) == [
        'delete dispatch rule "old"',
        'delete inbound trunk "old"',
        'create inbound trunk "main"',
        'create dispatch rule "main"',
    ]
    assert made.counts() == {"create": 2, "replace": 0, "delete": 2}


def test_without_prune_nothing_is_deleted_and_what_stays_is_said() -> None:
    made = planning.make(DECLARED, OLD)

    assert all(isinstance(change, Create) for change in made.changes)
    assert {item.id for item in made.leftover} == {"ST_9", "SDR_9"}
    assert 'kept without --prune: inbound trunk "old" (ST_9)' in as_text(made)


def test_a_foreign_trunk_with_our_number_stands_in_the_way() -> None:
    foreign = Deployment((Deployed("ST_7", trunk("theirs", "12025550100"), None),))

    with pytest.raises(ObstacleError, match=r'"theirs" \(ST_7\) holds .*not ours'):
        planning.make(DECLARED, foreign)


def test_callers_told_apart_may_share_a_number() -> None:
    ours = trunk().model_copy(update={"allowed_numbers": ("+12025550102",)})
    theirs = trunk("theirs").model_copy(update={"allowed_numbers": ("+12025550103",)})
    deployment = Deployment((Deployed("ST_7", theirs, None),))

    assert not planning.make(Declaration((ours,)), deployment).in_sync


def test_our_own_leftover_in_the_way_asks_for_prune() -> None:
    renamed = Declaration((trunk("new"),))

    with pytest.raises(ObstacleError, match="run again with --prune"):
        planning.make(renamed, DEPLOYED)
    assert planning.make(renamed, DEPLOYED, prune=True).counts()["delete"] == 2


@pytest.mark.parametrize(
    "narrowed", [{}, {"pin": Secret("1")}, {"numbers": ("+12025550100",)}], ids=str
)
def test_a_foreign_rule_on_our_trunk_stands_in_the_way_unless_narrowed(
    narrowed: dict[str, object],
) -> None:
    foreign = Deployed("SDR_7", rule("theirs").model_copy(update=narrowed), None)
    deployment = replace(DEPLOYED, rules=(foreign,))

    if narrowed:
        assert planning.make(DECLARED, deployment).counts()["create"] == 1
    else:
        with pytest.raises(ObstacleError, match="SDR_7"):
            planning.make(DECLARED, deployment)


def test_the_checksum_follows_the_plan() -> None:
    empty, old = planning.make(DECLARED, Deployment()), planning.make(DECLARED, OLD)
    other = planning.make(Declaration((trunk("other"),)), Deployment())

    assert empty.checksum() == old.checksum()
    assert empty.checksum() != other.checksum()


def test_neither_text_nor_json_holds_a_secret() -> None:
    drifted = trunk().model_copy(update={"auth_password": Secret("swordfish")})
    deployment = Deployment((Deployed("ST_1", drifted, "main"),))
    for made in (planning.make(DECLARED, Deployment()), planning.make(DECLARED, deployment)):
        shown = as_text(made) + str(as_data(made))
        assert "auth_password" in shown
        assert "********" in shown
        assert not any(secret in shown for secret in ("carrier", "hunter2", "swordfish"))


async def test_apply_makes_the_changes_in_order_with_the_new_trunks_id() -> None:
    memory = Memory(Deployment())

    made = [change async for change in apply(await plan(DECLARED, memory), memory)]

    assert memory.done == ['create inbound trunk "main"', 'create dispatch rule "main"']
    assert steps(tuple(made)) == memory.done


async def test_a_plan_that_is_no_longer_true_is_refused() -> None:
    memory = Memory(Deployment())
    shown = await plan(DECLARED, memory)
    memory.deployment = DEPLOYED

    with pytest.raises(StalePlanError):
        await anext(apply(shown, memory))
    assert memory.done == []


def test_a_number_that_moves_is_freed_before_it_is_asked_for() -> None:
    """By name `giving` comes last; LiveKit would refuse the other order."""
    one, two = "+12025550101", "+12025550102"
    taking, giving = trunk("a-taking", one), trunk("z-giving", two)
    deployment = Deployment(
        (Deployed("ST_1", taking, "a-taking"), Deployed("ST_2", giving, "z-giving"))
    )
    moved = Declaration(
        (
            taking.model_copy(update={"numbers": (one, two)}),
            giving.model_copy(update={"numbers": ("+12025550103",)}),
        )
    )

    assert steps(planning.make(moved, deployment).changes) == [
        'replace inbound trunk "z-giving"',
        'replace inbound trunk "a-taking"',
    ]


def test_two_that_swap_what_they_hold_are_told_how() -> None:
    one, two = trunk("one", "+12025550101"), trunk("two", "+12025550102")
    deployment = Deployment((Deployed("ST_1", one, "one"), Deployed("ST_2", two, "two")))
    swapped = Declaration((trunk("one", "+12025550102"), trunk("two", "+12025550101")))

    with pytest.raises(ObstacleError, match="take it out of both"):
        planning.make(swapped, deployment)


@pytest.mark.parametrize(("kept", "much"), [(7, False), (6, True), (0, True)])
def test_a_plan_that_deletes_more_than_three_in_ten_says_so(kept: int, much: bool) -> None:
    ours = [trunk(f"trunk-{n}", f"+120255501{n:02}") for n in range(10)]
    deployment = Deployment(tuple(Deployed(f"ST_{t.name}", t, t.name) for t in ours))
    made = planning.make(Declaration(tuple(ours[:kept])), deployment, prune=True)

    assert made.deletes_much is much


def test_the_outcome_is_what_will_be_deployed() -> None:
    made = planning.make(DECLARED, OLD)

    assert [(item.id, item.resource.name) for item in made.outcome] == [
        ("ST_9", "old"),
        ("", "main"),
        ("SDR_9", "old"),
        ("", "main"),
    ]


def test_a_header_that_goes_may_have_been_a_token() -> None:
    drifted = trunk().model_copy(update={"headers": {"X-Token": Secret("opensesame")}})
    deployment = Deployment((Deployed("ST_1", drifted, "main"),))
    for declared in (DECLARED, Declaration()):
        made = planning.make(declared, deployment, prune=True)
        shown = as_text(made) + str(as_data(made))
        assert "headers.X-Token" in shown
        assert "opensesame" not in shown


def test_what_is_to_be_adopted_must_be_there() -> None:
    adopting = trunk().model_copy(update={"adopt": "ST_gone"})

    with pytest.raises(ObstacleError, match="ST_gone, which is not there"):
        planning.make(Declaration((adopting,)), Deployment())
    ours = Deployment((Deployed("ST_1", trunk(), "main"),))
    assert planning.make(Declaration((adopting,)), ours).in_sync
