from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.persona import Persona
from bot.target import refer_to

DESK = {"to": "+12025550130", "description": "the front desk"}
TOOLS = ["end_call", "transfer_call"]


def _persona(**fields: object) -> Persona:
    base = {"name": "desk", "greeting": "Hello.", "instructions": "Be kind."}
    return Persona.model_validate({**base, **fields})


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("+1 (202) 555-0130", "tel:+12025550130"),
        ("tel:+12025550130", "tel:+12025550130"),
        ("sip:desk@pbx.example.com", "sip:desk@pbx.example.com"),
        ("sips:desk@pbx.example.com;transport=tls", "sips:desk@pbx.example.com;transport=tls"),
    ],
)
def test_numbers_and_uris_become_what_refer_names(text: str, uri: str) -> None:
    assert refer_to(text) == uri


@pytest.mark.parametrize(
    "text",
    ["911", "tel:911", "202-555-0130", "sip:", "sip:desk @pbx", "<sip:desk@pbx>", "mailto:a@b"],
)
def test_what_nobody_can_be_referred_to_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        refer_to(text)


def test_targets_and_their_tool_go_together() -> None:
    persona = _persona(tools=TOOLS, transfer={"front-desk": DESK})
    target = persona.transfer["front-desk"]
    assert (target.to, target.ring_timeout_s) == ("tel:+12025550130", 30)
    with pytest.raises(ValidationError, match="want transfer_call among the tools"):
        _persona(transfer={"front-desk": DESK})
    with pytest.raises(ValidationError, match=r"wants a table \[transfer.NAME\]"):
        _persona(tools=TOOLS)


@pytest.mark.parametrize("name", ["Office", "front desk", "desk-", "+12025550130"])
def test_names_are_lower_case_words(name: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        _persona(tools=TOOLS, transfer={name: DESK})
