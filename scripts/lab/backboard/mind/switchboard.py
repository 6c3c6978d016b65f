"""Putting a caller through: to whom, and what is said when nobody takes the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOOL = "transfer_call"


def arguments(tool: Mapping[str, Any], words: str) -> dict[str, Any]:
    """Arguments for the offered `tool`: the target that plain `words` name, else the first."""
    schema = tool.get("function", tool)["parameters"]["properties"]["target"]
    named = [target for target in schema["enum"] if target.replace("-", " ") in words]
    return {"target": [*named, *schema["enum"]][0]}


def regret(output: str) -> str:
    """What the caller is told after a transfer that failed, from the tool's first sentence."""
    return f"I am sorry. {output.partition('.')[0]}. Would you like to leave a message?"
