"""A plan as people read it, and as programs do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sip.diff import Change
from sip.model import label
from sip.plan import Plan, describe

SIGNS = {"create": "+", "replace": "~", "delete": "-"}
_ABSENT = "none"


def as_data(plan: Plan) -> dict[str, Any]:
    """Plain JSON values, secrets masked."""
    return {
        "in_sync": plan.in_sync,
        "checksum": plan.checksum(),
        "counts": plan.counts(),
        "changes": [describe(change) for change in plan.changes],
        "leftover": [{"resource": label(o.resource), "id": o.id} for o in plan.leftover],
        "foreign": [{"resource": label(o.resource), "id": o.id} for o in plan.foreign],
    }


def as_text(plan: Plan) -> str:
    """Lines for a terminal, secrets masked."""
    return "\n".join(_lines(plan))


def headline(change: Change) -> str:
    """Such as `~ inbound trunk "hotline" (ST_abc)`."""
    described = describe(change)
    object_id = f" ({described['id']})" if described["id"] else ""
    return f"{SIGNS[described['action']]} {described['resource']}{object_id}"


def _lines(plan: Plan) -> Iterator[str]:
    if plan.in_sync:
        yield "LiveKit is in sync with the declarations."
    else:
        counts = ", ".join(f"{count} to {action}" for action, count in plan.counts().items())
        yield f"Plan {plan.checksum()}: {counts}."
    for change in plan.changes:
        yield ""
        yield headline(change)
        yield from _field_lines(describe(change))
    if plan.leftover or plan.foreign:
        yield ""
    for item in plan.leftover:
        yield f"Ours, not declared, kept without --prune: {label(item.resource)} ({item.id})"
    for item in plan.foreign:
        yield f"Not ours, left alone: {label(item.resource)} ({item.id})"


def _field_lines(described: dict[str, Any]) -> Iterator[str]:
    width = max((len(name) for name in described["fields"]), default=0)
    for name, values in described["fields"].items():
        old, new = _text(values["from"]), _text(values["to"])
        shown = (
            f"{old} -> {new}" if described["action"] == "replace" else (values["to"] and new) or old
        )
        yield f"    {name:{width}}  {shown}"


def _text(value: object) -> str:
    if value is None or value in ([], ""):
        return _ABSENT
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
