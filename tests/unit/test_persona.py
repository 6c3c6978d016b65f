from __future__ import annotations

from pathlib import Path

import pytest

import bot.persona
from bot.persona import PersonaError, Personas

SHIPPED = Path(bot.persona.__file__).parent / "personas"


def _write(folder: Path, name: str, *lines: str) -> None:
    text = "\n".join(['greeting = "Hello."', 'instructions = "Be kind."', *lines])
    (folder / f"{name}.toml").write_text(text)


def test_the_shipped_persona_answers_its_number_and_all_others() -> None:
    personas = Personas.load(SHIPPED)
    assert personas.for_number("+12025550100").name == "front-desk"
    assert personas.for_number(None).name == "front-desk"


def test_a_number_finds_its_persona_and_any_other_the_default(tmp_path: Path) -> None:
    _write(tmp_path, "desk", "default = true")
    _write(tmp_path, "sales", 'numbers = ["+1 (202) 555-0101"]')
    personas = Personas.load(tmp_path)
    assert personas.for_number("+12025550101").name == "sales"
    assert personas.for_number("12025550101").name == "sales"  # as some carriers send it
    assert personas.for_number("+12025550102").name == "desk"
    assert personas.named("sales") is not None
    assert personas.named("nobody") is None


def test_all_faults_of_all_files_come_in_one_message(tmp_path: Path) -> None:
    _write(tmp_path, "a", 'numbers = ["555"]')
    _write(tmp_path, "b", 'tools = ["launch"]', "colour = 1", 'phrases.farewell = " "')
    (tmp_path / "c.toml").write_text("greeting = ")
    with pytest.raises(PersonaError) as caught:
        Personas.load(tmp_path)
    message = str(caught.value)
    for part in (
        "a.toml: numbers.0",
        "+12025550100",
        "b.toml: tools.0",
        "colour",
        "farewell",
        "c.toml",
    ):
        assert part in message


def test_two_personas_cannot_share_a_number_nor_both_be_default(tmp_path: Path) -> None:
    _write(tmp_path, "a", 'numbers = ["+12025550100"]', "default = true")
    _write(tmp_path, "b", 'numbers = ["+12025550100"]', "default = true")
    with pytest.raises(PersonaError, match="answered by two personas") as caught:
        Personas.load(tmp_path)
    assert "not 2 (a, b)" in str(caught.value)


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match="there is no persona"):
        Personas.load(tmp_path)
