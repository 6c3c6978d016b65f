"""The JSON schema of a declaration, for editors: `python -m sip.schema > sip/schema.json`."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from sip.declaration import KINDS
from sip.model import DispatchRule

REFERENCE = {
    "type": "string",
    "description": 'A secret; write a reference such as "env/NAME".',
}


class _Schema(GenerateJsonSchema):
    """Pydantic's, with what is a class of ours in Python and text in TOML."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> dict[str, Any]:
        return dict(REFERENCE)

    def function_after_schema(self, schema: Any) -> Any:
        return self.generate_inner(schema["schema"])


def schema() -> dict[str, Any]:
    """The schema of one file."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for table, kind in KINDS.items():
        described = kind.model_json_schema(schema_generator=_Schema, ref_template="#/$defs/{model}")
        definitions |= described.pop("$defs", {})
        described["properties"].pop("name")
        described["required"] = [key for key in described.get("required", []) if key != "name"]
        if kind is DispatchRule:
            described["properties"] |= _SHORT_FORMS
        definitions[kind.__name__] = described
        properties[table] = {
            "type": "object",
            "additionalProperties": {"$ref": f"#/$defs/{kind.__name__}"},
        }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Hotline's numbers",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


_SHORT_FORMS = {
    "agent": {"type": "string", "description": "Short for one entry of `agents`."},
    "persona": {"type": "string", "description": "The persona that the agent speaks as."},
}


def text() -> str:
    """As it is filed."""
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(text(), end="")  # noqa: T201
