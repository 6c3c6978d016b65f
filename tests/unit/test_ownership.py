"""The mark: what is ours, and what it tells."""

from __future__ import annotations

import pytest
from livekit.protocol import sip as proto_sip

from sip.diff import diff
from sip.model import InboundTrunk
from sip.ownership import Mark
from sip.remote import listed
from sip.remote.messages import to_message
from sip.secret import SealedSecret, Secret


def trunk(password: str = "hunter2hunter2") -> InboundTrunk:
    return InboundTrunk.model_construct(name="main", auth_password=Secret(password))


def test_a_mark_is_read_back() -> None:
    mark = Mark.of(trunk())

    assert Mark.read(mark.text()) == mark


def test_a_mark_tells_that_a_password_changed_and_not_the_password() -> None:
    mark = Mark.of(trunk())

    assert "hunter2" not in mark.text()
    assert SealedSecret(mark.password).opens_with(Secret("hunter2hunter2"))
    assert not SealedSecret(mark.password).opens_with(Secret("hunter3hunter3"))


def test_equal_passwords_leave_different_fingerprints() -> None:
    assert Mark.of(trunk("same")).password != Mark.of(trunk("same")).password


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "theirs",
        "{",
        "[]",
        '{"name": "main"}',
        '{"managed_by": "terraform", "name": "main"}',
        '{"managed_by": "hotline"}',
        '{"managed_by": "hotline", "name": 5}',
    ],
)
def test_other_metadata_is_not_ours(metadata: str) -> None:
    assert Mark.read(metadata) is None


@pytest.mark.parametrize(("returned", "in_sync"), [("****", True), ("", False)])
def test_a_masked_password_is_known_by_its_mark_and_an_absent_one_is_drift(
    returned: str, in_sync: bool
) -> None:
    declared = InboundTrunk.model_validate(
        {
            "name": "main",
            "numbers": ["+12025550100"],
            "auth_username": "u",
            "auth_password": "env/P",
        },
        context={"environment": {"P": "hunter2hunter2"}},
    )
    stored = to_message(declared, {})
    assert isinstance(stored, proto_sip.SIPInboundTrunkInfo)
    stored.auth_password = returned

    assert (diff([declared], [listed.inbound_trunk(stored)]) == []) is in_sync
