"""Scripts of the answering phone: from TOML and from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from lab.app import ROLES
from lab.phone import PhoneError, Script, load, parse
from lab.phone.script import STAY_S, Role


def test_a_file_holds_a_table_a_number(tmp_path: Path) -> None:
    path = tmp_path / "phones.toml"
    path.write_text(
        '["+12025550111"]\nas = "voicemail"\nring_s = 2\n["+12025550112"]\ncode = 480\n'
    )
    scripts = load(path)
    assert scripts["+12025550111"].role == "voicemail"
    assert scripts["+12025550111"].refusal is None
    assert scripts["+12025550112"].refusal == 480


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('["+12025550111"]\nas = "parrot"\n', r"\+12025550111.*as.*'person'"),
        ('["+12025550111"]\nsays = "Hi"\n', r"\+12025550111.*says"),
        ('["+12025550111"]\nusername = "lab"\n', "belong together"),
        ('["+12025550111"]\ncode = 200\n', "code"),
        ("[\n", "is not TOML"),
        ("number = 1\n", "number"),
    ],
)
def test_a_fault_names_number_and_key(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "phones.toml"
    path.write_text(text)
    with pytest.raises(PhoneError, match=told):
        load(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_roles_have_words_of_their_own_unless_told_otherwise() -> None:
    assert parse("+12025550111", {"as": "person"}).words == "Hello?"
    assert parse("+12025550111", {"as": "person", "say": ""}).words == ""
    assert Script(role="silent").words == ""
    assert Script(role="hangs-up").leaves_after_s == STAY_S
    assert Script(role="person").leaves_after_s is None
    assert Script(role="busy", code=600).refusal == 600


def test_the_command_offers_every_role() -> None:
    assert tuple(ROLES) == get_args(Role)
