"""The diff: our objects against their declarations."""

from __future__ import annotations

import pytest

from sip.deployment import Deployed
from sip.diff import Create, Delete, FieldChange, Replace, diff
from sip.model import InboundTrunk
from sip.secret import SealedSecret, Secret, fingerprint

TRUNK = InboundTrunk.model_construct(
    name="main",
    numbers=("+12025550100",),
    auth_username=Secret("carrier"),
    auth_password=Secret("hunter2hunter2"),
    ringing_timeout_s=20.0,
)


def ours(trunk: InboundTrunk = TRUNK, object_id: str = "ST_1") -> Deployed[InboundTrunk]:
    return Deployed(object_id, trunk, "main")


def test_what_is_deployed_as_declared_is_no_change() -> None:
    assert diff([TRUNK], [ours()]) == []


def test_what_is_not_deployed_is_created() -> None:
    assert diff([TRUNK], []) == [Create(TRUNK)]


@pytest.mark.parametrize(
    ("name", "drifted"),
    [
        ("name", "renamed"),
        ("numbers", ("+12025550101",)),
        ("allowed_addresses", ("192.0.2.0/24",)),
        ("allowed_numbers", ("+12025550102",)),
        ("auth_username", None),
        ("auth_password", Secret("other")),
        ("auth_realm", "carrier.example"),
        ("ringing_timeout_s", None),
        ("max_call_duration_s", 60.0),
    ],
)
def test_every_drifted_field_is_a_replace_that_names_it(name: str, drifted: object) -> None:
    existing = ours(TRUNK.model_copy(update={name: drifted}))

    change = FieldChange(name, drifted, getattr(TRUNK, name))
    assert diff([TRUNK], [existing]) == [Replace(existing, TRUNK, (change,))]


def test_fields_that_cannot_be_declared_are_drift() -> None:
    existing = Deployed("ST_1", TRUNK, "main", undeclared=("headers",))

    (change,) = diff([TRUNK], [existing])

    assert isinstance(change, Replace)
    assert [field.name for field in change.fields] == ["headers"]


@pytest.mark.parametrize(
    ("left", "same"),
    [(fingerprint(Secret("hunter2hunter2")), True), (fingerprint(Secret("x")), False), ("", False)],
)
def test_a_password_the_server_hides_is_compared_by_its_fingerprint(left: str, same: bool) -> None:
    hidden = TRUNK.model_copy(update={"auth_password": SealedSecret(left)})

    assert (diff([TRUNK], [ours(hidden)]) == []) is same


def test_what_is_not_ours_takes_no_part() -> None:
    foreign = Deployed("ST_1", TRUNK, None)

    assert diff([], [foreign]) == []
    assert diff([TRUNK], [foreign]) == [Create(TRUNK)]


def test_what_is_ours_and_not_declared_is_deleted() -> None:
    assert diff([], [ours()]) == [Delete(ours())]


def test_of_two_with_one_mark_the_lowest_id_stays() -> None:
    first, second = ours(), ours(object_id="ST_2")

    assert diff([TRUNK], [second, first]) == [Delete(second)]
