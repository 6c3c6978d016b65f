"""The schema for editors: it is the model's, and the declarations keep to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sip
from sip import schema
from sip.declaration import KINDS

FOLDER = Path(sip.__file__).parent


def test_the_filed_schema_is_the_models() -> None:
    """After a change of the model: python -m sip.schema > sip/schema.json."""
    assert (FOLDER / "schema.json").read_text() == schema.text()


@pytest.mark.parametrize("table", KINDS)
def test_it_knows_every_key_and_what_it_is_for(table: str) -> None:
    described = json.loads(schema.text())["$defs"][KINDS[table].__name__]
    keys = set(KINDS[table].model_fields) - {"name"}
    assert keys <= set(described["properties"])
    assert described["additionalProperties"] is False
    assert "description" in described["properties"]["allow"]


def test_the_declarations_name_it_for_editors() -> None:
    for file in FOLDER.glob("*.toml"):
        assert file.read_text().startswith("#:schema ./schema.json\n")
