"""Declarations: text to model, and every fault at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import sip
from sip.declaration import Declaration, load
from sip.errors import DeclarationError
from sip.secret import Secret

SECRETS = {"USERNAME": "carrier", "PASSWORD": "hunter2hunter2"}
TRUNK = """
[inbound_trunk.main]
numbers = ["+12025550100"]
auth_username = "env/USERNAME"
auth_password = "env/PASSWORD"
"""
RULE = """
[dispatch_rule.main]
trunks = ["main"]
agent = "hotline"
"""


def declared(folder: Path, text: str, environment: dict[str, str] | None = None) -> Declaration:
    (folder / "all.toml").write_text(text, encoding="utf-8")
    return load(folder, SECRETS if environment is None else environment)


def faults(folder: Path, text: str, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(DeclarationError) as caught:
        declared(folder, text, environment)
    return str(caught.value)


def test_the_projects_own_declarations_load() -> None:
    environment = {
        "HOTLINE_SIP_ADDRESSES": "192.0.2.0/24, 198.51.100.7",
        "HOTLINE_SIP_OUTBOUND_ADDRESS": "sip.carrier.example",
    }
    own = load(Path(sip.__file__).parent, environment)

    assert own.inbound_trunks[0].allowed_addresses == ("192.0.2.0/24", "198.51.100.7/32")
    assert [trunk.numbers for trunk in own.inbound_trunks] == [("+12025550100",)]
    assert [trunk.address for trunk in own.outbound_trunks] == ["sip.carrier.example"]
    assert [(rule.trunks, rule.room_prefix, rule.agents[0].name) for rule in own.rules] == [
        (("hotline",), "call-", "hotline")
    ]


def test_references_are_resolved_and_never_shown(tmp_path: Path) -> None:
    (trunk,) = declared(tmp_path, TRUNK).inbound_trunks

    assert trunk.auth_password == Secret("hunter2hunter2")
    for shown in (repr(trunk), str(trunk), f"{trunk.auth_password}"):
        assert "hunter2" not in shown
        assert "carrier" not in shown


@pytest.mark.parametrize("written", ["+1 202 555 0100", "+1 (202) 555-0100", "+12025550100"])
def test_numbers_become_e164(tmp_path: Path, written: str) -> None:
    (trunk,) = declared(tmp_path, TRUNK.replace("+12025550100", written)).inbound_trunks

    assert trunk.numbers == ("+12025550100",)


@pytest.mark.parametrize("written", ["2025550100", "+1202555", "hotline", ""])
def test_what_is_no_e164_number_is_refused_with_an_example(tmp_path: Path, written: str) -> None:
    message = faults(tmp_path, TRUNK.replace("+12025550100", written))

    assert "all.toml: inbound_trunk.main.numbers[0]: " in message
    assert "such as +12025550100" in message


def test_addresses_become_ranges_and_may_come_from_the_environment(tmp_path: Path) -> None:
    text = """
[inbound_trunk.main]
numbers = ["+12025550100"]
allowed_addresses = ["192.0.2.7", "env/CARRIER"]
"""
    (trunk,) = declared(tmp_path, text, {"CARRIER": "198.51.100.0/24, 203.0.113.9"}).inbound_trunks

    assert trunk.allowed_addresses == ("192.0.2.7/32", "198.51.100.0/24", "203.0.113.9/32")


@pytest.mark.parametrize(
    "address", ["192.0.2.1/24", "0.0.0.0/0", "a,b", "192.0.2.*", "sip:a.example"]
)
def test_addresses_that_do_not_guard_are_refused(tmp_path: Path, address: str) -> None:
    text = TRUNK + f'allowed_addresses = ["{address}"]\n'

    assert "inbound_trunk.main.allowed_addresses[0]" in faults(tmp_path, text)


@pytest.mark.parametrize("removed", ["auth_password", "auth_username"])
def test_half_of_the_credentials_is_refused(tmp_path: Path, removed: str) -> None:
    lines = [line for line in TRUNK.splitlines() if not line.startswith(removed)]

    assert "go together" in faults(tmp_path, "\n".join(lines))


def test_a_password_in_clear_is_refused_and_not_repeated(tmp_path: Path) -> None:
    message = faults(tmp_path, TRUNK.replace("env/PASSWORD", "opensesame"))

    assert "inbound_trunk.main.auth_password: must not stand here in clear" in message
    assert "opensesame" not in message


def test_an_absent_secret_is_named_with_the_key_that_needs_it(tmp_path: Path) -> None:
    message = faults(tmp_path, TRUNK, {"USERNAME": "carrier"})

    assert "inbound_trunk.main.auth_password: PASSWORD is not set" in message


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[inbound_trunk\n")
    message = faults(
        tmp_path,
        """
[inbound_trunk.main]
numbers = ["2025550100"]
ringing_timeout = 20
[dispatch_rule.main]
trunks = ["mian"]
type = "direct"
[outbound_thing]
x = 1
""",
    )

    for place in (
        "broken.toml: is not TOML",
        "all.toml: inbound_trunk.main.numbers[0]",
        "all.toml: inbound_trunk.main.ringing_timeout: is not a key; write ringing_timeout_s",
        "all.toml: dispatch_rule.main.trunks[0]: there is no inbound trunk 'mian'; declared: main",
        "all.toml: dispatch_rule.main: type direct needs room_name",
        "all.toml: outbound_thing: is not known here",
    ):
        assert place in message
    assert message.startswith("The declarations have 6 faults")


def test_one_number_in_two_trunks_is_refused(tmp_path: Path) -> None:
    message = faults(tmp_path, TRUNK + TRUNK.replace("trunk.main", "trunk.second"))

    assert "inbound_trunk.second: +12025550100 belongs to 'main' too" in message


def test_two_rules_on_one_trunk_are_refused(tmp_path: Path) -> None:
    message = faults(tmp_path, TRUNK + RULE + RULE.replace("rule.main", "rule.second"))

    assert "dispatch_rule.second: main belongs to 'main' too" in message


def test_a_name_declared_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "again.toml").write_text(TRUNK)

    assert "inbound_trunk.main: is declared in again.toml too" in faults(tmp_path, TRUNK)


def test_a_folder_without_declarations_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"has no \*\.toml file"):
        load(tmp_path, {})


def test_one_object_is_adopted_once(tmp_path: Path) -> None:
    second = TRUNK.replace("trunk.main", "trunk.second").replace("0100", "0101")
    message = faults(tmp_path, f'{TRUNK}adopt = "ST_1"\n{second}adopt = "ST_1"\n')

    assert "inbound_trunk.second.adopt: ST_1 is adopted by 'main' too" in message
